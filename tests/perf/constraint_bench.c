/* Measures constraints over schemas with instances: what compiles, who is accepted, mask times.
 * SPDX-License-Identifier: Apache-2.0
 *
 * constraint_bench TOKENIZER SAMPLE.jsonl [-v]: each line {"name", "maskbench": {"schema", "tests":
 * [{"valid", "data"}]}}, as JSONSchemaBench writes them. Exit 1 when an instance is judged wrongly.
 * constraint_bench TOKENIZER --spec SPEC.json TEXT: one constraint, and the masks along a text. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/core/file.h"
#include "base/core/json_write.h"
#include "lm/format/source.h"
#include "lm/sample/constraint.h"

/* The thread's own time: other work on the machine does not count. */
static int64_t thread_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#define TIMES_MAX (4u << 20)

struct bench {
    struct vocab_trie *vocab;
    const struct tokenizer *tokenizer;
    int64_t *times;
    size_t time_count, slow;
    size_t schemas, compiled, wrong, valid, invalid;
    int64_t compile_ns, compile_max_ns;
    int64_t schema_ns;
    size_t bytes_max;
    bool verbose;
};

static bool feed(struct bench *b, struct constraint_state *s, const char *text, size_t len,
                 size_t *ret_at)
{
    struct token_list ids = { 0 };
    struct error err;
    uint64_t *mask = calloc(b->vocab->word_count, sizeof *mask);
    bool ok = !tokenizer_encode(b->tokenizer, text, len, false, &ids, &err);
    *ret_at = 0;
    for (size_t i = 0; ok && i < ids.count; i++) {
        uint32_t id = (uint32_t)ids.ids[i];
        int64_t begin = thread_ns();
        ok = !constraint_fill(s, mask, &err);
        int64_t ns = thread_ns() - begin;
        if (b->time_count < TIMES_MAX) b->times[b->time_count++] = ns;
        b->schema_ns += ns;
        ok = ok && mask[id / 64] >> (id % 64) & 1;
        bool taken = !constraint_accept(s, (int32_t)id, &err);
        if (taken != ok) {
            printf("MASK AND ACCEPT DISAGREE at token %zu of %.*s\n", i, (int)len, text);
            b->wrong++;
        }
        if (ok) *ret_at += tokenizer_piece(b->tokenizer, (int32_t)id).len;
    }
    ok = ok && constraint_may_end(s);
    token_list_release(&ids);
    free(mask);
    return ok;
}

static void one_instance(struct bench *b, struct constraint_state *s, const char *name,
                         const struct json *test)
{
    struct buf text = BUF_INIT((size_t)64 << 20);
    struct json_writer w;
    size_t at;
    json_writer_init(&w, &text, 0);
    json_put_value(&w, json_get(test, "data"));
    bool valid = json_bool(json_get(test, "valid"), false);
    constraint_state_reset(s);
    bool got = feed(b, s, text.data, text.len, &at);
    if (valid) b->valid++;
    else b->invalid++;
    if (got != valid) {
        b->wrong++;
        printf("WRONG %s: %s but %s, at byte %zu: %.200s\n", name, valid ? "valid" : "invalid",
               got ? "accepted" : "rejected", at, text.data);
    }
    buf_release(&text);
}

static void one_schema(struct bench *b, const struct json *row)
{
    const struct json *m = json_get(row, "maskbench"), *tests = json_get(m, "tests");
    const char *name = json_text(json_get(row, "name"));
    struct buf spec = BUF_INIT((size_t)64 << 20);
    struct json_writer w;
    struct json_doc *doc;
    struct error err;
    struct constraint *c;
    struct constraint_state *s;
    json_writer_init(&w, &spec, 0);
    json_open_object(&w);
    json_key(&w, "type");
    json_put_string(&w, "json_schema");
    json_key(&w, "schema");
    json_put_value(&w, json_get(m, "schema"));
    json_close_object(&w);
    b->schemas++;
    if (json_parse(&doc, spec.data, spec.len, (size_t)64 << 20, name, &err)) abort();
    int64_t begin = thread_ns();
    enum status st = constraint_compile(&c, json_root(doc), b->vocab, NULL, 0, &err);
    int64_t ns = thread_ns() - begin;
    b->compile_ns += ns;
    if (ns > b->compile_max_ns) b->compile_max_ns = ns;
    if (st) {
        printf("REFUSED %s: %s: %s (%.1f ms)\n", name, status_name(st), err.text, (double)ns / 1e6);
    } else {
        struct constraint_facts f = constraint_facts(c);
        b->compiled++;
        if (f.bytes > b->bytes_max) b->bytes_max = f.bytes;
        size_t before = b->time_count;
        b->schema_ns = 0;
        if (constraint_state_new(&s, c, &err)) abort();
        for (size_t i = 0; i < json_length(tests); i++)
            one_instance(b, s, name, json_at(tests, i));
        if (b->verbose)
            printf("ok %s: compile %.1f ms, %zu KB, %u automata %u states %u nodes; mask %.1f us\n",
                   name, (double)ns / 1e6, f.bytes >> 10, f.automata, f.states, f.nodes,
                   (double)b->schema_ns / 1e3 /
                       (double)(b->time_count > before ? b->time_count - before : 1));
        constraint_state_free(s);
        constraint_free(c);
    }
    json_doc_free(doc);
    buf_release(&spec);
}

