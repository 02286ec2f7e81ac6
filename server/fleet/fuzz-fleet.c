// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The JSON bodies that fleet is given: every verb of CALL, and what intake carries up in an endpoint's name. A fleet with one endpoint, its database in
 * memory; the first byte chooses between the two.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "fleet/inside.h"
#include "os/loop.h"
#include "os/peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct sk_fleet *fleet;

static void must(bool good)
{
	if (!good)
		abort();
}

static void write_file(const char *folder, const char *name, const struct sk_buf *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "w");
	must(file && fwrite(text->data, 1, text->size, file) == text->size && fclose(file) == 0);
}

static void write_keys(const char *folder)
{
	_cleanup_buf_ struct sk_buf pem = SK_BUF(SK_PEM_MAX), key = SK_BUF(SK_PEM_MAX), site = SK_BUF(256);
	_cleanup_tls_key_ struct sk_tls_key *ca_key = NULL;
	_cleanup_private_ struct sk_private *site_key = NULL;
	_cleanup_cert_ struct sk_cert *ca = NULL;
	char text[SK_PUBLIC_TEXT_SIZE];

	must(sk_tls_key_generate(&ca_key) == 0 && sk_ca_make(ca_key, "test", 0, 4000000000, &ca) == 0 && sk_private_generate(&site_key) == 0);
	must(sk_cert_pem(ca, &pem) == 0 && sk_tls_key_pem(ca_key, &key) == 0);
	must(sk_buf_append_str(&site, sk_public_text(sk_private_public(site_key), text)) == 0);
	write_file(folder, "ca.pem", &pem);
	write_file(folder, "server.pem", &pem);
	write_file(folder, "ca.key", &key);
	write_file(folder, "site.pub", &site);
}

static void forget_files(const char *folder)
{
	static const char *const names[] = {"ca.pem", "server.pem", "ca.key", "site.pub", "fleet.db", "fleet.db-wal", "fleet.db-shm"};
	char path[128];

	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

static void add_endpoint(void)
{
	must(sk_sql_exec(fleet->sql, "INSERT INTO agent(id,host,machine,org,site,labels,secret,enrolled,revoked,last_seen,version,address,health_at) "
				     "VALUES('pc','pc','','acme','kyoto','{}',x'00',1,0,1,'','',0)") == 0);
	must(sk_agents_load(fleet) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char folder[] = "/dev/shm/fuzz-fleet-XXXXXX";
	static const struct sk_fleet_conf conf = {.certificate_days = 1};
	struct sk_loop *loop;
	int listener;

	(void)argc;
	(void)argv;
	sk_log_max(0);
	must(mkdtemp(folder) && sk_loop_new(&loop) == 0 && sk_tcp_listen("127.0.0.1:0", &listener) == 0);
	write_keys(folder);
	must(sk_fleet_new(loop, folder, listener, &conf, &fleet) == 0);
	add_endpoint();
	must(sk_sql_exec(fleet->sql, "PRAGMA synchronous=OFF") == 0);
	forget_files(folder);
	return 0;
}

static void run_call(const struct sk_json *at, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *out = json_object_new_object();
	struct sk_fleet_client client = {.fleet = fleet, .role = "web"};
	struct sk_fleet_call call = {.fleet = fleet, .client = &client, .id = 1, .at = at, .out = out, .diag = diag};
	int r = sk_fleet_run_call(&call);

	must(r >= 0 && (r != SK_BAD || diag->text[0]));
	if (r == 0 && call.after)
		call.after(fleet);
	must(sqlite3_get_autocommit(sk_sql_handle(fleet->sql))); /* no transaction is left open */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_ struct json_object *tree = NULL;
	struct sk_diag diag = {0};
	struct sk_json at;
	bool answers;
	int r;

	if (size < 2 || sk_json_parse_object(data + 1, size - 1, 1 << 20, &tree, &diag))
		return 0;
	at = SK_JSON(tree, "", &diag);
	if (data[0] & 1) {
		run_call(&at, &diag);
		return 0;
	}
	r = sk_fleet_take_up(fleet, &at, &answers);
	must(r >= 0 && (r != SK_BAD || diag.text[0]));
	return 0;
}
