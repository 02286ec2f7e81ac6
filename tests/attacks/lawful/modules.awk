# SPDX-License-Identifier: GPL-3.0-or-later
# How many users there are.
BEGIN { FS = ":" }
{ count[$7]++; users++ }
END { print (users > 10 ? "many" : "few"), "users" }
