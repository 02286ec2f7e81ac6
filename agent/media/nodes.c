// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * From what is there to what has to be done. A sweep compares devices and mounts with the rules and starts at most one child for each medium; the child's end
 * starts the next sweep, until nothing is left to do. So it does not matter in which order devices, mounts and policies come.
 *
 * A medium is held (nobody can mount it) from the moment it is looked at until nothing is left to be done to it; a refused one stays held.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "media/media.h"
#include "os/clock.h"

/* --- children */

static void release_look(struct media_node *node, bool kill_it)
{
	node->look_watch = sk_watch_free(node->look_watch);
	if (kill_it && node->look.pid > 0)
		kill(node->look.pid, SIGKILL);
	sk_close_p(&node->look.report);
	sk_close_p(&node->look.hold); /* its end: the device can be mounted again */
	node->look.report = node->look.hold = -1;
	node->look.pid = 0;
	node->held = false;
	node->look_due_ms = 0;
}

static void release_hand(struct media_node *node, bool kill_it)
{
	node->hand_watch = sk_watch_free(node->hand_watch);
	if (kill_it && node->hand.pid > 0)
		kill(node->hand.pid, SIGKILL);
	sk_close_p(&node->hand.report);
	node->hand = (struct media_hand){.report = -1};
	free(node->job);
	node->job = NULL;
}

static void again(struct media *media)
{
	sk_deferred_call(media->sweep);
}

static void wait_a_little(struct media_node *node)
{
	uint64_t pause = (uint64_t)MEDIA_RETRY_MIN_MS << (node->tries < 8 ? node->tries++ : 8);

	pause = SK_MIN(pause, (uint64_t)MEDIA_RETRY_MS);
	node->retry_ms = sk_clock_mono_ms() + pause;
	sk_timer_arm(node->media->tick, pause);
}

/* What the child saw; its end without a word is a device that cannot be read. */
static void on_look(void *arg, int fd, unsigned what)
{
	struct media_node *node = arg;
	struct media_seen seen;
	ssize_t n = read(fd, &seen, sizeof seen);

	(void)what;
	if (n < 0 && errno == EAGAIN)
		return;
	node->look_watch = sk_watch_free(node->look_watch);
	node->look_due_ms = 0;
	node->known = true;
	node->tries = n == (ssize_t)sizeof seen && seen.held ? 0 : node->tries;
	if (n == (ssize_t)sizeof seen) {
		seen.superblock.type[sizeof seen.superblock.type - 1] = seen.superblock.uuid[sizeof seen.superblock.uuid - 1] = 0;
		node->held = seen.held;
		node->medium.superblock = seen.superblock;
	}
	if (!node->held) {
		node->elsewhere = n == (ssize_t)sizeof seen;
		release_look(node, false);
		if (!node->elsewhere)
			wait_a_little(node);
	}
	again(node->media);
}

static void start_look(struct media_node *node)
{
	uint64_t now = sk_clock_mono_ms();

	if (node->look.pid || now < node->retry_ms)
		return;
	if (media_look_start(&node->medium, &node->look) != 0 ||
	    sk_watch_fd(node->media->loop, node->look.report, SK_READ, on_look, node, &node->look_watch) != 0) {
		release_look(node, true);
		wait_a_little(node);
		return;
	}
	node->look_due_ms = now + MEDIA_PATIENCE_MS;
	sk_timer_arm(node->media->tick, MEDIA_TICK_MS);
}

static const char *point_of(const struct media_job *job)
{
	return job && job->count ? job->mounts[0].point : NULL;
}

static void tell_done(struct media_node *node, const struct media_done *done)
{
	struct media *media = node->media;
	const char *point = point_of(node->job);
	char why[96];

	if (node->job->everywhere && !done->unmounted)
		wait_a_little(node); /* whoever has it open, it is no mount; or it is just being unmounted */
	if (node->job->unmount && done->unmounted)
		media_tell(media, node, "media_refused", point, node->job->everywhere ? "unmounted-elsewhere" : "unmounted");
	else if (done->busy)
		media_tell(media, node, "media_copy_refused", point, "busy");
	else if (done->read_only)
		media_tell(media, node, "media_copy_refused", point, "read-only");
	if (done->remounted)
		media_tell(media, node, "media_restricted", point, "not-executable");
	if (done->error) {
		snprintf(why, sizeof why, "%s", strerror(done->error));
		media_tell(media, node, "media_failed", point, why);
		wait_a_little(node);
	}
}

