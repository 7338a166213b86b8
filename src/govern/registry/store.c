/* Bytes named by their digest.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* syncfs, strerrordesc_np */
#include "govern/registry/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/fs.h>
#endif

#include "base/core/durable.h"
#include "base/core/entropy.h"
#include "base/core/file.h"
#include "base/core/mem.h"

#define BLOBS          "blobs/sha256"
#define INCOMING       "incoming"
#define PIECE_BYTES    ((size_t)1 << 20)
#define TREE_DEPTH_MAX 16
/* The longest path below the home: it must fit behind it. */
#define LONGEST BLOBS "/00/0000000000000000000000000000000000000000000000000000000000000000"

static enum status fail_errno(struct error *err, const char *verb, const char *name)
{
    int e = errno;
    enum status st = e == ENOENT ? STATUS_NOT_FOUND : e == ENOMEM ? STATUS_NO_MEMORY : STATUS_IO;
    const char *reason = strerrordesc_np(e);
    return error_set(err, st, "cannot %s %s: %s", verb, name, reason ? reason : "unknown error");
}

static enum status too_long(struct error *err, const char *path)
{
    return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", path);
}

enum status store_init(struct store *s, const char *home, struct error *err)
{
    char path[REGISTRY_PATH_BYTES];
    if (snprintf(s->home, sizeof s->home, "%s", home) >= (int)sizeof s->home ||
        !file_join(path, sizeof path, home, LONGEST))
        return too_long(err, home);
    file_join(path, sizeof path, home, BLOBS);
    enum status st = durable_folder(path, err);
    file_join(path, sizeof path, home, INCOMING);
    return st ? st : durable_folder(path, err);
}

/* store_init made sure that it fits. */
static void blob_path(const struct store *s, const uint8_t digest[SHA256_BYTES], bool folder,
                      char ret[REGISTRY_PATH_BYTES])
{
    char hex[SHA256_HEX_BYTES], name[SHA256_HEX_BYTES + 32];
    sha256_hex(digest, hex);
    snprintf(name, sizeof name, BLOBS "/%.2s%s%s", hex, folder ? "" : "/", folder ? "" : hex);
    file_join(ret, REGISTRY_PATH_BYTES, s->home, name);
}

/* ---- reading ---- */

static bool go_on(struct store_meter *m, uint64_t more)
{
    if (!m) return true;
    m->done += more;
    return !m->progress || progress_report(m->progress, m->stage, m->done, m->total);
}

/* Hashes all of `from`, and writes it to `to` where that is not negative. */
static enum status pass_through(int from, int to, const char *name, struct store_meter *meter,
                                uint8_t ret[SHA256_BYTES], uint64_t *ret_bytes, struct error *err)
{
    struct sha256 *hash = NULL;
    uint8_t *piece = mem_alloc(PIECE_BYTES);
    uint64_t at = 0;
    enum status st = piece ? sha256_new(&hash, err)
                           : error_set(err, STATUS_NO_MEMORY, "no memory to read %s", name);
    while (!st) {
        ssize_t n = pread(from, piece, PIECE_BYTES, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) st = fail_errno(err, "read", name);
        if (n <= 0) break;
        st = sha256_update(hash, piece, (size_t)n, err);
        for (ssize_t done = 0; to >= 0 && done < n && !st;) {
            ssize_t k = write(to, piece + done, (size_t)(n - done));
            if (k < 0 && errno == EINTR) continue;
            if (k == 0) errno = ENOSPC;
            if (k <= 0) st = fail_errno(err, "store", name);
            else done += k;
        }
        at += (uint64_t)n;
        if (!st && !go_on(meter, (uint64_t)n)) st = error_set(err, STATUS_CANCELLED, "cancelled");
    }
    if (!st) st = sha256_final(hash, ret, err);
    if (!st) *ret_bytes = at;
    sha256_free(hash);
    mem_free(piece);
    return st;
}

enum status store_settle(int fd, const char *name, struct error *err)
{
    if (fdatasync(fd) == 0 || errno == EINVAL || errno == EROFS) return STATUS_OK;
    return fail_errno(err, "settle", name);
}

enum status store_hash(int fd, const char *name, struct store_meter *meter,
                       uint8_t ret[SHA256_BYTES], struct error *err)
{
    uint64_t bytes;
    return pass_through(fd, -1, name, meter, ret, &bytes, err);
}

