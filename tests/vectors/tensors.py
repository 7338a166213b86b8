# Reading and writing safetensors with nothing but the standard library; and the HF form of stories260K.
# SPDX-License-Identifier: Apache-2.0
import array
import json
import os
import shutil
import struct
import sys

CODES = {"F32": "f", "I64": "q", "I32": "i"}


def read_safetensors(path):
    """{name: (shape, array)} of a file whose dtypes are all in CODES."""
    with open(path, "rb") as f:
        data = f.read()
    (size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + size])
    out = {}
    for name, t in header.items():
        if name == "__metadata__":
            continue
        begin, end = t["data_offsets"]
        values = array.array(CODES[t["dtype"]])
        values.frombytes(data[8 + size + begin : 8 + size + end])
        if sys.byteorder == "big":
            values.byteswap()
        out[name] = (t["shape"], values)
    return out


def read_f32(path):
    values = array.array("f")
    with open(path, "rb") as f:
        values.frombytes(f.read())
    if sys.byteorder == "big":
        values.byteswap()
    return values


def write_safetensors(path, tensors):
    """tensors: {name: (shape, array of floats)}, written as F32."""
    header, body, at = {}, [], 0
    for name, (shape, values) in tensors.items():
        raw = values[:]
        if sys.byteorder == "big":
            raw.byteswap()
        raw = raw.tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(raw)]}
        body.append(raw)
        at += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(body))


def half_layout(matrix, heads, head_dim, cols):
    """Rows of a q or k matrix from pairs side by side (llama2.c) to halves (Hugging Face)."""
    out = array.array("f")
    for h in range(heads):
        for part in range(2):
            for j in range(head_dim // 2):
                row = h * head_dim + 2 * j + part
                out.extend(matrix[row * cols : (row + 1) * cols])
    return out


def write_stories_hf(source, folder):
    """The llama2.c checkpoint stories260K.bin as a Hugging Face folder with its tokenizer.model."""
    path = os.path.join(source, "stories260K.bin")
    with open(path, "rb") as f:
        dim, hidden, layers, heads, kv_heads, vocab, context = struct.unpack("<7i", f.read(28))
    floats = read_f32(path)[7:]
    if vocab < 0:
        raise SystemExit("stories260K.bin: an untied head was not expected")
    head_dim = dim // heads
    kv = kv_heads * head_dim
    at = 0

    def take(count, rows, cols):
        nonlocal at
        parts = [floats[at + i * rows * cols : at + (i + 1) * rows * cols] for i in range(count)]
        at += count * rows * cols
        return parts

    embed = take(1, vocab, dim)[0]
    norm1 = take(layers, 1, dim)
    wq, wk, wv, wo = (take(layers, r, dim) for r in (dim, kv, kv, dim))
    norm2 = take(layers, 1, dim)
    w1, w2, w3 = take(layers, hidden, dim), take(layers, dim, hidden), take(layers, hidden, dim)
    final = take(1, 1, dim)[0]
    tensors = {"model.embed_tokens.weight": ([vocab, dim], embed), "model.norm.weight": ([dim], final)}
    for i in range(layers):
        p = "model.layers.%d." % i
        tensors.update({
            p + "input_layernorm.weight": ([dim], norm1[i]),
            p + "post_attention_layernorm.weight": ([dim], norm2[i]),
            p + "self_attn.q_proj.weight": ([dim, dim], half_layout(wq[i], heads, head_dim, dim)),
            p + "self_attn.k_proj.weight": ([kv, dim], half_layout(wk[i], kv_heads, head_dim, dim)),
            p + "self_attn.v_proj.weight": ([kv, dim], wv[i]),
            p + "self_attn.o_proj.weight": ([dim, dim], wo[i]),
            p + "mlp.gate_proj.weight": ([hidden, dim], w1[i]),
            p + "mlp.down_proj.weight": ([dim, hidden], w2[i]),
            p + "mlp.up_proj.weight": ([hidden, dim], w3[i]),
        })
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": vocab, "hidden_size": dim,
        "intermediate_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads,
        "num_key_value_heads": kv_heads, "max_position_embeddings": context, "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": True, "torch_dtype": "float32",
        "bos_token_id": 1, "eos_token_id": 2,
    }
    os.makedirs(folder, exist_ok=True)
    write_safetensors(os.path.join(folder, "model.safetensors"), tensors)
    with open(os.path.join(folder, "config.json"), "w") as f:
        json.dump(config, f)
    shutil.copyfile(os.path.join(source, "tok512.model"), os.path.join(folder, "tokenizer.model"))
