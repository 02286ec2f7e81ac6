#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# What an application in Python uses: modules in Python, modules that are libraries, other processes.
import asyncio
import ctypes
import decimal
import email.message
import hashlib
import json
import multiprocessing
import sqlite3
import ssl
import subprocess
import unicodedata
import xml.etree.ElementTree
import zlib


def square(number):
    return number * number


async def ask():
    process = await asyncio.create_subprocess_exec('/usr/bin/uname', stdout=subprocess.PIPE)
    return (await process.communicate())[0].decode().strip()


if __name__ == '__main__':
    with multiprocessing.get_context('fork').Pool(2) as pool:
        squares = pool.map(square, range(5))
    base = sqlite3.connect(':memory:')
    ssl.create_default_context()
    libc = ctypes.CDLL(None)
    message = email.message.EmailMessage()
    message['Subject'] = unicodedata.name('é')
    print(sum(squares), base.execute('select 6 * 7').fetchone()[0], libc.abs(-3), hashlib.sha256(zlib.compress(b'x')).hexdigest()[:8], decimal.Decimal(1) / 3,
          json.dumps({'a': xml.etree.ElementTree.fromstring('<a b="1"/>').get('b')}), asyncio.run(ask()))
