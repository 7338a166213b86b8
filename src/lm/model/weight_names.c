/* Names of a decoder's weights in both containers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/model/weight_names.h"

#include <stdio.h>
#include <string.h>

#define MODEL_PREFIX "model."

static const struct {
    const char *hf, *gguf;
} names[] = {
#define WEIGHT(name, hf, gguf) { hf, gguf },
#include "lm/model/weight_name_list.h"
#undef WEIGHT
};

struct weight_naming weight_naming_of(const struct source *source)
{
    static const char *const prefixes[] = { MODEL_PREFIX, "model.language_model.",
                                            "language_model.model.", "" };
    struct weight_naming naming = { source_container(source), "" };
    if (naming.container == CONTAINER_GGUF) return naming;
    naming.prefix = MODEL_PREFIX;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        char name[WEIGHT_NAME_BYTES];
        struct weight_naming tried = { CONTAINER_HF, prefixes[i] };
        weight_name(name, &tried, WEIGHT_EMBED, 0, ".weight");
        if (source_has_tensor(source, name)) return tried;
    }
    return naming;
}

void weight_name(char out[WEIGHT_NAME_BYTES], const struct weight_naming *naming,
                 enum weight_name name, int layer, const char *suffix)
{
    const char *pattern = naming->container == CONTAINER_GGUF ? names[name].gguf : names[name].hf;
    const char *prefix = "", *hole;
    if (!pattern) pattern = "(no such weight)";
    if (naming->container == CONTAINER_HF &&
        strncmp(pattern, MODEL_PREFIX, strlen(MODEL_PREFIX)) == 0) {
        pattern += strlen(MODEL_PREFIX);
        prefix = naming->prefix;
    }
    hole = strstr(pattern, "%d");
    if (!hole) snprintf(out, WEIGHT_NAME_BYTES, "%s%s%s", prefix, pattern, suffix);
    else {
        snprintf(out, WEIGHT_NAME_BYTES, "%s%.*s%d%s%s", prefix, (int)(hole - pattern), pattern,
                 layer, hole + 2, suffix);
    }
}
