/* The catalogue: one row for each released size, since licence and memory belong to a size.
 * SPDX-License-Identifier: Apache-2.0
 *
 * MODEL(...) takes the members of struct catalogue_entry. Identity, dates, architectures and licences are as the
 * vendors' cards and configurations had them by CATALOGUE_AS_OF; what was not checked against those says so in
 * `doubt`. Parameters are those of the cards, in millions. Layers, heads and their size are 0 where the
 * attention is of another kind, or where they are not known. Releases after that date are missing here. */

#define GENERAL   (ADVISE_FOR(CHAT) | ADVISE_FOR(EXTRACTION))
#define CHINESE   (GENERAL | ADVISE_FOR(BILINGUAL))
#define CODE      ADVISE_FOR(CODING)
#define VECTORS   ADVISE_FOR(EMBEDDINGS)
#define REPORTED  "reported by others, not checked against the vendor's own files"
#define UNCHECKED "layers and heads were not checked against its config.json, which `hearth plan` reads"
#define HYBRID    "its memory of the conversation is not a plain cache: `hearth plan` has no formula for it"

/* ---- Qwen ---- */
MODEL(.family = "Qwen3", .name = "Qwen/Qwen3-0.6B", .released = "2025-04", .params = 600, .layers = 28,
      .kv_heads = 8, .head_dim = 128, .context = 32768, .architecture = "Qwen3ForCausalLM",
      .licence = "Apache-2.0", .jobs = CHINESE, .source = "card; QwenLM/Qwen3", .doubt = UNCHECKED)
MODEL(.family = "Qwen3", .name = "Qwen/Qwen3-1.7B", .released = "2025-04", .params = 1700, .layers = 28,
      .kv_heads = 8, .head_dim = 128, .context = 32768, .architecture = "Qwen3ForCausalLM",
      .licence = "Apache-2.0", .jobs = CHINESE, .source = "card; QwenLM/Qwen3", .doubt = UNCHECKED)
MODEL(.family = "Qwen3", .name = "Qwen/Qwen3-4B", .released = "2025-04", .params = 4000, .layers = 36,
      .kv_heads = 8, .head_dim = 128, .context = 32768, .architecture = "Qwen3ForCausalLM",
      .licence = "Apache-2.0", .jobs = CHINESE, .source = "config.json; QwenLM/Qwen3")
MODEL(.family = "Qwen3", .name = "Qwen/Qwen3-8B", .released = "2025-04", .params = 8200, .layers = 36,
      .kv_heads = 8, .head_dim = 128, .context = 32768, .architecture = "Qwen3ForCausalLM",
      .licence = "Apache-2.0", .jobs = CHINESE, .source = "card; QwenLM/Qwen3", .doubt = UNCHECKED)
MODEL(.family = "Qwen3", .name = "Qwen/Qwen3-14B", .released = "2025-04", .params = 14800, .layers = 40,
      .kv_heads = 8, .head_dim = 128, .context = 32768, .architecture = "Qwen3ForCausalLM",
      .licence = "Apache-2.0", .jobs = CHINESE, .source = "card; QwenLM/Qwen3", .doubt = UNCHECKED)
MODEL(.family = "Qwen3", .name = "Qwen/Qwen3-32B", .released = "2025-04", .params = 32800, .layers = 64,
      .kv_heads = 8, .head_dim = 128, .context = 32768, .architecture = "Qwen3ForCausalLM",
      .licence = "Apache-2.0", .jobs = CHINESE, .source = "card; QwenLM/Qwen3", .doubt = UNCHECKED)
MODEL(.family = "Qwen3 MoE", .name = "Qwen/Qwen3-30B-A3B", .released = "2025-04", .params = 30500,
      .active = 3300, .layers = 48, .kv_heads = 4, .head_dim = 128, .context = 32768,
      .architecture = "Qwen3MoeForCausalLM", .licence = "Apache-2.0", .jobs = CHINESE,
      .source = "card; QwenLM/Qwen3", .doubt = UNCHECKED)
MODEL(.family = "Qwen3-Coder", .name = "Qwen/Qwen3-Coder-30B-A3B-Instruct", .released = "2025-07",
      .params = 30500, .active = 3300, .layers = 48, .kv_heads = 4, .head_dim = 128, .context = 262144,
      .architecture = "Qwen3MoeForCausalLM", .licence = "Apache-2.0", .jobs = CODE,
      .source = "card; QwenLM/Qwen3-Coder", .doubt = UNCHECKED)
