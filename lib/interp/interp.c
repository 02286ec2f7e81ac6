// SPDX-License-Identifier: GPL-3.0-or-later
/* The schema of an interpreter's file, its way into a row, and the machine's first home: judging a call in user space. */
#include "interp/interp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static const char *const operand_names[] = {"script", "code", "data", "module", NULL};
static const char *const none_names[] = {"stdin", "implicit", "nothing", NULL};
static const char *const dash_names[] = {"stdin", "end", "data", NULL};
const char *const sk_argv_verdict_names[] = {"more", "nothing", "script", "implicit", "data", "load", "inline", "stdin", "module", "environment", "unprovable", NULL};

static const struct sk_setting example_rows[] = {
	{"run", SK_KIND_STRINGS, SK_AT(struct sk_interp_example, run), .max = 32, .en = "Words behind the program's name.", .ja = "プログラム名に続く引数。"},
	{"set", SK_KIND_STRINGS, SK_AT(struct sk_interp_example, set), .max = 8, .en = "Variables, as NAME=value.", .ja = "環境変数（NAME=value）。"},
	{"only", SK_KIND_STRINGS, SK_AT(struct sk_interp_example, only), .max = 16, .en = "Programs for which it holds.", .ja = "対象のプログラム。"},
	{"is", SK_KIND_ENUM, SK_AT(struct sk_interp_example, is), .names = sk_argv_verdict_names, .required = true, .en = "What the call is.",
	 .ja = "呼び出しの判定。"},
	{"dead", SK_KIND_BOOL, SK_AT(struct sk_interp_example, dead), .quiet = true, .en = "Not run for real by tests.", .ja = "試験で実行しない。"},
	{0}};
static const struct sk_table example_table = {"example", sizeof(struct sk_interp_example), example_rows, "A call and what it is.", "呼び出しの例と判定。"};

#define LETTERS(word, field, what_en, what_ja)                                                                                        \
	{                                                                                                                             \
		"short." word, SK_KIND_STRING, SK_AT(struct sk_interp, letters.field), .max = 96, .en = what_en, .ja = what_ja         \
	}
#define NAMES(word, field, what_en, what_ja)                                                                                          \
	{                                                                                                                             \
		"long." word, SK_KIND_STRINGS, SK_AT(struct sk_interp, longs.field), .max = SK_LONGS, .item_max = SK_NAME - 1, .en = what_en,  \
		.ja = what_ja                                                                                                         \
	}

