// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The process: it wakes when the kernel tells of a device (a message whose content is not even read: the sweep looks itself), when the mount table changes,
 * when the clerk speaks, when a child of it ends, and, only while something is under way, twice a second.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "main/config.h"
#include "media/media.h"

const char *const media_duty_calls[] = {"mount", "umount2", "setns", "fchdir", "ioctl", "capset", "seccomp", NULL};

/* Only the kernel's own count; a flood only means one more sweep. */
static void on_uevent(void *arg, int fd, unsigned what)
{
	struct media *media = arg;
	char space[8192];

	(void)what;
	for (;;) {
		struct sockaddr_nl from = {0};
		socklen_t size = sizeof from;
		ssize_t n = recvfrom(fd, space, sizeof space, MSG_DONTWAIT, (struct sockaddr *)&from, &size);

		if (n < 0 && errno != ENOBUFS)
			return;
		if (n < 0 || (from.nl_pid == 0 && memmem(space, (size_t)n, "SUBSYSTEM=block", 15)))
			sk_deferred_call(media->sweep);
	}
}

static int open_uevents(struct media *media)
{
	const struct sockaddr_nl all = {.nl_family = AF_NETLINK, .nl_groups = 1};

	media->uevents = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	if (media->uevents < 0 || bind(media->uevents, (const struct sockaddr *)&all, sizeof all) < 0)
		return sk_origin_errno();
	return sk_watch_fd(media->loop, media->uevents, SK_READ, on_uevent, media, &media->uevent_watch);
}

/*
 * The kernel says it once, to the first who polls, and that was the loop's own set, through ours: so to be called is the message, and ours is only emptied.
 */
static void on_mounts(void *arg, int fd, unsigned what)
{
	struct epoll_event event;

	(void)what;
	while (epoll_wait(fd, &event, 1, 0) > 0)
		;
	media_sweep(arg);
}

/* The kernel tells of mounts by POLLPRI, which the loop does not know: an epoll set of its own does, and is readable then. */
static int open_mounts(struct media *media)
{
	struct epoll_event event = {.events = EPOLLPRI | EPOLLET};
	int r = media_mounts_open(&media->mounts_fd);

	if (r)
		return r;
	media->mounts_epoll = epoll_create1(EPOLL_CLOEXEC);
	if (media->mounts_epoll < 0 || epoll_ctl(media->mounts_epoll, EPOLL_CTL_ADD, media->mounts_fd, &event) < 0)
		return sk_origin_errno();
	return sk_watch_fd(media->loop, media->mounts_epoll, SK_READ, on_mounts, media, &media->mount_watch);
}

static void on_child(void *arg, int number)
{
	(void)number;
	media_reap(arg);
}

static int make_images(struct media *media)
{
	const struct sk_strings *folders = &media->config->images;
	const char **list = sk_calloc(folders->count + 1, sizeof *list);

	for (size_t i = 0; list && i < folders->count; i++)
		list[i] = folders->items[i];
	media->images = list;
	return list ? 0 : sk_origin(-ENOMEM);
}

static int open_parts(struct media *media)
{
	int r = make_images(media);

	if (r == 0)
		r = sk_watch_deferred(media->loop, media_sweep, media, &media->sweep);
	if (r == 0)
		r = sk_watch_timer(media->loop, media_sweep, media, &media->tick);
	if (r == 0)
		r = sk_watch_signal(media->loop, SIGCHLD, on_child, media, &media->children);
	if (r == 0)
		r = open_uevents(media);
	if (r == 0)
		r = open_mounts(media);
	return r ? r : media_clerk_open(media);
}

static void close_parts(struct media *media)
{
	struct sk_watch **watches[] = {&media->sweep, &media->tick, &media->children, &media->uevent_watch, &media->mount_watch};

	media_nodes_close(media);
	media_clerk_close(media);
	for (size_t i = 0; i < SK_ARRAY_SIZE(watches); i++)
		*watches[i] = sk_watch_free(*watches[i]);
	free((void *)media->images);
}

int media_duty_run(const struct sk_duty_ctx *ctx)
{
	static struct media media;
	int r;

	media = (struct media){.ctx = ctx, .config = &((const struct agent_config *)ctx->config)->media, .uevents = -1, .mounts_fd = -1, .mounts_epoll = -1,
			       .mounts_told = SK_BUF(1 << 20)};
	sk_list_init(&media.nodes);
	sk_list_init(&media.events);
	if (sk_duty_loop(ctx, NULL, NULL, &media.loop) != 0)
		return 1;
	r = open_parts(&media);
	if (r == 0) {
		media_sweep(&media);
		sk_duty_ready(ctx);
		r = sk_loop_run(media.loop);
	}
	close_parts(&media);
	sk_duty_loop_free(ctx, media.loop);
	return r == 0 ? 0 : 1;
}
