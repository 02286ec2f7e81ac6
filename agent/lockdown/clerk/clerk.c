// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The clerk's process: start, what wakes it, heartbeats, and the times in which nothing was guarded.
 *
 * Heartbeat: a small record in LOCKDOWN_FOLDER/alive, overwritten every LK_TICK_MS while the pair lives, not synced (what must survive is our own death;
 * after a power cut nothing ran in between). At start the last one tells since when nothing was guarded; within the life of the shared memory
 * the pair's own beats do.
 */
#include "lockdown/clerk/clerk.h"
#include "lockdown/window/window.h"
#include "lockdown/window/windows.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "bpf/lockdown.h"
#include "os/file.h"

enum { SETTLE_MS = 50, FOLLOW_MS = 200, ALIVE_SIZE = 128 };

const struct sk_land_rule lk_clerk_duty_land[] = {{LOCKDOWN_FOLDER, SK_LAND_READ | SK_LAND_WRITE},
						  {LOCKDOWN_POLICY, SK_LAND_READ | SK_LAND_WRITE},
						  {"run/sekisho", SK_LAND_READ | SK_LAND_WRITE},
						  {"var/lib/sekisho/link", SK_LAND_READ},
						  {WINDOW_FOLDER, SK_LAND_READ},
						  {"var/lib/sekisho/endpoint.secret", SK_LAND_READ},
						  {"/proc/self", SK_LAND_READ | SK_LAND_HOST},
						  {"/etc/passwd", SK_LAND_READ | SK_LAND_HOST}, /* users of exemptions, by name */
						  {"/etc/nsswitch.conf", SK_LAND_READ | SK_LAND_HOST},
						  {NULL, 0}};
const struct sk_listener lk_clerk_duty_listeners[] = {{.name = "lockdown.sock", .group = "link"}, {.name = NULL}};
const char *const lk_clerk_duty_calls[] = {"inotify_init1", "inotify_add_watch", NULL};

/* --- what wakes it */

/* A futex cannot be waited for by a loop. */
static void *wait_news(void *arg)
{
	struct clerk *c = arg;
	uint64_t one = 1;

	for (uint32_t seen = atomic_load(&c->shared->news);; seen = atomic_load(&c->shared->news)) {
		lk_wait(&c->shared->news, seen, 0);
		if (atomic_load(&c->shared->news) != seen && write(c->news_fd, &one, sizeof one) < 0 && errno != EAGAIN)
			return NULL;
	}
}

static void tell_tainted(struct clerk *c)
{
	for (uint32_t i = 0; i < LK_SCOPE; i++) {
		_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
		struct sk_event_stamp at = lk_stamp(c, 0);
		bool tainted = c->shared->scope[i].tainted;

		if (tainted && !c->tainted_seen[i] &&
		    sk_event_tampering(&at, "lockdown", "device-written", c->shared->scope[i].path, &text) == 0)
			lk_report(c, SK_EVENT_TAMPERING, &text);
		c->tainted_seen[i] = tainted;
	}
}

static uint64_t to_utc(uint64_t mono_us)
{
	return sk_clock_ms() - (lk_now_us() - mono_us) / 1000;
}

static void tell_unguarded(struct clerk *c, uint64_t from_ms, const char *why)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(c, 0);
	uint64_t to_ms = sk_clock_ms();

	if (from_ms > to_ms)
		from_ms = to_ms;
	c->unguarded_from_ms = from_ms;
	c->unguarded_to_ms = to_ms;
	sk_log(SK_LOG_WARNING, "nothing was judged for %" PRIu64 " ms: %s", to_ms - from_ms, why);
	if (sk_event_unguarded(&at, "lockdown", (int64_t)from_ms, (int64_t)to_ms, why, &text) == 0)
		lk_report(c, SK_EVENT_UNGUARDED, &text);
}

static void tell_guard(struct clerk *c, enum sk_event_kind kind, const char *why)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(c, 0);
	struct lk_protection protection;

	lk_protection_get(c, &protection);
	if (sk_event_guard(kind, &at, "lockdown", lk_mode_words[c->now.orders.mode], sk_tier_names[protection.tier], why, &text) == 0)
		lk_report(c, kind, &text);
}

static void tell_touched(struct clerk *c, const char *what, const char *path)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(c, 0);

	if (sk_event_tampering(&at, "lockdown", what, path, &text) == 0)
		lk_report(c, SK_EVENT_TAMPERING, &text);
}

/* What runs is the file that was there when we began. Who installs another while a maintenance window is open does so lawfully. */
static void check_program(struct clerk *c)
{
	struct stat found;

	if (c->program_told || stat("/proc/self/exe", &found) < 0 || found.st_nlink || lk_window_is_open())
		return;
	c->program_told = true;
	tell_touched(c, "program-replaced", NULL);
}

