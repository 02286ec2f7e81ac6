// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A stranger's one question: ENROL. What it says is checked for shape here and for truth by the fleet, which alone knows tokens and signs. The
 * connection ends with the answer, whatever that is.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "intake/service.h"
#include "wire/fleet.h"

static int ask_fleet(struct sk_session *s, const struct sk_frame *frame, struct json_object *tree, struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(40 << 10);
	struct sk_json at = SK_JSON(tree, "ENROL", diag);
	const char *ignored;
	int r = SK_JSON_ONLY(&at, "token", "csr", "host", "machine");

	if (!r)
		r = sk_json_string(&at, "token", 1, 128, &ignored);
	if (!r)
		r = sk_json_string(&at, "csr", 1, SK_PEM_MAX, &ignored);
	if (!r)
		r = sk_json_string(&at, "host", 1, SK_FLEET_NAME_MAX, &ignored);
	if (!r)
		r = sk_json_string(&at, "machine", 0, SK_FLEET_NAME_MAX, &ignored);
	if (!r)
		r = sk_json_put_string(tree, "address", s->address);
	if (!r)
		r = sk_json_canonical(tree, &text);
	return r ? r : sk_peers_enrol(s, frame->id, text.data, text.size);
}

void sk_enrol_on_frame(struct sk_session *s, const struct sk_frame *frame)
{
	_cleanup_json_ struct json_object *tree = NULL;
	struct sk_diag diag = {0};
	char text[512];
	int r;

	if (frame->type != SK_F_ENROL) {
		sk_session_close(s);
		return;
	}
	r = sk_json_parse_object(frame->body, frame->size, 32 << 10, &tree, &diag);
	if (!r)
		r = ask_fleet(s, frame, tree, &diag);
	if (r == SK_BAD)
		sk_session_end(s, frame->id, "bad", sk_diag_format(&diag, text, sizeof text));
	else if (r)
		sk_session_end(s, frame->id, "failed", "the fleet does not answer: try again later");
	else
		sk_chan_pause(s->chan, true); /* one question */
}

void sk_enrol_answer(struct sk_session *s, uint32_t id, const struct sk_frame *answer)
{
	s->state = SK_SESSION_CLOSING;
	sk_chan_send(s->chan, answer->type, id, answer->body, answer->size);
	sk_chan_finish(s->chan);
}
