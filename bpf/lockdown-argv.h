/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an interpreter was started with: the machine that reads its arguments and environment, one string after the other, and says where its code comes
 * from. One source for both homes: lib/interp compiles it for the command, its tests and its fuzzer; the kernel side compiles it into its programs. The table
 * rows come from the files of rules/interpreters.
 *
 * It never guesses: an option it does not know, a word longer than it may look at, more words than it may look at, are UNPROVABLE, which whoever enforces
 * treats as code. Loops are bounded; nothing is allocated; words are at most SK_WORD - 1 bytes, `cut` says that there was more.
 */
#pragma once

#include <linux/types.h>

enum {
	SK_WORD = 256,        /* bytes of a word that are looked at, with the terminator */
	SK_WORDS = 96,        /* arguments that are looked at */
	SK_CLUSTER = 24,      /* letters behind one dash */
	SK_NAME = 40,         /* bytes of a long option's or a variable's name */
	SK_LONGS = 64,
	SK_ENVIRONMENT = 32,
	SK_ROWS = 48,
	SK_REFUSED = 24,      /* names of modules whose arguments are code */
	SK_NO_DESCRIPTOR = -1,
};

/* What an option does. */
enum sk_argv_class {
	SK_A_UNKNOWN,
	SK_A_FLAG,     /* nothing of interest */
	SK_A_VALUE,    /* has a value: the rest of the word, or else the next word */
	SK_A_NEXT,     /* has a value: the next word; letters behind it are options */
	SK_A_REST,     /* the rest of the word is its value, which may be empty */
	SK_A_DIGITS,   /* digits behind it are its value; then letters go on */
	SK_A_SCAN,     /* letters behind it may be its value or options: only code among them counts */
	SK_A_CODE,     /* has code */
	SK_A_MODULE,   /* names code to load, or where to look for it */
	SK_A_STDIN,    /* reads code from standard input */
	SK_A_FILE,     /* its value (as VALUE) is the script */
	SK_A_LAST,     /* the same, and what follows it belongs to the script */
	SK_A_QUIT,     /* says something and ends: no code runs */
	SK_A_END,      /* what follows belongs to another program */
	SK_A_LOAD,     /* its value (as VALUE) names a file to load, or a folder of such: whoever reads it is judged then */
	SK_A_NAME,     /* the same by the name of a module; what is no plain name is code */
	SK_A_NAME_LAST, /* the same, and what follows belongs to the module */
	SK_A_PLAIN,    /* the rest of the word is its value; what is not plain is code */
};

enum sk_argv_operand { SK_OPERAND_SCRIPT, SK_OPERAND_CODE, SK_OPERAND_DATA, SK_OPERAND_MODULE };
enum sk_argv_none { SK_NONE_STDIN, SK_NONE_IMPLICIT, SK_NONE_NOTHING };
enum sk_argv_dash { SK_DASH_STDIN, SK_DASH_END, SK_DASH_DATA };

enum sk_argv_flag {
	SK_ROW_PLUS = 1,     /* "+x" is an option like "-x" */
	SK_ROW_SINGLE = 2,   /* long names stand behind one dash as well */
	SK_ROW_PERMUTE = 4,  /* options may stand behind operands */
	SK_ROW_CHOOSER = 8,  /* several programs in one: the name it is called by chooses */
	SK_ROW_PLUS_CODE = 16, /* a word that begins with "+" is code */
	SK_ROW_ASSIGN = 32,  /* an operand NAME=value can hold code */
	SK_ROW_LOOSE = 64,   /* an operand that is no file is run as code */
	SK_ROW_LOADER = 128, /* its script is a program, and what follows are that one's words */
};

/* Where the code comes from. */
enum sk_argv_verdict {
	SK_ARGV_MORE,        /* not finished */
	SK_ARGV_NOTHING,     /* it ends without running any */
	SK_ARGV_SCRIPT,      /* a file: word number `script`, its text `skip` bytes behind the word's begin */
	SK_ARGV_IMPLICIT,    /* a file whose name it knows by itself */
	SK_ARGV_DATA,        /* operands are data; no code but its own */
	SK_ARGV_LOAD,        /* files that options name, and perhaps a script: each is judged when it is read */
	SK_ARGV_INLINE,      /* from here on: what a restricted interpreter may not do */
	SK_ARGV_STDIN,
	SK_ARGV_MODULE,
	SK_ARGV_ENVIRONMENT,
	SK_ARGV_UNPROVABLE,
};

