// SPDX-License-Identifier: GPL-3.0-or-later
/* The console duty: opens what it needs, then runs the loop until it is told to stop. */
#include "web/web.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/tls.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/peer.h"
#include "web/control.h"
#include "web/csv.h"
#include "web/guard.h"
#include "web/http.h"
#include "web/live.h"

#define FOLDER "var/lib/sekisho/web"

enum { SWEEP_MS = 300000 };

/* Certificate and key lie below etc/sekisho; time zones are the machine's. */
const struct sk_land_rule sk_web_land[] = {
	{FOLDER, SK_LAND_READ | SK_LAND_WRITE},
	{"etc/sekisho", SK_LAND_READ},
	{"run/sekisho", SK_LAND_READ | SK_LAND_WRITE},
	{"/etc/localtime", SK_LAND_READ | SK_LAND_HOST},
	{"/usr/share/zoneinfo", SK_LAND_READ | SK_LAND_HOST},
	{0}};

struct duty {
	struct sk_web web;
	struct sk_http *http;
	struct sk_control *control;
	struct sk_tls *tls;
	struct sk_watch *sweep;
};

/* ---- may it start? ---- */

static bool on_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]:", 6) == 0 || strncmp(address, "localhost:", 10) == 0;
}

int sk_web_check(const struct sk_web_config *config, struct sk_diag *diag)
{
	if (!config->certificate != !config->key)
		return sk_diag_path(diag, config->certificate ? "web.key" : "web.certificate", "a certificate and its key belong together");
	if (!config->certificate && !on_loopback(config->address))
		return sk_diag_path(diag, "web.listen", "%s is not on loopback: the console needs web.certificate and web.key there",
				    config->address);
	return 0;
}

int sk_web_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid)
{
	/* iconv loads its tables as a library, which the sandbox forbids: here, so that each start of the duty inherits them. */
	int r = sk_csv_prepare();

	return r ? r : sk_dir_make(ctx->root_dir, FOLDER, uid, gid, 0700);
}

/* ---- TLS ---- */

static int read_pem(const struct sk_duty_ctx *ctx, const char *path, struct sk_buf *out)
{
	int r = sk_file_read(ctx->root_dir, path, out->max, out);

	if (r > 0)
		sk_log(SK_LOG_ERROR, "console: %s cannot be read", path);
	return r > 0 ? -ENOENT : r;
}

static int open_tls(const struct sk_duty_ctx *ctx, const struct sk_web_config *config, struct sk_tls **ret_tls)
{
	_cleanup_buf_ struct sk_buf pem = SK_BUF(SK_PEM_MAX), key_pem = SK_BUF(SK_PEM_MAX);
	_cleanup_tls_key_ struct sk_tls_key *key = NULL;
	_cleanup_cert_ struct sk_cert *cert = NULL;
	struct sk_diag diag = {0};
	char text[512];
	int r;

	r = read_pem(ctx, config->certificate, &pem);
	r = r ? r : read_pem(ctx, config->key, &key_pem);
	if (r)
		return r;
	sk_diag_source(&diag, config->certificate);
	r = sk_cert_parse(pem.data, pem.size, &diag, &cert);
	if (!r) {
		sk_diag_source(&diag, config->key);
		r = sk_tls_key_parse(key_pem.data, key_pem.size, &diag, &key);
	}
	sk_wipe(key_pem.data, key_pem.size);
	if (r > 0) {
		sk_log(SK_LOG_ERROR, "console: %s", sk_diag_format(&diag, text, sizeof text));
		return -EINVAL;
	}
	return r ? r : sk_tls_web(cert, key, ret_tls);
}

/* ---- running ---- */

static int open_db(const struct sk_duty_ctx *ctx, struct sk_db *db)
{
	char path[4096];

	if (snprintf(path, sizeof path, "%s/" FOLDER "/console.db", strcmp(ctx->root, "/") ? ctx->root : "") >= (int)sizeof path)
		return sk_origin(-ENAMETOOLONG);
	return sk_db_open(path, db);
}

static void on_sweep(void *arg)
{
	struct duty *d = arg;

	sk_web_session_sweep(&d->web.db, (int64_t)sk_clock_ms());
}

static int open_all(struct duty *d, const struct sk_duty_ctx *ctx, const struct sk_web_config *config)
{
	struct sk_web *web = &d->web;
	int listener = sk_duty_listener(ctx, SK_WEB_LISTENER), r;

	r = sk_random(web->secret, sizeof web->secret);
	r = r ? r : open_db(ctx, &web->db);
	if (!r && config->certificate)
		r = open_tls(ctx, config, &d->tls);
	web->tls = d->tls;
	web->host = config->host;
	web->root = ctx->root;
	r = r ? r : sk_tries_new(&web->tries);
	r = r ? r : sk_pass_new(web->loop, &web->pass);
	r = r ? r : sk_backend_new(web->loop, ctx->root, "store.sock", SK_PROTO_STORE, &web->store);
	r = r ? r : sk_backend_new(web->loop, ctx->root, "fleet.sock", SK_PROTO_FLEET, &web->fleet);
	r = r ? r : sk_watch_timer(web->loop, on_sweep, d, &d->sweep);
	r = r ? r : sk_timer_arm_every(d->sweep, SWEEP_MS);
	r = r ? r : sk_control_new(web, sk_duty_listener(ctx, SK_WEB_SOCKET), &d->control);
	if (!r && listener >= 0)
		r = sk_http_new(web, listener, d->tls, &d->http);
	return r;
}

static void close_all(struct duty *d)
{
	sk_live_end_all(&d->web);
	sk_http_free(d->http);
	sk_control_free(d->control);
	sk_watch_free(d->sweep);
	sk_backend_free(d->web.store);
	sk_backend_free(d->web.fleet);
	sk_pass_free(d->web.pass);
	sk_tries_free(d->web.tries);
	sk_db_close(&d->web.db);
	sk_tls_free(d->tls);
	sk_wipe(d->web.secret, sizeof d->web.secret);
}

int sk_web_run(const struct sk_duty_ctx *ctx, const struct sk_web_config *config)
{
	struct duty d = {0};
	int r;

	sk_list_init(&d.web.live);
	sk_list_init(&d.web.requests);
	tzset();
	r = sk_duty_loop(ctx, NULL, NULL, &d.web.loop);
	r = r ? r : open_all(&d, ctx, config);
	if (!r) {
		sk_duty_ready(ctx);
		r = sk_loop_run(d.web.loop);
	}
	close_all(&d);
	sk_duty_loop_free(ctx, d.web.loop);
	return r == 0 ? 0 : 3;
}
