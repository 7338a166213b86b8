/* Expressions.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lm/chat/jinja_run.h"

/* ---- state ---- */

bool fault(struct render *r, enum status s, const char *format, ...)
{
    if (r->status) return false; /* the first fault is the one that counts */
    char words[ERROR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    uint32_t line = r->at ? r->at->line : 1, column = r->at ? r->at->column : 1;
    r->status = error_set(r->err, s, "%s:%u:%u: %s", r->template->name, line, column, words);
    return false;
}

bool fault_undefined(struct render *r, struct value v)
{
    const struct missing *m = v.missing;
    if (!m) return fault(r, STATUS_BAD_INPUT, "an undefined value is used");
    if (!m->owner)
        return fault(r, STATUS_BAD_INPUT, "'%.*s' is undefined", (int)m->name.len, m->name.data);
    return fault(r, STATUS_BAD_INPUT, "'%s object' has no attribute '%.*s'", m->owner,
                 m->name.len < 200 ? (int)m->name.len : 200, m->name.data);
}

bool step(struct render *r, size_t count)
{
    if (r->steps_left >= count) {
        r->steps_left -= count;
        return true;
    }
    return fault(r, STATUS_LIMIT, "the template does more work than is allowed");
}

void *take(struct render *r, size_t count, size_t item_bytes)
{
    void *p = arena_array(&r->arena, count, item_bytes);
    if (p) return p;
    fault(r, STATUS_LIMIT, "rendering takes more memory than there is, or more than %zu bytes",
          TEMPLATE_MEMORY_BYTES_MAX);
    return NULL;
}

/* ---- atoms ---- */

static bool eval_string(struct render *r, const struct node *n, struct value *ret)
{
    return value_of_bytes(r, n->text.data, n->text.len, false, ret);
}

static bool eval_int(struct render *r, const struct node *n, struct value *ret)
{
    *ret = value_int(n->integer);
    return true;
}

static bool eval_float(struct render *r, const struct node *n, struct value *ret)
{
    *ret = value_real(n->real);
    return true;
}

static bool eval_bool(struct render *r, const struct node *n, struct value *ret)
{
    *ret = value_bool(n->integer != 0);
    return true;
}

static bool eval_none(struct render *r, const struct node *n, struct value *ret)
{
    *ret = value_none();
    return true;
}

/* Blocks from inside out, then the context, then the functions of the language. */
static bool eval_name(struct render *r, const struct node *n, struct value *ret)
{
    for (const struct scope *s = r->scope; s; s = s->parent) {
        if (!step(r, 1)) return false;
        for (size_t i = s->count; i--;) {
            if (s->variables[i].name != n->name) continue;
            *ret = s->variables[i].value;
            return true;
        }
    }
    const struct dict_entry *e = dict_find_text(r->context, n->name->text);
    if (e) {
        *ret = e->value;
        return true;
    }
    const struct callable *c = function_find(n->name->text);
    if (!c) return value_undefined(r, NULL, n->name->text, ret);
    struct function *f = take(r, 1, sizeof *f);
    if (!f) return false;
    f->callable = c;
    *ret = (struct value){ .type = VALUE_FUNCTION, .function = f };
    return true;
}

static bool eval_items(struct render *r, const struct node *n, enum value_type type,
                       struct value *ret)
{
    struct value out, item;
    if (!list_new(r, type, n->list.count, &out)) return false;
    for (size_t i = 0; i < n->list.count; i++)
        if (!eval(r, n->list.items[i], &item) || !list_push(r, out.list, item)) return false;
    *ret = out;
    return true;
}

static bool eval_list(struct render *r, const struct node *n, struct value *ret)
{
    return eval_items(r, n, VALUE_LIST, ret);
}

static bool eval_tuple(struct render *r, const struct node *n, struct value *ret)
{
    return eval_items(r, n, VALUE_TUPLE, ret);
}

static bool eval_dict(struct render *r, const struct node *n, struct value *ret)
{
    struct value out, key, item;
    if (!dict_new(r, VALUE_DICT, &out)) return false;
    for (size_t i = 0; i < n->list.count; i += 2) {
        if (!eval(r, n->list.items[i], &key) || !eval(r, n->list.items[i + 1], &item)) return false;
        if (!dict_set(r, out.dict, key, item)) return false;
    }
    *ret = out;
    return true;
}

/* ---- operators ---- */

static bool eval_not(struct render *r, const struct node *n, struct value *ret)
{
    struct value v;
    if (!eval(r, n->a, &v)) return false;
    *ret = value_bool(!value_truth(v));
    return true;
}

static bool signed_number(struct render *r, const struct node *n, const char *sign,
                          struct value *ret)
{
    if (!eval(r, n->a, ret)) return false;
    if (ret->type == VALUE_UNDEFINED) return fault_undefined(r, *ret);
    if (!value_is_number(*ret))
        return fault(r, STATUS_BAD_INPUT, "%s before a value of type '%s'", sign,
                     value_type_name(*ret));
    if (ret->type == VALUE_BOOL) *ret = value_int(ret->boolean);
    return true;
}

static bool eval_negate(struct render *r, const struct node *n, struct value *ret)
{
    if (!signed_number(r, n, "-", ret)) return false;
    if (ret->type == VALUE_FLOAT) ret->real = -ret->real;
    else if (ret->integer == INT64_MIN)
        return fault(r, STATUS_LIMIT, "the result of - does not fit into 64 bits");
    else ret->integer = -ret->integer;
    return true;
}

static bool eval_positive(struct render *r, const struct node *n, struct value *ret)
{
    return signed_number(r, n, "+", ret);
}

static bool eval_and(struct render *r, const struct node *n, struct value *ret)
{
    return eval(r, n->a, ret) && (!value_truth(*ret) || eval(r, n->b, ret));
}

static bool eval_or(struct render *r, const struct node *n, struct value *ret)
{
    return eval(r, n->a, ret) && (value_truth(*ret) || eval(r, n->b, ret));
}

static bool eval_binary(struct render *r, const struct node *n, struct value *ret)
{
    struct value a, b;
    return eval(r, n->a, &a) && eval(r, n->b, &b) && binary(r, n->op, a, b, ret);
}

static bool eval_concat(struct render *r, const struct node *n, struct value *ret)
{
    struct value first, next;
    const struct text *joined, *piece;
    if (!eval(r, n->list.items[0], &first) || !value_text(r, first, &joined)) return false;
    for (size_t i = 1; i < n->list.count; i++) {
        if (!eval(r, n->list.items[i], &next) || !value_text(r, next, &piece)) return false;
        if (!text_join(r, joined, piece, &joined)) return false;
    }
    struct text *plain = take(r, 1, sizeof *plain);
    if (!plain) return false;
    *plain = *joined;
    plain->markup = false;
    *ret = value_of_text(plain);
    return true;
}

static bool compare(struct render *r, enum operator op, struct value a, struct value b, bool *ret)
{
    int order;
    bool ok;
    if (op == OP_EQ || op == OP_NE) {
        ok = value_equals(r, a, b, ret);
        *ret = ok && *ret == (op == OP_EQ);
        return ok;
    }
    if (op == OP_IN || op == OP_NOT_IN) {
        ok = value_contains(r, b, a, ret);
        *ret = ok && *ret == (op == OP_IN);
        return ok;
    }
    if (!value_compare(r, a, b, &order)) return false;
    *ret = op == OP_LT   ? order < 0
           : op == OP_LE ? order <= 0
           : op == OP_GT ? order > 0
                         : order >= 0;
    return true;
}

static bool eval_compare(struct render *r, const struct node *n, struct value *ret)
{
    struct value left, right;
    bool holds = true;
    if (!eval(r, n->a, &left)) return false;
    for (size_t i = 0; holds && i < n->list.count; i++) {
        const struct node *o = n->list.items[i];
        if (!eval(r, o->a, &right) || !compare(r, o->op, left, right, &holds)) return false;
        left = right;
    }
    *ret = value_bool(holds);
    return true;
}

static bool eval_condition(struct render *r, const struct node *n, struct value *ret)
{
    struct value test;
    if (!eval(r, n->b, &test)) return false;
    if (value_truth(test)) return eval(r, n->a, ret);
    if (n->c) return eval(r, n->c, ret);
    return value_undefined(r, NULL, span_of("the value of an if without else"), ret);
}

/* ---- members and calls ---- */

static bool eval_attribute(struct render *r, const struct node *n, struct value *ret)
{
    struct value of;
    return eval(r, n->a, &of) && value_attribute(r, of, n->name->text, ret);
}

static bool eval_bound(struct render *r, const struct node *n, struct value *ret)
{
    *ret = value_none();
    return !n || eval(r, n, ret);
}

static bool eval_item(struct render *r, const struct node *n, struct value *ret)
{
    struct value of, key, bound[3];
    const struct node *b = n->b;
    if (!eval(r, n->a, &of)) return false;
    if (b->kind != NODE_SLICE) return eval(r, b, &key) && value_item(r, of, key, ret);
    if (!eval_bound(r, b->a, &bound[0]) || !eval_bound(r, b->b, &bound[1]) ||
        !eval_bound(r, b->c, &bound[2]))
        return false;
    return value_slice(r, of, bound, ret);
}

static bool eval_call(struct render *r, const struct node *n, struct value *ret)
{
    struct value callee;
    struct arguments arguments;
    return eval(r, n->a, &callee) && arguments_eval(r, n->call, &arguments) &&
           value_call(r, callee, &arguments, ret);
}

static bool eval_filter(struct render *r, const struct node *n, struct value *ret)
{
    struct value subject;
    struct arguments arguments;
    if (!n->a) { /* a filter block: what it captured is the subject */
        if (!writer_value(r->out, &subject)) return false;
    } else if (!eval(r, n->a, &subject)) {
        return false;
    }
    return arguments_eval(r, n->call, &arguments) &&
           callable_run(r, n->entry, "filter", subject, &arguments, ret);
}

static bool eval_test(struct render *r, const struct node *n, struct value *ret)
{
    struct value subject;
    struct arguments arguments;
    bool holds;
    if (!eval(r, n->a, &subject) || !arguments_eval(r, n->call, &arguments)) return false;
    if (!test_run(r, n->entry, subject, &arguments, &holds)) return false;
    *ret = value_bool(holds != n->flag);
    return true;
}

/* ---- the door ---- */

static bool (*const EVALUATE[FIRST_STATEMENT])(struct render *r, const struct node *n,
                                               struct value *ret) = {
#define NODE(kind, function) [NODE_##kind] = function,
#include "lm/chat/expression_list.h"
#undef NODE
};

bool eval(struct render *r, const struct node *n, struct value *ret)
{
    if (r->depth >= TEMPLATE_DEPTH_MAX)
        return fault(r, STATUS_LIMIT, "nested deeper than %d levels", TEMPLATE_DEPTH_MAX);
    const struct node *outer = r->at;
    r->at = n;
    r->depth++;
    bool ok = step(r, 1) && EVALUATE[n->kind](r, n, ret);
    r->depth--;
    if (ok) r->at = outer; /* after a fault it stays where that was seen */
    return ok;
}
