// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Signed maintenance windows that a medium brought (windows/HASH.skw below the store): verified when they come and, like everything here, again by whoever opens
 * one. What has expired makes room for the next.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/file.h"
#include "policy/store-windows.h"

#define FOLDER "windows"
enum { KEPT = 32, NAME = 36 }; /* 32 hex digits and ".skw" */

struct walk {
	int dir;
	const struct sk_signed_question *question;
	int (*each)(void *arg, const struct sk_signed_answer *answer, const char *text, size_t size);
	void *arg;
	bool sweep; /* takes away what has expired or is damaged */
	size_t count;
};

static int look(struct walk *w, const char *name)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX + 1);
	_cleanup_signed_answer_ struct sk_signed_answer answer = {0};
	char path[64];
	int r;

	snprintf(path, sizeof path, FOLDER "/%.40s", name);
	r = sk_file_read(w->dir, path, SK_ENVELOPE_MAX, &text);
	if (r == 0)
		r = sk_signed_verify(SK_SIGNED_WINDOW, w->question, text.data ? text.data : "", text.size, &answer);
	if (r < 0)
		return r;
	if (w->sweep && (r == 0 || answer.refusal == SK_REFUSED_NOT_YET)) {
		w->count++;
		return 0;
	}
	if (w->sweep) {
		r = sk_file_remove(w->dir, path);
		return r < 0 ? r : 0;
	}
	return answer.has_object ? w->each(w->arg, &answer, text.data, text.size) : 0;
}

static int walk(struct walk *w)
{
	const struct dirent *entry;
	int fd, r = sk_open_in(w->dir, FOLDER, O_RDONLY | O_DIRECTORY, 0, &fd);
	DIR *list;

	if (r)
		return r < 0 ? r : 0;
	list = fdopendir(fd);
	if (!list) {
		close(fd);
		return sk_origin_errno();
	}
	while (r == 0 && (entry = readdir(list)))
		if (strlen(entry->d_name) == NAME && strcmp(entry->d_name + NAME - 4, ".skw") == 0)
			r = look(w, entry->d_name);
	closedir(list);
	return r;
}

int sk_windows_keep(int dir, const struct sk_signed_question *question, const char *text, size_t size, struct sk_offer *offer)
{
	_cleanup_signed_answer_ struct sk_signed_answer answer = {0};
	struct walk sweep = {.dir = dir, .question = question, .sweep = true};
	_cleanup_close_ int fd = -1;
	char hex[65], path[64];
	int judged = sk_signed_verify(SK_SIGNED_WINDOW, question, text, size, &answer), r;

	if (judged < 0)
		return judged;
	offer->refusal = answer.refusal;
	offer->held = answer.held;
	offer->diag = answer.diag;
	memcpy(offer->hash, answer.hash, sizeof offer->hash);
	if (judged && answer.refusal != SK_REFUSED_NOT_YET)
		return judged;
	snprintf(path, sizeof path, FOLDER "/%.32s.skw", sk_hex(answer.hash, sizeof answer.hash, hex));
	if (sk_open_in(dir, path, O_RDONLY, 0, &fd) == 0)
		return judged;
	r = sk_dir_make(dir, FOLDER, (uid_t)-1, (gid_t)-1, 0700);
	if (!r)
		r = walk(&sweep);
	if (!r && sweep.count >= KEPT) {
		offer->refusal = SK_REFUSED_TOO_LARGE;
		sk_diag_path(&offer->diag, "", "%d windows are kept already, and none has expired", KEPT);
		return SK_DENIED;
	}
	if (!r)
		r = sk_file_replace("policy.window", dir, path, text, size, 0600);
	offer->changed = r == 0;
	return r > 0 ? sk_origin(-ELOOP) : r ? r : judged;
}

int sk_windows_each(int dir, const struct sk_signed_question *question,
		    int (*each)(void *arg, const struct sk_signed_answer *answer, const char *text, size_t size), void *arg)
{
	struct walk w = {.dir = dir, .question = question, .each = each, .arg = arg};

	return walk(&w);
}
