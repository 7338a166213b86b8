/* Models from a hub: what there is, and fetching it.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strerrordesc_np */
#include "govern/registry/model_hub.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/durable.h"
#include "base/core/file.h"
#include "base/core/json.h"
#include "govern/registry/model_scan.h"
#include "lm/format/gguf.h"
#include "lm/format/source.h"

#define ARENA_BYTES_MAX ((size_t)64 << 20)
#define FILE_BYTES_MAX  ((int64_t)1 << 44)

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

static enum status read_file(struct model_hub_listing *l, const struct json *item,
                             struct error *err)
{
    const char *name = json_text(json_get(item, "rfilename"));
    const struct json *lfs = json_get(item, "lfs");
    struct span digest = json_string(json_get(lfs, "sha256"));
    int64_t bytes = json_int(json_get(item, "size"), -1);
    struct model_hub_file *f = &l->files[l->count];
    if (!name) return bad_answer(err, "a file has no name");
    enum status st = model_scan_check_name(name, err);
    if (st) return error_wrap(err, st, "the hub's answer");
    if (bytes < 0 || bytes > FILE_BYTES_MAX) return bad_answer(err, "a file has no size");
    f->has_sha256 = digest.data != NULL;
    if (f->has_sha256 && !sha256_from_hex(digest.data, digest.len, f->sha256))
        return bad_answer(err, "a digest is malformed");
    f->name = arena_copy_text(&l->arena, name, strlen(name));
    f->bytes = (uint64_t)bytes;
    if (!f->name) return error_set(err, STATUS_NO_MEMORY, "no memory for the hub's answer");
    l->bytes += f->bytes;
    l->count++;
    return STATUS_OK;
}

static enum status read_listing(struct model_hub_listing *l, const struct json *root,
                                struct error *err)
{
    struct span commit = json_string(json_get(root, "sha"));
    const struct json *files = json_get(root, "siblings");
    size_t count = json_length(files);
    if (!commit.data || !take_word(l->commit, commit.data, commit.len))
        return bad_answer(err, "it names no commit");
    if (json_type(files) != JSON_ARRAY || count == 0) return bad_answer(err, "it lists no files");
    if (count > REGISTRY_FILES_MAX)
        return error_set(err, STATUS_LIMIT, "the hub lists %zu files; at most %d make up a model",
                         count, REGISTRY_FILES_MAX);
    l->files = arena_array(&l->arena, count, sizeof *l->files);
    if (!l->files) return error_set(err, STATUS_NO_MEMORY, "no memory for the hub's answer");
    enum status st = STATUS_OK;
    for (size_t i = 0; i < count && !st; i++)
        st = read_file(l, json_at(files, i), err);
    return st;
}

enum status model_hub_listing_parse(struct model_hub_listing *ret, struct span answer,
                                    struct error *err)
{
    struct model_hub_listing l = { .count = 0 };
    struct json_doc *doc;
    enum status st = json_parse(&doc, answer.data, answer.len, MODEL_HUB_LISTING_BYTES_MAX,
                                "the hub's answer", err);
    if (st) return st;
    arena_init(&l.arena, ARENA_BYTES_MAX);
    st = read_listing(&l, json_root(doc), err);
    json_doc_free(doc);
    if (st) arena_release(&l.arena);
    else *ret = l;
    return st;
}

void model_hub_listing_release(struct model_hub_listing *l)
{
    arena_release(&l->arena);
    l->count = 0;
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
static enum status only_gguf(const struct model_hub_listing *l, const char **ret, struct error *err)
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

static bool is_chosen(const struct model_hub_file *f, const char *gguf)
{
    if (ends_with(f->name, ".gguf")) return gguf && same_model(f->name, gguf);
    return !source_is_pickle(f->name);
}

enum status model_hub_listing_choose(struct model_hub_listing *l, const struct model_hub_address *a,
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
                           struct model_hub_listing *ret, struct error *err)
{
    char path[4 * MODEL_HUB_WORD_BYTES];
    struct buf answer = BUF_INIT(MODEL_HUB_LISTING_BYTES_MAX);
    snprintf(path, sizeof path, "/api/models/%s/%s/revision/%s?blobs=true", a->owner, a->name,
             a->revision);
    enum status st = http_client_get(target, path, &answer, err);
    if (!st) st = model_hub_listing_parse(ret, (struct span){ answer.data, answer.len }, err);
    buf_release(&answer);
    return st;
}

/* ---- fetching ---- */

static enum status fail_errno(struct error *err, const char *verb, const char *name)
{
    return error_set(err, STATUS_IO, "cannot %s %s: %s", verb, name, strerrordesc_np(errno));
}

/* Names may hold what an address may not. */
static enum status file_path(const struct model_hub_address *a, const char *commit,
                             const char *name, struct buf *out, struct error *err)
{
    static const char hex[] = "0123456789ABCDEF";
    buf_format(out, "/%s/%s/resolve/%s/", a->owner, a->name, commit);
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || strchr("._-~/", *c);
        if (plain) buf_byte(out, (char)*c);
        else buf_append(out, (char[]){ '%', hex[*c >> 4], hex[*c & 15] }, 3);
    }
    return buf_check(out, "an address", err);
}

