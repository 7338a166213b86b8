/* Templates and special tokens from a model's files.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sources: transformers (tokenizer_config.json, special_tokens_map.json, chat_template.jinja,
 * chat_template.json of processors), ggml docs/gguf.md. */
#include <string.h>

#include "base/core/json_write.h"
#include "lm/chat/chat_inner.h"
#include "lm/format/config.h"
#include "lm/tokenizer/tokenizer_load.h"

#define TEMPLATE_KEY "tokenizer.chat_template"

/* ---- templates ---- */

enum status chat_add_template(struct chat *c, const char *label, struct span name, struct span text,
                              struct error *err)
{
    struct chat_form *form = span_equals(name, "default")    ? &c->plain
                             : span_equals(name, "tool_use") ? &c->tools
                                                             : NULL;
    if (c->names.len) buf_text(&c->names, ", ");
    buf_append(&c->names, name.data, name.len);
    enum status s = buf_check(&c->names, "the names of the templates", err);
    if (s || !form) return s;
    template_free(form->template);
    *form = (struct chat_form){ 0 };
    s = template_compile(&form->template, label, text, err);
    return s ? s : chat_digest(form, text, err);
}

/* A text, or a list of {"name", "template"}. */
static enum status add_config(struct chat *c, const char *label, const struct json *v,
                              struct error *err)
{
    size_t count = json_type(v) == JSON_ARRAY ? json_length(v) : 0;
    if (json_type(v) == JSON_STRING)
        return chat_add_template(c, label, span_of("default"), json_string(v), err);
    if (count > CHAT_TEMPLATES_MAX)
        return error_set(err, STATUS_LIMIT, "%s: more than %d chat templates", label,
                         CHAT_TEMPLATES_MAX);
    enum status s = STATUS_OK;
    for (size_t i = 0; i < count && !s; i++) {
        struct span name = json_string(json_get(json_at(v, i), "name")),
                    text = json_string(json_get(json_at(v, i), "template"));
        if (!name.data || !text.data)
            return error_set(err, STATUS_BAD_INPUT,
                             "%s: chat_template[%zu] needs \"name\" and \"template\", both texts",
                             label, i);
        s = chat_add_template(c, label, name, text, err);
    }
    return s;
}

/* Further templates, in files named for what they are; they stand beside one that was found. */
static enum status add_files(struct chat *c, struct source *source, struct error *err)
{
    size_t folder = sizeof FILE_SET_TEMPLATES, found = 0; /* with the slash */
    enum status s = STATUS_OK;
    for (size_t i = 0; i < source_file_count(source) && !s; i++) {
        const char *path = source_file(source, i)->name;
        struct span text;
        if (strncmp(path, FILE_SET_TEMPLATES "/", folder) != 0) continue;
        if (++found > CHAT_TEMPLATES_MAX)
            return error_set(err, STATUS_LIMIT, "%s: more than %d chat templates",
                             source_path(source), CHAT_TEMPLATES_MAX);
        s = source_read(source, path, &text, err);
        struct span name = { path + folder, strlen(path) - folder - sizeof ".jinja" + 1 };
        if (!s) s = chat_add_template(c, source_path(source), name, text, err);
    }
    return s;
}

static enum status load_folder_templates(struct chat *c, struct source *source,
                                         const struct json *config, struct error *err)
{
    const char *label = source_path(source);
    struct json_doc *doc = NULL;
    struct span text;
    enum status s = source_read(source, "chat_template.jinja", &text, err);
    if (s != STATUS_NOT_FOUND)
        return s ? s : chat_add_template(c, label, span_of("default"), text, err);
    if (json_type(json_get(config, "chat_template")) != JSON_NULL)
        return add_config(c, label, json_get(config, "chat_template"), err);
    s = tokenizer_read_json(source, "chat_template.json", &doc, err);
    if (!s && doc) s = add_config(c, label, json_get(json_root(doc), "chat_template"), err);
    json_doc_free(doc);
    return s;
}

