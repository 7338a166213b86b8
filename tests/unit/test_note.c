/* Signed notes, checkpoints, keys and canonical JSON.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/audit/note.h"

#include <stdio.h>
#include <string.h>

#include "govern/audit/canonical.h"
#include "support/fixture.h"

/* RFC 8032, section 7.1, TEST 2 */
static const uint8_t SEED[32] = { 0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3,
                                  0x46, 0xec, 0x11, 0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab,
                                  0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb };
static const uint8_t PUBLIC[32] = { 0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a,
                                    0x92, 0xb7, 0x0a, 0xa7, 0x4d, 0x1b, 0x7e, 0xbc,
                                    0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4, 0x96, 0x8c,
                                    0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c };
static const uint8_t SIGNATURE[64] = {
    0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8, 0x72, 0x0e, 0x82, 0x0b, 0x5f, 0x64, 0x25, 0x40,
    0xa2, 0xb2, 0x7b, 0x54, 0x16, 0x50, 0x3f, 0x8f, 0xb3, 0x76, 0x22, 0x23, 0xeb, 0xdb, 0x69, 0xda,
    0x08, 0x5a, 0xc1, 0xe4, 0x3e, 0x15, 0x99, 0x6e, 0x45, 0x8f, 0x36, 0x13, 0xd0, 0xf1, 0x1d, 0x8c,
    0x38, 0x7b, 0x2e, 0xae, 0xb4, 0x30, 0x2a, 0xee, 0xb0, 0x0d, 0x29, 0x16, 0x12, 0xbb, 0x0c, 0x00,
};

/* The example in the documentation of Go's golang.org/x/mod/sumdb/note */
#define GO_KEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define GO_TEXT                                                  \
    "If you think cryptography is the answer to your problem,\n" \
    "then you don't know what your problem is.\n"
#define GO_SIGNATURE                                                                         \
    "\xE2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZ" \
    "SNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

static void test_ed25519(void **state)
{
    uint8_t public_key[32], signature[64];
    (void)state;
    assert_int_equal(ed25519_public(SEED, public_key, NULL), STATUS_OK);
    assert_memory_equal(public_key, PUBLIC, 32);
    assert_int_equal(ed25519_sign(SEED, "\x72", 1, signature, NULL), STATUS_OK);
    assert_memory_equal(signature, SIGNATURE, 64);
    assert_true(ed25519_verify(PUBLIC, "\x72", 1, SIGNATURE));
    assert_false(ed25519_verify(PUBLIC, "\x73", 1, SIGNATURE));
    assert_false(ed25519_verify(SEED, "\x72", 1, SIGNATURE));
    signature[63] ^= 0x40;
    assert_false(ed25519_verify(PUBLIC, "\x72", 1, signature));
}

