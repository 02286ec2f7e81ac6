// SPDX-License-Identifier: GPL-3.0-or-later
/* `sekisho-gateway replay`: the same engine offline, over a capture. */
#pragma once

/* Exit code: 0 done, 1 the capture or a file is wrong, 2 the options are. */
int gw_replay_main(int argc, char **argv);