static enum status load_gguf_templates(struct chat *c, const struct gguf *g, const char *label,
                                       struct error *err)
{
    size_t found = 0;
    enum status s = STATUS_OK;
    for (size_t i = 0; i < gguf_key_count(g) && !s; i++) {
        struct gguf_value v;
        struct span key = gguf_key(g, i, &v), text, name = span_of("default");
        if (key.len < sizeof TEMPLATE_KEY - 1 ||
            memcmp(key.data, TEMPLATE_KEY, sizeof TEMPLATE_KEY - 1) != 0)
            continue;
        if (key.len > sizeof TEMPLATE_KEY && key.data[sizeof TEMPLATE_KEY - 1] == '.')
            name = (struct span){ key.data + sizeof TEMPLATE_KEY, key.len - sizeof TEMPLATE_KEY };
        else if (key.len != sizeof TEMPLATE_KEY - 1) continue; /* chat_templates: their names */
        if (++found > CHAT_TEMPLATES_MAX)
            return error_set(err, STATUS_LIMIT, "%s: more than %d chat templates", label,
                             CHAT_TEMPLATES_MAX);
        if (!gguf_string(&v, &text))
            return error_set(err, STATUS_BAD_INPUT, "%s: the key %.*s is not a text", label,
                             (int)(key.len < 80 ? key.len : 80), key.data);
        s = chat_add_template(c, label, name, text, err);
    }
    return s;
}

enum status chat_find_encoder(const struct source *source, const struct encoder **ret,
                              struct error *err)
{
    struct config c;
    enum status s = config_init(&c, source, err);
    *ret = NULL;
    if (s == STATUS_NO_MEMORY) return s;
    if (s) return STATUS_OK; /* no configuration: no family */
    if (c.model_type) *ret = encoder_of_model(c.model_type);
    config_release(&c);
    return STATUS_OK;
}

/* ---- special tokens ---- */

static const struct {
    const char *name, *gguf;
} TOKENS[] = {
    { "bos_token", "tokenizer.ggml.bos_token_id" },
    { "eos_token", "tokenizer.ggml.eos_token_id" },
    { "unk_token", "tokenizer.ggml.unknown_token_id" },
    { "sep_token", "tokenizer.ggml.seperator_token_id" }, /* spelled so in the files */
    { "pad_token", "tokenizer.ggml.padding_token_id" },
    { "cls_token", "tokenizer.ggml.cls_token_id" },
    { "mask_token", "tokenizer.ggml.mask_token_id" },
};

static struct span token_text(const struct json *v)
{
    struct span text = json_string(v);
    return text.data ? text : json_string(json_get(v, "content"));
}

/* The piece that a GGUF key or the tokenizer itself names. */
static struct span token_of_model(const struct chat *c, const struct gguf *g, size_t i)
{
    struct span none = { NULL, 0 };
    struct gguf_value v;
    int64_t id = -1;
    if (!c->tokenizer) return none;
    if (g) {
        if (!gguf_find(g, TOKENS[i].gguf, &v) || !gguf_int(&v, &id)) id = -1;
    } else if (strcmp(TOKENS[i].name, "bos_token") == 0) {
        id = tokenizer_bos(c->tokenizer);
    } else if (strcmp(TOKENS[i].name, "eos_token") == 0) {
        id = tokenizer_eos(c->tokenizer);
    }
    if (id < 0 || id >= tokenizer_vocab_size(c->tokenizer)) return none;
    return tokenizer_piece(c->tokenizer, (int32_t)id);
}

static bool is_token_name(struct span key)
{
    return key.len > 6 && memcmp(key.data + key.len - 6, "_token", 6) == 0 &&
           !memchr(key.data, 0, key.len);
}

static bool is_listed(struct span key)
{
    for (size_t i = 0; i < sizeof TOKENS / sizeof *TOKENS; i++)
        if (span_equals(key, TOKENS[i].name)) return true;
    return false;
}

/* Further names that the model's own templates use ("image_token"), among the members of `from`
 * that `besides` lacks. */
static void put_more(struct json_writer *w, const struct json *from, const struct json *besides,
                     size_t *count)
{
    for (struct json_member m = json_first(from); m.value; m = json_next(from, m)) {
        struct span text = token_text(m.value);
        if (!text.data || !is_token_name(m.key) || is_listed(m.key)) continue;
        if (json_get(besides, m.key.data) || *count == CHAT_TOKENS_MAX) continue;
        json_key_span(w, m.key);
        json_put_span(w, text);
        ++*count;
    }
}