static const struct sk_setting rows[] = {
	{"name", SK_KIND_STRING, SK_AT(struct sk_interp, name), .required = true, .min = 1, .max = 32, .en = "Name of this file's language.", .ja = "言語の名前。"},
	{"about", SK_KIND_STRING, SK_AT(struct sk_interp, about), .min = 1, .max = 256, .en = "In words.", .ja = "説明。"},
	{"programs", SK_KIND_STRINGS, SK_AT(struct sk_interp, programs), .required = true, .min = 1, .max = 32, .item_max = 32,
	 .en = "Names of the programs; digits and dots may follow.", .ja = "プログラム名。後に数字と点が続いてもよい。"},
	{"chooser", SK_KIND_BOOL, SK_AT(struct sk_interp, chooser), .en = "Many programs in one: the name it is called by chooses.",
	 .ja = "一つで複数のプログラムを兼ね、呼び出し名で選ぶ。"},
	{"plus", SK_KIND_BOOL, SK_AT(struct sk_interp, plus), .en = "+x is an option like -x.", .ja = "+x も -x と同じオプション。"},
	{"plus_code", SK_KIND_BOOL, SK_AT(struct sk_interp, plus_code), .en = "A word that begins with + is code.", .ja = "+ で始まる引数はコード。"},
	{"assign", SK_KIND_BOOL, SK_AT(struct sk_interp, assign), .en = "An operand NAME=value can hold code.", .ja = "NAME=value の引数はコードになりうる。"},
	{"loose", SK_KIND_BOOL, SK_AT(struct sk_interp, loose), .en = "An operand that is no file is run as code.", .ja = "ファイルでない引数をコードとして実行する。"},
	{"loader", SK_KIND_BOOL, SK_AT(struct sk_interp, loader), .en = "Its script is a program, and what follows are that one's words.",
	 .ja = "スクリプトに当たるものは別のプログラムで、以降はその引数。"},
	{"single", SK_KIND_BOOL, SK_AT(struct sk_interp, single), .en = "Long names stand behind one dash as well.", .ja = "長い名前にハイフン一つも使える。"},
	{"permute", SK_KIND_BOOL, SK_AT(struct sk_interp, permute), .en = "Options may stand behind operands.", .ja = "オペランドの後にもオプションを書ける。"},
	{"input", SK_KIND_BOOL, SK_AT(struct sk_interp, input), .en = "Standard input is data for it; tests give it a line.",
	 .ja = "標準入力はデータ。試験では 1 行を渡す。"},
	{"operand", SK_KIND_ENUM, SK_AT(struct sk_interp, operand), .names = operand_names, .required = true, .en = "What its first operand is.",
	 .ja = "最初のオペランドの意味。"},
	{"none", SK_KIND_ENUM, SK_AT(struct sk_interp, none), .names = none_names, .required = true, .en = "What it does without one.",
	 .ja = "オペランドがない場合の動作。"},
	{"dash", SK_KIND_ENUM, SK_AT(struct sk_interp, dash), .names = dash_names, .fallback = "data", .en = "What a single dash is.", .ja = "ハイフン一つの意味。"},
	LETTERS("flag", flag, "Letters that take no value.", "値のないオプション文字。"),
	LETTERS("value", value, "Letters with a value: the rest of the word, or the next one.", "値を取る文字。語の残りまたは次の語。"),
	LETTERS("next", next, "Letters with a value in the next word; letters go on behind them.", "次の語を値に取る文字。"),
	LETTERS("rest", rest, "Letters whose value is the rest of the word.", "語の残りを値とする文字。"),
	LETTERS("digits", digits, "Letters whose value is the digits behind them.", "直後の数字を値とする文字。"),
	LETTERS("scan", scan, "Letters whose value may be letters: only code among them counts.", "直後の文字が値にもなる文字。"),
	LETTERS("code", code, "Letters with code.", "コードを取る文字。"),
	LETTERS("module", module, "Letters that name code to load.", "読み込むコードを指定する文字。"),
	LETTERS("stdin", stdin_, "Letters that make it read code from standard input.", "標準入力からコードを読ませる文字。"),
	LETTERS("file", file, "Letters whose value is the script.", "値がスクリプトである文字。"),
	LETTERS("last", last, "The same, and what follows belongs to the script.", "同上。以降はスクリプトの引数。"),
	LETTERS("load", load, "Letters whose value names a file to load, which must be known.", "読み込むファイルを値とする文字（登録が必要）。"),
	LETTERS("name", name, "The same by a module's name; what is more than a name is code.", "モジュール名を値とする文字。名前以外はコードとみなす。"),
	LETTERS("name_last", name_last, "The same, and what follows belongs to the module.", "同上。以降はモジュールの引数。"),
	LETTERS("plain", plain, "Letters whose value is the rest of the word; what is not plain is code.", "語の残りを値とする文字。記号を含むものはコードとみなす。"),
	LETTERS("quit", quit, "Letters after which nothing runs.", "何も実行せず終わる文字。"),
	LETTERS("end", end, "Letters behind which another program's words begin.", "以降が別プログラムの引数になる文字。"),
	NAMES("flag", flag, "Long options of no interest.", "関係のない長いオプション。"),
	NAMES("value", value, "Long options with a value.", "値を取る長いオプション。"),
	NAMES("rest", rest, "Long options that may have a value behind =.", "= の後に値を書ける長いオプション。"),
	NAMES("code", code, "Long options with code.", "コードを取る長いオプション。"),
	NAMES("module", module, "Long options that name code to load.", "読み込むコードを指定する長いオプション。"),
	NAMES("stdin", stdin_, "Long options that make it read code from standard input.", "標準入力からコードを読ませる長いオプション。"),
	NAMES("file", file, "Long options whose value is the script.", "値がスクリプトである長いオプション。"),
	NAMES("last", last, "The same, and what follows belongs to the script.", "同上。以降はスクリプトの引数。"),
	NAMES("load", load, "Long options whose value names a file to load, which must be known.", "読み込むファイルを値とする長いオプション（登録が必要）。"),
	NAMES("quit", quit, "Long options after which nothing runs.", "何も実行せず終わる長いオプション。"),
	NAMES("end", end, "Long options behind which another program's words begin.", "以降が別プログラムの引数になる長いオプション。"),
	{"environment", SK_KIND_STRINGS, SK_AT(struct sk_interp, environment), .max = SK_ENVIRONMENT, .item_max = SK_NAME - 1,
	 .en = "Variables that load or hold code.", .ja = "コードを読み込む、または含む環境変数。"},
	{"environment_prefix", SK_KIND_STRINGS, SK_AT(struct sk_interp, environment_prefix), .max = 2, .item_max = SK_NAME - 1,
	 .en = "What such variables begin with.", .ja = "そのような環境変数の先頭部分。"},
	{"refuse", SK_KIND_STRINGS, SK_AT(struct sk_interp, refuse), .max = SK_REFUSED, .item_max = SK_NAME - 1,
	 .en = "Modules whose arguments are code, or that read it from standard input.", .ja = "引数や標準入力をコードとして扱うモジュール。"},
	{"startup", SK_KIND_STRINGS, SK_AT(struct sk_interp, startup), .max = 32, .en = "Files it reads by itself; they must be known.",
	 .ja = "自動で読むファイル。登録が必要。"},
	{"mark", SK_KIND_STRING, SK_AT(struct sk_interp, mark), .max = 1024, .en = "Code that makes the file $M/@; for tests.", .ja = "試験用。$M/@ を作るコード。"},
	{"file", SK_KIND_STRING, SK_AT(struct sk_interp, file), .max = 1024, .en = "The same as a file's content, where it differs.",
	 .ja = "ファイルに書く場合のコード（異なるとき）。"},
	{"examples", SK_KIND_RECORDS, SK_AT(struct sk_interp, examples), .max = 100, .inner = &example_table, .en = "Calls and what they are.",
	 .ja = "呼び出しの例。"},
	{0}};

