/* Formats and tool choices of the APIs.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sources: the vendors' API descriptions; for the added members the documentation of vLLM (guided
 * decoding, structured outputs), SGLang and llama.cpp's server. */
#include "serve/server/shape_constraint.h"

#include <stdio.h>
#include <string.h>

#include "lm/sample/constraint.h"
#include "serve/server/shape_out.h"

#define FORMAT_NAME_BYTES_MAX 64

void constraint_wish_release(struct constraint_wish *w)
{
    json_doc_free(w->doc);
    w->doc = NULL;
}

/* One form for an answer: a second is refused. */
static bool set_form(const struct fields *f, const char *name, struct constraint_wish *w,
                     enum text_form form, const struct json *value)
{
    struct field_path path = path_in(f, name);
    if (w->form != FORM_ANY)
        return api_refuse(f->err, API_INVALID_VALUE, path.text,
                          "'%s' and '%s' both say what the answer has to be; send one of them",
                          w->param.text, path.text);
    w->form = form;
    w->value = value;
    w->param = path;
    return true;
}

/* ---- values ---- */

static bool is_schema(const struct json *v)
{
    return json_type(v) == JSON_OBJECT || json_type(v) == JSON_BOOL;
}

static bool set_schema(const struct fields *f, const char *name, struct constraint_wish *w,
                       const struct json *schema)
{
    struct field_path path = path_in(f, name);
    if (!is_schema(schema))
        return api_refuse(f->err, schema ? API_INVALID_TYPE : API_MISSING, path.text,
                          "'%s' must be a JSON schema", path.text);
    return set_form(f, name, w, FORM_SCHEMA, schema);
}

/* A schema, or the JSON text of one. */
static bool read_schema(const struct fields *f, const char *name, struct constraint_wish *w)
{
    const struct json *v = field_get(f, name);
    struct field_path path = path_in(f, name);
    struct span text = json_string(v);
    struct error e;
    if (!v) return true;
    if (!text.data) return set_schema(f, name, w, v);
    if (!set_form(f, name, w, FORM_SCHEMA, NULL)) return false;
    enum status st =
        json_parse(&w->doc, text.data, text.len, CONSTRAINT_SPEC_BYTES_MAX, path.text, &e);
    if (st == STATUS_NO_MEMORY) return api_refuse_error(f->err, &e);
    if (st) return api_refuse(f->err, API_INVALID_VALUE, path.text, "%s", e.text);
    w->value = json_root(w->doc);
    return is_schema(w->value) || api_refuse(f->err, API_INVALID_TYPE, path.text,
                                             "'%s' must be the text of a JSON schema", path.text);
}

static bool read_text(const struct fields *f, const char *name, struct constraint_wish *w,
                      enum text_form form)
{
    struct span text = { 0 };
    if (!field_text(f, name, &text)) return false;
    return !text.len || set_form(f, name, w, form, field_get(f, name));
}

static bool read_choices(const struct fields *f, const char *name, struct constraint_wish *w)
{
    const struct json *list = NULL;
    struct field_path path = path_in(f, name);
    if (!field_array(f, name, &list)) return false;
    if (!list) return true;
    for (size_t i = 0; i < json_length(list); i++)
        if (!json_string(json_at(list, i)).len)
            return api_refuse(f->err, API_INVALID_TYPE, path.text,
                              "'%s' must be a list of texts, none of them empty", path.text);
    if (!json_length(list))
        return api_refuse(f->err, API_INVALID_VALUE, path.text, "'%s' is empty", path.text);
    return set_form(f, name, w, FORM_CHOICE, list);
}

/* ---- formats ---- */

static bool check_name(const struct fields *o)
{
    struct span name = { 0 };
    struct field_path path = path_in(o, "name");
    bool strict;
    if (!field_text(o, "name", &name) || !field_bool(o, "strict", &strict)) return false;
    return !name.data || is_function_name(name, FORMAT_NAME_BYTES_MAX) ||
           api_refuse(o->err, API_INVALID_VALUE, path.text,
                      "'%s' must be 1 to %d letters, digits, '_' or '-'", path.text,
                      FORMAT_NAME_BYTES_MAX);
}

