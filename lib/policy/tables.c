// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The declared tables of a policy: from them come parser, validation, canonical form, the draft with explanations and docs/policy.md's bounds. A key that
 * came after policies were in the field is `quiet`, or empty when absent: a policy without it keeps its bytes, and means what it meant.
 */
#include "policy/policy-rows.h"

const char *const sk_part_names[] = {"lockdown", "gateway", NULL};
const char *const sk_mode_names[] = {"observe", "learn", "enforce", "shadow", NULL};
const char *const sk_failure_names[] = {"allow", "deny", NULL};
const char *const sk_program_kind_names[] = {"program", "library", "script", "module", NULL};
const char *const sk_mount_names[] = {"rw", "ro", "deny", NULL};
static const char *const overload_names[] = {"failure", "allow", "deny", NULL};
static const char *const modules_names[] = {"allow", "listed", "deny", NULL};
static const char *const allow_deny_names[] = {"allow", "deny", NULL};
static const char *const interlock_names[] = {"none", "operator", "probe", "gem", NULL};

static const struct sk_setting program_rows[] = {
	{"sha256", SK_KIND_HASH, SK_AT(struct sk_program, sha256), .required = true, .en = "What decides: SHA-256 of the file's content.",
	 .ja = "判定の基準。ファイル内容の SHA-256。"},
	{"kind", SK_KIND_ENUM, SK_AT(struct sk_program, kind), .names = sk_program_kind_names, .quiet = true,
	 .en = "What it is: a program, a library, a script, a kernel module.", .ja = "種類。プログラム、ライブラリー、スクリプト、カーネルモジュール。"},
	{"name", SK_KIND_STRING, SK_AT(struct sk_program, name), .min = 1, .max = 4096, .en = "Where it was found; for people, never decides.",
	 .ja = "見つかった場所。表示用で、判定には使わない。"},
	{"size", SK_KIND_INT, SK_AT(struct sk_program, size), .en = "Bytes; 0 = not recorded.", .ja = "バイト数。0 は記録なし。"},
	{"publisher", SK_KIND_STRING, SK_AT(struct sk_program, publisher), .min = 1, .max = 256, .en = "Maker, or who packaged it.",
	 .ja = "製造元またはパッケージの作成者。"},
	{"package", SK_KIND_STRING, SK_AT(struct sk_program, package), .min = 1, .max = 256, .en = "Name in the package database.",
	 .ja = "パッケージデータベースでの名前。"},
	{"version", SK_KIND_STRING, SK_AT(struct sk_program, version), .min = 1, .max = 128, .en = "Version of the package or product.",
	 .ja = "パッケージまたは製品の版。"},
	{"provenance", SK_KIND_STRING, SK_AT(struct sk_program, provenance), .min = 1, .max = 256,
	 .en = "How it came on the list: scan, learn, allow, with date or request.", .ja = "登録の経緯。scan、learn、allow と日付や申請番号。"},
	{"note", SK_KIND_STRING, SK_AT(struct sk_program, note), .min = 1, .max = 1024, .en = "Anything else.", .ja = "備考。"},
	{0}};

const struct sk_table sk_program_table = {"program", sizeof(struct sk_program), program_rows, "A program that may start.",
					  "実行を許可するプログラム。"};

static const struct sk_setting note_rows[] = {
	{"sha256", SK_KIND_HASH, SK_AT(struct sk_hash_note, sha256), .required = true, .en = "SHA-256 of the program.", .ja = "プログラムの SHA-256。"},
	{"name", SK_KIND_STRING, SK_AT(struct sk_hash_note, name), .min = 1, .max = 4096, .en = "Where it was found; for people.",
	 .ja = "見つかった場所。表示用。"},
	{"note", SK_KIND_STRING, SK_AT(struct sk_hash_note, note), .min = 1, .max = 1024, .en = "Why.", .ja = "理由。"},
	{0}};

