/* `hearth licence`: what licence texts are, and whether they cover a declared use.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/mem.h"
#include "front/cmd/command.h"
#include "front/cmd/declared_use.h"
#include "front/cmd/licence_folder.h"
#include "front/cmd/model_options.h"
#include "front/cmd/terminal.h"
#include "govern/licence/licence.h"
#include "govern/licence/licence_drift.h"
#include "govern/licence/licence_gguf.h"

#define FILES_MAX        4096
#define OUTPUT_BYTES_MAX (1u << 28)

static const struct option_spec specs[] = {
    { "use", 0, OPTION_TEXT, .value = "FILE",
      .help = "the declared use: a hearth.yaml, or the keys of its part `use:` alone" },
    { "since", 0, OPTION_TEXT, .value = "OLD",
      .help = "tell how the licence of FILE differs from that in OLD: facts and words" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &json_table, NULL };

struct desk {
    struct licence_prints prints;
    struct licence_use use;
    struct buf out;
    bool json;
};

static enum status read_use(struct licence_use *ret, const char *path, struct error *err)
{
    struct buf text = BUF_INIT(USE_BYTES_MAX);
    licence_use_init(ret);
    if (!path) return STATUS_OK;
    enum status st = file_read(&text, path, err);
    if (!st) st = declared_use_parse(ret, (struct span){ text.data, text.len }, path, err);
    buf_release(&text);
    return st;
}

static void report_rule(struct buf *out, const struct licence_rule *r)
{
    buf_format(out, "  %-5s %-22s %s\n", licence_answer_name(r->answer), licence_rule_name(r->id),
               r->reason);
    if (r->quote[0]) buf_format(out, "        \"%s\"\n", r->quote);
    if (r->next[0]) buf_format(out, "        next: %s\n", r->next);
}

static void report_lines(struct buf *out, const char *path, const struct licence_reading *r,
                         const struct licence_verdict *v)
{
    const char *id = r ? licence_reading_id(r) : NULL;
    buf_format(out, "%s: %s\n", path, licence_answer_name(v->answer));
    buf_format(out, "  %s (%s)%s%s\n", id ? id : "no known licence",
               licence_match_name(r ? r->match.kind : MATCH_NONE), r->facts ? ": " : "",
               r->facts ? r->facts->name : "");
    for (int i = 0; i < v->count; i++)
        report_rule(out, &v->rules[i]);
}

static enum status judge_text(struct desk *d, const char *path, struct span text, struct error *err)
{
    struct licence_reading *r;
    struct licence_verdict *v = mem_zero(sizeof *v);
    struct json_writer w;
    if (!v) return error_set(err, STATUS_NO_MEMORY, "no memory for a verdict");
    enum status st = licence_read(&r, &d->prints, text, err);
    if (st) {
        mem_free(v);
        return st;
    }
    licence_judge(v, r, &d->use);
    if (d->json) {
        json_writer_init(&w, &d->out, 0);
        licence_write(&w, path, r, v);
        buf_byte(&d->out, '\n');
    } else {
        report_lines(&d->out, path, r, v);
    }
    licence_reading_free(r);
    mem_free(v);
    return buf_check(&d->out, "the verdicts", err);
}

static enum status judge_gguf(struct desk *d, const char *path, struct error *err)
{
    struct gguf *g;
    struct buf card = BUF_INIT(GGUF_CARD_BYTES_MAX);
    enum status st = gguf_open(&g, path, err);
    if (st) return st;
    st = licence_card_of_gguf(&card, g, err);
    if (!st) st = judge_text(d, path, (struct span){ card.data, card.len }, err);
    buf_release(&card);
    gguf_close(g);
    return st;
}

/* One verdict over all that its files claim. */
static enum status tell_folder(struct desk *d, const struct licence_folder *f, struct error *err)
{
    struct licence_verdict *v = mem_zero(sizeof *v);
    struct json_writer w;
    const struct licence_reading *main = licence_folder_text(f, "model", "code");
    if (!v) return error_set(err, STATUS_NO_MEMORY, "no memory for a verdict");
    licence_judge_all(v, f->readings, f->text_names, f->text_count, &d->use);
    if (d->json) {
        json_writer_init(&w, &d->out, 0);
        licence_write(&w, f->path, main, v);
        buf_byte(&d->out, '\n');
    } else {
        report_lines(&d->out, f->path, main, v);
    }
    mem_free(v);
    return buf_check(&d->out, "the verdicts", err);
}

static enum status judge_folder(struct desk *d, const char *path, struct error *err)
{
    struct licence_folder f;
    enum status st = licence_folder_read(&f, path, &d->prints, err);
    if (!st) st = tell_folder(d, &f, err);
    licence_folder_release(&f);
    return st;
}

static enum status judge_file(struct desk *d, const char *path, struct error *err)
{
    struct file_map map;
    if (file_kind(path) == FILE_FOLDER) return judge_folder(d, path, err);
    enum status st = file_map_path(&map, path, err);
    if (st) return st;
    struct span text = { (const char *)map.data, map.len };
    bool is_gguf = text.len > 4 && memcmp(text.data, "GGUF", 4) == 0;
    /* A GGUF file that cannot be read claims nothing; its bytes are then no text either. */
    if (is_gguf) st = judge_gguf(d, path, err);
    if (!is_gguf || st == STATUS_BAD_INPUT || st == STATUS_UNSUPPORTED)
        st = judge_text(d, path, text, err);
    file_unmap(&map);
    return st;
}