static bool unknown_format(const struct fields *o, struct span type)
{
    struct field_path path = path_in(o, "type");
    return api_refuse(o->err, type.data ? API_UNSUPPORTED : API_MISSING, path.text,
                      "'%s' must be text, json_object or json_schema", path.text);
}

bool wish_read_response_format(const struct fields *f, struct constraint_wish *w)
{
    const struct json *format = NULL, *inner = NULL;
    struct span type = { 0 };
    if (!field_object(f, "response_format", &format)) return false;
    if (!format) return true;
    struct fields o = { format, "response_format", f->err };
    if (!field_text(&o, "type", &type)) return false;
    if (span_equals(type.data ? type : span_of(""), "text")) return true;
    if (type.data && span_equals(type, "json_object")) {
        if (field_get(&o, "schema")) return read_schema(&o, "schema", w);
        return set_form(f, "response_format", w, FORM_OBJECT, NULL);
    }
    if (!type.data || !span_equals(type, "json_schema")) return unknown_format(&o, type);
    if (!field_object(&o, "json_schema", &inner)) return false;
    if (!inner) return set_schema(&o, "schema", w, field_get(&o, "schema"));
    struct fields i = { inner, "response_format.json_schema", f->err };
    if (!check_name(&i)) return false;
    if (!field_get(&i, "schema")) return set_form(f, "response_format", w, FORM_OBJECT, NULL);
    return set_schema(&i, "schema", w, field_get(&i, "schema"));
}

bool wish_read_format(const struct fields *f, const char *name, struct constraint_wish *w)
{
    const struct json *format = NULL;
    struct span type = { 0 };
    struct field_path path = path_in(f, name);
    if (!field_object(f, name, &format)) return false;
    if (!format) return true;
    struct fields o = { format, path.text, f->err };
    if (!field_text(&o, "type", &type)) return false;
    if (type.data && span_equals(type, "text")) return true;
    if (type.data && span_equals(type, "json_object"))
        return set_form(f, name, w, FORM_OBJECT, NULL);
    if (!type.data || !span_equals(type, "json_schema")) return unknown_format(&o, type);
    return check_name(&o) && set_schema(&o, "schema", w, field_get(&o, "schema"));
}

bool wish_read_ollama(const struct fields *f, struct constraint_wish *w)
{
    const struct json *v = field_get(f, "format");
    struct span text = json_string(v);
    if (!v || (text.data && !text.len)) return true;
    if (text.data && span_equals(text, "json")) return set_form(f, "format", w, FORM_OBJECT, NULL);
    if (is_schema(v)) return set_schema(f, "format", w, v);
    return api_refuse(f->err, text.data ? API_INVALID_VALUE : API_INVALID_TYPE, "format",
                      "'format' must be \"json\" or a JSON schema");
}

/* ---- members of other servers ---- */

static bool read_structured(const struct fields *f, struct constraint_wish *w)
{
    const struct json *v = NULL;
    bool object = false;
    if (!field_object(f, "structured_outputs", &v)) return false;
    struct fields o = { v, "structured_outputs", f->err };
    if (!read_schema(&o, "json", w) || !read_text(&o, "regex", w, FORM_REGEX) ||
        !read_choices(&o, "choice", w) || !read_text(&o, "grammar", w, FORM_GRAMMAR) ||
        !field_bool(&o, "json_object", &object) ||
        !field_bool(&o, "disable_any_whitespace", &w->compact) ||
        !field_unsupported(&o, "whitespace_pattern",
                           "\"disable_any_whitespace\": true leaves white space out") ||
        !field_unsupported(&o, "structural_tag", "send \"tools\", or a grammar"))
        return false;
    return !object || set_form(&o, "json_object", w, FORM_OBJECT, NULL);
}

