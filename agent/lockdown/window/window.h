// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A maintenance window: a time in which what a trusted updater writes becomes known. Three processes have a part in it, and each leaves what it is sure of on
 * the disk, so that any of them may be killed, or the power cut, at any point:
 *
 *   clerk      windows.c, window/signed.c, -code.c,     decides: who may open, when it ends, what is approved. Owns LOCKDOWN_FOLDER/window.json (the state),
 *              -left.c, -call.c, -state.c               window-names.ndjson, window-used.json, provisional.json, phone.json
 *   recorder   window/duty.c, window/watch.c,           sees who writes what, keeps what was there before, puts it back. Owns WINDOW_FOLDER/ID/. Reads no
 *              -births.c, -lineage.c, -keep.c,          foreign input but the kernel's events and files it hashes; takes its orders from window.json
 *              -restore.c, -changes.c
 *   guard      hash.c                                   an unknown program while a window is open: asks whether the recorder knows it by now
 *
 *   opening -> open -> closing -> closed -> approved
 *                                       \-> rolling-back -> rolled-back
 *
 * A window ends by command, by its time (the guard looks at the clock itself), or by a restart of the machine. What it made known counts while it is open,
 * and after that only when it was approved (provisional.json) until a newer signed policy comes or the provisional time is over.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <sys/stat.h>

#include "base/buf.h"
#include "base/map.h"
#include "crypto/hash.h"
#include "lockdown/list.h"
#include "os/file.h"
#include "os/point.h"
#include "os/proc.h"
#include "wire/json.h"

#define WINDOW_FOLDER "var/lib/sekisho/window"
#define WINDOW_STATE "var/lib/sekisho/lockdown/window.json"
#define WINDOW_NAMES "var/lib/sekisho/lockdown/window-names.ndjson"

enum {
	LK_WINDOW_BITS = 15,
	LK_WINDOW_KNOWN = (1 << LK_WINDOW_BITS) / 4 * 3, /* hashes that one window can make known */
	LK_WINDOW_ID = 24,
	LK_WINDOW_UPDATERS = 64,
	LK_WINDOW_PATHS = 64,
	LK_WINDOW_STATE_MAX = 256 << 10,
	LK_WINDOW_ITEMS = 60000, /* files that a window records */
	LK_WINDOW_WAIT_US = 5000000, /* the guard waits so long for the recorder */
};

/* Shared by clerk, recorder and guard; mapped in main, lives as long as main. Times are lk_now_us(). */
struct lk_window_shared {
	_Atomic uint32_t turn;     /* futex: the clerk has written another state */
	_Atomic uint32_t open;     /* 1: what is in `known` counts */
	_Atomic uint64_t until_us; /* and only before this time: the guard looks itself */
	_Atomic uint32_t asked;    /* futex: the guard wants to know what happened before now */
	_Atomic uint32_t answered; /* futex: the recorder has seen everything from before this `asked` */
	_Atomic uint32_t watching; /* the recorder's marks are set */
	_Atomic uint32_t idle;     /* what the probe said last: 0 nothing, 1 busy, 2 idle, 3 failed */
	_Atomic uint32_t probe;    /* futex: the clerk wants the probe to run; its count */
	_Atomic uint64_t probe_began_us; /* when the probe began whose answer stands in `idle` */
	char probe_path[512];
	_Atomic uint32_t known_count;
	struct lk_window_entry {
		_Atomic uint32_t used;
		uint8_t hash[LK_HASH];
	} known[1 << LK_WINDOW_BITS];
};

/* The one mapping; NULL where there is none (the rig of the guard's tests). window-shared.c. */
extern struct lk_window_shared *lk_window;
int lk_window_prepare(void); /* 0 or -ENOMEM */
void lk_window_leave(void);  /* for a process that has nothing to do with it */
bool lk_window_is_open(void);
/* Is this content known by the window that is open? Any process, no lock, allocates nothing. */
bool lk_window_has(const uint8_t hash[LK_HASH]);
/* The recorder alone. 0; SK_FULL. */
int lk_window_add(const uint8_t hash[LK_HASH]);
void lk_window_forget(void); /* while it is not open */
/* The recorder has seen everything from before `asked` had this value. */
void lk_window_answer(uint32_t asked);
/*
 * The guard's worker: waits until the recorder has seen what happened before now, at most LK_WINDOW_WAIT_US; `progress` grows meanwhile. Returns at once when
 * no window is open.
 */
