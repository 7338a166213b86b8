/* Folders of tests.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "support/scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/file.h"
#include "support/fixture.h"

#define RING 8

void scratch_make(char ret[SCRATCH_PATH_BYTES])
{
    const char *tmp = getenv("TMPDIR");
    snprintf(ret, SCRATCH_PATH_BYTES, "%s/hearth-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(ret)) fail_msg("no folder like %s can be made", ret);
}

const char *scratch_path(const char *folder, const char *name)
{
    static char ring[RING][SCRATCH_PATH_BYTES];
    static int next;
    char *out = ring[next++ % RING];
    if (!file_join(out, SCRATCH_PATH_BYTES, folder, name)) fail_msg("too long: %s", folder);
    return out;
}

void scratch_remove(const char *path)
{
    struct stat st;
    char **names;
    size_t count;
    if (lstat(path, &st) != 0) return;
    if (S_ISDIR(st.st_mode)) {
        chmod(path, 0700);
        if (file_list(&names, &count, path, NULL)) return;
        for (size_t i = 0; i < count; i++) {
            char child[SCRATCH_PATH_BYTES];
            if (file_join(child, sizeof child, path, names[i])) scratch_remove(child);
        }
        file_list_free(names, count);
        rmdir(path);
    } else unlink(path);
}

static void make_parents(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
}

void scratch_write(const char *folder, const char *name, const void *bytes, size_t len)
{
    char path[SCRATCH_PATH_BYTES];
    if (!file_join(path, sizeof path, folder, name)) fail_msg("too long: %s", folder);
    make_parents(path);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, len, f) != len || fclose(f)) fail_msg("%s cannot be written", path);
}

void scratch_copy(const char *from, const char *to)
{
    char **names, a[SCRATCH_PATH_BYTES], b[SCRATCH_PATH_BYTES];
    size_t count;
    struct error err;
    if (file_kind(from) == FILE_REGULAR) {
        struct buf bytes = fixture_read(from);
        char path[SCRATCH_PATH_BYTES];
        snprintf(path, sizeof path, "%s", to);
        make_parents(path);
        if (file_write(to, bytes.data, bytes.len, &err)) fail_msg("%s", err.text);
        buf_release(&bytes);
        return;
    }
    mkdir(to, 0700);
    if (file_list(&names, &count, from, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < count; i++)
        if (file_join(a, sizeof a, from, names[i]) && file_join(b, sizeof b, to, names[i]))
            scratch_copy(a, b);
    file_list_free(names, count);
}
