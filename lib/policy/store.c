// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The store of signed objects. The files are the state: memory holds what they say (trust) and is read anew under the lock before anything is
 * changed, so that two processes cannot take each other's floor away. What is read is verified again, each time.
 */
#include "policy/store.h"
#include "policy/store-windows.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/file.h"
#include "os/point.h"

enum { FILES_MAX = 64 };

struct sk_policy_store {
	int dir;
	struct sk_trust trust;
};

/* Policies of a part on disk, newest first. */
struct serials {
	uint64_t items[FILES_MAX];
	size_t count;
};

const char *sk_force_name(enum sk_force force)
{
	static const char *const names[] = {"good", "expired", "revoked", "dates-held"};

	return names[force];
}

const struct sk_trust *sk_store_trust(const struct sk_policy_store *store)
{
	return &store->trust;
}

struct sk_policy_store *sk_store_close(struct sk_policy_store *store)
{
	if (!store)
		return NULL;
	sk_trust_done(&store->trust);
	sk_close_p(&store->dir);
	free(store);
	return NULL;
}

void sk_store_close_p(struct sk_policy_store **store)
{
	*store = sk_store_close(*store);
}

static void ignored(const char *path, const char *why)
{
	sk_log(SK_LOG_WARNING, "policy store: %s is ignored: %s", path, why);
}

static int load_site(struct sk_policy_store *store, struct sk_trust *trust)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(4096);
	struct sk_diag diag = {0};
	struct sk_public site;
	int r = sk_file_read(store->dir, "site.pub", 256, &text);

	if (r == 0)
		r = sk_public_parse(text.data ? text.data : "", text.size, &diag, &site);
	if (r == SK_BAD || r == SK_FULL)
		ignored("site.pub", "not a public key");
	sk_trust_init(trust, r == 0 ? &site : NULL);
	return r < 0 ? r : 0;
}

/* One envelope from a file: 0, SK_NONE (absent, or ignored as damaged), fatal. */
static int load_envelope(struct sk_policy_store *store, const char *path, struct sk_buf *text, struct sk_envelope **ret_envelope)
{
	struct sk_diag diag = {0};
	char why[400];
	int r;

	sk_buf_clear(text);
	r = sk_file_read(store->dir, path, SK_ENVELOPE_MAX, text);
	if (r == 0)
		r = sk_envelope_parse(text->data ? text->data : "", text->size, ret_envelope, &diag);
	if (r == 0 || r == SK_NONE || r < 0)
		return r;
	ignored(path, r == SK_BAD ? sk_diag_format(&diag, why, sizeof why) : "too large, or not a file of ours");
	return SK_NONE;
}

static int load_revocations(struct sk_policy_store *store, struct sk_trust *trust)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX + 1);
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	enum sk_refusal refusal;
	int r = load_envelope(store, "revocations.skr", &text, &envelope);

	if (r == 0)
		r = sk_trust_revoke(trust, envelope, &refusal, NULL);
	if (r == SK_DENIED)
		ignored("revocations.skr", sk_refusal_text(refusal, false));
	return r < 0 ? r : 0;
}

static int load_delegation(struct sk_policy_store *store, struct sk_trust *trust, const char *path)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX + 1);
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	struct sk_delegation delegation;
	enum sk_refusal refusal;
	int r = load_envelope(store, path, &text, &envelope);

	if (r != 0)
		return r < 0 ? r : 0;
	r = sk_delegation_read(trust, envelope, &delegation, &refusal, NULL);
	if (r == SK_DENIED)
		ignored(path, sk_refusal_text(refusal, false));
	if (r != 0)
		return r < 0 ? r : 0;
	r = sk_trust_remember(trust, &delegation);
	sk_delegation_done(&delegation);
	return r < 0 ? r : 0;
}

/* Calls `each` for every name in a folder below the store. */
static int walk(struct sk_policy_store *store, const char *folder, int (*each)(void *arg, const char *name), void *arg)
{
	struct dirent *entry;
	int fd, r = sk_open_in(store->dir, folder, O_RDONLY | O_DIRECTORY, 0, &fd);
	DIR *dir;

	if (r != 0)
		return r == SK_NONE ? 0 : r < 0 ? r : sk_origin(-ELOOP);
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return sk_origin_errno();
	}
	while (r == 0 && (entry = readdir(dir)))
		r = each(arg, entry->d_name);
	closedir(dir);
	return r;
}

struct loading {
	struct sk_policy_store *store;
	struct sk_trust *trust;
};

