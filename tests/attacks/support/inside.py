# SPDX-License-Identifier: GPL-3.0-or-later
# inside.py - the cases inside of a virtual machine; tier.py, outside, made all that they need and reads what is printed here.
import tier

tier.inside()
