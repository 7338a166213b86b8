/* Calls: arguments, macros, call blocks, and the entries of the tables.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "lm/chat/jinja_exec.h"

/* ---- arguments as given ---- */

static bool push_positional(struct render *r, struct arguments *a, size_t cap, struct value v)
{
    if (a->count == cap) return fault(r, STATUS_LIMIT, "more than %d arguments", ARGUMENTS_MAX);
    a->positional[a->count++] = v;
    return true;
}

static bool spread_list(struct render *r, const struct node *star, struct arguments *a, size_t cap)
{
    struct value v, item;
    struct cursor c;
    if (!star) return true;
    if (!eval(r, star, &v) || !cursor_begin(r, v, &c)) return false;
    while (cursor_next(r, &c, &item))
        if (!push_positional(r, a, cap, item)) return false;
    return !r->status;
}

static bool spread_dict(struct render *r, const struct node *star, struct arguments *a, size_t cap)
{
    struct value v;
    if (!star) return true;
    if (!eval(r, star, &v)) return false;
    if (v.type != VALUE_DICT) return fault(r, STATUS_BAD_INPUT, "** wants a dictionary");
    for (size_t i = 0; i < v.dict->count; i++) {
        const struct dict_entry *e = &v.dict->entries[i];
        if (e->key.type != VALUE_STRING)
            return fault(r, STATUS_BAD_INPUT, "** wants keys that are strings");
        if (a->named_count == cap)
            return fault(r, STATUS_LIMIT, "more than %d arguments", ARGUMENTS_MAX);
        a->names[a->named_count] = (struct span){ e->key.text->data, e->key.text->len };
        a->named[a->named_count++] = e->value;
    }
    return true;
}

bool arguments_eval(struct render *r, const struct node_call *call, struct arguments *ret)
{
    *ret = (struct arguments){ 0 };
    size_t cap = call->star ? ARGUMENTS_MAX : call->positional.count;
    size_t named_cap = call->star_star ? ARGUMENTS_MAX : call->keywords.count;
    if (cap && !(ret->positional = take(r, cap, sizeof *ret->positional))) return false;
    if (named_cap && !(ret->named = take(r, named_cap, sizeof *ret->named))) return false;
    if (named_cap && !(ret->names = take(r, named_cap, sizeof *ret->names))) return false;
    for (size_t i = 0; i < call->positional.count; i++)
        if (!eval(r, call->positional.items[i], &ret->positional[ret->count++])) return false;
    for (size_t i = 0; i < call->keywords.count; i++) {
        const struct node *k = call->keywords.items[i];
        if (!eval(r, k->a, &ret->named[ret->named_count])) return false;
        ret->names[ret->named_count++] = k->name->text;
    }
    return spread_list(r, call->star, ret, cap) && spread_dict(r, call->star_star, ret, named_cap);
}

/* ---- entries of the tables ---- */

/* Place of a name among words apart by spaces; -1. */
static int parameter_place(const char *parameters, struct span name)
{
    int place = 0;
    for (const char *p = parameters; *p; place++) {
        size_t len = strcspn(p, " ");
        if (len == name.len && memcmp(p, name.data, len) == 0) return place;
        p += len + (p[len] == ' ');
    }
    return -1;
}

static size_t parameter_count(const char *parameters)
{
    size_t n = *parameters != 0;
    for (const char *p = parameters; *p; p++)
        n += *p == ' ';
    return n;
}