struct sk_long {
	__u64 hash;  /* of the name without dashes */
	__u32 class_;
	__u32 unused;
};

struct sk_row { /* one interpreter */
	__u32 flags;       /* enum sk_argv_flag */
	__u8 operand, none, dash, number; /* enums above; number = place in the table */
	__u32 longs_count, environment_count;
	__u8 letters[96];  /* enum sk_argv_class of ' ' + i */
	struct sk_long longs[SK_LONGS];
	__u64 environment[SK_ENVIRONMENT]; /* hashes of names that may not be set */
	__u64 prefix[2];   /* hashes of the first prefix_size[i] bytes of names that may not be set */
	__u32 prefix_size[2];
	__u64 refused[SK_REFUSED]; /* hashes of the first part of names */
	__u32 refused_count, unused;
};

struct sk_argv_state {
	__u32 verdict;   /* enum sk_argv_verdict */
	__u32 number;    /* of the word that comes next; 0 is the program's own name */
	__u32 script;    /* word that names the script */
	__u32 skip;
	__u32 pending;   /* the next word is the value of such an option: VALUE, FILE or LAST */
	__u32 ended;     /* no options any more */
	__u32 file;      /* a script was named by an option */
	__u32 operands;  /* some were seen (with PERMUTE) */
	__u32 cut;       /* there was more of the word */
	__u32 loads;     /* a file to load was named */
	__s32 descriptor; /* with STDIN: which one it reads; SK_NO_DESCRIPTOR = not to be told */
	__u32 end, colon_end;  /* of a name: where it ended */
	__u32 found;     /* class of a name that was looked up */
	__u64 hash, colon;     /* of a name */
	char word[2 * SK_WORD]; /* at most SK_WORD - 1 bytes, terminated; the rest is there so that no place needs a check of its own */
};

/*
 * The kernel's verifier follows every path through a function that is inlined, and gives up; a function of its own it proves once, for whatever it is given. Such
 * functions take pointers to structures and give numbers, in both homes.
 */
#ifdef __bpf__
#define SK_ARGV_STEP __attribute__((noinline))
#else
#define SK_ARGV_STEP static inline
#endif
#define SK_ARGV_INLINED static inline __attribute__((always_inline))

SK_ARGV_INLINED __u64 sk_hash_begin(void)
{
	return 0xcbf29ce484222325ull;
}

SK_ARGV_INLINED __u64 sk_hash_byte(__u64 hash, __u8 byte) /* FNV-1a */
{
	return (hash ^ byte) * 0x100000001b3ull;
}

/* The number that a name of a descriptor ends with. */
SK_ARGV_STEP int sk_argv_number(struct sk_argv_state *st, __u32 at)
{
	__s32 number = 0;

	if (!st)
		return 0;
	st->descriptor = SK_NO_DESCRIPTOR;
	for (__u32 i = 0; i < 6; i++) {
		__u8 c = (__u8)st->word[(at & (SK_WORD - 1)) + i];

		if (!c) {
			if (i)
				st->descriptor = number;
			return 0;
		}
		if (c < '0' || c > '9')
			return 0;
		number = number * 10 + (c - '0');
	}
	return 0;
}

