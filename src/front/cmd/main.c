/* The program: finds the command, reads its options, prints what went wrong.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/core/digest.h"
#include "front/cmd/command.h"

static int report(const struct error *err, enum status st)
{
    if (err->text[0]) fprintf(stderr, "hearth: %s\n", err->text);
    else if (st != STATUS_CANCELLED) fprintf(stderr, "hearth: %s\n", status_words(st));
    return status_exit_code(st);
}

static enum status unknown_command(const char *word, struct error *err)
{
    const char *near = command_nearest(word);
    if (near)
        return error_set(err, STATUS_USAGE, "unknown command \"%s\"; did you mean `hearth %s`?",
                         word, near);
    return error_set(err, STATUS_USAGE, "unknown command \"%s\"; `hearth help` lists the commands",
                     word);
}

/* Output that did not reach its file is a failure, even when everything else went well. */
static enum status flush_output(enum status st, struct error *err)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return st;
    if (st) return st;
    return error_set(err, STATUS_IO, "writing to standard output failed%s",
                     errno == ENOSPC ? ": no space is left on the device" : "");
}

static enum status dispatch(int argc, char **argv, struct error *err)
{
    int words = 0;
    struct args args;
    const struct command *c = command_find(argc, argv, &words);
    if (!c) return unknown_command(argv[1], err);
    enum status st = args_parse(&args, c, argc - words, argv + words, err);
    if (st) return st;
    if (args.help) {
        help_command(c);
        return STATUS_OK;
    }
    return c->run(&args, err);
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    enum status st = STATUS_OK;
    digest_no_settings();
    if (argc < 2)
        st = error_set(&err, STATUS_USAGE, "say what to do: `hearth help` lists the commands");
    else if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) help_overview();
    else if (strcmp(argv[1], "--version") == 0) st = cmd_version.run(NULL, &err);
    else st = dispatch(argc, argv, &err);
    st = flush_output(st, &err);
    return st ? report(&err, st) : 0;
}