MODEL(.family = "Qwen3.5", .name = "Qwen/Qwen3.5-4B", .released = "2026-03", .params = 4000,
      .architecture = "Qwen3_5ForConditionalGeneration", .licence = "Apache-2.0", .jobs = CHINESE,
      .source = "card", .doubt = HYBRID)
MODEL(.family = "Qwen3.5", .name = "Qwen/Qwen3.5-9B", .released = "2026-03", .params = 9000,
      .architecture = "Qwen3_5ForConditionalGeneration", .licence = "Apache-2.0", .jobs = CHINESE,
      .source = "card", .doubt = HYBRID)
MODEL(.family = "Qwen3.6", .name = "Qwen/Qwen3.6-35B-A3B", .released = "2026-04", .params = 35000,
      .active = 3000, .architecture = "Qwen3_5MoeForConditionalGeneration", .licence = "Apache-2.0",
      .jobs = CHINESE, .source = "card", .doubt = HYBRID)
MODEL(.family = "Qwen3.8", .name = "Qwen/Qwen3.8-27B", .released = "2026-08", .params = 27000,
      .architecture = "Qwen3_5ForConditionalGeneration", .licence = "Apache-2.0", .jobs = CHINESE,
      .source = "QwenLM/Qwen3.8", .doubt = HYBRID)
MODEL(.family = "Qwen3.8 Flash", .name = "Qwen/Qwen3.8-Flash-Next", .released = "2026-08", .params = 125000,
      .active = 6000, .architecture = "Qwen4ExpForConditionalGeneration", .licence = "qwen-community-1.0",
      .jobs = CHINESE, .source = "QwenLM/Qwen3.8-Flash-Next, issue 9",
      .doubt = "providers of models as a service, of any size, need another licence")
MODEL(.family = "Qwen2.5", .name = "Qwen/Qwen2.5-0.5B-Instruct", .released = "2024-09", .params = 490,
      .layers = 24, .kv_heads = 2, .head_dim = 64, .context = 32768, .architecture = "Qwen2ForCausalLM",
      .licence = "Apache-2.0", .jobs = CHINESE, .source = "card; QwenLM/Qwen2.5", .doubt = UNCHECKED)
MODEL(.family = "Qwen2.5", .name = "Qwen/Qwen2.5-1.5B-Instruct", .released = "2024-09", .params = 1540,
      .layers = 28, .kv_heads = 2, .head_dim = 128, .context = 32768, .architecture = "Qwen2ForCausalLM",
      .licence = "Apache-2.0", .jobs = CHINESE, .source = "card; QwenLM/Qwen2.5", .doubt = UNCHECKED)
MODEL(.family = "Qwen2.5", .name = "Qwen/Qwen2.5-3B-Instruct", .released = "2024-09", .params = 3090,
      .layers = 36, .kv_heads = 2, .head_dim = 128, .context = 32768, .architecture = "Qwen2ForCausalLM",
      .licence = "qwen-research-2024", .jobs = CHINESE, .source = "card; QwenLM/Qwen2.5", .doubt = UNCHECKED)
MODEL(.family = "Qwen2.5", .name = "Qwen/Qwen2.5-7B-Instruct", .released = "2024-09", .params = 7610,
      .layers = 28, .kv_heads = 4, .head_dim = 128, .context = 32768, .architecture = "Qwen2ForCausalLM",
      .licence = "Apache-2.0", .jobs = CHINESE, .source = "config.json; QwenLM/Qwen2.5")
MODEL(.family = "Qwen2.5", .name = "Qwen/Qwen2.5-14B-Instruct", .released = "2024-09", .params = 14700,
      .layers = 48, .kv_heads = 8, .head_dim = 128, .context = 32768, .architecture = "Qwen2ForCausalLM",
      .licence = "Apache-2.0", .jobs = CHINESE, .source = "card; QwenLM/Qwen2.5", .doubt = UNCHECKED)
MODEL(.family = "Qwen2.5", .name = "Qwen/Qwen2.5-32B-Instruct", .released = "2024-09", .params = 32500,
      .layers = 64, .kv_heads = 8, .head_dim = 128, .context = 32768, .architecture = "Qwen2ForCausalLM",
      .licence = "Apache-2.0", .jobs = CHINESE, .source = "card; QwenLM/Qwen2.5", .doubt = UNCHECKED)
