/* JSON files of models: remote code that settings name, templates, hidden characters.
 * SPDX-License-Identifier: Apache-2.0
 *
 * auto_map, trust_remote_code and the _implementation keys are transformers', model_index.json and custom_pipelines
 * diffusers', modules.json sentence-transformers', parent_library PEFT's, class_name Keras', _target_ Hydra's, py/...
 * jsonpickle's. */
#include <stdio.h>
#include <string.h>

#include "base/core/json.h"
#include "govern/scan/scan_inner.h"

#define TOKEN_LISTS_MAX 8 /* "added_tokens" in one tokenizer.json */
#define INTEGER_DIGITS  19

struct walk {
    struct scan *s;
    const struct scan_part *part;
    bool is_modules; /* modules.json: each has a type */
    bool is_index;   /* model_index.json: parts are [library, class] */
};

/* Settings that loaders obey. */
static bool is_settings(const char *name)
{
    static const char *const names[] = {
        "config.json",
        "tokenizer_config.json",
        "generation_config.json",
        "chat_template.json",
        "adapter_config.json",
        "special_tokens_map.json",
        "processor_config.json",
        "preprocessor_config.json",
        "model_index.json",
        "modules.json",
        "params.json",
        "quantize_config.json",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

/* Lists of tokens and tensors: they hold all of Unicode, and none of it is read by people. */
static bool is_list(const char *name)
{
    return strcmp(name, "tokenizer.json") == 0 || strcmp(name, "vocab.json") == 0 ||
           strcmp(name, "added_tokens.json") == 0 || scan_name_ends(name, ".index.json");
}

/* ---- places ---- */

/* Where the key stands first in the file. */
static size_t key_place(const struct walk *w, const char *key)
{
    char quoted[80];
    snprintf(quoted, sizeof quoted, "\"%s\"", key);
    const char *text = (const char *)w->part->data;
    const char *hit = w->part->len ? scan_find(text, w->part->len, quoted) : NULL;
    return hit ? (size_t)(hit - text) : 0;
}

static struct scan_part text_part(const struct walk *w, const char *key, const char *name,
                                  struct span text)
{
    const struct scan_part *p = w->part;
    return (struct scan_part){ .file = p->file,
                               .name = name,
                               .data = (const uint8_t *)text.data,
                               .len = text.len,
                               .at = p->elsewhere ? p->at : p->at + key_place(w, key),
                               .elsewhere = true,
                               .depth = p->depth + 1 };
}

/* ---- what keys mean ---- */

static void remote(const struct walk *w, enum scan_answer answer, const char *key,
                   struct span value, const char *words)
{
    scan_add(w->s, w->part, SCAN_RULE_REMOTE_CODE, answer, key_place(w, key), value, "\"%s\": %s",
             key, words);
}

/* Code of the model's own is a file beside, which is asked about itself; where it is not there, nothing runs. */
static void judge_auto_map(const struct walk *w, const struct json *v)
{
    const char *const here = "other tools would run this Python code if it is there; Hearth never";
    if (json_type(v) == JSON_STRING) {
        struct span text = json_string(v);
        bool elsewhere = scan_find(text.data, text.len, "--") != NULL;
        remote(w, elsewhere ? SCAN_ASK : SCAN_NOTE, "auto_map", text,
               elsewhere ? "other tools would fetch Python code from another repository and run it"
                         : here);
    }
    for (size_t i = 0; json_type(v) == JSON_ARRAY && i < json_length(v); i++)
        if (json_type(json_at(v, i)) == JSON_STRING) judge_auto_map(w, json_at(v, i));
    if (json_type(v) != JSON_OBJECT) return;
    for (struct json_member m = json_first(v); m.value; m = json_next(v, m))
        if (json_type(m.value) == JSON_STRING || json_type(m.value) == JSON_ARRAY)
            judge_auto_map(w, m.value);
}

static void judge_template(const struct walk *w, const struct json *v, const char *name)
{
    if (json_type(v) != JSON_STRING) return;
    const struct scan_part part = text_part(w, "chat_template", name, json_string(v));
    scan_template(w->s, &part);
}

/* One text, a list of {"name", "template"}, or an object of texts. */
static void judge_templates(const struct walk *w, const struct json *v)
{
    judge_template(w, v, "chat_template");
    for (size_t i = 0; json_type(v) == JSON_ARRAY && i < json_length(v); i++)
        judge_template(w, json_get(json_at(v, i), "template"), "chat_template");
    if (json_type(v) != JSON_OBJECT) return;
    for (struct json_member m = json_first(v); m.value; m = json_next(v, m))
        judge_template(w, m.value, "chat_template");
}

/* Of model_index.json: a part whose library is none of those below is one of diffusers' own, or a file beside. */
static void judge_component(const struct walk *w, const struct json *v)
{
    static const char *const known[] = { "diffusers", "transformers", "tokenizers" };
    struct span library = json_string(json_at(v, 0));
    if (json_type(v) != JSON_ARRAY || json_length(v) != 2 || !library.len) return;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (span_equals(library, known[i])) return;
    remote(w, SCAN_NOTE, "model_index", library,
           "diffusers would run the Python file of this name if it is there");
}

/* "org/name" in place of the name of a method: fetched from a hub, and run. */
static bool names_repository(struct span key, struct span text)
{
    static const char *const keys[] = { "attn_implementation",           "_attn_implementation",
                                        "_attn_implementation_internal", "experts_implementation",
                                        "_experts_implementation",       "custom_generate" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (span_equals(key, keys[i])) return memchr(text.data, '/', text.len) != NULL;
    return false;
}

static void judge_call(const struct walk *w, struct span key, struct span text)
{
    static const char *const keys[] = { "_target_", "py/object", "py/type", "py/function",
                                        "py/reduce" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (span_equals(key, keys[i]))
            scan_call(w->s, w->part, key_place(w, keys[i]), keys[i], text);
}

static void judge_text(const struct walk *w, struct span key, const struct json *v)
{
    struct span text = json_string(v);
    if (!text.data) return;
    if (span_equals(key, "class_name") &&
        (span_equals(text, "Lambda") || span_equals(text, "__lambda__")))
        scan_add(w->s, w->part, SCAN_RULE_KERAS_CODE, SCAN_DENY, key_place(w, "class_name"), text,
                 "a Lambda layer of Keras holds Python code, which loading runs");
    if (span_equals(key, "parent_library") && !scan_begins(text, "transformers.") &&
        !scan_begins(text, "torch."))
        remote(w, SCAN_ASK, "parent_library", text, "PEFT would import this module");
    if (text.len && names_repository(key, text))
        remote(w, SCAN_ASK, "implementation", text,
               "other tools would fetch code from another repository and run it");
    judge_call(w, key, text);
    if (w->is_modules && span_equals(key, "type") && !scan_begins(text, "sentence_transformers."))
        remote(w, SCAN_ASK, "type", text, "sentence-transformers would import this module");
}

static void judge_member(const struct walk *w, struct span key, const struct json *v)
{
    if (span_equals(key, "auto_map")) judge_auto_map(w, v);
    else if (span_equals(key, "custom_pipelines") && json_type(v) == JSON_OBJECT)
        remote(w, SCAN_ASK, "custom_pipelines", (struct span){ 0 },
               "other tools would run Python code of the model");
    else if (span_equals(key, "trust_remote_code") && json_bool(v, false))
        remote(w, SCAN_ASK, "trust_remote_code", span_of("true"),
               "it asks other tools to run the model's Python code");
    else if (span_equals(key, "chat_template")) judge_templates(w, v);
    else judge_text(w, key, v);
    if (w->is_index) judge_component(w, v);
}

/* As deep as json_parse allows. */
static void walk_value(const struct walk *w, const struct json *v)
{
    for (size_t i = 0; json_type(v) == JSON_ARRAY && i < json_length(v); i++)
        walk_value(w, json_at(v, i));
    if (json_type(v) != JSON_OBJECT) return;
    for (struct json_member m = json_first(v); m.value; m = json_next(v, m)) {
        judge_member(w, m.key, m.value);
        walk_value(w, m.value);
    }
}

/* ---- special tokens ---- */

/* The end of the array that begins at text[0]; 0 where it has none. */
static size_t array_len(const char *text, size_t len)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_string && c == '\\') i++;
        else if (c == '"') in_string = !in_string;
        else if (!in_string && c == '[') depth++;
        else if (!in_string && c == ']' && --depth == 0) return i + 1;
    }
    return 0;
}

static void judge_tokens(struct scan *s, const struct scan_part *p, const struct json *tokens)
{
    for (size_t i = 0; i < json_length(tokens); i++) {
        const struct json *t = json_at(tokens, i);
        struct span text = json_string(json_get(t, "content"));
        if (!json_bool(json_get(t, "special"), false) || !text.len) continue;
        const struct scan_part token = { .file = p->file,
                                         .name = "a special token",
                                         .data = (const uint8_t *)text.data,
                                         .len = text.len,
                                         .at = p->at,
                                         .elsewhere = true,
                                         .depth = p->depth };
        scan_text(s, &token, PLACE_CODE, false);
    }
}

/* Reads only that list of tokenizer.json: the rest is large. */
static void scan_tokens(struct scan *s, const struct scan_part *p)
{
    const char *text = (const char *)p->data, *end = text + p->len, *at = text;
    const char *const key = "\"added_tokens\"";
    for (int lists = 0; lists < TOKEN_LISTS_MAX && at < end; lists++) {
        struct json_doc *doc;
        const char *hit = scan_find(at, (size_t)(end - at), key);
        if (!hit) return;
        at = hit + strlen(key);
        while (at < end && (*at == ':' || *at == ' ' || (*at >= '\t' && *at <= '\r')))
            at++;
        size_t len = at < end && *at == '[' ? array_len(at, (size_t)(end - at)) : 0;
        if (!len || json_parse(&doc, at, len, SCAN_TEXT_BYTES_MAX, "added_tokens", NULL)) continue;
        struct scan_part here = *p;
        if (!p->elsewhere) here.at += (size_t)(at - text);
        judge_tokens(s, &here, json_root(doc));
        json_doc_free(doc);
        at += len;
    }
}

/* ---- files ---- */

static void unreadable(struct scan *s, const struct scan_part *p, bool settings, const char *words)
{
    scan_add(s, p, SCAN_RULE_UNREADABLE, settings ? SCAN_ASK : SCAN_NOTE, 0, (struct span){ 0 },
             "it cannot be read as JSON, though another tool may: %s", words);
}

/* Integers past 63 bits, as in "model_max_length": 1000000000000000019884624838656, are refused by our reader and
 * read by all others: they are made reals, in a copy of the same length. */
static void shorten_integers(char *text, size_t len)
{
    size_t digits = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_string && c == '\\') i++;
        else if (c == '"') in_string = !in_string;
        if (!in_string && c >= '0' && c <= '9') {
            digits++;
            continue;
        }
        if (digits >= INTEGER_DIGITS && c != '.' && c != 'e' && c != 'E')
            memcpy(text + i - 2, "e0", 2);
        digits = 0;
    }
}

