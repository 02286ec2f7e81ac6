#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-stdin
# A here-document. Its twin gets data on standard input.
case $1 in
unknown) read -r code <unknown.bare.sh
exec sh <<END
$code
END
 ;;
known) echo data | sh known.sh ;;
esac