MODEL(.family = "Qwen2.5", .name = "Qwen/Qwen2.5-72B-Instruct", .released = "2024-09", .params = 72700,
      .layers = 80, .kv_heads = 8, .head_dim = 128, .context = 32768, .architecture = "Qwen2ForCausalLM",
      .licence = "qwen-2024", .jobs = CHINESE, .source = "card; QwenLM/Qwen2.5", .doubt = UNCHECKED)
MODEL(.family = "Qwen2.5-Coder", .name = "Qwen/Qwen2.5-Coder-0.5B-Instruct", .released = "2024-11",
      .params = 490, .layers = 24, .kv_heads = 2, .head_dim = 64, .context = 32768,
      .architecture = "Qwen2ForCausalLM", .licence = "Apache-2.0", .jobs = CODE,
      .source = "card; QwenLM/Qwen2.5-Coder", .doubt = UNCHECKED)
MODEL(.family = "Qwen2.5-Coder", .name = "Qwen/Qwen2.5-Coder-1.5B-Instruct", .released = "2024-09",
      .params = 1540, .layers = 28, .kv_heads = 2, .head_dim = 128, .context = 32768,
      .architecture = "Qwen2ForCausalLM", .licence = "Apache-2.0", .jobs = CODE,
      .source = "card; QwenLM/Qwen2.5-Coder", .doubt = UNCHECKED)
MODEL(.family = "Qwen2.5-Coder", .name = "Qwen/Qwen2.5-Coder-3B-Instruct", .released = "2024-11",
      .params = 3090, .layers = 36, .kv_heads = 2, .head_dim = 128, .context = 32768,
      .architecture = "Qwen2ForCausalLM", .licence = "qwen-research-2024", .jobs = CODE,
      .source = "card; QwenLM/Qwen2.5-Coder", .doubt = UNCHECKED)
MODEL(.family = "Qwen2.5-Coder", .name = "Qwen/Qwen2.5-Coder-7B-Instruct", .released = "2024-09",
      .params = 7610, .layers = 28, .kv_heads = 4, .head_dim = 128, .context = 32768,
      .architecture = "Qwen2ForCausalLM", .licence = "Apache-2.0", .jobs = CODE,
      .source = "card; QwenLM/Qwen2.5-Coder", .doubt = UNCHECKED)
MODEL(.family = "Qwen2.5-Coder", .name = "Qwen/Qwen2.5-Coder-14B-Instruct", .released = "2024-11",
      .params = 14700, .layers = 48, .kv_heads = 8, .head_dim = 128, .context = 32768,
      .architecture = "Qwen2ForCausalLM", .licence = "Apache-2.0", .jobs = CODE,
      .source = "card; QwenLM/Qwen2.5-Coder", .doubt = UNCHECKED)
MODEL(.family = "Qwen2.5-Coder", .name = "Qwen/Qwen2.5-Coder-32B-Instruct", .released = "2024-11",
      .params = 32500, .layers = 64, .kv_heads = 8, .head_dim = 128, .context = 32768,
      .architecture = "Qwen2ForCausalLM", .licence = "Apache-2.0", .jobs = CODE,
      .source = "card; QwenLM/Qwen2.5-Coder", .doubt = UNCHECKED)
MODEL(.family = "Qwen3-Embedding", .name = "Qwen/Qwen3-Embedding-0.6B", .released = "2025-06", .params = 600,
      .layers = 28, .kv_heads = 8, .head_dim = 128, .context = 32768, .architecture = "Qwen3ForCausalLM",
      .licence = "Apache-2.0", .jobs = VECTORS, .source = "card; QwenLM/Qwen3-Embedding", .doubt = UNCHECKED)
MODEL(.family = "Qwen3-Embedding", .name = "Qwen/Qwen3-Embedding-4B", .released = "2025-06", .params = 4000,
      .layers = 36, .kv_heads = 8, .head_dim = 128, .context = 32768, .architecture = "Qwen3ForCausalLM",
      .licence = "Apache-2.0", .jobs = VECTORS, .source = "card; QwenLM/Qwen3-Embedding", .doubt = UNCHECKED)
MODEL(.family = "Qwen3-Embedding", .name = "Qwen/Qwen3-Embedding-8B", .released = "2025-06", .params = 8000,
      .layers = 36, .kv_heads = 8, .head_dim = 128, .context = 32768, .architecture = "Qwen3ForCausalLM",
      .licence = "Apache-2.0", .jobs = VECTORS, .source = "card; QwenLM/Qwen3-Embedding", .doubt = UNCHECKED)

