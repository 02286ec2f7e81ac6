// SPDX-License-Identifier: GPL-3.0-or-later
/* sekisho-events-md: prints docs/events.md. A tool of the build, not installed. */
#include <stdio.h>

#include "event/event.h"

int main(void)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(1 << 20);

	if (sk_event_document(&text))
		return 1;
	return fwrite(text.data, 1, text.size, stdout) == text.size ? 0 : 1;
}
