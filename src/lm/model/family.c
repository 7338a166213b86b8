/* Finding the family of a configuration.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/model/family.h"

#include <string.h>

#include "base/core/buf.h"

#define FAMILY(symbol) extern const struct model_family symbol;
#include "lm/model/family_list.h"
#undef FAMILY

static const struct model_family *const families[] = {
#define FAMILY(symbol) &symbol,
#include "lm/model/family_list.h"
#undef FAMILY
};

const struct model_family *family_at(int i)
{
    return i >= 0 && (size_t)i < sizeof families / sizeof *families ? families[i] : NULL;
}

static const char *const *names_of(const struct model_family *f, enum container container)
{
    return container == CONTAINER_GGUF ? f->gguf_archs : f->hf_architectures;
}

/* "Qwen3Model" for "Qwen3ForCausalLM": how embedders are saved. */
static bool is_base_of(const char *arch, const char *name)
{
    static const char base[] = "Model", full[] = "ForCausalLM";
    size_t len = strlen(name), end = sizeof full - 1;
    if (len <= end || strcmp(name + len - end, full) != 0) return false;
    len -= end;
    return strncmp(arch, name, len) == 0 && strcmp(arch + len, base) == 0;
}

static bool answers_to(const struct model_family *f, enum container container, const char *arch)
{
    for (const char *const *name = names_of(f, container); *name; name++) {
        if (strcmp(*name, arch) == 0 || (container == CONTAINER_HF && is_base_of(arch, *name)))
            return true;
    }
    return false;
}

enum status family_find(const struct model_family **ret, const struct config *config,
                        struct error *err)
{
    enum container container = source_container(config->source);
    struct buf known = BUF_INIT(ERROR_TEXT_BYTES);
    for (int i = 0; family_at(i); i++) {
        if (answers_to(family_at(i), container, config->arch)) {
            *ret = family_at(i);
            buf_release(&known);
            return STATUS_OK;
        }
        for (const char *const *name = names_of(family_at(i), container); *name; name++) {
            buf_format(&known, "%s%s", known.len ? ", " : "", *name);
        }
    }
    enum status s = error_set(err, STATUS_UNSUPPORTED,
                              "the architecture '%s' is not supported; supported here: %s",
                              config->arch, known.data ? known.data : "");
    buf_release(&known);
    return s;
}