/* ---- DeepSeek ---- */
MODEL(.family = "DeepSeek-R1-Distill-Qwen", .name = "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B",
      .released = "2025-01", .params = 1780, .layers = 28, .kv_heads = 2, .head_dim = 128, .context = 131072,
      .architecture = "Qwen2ForCausalLM", .licence = "MIT", .base_licence = "Apache-2.0",
      .base = "Qwen/Qwen2.5-Math-1.5B", .jobs = ADVISE_FOR(CHAT) | ADVISE_FOR(BILINGUAL),
      .source = "deepseek-ai/DeepSeek-R1", .doubt = UNCHECKED)
MODEL(.family = "DeepSeek-R1-Distill-Qwen", .name = "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
      .released = "2025-01", .params = 7620, .layers = 28, .kv_heads = 4, .head_dim = 128, .context = 131072,
      .architecture = "Qwen2ForCausalLM", .licence = "MIT", .base_licence = "Apache-2.0",
      .base = "Qwen/Qwen2.5-Math-7B", .jobs = ADVISE_FOR(CHAT) | ADVISE_FOR(BILINGUAL),
      .source = "deepseek-ai/DeepSeek-R1", .doubt = UNCHECKED)
MODEL(.family = "DeepSeek-R1-Distill-Qwen", .name = "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B",
      .released = "2025-01", .params = 14800, .layers = 48, .kv_heads = 8, .head_dim = 128, .context = 131072,
      .architecture = "Qwen2ForCausalLM", .licence = "MIT", .base_licence = "Apache-2.0",
      .base = "Qwen/Qwen2.5-14B", .jobs = ADVISE_FOR(CHAT) | ADVISE_FOR(BILINGUAL),
      .source = "deepseek-ai/DeepSeek-R1", .doubt = UNCHECKED)
MODEL(.family = "DeepSeek-R1-Distill-Llama", .name = "deepseek-ai/DeepSeek-R1-Distill-Llama-8B",
      .released = "2025-01", .params = 8030, .layers = 32, .kv_heads = 8, .head_dim = 128, .context = 131072,
      .architecture = "LlamaForCausalLM", .licence = "MIT", .base_licence = "llama3.1",
      .base = "meta-llama/Llama-3.1-8B", .jobs = ADVISE_FOR(CHAT), .source = "deepseek-ai/DeepSeek-R1",
      .doubt = UNCHECKED)
MODEL(.family = "DeepSeek-R1-Distill-Llama", .name = "deepseek-ai/DeepSeek-R1-Distill-Llama-70B",
      .released = "2025-01", .params = 70600, .layers = 80, .kv_heads = 8, .head_dim = 128, .context = 131072,
      .architecture = "LlamaForCausalLM", .licence = "MIT", .base_licence = "llama3.3",
      .base = "meta-llama/Llama-3.3-70B-Instruct", .jobs = ADVISE_FOR(CHAT),
      .source = "deepseek-ai/DeepSeek-R1", .doubt = UNCHECKED)
MODEL(.family = "DeepSeek LLM", .name = "deepseek-ai/deepseek-llm-7b-chat", .released = "2023-11",
      .params = 6900, .layers = 30, .kv_heads = 32, .head_dim = 128, .context = 4096,
      .architecture = "LlamaForCausalLM", .licence = "deepseek-model-1.0", .jobs = CHINESE,
      .source = "deepseek-ai/DeepSeek-LLM", .doubt = UNCHECKED)
MODEL(.family = "DeepSeek-V3", .name = "deepseek-ai/DeepSeek-V3.1", .released = "2025-08", .params = 671000,
      .active = 37000, .context = 131072, .architecture = "DeepseekV3ForCausalLM", .licence = "MIT",
      .jobs = CHINESE | CODE, .source = "deepseek-ai/DeepSeek-V3", .doubt = HYBRID)
MODEL(.family = "DeepSeek-V4", .name = "deepseek-ai/DeepSeek-V4-Flash", .released = "2026-04",
      .params = 284000, .active = 13000, .architecture = "DeepseekV4ForCausalLM", .licence = "MIT",
      .jobs = CHINESE | CODE, .source = "card", .doubt = HYBRID)

/* ---- other Chinese vendors ---- */
MODEL(.family = "Yi-1.5", .name = "01-ai/Yi-1.5-6B-Chat", .released = "2024-05", .params = 6060, .layers = 32,
      .kv_heads = 4, .head_dim = 128, .context = 4096, .architecture = "LlamaForCausalLM",
      .licence = "Apache-2.0", .jobs = CHINESE, .source = "config.json; 01-ai/Yi",
      .doubt = "copies taken before 2024-05-30 carry the Yi licence 2.1 instead")
