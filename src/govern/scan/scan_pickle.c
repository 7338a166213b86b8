/* Pickles: what they import and call, judged by name.
 * SPDX-License-Identifier: Apache-2.0
 *
 * torch.save wrote five pickles one after the other and then the numbers, until it wrote zip archives
 * (torch/serialization.py, _legacy_save); such a file is known by the number in its first pickle. */
#include <stdio.h>
#include <string.h>

#include "govern/scan/pickle_walk.h"
#include "govern/scan/scan_inner.h"

#define PICKLES_MAX     64 /* one after the other in a file */
#define LEGACY_PICKLES  5
#define NAMES_BYTES_MAX 200

/* PROTO 2, LONG1 of ten bytes: 0x1950a86a20f9469cfc6c, STOP */
static const uint8_t legacy_magic[] = { 0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46,
                                        0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.' };

struct known {
    const char *module, *names; /* NULL names: the module and all below it */
};

static const struct known harmless[] = {
#define IMPORT_HARMLESS(module, names) { module, names },
#define IMPORT_DANGEROUS(module)
#define IMPORT_DANGEROUS_NAME(module, names)
#include "govern/scan/pickle_import_list.h"
#undef IMPORT_HARMLESS
#undef IMPORT_DANGEROUS
#undef IMPORT_DANGEROUS_NAME
};

static const struct known dangerous[] = {
#define IMPORT_HARMLESS(module, names)
#define IMPORT_DANGEROUS(module)             { module, NULL },
#define IMPORT_DANGEROUS_NAME(module, names) { module, names },
#include "govern/scan/pickle_import_list.h"
#undef IMPORT_HARMLESS
#undef IMPORT_DANGEROUS
#undef IMPORT_DANGEROUS_NAME
};

/* ---- judging an import ---- */

static bool listed(const char *names, struct span name)
{
    char wanted[NAMES_BYTES_MAX];
    if (!name.len || name.len + 3 > sizeof wanted || memchr(name.data, ' ', name.len)) return false;
    wanted[0] = ' ';
    memcpy(wanted + 1, name.data, name.len);
    memcpy(wanted + 1 + name.len, " ", 2);
    return strstr(names, wanted) != NULL;
}

static bool at_or_below(struct span module, const char *known)
{
    size_t n = strlen(known);
    return module.len >= n && memcmp(module.data, known, n) == 0 &&
           (module.len == n || module.data[n] == '.');
}

static bool is_harmless(const struct pickle_import *p)
{
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (span_equals(p->module, harmless[i].module) && listed(harmless[i].names, p->name))
            return true;
    return false;
}

/* The part of a dotted text up to the next dot; *rest is what follows. */
static struct span next_part(struct span *rest)
{
    const char *dot = rest->len ? memchr(rest->data, '.', rest->len) : NULL;
    struct span part = { rest->data, dot ? (size_t)(dot - rest->data) : rest->len };
    size_t taken = part.len + (dot != NULL);
    *rest = (struct span){ rest->data + taken, rest->len - taken };
    return part;
}

/* "torch.serialization" "os.system": protocol 4 looks such names up part by part, from any module that happens to
 * have imported another. */
static bool reaches_on(struct span name)
{
    static const char *const doors[] = {
        "os",     "posix",   "sys",        "subprocess", "builtins", "importlib",
        "socket", "shutil",  "ctypes",     "eval",       "exec",     "system",
        "popen",  "getattr", "__import__", "open",       "pickle",
    };
    if (!name.len || !memchr(name.data, '.', name.len)) return false;
    while (name.len) {
        struct span part = next_part(&name);
        for (size_t i = 0; i < sizeof doors / sizeof *doors; i++)
            if (span_equals(part, doors[i])) return true;
    }
    return false;
}

static bool has_dunder(struct span name)
{
    while (name.len) {
        struct span part = next_part(&name);
        if (part.len > 4 && memcmp(part.data, "__", 2) == 0 &&
            memcmp(part.data + part.len - 2, "__", 2) == 0)
            return true;
    }
    return false;
}

const char *scan_import_danger(struct span module, struct span name)
{
    for (size_t i = 0; i < sizeof dangerous / sizeof *dangerous; i++) {
        const struct known *k = &dangerous[i];
        struct span rest = name, first = next_part(&rest);
        if (k->names ? span_equals(module, k->module) && listed(k->names, first)
                     : at_or_below(module, k->module))
            return k->names ? "runs code, opens files or reaches other objects"
                            : "of a module that runs commands or code, or opens files or sockets";
    }
    if (reaches_on(name)) return "reaches on to another module by its name";
    if (has_dunder(name)) return "reaches into Python itself";
    return NULL;
}

static struct span import_quote(const struct pickle_import *p, char out[512])
{
    int n = snprintf(out, 512, "%.*s %.*s", (int)(p->module.len < 200 ? p->module.len : 200),
                     p->module.data, (int)(p->name.len < 200 ? p->name.len : 200), p->name.data);
    return (struct span){ out, n > 0 ? (size_t)n : 0 };
}

static bool judge_import(struct scan *s, const struct scan_part *p, const struct pickle_import *i,
                         size_t at)
{
    char text[512];
    struct span quote = import_quote(i, text);
    const char *uses = i->called ? "and calls" : "without calling";
    const char *why = scan_import_danger(i->module, i->name);
    if (i->built)
        scan_add(s, p, SCAN_RULE_PICKLE_CALL, SCAN_DENY, at, quote,
                 "the pickle changes a thing that it imports, for the whole program");
    if (is_harmless(i)) return true;
    if (why)
        scan_add(s, p, SCAN_RULE_PICKLE_IMPORT, SCAN_DENY, at, quote,
                 "the pickle imports %s a name %s", uses, why);
    else
        scan_add(s, p, SCAN_RULE_PICKLE_IMPORT, SCAN_ASK, at, quote,
                 "the pickle imports %s a name that is not known to be harmless", uses);
    return false;
}

/* ---- judging a pickle ---- */

static void judge_sight(struct scan *s, const struct scan_part *p, size_t begin,
                        const struct pickle_sight *sight, enum scan_answer answer,
                        const char *words)
{
    if (sight->count)
        scan_add(s, p, SCAN_RULE_PICKLE_CALL, answer, begin + sight->at, (struct span){ 0 },
                 "%s (%llu times)", words, (unsigned long long)sight->count);
}

static void judge_end(struct scan *s, const struct scan_part *p, size_t begin,
                      const struct pickle_walk *w)
{
    if (w->ended) return;
    scan_add(s, p, w->past_limit ? SCAN_RULE_LIMIT : SCAN_RULE_PICKLE_DAMAGED, SCAN_ASK,
             begin + w->end, (struct span){ 0 },
             "the pickle cannot be followed to its end: %s; what lies behind was not looked at",
             w->fault);
}

/* Returns how many imports were harmless. */
static size_t judge(struct scan *s, const struct scan_part *p, size_t begin,
                    const struct pickle_walk *w)
{
    size_t good = 0;
    for (size_t i = 0; i < w->import_count; i++)
        good += judge_import(s, p, &w->imports[i], begin + w->imports[i].at);
    judge_sight(s, p, begin, &w->computed_names, SCAN_DENY,
                "the pickle imports by a name that it computes");
    judge_sight(s, p, begin, &w->extensions, SCAN_ASK,
                "the pickle imports by number, from a table that only its writer knows");
    judge_sight(s, p, begin, &w->computed_calls, SCAN_ASK,
                "the pickle calls what is no import, but came out of a call or a container");
    judge_end(s, p, begin, w);
    return good;
}

/* ---- pickles and archives in bytes ---- */

/* Bytes lie in the pickle; texts that had escapes do not, and have no place of their own. */
static void look_nested(struct scan *s, const struct scan_part *p, struct span bytes)
{
    const uint8_t *data = (const uint8_t *)bytes.data;
    bool inside = data >= p->data && data < p->data + p->len;
    const struct scan_part part = {
        .file = p->file,
        .name = "bytes in the pickle",
        .data = data,
        .len = bytes.len,
        .at = p->at + (inside && !p->elsewhere ? (uint64_t)(data - p->data) : 0),
        .elsewhere = !inside || p->elsewhere,
        .depth = p->depth + 1,
    };
    if (part.depth > SCAN_DEPTH_MAX)
        scan_add(s, p, SCAN_RULE_LIMIT, SCAN_ASK, 0, (struct span){ 0 },
                 "pickles or archives lie in each other deeper than %d", SCAN_DEPTH_MAX);
    else scan_look(s, &part);
}

static void look_at_nested(struct scan *s, const struct scan_part *p, const struct pickle_walk *w)
{
    for (uint64_t i = 0; i < w->nested_count && i < PICKLE_NESTED_MAX; i++)
        look_nested(s, p, w->nested[i]);
    if (w->nested_count > PICKLE_NESTED_MAX)
        scan_add(s, p, SCAN_RULE_LIMIT, SCAN_ASK, 0, (struct span){ 0 },
                 "%llu pickles or archives lie in its bytes; %d were looked at",
                 (unsigned long long)w->nested_count, PICKLE_NESTED_MAX);
}

/* ---- files ---- */

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
}

