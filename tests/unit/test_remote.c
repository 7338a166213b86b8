/* Addresses of models elsewhere, and what their servers say: SHA256SUMS, manifests, challenges, archives.
 * SPDX-License-Identifier: Apache-2.0
 *
 * All of it pure; tests/cmd/test_remote_cmd.py has the servers. */
#include "support/fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "govern/registry/model_oci.h"
#include "govern/registry/model_url.h"
#include "govern/registry/tar.h"

#define HEX \
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" /* of nothing: FIPS 180-4 */

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* ---- URLs ---- */

static void test_urls(void **state)
{
    static const struct {
        const char *url, *origin, *path, *query, *name, *alias;
        bool sums, loopback;
    } cases[] = {
        { "https://h.example/a.gguf", "https://h.example", "/a.gguf", "", "a.gguf", "a", false,
          false },
        { "https://h.example:8443/d/My%20Model-Q4.gguf?download=true", "https://h.example:8443",
          "/d/My%20Model-Q4.gguf", "?download=true", "My Model-Q4.gguf", "My-Model-Q4", false,
          false },
        { "https://h.example/x/m-00002-of-00003.gguf", "https://h.example",
          "/x/m-00002-of-00003.gguf", "", "m-00002-of-00003.gguf", "m", false, false },
        { "https://h.example/Qwen%2B/SHA256SUMS", "https://h.example", "/Qwen%2B/SHA256SUMS", "",
          "SHA256SUMS", "Qwen-", true, false },
        { "https://h.example:1/sha256sums.txt", "https://h.example:1", "/sha256sums.txt", "",
          "sha256sums.txt", "h.example", true, false },
        { "https://h.example/m/all.sha256", "https://h.example", "/m/all.sha256", "", "all.sha256",
          "m", true, false },
        { "http://localhost:80/a.gguf", "http://localhost:80", "/a.gguf", "", "a.gguf", "a", false,
          true },
        { "http://127.1.2.3/a.gguf", "http://127.1.2.3", "/a.gguf", "", "a.gguf", "a", false,
          true },
        { "http://[::1]:8000/a.gguf", "http://[::1]:8000", "/a.gguf", "", "a.gguf", "a", false,
          true },
        { "https://h.example/%E6%A8%A1.gguf", "https://h.example", "/%E6%A8%A1.gguf", "",
          "\xE6\xA8\xA1.gguf", "", false, false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct model_url u;
        struct error err;
        if (model_url_parse(&u, cases[i].url, NULL, &err))
            fail_msg("%s: %s", cases[i].url, err.text);
        assert_string_equal(u.at.origin, cases[i].origin);
        assert_string_equal(u.at.path, cases[i].path);
        assert_string_equal(u.at.query, cases[i].query);
        assert_string_equal(u.name, cases[i].name);
        assert_string_equal(u.alias, cases[i].alias);
        assert_int_equal(u.is_sums, cases[i].sums);
        assert_int_equal(u.at.loopback, cases[i].loopback);
        assert_false(u.has_sha256);
    }
}

static void test_bad_urls(void **state)
{
    static const struct {
        const char *url, *sha256, *words;
    } cases[] = {
        { "https://h/a.gguf", "abc", "64 lower case" },
        { "https://h/SHA256SUMS", HEX, "one GGUF" },
        { "https://h/a-00001-of-00002.gguf", HEX, "one GGUF" },
        { "http://h/a.gguf", NULL, "--sha256" },
        { "http://localhost.h/a.gguf", NULL, "--sha256" },
        { "http://127.0.0.1x/a.gguf", NULL, "--sha256" },
        { "http://[::1]x/SHA256SUMS", NULL, "no host" },
        { "https://u@h/a.gguf", NULL, "user name" },
        { "https://h/.gguf", NULL, "GGUF file" },
        { "https://h/a.GGUF", NULL, "GGUF file" },
        { "https://h/a.gguf/", NULL, NULL },
        { "https://h/a.gguf\n", NULL, "control" },
        { "https://h/a%0A.gguf", NULL, "control" },
        { "https://h/Qwen/Qwen2.5-7B", NULL, "hf:Qwen/Qwen2.5-7B" },
        { "https://h/a/index.html", NULL, "SHA256SUMS" },
    };
    char long_url[6000] = "https://h/";
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct model_url u;
        struct error err = { .text = "" };
        enum status st = model_url_parse(&u, cases[i].url, cases[i].sha256, &err);
        if (!cases[i].words) continue;
        if (!st || !strstr(err.text, cases[i].words))
            fail_msg("%s: status %d, \"%s\" does not say \"%s\"", cases[i].url, st, err.text,
                     cases[i].words);
    }
    struct model_url u;
    memset(long_url + 10, 'a', sizeof long_url - 16);
    memcpy(long_url + sizeof long_url - 6, ".gguf", 6);
    assert_int_equal(model_url_parse(&u, long_url, NULL, NULL), STATUS_USAGE);
    /* Over plain http a digest makes up for the way. */
    assert_int_equal(model_url_parse(&u, "http://h/a.gguf", HEX, NULL), STATUS_OK);
    assert_true(u.has_sha256 && !u.at.loopback && !u.at.https);
}

