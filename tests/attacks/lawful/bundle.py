#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes an OCI bundle's configuration of the one that `crun spec` writes: our program, no terminal, no network of its own, no control groups.
import json
import sys

with open(sys.argv[1], encoding='utf-8') as file:
    config = json.load(file)
config['process'].update(terminal=False, args=['/inside'])
config['root'].update(path='root', readonly=False)
config['linux']['namespaces'] = [space for space in config['linux']['namespaces'] if space['type'] not in ('network', 'cgroup')]
config['linux'].pop('resources', None)
config['mounts'] = [mount for mount in config['mounts'] if mount['destination'] not in ('/sys', '/sys/fs/cgroup')]
with open(sys.argv[1], 'w', encoding='utf-8') as file:
    json.dump(config, file)
