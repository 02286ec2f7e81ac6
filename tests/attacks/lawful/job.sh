#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# part: started by another one
# What cron and logrotate start.
echo 'its job ran' >/srv/job
