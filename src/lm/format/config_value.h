/* One configuration value, from either container: private to lm/format/config*.c.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_FORMAT_CONFIG_VALUE_H
#define LM_FORMAT_CONFIG_VALUE_H

#include "base/core/json.h"
#include "lm/format/config.h"

struct config_value {
    const struct json *json; /* NULL: the value is in `gguf` */
    struct gguf_value gguf;
};

/* Present and not null. */
bool config_find(const struct config *c, struct config_key key, struct config_value *ret);

/* "config.json: num_hidden_layers" or "llama.block_count", for messages. */
#define CONFIG_KEY_NAME_BYTES 160
void config_key_name(const struct config *c, struct config_key key,
                     char ret[CONFIG_KEY_NAME_BYTES]);

#endif