/* The word names a script, from this byte on. Is that standard input, or a descriptor, or process memory, by another name? Such a "script" is a pipe or worse. */
SK_ARGV_STEP int sk_argv_script(struct sk_argv_state *st, __u32 skip)
{
	const char *s;

	if (!st)
		return 0;
	skip &= SK_WORD - 1;
	s = st->word + skip;
	if (s[0] == '-' && !s[1]) {
		st->verdict = SK_ARGV_STDIN;
	} else if (s[0] == '/' && s[1] == 'd' && s[2] == 'e' && s[3] == 'v' && s[4] == '/') { /* stdin, fd, tty, pts, console */
		if ((s[5] == 's' && s[6] == 't') || (s[5] == 'f' && s[6] == 'd') || s[5] == 't' || s[5] == 'p' || s[5] == 'c') {
			st->verdict = SK_ARGV_STDIN;
			st->descriptor = SK_NO_DESCRIPTOR;
			if (s[5] == 's' && s[6] == 't' && s[7] == 'd' && s[8] == 'i' && s[9] == 'n' && !s[10])
				st->descriptor = 0;
			else if (s[5] == 'f' && s[7] == '/')
				sk_argv_number(st, skip + 8);
		}
	} else if (s[0] == '/' && s[1] == 'p' && s[2] == 'r' && s[3] == 'o' && s[4] == 'c' && s[5] == '/') {
		st->verdict = SK_ARGV_STDIN;
		st->descriptor = SK_NO_DESCRIPTOR;
		if (s[6] == 's' && s[7] == 'e' && s[8] == 'l' && s[9] == 'f' && s[10] == '/' && s[11] == 'f' && s[12] == 'd' && s[13] == '/')
			sk_argv_number(st, skip + 14);
	}
	if (st->verdict == SK_ARGV_STDIN)
		return 0;
	st->script = st->number;
	st->skip = skip;
	st->file = 1;
	return 0;
}

/* Letters that are a name, or a list of names, in every language. */
SK_ARGV_INLINED int sk_argv_is_name(__u8 c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '+' && c <= ':') || c == '_' || c == '=' || c == '@';
}

/* The name of a module begins at this byte: code when it is more than a name, or when the module takes code as its words. */
SK_ARGV_STEP int sk_argv_module(struct sk_row *row, struct sk_argv_state *st, __u32 at)
{
	__u64 hash = sk_hash_begin();
	__u32 first = 1;

	if (!row || !st)
		return 0;
	at &= SK_WORD - 1;
	for (__u32 i = 0; i < 128; i++) {
		__u8 c = (__u8)st->word[at + i];

		if (!c)
			break;
		if (!sk_argv_is_name(c) || i == 127) {
			st->verdict = SK_ARGV_INLINE;
			return 0;
		}
		if (c == '.' || c == '=')
			first = 0;
		if (first)
			hash = sk_hash_byte(hash, c);
	}
	for (__u32 i = 0; i < SK_REFUSED && i < row->refused_count; i++)
		if (row->refused[i] == hash)
			st->verdict = SK_ARGV_INLINE;
	return 0;
}

/* The value of an option that names a module. */
SK_ARGV_INLINED void sk_argv_name_of(struct sk_row *row, struct sk_argv_state *st, __u32 class_, __u32 at)
{
	sk_argv_module(row, st, at);
	st->loads = 1;
	if (class_ == SK_A_NAME_LAST && st->verdict == SK_ARGV_MORE)
		st->verdict = SK_ARGV_LOAD;
}

/* The script that an option names. */
SK_ARGV_INLINED void sk_argv_named(struct sk_argv_state *st, __u32 class_, __u32 skip)
{
	sk_argv_script(st, skip);
	if (class_ == SK_A_LAST && st->verdict == SK_ARGV_MORE)
		st->verdict = SK_ARGV_SCRIPT;
}

/* An option of this class, whose value (if it has one) is not in this word. 1: the word is done with. */
SK_ARGV_INLINED int sk_argv_option(struct sk_argv_state *st, __u32 class_)
{
	switch (class_) {
	case SK_A_FLAG:
	case SK_A_REST:
	case SK_A_DIGITS:
	case SK_A_SCAN:
		return 0;
	case SK_A_NEXT:
		st->pending = SK_A_VALUE;
		return 0;
	case SK_A_LOAD:
		st->loads = 1;
		st->pending = SK_A_VALUE;
		return 0;
	case SK_A_PLAIN:
		return 0;
	case SK_A_VALUE:
	case SK_A_FILE:
	case SK_A_LAST:
	case SK_A_NAME:
	case SK_A_NAME_LAST:
		st->pending = class_;
		return 0;
	case SK_A_CODE:
		st->verdict = SK_ARGV_INLINE;
		return 1;
	case SK_A_MODULE:
		st->verdict = SK_ARGV_MODULE;
		return 1;
	case SK_A_STDIN:
		st->verdict = SK_ARGV_STDIN;
		return 1;
	case SK_A_QUIT:
		st->verdict = SK_ARGV_NOTHING;
		return 1;
	case SK_A_END:
		st->verdict = st->file ? SK_ARGV_SCRIPT : SK_ARGV_DATA;
		return 1;
	default:
		st->verdict = SK_ARGV_UNPROVABLE;
		return 1;
	}
}

