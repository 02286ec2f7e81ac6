/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all hooks of tier A stand on: maps, whom they act upon, who is one of ours, how a refusal is told, and the judgement of a file's content.
 *
 * A judgement is kept with the inode in memory, so it dies with it. It counts while epoch, change time and size are the same and nobody has the
 * file open or mapped for writing; each opening for writing and each truncation drops it first (lsm-files.h), so no change of content that
 * comes through this kernel's files goes by unseen. File systems whose content can change otherwise (network, FUSE, overlay) are
 * hashed each time.
 */
#pragma once

#define SK_TYPED
#include "lockdown-disk.h"
#include "lockdown-judge.h"
#include "lockdown-lsm.h"

#define FMODE_WRITE 2
#define EPERM 1
#define ENOSYS 38
#define EXEC 4 /* of PROT_ */
#define WRITE 2
#define HASH_ALGO_SHA256 4
#define HASH_MAX (UINT64_C(256) << 20) /* bytes; a larger file the kernel does not hash: only the guard can make it known */
#define UINT64_C(n) n##ULL

#define BPF_FS_MAGIC 0xcafe4a11
#define CGROUP_SUPER_MAGIC 0x27e0eb
#define CGROUP2_SUPER_MAGIC 0x63677270
#define BINFMTFS_MAGIC 0x42494e4d

/* Our own. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(value, struct lsm_self);
} lsm_self SEC(".maps");

/* The allowlist: kinds (enum sk_as) by hash. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LSM_LIST_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct lsm_hash);
	__type(value, struct lsm_entry);
} lsm_list SEC(".maps");

/* Files and folders that are more than content: LSM_AGENT and so on. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LSM_PLACES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct sk_file_key);
	__type(value, struct lsm_place);
} lsm_places SEC(".maps");

/* Ids of our own BPF objects: maps, and programs | LSM_PROGRAM. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u64);
	__type(value, __u32);
} lsm_objects SEC(".maps");

/* Control groups that hold one of our processes, with all above them but the root. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u64);
	__type(value, __u32);
} lsm_cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct lsm_judged);
} lsm_inodes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct lsm_task);
} lsm_tasks SEC(".maps");

static __always_inline struct lsm_self *self(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&lsm_self, &zero);
}

/* An inode that was removed gives its number to the next one: that is not the same place. */
static __always_inline __u32 place_of(struct inode *inode)
{
	struct sk_file_key key = {};
	struct lsm_place *place;

	if (!inode)
		return 0;
	sk_key_of(inode, &key);
	place = bpf_map_lookup_elem(&lsm_places, &key);
	return place && place->generation == BPF_CORE_READ(inode, i_generation) ? place->bits : 0;
}

/* False: it was so already. */
static __always_inline bool mark_place(struct inode *inode, __u32 bits)
{
	__u32 old = place_of(inode);
	struct lsm_place place = {.bits = old | bits};
	struct sk_file_key key = {};

	if ((old & bits) == bits)
		return false;
	place.generation = BPF_CORE_READ(inode, i_generation);
	sk_key_of(inode, &key);
	bpf_map_update_elem(&lsm_places, &key, &place, BPF_ANY);
	return true;
}

/* Is the program of this task one of ours? Its file decides: nobody can trace us into another, or change the file. */
static __always_inline bool is_ours(struct task_struct *task)
{
	return place_of(BPF_CORE_READ(task, mm, exe_file, f_inode)) & LSM_AGENT;
}

static __always_inline bool we_are_ours(void)
{
	return is_ours(bpf_get_current_task_btf());
}

static __always_inline bool is_kernel_thread(void)
{
	return bpf_get_current_task_btf()->flags & SK_PF_KTHREAD;
}

/* Does self-protection hold now, against the calling task? */
static __always_inline bool protects_us(void)
{
	struct sk_orders *o = sk_subject_orders();
	struct lsm_self *s = self();

	if (!o || !(o->what & SK_DO_SELF) || !s || s->going_down)
		return false;
	if (s->released_until && bpf_ktime_get_boot_ns() < s->released_until)
		return false;
	return !is_kernel_thread() && !we_are_ours();
}

/* Is the calling task a trusted updater, or a child of one, while a window is open? */
static __always_inline bool updates(void)
{
	struct lsm_self *s = self();
	struct lsm_task *t;

	if (!s || !s->maintenance_until || bpf_ktime_get_boot_ns() >= s->maintenance_until)
		return false;
	t = bpf_task_storage_get(&lsm_tasks, bpf_get_current_task_btf(), 0, 0);
	return t && t->updating == s->maintenance;
}

