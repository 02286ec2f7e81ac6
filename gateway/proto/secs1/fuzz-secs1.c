// SPDX-License-Identifier: GPL-3.0-or-later
/* SECS-I lines: the first byte says direction, pick-up and how the rest is cut; whole and cut must be told alike. Sums are mended, so that blocks are reached. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "proto/hsms/tape.h"
#include "proto/secs1/secs1.h"

extern const struct gw_proto gw_proto_secs1;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mend(uint8_t *data, size_t size)
{
	for (size_t at = 0; at + 1 < size;) {
		unsigned length = data[at + 1], sum = 0;

		if (data[at] != 5 || length < 10 || length > 254 || at + 4 + length > size) {
			at++;
			continue;
		}
		for (unsigned i = 0; i < length; i++)
			sum += data[at + 2 + i];
		data[at + 2 + length] = (uint8_t)(sum >> 8);
		data[at + 3 + length] = (uint8_t)sum;
		at += 4 + length;
	}
}

static void play(struct tape *tape, uint8_t how, const uint8_t *data, size_t size, size_t cut)
{
	struct secs1_session *session = sk_calloc(1, sizeof(*session));

	tape_begin(tape, &gw_proto_secs1, how & 2);
	if (!session)
		return;
	gw_proto_secs1.begin(session, &tape->turn);
	for (size_t at = 0; at < size; at += cut)
		tape_data(tape, session, how & 1 ? GW_TO_CLIENT : GW_TO_SERVER, data + at, SK_MIN(cut, size - at));
	gw_proto_secs1.gap(&tape->turn, session, GW_TO_SERVER, 5);
	tape->turn.now += UINT64_C(50000000000);
	gw_proto_secs1.tick(&tape->turn, session);
	gw_proto_secs1.end(session);
	free(session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tape whole, pieces;
	uint8_t *copy;

	if (size < 2 || size > 1 << 16)
		return 0;
	copy = sk_malloc(size - 1);
	if (!copy)
		return 0;
	memcpy(copy, data + 1, size - 1);
	if (!(data[0] & 4))
		mend(copy, size - 1);
	play(&whole, data[0], copy, size - 1, size);
	play(&pieces, data[0], copy, size - 1, 1 + data[0] / 16);
	if (whole.text.size != pieces.text.size || (whole.text.size && memcmp(whole.text.data, pieces.text.data, whole.text.size) != 0))
		__builtin_trap();
	sk_buf_done(&whole.text);
	sk_buf_done(&pieces.text);
	free(copy);
	return 0;
}