static void on_hand(void *arg, int fd, unsigned what)
{
	struct media_node *node = arg;
	struct media_done done;
	ssize_t n = read(fd, &done, sizeof done);

	(void)what;
	if (n < 0 && errno == EAGAIN)
		return;
	if (n == (ssize_t)sizeof done) {
		if (node->job->read_only && !node->read_only_set && !done.error && !done.read_only && !done.busy)
			media_tell(node->media, node, "media_restricted", point_of(node->job), "read-only");
		if (!done.error && (node->job->read_only || node->job->device_writable))
			node->read_only_set = node->job->read_only;
		node->tried_writable |= node->job->device_writable;
		tell_done(node, &done);
	} else {
		media_tell(node->media, node, "media_failed", point_of(node->job), "ended");
		wait_a_little(node);
	}
	node->elsewhere = false;
	release_hand(node, false);
	again(node->media);
}

static void start_hand(struct media_node *node, const struct media_job *wanted)
{
	if (sk_clock_mono_ms() < node->retry_ms)
		return;
	node->job = sk_malloc(sizeof *node->job);
	if (!node->job) {
		wait_a_little(node);
		return;
	}
	*node->job = *wanted;
	if (media_hand_start(node->job, &node->hand) != 0 ||
	    sk_watch_fd(node->media->loop, node->hand.report, SK_READ, on_hand, node, &node->hand_watch) != 0) {
		release_hand(node, true);
		wait_a_little(node);
		return;
	}
	sk_timer_arm(node->media->tick, MEDIA_TICK_MS);
}

/* --- what has to be done */

static void tell_once(struct media_node *node, bool *told, const char *kind, const char *mount, const char *reason)
{
	if (!*told)
		media_tell(node->media, node, kind, mount, reason);
	*told = true;
}

static void refuse(struct media_node *node, struct media_job *job)
{
	if (job->count || node->elsewhere) {
		job->unmount = true;
		start_hand(node, job);
	} else if (!node->held) {
		start_look(node);
	} else {
		tell_once(node, &node->told_refused, "media_refused", NULL, "held");
	}
}

static void permit(struct media_node *node, struct media_job *job, bool act)
{
	bool needed = false;

	job->read_only = act && node->terms.mount == SK_MOUNT_RO;
	job->no_exec = act && !node->terms.execute;
	/* Set by us; or by an agent before us, of another medium in this device or under another policy. */
	job->device_writable = !job->read_only && (node->read_only_set || (act && node->medium.read_only && !node->tried_writable));
	for (size_t i = 0; i < job->count; i++)
		needed |= (job->no_exec && (job->mounts[i].flags & (MS_NOEXEC | MS_NOSUID | MS_NODEV)) != (MS_NOEXEC | MS_NOSUID | MS_NODEV)) ||
			  (job->read_only && !job->mounts[i].super_read_only);
	if (needed || (job->everywhere && (job->no_exec || job->read_only)) || job->device_writable || (job->read_only && !node->read_only_set))
		start_hand(node, job);
	else if (node->look.pid)
		release_look(node, false);
}

