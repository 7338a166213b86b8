/* Signed notes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/audit/note.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/base64.h"
#include "base/core/utf8.h"

#define DASH            "\xE2\x80\x94 " /* em dash and a space */
#define ED25519_TYPE    1               /* signature type of C2SP signed-note */
#define KEY_ID_BYTES    4
#define SIGNATURE_BYTES (KEY_ID_BYTES + ED25519_SIGNATURE_BYTES)

static uint32_t read_id(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void write_id(uint8_t *b, uint32_t id)
{
    for (int i = 0; i < KEY_ID_BYTES; i++)
        b[i] = (uint8_t)(id >> (24 - 8 * i));
}

/* ---- keys ---- */

/* Unicode's spaces, as far as a name could hold them. */
static bool is_space(uint32_t c)
{
    return c <= 0x20 || c == 0x7F || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

static bool good_name(struct span name)
{
    if (name.len == 0 || name.len > NOTE_NAME_BYTES_MAX) return false;
    for (size_t i = 0; i < name.len;) {
        uint32_t c;
        int n = utf8_decode(name.data + i, name.len - i, &c);
        if (n == 0 || is_space(c) || c == '+') return false;
        i += (size_t)n;
    }
    return true;
}

static enum status key_id(const struct note_key *key, uint32_t *ret, struct error *err)
{
    uint8_t bytes[NOTE_NAME_BYTES_MAX + 2 + ED25519_PUBLIC_BYTES], digest[SHA256_BYTES];
    size_t len = strlen(key->name);
    memcpy(bytes, key->name, len);
    bytes[len++] = '\n';
    bytes[len++] = ED25519_TYPE;
    memcpy(bytes + len, key->public_key, ED25519_PUBLIC_BYTES);
    enum status st = sha256_of(bytes, len + ED25519_PUBLIC_BYTES, digest, err);
    if (!st) *ret = read_id(digest);
    return st;
}

static enum status key_of(struct note_key *ret, struct span name, const uint8_t *public_key,
                          struct error *err)
{
    struct note_key key = { .id = 0 };
    if (!good_name(name))
        return error_set(err, STATUS_BAD_INPUT,
                         "the name of a key is 1 to %d bytes of UTF-8 without white space and '+'",
                         NOTE_NAME_BYTES_MAX);
    memcpy(key.name, name.data, name.len);
    memcpy(key.public_key, public_key, ED25519_PUBLIC_BYTES);
    enum status st = key_id(&key, &key.id, err);
    if (!st) *ret = key;
    return st;
}

enum status note_key_init(struct note_key *ret, const char *name,
                          const uint8_t public_key[ED25519_PUBLIC_BYTES], struct error *err)
{
    return key_of(ret, span_of(name), public_key, err);
}

static bool parse_hex_id(struct span hex, uint32_t *ret)
{
    uint32_t v = 0;
    if (hex.len != 2 * KEY_ID_BYTES) return false;
    for (size_t i = 0; i < hex.len; i++) {
        char c = hex.data[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) return false;
        v = v << 4 | (uint32_t)digit;
    }
    *ret = v;
    return true;
}

enum status note_key_parse(struct note_key *ret, struct span text, struct error *err)
{
    struct buf bytes = BUF_INIT(1 + ED25519_PUBLIC_BYTES);
    struct note_key key;
    uint32_t id = 0;
    while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == ' '))
        text.len--;
    const char *end = text.data + text.len;
    const char *first = text.len ? memchr(text.data, '+', text.len) : NULL;
    const char *second = first ? memchr(first + 1, '+', (size_t)(end - first - 1)) : NULL;
    enum status st = STATUS_BAD_INPUT;
    if (second && parse_hex_id((struct span){ first + 1, (size_t)(second - first - 1) }, &id))
        st = base64_decode(&bytes, (struct span){ second + 1, (size_t)(end - second - 1) }, err);
    if (st == STATUS_NO_MEMORY) return st;
    if (st || bytes.len != 1 + ED25519_PUBLIC_BYTES || bytes.data[0] != ED25519_TYPE) {
        buf_release(&bytes);
        return error_set(err, STATUS_BAD_INPUT,
                         "that is no Ed25519 key of a note: name+8 hex digits+base64 is expected");
    }
    st = key_of(&key, (struct span){ text.data, (size_t)(first - text.data) },
                (const uint8_t *)bytes.data + 1, err);
    buf_release(&bytes);
    if (st) return st;
    if (key.id != id)
        return error_set(err, STATUS_BAD_INPUT,
                         "the key of %s says that its id is %08" PRIx32 ", but it is %08" PRIx32,
                         key.name, id, key.id);
    *ret = key;
    return STATUS_OK;
}