const struct sk_table sk_interp_schema = {"interpreter", sizeof(struct sk_interp), rows, "Where an interpreter takes code from.",
					  "インタープリターがコードを受け取る経路。"};

void sk_interp_done(struct sk_interp *interp)
{
	sk_conf_done(&sk_interp_schema, interp);
}

uint64_t sk_interp_hash(const char *text, size_t size)
{
	uint64_t hash = sk_hash_begin();

	for (size_t i = 0; i < size; i++)
		hash = sk_hash_byte(hash, (uint8_t)text[i]);
	return hash;
}

static int put_letters(struct sk_row *row, const char *letters, enum sk_argv_class class_, struct sk_diag *diag)
{
	for (const char *c = letters ? letters : ""; *c; c++) {
		uint8_t *at;

		if (*c <= ' ' || *c >= 0x7f || *c == '-')
			return sk_diag_path(diag, "short", "\"%c\" is no option letter", *c);
		at = &row->letters[*c - ' '];
		if (*at)
			return sk_diag_path(diag, "short", "\"%c\" is there twice", *c);
		*at = (uint8_t)class_;
	}
	return 0;
}

static int put_longs(struct sk_row *row, const struct sk_strings *names, enum sk_argv_class class_, struct sk_diag *diag)
{
	for (size_t i = 0; i < names->count; i++) {
		uint64_t hash = sk_interp_hash(names->items[i], strlen(names->items[i]));

		if (row->longs_count == SK_LONGS)
			return sk_diag_path(diag, "long", "has more than %d names", SK_LONGS);
		for (size_t j = 0; j < row->longs_count; j++)
			if (row->longs[j].hash == hash)
				return sk_diag_path(diag, "long", "\"%s\" is there twice", names->items[i]);
		row->longs[row->longs_count++] = (struct sk_long){.hash = hash, .class_ = class_};
	}
	return 0;
}

static int put_options(const struct sk_interp *in, struct sk_row *row, struct sk_diag *diag)
{
	const struct sk_interp_classes *l = &in->letters;
	const struct sk_interp_names *n = &in->longs;
	const struct {
		const char *letters;
		const struct sk_strings *names;
		enum sk_argv_class class_;
	} all[] = {{l->flag, &n->flag, SK_A_FLAG}, {l->value, &n->value, SK_A_VALUE}, {l->next, NULL, SK_A_NEXT}, {l->rest, &n->rest, SK_A_REST},
		   {l->digits, NULL, SK_A_DIGITS}, {l->scan, NULL, SK_A_SCAN}, {l->code, &n->code, SK_A_CODE}, {l->module, &n->module, SK_A_MODULE},
		   {l->stdin_, &n->stdin_, SK_A_STDIN}, {l->file, &n->file, SK_A_FILE}, {l->last, &n->last, SK_A_LAST}, {l->quit, &n->quit, SK_A_QUIT}, {l->end, &n->end, SK_A_END},
		   {l->load, &n->load, SK_A_LOAD}, {l->name, NULL, SK_A_NAME}, {l->name_last, NULL, SK_A_NAME_LAST}, {l->plain, NULL, SK_A_PLAIN}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(all); i++) {
		int r = put_letters(row, all[i].letters, all[i].class_, diag);

		if (r == 0 && all[i].names)
			r = put_longs(row, all[i].names, all[i].class_, diag);
		if (r != 0)
			return r;
	}
	return 0;
}

