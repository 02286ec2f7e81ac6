// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the kernel tells of births, executions, changes of user and deaths of processes: the process connector (netlink). Received into a list in the kernel's
 * order; window/lineage.c makes of it who descends from whom.
 */
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "lockdown/window/window.h"

enum { QUEUE = 8 << 20, TOLD_MAX = 64 << 20 };

static int listen_to(int fd)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
	struct __attribute__((packed)) {
		struct nlmsghdr head;
		struct cn_msg message;
		enum proc_cn_mcast_op op;
	} ask = {.head = {.nlmsg_len = sizeof ask, .nlmsg_type = NLMSG_DONE},
		 .message = {.id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC}, .len = sizeof ask.op},
		 .op = PROC_CN_MCAST_LISTEN};
	int size = QUEUE;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || send(fd, &ask, sizeof ask, 0) < 0)
		return -errno;
	return 0;
}

/* It acknowledges at once where it works, and says nothing in a namespace that it does not serve. */
static bool answers(int fd)
{
	char space[4096];

	for (int i = 0; i < 20; i++, usleep(1000))
		if (recv(fd, space, sizeof space, MSG_DONTWAIT) > 0)
			return true;
	return false;
}

int lk_births_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);

	if (fd >= 0 && listen_to(fd) == 0 && answers(fd))
		return fd;
	if (fd >= 0)
		close(fd);
	sk_log(SK_LOG_NOTICE, "window: this machine does not tell births of processes; an updater's short-lived children may be missed");
	return -1;
}

static void note(struct sk_buf *list, const struct proc_event *event)
{
	struct lk_told told = {.what = 0};

	if (event->what == PROC_EVENT_EXEC)
		told = (struct lk_told){'e', 0, (uint32_t)event->event_data.exec.process_tgid};
	else if (event->what == PROC_EVENT_FORK && event->event_data.fork.child_pid == event->event_data.fork.child_tgid)
		told = (struct lk_told){'b', (uint32_t)event->event_data.fork.parent_tgid, (uint32_t)event->event_data.fork.child_pid};
	else if (event->what == PROC_EVENT_EXIT && event->event_data.exit.process_pid == event->event_data.exit.process_tgid)
		told = (struct lk_told){'d', 0, (uint32_t)event->event_data.exit.process_tgid};
	else if (event->what == PROC_EVENT_UID)
		told = (struct lk_told){'u', (uint32_t)event->event_data.id.e.euid, (uint32_t)event->event_data.id.process_tgid};
	else
		return;
	(void)sk_buf_append(list, &told, sizeof told);
}

bool lk_births_receive(int fd, struct sk_buf *list)
{
	char space[8192] __attribute__((aligned(8)));
	bool whole = true;
	ssize_t size;

	while (fd >= 0 && ((size = recv(fd, space, sizeof space, MSG_DONTWAIT)) > 0 || errno == ENOBUFS || errno == EINTR)) {
		const struct nlmsghdr *head = (const struct nlmsghdr *)space;
		const struct cn_msg *message = NLMSG_DATA(head);

		if (size < 0 && errno == ENOBUFS)
			whole = false;
		if (size >= (ssize_t)(NLMSG_LENGTH(sizeof *message) + sizeof(struct proc_event)) && message->id.idx == CN_IDX_PROC)
			note(list, (const struct proc_event *)message->data);
	}
	return whole;
}
