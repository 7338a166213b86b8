/* The list of a model's files: filling, sorting, comparing.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/registry/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"
#include "base/core/utf8.h"
#include "govern/registry/manifest_inner.h"

#define SHOWN_MAX 8 /* differences in a message */

static const char *const always_ignored[] = { ".git", ".gitattributes", ".github", ".gitignore" };
#define ALWAYS_COUNT (sizeof always_ignored / sizeof *always_ignored)

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "no memory for the list of files");
}

enum status manifest_new(struct manifest **ret, const char *model_name, struct error *err)
{
    struct manifest *m = mem_zero(sizeof *m);
    if (!m) return no_memory(err);
    m->name = mem_copy_text(model_name, strlen(model_name));
    enum status st = m->name ? STATUS_OK : no_memory(err);
    for (size_t i = 0; i < ALWAYS_COUNT && !st; i++)
        st = manifest_ignore(m, always_ignored[i], err);
    if (st) {
        manifest_free(m);
        return st;
    }
    *ret = m;
    return STATUS_OK;
}

void manifest_free(struct manifest *m)
{
    if (!m) return;
    for (size_t i = 0; i < m->count; i++)
        mem_free(m->names[i]);
    for (size_t i = 0; i < m->ignored_count; i++)
        mem_free(m->ignored[i]);
    mem_free(m->names);
    mem_free(m->files);
    mem_free(m->ignored);
    mem_free(m->name);
    mem_free(m);
}

/* Parts that are neither empty nor "." nor "..", with '/' between them. "." alone is a model of one file
 * in bundles of the Python library. */
static bool good_name(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > MANIFEST_NAME_BYTES_MAX || !utf8_valid(name, len)) return false;
    if (strcmp(name, MANIFEST_SELF) == 0) return true;
    for (const char *at = name;;) {
        size_t part = strcspn(at, "/");
        if (part == 0 || (part <= 2 && strncmp(at, "..", part) == 0)) return false;
        at += part;
        if (!*at) return true;
        at++;
    }
}

static bool grow(struct manifest *m)
{
    size_t more = m->capacity ? m->capacity * 2 : 64;
    char **names = mem_resize(m->names, more, sizeof *names);
    if (names) m->names = names;
    struct manifest_file *files = names ? mem_resize(m->files, more, sizeof *files) : NULL;
    if (!files) return false;
    m->files = files;
    m->capacity = more;
    return true;
}

enum status manifest_add(struct manifest *m, const char *name, const uint8_t sha256[SHA256_BYTES],
                         struct error *err)
{
    if (!good_name(name))
        return error_set(err, STATUS_BAD_INPUT,
                         "\"%.200s\" is no name of a file in a model: it must be relative, UTF-8, "
                         "and stay in the folder",
                         name);
    if (m->count == MANIFEST_FILES_MAX)
        return error_set(err, STATUS_LIMIT, "a model has at most %d files", MANIFEST_FILES_MAX);
    if (m->count == m->capacity && !grow(m)) return no_memory(err);
    char *copy = mem_copy_text(name, strlen(name));
    if (!copy) return no_memory(err);
    m->names[m->count] = copy;
    m->files[m->count].name = copy;
    memcpy(m->files[m->count].sha256, sha256, SHA256_BYTES);
    m->count++;
    return STATUS_OK;
}

enum status manifest_ignore(struct manifest *m, const char *path, struct error *err)
{
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    for (size_t i = 0; i < m->ignored_count; i++)
        if (strlen(m->ignored[i]) == len && strncmp(m->ignored[i], path, len) == 0)
            return STATUS_OK;
    if (m->ignored_count == MANIFEST_IGNORED_MAX)
        return error_set(err, STATUS_LIMIT, "at most %d paths can be left out",
                         MANIFEST_IGNORED_MAX);
    char *copy = mem_copy_text(path, len);
    char **more = copy ? mem_resize(m->ignored, m->ignored_count + 1, sizeof *more) : NULL;
    if (more) m->ignored = more;
    if (!more) {
        mem_free(copy);
        return no_memory(err);
    }
    if (!good_name(copy) || strcmp(copy, MANIFEST_SELF) == 0) {
        mem_free(copy);
        return error_set(err, STATUS_BAD_INPUT, "\"%.200s\" is no path in a model to leave out",
                         path);
    }
    m->ignored[m->ignored_count++] = copy;
    return STATUS_OK;
}

