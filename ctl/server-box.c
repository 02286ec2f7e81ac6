// SPDX-License-Identifier: GPL-3.0-or-later
/* Sealing and opening the files of a backup, and its manifest. */
#include "server-box.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/password.h"
#include "os/clock.h"
#include "os/file.h"
#include "wire/json.h"

enum { PIECE = 64 << 10, TAG = 16, NONCE = 12, MANIFEST_MAX = 64 << 10 };

static const char magic[8] = "SKENC1\0";

/* ---- keys ---- */

int box_key(struct box *box, const char *pass, bool salt_known)
{
	int r = salt_known ? 0 : sk_random(box->salt, sizeof box->salt);

	if (!r)
		r = sk_scrypt(pass, strlen(pass), box->salt, sizeof box->salt, 15, 8, 3, box->key, sizeof box->key);
	return r > 0 ? sk_origin(-EINVAL) : r;
}

static int key_of(const struct box *box, const char *name, uint8_t ret_key[SK_SHA256_SIZE])
{
	return sk_hmac_sha256(box->key, sizeof box->key, name, strlen(name), ret_key);
}

/* ---- one piece ---- */

struct seal {
	EVP_CIPHER_CTX *ctx;
	uint8_t key[SK_SHA256_SIZE];
	uint64_t pieces;
};

static int seal_begin(struct seal *seal, const struct box *box, const char *name)
{
	seal->pieces = 0;
	seal->ctx = EVP_CIPHER_CTX_new();
	return seal->ctx ? key_of(box, name, seal->key) : sk_origin(-ENOMEM);
}

static void seal_end(struct seal *seal)
{
	EVP_CIPHER_CTX_free(seal->ctx);
	sk_wipe(seal->key, sizeof seal->key);
}

/* The number of the piece, and whether it is the last: no piece can be moved, repeated or left out. */
static void make_nonce(struct seal *seal, bool last, uint8_t nonce[NONCE])
{
	struct sk_writer w;

	sk_writer_init(&w, nonce, NONCE);
	sk_put_u64(&w, seal->pieces++);
	sk_put_u32(&w, last);
}

static int seal_piece(struct seal *seal, const uint8_t *plain, int size, bool last, uint8_t *out)
{
	uint8_t nonce[NONCE];
	int n;

	make_nonce(seal, last, nonce);
	if (EVP_EncryptInit_ex(seal->ctx, EVP_aes_256_gcm(), NULL, seal->key, nonce) != 1 || EVP_EncryptUpdate(seal->ctx, out, &n, plain, size) != 1 ||
	    EVP_EncryptFinal_ex(seal->ctx, out + n, &n) != 1 || EVP_CIPHER_CTX_ctrl(seal->ctx, EVP_CTRL_GCM_GET_TAG, TAG, out + size) != 1)
		return sk_origin(-EIO);
	return 0;
}

/* SK_DENIED: not what was sealed. */
static int open_piece(struct seal *seal, uint8_t *sealed, int size, bool last, uint8_t *out)
{
	uint8_t nonce[NONCE];
	int n;

	make_nonce(seal, last, nonce);
	if (EVP_DecryptInit_ex(seal->ctx, EVP_aes_256_gcm(), NULL, seal->key, nonce) != 1 || EVP_DecryptUpdate(seal->ctx, out, &n, sealed, size) != 1 ||
	    EVP_CIPHER_CTX_ctrl(seal->ctx, EVP_CTRL_GCM_SET_TAG, TAG, sealed + size) != 1 || EVP_DecryptFinal_ex(seal->ctx, out + n, &n) != 1)
		return SK_DENIED;
	return 0;
}

/* ---- putting ---- */

struct sink {
	int fd;
	struct sk_hasher *hasher;
	uint64_t size;
};

static int sink_write(struct sink *sink, const void *data, size_t size)
{
	int r = sk_hasher_update(sink->hasher, data, size);

	if (!r)
		r = sk_fd_write("backup.write", sink->fd, data, size);
	sink->size += size;
	return r;
}

