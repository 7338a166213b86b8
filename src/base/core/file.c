/* Files: mappings, whole reads, safe writes, folder listings.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* madvise, strerrordesc_np, syscall */
#include "base/core/file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/mem.h"

#define READ_STEP_BYTES   ((size_t)1 << 16)
#define LIST_NAMES_MAX    ((size_t)1 << 20)
#define PARTIAL_TRIES_MAX 16

static enum status fail_errno(struct error *err, const char *verb, const char *name)
{
    int e = errno;
    enum status s = e == ENOENT || e == ENOTDIR ? STATUS_NOT_FOUND
                    : e == ENOMEM               ? STATUS_NO_MEMORY
                                                : STATUS_IO;
    const char *reason = strerrordesc_np(e); /* strerror() is not safe in threads */
    return error_set(err, s, "cannot %s %s: %s", verb, name, reason ? reason : "unknown error");
}

static int open_retry(const char *path, int flags, mode_t mode)
{
    int fd = -1;
    do
        fd = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* The system call itself where there is one: libc's fstat() may ask by an empty path, and a sandbox
 * that allows that cannot forbid to ask about any other. */
static int descriptor_stat(int fd, struct stat *ret)
{
#if defined(__linux__) && defined(SYS_fstat) && defined(__LP64__)
    return (int)syscall(SYS_fstat, fd, ret);
#else
    return fstat(fd, ret);
#endif
}

enum status file_open_read(int *ret, const char *path, struct error *err)
{
    int fd = open_retry(path, O_RDONLY | O_NONBLOCK, 0); /* a FIFO must not make us wait */
    if (fd < 0) return fail_errno(err, "open", path);
    *ret = fd;
    return STATUS_OK;
}

enum status file_descriptor_bytes(int fd, const char *name, uint64_t *ret, struct error *err)
{
    struct stat st;
    if (descriptor_stat(fd, &st) != 0) return fail_errno(err, "look at", name);
    if (S_ISDIR(st.st_mode))
        return error_set(err, STATUS_BAD_INPUT, "%s is a folder, not a file", name);
    if (!S_ISREG(st.st_mode))
        return error_set(err, STATUS_BAD_INPUT, "%s is not a regular file", name);
    *ret = (uint64_t)st.st_size;
    return STATUS_OK;
}

enum status file_descriptor_copy(int fd, const char *name, int *ret, struct error *err)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return fail_errno(err, "open", name);
    *ret = copy;
    return STATUS_OK;
}

enum status file_identity(int fd, const char *name, uint8_t ret[FILE_IDENTITY_BYTES],
                          struct error *err)
{
    struct stat st;
    if (descriptor_stat(fd, &st) != 0) return fail_errno(err, "look at", name);
    const int64_t facts[] = { (int64_t)st.st_dev,          (int64_t)st.st_ino,
                              (int64_t)st.st_size,         (int64_t)st.st_mtim.tv_sec,
                              (int64_t)st.st_mtim.tv_nsec, (int64_t)st.st_ctim.tv_sec,
                              (int64_t)st.st_ctim.tv_nsec };
    static_assert(sizeof facts == FILE_IDENTITY_BYTES, "the layout is fixed");
    memcpy(ret, facts, sizeof facts);
    return STATUS_OK;
}

bool file_identity_settled(const uint8_t identity[FILE_IDENTITY_BYTES])
{
    int64_t facts[FILE_IDENTITY_BYTES / sizeof(int64_t)];
    memcpy(facts, identity, sizeof facts);
    return clock_unix_ns() / 1000000000 - facts[5] > 1;
}

void file_close(int fd)
{
    if (fd >= 0) close(fd);
}

enum status file_map_fd(struct file_map *ret, int fd, const char *name, struct error *err)
{
    uint64_t bytes;
    enum status s = file_descriptor_bytes(fd, name, &bytes, err);
    if (s) return s;
    if (bytes > SIZE_MAX / 2) return error_set(err, STATUS_LIMIT, "%s is too large to map", name);
    struct file_map m = { .len = (size_t)bytes, .fd = fd };
    if (m.len) {
        void *p = mmap(NULL, m.len, PROT_READ, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED) return fail_errno(err, "map", name);
        m.data = p;
    }
    *ret = m;
    return STATUS_OK;
}

enum status file_map_path(struct file_map *ret, const char *path, struct error *err)
{
    int fd = -1;
    enum status s = file_open_read(&fd, path, err);
    if (s) return s;
    s = file_map_fd(ret, fd, path, err);
    if (s) close(fd);
    return s;
}

