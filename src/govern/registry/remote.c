/* Fetching the files of a model from a server.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strerrordesc_np */
#include "govern/registry/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/durable.h"
#include "base/core/file.h"
#include "govern/registry/model_scan.h"
#include "govern/registry/store.h"
#include "govern/registry/tar.h"
#include "lm/format/source.h"

#define ARENA_BYTES_MAX ((size_t)64 << 20)
#define TARS            ".tars"

/* ---- lists ---- */

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "no memory for a list of files");
}

enum status remote_listing_init(struct remote_listing *ret, size_t files_max, struct error *err)
{
    struct remote_listing l = { .cap = files_max };
    if (l.cap > REGISTRY_FILES_MAX) l.cap = REGISTRY_FILES_MAX;
    arena_init(&l.arena, ARENA_BYTES_MAX);
    l.files = arena_array(&l.arena, l.cap + 1, sizeof *l.files);
    if (!l.files) {
        arena_release(&l.arena);
        return no_memory(err);
    }
    *ret = l;
    return STATUS_OK;
}

void remote_listing_release(struct remote_listing *l)
{
    arena_release(&l->arena);
    l->count = 0;
}

static bool ends_with(const char *name, const char *tail)
{
    size_t a = strlen(name), b = strlen(tail);
    return a >= b && strcmp(name + a - b, tail) == 0;
}

static const char *copy(struct remote_listing *l, const char *text, bool *ret_failed)
{
    if (!text) return NULL;
    char *made = arena_copy_text(&l->arena, text, strlen(text));
    if (!made) *ret_failed = true;
    return made;
}

enum status remote_listing_add(struct remote_listing *l, const struct remote_file *file,
                               const char *who, struct error *err)
{
    bool failed = false;
    enum status st = model_scan_check_name(file->name, err);
    if (!st && ends_with(file->name, REMOTE_SIDECAR))
        st = error_set(err, STATUS_BAD_INPUT,
                       "the file name \"%.200s\" is refused: it is one of ours", file->name);
    if (st) return error_wrap(err, st, "%s", who);
    if (l->count == l->cap)
        return error_set(err, STATUS_LIMIT,
                         "%s has more than %zu files; at most %d make up a model", who, l->cap,
                         REGISTRY_FILES_MAX);
    if (file->bytes > REMOTE_FILE_BYTES_MAX)
        return error_set(err, STATUS_LIMIT, "%s says that %.200s has %" PRIu64 " bytes: too many",
                         who, file->name, file->bytes);
    struct remote_file *f = &l->files[l->count];
    *f = *file;
    f->name = copy(l, file->name, &failed);
    f->path = copy(l, file->path, &failed);
    f->validator = copy(l, file->validator, &failed);
    if (failed) return no_memory(err);
    l->bytes += f->bytes;
    l->count++;
    return STATUS_OK;
}

/* What model_scan() passes over, too. */
static bool is_skipped(const char *name)
{
    static const char *const folders[] = { ".git/", ".cache/" };
    for (const char *part = name; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
        for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
            if (strncmp(part, folders[i], strlen(folders[i])) == 0) return true;
    return false;
}

size_t remote_listing_leave_out(struct remote_listing *l)
{
    size_t kept = 0, before = l->count;
    for (size_t i = 0; i < before; i++) {
        const struct remote_file *f = &l->files[i];
        if (!f->is_tar && (source_is_pickle(f->name) || is_skipped(f->name))) l->bytes -= f->bytes;
        else l->files[kept++] = *f;
    }
    l->count = kept;
    return before - kept;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether a folder that `name` lies in is a file of the sorted list. */
static const char *folder_that_is_file(const char *name, const char *const *sorted, size_t count)
{
    char folder[REGISTRY_NAME_BYTES_MAX + 1];
    const char *key = folder;
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - name), name);
        const char *const *found = bsearch(&key, sorted, count, sizeof *sorted, compare_names);
        if (found) return *found;
    }
    return NULL;
}

