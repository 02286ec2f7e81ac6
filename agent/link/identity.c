// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading and writing what enrolment leaves behind. Reading happens in the duty "link", writing in `sekisho-agent enrol`, as root. */
#include "link/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "link/duties.h"
#include "os/file.h"
#include "wire/json.h"

#define KEY_FILE LINK_FOLDER "/key.pem"
#define CERTIFICATE_FILE LINK_FOLDER "/certificate.pem"
#define CA_FILE LINK_FOLDER "/ca.pem"
#define IDENTITY_FILE LINK_FOLDER "/identity.json"

static int read_text(int dir, const char *path, struct sk_buf *buf, struct sk_diag *diag)
{
	int r = sk_file_read(dir, path, SK_PEM_MAX, buf);

	sk_diag_source(diag, path);
	if (r == SK_NONE)
		return sk_diag_offset(diag, 0, "the file is missing: enrol again");
	if (r > 0)
		return sk_diag_offset(diag, 0, "the file cannot be read");
	return r;
}

static int load_key(int dir, struct identity *id, struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(SK_PEM_MAX);
	int r = read_text(dir, KEY_FILE, &buf, diag);

	if (!r)
		r = sk_tls_key_parse(buf.data, buf.size, diag, &id->key);
	if (buf.data)
		sk_wipe(buf.data, buf.size);
	return r;
}

static int load_certificate(int dir, const char *path, struct sk_cert **ret_cert, struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(SK_PEM_MAX);
	int r = read_text(dir, path, &buf, diag);

	return r ? r : sk_cert_parse(buf.data, buf.size, diag, ret_cert);
}

static int copy_member(const struct sk_json *at, const char *key, char *out, size_t size)
{
	const char *text;
	int r = sk_json_string(at, key, 0, size - 1, &text);

	if (!r)
		snprintf(out, size, "%s", text);
	return r;
}

static int load_names(int dir, struct identity *id, struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(SK_PEM_MAX);
	_cleanup_json_ struct json_object *body = NULL;
	struct sk_json at;
	int r = sk_file_read(dir, IDENTITY_FILE, SK_PEM_MAX, &buf);

	if (r)
		return r == SK_NONE || r < 0 ? r : sk_origin(-EIO);
	sk_diag_source(diag, IDENTITY_FILE);
	r = sk_json_parse_object(buf.data, buf.size, SK_PEM_MAX, &body, diag);
	if (r)
		return r;
	at = SK_JSON(body, "", diag);
	r = copy_member(&at, "agent", id->agent, sizeof id->agent);
	if (!r)
		r = copy_member(&at, "server", id->server, sizeof id->server);
	if (!r)
		r = copy_member(&at, "site", id->site, sizeof id->site);
	return r ? r : copy_member(&at, "org", id->org, sizeof id->org);
}

int identity_load(int root_dir, struct identity *ret_identity, struct sk_diag *diag)
{
	struct identity id = {0};
	int r = load_names(root_dir, &id, diag);

	if (!r)
		r = load_key(root_dir, &id, diag);
	if (!r)
		r = load_certificate(root_dir, CERTIFICATE_FILE, &id.certificate, diag);
	if (!r)
		r = load_certificate(root_dir, CA_FILE, &id.ca, diag);
	if (!r && !sk_cert_has_key(id.certificate, id.key)) {
		sk_diag_source(diag, CERTIFICATE_FILE);
		r = sk_diag_offset(diag, 0, "the certificate is not for key.pem: enrol again");
	}
	if (r) {
		identity_done(&id);
		return r;
	}
	*ret_identity = id;
	return 0;
}

void identity_done(struct identity *id)
{
	sk_tls_key_free(id->key);
	sk_cert_free(id->certificate);
	sk_cert_free(id->ca);
	*id = (struct identity){0};
}

static int put_file(int dir, const char *path, const void *data, size_t size, mode_t mode, uid_t uid, gid_t gid)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r = sk_file_replace("link.identity", dir, path, data, size, mode);

	if (!r)
		r = sk_open_in(dir, path, O_RDONLY, 0, &fd);
	if (r)
		return r < 0 ? r : sk_origin(-EIO);
	/* The folder is the duty's own: what lies there now may be another name of one of root's files. */
	if (fstat(fd, &st) < 0 || st.st_nlink != 1 || st.st_size != (off_t)size)
		return sk_origin(-EPERM);
	return fchown(fd, uid, gid) < 0 && geteuid() == 0 ? sk_origin_errno() : 0;
}

