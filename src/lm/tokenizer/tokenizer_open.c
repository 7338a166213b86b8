/* Which files a model's tokenizer is in, and what follows from their names and classes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * In a folder the first of these wins: tokenizer.json, tekken.json, tokenizer.model, a rank file
 * (*.tiktoken, tiktoken.model), vocab.json with merges.txt. tokenizer.model is SentencePiece or
 * tiktoken text: its bytes tell. The pattern of rank files and of vocab.json is in no file; it
 * follows from the table below, and what is not there is refused. */
#include <string.h>

#include "lm/tokenizer/tokenizer_load.h"

#define CONFIG_BYTES_MAX ((size_t)64 << 20)

struct added {
    int32_t id;
    const char *text;
};

/* A known tokenizer whose files do not state its pattern. Found by file name, by class, or by a
 * token that only it has. */
struct family {
    const char *file, *class_name, *token; /* any of them may be NULL */
    const char *pre;                       /* name of the splitter */
    bool nfc, adds_bos;
    struct added added[6]; /* where no tokenizer_config.json lists them; ends with a NULL text */
};

static const struct family families[] = {
    { "cl100k_base.tiktoken",
      NULL,
      NULL,
      "cl100k",
      false,
      false,
      { { 100257, "<|endoftext|>" },
        { 100258, "<|fim_prefix|>" },
        { 100259, "<|fim_middle|>" },
        { 100260, "<|fim_suffix|>" },
        { 100276, "<|endofprompt|>" } } },
    { "o200k_base.tiktoken",
      NULL,
      NULL,
      "gpt-4o",
      false,
      false,
      { { 199999, "<|endoftext|>" }, { 200018, "<|endofprompt|>" } } },
    { "qwen.tiktoken",
      "QWenTokenizer",
      NULL,
      "qwen2",
      true,
      false,
      { { 151643, "<|endoftext|>" }, { 151644, "<|im_start|>" }, { 151645, "<|im_end|>" } } },
    { NULL, "ChatGLM4Tokenizer", NULL, "glm4", false, false, { { 0, NULL } } },
    { NULL, "TikTokenTokenizer", NULL, "kimi-k2", false, false, { { 0, NULL } } },
    { NULL, NULL, "<|begin_of_text|>", "llama-bpe", false, true, { { 0, NULL } } },
    { NULL, "Qwen2Tokenizer", NULL, "qwen2", true, false, { { 0, NULL } } },
    { NULL, "Qwen2TokenizerFast", NULL, "qwen2", true, false, { { 0, NULL } } },
    { NULL, "GPT2Tokenizer", NULL, "gpt-2", false, false, { { 0, NULL } } },
    { NULL, "GPT2TokenizerFast", NULL, "gpt-2", false, false, { { 0, NULL } } },
};
#define FAMILY_COUNT (sizeof(families) / sizeof(*families))

struct files {
    struct source *source;
    struct json_doc *config; /* tokenizer_config.json; NULL */
    const char *class_name;  /* of it, or of config.json; NULL */
};

static bool has_token(const struct json *config, const char *text)
{
    const struct json *added = json_get(config, "added_tokens_decoder");
    for (struct json_member m = json_first(added); m.value; m = json_next(added, m)) {
        struct span s = json_string(json_get(m.value, "content"));
        if (s.data && span_equals(s, text)) return true;
    }
    return false;
}

static const struct family *find_family(const struct files *f, const char *file)
{
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        const struct family *k = &families[i];
        if (k->file && !strcmp(k->file, file)) return k;
        if (k->class_name && f->class_name && !strcmp(k->class_name, f->class_name)) return k;
        if (k->token && f->config && has_token(json_root(f->config), k->token)) return k;
    }
    return NULL;
}