MODEL(.family = "Yi-1.5", .name = "01-ai/Yi-1.5-9B-Chat", .released = "2024-05", .params = 8830, .layers = 48,
      .kv_heads = 4, .head_dim = 128, .context = 4096, .architecture = "LlamaForCausalLM",
      .licence = "Apache-2.0", .jobs = CHINESE, .source = "card; 01-ai/Yi",
      .doubt = "copies taken before 2024-05-30 carry the Yi licence 2.1 instead; " UNCHECKED)
MODEL(.family = "Yi-1.5", .name = "01-ai/Yi-1.5-34B-Chat", .released = "2024-05", .params = 34400,
      .layers = 60, .kv_heads = 8, .head_dim = 128, .context = 4096, .architecture = "LlamaForCausalLM",
      .licence = "Apache-2.0", .jobs = CHINESE, .source = "card; 01-ai/Yi",
      .doubt = "copies taken before 2024-05-30 carry the Yi licence 2.1 instead; " UNCHECKED)
MODEL(.family = "Baichuan 2", .name = "baichuan-inc/Baichuan2-7B-Chat", .released = "2023-09", .params = 7510,
      .layers = 32, .kv_heads = 32, .head_dim = 128, .context = 4096, .architecture = "BaichuanForCausalLM",
      .licence = "baichuan2-community", .jobs = CHINESE, .source = "README of baichuan-inc/Baichuan2",
      .doubt = "the LICENSE file in its repository is that of the code; " UNCHECKED)
MODEL(.family = "GLM-4", .name = "zai-org/glm-4-9b-chat", .released = "2024-06", .params = 9400, .layers = 40,
      .kv_heads = 2, .head_dim = 128, .context = 131072, .architecture = "ChatGLMModel", .licence = "glm-4-9b",
      .jobs = CHINESE, .source = "THUDM/GLM-4", .doubt = UNCHECKED)
MODEL(.family = "GLM-4-0414", .name = "zai-org/GLM-4-9B-0414", .released = "2025-04", .params = 9400,
      .layers = 40, .kv_heads = 2, .head_dim = 128, .context = 32768, .architecture = "Glm4ForCausalLM",
      .licence = "MIT", .jobs = CHINESE, .source = "card; THUDM/GLM-4", .doubt = UNCHECKED)
MODEL(.family = "GLM-4.5", .name = "zai-org/GLM-4.5-Air", .released = "2025-07", .params = 106000,
      .active = 12000, .context = 131072, .architecture = "Glm4MoeForCausalLM", .licence = "MIT",
      .jobs = CHINESE | CODE, .source = "zai-org/GLM-4.5", .doubt = "layers and heads are not in this catalogue")
MODEL(.family = "GLM-5.3", .name = "zai-org/GLM-5.3", .released = "2026-08", .params = 743000,
      .architecture = "GlmMoeDsaForCausalLM", .licence = "glm-5.3", .jobs = CHINESE | CODE,
      .source = "zai-org/GLM-5, issue 135",
      .doubt = "large providers of models as a service must pass the vendor's review")
MODEL(.family = "Kimi K2", .name = "moonshotai/Kimi-K2-Instruct", .released = "2025-07", .params = 1000000,
      .active = 32000, .context = 131072, .architecture = "DeepseekV3ForCausalLM", .licence = "kimi-k2",
      .jobs = CHINESE | CODE, .source = "MoonshotAI/Kimi-K2", .doubt = HYBRID)
MODEL(.family = "Kimi-Linear", .name = "moonshotai/Kimi-Linear-48B-A3B-Instruct", .released = "2025-10",
      .params = 48000, .active = 3000, .architecture = "KimiLinearForCausalLM", .licence = "MIT",
      .jobs = CHINESE, .source = "card", .doubt = HYBRID)
MODEL(.family = "Kimi K3", .name = "moonshotai/Kimi-K3", .released = "2026-07", .params = 2800000,
      .active = 104000, .architecture = "KimiK3ForConditionalGeneration", .licence = "kimi-k3",
      .jobs = CHINESE | CODE, .source = "card",
      .doubt = "a display clause, and an agreement for large providers of models as a service")
