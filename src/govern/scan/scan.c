/* The findings of a scan: noted, limited, sorted, written.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/scan/scan.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/core/file.h"
#include "base/core/utf8.h"
#include "govern/scan/scan_inner.h"

static const struct {
    const char *name, *next;
} rules[] = {
#define SCAN_RULE(symbol, name, next) [SCAN_RULE_##symbol] = { name, next },
#include "govern/scan/scan_rule_list.h"
#undef SCAN_RULE
};

const char *scan_rule_name(enum scan_rule_id id)
{
    return (unsigned)id < SCAN_RULE_COUNT ? rules[id].name : "?";
}

const char *scan_answer_name(enum scan_answer a)
{
    static const char *const names[] = { "note", "ask", "deny" };
    return (unsigned)a < 3 ? names[a] : "?";
}

enum status scan_new(struct scan **ret, struct error *err)
{
    struct scan *s = mem_zero(sizeof *s);
    if (!s) return error_set(err, STATUS_NO_MEMORY, "no memory for a scan");
    arena_init(&s->names, SCAN_NAMES_BYTES_MAX);
    *ret = s;
    return STATUS_OK;
}

void scan_free(struct scan *s)
{
    if (!s) return;
    arena_release(&s->names);
    mem_free(s->findings);
    mem_free(s);
}

/* ---- texts ---- */