static enum status parse(struct json_doc **ret, const struct scan_part *p, const char *name,
                         struct error *err)
{
    const char *text = (const char *)p->data;
    enum status st = json_parse(ret, text, p->len, SCAN_TEXT_BYTES_MAX, name, err);
    if (st != STATUS_BAD_INPUT) return st;
    char *copy = mem_copy_text(text, p->len);
    if (!copy) return error_set(err, STATUS_NO_MEMORY, "no memory to read %s", name);
    shorten_integers(copy, p->len);
    st = json_parse(ret, copy, p->len, SCAN_TEXT_BYTES_MAX, name, err);
    mem_free(copy);
    return st;
}

void scan_json(struct scan *s, const struct scan_part *p)
{
    const char *name = scan_part_name(p);
    struct walk w = { s, p, strcmp(name, "modules.json") == 0,
                      strcmp(name, "model_index.json") == 0 };
    bool settings = is_settings(name);
    struct json_doc *doc;
    struct error why;
    if (strcmp(name, "tokenizer.json") == 0) scan_tokens(s, p);
    if (is_list(name) || p->len == 0) return;
    if (p->len > SCAN_TEXT_BYTES_MAX) {
        scan_add(s, p, SCAN_RULE_LIMIT, settings ? SCAN_ASK : SCAN_NOTE, 0, (struct span){ 0 },
                 "the JSON file has %zu bytes; at most %zu are read", p->len, SCAN_TEXT_BYTES_MAX);
        return;
    }
    scan_text(s, p, settings ? PLACE_CODE : PLACE_PROSE, true);
    enum status st = parse(&doc, p, name, &why);
    if (st == STATUS_NO_MEMORY) s->failed = true;
    else if (st) unreadable(s, p, settings, why.text);
    if (st) return;
    walk_value(&w, json_root(doc));
    json_doc_free(doc);
}
