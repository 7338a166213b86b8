/* Weights of decoder families: enumerator, Hugging Face name, GGUF name; %d is the layer.
 * SPDX-License-Identifier: Apache-2.0
 *
 * "model." at the beginning stands for the prefix of a wrapped model. */
WEIGHT(EMBED, "model.embed_tokens", "token_embd")
WEIGHT(OUT_NORM, "model.norm", "output_norm")
WEIGHT(HEAD, "lm_head", "output")
WEIGHT(ROPE_FREQS, NULL, "rope_freqs")
WEIGHT(ATTN_NORM, "model.layers.%d.input_layernorm", "blk.%d.attn_norm")
WEIGHT(ATTN_Q, "model.layers.%d.self_attn.q_proj", "blk.%d.attn_q")
WEIGHT(ATTN_K, "model.layers.%d.self_attn.k_proj", "blk.%d.attn_k")
WEIGHT(ATTN_V, "model.layers.%d.self_attn.v_proj", "blk.%d.attn_v")
WEIGHT(ATTN_OUT, "model.layers.%d.self_attn.o_proj", "blk.%d.attn_output")
WEIGHT(ATTN_Q_NORM, "model.layers.%d.self_attn.q_norm", "blk.%d.attn_q_norm")
WEIGHT(ATTN_K_NORM, "model.layers.%d.self_attn.k_norm", "blk.%d.attn_k_norm")
WEIGHT(FFN_NORM, "model.layers.%d.post_attention_layernorm", "blk.%d.ffn_norm")
WEIGHT(FFN_GATE, "model.layers.%d.mlp.gate_proj", "blk.%d.ffn_gate")
WEIGHT(FFN_UP, "model.layers.%d.mlp.up_proj", "blk.%d.ffn_up")
WEIGHT(FFN_DOWN, "model.layers.%d.mlp.down_proj", "blk.%d.ffn_down")