/* RFC 4231, test cases 1 and 2 */
static void test_hmac(void **state)
{
    uint8_t key[20], got[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    (void)state;
    memset(key, 0x0b, sizeof key);
    assert_int_equal(hmac_sha256(key, 20, "Hi There", 8, got, NULL), STATUS_OK);
    sha256_hex(got, hex);
    assert_string_equal(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_int_equal(hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, got, NULL), 0);
    sha256_hex(got, hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_int_equal(hmac_sha256("k", 1, NULL, 0, got, NULL), STATUS_OK);
}

static void test_hex(void **state)
{
    uint8_t got[SHA256_BYTES];
    char hex[] = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
    (void)state;
    assert_true(sha256_from_hex(hex, 64, got));
    assert_int_equal(got[0], 0xb0);
    assert_int_equal(got[31], 0xf7);
    assert_false(sha256_from_hex(hex, 63, got));
    hex[5] = 'G';
    assert_false(sha256_from_hex(hex, 64, got));
    hex[5] = 'C';
    assert_false(sha256_from_hex(hex, 64, got));
}

static void test_note_of_others(void **state)
{
    struct note_key key;
    struct span text;
    struct error err;
    char written[NOTE_KEY_TEXT_BYTES];
    (void)state;
    assert_int_equal(note_key_parse(&key, span_of(GO_KEY), &err), STATUS_OK);
    assert_string_equal(key.name, "PeterNeumann");
    assert_int_equal(key.id, 0xc74f20a3);
    note_key_text(&key, written);
    assert_string_equal(written, GO_KEY);
    assert_int_equal(note_open(span_of(GO_TEXT "\n" GO_SIGNATURE), &key, &text, &err), STATUS_OK);
    assert_true(span_equals(text, GO_TEXT));
}

static struct note_key our_key(void)
{
    struct note_key key;
    assert_int_equal(note_key_init(&key, "hearth/log/test", PUBLIC, NULL), STATUS_OK);
    return key;
}

/* What may surround a good signature, and what spoils a note. %s is a good line. */
static void test_note_forms(void **state)
{
    static const struct {
        const char *name, *before, *after;
        enum status st;
    } cases[] = {
        { "plain", "text\n\n", "", STATUS_OK },
        { "empty lines in the text", "text\n\n\nmore\n\n", "", STATUS_OK },
        { "another's signature behind", "text\n\n", "\xE2\x80\x94 other/name AAAAAAA=\n",
          STATUS_OK },
        { "same name, other id", "text\n\n", "\xE2\x80\x94 hearth/log/test AAAAAAA=\n", STATUS_OK },
        { "other text", "texT\n\n", "", STATUS_BAD_INPUT },
        { "no empty line", "text\n", "", STATUS_BAD_INPUT },
        { "garbage behind", "text\n\n", "garbage\n", STATUS_BAD_INPUT },
        { "hyphen for the dash", "text\n\n", "- other AAAAAAA=\n", STATUS_BAD_INPUT },
        { "no final newline", "text\n\n", "x", STATUS_BAD_INPUT },
        { "control byte", "text\t\n\n", "", STATUS_BAD_INPUT },
        { "not UTF-8", "te\xFFxt\n\n", "", STATUS_BAD_INPUT },
        { "base64 damaged", "text\n\n", "\xE2\x80\x94 other AAAA=AA=\n", STATUS_BAD_INPUT },
        { "signature without bytes", "text\n\n", "\xE2\x80\x94 other AAAAAA==\n",
          STATUS_BAD_INPUT },
    };
    struct note_key key = our_key();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf good = BUF_INIT(4096), note = BUF_INIT(4096);
        struct span text;
        struct error err = { .text = "" };
        const char *signed_text = strstr(cases[i].before, "more") ? "text\n\n\nmore\n" : "text\n";
        assert_int_equal(note_sign(&good, span_of(signed_text), &key, SEED, &err), STATUS_OK);
        buf_format(&note, "%s%s%s", cases[i].before, good.data + strlen(signed_text) + 1,
                   cases[i].after);
        enum status st = note_open((struct span){ note.data, note.len }, &key, &text, &err);
        if (st != cases[i].st) fail_msg("%s: %s %s", cases[i].name, status_name(st), err.text);
        if (!st) assert_true(span_equals(text, signed_text));
        else assert_true(err.text[0]);
        buf_release(&good);
        buf_release(&note);
    }
}

static void test_note_limits(void **state)
{
    struct note_key key = our_key();
    struct buf note = BUF_INIT(2 * NOTE_BYTES_MAX);
    struct span text;
    struct error err;
    (void)state;
    assert_int_equal(note_sign(&note, span_of("text\n"), &key, SEED, &err), STATUS_OK);
    for (int i = 1; i < NOTE_SIGNATURES_MAX; i++)
        buf_text(&note, "\xE2\x80\x94 other AAAAAAA=\n");
    assert_int_equal(note_open((struct span){ note.data, note.len }, &key, &text, &err), STATUS_OK);
    buf_text(&note, "\xE2\x80\x94 other AAAAAAA=\n");
    assert_int_equal(note_open((struct span){ note.data, note.len }, &key, &text, &err),
                     STATUS_BAD_INPUT);
    buf_release(&note);
}

static void test_bad_keys(void **state)
{
    static const char *const texts[] = {
        "",
        "name",
        "name+c74f20a3",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", /* another id */
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpcDQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", /* another type */
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy",
    };
    struct note_key key;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct error err = { .text = "" };
        if (note_key_parse(&key, span_of(texts[i]), &err) != STATUS_BAD_INPUT || !err.text[0])
            fail_msg("taken for a key: %s", texts[i]);
    }
    assert_int_equal(note_key_init(&key, "a b", PUBLIC, NULL), STATUS_BAD_INPUT);
    assert_int_equal(note_key_init(&key,
                                   "a\xC2\xA0"
                                   "b",
                                   PUBLIC, NULL),
                     STATUS_BAD_INPUT);
}