const struct sk_table sk_hash_note_table = {"exception", sizeof(struct sk_hash_note), note_rows, "A program with an exception.",
					    "例外を認めるプログラム。"};

static const struct sk_setting exempt_rows[] = {
	{"program", SK_KIND_STRING, SK_AT(struct sk_exempt, program), .required = true, .min = 1, .max = 4096,
	 .en = "The interpreter: its path, or its bare name for any of that name.", .ja = "インタープリター。パス、または名前のみ（同名すべて）。"},
	{"user", SK_KIND_USER, SK_AT(struct sk_exempt, user), .en = "For this user alone.", .ja = "このユーザーに限る。"},
	{"script", SK_KIND_PATH, SK_AT(struct sk_exempt, script), .en = "For this script alone; else whatever it is given.",
	 .ja = "このスクリプトに限る。省略時は渡されたものすべて。"},
	{"note", SK_KIND_STRING, SK_AT(struct sk_exempt, note), .min = 1, .max = 1024, .en = "Why.", .ja = "理由。"},
	{0}};

static const struct sk_table exempt_table = {"exemption", sizeof(struct sk_exempt), exempt_rows, "What a restricted interpreter may do all the same.",
					     "制限中のインタープリターに認める例外。"};

static const struct sk_setting media_rows[] = {
	{"vendor", SK_KIND_STRING, SK_AT(struct sk_media, vendor), .min = 1, .max = 64, .en = "Vendor id or name; none = any.",
	 .ja = "ベンダー ID または名前。省略時はすべて。"},
	{"product", SK_KIND_STRING, SK_AT(struct sk_media, product), .min = 1, .max = 64, .en = "Product id or name.", .ja = "製品 ID または名前。"},
	{"serial", SK_KIND_STRING, SK_AT(struct sk_media, serial), .min = 1, .max = 128, .en = "Serial number of the device.", .ja = "機器の製造番号。"},
	{"uuid", SK_KIND_STRING, SK_AT(struct sk_media, uuid), .min = 1, .max = 64, .en = "UUID of its file system.", .ja = "ファイルシステムの UUID。"},
	{"mount", SK_KIND_ENUM, SK_AT(struct sk_media, terms.mount), .names = sk_mount_names, .required = true,
	 .en = "Mounted for reading and writing, for reading, or not at all.", .ja = "読み書き、読み取り専用、または禁止。"},
	{"execute", SK_KIND_BOOL, SK_AT(struct sk_media, terms.execute), .en = "Known programs on it may start.",
	 .ja = "登録済みプログラムの実行を許可する。"},
	{"copy", SK_KIND_BOOL, SK_AT(struct sk_media, terms.copy), .en = "Files may be copied to it.", .ja = "ファイルのコピーを許可する。"},
	{"pass", SK_KIND_BOOL, SK_AT(struct sk_media, terms.pass), .fallback = "false", .quiet = true,
	 .en = "Only with a valid pass (sekisho lockdown accept); refused without.", .ja = "有効な許可証（sekisho lockdown accept）がある場合に限る。ない場合は拒否する。"},
	{"note", SK_KIND_STRING, SK_AT(struct sk_media, note), .min = 1, .max = 1024, .en = "Why.", .ja = "理由。"},
	{0}};

static const struct sk_table media_table = {"medium", sizeof(struct sk_media), media_rows, "A removable medium.", "リムーバブル媒体。"};

static const struct sk_setting vendor_rows[] = {
	{"name", SK_KIND_STRING, SK_AT(struct sk_vendor, name), .required = true, .min = 1, .max = 128, .en = "As in the vendor's manifests.",
	 .ja = "マニフェストに記載の名前。"},
	{"key", SK_KIND_STRING, SK_AT(struct sk_vendor, key), .required = true, .min = 44, .max = 44, .en = "Public key, base64.", .ja = "公開鍵（base64）。"},
	{0}};

static const struct sk_table vendor_table = {"vendor", sizeof(struct sk_vendor), vendor_rows, "Whose manifests are believed.",
					     "マニフェストを信頼するベンダー。"};

