// SPDX-License-Identifier: GPL-3.0-or-later
/* What the files of the family "server" share. Results are CTL_* with the complaint printed. */
#pragma once

#include "ctl.h"

#define SERVER_FLEET "var/lib/sekisho/fleet"
#define SERVER_INTAKE "var/lib/sekisho/intake"
#define SERVER_STORE "var/lib/sekisho/store"
#define SERVER_WEB "var/lib/sekisho/web"

int server_run_init(struct ctl *ctl);
int server_run_status(struct ctl *ctl);
int server_run_backup(struct ctl *ctl);
int server_run_restore(struct ctl *ctl);