/* Something changed in the policy folder: an import writes several files, so look when it is quiet. */
static void on_folder(void *arg, int fd, unsigned what)
{
	_Alignas(struct inotify_event) char space[4096];
	struct clerk *c = arg;
	const char *worse;
	ssize_t size;

	(void)what;
	while ((size = read(fd, space, sizeof space)) > 0)
		for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= size;) {
			const struct inotify_event *event = (const void *)(space + at);

			at += (ssize_t)sizeof *event + event->len;
			if (event->wd == c->program_watch)
				check_program(c);
			else if (event->mask & (IN_MOVE_SELF | IN_DELETE_SELF))
				tell_touched(c, "policy-removed", LOCKDOWN_POLICY);
		}
	worse = lk_unit_worse(c);
	if (worse)
		tell_touched(c, worse, "sekisho-agent.service");
	sk_timer_arm(c->settle, SETTLE_MS);
}

static void watch_folder(struct clerk *c, const char *below)
{
	char path[4200];

	snprintf(path, sizeof path, "%s/%s%s", strcmp(c->ctx->root, "/") ? c->ctx->root : "", LOCKDOWN_POLICY, below);
	if (inotify_add_watch(c->folder_fd, path, IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVE_SELF | IN_DELETE_SELF) < 0 && errno != ENOENT)
		sk_log(SK_LOG_WARNING, "%s is not watched: %s", path, strerror(errno));
}

static void on_settle(void *arg)
{
	struct clerk *c = arg;

	watch_folder(c, "/lockdown"); /* it may be new */
	lk_enforce(c);
}

/* Mounted, unmounted: the marker looks which superblocks carry our mark. The kernel tells by POLLPRI, which the loop does not know. */
static void *wait_mounts(void *arg)
{
	struct clerk *c = arg;
	struct pollfd poller = {.fd = c->mounts_fd, .events = POLLPRI};

	for (;;) {
		if (poll(&poller, 1, -1) > 0 && (poller.revents & (POLLPRI | POLLERR)))
			lk_wake(&c->shared->wanted);
		else if (poller.revents & POLLNVAL)
			return NULL;
	}
}

/* --- heartbeats */

struct alive {
	char boot[40];
	uint64_t time_ms;
};

static bool read_alive(struct clerk *c, struct alive *out)
{
	char text[ALIVE_SIZE + 1] = "";
	size_t size = 0;

	return sk_fd_pread(c->alive_fd, text, ALIVE_SIZE, 0, &size) == 0 && sscanf(text, "%36s %" SCNu64, out->boot, &out->time_ms) == 2;
}

static void write_alive(struct clerk *c)
{
	char text[ALIVE_SIZE];
	int size;

	if (lk_guard_state(c) == 0 || !c->now.any || atomic_load(&c->shared->applied) != atomic_load(&c->shared->wanted))
		return;
	size = snprintf(text, sizeof text, "%s %" PRIu64 "\n", sk_clock_boot_id(), sk_clock_ms());
	if (sk_fd_pwrite("lockdown.alive", c->alive_fd, text, (size_t)size, 0) != 0)
		sk_log(SK_LOG_INFO, "no heartbeat was written");
}

static uint64_t boot_time_ms(void)
{
	struct timespec up;

	clock_gettime(CLOCK_BOOTTIME, &up);
	return sk_clock_ms() - ((uint64_t)up.tv_sec * 1000 + (uint64_t)up.tv_nsec / 1000000);
}

/* What lies between the last sign of life and now, when the agent starts. */
static void tell_time_before(struct clerk *c)
{
	struct alive last;

	if (!read_alive(c, &last))
		tell_unguarded(c, boot_time_ms(), "first-start");
	else if (strcmp(last.boot, sk_clock_boot_id()))
		tell_unguarded(c, boot_time_ms(), "machine-started");
	else
		tell_unguarded(c, last.time_ms, "agent-was-not-running-kernel-allowed");
}

/*
 * Once a new pair has set its marks. A pair that died as a whole took the groups with it: the kernel allowed everything until the next was there.
 * A clerk that was restarted alone finds the pair that it knew.
 */
static void follow_pair(struct clerk *c)
{
	uint32_t pairs = atomic_load(&c->shared->pairs), told = c->shared->pairs_told;

	if (pairs == told || !c->now.any)
		return;
	if (lk_guard_state(c) != 1 || atomic_load(&c->shared->applied) != atomic_load(&c->shared->wanted)) {
		sk_timer_arm(c->follow, FOLLOW_MS); /* that it is up is no news of its own */
		return;
	}
	if (!told)
		tell_time_before(c);
	else if (c->shared->gone_us)
		tell_unguarded(c, to_utc(c->shared->gone_us), "guard-and-keeper-died-kernel-allowed");
	tell_guard(c, SK_EVENT_GUARD_STARTED, told ? "restart" : "start");
	c->shared->pairs_told = pairs;
	write_alive(c);
}

static void on_follow(void *arg)
{
	follow_pair(arg);
}

/* The server hears of a change when it happens. */
static void tell_health(struct clerk *c)
{
	uint64_t state = (uint64_t)lk_guard_state(c) | atomic_load(&c->shared->orders_count) << 8 | (uint64_t)atomic_load(&c->shared->applied) << 40;

	for (uint32_t i = 0; i < LK_SCOPE; i++)
		state += (uint64_t)c->shared->scope[i].tainted << 4;
	if (state != c->health_told)
		lk_control_to_link(c, SK_F_HEALTH, 0, lk_health(c));
	c->health_told = state;
}

