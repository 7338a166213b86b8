/* Every pre-tokenizer by name: the names that GGUF files use, facts, and the stages.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SPLIT(name, ignore_merges, adds_bos, stages): stages are patterns of split_expression_list.h, one
 * after the other. Aliases have their own line. The vendors' expressions are meant, not the
 * approximations that GGUF tools use where their regular-expression engine is short of features. */
#define SPLIT_STAGE(p) PATTERN_##p
SPLIT("gpt-2", false, false, SPLIT_STAGE(GPT2))
SPLIT("olmo", false, false, SPLIT_STAGE(GPT2))
SPLIT("mpt", false, false, SPLIT_STAGE(GPT2))
SPLIT("phi-2", false, false, SPLIT_STAGE(GPT2))
SPLIT("jais", false, false, SPLIT_STAGE(GPT2))
SPLIT("exaone4", false, false, SPLIT_STAGE(GPT2))
SPLIT("smollm", false, false, SPLIT_STAGE(DIGIT), SPLIT_STAGE(GPT2))
SPLIT("starcoder", false, false, SPLIT_STAGE(DIGIT), SPLIT_STAGE(GPT2))
SPLIT("refact", false, false, SPLIT_STAGE(DIGIT), SPLIT_STAGE(GPT2))
SPLIT("command-r", false, false, SPLIT_STAGE(DIGIT), SPLIT_STAGE(GPT2))
SPLIT("codeshell", false, false, SPLIT_STAGE(DIGIT), SPLIT_STAGE(GPT2))
SPLIT("minerva-7b", false, false, SPLIT_STAGE(DIGIT), SPLIT_STAGE(GPT2))
SPLIT("mellum2", false, false, SPLIT_STAGE(DIGIT), SPLIT_STAGE(GPT2))
SPLIT("llama-bpe", true, true, SPLIT_STAGE(LLAMA3))
SPLIT("llama3", true, true, SPLIT_STAGE(LLAMA3))
SPLIT("llama-v3", true, true, SPLIT_STAGE(LLAMA3))
SPLIT("dbrx", false, false, SPLIT_STAGE(LLAMA3))
SPLIT("smaug-bpe", false, false, SPLIT_STAGE(LLAMA3))
SPLIT("glm4", false, false, SPLIT_STAGE(LLAMA3))
SPLIT("chatglm-bpe", false, false, SPLIT_STAGE(LLAMA3))
SPLIT("minicpm5", true, false, SPLIT_STAGE(DIGITS3), SPLIT_STAGE(WORDS_ANY_DIGITS))
SPLIT("cl100k", false, false, SPLIT_STAGE(CL100K))
SPLIT("qwen2", false, false, SPLIT_STAGE(QWEN2))
SPLIT("deepseek-r1-qwen", false, false, SPLIT_STAGE(QWEN2))
SPLIT("hunyuan", false, false, SPLIT_STAGE(QWEN2))
SPLIT("stablelm2", false, false, SPLIT_STAGE(QWEN2))
SPLIT("megrez", false, false, SPLIT_STAGE(QWEN2))
SPLIT("solar-open", false, false, SPLIT_STAGE(QWEN2))
SPLIT("grok-2", false, false, SPLIT_STAGE(QWEN2))
SPLIT("qwen35", false, false, SPLIT_STAGE(QWEN35))
SPLIT("bailingmoe", false, false, SPLIT_STAGE(QWEN2))
SPLIT("bailingmoe2", false, false, SPLIT_STAGE(QWEN2))
SPLIT("llada-moe", false, false, SPLIT_STAGE(QWEN2))
SPLIT("seed-coder", false, false, SPLIT_STAGE(SEED_CODER))
SPLIT("gpt-4o", false, false, SPLIT_STAGE(O200K))
SPLIT("llama4", false, false, SPLIT_STAGE(O200K))
SPLIT("kanana2", false, false, SPLIT_STAGE(O200K))
SPLIT("minimax-m2", false, false, SPLIT_STAGE(O200K))
SPLIT("tekken", true, true, SPLIT_STAGE(TEKKEN))
SPLIT("pixtral", true, true, SPLIT_STAGE(LLAMA3))
SPLIT("kimi-k2", true, false, SPLIT_STAGE(KIMI))
SPLIT("deepseek-llm", false, false, SPLIT_STAGE(NEWLINE), SPLIT_STAGE(DEEPSEEK_LLM_WORDS),
      SPLIT_STAGE(DEEPSEEK_LLM_PUNCT), SPLIT_STAGE(DEEPSEEK_LLM_TAIL),
      SPLIT_STAGE(DEEPSEEK_OLD_CJK), SPLIT_STAGE(DIGIT))
SPLIT("deepseek-coder", false, false, SPLIT_STAGE(NEWLINE), SPLIT_STAGE(DEEPSEEK_CODER_WORDS),
      SPLIT_STAGE(DEEPSEEK_CODER_PUNCT), SPLIT_STAGE(DEEPSEEK_OLD_CJK), SPLIT_STAGE(DIGIT))
SPLIT("deepseek-v3", false, false, SPLIT_STAGE(DIGITS3), SPLIT_STAGE(DEEPSEEK_V3_CJK),
      SPLIT_STAGE(DEEPSEEK_V3_WORDS))
SPLIT("joyai-llm", false, false, SPLIT_STAGE(DIGITS3), SPLIT_STAGE(DEEPSEEK_V3_CJK),
      SPLIT_STAGE(DEEPSEEK_V3_WORDS))
SPLIT("hunyuan-dense", false, false, SPLIT_STAGE(DIGITS3), SPLIT_STAGE(DEEPSEEK_V3_CJK),
      SPLIT_STAGE(DEEPSEEK_V3_WORDS))
#undef SPLIT_STAGE