enum status store_open(const struct store *s, const uint8_t digest[SHA256_BYTES], int *ret_fd,
                       struct error *err)
{
    char path[REGISTRY_PATH_BYTES];
    blob_path(s, digest, false, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return fail_errno(err, "open", path);
    uint64_t bytes;
    enum status st = file_descriptor_bytes(fd, path, &bytes, err);
    if (st) close(fd);
    else *ret_fd = fd;
    return st;
}

/* ---- writing ---- */

static bool clone_file(int from, int to)
{
#ifdef FICLONE
    return ioctl(to, FICLONE, from) == 0;
#else
    return false;
#endif
}

static enum status open_incoming(const struct store *s, char path[REGISTRY_PATH_BYTES], int *ret_fd,
                                 struct error *err)
{
    uint8_t chance[8];
    char name[64];
    enum status st = entropy_fill(chance, sizeof chance, err);
    if (st) return st;
    int len = snprintf(name, sizeof name, INCOMING "/");
    for (size_t i = 0; i < sizeof chance; i++)
        len += snprintf(name + len, sizeof name - (size_t)len, "%02x", chance[i]);
    file_join(path, REGISTRY_PATH_BYTES, s->home, name);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return fail_errno(err, "create", path);
    *ret_fd = fd;
    return STATUS_OK;
}

/* Copies and hashes; large files are synced. */
static enum status fill(int from, int to, const char *name, uint64_t bytes,
                        struct store_meter *meter, uint8_t ret[SHA256_BYTES], struct error *err)
{
    uint64_t copied;
    bool cloned = clone_file(from, to);
    enum status st =
        pass_through(cloned ? to : from, cloned ? -1 : to, name, meter, ret, &copied, err);
    if (!st && copied != bytes)
        st = error_set(err, STATUS_BAD_INPUT,
                       "%s changed while it was read: it had %" PRIu64 " bytes, then %" PRIu64,
                       name, bytes, copied);
    if (!st && fchmod(to, 0444) != 0) st = fail_errno(err, "protect", name);
    if (!st && bytes >= STORE_LARGE_BYTES && fsync(to) != 0) st = fail_errno(err, "store", name);
    return st;
}

static enum status settle(const struct store *s, const char *incoming, uint64_t bytes,
                          const uint8_t digest[SHA256_BYTES], bool *ret_new, struct error *err)
{
    char folder[REGISTRY_PATH_BYTES], path[REGISTRY_PATH_BYTES];
    blob_path(s, digest, true, folder);
    blob_path(s, digest, false, path);
    *ret_new = file_kind(path) == FILE_MISSING;
    enum status st = durable_folder(folder, err);
    if (st) return st;
    /* What was there is replaced: it may be what a crash left of it. */
    if (bytes >= STORE_LARGE_BYTES) return durable_rename(incoming, path, err);
    return rename(incoming, path) == 0 ? STATUS_OK : fail_errno(err, "store", path);
}

enum status store_put(const struct store *s, int fd, const char *name, uint64_t bytes,
                      struct store_meter *meter, uint8_t ret[SHA256_BYTES], bool *ret_new,
                      struct error *err)
{
    char path[REGISTRY_PATH_BYTES];
    uint8_t digest[SHA256_BYTES];
    int to = -1;
    enum status st = open_incoming(s, path, &to, err);
    if (st) return st;
    st = fill(fd, to, name, bytes, meter, digest, err);
    if (close(to) != 0 && !st) st = fail_errno(err, "store", name);
    if (!st) st = settle(s, path, bytes, digest, ret_new, err);
    if (st) unlink(path);
    else memcpy(ret, digest, SHA256_BYTES);
    return st;
}

enum status store_take(const struct store *s, const char *path, const char *name, uint64_t bytes,
                       struct store_meter *meter, uint8_t ret[SHA256_BYTES], bool *ret_new,
                       struct error *err)
{
    uint8_t digest[SHA256_BYTES];
    uint64_t found;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return fail_errno(err, "open", path);
    enum status st = pass_through(fd, -1, name, meter, digest, &found, err);
    if (!st && found != bytes)
        st = error_set(err, STATUS_BAD_INPUT, "%s changed while it was read", name);
    if (!st && fchmod(fd, 0444) != 0) st = fail_errno(err, "protect", name);
    if (!st && fsync(fd) != 0) st = fail_errno(err, "store", name);
    close(fd);
    if (!st) st = settle(s, path, bytes, digest, ret_new, err);
    if (!st) memcpy(ret, digest, SHA256_BYTES);
    return st;
}

enum status store_flush(const struct store *s, struct error *err)
{
    char path[REGISTRY_PATH_BYTES];
    file_join(path, sizeof path, s->home, BLOBS);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fail_errno(err, "open", path);
    enum status st = syncfs(fd) == 0 ? STATUS_OK : fail_errno(err, "sync", path);
    close(fd);
    return st;
}

void store_sweep(const struct store *s)
{
    char folder[REGISTRY_PATH_BYTES], path[REGISTRY_PATH_BYTES], **names;
    size_t count;
    file_join(folder, sizeof folder, s->home, INCOMING);
    if (file_list(&names, &count, folder, NULL)) return;
    for (size_t i = 0; i < count; i++)
        if (file_join(path, sizeof path, folder, names[i])) unlink(path);
    file_list_free(names, count);
}

static void remove_tree(const char *path, int depth)
{
    struct stat st;
    char child[REGISTRY_PATH_BYTES], **names;
    size_t count;
    if (depth > TREE_DEPTH_MAX || lstat(path, &st) != 0) return;
    if (!S_ISDIR(st.st_mode)) {
        unlink(path);
        return;
    }
    if (file_list(&names, &count, path, NULL)) return;
    for (size_t i = 0; i < count; i++)
        if (file_join(child, sizeof child, path, names[i])) remove_tree(child, depth + 1);
    file_list_free(names, count);
    rmdir(path);
}

void store_remove_tree(const char *path)
{
    remove_tree(path, 0);
}

enum status store_copy_out(const struct store *s, const uint8_t digest[SHA256_BYTES],
                           const char *path, struct store_meter *meter, struct error *err)
{
    uint8_t got[SHA256_BYTES];
    uint64_t bytes;
    int from;
    enum status st = store_open(s, digest, &from, err);
    if (st) return st;
    int to = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (to < 0) {
        st = fail_errno(err, "create", path);
        close(from);
        return st;
    }
    bool cloned = clone_file(from, to);
    st = pass_through(cloned ? to : from, cloned ? -1 : to, path, meter, got, &bytes, err);
    if (!st && memcmp(got, digest, SHA256_BYTES) != 0)
        st = error_set(err, STATUS_BAD_INPUT,
                       "the stored bytes of %s are damaged; `hearth verify` says more", path);
    if (!st && fsync(to) != 0) st = fail_errno(err, "write", path);
    close(from);
    if (close(to) != 0 && !st) st = fail_errno(err, "write", path);
    return st;
}

enum status store_remove(const struct store *s, const uint8_t digest[SHA256_BYTES],
                         struct error *err)
{
    char path[REGISTRY_PATH_BYTES];
    blob_path(s, digest, false, path);
    if (unlink(path) != 0 && errno != ENOENT) return fail_errno(err, "remove", path);
    blob_path(s, digest, true, path);
    rmdir(path); /* stays where others lie in it */
    return STATUS_OK;
}

static enum status each_in(const char *folder, store_each_fn *each, void *ctx, struct error *err)
{
    char path[REGISTRY_PATH_BYTES], **names;
    size_t count;
    uint8_t digest[SHA256_BYTES];
    uint64_t bytes;
    enum status st = file_list(&names, &count, folder, err);
    if (st) return st;
    for (size_t i = 0; i < count && !st; i++) {
        if (sha256_from_hex(names[i], strlen(names[i]), digest) &&
            file_join(path, sizeof path, folder, names[i]) && file_regular_bytes(path, &bytes))
            st = each(ctx, digest, bytes, err);
    }
    file_list_free(names, count);
    return st;
}

enum status store_each(const struct store *s, store_each_fn *each, void *ctx, struct error *err)
{
    char blobs[REGISTRY_PATH_BYTES], folder[REGISTRY_PATH_BYTES], **names;
    size_t count;
    file_join(blobs, sizeof blobs, s->home, BLOBS);
    enum status st = file_list(&names, &count, blobs, err);
    if (st) return st;
    for (size_t i = 0; i < count && !st; i++)
        if (file_join(folder, sizeof folder, blobs, names[i]) && file_kind(folder) == FILE_FOLDER)
            st = each_in(folder, each, ctx, err);
    file_list_free(names, count);
    return st;
}
