// SPDX-License-Identifier: GPL-3.0-or-later
/* What is asked of a file that learning wrote, with no gateway: propose, drift, rehearse, draw. */
#pragma once

int gw_propose_main(int argc, char **argv);
int gw_drift_main(int argc, char **argv);
int gw_rehearse_main(int argc, char **argv);
int gw_draw_main(int argc, char **argv);
