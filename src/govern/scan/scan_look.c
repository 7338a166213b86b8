/* What a file or an entry of an archive is, and who reads it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "govern/scan/scan_inner.h"
#include "govern/scan/scan_kind.h"

static const struct span nothing = { 0 };

static void look_at_program(struct scan *s, const struct scan_part *p, const char *words)
{
    scan_add(s, p, SCAN_RULE_PROGRAM, SCAN_DENY, 0, nothing, "it is %s", words);
}

static struct span first_line(const struct scan_part *p)
{
    const char *text = (const char *)p->data;
    size_t len = p->len < 200 ? p->len : 200;
    const char *end = len ? memchr(text, '\n', len) : NULL;
    return (struct span){ text, end ? (size_t)(end - text) : len };
}

/* ---- by name ---- */

static void look_at_graph(struct scan *s, const struct scan_part *p)
{
    const char *name = scan_part_name(p);
    if (scan_name_ends(name, ".onnx")) scan_onnx(s, p);
    else if (!scan_name_ends(name, ".tflite"))
        scan_add(s, p, SCAN_RULE_GRAPH, SCAN_ASK, 0, nothing,
                 "a graph for another engine, which may read and write files or hold machine code");
}

static void look_at_script(struct scan *s, const struct scan_part *p)
{
    scan_add(s, p, SCAN_RULE_SCRIPT, SCAN_ASK, 0, first_line(p),
             "a script: Hearth never runs it; people might");
    scan_text(s, p, PLACE_CODE, false);
}

static void look_at_python(struct scan *s, const struct scan_part *p)
{
    scan_add(s, p, SCAN_RULE_PYTHON, SCAN_ASK, 0, first_line(p),
             "Python code: Hearth never runs it; other tools would");
    scan_text(s, p, PLACE_CODE, false);
}

static void look_at_template(struct scan *s, const struct scan_part *p)
{
    scan_template(s, p);
    scan_text(s, p, PLACE_CODE, false);
}

static void look_at_yaml(struct scan *s, const struct scan_part *p)
{
    scan_yaml_calls(s, p);
    scan_text(s, p, PLACE_PROSE, false);
}

/* Git LFS leaves a text of a few lines where the file itself was not fetched. */
static bool is_lfs_pointer(const struct scan_part *p)
{
    static const char first[] = "version https://git-lfs";
    return p->len < 1024 && p->len >= sizeof first - 1 &&
           memcmp(p->data, first, sizeof first - 1) == 0;
}

static void not_as_named(struct scan *s, const struct scan_part *p, const char *words)
{
    if (is_lfs_pointer(p))
        scan_add(s, p, SCAN_RULE_UNREADABLE, SCAN_ASK, 0, first_line(p),
                 "it is a pointer of Git LFS, not the file itself");
    else
        scan_add(s, p, SCAN_RULE_UNREADABLE, SCAN_ASK, 0, nothing,
                 "it is called like %s, but is none", words);
}

/* ---- bytes without a magic number ---- */

static void look_by_name(struct scan *s, const struct scan_part *p, enum scan_promise promise)
{
    switch (promise) {
    case PROMISE_PYTHON: look_at_python(s, p); break;
    case PROMISE_SCRIPT: look_at_script(s, p); break;
    case PROMISE_GRAPH: look_at_graph(s, p); break;
    case PROMISE_TEMPLATE: look_at_template(s, p); break;
    case PROMISE_JSON: scan_json(s, p); break;
    case PROMISE_YAML: look_at_yaml(s, p); break;
    case PROMISE_TEXT: scan_text(s, p, PLACE_PROSE, false); break;
    case PROMISE_PICKLE: not_as_named(s, p, "a pickle or an archive of PyTorch"); break;
    case PROMISE_SAFETENSORS: not_as_named(s, p, "a safetensors file"); break;
    case PROMISE_GGUF: not_as_named(s, p, "a GGUF file"); break;
    default: break;
    }
}

/* Names that promise data which nobody could run. */
static bool promises_data(enum scan_promise promise)
{
    return promise == PROMISE_SAFETENSORS || promise == PROMISE_GGUF || promise == PROMISE_JSON ||
           promise == PROMISE_YAML || promise == PROMISE_TEXT || promise == PROMISE_TEMPLATE ||
           promise == PROMISE_IMAGE || promise == PROMISE_NUMPY;
}