/* ---- SHA256SUMS ---- */

static void test_sums(void **state)
{
    static const char text[] =
        HEX "  config.json\n" HEX " *sub/a b\n" HEX "  ./SHA256SUMS\n" HEX "  ././x";
    struct remote_listing l;
    struct error err;
    assert_int_equal(model_url_sums_parse(&l, span_of(text), "SHA256SUMS", &err), STATUS_OK);
    assert_int_equal(l.count, 3);
    assert_string_equal(l.files[0].name, "config.json");
    assert_string_equal(l.files[1].name, "sub/a b");
    assert_string_equal(l.files[2].name, "x");
    assert_true(l.files[2].has_sha256 && l.files[2].sha256[0] == 0xE3);
    assert_int_equal(strlen(l.revision), 7 + 64);
    remote_listing_release(&l);
}

static void test_bad_sums(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        { "", "lists no files" },
        { HEX "  SHA256SUMS\n", "lists no files" },
        { "\n", "line 1" },
        { HEX "  a\n\n", "line 2" },
        { HEX " a\n", "line 1" },
        { HEX "\ta\n", "line 1" },
        { HEX "  \n", "line 1" },
        { "SHA256 (a) = " HEX "\n", "line 1" },
        { "\\" HEX "  a\\nb\n", "backslash" },
        { HEX "  a\\b\n", "backslash" },
        { HEX "  ../a\n", "refused" },
        { HEX "  /a\n", "refused" },
        { HEX "  a\r\n", "refused" },
        { HEX "  a\n" HEX "  ./a\n", "two files" },
        { HEX "  a/b\n" HEX "  a-b\n" HEX "  a\n", "as a file and as a folder" },
        { "E3" HEX "  a\n", "line 1" },
        { HEX "  \xFF\n", "UTF-8" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct remote_listing l;
        struct error err = { .text = "" };
        enum status st = model_url_sums_parse(&l, span_of(cases[i].text), "SHA256SUMS", &err);
        if (st != STATUS_BAD_INPUT || !strstr(err.text, cases[i].words))
            fail_msg("case %zu: status %d, \"%s\" does not say \"%s\"", i, st, err.text,
                     cases[i].words);
    }
}

/* ---- registries ---- */

