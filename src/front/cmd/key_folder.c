/* The store of keys in HEARTH_HOME.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/key_folder.h"

#include "front/cmd/audit_folder.h"
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

enum status key_folder_open_logged(struct key_store **ret, struct audit **ret_audit,
                                   struct error *err)
{
    struct key_store *store;
    struct audit *audit;
    enum status st = key_folder_open(&store, err);
    if (st) return st;
    st = audit_folder_open(&audit, err);
    if (st) {
        key_store_close(store);
        return error_wrap(err, st, "the keys stay as they were: a change must be logged");
    }
    key_store_log_to(store, audit);
    *ret = store;
    *ret_audit = audit;
    return STATUS_OK;
}
