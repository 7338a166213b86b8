/* Reading the files of a log.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/audit/log_folder.h"

#include <string.h>

#include "base/core/file.h"

#define PATH_BYTES 4096

static enum status read_one(const char *folder, int level, uint64_t n, unsigned width,
                            struct buf *out, struct error *err)
{
    char name[TILE_PATH_BYTES], path[PATH_BYTES];
    buf_clear(out);
    tile_path(name, level, n, width);
    if (!file_join(path, sizeof path, folder, name))
        return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", folder);
    return file_read(out, path, err);
}

/* A partial tile may be gone once the full one is there. */
static enum status read_file(const char *folder, int level, uint64_t n, unsigned width,
                             struct buf *out, struct error *err)
{
    enum status st = read_one(folder, level, n, width, out, err);
    if (st == STATUS_NOT_FOUND && width < TILE_WIDTH &&
        !read_one(folder, level, n, TILE_WIDTH, out, NULL))
        return STATUS_OK;
    return st;
}

enum status log_read_tile(const char *folder, int level, uint64_t n, unsigned width,
                          struct merkle_hash ret[TILE_WIDTH], struct error *err)
{
    struct buf bytes = BUF_INIT(TILE_BYTES);
    enum status st = read_file(folder, level, n, width, &bytes, err);
    size_t wanted = width * sizeof *ret;
    if (!st && bytes.len < wanted) {
        char name[TILE_PATH_BYTES];
        tile_path(name, level, n, width);
        st = error_set(err, STATUS_BAD_INPUT, "%s has %zu bytes where %zu belong", name, bytes.len,
                       wanted);
    }
    if (!st) memcpy(ret, bytes.data, wanted);
    buf_release(&bytes);
    return st;
}

enum status log_read_entries(const char *folder, uint64_t n, unsigned width, struct buf *out,
                             struct span ret[TILE_WIDTH], struct error *err)
{
    enum status st = read_file(folder, TILE_ENTRIES, n, width, out, err);
    return st ? st : tile_entries((struct span){ out->data, out->len }, width, ret, err);
}
