/* Files that hold programs as data: numpy's arrays of objects, HDF5 of Keras, ONNX.
 * SPDX-License-Identifier: Apache-2.0
 *
 * numpy: "\x93NUMPY", version, length of the header, a header that names the type; 'O' is objects, as a pickle
 * (numpy/lib/format.py). ONNX: a protobuf message (onnx/onnx.proto): of the model the operator sets that it imports,
 * of the graph the files that its tensors lie in. */
#include <string.h>

#include "govern/scan/scan_inner.h"

#define HDF5_BYTES_MAX ((size_t)256 << 20)
#define ONNX_GRAPH     7
#define ONNX_OPSETS    8
#define ONNX_TENSORS   5  /* of a graph */
#define ONNX_EXTERNAL  13 /* of a tensor */

void scan_numpy(struct scan *s, const struct scan_part *p)
{
    size_t wide = p->len > 6 && p->data[6] >= 2 ? 4 : 2, len = 0;
    if (p->len < 8 + wide) return;
    for (size_t i = wide; i > 0; i--)
        len = len << 8 | p->data[8 + i - 1];
    if (len > p->len - 8 - wide || !memchr(p->data + 8 + wide, 'O', len)) return;
    struct scan_part objects = *p;
    size_t begin = 8 + wide + len;
    objects.data += begin;
    objects.len -= begin;
    if (!objects.elsewhere) objects.at += begin;
    if (!scan_pickle(s, &objects, true))
        scan_add(s, p, SCAN_RULE_UNREADABLE, SCAN_ASK, begin, (struct span){ 0 },
                 "a numpy array of objects, but no pickle of them");
}

void scan_hdf5(struct scan *s, const struct scan_part *p)
{
    const char *text = (const char *)p->data;
    size_t len = p->len < HDF5_BYTES_MAX ? p->len : HDF5_BYTES_MAX;
    const char *lambda = scan_find(text, len, "\"class_name\": \"Lambda\"");
    if (!lambda) lambda = scan_find(text, len, "\"class_name\":\"Lambda\"");
    if (lambda)
        scan_add(s, p, SCAN_RULE_KERAS_CODE, SCAN_DENY, (size_t)(lambda - text),
                 (struct span){ lambda, sizeof "\"class_name\":\"Lambda\"" - 1 },
                 "a Lambda layer of Keras holds Python code, which loading runs");
    else
        scan_add(s, p, SCAN_RULE_KERAS_CODE, SCAN_ASK, 0, (struct span){ 0 },
                 "an HDF5 file: where Keras wrote it, it can hold Python code; no Lambda layer was "
                 "seen in its first %zu bytes",
                 len);
}

/* ---- protobuf ---- */

struct message {
    const uint8_t *at, *end;
};

struct field {
    uint64_t number;
    struct message bytes; /* of a counted field; empty for numbers */
};

static bool read_varint(struct message *m, uint64_t *ret)
{
    uint64_t v = 0;
    for (int shift = 0; shift < 64 && m->at < m->end; shift += 7) {
        uint8_t byte = *m->at++;
        v |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *ret = v;
            return true;
        }
    }
    return false;
}

/* False at the end, and where the message is damaged: then at < end. */
static bool next_field(struct message *m, struct field *ret)
{
    uint64_t key, n = 0;
    struct message from = *m;
    if (m->at == m->end || !read_varint(&from, &key)) return false;
    *ret = (struct field){ .number = key >> 3 };
    switch (key & 7) {
    case 0:
        if (!read_varint(&from, &n)) return false;
        n = 0;
        break;
    case 1: n = 8; break;
    case 2:
        if (!read_varint(&from, &n)) return false;
        break;
    case 5: n = 4; break;
    default: return false;
    }
    if (n > (uint64_t)(from.end - from.at)) return false;
    if ((key & 7) == 2) ret->bytes = (struct message){ from.at, from.at + n };
    m->at = from.at + n;
    return true;
}

static struct span field_text(struct message m, uint64_t number)
{
    struct field f;
    while (next_field(&m, &f))
        if (f.number == number && f.bytes.at)
            return (struct span){ (const char *)f.bytes.at, (size_t)(f.bytes.end - f.bytes.at) };
    return (struct span){ 0 };
}

/* ---- ONNX ---- */

static void judge_opset(struct scan *s, const struct scan_part *p, struct message opset)
{
    static const char *const known[] = { "ai.onnx",
                                         "ai.onnx.ml",
                                         "ai.onnx.training",
                                         "ai.onnx.preview.training",
                                         "com.microsoft",
                                         "com.microsoft.nchwc",
                                         "com.microsoft.experimental",
                                         "com.ms.internal.nhwc" };
    struct span domain = field_text(opset, 1);
    if (!domain.len) return; /* ONNX itself */
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (span_equals(domain, known[i])) return;
    scan_add(s, p, SCAN_RULE_GRAPH, SCAN_ASK, (size_t)(opset.at - p->data), domain,
             "the ONNX graph needs operations that are no part of ONNX: a library must bring them");
}

static void judge_tensor(struct scan *s, const struct scan_part *p, struct message tensor)
{
    struct field f;
    while (next_field(&tensor, &f)) {
        if (f.number != ONNX_EXTERNAL || !f.bytes.at) continue;
        struct span key = field_text(f.bytes, 1), value = field_text(f.bytes, 2);
        if (key.len && span_equals(key, "location") && scan_leaves_folder(value))
            scan_add(s, p, SCAN_RULE_GRAPH, SCAN_DENY, (size_t)(f.bytes.at - p->data), value,
                     "a tensor of the ONNX graph lies in a file outside of the model's folder");
    }
}

static bool judge_graph(struct scan *s, const struct scan_part *p, struct message graph)
{
    struct field f;
    while (next_field(&graph, &f))
        if (f.number == ONNX_TENSORS && f.bytes.at) judge_tensor(s, p, f.bytes);
    return graph.at == graph.end;
}

void scan_onnx(struct scan *s, const struct scan_part *p)
{
    struct message model = { p->data, p->data + p->len };
    struct field f;
    bool whole = true;
    if (!p->len) return;
    while (next_field(&model, &f)) {
        if (!f.bytes.at) continue;
        if (f.number == ONNX_OPSETS) judge_opset(s, p, f.bytes);
        if (f.number == ONNX_GRAPH) whole = judge_graph(s, p, f.bytes) && whole;
    }
    if (!whole || model.at != model.end)
        scan_add(s, p, SCAN_RULE_UNREADABLE, SCAN_ASK, (size_t)(model.at - p->data),
                 (struct span){ 0 }, "it is called like an ONNX graph, but cannot be read as one");
}