void note_key_text(const struct note_key *key, char ret[NOTE_KEY_TEXT_BYTES])
{
    uint8_t bytes[1 + ED25519_PUBLIC_BYTES] = { ED25519_TYPE };
    struct buf text = BUF_INIT(64);
    memcpy(bytes + 1, key->public_key, ED25519_PUBLIC_BYTES);
    base64_encode(&text, bytes, sizeof bytes);
    snprintf(ret, NOTE_KEY_TEXT_BYTES, "%s+%08" PRIx32 "+%s", key->name, key->id,
             text.data ? text.data : "");
    buf_release(&text);
}

/* ---- notes ---- */

enum status note_sign(struct buf *out, struct span text, const struct note_key *key,
                      const uint8_t seed[ED25519_SEED_BYTES], struct error *err)
{
    uint8_t bytes[SIGNATURE_BYTES];
    write_id(bytes, key->id);
    enum status st = ed25519_sign(seed, text.data, text.len, bytes + KEY_ID_BYTES, err);
    if (st) return st;
    buf_append(out, text.data, text.len);
    buf_format(out, "\n" DASH "%s ", key->name);
    base64_encode(out, bytes, sizeof bytes);
    buf_byte(out, '\n');
    return buf_check(out, "a signed note", err);
}

static enum status malformed(struct error *err, const char *why)
{
    return error_set(err, STATUS_BAD_INPUT, "that is not a signed note: %s", why);
}

/* The text ends at the last empty line; what follows are signatures. */
static enum status split(struct span note, struct span *ret_text, struct span *ret_signatures,
                         struct error *err)
{
    if (note.len > NOTE_BYTES_MAX) return malformed(err, "it is larger than 256 KiB");
    if (note.len < 2 || note.data[note.len - 1] != '\n')
        return malformed(err, "it does not end with a newline");
    if (!utf8_valid(note.data, note.len)) return malformed(err, "it is not UTF-8");
    for (size_t i = 0; i < note.len; i++)
        if ((uint8_t)note.data[i] < 0x20 && note.data[i] != '\n')
            return malformed(err, "it holds a control byte");
    for (size_t i = note.len - 1; i > 0; i--) {
        if (note.data[i] != '\n' || note.data[i - 1] != '\n') continue;
        *ret_text = (struct span){ note.data, i };
        *ret_signatures = (struct span){ note.data + i + 1, note.len - i - 1 };
        if (ret_signatures->len == 0) return malformed(err, "it has no signature");
        return STATUS_OK;
    }
    return malformed(err, "no empty line stands between its text and its signatures");
}

struct signature {
    struct span name;
    uint32_t id;
    uint8_t bytes[ED25519_SIGNATURE_BYTES];
    bool is_ed25519_long;
};

static enum status bad_line(struct error *err)
{
    return malformed(err, "a line of signature is malformed");
}

static enum status parse_signature(struct span line, struct signature *ret, struct error *err)
{
    size_t dash = sizeof DASH - 1;
    if (line.len <= dash || memcmp(line.data, DASH, dash) != 0) return bad_line(err);
    struct span rest = { line.data + dash, line.len - dash };
    const char *space = memchr(rest.data, ' ', rest.len);
    if (!space) return bad_line(err);
    struct span name = { rest.data, (size_t)(space - rest.data) };
    struct span base64 = { space + 1, rest.len - name.len - 1 };
    struct buf bytes = BUF_INIT(NOTE_BYTES_MAX);
    enum status st = good_name(name) ? base64_decode(&bytes, base64, err) : STATUS_BAD_INPUT;
    if (!st && bytes.len <= KEY_ID_BYTES) st = STATUS_BAD_INPUT;
    if (!st) {
        *ret = (struct signature){ .name = name, .id = read_id((const uint8_t *)bytes.data) };
        ret->is_ed25519_long = bytes.len == SIGNATURE_BYTES;
        if (ret->is_ed25519_long)
            memcpy(ret->bytes, bytes.data + KEY_ID_BYTES, ED25519_SIGNATURE_BYTES);
    }
    buf_release(&bytes);
    return st == STATUS_BAD_INPUT ? bad_line(err) : st;
}

