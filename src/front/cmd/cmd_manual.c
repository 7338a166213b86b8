/* `hearth manual`: writes man pages and shell completions; the build runs it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/core/file.h"
#include "front/cmd/command.h"
#include "front/cmd/home.h"
#include "front/cmd/manual.h"

#define TEXT_BYTES_MAX ((size_t)1 << 20)

static enum status write_file(const char *folder, const char *name, const struct buf *text,
                              struct error *err)
{
    char path[HOME_PATH_BYTES];
    enum status st = buf_check(text, name, err);
    if (st) return st;
    if (!file_join(path, sizeof path, folder, name))
        return error_set(err, STATUS_USAGE, "the path is too long: %s", folder);
    return file_write(path, text->data, text->len, err);
}

static enum status write_pages(const char *folder, struct error *err)
{
    char pages[HOME_PATH_BYTES], name[MANUAL_NAME_BYTES], file[MANUAL_NAME_BYTES + 3];
    struct buf text = BUF_INIT(TEXT_BYTES_MAX);
    if (!file_join(pages, sizeof pages, folder, "man1"))
        return error_set(err, STATUS_USAGE, "the path is too long: %s", folder);
    if (mkdir(pages, 0755) != 0 && errno != EEXIST)
        return error_set(err, STATUS_IO, "cannot make the folder %s", pages);
    manual_overview(&text);
    enum status st = write_file(pages, "hearth.1", &text, err);
    for (const struct command *const *c = command_list; *c && !st; c++) {
        if ((*c)->internal) continue;
        buf_clear(&text);
        manual_page(&text, *c);
        manual_page_name(name, *c);
        snprintf(file, sizeof file, "%s.1", name);
        st = write_file(pages, file, &text, err);
    }
    buf_release(&text);
    return st;
}

static enum status write_completions(const char *folder, struct error *err)
{
    static const struct {
        const char *name;
        void (*put)(struct buf *);
    } shells[] = { { "hearth.bash", manual_bash },
                   { "_hearth", manual_zsh },
                   { "hearth.fish", manual_fish } };
    enum status st = STATUS_OK;
    for (size_t i = 0; i < sizeof shells / sizeof *shells && !st; i++) {
        struct buf text = BUF_INIT(TEXT_BYTES_MAX);
        shells[i].put(&text);
        st = write_file(folder, shells[i].name, &text, err);
        buf_release(&text);
    }
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    const char *folder = args_operand(args, 0);
    if (file_kind(folder) != FILE_FOLDER)
        return error_set(err, STATUS_NOT_FOUND, "%s is no folder", folder);
    enum status st = write_pages(folder, err);
    return st ? st : write_completions(folder, err);
}

const struct command cmd_manual = {
    .name = "manual",
    .summary = "write man pages and shell completions into a folder",
    .operands = "FOLDER",
    .operands_min = 1,
    .operands_max = 1,
    .internal = true,
    .about = "For the build: man1/*.1, hearth.bash, _hearth and hearth.fish, from the tables that "
             "--help prints.",
    .run = run,
};