/* "tokenizer.ggml.eot_token_id" gives eot_token. */
static void put_gguf(struct json_writer *w, const struct chat *c, const struct gguf *g,
                     size_t *count)
{
    static const char head[] = "tokenizer.ggml.", tail[] = "_token_id";
    size_t before = sizeof head - 1, behind = sizeof tail - 1;
    for (size_t i = 0; c->tokenizer && i < gguf_key_count(g) && *count < CHAT_TOKENS_MAX; i++) {
        struct gguf_value v;
        struct span key = gguf_key(g, i, &v);
        int64_t id = -1;
        bool listed = false;
        if (key.len <= before + behind || memcmp(key.data, head, before) != 0 ||
            memcmp(key.data + key.len - behind, tail, behind) != 0 || !gguf_int(&v, &id))
            continue;
        for (size_t k = 0; k < sizeof TOKENS / sizeof *TOKENS; k++)
            listed |= span_equals(key, TOKENS[k].gguf);
        struct span piece = id >= 0 && id < tokenizer_vocab_size(c->tokenizer)
                                ? tokenizer_piece(c->tokenizer, (int32_t)id)
                                : (struct span){ NULL, 0 };
        if (listed || !piece.data) continue;
        json_key_span(w, (struct span){ key.data + before, key.len - before - 3 });
        json_put_span(w, piece);
        ++*count;
    }
}

static enum status name_tokens(struct chat *c, const struct gguf *g, const struct json *config,
                               const struct json *map, struct error *err)
{
    struct buf text = BUF_INIT(CHAT_FILE_BYTES_MAX);
    struct json_writer w;
    size_t count = sizeof TOKENS / sizeof *TOKENS;
    json_writer_init(&w, &text, 0);
    json_open_object(&w);
    for (size_t i = 0; i < sizeof TOKENS / sizeof *TOKENS; i++) {
        struct span s = token_text(json_get(config, TOKENS[i].name));
        if (!s.data) s = token_text(json_get(map, TOKENS[i].name));
        /* A null in the file means that there is none. */
        if (!s.data && !json_get(config, TOKENS[i].name)) s = token_of_model(c, g, i);
        if (!s.data) continue;
        json_key(&w, TOKENS[i].name);
        json_put_span(&w, s);
    }
    put_more(&w, config, NULL, &count);
    put_more(&w, json_get(config, "extra_special_tokens"), config, &count);
    if (g) put_gguf(&w, c, g, &count);
    json_close_object(&w);
    enum status s = buf_check(&text, "the special tokens", err);
    if (!s)
        s = json_parse(&c->tokens, text.data, text.len, CHAT_FILE_BYTES_MAX, "the special tokens",
                       err);
    buf_release(&text);
    const struct json *root = s ? NULL : json_root(c->tokens);
    for (struct json_member m = json_first(root); m.value; m = json_next(root, m))
        c->variables[c->variable_count++] =
            (struct template_variable){ .name = m.key.data, .value = m.value, .trusted = true };
    return s;
}

/* ---- both ---- */

static enum status load_folder(struct chat *c, struct source *source, struct error *err)
{
    struct json_doc *config = NULL, *map = NULL;
    enum status s = tokenizer_read_json(source, "tokenizer_config.json", &config, err);
    if (!s) s = tokenizer_read_json(source, "special_tokens_map.json", &map, err);
    const struct json *root = config ? json_root(config) : NULL;
    if (!s) s = load_folder_templates(c, source, root, err);
    if (!s) s = add_files(c, source, err);
    if (!s) s = name_tokens(c, NULL, root, map ? json_root(map) : NULL, err);
    json_doc_free(config);
    json_doc_free(map);
    return s;
}

enum status chat_load(struct chat *c, struct source *source, struct error *err)
{
    const struct gguf *g = source_gguf(source);
    if (!g) return load_folder(c, source, err);
    enum status s = load_gguf_templates(c, g, source_path(source), err);
    return s ? s : name_tokens(c, g, NULL, NULL, err);
}