static void test_checkpoint_round(void **state)
{
    struct note_key key = our_key(), other;
    struct checkpoint c = { .size = 20852163 }, back;
    struct buf note = BUF_INIT(4096);
    struct error err;
    (void)state;
    memcpy(c.origin, key.name, sizeof c.origin);
    memset(c.root.bytes, 0xA5, sizeof c.root.bytes);
    assert_int_equal(checkpoint_write(&note, &c, &key, SEED, &err), STATUS_OK);
    assert_int_equal(checkpoint_open(&back, (struct span){ note.data, note.len }, &key, &err), 0);
    assert_int_equal(back.size, c.size);
    assert_true(merkle_equal(&back.root, &c.root));
    assert_int_equal(note_key_init(&other, "hearth/log/other", PUBLIC, NULL), STATUS_OK);
    assert_int_equal(checkpoint_open(&back, (struct span){ note.data, note.len }, &other, &err),
                     STATUS_BAD_INPUT);
    buf_release(&note);
}

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
static void test_checkpoint_forms(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        { "example.com/behind-the-sofa\n20852163\n" ROOT, true },
        { "example.com/behind-the-sofa\n0\n" ROOT, true },
        { "o\n1\n" ROOT "extension\nmore\n", true },
        { "o\n1\n" ROOT "\n", false },
        { "o\n01\n" ROOT, false },
        { "o\n-1\n" ROOT, false },
        { "o\n+1\n" ROOT, false },
        { "o\n\n" ROOT, false },
        { "\n1\n" ROOT, false },
        { "o\n99999999999999999999\n" ROOT, false },
        { "o\n9223372036854775807\n" ROOT, false }, /* past what a tree can be */
        { "o\n1\nAAAA\n", false },
        { "o\n1\n", false },
        { "", false },
        { "o", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct checkpoint c;
        struct error err = { .text = "" };
        enum status st = checkpoint_parse(&c, span_of(cases[i].text), &err);
        if (st != (cases[i].good ? STATUS_OK : STATUS_BAD_INPUT)) fail_msg("%s", cases[i].text);
    }
}

static bool canonical_is(struct span text)
{
    bool is = false;
    assert_int_equal(canonical_check(text, &is, NULL), STATUS_OK);
    return is;
}

static void test_canonical(void **state)
{
    static const struct {
        const char *in, *out; /* NULL: refused */
    } cases[] = {
        { "{\"b\":1,\"a\":[2,{\"d\":null,\"c\":true}]}",
          "{\"a\":[2,{\"c\":true,\"d\":null}],\"b\":1}" },
        { " { } ", "{}" },
        { "{\"ab\":1,\"a\":2,\"B\":3}", "{\"B\":3,\"a\":2,\"ab\":1}" },
        { "[\"\\u0041\\n\\u0001\\/\\u00e9\"]", "[\"A\\n\\u0001/\xC3\xA9\"]" },
        { "[9007199254740992,-9007199254740992]", "[9007199254740992,-9007199254740992]" },
        { "[9007199254740993]", NULL },
        { "[1.5]", NULL },
        { "[1.0]", NULL },
        { "{\"a\":{\"b\":[1e3]}}", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_doc *doc;
        struct buf out = BUF_INIT(4096);
        struct error err = { .text = "" };
        assert_int_equal(json_parse(&doc, cases[i].in, strlen(cases[i].in), 4096, "case", &err), 0);
        enum status st = canonical_write(&out, json_root(doc), &err);
        if (!cases[i].out) assert_int_equal(st, STATUS_BAD_INPUT);
        else assert_string_equal(out.data, cases[i].out);
        assert_int_equal(canonical_is(span_of(cases[i].in)),
                         cases[i].out && strcmp(cases[i].in, cases[i].out) == 0);
        if (cases[i].out) assert_true(canonical_is(span_of(cases[i].out)));
        json_doc_free(doc);
        buf_release(&out);
    }
    assert_false(canonical_is(span_of("{")));
    assert_false(canonical_is(span_of("{} ")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ed25519),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_note_of_others),
        cmocka_unit_test(test_note_forms),
        cmocka_unit_test(test_note_limits),
        cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_checkpoint_round),
        cmocka_unit_test(test_checkpoint_forms),
        cmocka_unit_test(test_canonical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