void file_unmap(struct file_map *m)
{
    if (m->data) {
        munmap((void *)m->data, m->len);
        close(m->fd);
    } else if (m->fd > 0) { /* an empty file; a zeroed map has no descriptor */
        close(m->fd);
    }
    *m = (struct file_map){ .fd = -1 };
}

bool file_still_whole(const struct file_map *m)
{
    struct stat st;
    return descriptor_stat(m->fd, &st) == 0 && (uintmax_t)st.st_size >= m->len;
}

static void advise(const struct file_map *m, size_t offset, size_t len, int advice)
{
    if (!m->data || offset >= m->len) return;
    if (len > m->len - offset) len = m->len - offset;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t begin = offset & ~(page - 1);
    madvise((void *)(m->data + begin), offset + len - begin, advice);
}

void file_will_need(const struct file_map *m, size_t offset, size_t len)
{
    advise(m, offset, len, MADV_WILLNEED);
}

void file_dont_need(const struct file_map *m, size_t offset, size_t len)
{
    advise(m, offset, len, MADV_DONTNEED);
}

/* Reads one piece behind out->len. Past the ceiling one byte is still asked for, to tell
 * a file that just fits from one that does not. */
static enum status read_piece(struct buf *out, int fd, const char *name, bool *at_end,
                              struct error *err)
{
    size_t room = out->max - out->len;
    size_t step = room < READ_STEP_BYTES ? room : READ_STEP_BYTES;
    char probe;
    if (step && !buf_reserve(out, step)) return buf_check(out, name, err);
    ssize_t n = step ? read(fd, out->data + out->len, step) : read(fd, &probe, 1);
    if (n < 0) return errno == EINTR ? STATUS_OK : fail_errno(err, "read", name);
    *at_end = n == 0;
    if (step == 0 && n > 0)
        return error_set(err, STATUS_LIMIT, "%s is larger than the limit of %zu bytes", name,
                         out->max);
    out->len += (size_t)n;
    if (out->data) out->data[out->len] = 0;
    return STATUS_OK;
}

enum status file_read_fd(struct buf *out, int fd, const char *name, struct error *err)
{
    enum status s = STATUS_OK;
    if (!buf_reserve(out, 0)) return buf_check(out, name, err);
    for (bool at_end = false; !at_end && s == STATUS_OK;)
        s = read_piece(out, fd, name, &at_end, err);
    return s;
}

enum status file_read(struct buf *out, const char *path, struct error *err)
{
    int fd = open_retry(path, O_RDONLY, 0);
    if (fd < 0) return fail_errno(err, "open", path);
    enum status s = STATUS_OK;
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        s = error_set(err, STATUS_BAD_INPUT, "%s is a folder, not a file", path);
    if (s == STATUS_OK) s = file_read_fd(out, fd, path, err);
    close(fd);
    return s;
}

enum file_kind file_kind(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) return FILE_MISSING;
    return S_ISREG(st.st_mode) ? FILE_REGULAR : S_ISDIR(st.st_mode) ? FILE_FOLDER : FILE_OTHER;
}

bool file_regular_bytes(const char *path, uint64_t *ret)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) return false;
    *ret = (uint64_t)st.st_size;
    return true;
}

struct file_out {
    int fd;
    bool in_place;       /* a device or pipe: written directly, never renamed */
    bool failed;         /* a write failed; commit refuses */
    char path[PATH_MAX]; /* links resolved, so that the rename replaces the file behind them */
    char partial[PATH_MAX];
};