static void decide(struct media_node *node, struct media_job *job)
{
	struct media *media = node->media;
	bool act = media->rules.act;
	enum media_pass before;

	if (!media->rules.any || node->hand.pid)
		return;
	node->elsewhere &= job->count == 0;
	job->everywhere = act && node->elsewhere;
	if (!node->known) {
		start_look(node);
		return;
	}
	before = node->pass;
	node->terms = media_rules_find(&media->rules, &node->medium, &node->rule, &node->pass);
	if (node->told && before != node->pass && node->pass == MEDIA_PASS_VALID)
		media_tell(media, node, "media_attached", point_of(job), "pass");
	tell_once(node, &node->told, "media_attached", point_of(job), node->stalled ? "stalled" : "");
	if (node->terms.mount != SK_MOUNT_DENY) {
		permit(node, job, act);
		return;
	}
	if (act) {
		refuse(node, job);
		return;
	}
	tell_once(node, &node->told_observed, "media_refused", point_of(job), "observe");
	if (node->look.pid)
		release_look(node, false);
}

/* --- what is there */

/*
 * A device outlives its medium (card readers, loop devices), and so does the read-only that we set: the next medium shall not find it. Nobody waits for the
 * child; where the device is gone as well there is nothing to do.
 */
static void leave_device(const struct media_node *node)
{
	struct media_hand hand;
	struct media_job *job = node->read_only_set ? sk_calloc(1, sizeof *job) : NULL;

	if (!job)
		return;
	job->medium = node->medium;
	job->device_writable = true;
	if (media_hand_start(job, &hand) == 0)
		close(hand.report);
	free(job);
}

static void drop(struct media_node *node, const char *why, bool gone)
{
	if (gone)
		leave_device(node);
	if (node->told)
		media_tell(node->media, node, "media_removed", NULL, why);
	release_look(node, true);
	release_hand(node, true);
	sk_list_remove(&node->link);
	node->media->node_count--;
	free(node);
}

static struct media_node *find(struct media *media, unsigned major, unsigned minor)
{
	sk_list_each(node, &media->nodes, struct media_node, link)
		if (node->medium.major == major && node->medium.minor == minor)
			return node;
	return NULL;
}

static bool is_same(const struct sk_medium *a, const struct sk_medium *b)
{
	return a->sequence == b->sequence && a->sectors == b->sectors && a->kind == b->kind && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->vendor, b->vendor) == 0 && strcmp(a->product, b->product) == 0 && strcmp(a->serial, b->serial) == 0;
}

static void add(struct media *media, const struct sk_medium *medium)
{
	struct media_node *node = media->node_count < MEDIA_NODES ? sk_calloc(1, sizeof *node) : NULL;

	if (!node) {
		if (!media->crowded)
			sk_log(SK_LOG_WARNING, "more than %d media: the rest has no rule", MEDIA_NODES);
		media->crowded = true;
		return;
	}
	node->media = media;
	node->medium = *medium;
	node->present = true;
	node->rule = -1;
	node->look.report = node->look.hold = node->hand.report = -1;
	sk_list_append(&media->nodes, &node->link);
	media->node_count++;
}

static int visit(void *arg, unsigned major, unsigned minor)
{
	struct media *media = arg;
	struct media_node *node = find(media, major, minor);
	struct sk_medium medium;

	if (sk_medium_look("/sys", major, minor, media->images, &medium) != 0 || medium.kind == SK_MEDIUM_NONE || medium.has_parts || !medium.sectors)
		return 0;
	if (node && is_same(&node->medium, &medium)) {
		node->present = true;
		return 0;
	}
	if (node)
		drop(node, "replaced", true);
	add(media, &medium);
	return 0;
}

/* --- mounts */

struct gathering {
	struct media *media;
	struct media_job *jobs; /* one for each node, in their order */
	struct json_object *paths;
};

/* File systems with a device number of their own (btrfs, FUSE) are known by the node they came from. */
static struct media_node *node_of(struct media *media, const struct sk_mount_entry *mount)
{
	struct stat st;

	if (mount->major)
		return find(media, mount->major, mount->minor);
	if (strncmp(mount->source, "/dev/", 5) != 0 || lstat(mount->source, &st) < 0 || !S_ISBLK(st.st_mode))
		return NULL;
	return find(media, major(st.st_rdev), minor(st.st_rdev));
}

static int put_path(struct json_object *list, const char *point)
{
	struct json_object *one = json_object_new_object();

	if (!one || sk_json_put_base64(one, "path", point, strlen(point)))
		one = sk_json_free(one);
	return sk_json_append(list, one);
}

