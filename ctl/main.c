// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Finds the family and the subcommand, reads the options, runs it. Knows no family by name: the table is made by the build from the list
 * in ctl/meson.build.
 */
#include "ctl.h"
#include "os/sandbox.h"

int main(int argc, char **argv)
{
	sk_names_begin();
	return ctl_main(argc, (const char *const *)argv);
}