/* Whether any text of a program could stand there: other files must not become pickles by accident. */
static bool imports_plausible(const struct pickle_walk *w)
{
    for (size_t i = 0; i < w->import_count; i++) {
        const struct span module = w->imports[i].module;
        for (size_t k = 0; k < module.len; k++)
            if (!is_name_byte(module.data[k])) return false;
        if (!module.len) return false;
    }
    return true;
}

/* A pickle that is not called one, does not begin like one, or is damaged: it must do what only pickles do. */
static bool is_pickle(const struct pickle_walk *w, const struct scan_part *p, bool named_so)
{
    bool begins = p->len >= 2 && p->data[0] == 0x80 && p->data[1] <= 5;
    if (begins && (named_so || w->ended)) return true;
    if (named_so && w->ended) return true;
    if (!imports_plausible(w)) return false;
    if (named_so && w->import_count) return true;
    return w->calls || (w->ended && (w->import_count || w->extensions.count));
}

/* Walks the pickle at `begin`; *ret_end is where it ends. False: it is none, or memory was short. */
static bool one_pickle(struct scan *s, const struct scan_part *p, size_t begin, bool named_so,
                       size_t *harmless_count, size_t *ret_end, bool *ret_ended)
{
    struct pickle_walk w;
    const struct scan_part rest = { .data = p->data + begin, .len = p->len - begin };
    bool failed = pickle_walk(&w, rest.data, rest.len, NULL) != STATUS_OK;
    bool found = !failed && is_pickle(&w, &rest, named_so);
    if (failed) s->failed = true;
    if (found) {
        *harmless_count += judge(s, p, begin, &w);
        *ret_end = begin + w.end;
        *ret_ended = w.ended;
        look_at_nested(s, p, &w);
    }
    pickle_walk_release(&w);
    return found;
}

