/* Names of well-known base models.
 * SPDX-License-Identifier: Apache-2.0
 *
 * From the vendors' model cards as of 2026-11; the longest pattern that the name contains decides. */
#include "govern/licence/licence_family.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *part, *id; /* compared without regard to case */
} families[] = {
    { "llama-2-", "llama2" },
    { "llama-3-", "llama3" },
    { "llama-3.1-", "llama3.1" },
    { "llama-3.2-", "llama3.2" },
    { "llama-3.3-", "llama3.3" },
    { "llama-4-", "llama4" },
    { "llama 3.1", "llama3.1" },
    { "qwen2.5-72b", "qwen-2024" },
    { "qwen2.5-3b", "qwen-research-2024" },
    { "qwen2.5-0.5b", "Apache-2.0" },
    { "qwen2.5-1.5b", "Apache-2.0" },
    { "qwen2.5-7b", "Apache-2.0" },
    { "qwen2.5-14b", "Apache-2.0" },
    { "qwen2.5-32b", "Apache-2.0" },
    { "qwen3-", "Apache-2.0" },
    { "qwen/qwen-72b", "tongyi-2023" },
    { "qwen/qwen-7b", "tongyi-2023" },
    { "qwen/qwen-14b", "tongyi-2023" },
    { "gemma-2b", "gemma-tou-2025-03-24" },
    { "gemma-7b", "gemma-tou-2025-03-24" },
    { "gemma-2-", "gemma-tou-2025-03-24" },
    { "gemma-3-", "gemma-tou-2025-03-24" },
    { "deepseek-llm", "deepseek-model-1.0" },
    { "deepseek-coder", "deepseek-model-1.0" },
    { "deepseek-r1-distill-llama-8b", "llama3.1" },
    { "deepseek-r1-distill-llama-70b", "llama3.3" },
    { "deepseek-r1", "MIT" },
    { "kimi-k2", "kimi-k2" },
    { "kimi-k2.5", "kimi-k2.5" },
    { "kimi-k3", "kimi-k3" },
    { "qwen3.8-flash-next", "qwen-community-1.0" },
    { "qwen3.8-2.4t", "qwen3.8-max" },
    { "qwen3.8-27b", "Apache-2.0" },
    { "glm-5.3", "glm-5.3" },
    { "glm-5.3-flash", "MIT" },
    { "minimax-m2", "minimax-m2" },
    { "minimax-m2.5", "minimax-model" },
    { "minimax-m2.7", "minimax-m2.7-nc" },
    { "hunyuan-a13b", "hunyuan-a13b-2025" },
    { "hunyuan-large", "hunyuan-large-2024" },
    { "baichuan2", "baichuan2-community" },
    { "chatglm3-6b", "chatglm3-6b" },
    { "glm-4-9b", "glm-4-9b" },
    { "glm-4-9b-0414", "MIT" },
    { "gpt-oss", "Apache-2.0" },
    { "mistral-7b", "Apache-2.0" },
    { "mixtral-8x7b", "Apache-2.0" },
    { "mistral-large", "mistral-mrl-0.1" },
    { "codestral", "mistral-mnpl-0.1" },
    { "openpangu", "openpangu-1.0" },
    { "command-r", "CC-BY-NC-4.0" },
    { "aya-", "CC-BY-NC-4.0" },
};

static bool contains(struct span name, const char *part)
{
    size_t len = strlen(part);
    for (size_t i = 0; i + len <= name.len; i++)
        if (strncasecmp(name.data + i, part, len) == 0) return true;
    return false;
}

const struct licence_facts *licence_of_model_name(struct span name)
{
    const char *best = NULL;
    size_t best_len = 0;
    if (name.len > 512) return NULL;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strlen(families[i].part) > best_len && contains(name, families[i].part)) {
            best = families[i].id;
            best_len = strlen(families[i].part);
        }
    return best ? licence_facts_of(best) : NULL;
}
