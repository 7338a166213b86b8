/* The compiled form of a tokenizer on disk, so that the next start parses no JSON.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Layout: magic, SHA-256 of what follows, then the parts of struct tokenizer in order, numbers as
 * 64-bit little-endian, texts behind their length; the token and merge arrays as they are in
 * memory. The name is the digest of every file (or GGUF key) that the tokenizer was made from. The
 * bytes come from outside: all is checked against the vocabulary before it is believed, and the
 * digest only tells damage early. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/core/digest.h"
#include "base/core/file.h"
#include "lm/tokenizer/tokenizer_parts.h"

#define CACHE_MAGIC      "HEARTHT2" /* the last character is the version of all of this */
#define CACHE_MERGES_MIN 20000      /* fewer merges load fast enough */
#define CACHE_BYTES_MAX  ((size_t)2 << 30)
#define CACHE_PATH_BYTES 4096

static_assert(sizeof(struct token) == 16, "tokens are written as they are");
static_assert(sizeof(struct bpe_merge) == 16, "merges are written as they are");

static void put(struct buf *out, uint64_t v)
{
    char b[8];
    for (int i = 0; i < 8; i++)
        b[i] = (char)(v >> (8 * i));
    buf_append(out, b, 8);
}

static void put_text(struct buf *out, const void *text, size_t len)
{
    put(out, len);
    buf_append(out, text ? text : "", len);
}

bool tokenizer_pack(const struct tokenizer *t, struct buf *out)
{
    const int64_t numbers[] = { t->model,         t->prefix,        t->blank_mark,
                                t->ignore_merges, t->byte_fallback, t->fuse_unknown,
                                t->cut_user,      t->strip_blank,   t->strip_more,
                                t->adds_bos,      t->adds_eos,      t->has_chat_template,
                                t->unknown_id,    t->bos,           t->eos,
                                t->ending };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        put(out, (uint64_t)numbers[i]);
    put_text(out, &t->unknown_score, sizeof(t->unknown_score));
    put_text(out, t->pre, strlen(t->pre));
    put_text(out, t->chat_template.data, t->chat_template.len);
    put(out, (uint64_t)t->normalizer.count);
    for (int i = 0; i < t->normalizer.count; i++) {
        const struct norm_step *s = &t->normalizer.steps[i];
        put(out, (uint64_t)s->kind | (uint64_t)s->left << 8 | (uint64_t)s->right << 9);
        put_text(out, s->a, s->a_bytes);
        put_text(out, s->b, s->b_bytes);
    }
    put(out, (uint64_t)t->splitter.count);
    for (int i = 0; i < t->splitter.count; i++) {
        const struct split_stage *s = &t->splitter.stages[i];
        put(out, s->fn ? 0 : s->regex ? 1 : 2);
        put(out,
            s->fn ? (uint64_t)splitter_fn_number(s->fn) : (uint64_t)s->behavior << 1 | s->invert);
        put_text(out, s->literal, s->literal_bytes);
    }
    put_text(out, t->vocab.bytes.data, t->vocab.bytes.len);
    put_text(out, t->vocab.tokens, (size_t)t->vocab.count * sizeof(struct token));
    put_text(out, t->merges.items, t->merges.count * sizeof(struct bpe_merge));
    return !out->failed;
}

/* Reading: after the first failure every further value is empty. */
struct reader {
    struct span rest;
    bool failed;
};

static uint64_t take(struct reader *r)
{
    uint64_t v = 0;
    if (r->failed || r->rest.len < 8) {
        r->failed = true;
        return 0;
    }
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)(uint8_t)r->rest.data[i] << (8 * i);
    r->rest.data += 8;
    r->rest.len -= 8;
    return v;
}

static struct span take_text(struct reader *r)
{
    uint64_t len = take(r);
    if (r->failed || len > r->rest.len) {
        r->failed = true;
        return (struct span){ "", 0 };
    }
    struct span s = { r->rest.data, (size_t)len };
    r->rest.data += len;
    r->rest.len -= (size_t)len;
    return s;
}

