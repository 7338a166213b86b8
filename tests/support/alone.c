/* What a request gets when nobody else is there.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/alone.h"

#include <string.h>

#include "support/fixture.h"

uint64_t alone_hash(const float *logits, int64_t count)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &logits[i], sizeof bits);
        h = (h ^ bits) * 0x100000001b3u;
        h ^= h >> 31;
    }
    return h;
}

/* One of 128 ends, one of 8 is followed by a certain token or two. */
size_t alone_choose(uint64_t hash, int64_t vocab, int32_t *ret, size_t room)
{
    size_t n = 0, wanted = hash % 8 == 1 ? 1 + (hash >> 8) % 3 : 1;
    if (hash % 128 == 0) return 0;
    for (; n < wanted && n < room; n++, hash = hash * 6364136223846793005u + 1)
        ret[n] = (int32_t)((hash >> 20) % (uint64_t)vocab);
    return n;
}

static void evaluate(struct alone *a, struct engine *e, struct session *s, size_t at)
{
    struct error err;
    if (session_append(s, a->tokens[at], &err)) fail_msg("%s", err.text);
    a->hashes[at] = alone_hash(session_logits(s), engine_info(e)->vocab_size);
}

static void answer(struct alone *a, struct engine *e, struct session *s)
{
    int64_t vocab = engine_info(e)->vocab_size;
    struct error err;
    while (a->answer_count < ALONE_ANSWER_MAX) {
        uint64_t hash = alone_hash(session_logits(s), vocab);
        size_t n = alone_choose(hash, vocab, a->answer + a->answer_count,
                                ALONE_ANSWER_MAX - a->answer_count);
        if (n == 0) {
            a->stops = true;
            return;
        }
        for (size_t i = 0; i < n; i++) {
            if (session_count(s) == (size_t)engine_info(e)->context_max) return;
            if (session_append(s, a->answer[a->answer_count++], &err)) fail_msg("%s", err.text);
        }
    }
}

void alone_run(struct alone *a, struct engine *e)
{
    struct session *s;
    struct error err;
    if (session_new(&s, e, &err)) fail_msg("%s", err.text);
    a->answer_count = 0;
    a->stops = false;
    for (size_t i = 0; i < a->count; i++) /* token by token: nothing comes from the cache */
        evaluate(a, e, s, i);
    answer(a, e, s);
    session_free(s);
}
