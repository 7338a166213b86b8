/* Tokenizers against vectors that the vendors' own libraries made.
 * SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700 /* realpath */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/fixture.h"

#include "base/core/json.h"
#include "base/core/mem.h"
#include "base/core/utf8.h"
#include "lm/tokenizer/tokenizer.h"

#define TEXT_MAX ((size_t)64 << 20)

static struct json_doc *parse(const char *text, size_t len, const char *what)
{
    struct error err = { 0 };
    struct json_doc *doc = NULL;
    if (json_parse(&doc, text, len, TEXT_MAX, what, &err)) fail_msg("%s: %s", what, err.text);
    return doc;
}

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static struct buf decode_base64(struct span text)
{
    struct buf out = BUF_INIT(TEXT_MAX);
    unsigned bits = 0;
    int count = 0;
    for (size_t i = 0; i < text.len; i++) {
        int v = base64_digit(text.data[i]);
        if (v < 0) continue;
        bits = bits << 6 | (unsigned)v;
        count += 6;
        if (count >= 8) {
            count -= 8;
            buf_byte(&out, (char)(bits >> count));
        }
    }
    return out;
}

/* Output of gzip -dc: a test may use a child; the program needs no zlib. */
static struct buf gunzip(const char *path)
{
    char command[1024];
    struct buf out = BUF_INIT(TEXT_MAX);
    assert_true(snprintf(command, sizeof(command), "gzip -dc '%s'", path) < (int)sizeof(command));
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    char chunk[65536];
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), pipe)) > 0;)
        assert_true(buf_append(&out, chunk, n));
    assert_int_equal(pclose(pipe), 0);
    return out;
}

static struct tokenizer *open_path(const char *path)
{
    struct error err = { 0 };
    struct source *source = NULL;
    struct tokenizer *t = NULL;
    if (source_open(&source, path, &err)) fail_msg("%s: %s", path, err.text);
    if (tokenizer_open(&t, source, &(struct tokenizer_options){ NULL }, &err))
        fail_msg("%s: %s", path, err.text);
    source_close(source);
    return t;
}

/* A folder of links, as the index maps names to files. */
static void make_folder(char *folder, const struct json *files)
{
    assert_non_null(mkdtemp(folder));
    for (struct json_member m = json_first(files); m.value; m = json_next(files, m)) {
        char link[512], key[128] = { 0 };
        memcpy(key, m.key.data, m.key.len < 127 ? m.key.len : 127);
        char target[4096]; /* absolute, because a link is read from its own folder */
        assert_non_null(fixture_shared(json_text(m.value)));
        assert_non_null(realpath(fixture_shared(json_text(m.value)), target));
        assert_true(snprintf(link, sizeof(link), "%s/%s", folder, key) < (int)sizeof(link));
        assert_int_equal(symlink(target, link), 0);
    }
}

static void drop_folder(const char *folder, const struct json *files)
{
    for (struct json_member m = json_first(files); m.value; m = json_next(files, m)) {
        char link[512], key[128] = { 0 };
        memcpy(key, m.key.data, m.key.len < 127 ? m.key.len : 127);
        if (snprintf(link, sizeof(link), "%s/%s", folder, key) < (int)sizeof(link)) unlink(link);
    }
    rmdir(folder);
}

static struct tokenizer *open_entry(const struct json *entry)
{
    const struct json *files = json_get(entry, "files");
    if (json_bool(json_get(entry, "gguf"), false))
        return open_path(fixture_shared(json_text(json_first(files).value)));
    char folder[] = "/tmp/hearth-tokenizer-XXXXXX";
    make_folder(folder, files);
    struct tokenizer *t = open_path(folder);
    drop_folder(folder, files);
    return t;
}

static bool same_ids(const struct token_list *l, const struct json *ids)
{
    if (json_type(ids) != JSON_ARRAY || json_length(ids) != l->count) return false;
    for (size_t i = 0; i < l->count; i++)
        if (json_int(json_at(ids, i), -1) != l->ids[i]) return false;
    return true;
}

static void show(const char *words, const struct token_list *l)
{
    printf("    %s", words);
    for (size_t i = 0; i < l->count && i < 40; i++)
        printf(" %d", l->ids[i]);
    printf("\n");
}

struct tally {
    const char *name;
    int failed, cases;
};

static void complain(struct tally *tally, struct span id, const char *what,
                     const struct token_list *got, const struct json *want)
{
    if (tally->failed++ > 5) return;
    printf("  %s %.*s: %s\n", tally->name, (int)id.len, id.data, what);
    show("got ", got);
    printf("    want");
    for (size_t i = 0; i < json_length(want) && i < 40; i++)
        printf(" %lld", (long long)json_int(json_at(want, i), -1));
    printf("\n");
}

