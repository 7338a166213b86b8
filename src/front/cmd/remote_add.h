/* `hearth add` from elsewhere: hf:, oci:, https:// and http://, as one list of sources.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Nothing is asked but what the operator wrote down: the server in the address or in HEARTH_HUB, and those of --also.
 * HEARTH_HUB_TOKEN goes to the hub; HEARTH_ADD_TOKEN (a bearer token) or HEARTH_ADD_LOGIN (user:password) to the
 * server of the address; none of them is stored or logged. HEARTH_CA_FILE names a house's own authority. */
#ifndef FRONT_CMD_REMOTE_ADD_H
#define FRONT_CMD_REMOTE_ADD_H

#include "front/cmd/model_store.h"

extern const struct option_table remote_table; /* --also --sha256 */

bool remote_add_is_address(const char *text);
/* Of an address its newest revision, whatever was pinned: cut off behind the name. Other texts stay. */
void remote_add_newest(char *source);
/* STATUS_USAGE where options of remote_table are given for a source that is none of these. */
enum status remote_add_refuse_options(const struct args *args, struct error *err);
/* As registry_add, with `what` filled in but for where the files come from. */
enum status remote_add(struct model_store *s, struct registry_add *what, const struct args *args,
                       const char *address, struct registry_model *ret_model,
                       struct registry_added *ret, struct error *err);

#endif
