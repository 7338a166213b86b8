/* One rendering: its state, its limits, and the doors between the interpreter's files.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_CHAT_JINJA_RUN_H
#define LM_CHAT_JINJA_RUN_H

#include "lm/chat/jinja_ast.h"
#include "lm/chat/jinja_text.h"
#include "lm/chat/jinja_value.h"
#include "lm/chat/template.h"

#define FIRST_STATEMENT NODE_DATA
#define PARAMETERS_MAX  8   /* of a filter, test, method or function */
#define ARGUMENTS_MAX   255 /* of one call */

struct variable {
    const struct symbol *name;
    struct value value;
};

/* Names of one block; looked up towards the root, which is the context. */
struct scope {
    struct scope *parent;
    struct variable *variables;
    size_t count, cap;
};

/* A document that from_json parsed. */
struct held_json {
    struct held_json *next;
    struct json_doc *doc;
};

struct render {
    const struct template *template;
    const struct template_settings *settings;
    struct arena arena;
    struct error *err;
    enum status status;
    const struct node *at; /* what is being run, for messages */
    size_t steps_left;
    int depth;
    struct scope *scope;
    struct value_dict *context;
    struct writer *out;
    struct held_json *held;
    struct writer grow; /* the last long string that was joined: it may grow in place */
};

enum flow { FLOW_NEXT, FLOW_BREAK, FLOW_CONTINUE };

/* Writes "NAME:LINE:COLUMN: words" and returns false, always. */
bool fault(struct render *r, enum status s, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool fault_undefined(struct render *r, struct value v);        /* says what is undefined */
bool step(struct render *r, size_t count);                     /* counts work against the limit */
void *take(struct render *r, size_t count, size_t item_bytes); /* NULL after a fault */

bool eval(struct render *r, const struct node *n, struct value *ret);
bool exec(struct render *r, const struct node *n, enum flow *flow);
bool exec_list(struct render *r, const struct node_list *list, enum flow *flow);
/* Runs statements into a string, in a scope of their own. */
bool capture(struct render *r, const struct node_list *list, struct value *ret);
bool scope_push(struct render *r, struct scope *parent, struct scope **ret_outer);
bool scope_set(struct render *r, struct scope *s, const struct symbol *name, struct value v);
bool assign(struct render *r, const struct node *target, struct value v);

/* Arguments of a call as they were given. */
struct arguments {
    struct value *positional;
    size_t count;
    struct span *names;
    struct value *named;
    size_t named_count;
};
bool arguments_eval(struct render *r, const struct node_call *call, struct arguments *ret);

/* What a filter, test, method or function gets: the value before it, and one slot per parameter;
 * those not given are VALUE_ABSENT. `all` holds the arguments of entries that take any. */
struct call {
    struct value subject;
    struct value argument[PARAMETERS_MAX];
    const struct arguments *all;
};
typedef bool call_fn(struct render *r, const struct call *c, struct value *ret);

struct callable {
    const char *name;
    call_fn *fn;
    const char *parameters; /* names, apart by a space; "*": any */
    size_t required;
};

struct function {
    const struct callable *callable;
};

struct method {
    const struct callable *callable;
    struct value self;
};

struct macro {
    const struct node *node; /* NODE_MACRO or NODE_CALL_BLOCK */
    struct scope *scope;     /* where it was defined */
};

struct loop {
    const struct node *node;
    struct cursor cursor;
    struct value previous, current, next;
    bool has_previous, has_next;
    bool was_compared; /* by changed() */
    struct value compared;
    int64_t index0, length; /* length -1: not counted yet */
    int64_t depth0;
    struct scope *scope;
};

struct joiner {
    struct value separator;
    bool used;
};

bool callable_run(struct render *r, const struct callable *c, const char *what,
                  struct value subject, const struct arguments *arguments, struct value *ret);
bool value_call(struct render *r, struct value callee, const struct arguments *arguments,
                struct value *ret);
bool macro_call(struct render *r, const struct macro *m, const struct arguments *arguments,
                struct value *ret);
bool loop_call(struct render *r, struct loop *l, const struct arguments *arguments,
               struct value *ret);
bool loop_attribute(struct render *r, struct loop *l, struct span name, struct value *ret);
bool binary(struct render *r, enum operator op, struct value a, struct value b, struct value *ret);

/* Tables; NULL when there is no such entry. */
const struct callable *filter_find(struct span name);
const struct callable *test_find(struct span name);
const struct callable *function_find(struct span name);
const struct callable *method_find(struct value of, struct span name);
bool test_run(struct render *r, const struct callable *c, struct value v,
              const struct arguments *arguments, bool *ret);

/* Helpers of the entries. */
bool argument_int(struct render *r, const struct value *v, const char *name, int64_t fallback,
                  int64_t *ret);
bool argument_bool(const struct value *v, bool fallback);
/* An attribute as filters name it: "a.b", 0, or absent for the value itself. */
bool member_of(struct render *r, struct value of, const struct value *path, struct value *ret);

struct json_style {
    bool ascii;
    bool sort_keys;
    bool pretty;
    struct span indent; /* of one level */
    struct span item, key;
};
bool value_to_json(struct render *r, struct value v, const struct json_style *style,
                   struct value *ret);
bool time_format(struct render *r, const struct tm *now, struct span format, struct value *ret);

#endif
