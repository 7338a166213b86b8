/* Manifests and bundles: what is taken, what is refused, and with which words.
 * SPDX-License-Identifier: Apache-2.0
 *
 * tests/cmd/test_signature.py runs the conformance suite; here stands what a good signer never writes. */
#include "support/fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "govern/registry/model_signing.h"
#include "support/bundle_text.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
/* SHA-256 of those 32 bytes: the digest of a model that is one empty file. */
#define ROOT "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456"

static const struct {
    const char *name;
    bool good;
} names[] = {
    { "a", true },       { "a/b.c", true },    { ".hidden", true }, { "..a/b..", true },
    { "a b (1)", true }, { "模型.bin", true }, { ".", true },       { "a/.git/b", true },
    { "", false },       { "/a", false },      { "a/", false },     { "a//b", false },
    { "../a", false },   { "a/../b", false },  { "a/..", false },   { "./a", false },
    { "a/./b", false },  { "..", false },      { "a\xff", false },
};

static void names_of_files(void **state)
{
    uint8_t digest[SHA256_BYTES] = { 0 };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct manifest *m;
        struct error err = { 0 };
        assert_int_equal(manifest_new(&m, "m", &err), STATUS_OK);
        enum status st = manifest_add(m, names[i].name, digest, &err);
        if (st != (names[i].good ? STATUS_OK : STATUS_BAD_INPUT))
            fail_msg("\"%s\": %s", names[i].name, status_name(st));
        manifest_free(m);
    }
}

static const struct {
    const char *ignored, *name;
    bool expected;
} left_out[] = {
    { "sub", "sub", true },      { "sub", "sub/a", true },   { "sub/", "sub/a/b", true },
    { "./sub/", "sub", true },   { "sub", "subway", false }, { "sub", "a/sub", false },
    { "a/b", "a/b/c", true },    { "a/b", "a", false },      { "x", ".git/config", true },
    { "x", ".gitignore", true }, { "x", "a/.git/b", false }, { "x", ".gitkeep", false },
};

static void paths_left_out(void **state)
{
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++) {
        struct manifest *m;
        assert_int_equal(manifest_new(&m, "m", NULL), STATUS_OK);
        assert_int_equal(manifest_ignore(m, left_out[i].ignored, NULL), STATUS_OK);
        if (manifest_ignores(m, left_out[i].name) != left_out[i].expected)
            fail_msg("%s by %s", left_out[i].name, left_out[i].ignored);
        manifest_free(m);
    }
}

static void order_and_doubles(void **state)
{
    static const char *const order[] = { "B", "a", "a/b", "a0", "z", "\xc3\xa4" };
    uint8_t digest[SHA256_BYTES] = { 0 };
    struct error err = { 0 };
    struct manifest *m;
    assert_int_equal(manifest_new(&m, "m", &err), STATUS_OK);
    assert_int_equal(manifest_seal(m, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "no file"));
    for (size_t i = 6; i > 0; i--)
        assert_int_equal(manifest_add(m, order[i - 1], digest, &err), STATUS_OK);
    assert_int_equal(manifest_seal(m, &err), STATUS_OK);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(manifest_file(m, i)->name, order[i]);
        assert_ptr_equal(manifest_find(m, order[i]), manifest_file(m, i));
    }
    assert_null(manifest_find(m, "c"));
    assert_int_equal(manifest_add(m, "a0", digest, &err), STATUS_OK);
    assert_int_equal(manifest_seal(m, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "a0 stands twice"));
    manifest_free(m);
}

static void many_files_and_a_long_report(void **state)
{
    struct manifest *wanted, *found;
    struct error err = { 0 };
    uint8_t digest[SHA256_BYTES] = { 0 };
    assert_int_equal(manifest_new(&wanted, "m", &err), STATUS_OK);
    assert_int_equal(manifest_new(&found, "m", &err), STATUS_OK);
    for (int i = 0; i < 500; i++) {
        char name[32];
        snprintf(name, sizeof name, "f%03d", i);
        assert_int_equal(manifest_add(wanted, name, digest, &err), STATUS_OK);
        if (i % 2 == 0) assert_int_equal(manifest_add(found, name, digest, &err), STATUS_OK);
    }
    assert_int_equal(manifest_seal(wanted, &err), STATUS_OK);
    assert_int_equal(manifest_seal(found, &err), STATUS_OK);
    assert_int_equal(manifest_compare(wanted, wanted, false, &err), STATUS_OK);
    assert_int_equal(manifest_compare(wanted, found, false, &err), STATUS_FAILED);
    assert_non_null(strstr(err.text, "f001 is missing; f003 is missing"));
    assert_non_null(strstr(err.text, "and 242 more"));
    assert_int_equal(manifest_compare(found, wanted, true, &err), STATUS_OK);
    assert_int_equal(manifest_compare(found, wanted, false, &err), STATUS_FAILED);
    assert_non_null(strstr(err.text, "f001 was not signed"));
    manifest_free(wanted);
    manifest_free(found);
}

