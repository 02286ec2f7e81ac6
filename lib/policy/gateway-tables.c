// SPDX-License-Identifier: GPL-3.0-or-later
/* The declared tables of the part "gateway". */
#include "policy/policy-rows.h"

const char *const sk_watch_names[] = {"observe", "shadow", "enforce", NULL};
const char *const sk_flow_action_names[] = {"drop", "switch", "inspect", NULL};
const char *const sk_fail_names[] = {"open", "closed", NULL};
const char *const sk_answer_names[] = {"silent", "reset", "native", NULL};
const char *const sk_frame_names[] = {"pass", "drop", NULL};
static const char *const otherwise_names[] = {"refuse", "let", NULL};
static const char *const framing_names[] = {"refuse", "tell", NULL};
static const char *const capture_names[] = {"none", "headers", "bodies", NULL};

#define NAME(type, what_en, what_ja)                                                                                                  \
	{                                                                                                                             \
		"name", SK_KIND_STRING, SK_AT(type, name), .required = true, .min = 1, .max = 64, .en = what_en, .ja = what_ja         \
	}
#define TIMER(key, member, most, usual, what_en, what_ja)                                                                              \
	{                                                                                                                             \
		"timers." key, SK_KIND_INT, SK_AT(struct sk_conduit, member), .min = 1, .max = most, .fallback = usual, .en = what_en, .ja = what_ja \
	}
#define NOTE(type)                                                                                                                    \
	{                                                                                                                             \
		"note", SK_KIND_STRING, SK_AT(type, note), .min = 1, .max = 1024, .en = "For people.", .ja = "備考。"                  \
	}

static const struct sk_setting pair_rows[] = {
	NAME(struct sk_port_pair, "Name of the pair.", "ポート対の名前。"),
	{"a", SK_KIND_STRING, SK_AT(struct sk_port_pair, a), .required = true, .min = 1, .max = 15, .en = "Interface of the protected side, the tool's.",
	 .ja = "保護する側（装置側）のインターフェース。"},
	{"b", SK_KIND_STRING, SK_AT(struct sk_port_pair, b), .required = true, .min = 1, .max = 15, .en = "Interface of the other side.",
	 .ja = "反対側のインターフェース。"},
	{0}};
static const struct sk_table pair_table = {"pair", sizeof(struct sk_port_pair), pair_rows, "A pair of ports.", "ポート対。"};

static const struct sk_setting zone_rows[] = {
	NAME(struct sk_zone, "Name of the zone; \"any\" is taken.", "ゾーンの名前。any は予約済み。"),
	{"addresses", SK_KIND_STRINGS, SK_AT(struct sk_zone, addresses), .max = SK_PREFIXES_MAX, .item_max = 64,
	 .en = "Addresses and prefixes, IPv4 and IPv6; the longest that fits decides.", .ja = "IPv4、IPv6 のアドレスまたはプレフィックス。最も長く一致するものが有効。"},
	{"vlans", SK_KIND_STRINGS, SK_AT(struct sk_zone, vlans), .max = 64, .item_max = 16, .en = "VLANs and ranges of them; none = any.",
	 .ja = "VLAN またはその範囲。空はすべて。"},
	NOTE(struct sk_zone),
	{0}};
static const struct sk_table zone_table = {"zone", sizeof(struct sk_zone), zone_rows, "A zone.", "ゾーン。"};

static const struct sk_setting asset_rows[] = {
	NAME(struct sk_asset, "Name of the asset, as in the console.", "資産の名前（コンソールと同じ）。"),
	{"address", SK_KIND_STRING, SK_AT(struct sk_asset, address), .required = true, .min = 1, .max = 64, .en = "Its address.", .ja = "アドレス。"},
	{"type", SK_KIND_STRING, SK_AT(struct sk_asset, type), .min = 1, .max = 64, .en = "Type of the tool, for released recipes.",
	 .ja = "装置の型式（リリース済みレシピの照合用）。"},
	NOTE(struct sk_asset),
	{0}};
static const struct sk_table asset_table = {"asset", sizeof(struct sk_asset), asset_rows, "A named asset.", "名前を付けた資産。"};