static struct buf decode(const struct tokenizer *t, const struct token_list *ids)
{
    struct error err = { 0 };
    struct buf out = BUF_INIT(TEXT_MAX);
    if (tokenizer_decode(t, ids->ids, ids->count, &out, &err)) fail_msg("decode: %s", err.text);
    return out;
}

/* Token by token the same bytes come out, and never a part of a valid code point. */
static void check_incremental(const struct tokenizer *t, const struct token_list *ids,
                              const struct buf *want)
{
    struct error err = { 0 };
    struct detokenizer d;
    struct buf out = BUF_INIT(TEXT_MAX);
    bool valid = utf8_valid(want->data ? want->data : "", want->len);
    detokenizer_init(&d, t, false);
    for (size_t i = 0; i < ids->count; i++) {
        assert_int_equal(detokenizer_feed(&d, ids->ids[i], &out, &err), STATUS_OK);
        if (valid && out.len && utf8_incomplete_tail(out.data, out.len))
            fail_msg("half a code point came out");
    }
    detokenizer_finish(&d, &out);
    assert_int_equal(out.len, want->len);
    if (out.len) assert_memory_equal(out.data, want->data, out.len);
    buf_release(&out);
}

static bool holds_any(const struct token_list *l, const struct json *ids)
{
    for (size_t i = 0; i < l->count; i++)
        for (size_t k = 0; k < json_length(ids); k++)
            if (json_int(json_at(ids, k), -1) == l->ids[i]) return true;
    return false;
}

static void check_decoded(struct tally *tally, const struct tokenizer *t, const struct json *row,
                          struct span id, struct span text, const struct token_list *ids)
{
    struct buf got = decode(t, ids),
               want = decode_base64(json_string(json_get(row, "decoded_b64")));
    bool same = got.len == text.len && !memcmp(got.data ? got.data : "", text.data, text.len);
    bool as_reference = json_string(json_get(row, "decoded_b64")).data && got.len == want.len &&
                        !memcmp(got.data ? got.data : "", want.data ? want.data : "", got.len);
    if (!same && !as_reference)
        complain(tally, id, "decodes to something else", ids, json_get(row, "ids"));
    check_incremental(t, ids, &got);
    buf_release(&got);
    buf_release(&want);
}

static void check_case(struct tally *tally, const struct tokenizer *t, const struct json *entry,
                       const struct json *row, struct span id, struct span text)
{
    struct error err = { 0 };
    struct token_list plain = { .count = 0 }, special = { .count = 0 };
    const struct json *ids = json_get(row, "ids"), *parsed = json_get(row, "ids_parse_special");
    const char *alt = json_text(json_get(row, "alt"));
    bool no_special = alt && !strcmp(alt, "no_special");
    tally->cases++;
    if (tokenizer_encode(t, text.data, text.len, false, &plain, &err) ||
        tokenizer_encode(t, text.data, text.len, true, &special, &err)) {
        complain(tally, id, err.text, &plain, ids);
    } else {
        bool any = alt || json_bool(json_get(row, "roundtrip"), false);
        if (!any && !same_ids(&plain, ids) && !same_ids(&plain, json_get(row, "ids_no_added")))
            complain(tally, id, "ids", &plain, ids);
        if (no_special && holds_any(&plain, json_get(entry, "control_ids")))
            complain(tally, id, "a control token came from plain text", &plain, ids);
        if (json_type(parsed) == JSON_ARRAY && !same_ids(&special, parsed))
            complain(tally, id, "ids_parse_special", &special, parsed);
        if (json_type(ids) == JSON_ARRAY && !json_get(row, "ids_parse_special") && !any &&
            !same_ids(&special, ids))
            complain(tally, id, "parse_special without special tokens", &special, ids);
        check_decoded(tally, t, row, id, text, &plain);
    }
    token_list_release(&plain);
    token_list_release(&special);
}

/* Text of the corpus line with this id. */
static struct buf corpus_text(const struct json *line)
{
    struct span text = json_string(json_get(line, "text")),
                bytes = json_string(json_get(line, "bytes_b64"));
    if (bytes.data) return decode_base64(bytes);
    struct buf out = BUF_INIT(TEXT_MAX);
    assert_true(buf_append(&out, text.data, text.len));
    return out;
}

struct lines {
    struct json_doc *docs[1024];
    size_t count;
};

