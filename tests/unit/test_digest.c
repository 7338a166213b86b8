/* SHA-256 against the published examples of FIPS 180-4.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/fixture.h"

#include <string.h>

#include "base/core/digest.h"

/* FIPS 180-4 / NIST example values; the last is a million times 'a'. */
static const struct {
    const char *text;
    const char *hex;
} vectors[] = {
    { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    { "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
      "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
};
#define MILLION_A "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void published_examples(void **state)
{
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        assert_int_equal(sha256_of(vectors[i].text, strlen(vectors[i].text), digest, NULL), 0);
        sha256_hex(digest, hex);
        assert_string_equal(hex, vectors[i].hex);
    }
    assert_int_equal(sha256_of(NULL, 0, digest, NULL), 0);
    sha256_hex(digest, hex);
    assert_string_equal(hex, vectors[0].hex);
}

static void pieces_of_any_size(void **state)
{
    char block[997];
    memset(block, 'a', sizeof block);
    struct sha256 *s = NULL;
    struct error err;
    assert_int_equal(sha256_new(&s, &err), 0);
    for (size_t left = 1000000, n = 1; left; left -= n, n = n * 7 % sizeof block + 1) {
        if (n > left) n = left;
        assert_int_equal(sha256_update(s, block, n, &err), 0);
    }
    assert_int_equal(sha256_update(s, NULL, 0, &err), 0);
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    assert_int_equal(sha256_final(s, digest, &err), 0);
    sha256_hex(digest, hex);
    assert_string_equal(hex, MILLION_A);
    sha256_free(s);
    sha256_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples),
        cmocka_unit_test(pieces_of_any_size),
    };
    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
