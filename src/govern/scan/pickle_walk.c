/* The symbolic machine of pickles: a stack, marks and a memo of values that are mostly opaque.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/scan/pickle_walk.h"

#include <string.h>

#include "govern/scan/pickle_memo.h"
#include "govern/scan/pickle_text.h"

struct argument {
    const uint8_t *data; /* of the line, or of the counted bytes */
    size_t len;
    const uint8_t *second; /* line of GLOBAL and INST */
    size_t second_len;
    uint64_t number; /* of a fixed field */
    bool is_line;
};

struct machine {
    struct pickle_walk *walk;
    const uint8_t *data;
    size_t len, at, op_at;
    struct argument arg;
    struct pickle_value *stack; /* [depth] */
    size_t depth, cap;
    size_t *marks; /* [mark_count] depths at which MARK was met */
    size_t mark_count, mark_cap;
    struct pickle_memo memo;
    bool no_memory;
};

enum follows {
    FOLLOWS_NONE,
    FOLLOWS_FIXED1,
    FOLLOWS_FIXED2,
    FOLLOWS_FIXED4,
    FOLLOWS_FIXED8,
    FOLLOWS_LINE,
    FOLLOWS_LINES2,
    FOLLOWS_LENGTH1,
    FOLLOWS_LENGTH4,
    FOLLOWS_LENGTH4_SIGNED,
    FOLLOWS_LENGTH8
};

static const struct pickle_value opaque = { .kind = PICKLE_OPAQUE };

/* ---- faults ---- */

static bool fault(struct machine *m, const char *words)
{
    m->walk->fault = words;
    return false;
}

static bool limit(struct machine *m, const char *words)
{
    m->walk->past_limit = true;
    return fault(m, words);
}

static bool no_memory(struct machine *m)
{
    m->no_memory = true;
    return fault(m, "memory was short");
}

static void see(struct machine *m, struct pickle_sight *sight)
{
    if (sight->count++ == 0) sight->at = m->op_at;
}

/* ---- the stack ---- */

/* What lies below the last MARK cannot be reached. */
static size_t fence(const struct machine *m)
{
    return m->mark_count ? m->marks[m->mark_count - 1] : 0;
}

static bool need(struct machine *m, size_t count)
{
    return m->depth - fence(m) >= count || fault(m, "it takes more from its stack than is there");
}

static bool push_value(struct machine *m, struct pickle_value v)
{
    if (m->depth == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : 256;
        if (cap > PICKLE_STACK_MAX) return limit(m, "its stack is too high to be followed");
        struct pickle_value *wider = mem_resize(m->stack, cap, sizeof *wider);
        if (!wider) return no_memory(m);
        m->stack = wider;
        m->cap = cap;
    }
    m->stack[m->depth++] = v;
    return true;
}

static struct pickle_value pop_value(struct machine *m)
{
    return m->stack[--m->depth];
}

static bool op_push(struct machine *m)
{
    return push_value(m, opaque);
}

static bool op_mark(struct machine *m)
{
    if (m->mark_count == m->mark_cap) {
        size_t cap = m->mark_cap ? 2 * m->mark_cap : 64;
        if (cap > PICKLE_STACK_MAX) return limit(m, "its marks are too many to be followed");
        size_t *wider = mem_resize(m->marks, cap, sizeof *wider);
        if (!wider) return no_memory(m);
        m->marks = wider;
        m->mark_cap = cap;
    }
    m->marks[m->mark_count++] = m->depth;
    return true;
}

/* Ends at the last MARK, which is dropped: *ret is where its items begin. */
static bool take_mark(struct machine *m, size_t *ret)
{
    if (!m->mark_count) return fault(m, "it looks for a mark that is not there");
    *ret = m->marks[--m->mark_count];
    return true;
}

static bool op_stop(struct machine *m)
{
    if (!need(m, 1)) return false;
    m->walk->ended = true;
    return false;
}

static bool op_pop(struct machine *m)
{
    if (m->mark_count && fence(m) == m->depth) {
        m->mark_count--;
        return true;
    }
    if (!need(m, 1)) return false;
    m->depth--;
    return true;
}

static bool op_pop_mark(struct machine *m)
{
    return take_mark(m, &m->depth);
}

static bool op_dup(struct machine *m)
{
    return need(m, 1) && push_value(m, m->stack[m->depth - 1]);
}

/* ---- containers: what they hold is not followed ---- */

static bool op_collect(struct machine *m)
{
    return take_mark(m, &m->depth) && push_value(m, opaque);
}