static enum status apply_family(struct tokenizer *t, const struct files *f, const char *file,
                                struct error *err)
{
    const struct span none = { NULL, 0 };
    const struct family *k = find_family(f, file);
    if (!k)
        return error_set(
            err, STATUS_UNSUPPORTED,
            "how %s splits text is not in the file, and its tokenizer class (%.60s) "
            "is not known; known are Qwen2Tokenizer, GPT2Tokenizer, QWenTokenizer, "
            "ChatGLM4Tokenizer, "
            "TikTokenTokenizer, Llama 3's tokens, cl100k_base.tiktoken, o200k_base.tiktoken",
            file, f->class_name ? f->class_name : "none given");
    enum status status = splitter_add_named(&t->splitter, k->pre, err);
    tokenizer_set_pre(t, k->pre);
    if (!status && k->nfc)
        status = normalizer_add(&t->normalizer, NORM_NFC, none, none, false, false, err);
    t->adds_bos = k->adds_bos;
    bool listed = f->config && json_length(json_get(json_root(f->config), "added_tokens_decoder"));
    for (int i = 0; i < 6 && k->added[i].text && !listed && !status; i++) {
        status = load_added(t, k->added[i].id, span_of(k->added[i].text), true, 0, err);
        if (!status && !strcmp(k->added[i].text, "<|endoftext|>")) t->eos = k->added[i].id;
    }
    return status;
}

/* Files say "no limit" as 1e30 written out, which no integer holds: such numbers become reals. */
static bool widen_numbers(struct buf *out, struct span text)
{
    size_t digits = 0;
    bool quoted = false, real = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool digit = !quoted && c >= '0' && c <= '9';
        if (digits > 18 && !digit && !real && c != '.' && c != 'e' && c != 'E') buf_text(out, "e0");
        if (!digit)
            real =
                !quoted && (c == '.' || c == 'e' || c == 'E' || (real && (c == '+' || c == '-')));
        digits = digit ? digits + 1 : 0;
        buf_byte(out, c);
        if (quoted && c == '\\' && i + 1 < text.len) buf_byte(out, text.data[++i]);
        else if (c == '"') quoted = !quoted;
    }
    return !out->failed;
}

enum status tokenizer_read_json(struct source *s, const char *name, struct json_doc **ret,
                                struct error *err)
{
    struct span text;
    enum status status = source_read(s, name, &text, err);
    *ret = NULL;
    if (status == STATUS_NOT_FOUND) return STATUS_OK;
    if (status) return status;
    struct buf wide = BUF_INIT(CONFIG_BYTES_MAX);
    if (!widen_numbers(&wide, text)) status = buf_check(&wide, name, err);
    if (!status)
        status = json_parse(ret, wide.data ? wide.data : "", wide.len, CONFIG_BYTES_MAX, name, err);
    buf_release(&wide);
    return status;
}

static const char *rank_file(const struct source *s)
{
    for (size_t i = 0; i < source_file_count(s); i++) {
        const char *name = source_file(s, i)->name;
        size_t len = strlen(name);
        if (!strcmp(name, "tiktoken.model")) return name;
        if (len > 9 && !strcmp(name + len - 9, ".tiktoken")) return name;
    }
    return NULL;
}

static bool has_file(const struct source *s, const char *name)
{
    for (size_t i = 0; i < source_file_count(s); i++)
        if (!strcmp(source_file(s, i)->name, name)) return true;
    return false;
}

static enum status open_ranks(struct tokenizer *t, const struct files *f, const char *name,
                              struct span text, struct error *err)
{
    enum status status = load_tiktoken(t, text, err);
    if (status) return error_wrap(err, status, "%s", name);
    return apply_family(t, f, name, err);
}

static enum status open_model_file(struct tokenizer *t, const struct files *f, struct span bytes,
                                   struct error *err)
{
    if (!sentencepiece_looks_like(bytes)) return open_ranks(t, f, "tokenizer.model", bytes, err);
    enum status status = load_sentencepiece(t, bytes, err);
    bool baichuan = f->class_name && !strcmp(f->class_name, "BaichuanTokenizer");
    t->adds_bos = t->model == MODEL_SP_BPE && t->bos >= 0 && !baichuan;
    t->adds_eos = f->class_name && !strncmp(f->class_name, "T5Tokenizer", 11);
    return status;
}

static enum status open_vocab_merges(struct tokenizer *t, const struct files *f, struct error *err)
{
    struct span vocab, merges;
    enum status status = source_read(f->source, "vocab.json", &vocab, err);
    if (!status) status = source_read(f->source, "merges.txt", &merges, err);
    if (!status) status = load_vocab_merges(t, vocab, merges, err);
    return status ? status : apply_family(t, f, "vocab.json", err);
}

