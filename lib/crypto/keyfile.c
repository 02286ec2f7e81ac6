// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Private key files.
 *
 *     sekisho-private-key 1
 *     id 0123456789abcdef
 *     public BASE64
 *     kdf scrypt 17 8 1 BASE64         log2 N, r, p, salt; or: kdf none
 *     cipher aes-256-gcm BASE64        nonce; or: cipher none
 *     secret BASE64                    ciphertext and tag of the 32-byte seed; or the seed
 *
 * Lines one to five are the additional authenticated data of the sixth: no line can be changed without the pass phrase failing.
 */
#include "crypto/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/password.h"
#include "crypto/sign-internal.h"
#include "os/file.h"

enum { SALT_SIZE = 16, NONCE_SIZE = 12, TAG_SIZE = 16, LINES = 6, SEALED_SIZE = SK_PUBLIC_SIZE + TAG_SIZE };

/* A key file is opened by a person, once a ceremony: 128 MiB and half a second. */
static const unsigned key_log2n = 17, key_r = 8, key_p = 1;

static int gcm(bool seal, const uint8_t *key, const uint8_t *nonce, const char *aad, size_t aad_size, const uint8_t *in, uint8_t *out,
	       uint8_t *tag)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n, r = 0;

	if (!c || EVP_CipherInit_ex2(c, EVP_aes_256_gcm(), key, nonce, seal, NULL) != 1 ||
	    EVP_CipherUpdate(c, NULL, &n, (const uint8_t *)aad, (int)aad_size) != 1 ||
	    EVP_CipherUpdate(c, out, &n, in, SK_PUBLIC_SIZE) != 1 ||
	    (!seal && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) != 1))
		r = sk_origin(-ENOMEM);
	else if (EVP_CipherFinal_ex(c, out + SK_PUBLIC_SIZE, &n) != 1)
		r = SK_DENIED;
	else if (seal && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, tag) != 1)
		r = sk_origin(-ENOMEM);
	EVP_CIPHER_CTX_free(c);
	return r;
}

static int write_head(const struct sk_private *key, struct sk_buf *out)
{
	char public[SK_PUBLIC_TEXT_SIZE];

	return sk_buf_printf(out, "sekisho-private-key 1\nid %s\npublic %s\n", key->public.id, sk_public_text(&key->public, public));
}

static int write_secret(const uint8_t *secret, size_t size, struct sk_buf *out)
{
	char text[72];
	int r = sk_buf_printf(out, "secret %s\n", sk_base64(secret, size, text));

	sk_wipe(text, sizeof text);
	return r;
}

static int write_sealed(const struct sk_private *key, const char *pass, struct sk_buf *out)
{
	uint8_t salt[SALT_SIZE], nonce[NONCE_SIZE], wrap[32], sealed[SEALED_SIZE];
	char salt_text[32], nonce_text[32];
	int r;

	if (sk_random(salt, sizeof salt) < 0 || sk_random(nonce, sizeof nonce) < 0)
		return -EIO;
	r = sk_buf_printf(out, "kdf scrypt %u %u %u %s\ncipher aes-256-gcm %s\n", key_log2n, key_r, key_p,
			  sk_base64(salt, sizeof salt, salt_text), sk_base64(nonce, sizeof nonce, nonce_text));
	if (r == 0)
		r = sk_scrypt(pass, strlen(pass), salt, sizeof salt, key_log2n, key_r, key_p, wrap, sizeof wrap);
	if (r == 0)
		r = gcm(true, wrap, nonce, out->data, out->size, key->seed, sealed, sealed + SK_PUBLIC_SIZE);
	if (r == 0)
		r = write_secret(sealed, sizeof sealed, out);
	sk_wipe(wrap, sizeof wrap);
	return r;
}

int sk_private_encode(const struct sk_private *key, const char *pass, struct sk_buf *out)
{
	int r;

	if (pass && (!*pass || strlen(pass) > SK_PASS_MAX))
		return SK_BAD;
	sk_buf_clear(out);
	r = write_head(key, out);
	if (r != 0)
		return r;
	if (pass)
		return write_sealed(key, pass, out);
	r = sk_buf_append_str(out, "kdf none\ncipher none\n");
	return r != 0 ? r : write_secret(key->seed, SK_PUBLIC_SIZE, out);
}

struct parsed {
	const char *lines[LINES]; /* without the line feed, terminated: they point into a copy */
	size_t aad_size;          /* of the first five */
	char copy[SK_KEY_FILE_MAX + 1];
	char id[SK_KEY_ID_SIZE];
	uint8_t public[SK_PUBLIC_SIZE];
	bool encrypted;
	unsigned log2n;
	uint32_t r, p;
	uint8_t salt[SALT_SIZE], nonce[NONCE_SIZE], secret[SEALED_SIZE];
};

