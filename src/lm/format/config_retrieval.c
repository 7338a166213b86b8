/* Poolings and rerankers, from sentence-transformers' files or GGUF keys.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sources: sentence-transformers (modules.json, Pooling, LogitScore), llama.cpp's pooling types. */
#include "lm/format/config_retrieval.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/core/json.h"

#define FILE_BYTES_MAX ((size_t)4 << 20)
#define MODULES_MAX    16
/* What Qwen3-Reranker is asked; a template that holds it is that model's. */
#define RERANK_QUESTION "Judge whether the Document meets the requirements"

static const struct {
    const char *text, *hf;
} poolings[] = {
#define POOLING(name, text, hf) { text, hf },
#include "lm/format/pooling_list.h"
#undef POOLING
};

const char *pooling_name(enum pooling p)
{
    return poolings[p].text;
}

/* ---- sentence-transformers ---- */

/* NULL in *ret where there is no such file. */
static enum status read_json(struct source *source, const char *name, enum json_type type,
                             struct json_doc **ret, struct error *err)
{
    struct span text;
    struct error missing;
    *ret = NULL;
    enum status st = source_read(source, name, &text, &missing);
    if (st == STATUS_NOT_FOUND) return STATUS_OK;
    if (st) return error_set(err, st, "%s", missing.text);
    st = json_parse(ret, text.data, text.len, FILE_BYTES_MAX, name, err);
    if (st || json_type(json_root(*ret)) == type) return st;
    json_doc_free(*ret);
    *ret = NULL;
    return error_set(err, STATUS_BAD_INPUT, "%s is not %s", name,
                     type == JSON_ARRAY ? "a list" : "an object");
}

/* pooling_mode_mean_tokens, pooling_mode_cls_token, pooling_mode_lasttoken ... */
static bool is_mode_key(const char *key, const char *word)
{
    static const char prefix[] = "pooling_mode_";
    size_t len = strlen(word);
    if (!len || strncmp(key, prefix, sizeof prefix - 1) != 0) return false;
    key += sizeof prefix - 1;
    if (strncmp(key, word, len) != 0) return false;
    return !key[len] || strcmp(key + len, "_token") == 0 || strcmp(key + len, "_tokens") == 0;
}

static enum pooling pooling_of_key(const char *key)
{
    for (int p = 0; p < POOLING_COUNT; p++)
        if (is_mode_key(key, poolings[p].hf)) return (enum pooling)p;
    return POOLING_NONE;
}

static enum status pooling_fault(struct error *err, const char *what)
{
    return error_set(err, STATUS_UNSUPPORTED, FILE_SET_POOLING "/config.json: %s", what);
}

/* Newer files: "pooling_mode": "lasttoken", or several of them, which are strung together. */
static enum status pooling_of_word(const struct json *v, struct retrieval_config *ret,
                                   struct error *err)
{
    const char *word = json_text(v);
    for (int p = 0; word && p < POOLING_COUNT; p++)
        if (*poolings[p].hf && strcmp(word, poolings[p].hf) == 0) {
            ret->pooling = (enum pooling)p;
            return STATUS_OK;
        }
    return pooling_fault(err, word ? "this \"pooling_mode\" is not known"
                                   : "\"pooling_mode\" must be one word");
}

static enum status read_pooling(const struct json *config, struct retrieval_config *ret,
                                struct error *err)
{
    if (json_get(config, "pooling_mode"))
        return pooling_of_word(json_get(config, "pooling_mode"), ret, err);
    for (struct json_member m = json_first(config); m.value; m = json_next(config, m)) {
        char key[64];
        if (m.key.len >= sizeof key || !json_bool(m.value, false)) continue;
        snprintf(key, sizeof key, "%.*s", (int)m.key.len, m.key.data);
        if (strncmp(key, "pooling_mode_", 13) != 0) continue;
        enum pooling p = pooling_of_key(key);
        if (p == POOLING_NONE) return pooling_fault(err, "one of its modes is not known");
        if (ret->pooling != POOLING_NONE)
            return pooling_fault(err, "it strings several poolings together, which is not done");
        ret->pooling = p;
    }
    return ret->pooling == POOLING_NONE ? pooling_fault(err, "it names no pooling") : STATUS_OK;
}

