// SPDX-License-Identifier: GPL-3.0-or-later
/* The declared tables of signed objects, and the one list of their kinds. */
#include "policy/signed.h"

static const char *const action_names[] = {"remove", "stop", "replace", NULL};
static const char *const subject_names[] = {"tool", "laptop", "medium", NULL};
static const char *const result_names[] = {"good", "found", "waived", "skipped", NULL};

#define LABEL(type, field, what_en, what_ja)                                                                                          \
	{                                                                                                                             \
		"labels." #field, SK_KIND_STRINGS, SK_AT(type, head.labels.field), .max = 256, .item_max = 128, .en = what_en, .ja = what_ja \
	}

#define HEAD(type)                                                                                                                    \
	{"id", SK_KIND_STRING, SK_AT(type, head.id), .required = true, .min = 1, .max = 128, .en = "Its own number or name, used once.", \
	 .ja = "固有の番号または名前。一度だけ使う。"},                                                                               \
		{"from", SK_KIND_TIME, SK_AT(type, head.from), .en = "From when.", .ja = "開始日時。"},                                \
		{"until", SK_KIND_TIME, SK_AT(type, head.until), .en = "Until when.", .ja = "終了日時。"},                             \
		LABEL(type, org, "Organisations it is for; none = any.", "対象の組織。空はすべて。"),                                  \
		LABEL(type, site, "Sites it is for.", "対象のサイト。"), LABEL(type, asset, "Equipment ids it is for.", "対象の装置 ID。"), \
		LABEL(type, host, "Host names it is for.", "対象のホスト名。"),                                                        \
		{"change", SK_KIND_STRING, SK_AT(type, head.change), .min = 1, .max = 128, .en = "Change number.", .ja = "変更管理番号。"}, \
		{"owner", SK_KIND_STRING, SK_AT(type, head.owner), .min = 1, .max = 128, .en = "Who answers for it.", .ja = "責任者。"}, \
		{"title", SK_KIND_STRING, SK_AT(type, head.title), .min = 1, .max = 256, .en = "What it is for.", .ja = "目的。"},       \
		{"approvers", SK_KIND_STRINGS, SK_AT(type, head.approvers), .max = 8, .item_max = 128, .en = "Who approved it.",        \
		 .ja = "承認者。"},                                                                                                   \
	{                                                                                                                             \
		"note", SK_KIND_STRING, SK_AT(type, head.note), .min = 1, .max = 1024, .en = "Anything else.", .ja = "備考。"           \
	}

static const struct sk_setting window_rows[] = {
	HEAD(struct sk_window),
	{"vendor_consent", SK_KIND_STRING, SK_AT(struct sk_window, vendor_consent), .min = 1, .max = 256,
	 .en = "The vendor's consent on record.", .ja = "ベンダーの同意の記録。"},
	{"updaters", SK_KIND_RECORDS, SK_AT(struct sk_window, updaters), .max = SK_EXCEPTIONS_MAX, .inner = &sk_hash_note_table,
	 .en = "Programs whose files become known, beside those of the policy.", .ja = "ポリシーに加えて、書き込んだファイルが登録されるプログラム。"},
	{0}};
static const struct sk_table window_table = {"window", sizeof(struct sk_window), window_rows, "A maintenance window.", "保守時間帯。"};

static const struct sk_setting release_rows[] = {
	HEAD(struct sk_release),
	{"action", SK_KIND_ENUM, SK_AT(struct sk_release, action), .names = action_names, .required = true,
	 .en = "What may be done to the agent.", .ja = "エージェントに対して許可する操作。"},
	{"reason", SK_KIND_STRING, SK_AT(struct sk_release, reason), .required = true, .min = 1, .max = 1024, .en = "Why.", .ja = "理由。"},
	{0}};
static const struct sk_table release_table = {"release", sizeof(struct sk_release), release_rows, "A release of the agent from a machine.",
					      "エージェントの解除許可。"};

static const struct sk_setting manifest_rows[] = {
	HEAD(struct sk_manifest),
	{"vendor", SK_KIND_STRING, SK_AT(struct sk_manifest, vendor), .required = true, .min = 1, .max = 128,
	 .en = "The vendor, as the policy names it.", .ja = "ベンダー。ポリシーに記載の名前。"},
	{"product", SK_KIND_STRING, SK_AT(struct sk_manifest, product), .required = true, .min = 1, .max = 256, .en = "Product.", .ja = "製品。"},
	{"version", SK_KIND_STRING, SK_AT(struct sk_manifest, version), .required = true, .min = 1, .max = 128, .en = "Version.", .ja = "版。"},
	{"serial", SK_KIND_INT, SK_AT(struct sk_manifest, serial), .quiet = true, .en = "Of two manifests of a product the higher is newer.",
	 .ja = "同じ製品では番号の大きいものが新しい。"},
	{"programs", SK_KIND_RECORDS, SK_AT(struct sk_manifest, programs), .max = SK_PROGRAMS_MAX, .inner = &sk_program_table,
	 .en = "What the product consists of.", .ja = "製品の構成ファイル。"},
	{0}};
