// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho server init: the server's own keys. A certificate authority for endpoints (its key never leaves the fleet's folder), a certificate for intake,
 * and the public half of the site key, which endpoints pin when they enrol. The CA's key is written last: before it is there, init can be run again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/sign.h"
#include "crypto/x509.h"
#include "os/clock.h"
#include "os/file.h"
#include "server-call.h"
#include "server.h"

enum { DAY = 86400, CA_DAYS = 36500, SERVER_DAYS = 36500, BACKDATE = DAY };

struct identity {
	struct sk_tls_key *ca_key, *key;
	struct sk_cert *ca, *cert;
	struct sk_public site;
	const char *names[SK_CERT_SAN_MAX + 1];
	char host[65];
};

static void identity_done(struct identity *id)
{
	sk_tls_key_free(id->ca_key);
	sk_tls_key_free(id->key);
	sk_cert_free(id->ca);
	sk_cert_free(id->cert);
}

/* --name, or the machine's own and loopback. */
static int read_names(const struct ctl *ctl, struct identity *id)
{
	size_t count = 0;
	const char *name;

	while ((name = ctl_option_at(ctl, "name", count))) {
		if (count == SK_CERT_SAN_MAX)
			return ctl_fail(ctl, CTL_USAGE, CTL_T("at most %d names", "名前は %d 個までです"), SK_CERT_SAN_MAX);
		id->names[count++] = name;
	}
	if (count == 0) {
		if (gethostname(id->host, sizeof id->host - 1) == 0 && id->host[0])
			id->names[count++] = id->host;
		id->names[count++] = "localhost";
		id->names[count++] = "127.0.0.1";
	}
	return CTL_OK;
}

static int make_server_cert(struct identity *id, int64_t now, struct sk_diag *diag)
{
	const struct sk_cert_terms terms = {.use = SK_CERT_SERVER, .name = "sekisho-server", .sans = id->names, .not_before = now - BACKDATE,
					    .not_after = now + (int64_t)SERVER_DAYS * DAY};
	_cleanup_buf_ struct sk_buf csr = SK_BUF(SK_PEM_MAX);
	int r = sk_tls_key_generate(&id->key);

	if (!r)
		r = sk_csr_make(id->key, "sekisho-server", &csr);
	return r ? r : sk_cert_issue(id->ca, id->ca_key, csr.data, csr.size, &terms, diag, &id->cert);
}

static int make_identity(const struct ctl *ctl, struct identity *id)
{
	int64_t now = (int64_t)(sk_clock_ms() / 1000);
	struct sk_diag diag = {0};
	int r = sk_tls_key_generate(&id->ca_key);

	if (!r)
		r = sk_ca_make(id->ca_key, "Sekisho endpoints", now - BACKDATE, now + (int64_t)CA_DAYS * DAY, &id->ca);
	if (!r)
		r = make_server_cert(id, now, &diag);
	if (r == SK_BAD)
		return ctl_fail(ctl, CTL_USAGE, "--name: %s", diag.text);
	return r ? ctl_fail_errno(ctl, r, "server init") : CTL_OK;
}

static int write_one(int dir, const char *folder, const char *name, const struct sk_buf *text, mode_t mode)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return sk_file_replace("init.write", dir, path, text->data, text->size, mode);
}

static int write_cert(int dir, const char *folder, const char *name, const struct sk_cert *cert)
{
	_cleanup_buf_ struct sk_buf pem = SK_BUF(SK_PEM_MAX);
	int r = sk_cert_pem(cert, &pem);

	return r ? r : write_one(dir, folder, name, &pem, 0640);
}

static int write_key(int dir, const char *folder, const char *name, const struct sk_tls_key *key)
{
	struct sk_buf pem = SK_BUF(SK_PEM_MAX);
	int r = sk_tls_key_pem(key, &pem);

	if (!r)
		r = write_one(dir, folder, name, &pem, 0600);
	if (pem.data)
		sk_wipe(pem.data, pem.size);
	sk_buf_done(&pem);
	return r;
}

static int write_site(int dir, const struct sk_public *site)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(256);
	char line[SK_PUBLIC_TEXT_SIZE];
	int r = sk_buf_printf(&text, "%s\n", sk_public_text(site, line));

	return r ? r : write_one(dir, SERVER_FLEET, "site.pub", &text, 0640);
}

static int write_all(int dir, const struct identity *id)
{
	int r = sk_dir_make(dir, SERVER_FLEET, (uid_t)-1, (gid_t)-1, 0700);

	if (!r)
		r = sk_dir_make(dir, SERVER_INTAKE, (uid_t)-1, (gid_t)-1, 0750);
	if (!r)
		r = write_cert(dir, SERVER_INTAKE, "ca.pem", id->ca);
	if (!r)
		r = write_cert(dir, SERVER_INTAKE, "server.pem", id->cert);
	if (!r)
		r = write_key(dir, SERVER_INTAKE, "server.key", id->key);
	if (!r)
		r = write_cert(dir, SERVER_FLEET, "ca.pem", id->ca);
	if (!r)
		r = write_cert(dir, SERVER_FLEET, "server.pem", id->cert);
	if (!r)
		r = write_site(dir, &id->site);
	return r ? r : write_key(dir, SERVER_FLEET, "ca.key", id->ca_key);
}

static int tell(const struct ctl *ctl, const struct identity *id)
{
	struct json_object *out, *names;
	char pin[SK_SHA256_SIZE * 2 + 1];
	int r;

	sk_hex(sk_cert_info(id->cert)->fingerprint, SK_SHA256_SIZE, pin);
	if (!ctl->json) {
		printf(CTL_T("The server has its keys. Certificate: %s\n", "サーバーの鍵を作成しました。証明書: %s\n"), pin);
		return CTL_OK;
	}
	out = json_object_new_object();
	r = sk_json_put_string(out, "pin", pin);
	if (!r)
		r = sk_json_put_string(out, "site_key", id->site.id);
	if (!r)
		r = sk_json_put_array(out, "names", &names);
	for (size_t i = 0; !r && id->names[i]; i++)
		r = sk_json_append(names, json_object_new_string(id->names[i]));
	return ctl_print_json(ctl, r ? sk_json_free(out) : out);
}

static int init(const struct ctl *ctl, int dir, struct identity *id)
{
	int r = read_names(ctl, id);

	if (r == CTL_OK)
		r = make_identity(ctl, id);
	if (r != CTL_OK)
		return r;
	r = write_all(dir, id);
	return r ? ctl_fail_errno(ctl, r < 0 ? r : -EACCES, "server init") : tell(ctl, id);
}

int server_run_init(struct ctl *ctl)
{
	const char *site = ctl_option(ctl, "site-key");
	_cleanup_close_ int dir = -1, old = -1;
	struct identity id = {0};
	struct sk_diag diag = {0};
	int r = sk_public_load(site, &diag, &id.site);

	if (r)
		return r == SK_BAD ? ctl_fail_diag(ctl, &diag) : ctl_fail_errno(ctl, r, site);
	r = sk_dir_open(ctl->root, "", &dir);
	if (r)
		return ctl_fail_errno(ctl, r < 0 ? r : -ENOENT, ctl->root);
	if (sk_open_in(dir, SERVER_FLEET "/ca.key", 0, 0, &old) == 0)
		return ctl_fail(ctl, CTL_FOUND, CTL_T("this server has its keys already", "このサーバーの鍵は作成済みです"));
	r = init(ctl, dir, &id);
	identity_done(&id);
	return r;
}
