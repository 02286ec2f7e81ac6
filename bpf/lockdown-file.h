/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file as both tiers see it: the kernel's numbers of types and file systems, how an inode is named in maps, what it is now, and whether that is what it was. The map of
 * known files is here, because what is said in it is said of files; who is judged by it stands in lockdown-judge.h and, for tier A, in lsm-base.h.
 */
#pragma once

#include "lockdown-kernel.h"
#include "lockdown.h"

#define SK_S_IFMT       0170000
#define SK_S_IFREG      0100000
#define SK_S_IFIFO      0010000
#define SK_S_IFCHR      0020000
#define SK_S_IFDIR      0040000
#define SK_S_IFBLK      0060000
#define SK_NULL_DEVICE  (1 << 20 | 3) /* /dev/null */
#define SK_OVERLAY      0x794c7630
#define SK_PROC         0x9fa0
#define SK_TMPFS        0x01021994
#define SK_CTIME_MASK   0x7fffffff /* bit 31 says that somebody has looked (since 6.13) */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SK_KNOWN_MAX);
	__type(key, struct sk_file_key);
	__type(value, struct sk_known);
} sk_known SEC(".maps");

/*
 * A field behind a pointer. Programs whose pointers the verifier knows the types of (LSM, with SK_TYPED; and those for 6.18, with SK_CASTS, who say the type) read it with
 * one instruction; the others, who get theirs from helpers and callbacks, with a helper's call for each step.
 */
#if defined(SK_TYPED) || defined(SK_CASTS)
#define SK_STEP(base, field) ((base)->field)
#else
#define SK_STEP(base, field) BPF_CORE_READ(base, field)
#endif

#ifdef SK_CASTS
extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym;
#define SK_CAST(type, pointer) ((type *)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(type)))
#else
#define SK_CAST(type, pointer) (pointer)
#endif

/* What a file is now. */
struct sk_look {
	struct sk_file_key key;
	__s64 changed_s;
	__u64 size;
	__u32 changed_ns, generation;
	int writers, mappings;
	__u32 links, mode;
	unsigned long magic;
	bool elsewhere; /* its file system was made in a user namespace */
	bool seen;      /* somebody has looked at its change time: whatever changes it from now on gives it another */
};

/* Of an inode of which the verifier may know nothing: it may come from a walk. */
static __always_inline void sk_key_of(struct inode *inode, struct sk_file_key *ret)
{
	ret->inode = BPF_CORE_READ(inode, i_ino);
	ret->device = BPF_CORE_READ(inode, i_sb, s_dev);
	ret->unused = 0;
}

static __always_inline void sk_look_times(struct inode *inode, struct sk_look *look)
{
	struct inode___plain *plain = (void *)inode;
	struct inode___old *old = (void *)inode;

	if (bpf_core_field_exists(inode->i_ctime_sec)) {
		look->changed_s = SK_STEP(inode, i_ctime_sec);
		look->changed_ns = SK_STEP(inode, i_ctime_nsec);
		look->seen = look->changed_ns & ~(__u32)SK_CTIME_MASK;
		look->changed_ns &= SK_CTIME_MASK;
	} else if (bpf_core_field_exists(plain->__i_ctime)) {
		look->changed_s = SK_STEP(plain, __i_ctime.tv_sec);
		look->changed_ns = (__u32)SK_STEP(plain, __i_ctime.tv_nsec);
	} else {
		look->changed_s = SK_STEP(old, i_ctime.tv_sec);
		look->changed_ns = (__u32)SK_STEP(old, i_ctime.tv_nsec);
	}
}

static __always_inline void sk_look_at(struct inode *at, struct sk_look *look)
{
	struct inode *inode = SK_CAST(struct inode, at);
	struct super_block *sb = SK_STEP(inode, i_sb);
	struct address_space *mapping = SK_STEP(inode, i_mapping);

	__builtin_memset(look, 0, sizeof *look);
	look->key.device = SK_STEP(sb, s_dev);
	look->key.inode = SK_STEP(inode, i_ino);
	look->size = (__u64)SK_STEP(inode, i_size);
	look->generation = SK_STEP(inode, i_generation);
	look->writers = SK_STEP(inode, i_writecount.counter);
	look->mappings = SK_STEP(mapping, i_mmap_writable.counter);
	look->links = SK_STEP(inode, i_nlink);
	look->mode = SK_STEP(inode, i_mode);
	look->magic = SK_STEP(sb, s_magic);
	sk_look_times(inode, look);
}

/* May its content change while it is looked at? */
static __always_inline bool sk_is_written(const struct sk_look *look)
{
	return look->writers > 0 || look->mappings > 0;
}

/* Has what was said of a file (struct sk_known, sk_permit, lsm_judged) been said of it as it is now? */
#define SK_IS_UNCHANGED(said, look) ((said)->changed_s == (look)->changed_s && (said)->changed_ns == (look)->changed_ns && (said)->size == (look)->size)

/* An inode that was removed gives its number to the next one: that is not the same file. */
static __always_inline bool sk_is_generation(const struct sk_known *known, __u32 generation)
{
	return !known->has_generation || known->generation == generation;
}