static bool bind(struct render *r, const struct callable *c, const char *what,
                 const struct arguments *a, struct call *call)
{
    size_t count = parameter_count(c->parameters);
    if (a->count > count) {
        return fault(r, STATUS_BAD_INPUT, "%s '%s' takes at most %zu arguments, not %zu", what,
                     c->name, count, a->count);
    }
    for (size_t i = 0; i < a->count; i++)
        call->argument[i] = a->positional[i];
    for (size_t i = 0; i < a->named_count; i++) {
        int place = parameter_place(c->parameters, a->names[i]);
        if (place < 0 || call->argument[place].type != VALUE_ABSENT) {
            return fault(r, STATUS_BAD_INPUT, "%s '%s' has no argument '%.*s', or has it twice",
                         what, c->name, (int)a->names[i].len, a->names[i].data);
        }
        call->argument[place] = a->named[i];
    }
    for (size_t i = 0; i < c->required; i++)
        if (call->argument[i].type == VALUE_ABSENT)
            return fault(r, STATUS_BAD_INPUT, "%s '%s' lacks an argument: %s", what, c->name,
                         c->parameters);
    return true;
}

bool callable_run(struct render *r, const struct callable *c, const char *what,
                  struct value subject, const struct arguments *arguments, struct value *ret)
{
    struct call call = { .subject = subject, .all = arguments };
    if (strcmp(c->parameters, "*") != 0 && !bind(r, c, what, arguments, &call)) return false;
    return c->fn(r, &call, ret);
}

bool test_run(struct render *r, const struct callable *c, struct value v,
              const struct arguments *arguments, bool *ret)
{
    struct value result;
    if (!callable_run(r, c, "test", v, arguments, &result)) return false;
    *ret = value_truth(result);
    return true;
}

/* ---- macros ---- */

static const struct node *default_of(const struct node *macro, const struct symbol *name)
{
    for (size_t i = 0; i < macro->call->keywords.count; i++)
        if (macro->call->keywords.items[i]->name == name) return macro->call->keywords.items[i]->a;
    return NULL;
}

static bool is_symbol(struct span text, const struct symbol *name)
{
    return text.len == name->text.len && memcmp(text.data, name->text.data, text.len) == 0;
}

static bool named_argument(const struct arguments *a, const struct symbol *name, bool *used,
                           struct value *ret)
{
    for (size_t i = 0; i < a->named_count; i++) {
        if (!is_symbol(a->names[i], name)) continue;
        used[i] = true;
        *ret = a->named[i];
        return true;
    }
    return false;
}

/* One parameter: given by place, by name, by default, or undefined. */
static bool bind_parameter(struct render *r, const struct node *macro, size_t i,
                           const struct arguments *a, bool *used)
{
    const struct symbol *name = macro->call->positional.items[i]->name;
    const struct node *fallback;
    struct value v;
    if (i < a->count) {
        v = a->positional[i];
    } else if (!named_argument(a, name, used, &v)) {
        fallback = default_of(macro, name);
        if (!(fallback ? eval(r, fallback, &v) : value_undefined(r, NULL, name->text, &v)))
            return false;
    }
    return scope_set(r, r->scope, name, v);
}

static bool bind_rest(struct render *r, const struct node *macro, const struct arguments *a,
                      bool *used)
{
    const struct template *t = r->template;
    size_t count = macro->call->positional.count;
    struct value v;
    if (macro->uses_caller) {
        if (!named_argument(a, t->caller, used, &v) &&
            !value_undefined(r, NULL, t->caller->text, &v))
            return false;
        if (!scope_set(r, r->scope, t->caller, v)) return false;
    }
    if (macro->uses_kwargs) {
        if (!dict_new(r, VALUE_DICT, &v)) return false;
        for (size_t i = 0; i < a->named_count; i++) {
            struct value key;
            if (used[i]) continue;
            used[i] = true;
            if (!value_of_bytes(r, a->names[i].data, a->names[i].len, false, &key)) return false;
            if (!dict_set(r, v.dict, key, a->named[i])) return false;
        }
        if (!scope_set(r, r->scope, t->kwargs, v)) return false;
    }
    if (macro->uses_varargs) {
        if (!list_new(r, VALUE_TUPLE, 0, &v)) return false;
        for (size_t i = count; i < a->count; i++)
            if (!list_push(r, v.list, a->positional[i])) return false;
        return scope_set(r, r->scope, t->varargs, v);
    }
    if (a->count <= count) return true;
    return fault(r, STATUS_BAD_INPUT, "macro '%.*s' takes not more than %zu arguments",
                 (int)macro->name->text.len, macro->name->text.data, count);
}