/* The site key is pinned once: the same one again changes nothing, another one is refused. */
static int pin_site(const char *root, int dir, const struct sk_public *site)
{
	_cleanup_buf_ struct sk_buf old = SK_BUF(SK_KEY_FILE_MAX);
	struct sk_public known;
	char path[4096];
	int r;

	if (!site)
		return 0;
	r = sk_dir_make(dir, POLICY_FOLDER, 0, 0, 0700);
	if (r && geteuid() != 0)
		r = sk_dir_make(dir, POLICY_FOLDER, (uid_t)-1, (gid_t)-1, 0700);
	if (r)
		return r;
	r = sk_file_read(dir, POLICY_FOLDER "/site.pub", SK_KEY_FILE_MAX, &old);
	if (r == 0)
		return sk_public_parse(old.data, old.size, NULL, &known) == 0 && memcmp(known.bytes, site->bytes, sizeof known.bytes) == 0
			       ? 0
			       : SK_DENIED;
	if (r != SK_NONE)
		return r < 0 ? r : sk_origin(-EIO);
	snprintf(path, sizeof path, "%s/%s/site.pub", root, POLICY_FOLDER);
	return sk_public_save(path, site);
}

/* What labels are compared with: beside the site key, where only root writes. */
static int pin_place(int dir, const struct enrolled *e)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_PEM_MAX);
	int r = o ? sk_json_put_string(o, "org", e->org) : sk_origin(-ENOMEM);

	if (!r)
		r = sk_json_put_string(o, "site", e->site);
	if (!r)
		r = sk_json_put_string(o, "asset", e->asset);
	if (!r)
		r = sk_json_canonical(o, &text);
	if (!r)
		r = sk_dir_make(dir, POLICY_FOLDER, (uid_t)-1, (gid_t)-1, 0700);
	return r ? r : sk_file_replace("link.identity", dir, POLICY_FOLDER "/place.json", text.data, text.size, 0600);
}

static int save_names(int dir, uid_t uid, gid_t gid, const struct enrolled *e)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_PEM_MAX);
	int r = o ? sk_json_put_string(o, "agent", e->agent) : sk_origin(-ENOMEM);

	if (!r)
		r = sk_json_put_string(o, "server", e->server);
	if (!r)
		r = sk_json_put_string(o, "site", e->site);
	if (!r)
		r = sk_json_put_string(o, "org", e->org);
	if (!r)
		r = sk_json_canonical(o, &text);
	return r ? r : put_file(dir, IDENTITY_FILE, text.data, text.size, 0600, uid, gid);
}

int identity_save(const char *root, int root_dir, uid_t uid, gid_t gid, const struct enrolled *e)
{
	_cleanup_buf_ struct sk_buf key = SK_BUF(SK_PEM_MAX);
	int r = pin_site(root, root_dir, e->site_key);

	if (!r)
		r = pin_place(root_dir, e);
	if (!r)
		r = sk_dir_make(root_dir, LINK_FOLDER, uid, gid, 0700);
	if (!r) /* until the new one is whole, none counts */
		r = sk_file_remove(root_dir, IDENTITY_FILE);
	if (r == 0 || r == SK_NONE)
		r = sk_tls_key_pem(e->key, &key);
	if (!r)
		r = put_file(root_dir, KEY_FILE, key.data, key.size, 0600, uid, gid);
	if (!r)
		r = put_file(root_dir, CA_FILE, e->ca, strlen(e->ca), 0600, uid, gid);
	if (!r)
		r = put_file(root_dir, CERTIFICATE_FILE, e->certificate, strlen(e->certificate), 0600, uid, gid);
	if (!r)
		r = put_file(root_dir, ENDPOINT_SECRET, e->secret, 32, 0600, geteuid(), getegid());
	if (key.data)
		sk_wipe(key.data, key.size);
	return r ? r : save_names(root_dir, uid, gid, e);
}
