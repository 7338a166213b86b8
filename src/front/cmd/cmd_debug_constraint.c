/* `hearth debug constraint`: what a constraint compiles to, and where a text leaves it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "base/core/json.h"
#include "front/cmd/command.h"
#include "front/cmd/model_options.h"
#include "front/cmd/text_input.h"
#include "lm/sample/constraint.h"

#define SHOWN_BYTES 60

static const struct option_spec specs[] = {
    { "spec", 0, OPTION_TEXT, .value = "FILE",
      .help = "the constraint, JSON: {\"type\":\"json_schema\",\"schema\":{...}} and its like" },
    { "text", 0, OPTION_TEXT, .value = "FILE", .help = "a text to check; - is standard input" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, NULL };

static void print_facts(const struct constraint *c)
{
    struct constraint_facts f = constraint_facts(c);
    printf("type      %s\n", f.type);
    printf("compiled  %.1f ms, %zu KiB\n", (double)f.compile_ns / 1e6, f.bytes >> 10);
    printf("automata  %" PRIu32 " with %" PRIu32 " states\n", f.automata, f.states);
    printf("values    %" PRIu32 " kinds, %" PRIu32 " objects, %" PRIu32 " arrays\n", f.nodes,
           f.objects, f.arrays);
}

static enum status check_text(struct constraint *c, const struct buf *text, struct error *err)
{
    struct constraint_state *s;
    struct buf forced = BUF_INIT(SHOWN_BYTES);
    enum status st = constraint_state_new(&s, c, err);
    if (st) return st;
    size_t n = constraint_accept_text(s, text->data ? text->data : "", text->len);
    bool ends = constraint_may_end(s);
    if (n == text->len && ends) {
        printf("text      accepted, %zu bytes\n", n);
    } else if (n == text->len) {
        st = constraint_forced(s, SHOWN_BYTES - 1, &forced, err);
        if (!st)
            printf("text      incomplete after %zu bytes%s%s\n", n,
                   forced.len ? "; has to go on with " : "", forced.len ? forced.data : "");
    } else {
        size_t from = n > SHOWN_BYTES ? n - SHOWN_BYTES : 0;
        printf("text      rejected at byte %zu, behind \"%.*s\"\n", n, (int)(n - from),
               text->data + from);
    }
    bool ok = n == text->len && ends;
    buf_release(&forced);
    constraint_state_free(s);
    if (st || ok) return st;
    return error_set(err, STATUS_BAD_INPUT, "the text does not satisfy the constraint");
}

static enum status compile(struct constraint **ret, const char *path, const struct vocab_trie *v,
                           int32_t end, struct error *err)
{
    struct buf spec;
    struct json_doc *doc;
    enum status st = input_read(&spec, path, err);
    if (st) return st;
    st = json_parse(&doc, spec.data ? spec.data : "", spec.len, CONSTRAINT_SPEC_BYTES_MAX, path,
                    err);
    buf_release(&spec);
    if (st) return st;
    st = constraint_compile(ret, json_root(doc), v, &end, end >= 0, err);
    json_doc_free(doc);
    return st;
}

static enum status run_with(const struct args *args, const struct tokenizer *t, struct error *err)
{
    struct vocab_trie *v;
    struct constraint *c = NULL;
    const char *path = args_text(args, "text", NULL);
    enum status st = vocab_trie_new(&v, t, err);
    if (st) return st;
    st = compile(&c, args_text(args, "spec", NULL), v, tokenizer_eos(t), err);
    if (!st) print_facts(c);
    if (!st && path) {
        struct buf text;
        st = input_read(&text, path, err);
        if (!st) {
            st = check_text(c, &text, err);
            buf_release(&text);
        }
    }
    constraint_free(c);
    vocab_trie_free(v);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    struct tokenizer *t;
    if (!args_text(args, "spec", NULL))
        return error_set(err, STATUS_USAGE, "--spec FILE is needed: the constraint, as JSON");
    enum status st = model_open_tokenizer(&t, args_operand(args, 0), err);
    if (st) return st;
    st = run_with(args, t, err);
    tokenizer_free(t);
    return st;
}

const struct command cmd_debug_constraint = {
    .name = "debug constraint",
    .summary = "compile a constraint and check a text against it",
    .operands = "MODEL --spec FILE [--text FILE]",
    .operands_min = 1,
    .operands_max = 1,
    .about = "MODEL may be a folder with only tokenizer files. docs/constraints.md describes the "
             "spec.",
    .tables = tables,
    .run = run,
};