static bool take_flag(struct reader *r)
{
    uint64_t v = take(r);
    if (v > 1) r->failed = true;
    return v == 1;
}

static int32_t take_id(struct reader *r)
{
    int64_t v = (int64_t)take(r);
    if (v < -1 || v >= VOCAB_TOKENS_MAX) r->failed = true;
    return r->failed ? -1 : (int32_t)v;
}

static void unpack_numbers(struct tokenizer *t, struct reader *r)
{
    uint64_t model = take(r), prefix = take(r);
    if (model >= MODEL_KIND_COUNT || prefix >= PREFIX_KIND_COUNT) {
        r->failed = true;
        return;
    }
    t->model = (enum model_kind)model;
    t->prefix = (enum prefix_kind)prefix;
    bool *const flags[] = { &t->blank_mark,       &t->ignore_merges, &t->byte_fallback,
                            &t->fuse_unknown,     &t->cut_user,      &t->strip_blank,
                            &t->strip_more,       &t->adds_bos,      &t->adds_eos,
                            &t->has_chat_template };
    for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
        *flags[i] = take_flag(r);
    t->unknown_id = take_id(r);
    t->bos = take_id(r);
    t->eos = take_id(r);
    t->ending = take_id(r);
    struct span score = take_text(r), pre = take_text(r), chat = take_text(r);
    if (score.len != sizeof(float) || pre.len >= sizeof(t->pre)) r->failed = true;
    if (r->failed) return;
    memcpy(&t->unknown_score, score.data, sizeof(float));
    memcpy(t->pre, pre.data, pre.len);
    if (!isfinite(t->unknown_score) || !buf_append(&t->chat_template, chat.data, chat.len))
        r->failed = true;
}

static void unpack_steps(struct tokenizer *t, struct reader *r)
{
    uint64_t count = take(r);
    for (uint64_t i = 0; i < count && !r->failed; i++) {
        uint64_t kind = take(r);
        struct span a = take_text(r), b = take_text(r);
        if (kind >> 10 || (kind & 255) >= NORM_KIND_COUNT ||
            normalizer_add(&t->normalizer, (enum norm_kind)(kind & 255), a, b, kind >> 8 & 1,
                           kind >> 9 & 1, NULL))
            r->failed = true;
    }
    count = take(r);
    for (uint64_t i = 0; i < count && !r->failed; i++) {
        uint64_t form = take(r), number = take(r);
        struct span text = take_text(r);
        enum split_behavior behavior = (enum split_behavior)(number >> 1 & 3);
        split_fn *fn = form == 0 && number < 1000 ? splitter_fn_at((int)number) : NULL;
        enum status status = STATUS_BAD_INPUT;
        if (fn) status = splitter_add_fn(&t->splitter, fn, NULL);
        if (form == 1 && number < 8)
            status = splitter_add_pcre(&t->splitter, text, behavior, number & 1, NULL);
        if (form == 2 && number < 8)
            status = splitter_add_literal(&t->splitter, text, behavior, number & 1, NULL);
        if (status) r->failed = true;
    }
}

static bool unpack_vocab(struct tokenizer *t, struct reader *r)
{
    struct span bytes = take_text(r), tokens = take_text(r), merges = take_text(r);
    size_t count = tokens.len / sizeof(struct token),
           merge_count = merges.len / sizeof(struct bpe_merge);
    if (r->failed || r->rest.len || tokens.len % sizeof(struct token) ||
        merges.len % sizeof(struct bpe_merge) || count > VOCAB_TOKENS_MAX ||
        merge_count > BPE_MERGES_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct token k;
        memcpy(&k, tokens.data + i * sizeof(k), sizeof(k));
        if (k.kind == TOKEN_HOLE) continue;
        if (k.kind >= TOKEN_KIND_COUNT || k.flags & ~TOKEN_FLAGS_ALL || !isfinite(k.score) ||
            k.offset > bytes.len || k.len > bytes.len - k.offset || k.zero)
            return false;
        struct span text = { bytes.data + k.offset, k.len };
        if (vocab_set(&t->vocab, (int64_t)i, text, (enum token_kind)k.kind, k.flags, k.score, NULL))
            return false;
    }
    for (size_t i = 0; i < merge_count; i++) {
        struct bpe_merge m;
        memcpy(&m, merges.data + i * sizeof(m), sizeof(m));
        bool known = vocab_has(&t->vocab, m.left) && vocab_has(&t->vocab, m.right) &&
                     vocab_has(&t->vocab, m.id);
        int kind = known ? t->vocab.tokens[m.id].kind : TOKEN_CONTROL;
        if (kind == TOKEN_CONTROL || kind == TOKEN_ADDED || m.rank == UINT32_MAX ||
            bpe_merges_push(&t->merges, m, NULL))
            return false;
    }
    return true;
}