static int compare_times(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return a < b ? -1 : a > b;
}

static void report(struct bench *b)
{
    double sum = 0;
    size_t slow = 0, n = b->time_count ? b->time_count : 1;
    for (size_t i = 0; i < b->time_count; i++) {
        sum += (double)b->times[i];
        slow += b->times[i] > 1000000;
    }
    qsort(b->times, b->time_count, sizeof *b->times, compare_times);
    printf("schemas %zu, compiled %zu (%.1f %%), instances %zu valid %zu invalid, wrong %zu\n",
           b->schemas, b->compiled, 100.0 * (double)b->compiled / (double)b->schemas, b->valid,
           b->invalid, b->wrong);
    printf("compile mean %.2f ms, max %.1f ms, memory max %zu KB\n",
           (double)b->compile_ns / 1e6 / (double)b->schemas, (double)b->compile_max_ns / 1e6,
           b->bytes_max >> 10);
    printf("masks %zu: mean %.1f us, p50 %.1f, p90 %.1f, p99 %.1f, max %.1f; above 1 ms %.3f %%\n",
           b->time_count, sum / (double)n / 1e3, (double)b->times[n / 2] / 1e3,
           (double)b->times[n * 9 / 10] / 1e3, (double)b->times[n * 99 / 100] / 1e3,
           (double)b->times[n - 1] / 1e3, 100.0 * (double)slow / (double)n);
}

static int one_spec(struct bench *b, const char *spec_path, const char *text_path)
{
    struct error err = { .text = "" };
    struct file_map spec, text;
    struct json_doc *doc;
    struct constraint *c;
    struct constraint_state *s;
    size_t at;
    if (file_map_path(&spec, spec_path, &err) || file_map_path(&text, text_path, &err) ||
        json_parse(&doc, (const char *)spec.data, spec.len, (size_t)4 << 20, spec_path, &err) ||
        constraint_compile(&c, json_root(doc), b->vocab, NULL, 0, &err) ||
        constraint_state_new(&s, c, &err))
        return fprintf(stderr, "%s\n", err.text), 1;
    b->schemas = b->compiled = 1;
    b->compile_max_ns = b->compile_ns = constraint_facts(c).compile_ns;
    bool whole = feed(b, s, (const char *)text.data, text.len, &at);
    printf("%s after %zu of %zu bytes\n", whole ? "complete" : "stopped", at, text.len);
    report(b);
    constraint_state_free(s);
    constraint_free(c);
    json_doc_free(doc);
    return 0;
}

int main(int argc, char **argv)
{
    struct bench b = { .verbose = argc > 3 };
    struct error err = { .text = "" };
    struct source *source;
    struct tokenizer *t;
    struct file_map map;
    if (argc < 3) return fprintf(stderr, "constraint_bench TOKENIZER SAMPLE.jsonl [-v]\n"), 2;
    if (source_open(&source, argv[1], &err) || tokenizer_open(&t, source, NULL, &err) ||
        vocab_trie_new(&b.vocab, t, &err))
        return fprintf(stderr, "%s\n", err.text), 1;
    b.tokenizer = t;
    b.times = calloc(TIMES_MAX, sizeof *b.times);
    if (strcmp(argv[2], "--spec") == 0 && argc == 5) return one_spec(&b, argv[3], argv[4]);
    if (file_map_path(&map, argv[2], &err)) return fprintf(stderr, "%s\n", err.text), 1;
    for (size_t at = 0; at < map.len;) {
        const char *line = (const char *)map.data + at, *end = memchr(line, '\n', map.len - at);
        size_t len = end ? (size_t)(end - line) : map.len - at;
        struct json_doc *doc;
        at += len + 1;
        if (json_parse(&doc, line, len, (size_t)64 << 20, "the line", &err)) {
            printf("UNREAD: %s\n", err.text);
            b.schemas++;
            continue;
        }
        one_schema(&b, json_root(doc));
        json_doc_free(doc);
    }
    report(&b);
    free(b.times);
    vocab_trie_free(b.vocab);
    tokenizer_free(t);
    source_close(source);
    return b.wrong != 0;
}
