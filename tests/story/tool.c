// SPDX-License-Identifier: GPL-3.0-or-later
/* The story's equipment software: one static program that says by which name it was started. */
#include <stdio.h>

int main(int argc, char **argv)
{
	printf("%s: ready\n", argc > 0 ? argv[0] : "tool");
	return 0;
}