bool tokenizer_unpack(struct tokenizer *t, struct span bytes)
{
    struct reader r = { bytes, false };
    unpack_numbers(t, &r);
    if (!r.failed) unpack_steps(t, &r);
    return !r.failed && unpack_vocab(t, &r) && tokenizer_finish(t, NULL) == STATUS_OK;
}

static enum status hash_text(struct sha256 *h, const char *name, size_t name_len, struct span text,
                             struct error *err)
{
    uint8_t lens[16];
    for (int i = 0; i < 8; i++) {
        lens[i] = (uint8_t)((uint64_t)name_len >> (8 * i));
        lens[8 + i] = (uint8_t)((uint64_t)text.len >> (8 * i));
    }
    enum status status = sha256_update(h, lens, sizeof(lens), err);
    if (!status) status = sha256_update(h, name, name_len, err);
    return status ? status : sha256_update(h, text.data, text.len, err);
}

static bool is_input(const char *name)
{
    static const char *const names[] = {
        "tokenizer.json",  "tokenizer_config.json", "tekken.json",
        "tokenizer.model", "tiktoken.model",        "vocab.json",
        "merges.txt",      "chat_template.jinja",   "config.json"
    };
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (!strcmp(name, names[i])) return true;
    return len > 9 && !strcmp(name + len - 9, ".tiktoken");
}

static enum status hash_source(struct sha256 *h, struct source *source, struct error *err)
{
    const struct gguf *g = source_gguf(source);
    enum status status = hash_text(h, "tokenizer", 9, span_of(CACHE_MAGIC), err);
    for (size_t i = 0; g && i < gguf_key_count(g) && !status; i++) {
        struct gguf_value v;
        struct span key = gguf_key(g, i, &v);
        if (key.len < 10 || memcmp(key.data, "tokenizer.", 10)) continue;
        status =
            hash_text(h, key.data, key.len, (struct span){ (const char *)v.data, v.bytes }, err);
        uint64_t shape[3] = { (uint64_t)v.type, (uint64_t)v.item_type, v.count };
        if (!status) status = sha256_update(h, shape, sizeof(shape), err);
    }
    for (size_t i = 0; !g && i < source_file_count(source) && !status; i++) {
        const char *name = source_file(source, i)->name;
        struct span text;
        if (!is_input(name)) continue;
        status = source_read(source, name, &text, err);
        if (!status) status = hash_text(h, name, strlen(name), text, err);
    }
    return status;
}

enum status tokenizer_cache_key(struct source *source, char ret_name[96], struct error *err)
{
    struct sha256 *h = NULL;
    uint8_t digest[SHA256_BYTES];
    enum status status = sha256_new(&h, err);
    if (!status) status = hash_source(h, source, err);
    if (!status) status = sha256_final(h, digest, err);
    sha256_free(h);
    if (status) return status;
    sha256_hex(digest, ret_name);
    memcpy(ret_name + SHA256_HEX_BYTES - 1, ".tokenizer", sizeof(".tokenizer"));
    return STATUS_OK;
}