void lk_window_settle(_Atomic uint64_t *progress);

enum lk_window_phase { LK_WINDOW_NONE, LK_WINDOW_OPENING, LK_WINDOW_OPEN, LK_WINDOW_CLOSING, LK_WINDOW_CLOSED, LK_WINDOW_APPROVED, LK_WINDOW_ROLLING_BACK,
		       LK_WINDOW_ROLLED_BACK };
extern const char *const lk_window_phases[];

/* window.json. Texts are cut to their space. */
struct lk_window_state {
	enum lk_window_phase phase;
	char id[LK_WINDOW_ID + 1];
	char source[8];            /* "signed", "code" */
	char scope[12];            /* "updaters", "observe" */
	char change[128], owner[128], consent[256];
	char closed_by[16];        /* "command", "expired", "restart" */
	char decided_by[128];
	char signed_id[129];       /* of the signed window that it is; "" = opened by a code */
	uint64_t signed_until;     /* UTC, seconds: until then it could be opened again */
	uint64_t opened_ms, until_ms, closed_ms, decided_ms; /* UTC */
	uint64_t seconds;          /* how long it was opened for */
	char boot[40];             /* of the boot it was opened in */
	uint64_t until_boot_ms;    /* CLOCK_BOOTTIME */
	uint64_t keep_max;         /* bytes that the recorder may keep */
	uint64_t kept, kept_bytes, not_kept, not_restored;
	uint64_t added, changed, removed; /* after closing */
	uint32_t updater_count, path_count;
	uint8_t updaters[LK_WINDOW_UPDATERS][LK_HASH];
	char *paths[LK_WINDOW_PATHS]; /* mount points to watch; owned */
};

/* Replaces a file durably, with a crash point before it ("NAME") and behind it ("NAME.done"). `name` is a string literal. */
#define LK_REPLACE(name, root, path, data, size)                                                                                       \
	({                                                                                                                             \
		SK_POINT(name);                                                                                                        \
		int replaced_ = sk_file_replace(name, (root), (path), (data), (size), 0600);                                           \
		if (!replaced_)                                                                                                        \
			SK_POINT(name ".done");                                                                                        \
		replaced_;                                                                                                             \
	})

/* 0; SK_NONE there is none; SK_BAD it cannot be read (logged). Free with lk_window_state_done(). */
int lk_window_load(int root, struct lk_window_state *ret_state);
int lk_window_save(int root, const struct lk_window_state *state); /* durable; point "window.state" */
void lk_window_state_done(struct lk_window_state *state);
#define _cleanup_window_ __attribute__((cleanup(lk_window_state_done)))
uint64_t lk_boot_ms(void); /* CLOCK_BOOTTIME */

/* --- the recorder's own */

/* One thing that the kernel told of a process; `parent`: of 'b'; the effective user now: of 'u'. window-births.c. */
struct lk_told {
	char what; /* 'b' born, 'e' executed, 'u' is another user, 'd' died */
	uint32_t parent, pid;
};
int lk_births_open(void); /* a descriptor; -1 = this machine does not tell them (logged) */
/* Appends what was told by now (struct lk_told). False: some of it was lost. */
bool lk_births_receive(int fd, struct sk_buf *list);

/* What /proc says of a process. window/proc.c. */
bool lk_proc_user(uint32_t pid, uint32_t *ret_user);           /* the effective user; false: it is gone */
uint32_t lk_proc_parent(uint32_t pid);                         /* 0 = gone, or there is none */
uint64_t lk_proc_start(uint32_t pid);                          /* ticks since boot at which it was born; 0 = it is gone */
uint64_t lk_proc_ticks(void);                                  /* these now */
bool lk_proc_program(uint32_t pid, struct stat *found);        /* what it runs; false: it is gone */

/* Who descends from a trusted updater. window-lineage.c. */
struct lk_lineage;
int lk_lineage_new(const struct lk_window_state *state, struct lk_lineage **ret_lineage);
struct lk_lineage *lk_lineage_free(struct lk_lineage *lineage);
int lk_lineage_fd(const struct lk_lineage *lineage); /* readable: births and deaths; -1 = this machine does not tell them */
/* A program is being opened for execution by `pid`: `order` is the place of this in the queue of file events. */
void lk_lineage_open_exec(struct lk_lineage *lineage, uint32_t pid, int fd, uint64_t order);
/*
 * Takes what the kernel has told of births and executions so far, and believes it. Between the two the queue of file events is read, so that the file of each
 * execution that was told is known (open_exec).
 */