enum status remote_listing_check(const struct remote_listing *l, const char *who, struct error *err)
{
    enum status st = STATUS_OK;
    const char **sorted = mem_array(l->count + 1, sizeof *sorted);
    if (!sorted) return no_memory(err);
    size_t n = 0;
    for (size_t i = 0; i < l->count; i++)
        if (!l->files[i].is_tar) sorted[n++] = l->files[i].name;
    qsort(sorted, n, sizeof *sorted, compare_names);
    for (size_t i = 0; i < n && !st; i++) {
        const char *in_the_way = folder_that_is_file(sorted[i], sorted, n);
        if (i && strcmp(sorted[i - 1], sorted[i]) == 0)
            st = error_set(err, STATUS_BAD_INPUT, "%s has two files with the name %.200s", who,
                           sorted[i]);
        else if (in_the_way)
            st = error_set(err, STATUS_BAD_INPUT, "%s has %.200s as a file and as a folder", who,
                           in_the_way);
    }
    mem_free(sorted);
    return st;
}

enum status remote_listing_digest(struct remote_listing *l, struct span text, struct error *err)
{
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    enum status st = sha256_of(text.data, text.len, digest, err);
    if (st) return st;
    sha256_hex(digest, hex);
    snprintf(l->revision, sizeof l->revision, "sha256:%s", hex);
    return STATUS_OK;
}

/* ---- words ---- */

void remote_escape(struct buf *out, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || strchr("._-~/", *c);
        if (plain) buf_byte(out, (char)*c);
        else buf_append(out, (char[]){ '%', hex[*c >> 4], hex[*c & 15] }, 3);
    }
}

void remote_alias(char ret[REGISTRY_ALIAS_MAX + 1], const char *name, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len && n < REGISTRY_ALIAS_MAX; i++) {
        char c = name[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (word || (n && c && strchr("._-", c))) ret[n++] = c;
        else if (n && ret[n - 1] != '-') ret[n++] = '-';
    }
    ret[n] = 0;
}

/* ---- one file ---- */

