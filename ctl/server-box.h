// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A backup on a medium: a folder of files and manifest.json, which names each with its size and SHA-256 (of the bytes as they lie there) and is written last.
 *
 *   manifest.json  {"encrypted":bool,"files":[{"name","path","sha256","size"}],"format":"sekisho-backup 1","mac":hex,"made":ms,"salt":base64,"version":text}
 *                  "path" is where the file belongs below the root; "mac" and "salt" only when it is encrypted
 *   NAME           plain: the file itself. Encrypted: "SKENC1\0\0", then pieces {u32 size, AES-256-GCM ciphertext, 16 bytes tag} of at most 64 KiB, the
 *                  last one marked in its nonce, so that neither a byte nor the end can be changed or left out
 *
 * The key is scrypt's (N 2^15, r 8, p 3) of the pass phrase and the salt; each file has its own by HMAC-SHA-256 of the master key and its name, and so has
 * the manifest's mac.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "crypto/hash.h"
#include "ctl.h"

enum { BOX_FILES_MAX = 32, BOX_NAME_MAX = 64, BOX_SALT = 16 };

struct box_file {
	char name[BOX_NAME_MAX];  /* in the backup's folder */
	char path[128];           /* below the root */
	uint64_t size;
	uint8_t sha256[SK_SHA256_SIZE];
};

struct box {
	uint64_t made; /* ms */
	bool encrypted;
	uint8_t salt[BOX_SALT], key[32];
	struct box_file files[BOX_FILES_MAX];
	size_t count;
};

/* Draws a salt and derives the key; with `salt_known` derives it with the salt that is there. 0 or negative. */
int box_key(struct box *box, const char *pass, bool salt_known);
/* Copies the open file `from` to a new file `to_dir`/file->name (sealed when the box is encrypted), syncs it, and sets size and sha256. */
int box_put(const struct box *box, int from, int to_dir, struct box_file *file);
/*
 * The reverse: `from_dir`/file->name, checked against size and SHA-256, opened, to the open file `to`. SK_BAD with the reason: it is not what the
 * manifest says, or (encrypted) not what was sealed.
 */
int box_take(const struct box *box, int from_dir, const struct box_file *file, int to, struct sk_diag *diag);
/* manifest.json into `dir`. */
int box_write_manifest(const struct box *box, int dir);
/* Reads it; SK_BAD with the reason. With `pass` NULL and an encrypted box: SK_NONE. SK_DENIED: the pass phrase is wrong. */
int box_read_manifest(int dir, const char *pass, struct box *ret_box, struct sk_diag *diag);
