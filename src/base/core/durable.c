/* Synced writes and locks.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* flock, strerrordesc_np */
#include "base/core/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/core/clock.h"

#define LOCK_LOOK_MS 10

static enum status fail_errno(struct error *err, const char *verb, const char *name)
{
    int e = errno;
    enum status st = e == ENOENT || e == ENOTDIR ? STATUS_NOT_FOUND
                     : e == ENOMEM               ? STATUS_NO_MEMORY
                                                 : STATUS_IO;
    const char *reason = strerrordesc_np(e);
    return error_set(err, st, "cannot %s %s: %s", verb, name, reason ? reason : "unknown error");
}

/* "a/b" gives "a", "/a" gives "/", "a" gives ".". */
static enum status parent_of(char ret[PATH_MAX], const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    size_t len = !slash ? 1 : slash == path ? 1 : (size_t)(slash - path);
    if (len >= PATH_MAX) return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", path);
    memcpy(ret, slash ? path : ".", len);
    ret[len] = 0;
    return STATUS_OK;
}

enum status durable_sync_folder(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fail_errno(err, "open", path);
    /* Some file systems cannot sync a folder and say EINVAL: then there is nothing to wait for. */
    bool good = fsync(fd) == 0 || errno == EINVAL;
    enum status st = good ? STATUS_OK : fail_errno(err, "sync", path);
    close(fd);
    return st;
}

static enum status sync_parent(const char *path, struct error *err)
{
    char parent[PATH_MAX];
    enum status st = parent_of(parent, path, err);
    return st ? st : durable_sync_folder(parent, err);
}

static enum status make_one(const char *path, struct error *err)
{
    if (mkdir(path, 0700) == 0) return sync_parent(path, err);
    struct stat seen;
    if (errno == EEXIST && stat(path, &seen) == 0) {
        if (S_ISDIR(seen.st_mode)) return STATUS_OK;
        return error_set(err, STATUS_BAD_INPUT, "%s is in the way: it is not a folder", path);
    }
    return fail_errno(err, "make the folder", path);
}

enum status durable_folder(const char *path, struct error *err)
{
    char part[PATH_MAX];
    struct stat seen;
    size_t len = strlen(path);
    if (stat(path, &seen) == 0 && S_ISDIR(seen.st_mode)) return STATUS_OK;
    if (len == 0 || len >= sizeof part)
        return error_set(err, STATUS_LIMIT, "the path is empty or too long: %.200s", path);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != 0) continue;
        memcpy(part, path, i);
        part[i] = 0;
        enum status st = make_one(part, err);
        if (st) return st;
    }
    return STATUS_OK;
}

static enum status write_all(int fd, const char *name, const void *bytes, size_t len,
                             struct error *err)
{
    const char *p = bytes;
    while (len) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) errno = ENOSPC;
        if (n <= 0) return fail_errno(err, "write", name);
        p += n;
        len -= (size_t)n;
    }
    return fsync(fd) == 0 ? STATUS_OK : fail_errno(err, "write", name);
}

enum status durable_rename(const char *from, const char *to, struct error *err)
{
    if (rename(from, to) != 0) return fail_errno(err, "replace", to);
    return sync_parent(to, err);
}

enum status durable_write(const char *path, const char *temporary, const void *bytes, size_t len,
                          unsigned mode, struct error *err)
{
    if (unlink(temporary) != 0 && errno != ENOENT) return fail_errno(err, "remove", temporary);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) return fail_errno(err, "create", temporary);
    enum status st = write_all(fd, temporary, bytes, len, err);
    if (close(fd) != 0 && !st) st = fail_errno(err, "write", temporary);
    if (!st) st = durable_rename(temporary, path, err);
    if (st) unlink(temporary);
    return st;
}

enum status durable_lock(int *ret_fd, const char *path, int wait_ms, struct error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return fail_errno(err, "open", path);
    int64_t until = clock_monotonic_ns() + (int64_t)wait_ms * 1000000;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        bool busy = errno == EWOULDBLOCK || errno == EINTR;
        if (busy && clock_monotonic_ns() < until) {
            nanosleep(&(struct timespec){ .tv_nsec = LOCK_LOOK_MS * 1000000L }, NULL);
            continue;
        }
        enum status st =
            busy ? error_set(err, STATUS_FAILED, "%s is held by another process; try again", path)
                 : fail_errno(err, "lock", path);
        close(fd);
        return st;
    }
    *ret_fd = fd;
    return STATUS_OK;
}

void durable_unlock(int fd)
{
    if (fd >= 0) close(fd);
}