static enum status open_partial(struct file_out *f, struct error *err)
{
    for (int i = 0; i < PARTIAL_TRIES_MAX; i++) {
        int n = snprintf(f->partial, sizeof f->partial, "%s.%llx.partial", f->path,
                         (unsigned long long)clock_unix_ns() ^ (unsigned long long)getpid() << 40);
        if (n < 0 || (size_t)n >= sizeof f->partial)
            return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", f->path);
        f->fd = open_retry(f->partial, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (f->fd >= 0) return STATUS_OK;
        if (errno != EEXIST) break;
    }
    return fail_errno(err, "create", f->partial);
}

static enum status open_target(struct file_out *f, const char *path, struct error *err)
{
    enum file_kind kind = file_kind(path);
    if (kind == FILE_FOLDER)
        return error_set(err, STATUS_BAD_INPUT, "cannot write %s: it is a folder", path);
    if (strlen(path) >= sizeof f->path)
        return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", path);
    if (kind != FILE_REGULAR || !realpath(path, f->path)) memcpy(f->path, path, strlen(path) + 1);
    if (kind != FILE_OTHER) return open_partial(f, err);
    f->in_place = true;
    f->fd = open_retry(path, O_WRONLY, 0);
    return f->fd < 0 ? fail_errno(err, "open", path) : STATUS_OK;
}

enum status file_out_open(struct file_out **ret, const char *path, struct error *err)
{
    struct file_out *f = mem_zero(sizeof *f);
    if (!f) return error_set(err, STATUS_NO_MEMORY, "out of memory opening %s", path);
    enum status s = open_target(f, path, err);
    if (s) mem_free(f);
    else *ret = f;
    return s;
}

enum status file_out_write(struct file_out *f, const void *bytes, size_t len, struct error *err)
{
    const char *p = bytes;
    while (len) {
        ssize_t n = write(f->fd, p, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            if (n == 0) errno = ENOSPC;
            f->failed = true;
            return fail_errno(err, "write", f->path);
        }
        p += n;
        len -= (size_t)n;
    }
    return STATUS_OK;
}

void file_out_abandon(struct file_out *f)
{
    if (!f) return;
    if (f->fd >= 0) close(f->fd);
    if (!f->in_place) unlink(f->partial);
    mem_free(f);
}

enum status file_out_commit(struct file_out *f, struct error *err)
{
    enum status s = STATUS_OK;
    if (f->failed) s = error_set(err, STATUS_IO, "%s was not written completely", f->path);
    /* Without the fsync a crash could leave the new name with the content missing. */
    else if (!f->in_place && fsync(f->fd) != 0) s = fail_errno(err, "write", f->path);
    int fd = f->fd;
    f->fd = -1;
    if (close(fd) != 0 && s == STATUS_OK) s = fail_errno(err, "write", f->path);
    if (s == STATUS_OK && !f->in_place && rename(f->partial, f->path) != 0)
        s = fail_errno(err, "replace", f->path);
    if (s) file_out_abandon(f);
    else mem_free(f);
    return s;
}

enum status file_write(const char *path, const void *bytes, size_t len, struct error *err)
{
    struct file_out *f;
    enum status s = file_out_open(&f, path, err);
    if (s) return s;
    s = file_out_write(f, bytes, len, err);
    if (s == STATUS_OK) return file_out_commit(f, err);
    file_out_abandon(f);
    return s;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum status add_name(char ***names, size_t *count, const char *name, const char *path,
                            struct error *err)
{
    if (*count >= LIST_NAMES_MAX)
        return error_set(err, STATUS_LIMIT, "%s holds more than %zu files", path, LIST_NAMES_MAX);
    if ((*count & (*count - 1)) == 0) { /* full at each power of two */
        char **wider = mem_resize(*names, *count ? *count * 2 : 1, sizeof *wider);
        if (!wider) return error_set(err, STATUS_NO_MEMORY, "out of memory listing %s", path);
        *names = wider;
    }
    char *copy = mem_copy_text(name, strlen(name));
    if (!copy) return error_set(err, STATUS_NO_MEMORY, "out of memory listing %s", path);
    (*names)[(*count)++] = copy;
    return STATUS_OK;
}

static bool is_dots(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

enum status file_list(char ***ret_names, size_t *ret_count, const char *path, struct error *err)
{
    DIR *dir = opendir(path);
    if (!dir) return fail_errno(err, "list", path);
    char **names = NULL;
    size_t count = 0;
    enum status s = STATUS_OK;
    while (s == STATUS_OK) {
        errno = 0;
        struct dirent *e = readdir(dir);
        if (!e) {
            if (errno) s = fail_errno(err, "list", path);
            break;
        }
        if (!is_dots(e->d_name)) s = add_name(&names, &count, e->d_name, path, err);
    }
    closedir(dir);
    if (s) {
        file_list_free(names, count);
        return s;
    }
    if (count) qsort(names, count, sizeof *names, compare_names);
    *ret_names = names;
    *ret_count = count;
    return STATUS_OK;
}

void file_list_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mem_free(names[i]);
    mem_free(names);
}

bool file_join(char *out, size_t out_bytes, const char *folder, const char *name)
{
    size_t len = strlen(folder);
    const char *slash = len && folder[len - 1] == '/' ? "" : "/";
    int n = snprintf(out, out_bytes, "%s%s%s", folder, slash, name);
    return n >= 0 && (size_t)n < out_bytes;
}