static int each_delegation(void *arg, const char *name)
{
	struct loading *l = arg;
	char path[64];

	if (strlen(name) != 20 || strcmp(name + 16, ".skd") != 0)
		return 0;
	snprintf(path, sizeof path, "delegations/%.20s", name);
	return load_delegation(l->store, l->trust, path);
}

static int load_trust(struct sk_policy_store *store)
{
	struct sk_trust trust;
	struct loading l = {store, &trust};
	int r = load_site(store, &trust);

	if (r == 0 && trust.has_site)
		r = load_revocations(store, &trust);
	if (r == 0 && trust.has_site)
		r = walk(store, "delegations", each_delegation, &l);
	if (r != 0) {
		sk_trust_done(&trust);
		return r;
	}
	sk_trust_done(&store->trust);
	store->trust = trust;
	return 0;
}

/* What sk_dir_* and sk_file_* call conditions are none here: the folder is our own. */
static int own(int r)
{
	return r > 0 ? sk_origin(r == SK_NONE ? -ENOENT : -ELOOP) : r;
}

int sk_store_open(const char *root, const char *path, struct sk_policy_store **ret_store)
{
	_cleanup_store_ struct sk_policy_store *store = sk_calloc(1, sizeof *store);
	_cleanup_close_ int top = -1;
	int r;

	if (!store)
		return sk_origin(-ENOMEM);
	store->dir = -1;
	/* A sandboxed duty may not look at the root: its folder was made before. */
	r = sk_dir_open(root, path, &store->dir);
	if (r == SK_NONE) {
		r = own(sk_dir_open(root, "", &top));
		if (r == 0)
			r = own(sk_dir_make(top, path, (uid_t)-1, (gid_t)-1, 0700));
		if (r == 0)
			r = own(sk_dir_open(root, path, &store->dir));
	}
	r = own(r);
	if (r == 0)
		r = load_trust(store);
	if (r == 0)
		*ret_store = SK_TAKE(store);
	return r;
}

/* The lock is the folder's own descriptor, opened once more: it goes when the process does. */
static int take_lock(struct sk_policy_store *store, int *ret_lock)
{
	int fd, r = own(sk_open_in(store->dir, ".", O_RDONLY | O_DIRECTORY, 0, &fd));

	if (r != 0)
		return r;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			r = sk_origin_errno();
			close(fd);
			return r;
		}
	*ret_lock = fd;
	return 0;
}

static int replace(struct sk_policy_store *store, const char *point, const char *path, const void *data, size_t size)
{
	int r;

	SK_POINT("policy.write");
	r = own(sk_file_replace(point, store->dir, path, data, size, 0600));
	SK_POINT("policy.written");
	return r;
}

int sk_store_pin(struct sk_policy_store *store, const struct sk_public *site)
{
	_cleanup_close_ int lock = -1;
	char text[SK_PUBLIC_TEXT_SIZE + 1];
	int r = take_lock(store, &lock);

	if (r == 0)
		r = load_trust(store);
	if (r != 0)
		return r;
	if (store->trust.has_site)
		return memcmp(store->trust.site.bytes, site->bytes, SK_PUBLIC_SIZE) == 0 ? 0 : SK_DENIED;
	sk_public_text(site, text);
	text[SK_PUBLIC_TEXT_SIZE - 1] = '\n';
	r = replace(store, "policy.pin", "site.pub", text, SK_PUBLIC_TEXT_SIZE);
	return r != 0 ? r : load_trust(store);
}

static int each_serial(void *arg, const char *name)
{
	struct serials *list = arg;
	char digits[21];
	uint64_t serial;
	size_t at;

	if (strlen(name) != 24 || strcmp(name + 20, ".skp") != 0)
		return 0;
	snprintf(digits, sizeof digits, "%.20s", name);
	if (sk_parse_u64(digits, INT64_MAX, &serial) != 0 || list->count == FILES_MAX)
		return 0;
	for (at = list->count++; at > 0 && list->items[at - 1] < serial; at--)
		list->items[at] = list->items[at - 1];
	list->items[at] = serial;
	return 0;
}

static void policy_path(int part, uint64_t serial, char out[static 64])
{
	snprintf(out, 64, "%.16s/%020" PRIu64 ".skp", sk_part_names[part], serial);
}