#define LOCKDOWN(member) SK_AT(struct sk_policy, lockdown.member)
static const struct sk_setting policy_rows[] = {
	SK_POLICY_ROWS,
	{"lockdown.mode", SK_KIND_ENUM, LOCKDOWN(mode), .names = sk_mode_names, .required = true,
	 .en = "observe: report; learn: report as candidates; enforce: deny what is not listed; shadow: report what enforce would deny.",
	 .ja = "observe は報告のみ、learn は候補として報告、enforce は未登録を拒否、shadow は enforce なら拒否するものを報告。"},
	{"lockdown.scope", SK_KIND_PATHS, LOCKDOWN(scope), .max = SK_SCOPE_MAX,
	 .en = "Mount points of the file systems that are guarded.", .ja = "保護するファイルシステムのマウントポイント。"},
	{"lockdown.failure", SK_KIND_ENUM, LOCKDOWN(failure), .names = sk_failure_names, .fallback = "allow",
	 .en = "Answer when the deadline passes or the guard is gone.", .ja = "期限超過時や監視停止時の応答。"},
	{"lockdown.deadline_ms", SK_KIND_INT, LOCKDOWN(deadline_ms), .min = 10, .max = 60000, .fallback = "200",
	 .en = "Milliseconds until the failure setting answers; hashing that goes on extends it.",
	 .ja = "failure の設定で応答するまでのミリ秒。ハッシュ計算が進む間は延長する。"},
	{"lockdown.programs", SK_KIND_RECORDS, LOCKDOWN(programs), .max = SK_PROGRAMS_MAX, .inner = &sk_program_table,
	 .en = "The allowlist.", .ja = "許可リスト（ホワイトリスト）。"},
	{"lockdown.folders", SK_KIND_PATHS, LOCKDOWN(folders), .max = SK_FOLDERS_MAX,
	 .en = "Folders with copies of listed files: what is opened there is judged before it is used.",
	 .ja = "登録済みファイルと同一内容のファイルがあるフォルダ。開かれた時点で、使われる前に判定する。"},
	{"lockdown.overload", SK_KIND_ENUM, LOCKDOWN(overload), .names = overload_names, .quiet = true,
	 .en = "Answer when more starts wait than can be hashed; failure: as that setting says.", .ja = "過負荷時の応答。failure はその設定に従う。"},
	{"lockdown.jit", SK_KIND_RECORDS, LOCKDOWN(jit), .max = SK_EXCEPTIONS_MAX, .inner = &sk_hash_note_table,
	 .en = "Programs that may make code in memory (just-in-time compilers).", .ja = "メモリ上でのコード生成（JIT）を許可するプログラム。"},
	{"lockdown.updaters", SK_KIND_RECORDS, LOCKDOWN(updaters), .max = SK_EXCEPTIONS_MAX, .inner = &sk_hash_note_table,
	 .en = "Programs whose files become known during a maintenance window.", .ja = "保守時間帯に、書き込んだファイルが登録されるプログラム。"},
	{"lockdown.interpreters.restrict", SK_KIND_BOOL, LOCKDOWN(interpreters.restrict_), .quiet = true,
	 .en = "Interpreters read known files only, and take no code from an argument, a pipe or the environment.",
	 .ja = "インタープリターは登録済みファイルのみを読み、引数、パイプ、環境変数からのコードを受け付けない。"},
	{"lockdown.interpreters.exempt", SK_KIND_RECORDS, LOCKDOWN(interpreters.exempt), .max = SK_EXEMPT_MAX, .inner = &exempt_table,
	 .en = "What is exempt from that.", .ja = "その例外。"},
	{"lockdown.interpreters.data", SK_KIND_PATHS, LOCKDOWN(interpreters.data), .max = SK_DATA_MAX,
	 .en = "Folders of data that restricted interpreters may read.", .ja = "制限中のインタープリターが読めるデータのフォルダ。"},
	{"lockdown.protect", SK_KIND_BOOL, LOCKDOWN(protect), .quiet = true,
	 .en = "Known files cannot be written, renamed or removed (tier A).", .ja = "登録済みファイルの書き込み、改名、削除を禁止する（保護段階 A）。"},
	{"lockdown.modules", SK_KIND_ENUM, LOCKDOWN(modules), .names = modules_names, .quiet = true,
	 .en = "Kernel modules: any, listed ones, none.", .ja = "カーネルモジュール。すべて、登録済みのみ、禁止。"},
	{"lockdown.mounts", SK_KIND_ENUM, LOCKDOWN(mounts), .names = allow_deny_names, .quiet = true,
	 .en = "Mounts that would hide a known file.", .ja = "登録済みファイルを隠すマウント。"},
	{"lockdown.memory.exec", SK_KIND_ENUM, LOCKDOWN(memory_exec), .names = allow_deny_names, .quiet = true,
	 .en = "Executable memory that is or was writable; jit lists the exceptions.", .ja = "書き込み可能だったメモリーの実行。例外は jit に記載。"},
	{"lockdown.media", SK_KIND_RECORDS, LOCKDOWN(media), .max = SK_EXCEPTIONS_MAX, .inner = &media_table,
	 .en = "Removable media; the first entry that fits decides.", .ja = "リムーバブル媒体。最初に一致した項目で判定する。"},
	{"lockdown.media_default.mount", SK_KIND_ENUM, LOCKDOWN(media_default.mount), .names = sk_mount_names, .quiet = true,
	 .en = "A medium that no entry fits: mounted how.", .ja = "どの項目にも一致しない媒体のマウント。"},
	{"lockdown.media_default.execute", SK_KIND_BOOL, LOCKDOWN(media_default.execute), .fallback = "true", .quiet = true,
	 .en = "May known programs on it start?", .ja = "その媒体上の登録済みプログラムの実行を許可するか。"},
	{"lockdown.media_default.copy", SK_KIND_BOOL, LOCKDOWN(media_default.copy), .fallback = "true", .quiet = true,
	 .en = "May files be copied to it?", .ja = "その媒体へのコピーを許可するか。"},
	{"lockdown.media_default.pass", SK_KIND_BOOL, LOCKDOWN(media_default.pass), .fallback = "false", .quiet = true,
	 .en = "Only with a valid pass?", .ja = "有効な許可証がある場合に限るか。"},
	{"lockdown.interlock.source", SK_KIND_ENUM, LOCKDOWN(interlock.source), .names = interlock_names, .quiet = true,
	 .en = "Who says that the tool is idle, before a change comes into force.", .ja = "変更の適用前に装置の停止状態を確認する方法。"},
	{"lockdown.interlock.probe", SK_KIND_PATH, LOCKDOWN(interlock.probe), .en = "Program that exits 0 when the tool is idle.",
	 .ja = "装置が停止中なら 0 で終了するプログラム。"},
	{"lockdown.interlock.wait_s", SK_KIND_INT, LOCKDOWN(interlock.wait_s), .max = 2592000, .quiet = true,
	 .en = "Seconds that a change waits for it; 0 = for ever.", .ja = "変更が待つ秒数。0 は無期限。"},
	{"lockdown.self.release", SK_KIND_BOOL, LOCKDOWN(self_release), .quiet = true, .en = "Removing the agent takes a signed release.",
	 .ja = "エージェントの削除に署名付きの解除許可を必要とする。"},
	{"lockdown.vendors", SK_KIND_RECORDS, LOCKDOWN(vendors), .max = SK_VENDORS_MAX, .inner = &vendor_table,
	 .en = "Vendors whose manifests are believed.", .ja = "マニフェストを信頼するベンダー。"},
	{0}};

const struct sk_table sk_policy_table = {"policy", sizeof(struct sk_policy), policy_rows, "What a part enforces.", "各機能が適用する内容。"};
