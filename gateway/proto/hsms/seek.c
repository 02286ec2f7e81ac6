// SPDX-License-Identifier: GPL-3.0-or-later
/* Finding the framing again: byte by byte, candidates are taken up where a head could be and dropped or believed where their proof ends. */
#include "proto/hsms/seek.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "proto/hsms/frame.h"
#include "proto/hsms/item.h"

void hsms_seek_begin(struct hsms_seek *seek)
{
	sk_buf_done(&seek->bytes);
	*seek = (struct hsms_seek){.bytes = SK_BUF(SEEK_MAX)};
}

void hsms_seek_done(struct hsms_seek *seek)
{
	sk_buf_done(&seek->bytes);
}

static void head_at(const struct hsms_seek *seek, size_t at, struct hsms_head *ret_head)
{
	hsms_head_read((const uint8_t *)seek->bytes.data + at, ret_head);
}

/* The frame that is `frame` bytes long is well-formed to its last byte. */
static bool well_formed(const uint8_t *frame, size_t size)
{
	static const struct secs_sink nobody;
	struct secs_reader reader;

	if (size <= HSMS_HEAD)
		return true;
	secs_reader_begin(&reader, size - HSMS_HEAD);
	secs_reader_feed(&reader, frame + HSMS_HEAD, size - HSMS_HEAD, &nobody, NULL);
	return secs_reader_good(&reader);
}

static void add(struct hsms_seek *seek, size_t at, size_t proof, bool first)
{
	unsigned to = seek->count, far = 0;

	/* Of too many, the one that is proved last goes. */
	for (unsigned i = 1; to == SEEK_CANDIDATES && i < SEEK_CANDIDATES; i++)
		if (seek->candidates[i].proof > seek->candidates[far].proof)
			far = i;
	if (to == SEEK_CANDIDATES && seek->candidates[far].proof < proof)
		return;
	if (to == SEEK_CANDIDATES)
		to = far;
	else
		seek->count++;
	seek->candidates[to].at = at;
	seek->candidates[to].proof = proof;
	seek->candidates[to].first = first;
}

/* The byte before `seen` was the last of a possible head. */
static void consider(struct hsms_seek *seek)
{
	size_t at = seek->seen - HSMS_HEAD, size;
	struct hsms_head head;

	head_at(seek, at, &head);
	if (!hsms_head_plausible(&head) || head.length > SEEK_SPAN - 4 - HSMS_HEAD)
		return;
	size = 4 + (size_t)head.length;
	if (at == 0 && !seek->moved)
		add(seek, at, at + size, true);
	add(seek, at, at + size + HSMS_HEAD, false);
}

static bool believed(const struct hsms_seek *seek, unsigned which)
{
	const uint8_t *data = (const uint8_t *)seek->bytes.data;
	struct hsms_head head;

	if (seek->candidates[which].first)
		return well_formed(data + seek->candidates[which].at, seek->candidates[which].proof - seek->candidates[which].at);
	head_at(seek, seek->candidates[which].proof - HSMS_HEAD, &head);
	return hsms_head_plausible(&head);
}

/* The candidate whose proof is the byte before `seen`; the failed go. */
static bool prove(struct hsms_seek *seek, size_t *ret_at)
{
	for (unsigned i = 0; i < seek->count;) {
		if (seek->candidates[i].proof > seek->seen) {
			i++;
		} else if (believed(seek, i)) {
			*ret_at = seek->candidates[i].at;
			return true;
		} else {
			seek->count--;
			memmove(&seek->candidates[i], &seek->candidates[i + 1], (seek->count - i) * sizeof(seek->candidates[0]));
		}
	}
	return false;
}

/* Forgets the bytes before the first candidate and before what could still be the beginning of a head. */
static void make_room(struct hsms_seek *seek)
{
	size_t from = seek->seen < HSMS_HEAD ? 0 : seek->seen - (HSMS_HEAD - 1);

	for (unsigned i = 0; i < seek->count; i++)
		from = SK_MIN(from, seek->candidates[i].at);
	if (from == 0)
		return;
	sk_buf_drop(&seek->bytes, from);
	seek->seen -= from;
	seek->moved = true;
	for (unsigned i = 0; i < seek->count; i++) {
		seek->candidates[i].at -= from;
		seek->candidates[i].proof -= from;
	}
}

int hsms_seek_feed(struct hsms_seek *seek, const uint8_t *data, size_t size, size_t *ret_used)
{
	for (size_t used = 0; used < size;) {
		size_t part, at;

		if (seek->bytes.size > SEEK_MAX - 1024)
			make_room(seek);
		part = SK_MIN(size - used, (size_t)SEEK_MAX - seek->bytes.size);
		if (sk_buf_append(&seek->bytes, data + used, part) != 0)
			return -ENOMEM;
		used += part;
		while (seek->seen < seek->bytes.size) {
			seek->seen++;
			if (seek->seen >= HSMS_HEAD)
				consider(seek);
			if (!seek->count || !prove(seek, &at))
				continue;
			*ret_used = used - (seek->bytes.size - seek->seen);
			sk_buf_drop_end(&seek->bytes, seek->bytes.size - seek->seen);
			sk_buf_drop(&seek->bytes, at);
			return 1;
		}
	}
	return 0;
}