/* One stored policy judged again. 0 or SK_DENIED as sk_policy_verify(), SK_NONE when it cannot be read. */
static int judge_stored(struct sk_policy_store *store, int part, uint64_t serial, const struct sk_place *place, const struct sk_moment *when,
			struct sk_policy_answer *answer)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX + 1);
	const struct sk_policy_question question = {.trust = &store->trust, .when = *when, .part = part, .place = *place};
	char path[64];
	int r;

	memset(answer, 0, sizeof *answer);
	policy_path(part, serial, path);
	r = sk_file_read(store->dir, path, SK_ENVELOPE_MAX, &text);
	if (r != 0)
		return r < 0 ? r : SK_NONE;
	r = sk_policy_verify(&question, text.data ? text.data : "", text.size, answer);
	if (r == 0 && (uint64_t)answer->policy.serial != serial) {
		ignored(path, "its serial is another one");
		sk_policy_answer_done(answer);
		return SK_NONE;
	}
	return r;
}

/* Better comes first. A policy that is not here cannot be in force. */
enum rank { RANK_GOOD, RANK_EXPIRED, RANK_REVOKED, RANK_WAITS, RANK_USELESS };

static enum rank rank_of(int r, const struct sk_policy_answer *answer)
{
	if (r == 0)
		return RANK_GOOD;
	if (r != SK_DENIED)
		return RANK_USELESS;
	switch (answer->refusal) {
	case SK_REFUSED_EXPIRED:
	case SK_REFUSED_DELEGATION_EXPIRED:
		return RANK_EXPIRED;
	case SK_REFUSED_REVOKED:
		return RANK_REVOKED;
	case SK_REFUSED_NOT_YET:
	case SK_REFUSED_DELEGATION_NOT_YET:
		return RANK_WAITS;
	default:
		return RANK_USELESS;
	}
}

/*
 * A policy that was refused for its delegation or key was not looked at further: part and labels must fit all the same before it may stay
 * in force as the last good one.
 */
static bool still_ours(int part, const struct sk_place *place, const struct sk_policy_answer *answer)
{
	return answer->policy.serial > 0 && answer->policy.part == part && sk_labels_fit(&answer->policy.labels, place);
}

static void earliest(int64_t *next, int64_t when, int64_t now)
{
	if (when > now && (*next == 0 || when < *next))
		*next = when;
}

struct choice {
	uint64_t serial;
	enum rank rank;
	int64_t next;
	uint64_t floor; /* highest serial of a policy whose key is not revoked */
	uint8_t floor_hash[SK_SHA256_SIZE];
};

static int consider(struct sk_policy_store *store, int part, uint64_t serial, const struct sk_place *place, const struct sk_moment *when,
		    struct choice *choice)
{
	_cleanup_answer_ struct sk_policy_answer answer;
	int r = judge_stored(store, part, serial, place, when, &answer);
	enum rank rank = rank_of(r, &answer);

	if (r < 0)
		return r;
	if (rank == RANK_USELESS && answer.refusal != SK_REFUSED_LABEL) {
		sk_log(SK_LOG_WARNING, "policy store: %s %" PRIu64 " is ignored: %s", sk_part_names[part], serial,
		       answer.refusal ? sk_refusal_code(answer.refusal) : "cannot be read");
		return 0;
	}
	if (rank != RANK_REVOKED && choice->floor == 0) {
		choice->floor = serial;
		memcpy(choice->floor_hash, answer.hash, sizeof choice->floor_hash);
	}
	if (rank == RANK_USELESS || !still_ours(part, place, &answer))
		return 0;
	earliest(&choice->next, answer.policy.not_before, when->now);
	if (rank < choice->rank && rank < RANK_WAITS) {
		choice->rank = rank;
		choice->serial = serial;
	}
	if (choice->serial == serial)
		earliest(&choice->next, answer.policy.expires, when->now);
	return 0;
}

/* Newest first: of equal rank the newest stays chosen. */
static int choose(struct sk_policy_store *store, int part, const struct sk_place *place, const struct sk_moment *when, struct serials *list,
		  struct choice *ret_choice)
{
	struct choice choice = {.rank = RANK_USELESS};
	int r;

	*list = (struct serials){.count = 0};
	r = walk(store, sk_part_names[part], each_serial, list);
	for (size_t i = 0; i < list->count && r == 0; i++)
		r = consider(store, part, list->items[i], place, when, &choice);
	if (r == 0)
		*ret_choice = choice;
	return r;
}

int sk_store_in_force(struct sk_policy_store *store, int part, const struct sk_place *place, const struct sk_moment *when,
		      struct sk_policy_answer *answer, enum sk_force *ret_force, int64_t *ret_next_change)
{
	static const enum sk_force forces[] = {[RANK_GOOD] = SK_FORCE_GOOD, [RANK_EXPIRED] = SK_FORCE_EXPIRED, [RANK_REVOKED] = SK_FORCE_REVOKED};
	struct serials list;
	struct choice choice;
	int r;