static struct manifest *one_file(void)
{
    struct manifest *m;
    uint8_t digest[SHA256_BYTES];
    assert_int_equal(manifest_new(&m, "model", NULL), STATUS_OK);
    assert_true(sha256_from_hex(HEX, 64, digest));
    assert_int_equal(manifest_add(m, "a", digest, NULL), STATUS_OK);
    assert_int_equal(manifest_seal(m, NULL), STATUS_OK);
    return m;
}

static void every_curve_there_and_back(void **state)
{
    for (int curve = 0; curve < ECDSA_CURVES; curve++) {
        struct ecdsa_key *key, *public_key;
        struct manifest *m = one_file(), *back;
        struct signature_facts facts;
        struct buf bundle = BUF_INIT(1 << 20), pem = BUF_INIT(1 << 16);
        struct error err = { 0 };
        assert_int_equal(ecdsa_key_make(&key, (enum ecdsa_curve)curve, &err), STATUS_OK);
        assert_int_equal(ecdsa_public_write(&pem, key, &err), STATUS_OK);
        struct span text = { pem.data, pem.len };
        assert_int_equal(ecdsa_public_read(&public_key, text, "k", &err), STATUS_OK);
        assert_true(ecdsa_same_public(key, public_key));
        assert_int_equal(ecdsa_key_curve(public_key), curve);
        assert_int_equal(signature_make(&bundle, m, &(struct signer){ public_key, NULL }, &err),
                         STATUS_USAGE);
        buf_clear(&bundle);
        assert_int_equal(signature_make(&bundle, m, &(struct signer){ key, NULL }, &err),
                         STATUS_OK);
        struct signature_trust trust = { .key = public_key };
        text = (struct span){ bundle.data, bundle.len };
        assert_int_equal(signature_check(&back, &facts, text, "b", &trust, &err), STATUS_OK);
        assert_false(facts.legacy);
        assert_int_equal(facts.method, SIGNATURE_KEY);
        assert_int_equal(manifest_compare(m, back, false, &err), STATUS_OK);
        assert_int_equal(manifest_ignored_count(back), 4);
        manifest_free(back);
        manifest_free(m);
        ecdsa_key_free(key);
        ecdsa_key_free(public_key);
        buf_release(&bundle);
        buf_release(&pem);
    }
}

#define TYPE    "\"_type\":\"https://in-toto.io/Statement/v1\""
#define SUBJECT "\"subject\":[{\"name\":\"m\",\"digest\":{\"sha256\":\"" ROOT "\"}}]"
#define KIND    "\"predicateType\":\"https://model_signing/signature/v1.0\""
#define HOW \
    "\"serialization\":{\"method\":\"files\",\"hash_type\":\"sha256\",\"allow_symlinks\":false}"
#define FILE_A "{\"name\":\"a\",\"algorithm\":\"sha256\",\"digest\":\"" HEX "\"}"
#define FILES  "\"resources\":[" FILE_A "]"
#define HEAD   TYPE "," SUBJECT "," KIND ",\"predicate\":"
#define OLD    "\"predicateType\":\"https://model_signing/Digests/v0.1\""

