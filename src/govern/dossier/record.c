/* Reading a stored model's papers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/dossier/record.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/core/file.h"
#include "govern/licence/licence_gguf.h"
#include "govern/registry/lock_file.h"
#include "govern/registry/manifest.h"
#include "lm/format/file_set.h"

#define ARENA_BYTES_MAX ((size_t)4 << 20)
#define TEXT_DEPTH_MAX  1 /* folders above a text about licences */
#define GGUF_CARD_NAME  "keys of the GGUF file"

/* ---- names ---- */

static const char *base_name(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

static int depth_of(const char *name)
{
    int depth = 0;
    for (; *name; name++)
        depth += *name == '/';
    return depth;
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), e = strlen(end);
    return n >= e && strcasecmp(name + n - e, end) == 0;
}

static bool is_signature(const char *name)
{
    return ends_with(name, ".sig") || ends_with(name, ".sigstore") ||
           ends_with(name, ".sigstore.json") || ends_with(name, ".bundle.json");
}

const char *record_role(const char *file_name)
{
    static const struct {
        const char *end, *role;
    } ends[] = {
        { ".safetensors", "weights" },
        { ".gguf", "weights" },
        { ".bin", "weights" },
        { ".pt", "weights" },
        { ".pth", "weights" },
        { ".safetensors.index.json", "weights" },
        { "chat_template.jinja", "template" },
        { ".jinja", "template" },
        { "tokenizer.json", "tokenizer" },
        { "tokenizer_config.json", "tokenizer" },
        { "tokenizer.model", "tokenizer" },
        { "vocab.json", "tokenizer" },
        { "merges.txt", "tokenizer" },
        { "special_tokens_map.json", "tokenizer" },
        { "tekken.json", "tokenizer" },
        { ".tiktoken", "tokenizer" },
        { "config.json", "config" },
        { ".py", "code" },
    };
    const char *name = base_name(file_name);
    if (is_signature(name)) return "signature";
    if (strcasecmp(name, "README.md") == 0) return "model card";
    if (licence_file_name(name)) return "licence";
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(name, ends[i].end)) return ends[i].role;
    return NULL;
}

bool record_hub_name(const char *source, struct span *ret_owner, struct span *ret_name)
{
    if (strncmp(source, "hf:", 3) != 0) return false;
    const char *owner = source + 3, *slash = strchr(owner, '/');
    if (!slash || slash == owner) return false;
    size_t len = strcspn(slash + 1, "@/?#");
    if (len == 0) return false;
    *ret_owner = (struct span){ owner, (size_t)(slash - owner) };
    *ret_name = (struct span){ slash + 1, len };
    return true;
}

void record_time(char out[RECORD_TIME_BYTES], int64_t unix_ms)
{
    struct tm tm;
    time_t seconds = (time_t)(unix_ms / 1000);
    out[0] = 0;
    if (gmtime_r(&seconds, &tm))
        out[strftime(out, RECORD_TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm)] = 0;
}

const char *record_fact(const struct record *r, const char *path)
{
    return json_text(json_path(r->facts, path));
}

uint64_t record_bytes(const struct record *r)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < r->model.file_count; i++)
        sum += r->model.files[i].bytes;
    return sum;
}

/* ---- texts ---- */

static enum status keep_text(struct record *r, const struct record_setup *setup, const char *name,
                             const struct registry_file *file, struct error *err)
{
    int at = r->text_count;
    struct span text = { r->texts[at].data ? r->texts[at].data : "", r->texts[at].len };
    enum status st = licence_read(&r->readings[at], setup->prints, text, err);
    if (st) return st;
    r->text_names[at] = name;
    r->text_files[at] = file;
    r->text_count++;
    return STATUS_OK;
}

static enum status read_text(struct record *r, const struct record_setup *setup,
                             const struct registry_file *file, struct error *err)
{
    int fd;
    if (r->text_count == RECORD_TEXTS_MAX || file->bytes > LICENCE_TEXT_BYTES_MAX) {
        r->texts_left_out++;
        return STATUS_OK;
    }
    enum status st = registry_open_file(setup->registry, file, &fd, NULL, err);
    if (st) return st;
    r->texts[r->text_count] = BUF_INIT(LICENCE_TEXT_BYTES_MAX);
    st = file_read_fd(&r->texts[r->text_count], fd, file->name, err);
    file_close(fd);
    return st ? st : keep_text(r, setup, file->name, file, err);
}

