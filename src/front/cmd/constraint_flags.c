/* From the options of form to a request's "constraint".
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/constraint_flags.h"

#include "front/cmd/text_input.h"
#include "lm/sample/constraint.h"

static const struct option_spec constraint_specs[] = {
    { "json-object", 0, OPTION_FLAG, .help = "a JSON object" },
    { "json-schema", 0, OPTION_TEXT, .value = "FILE", .help = "JSON that satisfies this schema" },
    { "regex", 0, OPTION_TEXT, .value = "EXPRESSION", .help = "a text that matches as a whole" },
    { "choice", 0, OPTION_TEXTS, .value = "TEXT",
      .help = "one of these texts; given once for each" },
    { "grammar", 0, OPTION_TEXT, .value = "FILE", .help = "what this grammar's rule root matches" },
    { 0 },
};
const struct option_table constraint_table = { "Form of the answer (behind its reasoning)",
                                               constraint_specs };

static enum status only_one(const struct args *args, struct error *err)
{
    const char *first = NULL;
    for (const struct option_spec *o = constraint_specs; o->name; o++) {
        if (!args_given(args, o->name)) continue;
        if (first)
            return error_set(err, STATUS_USAGE,
                             "--%s and --%s both say what form the answer has; give one of them",
                             first, o->name);
        first = o->name;
    }
    return STATUS_OK;
}

static void open(struct json_writer *w, const char *type)
{
    json_key(w, "constraint");
    json_open_object(w);
    json_key(w, "type");
    json_put_string(w, type);
}

static enum status write_schema(const char *path, struct json_writer *w, struct error *err)
{
    struct buf text;
    struct json_doc *doc;
    enum status st = input_read(&text, path, err);
    if (st) return st;
    st = json_parse(&doc, text.data ? text.data : "", text.len, CONSTRAINT_SPEC_BYTES_MAX, path,
                    err);
    buf_release(&text);
    if (st) return st;
    open(w, "json_schema");
    json_key(w, "schema");
    json_put_value(w, json_root(doc));
    json_close_object(w);
    json_doc_free(doc);
    return STATUS_OK;
}

static enum status write_grammar(const char *path, struct json_writer *w, struct error *err)
{
    struct buf text;
    enum status st = input_read(&text, path, err);
    if (st) return st;
    open(w, "grammar");
    json_key(w, "grammar");
    json_put_span(w, (struct span){ text.data ? text.data : "", text.len });
    json_close_object(w);
    buf_release(&text);
    return STATUS_OK;
}

static void write_choices(const struct args *args, struct json_writer *w)
{
    int cursor = 0;
    open(w, "choice");
    json_key(w, "choices");
    json_open_array(w);
    for (const char *text; (text = args_next_text(args, "choice", &cursor));)
        json_put_string(w, text);
    json_close_array(w);
    json_close_object(w);
}

enum status constraint_flags_write(const struct args *args, struct json_writer *w,
                                   struct error *err)
{
    enum status st = only_one(args, err);
    if (st) return st;
    if (args_given(args, "json-schema"))
        return write_schema(args_text(args, "json-schema", NULL), w, err);
    if (args_given(args, "grammar")) return write_grammar(args_text(args, "grammar", NULL), w, err);
    if (args_given(args, "choice")) write_choices(args, w);
    if (args_given(args, "json-object")) {
        open(w, "json_object");
        json_close_object(w);
    }
    if (args_given(args, "regex")) {
        open(w, "regex");
        json_key(w, "pattern");
        json_put_string(w, args_text(args, "regex", NULL));
        json_close_object(w);
    }
    return STATUS_OK;
}