/* Each is signed with the right key: only the words inside are wrong. */
static const struct {
    const char *statement;
    enum status status;
    const char *words;
} statements[] = {
    { "{" HEAD "{" HOW "," FILES "}}", STATUS_OK, "" },
    { "{" HEAD "{" HOW "," FILES ",\"later\":[1]},\"more\":{}}", STATUS_OK, "" },
    { "", STATUS_BAD_INPUT, "payload is not base64" },
    { "[]", STATUS_BAD_INPUT, "not of type" },
    { "{", STATUS_BAD_INPUT, "" },
    { "{" HEAD "{" HOW "," FILES "}} x", STATUS_BAD_INPUT, "" },
    { "{" SUBJECT "," KIND ",\"predicate\":{" HOW "," FILES "}}", STATUS_BAD_INPUT, "not of type" },
    { "{" TYPE "," SUBJECT ",\"predicateType\":\"https://slsa.dev/provenance/v1\"}",
      STATUS_UNSUPPORTED, "https://slsa.dev/provenance/v1" },
    { "{" TYPE "," KIND ",\"predicate\":{" HOW "," FILES "}}", STATUS_BAD_INPUT, "one subject" },
    { "{" TYPE ",\"subject\":[]," KIND "}", STATUS_BAD_INPUT, "one subject" },
    { "{" TYPE ",\"subject\":[{\"name\":\"m\"},{\"name\":\"n\"}]," KIND "}", STATUS_BAD_INPUT,
      "one subject" },
    { "{" TYPE ",\"subject\":[{\"name\":\"\"}]," KIND "}", STATUS_BAD_INPUT, "no name" },
    { "{" TYPE ",\"subject\":[{\"name\":\"m\",\"digest\":{\"sha256\":\"00\"}}]," KIND
      ",\"predicate\":{}}",
      STATUS_BAD_INPUT, "digest of its subject" },
    { "{" TYPE ",\"subject\":[{\"name\":\"m\",\"digest\":{\"sha256\":\"" HEX "\"}}]," KIND
      ",\"predicate\":{" HOW "," FILES "}}",
      STATUS_BAD_INPUT, "not that of its files" },
    { "{" TYPE "," SUBJECT "," KIND "}", STATUS_BAD_INPUT, "no predicate" },
    { "{" HEAD "{" FILES "}}", STATUS_BAD_INPUT, "how the files were digested" },
    { "{" HEAD "{" HOW "}}", STATUS_BAD_INPUT, "names no files" },
    { "{" HEAD "{" HOW ",\"resources\":[]}}", STATUS_BAD_INPUT, "names no files" },
    { "{" HEAD
      "{\"serialization\":{\"method\":\"shards\",\"hash_type\":\"sha256\",\"shard_size\":9}}}",
      STATUS_UNSUPPORTED, "\"shards\" is not supported" },
    { "{" HEAD "{\"serialization\":{\"method\":\"files\",\"hash_type\":\"blake3\"}}}",
      STATUS_UNSUPPORTED, "\"blake3\" is not supported" },
    { "{" HEAD "{" HOW
      ",\"resources\":[{\"name\":\"a\",\"algorithm\":\"md5\",\"digest\":\"00\"}]}}",
      STATUS_UNSUPPORTED, "\"md5\" is not supported" },
    { "{" HEAD "{" HOW ",\"resources\":[{\"algorithm\":\"sha256\",\"digest\":\"" HEX "\"}]}}",
      STATUS_BAD_INPUT, "has no name" },
    { "{" HEAD "{" HOW
      ",\"resources\":[{\"name\":\"a\",\"algorithm\":\"sha256\",\"digest\":\"E3\"}]}}",
      STATUS_BAD_INPUT, "not SHA-256" },
    { "{" HEAD "{" HOW
      ",\"resources\":[{\"name\":\"../a\",\"algorithm\":\"sha256\",\"digest\":\"" HEX "\"}]}}",
      STATUS_BAD_INPUT, "no name of a file" },
    { "{" TYPE ",\"subject\":[{\"name\":\"a\",\"digest\":{\"sha256\":\"" HEX "\"}}]," OLD "}",
      STATUS_OK, "" },
    { "{" TYPE ",\"subject\":[{\"name\":\"a\",\"digest\":{\"sha256\":\"" HEX
      "\"}},{\"name\":\"a\",\"digest\":{\"sha256\":\"" HEX "\"}}]," OLD "}",
      STATUS_BAD_INPUT, "twice" },
};