static int split_lines(const char *text, size_t size, struct parsed *k, struct sk_diag *diag)
{
	char *at = k->copy, *end;

	if (size > SK_KEY_FILE_MAX)
		return sk_diag_offset(diag, SK_KEY_FILE_MAX, "a private key file has at most %d bytes", SK_KEY_FILE_MAX);
	if (memchr(text, '\0', size))
		return sk_diag_line(diag, 1, 1, "not a private key file: it has zero bytes");
	memcpy(k->copy, text, size);
	for (unsigned i = 0; i < LINES; i++) {
		end = strchr(at, '\n');
		if (!end)
			return sk_diag_line(diag, i + 1, (uint32_t)strlen(at) + 1, "the private key file is cut short");
		*end = '\0';
		k->lines[i] = at;
		at = end + 1;
		if (i == LINES - 2)
			k->aad_size = (size_t)(at - k->copy);
	}
	if ((size_t)(at - k->copy) != size)
		return sk_diag_line(diag, LINES + 1, 1, "nothing may follow the secret");
	return 0;
}

/* The rest of line `i` behind `word`, or NULL with a diag. */
static const char *line_after(const struct parsed *k, unsigned i, const char *word, struct sk_diag *diag)
{
	size_t size = strlen(word);

	if (strncmp(k->lines[i], word, size) == 0)
		return k->lines[i] + size;
	sk_diag_line(diag, i + 1, 1, "expected \"%s\"", word);
	return NULL;
}

static int line_bytes(const struct parsed *k, unsigned i, const char *word, uint8_t *out, size_t size, struct sk_diag *diag)
{
	const char *text = line_after(k, i, word, diag);
	size_t got;

	if (!text)
		return SK_BAD;
	if (sk_unbase64(text, strlen(text), out, size, &got) != 0 || got != size)
		return sk_diag_line(diag, i + 1, (uint32_t)strlen(word) + 1, "expected the base64 of %zu bytes", size);
	return 0;
}

static int read_kdf(struct parsed *k, struct sk_diag *diag)
{
	const char *text = line_after(k, 3, "kdf ", diag);
	unsigned log2n, r, p;
	int at = 0;
	size_t got;

	if (!text)
		return SK_BAD;
	if (strcmp(text, "none") == 0)
		return strcmp(k->lines[4], "cipher none") == 0 ? 0 : sk_diag_line(diag, 5, 1, "expected \"cipher none\"");
	if (sscanf(text, "scrypt %2u %2u %2u %n", &log2n, &r, &p, &at) != 3 || at == 0 || log2n < 10 || log2n > 19 || r < 1 || r > 16 ||
	    p < 1 || p > 8)
		return sk_diag_line(diag, 4, 5, "expected \"none\" or \"scrypt\" with log2 N 10 to 19, r 1 to 16, p 1 to 8 and salt");
	if (sk_unbase64(text + at, strlen(text + at), k->salt, SALT_SIZE, &got) != 0 || got != SALT_SIZE)
		return sk_diag_line(diag, 4, (uint32_t)at + 5, "expected the base64 of %d bytes", SALT_SIZE);
	k->encrypted = true;
	k->log2n = log2n;
	k->r = r;
	k->p = p;
	return line_bytes(k, 4, "cipher aes-256-gcm ", k->nonce, NONCE_SIZE, diag);
}

static int read_lines(const char *text, size_t size, struct parsed *k, struct sk_diag *diag)
{
	const char *id;

	if (split_lines(text, size, k, diag) != 0)
		return SK_BAD;
	if (strcmp(k->lines[0], "sekisho-private-key 1") != 0)
		return sk_diag_line(diag, 1, 1, "not a private key file: expected \"sekisho-private-key 1\"");
	id = line_after(k, 1, "id ", diag);
	if (!id)
		return SK_BAD;
	if (strlen(id) != SK_KEY_ID_SIZE - 1)
		return sk_diag_line(diag, 2, 4, "expected a key id of %d hex digits", SK_KEY_ID_SIZE - 1);
	memcpy(k->id, id, SK_KEY_ID_SIZE);
	if (line_bytes(k, 2, "public ", k->public, SK_PUBLIC_SIZE, diag) != 0 || read_kdf(k, diag) != 0)
		return SK_BAD;
	return line_bytes(k, 5, "secret ", k->secret, k->encrypted ? SEALED_SIZE : SK_PUBLIC_SIZE, diag);
}