static enum status fail_errno(struct error *err, const char *verb, const char *name)
{
    return error_set(err, STATUS_IO, "cannot %s %s: %s", verb, name, strerrordesc_np(errno));
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
    s->pieces = http_pieces(bytes, REMOTE_PIECE_BYTES);
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

struct fetching {
    const struct http_target *target;
    const struct remote_renewal *renewal;
    const struct progress *progress;
    uint64_t done, total;
};

static size_t count_pieces(const struct http_download *d)
{
    size_t n = 0;
    for (size_t i = 0; i < http_pieces(d->bytes, d->piece_bytes); i++)
        n += d->have[i];
    return n;
}

/* With another token as often as the last one was of use. */
static enum status download(const struct fetching *w, struct http_download *d, struct error *err)
{
    for (bool first = true;; first = false) {
        size_t before = count_pieces(d);
        d->unauthorized = false;
        enum status st = http_client_download(w->target, d, err);
        bool of_use = first || count_pieces(d) > before;
        if (!st || !d->unauthorized || !w->renewal || !of_use) return st;
        st = w->renewal->renew(w->renewal->ctx, err);
        if (st) return st;
    }
}

static enum status fetch_pieces(const struct fetching *w, const struct remote_file *f, int fd,
                                struct sidecar *s, struct error *err)
{
    struct http_download d = { .path = f->path,
                               .validator = f->validator,
                               .fd = fd,
                               .bytes = f->bytes,
                               .piece_bytes = REMOTE_PIECE_BYTES,
                               .have = s->have,
                               .got = note_piece,
                               .ctx = s,
                               .streams =
                                   s->pieces < REMOTE_STREAMS ? (int)s->pieces : REMOTE_STREAMS,
                               .progress = w->progress,
                               .stage = "downloading",
                               .done_before = w->done,
                               .total = w->total };
    if (f->bytes == 0) return STATUS_OK;
    enum status st = download(w, &d, err);
    if (st != STATUS_UNSUPPORTED || s->pieces < 2) return st;
    /* A server without ranges: one stream from the start, and nothing to go on from. */
    bool whole = false;
    d.have = &whole;
    d.got = NULL;
    d.piece_bytes = f->bytes;
    d.streams = 1;
    return download(w, &d, err);
}

static enum status fetch_file(const struct fetching *w, const struct remote_file *f,
                              const char *path, struct error *err)
{
    char side[PATH_MAX];
    struct sidecar s = { .fd = -1 };
    struct stat seen;
    if (snprintf(side, sizeof side, "%s" REMOTE_SIDECAR, path) >= (int)sizeof side)
        return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", path);
    bool whole = lstat(path, &seen) == 0 && S_ISREG(seen.st_mode) &&
                 (uint64_t)seen.st_size == f->bytes && file_kind(side) == FILE_MISSING;
    if (whole) return STATUS_OK;
    enum status st = open_sidecar(&s, side, f->bytes, err);
    int fd = st ? -1 : open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (!st && fd < 0) st = fail_errno(err, "open", path);
    if (!st && ftruncate(fd, (off_t)f->bytes) != 0) st = fail_errno(err, "make room for", path);
    if (!st) st = fetch_pieces(w, f, fd, &s, err);
    if (!st && fsync(fd) != 0) st = fail_errno(err, "write", path);
    file_close(fd);
    file_close(s.fd);
    mem_free(s.have);
    if (!st && unlink(side) != 0) st = fail_errno(err, "remove", side);
    return st;
}

/* ---- archives ---- */

static enum status tars_folder(char ret[PATH_MAX], const char *folder, struct error *err)
{
    if (snprintf(ret, PATH_MAX, "%s" TARS, folder) < PATH_MAX) return STATUS_OK;
    return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", folder);
}

/* Where file `i` is downloaded to; the folder it lies in is made. */
static enum status place_of(char ret[PATH_MAX], const struct remote_listing *l, size_t i,
                            const char *folder, struct error *err)
{
    char parent[PATH_MAX], number[32];
    bool tar = l->files[i].is_tar;
    enum status st = tar ? tars_folder(parent, folder, err) : STATUS_OK;
    if (st) return st;
    snprintf(number, sizeof number, "%zu.tar", i);
    if (!file_join(ret, PATH_MAX, tar ? parent : folder, tar ? number : l->files[i].name))
        return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", folder);
    snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(ret, '/') - ret), ret);
    return durable_folder(parent, err);
}

static enum status check_tar(const struct remote_file *f, const char *path,
                             const struct progress *progress, struct error *err)
{
    uint8_t digest[SHA256_BYTES];
    char wanted[SHA256_HEX_BYTES], found[SHA256_HEX_BYTES];
    struct store_meter meter = { progress, "checking", 0, f->bytes };
    int fd;
    enum status st = file_open_read(&fd, path, err);
    if (st) return st;
    st = store_hash(fd, f->name, &meter, digest, err);
    file_close(fd);
    if (st || memcmp(digest, f->sha256, SHA256_BYTES) == 0) return st;
    sha256_hex(f->sha256, wanted);
    sha256_hex(digest, found);
    return error_set(err, STATUS_BAD_INPUT,
                     "%.200s is not what was announced: its digest is %s, and %s was said", f->name,
                     found, wanted);
}

struct unpacking {
    struct remote_listing all; /* every name, for the check before anything is written */
    const char *folder;
    struct span archive;
    const struct progress *progress;
    uint64_t done;
};

static enum status note_member(void *ctx, const struct tar_file *f, struct error *err)
{
    struct unpacking *u = ctx;
    struct remote_file file = { .name = f->name, .bytes = f->bytes };
    return remote_listing_add(&u->all, &file, "the archive", err);
}