static void statements_that_are_signed_well(void **state)
{
    struct ecdsa_key *key;
    assert_int_equal(ecdsa_key_make(&key, ECDSA_P256, NULL), STATUS_OK);
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        struct buf bundle = BUF_INIT(1 << 20);
        struct manifest *m;
        struct signature_facts facts;
        struct error err = { 0 };
        struct signature_trust trust = { .key = key };
        assert_true(bundle_text(&bundle, key, span_of(statements[i].statement), "{}"));
        struct span text = { bundle.data, bundle.len };
        enum status st = signature_check(&m, &facts, text, "b", &trust, &err);
        if (st != statements[i].status || !strstr(err.text, statements[i].words))
            fail_msg("%s: %s \"%s\"", statements[i].statement, status_name(st), err.text);
        if (!st) manifest_free(m);
        buf_release(&bundle);
    }
    ecdsa_key_free(key);
}

/* What stands around the envelope. */
static const struct {
    const char *text;
    enum status status;
    const char *words;
} bundles[] = {
    { "", STATUS_BAD_INPUT, "" },
    { "{}", STATUS_BAD_INPUT, "mediaType" },
    { "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\"}", STATUS_BAD_INPUT,
      "no dsseEnvelope" },
    { "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",\"dsseEnvelope\":{"
      "\"payloadType\":\"text/plain\"}}",
      STATUS_BAD_INPUT, "payloadType" },
};

static void bundles_that_are_none(void **state)
{
    struct ecdsa_key *key;
    assert_int_equal(ecdsa_key_make(&key, ECDSA_P256, NULL), STATUS_OK);
    struct signature_trust trust = { .key = key };
    for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++) {
        struct manifest *m;
        struct signature_facts facts;
        struct error err = { 0 };
        enum status st = signature_check(&m, &facts, span_of(bundles[i].text), "b", &trust, &err);
        if (st != bundles[i].status || !strstr(err.text, bundles[i].words))
            fail_msg("%s: %s \"%s\"", bundles[i].text, status_name(st), err.text);
    }
    struct manifest *m;
    struct signature_facts facts;
    struct error err = { 0 };
    trust = (struct signature_trust){ 0 };
    assert_int_equal(signature_check(&m, &facts, span_of("{}"), "b", &trust, &err), STATUS_USAGE);
    ecdsa_key_free(key);
}

#ifdef HEARTH_CHECKS
static enum status sign_and_check(struct error *err)
{
    struct ecdsa_key *key = NULL;
    struct manifest *m = NULL, *back = NULL;
    struct signature_facts facts;
    struct buf bundle = BUF_INIT(1 << 20);
    uint8_t digest[SHA256_BYTES] = { 0 };
    enum status st = ecdsa_key_make(&key, ECDSA_P256, err);
    if (!st) st = manifest_new(&m, "m", err);
    if (!st) st = manifest_ignore(m, "b", err);
    if (!st) st = manifest_add(m, "a", digest, err);
    if (!st) st = manifest_seal(m, err);
    if (!st) st = signature_make(&bundle, m, &(struct signer){ key, NULL }, err);
    struct signature_trust trust = { .key = key };
    if (!st)
        st = signature_check(&back, &facts, (struct span){ bundle.data, bundle.len }, "b", &trust,
                             err);
    if (!st) st = manifest_compare(m, back, false, err);
    manifest_free(back);
    manifest_free(m);
    buf_release(&bundle);
    ecdsa_key_free(key);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    long n = 1;
    for (; n < 100000; n++) {
        struct error err = { 0 };
        mem_fail_nth(n);
        enum status st = sign_and_check(&err);
        bool fired = mem_fault_fired();
        mem_fail_nth(0);
        if (!fired) {
            assert_int_equal(st, STATUS_OK);
            break;
        }
        if (st != STATUS_NO_MEMORY || !err.text[0])
            fail_msg("allocation %ld: %s \"%s\"", n, status_name(st), err.text);
    }
    assert_true(n > 10 && n < 100000);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_files),
        cmocka_unit_test(paths_left_out),
        cmocka_unit_test(order_and_doubles),
        cmocka_unit_test(many_files_and_a_long_report),
        cmocka_unit_test(every_curve_there_and_back),
        cmocka_unit_test(statements_that_are_signed_well),
        cmocka_unit_test(bundles_that_are_none),
#ifdef HEARTH_CHECKS
        cmocka_unit_test(every_allocation_may_fail),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
