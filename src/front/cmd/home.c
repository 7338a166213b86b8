/* HEARTH_HOME and the folders in it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/home.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/core/file.h"

bool home_path(char out[HOME_PATH_BYTES])
{
    const char *home = getenv("HEARTH_HOME");
    if (home && *home) return snprintf(out, HOME_PATH_BYTES, "%s", home) < HOME_PATH_BYTES;
    home = getenv("HOME");
    if (!home || !*home) return false;
    return file_join(out, HOME_PATH_BYTES, home, ".local/share/hearth");
}

/* Makes `path` and what is missing above it, readable by its owner only. */
static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash) *slash = 0;
        bool ok = mkdir(path, 0700) == 0 || errno == EEXIST;
        if (slash) *slash = '/';
        if (!ok || !slash) return ok;
    }
}

bool home_folder(char out[HOME_PATH_BYTES])
{
    return home_path(out) && make_folders(out) && file_kind(out) == FILE_FOLDER;
}

static bool folder_in_home(char out[HOME_PATH_BYTES], const char *name)
{
    char home[HOME_PATH_BYTES];
    if (!home_path(home) || !file_join(out, HOME_PATH_BYTES, home, name)) return false;
    return make_folders(out) && file_kind(out) == FILE_FOLDER;
}

bool home_tokenizer_cache(char out[HOME_PATH_BYTES])
{
    return folder_in_home(out, "tokenizers");
}

bool home_page_store(char out[HOME_PATH_BYTES])
{
    return folder_in_home(out, "kv");
}