enum status note_open(struct span note, const struct note_key *key, struct span *ret_text,
                      struct error *err)
{
    struct span text, rest;
    bool verified = false;
    enum status st = split(note, &text, &rest, err);
    if (st) return st;
    for (int count = 0; rest.len; count++) {
        const char *end = memchr(rest.data, '\n', rest.len);
        struct span line = { rest.data, (size_t)(end - rest.data) };
        struct signature s;
        if (count == NOTE_SIGNATURES_MAX) return malformed(err, "it has more than 64 signatures");
        st = parse_signature(line, &s, err);
        if (st) return st;
        rest = (struct span){ end + 1, rest.len - line.len - 1 };
        if (s.id != key->id || !span_equals(s.name, key->name)) continue;
        if (!s.is_ed25519_long || !ed25519_verify(key->public_key, text.data, text.len, s.bytes))
            return error_set(err, STATUS_BAD_INPUT,
                             "the signature of %s does not belong to this text", key->name);
        verified = true;
    }
    if (!verified)
        return error_set(err, STATUS_BAD_INPUT, "it is not signed by %s (%08" PRIx32 ")", key->name,
                         key->id);
    *ret_text = text;
    return STATUS_OK;
}

/* ---- checkpoints ---- */

enum status checkpoint_write(struct buf *out, const struct checkpoint *c,
                             const struct note_key *key, const uint8_t seed[ED25519_SEED_BYTES],
                             struct error *err)
{
    struct buf text = BUF_INIT(1024);
    buf_format(&text, "%s\n%" PRIu64 "\n", c->origin, c->size);
    base64_encode(&text, c->root.bytes, sizeof c->root.bytes);
    buf_byte(&text, '\n');
    enum status st = buf_check(&text, "a checkpoint", err);
    if (!st) st = note_sign(out, (struct span){ text.data, text.len }, key, seed, err);
    buf_release(&text);
    return st;
}

static bool next_line(struct span *rest, struct span *ret)
{
    const char *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
    if (!end) return false;
    *ret = (struct span){ rest->data, (size_t)(end - rest->data) };
    *rest = (struct span){ end + 1, rest->len - ret->len - 1 };
    return ret->len > 0;
}

static bool parse_size(struct span digits, uint64_t *ret)
{
    uint64_t v = 0;
    if (digits.len == 0 || digits.len > 19 || (digits.data[0] == '0' && digits.len > 1))
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') return false;
        v = v * 10 + (uint64_t)(digits.data[i] - '0');
    }
    if (v > MERKLE_SIZE_MAX) return false;
    *ret = v;
    return true;
}

static enum status parse_root(struct span base64, struct merkle_hash *ret, struct error *err)
{
    struct buf bytes = BUF_INIT(SHA256_BYTES);
    enum status st = base64_decode(&bytes, base64, err);
    bool good = !st && bytes.len == SHA256_BYTES;
    if (good) memcpy(ret->bytes, bytes.data, SHA256_BYTES);
    buf_release(&bytes);
    if (good || st == STATUS_NO_MEMORY) return st;
    return error_set(err, STATUS_BAD_INPUT,
                     "the third line of a checkpoint is its root, 32 bytes in base64");
}

enum status checkpoint_parse(struct checkpoint *ret, struct span text, struct error *err)
{
    struct checkpoint c = { .size = 0 };
    struct span origin, size, root, more;
    if (!next_line(&text, &origin) || origin.len > NOTE_NAME_BYTES_MAX)
        return error_set(err, STATUS_BAD_INPUT, "a checkpoint begins with its origin");
    if (!next_line(&text, &size) || !parse_size(size, &c.size))
        return error_set(err, STATUS_BAD_INPUT, "the second line of a checkpoint is its size");
    root = (struct span){ "", 0 };
    next_line(&text, &root);
    enum status st = parse_root(root, &c.root, err);
    if (st) return st;
    while (text.len)
        if (!next_line(&text, &more))
            return error_set(err, STATUS_BAD_INPUT, "a checkpoint has no empty lines");
    memcpy(c.origin, origin.data, origin.len);
    *ret = c;
    return STATUS_OK;
}

enum status checkpoint_open(struct checkpoint *ret, struct span note, const struct note_key *key,
                            struct error *err)
{
    struct span text;
    struct checkpoint c;
    enum status st = note_open(note, key, &text, err);
    if (!st) st = checkpoint_parse(&c, text, err);
    if (st) return st;
    if (strcmp(c.origin, key->name) != 0)
        return error_set(err, STATUS_BAD_INPUT, "it is a checkpoint of another log, %s", c.origin);
    *ret = c;
    return STATUS_OK;
}
