/* The file of cached pages.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strerrordesc_np */
#include "govern/gate/gate_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/file.h"

#define NAME_BYTES 64

/* Which files, and in which state: a model that was changed, or copied, begins anew. */
static enum status identity_of(const struct worker_file *files, size_t count,
                               uint8_t ret[SHA256_BYTES], struct error *err)
{
    uint8_t file[FILE_IDENTITY_BYTES];
    struct sha256 *sha;
    enum status st = sha256_new(&sha, err);
    if (st) return st;
    for (size_t i = 0; i < count && !st; i++) {
        if (files[i].fd < 0) continue;
        st = file_identity(files[i].fd, files[i].name, file, err);
        if (!st) st = sha256_update(sha, files[i].name, strlen(files[i].name) + 1, err);
        if (!st) st = sha256_update(sha, file, sizeof file, err);
    }
    if (!st) st = sha256_final(sha, ret, err);
    sha256_free(sha);
    return st;
}

static enum status fault(struct error *err, const char *path)
{
    return error_set(err, STATUS_IO, "%s: %s", path, strerrordesc_np(errno));
}

static enum status prepare(int fd, const char *path, uint64_t bytes, struct error *err)
{
    struct stat s;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return fault(err, path);
        return error_set(err, STATUS_LIMIT,
                         "%s: another process keeps the same model's pages there", path);
    }
    if (fstat(fd, &s) != 0) return fault(err, path);
    if (!S_ISREG(s.st_mode)) return error_set(err, STATUS_BAD_INPUT, "%s: not a file", path);
    if ((uint64_t)s.st_size != bytes && ftruncate(fd, (off_t)bytes) != 0) return fault(err, path);
    return STATUS_OK;
}

enum status gate_store_open(struct worker_store *ret, const char *folder, uint64_t bytes,
                            const struct worker_file *files, size_t count, struct error *err)
{
    struct worker_store s = { .bytes = bytes };
    char path[4096], name[NAME_BYTES], hex[SHA256_HEX_BYTES];
    enum status st = identity_of(files, count, s.identity, err);
    if (st) return st;
    sha256_hex(s.identity, hex);
    snprintf(name, sizeof name, "%.32s.pages", hex);
    if (!file_join(path, sizeof path, folder, name))
        return error_set(err, STATUS_LIMIT, "the path of %s is too long", folder);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) return fault(err, folder);
    s.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s.fd < 0) return fault(err, path);
    st = prepare(s.fd, path, bytes, err);
    if (st) close(s.fd);
    else *ret = s;
    return st;
}
