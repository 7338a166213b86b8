/* Compiling and rendering: the door of the template language.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/chat/template.h"

#include <string.h>

#include "base/core/mem.h"
#include "base/core/utf8.h"
#include "lm/chat/jinja_parse.h"
#include "lm/chat/jinja_run.h"

/* ---- compiling ---- */

/* Copies the source with "\n" for every line end, less one at the very end. */
static bool copy_source(struct template *t, struct span text)
{
    char *out = arena_alloc(&t->arena, text.len + 1);
    size_t n = 0;
    if (!out) return false;
    for (size_t i = 0; i < text.len; i++) {
        bool is_return = text.data[i] == '\r';
        out[n++] = is_return ? '\n' : text.data[i];
        if (is_return && i + 1 < text.len && text.data[i + 1] == '\n') i++;
    }
    if (n && out[n - 1] == '\n') n--;
    t->source = (struct span){ out, n };
    return true;
}

static enum status compile(struct template *t, const char *name, struct span text,
                           struct error *err)
{
    t->name = arena_copy_text(&t->arena, name, strlen(name));
    if (!t->name || !copy_source(t, text))
        return error_set(err, STATUS_NO_MEMORY, "out of memory compiling %s", name);
    return jinja_parse(t, err);
}

enum status template_compile(struct template **ret, const char *name, struct span text,
                             struct error *err)
{
    if (text.len > TEMPLATE_SOURCE_BYTES_MAX) {
        return error_set(err, STATUS_LIMIT, "template %s has %zu bytes; the limit is %zu", name,
                         text.len, TEMPLATE_SOURCE_BYTES_MAX);
    }
    size_t valid = utf8_valid_prefix(text.data, text.len);
    if (valid < text.len)
        return error_set(err, STATUS_BAD_INPUT, "template %s is not valid UTF-8 at byte %zu", name,
                         valid);
    struct template *t = mem_zero(sizeof *t);
    if (!t) return error_set(err, STATUS_NO_MEMORY, "out of memory compiling %s", name);
    arena_init(&t->arena, TEMPLATE_MEMORY_BYTES_MAX);
    enum status s = compile(t, name, text, err);
    if (s) template_free(t);
    else *ret = t;
    return s;
}

void template_free(struct template *t)
{
    if (!t) return;
    arena_release(&t->arena);
    mem_free(t);
}

bool template_mentions(const struct template *t, const char *name)
{
    size_t len = strlen(name);
    for (const struct symbol *s = t->symbols[hash_bytes(name, len) % SYMBOL_BUCKETS]; s;
         s = s->next)
        if (span_equals(s->text, name)) return true;
    return false;
}

/* ---- rendering ---- */

static const char *const ROLES[] = { "system",      "user",      "assistant",
                                     "tool",        "developer", "function",
                                     "observation", "ipython",   "environment" };

static bool trust_role(struct render *r, struct value message)
{
    struct dict_entry *e =
        message.type == VALUE_DICT ? dict_find_text(message.dict, span_of("role")) : NULL;
    if (!e || e->value.type != VALUE_STRING) return true;
    struct span role = { e->value.text->data, e->value.text->len };
    for (size_t i = 0; i < sizeof ROLES / sizeof *ROLES; i++)
        if (span_equals(role, ROLES[i]))
            return value_of_bytes(r, role.data, role.len, false, &e->value);
    return true;
}

static bool trust_roles(struct render *r, struct value messages)
{
    for (size_t i = 0; messages.type == VALUE_LIST && i < messages.list->count; i++)
        if (!trust_role(r, messages.list->items[i])) return false;
    return true;
}

/* Members of one dictionary in another; NULL: there is none. */
static struct value *member(struct value of, const char *name)
{
    struct dict_entry *e = of.type == VALUE_DICT ? dict_find_text(of.dict, span_of(name)) : NULL;
    return e ? &e->value : NULL;
}