static int make_row(const struct sk_interp *in, struct sk_row *row, struct sk_diag *diag)
{
	memset(row, 0, sizeof *row);
	row->flags = (in->plus ? SK_ROW_PLUS : 0) | (in->single ? SK_ROW_SINGLE : 0) | (in->permute ? SK_ROW_PERMUTE : 0) |
		     (in->chooser ? SK_ROW_CHOOSER : 0) | (in->plus_code ? SK_ROW_PLUS_CODE : 0) | (in->assign ? SK_ROW_ASSIGN : 0) |
		     (in->loose ? SK_ROW_LOOSE : 0) | (in->loader ? SK_ROW_LOADER : 0);
	row->operand = (uint8_t)in->operand;
	row->none = (uint8_t)in->none;
	row->dash = (uint8_t)in->dash;
	for (size_t i = 0; i < in->environment.count; i++)
		row->environment[row->environment_count++] = sk_interp_hash(in->environment.items[i], strlen(in->environment.items[i]));
	for (size_t i = 0; i < in->refuse.count; i++)
		row->refused[row->refused_count++] = sk_interp_hash(in->refuse.items[i], strlen(in->refuse.items[i]));
	for (size_t i = 0; i < in->environment_prefix.count; i++) {
		row->prefix_size[i] = (uint32_t)strlen(in->environment_prefix.items[i]);
		row->prefix[i] = sk_interp_hash(in->environment_prefix.items[i], row->prefix_size[i]);
	}
	return put_options(in, row, diag);
}

/* The word as the machine sees it: its first bytes. */
static void cut_word(struct sk_argv_state *st, const char *word)
{
	size_t size = strlen(word);

	memset(st->word, 0, sizeof st->word);
	memcpy(st->word, word, SK_MIN(size, (size_t)SK_WORD - 1));
	st->cut = size >= SK_WORD - 1; /* the kernel cannot tell a word of just this size from a longer one */
}

/* Judges arguments; the state that is left says where the script stands. */
static void read_arguments(const struct sk_row *row, const char *const *argv, struct sk_argv_state *st)
{
	for (size_t i = 0; argv[i] && st->verdict == SK_ARGV_MORE; i++) {
		cut_word(st, argv[i]);
		sk_argv_word((struct sk_row *)row, st);
	}
	sk_argv_end((struct sk_row *)row, st);
}

enum sk_argv_verdict sk_interp_arguments(const struct sk_row *row, const char *const *argv, const char **ret_script)
{
	struct sk_argv_state st = {0};