static int write_sealed(struct sink *sink, struct seal *seal, const uint8_t *data, int size, bool last)
{
	uint8_t out[4 + PIECE + TAG];
	struct sk_writer w;
	int r = seal_piece(seal, data, size, last, out + 4);

	sk_writer_init(&w, out, 4);
	sk_put_u32(&w, (uint32_t)size);
	return r ? r : sink_write(sink, out, 4 + (size_t)size + TAG);
}

static int copy_in(const struct box *box, int from, struct sink *sink, struct seal *seal)
{
	_cleanup_free_ uint8_t *piece = sk_malloc(PIECE);
	uint64_t at = 0;
	size_t size = PIECE;
	int r = piece ? 0 : sk_origin(-ENOMEM);

	if (!r && box->encrypted)
		r = sink_write(sink, magic, sizeof magic);
	while (!r && size == PIECE) { /* a short piece, perhaps an empty one, is the last */
		r = sk_fd_pread(from, piece, PIECE, at, &size);
		if (!r)
			r = box->encrypted ? write_sealed(sink, seal, piece, (int)size, size < PIECE) : sink_write(sink, piece, size);
		at += size;
	}
	if (piece)
		sk_wipe(piece, PIECE);
	return r;
}

int box_put(const struct box *box, int from, int to_dir, struct box_file *file)
{
	_cleanup_hasher_ struct sk_hasher *hasher = NULL;
	_cleanup_close_ int fd = -1;
	struct sink sink = {0};
	struct seal seal = {0};
	int r = sk_hasher_new(&hasher);

	if (!r)
		r = sk_hasher_begin(hasher);
	if (!r)
		r = sk_open_in(to_dir, file->name, O_WRONLY | O_CREAT | O_EXCL, 0600, &fd);
	if (!r)
		r = seal_begin(&seal, box, file->name);
	sink.fd = fd;
	sink.hasher = hasher;
	if (!r)
		r = copy_in(box, from, &sink, &seal);
	if (!r)
		r = sk_fd_sync("backup.sync", fd);
	if (!r)
		r = sk_hasher_finish(hasher, file->sha256);
	file->size = sink.size;
	seal_end(&seal);
	return r;
}

/* ---- taking ---- */

static int check_bytes(int fd, const struct box_file *file, struct sk_diag *diag)
{
	_cleanup_hasher_ struct sk_hasher *hasher = NULL;
	_cleanup_free_ void *space = sk_malloc(PIECE);
	uint8_t sha256[SK_SHA256_SIZE];
	uint64_t size;
	int r = sk_hasher_new(&hasher);

	if (!r)
		r = space ? sk_hasher_fd(hasher, fd, space, PIECE, NULL, NULL, sha256, &size) : sk_origin(-ENOMEM);
	if (r)
		return r;
	if (size != file->size || memcmp(sha256, file->sha256, sizeof sha256) != 0)
		return sk_diag_path(diag, file->name, "is damaged: its size or SHA-256 is not the manifest's");
	return 0;
}

static int take_plain(int fd, int to, uint64_t size, uint8_t *piece)
{
	uint64_t at = 0;
	size_t n;
	int r = 0;

	while (!r && at < size) {
		r = sk_fd_pread(fd, piece, PIECE, at, &n);
		if (!r && n == 0)
			return SK_BAD;
		if (!r)
			r = sk_fd_write("restore.write", to, piece, n);
		at += n;
	}
	return r;
}

