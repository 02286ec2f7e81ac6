// SPDX-License-Identifier: GPL-3.0-or-later
/* The shared mapping of the gateway's processes. */
#include "main/shared.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

struct head {
	uint32_t size;
	uint32_t priority;
};

enum { CLERKS = offsetof(struct gw_common, engine) };
static_assert(CLERKS % GW_PAGE == 0, "the clerk's half is whole pages");

/*
 * Both halves writable, and the clerk's a second time through a descriptor that was opened for reading: that one can take the first one's place in a duty, and the
 * kernel makes no such mapping writable.
 */
struct views {
	struct gw_common *common;
	void *clerks;
};
static struct views views;

static int map_views(int fd, struct views *ret_views)
{
	_cleanup_close_ int reader = -1;
	char path[40];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	if (reader < 0 || ftruncate(fd, sizeof(struct gw_common)) < 0)
		return -errno;
	ret_views->common = mmap(NULL, sizeof(struct gw_common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	ret_views->clerks = mmap(NULL, CLERKS, PROT_READ, MAP_SHARED | MAP_NORESERVE, reader, 0);
	return ret_views->common == MAP_FAILED || ret_views->clerks == MAP_FAILED ? -errno : 0;
}

int gw_common_new(struct gw_common **ret_common, struct gw_bells *ret_bells)
{
	struct gw_bells bells = {eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	_cleanup_close_ int fd = memfd_create("gateway-common", MFD_CLOEXEC);
	int r = fd < 0 || bells.clerk < 0 || bells.engine < 0 || bells.ports < 0 ? -errno : map_views(fd, &views);

	if (r)
		return sk_origin(r);
	*ret_common = views.common;
	*ret_bells = bells;
	return 0;
}

int gw_common_narrow(struct gw_common *common)
{
	void *at = mremap(views.clerks, CLERKS, CLERKS, MREMAP_MAYMOVE | MREMAP_FIXED, common);

	return at == MAP_FAILED ? sk_origin_errno() : 0;
}

void gw_common_leave(struct gw_common *common)
{
	munmap(common, sizeof *common);
	munmap(views.clerks, CLERKS);
}

void gw_bell(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof one) < 0)
		return; /* full: it rings already */
}

void gw_bell_quiet(int fd)
{
	uint64_t all;

	if (read(fd, &all, sizeof all) < 0)
		return; /* silent */
}

int gw_common_put(struct gw_common *common, const char *payload, size_t size)
{
	uint32_t next = atomic_load(&common->count) + 1;
	struct gw_slot *slot = &common->slots[next & 1];

	if (size > GW_POLICY_ROOM)
		return SK_FULL;
	memcpy(slot->text, payload, size);
	atomic_store(&slot->size, (uint32_t)size);
	atomic_store(&common->count, next);
	return 0;
}

int gw_common_policy(struct gw_common *common, const struct gw_proto *const *protos, struct gw_policy **ret_policy, uint32_t *ret_count,
		     struct sk_diag *diag)
{
	_cleanup_policy_ struct sk_policy policy = {0};
	_cleanup_free_ char *copy = NULL;
	uint32_t count = atomic_load(&common->count), size;
	enum sk_refusal refusal;
	int r;

	if (count == 0)
		return SK_NONE;
	size = SK_MIN(atomic_load(&common->slots[count & 1].size), (uint32_t)GW_POLICY_ROOM);
	copy = sk_malloc(size + 1);
	if (!copy)
		return sk_origin(-ENOMEM);
	memcpy(copy, common->slots[count & 1].text, size);
	if (atomic_load(&common->count) != count)
		return SK_AGAIN;
	r = sk_policy_read_payload(copy, size, &policy, &refusal, diag);
	if (r == 0)
		r = gw_policy_new(&policy, protos, &common->state, ret_policy, diag);
	if (r == 0)
		*ret_count = count;
	return r == SK_DENIED ? SK_BAD : r;
}

/* The ring is bytes; what reaches over its end goes on at its beginning. */
static void copy_in(struct gw_common *common, uint64_t at, const void *from, size_t size)
{
	size_t offset = at % GW_EVENT_ROOM, first = SK_MIN(size, GW_EVENT_ROOM - offset);

	memcpy(common->events + offset, from, first);
	memcpy(common->events, (const char *)from + first, size - first);
}

static void copy_out(const struct gw_common *common, uint64_t at, void *to, size_t size)
{
	size_t offset = at % GW_EVENT_ROOM, first = SK_MIN(size, GW_EVENT_ROOM - offset);

	memcpy(to, common->events + offset, first);
	memcpy((char *)to + first, common->events, size - first);
}

void gw_common_event(struct gw_common *common, uint8_t priority, const char *text, size_t size)
{
	uint64_t in = atomic_load(&common->events_in), used = in - atomic_load(&common->events_out);
	const struct head head = {(uint32_t)size, priority};

	if (size > GW_EVENT_LONGEST || used > GW_EVENT_ROOM || sizeof head + size > GW_EVENT_ROOM - used) {
		atomic_fetch_add(&common->events_lost, 1);
		return;
	}
	copy_in(common, in, &head, sizeof head);
	copy_in(common, in + sizeof head, text, size);
	atomic_store(&common->events_in, in + sizeof head + size);
}

int gw_common_next(struct gw_common *common, uint8_t *ret_priority, char *out, size_t room, size_t *ret_size)
{
	uint64_t at = atomic_load(&common->events_out), used = atomic_load(&common->events_in) - at;
	struct head head;

	if (used == 0)
		return SK_NONE;
	copy_out(common, at, &head, sizeof head);
	if (used < sizeof head || used > GW_EVENT_ROOM || head.size > used - sizeof head || head.size > room) {
		atomic_store(&common->events_out, at + used); /* the engine died in the middle of it, or is not itself: begin anew */
		atomic_fetch_add(&common->events_lost, 1);
		return SK_NONE;
	}
	copy_out(common, at + sizeof head, out, head.size);
	atomic_store(&common->events_out, at + sizeof head + head.size);
	*ret_priority = (uint8_t)SK_MIN(head.priority, 2u);
	*ret_size = head.size;
	return 0;
}

static bool is_top(const struct gw_top *top, const char *conduit, const char *protocol, const char *message)
{
	return strncmp(top->message, message, sizeof top->message - 1) == 0 && strncmp(top->protocol, protocol, sizeof top->protocol - 1) == 0 &&
	       strncmp(top->conduit, conduit, sizeof top->conduit - 1) == 0;
}

void gw_common_top(struct gw_common *common, const char *conduit, const char *protocol, const char *message, unsigned what)
{
	struct gw_top *top = common->tops, *end = top + SK_MIN(common->top_count, (uint32_t)GW_TOPS);

	while (top < end && !is_top(top, conduit, protocol, message))
		top++;
	if (top == end) {
		if (common->top_count >= GW_TOPS)
			return;
		snprintf(top->conduit, sizeof top->conduit, "%s", conduit);
		snprintf(top->protocol, sizeof top->protocol, "%s", protocol);
		snprintf(top->message, sizeof top->message, "%s", message);
		common->top_count++;
	}
	atomic_fetch_add(&top->count[what % 3], 1);
}