/* Kinds of the calling task's program, where they are more than ordinary. */
static __always_inline __u32 our_kinds(void)
{
	struct lsm_task *t = bpf_task_storage_get(&lsm_tasks, bpf_get_current_task_btf(), 0, 0);

	return t ? t->kinds : 0;
}

/* --- telling */

/* `stops` false: the policy only observes. Returns what the hook answers. */
static __always_inline int tell(const struct sk_orders *o, __u32 road, __u32 reason, struct inode *inode, struct dentry *name, bool stops)
{
	struct sk_told told = {.road = road, .reason = reason, .verdict = stops ? SK_VERDICT_DENIED : SK_VERDICT_WOULD, .dentry = name};
	struct sk_look look;

	if (inode) {
		sk_look_at(inode, &look);
		told.look = &look;
	}
	sk_tell(o, &told);
	return stops ? -EPERM : 0;
}

/* A subject does what the policy does not permit. */
static __noinline int refuse(__u32 road, __u32 reason, struct inode *inode, struct dentry *name)
{
	struct sk_orders *o = sk_subject_orders();

	return o ? tell(o, road, reason, inode, name, o->what & SK_DO_ENFORCE) : 0;
}

/* A subject reaches for the agent: refused in every mode. */
static __noinline int refuse_self(__u32 road, struct inode *inode, struct dentry *name)
{
	struct sk_orders *o = sk_subject_orders();

	return o ? tell(o, road, SK_REASON_NONE, inode, name, true) : 0;
}

/* --- what a file is */

/* Is each change of content a write through this kernel's open files? */
static __always_inline bool is_steady(const struct sk_look *look)
{
	switch (look->magic) {
	case 0xef53:     /* ext2, 3, 4 */
	case 0x58465342: /* XFS */
	case 0x9123683e: /* Btrfs */
	case 0xf2f52010: /* F2FS */
	case 0x73717368: /* squashfs */
	case 0xe0f5e1e2: /* EROFS */
	case 0x9660:     /* ISO 9660 */
	case 0x4d44:     /* FAT */
	case 0x858458f6: /* ramfs */
	case SK_TMPFS:
		return true;
	}
	return false;
}

/* Forgets an inode whose content is about to change. */
static __always_inline void forget(struct inode *inode)
{
	struct lsm_judged *j = bpf_inode_storage_get(&lsm_inodes, inode, 0, 0);
	struct sk_file_key key;

	if (j)
		j->epoch = 0;
	sk_key_of(inode, &key);
	bpf_map_delete_elem(&sk_known, &key);
}

/* What was judged by other orders or another list is judged again. */
static __always_inline __u32 epoch_of(const struct sk_orders *o)
{
	struct lsm_self *s = self();

	return s ? o->epoch + s->list + 1 : 0;
}

/* What is remembered of an inode: 1 known, 2 known to the guard, 0 unknown, -1 nothing. Fills *look, and *ret_kinds when it is known. Never sleeps. */
static __always_inline int recall(struct inode *inode, const struct sk_orders *o, struct sk_look *look, __u32 *ret_kinds)
{
	struct lsm_judged *j = bpf_inode_storage_get(&lsm_inodes, inode, 0, 0);

	sk_look_at(inode, look);
	if (j && j->epoch == epoch_of(o) && SK_IS_UNCHANGED(j, look)) {
		*ret_kinds = j->kinds;
		return j->known;
	}
	return sk_is_known(o, look, ret_kinds) == SK_REASON_NONE ? 2 : -1;
}

/* Says to the other programs and to the guard that this file is known. */
static __always_inline void publish(const struct sk_look *look, const struct lsm_entry *entry, const struct lsm_hash *hash, __u32 epoch)
{
	struct sk_known known = {.changed_s = look->changed_s, .changed_ns = look->changed_ns, .size = look->size, .kinds = entry->kinds,
				 .entry = entry->number, .epoch = epoch, .has_generation = 1, .generation = look->generation};

	__builtin_memcpy(known.hash, hash->sha256, sizeof known.hash);
	bpf_map_update_elem(&sk_known, &look->key, &known, BPF_ANY);
}