static int gather(void *arg, const struct sk_mount_entry *mount)
{
	struct gathering *g = arg;
	struct media_node *node = node_of(g->media, mount);
	struct media_job *job = g->jobs;

	if (!node)
		return 0;
	sk_list_each(other, &g->media->nodes, struct media_node, link) {
		if (other == node)
			break;
		job++;
	}
	if (job->count < MEDIA_MOUNTS) {
		struct media_mount *m = &job->mounts[job->count++];

		memcpy(m->point, mount->point, sizeof m->point);
		m->flags = mount->flags;
		m->super_read_only = mount->super_read_only;
	}
	return g->paths && json_object_array_length(g->paths) < MEDIA_NODES ? put_path(g->paths, mount->point) : 0;
}

static void look_at_mounts(struct media *media)
{
	struct gathering g = {media, sk_calloc(media->node_count + 1, sizeof *g.jobs), json_object_new_array()};
	size_t i = 0;
	int r = g.jobs && g.paths ? sk_mounts_each(media->mounts_fd, gather, &g) : -ENOMEM;

	if (r == 0) {
		sk_list_each(node, &media->nodes, struct media_node, link) {
			g.jobs[i].medium = node->medium;
			decide(node, &g.jobs[i++]);
		}
		media_tell_mounts(media, g.paths);
	} else {
		sk_log(SK_LOG_WARNING, "the mount table could not be read: %s", strerror(r < 0 ? -r : EIO));
		sk_json_free(g.paths);
	}
	free(g.jobs);
}

static void look_after_patience(struct media_node *node, uint64_t now)
{
	if (node->look_due_ms && now >= node->look_due_ms) {
		release_look(node, true);
		node->known = node->stalled = true;
		media_tell(node->media, node, "media_failed", NULL, "stalled");
		node->retry_ms = now + MEDIA_RETRY_MS;
	}
	if (node->hand.pid && now >= node->hand.due_ms) {
		media_tell(node->media, node, "media_failed", point_of(node->job), "stalled");
		release_hand(node, true);
		node->retry_ms = now + MEDIA_PATIENCE_MS;
	}
}

void media_sweep(void *arg)
{
	struct media *media = arg;
	uint64_t now = sk_clock_mono_ms();
	uint64_t next = UINT64_MAX;

	sk_list_each(node, &media->nodes, struct media_node, link)
		node->present = false;
	media->crowded = false;
	if (sk_medium_each("/sys", visit, media) != 0)
		return;
	sk_list_each(node, &media->nodes, struct media_node, link) {
		if (!node->present)
			drop(node, "", true);
		else
			look_after_patience(node, now);
	}
	look_at_mounts(media);
	sk_list_each(node, &media->nodes, struct media_node, link) {
		const uint64_t dues[] = {node->look_due_ms, node->hand.pid ? node->hand.due_ms : 0, node->retry_ms};

		for (size_t i = 0; i < SK_ARRAY_SIZE(dues); i++)
			if (dues[i] > now)
				next = SK_MIN(next, dues[i] - now);
	}
	if (next != UINT64_MAX)
		sk_timer_arm(media->tick, next + 1);
}

void media_decide_all(struct media *media)
{
	sk_list_each(node, &media->nodes, struct media_node, link) {
		node->told_refused = node->told_observed = false;
		node->tries = 0;
		node->retry_ms = 0;
	}
	again(media);
}

/* A hold that somebody killed is none; what it had said before may still wait to be read, and is good for the identity alone. */
void media_reap(struct media *media)
{
	for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) > 0;)
		sk_list_each(node, &media->nodes, struct media_node, link) {
			if (node->look.pid != pid)
				continue;
			if (node->look_watch)
				on_look(node, node->look.report, SK_READ);
			release_look(node, false);
			again(media);
		}
}

void media_nodes_close(struct media *media)
{
	sk_list_each(node, &media->nodes, struct media_node, link) {
		node->told = false;
		drop(node, "", false); /* what is restricted stays so */
	}
}