static void on_news(void *arg, int fd, unsigned what)
{
	struct clerk *c = arg;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof count) < 0)
		return;
	lk_report_records(c);
	lk_enforce_report(c);
	lk_windows_news(c);
	lk_interlock_news(c);
	tell_tainted(c);
	follow_pair(c);
	tell_health(c);
}

static void on_tick(void *arg)
{
	struct clerk *c = arg;

	follow_pair(c);
	tell_health(c);
	write_alive(c);
	lk_learned_save(c);
}

/* --- the process */

static int open_watches(struct clerk *c)
{
	int r;

	c->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->folder_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	c->mounts_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (c->news_fd < 0 || c->folder_fd < 0)
		return sk_origin_errno();
	r = sk_watch_fd(c->loop, c->news_fd, SK_READ, on_news, c, &c->news);
	if (!r)
		r = sk_watch_fd(c->loop, c->folder_fd, SK_READ, on_folder, c, &c->folder);
	if (!r)
		r = sk_watch_timer(c->loop, on_settle, c, &c->settle);
	if (!r)
		r = sk_watch_timer(c->loop, on_follow, c, &c->follow);
	if (!r)
		r = sk_watch_timer(c->loop, on_tick, c, &c->tick);
	if (!r)
		r = sk_timer_arm_every(c->tick, LK_TICK_MS);
	watch_folder(c, "");
	watch_folder(c, "/lockdown");
	c->program_watch = inotify_add_watch(c->folder_fd, "/proc/self/exe", IN_ATTRIB | IN_DELETE_SELF);
	lk_unit_watch(c);
	return r;
}

static int start_waiters(struct clerk *c)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, wait_news, c);

	if (r == 0)
		pthread_detach(thread);
	if (r == 0 && c->mounts_fd >= 0)
		r = pthread_create(&thread, NULL, wait_mounts, c);
	return r ? sk_origin(-r) : 0;
}

static int open_parts(struct clerk *c)
{
	int r = lk_report_open(c);

	if (!r)
		r = lk_outbox_open(c);
	if (!r)
		r = lk_learned_open(c);
	if (!r)
		r = lk_windows_open(c);
	if (!r)
		r = lk_interlock_open(c);
	if (!r)
		r = lk_enforce_open(c);
	if (!r)
		r = lk_passes_open(c);
	if (!r)
		r = lk_control_open(c);
	if (!r)
		r = sk_open_in(c->ctx->root_dir, LOCKDOWN_FOLDER "/alive", O_RDWR | O_CREAT, 0600, &c->alive_fd);
	if (!r)
		r = open_watches(c);
	return r ? r : start_waiters(c);
}

static void close_parts(struct clerk *c)
{
	lk_control_close(c);
	lk_media_close(c);
	lk_enforce_close(c);
	lk_windows_close(c);
	lk_interlock_close(c);
	lk_learned_close(c);
	lk_outbox_close(c);
	lk_report_close(c);
	c->news = sk_watch_free(c->news);
	c->folder = sk_watch_free(c->folder);
	c->settle = sk_watch_free(c->settle);
	c->tick = sk_watch_free(c->tick);
	c->follow = sk_watch_free(c->follow);
}

static void on_hup(void *arg)
{
	lk_enforce(arg);
}

/* main stops guard and keeper as well; the events of that are the last. */
static void tell_stop(struct clerk *c)
{
	lk_report_repeats(c, true);
	usleep(20000); /* who ended us is told by the kernel side */
	lk_report_records(c);
	if (c->now.any)
		tell_guard(c, SK_EVENT_GUARD_STOPPED, "stop");
	lk_learned_save(c);
	write_alive(c);
}

int lk_clerk_duty_run(const struct sk_duty_ctx *ctx)
{
	static struct clerk c;
	int r;

	c = (struct clerk){.ctx = ctx, .shared = lk_duty_shared(), .news_fd = -1, .folder_fd = -1, .mounts_fd = -1, .alive_fd = -1};
	sk_list_init(&c.clients);
	sk_list_init(&c.events);
	lk_kernel_watch(c.shared, SK_ROLE_CLERK - SK_ROLE_MAIN, (uint32_t)getpid());
	c.lost_seen = atomic_load(&c.shared->count.lost_records);
	if (sk_duty_loop(ctx, on_hup, &c, &c.loop) != 0)
		return 1;
	r = open_parts(&c);
	if (r == 0) {
		lk_enforce(&c);
		r = lk_windows_resume(&c);
	}
	if (r == 0) {
		lk_report_records(&c);
		sk_duty_ready(ctx);
		r = sk_loop_run(c.loop);
		tell_stop(&c);
	}
	close_parts(&c);
	sk_duty_loop_free(ctx, c.loop);
	return r == 0 ? 0 : 1;
}