SK_ARGV_INLINED __u32 sk_letter(const struct sk_row *row, __u8 c)
{
	__u32 at = (__u32)c - ' ';

	return at < 96 ? row->letters[at] : SK_A_UNKNOWN;
}

/* Letters behind one dash. */
SK_ARGV_STEP int sk_argv_cluster(struct sk_row *row, struct sk_argv_state *st)
{
	int digits = 0, scan = 0;

	if (!row || !st)
		return 0;
	for (__u32 i = 1; i <= SK_CLUSTER; i++) {
		__u8 c = (__u8)st->word[i];
		__u32 class_;

		if (!c)
			return 0;
		if (digits && c >= '0' && c <= '9')
			continue;
		digits = 0;
		class_ = sk_letter(row, c);
		if (scan && class_ != SK_A_CODE && class_ != SK_A_MODULE && class_ != SK_A_STDIN)
			continue;
		if (class_ == SK_A_REST)
			return 0;
		if (class_ == SK_A_PLAIN) {
			sk_argv_module(row, st, i + 1);
			return 0;
		}
		if ((class_ == SK_A_NAME || class_ == SK_A_NAME_LAST) && st->word[i + 1]) {
			sk_argv_name_of(row, st, class_, i + 1);
			return 0;
		}
		if ((class_ == SK_A_VALUE || class_ == SK_A_LOAD || class_ == SK_A_FILE || class_ == SK_A_LAST) && st->word[i + 1]) {
			if (class_ == SK_A_LOAD)
				st->loads = 1;
			else if (class_ != SK_A_VALUE)
				sk_argv_named(st, class_, i + 1);
			return 0;
		}
		digits = class_ == SK_A_DIGITS;
		scan = scan || class_ == SK_A_SCAN;
		if (sk_argv_option(st, class_))
			return 0;
	}
	st->verdict = SK_ARGV_UNPROVABLE;
	return 0;
}

/* The name that begins at this byte of the word: its hash up to "=", and up to the first ":". */
SK_ARGV_STEP int sk_argv_name(struct sk_argv_state *st, __u32 begin)
{
	__u64 hash = sk_hash_begin();

	if (!st)
		return 0;
	st->colon_end = 0;
	st->end = begin & 3;
	for (__u32 i = begin & 3; i < SK_NAME; i++) {
		__u8 c = (__u8)st->word[i];

		st->end = i;
		if (!c || c == '=')
			break;
		if (c == ':' && !st->colon_end) {
			st->colon = hash;
			st->colon_end = i;
		}
		hash = sk_hash_byte(hash, c);
	}
	st->hash = hash;
	return 0;
}

/* The class of the long option that was hashed; what is found up to a colon counts when nothing else is. */
SK_ARGV_STEP int sk_argv_find(struct sk_row *row, struct sk_argv_state *st)
{
	__u32 found = SK_A_UNKNOWN;

	if (!row || !st)
		return 0;
	st->found = SK_A_UNKNOWN;
	for (__u32 i = 0; i < SK_LONGS && i < row->longs_count; i++) {
		if (row->longs[i].hash == st->hash) {
			st->found = row->longs[i].class_;
			st->colon_end = 0;
			return 0;
		}
		if (st->colon_end && row->longs[i].hash == st->colon)
			found = row->longs[i].class_;
	}
	st->found = found;
	return 0;
}