static const struct sk_table manifest_table = {"manifest", sizeof(struct sk_manifest), manifest_rows, "What a vendor ships.",
					       "ベンダーの出荷内容。"};

static const struct sk_setting check_rows[] = {
	{"name", SK_KIND_STRING, SK_AT(struct sk_pass_check, name), .required = true, .min = 1, .max = 64, .en = "What was looked at.",
	 .ja = "検査項目。"},
	{"result", SK_KIND_ENUM, SK_AT(struct sk_pass_check, result), .names = result_names, .required = true,
	 .en = "good; found: something; waived: found and accepted; skipped: not looked at.",
	 .ja = "good は問題なし、found は検出あり、waived は検出の上で容認、skipped は未検査。"},
	{"with", SK_KIND_STRING, SK_AT(struct sk_pass_check, with), .min = 1, .max = 256, .en = "Program and version, or who.",
	 .ja = "使用したプログラムと版、または検査者。"},
	{"data", SK_KIND_STRING, SK_AT(struct sk_pass_check, data), .min = 1, .max = 256, .en = "What it compared with, and how old that is.",
	 .ja = "照合データとその日付。"},
	{"looked", SK_KIND_INT, SK_AT(struct sk_pass_check, looked), .quiet = true, .en = "How many things were looked at.", .ja = "検査した数。"},
	{"found", SK_KIND_INT, SK_AT(struct sk_pass_check, found), .quiet = true, .en = "How many were found.", .ja = "検出した数。"},
	{"report", SK_KIND_HASH, SK_AT(struct sk_pass_check, report), .en = "SHA-256 of the report; zeros = none.", .ja = "報告書の SHA-256。0 はなし。"},
	{"note", SK_KIND_STRING, SK_AT(struct sk_pass_check, note), .min = 1, .max = 1024, .en = "Anything else.", .ja = "備考。"},
	{0}};
static const struct sk_table check_table = {"check", sizeof(struct sk_pass_check), check_rows, "One check.", "検査項目。"};

static const struct sk_setting pass_rows[] = {
	HEAD(struct sk_pass),
	{"subject", SK_KIND_ENUM, SK_AT(struct sk_pass, subject), .names = subject_names, .required = true, .en = "What was inspected.",
	 .ja = "検査の対象。"},
	{"maker", SK_KIND_STRING, SK_AT(struct sk_pass, maker), .min = 1, .max = 128, .en = "Its maker.", .ja = "製造元。"},
	{"model", SK_KIND_STRING, SK_AT(struct sk_pass, model), .min = 1, .max = 128, .en = "Its model.", .ja = "型式。"},
	{"serial", SK_KIND_STRING, SK_AT(struct sk_pass, serial), .required = true, .min = 1, .max = 128,
	 .en = "Its serial number: a pass is for this one thing.", .ja = "製造番号。許可証はこの個体に限る。"},
	{"uuid", SK_KIND_STRING, SK_AT(struct sk_pass, uuid), .min = 1, .max = 64, .en = "UUID of a medium's file system, or a machine's id.",
	 .ja = "媒体のファイルシステムの UUID、または機器の ID。"},
	{"inspector", SK_KIND_STRING, SK_AT(struct sk_pass, inspector), .required = true, .min = 1, .max = 128, .en = "Who inspected.", .ja = "検査者。"},
	{"content", SK_KIND_HASH, SK_AT(struct sk_pass, content), .en = "SHA-256 over what was on it; zeros = not made.",
	 .ja = "内容全体の SHA-256。0 はなし。"},
	{"checks", SK_KIND_RECORDS, SK_AT(struct sk_pass, checks), .max = 64, .inner = &check_table, .en = "What was looked at.", .ja = "検査結果。"},
	{0}};
static const struct sk_table pass_table = {"pass", sizeof(struct sk_pass), pass_rows, "That something was inspected on its way in.",
					   "持ち込み検査の許可証。"};

const struct sk_signed_info sk_signed_kinds[SK_SIGNED_KINDS] = {
	[SK_SIGNED_WINDOW] = {"window", SK_TYPE_WINDOW, SK_USE_EXCEPTION, &window_table, ".skw"},
	[SK_SIGNED_RELEASE] = {"release", SK_TYPE_RELEASE, SK_USE_RELEASE, &release_table, ".skl"},
	[SK_SIGNED_MANIFEST] = {"manifest", SK_TYPE_MANIFEST, 0, &manifest_table, ".skm"},
	[SK_SIGNED_PASS] = {"pass", SK_TYPE_PASS, SK_USE_ACCEPT, &pass_table, ".ska"},
};
