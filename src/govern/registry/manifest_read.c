/* A model's folder to its manifest: every file is opened where it lies, and no link is followed.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* O_NOFOLLOW, O_DIRECTORY, fdopendir, strerrordesc_np */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/mem.h"
#include "govern/registry/manifest_inner.h"

#define CHUNK_BYTES ((size_t)1 << 20)

struct walk {
    struct manifest *m;
    const struct manifest *only;
    struct error *err;
    uint8_t *chunk;
    char path[MANIFEST_NAME_BYTES_MAX + 1]; /* of what is being looked at, below the model */
};

static enum status io_failed(struct walk *w, const char *doing)
{
    return error_set(w->err, STATUS_IO, "%s %s: %s", doing, *w->path ? w->path : w->m->name,
                     strerrordesc_np(errno));
}

static enum status read_digest(struct walk *w, int fd, uint8_t ret[SHA256_BYTES])
{
    struct sha256 *sum;
    enum status st = sha256_new(&sum, w->err);
    if (st) return st;
    while (!st) {
        ssize_t got = read(fd, w->chunk, CHUNK_BYTES);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) st = io_failed(w, "cannot read");
        if (got <= 0) break;
        st = sha256_update(sum, w->chunk, (size_t)got, w->err);
    }
    if (!st) st = sha256_final(sum, ret, w->err);
    sha256_free(sum);
    return st;
}

/* Closes `fd`. */
static enum status take_file(struct walk *w, int fd, const char *name)
{
    uint8_t digest[SHA256_BYTES];
    enum status st = read_digest(w, fd, digest);
    close(fd);
    return st ? st : manifest_add(w->m, name, digest, w->err);
}

static enum status take_folder(struct walk *w, int fd, int depth);

/* One name in the folder `fd`; w->path is its path. */
static enum status take_entry(struct walk *w, int fd, const char *name, int depth)
{
    struct stat st;
    if (manifest_ignores(w->m, w->path)) return STATUS_OK;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return io_failed(w, "cannot look at");
    bool folder = S_ISDIR(st.st_mode);
    if (!folder && w->only && !manifest_find(w->only, w->path)) return STATUS_OK;
    if (S_ISLNK(st.st_mode))
        return error_set(w->err, STATUS_UNSUPPORTED,
                         "%s is a symbolic link, which may point anywhere: put the file itself "
                         "there, or leave the path out",
                         w->path);
    if (!folder && !S_ISREG(st.st_mode))
        return error_set(w->err, STATUS_UNSUPPORTED, "%s is neither a file nor a folder", w->path);
    int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (folder ? O_DIRECTORY : 0);
    int inner = openat(fd, name, flags);
    if (inner < 0) return io_failed(w, "cannot open");
    return folder ? take_folder(w, inner, depth + 1) : take_file(w, inner, w->path);
}

/* Closes `fd`. */
static enum status take_folder(struct walk *w, int fd, int depth)
{
    size_t len = strlen(w->path);
    enum status st = STATUS_OK;
    DIR *dir = depth <= MANIFEST_DEPTH_MAX ? fdopendir(fd) : NULL;
    if (!dir) {
        st =
            depth > MANIFEST_DEPTH_MAX
                ? error_set(w->err, STATUS_LIMIT, "%s: folders lie in each other more than %d deep",
                            w->path, MANIFEST_DEPTH_MAX)
                : io_failed(w, "cannot list");
        close(fd);
        return st;
    }
    for (struct dirent *e; !st;) {
        errno = 0;
        e = readdir(dir);
        if (!e) {
            if (errno) st = io_failed(w, "cannot list");
            break;
        }
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (len + strlen(e->d_name) + 2 > sizeof w->path)
            st = error_set(w->err, STATUS_LIMIT, "%s: a path in it is too long", w->path);
        else snprintf(w->path + len, sizeof w->path - len, "%s%s", len ? "/" : "", e->d_name);
        if (!st) st = take_entry(w, dirfd(dir), e->d_name, depth);
        w->path[len] = 0;
    }
    closedir(dir);
    return st;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The folder of `path`, without links, and then its last part; false when there is no such folder. */
static bool real_place(char out[2 * PATH_MAX], const char *path)
{
    const char *name = last_part(path);
    char folder[PATH_MAX], real[PATH_MAX];
    size_t len = (size_t)(name - path);
    if (len >= sizeof folder) return false;
    memcpy(folder, len ? path : ".", len ? len : 1);
    folder[len ? len : 1] = 0;
    return realpath(folder, real) &&
           snprintf(out, 2 * PATH_MAX, "%s/%s", real, name) < 2 * PATH_MAX;
}

enum status manifest_ignore_file(struct manifest *m, const char *model_path, const char *file_path,
                                 struct error *err)
{
    char model[PATH_MAX], file[2 * PATH_MAX];
    if (!realpath(model_path, model) || !real_place(file, file_path)) return STATUS_OK;
    size_t len = strlen(model);
    if (strncmp(file, model, len) != 0 || file[len] != '/') return STATUS_OK;
    return manifest_ignore(m, file + len + 1, err);
}

static enum status open_model(struct walk *w, const char *path, int *ret_fd, bool *ret_folder)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(w->err, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO,
                         "cannot open %s: %s", path, strerrordesc_np(errno));
    if (fstat(fd, &st) != 0 || !(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode))) {
        close(fd);
        return error_set(w->err, STATUS_BAD_INPUT, "%s is neither a file nor a folder", path);
    }
    *ret_fd = fd;
    *ret_folder = S_ISDIR(st.st_mode);
    return STATUS_OK;
}

enum status manifest_read(struct manifest *m, const char *path, const struct manifest *only,
                          struct error *err)
{
    struct walk *w = mem_zero(sizeof *w);
    int fd = -1;
    bool folder = false;
    if (w) w->chunk = mem_alloc(CHUNK_BYTES);
    if (!w || !w->chunk) {
        mem_free(w);
        return error_set(err, STATUS_NO_MEMORY, "no memory to read a model");
    }
    w->m = m;
    w->only = only;
    w->err = err;
    enum status st = open_model(w, path, &fd, &folder);
    if (!st) m->is_file = !folder;
    if (!st) st = folder ? take_folder(w, fd, 0) : take_file(w, fd, last_part(path));
    mem_free(w->chunk);
    mem_free(w);
    return st ? st : manifest_seal(m, err);
}