bool wish_read_extras(const struct fields *f, struct constraint_wish *w)
{
    return read_structured(f, w) && read_schema(f, "guided_json", w) &&
           read_text(f, "guided_regex", w, FORM_REGEX) && read_choices(f, "guided_choice", w) &&
           read_text(f, "guided_grammar", w, FORM_GRAMMAR) &&
           read_text(f, "regex", w, FORM_REGEX) && read_text(f, "ebnf", w, FORM_GRAMMAR) &&
           read_text(f, "grammar", w, FORM_GRAMMAR) && read_schema(f, "json_schema", w) &&
           field_unsupported(f, "guided_whitespace_pattern",
                             "white space between JSON tokens is free") &&
           field_unsupported(f, "structural_tag", "send \"tools\", or a grammar");
}

/* ---- tools ---- */

static bool read_named(const struct fields *o, struct constraint_wish *w)
{
    const struct json *function = NULL;
    if (!field_object(o, "function", &function)) return false;
    struct field_path path = path_in(o, "function");
    struct fields inner = { function, path.text, o->err };
    const struct fields *at = function ? &inner : o;
    if (!field_text(at, "name", &w->name)) return false;
    w->choice = TOOL_CHOICE_NAMED;
    return w->name.len > 0 || api_refuse(o->err, API_MISSING, path_in(at, "name").text,
                                         "'%s' must name a tool", path_in(at, "name").text);
}

static bool read_allowed(const struct fields *o, struct constraint_wish *w)
{
    const struct json *inner = NULL;
    struct span mode = span_of("auto");
    if (!field_object(o, "allowed_tools", &inner)) return false;
    struct field_path path = path_in(o, "allowed_tools");
    struct fields nested = { inner, path.text, o->err };
    const struct fields *at = inner ? &nested : o;
    if (!field_text(at, "mode", &mode) || !field_array(at, "tools", &w->allowed)) return false;
    if (!json_length(w->allowed))
        return api_refuse(o->err, API_MISSING, path_in(at, "tools").text,
                          "'%s' must list the tools that may be called", path_in(at, "tools").text);
    if (span_equals(mode, "required")) w->choice = TOOL_CHOICE_REQUIRED;
    return span_equals(mode, "required") || span_equals(mode, "auto") ||
           api_refuse(o->err, API_INVALID_VALUE, path_in(at, "mode").text,
                      "'%s' must be \"auto\" or \"required\"", path_in(at, "mode").text);
}

static bool read_choice(const struct fields *f, struct constraint_wish *w)
{
    const struct json *v = field_get(f, "tool_choice");
    struct span text = json_string(v), type = { 0 };
    struct fields o = { v, "tool_choice", f->err };
    if (!v || (text.data && span_equals(text, "auto"))) return true;
    if (text.data && span_equals(text, "none")) w->choice = TOOL_CHOICE_NONE;
    else if (text.data && (span_equals(text, "required") || span_equals(text, "any")))
        w->choice = TOOL_CHOICE_REQUIRED;
    else if (json_type(v) != JSON_OBJECT || !field_text(&o, "type", &type))
        return api_refuse(f->err, text.data ? API_INVALID_VALUE : API_INVALID_TYPE, "tool_choice",
                          "'tool_choice' must be none, auto, required, or an object that names a "
                          "function");
    else if (type.data && span_equals(type, "function")) return read_named(&o, w);
    else if (type.data && span_equals(type, "allowed_tools")) return read_allowed(&o, w);
    else
        return api_refuse(f->err, API_UNSUPPORTED, "tool_choice.type",
                          "'tool_choice.type' must be function or allowed_tools");
    return true;
}

bool wish_read_tool_choice(const struct fields *f, struct constraint_wish *w)
{
    bool parallel = true;
    if (!read_choice(f, w) || !field_bool(f, "parallel_tool_calls", &parallel)) return false;
    w->single = !parallel;
    return true;
}

/* ---- the canonical form ---- */