static bool bind_macro(struct render *r, const struct node *macro, const struct arguments *a)
{
    bool *used = take(r, a->named_count + 1, sizeof *used);
    if (!used) return false;
    for (size_t i = 0; i < macro->call->positional.count; i++)
        if (!bind_parameter(r, macro, i, a, used)) return false;
    if (!bind_rest(r, macro, a, used)) return false;
    for (size_t i = 0; i < a->named_count; i++) {
        if (used[i]) continue;
        return fault(r, STATUS_BAD_INPUT, "macro '%.*s' takes no keyword argument '%.*s'",
                     (int)macro->name->text.len, macro->name->text.data, (int)a->names[i].len,
                     a->names[i].data);
    }
    return true;
}

bool macro_call(struct render *r, const struct macro *m, const struct arguments *arguments,
                struct value *ret)
{
    struct writer w = { .r = r }, *outer_out = r->out;
    struct scope *outer;
    enum flow flow;
    if (!scope_push(r, m->scope, &outer)) return false;
    bool ok = bind_macro(r, m->node, arguments);
    r->out = &w;
    ok = ok && exec_list(r, &m->node->list, &flow);
    r->out = outer_out;
    r->scope = outer;
    return ok && writer_value(&w, ret);
}

static bool macro_new(struct render *r, const struct node *n, struct value *ret)
{
    struct macro *m = take(r, 1, sizeof *m);
    if (!m) return false;
    *m = (struct macro){ .node = n, .scope = r->scope };
    *ret = (struct value){ .type = VALUE_MACRO, .macro = m };
    return true;
}

bool exec_macro(struct render *r, const struct node *n, enum flow *flow)
{
    struct value v;
    return macro_new(r, n, &v) && scope_set(r, r->scope, n->name, v);
}

/* The body becomes a macro that the call gets as `caller`. */
bool exec_call_block(struct render *r, const struct node *n, enum flow *flow)
{
    struct value callee, caller, result;
    struct arguments given, a;
    if (!eval(r, n->a->a, &callee) || !arguments_eval(r, n->a->call, &given) ||
        !macro_new(r, n, &caller))
        return false;
    a = given;
    a.named = take(r, given.named_count + 1, sizeof *a.named);
    a.names = take(r, given.named_count + 1, sizeof *a.names);
    if (!a.named || !a.names) return false;
    for (size_t i = 0; i < given.named_count; i++) {
        a.named[i] = given.named[i];
        a.names[i] = given.names[i];
    }
    a.named[a.named_count] = caller;
    a.names[a.named_count++] = r->template->caller->text;
    return value_call(r, callee, &a, &result) && writer_put_value(r->out, result);
}

/* ---- anything that can be called ---- */

static bool joiner_call(struct render *r, struct joiner *j, struct value *ret)
{
    *ret = j->separator;
    if (j->used) return true;
    j->used = true;
    return value_of_bytes(r, "", 0, false, ret);
}

bool value_call(struct render *r, struct value callee, const struct arguments *arguments,
                struct value *ret)
{
    switch ((enum value_type)callee.type) {
    case VALUE_UNDEFINED: return fault_undefined(r, callee);
    case VALUE_MACRO: return macro_call(r, callee.macro, arguments, ret);
    case VALUE_LOOP: return loop_call(r, callee.loop, arguments, ret);
    case VALUE_JOINER: return joiner_call(r, callee.joiner, ret);
    case VALUE_FUNCTION:
        return callable_run(r, callee.function->callable, "function", value_none(), arguments, ret);
    case VALUE_METHOD:
        return callable_run(r, callee.method->callable, "method", callee.method->self, arguments,
                            ret);
    default:
        return fault(r, STATUS_BAD_INPUT, "a value of type '%s' cannot be called",
                     value_type_name(callee));
    }
}
