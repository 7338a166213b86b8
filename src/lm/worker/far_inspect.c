/* The inspection: what a model's files hold, without loading it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Files that nobody has vouched for are parsed here, behind the sandbox; what goes out are names, counts and
 * digests. A tensor's digest is over its bytes as stored; the digest of all of them is over one line for each, in
 * the order of names, so that it does not depend on how they are spread over files. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/digest.h"
#include "base/core/mem.h"
#include "lm/chat/chat.h"
#include "lm/format/config.h"
#include "lm/format/source.h"
#include "lm/model/family.h"
#include "lm/worker/far_inner.h"
#include "math/quants/quant.h"

#define HASH_STEP_BYTES ((size_t)8 << 20) /* between two looks at the socket */
#define TENSORS_MAX     ((size_t)1 << 22)

struct inspection {
    struct far *far;
    struct source *source;
    struct tokenizer *tokenizer; /* NULL: none, or not usable */
    struct json_writer w;
    struct buf warnings; /* items of an array */
    struct progress progress;
    uint64_t done, total;
};

static void put_int(struct json_writer *w, const char *key, uint64_t v)
{
    json_key(w, key);
    json_put_int(w, (int64_t)v);
}

static void put_digest(struct json_writer *w, const char *key, const uint8_t digest[SHA256_BYTES])
{
    char hex[SHA256_HEX_BYTES];
    sha256_hex(digest, hex);
    json_member_text(w, key, hex);
}

static void warn(struct inspection *in, const char *text)
{
    struct json_writer w;
    if (in->warnings.len) buf_byte(&in->warnings, ',');
    json_writer_init(&w, &in->warnings, 0);
    json_put_string(&w, text);
}

/* ---- configuration ---- */

static enum status inspect_config(struct inspection *in, struct error *err)
{
    const struct source *s = in->source;
    struct config c;
    const struct model_family *family;
    struct error why;
    if (source_tensor_count(s) == 0 && !source_config_json(s) && !source_gguf(s)) return STATUS_OK;
    enum status st = config_init(&c, s, &why);
    if (st == STATUS_NO_MEMORY) return error_set(err, st, "%s", why.text);
    if (st) {
        warn(in, why.text);
        return STATUS_OK;
    }
    json_member_text(&in->w, "architecture", c.arch);
    bool known = !family_find(&family, &c, &why);
    json_member_text(&in->w, "family", known ? family->name : NULL);
    if (!known) warn(in, why.text);
    config_release(&c);
    return STATUS_OK;
}

/* ---- tokenizer and template ---- */

static enum status digest_pieces(const struct tokenizer *t, uint8_t ret[SHA256_BYTES],
                                 struct error *err)
{
    struct sha256 *hash;
    enum status st = sha256_new(&hash, err);
    if (st) return st;
    for (int64_t id = 0; id < tokenizer_vocab_size(t) && !st; id++) {
        struct span piece = tokenizer_piece(t, (int32_t)id);
        uint32_t n = (uint32_t)piece.len;
        const uint8_t length[4] = { (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16),
                                    (uint8_t)(n >> 24) };
        st = sha256_update(hash, length, sizeof length, err);
        if (!st) st = sha256_update(hash, piece.data, piece.len, err);
    }
    if (!st) st = sha256_final(hash, ret, err);
    sha256_free(hash);
    return st;
}

static enum status inspect_tokenizer(struct inspection *in, struct error *err)
{
    const struct tokenizer_options options = { 0 };
    uint8_t digest[SHA256_BYTES];
    struct error why;
    enum status st = tokenizer_open(&in->tokenizer, in->source, &options, &why);
    if (st) in->tokenizer = NULL;
    if (st == STATUS_NO_MEMORY) return error_set(err, st, "%s", why.text);
    if (st && st != STATUS_NOT_FOUND) warn(in, why.text);
    json_key(&in->w, "tokenizer");
    if (st) {
        json_put_null(&in->w);
        return STATUS_OK;
    }
    st = digest_pieces(in->tokenizer, digest, err);
    json_open_object(&in->w);
    json_member_text(&in->w, "kind", tokenizer_kind(in->tokenizer));
    if (!st) put_digest(&in->w, "pieces_sha256", digest);
    put_int(&in->w, "tokens", (uint64_t)tokenizer_vocab_size(in->tokenizer));
    json_close_object(&in->w);
    return st;
}

static enum status inspect_template(struct inspection *in, struct error *err)
{
    struct chat *c = NULL;
    struct error why;
    enum status st = chat_open(&c, in->source, in->tokenizer, &why);
    if (st == STATUS_NO_MEMORY) return error_set(err, st, "%s", why.text);
    if (st && st != STATUS_NOT_FOUND) warn(in, why.text);
    const struct chat_facts *f = st ? NULL : chat_facts(c, false);
    const struct chat_facts *tools = st ? NULL : chat_facts(c, true);
    json_member_text(&in->w, "chat_encoder", st ? NULL : chat_native(c));
    json_member_text(&in->w, "template_sha256", f && f->sha256[0] ? f->sha256 : NULL);
    json_member_text(&in->w, "tool_template_sha256",
                     tools && tools->sha256[0] ? tools->sha256 : NULL);
    chat_free(c);
    return STATUS_OK;
}

/* ---- tensors ---- */

struct tensor_entry {
    struct span name;
    size_t at;
};

static int compare_entries(const void *a, const void *b)
{
    struct span x = ((const struct tensor_entry *)a)->name,
                y = ((const struct tensor_entry *)b)->name;
    int order = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);
    return order ? order : x.len < y.len ? -1 : x.len > y.len;
}

