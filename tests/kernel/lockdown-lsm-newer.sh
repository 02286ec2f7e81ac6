#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=1200 exclusive long
#
# lockdown-lsm-newer.sh - lockdown-lsm.sh on Debian 13's kernel: other shapes of the kernel's structures, another inode_setattr, and a verifier that asks for more.

here=$(cd "$(dirname "$0")" && pwd)
"$here/../support/vm" cache 6.12 || { echo '1..0 # SKIP the kernel of Debian 13 cannot be fetched' && exit 0; }
exec "$here/lockdown-lsm.sh" 6.12
