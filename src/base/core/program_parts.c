/* Looking at one's own program.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* dl_iterate_phdr, RTLD_DEFAULT */
#include "base/core/program_parts.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/mem.h"

struct paths {
    char (*at)[PATH_MAX]; /* [PROGRAM_PARTS_MAX] */
    size_t count;
    size_t left_out;
};

/* The program itself has no name here, the kernel's own page no file. */
static int note_path(struct dl_phdr_info *info, size_t size, void *ctx)
{
    struct paths *p = ctx;
    (void)size;
    if (!info->dlpi_name || info->dlpi_name[0] != '/') return 0;
    if (p->count == PROGRAM_PARTS_MAX) p->left_out++;
    else if (realpath(info->dlpi_name, p->at[p->count])) p->count++;
    else p->left_out++;
    return 0;
}

enum version_call { PLAIN, NOTHING_NEWER, OPENSSL };
#define OPENSSL_VERSION_NUMBERS 6 /* OPENSSL_VERSION_STRING: "3.0.17" */

static const struct {
    const char *library, *symbol;
    enum version_call call;
} calls[] = {
#define VERSION_CALL(library, symbol, call) { library, symbol, call },
#include "base/core/version_call_list.h"
#undef VERSION_CALL
};

/* ISO C does not turn a pointer to data into one to a function; POSIX promises that the bits are the same. */
static const char *ask_version(void *symbol, enum version_call call)
{
    const char *(*plain)(void);
    const char *(*newer)(const char *);
    const char *(*openssl)(int);
    switch (call) {
    case PLAIN: memcpy(&plain, &symbol, sizeof plain); return plain();
    case NOTHING_NEWER: memcpy(&newer, &symbol, sizeof newer); return newer(NULL);
    case OPENSSL:
        memcpy(&openssl, &symbol, sizeof openssl);
        return openssl(OPENSSL_VERSION_NUMBERS);
    }
    return NULL;
}

static void find_version(struct program_part *part)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(calls[i].library, part->name) != 0) continue;
        void *symbol = dlsym(RTLD_DEFAULT, calls[i].symbol);
        const char *version = symbol ? ask_version(symbol, calls[i].call) : NULL;
        if (version) snprintf(part->version, sizeof part->version, "%.60s", version);
    }
}

/* "libjansson.so.4.14.0" is libjansson. */
static void split_name(struct program_part *part, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *so = strstr(name, ".so");
    size_t len = so ? (size_t)(so - name) : strlen(name);
    snprintf(part->name, sizeof part->name, "%.*s", (int)(len < 120 ? len : 120), name);
    snprintf(part->file, sizeof part->file, "%.120s", name);
    if (so) find_version(part);
}

static enum status read_part(struct program_part *ret, const char *path, struct error *err)
{
    struct file_map map;
    enum status st = file_map_path(&map, path, err);
    if (st) return st;
    *ret = (struct program_part){ 0 };
    split_name(ret, path);
    st = sha256_of(map.data, map.len, ret->sha256, err);
    file_unmap(&map);
    return st;
}

static int by_name(const void *a, const void *b)
{
    const struct program_part *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->file, y->file);
}

static enum status read_all(struct program_parts *p, const struct paths *paths, struct error *err)
{
    char self[PATH_MAX];
    enum status st = STATUS_OK;
    if (!realpath("/proc/self/exe", self))
        return error_set(err, STATUS_IO, "the system does not say which file this program is");
    st = read_part(&p->program, self, err);
    for (size_t i = 0; i < paths->count && !st; i++)
        st = read_part(&p->libraries[p->count++], paths->at[i], err);
    qsort(p->libraries, p->count, sizeof *p->libraries, by_name);
    return st;
}

enum status program_parts_read(struct program_parts *ret, struct error *err)
{
    struct program_parts p = { .libraries = mem_array(PROGRAM_PARTS_MAX, sizeof *p.libraries) };
    struct paths paths = { .at = mem_array(PROGRAM_PARTS_MAX, sizeof *paths.at) };
    enum status st = STATUS_OK;
    if (!p.libraries || !paths.at)
        st = error_set(err, STATUS_NO_MEMORY, "no memory to look at this program");
    if (!st) dl_iterate_phdr(note_path, &paths);
    if (!st && paths.left_out)
        st = error_set(err, STATUS_LIMIT,
                       "%zu loaded libraries are not to be found, or are too many", paths.left_out);
    if (!st) st = read_all(&p, &paths, err);
    mem_free(paths.at);
    if (st) program_parts_release(&p);
    else *ret = p;
    return st;
}

void program_parts_release(struct program_parts *p)
{
    mem_free(p->libraries);
    p->libraries = NULL;
    p->count = 0;
}