static const struct json *function_of(const struct json *tool)
{
    const struct json *f = json_get(tool, "function");
    return json_type(f) == JSON_OBJECT ? f : tool;
}

/* The names of those that are strict, or of all. */
static size_t put_names(struct json_writer *w, const char *key, const struct json *tools, bool all)
{
    size_t count = 0;
    json_key(w, key);
    json_open_array(w);
    for (size_t i = 0; i < json_length(tools); i++) {
        const struct json *f = function_of(json_at(tools, i));
        struct span name = json_string(json_get(f, "name"));
        if (!name.data || (!all && !json_bool(json_get(f, "strict"), false))) continue;
        json_put_span(w, name);
        count++;
    }
    json_close_array(w);
    return count;
}

static bool any_strict(const struct json *tools)
{
    for (size_t i = 0; i < json_length(tools); i++)
        if (json_bool(json_get(function_of(json_at(tools, i)), "strict"), false)) return true;
    return false;
}

static void put_form(struct json_writer *w, const struct constraint_wish *wish)
{
    static const struct {
        const char *type, *member;
    } forms[] = {
        [FORM_OBJECT] = { "json_object", NULL },   [FORM_SCHEMA] = { "json_schema", "schema" },
        [FORM_REGEX] = { "regex", "pattern" },     [FORM_CHOICE] = { "choice", "choices" },
        [FORM_GRAMMAR] = { "grammar", "grammar" },
    };
    bool json = wish->form == FORM_OBJECT || wish->form == FORM_SCHEMA;
    json_open_object(w);
    json_member_text(w, "type", forms[wish->form].type);
    if (forms[wish->form].member) {
        json_key(w, forms[wish->form].member);
        json_put_value(w, wish->value);
    }
    if (json && wish->compact) json_member_text(w, "whitespace", "compact");
    json_close_object(w);
}

static void put_tools_constraint(struct json_writer *w, const struct constraint_wish *wish,
                                 const struct json *tools)
{
    json_key(w, "constraint");
    json_open_object(w);
    json_member_text(w, "type", "tools");
    json_key(w, "choice");
    if (wish->choice == TOOL_CHOICE_NAMED) {
        json_open_object(w);
        put_span(w, "name", wish->name);
        json_close_object(w);
    } else json_put_string(w, wish->choice == TOOL_CHOICE_REQUIRED ? "required" : "auto");
    /* A tool by name means one call of it, as the vendors have it. */
    if (wish->single || wish->choice == TOOL_CHOICE_NAMED) json_member_bool(w, "parallel", false);
    put_names(w, "strict", tools, false);
    if (wish->allowed) put_names(w, "allowed", wish->allowed, true);
    if (wish->choice == TOOL_CHOICE_AUTO && wish->form != FORM_ANY) {
        json_key(w, "content");
        put_form(w, wish);
    }
    json_close_object(w);
}

bool wish_put(struct json_writer *w, const struct constraint_wish *wish, const struct json *tools,
              struct shape_request *r, struct api_error *err)
{
    bool forced = wish->choice == TOOL_CHOICE_REQUIRED || wish->choice == TOOL_CHOICE_NAMED;
    bool has_tools = json_length(tools) > 0 && wish->choice != TOOL_CHOICE_NONE;
    if (!has_tools && (forced || wish->allowed))
        return api_refuse(err, API_INVALID_VALUE, "tool_choice",
                          "'tool_choice' asks for a call, but there are no tools");
    snprintf(r->constraint_param, sizeof r->constraint_param, "%s",
             wish->form == FORM_ANY ? "tools" : wish->param.text);
    if (has_tools && wish->single) json_member_bool(w, "parallel_tool_calls", false);
    if (has_tools && (forced || wish->allowed || wish->form != FORM_ANY || any_strict(tools)))
        put_tools_constraint(w, wish, tools);
    else if (wish->form != FORM_ANY) {
        json_key(w, "constraint");
        put_form(w, wish);
    }
    return true;
}
