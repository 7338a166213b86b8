/* `hearth add hf:...`: a model from the hub that HEARTH_HUB names.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_HUB_ADD_H
#define FRONT_CMD_HUB_ADD_H

#include "front/cmd/model_store.h"

bool hub_add_is_address(const char *text);
/* As registry_add, with `what` filled in but for where the files come from. Needs HEARTH_HUB; HEARTH_HUB_TOKEN is
 * sent to it where set. */
enum status hub_add(struct model_store *s, struct registry_add *what, const char *address,
                    struct registry_model *ret_model, struct registry_added *ret,
                    struct error *err);

#endif