static const struct sk_setting conduit_rows[] = {
	NAME(struct sk_conduit, "Name of the conduit; events tell it.", "コンジットの名前。イベントに記録する。"),
	{"from", SK_KIND_STRING, SK_AT(struct sk_conduit, from), .required = true, .min = 1, .max = 64, .en = "Zone that opens connections, or any.",
	 .ja = "接続を開始するゾーン。any も可。"},
	{"to", SK_KIND_STRING, SK_AT(struct sk_conduit, to), .required = true, .min = 1, .max = 64, .en = "Zone that is connected to, or any.",
	 .ja = "接続先のゾーン。any も可。"},
	{"ports", SK_KIND_STRINGS, SK_AT(struct sk_conduit, ports), .max = 64, .item_max = 32,
	 .en = "tcp/5000, udp/161-162, tcp, icmp; none = any.", .ja = "tcp/5000、udp/161-162、tcp、icmp など。空はすべて。"},
	{"protocols", SK_KIND_STRINGS, SK_AT(struct sk_conduit, protocols), .max = 32, .item_max = 32,
	 .en = "Protocols that may be spoken; none = any.", .ja = "使用を認めるプロトコル。空はすべて。"},
	{"action", SK_KIND_ENUM, SK_AT(struct sk_conduit, action), .names = sk_flow_action_names, .required = true,
	 .en = "drop: nothing passes; switch: passes in the kernel; inspect: the engine looks.", .ja = "drop は遮断、switch はカーネル内で転送、inspect は検査。"},
	{"mode", SK_KIND_ENUM, SK_AT(struct sk_conduit, mode), .names = sk_watch_names, .required = true,
	 .en = "observe: report what was said; shadow: report what would have been refused; enforce: refuse.",
	 .ja = "observe は記録のみ、shadow は拒否したはずのものを記録、enforce は拒否。"},
	{"failure", SK_KIND_ENUM, SK_AT(struct sk_conduit, failure), .names = sk_fail_names, .fallback = "open",
	 .en = "When nobody inspects: open: on through the bridge; closed: dropped.", .ja = "検査できないとき、open は転送、closed は遮断。"},
	{"answer", SK_KIND_ENUM, SK_AT(struct sk_conduit, answer), .names = sk_answer_names, .fallback = "silent",
	 .en = "How a refusal is answered: not at all, by a TCP reset to both sides, by the protocol's own refusal.",
	 .ja = "拒否時の応答。無応答、双方への TCP リセット、プロトコル自身の拒否応答。"},
	{"lines", SK_KIND_STRINGS, SK_AT(struct sk_conduit, lines), .max = SK_LINES_MAX, .item_max = 512, .en = "Message lines.", .ja = "メッセージ行。"},
	{"otherwise", SK_KIND_ENUM, SK_AT(struct sk_conduit, otherwise), .names = otherwise_names, .fallback = "refuse",
	 .en = "A message that no line names, where there are lines.", .ja = "メッセージ行があり、どの行にも該当しないメッセージの扱い。"},
	{"framing", SK_KIND_ENUM, SK_AT(struct sk_conduit, framing), .names = framing_names, .fallback = "refuse",
	 .en = "A stream in whose middle the framing is lost, so that nobody can judge what follows: refuse (reset) or tell.",
	 .ja = "途中でメッセージの区切りを失い、以降を判定できないストリームの扱い。refuse は切断、tell は記録のみ。"},
	TIMER("t3", t3, 120, "45", "Seconds until a primary message should be answered; exceeded, it is told.", "一次メッセージへの応答までの秒数。超過は記録のみ。"),
	TIMER("t5", t5, 240, "10", "Seconds between two connections of a client to a server.", "同じ相手への接続の間隔の秒数。"),
	TIMER("t6", t6, 240, "5", "Seconds until a control request should be answered.", "制御要求への応答までの秒数。"),
	TIMER("t7", t7, 240, "10", "Seconds until a connection should be selected.", "接続から select までの秒数。"),
	TIMER("t8", t8, 120, "5", "Seconds that a message may pause within.", "メッセージの途中で途切れてよい秒数。"),
	NOTE(struct sk_conduit),
	{0}};
static const struct sk_table conduit_table = {"conduit", sizeof(struct sk_conduit), conduit_rows, "A conduit.", "コンジット。"};

static const struct sk_setting recipe_rows[] = {
	{"type", SK_KIND_STRING, SK_AT(struct sk_recipe, type), .min = 1, .max = 64, .en = "Type of the tool; none = any.", .ja = "装置の型式。省略時はすべて。"},
	{"ppid", SK_KIND_STRING, SK_AT(struct sk_recipe, ppid), .required = true, .min = 1, .max = 256, .en = "Name of the process program.",
	 .ja = "プロセスプログラムの名前（PPID）。"},
	{"sha256", SK_KIND_HASH, SK_AT(struct sk_recipe, sha256), .required = true, .en = "SHA-256 of its body.", .ja = "本体の SHA-256。"},
	NOTE(struct sk_recipe),
	{0}};
static const struct sk_table recipe_table = {"recipe", sizeof(struct sk_recipe), recipe_rows, "A released recipe.", "リリース済みのレシピ。"};

static const struct sk_setting isolation_rows[] = {
	NAME(struct sk_isolation, "Name of the set.", "隔離セットの名前。"),
	{"zones", SK_KIND_STRINGS, SK_AT(struct sk_isolation, zones), .max = SK_ZONES_MAX, .item_max = 64,
	 .en = "Zones that nothing goes into or out of.", .ja = "出入りを遮断するゾーン。"},
	{"conduits", SK_KIND_STRINGS, SK_AT(struct sk_isolation, conduits), .max = SK_CONDUITS_MAX, .item_max = 64, .en = "Conduits that are shut.",
	 .ja = "閉鎖するコンジット。"},
	NOTE(struct sk_isolation),
	{0}};