bool manifest_ignores(const struct manifest *m, const char *name)
{
    for (size_t i = 0; i < m->ignored_count; i++) {
        size_t len = strlen(m->ignored[i]);
        if (strncmp(name, m->ignored[i], len) == 0 && (!name[len] || name[len] == '/')) return true;
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    const struct manifest_file *x = a, *y = b;
    return strcmp(x->name, y->name); /* bytes of UTF-8 are in the order of code points */
}

enum status manifest_seal(struct manifest *m, struct error *err)
{
    if (m->count == 0)
        return error_set(err, STATUS_BAD_INPUT, "%s holds no file that could be signed", m->name);
    qsort(m->files, m->count, sizeof *m->files, by_name);
    for (size_t i = 1; i < m->count; i++)
        if (strcmp(m->files[i - 1].name, m->files[i].name) == 0)
            return error_set(err, STATUS_BAD_INPUT, "%.200s stands twice in the list of files",
                             m->files[i].name);
    return STATUS_OK;
}

const char *manifest_name(const struct manifest *m)
{
    return m->name;
}

size_t manifest_file_count(const struct manifest *m)
{
    return m->count;
}

const struct manifest_file *manifest_file(const struct manifest *m, size_t i)
{
    return &m->files[i];
}

const struct manifest_file *manifest_find(const struct manifest *m, const char *name)
{
    struct manifest_file wanted = { .name = name };
    return m->count ? bsearch(&wanted, m->files, m->count, sizeof *m->files, by_name) : NULL;
}

size_t manifest_ignored_count(const struct manifest *m)
{
    return m->ignored_count;
}

const char *manifest_ignored(const struct manifest *m, size_t i)
{
    return m->ignored[i];
}

enum status manifest_root(const struct manifest *m, uint8_t ret[SHA256_BYTES], struct error *err)
{
    struct sha256 *sum;
    enum status st = sha256_new(&sum, err);
    if (st) return st;
    for (size_t i = 0; i < m->count && !st; i++)
        st = sha256_update(sum, m->files[i].sha256, SHA256_BYTES, err);
    if (!st) st = sha256_final(sum, ret, err);
    sha256_free(sum);
    return st;
}

/* ---- comparing ---- */

struct differences {
    struct buf text;
    size_t count;
};

static void differ(struct differences *d, const char *name, const char *words)
{
    if (d->count++ < SHOWN_MAX)
        buf_format(&d->text, "%s%.100s %s", d->text.len ? "; " : "", name, words);
}

/* A model of one file: by its own name, or "." in bundles of the Python library. */
static bool is_one_file(const struct manifest *wanted, const struct manifest *found)
{
    return wanted->count == 1 && found->is_file &&
           strcmp(wanted->files[0].name, MANIFEST_SELF) == 0;
}

enum status manifest_compare(const struct manifest *wanted, const struct manifest *found,
                             bool extra_allowed, struct error *err)
{
    struct differences d = { .text = BUF_INIT(4096) };
    bool one = is_one_file(wanted, found);
    for (size_t i = 0; i < wanted->count; i++) {
        const struct manifest_file *w = &wanted->files[i];
        const struct manifest_file *f = one ? &found->files[0] : manifest_find(found, w->name);
        if (!f) differ(&d, w->name, "is missing");
        else if (memcmp(f->sha256, w->sha256, SHA256_BYTES) != 0)
            differ(&d, w->name, "has other bytes");
    }
    for (size_t i = 0; i < found->count && !extra_allowed && !one; i++)
        if (!manifest_find(wanted, found->files[i].name))
            differ(&d, found->files[i].name, "was not signed");
    enum status st = STATUS_OK;
    if (d.count > SHOWN_MAX) buf_format(&d.text, "; and %zu more", d.count - SHOWN_MAX);
    if (d.count)
        st = error_set(err, STATUS_FAILED, "the model is not what was signed: %s",
                       d.text.data ? d.text.data : "");
    buf_release(&d.text);
    return st;
}
