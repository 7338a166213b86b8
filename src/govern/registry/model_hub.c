/* Models from a hub: what there is.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/registry/model_hub.h"

#include <stdio.h>
#include <string.h>

#include "base/core/json.h"
#include "govern/registry/model_scan.h"
#include "lm/format/gguf.h"
#include "lm/format/source.h"

#define ADDRESS_BYTES_MAX ((size_t)8 << 10)

/* ---- addresses ---- */

static bool is_word(const char *text, size_t len)
{
    if (len == 0 || len >= MODEL_HUB_WORD_BYTES || text[0] == '.' || text[0] == '-') return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    strchr("._-", c);
        if (!c || !good) return false;
    }
    return true;
}

static bool take_word(char ret[MODEL_HUB_WORD_BYTES], const char *text, size_t len)
{
    if (!is_word(text, len)) return false;
    memcpy(ret, text, len);
    ret[len] = 0;
    return true;
}

enum status model_hub_address_parse(struct model_hub_address *ret, const char *text,
                                    struct error *err)
{
    struct model_hub_address a = { .revision = "main" };
    const char *at = strncmp(text, "hf:", 3) == 0 ? text + 3 : text;
    size_t len = strcspn(at, "@");
    const char *end = at + len, *slash = memchr(at, '/', len);
    const char *second = slash ? memchr(slash + 1, '/', (size_t)(end - slash - 1)) : NULL;
    bool good = slash && take_word(a.owner, at, (size_t)(slash - at)) &&
                take_word(a.name, slash + 1, (size_t)((second ? second : end) - slash - 1)) &&
                (!*end || take_word(a.revision, end + 1, strlen(end + 1)));
    if (good && second) {
        size_t n = (size_t)(end - second - 1);
        good = n > 0 && n < sizeof a.file;
        if (good) memcpy(a.file, second + 1, n);
        good = good && !model_scan_check_name(a.file, NULL);
    }
    if (!good)
        return error_set(
            err, STATUS_USAGE,
            "\"%.200s\" is no model of a hub: hf:owner/name, hf:owner/name@revision or "
            "hf:owner/name/file.gguf",
            text);
    *ret = a;
    return STATUS_OK;
}

/* ---- the listing ---- */

static enum status bad_answer(struct error *err, const char *why)
{
    return error_set(err, STATUS_BAD_INPUT, "the hub's answer makes no sense: %s", why);
}

static enum status read_file(struct remote_listing *l, const struct model_hub_address *a,
                             const struct json *item, struct error *err)
{
    struct remote_file f = { .name = json_text(json_get(item, "rfilename")) };
    struct span digest = json_string(json_path(item, "lfs.sha256"));
    int64_t bytes = json_int(json_get(item, "size"), -1);
    struct buf path = BUF_INIT(ADDRESS_BYTES_MAX);
    if (!f.name) return bad_answer(err, "a file has no name");
    if (bytes < 0) return bad_answer(err, "a file has no size");
    f.bytes = (uint64_t)bytes;
    f.has_sha256 = digest.data != NULL;
    if (f.has_sha256 && !sha256_from_hex(digest.data, digest.len, f.sha256))
        return bad_answer(err, "a digest is malformed");
    buf_format(&path, "/%s/%s/resolve/%s/", a->owner, a->name, l->revision);
    remote_escape(&path, f.name);
    enum status st = buf_check(&path, "an address", err);
    f.path = path.data;
    if (!st) st = remote_listing_add(l, &f, "the hub's answer", err);
    buf_release(&path);
    return st;
}

static enum status read_listing(struct remote_listing *l, const struct model_hub_address *a,
                                const struct json *files, struct error *err)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; i < json_length(files) && !st; i++)
        st = read_file(l, a, json_at(files, i), err);
    return st;
}

