/* What an answer has to be: the formats and tool choices of every API.
 * SPDX-License-Identifier: Apache-2.0
 *
 * All become the member "constraint" of the canonical request (lm/worker/client.h). Readers take what is written in an API's own words; nothing is compiled here. What cannot be is
 * refused by the worker, before anything is told. */
#ifndef SERVE_SERVER_SHAPE_CONSTRAINT_H
#define SERVE_SERVER_SHAPE_CONSTRAINT_H

#include "base/core/json_write.h"
#include "serve/server/shape_fields.h"

enum text_form {
    FORM_ANY,
    FORM_OBJECT, /* any JSON object */
    FORM_SCHEMA,
    FORM_REGEX,
    FORM_CHOICE,
    FORM_GRAMMAR,
};
enum tool_choice { TOOL_CHOICE_AUTO, TOOL_CHOICE_NONE, TOOL_CHOICE_REQUIRED, TOOL_CHOICE_NAMED };

struct constraint_wish {
    enum text_form form;
    const struct json *value; /* of FORM_SCHEMA and below; of the body or of `doc` */
    struct json_doc *doc;     /* of a schema that came as a text */
    bool compact;             /* no white space between JSON tokens */
    struct field_path param;  /* the member that asked for the form; "": none */

    enum tool_choice choice;
    struct span name;           /* TOOL_CHOICE_NAMED */
    const struct json *allowed; /* tools that may be called; NULL: all */
    bool single;                /* at most one call */
};
void constraint_wish_release(struct constraint_wish *w);

/* OpenAI's `response_format` of chat completions: text, json_object (with a "schema", as some servers
 * have it), json_schema. */
bool wish_read_response_format(const struct fields *f, struct constraint_wish *w);
/* The flat form {"type": "json_schema", "name", "schema", "strict"} as member `name` of `f`: `text.format`
 * of responses, `output_config.format` of messages. */
bool wish_read_format(const struct fields *f, const char *name, struct constraint_wish *w);
/* Ollama's `format`: "json", or a schema. */
bool wish_read_ollama(const struct fields *f, struct constraint_wish *w);
/* Members that other servers have added: guided_json, guided_regex, guided_choice, guided_grammar,
 * structured_outputs; regex, ebnf; grammar, json_schema. */
bool wish_read_extras(const struct fields *f, struct constraint_wish *w);
/* OpenAI's `tool_choice` and `parallel_tool_calls`, in the forms of chat completions and of responses. */
bool wish_read_tool_choice(const struct fields *f, struct constraint_wish *w);

/* Writes the members "constraint" and "parallel_tool_calls" where they are needed. `tools`: the body's
 * list, whose items have a name and "strict", in a "function" or by themselves; NULL: none. False: the
 * choice needs tools. */
bool wish_put(struct json_writer *w, const struct constraint_wish *wish, const struct json *tools,
              struct shape_request *r, struct api_error *err);

#endif