static enum status read_logit_score(const struct json *config, struct retrieval_config *ret,
                                    struct error *err)
{
    ret->true_id = json_int(json_get(config, "true_token_id"), -1);
    ret->false_id = json_int(json_get(config, "false_token_id"), -1);
    if (ret->true_id >= 0 && ret->true_id < CONFIG_VOCAB_MAX && ret->false_id >= 0 &&
        ret->false_id < CONFIG_VOCAB_MAX)
        return STATUS_OK;
    return error_set(err, STATUS_UNSUPPORTED,
                     FILE_SET_LOGIT_SCORE "/config.json: only scores of two tokens, true_token_id "
                                          "and false_token_id, are supported");
}

static const char *last_name(const char *type)
{
    const char *dot = strrchr(type, '.');
    return dot ? dot + 1 : type;
}

static enum status read_module(const struct json *module, size_t i, struct retrieval_config *ret,
                               struct error *err)
{
    const char *type = json_text(json_get(module, "type")),
               *path = json_text(json_get(module, "path"));
    const char *name = type ? last_name(type) : "";
    if (!type || !path)
        return error_set(err, STATUS_BAD_INPUT, "modules.json: module %zu has no type or path", i);
    if (strcmp(name, "Normalize") == 0) ret->normalize = true;
    bool known = (strcmp(name, "Transformer") == 0 && !*path) || strcmp(name, "Normalize") == 0 ||
                 (strcmp(name, "Pooling") == 0 && strcmp(path, FILE_SET_POOLING) == 0) ||
                 (strcmp(name, "LogitScore") == 0 && strcmp(path, FILE_SET_LOGIT_SCORE) == 0);
    if (known) return STATUS_OK;
    return error_set(err, STATUS_UNSUPPORTED,
                     "modules.json: a module %.60s in \"%.60s\" is not supported", name, path);
}

/* Without modules.json, 1_Pooling alone does not normalise, as the vendor's loader has it. */
static enum status read_modules(struct source *source, struct retrieval_config *ret,
                                struct error *err)
{
    struct json_doc *doc;
    enum status st = read_json(source, "modules.json", JSON_ARRAY, &doc, err);
    const struct json *list = doc ? json_root(doc) : NULL;
    if (json_length(list) > MODULES_MAX)
        st = error_set(err, STATUS_LIMIT, "modules.json has %zu modules; at most %d are read",
                       json_length(list), MODULES_MAX);
    for (size_t i = 0; i < json_length(list) && !st; i++)
        st = read_module(json_at(list, i), i, ret, err);
    json_doc_free(doc);
    return st;
}

/* A text that the vendor's loader puts before every input would be missing here. */
static enum status check_prompt(const struct json *config, struct error *err)
{
    const char *name = json_text(json_get(config, "default_prompt_name"));
    struct span prompt =
        name ? json_string(json_get(json_get(config, "prompts"), name)) : (struct span){ 0 };
    if (!name || (prompt.data && !prompt.len)) return STATUS_OK;
    return error_set(err, STATUS_UNSUPPORTED,
                     "config_sentence_transformers.json: the default prompt \"%.60s\" before every "
                     "text is not supported",
                     name);
}

static enum status read_hf(struct source *source, struct retrieval_config *ret, struct error *err)
{
    struct json_doc *doc;
    enum status st = read_modules(source, ret, err);
    if (st) return st;
    st = read_json(source, FILE_SET_POOLING "/config.json", JSON_OBJECT, &doc, err);
    if (!st && doc) st = read_pooling(json_root(doc), ret, err);
    json_doc_free(doc);
    if (st) return st;
    st = read_json(source, "config_sentence_transformers.json", JSON_OBJECT, &doc, err);
    if (!st && doc) st = check_prompt(json_root(doc), err);
    json_doc_free(doc);
    if (st) return st;
    st = read_json(source, FILE_SET_LOGIT_SCORE "/config.json", JSON_OBJECT, &doc, err);
    if (!st && doc) st = read_logit_score(json_root(doc), ret, err);
    json_doc_free(doc);
    return st;
}