static enum status write_bytes(struct unpacking *u, int fd, const char *bytes, uint64_t len,
                               const char *path, struct error *err)
{
    for (uint64_t at = 0; at < len;) {
        uint64_t some = len - at < REMOTE_PIECE_BYTES ? len - at : REMOTE_PIECE_BYTES;
        ssize_t n = write(fd, bytes + at, (size_t)some);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail_errno(err, "write", path);
        at += (uint64_t)n;
        u->done += (uint64_t)n;
        if (!progress_report(u->progress, "unpacking", u->done, u->all.bytes))
            return error_set(err, STATUS_CANCELLED, "cancelled");
    }
    return STATUS_OK;
}

static enum status write_member(void *ctx, const struct tar_file *f, struct error *err)
{
    struct unpacking *u = ctx;
    char path[PATH_MAX], parent[PATH_MAX];
    if (!file_join(path, sizeof path, u->folder, f->name))
        return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", u->folder);
    snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(path, '/') - path), path);
    enum status st = durable_folder(parent, err);
    if (st) return st;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return fail_errno(err, "open", path);
    st = write_bytes(u, fd, u->archive.data + f->begin, f->bytes, path, err);
    if (close(fd) != 0 && !st) st = fail_errno(err, "write", path);
    return st;
}

/* Walks all archives; the other files are only named. */
static enum status walk_tars(struct unpacking *u, const struct remote_listing *l, tar_file_fn *each,
                             struct error *err)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; i < l->count && !st; i++) {
        char path[PATH_MAX];
        struct file_map map;
        if (!l->files[i].is_tar) continue;
        st = place_of(path, l, i, u->folder, err);
        if (!st) st = file_map_path(&map, path, err);
        if (st) return st;
        u->archive = (struct span){ (const char *)map.data, map.len };
        st = tar_walk(u->archive, l->files[i].name, each, u, err);
        file_unmap(&map);
    }
    return st;
}

static enum status check_members(struct unpacking *u, const struct remote_listing *l,
                                 struct error *err)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; i < l->count && !st; i++) {
        struct remote_file file = { .name = l->files[i].name };
        if (!l->files[i].is_tar) st = remote_listing_add(&u->all, &file, "the listing", err);
    }
    if (!st) st = walk_tars(u, l, note_member, err);
    return st ? st : remote_listing_check(&u->all, "the model", err);
}

static enum status unpack(const struct remote_listing *l, const char *folder,
                          const struct progress *progress, struct error *err)
{
    struct unpacking u = { .folder = folder, .progress = progress };
    enum status st = remote_listing_init(&u.all, REGISTRY_FILES_MAX, err);
    if (st) return st;
    for (size_t i = 0; i < l->count && !st; i++) {
        char path[PATH_MAX];
        if (!l->files[i].is_tar) continue;
        st = place_of(path, l, i, folder, err);
        if (!st) st = check_tar(&l->files[i], path, progress, err);
    }
    if (!st) st = check_members(&u, l, err);
    if (!st) st = walk_tars(&u, l, write_member, err);
    remote_listing_release(&u.all);
    return st;
}

/* ---- all of it ---- */

void remote_forget(const char *folder)
{
    char tars[PATH_MAX];
    store_remove_tree(folder);
    if (!tars_folder(tars, folder, NULL)) store_remove_tree(tars);
}

enum status remote_fetch(const struct http_target *target, const struct remote_listing *l,
                         const struct remote_renewal *renewal, const char *folder,
                         const struct progress *progress, struct error *err)
{
    struct fetching w = {
        .target = target, .renewal = renewal, .progress = progress, .total = l->bytes
    };
    bool tars = false;
    if (!l->revision[0]) remote_forget(folder);
    enum status st = durable_folder(folder, err);
    for (size_t i = 0; i < l->count && !st; i++) {
        char path[PATH_MAX];
        tars = tars || l->files[i].is_tar;
        st = place_of(path, l, i, folder, err);
        if (!st) st = fetch_file(&w, &l->files[i], path, err);
        w.done += l->files[i].bytes;
    }
    return st || !tars ? st : unpack(l, folder, progress, err);
}