static const struct sk_table isolation_table = {"isolation", sizeof(struct sk_isolation), isolation_rows, "An isolation set.", "隔離セット。"};

#define GATEWAY(member) SK_AT(struct sk_policy, gateway.member)
#define FRAME(key, kind, what_en, what_ja)                                                                                            \
	{                                                                                                                             \
		"gateway.frames." key, SK_KIND_ENUM, GATEWAY(frames[kind]), .names = sk_frame_names, .fallback = "pass", .en = what_en, \
		.ja = what_ja                                                                                                         \
	}

static const struct sk_setting gateway_rows[] = {
	SK_POLICY_ROWS,
	{"gateway.pairs", SK_KIND_RECORDS, GATEWAY(pairs), .max = SK_PAIRS_MAX, .inner = &pair_table,
	 .en = "Port pairs it is written for: checked, and for people. Which ports a gateway has is said by its gateway.yaml alone.", .ja = "想定するポート対。検査のみ行います。実際のポートは gateway.yaml だけで決まります。"},
	{"gateway.zones", SK_KIND_RECORDS, GATEWAY(zones), .max = SK_ZONES_MAX, .inner = &zone_table, .en = "Zones.", .ja = "ゾーン。"},
	{"gateway.assets", SK_KIND_RECORDS, GATEWAY(assets), .max = 4096, .inner = &asset_table, .en = "Named assets.", .ja = "名前を付けた資産。"},
	{"gateway.conduits", SK_KIND_RECORDS, GATEWAY(conduits), .max = SK_CONDUITS_MAX, .inner = &conduit_table,
	 .en = "Conduits between zones; the first that fits decides.", .ja = "ゾーン間のコンジット。最初に一致したものが有効。"},
	{"gateway.otherwise.action", SK_KIND_ENUM, GATEWAY(otherwise_action), .names = sk_flow_action_names, .required = true,
	 .en = "What no conduit fits.", .ja = "どのコンジットにも一致しない通信の扱い。"},
	{"gateway.otherwise.mode", SK_KIND_ENUM, GATEWAY(otherwise_mode), .names = sk_watch_names, .required = true,
	 .en = "The mode of that.", .ja = "そのモード。"},
	FRAME("lldp", SK_FRAME_LLDP, "LLDP.", "LLDP。"),
	FRAME("8021x", SK_FRAME_8021X, "802.1X (EAPOL).", "802.1X（EAPOL）。"),
	FRAME("lacp", SK_FRAME_LACP, "LACP and the other slow protocols.", "LACP などのスロープロトコル。"),
	FRAME("stp", SK_FRAME_STP, "Spanning tree.", "スパニングツリー。"),
	FRAME("ptp", SK_FRAME_PTP, "PTP over Ethernet.", "Ethernet 上の PTP。"),
	FRAME("profinet", SK_FRAME_PROFINET, "PROFINET real time and DCP.", "PROFINET RT と DCP。"),
	FRAME("unknown", SK_FRAME_UNKNOWN, "Every other type that is not IP or ARP.", "IP、ARP 以外のその他の種別。"),
	{"gateway.recipes", SK_KIND_RECORDS, GATEWAY(recipes), .max = SK_RECIPES_MAX, .inner = &recipe_table, .en = "Released recipes.",
	 .ja = "リリース済みのレシピ。"},
	{"gateway.rules", SK_KIND_STRINGS, GATEWAY(rules), .max = 64, .item_max = 255, .en = "Rule files below etc/sekisho/rules.",
	 .ja = "etc/sekisho/rules の下のルールファイル。"},
	{"gateway.capture.keep", SK_KIND_ENUM, GATEWAY(capture), .names = capture_names, .fallback = "headers",
	 .en = "What is kept of the packets around an alert.", .ja = "アラート前後のパケットのうち保存するもの。"},
	{"gateway.capture.before", SK_KIND_INT, GATEWAY(capture_before), .max = 1000, .fallback = "20", .en = "Packets before it.", .ja = "直前のパケット数。"},
	{"gateway.capture.after", SK_KIND_INT, GATEWAY(capture_after), .max = 1000, .fallback = "20", .en = "Packets after it.", .ja = "直後のパケット数。"},
	{"gateway.capture.certificate", SK_KIND_STRING, GATEWAY(capture_certificate), .min = 64, .max = 8192,
	 .en = "Certificate (X.509, PEM) for whose owner bodies are encrypted.", .ja = "本文を暗号化する相手の証明書（X.509、PEM）。"},
	{"gateway.isolation", SK_KIND_RECORDS, GATEWAY(isolation), .max = SK_SETS_MAX, .inner = &isolation_table,
	 .en = "Isolation sets, signed in advance.", .ja = "事前に署名しておく隔離セット。"},
	{0}};

const struct sk_table sk_gateway_policy_table = {"policy", sizeof(struct sk_policy), gateway_rows, "What a gateway enforces.", "ゲートウェイが適用する内容。"};