/* A byte for each piece that is there. What a power cut makes of it shows when the file is hashed. */
struct sidecar {
    int fd;
    bool *have;
    size_t pieces;
};

static void note_piece(void *ctx, size_t piece)
{
    struct sidecar *s = ctx;
    ssize_t n = pwrite(s->fd, "x", 1, (off_t)piece);
    (void)n; /* then it is asked for again */
}

static enum status open_sidecar(struct sidecar *s, const char *path, uint64_t bytes,
                                struct error *err)
{
    s->pieces = http_pieces(bytes, MODEL_HUB_PIECE_BYTES);
    s->have = mem_array(s->pieces + 1, sizeof *s->have);
    if (!s->have) return error_set(err, STATUS_NO_MEMORY, "no memory for a download");
    s->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->fd < 0) return fail_errno(err, "open", path);
    for (size_t i = 0; i < s->pieces; i++) {
        char mark = 0;
        s->have[i] = pread(s->fd, &mark, 1, (off_t)i) == 1 && mark == 'x';
    }
    return STATUS_OK;
}

static enum status fetch_pieces(const struct http_target *target, const char *address, int fd,
                                struct sidecar *s, uint64_t bytes, const struct progress *progress,
                                uint64_t done, uint64_t total, struct error *err)
{
    struct http_download d = { .path = address,
                               .fd = fd,
                               .bytes = bytes,
                               .piece_bytes = MODEL_HUB_PIECE_BYTES,
                               .have = s->have,
                               .got = note_piece,
                               .ctx = s,
                               .streams = s->pieces < MODEL_HUB_STREAMS ? (int)s->pieces
                                                                        : MODEL_HUB_STREAMS,
                               .progress = progress,
                               .stage = "downloading",
                               .done_before = done,
                               .total = total };
    return bytes ? http_client_download(target, &d, err) : STATUS_OK;
}

static enum status fetch_file(const struct http_target *target, const char *address,
                              const char *path, uint64_t bytes, const struct progress *progress,
                              uint64_t done, uint64_t total, struct error *err)
{
    char side[PATH_MAX];
    struct sidecar s = { .fd = -1 };
    struct stat seen;
    if (snprintf(side, sizeof side, "%s" MODEL_HUB_SIDECAR, path) >= (int)sizeof side)
        return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", path);
    bool whole = lstat(path, &seen) == 0 && S_ISREG(seen.st_mode) &&
                 (uint64_t)seen.st_size == bytes && file_kind(side) == FILE_MISSING;
    if (whole) return STATUS_OK;
    enum status st = open_sidecar(&s, side, bytes, err);
    int fd = st ? -1 : open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (!st && fd < 0) st = fail_errno(err, "open", path);
    if (!st && ftruncate(fd, (off_t)bytes) != 0) st = fail_errno(err, "make room for", path);
    if (!st) st = fetch_pieces(target, address, fd, &s, bytes, progress, done, total, err);
    if (!st && fsync(fd) != 0) st = fail_errno(err, "write", path);
    file_close(fd);
    file_close(s.fd);
    mem_free(s.have);
    if (!st && unlink(side) != 0) st = fail_errno(err, "remove", side);
    return st;
}

enum status model_hub_fetch(const struct http_target *target, const struct model_hub_address *a,
                            const struct model_hub_listing *l, const char *folder,
                            const struct progress *progress, struct error *err)
{
    char path[PATH_MAX], parent[PATH_MAX];
    uint64_t done = 0;
    enum status st = durable_folder(folder, err);
    for (size_t i = 0; i < l->count && !st; i++) {
        const struct model_hub_file *f = &l->files[i];
        struct buf address = BUF_INIT(8192);
        if (!file_join(path, sizeof path, folder, f->name))
            return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", folder);
        snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(path, '/') - path), path);
        st = durable_folder(parent, err);
        if (!st) st = file_path(a, l->commit, f->name, &address, err);
        if (!st)
            st = fetch_file(target, address.data, path, f->bytes, progress, done, l->bytes, err);
        done += f->bytes;
        buf_release(&address);
    }
    return st;
}