	read_arguments(row, argv, &st);
	if (ret_script && st.file && (st.verdict == SK_ARGV_SCRIPT || st.verdict == SK_ARGV_LOAD))
		*ret_script = argv[st.script] + st.skip;
	return (enum sk_argv_verdict)st.verdict;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool name_fits(const char *pattern, const char *name)
{
	size_t size = strlen(pattern), digits;

	if (strncmp(pattern, name, size) != 0)
		return false;
	digits = strspn(name + size, "0123456789.");
	return !name[size + digits] || (name[size + digits] == '-' && memchr(name + size, '.', digits)); /* perl5.36-x86_64-linux-gnu */
}

int sk_interp_find(const struct sk_interp_table *table, const char *path)
{
	const char *name = base_name(path);

	for (size_t i = 0; i < table->count; i++)
		for (size_t j = 0; j < table->items[i].programs.count; j++)
			if (name_fits(table->items[i].programs.items[j], name))
				return (int)i;
	return -1;
}

static const char *forbidden(const struct sk_row *row, const char *const *env)
{
	struct sk_argv_state st = {0};

	for (; env && *env; env++) {
		cut_word(&st, *env);
		if (sk_argv_variable((struct sk_row *)row, &st))
			return *env;
	}
	return NULL;
}

/* "busybox sh", or sh that is BusyBox: the row of what it is called by; -1 = no interpreter. */
static int choose(const struct sk_interp_table *table, int row, const char *const **argv)
{
	while (row >= 0 && table->items[row].chooser) {
		const char *called = **argv ? **argv + (**argv[0] == '-') : NULL;
		int chosen = called ? sk_interp_find(table, called) : -1;

		if (chosen != row)
			return chosen;
		(*argv)++;
	}
	return row;
}

const char *sk_interp_called(const char *const *argv, size_t at)
{
	for (size_t i = 1; i + 1 < at; i++)
		if (strcmp(argv[i], "--argv0") == 0)
			return argv[i + 1];
	return argv[at];
}

void sk_interp_judge_row(const struct sk_interp_table *table, int row, const char *const *argv, const char *const *env, struct sk_interp_answer *ret_answer)
{
	struct sk_interp_answer a = {.row = choose(table, row, &argv), .verdict = SK_ARGV_DATA};
	struct sk_argv_state st = {0};

	if (a.row >= 0) {
		read_arguments(&table->rows[a.row], argv, &st);
		a.verdict = (enum sk_argv_verdict)st.verdict;
		a.at = st.script;
		if (st.file && (a.verdict == SK_ARGV_SCRIPT || a.verdict == SK_ARGV_LOAD))
			a.script = argv[st.script] + st.skip;
		a.loader = a.script && table->items[a.row].loader;
		if (!a.loader && !sk_argv_refused(a.verdict) && a.verdict != SK_ARGV_NOTHING)
			a.variable = forbidden(&table->rows[a.row], env);
		if (a.variable)
			a.verdict = SK_ARGV_ENVIRONMENT;
	}
	*ret_answer = a;
}

/* With this set a loader lists libraries and runs nothing. */
static bool only_lists(const char *const *env)
{
	for (; env && *env; env++)
		if (strncmp(*env, "LD_TRACE_LOADED_OBJECTS=", 24) == 0 && (*env)[24])
			return true;
	return false;
}

void sk_interp_judge(const struct sk_interp_table *table, const char *path, const char *const *argv, const char *const *env,
		     struct sk_interp_answer *ret_answer)
{
	const char *words[SK_WORDS + 1];
	struct sk_interp_answer a;

	sk_interp_judge_row(table, sk_interp_find(table, path), argv, env, &a);
	for (int i = 0; i < 4 && a.loader && !only_lists(env); i++) { /* what it is given may be a loader */
		const char *program = a.script;
		size_t n = 0;

		words[n++] = sk_interp_called(argv, a.at);
		for (const char *const *rest = argv + a.at + 1; *rest && n < SK_WORDS; rest++)
			words[n++] = *rest;
		words[n] = NULL;
		argv = words; /* the copy below goes forward in it */
		sk_interp_judge_row(table, sk_interp_find(table, program), argv, env, &a);
	}
	if (a.loader)
		a.verdict = only_lists(env) ? SK_ARGV_NOTHING : SK_ARGV_UNPROVABLE;
	*ret_answer = a;
}

static int check_example(const struct sk_interp *in, const struct sk_row *row, const struct sk_interp_example *e, size_t number, struct sk_diag *diag)
{
	const char *argv[40] = {in->programs.items[0]}, *env[16] = {NULL};
	enum sk_argv_verdict verdict;
	char path[64];

	for (size_t i = 0; i < e->run.count; i++)
		argv[i + 1] = e->run.items[i];
	for (size_t i = 0; i < e->set.count; i++)
		env[i] = e->set.items[i];
	verdict = sk_interp_arguments(row, argv, NULL);
	if (!sk_argv_refused(verdict) && verdict != SK_ARGV_NOTHING && forbidden(row, env))
		verdict = SK_ARGV_ENVIRONMENT;
	if ((int)verdict == e->is)
		return 0;
	snprintf(path, sizeof path, "examples[%zu].is", number);
	return sk_diag_path(diag, path, "says %s, but the call is %s", sk_argv_verdict_names[e->is], sk_argv_verdict_names[verdict]);
}

int sk_interp_parse(const char *text, size_t size, struct sk_interp *ret_interp, struct sk_row *ret_row, struct sk_diag *diag)
{
	const struct sk_interp_example *examples;
	struct sk_interp in;
	int r = sk_conf_parse(&sk_interp_schema, text, size, &in, diag);

	if (r != 0)
		return r;
	r = make_row(&in, ret_row, diag);
	examples = in.examples.items;
	for (size_t i = 0; i < in.examples.count && r == 0; i++)
		r = check_example(&in, ret_row, &examples[i], i, diag);
	if (r != 0) {
		sk_interp_done(&in);
		return r;
	}
	*ret_interp = in;
	return 0;
}