static int take_sealed(struct seal *seal, int fd, int to, uint64_t size, uint8_t *piece)
{
	_cleanup_free_ uint8_t *plain = sk_malloc(PIECE);
	uint64_t at = sizeof magic;
	struct sk_cursor c;
	size_t n;
	int r = plain ? sk_fd_pread(fd, piece, sizeof magic, 0, &n) : sk_origin(-ENOMEM);

	if (!r && (n < sizeof magic || memcmp(piece, magic, sizeof magic) != 0))
		return SK_BAD;
	while (!r && at < size) {
		uint32_t length;

		r = sk_fd_pread(fd, piece, 4 + PIECE + TAG, at, &n);
		if (r)
			return r;
		sk_cursor_init(&c, piece, n);
		length = sk_get_u32(&c);
		if (c.bad || length > PIECE || sk_cursor_left(&c) < length + TAG)
			return SK_BAD;
		at += 4 + length + TAG;
		r = open_piece(seal, piece + 4, (int)length, length < PIECE, plain);
		if (!r && (length < PIECE) != (at == size))
			return SK_BAD;
		if (!r)
			r = sk_fd_write("restore.write", to, plain, length);
	}
	return r;
}

int box_take(const struct box *box, int from_dir, const struct box_file *file, int to, struct sk_diag *diag)
{
	_cleanup_free_ uint8_t *piece = sk_malloc(4 + PIECE + TAG);
	_cleanup_close_ int fd = -1;
	struct seal seal = {0};
	int r = piece ? sk_open_in(from_dir, file->name, O_RDONLY, 0, &fd) : sk_origin(-ENOMEM);

	if (r > 0)
		return sk_diag_path(diag, file->name, "is missing");
	if (!r)
		r = check_bytes(fd, file, diag);
	if (!r)
		r = seal_begin(&seal, box, file->name);
	if (!r)
		r = box->encrypted ? take_sealed(&seal, fd, to, file->size, piece) : take_plain(fd, to, file->size, piece);
	if (!r)
		r = sk_fd_sync("restore.sync", to);
	seal_end(&seal);
	if (r == SK_DENIED || (r == SK_BAD && !diag->text[0]))
		return sk_diag_path(diag, file->name, "is not what was sealed");
	return r;
}

/* ---- the manifest ---- */

static int put_files(struct json_object *out, const struct box *box)
{
	struct json_object *list, *one;
	int r = sk_json_put_array(out, "files", &list);

	for (size_t i = 0; !r && i < box->count; i++) {
		const struct box_file *f = &box->files[i];

		one = json_object_new_object();
		r = one ? sk_json_append(list, one) : sk_origin(-ENOMEM);
		if (!r)
			r = sk_json_put_string(one, "name", f->name);
		if (!r)
			r = sk_json_put_string(one, "path", f->path);
		if (!r)
			r = sk_json_put_u64(one, "size", f->size);
		if (!r)
			r = sk_json_put_hex(one, "sha256", f->sha256, sizeof f->sha256);
	}
	return r;
}

/* Over the manifest's canonical text without "mac". */
static int mac_of(const struct box *box, struct json_object *manifest, uint8_t ret_mac[SK_SHA256_SIZE])
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(MANIFEST_MAX);
	uint8_t key[SK_SHA256_SIZE];
	int r = sk_json_canonical(manifest, &text);

	if (!r)
		r = key_of(box, "manifest.json", key);
	return r ? r : sk_hmac_sha256(key, sizeof key, text.data, text.size, ret_mac);
}

int box_write_manifest(const struct box *box, int dir)
{
	_cleanup_json_ struct json_object *out = json_object_new_object();
	_cleanup_buf_ struct sk_buf text = SK_BUF(MANIFEST_MAX);
	uint8_t mac[SK_SHA256_SIZE];
	int r = out ? put_files(out, box) : sk_origin(-ENOMEM);

	if (!r)
		r = sk_json_put_string(out, "format", "sekisho-backup 1");
	if (!r)
		r = sk_json_put_string(out, "version", SK_VERSION);
	if (!r)
		r = sk_json_put_u64(out, "made", box->made);
	if (!r)
		r = sk_json_put_bool(out, "encrypted", box->encrypted);
	if (!r && box->encrypted)
		r = sk_json_put_base64(out, "salt", box->salt, sizeof box->salt);
	if (!r && box->encrypted)
		r = mac_of(box, out, mac);
	if (!r && box->encrypted)
		r = sk_json_put_hex(out, "mac", mac, sizeof mac);
	if (!r)
		r = sk_json_canonical(out, &text);
	return r ? r : sk_file_replace("backup.manifest", dir, "manifest.json", text.data, text.size, 0600);
}