	memset(answer, 0, sizeof *answer);
	r = load_trust(store);
	if (r == 0)
		r = choose(store, part, place, when, &list, &choice);
	if (r != 0)
		return r;
	*ret_next_change = choice.next;
	if (choice.rank >= RANK_WAITS)
		return SK_NONE;
	r = judge_stored(store, part, choice.serial, place, when, answer);
	if (r < 0 || r == SK_NONE)
		return r < 0 ? r : sk_origin(-ESTALE); /* it was there a moment ago */
	*ret_force = answer->held != SK_ACCEPTED ? SK_FORCE_HELD : forces[choice.rank];
	malloc_trim(0); /* a list of thousands was a tree for a moment: give its pages back */
	return 0;
}

/* Files that nobody will need: behind the newest few, but never the one in force. */
static int prune(struct sk_policy_store *store, int part, const struct serials *list, uint64_t in_force)
{
	char path[64];
	int r = 0;

	for (size_t i = SK_STORE_KEEP; i < list->count && r >= 0; i++)
		if (list->items[i] != in_force) {
			policy_path(part, list->items[i], path);
			SK_POINT("policy.prune");
			r = sk_file_remove(store->dir, path);
		}
	return r < 0 ? r : 0;
}

static int make_folder(struct sk_policy_store *store, const char *folder)
{
	return own(sk_dir_make(store->dir, folder, (uid_t)-1, (gid_t)-1, 0700));
}

static int write_envelope(struct sk_policy_store *store, const char *point, const char *path, const struct sk_envelope *envelope)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	int r = sk_envelope_write(envelope, &text);

	return r != 0 ? (r == SK_FULL ? sk_origin(-EFBIG) : r) : replace(store, point, path, text.data, text.size);
}

/* 0 = written, SK_NONE = known already. */
static int keep_delegation(struct sk_policy_store *store, const struct sk_envelope *envelope, const struct sk_delegation *delegation)
{
	char path[64];
	int r = sk_trust_remember(&store->trust, delegation);

	if (r != 0)
		return r == SK_FULL ? SK_NONE : r;
	snprintf(path, sizeof path, "delegations/%s.skd", delegation->key.id);
	r = make_folder(store, "delegations");
	return r != 0 ? r : write_envelope(store, "policy.delegation", path, envelope);
}

static int refuse(struct sk_offer *offer, enum sk_refusal refusal)
{
	offer->refusal = refusal;
	return SK_DENIED;
}

static int offer_revocations(struct sk_policy_store *store, const struct sk_envelope *envelope, struct sk_offer *offer)
{
	int64_t before = store->trust.revocations.serial;
	int r = sk_trust_revoke(&store->trust, envelope, &offer->refusal, &offer->diag);

	if (r != 0)
		return r;
	offer->serial = (uint64_t)store->trust.revocations.serial;
	if (store->trust.revocations.serial == before)
		return 0;
	r = write_envelope(store, "policy.revoke", "revocations.skr", envelope);
	offer->changed = r == 0;
	return r;
}

static int offer_delegation(struct sk_policy_store *store, const struct sk_envelope *envelope, struct sk_offer *offer)
{
	struct sk_delegation delegation;
	int r = sk_delegation_read(&store->trust, envelope, &delegation, &offer->refusal, &offer->diag);

	if (r != 0)
		return r;
	offer->serial = (uint64_t)delegation.serial;
	r = keep_delegation(store, envelope, &delegation);
	sk_delegation_done(&delegation);
	offer->changed = r == 0;
	return r == SK_NONE ? 0 : r;
}

static int put_policy(struct sk_policy_store *store, const struct sk_envelope *envelope, const struct sk_policy_answer *answer,
		      const char *text, size_t size, struct sk_offer *offer)
{
	char path[64];
	int r = 0;

	if (envelope->delegation) /* before the policy: killed between, only the delegation is known, which is harmless */
		r = keep_delegation(store, envelope->delegation, &answer->delegation);
	if (r >= 0)
		r = make_folder(store, sk_part_names[answer->policy.part]);
	if (r != 0)
		return r;
	policy_path(answer->policy.part, offer->serial, path);
	r = replace(store, "policy.store", path, text, size);
	offer->changed = r == 0;
	return r;
}

