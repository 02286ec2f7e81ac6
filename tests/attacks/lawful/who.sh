#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# part: started by another one
# What su starts: it says as whom it runs.
exec id
