// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The bodies of lockdown.sock: every verb of CALL, as root gives it, and what the link hands on (ANSWER, COMMAND, REQUEST_TAKEN). A clerk with no policy, its files in
 * memory; the first byte chooses who speaks and which frame it is.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "lockdown/clerk/clerk.h"
#include "lockdown/window/windows.h"
#include "os/file.h"
#include "os/loop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct clerk clerk;
static struct sk_duty_ctx ctx;
static char folder[] = "/dev/shm/fuzz-lockdown-XXXXXX";

static void must(bool good)
{
	if (!good)
		abort();
}

static void forget(void)
{
	char command[64];
	char *const words[] = {(char *)"rm", (char *)"-rf", (char *)"--", command, NULL};

	snprintf(command, sizeof command, "%s", folder);
	execvp(words[0], words);
}

static void at_end(void)
{
	if (fork() == 0) {
		forget();
		_exit(1);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	sk_log_max(0);
	must(mkdtemp(folder) != NULL && atexit(at_end) == 0);
	ctx = (struct sk_duty_ctx){.name = "lockdown", .root = folder, .root_dir = -1, .main_fd = -1, .life_fd = -1};
	must(sk_dir_open(folder, "", &ctx.root_dir) == 0 && sk_dir_make(ctx.root_dir, LOCKDOWN_FOLDER, (uid_t)-1, (gid_t)-1, 0700) == 0 &&
	     sk_dir_make(ctx.root_dir, "var/lib/sekisho/policy", (uid_t)-1, (gid_t)-1, 0700) == 0);
	must(sk_file_replace("fuzz", ctx.root_dir, "var/lib/sekisho/endpoint.secret", "0123456789abcdef0123456789abcdef", SK_PHONE_SECRET, 0600) == 0);
	clerk = (struct clerk){.ctx = &ctx, .news_fd = -1, .folder_fd = -1, .mounts_fd = -1, .alive_fd = -1};
	sk_list_init(&clerk.clients);
	sk_list_init(&clerk.events);
	must(lk_shared_new(&clerk.shared) == 0 && lk_window_prepare() == 0 && sk_loop_new(&clerk.loop) == 0);
	must(lk_report_open(&clerk) == 0 && lk_outbox_open(&clerk) == 0 && lk_learned_open(&clerk) == 0 && lk_windows_open(&clerk) == 0 &&
	     lk_interlock_open(&clerk) == 0 && lk_enforce_open(&clerk) == 0 && lk_passes_open(&clerk) == 0);
	return 0;
}

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	(void)chan;
	(void)arg;
	(void)frame;
}

static void on_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	(void)chan;
	(void)arg;
	(void)why;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sk_chan_handler handler = {.on_frame = on_frame, .on_close = on_close};
	static const struct sk_chan_opts opts = {.proto = SK_PROTO_LOCKDOWN, .side = SK_SERVER, .max_output = 32 << 20};
	static const uint16_t types[] = {SK_F_CALL, SK_F_ANSWER, SK_F_COMMAND, SK_F_REQUEST_TAKEN};
	struct lk_client client = {.clerk = &clerk};
	struct sk_diag diag = {.source = "lockdown.sock"};
	struct sk_frame frame = {.id = 1};
	int ends[2], r;

	if (size < 2)
		return 0;
	frame.type = types[data[0] % 4];
	frame.body = data + 1;
	frame.size = (uint32_t)(size - 1);
	client.is_root = data[0] & 4;
	client.is_link = !client.is_root;
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
	must(sk_chan_new_fd(clerk.loop, ends[0], &handler, &client, &opts, &client.chan) == 0);
	sk_list_append(&clerk.clients, &client.link);
	r = lk_control_body(&client, &frame, &diag);
	must(r != SK_BAD || diag.text[0]);
	must(r != 0 || (frame.type == SK_F_CALL) == client.is_root); /* nobody does what is the other's */
	sk_list_remove(&client.link);
	sk_chan_free(client.chan);
	close(ends[1]);
	return 0;
}