static enum status read_texts(struct record *r, const struct record_setup *setup, struct error *err)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; i < r->model.file_count && !st; i++) {
        const struct registry_file *f = &r->model.files[i];
        if (is_signature(f->name)) {
            if (r->signature_count < RECORD_TEXTS_MAX) r->signatures[r->signature_count++] = f;
        } else if (depth_of(f->name) <= TEXT_DEPTH_MAX && licence_file_name(base_name(f->name))) {
            st = read_text(r, setup, f, err);
        }
    }
    return st;
}

/* One that cannot be read claims nothing. */
static enum status card_of_set(struct record *r, const struct record_setup *setup,
                               struct file_set *set, struct error *err)
{
    struct gguf *g;
    if (gguf_open_in(&g, set, r->model.main_file, NULL)) return STATUS_OK;
    r->texts[r->text_count] = BUF_INIT(GGUF_CARD_BYTES_MAX);
    enum status st = licence_card_of_gguf(&r->texts[r->text_count], g, err);
    gguf_close(g);
    return st ? st : keep_text(r, setup, GGUF_CARD_NAME, NULL, err);
}

static enum status read_gguf_card(struct record *r, const struct record_setup *setup,
                                  struct error *err)
{
    const struct registry_file *main = NULL;
    struct file_set *set;
    int fd;
    for (size_t i = 0; r->model.main_file && i < r->model.file_count; i++)
        if (strcmp(r->model.files[i].name, r->model.main_file) == 0) main = &r->model.files[i];
    if (!main || r->text_count == RECORD_TEXTS_MAX) return STATUS_OK;
    enum status st = registry_open_file(setup->registry, main, &fd, NULL, err);
    if (st) return st;
    const struct file_set_entry entry = { main->name, main->bytes, fd };
    st = file_set_of_descriptors(&set, r->model.alias, main->name, &entry, 1, err);
    if (!st) {
        st = card_of_set(r, setup, set, err);
        file_set_free(set);
    }
    file_close(fd);
    return st;
}

/* ---- the card ---- */

static void copy_word(char out[RECORD_WORD_BYTES], struct span word)
{
    size_t n = word.len < RECORD_WORD_BYTES ? word.len : 0;
    if (n) memcpy(out, word.data, n);
    out[n] = 0;
}

/* The value of a key on a line of its own of the front matter. */
static struct span front_value(struct span front, const char *key)
{
    size_t len = strlen(key);
    const char *at = front.data, *end = front.data + front.len;
    while (at && at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = stop ? stop : end;
        if ((size_t)(line_end - at) > len && memcmp(at, key, len) == 0 && at[len] == ':') {
            at += len + 1;
            while (at < line_end && (*at == ' ' || *at == '"' || *at == '\''))
                at++;
            while (line_end > at && strchr(" \r\"'", line_end[-1]))
                line_end--;
            return (struct span){ at, (size_t)(line_end - at) };
        }
        at = stop ? stop + 1 : end;
    }
    return (struct span){ 0 };
}

/* Of README.md; of the GGUF's keys, which are read last, where there is none. */
static void read_card(struct record *r)
{
    for (int i = 0; i < r->text_count; i++) {
        bool keys = !r->text_files[i];
        if (keys ? !r->card : strcasecmp(r->text_names[i], "README.md") == 0)
            r->card = r->readings[i];
    }
    if (r->card) copy_word(r->task, front_value(r->card->card.front, "pipeline_tag"));
}

/* ---- judgements ---- */

static bool agrees(const struct record *r)
{
    const char *id = r->weights ? licence_reading_id(r->weights) : NULL;
    const char *claimed = r->card ? r->card->claimed : NULL;
    return !claimed || (id && strcmp(id, claimed) == 0);
}