/* A name is one word of ours: no path of a foreign manifest leads anywhere. */
static bool is_name(const char *name)
{
	return name[0] && name[0] != '.' && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-")];
}

static int read_file(const struct sk_json *list, size_t i, struct box *box)
{
	struct box_file *f = &box->files[box->count];
	const char *name, *path;
	struct sk_json item;
	int r = sk_json_item_object(list, i, &item);

	if (!r)
		r = SK_JSON_ONLY(&item, "name", "path", "size", "sha256");
	if (!r)
		r = sk_json_string(&item, "name", 1, sizeof f->name - 1, &name);
	if (!r && !is_name(name))
		r = sk_json_refuse(&item, "name", "not a name that we give");
	if (!r)
		r = sk_json_string(&item, "path", 1, sizeof f->path - 1, &path);
	if (!r)
		r = sk_json_u64(&item, "size", 0, SK_JSON_MAX_INT, &f->size);
	if (!r)
		r = sk_json_hex(&item, "sha256", f->sha256, sizeof f->sha256);
	if (r)
		return r;
	memcpy(f->name, name, strlen(name) + 1);
	memcpy(f->path, path, strlen(path) + 1);
	box->count++;
	return 0;
}

static int read_box(const struct sk_json *at, struct box *box)
{
	struct sk_json list;
	const char *text;
	size_t size = 0;
	int r = SK_JSON_ONLY(at, "encrypted", "files", "format", "mac", "made", "salt", "version");

	if (!r)
		r = sk_json_string(at, "format", 1, 64, &text);
	if (!r && strcmp(text, "sekisho-backup 1") != 0)
		r = sk_json_refuse(at, "format", "not a backup that this program knows");
	if (!r)
		r = sk_json_u64(at, "made", 0, SK_JSON_MAX_INT, &box->made);
	if (!r)
		r = sk_json_bool(at, "encrypted", &box->encrypted);
	if (!r && box->encrypted)
		r = sk_json_base64(at, "salt", box->salt, sizeof box->salt, &size);
	if (!r && box->encrypted && size != sizeof box->salt)
		r = sk_json_refuse(at, "salt", "not of the right size");
	if (!r)
		r = sk_json_array(at, "files", BOX_FILES_MAX, &list);
	for (size_t i = 0; !r && i < sk_json_length(&list); i++)
		r = read_file(&list, i, box);
	return r;
}

static int check_mac(const struct box *box, const struct sk_json *at)
{
	uint8_t said[SK_SHA256_SIZE], mac[SK_SHA256_SIZE];
	int r = sk_json_hex(at, "mac", said, sizeof said);

	json_object_object_del(at->value, "mac");
	if (!r)
		r = mac_of(box, at->value, mac);
	return r ? r : sk_equal_secret(mac, said, sizeof mac) ? 0 : SK_DENIED;
}

int box_read_manifest(int dir, const char *pass, struct box *ret_box, struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(MANIFEST_MAX);
	_cleanup_json_ struct json_object *tree = NULL;
	struct sk_json at;
	int r = sk_file_read(dir, "manifest.json", MANIFEST_MAX, &text);

	sk_diag_source(diag, "manifest.json");
	if (r > 0)
		return sk_diag_path(diag, "", "cannot be read: this is no backup, or not a whole one");
	if (!r)
		r = sk_json_parse_object(text.data ? text.data : "", text.size, MANIFEST_MAX, &tree, diag);
	at = SK_JSON(tree, "", diag);
	memset(ret_box, 0, sizeof *ret_box);
	if (!r)
		r = read_box(&at, ret_box);
	if (r || !ret_box->encrypted)
		return r;
	if (!pass)
		return SK_NONE;
	r = box_key(ret_box, pass, true);
	return r ? r : check_mac(ret_box, &at);
}