SK_ARGV_INLINED void sk_argv_take_long(struct sk_row *row, struct sk_argv_state *st)
{
	__u32 end = (st->colon_end ? st->colon_end : st->end) & (SK_WORD - 1), class_ = st->found;

	if (!st->word[end])
		sk_argv_option(st, class_);
	else if (class_ == SK_A_FILE || class_ == SK_A_LAST)
		sk_argv_named(st, class_, end + 1);
	else if (class_ == SK_A_NAME || class_ == SK_A_NAME_LAST)
		sk_argv_name_of(row, st, class_, end + 1);
	else if (class_ == SK_A_LOAD)
		st->loads = 1;
	else if (class_ != SK_A_VALUE && class_ != SK_A_NEXT)
		sk_argv_option(st, class_);
}

/* Does the word assign: NAME=value? */
SK_ARGV_STEP int sk_argv_assigns(struct sk_argv_state *st)
{
	if (!st)
		return 1;
	for (__u32 i = 0; i < SK_NAME; i++) {
		if (!st->word[i])
			return 0;
		if (st->word[i] == '=')
			return 1;
	}
	return 1; /* longer than a name */
}

/* A short path of letters that mean nothing to a shell. */
SK_ARGV_STEP int sk_argv_plain(struct sk_argv_state *st)
{
	if (!st)
		return 0;
	for (__u32 i = 0; i < 96; i++) {
		__u8 c = (__u8)st->word[i];

		if (!c)
			return 1;
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '+' && c <= '9') || c == '_' || c == '@'))
			return 0;
	}
	return 0;
}

SK_ARGV_STEP int sk_argv_operand(struct sk_row *row, struct sk_argv_state *st)
{
	if (!row || !st)
		return 0;
	if (((row->flags & SK_ROW_ASSIGN) && sk_argv_assigns(st)) || ((row->flags & SK_ROW_LOOSE) && !sk_argv_plain(st))) {
		st->verdict = SK_ARGV_INLINE;
	} else if (row->flags & SK_ROW_PERMUTE) { /* options may follow: decided at the end */
		if (!st->operands && !st->file && row->operand == SK_OPERAND_SCRIPT)
			sk_argv_script(st, 0);
		st->operands = 1;
	} else if (st->file) {
		st->verdict = SK_ARGV_SCRIPT;
	} else if (row->operand == SK_OPERAND_SCRIPT) {
		sk_argv_script(st, 0);
		if (st->verdict == SK_ARGV_MORE)
			st->verdict = SK_ARGV_SCRIPT;
	} else {
		st->verdict = row->operand == SK_OPERAND_CODE	   ? SK_ARGV_INLINE
			      : row->operand == SK_OPERAND_MODULE ? SK_ARGV_MODULE
								  : SK_ARGV_DATA;
	}
	return 0;
}

/* A single dash where an option could stand. */
SK_ARGV_INLINED void sk_argv_dash(struct sk_row *row, struct sk_argv_state *st)
{
	if (row->dash == SK_DASH_END)
		st->ended = 1;
	else if (row->dash == SK_DASH_STDIN && !st->file)
		st->verdict = SK_ARGV_STDIN;
	else
		sk_argv_operand(row, st);
}

/* A word that begins with a dash. */
SK_ARGV_STEP int sk_argv_dashed(struct sk_row *row, struct sk_argv_state *st)
{
	__u32 dashes;

	if (!row || !st)
		return 0;
	dashes = st->word[1] == '-' ? 2 : 1;
	if (dashes == 2 && !st->word[2]) {
		st->ended = 1;
		return 0;
	}
	st->found = SK_A_UNKNOWN;
	if (dashes == 2 || (row->flags & SK_ROW_SINGLE)) {
		sk_argv_name(st, dashes);
		sk_argv_find(row, st);
	}
	if (st->found != SK_A_UNKNOWN)
		sk_argv_take_long(row, st);
	else if (dashes == 2)
		st->verdict = SK_ARGV_UNPROVABLE;
	else if (st->cut && sk_letter(row, (__u8)st->word[1]) != SK_A_REST)
		st->verdict = SK_ARGV_UNPROVABLE;
	else
		sk_argv_cluster(row, st);
	return 0;
}

