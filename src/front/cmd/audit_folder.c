/* Where the audit log lies.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/audit_folder.h"

#include <stdio.h>
#include <string.h>

#include "base/core/file.h"

#define LOG_FOLDER     "log"
#define SECRETS_FOLDER "secrets"
#define HEAD_FILE      "secrets/audit-head"
#define KEY_FILE       "key"

static const struct option_spec specs[] = {
    { "log", 0, OPTION_TEXT, "FOLDER", .help = "the log; without it that of HEARTH_HOME" },
    { "key", 0, OPTION_TEXT, "KEY",
      .help = "whose signature is believed: a key, or a file with one" },
    { 0 },
};
const struct option_table audit_table = { "Log options", specs };

static enum status in_home(char ret[HOME_PATH_BYTES], const char *name, struct error *err)
{
    char home[HOME_PATH_BYTES];
    if (home_path(home) && file_join(ret, HOME_PATH_BYTES, home, name)) return STATUS_OK;
    return error_set(err, STATUS_IO,
                     "there is no folder for the audit log: HEARTH_HOME (or HOME) is not set");
}

enum status audit_folder_open(struct audit **ret, struct error *err)
{
    char log[HOME_PATH_BYTES], secrets[HOME_PATH_BYTES];
    enum status st = in_home(log, LOG_FOLDER, err);
    if (!st) st = in_home(secrets, SECRETS_FOLDER, err);
    return st ? st : audit_open(ret, log, secrets, err);
}

enum status audit_folder_home(char ret[HOME_PATH_BYTES], struct error *err)
{
    return in_home(ret, LOG_FOLDER, err);
}

enum status audit_folder_path(char ret[HOME_PATH_BYTES], const struct args *args, struct error *err)
{
    const char *given = args_text(args, "log", NULL);
    if (!given) return in_home(ret, LOG_FOLDER, err);
    if (snprintf(ret, HOME_PATH_BYTES, "%s", given) < HOME_PATH_BYTES) return STATUS_OK;
    return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", given);
}

static enum status key_file(struct note_key *ret, const char *path, struct error *err)
{
    struct buf text = BUF_INIT(NOTE_KEY_TEXT_BYTES + 2);
    enum status st = file_read(&text, path, err);
    if (!st) st = note_key_parse(ret, (struct span){ text.data, text.len }, err);
    buf_release(&text);
    return st;
}

enum status audit_folder_key(struct note_key *ret, bool *ret_given, const struct args *args,
                             const char *folder, struct error *err)
{
    char path[HOME_PATH_BYTES];
    const char *given = args_text(args, "key", NULL);
    *ret_given = given != NULL;
    if (given && file_kind(given) != FILE_REGULAR) return note_key_parse(ret, span_of(given), err);
    if (given) return key_file(ret, given, err);
    if (!file_join(path, sizeof path, folder, KEY_FILE))
        return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", folder);
    enum status st = key_file(ret, path, err);
    return st == STATUS_NOT_FOUND ? error_set(err, st, "there is no audit log in %s", folder) : st;
}

enum status audit_folder_view(struct audit_view **ret, const struct args *args, struct error *err)
{
    char folder[HOME_PATH_BYTES];
    struct note_key key;
    bool given;
    enum status st = audit_folder_path(folder, args, err);
    if (!st) st = audit_folder_key(&key, &given, args, folder, err);
    return st ? st : audit_view_open(ret, folder, &key, err);
}

enum status audit_folder_head(struct buf *out, const struct args *args, struct error *err)
{
    char path[HOME_PATH_BYTES];
    if (args_given(args, "log")) return STATUS_OK;
    enum status st = in_home(path, HEAD_FILE, err);
    if (!st) st = file_read(out, path, err);
    return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}