static bool op_dict(struct machine *m)
{
    size_t first;
    if (!take_mark(m, &first)) return false;
    if ((m->depth - first) % 2) return fault(m, "a dictionary lacks a value");
    m->depth = first;
    return push_value(m, opaque);
}

static bool op_tuple(struct machine *m, size_t count)
{
    if (!need(m, count)) return false;
    m->depth -= count;
    return push_value(m, opaque);
}

static bool op_tuple1(struct machine *m)
{
    return op_tuple(m, 1);
}

static bool op_tuple2(struct machine *m)
{
    return op_tuple(m, 2);
}

static bool op_tuple3(struct machine *m)
{
    return op_tuple(m, 3);
}

/* What is put into an imported thing changes it for the whole program. */
static bool put_into_top(struct machine *m)
{
    const struct pickle_value *target = &m->stack[m->depth - 1];
    if (target->kind == PICKLE_IMPORTED) m->walk->imports[target->import].built = true;
    return true;
}

static bool op_append(struct machine *m)
{
    if (!need(m, 2)) return false;
    m->depth--;
    return put_into_top(m);
}

static bool op_setitem(struct machine *m)
{
    if (!need(m, 3)) return false;
    m->depth -= 2;
    return put_into_top(m);
}

static bool op_appends(struct machine *m)
{
    size_t first;
    if (!take_mark(m, &first)) return false;
    m->depth = first;
    return need(m, 1) && put_into_top(m);
}

static bool op_setitems(struct machine *m)
{
    size_t first;
    if (!take_mark(m, &first)) return false;
    if ((m->depth - first) % 2) return fault(m, "a dictionary lacks a value");
    m->depth = first;
    return need(m, 1) && put_into_top(m);
}

/* ---- texts and bytes ---- */

/* What could be a pickle or an archive again. */
static void note_bytes(struct machine *m, struct span b)
{
    const uint8_t *p = (const uint8_t *)b.data;
    struct pickle_walk *w = m->walk;
    bool nested = (b.len >= 4 && p[0] == 0x80 && p[1] >= 2 && p[1] <= 5) ||
                  (b.len >= 22 && memcmp(p, "PK\3\4", 4) == 0);
    if (nested && w->nested_count++ < PICKLE_NESTED_MAX) w->nested[w->nested_count - 1] = b;
}

static bool push_text(struct machine *m, struct span text)
{
    const struct pickle_value v = { .kind = PICKLE_TEXT, .text = text };
    note_bytes(m, text);
    return push_value(m, v);
}

static bool op_text(struct machine *m)
{
    return push_text(m, (struct span){ (const char *)m->arg.data, m->arg.len });
}

static bool op_bytes(struct machine *m)
{
    note_bytes(m, (struct span){ (const char *)m->arg.data, m->arg.len });
    return push_value(m, opaque);
}

static bool decoded(struct machine *m, enum pickle_escapes escapes, struct span *ret)
{
    switch (pickle_text_decode(&m->walk->texts, escapes, *ret, ret)) {
    case PICKLE_TEXT_OK: return true;
    case PICKLE_TEXT_BAD: return fault(m, "a text in it is not quoted or escaped as it should be");
    case PICKLE_TEXT_LONG: break;
    }
    return limit(m, "its texts are too long to be followed");
}

static bool op_string(struct machine *m)
{
    struct span text = { (const char *)m->arg.data, m->arg.len };
    return decoded(m, PICKLE_QUOTED, &text) && push_text(m, text);
}

static bool op_unicode(struct machine *m)
{
    struct span text = { (const char *)m->arg.data, m->arg.len };
    return decoded(m, PICKLE_RAW_UNICODE, &text) && push_text(m, text);
}

/* A number in letters: not exactly what Python accepts, but no line of words. */
static bool op_number(struct machine *m)
{
    static const char letters[] = "0123456789+-._eEinfINFatyL \t\r";
    for (size_t i = 0; i < m->arg.len; i++)
        if (!m->arg.data[i] || !strchr(letters, m->arg.data[i]))
            return fault(m, "a number in it is none");
    return push_value(m, opaque);
}

/* ---- the memo ---- */

static bool memo_index(struct machine *m, uint64_t *ret)
{
    if (!m->arg.is_line) {
        *ret = m->arg.number;
        return true;
    }
    return pickle_text_number((struct span){ (const char *)m->arg.data, m->arg.len }, ret) ||
           fault(m, "a place in its memo is no number");
}