MODEL(.family = "MiniMax M2", .name = "MiniMaxAI/MiniMax-M2", .released = "2025-10", .params = 230000,
      .active = 10000, .layers = 62, .kv_heads = 8, .head_dim = 128, .architecture = "MiniMaxM2ForCausalLM",
      .licence = "minimax-m2", .jobs = CHINESE | CODE, .source = "MiniMax-AI/MiniMax-M2", .doubt = UNCHECKED)
MODEL(.family = "MiniMax M2.7", .name = "MiniMaxAI/MiniMax-M2.7", .released = "2026-03", .params = 230000,
      .active = 10000, .architecture = "MiniMaxM2ForCausalLM", .licence = "minimax-m2.7-nc",
      .jobs = CHINESE | CODE, .source = "MiniMax-AI/MiniMax-M2.7",
      .doubt = "layers and heads are not in this catalogue")
MODEL(.family = "Hunyuan", .name = "tencent/Hunyuan-A13B-Instruct", .released = "2025-06", .params = 80000,
      .active = 13000, .layers = 32, .kv_heads = 8, .head_dim = 128, .context = 262144,
      .architecture = "HunYuanMoEV1ForCausalLM", .licence = "hunyuan-a13b-2025", .jobs = CHINESE,
      .source = "Tencent-Hunyuan/Hunyuan-A13B", .doubt = UNCHECKED)
MODEL(.family = "Hy3", .name = "tencent/Hy3", .released = "2026-07", .params = 295000, .active = 21000,
      .architecture = "HYV3ForCausalLM", .licence = "hunyuan-hy3-2026", .jobs = CHINESE,
      .source = "Tencent-Hunyuan/Hy3", .doubt = "layers and heads are not in this catalogue")
MODEL(.family = "InternLM3", .name = "internlm/internlm3-8b-instruct", .released = "2025-01", .params = 8800,
      .layers = 48, .kv_heads = 2, .head_dim = 128, .context = 32768, .architecture = "InternLM3ForCausalLM",
      .licence = "Apache-2.0", .jobs = CHINESE, .source = "InternLM/InternLM",
      .doubt = "the LICENSE of its repository appends a disclaimer to Apache-2.0; " UNCHECKED)
MODEL(.family = "ERNIE 4.5", .name = "baidu/ERNIE-4.5-0.3B-PT", .released = "2025-06", .params = 360,
      .layers = 18, .kv_heads = 2, .head_dim = 128, .context = 131072, .architecture = "Ernie4_5ForCausalLM",
      .licence = "Apache-2.0", .jobs = CHINESE, .source = "card", .doubt = UNCHECKED)
MODEL(.family = "ERNIE 4.5 MoE", .name = "baidu/ERNIE-4.5-21B-A3B-PT", .released = "2025-06", .params = 21000,
      .active = 3000, .layers = 28, .kv_heads = 4, .head_dim = 128, .context = 131072,
      .architecture = "Ernie4_5_MoeForCausalLM", .licence = "Apache-2.0", .jobs = CHINESE, .source = "card",
      .doubt = UNCHECKED)
MODEL(.family = "Seed-OSS", .name = "ByteDance-Seed/Seed-OSS-36B-Instruct", .released = "2025-08",
      .params = 36000, .layers = 64, .kv_heads = 8, .head_dim = 128, .context = 524288,
      .architecture = "SeedOssForCausalLM", .licence = "Apache-2.0", .jobs = CHINESE | CODE,
      .source = "ByteDance-Seed/seed-oss", .doubt = UNCHECKED)
MODEL(.family = "openPangu", .name = "openPangu-Embedded-7B", .released = "2025-08",
      .params = 7000, .architecture = "PanguEmbeddedForCausalLM", .licence = "openpangu-1.0", .jobs = CHINESE,
      .source = "copy of the licence in kesiledada233/SpecLoRA-Initialization",
      .doubt = "published on GitCode; its lineage is disputed; layers and heads are not in this catalogue")
MODEL(.family = "MiMo", .name = "XiaomiMiMo/MiMo-7B-RL", .released = "2025-04", .params = 7800, .layers = 36,
      .kv_heads = 8, .head_dim = 128, .context = 32768, .architecture = "MiMoForCausalLM", .licence = "MIT",
      .jobs = ADVISE_FOR(CHAT) | ADVISE_FOR(BILINGUAL), .source = "card", .doubt = UNCHECKED)
MODEL(.family = "LongCat-Flash", .name = "meituan-longcat/LongCat-Flash-Chat", .released = "2025-08",
      .params = 560000, .active = 27000, .architecture = "LongcatFlashForCausalLM", .licence = "MIT",
      .jobs = CHINESE, .source = "meituan-longcat/LongCat-Flash-Chat", .doubt = HYBRID)
