"""Qwen3's forward pass, small and without a cache, so that a CPU trains it fast; and its Hugging Face folder.

SPDX-License-Identifier: Apache-2.0

The weights carry the names of transformers' Qwen3ForCausalLM once exported; query, key and value projections, and
gate and up, are one matrix each here.
"""
import torch
import torch.nn.functional as F
from torch import nn
from transformers import GenerationConfig, Qwen3Config, Qwen3ForCausalLM

HIDDEN, LAYERS, HEADS, KV_HEADS, HEAD_DIM, FEED_FORWARD = 256, 5, 4, 2, 64, 640
CONTEXT, THETA, EPS = 1024, 10000.0, 1e-6


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.Parameter(torch.ones(HIDDEN)), nn.Parameter(torch.ones(HIDDEN))
        self.q_norm, self.k_norm = nn.Parameter(torch.ones(HEAD_DIM)), nn.Parameter(torch.ones(HEAD_DIM))
        self.qkv = nn.Parameter(torch.randn((HEADS + 2 * KV_HEADS) * HEAD_DIM, HIDDEN) * 0.03)
        self.out = nn.Parameter(torch.randn(HIDDEN, HEADS * HEAD_DIM) * 0.01)
        self.gate_up = nn.Parameter(torch.randn(2 * FEED_FORWARD, HIDDEN) * 0.03)
        self.down = nn.Parameter(torch.randn(HIDDEN, FEED_FORWARD) * 0.01)

    def forward(self, x, cos, sin):
        rows, length, _ = x.shape
        h = F.linear(F.rms_norm(x, (HIDDEN,), self.norm1, EPS), self.qkv)
        q, k, v = h.split([HEADS * HEAD_DIM, KV_HEADS * HEAD_DIM, KV_HEADS * HEAD_DIM], -1)
        q = rotate(F.rms_norm(q.view(rows, length, HEADS, HEAD_DIM), (HEAD_DIM,), self.q_norm, EPS).transpose(1, 2), cos, sin)
        k = rotate(F.rms_norm(k.view(rows, length, KV_HEADS, HEAD_DIM), (HEAD_DIM,), self.k_norm, EPS).transpose(1, 2), cos, sin)
        v = v.view(rows, length, KV_HEADS, HEAD_DIM).transpose(1, 2)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + F.linear(a.transpose(1, 2).reshape(rows, length, -1), self.out)
        gate, up = F.linear(F.rms_norm(x, (HIDDEN,), self.norm2, EPS), self.gate_up).chunk(2, -1)
        return x + F.linear(F.silu(gate) * up, self.down)


def rotate(t, cos, sin):
    a, b = t.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class Ember(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.embedding = nn.Parameter(torch.randn(vocab_size, HIDDEN) * 0.03)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.Parameter(torch.ones(HIDDEN))
        angles = torch.arange(CONTEXT)[:, None] * THETA ** (-torch.arange(0, HEAD_DIM, 2) / HEAD_DIM)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def hidden(self, ids):
        x = F.embedding(ids, self.embedding)
        cos, sin = self.cos[:ids.shape[1]], self.sin[:ids.shape[1]]
        for block in self.blocks:
            x = block(x, cos, sin)
        return F.rms_norm(x, (HIDDEN,), self.norm, EPS)

    def forward(self, ids, places, targets):
        """Losses at `places` of the flattened batch."""
        h = self.hidden(ids).reshape(-1, HIDDEN)[places]
        return F.cross_entropy(F.linear(h, self.embedding), targets, reduction="none")

    def matrices(self):
        return [p for b in self.blocks for p in (b.qkv, b.out, b.gate_up, b.down)]

    def others(self):
        return [self.embedding, self.norm] + [p for b in self.blocks for p in (b.norm1, b.norm2, b.q_norm, b.k_norm)]


def config(vocab_size, end, pad):
    return Qwen3Config(
        vocab_size=vocab_size, hidden_size=HIDDEN, intermediate_size=FEED_FORWARD, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, num_key_value_heads=KV_HEADS, head_dim=HEAD_DIM, max_position_embeddings=CONTEXT,
        rms_norm_eps=EPS, rope_parameters={"rope_type": "default", "rope_theta": THETA}, tie_word_embeddings=True,
        attention_bias=False, use_sliding_window=False, bos_token_id=None, eos_token_id=end, pad_token_id=pad)


def named(model):
    """Tensors under the names of Qwen3ForCausalLM."""
    out = {"model.embed_tokens.weight": model.embedding, "model.norm.weight": model.norm, "lm_head.weight": model.embedding}
    for i, b in enumerate(model.blocks):
        q, k, v = b.qkv.split([HEADS * HEAD_DIM, KV_HEADS * HEAD_DIM, KV_HEADS * HEAD_DIM])
        gate, up = b.gate_up.chunk(2)
        for name, tensor in (("self_attn.q_proj", q), ("self_attn.k_proj", k), ("self_attn.v_proj", v), ("self_attn.o_proj", b.out),
                             ("self_attn.q_norm", b.q_norm), ("self_attn.k_norm", b.k_norm), ("mlp.gate_proj", gate),
                             ("mlp.up_proj", up), ("mlp.down_proj", b.down), ("input_layernorm", b.norm1),
                             ("post_attention_layernorm", b.norm2)):
            out[f"model.layers.{i}.{name}.weight"] = tensor
    return out


def export(model, folder, end, pad):
    """Writes the model rounded to bf16 and returns it in float32, as transformers has it."""
    rounded = Qwen3ForCausalLM(config(model.embedding.shape[0], end, pad)).to(torch.bfloat16)
    rounded.load_state_dict({k: v.detach().to(torch.bfloat16) for k, v in named(model).items()})
    rounded.tie_weights()
    rounded.generation_config = GenerationConfig(eos_token_id=end, pad_token_id=pad, do_sample=True, temperature=0.3, top_k=40, top_p=0.9)
    rounded.save_pretrained(folder)
    return rounded.float().eval()
