#!/usr/bin/ruby
# SPDX-License-Identifier: GPL-3.0-or-later
# What an application in Ruby uses.
require 'digest'
require 'json'
require 'openssl'
require 'set'
require 'socket'
require 'tempfile'
require 'yaml'

Tempfile.create('lawful') { |file| file.write(YAML.dump('a' => 1)) }
print JSON.generate('set' => Set[1, 2].size, 'key' => OpenSSL::Digest::SHA256.hexdigest('x')[0, 8]), ' ', IO.popen(['/usr/bin/uname'], &:read)
