/* Statements: output, conditions, assignment, scopes. Loops and macros have their own files.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/chat/jinja_exec.h"

#include <string.h>

/* ---- scopes ---- */

bool scope_push(struct render *r, struct scope *parent, struct scope **ret_outer)
{
    struct scope *s = take(r, 1, sizeof *s);
    if (!s) return false;
    s->parent = parent;
    *ret_outer = r->scope;
    r->scope = s;
    return true;
}

bool scope_set(struct render *r, struct scope *s, const struct symbol *name, struct value v)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->variables[i].name != name) continue;
        s->variables[i].value = v;
        return true;
    }
    if (s->count == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 4;
        struct variable *variables = take(r, cap, sizeof *variables);
        if (!variables) return false;
        if (s->count) memcpy(variables, s->variables, s->count * sizeof *variables);
        s->variables = variables;
        s->cap = cap;
    }
    s->variables[s->count++] = (struct variable){ name, v };
    return step(r, 1 + s->count / 8);
}

static bool unpack(struct render *r, const struct node *target, struct value v)
{
    struct cursor c;
    struct value item;
    size_t n = 0;
    if (!cursor_begin(r, v, &c)) return false;
    for (; cursor_next(r, &c, &item); n++)
        if (n < target->list.count && !assign(r, target->list.items[n], item)) return false;
    if (r->status) return false;
    if (n == target->list.count) return true;
    return fault(r, STATUS_BAD_INPUT, "%zu values for %zu names", n, target->list.count);
}

static bool assign_member(struct render *r, const struct node *target, struct value v)
{
    struct value of, key;
    if (!eval(r, target->a, &of)) return false;
    if (of.type != VALUE_NAMESPACE) {
        return fault(r, STATUS_BAD_INPUT,
                     "cannot assign an attribute to a value of type '%s': only to a namespace",
                     value_type_name(of));
    }
    struct span name = target->name->text;
    if (name.len && name.data[0] == '_')
        return fault(r, STATUS_BAD_INPUT, "an attribute of a namespace must not begin with '_'");
    return value_of_bytes(r, name.data, name.len, false, &key) && dict_set(r, of.dict, key, v);
}

bool assign(struct render *r, const struct node *target, struct value v)
{
    if (target->kind == NODE_NAME) return scope_set(r, r->scope, target->name, v);
    return target->kind == NODE_TUPLE ? unpack(r, target, v) : assign_member(r, target, v);
}

/* ---- bodies ---- */

bool exec_list(struct render *r, const struct node_list *list, enum flow *flow)
{
    *flow = FLOW_NEXT;
    for (size_t i = 0; i < list->count && *flow == FLOW_NEXT; i++)
        if (!exec(r, list->items[i], flow)) return false;
    return true;
}

bool capture(struct render *r, const struct node_list *list, struct value *ret)
{
    struct writer w = { .r = r }, *outer_out = r->out;
    struct scope *outer;
    enum flow flow;
    if (!scope_push(r, r->scope, &outer)) return false;
    r->out = &w;
    bool ok = exec_list(r, list, &flow);
    r->out = outer_out;
    r->scope = outer;
    return ok && writer_value(&w, ret);
}

/* Sends a captured text through the filters of a block. */
static bool filtered(struct render *r, const struct node *filters, struct value v,
                     struct value *ret)
{
    struct writer w = { .r = r }, *outer = r->out;
    *ret = v;
    if (!filters) return true;
    if (!writer_put_text(&w, v.text)) return false;
    r->out = &w;
    bool ok = eval(r, filters, ret);
    r->out = outer;
    return ok;
}

bool exec_data(struct render *r, const struct node *n, enum flow *flow)
{
    return writer_put(r->out, n->text.data, n->text.len, false);
}

bool exec_output(struct render *r, const struct node *n, enum flow *flow)
{
    struct value v;
    if (n->a) return eval(r, n->a, &v) && writer_put_value(r->out, v);
    for (size_t i = 0; i < n->list.count; i++)
        if (!eval(r, n->list.items[i], &v) || !writer_put_value(r->out, v)) return false;
    return true;
}

bool exec_if(struct render *r, const struct node *n, enum flow *flow)
{
    struct value test;
    if (!eval(r, n->a, &test)) return false;
    return exec_list(r, value_truth(test) ? &n->list : &n->other, flow);
}

bool exec_set(struct render *r, const struct node *n, enum flow *flow)
{
    struct value v;
    return eval(r, n->b, &v) && assign(r, n->a, v);
}

bool exec_set_block(struct render *r, const struct node *n, enum flow *flow)
{
    struct value v;
    return capture(r, &n->list, &v) && filtered(r, n->b, v, &v) && assign(r, n->a, v);
}

bool exec_filter_block(struct render *r, const struct node *n, enum flow *flow)
{
    struct value v;
    return capture(r, &n->list, &v) && filtered(r, n->b, v, &v) && writer_put_value(r->out, v);
}

bool exec_scope(struct render *r, const struct node *n, enum flow *flow)
{
    struct scope *outer;
    if (!scope_push(r, r->scope, &outer)) return false;
    bool ok = exec_list(r, &n->list, flow);
    r->scope = outer;
    return ok;
}

/* The values are those outside of the block, whatever names it gives. */
bool exec_with(struct render *r, const struct node *n, enum flow *flow)
{
    struct scope *outer, *inner;
    if (!scope_push(r, r->scope, &outer)) return false;
    inner = r->scope;
    for (size_t i = 0; i < n->other.count; i++) {
        struct value v;
        r->scope = outer;
        if (!eval(r, n->other.items[i]->b, &v)) return false;
        r->scope = inner;
        if (!assign(r, n->other.items[i]->a, v)) return false;
    }
    bool ok = exec_list(r, &n->list, flow);
    r->scope = outer;
    return ok;
}

bool exec_break(struct render *r, const struct node *n, enum flow *flow)
{
    *flow = FLOW_BREAK;
    return true;
}

bool exec_continue(struct render *r, const struct node *n, enum flow *flow)
{
    *flow = FLOW_CONTINUE;
    return true;
}

static bool (*const EXECUTE[])(struct render *r, const struct node *n, enum flow *flow) = {
#define NODE(kind, function) [NODE_##kind - FIRST_STATEMENT] = function,
#include "lm/chat/statement_list.h"
#undef NODE
};

bool exec(struct render *r, const struct node *n, enum flow *flow)
{
    if (r->depth >= TEMPLATE_DEPTH_MAX)
        return fault(r, STATUS_LIMIT, "nested deeper than %d levels", TEMPLATE_DEPTH_MAX);
    const struct node *outer = r->at;
    r->at = n;
    r->depth++;
    *flow = FLOW_NEXT;
    bool ok = step(r, 1) && EXECUTE[n->kind - FIRST_STATEMENT](r, n, flow);
    r->depth--;
    if (ok) r->at = outer;
    return ok;
}