/* ---- GGUF ---- */

static enum status read_gguf(const struct config *c, struct retrieval_config *ret,
                             struct error *err)
{
    static const struct config_key key = { NULL, "pooling_type" };
    int64_t type;
    enum status st = config_int_or(c, key, 0, POOLING_RANK, POOLING_NONE, &type, err);
    if (st) return st;
    ret->pooling = (enum pooling)type;
    ret->normalize = true; /* the convention of all programs that read these files */
    ret->rerank_head = ret->pooling == POOLING_RANK && source_has_tensor(c->source, RERANK_HEAD);
    return STATUS_OK;
}

/* ---- rerankers ---- */

static bool holds(struct span text, const char *part)
{
    size_t len = strlen(part);
    for (size_t i = 0; text.data && i + len <= text.len; i++)
        if (memcmp(text.data + i, part, len) == 0) return true;
    return false;
}

static bool asks_the_question(struct source *source)
{
    static const char *const files[] = { "chat_template.jinja", "tokenizer_config.json" };
    static const char *const keys[] = { "tokenizer.chat_template",
                                        "tokenizer.chat_template.rerank" };
    struct span text;
    struct gguf_value value;
    const struct gguf *g = source_gguf(source);
    for (size_t i = 0; g && i < sizeof keys / sizeof *keys; i++)
        if (gguf_find(g, keys[i], &value) && gguf_string(&value, &text) &&
            holds(text, RERANK_QUESTION))
            return true;
    for (size_t i = 0; !g && i < sizeof files / sizeof *files; i++)
        if (!source_read(source, files[i], &text, NULL) && holds(text, RERANK_QUESTION))
            return true;
    return false;
}

static bool has_reranker(struct span name)
{
    static const char word[] = "reranker";
    for (size_t i = 0; i + sizeof word - 1 <= name.len; i++) {
        size_t n = 0;
        while (n < sizeof word - 1 && tolower((unsigned char)name.data[i + n]) == word[n])
            n++;
        if (n == sizeof word - 1) return true;
    }
    return false;
}

/* The last part of the path that is a name. */
static bool named_reranker(const struct source *source)
{
    struct gguf_value value;
    struct span name;
    const char *path = source_path(source);
    size_t end = strlen(path), begin;
    while (end > 0 && path[end - 1] == '/')
        end--;
    for (begin = end; begin > 0 && path[begin - 1] != '/';)
        begin--;
    if (has_reranker((struct span){ path + begin, end - begin })) return true;
    return source_gguf(source) && gguf_find(source_gguf(source), "general.name", &value) &&
           gguf_string(&value, &name) && has_reranker(name);
}

static enum status judge_reranker(const struct config *c, struct source *source,
                                  struct retrieval_config *ret, struct error *err)
{
    bool qwen3 = strcmp(c->arch, "Qwen3ForCausalLM") == 0 || strcmp(c->arch, "qwen3") == 0;
    bool says = ret->pooling == POOLING_RANK || ret->true_id >= 0;
    if (ret->pooling != POOLING_NONE && !says) return STATUS_OK; /* an embedder */
    ret->rerank = qwen3 && (asks_the_question(source) || named_reranker(source));
    if (ret->rerank || !says) return STATUS_OK;
    return error_set(err, STATUS_UNSUPPORTED,
                     "the model is a reranker, but not of the kind Qwen3-Reranker, the one whose "
                     "prompt is known here");
}

enum status config_retrieval(struct source *source, struct retrieval_config *ret, struct error *err)
{
    struct retrieval_config r = { .true_id = -1, .false_id = -1 };
    struct config c;
    enum status st = config_init(&c, source, err);
    if (st) return st;
    if (source_container(source) == CONTAINER_GGUF) st = read_gguf(&c, &r, err);
    else st = read_hf(source, &r, err);
    if (!st) st = judge_reranker(&c, source, &r, err);
    config_release(&c);
    if (!st) *ret = r;
    return st;
}