static void test_oci_addresses(void **state)
{
    static const struct {
        const char *text, *origin, *name, *tag, *alias;
        bool has_digest;
    } cases[] = {
        { "oci:registry.example/owner/name", "https://registry.example", "owner/name", "latest",
          "name", false },
        { "oci://registry.example:5000/name:Q4_K_M", "https://registry.example:5000", "name",
          "Q4_K_M", "name-Q4_K_M", false },
        { "oci:registry.ollama.ai/library/llama3.2:1b", "https://registry.ollama.ai",
          "library/llama3.2", "1b", "llama3.2-1b", false },
        { "oci:r.example/a/b_c/d--e@sha256:" HEX, "https://r.example", "a/b_c/d--e", "latest",
          "d--e", true },
        { "oci:r.example/a__b:latest@sha256:" HEX, "https://r.example", "a__b", "latest", "a__b",
          true },
        { "oci:localhost/m", "http://localhost", "m", "latest", "m", false },
        { "oci:127.0.0.1:5000/m", "http://127.0.0.1:5000", "m", "latest", "m", false },
        { "oci:[::1]:5000/m", "http://[::1]:5000", "m", "latest", "m", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct model_oci_address a;
        struct error err;
        if (model_oci_address_parse(&a, cases[i].text, &err))
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_string_equal(a.origin, cases[i].origin);
        assert_string_equal(a.name, cases[i].name);
        assert_string_equal(a.tag, cases[i].tag);
        assert_string_equal(a.alias, cases[i].alias);
        assert_int_equal(a.has_digest, cases[i].has_digest);
    }
}

static void test_bad_oci_addresses(void **state)
{
    static const char *const cases[] = {
        "oci:",
        "oci:owner/name",
        "oci:localhostx/m",
        "oci:r.example",
        "oci:r.example/",
        "oci:r.example//a",
        "oci:r.example/a/",
        "oci:r.example/A",
        "oci:r.example/a..b",
        "oci:r.example/a_-b",
        "oci:r.example/-a",
        "oci:r.example/a-",
        "oci:r.example/a:",
        "oci:r.example/a:.b",
        "oci:r.example/a:b:c",
        "oci:r.example/a@sha256:",
        "oci:r.example/a@sha512:" HEX,
        "oci:r.example/a@sha256:" HEX "0",
        "oci:r.example/a@b",
        "oci:u@r.example/a",
        "oci:r.example?a/b",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct model_oci_address a;
        struct error err = { .text = "" };
        if (model_oci_address_parse(&a, cases[i], &err) != STATUS_USAGE || !err.text[0])
            fail_msg("%s is taken", cases[i]);
    }
}

static const struct model_oci_address somewhere = { .name = "acme/tiny", .tag = "latest" };

#define LAYER(type, more) \
    "{\"mediaType\": \"" type "\", \"digest\": \"sha256:" HEX "\", \"size\": 7" more "}"
#define TITLE(name)      ", \"annotations\": {\"org.opencontainers.image.title\": \"" name "\"}"
#define MANIFEST(layers) "{\"schemaVersion\": 2, \"layers\": [" layers "]}"

static void test_oci_names(void **state)
{
    static const struct {
        const char *text, *names[3];
        bool is_tar;
    } cases[] = {
        { MANIFEST(LAYER("x/y", TITLE("./a.json"))), { "a.json" }, false },
        { MANIFEST(LAYER("application/vnd.oci.image.layer.v1.tar", TITLE("a.gguf"))),
          { "a.gguf" },
          false },
        { MANIFEST(LAYER("application/vnd.oci.image.layer.v1.tar", TITLE("a.tar"))),
          { "layer-1.tar" },
          true },
        { MANIFEST(LAYER("application/vnd.oci.image.layer.v1.tar", "")), { "layer-1.tar" }, true },
        { MANIFEST(LAYER("application/vnd.cncf.model.weight.v1.tar",
                         ", \"annotations\": {\"org.cncf.model.filepath\": \"model\"}")),
          { "layer-1.tar" },
          true },
        { MANIFEST(LAYER("application/vnd.docker.ai.gguf.v3", "")), { "model.gguf" }, false },
        { MANIFEST(LAYER("application/vnd.docker.ai.gguf.v3",
                         "") "," LAYER("application/vnd.docker.ai.gguf.v3", "")),
          { "model-00001-of-00002.gguf", "model-00002-of-00002.gguf" },
          false },
        { MANIFEST(LAYER("application/vnd.ollama.image.license",
                         "") "," LAYER("application/vnd.ollama.image.license",
                                       "") "," LAYER("application/vnd.oci.empty.v1+json", "")),
          { "LICENSE", "LICENSE-2" },
          false },
        { MANIFEST(LAYER("application/vnd.docker.ai.vllm.config.tar", "")),
          { "layer-1.tar" },
          true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct remote_listing l;
        struct error err;
        enum model_oci_kind kind;
        uint8_t digest[SHA256_BYTES];
        size_t n = 0;
        if (model_oci_manifest_parse(&kind, &l, digest, &somewhere, span_of(cases[i].text), &err))
            fail_msg("case %zu: %s", i, err.text);
        assert_int_equal(kind, MODEL_OCI_MANIFEST);
        for (; n < 3 && cases[i].names[n]; n++)
            assert_string_equal(l.files[n].name, cases[i].names[n]);
        assert_int_equal(l.count, n);
        assert_string_equal(l.files[0].path, "/v2/acme/tiny/blobs/sha256:" HEX);
        assert_true(l.files[0].has_sha256 && l.files[0].bytes == 7 && l.bytes == 7 * n);
        assert_int_equal(l.files[0].is_tar, cases[i].is_tar);
        remote_listing_release(&l);
    }
}

static void test_challenges(void **state)
{
    static const struct {
        const char *text, *origin, *path;
    } good[] = {
        { "Bearer "
          "realm=\"https://auth.example/token\",service=\"r.example\",scope=\"repository:a/"
          "b:pull\"",
          "https://auth.example", "/token?service=r.example&scope=repository%3Aa/b%3Apull" },
        { "bearer service=x , realm=\"https://auth.example:444/t?a=b\"", "https://auth.example:444",
          "/t?a=b&service=x" },
        { "Bearer realm=\"http://127.0.0.1/\\t\",error=\"invalid_token\"", "http://127.0.0.1",
          "/t?service=" },
    };
    static const char *const bad[] = {
        "Basic realm=\"x\"",
        "Bearer ",
        "Bearer realm",
        "Bearer realm=\"https://a",
        "Bearer scope=\"x\"",
        "Bearer realm=\"http://auth.example/token\"",
        "Bearer realm=\"https://u:p@auth.example/token\"",
        "Bearer realm=\"file:///etc/passwd\"",
        "Bearer realm=\"https://a/\r\nx\"",
    };
    struct model_oci_challenge c;
    struct error err;
    for (size_t i = 0; i < COUNT(good); i++) {
        if (model_oci_challenge_parse(&c, good[i].text, &err))
            fail_msg("%s: %s", good[i].text, err.text);
        assert_string_equal(c.origin, good[i].origin);
        assert_string_equal(c.path, good[i].path);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        if (!model_oci_challenge_parse(&c, bad[i], &err)) fail_msg("%s is taken", bad[i]);
}

/* ---- archives ---- */

static enum status count_file(void *ctx, const struct tar_file *f, struct error *err)
{
    *(uint64_t *)ctx += f->bytes + 1;
    return f->name[0] == '!' ? error_set(err, STATUS_FAILED, "enough") : STATUS_OK;
}

struct block {
    char bytes[512];
};

static void finish_header(struct block *b, const char *name, const char *size, char type)
{
    unsigned sum = 0;
    memset(b, 0, sizeof *b);
    snprintf(b->bytes, 100, "%s", name);
    memcpy(b->bytes + 124, size, 12);
    memset(b->bytes + 148, ' ', 8);
    b->bytes[156] = type;
    memcpy(b->bytes + 257,
           "ustar\0"
           "00",
           8);
    for (size_t i = 0; i < sizeof b->bytes; i++)
        sum += (unsigned char)b->bytes[i];
    snprintf(b->bytes + 148, 7, "%06o", sum);
}

/* Numbers as tar writes them: octal with NUL or space, and GNU's binary form of what is larger. */
static void test_tar_numbers(void **state)
{
    static const struct {
        char size[13];
        bool good;
        uint64_t bytes;
    } cases[] = {
        { "00000000007\0", true, 7 },
        { "         7 \0", true, 7 },
        { "000000000007", true, 7 },
        { "\x80\0\0\0\0\0\0\0\0\0\0\7", true, 7 },
        { "0000000000x\0", false, 0 },
        { "-0000000007\0", false, 0 },
        { "00000000008\0", false, 0 },
        { "\0\0\0\0\0\0\0\0\0\0\0\0", false, 0 },
        { "77777777777\0", false, 0 },
        { "\x80\1\0\0\0\0\0\0\0\0\0\0", false, 0 },
        { "\x80\0\0\0\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", false, 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct block archive[2];
        uint64_t seen = 0;
        struct error err = { .text = "" };
        memset(archive, 0, sizeof archive);
        finish_header(&archive[0], "a", cases[i].size, '0');
        enum status st = tar_walk((struct span){ archive[0].bytes, sizeof archive }, "t",
                                  count_file, &seen, &err);
        if ((st == STATUS_OK) != cases[i].good)
            fail_msg("case %zu: status %d: %s", i, st, err.text);
        if (!st) assert_int_equal(seen, cases[i].bytes + 1);
    }
    struct block stop[2];
    uint64_t seen = 0;
    struct error err;
    finish_header(&stop[0], "!", "00000000000\0", '0');
    finish_header(&stop[1], "b", "00000000000\0", '0');
    assert_int_equal(
        tar_walk((struct span){ stop[0].bytes, sizeof stop }, "t", count_file, &seen, &err),
        STATUS_FAILED);
    assert_int_equal(seen, 1);
}

/* ---- short of memory ---- */

#ifdef HEARTH_CHECKS
static enum status read_all(struct error *err)
{
    static const char manifest[] = MANIFEST(LAYER("x/y", TITLE("a")) "," LAYER("x/y", TITLE("b")));
    struct remote_listing l;
    enum model_oci_kind kind;
    uint8_t digest[SHA256_BYTES];
    enum status st =
        model_oci_manifest_parse(&kind, &l, digest, &somewhere, span_of(manifest), err);
    if (st) return st;
    remote_listing_release(&l);
    st = model_url_sums_parse(&l, span_of(HEX "  a\n" HEX "  b/c\n"), "SHA256SUMS", err);
    if (!st) remote_listing_release(&l);
    return st;
}

static void test_faults(void **state)
{
    bool fired = true;
    for (long n = 1; fired; n++) {
        struct error err = { .text = "" };
        assert_true(n < 10000);
        mem_fail_nth(n);
        enum status st = read_all(&err);
        fired = mem_fault_fired();
        mem_fail_nth(0);
        if (fired && (st == STATUS_OK || !err.text[0])) fail_msg("allocation %ld fails unseen", n);
        if (!fired) assert_int_equal(st, STATUS_OK);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),          cmocka_unit_test(test_bad_urls),
        cmocka_unit_test(test_sums),          cmocka_unit_test(test_bad_sums),
        cmocka_unit_test(test_oci_addresses), cmocka_unit_test(test_bad_oci_addresses),
        cmocka_unit_test(test_oci_names),     cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_tar_numbers),
#ifdef HEARTH_CHECKS
        cmocka_unit_test(test_faults),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
