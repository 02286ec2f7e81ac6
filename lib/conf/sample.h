// SPDX-License-Identifier: GPL-3.0-or-later
/* A table with every kind, for the tests and the fuzzer of this folder alone. */
#pragma once

#include "conf/conf.h"

struct sample_part {
	char *name;
	uint8_t sha256[32];
	int64_t size;
};

struct sample {
	char *listen;
	int level;
	bool strict;
	int64_t port;
	uint64_t cap, keep;
	int64_t since;
	char *folder, *spool_user;
	uint8_t id[32];
	struct sk_strings hosts, mounts;
	struct sk_pairs labels;
	struct sk_records parts;
	int64_t deep;
};

static const char *const sample_levels[] = {"low", "middle", "high", NULL};

static const struct sk_setting sample_part_rows[] = {
	{"name", SK_KIND_STRING, SK_AT(struct sample_part, name), .required = true, .min = 1, .max = 100, .en = "Its name.", .ja = "名前。"},
	{"sha256", SK_KIND_HASH, SK_AT(struct sample_part, sha256), .required = true, .en = "Its hash.", .ja = "ハッシュ。"},
	{"size", SK_KIND_INT, SK_AT(struct sample_part, size), .en = "Bytes.", .ja = "バイト数。"},
	{0}};

static const struct sk_table sample_part_table = {"part", sizeof(struct sample_part), sample_part_rows, "A part.", "部品。"};

static const struct sk_setting sample_rows[] = {
	{"listen", SK_KIND_STRING, SK_AT(struct sample, listen), .fallback = "127.0.0.1:8443", .max = 64, .en = "Where it listens.",
	 .ja = "待ち受けアドレス。"},
	{"level", SK_KIND_ENUM, SK_AT(struct sample, level), .names = sample_levels, .fallback = "middle", .en = "How much.", .ja = "程度。"},
	{"strict", SK_KIND_BOOL, SK_AT(struct sample, strict), .fallback = "true", .en = "Whether.", .ja = "厳密に扱うか。"},
	{"port", SK_KIND_INT, SK_AT(struct sample, port), .min = 1, .max = 65535, .fallback = "8080", .en = "Port.", .ja = "ポート。"},
	{"spool.cap", SK_KIND_SIZE, SK_AT(struct sample, cap), .fallback = "512M", .min = 1 << 20, .max = 1ull << 40, .en = "Most bytes.",
	 .ja = "最大サイズ。"},
	{"spool.keep", SK_KIND_DURATION, SK_AT(struct sample, keep), .fallback = "7d", .min = 1000, .en = "How long.", .ja = "保持期間。"},
	{"since", SK_KIND_TIME, SK_AT(struct sample, since), .en = "From when.", .ja = "開始日時。"},
	{"folder", SK_KIND_PATH, SK_AT(struct sample, folder), .en = "Where.", .ja = "フォルダー。"},
	{"users.spool", SK_KIND_USER, SK_AT(struct sample, spool_user), .fallback = "sekisho-spool", .en = "User.", .ja = "ユーザー。"},
	{"id", SK_KIND_HASH, SK_AT(struct sample, id), .en = "Id.", .ja = "識別子。"},
	{"hosts", SK_KIND_STRINGS, SK_AT(struct sample, hosts), .max = 4, .item_max = 20, .fallback = "a,b", .en = "Hosts.", .ja = "ホスト。"},
	{"mounts", SK_KIND_PATHS, SK_AT(struct sample, mounts), .max = 4, .en = "Mount points.", .ja = "マウントポイント。"},
	{"labels", SK_KIND_PAIRS, SK_AT(struct sample, labels), .max = 3, .en = "Labels.", .ja = "ラベル。"},
	{"parts", SK_KIND_RECORDS, SK_AT(struct sample, parts), .max = 5, .inner = &sample_part_table, .en = "Parts.", .ja = "部品。"},
	{"a.b.c", SK_KIND_INT, SK_AT(struct sample, deep), .en = "Deep.", .ja = "深い項目。"},
	{0}};

static const struct sk_table sample_table = {"sample.yaml", sizeof(struct sample), sample_rows, "A sample.", "見本。"};
