// SPDX-License-Identifier: GPL-3.0-or-later
/* In the static command for old kernels only (-Dlegacy=true): what it does not have, said in one line. */
#include "lockdown.h"

int lockdown_run_accept(struct ctl *ctl)
{
	return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("this static build checks no media: run sekisho lockdown accept on the acceptance desk's machine",
						    "この静的ビルドでは媒体を検査できません。受け入れ窓口の機器で sekisho lockdown accept を実行してください"));
}
