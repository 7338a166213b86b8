/* Files: read-only mappings, whole reads, safe writes, folder listings.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A mapping keeps its descriptor. file_still_whole() compares the size with
 * the one seen at mapping time: call it before a long pass over the bytes,
 * because reading past a file that was truncated meanwhile raises SIGBUS. */
#ifndef BASE_CORE_FILE_H
#define BASE_CORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/status.h"

struct file_map {
    const uint8_t *data; /* NULL when the file is empty */
    size_t len;
    int fd; /* owned; -1 when closed */
};

/* STATUS_NOT_FOUND for a missing file, STATUS_BAD_INPUT for a folder or device. */
enum status file_map_path(struct file_map *ret, const char *path, struct error *err);
/* Maps an open descriptor; takes ownership of `fd` on success only. `name` is for messages. */
enum status file_map_fd(struct file_map *ret, int fd, const char *name, struct error *err);
void file_unmap(struct file_map *m); /* zeroed or released maps are fine */
bool file_still_whole(const struct file_map *m);
/* Tells the kernel that [offset, offset+len) will be read soon / no longer. */
void file_will_need(const struct file_map *m, size_t offset, size_t len);
void file_dont_need(const struct file_map *m, size_t offset, size_t len);

/* Bare descriptors, for whoever hands them on: opened for reading and closed on exec. */
enum status file_open_read(int *ret, const char *path, struct error *err);
enum status file_descriptor_copy(int fd, const char *name, int *ret, struct error *err);
/* Size of what the descriptor is open on; STATUS_BAD_INPUT unless that is a regular file. */
enum status file_descriptor_bytes(int fd, const char *name, uint64_t *ret, struct error *err);
/* Which file it is and in which state: device, inode, size, times of change of content and of inode,
 * in a fixed layout. Another file, or the same one written to since, has another identity. */
#define FILE_IDENTITY_BYTES 56
enum status file_identity(int fd, const char *name, uint8_t ret[FILE_IDENTITY_BYTES],
                          struct error *err);
/* Whether the last change lies so far back (a second) that another one would show in the times, which the kernel
 * counts in steps of a few milliseconds. */
bool file_identity_settled(const uint8_t identity[FILE_IDENTITY_BYTES]);
void file_close(int fd); /* a negative one is fine */
/* False unless a regular file, or a link to one, is there. */
bool file_regular_bytes(const char *path, uint64_t *ret);

enum status file_read(struct buf *out, const char *path, struct error *err); /* up to out->max */
enum status file_read_fd(struct buf *out, int fd, const char *name, struct error *err);
/* Writes beside `path` and renames, so that the old content or all of the new is there. */
enum status file_write(const char *path, const void *bytes, size_t len, struct error *err);

enum file_kind { FILE_MISSING, FILE_REGULAR, FILE_FOLDER, FILE_OTHER };
enum file_kind file_kind(const char *path);

/* A stream that is renamed into place by commit; every short write is an error. */
struct file_out;
enum status file_out_open(struct file_out **ret, const char *path, struct error *err);
enum status file_out_write(struct file_out *f, const void *bytes, size_t len, struct error *err);
enum status file_out_commit(struct file_out *f, struct error *err); /* frees f in every case */
void file_out_abandon(struct file_out *f);                          /* removes the partial file */

/* Names in a folder, sorted by bytes, without "." and ".."; free with file_list_free. */
enum status file_list(char ***ret_names, size_t *ret_count, const char *path, struct error *err);
void file_list_free(char **names, size_t count);

/* "folder/name" into out; false if it does not fit. */
bool file_join(char *out, size_t out_bytes, const char *folder, const char *name);

#endif