SK_ARGV_INLINED void sk_argv_plus(struct sk_row *row, struct sk_argv_state *st)
{
	if (row->flags & SK_ROW_PLUS_CODE)
		st->verdict = SK_ARGV_INLINE;
	else if (row->flags & SK_ROW_PLUS)
		sk_argv_cluster(row, st);
	else
		sk_argv_operand(row, st);
}

/* What is run by files that options named is more than a script. */
SK_ARGV_INLINED void sk_argv_settle(struct sk_argv_state *st)
{
	if (st->loads && (st->verdict == SK_ARGV_SCRIPT || st->verdict == SK_ARGV_DATA || st->verdict == SK_ARGV_IMPLICIT))
		st->verdict = SK_ARGV_LOAD;
}

/* The next word is in st->word. */
SK_ARGV_STEP int sk_argv_word(struct sk_row *row, struct sk_argv_state *st)
{
	__u32 pending;

	if (!row || !st)
		return 0;
	pending = st->pending;
	st->pending = 0;
	if (st->number == 0)
		; /* the program's own name */
	else if (pending == SK_A_VALUE)
		;
	else if (pending == SK_A_NAME || pending == SK_A_NAME_LAST)
		sk_argv_name_of(row, st, pending, 0);
	else if (pending)
		sk_argv_named(st, pending, 0);
	else if (st->ended || (st->word[0] != '-' && st->word[0] != '+'))
		sk_argv_operand(row, st);
	else if (st->word[0] == '+')
		sk_argv_plus(row, st);
	else if (!st->word[1])
		sk_argv_dash(row, st);
	else
		sk_argv_dashed(row, st);
	st->number++;
	sk_argv_settle(st);
	if (st->number >= SK_WORDS && st->verdict == SK_ARGV_MORE)
		st->verdict = SK_ARGV_UNPROVABLE;
	return 0;
}

/* There is no further word. */
SK_ARGV_STEP int sk_argv_end(struct sk_row *row, struct sk_argv_state *st)
{
	if (!row || !st || st->verdict != SK_ARGV_MORE)
		return 0;
	if (st->file)
		st->verdict = SK_ARGV_SCRIPT;
	else if (st->operands && row->operand == SK_OPERAND_CODE)
		st->verdict = SK_ARGV_INLINE;
	else if (st->operands && row->operand == SK_OPERAND_MODULE)
		st->verdict = SK_ARGV_MODULE;
	else if (st->operands && row->none == SK_NONE_NOTHING)
		st->verdict = SK_ARGV_DATA;
	else
		st->verdict = row->none == SK_NONE_STDIN      ? SK_ARGV_STDIN
			      : row->none == SK_NONE_IMPLICIT ? SK_ARGV_IMPLICIT
							      : SK_ARGV_NOTHING;
	sk_argv_settle(st);
	return 0;
}

/* Does the name of the variable in st->word begin with what none may begin with? */
SK_ARGV_STEP int sk_argv_prefix(struct sk_row *row, struct sk_argv_state *st)
{
	__u64 hash = sk_hash_begin();

	if (!row || !st)
		return 0;
	for (__u32 i = 0; i < SK_NAME; i++) {
		__u8 c = (__u8)st->word[i];

		if (!c || c == '=')
			return 0;
		hash = sk_hash_byte(hash, c);
		if ((row->prefix_size[0] == i + 1 && row->prefix[0] == hash) || (row->prefix_size[1] == i + 1 && row->prefix[1] == hash))
			return 1;
	}
	return 0;
}

/* One variable of the environment is in st->word ("NAME=value"): may it not be set? An empty value is as good as none. */
SK_ARGV_STEP int sk_argv_variable(struct sk_row *row, struct sk_argv_state *st)
{
	__u32 end;

	if (!row || !st)
		return 0;
	if (row->prefix_size[0] && sk_argv_prefix(row, st))
		return 1;
	sk_argv_name(st, 0);
	end = st->end & (SK_WORD - 1);
	if (st->word[end] != '=' || !st->word[end + 1])
		return 0;
	for (__u32 i = 0; i < SK_ENVIRONMENT && i < row->environment_count; i++)
		if (row->environment[i] == st->hash)
			return 1;
	return 0;
}