MODEL(.family = "Ling 2.0", .name = "inclusionAI/Ling-mini-2.0", .released = "2025-09", .params = 16000,
      .active = 1400, .architecture = "BailingMoeV2ForCausalLM", .licence = "MIT", .jobs = CHINESE,
      .source = "inclusionAI/Ling-V2", .doubt = "layers and heads are not in this catalogue")

/* ---- Llama ---- */
MODEL(.family = "Llama 3.2", .name = "meta-llama/Llama-3.2-1B-Instruct", .released = "2024-09", .params = 1230,
      .layers = 16, .kv_heads = 8, .head_dim = 64, .context = 131072, .architecture = "LlamaForCausalLM",
      .licence = "llama3.2", .jobs = GENERAL, .source = "meta-llama/llama-models", .doubt = UNCHECKED)
MODEL(.family = "Llama 3.2", .name = "meta-llama/Llama-3.2-3B-Instruct", .released = "2024-09", .params = 3210,
      .layers = 28, .kv_heads = 8, .head_dim = 128, .context = 131072, .architecture = "LlamaForCausalLM",
      .licence = "llama3.2", .jobs = GENERAL, .source = "config.json; meta-llama/llama-models")
MODEL(.family = "Llama 3.1", .name = "meta-llama/Llama-3.1-8B-Instruct", .released = "2024-07", .params = 8030,
      .layers = 32, .kv_heads = 8, .head_dim = 128, .context = 131072, .architecture = "LlamaForCausalLM",
      .licence = "llama3.1", .jobs = GENERAL, .source = "meta-llama/llama-models", .doubt = UNCHECKED)
MODEL(.family = "Llama 3.3", .name = "meta-llama/Llama-3.3-70B-Instruct", .released = "2024-12",
      .params = 70600, .layers = 80, .kv_heads = 8, .head_dim = 128, .context = 131072,
      .architecture = "LlamaForCausalLM", .licence = "llama3.3", .jobs = GENERAL,
      .source = "meta-llama/llama-models", .doubt = UNCHECKED)
MODEL(.family = "Llama 4", .name = "meta-llama/Llama-4-Scout-17B-16E-Instruct", .released = "2025-04",
      .params = 109000, .active = 17000, .architecture = "Llama4ForConditionalGeneration", .licence = "llama4",
      .jobs = GENERAL, .multimodal = true, .source = "meta-llama/llama-models",
      .doubt = "layers and heads are not in this catalogue")

/* ---- Mistral ---- */
MODEL(.family = "Mistral 7B", .name = "mistralai/Mistral-7B-Instruct-v0.3", .released = "2024-05",
      .params = 7250, .layers = 32, .kv_heads = 8, .head_dim = 128, .context = 32768,
      .architecture = "MistralForCausalLM", .licence = "Apache-2.0", .jobs = GENERAL, .source = "card",
      .doubt = UNCHECKED)
MODEL(.family = "Mistral Nemo", .name = "mistralai/Mistral-Nemo-Instruct-2407", .released = "2024-07",
      .params = 12200, .layers = 40, .kv_heads = 8, .head_dim = 128, .context = 131072,
      .architecture = "MistralForCausalLM", .licence = "Apache-2.0", .jobs = GENERAL, .source = "card",
      .doubt = UNCHECKED)
MODEL(.family = "Mistral Small", .name = "mistralai/Mistral-Small-24B-Instruct-2501", .released = "2025-01",
      .params = 23600, .layers = 40, .kv_heads = 8, .head_dim = 128, .context = 32768,
      .architecture = "MistralForCausalLM", .licence = "Apache-2.0", .jobs = GENERAL, .source = "card",
      .doubt = UNCHECKED)
MODEL(.family = "Ministral 3", .name = "mistralai/Ministral-3-8B-Instruct-2512", .released = "2025-12",
      .params = 8000, .architecture = "Mistral3ForConditionalGeneration", .licence = "Apache-2.0",
      .jobs = GENERAL, .source = "card", .doubt = "layers and heads are not in this catalogue")
MODEL(.family = "Mistral Large 2", .name = "mistralai/Mistral-Large-Instruct-2407", .released = "2024-07",
      .params = 123000, .layers = 88, .kv_heads = 8, .head_dim = 128, .context = 131072,
      .architecture = "MistralForCausalLM", .licence = "mistral-mrl-0.1", .jobs = GENERAL, .source = "card",
      .doubt = UNCHECKED)
