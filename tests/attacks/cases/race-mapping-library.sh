#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: race-mapping
# seconds: 25
# A mapping for writing is kept while the library is loaded, and stored into behind that. Its twin writes data.
case $1 in
unknown) exec /opt/attacks/race library-stored unknown ;;
known) exec /opt/attacks/race library-left known ;;
esac