static void tell(const struct sk_policy_answer *answer, struct sk_offer *offer)
{
	offer->refusal = answer->refusal;
	offer->held = answer->held;
	offer->part = answer->policy.part;
	offer->serial = (uint64_t)answer->policy.serial;
	offer->diag = answer->diag;
	memcpy(offer->hash, answer->hash, sizeof offer->hash);
}

static enum sk_refusal check_floor(const struct choice *choice, const struct sk_offer *offer)
{
	if (offer->serial < choice->floor)
		return SK_REFUSED_OLDER;
	if (offer->serial == choice->floor && memcmp(offer->hash, choice->floor_hash, sizeof offer->hash) != 0)
		return SK_REFUSED_SAME_SERIAL;
	return SK_ACCEPTED;
}

/* A policy that is in order (or waits for its time): is it newer than all we have? Then it is kept. */
static int keep_policy(struct sk_policy_store *store, const struct sk_envelope *envelope, const struct sk_policy_answer *answer, const char *text,
		       size_t size, const struct sk_place *place, const struct sk_moment *when, struct sk_offer *offer)
{
	struct serials list;
	struct choice choice;
	enum sk_refusal refusal;
	int r = choose(store, offer->part, place, when, &list, &choice);

	if (r != 0)
		return r;
	refusal = check_floor(&choice, offer);
	if (refusal != SK_ACCEPTED)
		return refuse(offer, refusal);
	if (offer->serial == choice.floor)
		return 0; /* here already */
	r = put_policy(store, envelope, answer, text, size, offer);
	if (r == 0)
		r = choose(store, offer->part, place, when, &list, &choice);
	return r != 0 ? r : prune(store, offer->part, &list, choice.serial);
}

static int offer_policy(struct sk_policy_store *store, const struct sk_envelope *envelope, const char *text, size_t size,
			const struct sk_place *place, const struct sk_moment *when, struct sk_offer *offer)
{
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	const struct sk_policy_question question = {.trust = &store->trust, .when = *when, .part = -1, .place = *place};
	int kept, r = sk_policy_verify(&question, text, size, &answer);

	if (r < 0)
		return r;
	tell(&answer, offer);
	if (r != 0 && answer.refusal != SK_REFUSED_NOT_YET)
		return r;
	kept = keep_policy(store, envelope, &answer, text, size, place, when, offer);
	return kept != 0 ? kept : r;
}

static int offer_any(struct sk_policy_store *store, const char *text, size_t size, const struct sk_place *place, const struct sk_moment *when,
		     struct sk_offer *offer)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	int r = sk_envelope_parse(text, size, &envelope, &offer->diag);

	if (r == SK_BAD)
		return refuse(offer, SK_REFUSED_MALFORMED);
	if (r != 0)
		return r;
	memcpy(offer->type, envelope->type, sizeof offer->type);
	if (strcmp(envelope->type, SK_TYPE_REVOCATIONS) == 0)
		return offer_revocations(store, envelope, offer);
	if (strcmp(envelope->type, SK_TYPE_DELEGATION) == 0)
		return offer_delegation(store, envelope, offer);
	if (strcmp(envelope->type, SK_TYPE_WINDOW) == 0) {
		const struct sk_signed_question question = {.trust = &store->trust, .when = *when, .place = *place};

		return sk_windows_keep(store->dir, &question, text, size, offer);
	}
	return offer_policy(store, envelope, text, size, place, when, offer);
}

int sk_store_windows(struct sk_policy_store *store, const struct sk_place *place, const struct sk_moment *when,
		     int (*each)(void *arg, const struct sk_signed_answer *answer, const char *text, size_t size), void *arg)
{
	const struct sk_signed_question question = {.trust = &store->trust, .when = *when, .place = *place};
	int r = load_trust(store);

	return r ? r : sk_windows_each(store->dir, &question, each, arg);
}

int sk_store_offer(struct sk_policy_store *store, const char *envelope, size_t size, const struct sk_place *place, const struct sk_moment *when,
		   struct sk_offer *ret_offer)
{
	_cleanup_close_ int lock = -1;
	int r;

	memset(ret_offer, 0, sizeof *ret_offer);
	if (size > SK_ENVELOPE_MAX)
		return refuse(ret_offer, SK_REFUSED_TOO_LARGE);
	r = take_lock(store, &lock);
	if (r == 0)
		r = load_trust(store);
	if (r == 0)
		r = offer_any(store, envelope, size, place, when, ret_offer);
	if (r == SK_DENIED && !ret_offer->diag.text[0])
		sk_diag_path(&ret_offer->diag, "", "%s", sk_refusal_text(ret_offer->refusal, false));
	malloc_trim(0);
	return r;
}
