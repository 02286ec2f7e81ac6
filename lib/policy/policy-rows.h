// SPDX-License-Identifier: GPL-3.0-or-later
/* The rows that a policy of every part begins with. For the tables of parts alone. */
#pragma once

#include "policy/policy.h"

#define SK_POLICY_LABEL(field, what_en, what_ja)                                                                                                \
	{                                                                                                                             \
		"labels." #field, SK_KIND_STRINGS, SK_AT(struct sk_policy, labels.field), .max = 256, .item_max = 128, .en = what_en,  \
		.ja = what_ja                                                                                                         \
	}

#define SK_POLICY_ROWS \
	{"part", SK_KIND_ENUM, SK_AT(struct sk_policy, part), .names = sk_part_names, .required = true, .en = "Which part it is for.", \
	 .ja = "対象の機能。"}, \
	{"serial", SK_KIND_INT, SK_AT(struct sk_policy, serial), .en = "Of two policies of a part the higher serial counts; may not go down.", \
	 .ja = "シリアル番号。大きいものが有効で、小さくすることはできない。"}, \
	{"not_before", SK_KIND_TIME, SK_AT(struct sk_policy, not_before), .en = "From when it is in force.", .ja = "有効期間の開始日時。"}, \
	{"expires", SK_KIND_TIME, SK_AT(struct sk_policy, expires), .en = "Until when; then the last good policy stays.", \
	 .ja = "有効期限。切れた後は最後の有効なポリシーを維持する。"}, \
	{"title", SK_KIND_STRING, SK_AT(struct sk_policy, title), .min = 1, .max = 256, .en = "What it is for.", .ja = "目的。"}, \
	{"change", SK_KIND_STRING, SK_AT(struct sk_policy, change), .min = 1, .max = 128, .en = "Change number.", .ja = "変更管理番号。"}, \
	{"owner", SK_KIND_STRING, SK_AT(struct sk_policy, owner), .min = 1, .max = 128, .en = "Who answers for it.", .ja = "責任者。"}, \
	{"approvers", SK_KIND_STRINGS, SK_AT(struct sk_policy, approvers), .max = 8, .item_max = 128, .en = "Who approved it.", .ja = "承認者。"}, \
	SK_POLICY_LABEL(org, "Organisations it is for; none = any. A name may end in *.", "対象の組織。空はすべて。末尾に * を使える。"), \
	SK_POLICY_LABEL(site, "Sites it is for.", "対象のサイト。"), \
	SK_POLICY_LABEL(asset, "Equipment ids it is for.", "対象の装置 ID。"), \
	SK_POLICY_LABEL(host, "Host names it is for.", "対象のホスト名。")