static enum status open_vocabulary(struct tokenizer *t, const struct files *f, struct error *err)
{
    struct source *s = f->source;
    struct span bytes;
    const char *ranks = rank_file(s);
    if (has_file(s, "tokenizer.json")) {
        enum status status = source_read(s, "tokenizer.json", &bytes, err);
        return status ? status : load_tokenizer_json(t, bytes, err);
    }
    if (has_file(s, "tekken.json")) {
        enum status status = source_read(s, "tekken.json", &bytes, err);
        return status ? status : load_tekken(t, bytes, err);
    }
    if (has_file(s, "tokenizer.model")) {
        enum status status = source_read(s, "tokenizer.model", &bytes, err);
        return status ? status : open_model_file(t, f, bytes, err);
    }
    if (ranks) {
        enum status status = source_read(s, ranks, &bytes, err);
        return status ? status : open_ranks(t, f, ranks, bytes, err);
    }
    if (has_file(s, "vocab.json") && has_file(s, "merges.txt")) return open_vocab_merges(t, f, err);
    return error_set(err, STATUS_NOT_FOUND,
                     "%s has no tokenizer: none of tokenizer.json, tekken.json, tokenizer.model, "
                     "*.tiktoken, vocab.json with merges.txt",
                     source_path(s));
}

static enum status open_template(struct tokenizer *t, const struct files *f, struct error *err)
{
    struct span text;
    if (!has_file(f->source, "chat_template.jinja"))
        return f->config ? load_config_template(t, json_root(f->config), err) : STATUS_OK;
    enum status status = source_read(f->source, "chat_template.jinja", &text, err);
    if (status) return status;
    buf_append(&t->chat_template, text.data, text.len);
    t->has_chat_template = true;
    return buf_check(&t->chat_template, "chat_template.jinja", err);
}

static enum status open_folder(struct tokenizer *t, struct source *source, struct error *err)
{
    struct files f = { .source = source };
    enum status status = tokenizer_read_json(source, "tokenizer_config.json", &f.config, err);
    if (status) return status;
    const struct json *config = f.config ? json_root(f.config) : NULL;
    f.class_name = config ? config_tokenizer_class(config) : NULL;
    if (!f.class_name && source_config_json(source))
        f.class_name = config_tokenizer_class(source_config_json(source));
    status = open_vocabulary(t, &f, err);
    if (!status && config)
        status = load_config_tokens(t, config, has_file(source, "tokenizer.json"), err);
    if (!status && config && !t->vocab.slots) status = vocab_index(&t->vocab, err);
    if (!status && config) status = load_config_ends(t, config, err);
    if (!status) status = open_template(t, &f, err);
    json_doc_free(f.config);
    return status;
}

static enum status build(struct tokenizer **ret, struct source *source, struct error *err)
{
    struct tokenizer *t = tokenizer_new(err);
    if (!t) return STATUS_NO_MEMORY;
    const struct gguf *gguf = source_gguf(source);
    enum status status = gguf ? load_gguf_vocab(t, gguf, err) : open_folder(t, source, err);
    if (!status) status = tokenizer_finish(t, err);
    if (!status) status = tokenizer_mark_whole(t, err);
    if (status) {
        tokenizer_free(t);
        return status;
    }
    *ret = t;
    return STATUS_OK;
}

enum status tokenizer_open(struct tokenizer **ret, struct source *source,
                           const struct tokenizer_options *options, struct error *err)
{
    const char *folder = options ? options->cache_folder : NULL;
    struct tokenizer *t = NULL;
    char name[96];
    enum status status = folder ? tokenizer_cache_key(source, name, err) : STATUS_OK;
    if (status) return status;
    if (folder && tokenizer_cache_read(folder, name, ret)) return STATUS_OK;
    if (options && options->form.len && tokenizer_form_read(options->form, ret)) return STATUS_OK;
    status = build(&t, source, err);
    if (status) return status;
    if (folder) tokenizer_cache_write(folder, name, t);
    if (options && options->keep) tokenizer_form_keep(options, t);
    bpe_merges_release(&t->merges);
    *ret = t;
    return STATUS_OK;
}