/* The arguments of a call know how they were written; the template does not see "exact". */
static void use_exact(struct value call)
{
    struct value *function = member(call, "function");
    struct value *exact = function ? member(*function, "exact") : NULL;
    if (!exact) return;
    const struct text *text = exact->type == VALUE_STRING ? exact->text : NULL;
    dict_remove(function->dict, dict_find_text(function->dict, span_of("exact")));
    struct value *arguments = member(*function, "arguments");
    if (text && arguments && arguments->type == VALUE_DICT) arguments->dict->exact = text;
}

static void use_exact_calls(struct value messages)
{
    for (size_t i = 0; messages.type == VALUE_LIST && i < messages.list->count; i++) {
        const struct value *calls = member(messages.list->items[i], "tool_calls");
        if (!calls || calls->type != VALUE_LIST) continue;
        for (size_t k = 0; k < calls->list->count; k++)
            use_exact(calls->list->items[k]);
    }
}

static bool add_context(struct render *r)
{
    struct value dict, key, v;
    if (!dict_new(r, VALUE_DICT, &dict)) return false;
    r->context = dict.dict;
    for (size_t i = 0; i < r->settings->variable_count; i++) {
        const struct template_variable *one = &r->settings->variables[i];
        if (!value_of_bytes(r, one->name, strlen(one->name), false, &key)) return false;
        if (!value_from_json(r, one->value, !one->trusted, 0, &v)) return false;
        if (one->messages && !trust_roles(r, v)) return false;
        if (one->messages) use_exact_calls(v);
        if (!dict_set(r, r->context, key, v)) return false;
    }
    return true;
}

static bool run(struct render *r)
{
    struct scope *outer;
    enum flow flow;
    return add_context(r) && scope_push(r, NULL, &outer) && exec_list(r, &r->template->body, &flow);
}

static size_t count_ranges(const struct writer *w)
{
    size_t n = 0;
    if (!w->origin) return w->len && w->from_data;
    for (size_t i = 0; i < w->len; i++)
        n += w->origin[i] && (i == 0 || !w->origin[i - 1]);
    return n;
}

static void fill_ranges(const struct writer *w, struct byte_range *out)
{
    size_t n = 0;
    if (!w->origin) {
        if (w->len && w->from_data) out[0] = (struct byte_range){ 0, w->len };
        return;
    }
    for (size_t i = 0; i < w->len; i++) {
        if (!w->origin[i]) continue;
        if (i && w->origin[i - 1]) out[n - 1].end = i + 1;
        else out[n++] = (struct byte_range){ i, i + 1 };
    }
}

static enum status hand_over(const struct writer *w, size_t len_max, struct template_output *ret,
                             struct error *err)
{
    struct template_output o = { .text = BUF_INIT(len_max) };
    o.data_count = count_ranges(w);
    if (o.data_count) o.data = mem_array(o.data_count, sizeof *o.data);
    if ((o.data_count && !o.data) || !buf_reserve(&o.text, w->len)) {
        template_output_release(&o);
        return error_set(err, STATUS_NO_MEMORY, "out of memory for %zu bytes of prompt", w->len);
    }
    if (w->len) buf_append(&o.text, w->data, w->len);
    fill_ranges(w, o.data);
    *ret = o;
    return STATUS_OK;
}

static void release(struct render *r)
{
    for (struct held_json *h = r->held; h; h = h->next)
        json_doc_free(h->doc);
    arena_release(&r->arena);
}

enum status template_render(const struct template *t, const struct template_settings *settings,
                            struct template_output *ret, struct error *err)
{
    size_t len_max =
        settings->output_bytes_max ? settings->output_bytes_max : TEMPLATE_OUTPUT_BYTES_MAX;
    struct writer out = { .len_max = len_max };
    struct render r = { .template = t,
                        .settings = settings,
                        .err = err,
                        .out = &out,
                        .steps_left =
                            settings->steps_max ? settings->steps_max : TEMPLATE_STEPS_MAX };
    out.r = &r;
    arena_init(&r.arena, TEMPLATE_MEMORY_BYTES_MAX);
    if (run(&r)) r.status = hand_over(&out, len_max, ret, err);
    release(&r);
    return r.status;
}

void template_output_release(struct template_output *o)
{
    buf_release(&o->text);
    mem_free(o->data);
    o->data = NULL;
    o->data_count = 0;
}