static bool only_zeros(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (data[i]) return false;
    return true;
}

static void judge_trailing(struct scan *s, const struct scan_part *p, size_t end, size_t pickles)
{
    if (pickles > 1)
        scan_add(s, p, SCAN_RULE_PICKLE_TRAILING, SCAN_ASK, end, (struct span){ 0 },
                 "%zu pickles stand one after the other", pickles);
    if (end < p->len && !only_zeros(p->data + end, p->len - end))
        scan_add(s, p, SCAN_RULE_PICKLE_TRAILING, SCAN_ASK, end, (struct span){ 0 },
                 "%zu bytes stand behind the pickle, which were not looked at", p->len - end);
}

bool scan_pickle(struct scan *s, const struct scan_part *p, bool named_so)
{
    size_t end = 0, pickles = 0, good = 0;
    bool ended = true;
    bool legacy =
        p->len > sizeof legacy_magic && memcmp(p->data, legacy_magic, sizeof legacy_magic) == 0;
    size_t most = legacy ? LEGACY_PICKLES : PICKLES_MAX;
    while (ended && end < p->len && pickles < most &&
           one_pickle(s, p, end, pickles ? legacy : named_so || legacy, &good, &end, &ended))
        pickles++;
    if (!pickles) return false;
    scan_add(s, p, SCAN_RULE_PICKLE, SCAN_NOTE, 0, (struct span){ 0 },
             "a pickle%s: %zu harmless imports; Hearth does not load it",
             legacy ? " of torch.save in its old form" : "", good);
    if (ended && !legacy) judge_trailing(s, p, end, pickles);
    return true;
}