static int unseal(struct parsed *k, const char *text, const char *pass, uint8_t *seed)
{
	uint8_t wrap[32], out[SK_PUBLIC_SIZE + 16];
	int r = sk_scrypt(pass, strlen(pass), k->salt, SALT_SIZE, k->log2n, k->r, k->p, wrap, sizeof wrap);

	if (r == 0)
		r = gcm(false, wrap, k->nonce, text, k->aad_size, k->secret, out, k->secret + SK_PUBLIC_SIZE);
	if (r == 0)
		memcpy(seed, out, SK_PUBLIC_SIZE);
	sk_wipe(wrap, sizeof wrap);
	sk_wipe(out, sizeof out);
	return r;
}

static int decode(const char *text, size_t size, const char *pass, struct parsed *k, struct sk_diag *diag, struct sk_private **ret_key)
{
	_cleanup_private_ struct sk_private *key = NULL;
	uint8_t seed[SK_PUBLIC_SIZE];
	int r = read_lines(text, size, k, diag);

	if (r != 0)
		return r;
	if (k->encrypted && !pass)
		return SK_NONE;
	if (k->encrypted)
		r = strlen(pass) > SK_PASS_MAX ? SK_DENIED : unseal(k, text, pass, seed);
	else
		memcpy(seed, k->secret, SK_PUBLIC_SIZE);
	if (r == 0)
		r = sk_private_from_seed(seed, &key);
	sk_wipe(seed, sizeof seed);
	if (r != 0)
		return r == SK_BAD ? SK_DENIED : r;
	if (memcmp(key->public.bytes, k->public, SK_PUBLIC_SIZE) != 0 || strcmp(key->public.id, k->id) != 0)
		return sk_diag_line(diag, 2, 1, "the id and the public half are not those of the secret");
	*ret_key = SK_TAKE(key);
	return 0;
}

int sk_private_decode(const char *text, size_t size, const char *pass, struct sk_diag *diag, struct sk_private **ret_key)
{
	struct parsed *k = sk_calloc(1, sizeof *k);
	int r;

	if (!k)
		return sk_origin(-ENOMEM);
	r = decode(text, size, pass, k, diag, ret_key);
	sk_wipe(k, sizeof *k);
	free(k);
	return r;
}

static int sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folder = slash ? sk_strndup(path, slash == path ? 1 : (size_t)(slash - path)) : sk_strdup(".");
	_cleanup_close_ int fd = -1;

	if (!folder)
		return sk_origin(-ENOMEM);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

/* A key is never overwritten: an old key lost is a site that must be visited. */
static int save(const char *path, const char *text, size_t size, mode_t mode)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int r;

	if (fd < 0)
		return -errno;
	if (fchmod(fd, mode) < 0) {
		r = -errno;
	} else {
		r = sk_fd_write("key.write", fd, text, size);
		if (r == 0)
			r = sk_fd_sync("key.sync", fd);
	}
	if (r == 0)
		r = sync_folder_of(path);
	if (r != 0)
		unlink(path);
	return r;
}

int sk_private_save(const char *path, const struct sk_private *key, const char *pass)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_KEY_FILE_MAX);
	int r = sk_private_encode(key, pass, &text);

	if (r == 0)
		r = save(path, text.data, text.size, 0600);
	if (text.data)
		sk_wipe(text.data, text.size);
	return r;
}

int sk_public_save(const char *path, const struct sk_public *key)
{
	char text[SK_PUBLIC_TEXT_SIZE + 1];

	sk_public_text(key, text);
	text[SK_PUBLIC_TEXT_SIZE - 1] = '\n';
	return save(path, text, SK_PUBLIC_TEXT_SIZE, 0644);
}

/* Whole small file; *ret_mode of the open file itself. -errno unlogged. */
static int load(const char *path, char *text, size_t space, size_t *ret_size, mode_t *ret_mode)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*ret_mode = st.st_mode;
	return sk_fd_pread(fd, text, space, 0, ret_size);
}

int sk_private_load(const char *path, const char *pass, struct sk_diag *diag, struct sk_private **ret_key)
{
	char text[SK_KEY_FILE_MAX + 1];
	size_t size = 0;
	mode_t mode = 0;
	int r;

	sk_diag_source(diag, path);
	r = load(path, text, sizeof text, &size, &mode);
	if (r < 0)
		return r;
	if ((mode & 077) && size > 0 && memmem(text, size, "\nkdf none\n", 10))
		r = sk_diag_line(diag, 4, 1, "a key without a pass phrase that others may read is not used: chmod 600 it, and ask who read it");
	else
		r = sk_private_decode(text, size, pass, diag, ret_key);
	sk_wipe(text, sizeof text);
	return r;
}

int sk_public_load(const char *path, struct sk_diag *diag, struct sk_public *ret_key)
{
	char text[SK_PUBLIC_TEXT_SIZE + 1];
	size_t size = 0;
	mode_t mode;
	int r;

	sk_diag_source(diag, path);
	r = load(path, text, sizeof text, &size, &mode);
	return r < 0 ? r : sk_public_parse(text, size, diag, ret_key);
}
