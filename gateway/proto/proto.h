// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a protocol gives to the engine, and what the engine does for it.
 *
 * A protocol is one folder of gateway/proto: a parser that is handed the bytes of each direction in order, in pieces cut anywhere, and says what it
 * understood as messages. It holds no packet, knows no TCP, decides nothing: the same bytes give the same messages however they were cut. Its state is bounded
 * (`state_size` and what it allocates within `budget`), and each foreign byte goes through sk_cursor.
 *
 * Each folder exports one `const struct gw_proto gw_proto_NAME`; the list in gateway/proto/meson.build makes the table, so adding a protocol touches its
 * folder and that list.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The client is who opened the connection; of a session picked up later, who the protocol's framing or the known port says. */
enum gw_dir { GW_TO_SERVER, GW_TO_CLIENT };

/* Who speaks, in the words of control systems: the host, client or master asks; the equipment, server or outstation answers. */
enum gw_role { GW_ROLE_UNKNOWN, GW_ROLE_HOST, GW_ROLE_EQUIPMENT };

/* What a message does to the equipment, weakest first: the coarse word that a policy may use for every protocol. */
enum gw_act { GW_ACT_SESSION, GW_ACT_READ, GW_ACT_REPORT, GW_ACT_WRITE, GW_ACT_CONTROL, GW_ACT_ENGINEER, GW_ACTS };
extern const char *const gw_act_names[]; /* "session", "read", "report", "write", "control", "engineer" */

enum gw_kind { GW_UINT, GW_INT, GW_RANGE, GW_TEXT, GW_BYTES }; /* a range: registers 100 to 109 */

/* A field of a protocol's messages, declared once: policy, rules, learning, events and the manual know it by this name. */
struct gw_field_def {
	const char *name;  /* "stream", "rcmd", "unit", "function" */
	enum gw_kind kind;
	bool secret;       /* never in an event or a log: its length and a keyed hash stand for it */
	bool learn;        /* part of what learning counts by */
	const char *en, *ja;
};

struct gw_field {
	uint16_t def;      /* index into the protocol's fields; a field may come several times */
	union {
		uint64_t u;
		int64_t i;
		struct {
			uint64_t low, high; /* both belong to it; `u` is `low` */
		} range;
		struct {
			const uint8_t *data; /* valid while say() runs */
			size_t size;
		} bytes;
	};
};

/* Bytes that rules match on, by the name a rule knows them: "http.uri", "smb.named_pipe", "secs.body". */
struct gw_buffer {
	const char *name;
	const uint8_t *data; /* valid while say() runs */
	size_t size;
};

struct gw_message {
	const char *name;       /* what engineers call it: "S2F41", "write-single-register"; valid while say() runs */
	enum gw_act act;
	enum gw_dir dir;
	enum gw_role from;
	bool request;           /* an answer is due */
	/*
	 * Its last byte is here. A long message is said twice: once by its header (whole is false), then whole. Refused by its header, none of its
	 * bytes go on; it is said whole all the same, so that the engine knows where it ends.
	 */
	bool whole;
	/*
	 * Not all of its fields are here: too many or too long, torn or malformed. What allows by a field does not fit such a message, what forbids by
	 * one does: else the value that matters would be put where nobody looks.
	 */
	bool partial;
	bool unnamed;           /* it brings a recipe, and its kind of message has no place for the recipe's name */
	uint64_t id;            /* pairs answer and request: system bytes, transaction id; 0 = none */
	uint64_t size;          /* bytes of this message up to what is said here: its header, or all of it */
	size_t back;            /* so many bytes of what data() was given lie behind that */
	const struct gw_field *fields;
	size_t field_count;
	const struct gw_buffer *buffers;
	size_t buffer_count;
};

enum gw_ruling { GW_LET, GW_REFUSE }; /* observe and shadow are already in it: a refusal that is not enforced is LET */

/* How a refused message is answered; the policy's choice, as far as the protocol can. */
enum gw_reply { GW_REPLY_SILENT, GW_REPLY_RESET, GW_REPLY_NATIVE };

struct gw_turn;