/* The folders above a known file: nothing is mounted over them. */
static __noinline void note_folders(struct dentry *dentry)
{
	struct dentry *up = BPF_CORE_READ(dentry, d_parent);
	struct inode *inode;

	for (int i = 0; i < 16 && up != dentry; i++) {
		dentry = up;
		inode = BPF_CORE_READ(dentry, d_inode);
		if (!inode || !mark_place(inode, LSM_HOLDS))
			return; /* and so do all above */
		up = BPF_CORE_READ(dentry, d_parent);
	}
}

/* With the inode: what was judged as it looked then, when it looks so still. */
static __always_inline void remember(struct inode *inode, const struct sk_orders *o, const struct sk_look *was, bool is_listed, __u32 kinds)
{
	struct lsm_judged judged = {.changed_s = was->changed_s, .changed_ns = was->changed_ns, .size = was->size, .known = is_listed, .kinds = kinds}, *j;
	struct sk_look now;

	sk_look_at(inode, &now);
	if (sk_is_written(&now) || !is_steady(&now) || !SK_IS_UNCHANGED(&judged, &now))
		return;
	j = bpf_inode_storage_get(&lsm_inodes, inode, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!j)
		return;
	judged.epoch = epoch_of(o);
	*j = judged;
}

/* Where the kernel cannot hash: the failure setting, when the guard is silent. */
static __always_inline __u32 judge_without_hash(const struct sk_orders *o)
{
	return sk_decide(o) == SK_VERDICT_FAILURE ? SK_REASON_NONE : SK_REASON_UNLISTED;
}

/*
 * Is the content of this open file on the list? Only in hooks that may sleep. A file that is open for writing is not: what would run need not be
 * what was read. SK_REASON_NONE when it is.
 */
static __always_inline __u32 judge_content(struct file *file, const struct sk_orders *o, struct sk_look *look, __u32 *ret_kinds)
{
	struct inode *inode = file->f_inode;
	struct lsm_hash hash = {};
	struct lsm_entry *entry;
	int known;

	if ((inode->i_mode & SK_S_IFMT) != SK_S_IFREG)
		return SK_REASON_NO_FILE;
	known = recall(inode, o, look, ret_kinds);
	if (sk_is_written(look))
		return SK_REASON_WRITER;
	if (known == 2) { /* the guard found it known: kept with the inode from now on */
		remember(inode, o, look, true, *ret_kinds);
		note_folders(file->f_path.dentry);
	}
	if (known >= 0)
		return known ? SK_REASON_NONE : SK_REASON_UNLISTED;
	if (look->size > HASH_MAX || bpf_ima_file_hash(file, &hash, sizeof hash) != HASH_ALGO_SHA256)
		return judge_without_hash(o);
	entry = bpf_map_lookup_elem(&lsm_list, &hash);
	if (inode->i_writecount.counter > 0 || inode->i_mapping->i_mmap_writable.counter > 0)
		return SK_REASON_WRITER;
	if (entry)
		*ret_kinds = entry->kinds;
	remember(inode, o, look, entry != NULL, *ret_kinds);
	if (!entry)
		return SK_REASON_UNLISTED;
	if (is_steady(look))
		publish(look, entry, &hash, o->epoch);
	note_folders(file->f_path.dentry);
	return SK_REASON_NONE;
}

/* Or has the guard just allowed this process this file, for a reason that is not the list: a window in which a trusted updater wrote it. */
static __always_inline __u32 judge(struct file *file, const struct sk_orders *o, __u32 *ret_kinds)
{
	struct sk_look look = {};
	__u32 reason;

	*ret_kinds = 0;
	reason = judge_content(file, o, &look, ret_kinds);
	if (reason == SK_REASON_UNLISTED &&
	    sk_is_permitted(o, &look, sk_process_of(bpf_get_current_task_btf(), o->pid_space), false, ret_kinds))
		return SK_REASON_NONE;
	return reason;
}

/*
 * Was this file found known and not written since? For what known files are protected from. An empty one has nothing to protect: many lists have the hash of nothing,
 * and every file that is just being made would be known by it.
 */
static __always_inline bool was_known(struct inode *inode)
{
	struct sk_file_key key;
	struct sk_known *k;

	if (!inode || !BPF_CORE_READ(inode, i_size))
		return false;
	sk_key_of(inode, &key);
	k = bpf_map_lookup_elem(&sk_known, &key);
	return k && sk_is_generation(k, BPF_CORE_READ(inode, i_generation));
}
