/* `hearth bom`: the bill of materials of a stored model, or of a server that runs.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/core/clock.h"
#include "front/cmd/bom_server.h"
#include "front/cmd/command.h"
#include "front/cmd/desk_record.h"
#include "govern/dossier/record_bom.h"

static const struct option_spec specs[] = {
    { "format", 0, OPTION_TEXT, "cyclonedx-1.7|cyclonedx-1.6|spdx-3",
      .help = "cyclonedx-1.7 by default" },
    { "out", 'o', OPTION_TEXT, "FILE", .help = "by default standard output" },
    { "server", 0, OPTION_TEXT, "URL",
      .help =
          "of the server at http://ADDR:PORT, https://HOST or unix:PATH, and of exactly the models "
          "that it has loaded" },
    { "key", 0, OPTION_TEXT, "KEY",
      .help = "a key with the capability metrics; HEARTH_KEY says it unseen by others" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &desk_table, NULL };

static enum status write_model(struct buf *out, struct desk *d, const struct licence_prints *prints,
                               const char *alias, enum record_bom_format format, struct error *err)
{
    struct desk_record m;
    char at[RECORD_TIME_BYTES];
    record_time(at, clock_unix_ns() / 1000000);
    enum status st = desk_record_open(&m, d, prints, alias, err);
    if (st) return st;
    st = record_bom_write(out, m.record, m.verdict, format, at, err);
    desk_record_close(&m);
    return st;
}

static enum status check_operands(const struct args *args, struct error *err)
{
    bool server = args_given(args, "server");
    if (server == (args->operand_count == 1))
        return error_set(err, STATUS_USAGE,
                         server ? "--server is asked which models it runs: no MODEL beside it"
                                : "say of which model, or of which --server");
    if (args_given(args, "key") && !server)
        return error_set(err, STATUS_USAGE, "--key is for --server");
    return STATUS_OK;
}

static enum status run(const struct args *args, struct error *err)
{
    struct desk d = { 0 };
    struct licence_prints prints;
    enum record_bom_format format = RECORD_BOM_1_7;
    struct buf out = BUF_INIT(BOM_BYTES_MAX);
    enum status st = check_operands(args, err);
    if (!st) st = record_bom_format_find(&format, args_text(args, "format", "cyclonedx-1.7"), err);
    if (!st) st = licence_prints_builtin(&prints, err);
    if (!st) st = desk_open(&d, args, err);
    if (st) return st;
    if (args_given(args, "server"))
        st = bom_server_write(&out, &d, &prints, args_text(args, "server", NULL),
                              args_text(args, "key", getenv("HEARTH_KEY")), format, err);
    else st = write_model(&out, &d, &prints, args_operand(args, 0), format, err);
    desk_close(&d);
    if (!st) st = desk_put(args_text(args, "out", NULL), &out, err);
    buf_release(&out);
    return st;
}

const struct command cmd_bom = {
    .name = "bom",
    .summary = "the bill of materials of a stored model, or of a running server",
    .operands = "MODEL",
    .operands_max = 1,
    .about = "Files with their digests, licences as declared and as concluded, source and "
             "revision, what the "
             "inspector found, declared ancestors, openness, and the gate's verdict. With --server "
             "the server is "
             "asked which models it has loaded, by digest, and what it is itself made of: its "
             "program, version and "
             "libraries. CycloneDX 1.7 or 1.6, or SPDX 3.0.1.",
    .tables = tables,
    .run = run,
};
