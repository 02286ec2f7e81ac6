#!/usr/bin/perl
# SPDX-License-Identifier: GPL-3.0-or-later
# What an application in Perl uses.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Encode qw(decode encode);
use File::Temp qw(tempfile);
use IO::Socket::INET;
use JSON::PP;
use POSIX qw(strftime floor);
use Storable qw(dclone);
use Time::HiRes qw(time);

my ($file, $name) = tempfile(UNLINK => 1);
print $file encode('shiftjis', decode('UTF-8', "\xe6\x97\xa5"));
close $file;
my $copy = dclone({ name => -s $name, half => floor(2.5) });
print JSON::PP->new->canonical->encode($copy), ' ', substr(sha256_hex('x'), 0, 8), ' ', strftime('%Y', gmtime(0)), ' ', `/usr/bin/uname`;