static enum status digest_data(struct inspection *in, const struct tensor_view *t,
                               uint8_t ret[SHA256_BYTES], struct error *err)
{
    const uint8_t *data = t->data;
    size_t len = (size_t)t->rows * t->row_bytes;
    struct sha256 *hash;
    enum status st = sha256_new(&hash, err);
    for (size_t at = 0; at < len && !st;) {
        size_t n = len - at < HASH_STEP_BYTES ? len - at : HASH_STEP_BYTES;
        st = sha256_update(hash, data + at, n, err);
        at += n;
        in->done += n;
        if (!st && !progress_report(&in->progress, "inspecting", in->done, in->total))
            st = error_set(err, STATUS_CANCELLED, "cancelled");
    }
    if (!st) st = sha256_final(hash, ret, err);
    sha256_free(hash);
    return st;
}

/* "<sha256> <type> <dim>x<dim>... <name>\n" */
static enum status digest_tensor(struct inspection *in, const struct tensor_entry *e,
                                 struct sha256 *all, uint64_t *parameters, struct error *err)
{
    struct tensor_view t = { 0 };
    struct span name;
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES], line[512];
    const char *type_name = "?";
    if (!source_tensor_at(in->source, e->at, &name, &t, &type_name))
        return error_set(err, STATUS_UNSUPPORTED,
                         "the tensor %.*s has the number format %s, which is not known here",
                         (int)(name.len < 200 ? name.len : 200), name.data, type_name);
    enum status st = digest_data(in, &t, digest, err);
    if (st) return st;
    sha256_hex(digest, hex);
    int n = snprintf(line, sizeof line, "%s %s ", hex, quant_name(t.type));
    for (int i = 0; i < t.dims; i++)
        n += snprintf(line + n, sizeof line - (size_t)n, "%s%" PRId64, i ? "x" : "", t.shape[i]);
    *parameters += (uint64_t)(t.rows * t.cols);
    st = sha256_update(all, line, (size_t)n, err);
    if (!st) st = sha256_update(all, " ", 1, err);
    if (!st) st = sha256_update(all, name.data, name.len, err);
    return st ? st : sha256_update(all, "\n", 1, err);
}

static enum status digest_all(struct inspection *in, const struct tensor_entry *entries,
                              size_t count, uint8_t ret[SHA256_BYTES], uint64_t *parameters,
                              struct error *err)
{
    struct sha256 *all;
    enum status st = sha256_new(&all, err);
    for (size_t i = 0; i < count && !st; i++)
        st = digest_tensor(in, &entries[i], all, parameters, err);
    if (!st) st = sha256_final(all, ret, err);
    sha256_free(all);
    return st;
}

static enum status inspect_tensors(struct inspection *in, struct error *err)
{
    size_t count = source_tensor_count(in->source);
    uint8_t digest[SHA256_BYTES];
    uint64_t parameters = 0;
    struct tensor_entry *entries =
        count <= TENSORS_MAX ? mem_array(count + 1, sizeof *entries) : NULL;
    if (!entries) return error_set(err, STATUS_NO_MEMORY, "no memory for %zu tensors", count);
    for (size_t i = 0; i < count; i++) {
        struct tensor_view t;
        const char *type_name;
        source_tensor_at(in->source, i, &entries[i].name, &t, &type_name);
        entries[i].at = i;
    }
    qsort(entries, count, sizeof *entries, compare_entries);
    in->total = source_tensor_bytes(in->source);
    struct error why;
    enum status st = digest_all(in, entries, count, digest, &parameters, &why);
    mem_free(entries);
    if (st && st != STATUS_UNSUPPORTED) return error_set(err, st, "%s", why.text);
    if (st) warn(in, why.text);
    json_key(&in->w, "tensors");
    json_open_object(&in->w);
    put_int(&in->w, "bytes", source_tensor_bytes(in->source));
    put_int(&in->w, "count", count);
    if (!st && count) put_int(&in->w, "parameters", parameters);
    if (!st && count) put_digest(&in->w, "sha256", digest);
    json_close_object(&in->w);
    return STATUS_OK;
}

/* ---- all ---- */

static enum status write_facts(struct inspection *in, struct error *err)
{
    struct json_writer *w = &in->w;
    json_open_object(w);
    json_member_text(w, "container",
                     source_container(in->source) == CONTAINER_GGUF ? "gguf" : "hf");
    enum status st = inspect_config(in, err);
    if (!st) st = inspect_tokenizer(in, err);
    if (!st) st = inspect_template(in, err);
    if (!st) st = inspect_tensors(in, err);
    if (st) return st;
    json_key(w, "warnings");
    buf_format(w->out, "[%s]", in->warnings.len ? in->warnings.data : "");
    w->after_key = false;
    json_close_object(w);
    if (in->warnings.failed) w->out->failed = true;
    return buf_check(w->out, "the facts of a model", err);
}

enum status far_inspect(struct far *f, struct file_set *files, const struct progress *progress,
                        struct error *err)
{
    struct inspection in = { .far = f, .progress = *progress };
    struct buf body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    enum status st = source_open_files(&in.source, files, err);
    if (st) {
        file_set_free(files);
        return st;
    }
    if (source_tensor_count(in.source) == 0) {
        source_close(in.source);
        return error_set(err, STATUS_BAD_INPUT,
                         "%s holds no weights; what is there is no whole model", f->label);
    }
    in.warnings = BUF_INIT((size_t)1 << 20);
    json_writer_init(&in.w, &body, 0);
    st = write_facts(&in, err);
    if (!st) far_send_buf(f, FRAME_READY, 0, &body);
    tokenizer_free(in.tokenizer);
    source_close(in.source);
    buf_release(&in.warnings);
    buf_release(&body);
    return st;
}
