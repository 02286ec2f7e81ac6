// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The duty `media`: a removable medium that comes to the machine gets the rule of the policy that fits its identity: may it be mounted, written, executed
 * from. It reads no policy and no file: rules come from the clerk (lockdown.sock), identities from sysfs and from a child that reads 68 KiB of the device.
 *
 *   duty.c    the process: what wakes it (the kernel's device messages, the mount table, the clerk), the row's functions
 *   nodes.c   one node for each block device that carries a medium: looking, known, held or restricted
 *   look.c    a child without any right: opens the device for itself alone (nobody else can mount it meanwhile), reads its superblock, and holds it as
 *             long as we want
 *   hand.c    a child that unmounts, remounts, and sets a device read-only. The only place where CAP_SYS_ADMIN is used
 *   rules.c   the clerk's word as rules
 *   clerk.c   the channel to the clerk: rules in, mount points and events out
 *
 * Whatever may wait for a dead medium is done in a child, so the duty itself never waits: an end that does not come within MEDIA_PATIENCE_MS is told, and
 * the child left to the kernel. It acts on nothing that is not removable by what the kernel says (lib/medium), or an image below a folder of the
 * setting `media.images`; so the machine's own mounts cannot be touched, whatever the rules are.
 *
 * Where the agent has a mount namespace of its own (systemd's PrivateMounts), mounts are those of process 1: the hand goes there.
 */
#pragma once

#include "base/list.h"
#include "medium/medium.h"
#include "medium/mounts.h"
#include "os/proc.h"
#include "policy/policy.h"
#include "wire/chan.h"
#include "wire/json.h"

enum {
	MEDIA_NODES = 64,
	MEDIA_RULES = SK_EXCEPTIONS_MAX,
	MEDIA_PASSES = 256,
	MEDIA_MOUNTS = 16,      /* of one medium that one hand takes at a time */
	MEDIA_EVENTS = 256,     /* that the clerk has not taken */
	MEDIA_PATIENCE_MS = 5000,
	MEDIA_TICK_MS = 500,
	MEDIA_RETRY_MIN_MS = 20,
	MEDIA_RETRY_MS = 2000,
	MEDIA_FILES = 512,
	MEDIA_SPACES = 256,     /* mount namespaces that are looked through */
};

/* media.* of agent.yaml. */
struct media_config {
	struct sk_strings images;
};

struct media_rule {
	char *vendor, *product, *serial, *uuid; /* NULL = any */
	struct sk_media_terms terms;
};

enum media_pass { MEDIA_PASS_UNASKED, MEDIA_PASS_VALID, MEDIA_PASS_NONE, MEDIA_PASS_OTHER, MEDIA_PASS_EXPIRED, MEDIA_PASS_NOT_YET, MEDIA_PASS_CLOCK };
extern const char *const media_pass_words[]; /* "", "valid", "none", "other", "expired", "not-yet", "clock-wrong" */
struct media_permit { /* a pass that the clerk has verified */
	char *serial, *uuid; /* of the thing that was inspected; uuid NULL = any */
	int state;           /* enum media_pass: VALID, EXPIRED, NOT_YET, CLOCK */
};

struct media_rules {
	bool any;      /* the clerk has spoken */
	bool act;      /* the mode is enforce: else only told */
	char mode[16];
	uint64_t serial;
	struct sk_media_terms fallback;
	struct media_rule *list;
	size_t count;
	struct media_permit *permits;
	size_t permit_count;
};

/* rules.c: {"mode","serial","default":{..},"rules":[..]}. 0; SK_BAD with the place; -ENOMEM. */
int media_rules_read(const void *text, size_t size, struct media_rules *ret_rules, struct sk_diag *diag);
void media_rules_done(struct media_rules *rules);
/*
 * The terms of a medium; *ret_index: which rule, -1 = the default. Writing is no copying: a medium that may not be copied to is read-only. One that needs a
 * pass and has no valid one is not mounted; *ret_pass says how it stands with that.
 */
struct sk_media_terms media_rules_find(const struct media_rules *rules, const struct sk_medium *medium, int *ret_index, enum media_pass *ret_pass);

/* look.c */
struct media_look {
	pid_t pid;
	int report, hold; /* ours: what it says, and what keeps it. Closing `hold` ends it */
};
struct media_seen {
	uint8_t held;     /* the device is ours alone */
	uint8_t known;    /* the superblock is one we know */
	struct sk_superblock superblock;
};
int media_look_start(const struct sk_medium *medium, struct media_look *ret_look);
/* In a child: nothing of the duty's stays open, neither its life line nor another medium's hold, but these two (-1 = none). */
void media_close_but(int first, int second);

/* hand.c */
struct media_mount {
	char point[SK_MOUNT_PATH];
	unsigned long flags;
	bool super_read_only;
};
struct media_job {
	struct sk_medium medium;
	bool unmount;          /* every mount of it, lazily */
	bool read_only;        /* file system and device; what cannot be is unmounted */
	bool everywhere;       /* and in all mount namespaces: somebody has it mounted where we do not see it */
	bool device_writable;  /* takes a read-only that we set back */
	bool no_exec;          /* and with it: no set-user-id, no devices */
	size_t count;
	struct media_mount mounts[MEDIA_MOUNTS];
};
struct media_done {
	int32_t error;         /* errno of the first thing that failed */
	uint32_t unmounted, remounted, read_only, busy; /* mounts; busy: unmounted because it could not be made read-only */
};
struct media_hand {
	pid_t pid;
	int report;
	uint64_t due_ms;
};
/* The child works in its own copy of the job. */
int media_hand_start(struct media_job *job, struct media_hand *ret_hand);
/* The mount table that counts: that of process 1 when we may look there, else our own. 0 or -errno. */
int media_mounts_open(int *ret_fd);

struct media;

struct media_node {
	struct sk_list link;
	struct media *media;
	struct sk_medium medium;
	bool present;           /* of the last sweep */
	bool known;             /* it was looked at, or the look failed */
	bool held;              /* nobody can mount it */
	bool elsewhere;         /* it could not be held although nobody has it mounted where we look */
	bool stalled;           /* the device did not answer */
	bool read_only_set;     /* by us, at the device */
	bool tried_writable;    /* a read-only that was there before us was taken back, as far as that goes: a switch on the medium stays */
	bool told;              /* media_attached */
	bool told_refused, told_observed;
	struct sk_media_terms terms;
	enum media_pass pass;
	int rule;
	unsigned tries;         /* that failed one after another: the pause between them doubles */
	uint64_t look_due_ms, retry_ms;
	struct media_look look;
	struct sk_watch *look_watch;
	struct media_hand hand;
	struct media_job *job;  /* of the hand */
	struct sk_watch *hand_watch;
};

struct media {
	const struct sk_duty_ctx *ctx;
	const struct media_config *config;
	const char *const *images;
	struct sk_loop *loop;
	struct sk_list nodes;
	size_t node_count;
	bool crowded;
	struct media_rules rules;
	int uevents, mounts_fd, mounts_epoll;
	struct sk_watch *uevent_watch, *mount_watch, *sweep, *tick, *children;

	struct sk_chan *chan;
	struct sk_watch *retry;
	uint32_t rules_id, mounts_id;
	struct sk_list events;
	size_t event_count;
	struct sk_buf mounts_told;
};

/* nodes.c */
void media_sweep(void *media);        /* devices and mounts as they are now, and what has to be done */
void media_decide_all(struct media *media); /* the rules are new */
void media_reap(struct media *media);
void media_nodes_close(struct media *media);

/* clerk.c */
int media_clerk_open(struct media *media);
void media_clerk_close(struct media *media);
void media_tell(struct media *media, const struct media_node *node, const char *kind, const char *mount, const char *reason);
/* The mount points of media for the guard's scope: sent when they changed. `list` is an array of {"path": base64}; taken over. */
void media_tell_mounts(struct media *media, struct json_object *list);

int media_duty_run(const struct sk_duty_ctx *ctx);
extern const char *const media_duty_calls[];
/* The row. CAP_* from <linux/capability.h>. */
#define MEDIA_DUTY                                                                                                                     \
	{.name = "media", .as_root = true, .any_file = true, .fork = true, .uevents = true, .max_files = MEDIA_FILES,                         \
	 .caps = SK_CAP(CAP_SYS_ADMIN) | SK_CAP(CAP_SYS_CHROOT) | SK_CAP(CAP_SYS_PTRACE), .syscalls = media_duty_calls, .run = media_duty_run}