/* What a parser may ask of the engine while it is handed bytes. */
struct gw_services {
	/* A message was understood. On GW_REFUSE the message's bytes do not go on; `*ret_reply` says what the policy wants sent instead. */
	enum gw_ruling (*say)(struct gw_turn *turn, const struct gw_message *message, enum gw_reply *ret_reply);
	/* The protocol's own refusal, to be sent in direction `dir` as bytes of the stream (or as a datagram). Only after GW_REFUSE with GW_REPLY_NATIVE. */
	void (*answer)(struct gw_turn *turn, enum gw_dir dir, const void *bytes, size_t size);
	/*
	 * In place of answer(): `size` bytes that end `back` bytes before the end of what data() was given are replaced and go on. False when they are gone
	 * already. Without a refusal in hand, so that the answer to a rewritten request is one the client understands.
	 */
	bool (*rewrite)(struct gw_turn *turn, size_t back, const void *bytes, size_t size);
	/* Something that no honest peer sends; `word` is declared in the protocol's `odds`. The policy decides what it is worth. */
	enum gw_ruling (*odd)(struct gw_turn *turn, enum gw_dir dir, const char *word);
	/* This is not the protocol: the engine looks for another, or passes the rest by the conduit's rule. */
	void (*not_mine)(struct gw_turn *turn);
	/* Nothing that comes on this flow can matter any more (an encrypted body): it may be switched in the kernel. Never called for HSMS. */
	void (*harmless)(struct gw_turn *turn);
};

/* The conduit's timers in nanoseconds, by SEMI E37 and E5; 0 = the usual one. Exceeded, they are told and nothing more. */
struct gw_timers {
	uint64_t t3, t5, t6, t7, t8;
};

struct gw_turn {
	const struct gw_services *engine;
	struct gw_timers timers;
	uint64_t now;       /* ns since the epoch */
	bool datagram;      /* data() is one UDP payload, not a piece of a stream */
	bool midstream;     /* the beginning of this session was not seen */
	uint16_t client_port, server_port;
};

enum { GW_HEAD_NAME = 32 };

/* Where a session stands, by enum gw_dir: who speaks, and how many bytes of a message's body are still to come. */
struct gw_stand {
	enum gw_role role[2];
	uint32_t left[2];
};

/* How messages stand in the stream, for who judges by headers alone; as enum gw_framed of bpf/gateway.h. */
enum gw_framing { GW_FRAMING_NONE, GW_FRAMING_HSMS, GW_FRAMING_MODBUS };

/*
 * A protocol some of whose messages can be judged by their headers, so that the kernel side may do it (bpf/gateway-judge.h knows the framings). A code names a kind
 * of message as its header does.
 */
struct gw_by_header {
	enum gw_framing framing;
	unsigned codes;
	/* What a message with this code is when `from` says it, its fields aside; `name` is room for its name. False: what it means hangs on more than its header. */
	bool (*message)(unsigned code, enum gw_role from, char name[static GW_HEAD_NAME], struct gw_message *ret_message);
	/* False: not now. Between true and the next byte that is handed over, nothing but the messages above may change what is said here. */
	bool (*stands)(const void *state, struct gw_stand *ret_stand);
};

enum gw_guess { GW_NO, GW_MORE, GW_YES }; /* MORE: cannot be told from so few bytes */

enum { GW_TCP = 1, GW_UDP = 2 };

struct gw_proto {
	const char *name;          /* "hsms": in policies, rules and events */
	unsigned over;             /* GW_TCP | GW_UDP */
	const uint16_t *ports;     /* usual ports of the server, 0 ends; may be NULL */
	/* From the first bytes of a direction (or, midstream, any bytes). Never looks at ports. May be NULL: by port alone. */
	enum gw_guess (*guess)(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream);
	size_t state_size;         /* of one session's state, zeroed by the engine */
	size_t budget;             /* what a session may allocate besides, bytes */
	int (*begin)(void *state, const struct gw_turn *turn);  /* 0 or -ENOMEM; may be NULL */
	void (*end)(void *state);                               /* frees what the state owns; may be NULL */
	/* The next bytes of a direction, at least one. All are consumed: what is not whole yet is kept in the state. */
	void (*data)(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size);
	/* So many bytes of a direction were never seen (capture loss, pick-up): find the framing again. */
	void (*gap)(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing);
	/* The side has closed. May be NULL. */
	void (*fin)(struct gw_turn *turn, void *state, enum gw_dir dir);
	/* Called about each 100 ms of packet time; timers live here. May be NULL. */
	void (*tick)(struct gw_turn *turn, void *state);
	const struct gw_field_def *fields;
	size_t field_count;
	const char *const *buffers; /* names that its messages carry, NULL ends */
	const char *const *odds;    /* words for odd(), NULL ends */
	const char *const *lost;    /* those of them after which what follows cannot be judged: the framing is lost. NULL ends; NULL = none */
	const char *hasty;          /* that of them which is told of a client that comes again to a server within the conduit's T5; NULL = nobody asks */
	const char *en, *ja;        /* one sentence for the manual */
	/* A protocol that this one carries (SMB: DCE/RPC): its fields are the first of `fields`, and rules on it hold here too. NULL = none. */
	const struct gw_proto *carries;
	const struct gw_by_header *by_header; /* NULL: each message has to be read */
};

/* The protocols that were built in; NULL ends. Made from the list in gateway/proto/meson.build. */
extern const struct gw_proto *const gw_protos[];
const struct gw_proto *gw_proto_find(const char *name);