enum status model_hub_listing_parse(struct remote_listing *ret, const struct model_hub_address *a,
                                    struct span answer, struct error *err)
{
    struct remote_listing l;
    struct json_doc *doc;
    char commit[MODEL_HUB_WORD_BYTES];
    enum status st = json_parse(&doc, answer.data, answer.len, MODEL_HUB_LISTING_BYTES_MAX,
                                "the hub's answer", err);
    if (st) return st;
    struct span sha = json_string(json_get(json_root(doc), "sha"));
    const struct json *files = json_get(json_root(doc), "siblings");
    size_t count = json_length(files);
    if (!sha.data || !take_word(commit, sha.data, sha.len))
        st = bad_answer(err, "it names no commit");
    else if (json_type(files) != JSON_ARRAY || count == 0)
        st = bad_answer(err, "it lists no files");
    else if (count > REGISTRY_FILES_MAX)
        st = error_set(err, STATUS_LIMIT, "the hub lists %zu files; at most %d make up a model",
                       count, REGISTRY_FILES_MAX);
    if (!st) st = remote_listing_init(&l, count, err);
    if (!st) {
        memcpy(l.revision, commit, sizeof commit);
        st = read_listing(&l, a, files, err);
        if (st) remote_listing_release(&l);
    }
    json_doc_free(doc);
    if (!st) *ret = l;
    return st;
}

static bool ends_with(const char *name, const char *tail)
{
    size_t a = strlen(name), b = strlen(tail);
    return a >= b && strcmp(name + a - b, tail) == 0;
}

/* Whether both are parts of one split model, or one file. */
static bool same_model(const char *a, const char *b)
{
    size_t stem_a, stem_b;
    int64_t part, count;
    if (strcmp(a, b) == 0) return true;
    return gguf_split_name(a, &stem_a, &part, &count) &&
           gguf_split_name(b, &stem_b, &part, &count) && stem_a == stem_b &&
           memcmp(a, b, stem_a) == 0;
}

/* The one model in GGUF that there is; NULL with words where there are several. */
static enum status only_gguf(const struct remote_listing *l, const char **ret, struct error *err)
{
    struct buf names = BUF_INIT(400);
    bool several = false;
    *ret = NULL;
    for (size_t i = 0; i < l->count; i++) {
        if (!ends_with(l->files[i].name, ".gguf")) continue;
        several = several || (*ret && !same_model(*ret, l->files[i].name));
        if (!*ret) *ret = l->files[i].name;
        buf_format(&names, "%s%s", names.len ? ", " : "", l->files[i].name);
    }
    if (several)
        error_set(err, STATUS_USAGE, "the repository holds several models; say which one: %s%s",
                  names.data ? names.data : "", names.failed ? ", ..." : "");
    buf_release(&names);
    return several ? STATUS_USAGE : STATUS_OK;
}

static bool is_chosen(const struct remote_file *f, const char *gguf)
{
    if (ends_with(f->name, ".gguf")) return gguf && same_model(f->name, gguf);
    return !source_is_pickle(f->name);
}

enum status model_hub_listing_choose(struct remote_listing *l, const struct model_hub_address *a,
                                     size_t *ret_left_out, struct error *err)
{
    const char *gguf = a->file[0] ? a->file : NULL;
    bool safetensors = false, found = false;
    size_t kept = 0;
    enum status st = STATUS_OK;
    for (size_t i = 0; i < l->count; i++) {
        safetensors = safetensors || ends_with(l->files[i].name, ".safetensors");
        found = found || (gguf && strcmp(l->files[i].name, gguf) == 0);
    }
    if (gguf && (!found || !ends_with(gguf, ".gguf")))
        return error_set(err, STATUS_NOT_FOUND, "the repository has no GGUF file %.300s", gguf);
    if (!gguf && !safetensors) st = only_gguf(l, &gguf, err);
    if (st) return st;
    l->bytes = 0;
    for (size_t i = 0; i < l->count; i++) {
        if (!is_chosen(&l->files[i], gguf)) continue;
        if (gguf && ends_with(l->files[i].name, ".safetensors")) continue;
        l->bytes += l->files[i].bytes;
        l->files[kept++] = l->files[i];
    }
    *ret_left_out = l->count - kept;
    l->count = kept;
    return STATUS_OK;
}

enum status model_hub_list(const struct http_target *target, const struct model_hub_address *a,
                           const struct progress *progress, struct remote_listing *ret,
                           struct error *err)
{
    char path[4 * MODEL_HUB_WORD_BYTES];
    struct buf answer = BUF_INIT(MODEL_HUB_LISTING_BYTES_MAX);
    snprintf(path, sizeof path, "/api/models/%s/%s/revision/%s?blobs=true", a->owner, a->name,
             a->revision);
    struct http_question question = { .path = path, .progress = progress };
    struct http_answer said;
    enum status st = http_client_ask(target, &question, &said, &answer, err);
    if (!st) st = model_hub_listing_parse(ret, a, (struct span){ answer.data, answer.len }, err);
    buf_release(&answer);
    return st;
}