static void judge_lie(struct scan *s, const struct scan_part *p, enum scan_promise promise,
                      const char *words)
{
    if (promises_data(promise))
        scan_add(s, p, SCAN_RULE_NAME_LIES, SCAN_DENY, 0, nothing,
                 "the name promises data, but it is %s", words);
}

static void look_at_unknown(struct scan *s, const struct scan_part *p, enum scan_promise promise)
{
    bool pickle = scan_pickle(s, p, promise == PROMISE_PICKLE);
    if (pickle) judge_lie(s, p, promise, "a pickle");
    if (!pickle || promise == PROMISE_PYTHON) look_by_name(s, p, promise);
}

/* ---- bytes with one ---- */

static void look_at_safetensors(struct scan *s, const struct scan_part *p)
{
    size_t len = 0;
    for (int i = 7; i >= 0; i--)
        len = len << 8 | p->data[i];
    struct scan_part header = *p;
    header.data += 8;
    header.len = len < SCAN_TEXT_BYTES_MAX ? len : SCAN_TEXT_BYTES_MAX;
    if (!header.elsewhere) header.at += 8;
    scan_text(s, &header, PLACE_PROSE, true);
}

static void look_at_archive(struct scan *s, const struct scan_part *p, enum scan_kind kind,
                            const char *words)
{
    if (kind == KIND_TAR) scan_tar(s, p);
    else if (kind != KIND_ZIP || !scan_zip(s, p, true))
        scan_add(s, p, SCAN_RULE_ARCHIVE, SCAN_ASK, 0, nothing,
                 "it is %s, which cannot be looked into", words);
}

static void look_at_kind(struct scan *s, const struct scan_part *p, enum scan_promise promise,
                         enum scan_kind kind, const char *words)
{
    switch (kind) {
    case KIND_PROGRAM: look_at_program(s, p, words); break;
    case KIND_SCRIPT:
        if (promise == PROMISE_PYTHON) look_at_python(s, p);
        else look_at_script(s, p);
        break;
    case KIND_ZIP:
    case KIND_TAR:
    case KIND_COMPRESSED:
        judge_lie(s, p, promise, words);
        look_at_archive(s, p, kind, words);
        break;
    case KIND_GGUF: scan_gguf(s, p); break;
    case KIND_SAFETENSORS: look_at_safetensors(s, p); break;
    case KIND_HDF5:
        judge_lie(s, p, promise, words);
        scan_hdf5(s, p);
        break;
    case KIND_NUMPY: scan_numpy(s, p); break;
    case KIND_EMPTY: break;
    case KIND_UNKNOWN: look_at_unknown(s, p, promise); break;
    }
}

/* Names are texts too. */
static void look_at_name(struct scan *s, const struct scan_part *p)
{
    const char *name = p->name ? p->name : p->file;
    struct scan_part text = *p;
    text.data = (const uint8_t *)name;
    text.len = strlen(name);
    text.name = "the name itself";
    text.elsewhere = true;
    scan_text(s, &text, PLACE_CODE, false);
}

/* Some magic numbers are opcodes too, and the name of a tar's first entry can be anything: Python's pickle.load
 * does not ask what else a file is. (A zip's first opcode is one that it refuses.) */
static void look_for_both(struct scan *s, const struct scan_part *p, enum scan_kind kind,
                          const char *words)
{
    if (kind == KIND_ZIP || kind == KIND_EMPTY || kind == KIND_UNKNOWN) return;
    if (scan_pickle(s, p, false))
        scan_add(s, p, SCAN_RULE_NAME_LIES, SCAN_DENY, 0, nothing, "it is %s, and a pickle as well",
                 words);
}

void scan_look(struct scan *s, const struct scan_part *p)
{
    const char *words;
    enum scan_promise promise = scan_promise(scan_part_name(p));
    enum scan_kind kind = scan_kind(p->data, p->len, &words);
    if (p->depth == 0 || p->name) look_at_name(s, p);
    if (promise == PROMISE_PROGRAM && kind != KIND_PROGRAM)
        look_at_program(s, p, "called like a program or library");
    look_at_kind(s, p, promise, kind, words);
    look_for_both(s, p, kind, words);
    if (kind != KIND_ZIP && kind != KIND_TAR && scan_zip(s, p, false))
        judge_lie(s, p, promise, "a zip archive at its end");
}
