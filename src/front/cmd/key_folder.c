/* The store of keys in HEARTH_HOME.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/key_folder.h"

#include "front/cmd/home.h"

enum status key_folder_open(struct key_store **ret, struct error *err)
{
    char home[HOME_PATH_BYTES];
    if (!home_folder(home))
        return error_set(
            err, STATUS_IO,
            "there is no folder for keys: HEARTH_HOME (or HOME) is not set, or cannot be "
            "written");
    return key_store_open(ret, home, err);
}