static bool memo_put(struct machine *m, uint64_t index)
{
    if (!need(m, 1)) return false;
    switch (pickle_memo_put(&m->memo, index, &m->stack[m->depth - 1], PICKLE_MEMO_MAX)) {
    case STATUS_OK: return true;
    case STATUS_LIMIT: return limit(m, "its memo is too large to be followed");
    default: return no_memory(m);
    }
}

static bool op_put(struct machine *m)
{
    uint64_t index;
    return memo_index(m, &index) && memo_put(m, index);
}

static bool op_memoize(struct machine *m)
{
    return memo_put(m, m->memo.count);
}

static bool op_get(struct machine *m)
{
    uint64_t index;
    struct pickle_value v;
    if (!memo_index(m, &index)) return false;
    if (!pickle_memo_get(&m->memo, index, &v))
        return fault(m, "it gets from its memo what was never put there");
    return push_value(m, v);
}

/* ---- imports ---- */

static bool push_import(struct machine *m, struct span module, struct span name)
{
    struct pickle_walk *w = m->walk;
    if (w->import_count == w->import_cap) {
        size_t cap = w->import_cap ? 2 * w->import_cap : 32;
        if (cap > PICKLE_IMPORTS_MAX) return limit(m, "its imports are too many to be listed");
        struct pickle_import *wider = mem_resize(w->imports, cap, sizeof *wider);
        if (!wider) return no_memory(m);
        w->imports = wider;
        w->import_cap = cap;
    }
    w->imports[w->import_count] =
        (struct pickle_import){ .module = module, .name = name, .at = m->op_at };
    const struct pickle_value v = { .kind = PICKLE_IMPORTED,
                                    .import = (uint32_t)w->import_count++ };
    return push_value(m, v);
}

static struct span first_line(const struct machine *m)
{
    return (struct span){ (const char *)m->arg.data, m->arg.len };
}

static struct span second_line(const struct machine *m)
{
    return (struct span){ (const char *)m->arg.second, m->arg.second_len };
}

static bool op_global(struct machine *m)
{
    return push_import(m, first_line(m), second_line(m));
}

static bool op_stack_global(struct machine *m)
{
    if (!need(m, 2)) return false;
    struct pickle_value name = pop_value(m), module = pop_value(m);
    if (name.kind == PICKLE_TEXT && module.kind == PICKLE_TEXT)
        return push_import(m, module.text, name.text);
    see(m, &m->walk->computed_names);
    return push_value(m, opaque);
}

static bool op_ext(struct machine *m)
{
    see(m, &m->walk->extensions);
    return push_value(m, opaque);
}

static bool op_persid(struct machine *m)
{
    see(m, &m->walk->persistent);
    return push_value(m, opaque);
}

static bool op_binpersid(struct machine *m)
{
    if (!need(m, 1)) return false;
    m->depth--;
    return op_persid(m);
}

/* ---- calls ---- */

static void note_call(struct machine *m, const struct pickle_value *callee)
{
    m->walk->calls++;
    if (callee->kind == PICKLE_IMPORTED) m->walk->imports[callee->import].called = true;
    else see(m, &m->walk->computed_calls);
}

/* The callee and `others` values above it are replaced by what the call returns. */
static bool call(struct machine *m, size_t others)
{
    if (!need(m, others + 1)) return false;
    m->depth -= others;
    struct pickle_value callee = pop_value(m);
    note_call(m, &callee);
    return push_value(m, opaque);
}

static bool op_reduce(struct machine *m)
{
    return call(m, 1);
}

static bool op_newobj(struct machine *m)
{
    return call(m, 1);
}

static bool op_newobj_ex(struct machine *m)
{
    return call(m, 2);
}

static bool op_inst(struct machine *m)
{
    size_t first;
    if (!take_mark(m, &first)) return false;
    m->depth = first;
    if (!push_import(m, first_line(m), second_line(m))) return false;
    struct pickle_value callee = pop_value(m);
    note_call(m, &callee);
    return push_value(m, opaque);
}

static bool op_obj(struct machine *m)
{
    size_t first;
    if (!take_mark(m, &first)) return false;
    if (m->depth == first) return fault(m, "an object has no class");
    struct pickle_value callee = m->stack[first];
    m->depth = first;
    note_call(m, &callee);
    return push_value(m, opaque);
}

static bool op_build(struct machine *m)
{
    if (!need(m, 2)) return false;
    m->depth--;
    return put_into_top(m);
}

/* ---- the rest ---- */

static bool op_proto(struct machine *m)
{
    if (m->arg.number > 5) return fault(m, "its protocol is newer than 5");
    if ((int)m->arg.number > m->walk->protocol) m->walk->protocol = (int)m->arg.number;
    return true;
}