static enum status judge_openness(struct record *r, struct error *err)
{
    const char **names = mem_array(r->model.file_count + 1, sizeof *names);
    if (!names) return error_set(err, STATUS_NO_MEMORY, "no memory for names of files");
    for (size_t i = 0; i < r->model.file_count; i++)
        names[i] = r->model.files[i].name;
    struct openness_input in = {
        .files = names,
        .file_count = r->model.file_count,
        .card = r->card ? r->card->text : (struct span){ 0 },
        .weights = r->weights ? r->weights->facts : NULL,
        .code = r->code ? r->code->facts : NULL,
        .documents = r->weights ? r->weights->facts : NULL,
        .certain = r->weights && r->weights->match.kind >= MATCH_NORMALISED && agrees(r),
    };
    enum status st = openness_judge(&r->openness, &in, err);
    mem_free(names);
    return st;
}

static enum status judge(struct record *r, const struct record_setup *setup, struct error *err)
{
    r->weights = licence_pick(r->readings, r->text_names, r->text_count, "model", "code");
    r->code = licence_pick(r->readings, r->text_names, r->text_count, "code", "model");
    licence_judge_all(&r->licence, r->readings, r->text_names, r->text_count, setup->use);
    return judge_openness(r, err);
}

static enum status add_up_root(struct record *r, struct error *err)
{
    struct manifest *m;
    enum status st = manifest_new(&m, r->model.alias, err);
    if (st) return st;
    for (size_t i = 0; i < r->model.file_count && !st; i++)
        if (!is_signature(r->model.files[i].name) && !manifest_ignores(m, r->model.files[i].name))
            st = manifest_add(m, r->model.files[i].name, r->model.files[i].sha256, err);
    if (!st) st = manifest_seal(m, err);
    if (!st) st = manifest_root(m, r->root_sha256, err);
    manifest_free(m);
    return st;
}

/* ---- the whole ---- */

static enum status read_pin(struct record *r, const struct record_setup *setup, struct error *err)
{
    struct error why;
    const char *path = registry_lock_path(setup->registry);
    r->lock_path = arena_copy_text(&r->arena, path, strlen(path));
    if (!r->lock_path) return error_set(err, STATUS_NO_MEMORY, "no memory for a path");
    enum status st = lock_file_read(&r->lock_doc, path, err);
    if (st) return st;
    r->pin = lock_file_model(r->lock_doc, r->model.alias);
    snprintf(r->pin_words, sizeof r->pin_words, "%s", "it is not pinned");
    if (!r->pin) return STATUS_OK;
    r->pinned = !lock_file_compare(r->pin, &r->model, &why);
    snprintf(r->pin_words, sizeof r->pin_words, "%s", r->pinned ? "" : why.text);
    return STATUS_OK;
}

static enum status fill(struct record *r, const struct record_setup *setup, struct error *err)
{
    enum status st = json_parse(&r->facts_doc, r->model.facts.data, r->model.facts.len,
                                REGISTRY_FACTS_MAX, "the facts", err);
    if (st) return st;
    r->facts = json_root(r->facts_doc);
    st = read_pin(r, setup, err);
    if (!st) st = read_texts(r, setup, err);
    if (!st) st = read_gguf_card(r, setup, err);
    if (!st) read_card(r);
    if (!st) st = record_read_claims(r, setup->registry, err);
    if (!st) st = judge(r, setup, err);
    return st ? st : add_up_root(r, err);
}

enum status record_open(struct record **ret, const char *alias, const struct record_setup *setup,
                        struct error *err)
{
    struct record *r = mem_zero(sizeof *r);
    if (!r) return error_set(err, STATUS_NO_MEMORY, "no memory for the record of a model");
    arena_init(&r->arena, ARENA_BYTES_MAX);
    enum status st = registry_find(setup->registry, alias, &r->model, err);
    if (st) {
        mem_free(r);
        return st;
    }
    st = fill(r, setup, err);
    if (st) record_free(r);
    else *ret = r;
    return st;
}

void record_free(struct record *r)
{
    if (!r) return;
    for (int i = 0; i < r->text_count; i++)
        licence_reading_free(r->readings[i]);
    for (int i = 0; i < RECORD_TEXTS_MAX; i++)
        buf_release(&r->texts[i]);
    record_free_claims(r);
    json_doc_free(r->facts_doc);
    json_doc_free(r->lock_doc);
    registry_model_release(&r->model);
    arena_release(&r->arena);
    mem_free(r);
}
