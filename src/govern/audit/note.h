/* Signed notes and the checkpoints written in them (C2SP signed-note, tlog-checkpoint).
 * SPDX-License-Identifier: Apache-2.0
 *
 * A note is a text, an empty line, and lines "— name base64(key id || signature)". A checkpoint's text is
 * three lines: origin, size of the tree, its root in base64; further lines are kept, not understood. Keys
 * are Ed25519, and a key is written as "name+key id in hex+base64(0x01 || public key)". Nothing here
 * touches files. A note is from outside until its signature was verified. */
#ifndef GOVERN_AUDIT_NOTE_H
#define GOVERN_AUDIT_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/ed25519.h"
#include "govern/audit/merkle.h"

#define NOTE_BYTES_MAX      ((size_t)256 << 10)
#define NOTE_SIGNATURES_MAX 64
#define NOTE_NAME_BYTES_MAX 255
/* name+8 hex+48 base64, and the terminator */
#define NOTE_KEY_TEXT_BYTES (NOTE_NAME_BYTES_MAX + 64)

struct note_key {
    char name[NOTE_NAME_BYTES_MAX + 1];
    uint32_t id;
    uint8_t public_key[ED25519_PUBLIC_BYTES];
};

struct checkpoint {
    char origin[NOTE_NAME_BYTES_MAX + 1];
    uint64_t size;
    struct merkle_hash root;
};

/* STATUS_BAD_INPUT for a name that a note cannot hold (white space, '+', control bytes, too long). */
enum status note_key_init(struct note_key *ret, const char *name,
                          const uint8_t public_key[ED25519_PUBLIC_BYTES], struct error *err);
enum status note_key_parse(struct note_key *ret, struct span text, struct error *err);
void note_key_text(const struct note_key *key, char ret[NOTE_KEY_TEXT_BYTES]);

/* Appends the text, which ends with a newline, and its signature. */
enum status note_sign(struct buf *out, struct span text, const struct note_key *key,
                      const uint8_t seed[ED25519_SEED_BYTES], struct error *err);
/* The signed text of a note, or why it is none: malformed, not signed by this key, or signed wrongly.
 * Signatures of other keys are passed over. */
enum status note_open(struct span note, const struct note_key *key, struct span *ret_text,
                      struct error *err);

enum status checkpoint_write(struct buf *out, const struct checkpoint *c,
                             const struct note_key *key, const uint8_t seed[ED25519_SEED_BYTES],
                             struct error *err);
/* The text of a note that was opened. */
enum status checkpoint_parse(struct checkpoint *ret, struct span text, struct error *err);
/* Both: a note that must be signed by `key` and be a checkpoint of the origin that the key is named for. */
enum status checkpoint_open(struct checkpoint *ret, struct span note, const struct note_key *key,
                            struct error *err);

#endif