void lk_lineage_receive(struct lk_lineage *lineage, uint64_t order); /* `order`: of the last file event that was read */
void lk_lineage_believe(struct lk_lineage *lineage);
/* Is a write of `pid` at `order` the work of an updater? *ret_updater: the process that is the updater; 0 = none. */
bool lk_lineage_trusts(struct lk_lineage *lineage, uint32_t pid, uint64_t order, uint32_t *ret_updater);

/* One file that was written while the window was open. */
struct lk_written {
	uint64_t device, inode, size, time_ms;
	uint8_t hash[LK_HASH];
	bool trusted;
	char kind; /* 'p' program, 'l' library, 's' script */
	uint32_t pid, updater;
	char *path, *writer;
	int fd;    /* O_PATH, follows renames; -1 = none */
};

/* What is recorded. window-watch.c. */
struct lk_watch;
int lk_watch_new(int root, const struct lk_window_state *state, struct lk_watch **ret_watch);
struct lk_watch *lk_watch_free(struct lk_watch *watch);
int lk_watch_fd(const struct lk_watch *watch);
int lk_watch_lineage_fd(const struct lk_watch *watch);
/* Everything that the kernel has queued by now. */
int lk_watch_turn(struct lk_watch *watch);
size_t lk_watch_items(const struct lk_watch *watch, struct lk_written **ret_items);

/* What was there before: window-keep.c. Done when ID/kept.json is there; interrupted and called again it begins anew. */
int lk_keep_before(int root, const struct lk_window_state *state);
int lk_attributes(int fd, const struct stat *st, uint8_t out[LK_HASH]);
/* window-restore.c. Puts it back, and removes what ID/changes.json says was added. Done when ID/restored.json is there. */
int lk_keep_restore(int root, const struct lk_window_state *state);
/* Calls `each` with the path and the hash of every file that was kept (or only listed). */
int lk_keep_each(int root, const struct lk_window_state *state, int (*each)(void *arg, struct json_object *file), void *arg);
/* Forgets what older windows kept. */
void lk_keep_sweep(int root, const char *but);

/* The difference, into ID/changes.json. window/changes.c */
int lk_changes(int root, const struct lk_window_state *state, const struct lk_written *items, size_t count);
/* Of a path on this machine: 'p', 'l', 's', 0 = none of them; hashes it when it is. A read lease keeps writers out meanwhile: SK_AGAIN when there is one. */
int lk_look_at(int fd, struct sk_hasher *hasher, void *space, char *ret_kind, uint8_t ret_hash[LK_HASH]);
enum { LK_WINDOW_SPACE = 128 << 10 };
char lk_kind_of(int fd, const char *path); /* by its first bytes and its name */
/* A file of the folder WINDOW_FOLDER/ID. */
void lk_window_path(const struct lk_window_state *state, const char *name, char out[static 256]);

/* window/duty.c */
int lk_window_duty_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid);
int lk_window_duty_run(const struct sk_duty_ctx *ctx);
extern const char *const lk_window_duty_calls[];

#define LK_WINDOW_DUTY                                                                                                                 \
	{.name = "window", .as_root = true, .any_file = true, .net = true, .fork = true, .max_files = 16384,                          \
	 .caps = SK_CAP(CAP_SYS_ADMIN) | SK_CAP(CAP_DAC_OVERRIDE) | SK_CAP(CAP_DAC_READ_SEARCH) | SK_CAP(CAP_SYS_PTRACE) |            \
		 SK_CAP(CAP_LEASE) | SK_CAP(CAP_CHOWN) | SK_CAP(CAP_FOWNER) | SK_CAP(CAP_FSETID) | SK_CAP(CAP_SETFCAP) |              \
		 SK_CAP(CAP_NET_ADMIN) | SK_CAP(CAP_SETUID) | SK_CAP(CAP_SETGID) | SK_CAP(CAP_SYS_CHROOT),                                                      \
	 .syscalls = lk_window_duty_calls, .prepare = lk_window_duty_prepare, .run = lk_window_duty_run}