MODEL(.family = "Codestral", .name = "mistralai/Codestral-22B-v0.1", .released = "2024-05", .params = 22200,
      .layers = 56, .kv_heads = 8, .head_dim = 128, .context = 32768, .architecture = "MistralForCausalLM",
      .licence = "mistral-mnpl-0.1", .jobs = CODE, .source = "card", .doubt = UNCHECKED)

/* ---- others ---- */
MODEL(.family = "gpt-oss", .name = "openai/gpt-oss-20b", .released = "2025-08", .params = 20900, .active = 3600,
      .context = 131072, .architecture = "GptOssForCausalLM", .licence = "Apache-2.0", .jobs = GENERAL | CODE,
      .source = "openai/gpt-oss",
      .doubt = "a short usage policy lies beside its licence; every second layer sees a window only, so that "
               "the plain formula of the cache does not hold")
MODEL(.family = "gpt-oss", .name = "openai/gpt-oss-120b", .released = "2025-08", .params = 116800,
      .active = 5100, .context = 131072, .architecture = "GptOssForCausalLM", .licence = "Apache-2.0",
      .jobs = GENERAL | CODE, .source = "openai/gpt-oss",
      .doubt = "a short usage policy lies beside its licence; every second layer sees a window only, so that "
               "the plain formula of the cache does not hold")
MODEL(.family = "Gemma 3", .name = "google/gemma-3-4b-it", .released = "2025-03", .params = 4300,
      .context = 131072, .architecture = "Gemma3ForConditionalGeneration", .licence = "gemma-tou-2025-03-24",
      .jobs = GENERAL, .source = "card", .doubt = "the terms were edited again on 2026-04-01, it is reported")
MODEL(.family = "Gemma 3", .name = "google/gemma-3-12b-it", .released = "2025-03", .params = 12200,
      .context = 131072, .architecture = "Gemma3ForConditionalGeneration", .licence = "gemma-tou-2025-03-24",
      .jobs = GENERAL, .source = "card", .doubt = "the terms were edited again on 2026-04-01, it is reported")
MODEL(.family = "Gemma 4", .name = "google/gemma-4-12b-it", .released = "2026-04", .params = 12000,
      .architecture = "Gemma4ForConditionalGeneration", .licence = "Apache-2.0", .jobs = GENERAL,
      .source = "card", .doubt = REPORTED)
MODEL(.family = "Phi-4", .name = "microsoft/phi-4", .released = "2024-12", .params = 14700, .layers = 40,
      .kv_heads = 10, .head_dim = 128, .context = 16384, .architecture = "Phi3ForCausalLM", .licence = "MIT",
      .jobs = GENERAL, .source = "card", .doubt = UNCHECKED)
MODEL(.family = "SmolLM3", .name = "HuggingFaceTB/SmolLM3-3B", .released = "2025-07", .params = 3080,
      .layers = 36, .kv_heads = 4, .head_dim = 128, .context = 65536, .architecture = "SmolLM3ForCausalLM",
      .licence = "Apache-2.0", .data_published = true, .jobs = GENERAL, .source = "huggingface/blog, smollm3.md",
      .doubt = UNCHECKED)
MODEL(.family = "OLMo 2", .name = "allenai/OLMo-2-1124-7B-Instruct", .released = "2024-11", .params = 7300,
      .layers = 32, .kv_heads = 32, .head_dim = 128, .context = 4096, .architecture = "Olmo2ForCausalLM",
      .licence = "Apache-2.0", .data_published = true, .jobs = GENERAL, .source = "card", .doubt = UNCHECKED)
MODEL(.family = "OLMo 3", .name = "allenai/Olmo-3-7B-Instruct", .released = "2025-11", .params = 7300,
      .architecture = "Olmo3ForCausalLM", .licence = "Apache-2.0", .data_published = true, .jobs = GENERAL,
      .source = "card", .doubt = "layers and heads are not in this catalogue")
MODEL(.family = "BGE-M3", .name = "BAAI/bge-m3", .released = "2024-01", .params = 568, .context = 8192,
      .architecture = "XLMRobertaModel", .licence = "MIT", .jobs = VECTORS, .source = "card",
      .doubt = REPORTED "; an encoder keeps no cache")

#undef GENERAL
#undef CHINESE
#undef CODE
#undef VECTORS
#undef REPORTED
#undef UNCHECKED
#undef HYBRID
