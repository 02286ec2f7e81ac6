// SPDX-License-Identifier: GPL-3.0-or-later
/* Pass phrases: from a file, or typed at the terminal without being shown. They never come from the command line: ps(1) shows that to all. */
#include "pass.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

static int from_file(const struct ctl *ctl, const char *path, char *out)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_PASS_MAX + 2);
	int r = ctl_read_file(ctl, path, SK_PASS_MAX + 1, &text);
	char *end;

	if (r != CTL_OK)
		return r;
	end = text.data ? memchr(text.data, '\n', text.size) : NULL;
	if (end)
		text.size = (size_t)(end - text.data);
	if (text.size == 0 || text.size > SK_PASS_MAX || memchr(text.data, '\0', text.size))
		return ctl_fail(ctl, CTL_USAGE, CTL_T("%s: expected a pass phrase in the first line", "%s: 1 行目にパスフレーズがありません"), path);
	memcpy(out, text.data, text.size);
	out[text.size] = '\0';
	sk_wipe(text.data, text.size);
	return CTL_OK;
}

/* One line from the terminal, not echoed. */
static int ask(int tty, const char *prompt, char *out)
{
	struct termios before, quiet;
	size_t used = 0;
	ssize_t n = 0;

	if (tcgetattr(tty, &before) < 0)
		return -errno;
	quiet = before;
	quiet.c_lflag &= (tcflag_t)~ECHO;
	dprintf(tty, "%s: ", prompt);
	tcsetattr(tty, TCSAFLUSH, &quiet);
	while (used < SK_PASS_MAX && (n = read(tty, out + used, 1)) == 1 && out[used] != '\n')
		used++;
	tcsetattr(tty, TCSAFLUSH, &before);
	dprintf(tty, "\n");
	out[used] = '\0';
	return n < 0 ? -errno : 0;
}

static int from_terminal(const struct ctl *ctl, const char *what, bool twice, char *out)
{
	_cleanup_close_ int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	char again[SK_PASS_MAX + 1];
	int r = tty < 0 ? -ENOTTY : ask(tty, what, out);

	if (r < 0)
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("%s: no terminal to ask for the pass phrase: give --pass-file",
							    "%s: パスフレーズを入力する端末がありません。--pass-file を指定してください"), what);
	if (!*out)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("the pass phrase is empty", "パスフレーズが空です"));
	if (!twice)
		return CTL_OK;
	r = ask(tty, CTL_T("once more", "もう一度"), again) == 0 && strcmp(out, again) == 0
		    ? CTL_OK
		    : ctl_fail(ctl, CTL_USAGE, CTL_T("the two pass phrases differ", "2 回の入力が一致しません"));
	sk_wipe(again, sizeof again);
	return r;
}

int ctl_pass(const struct ctl *ctl, const char *what, bool twice, char out[static SK_PASS_MAX + 1])
{
	const char *path = ctl_option(ctl, "pass-file");

	return path ? from_file(ctl, path, out) : from_terminal(ctl, what, twice, out);
}

static int explain(const struct ctl *ctl, int r, const char *path, const struct sk_diag *diag)
{
	if (r == SK_BAD)
		return ctl_fail_diag(ctl, diag);
	if (r == SK_DENIED)
		return ctl_fail(ctl, CTL_FOUND, CTL_T("%s: the pass phrase is wrong", "%s: パスフレーズが違います"), path);
	return ctl_fail_errno(ctl, r, path);
}

int ctl_load_key(const struct ctl *ctl, const char *path, struct sk_private **ret_key)
{
	char pass[SK_PASS_MAX + 1];
	struct sk_diag diag = {0};
	int r = sk_private_load(path, NULL, &diag, ret_key);

	if (r == SK_NONE) {
		r = ctl_pass(ctl, path, false, pass);
		if (r != CTL_OK)
			return r;
		r = sk_private_load(path, pass, &diag, ret_key);
		sk_wipe(pass, sizeof pass);
	}
	return r == 0 ? CTL_OK : explain(ctl, r, path, &diag);
}

int ctl_load_public(const struct ctl *ctl, const char *path, struct sk_public *ret_key)
{
	struct sk_diag diag = {0};
	int r = sk_public_load(path, &diag, ret_key);

	return r == 0 ? CTL_OK : explain(ctl, r, path, &diag);
}