static struct lines parse_lines(const struct buf *text)
{
    struct lines l = { .count = 0 };
    for (size_t pos = 0; pos < text->len;) {
        const char *newline = memchr(text->data + pos, '\n', text->len - pos);
        size_t end = newline ? (size_t)(newline - text->data) : text->len;
        assert_true(l.count < 1024);
        if (end > pos) l.docs[l.count++] = parse(text->data + pos, end - pos, "a line");
        pos = end + 1;
    }
    return l;
}

static void free_lines(struct lines *l)
{
    for (size_t i = 0; i < l->count; i++)
        json_doc_free(l->docs[i]);
}

static const struct json *find_line(const struct lines *l, struct span id)
{
    for (size_t i = 0; i < l->count; i++) {
        const struct json *root = json_root(l->docs[i]);
        struct span other = json_string(json_get(root, "id"));
        if (other.len == id.len && !memcmp(other.data, id.data, id.len)) return root;
    }
    fail_msg("no corpus line %.*s", (int)id.len, id.data);
    return NULL;
}

static int check_tokenizer(const char *name, const struct json *entry, const struct lines *corpus)
{
    char relative[256];
    assert_true(snprintf(relative, sizeof(relative), "golden/tokenizers/%s.jsonl.gz", name) <
                (int)sizeof(relative));
    struct tokenizer *t = open_entry(entry);
    struct buf text = gunzip(fixture_shared(relative));
    struct lines rows = parse_lines(&text);
    struct tally tally = { name, 0, 0 };
    for (size_t i = 0; i < rows.count; i++) {
        const struct json *row = json_root(rows.docs[i]);
        struct span id = json_string(json_get(row, "id"));
        struct buf input = corpus_text(find_line(corpus, id));
        check_case(&tally, t, entry, row, id,
                   (struct span){ input.data ? input.data : "", input.len });
        buf_release(&input);
    }
    bool bos = !strcmp(json_text(json_get(entry, "adds")), "bos");
    if (tokenizer_adds_bos(t) != bos) {
        printf("  %s: adds_bos is %d\n", name, tokenizer_adds_bos(t));
        tally.failed++;
    }
    printf("%-18s %-22s pre %-14s %d of %d\n", name, tokenizer_kind(t), tokenizer_pre(t),
           tally.cases - tally.failed, tally.cases);
    free_lines(&rows);
    buf_release(&text);
    tokenizer_free(t);
    return tally.failed;
}

static void golden(void **state)
{
    const char *index_path = FIXTURE("golden/tokenizers/index.json");
    struct buf index_text = fixture_read(index_path),
               text = fixture_read(fixture_shared("golden/tokenizers/corpus.jsonl"));
    struct json_doc *index = parse(index_text.data, index_text.len, "index.json");
    struct lines corpus = parse_lines(&text);
    const struct json *all = json_get(json_root(index), "tokenizers");
    int failed = 0;
    const char *only = getenv("HEARTH_TOKENIZER");
    for (struct json_member m = json_first(all); m.value; m = json_next(all, m)) {
        char name[128] = { 0 };
        memcpy(name, m.key.data, m.key.len < 127 ? m.key.len : 127);
        if (!only || !strcmp(only, name)) failed += check_tokenizer(name, m.value, &corpus);
    }
    free_lines(&corpus);
    json_doc_free(index);
    buf_release(&index_text);
    buf_release(&text);
    assert_int_equal(failed, 0);
}

static struct span next_line(const struct buf *text, size_t *pos)
{
    const char *from = text->data + *pos, *newline = memchr(from, '\n', text->len - *pos);
    size_t len = newline ? (size_t)(newline - from) : text->len - *pos;
    *pos += len + 1;
    return (struct span){ from, len };
}

static bool line_is(struct span line, const struct token_list *ids)
{
    const char *at = line.data, *end = line.data + line.len;
    for (size_t i = 0; i < ids->count; i++) {
        while (at < end && *at == ' ')
            at++;
        long id = 0;
        if (at == end) return false;
        for (; at < end && *at >= '0' && *at <= '9'; at++)
            id = id * 10 + (*at - '0');
        if (id != ids->ids[i]) return false;
    }
    while (at < end && *at == ' ')
        at++;
    return at == end;
}