static enum status read_mapped(struct licence_reading **ret, struct file_map *map, struct desk *d,
                               const char *path, struct error *err)
{
    enum status st = file_map_path(map, path, err);
    if (st) return st;
    st = licence_read(ret, &d->prints, (struct span){ (const char *)map->data, map->len }, err);
    return st ? error_wrap(err, st, "%s", path) : st;
}

static void report_drift(struct buf *out, const struct licence_drift *d,
                         const struct licence_reading *was, const struct licence_reading *is)
{
    char quote[LICENCE_QUOTE_BYTES];
    const char *from = licence_reading_id(was), *to = licence_reading_id(is);
    buf_format(out, "%s, then %s: %u words removed, %u added\n", from ? from : "no known licence",
               to ? to : "no known licence", d->removed, d->added);
    for (uint32_t i = 0; i < d->place_count; i++) {
        licence_quote(quote, sizeof quote, was, d->places[i].was_begin, d->places[i].was_end);
        if (quote[0]) buf_format(out, "- %s\n", quote);
        licence_quote(quote, sizeof quote, is, d->places[i].is_begin, d->places[i].is_end);
        if (quote[0]) buf_format(out, "+ %s\n", quote);
    }
}

/* Facts are compared as JSON has them, which people get as well. */
static enum status tell_drift(struct desk *d, const struct licence_reading *was,
                              const struct licence_reading *is, struct error *err)
{
    struct json_writer w;
    struct licence_drift *drift = mem_zero(sizeof *drift);
    if (!drift) return error_set(err, STATUS_NO_MEMORY, "no memory to compare two licences");
    enum status st = licence_drift(drift, was, is, err);
    if (!st && !d->json) report_drift(&d->out, drift, was, is);
    json_writer_init(&w, &d->out, 0);
    if (!st && d->json) st = licence_drift_write(&w, drift, was, is, err);
    if (!st && d->json) buf_byte(&d->out, '\n');
    mem_free(drift);
    return st ? st : buf_check(&d->out, "the differences", err);
}

static enum status compare_files(struct desk *d, const char *old, const char *new,
                                 struct error *err)
{
    struct file_map maps[2] = { { .fd = -1 }, { .fd = -1 } };
    struct licence_reading *was = NULL, *is = NULL;
    enum status st = read_mapped(&was, &maps[0], d, old, err);
    if (!st) st = read_mapped(&is, &maps[1], d, new, err);
    if (!st) st = tell_drift(d, was, is, err);
    licence_reading_free(was);
    licence_reading_free(is);
    file_unmap(&maps[0]);
    file_unmap(&maps[1]);
    return st;
}

static enum status judge_operands(struct desk *d, const struct args *args, struct error *err)
{
    const char *old = args_text(args, "since", NULL);
    enum status st = STATUS_OK;
    if (old && args->operand_count != 1)
        return error_set(err, STATUS_USAGE, "--since compares one FILE with OLD, not %d",
                         args->operand_count);
    if (old) return compare_files(d, old, args_operand(args, 0), err);
    /* A file that cannot be read keeps no other from being judged; the first fault is the command's. */
    for (int i = 0; i < args->operand_count; i++) {
        struct error one;
        enum status fault = judge_file(d, args_operand(args, i), &one);
        if (!fault) continue;
        if (st) fprintf(stderr, "hearth: %s\n", one.text);
        else st = error_set(err, fault, "%s", one.text);
    }
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    struct desk d = { .out = BUF_INIT(OUTPUT_BYTES_MAX), .json = args_flag(args, "json") };
    enum status st = licence_prints_builtin(&d.prints, err);
    if (!st) st = read_use(&d.use, args_text(args, "use", NULL), err);
    if (!st) st = judge_operands(&d, args, err);
    /* What was judged before a fault is still told. */
    struct terminal t = terminal_of(stdout);
    if (d.out.len && d.json) fwrite(d.out.data, 1, d.out.len, stdout);
    else if (d.out.len) terminal_put(&t, (struct span){ d.out.data, d.out.len });
    buf_release(&d.out);
    return st;
}

const struct command cmd_licence = {
    .name = "licence",
    .summary = "recognise licence files and judge them for a declared use",
    .operands = "FILE...",
    .operands_min = 1,
    .operands_max = FILES_MAX,
    .about =
        "Each FILE is judged by itself: a LICENSE or NOTICE, a use policy, a model card, or a GGUF "
        "file "
        "for the licence that it claims. The answer is allow, ask or deny; what is unknown, nearly "
        "known or contradictory is asked about, never allowed. Without --use nothing is declared, "
        "so "
        "that whatever depends on the use is asked about. The command succeeds when every FILE was "
        "judged, whatever the verdicts; with --json it prints one object a line.",
    .tables = tables,
    .run = run,
};