static enum status hash_file(struct sha256 *h, const struct file_set_entry *f, struct error *err)
{
    uint8_t identity[FILE_IDENTITY_BYTES];
    struct file_map map;
    int fd = -1;
    enum status status = file_identity(f->fd, f->name, identity, err);
    if (!status)
        status = hash_text(h, f->name, strlen(f->name),
                           (struct span){ (const char *)identity, sizeof(identity) }, err);
    if (status || !is_input(f->name)) return status;
    status = file_descriptor_copy(f->fd, f->name, &fd, err);
    if (status) return status;
    status = file_map_fd(&map, fd, f->name, err);
    if (status) {
        file_close(fd);
        return status;
    }
    status = hash_text(h, "content", 7,
                       (struct span){ map.data ? (const char *)map.data : "", map.len }, err);
    file_unmap(&map);
    return status;
}

enum status tokenizer_form_name(const struct file_set_entry *files, size_t count,
                                char ret[TOKENIZER_FORM_NAME_BYTES], struct error *err)
{
    struct sha256 *h = NULL;
    uint8_t digest[SHA256_BYTES];
    enum status status = sha256_new(&h, err);
    if (!status) status = hash_text(h, "form", 4, span_of(CACHE_MAGIC), err);
    for (size_t i = 0; i < count && !status; i++)
        if (files[i].fd >= 0) status = hash_file(h, &files[i], err);
    if (!status) status = sha256_final(h, digest, err);
    sha256_free(h);
    if (status) return status;
    sha256_hex(digest, ret);
    memcpy(ret + SHA256_HEX_BYTES - 1, ".form", sizeof(".form"));
    return STATUS_OK;
}

#define HEADER_BYTES (8 + SHA256_BYTES)

bool tokenizer_form_read(struct span form, struct tokenizer **ret)
{
    uint8_t digest[SHA256_BYTES];
    bool good = form.len > HEADER_BYTES && form.len <= CACHE_BYTES_MAX &&
                !memcmp(form.data, CACHE_MAGIC, 8) &&
                !sha256_of(form.data + HEADER_BYTES, form.len - HEADER_BYTES, digest, NULL) &&
                !memcmp(form.data + 8, digest, SHA256_BYTES);
    struct tokenizer *t = good ? tokenizer_new(NULL) : NULL;
    good = t &&
           tokenizer_unpack(t, (struct span){ form.data + HEADER_BYTES, form.len - HEADER_BYTES });
    if (!good) {
        tokenizer_free(t);
        return false;
    }
    bpe_merges_release(&t->merges);
    *ret = t;
    return true;
}

bool tokenizer_form_make(const struct tokenizer *t, struct buf *out)
{
    uint8_t digest[SHA256_BYTES] = { 0 };
    if (t->merges.count < CACHE_MERGES_MIN) return false;
    buf_append(out, CACHE_MAGIC, 8);
    buf_append(out, digest, SHA256_BYTES);
    if (!tokenizer_pack(t, out) ||
        sha256_of(out->data + HEADER_BYTES, out->len - HEADER_BYTES, digest, NULL))
        return false;
    memcpy(out->data + 8, digest, SHA256_BYTES);
    return true;
}

bool tokenizer_cache_read(const char *folder, const char *name, struct tokenizer **ret)
{
    char path[CACHE_PATH_BYTES];
    struct file_map map;
    if (!file_join(path, sizeof(path), folder, name) || file_map_path(&map, path, NULL))
        return false;
    bool good = tokenizer_form_read((struct span){ (const char *)map.data, map.len }, ret);
    file_unmap(&map);
    return good;
}

void tokenizer_cache_write(const char *folder, const char *name, const struct tokenizer *t)
{
    char path[CACHE_PATH_BYTES];
    struct buf out = BUF_INIT(CACHE_BYTES_MAX);
    if (file_join(path, sizeof(path), folder, name) && tokenizer_form_make(t, &out))
        file_write(path, out.data, out.len, NULL);
    buf_release(&out);
}

void tokenizer_form_keep(const struct tokenizer_options *options, const struct tokenizer *t)
{
    struct buf out = BUF_INIT(CACHE_BYTES_MAX);
    if (tokenizer_form_make(t, &out))
        options->keep(options->keep_ctx, (struct span){ out.data, out.len });
    buf_release(&out);
}