/* Encodes text, compares with a line of ids, and decodes again. `lossy`: blanks may be lost. */
static int check_line(const struct tokenizer *t, const char *name, struct span text,
                      struct span line, bool lossy)
{
    struct error err = { 0 };
    struct token_list ids = { .count = 0 };
    if (tokenizer_encode(t, text.data, text.len, false, &ids, &err))
        fail_msg("%s: %s", name, err.text);
    int failed = !line_is(line, &ids);
    struct buf back = decode(t, &ids);
    if (!lossy && (back.len != text.len || memcmp(back.data ? back.data : "", text.data, text.len)))
        failed = 1;
    if (failed)
        printf("  %s: '%.*s' wants %.*s\n", name, (int)text.len, text.data, (int)line.len,
               line.data);
    check_incremental(t, &ids, &back);
    buf_release(&back);
    token_list_release(&ids);
    return failed;
}

static void ggml_pairs(void **state)
{
    static const struct {
        const char *name, *entry; /* entry: the tokenizer of the index where there is no GGUF */
        bool nfc;
    } pairs[] = { { "deepseek-llm", "gguf-deepseek-llm", false },
                  { "gpt-2", "gguf-gpt-2", false },
                  { "llama-spm", "gguf-llama-spm", false },
                  { "llama-bpe", "llama3", false },
                  { "qwen2", "qwen2", true },
                  { "deepseek-r1-qwen", "qwen2", true } };
    struct buf index_text = fixture_read(FIXTURE("golden/tokenizers/index.json"));
    struct json_doc *index = parse(index_text.data, index_text.len, "index.json");
    int failed = 0, cases = 0;
    for (size_t k = 0; k < sizeof(pairs) / sizeof(*pairs); k++) {
        char in[256], out[256];
        snprintf(in, sizeof(in), "real/vocab-gguf/ggml-vocab-%s.gguf.inp", pairs[k].name);
        snprintf(out, sizeof(out), "real/vocab-gguf/ggml-vocab-%s.gguf.out", pairs[k].name);
        struct buf texts = fixture_read(fixture_shared(in)),
                   ids = fixture_read(fixture_shared(out));
        struct tokenizer *t =
            open_entry(json_get(json_get(json_root(index), "tokenizers"), pairs[k].entry));
        static const char mark[] = "\n__ggml_vocab_test__\n";
        size_t line = 0;
        for (size_t pos = 0; pos < texts.len; cases++) {
            const char *end = strstr(texts.data + pos, mark);
            size_t len = end ? (size_t)(end - texts.data) - pos : texts.len - pos;
            if (!end) break; /* the last mark ends the last text */
            failed += check_line(t, pairs[k].name, (struct span){ texts.data + pos, len },
                                 next_line(&ids, &line), pairs[k].nfc);
            pos += len + sizeof(mark) - 1;
        }
        tokenizer_free(t);
        buf_release(&texts);
        buf_release(&ids);
    }
    printf("%d of %d pairs of text and ids\n", cases - failed, cases);
    json_doc_free(index);
    buf_release(&index_text);
    assert_true(cases > 250);
    assert_int_equal(failed, 0);
}

static void sentencepiece_lines(void **state)
{
    static const struct {
        const char *file, *entry;
        bool lossy;
    } models[] = { { "llama2_tokenizer.model.ids", "llama2-sp", false },
                   { "mistral_tokenizer.model.v1.ids", "mistral-v1", false },
                   { "baichuan2_tokenizer.model.ids", "baichuan2", false },
                   { "yi_tokenizer.model.ids", "yi", false },
                   { "stories260K_tok512.ids", "stories260k", true } };
    struct buf index_text = fixture_read(FIXTURE("golden/tokenizers/index.json"));
    struct buf texts = fixture_read(FIXTURE("real/tokenizers/expected-sentencepiece/lines.txt"));
    struct json_doc *index = parse(index_text.data, index_text.len, "index.json");
    int failed = 0, cases = 0;
    for (size_t k = 0; k < sizeof(models) / sizeof(*models); k++) {
        char path[256];
        snprintf(path, sizeof(path), "real/tokenizers/expected-sentencepiece/%s", models[k].file);
        struct buf ids = fixture_read(fixture_shared(path));
        struct tokenizer *t =
            open_entry(json_get(json_get(json_root(index), "tokenizers"), models[k].entry));
        size_t line = 0;
        for (size_t pos = 0; pos < texts.len; cases++) {
            struct span text = next_line(&texts, &pos);
            failed += check_line(t, models[k].entry, text, next_line(&ids, &line), models[k].lossy);
        }
        tokenizer_free(t);
        buf_release(&ids);
    }
    printf("%d of %d lines of spm_encode\n", cases - failed, cases);
    json_doc_free(index);
    buf_release(&index_text);
    buf_release(&texts);
    assert_true(cases >= 5 * 323);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
        cmocka_unit_test(ggml_pairs),
        cmocka_unit_test(sentencepiece_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
