// SPDX-License-Identifier: GPL-3.0-or-later
/* The reasons for a refusal, in words: a code for machines, a sentence for people in two languages. */
#include "policy/refusal.h"

#include <stddef.h>

static const struct {
	const char *code, *en, *ja;
} texts[SK_REFUSAL_COUNT] = {
	[SK_ACCEPTED] = {"accepted", "accepted", "受け入れました"},
	[SK_REFUSED_MALFORMED] = {"malformed", "not in the declared form", "形式が正しくありません"},
	[SK_REFUSED_NOT_CANONICAL] = {"not-canonical", "the payload is not in canonical form (RFC 8785)", "ペイロードが正規形 (RFC 8785) ではありません"},
	[SK_REFUSED_TYPE] = {"other-type", "a signed object of another type", "別の種類の署名付きデータです"},
	[SK_REFUSED_UNSIGNED] = {"unsigned", "has no signature", "署名がありません"},
	[SK_REFUSED_NO_SITE_KEY] = {"no-site-key", "no site key is pinned on this machine: enrol it, or pin the key",
				    "この機器にはサイト鍵が登録されていません。登録を行うか、鍵を固定してください"},
	[SK_REFUSED_SIGNATURE] = {"bad-signature", "the signature does not fit: the content was changed, or another key signed",
				  "署名が一致しません。内容が変更されたか、別の鍵で署名されています"},
	[SK_REFUSED_UNKNOWN_KEY] = {"unknown-key", "signed by a key other than the delegated one", "委任された鍵とは別の鍵で署名されています"},
	[SK_REFUSED_DELEGATION] = {"wrong-delegation", "the signing key is not delegated by this site's key", "署名鍵がこのサイトの鍵から委任されていません"},
	[SK_REFUSED_DELEGATION_NOT_YET] = {"delegation-not-yet", "the signing key's delegation has not begun", "署名鍵の委任期間がまだ始まっていません"},
	[SK_REFUSED_DELEGATION_EXPIRED] = {"delegation-expired", "the signing key's delegation has expired", "署名鍵の委任期限が切れています"},
	[SK_REFUSED_USE] = {"use-not-allowed", "the signing key is not delegated for this use", "署名鍵はこの用途に委任されていません"},
	[SK_REFUSED_REVOKED] = {"revoked-key", "the site has revoked the signing key", "署名鍵はサイトにより失効しています"},
	[SK_REFUSED_OLDER] = {"older-serial", "its serial is below the one in force", "シリアル番号が現在有効なものより古い番号です"},
	[SK_REFUSED_SAME_SERIAL] = {"same-serial", "its serial is the one in force, but the content differs",
				    "シリアル番号が現在有効なものと同じですが、内容が異なります"},
	[SK_REFUSED_LABEL] = {"other-label", "it is for other machines", "別の機器向けです"},
	[SK_REFUSED_PART] = {"other-part", "it is for another part", "別の機能向けです"},
	[SK_REFUSED_NOT_YET] = {"not-yet", "its time has not come; it is kept and waits", "有効期間がまだ始まっていません。保管して待機します"},
	[SK_REFUSED_EXPIRED] = {"expired", "it has expired", "有効期限が切れています"},
	[SK_REFUSED_EMPTY] = {"empty-list", "to enforce an empty allowlist or scope would stop the machine, or nothing at all",
			      "空の許可リストまたは空の対象範囲では強制できません"},
	[SK_REFUSED_TOO_LARGE] = {"too-large", "larger than what is taken", "受け入れられる大きさを超えています"},
};

const char *sk_refusal_code(enum sk_refusal refusal)
{
	return (unsigned)refusal < SK_REFUSAL_COUNT ? texts[refusal].code : "unknown";
}

const char *sk_refusal_text(enum sk_refusal refusal, bool ja)
{
	if ((unsigned)refusal >= SK_REFUSAL_COUNT)
		return ja ? "不明な理由です" : "for an unknown reason";
	return ja ? texts[refusal].ja : texts[refusal].en;
}