static bool op_frame(struct machine *m)
{
    return m->arg.number <= m->len - m->at || fault(m, "a frame of it is cut off");
}

static bool op_readonly_buffer(struct machine *m)
{
    return need(m, 1);
}

/* ---- opcodes and what follows them ---- */

struct op {
    bool (*run)(struct machine *m); /* NULL: no such opcode */
    enum follows follows;
};

static const struct op ops[256] = {
#define PICKLE_OP(byte, name, follows, does) [byte] = { op_##does, FOLLOWS_##follows },
#include "govern/scan/pickle_op_list.h"
#undef PICKLE_OP
};

static bool cut_off(struct machine *m)
{
    return fault(m, "it is cut off");
}

static bool read_number(struct machine *m, size_t bytes, uint64_t *ret)
{
    uint64_t v = 0;
    if (m->len - m->at < bytes) return cut_off(m);
    for (size_t i = 0; i < bytes; i++)
        v |= (uint64_t)m->data[m->at + i] << (8 * i);
    m->at += bytes;
    *ret = v;
    return true;
}

static bool read_counted(struct machine *m, size_t length_bytes, bool is_signed)
{
    uint64_t n;
    if (!read_number(m, length_bytes, &n)) return false;
    if (is_signed && n > INT32_MAX) return fault(m, "a length in it is negative");
    if (n > m->len - m->at) return cut_off(m);
    m->arg.data = m->data + m->at;
    m->arg.len = (size_t)n;
    m->at += (size_t)n;
    return true;
}

/* Up to '\n'; or to the end, where CPython would still use it and fail at what comes next. */
static bool read_line(struct machine *m, const uint8_t **ret, size_t *ret_len)
{
    const uint8_t *begin = m->data + m->at;
    size_t left = m->len - m->at;
    const uint8_t *end = left ? memchr(begin, '\n', left) : NULL;
    if (!left) return cut_off(m);
    *ret = begin;
    *ret_len = end ? (size_t)(end - begin) : left;
    m->at += *ret_len + (end != NULL);
    return true;
}

static bool read_argument(struct machine *m, enum follows follows)
{
    m->arg = (struct argument){ 0 };
    switch (follows) {
    case FOLLOWS_NONE: return true;
    case FOLLOWS_FIXED1: return read_number(m, 1, &m->arg.number);
    case FOLLOWS_FIXED2: return read_number(m, 2, &m->arg.number);
    case FOLLOWS_FIXED4: return read_number(m, 4, &m->arg.number);
    case FOLLOWS_FIXED8: return read_number(m, 8, &m->arg.number);
    case FOLLOWS_LINE: m->arg.is_line = true; return read_line(m, &m->arg.data, &m->arg.len);
    case FOLLOWS_LINES2:
        return read_line(m, &m->arg.data, &m->arg.len) &&
               read_line(m, &m->arg.second, &m->arg.second_len);
    case FOLLOWS_LENGTH1: return read_counted(m, 1, false);
    case FOLLOWS_LENGTH4: return read_counted(m, 4, false);
    case FOLLOWS_LENGTH4_SIGNED: return read_counted(m, 4, true);
    case FOLLOWS_LENGTH8: return read_counted(m, 8, false);
    }
    return false;
}

static bool step(struct machine *m)
{
    m->op_at = m->at;
    if (m->at == m->len) return fault(m, "it ends without STOP");
    if (m->walk->ops == PICKLE_OPS_MAX) return limit(m, "it has too many opcodes to be followed");
    const struct op *op = &ops[m->data[m->at++]];
    if (!op->run) return fault(m, "it holds a byte that is no opcode");
    if (!read_argument(m, op->follows) || !op->run(m)) return false;
    m->walk->ops++;
    return true;
}

enum status pickle_walk(struct pickle_walk *ret, const uint8_t *data, size_t len, struct error *err)
{
    struct machine m = { .walk = ret, .data = data, .len = len };
    *ret = (struct pickle_walk){ 0 };
    arena_init(&ret->texts, PICKLE_TEXTS_MAX);
    while (step(&m)) {}
    ret->end = ret->ended ? m.at : m.op_at;
    mem_free(m.stack);
    mem_free(m.marks);
    pickle_memo_release(&m.memo);
    return m.no_memory ? error_set(err, STATUS_NO_MEMORY, "no memory to follow a pickle")
                       : STATUS_OK;
}

void pickle_walk_release(struct pickle_walk *w)
{
    mem_free(w->imports);
    arena_release(&w->texts);
    *w = (struct pickle_walk){ 0 };
}