const char *scan_part_name(const struct scan_part *p)
{
    const char *name = p->name ? p->name : p->file;
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

bool scan_name_ends(const char *name, const char *end)
{
    size_t len = strlen(name), n = strlen(end);
    return len >= n && strcasecmp(name + len - n, end) == 0;
}

bool scan_begins(struct span text, const char *word)
{
    size_t n = strlen(word);
    return text.len >= n && memcmp(text.data, word, n) == 0;
}

const char *scan_find(const char *text, size_t len, const char *word)
{
    size_t n = strlen(word);
    const char *at = text, *end = text + len;
    while ((size_t)(end - at) >= n) {
        const char *hit = memchr(at, word[0], (size_t)(end - at) - n + 1);
        if (!hit) return NULL;
        if (memcmp(hit, word, n) == 0) return hit;
        at = hit + 1;
    }
    return NULL;
}

bool scan_leaves_folder(struct span name)
{
    if (name.len && (name.data[0] == '/' || memchr(name.data, '\\', name.len))) return true;
    if (name.len > 1 && name.data[1] == ':') return true;
    for (size_t i = 0; i + 1 < name.len; i++)
        if (name.data[i] == '.' && name.data[i + 1] == '.' && (i == 0 || name.data[i - 1] == '/') &&
            (i + 2 == name.len || name.data[i + 2] == '/'))
            return true;
    return false;
}

bool scan_invisible(uint32_t c)
{
    return (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x206F) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF ||
           c == 0x00AD || c == 0x034F || c == 0x061C || c == 0x115F || c == 0x1160 || c == 0x180E ||
           c == 0x3164 || c == 0xFFA0 || (c >= 0xE0000 && c <= 0xE0FFF);
}

/* One character at bytes[0..]; returns how many bytes it took. */
static size_t quote_one(char out[16], const char *bytes, size_t len)
{
    uint32_t c;
    int n = utf8_decode(bytes, len, &c);
    if (n == 0) {
        snprintf(out, 16, "\\x%02x", (unsigned char)bytes[0]);
        return 1;
    }
    if (c == '\n') snprintf(out, 16, "\\n");
    else if (c == '\t') snprintf(out, 16, "\\t");
    else if (c < 0x20 || (c >= 0x7F && c < 0xA0)) snprintf(out, 16, "\\x%02x", (unsigned)c);
    else if (scan_invisible(c)) snprintf(out, 16, "<U+%04X>", (unsigned)c);
    else snprintf(out, 16, "%.*s", n, bytes);
    return (size_t)n;
}

void scan_quote(char *out, size_t out_bytes, struct span bytes)
{
    size_t at = 0, used = 0;
    char one[16];
    assert(out_bytes > 4);
    out[0] = 0;
    while (at < bytes.len) {
        at += quote_one(one, bytes.data + at, bytes.len - at);
        size_t n = strlen(one);
        if (used + n + (at < bytes.len ? 4 : 1) > out_bytes) {
            memcpy(out + used, "...", 4);
            return;
        }
        memcpy(out + used, one, n + 1);
        used += n;
    }
}

/* ---- findings ---- */

static struct scan_finding *new_finding(struct scan *s)
{
    if (s->count == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 16;
        struct scan_finding *wider = mem_resize(s->findings, cap, sizeof *wider);
        if (!wider) {
            s->failed = true;
            return NULL;
        }
        s->findings = wider;
        s->cap = cap;
    }
    return &s->findings[s->count++];
}

static bool is_known(const struct scan *s, const struct scan_finding *f)
{
    for (size_t i = s->file_first; i < s->count; i++) {
        const struct scan_finding *old = &s->findings[i];
        if (old->rule == f->rule && old->answer == f->answer && strcmp(old->quote, f->quote) == 0 &&
            strcmp(old->reason, f->reason) == 0)
            return true;
    }
    return false;
}

/* A stricter finding takes the place of a milder one where no more fit. */
static void replace_milder(struct scan *s, size_t first, const struct scan_finding *f)
{
    for (size_t i = first; i < s->count; i++)
        if (s->findings[i].answer < f->answer) {
            s->findings[i] = *f;
            return;
        }
}

static void note(struct scan *s, const struct scan_finding *f)
{
    if (f->answer > s->worst) s->worst = f->answer;
    if (is_known(s, f)) return;
    if (s->count - s->file_first >= SCAN_FILE_FINDINGS_MAX) {
        s->file_omitted++;
        replace_milder(s, s->file_first, f);
        return;
    }
    if (s->count >= SCAN_FINDINGS_MAX - 1) {
        s->omitted++;
        replace_milder(s, 0, f);
        return;
    }
    struct scan_finding *new = new_finding(s);
    if (new) *new = *f;
}

void scan_add(struct scan *s, const struct scan_part *p, enum scan_rule_id rule,
              enum scan_answer answer, size_t at, struct span quote, const char *format, ...)
{
    struct scan_finding f = { .rule = rule, .answer = answer, .file = p->file };
    char words[400], line[512];
    va_list args;
    f.at = p->elsewhere ? p->at : p->at + at;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    if (p->name) snprintf(line, sizeof line, "%.100s: %s", p->name, words);
    else snprintf(line, sizeof line, "%s", words);
    scan_quote(f.reason, sizeof f.reason, span_of(line));
    scan_quote(f.quote, sizeof f.quote, quote);
    snprintf(f.next, sizeof f.next, "%s", rules[rule].next);
    note(s, &f);
}

static int compare(const void *a, const void *b)
{
    const struct scan_finding *x = a, *y = b;
    if (x->answer != y->answer) return x->answer > y->answer ? -1 : 1;
    if ((x->rule == SCAN_RULE_MORE) != (y->rule == SCAN_RULE_MORE))
        return x->rule == SCAN_RULE_MORE ? 1 : -1;
    int by_file = strcmp(x->file, y->file);
    if (by_file) return by_file;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    if (x->rule != y->rule) return x->rule < y->rule ? -1 : 1;
    return strcmp(x->quote, y->quote);
}

static void say_omitted(struct scan *s)
{
    struct scan_finding *f = s->omitted ? new_finding(s) : NULL;
    if (!f) return;
    *f = (struct scan_finding){ .rule = SCAN_RULE_MORE, .answer = s->worst, .file = "" };
    snprintf(f->reason, sizeof f->reason, "%llu more findings are not listed, %d are",
             (unsigned long long)s->omitted, SCAN_FINDINGS_MAX - 1);
    snprintf(f->next, sizeof f->next, "%s", rules[SCAN_RULE_MORE].next);
    s->omitted = 0;
}

void scan_seal(struct scan *s)
{
    say_omitted(s);
    s->file_first = s->count;
    if (s->count) qsort(s->findings, s->count, sizeof *s->findings, compare);
}

size_t scan_count(const struct scan *s)
{
    return s->count;
}

const struct scan_finding *scan_at(const struct scan *s, size_t i)
{
    assert(i < s->count);
    return &s->findings[i];
}

enum scan_answer scan_answer_of(const struct scan *s)
{
    return s->worst;
}

void scan_write(struct json_writer *w, const struct scan *s)
{
    json_open_array(w);
    for (size_t i = 0; i < s->count; i++) {
        const struct scan_finding *f = &s->findings[i];
        json_open_object(w);
        json_key(w, "rule");
        json_put_string(w, scan_rule_name(f->rule));
        json_key(w, "answer");
        json_put_string(w, scan_answer_name(f->answer));
        json_key(w, "file");
        json_put_string(w, f->file);
        json_key(w, "at");
        json_put_int(w, (int64_t)f->at);
        json_key(w, "reason");
        json_put_string(w, f->reason);
        json_key(w, "quote");
        json_put_string(w, f->quote);
        json_key(w, "next");
        json_put_string(w, f->next);
        json_close_object(w);
    }
    json_close_array(w);
}

/* ---- files ---- */

static const char *keep_name(struct scan *s, const char *name, struct error *err)
{
    size_t len = strlen(name);
    if (len > SCAN_NAME_BYTES_MAX) {
        error_set(err, STATUS_LIMIT, "the file name \"%.100s...\" is longer than %d bytes", name,
                  SCAN_NAME_BYTES_MAX);
        return NULL;
    }
    const char *kept = arena_copy_text(&s->names, name, len);
    if (!kept) error_set(err, STATUS_NO_MEMORY, "no memory for the names of a scan's files");
    return kept;
}

static enum status look(struct scan *s, const char *name, const uint8_t *data, size_t len,
                        struct error *err)
{
    struct error why = { STATUS_OK, "" };
    const struct scan_part whole = { .file = keep_name(s, name, &why), .data = data, .len = len };
    if (!whole.file) return error_set(err, why.status, "%s", why.text);
    s->file_first = s->count;
    s->file_omitted = 0;
    scan_look(s, &whole);
    if (s->file_omitted) {
        uint64_t omitted = s->file_omitted;
        s->file_first = s->count; /* one more than the file's share */
        scan_add(s, &whole, SCAN_RULE_MORE, SCAN_NOTE, 0, (struct span){ 0 },
                 "%llu more findings in this file are not listed, %d are",
                 (unsigned long long)omitted, SCAN_FILE_FINDINGS_MAX);
    }
    if (s->failed) return error_set(err, STATUS_NO_MEMORY, "no memory to scan %.300s", name);
    return STATUS_OK;
}

enum status scan_bytes(struct scan *s, const char *name, const void *data, size_t len,
                       struct error *err)
{
    return look(s, name, data, len, err);
}

static void look_at_mode(struct scan *s, const char *name, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !(st.st_mode & 0111)) return;
    const struct scan_part whole = { .file = arena_copy_text(&s->names, name, strlen(name)) };
    if (!whole.file) s->failed = true;
    else
        scan_add(s, &whole, SCAN_RULE_EXECUTABLE_BIT, SCAN_NOTE, 0, (struct span){ 0 },
                 "the file may be executed (mode %o)", (unsigned)(st.st_mode & 0777));
}

enum status scan_file(struct scan *s, const char *name, int fd, uint64_t bytes, struct error *err)
{
    struct file_map map;
    int copy;
    enum status st = file_descriptor_copy(fd, name, &copy, err);
    if (st) return st;
    st = file_map_fd(&map, copy, name, err);
    if (st) {
        file_close(copy);
        return st;
    }
    if (map.len != bytes)
        st = error_set(err, STATUS_BAD_INPUT,
                       "%.300s has %zu bytes by now, and not %llu: somebody writes to it", name,
                       map.len, (unsigned long long)bytes);
    if (!st) st = look(s, name, map.data, map.len, err);
    if (!st) look_at_mode(s, name, fd);
    file_unmap(&map);
    return st;
}
