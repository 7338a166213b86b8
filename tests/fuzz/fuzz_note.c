/* Fuzzes what a log is read from: notes, checkpoints, keys, proofs and bundles of entries.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first byte says which. Nothing may be read outside, a refusal has words, and nothing that was not signed
 * with the key is taken for signed: the key's other half is not here. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "fuzz/read_bytes.h"
#include "govern/audit/audit.h"
#include "govern/audit/canonical.h"
#include "govern/audit/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char KEY[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char SIGNED[] = "If you think cryptography is the answer to your problem,\n"
                             "then you don't know what your problem is.\n";

static void fuzz_bundle(struct span bytes, unsigned width)
{
    struct span entries[TILE_WIDTH];
    struct error err;
    if (tile_entries(bytes, width, entries, &err)) return;
    for (unsigned i = 0; i < width; i++)
        read_bytes(entries[i].data, entries[i].len);
}

static void fuzz_key(struct span bytes)
{
    struct note_key key, again;
    char text[NOTE_KEY_TEXT_BYTES];
    struct error err = { .text = "" };
    if (note_key_parse(&key, bytes, &err)) {
        assert(err.text[0]);
        return;
    }
    note_key_text(&key, text);
    assert(note_key_parse(&again, span_of(text), &err) == STATUS_OK);
    assert(strcmp(again.name, key.name) == 0 && again.id == key.id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct note_key key;
    struct span text;
    struct checkpoint c;
    struct error err = { .text = "" };
    uint64_t index;
    bool canonical;
    if (size < 2) return 0;
    struct span bytes = { (const char *)data + 2, size - 2 };
    assert(note_key_parse(&key, span_of(KEY), &err) == STATUS_OK);
    switch (data[0] % 6) {
    case 0:
        if (note_open(bytes, &key, &text, &err) == STATUS_OK) assert(span_equals(text, SIGNED));
        else assert(err.text[0]);
        break;
    case 1: (void)checkpoint_parse(&c, bytes, &err); break;
    case 2: fuzz_key(bytes); break;
    case 3: fuzz_bundle(bytes, data[1] + 1u); break;
    case 4: assert(audit_proof_check(bytes, span_of("entry"), &key, &index, &err)); break;
    default: assert(canonical_check(bytes, &canonical, &err) == STATUS_OK);
    }
    return 0;
}
