#!/usr/bin/env python3
"""Writes GGUF files with the shapes of Qwen3-0.6B and Qwen3-1.7B and random weights, for speed measurements.

SPDX-License-Identifier: Apache-2.0

    python3 tools/make_synthetic_gguf.py FOLDER [--shape 0.6b 1.7b tiny] [--quant q8_0 q4_k_m]

Needs numpy only. Weights are drawn so that activations and logits stay finite and ordinary: every block
scale is a sane half, values are spread around zero with a standard deviation of 0.02. The Q4_K_M mix is
the one of llama-quantize: Q6_K for the tied embedding and for attn_v and ffn_down of the layers that its
use_more_bits rule names, Q4_K for the other matrices, F32 for norms. The vocabulary is synthetic but
consistent (byte tokens, words of two to four letters, one merge for each), so that other engines load
the file too. Equal arguments give equal bytes.
"""
import argparse
import itertools
import os
import string
import struct
import sys

import numpy as np

ALIGNMENT = 32
STD = 0.02
CHUNK_BLOCKS = 1 << 17
VOCAB = 151936
FIRST_SPECIAL, SPECIAL = 151643, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TOKEN_NORMAL, TOKEN_CONTROL, TOKEN_UNUSED = 1, 3, 5
WORD_SIZE_MAX = 4
FILE_TYPES = {"q8_0": 7, "q4_k_m": 15}
SHAPES = {
    "tiny": {"layers": 4, "hidden": 256, "heads": 4, "kv": 2, "dim": 64, "ff": 512},
    "0.6b": {"layers": 28, "hidden": 1024, "heads": 16, "kv": 8, "dim": 128, "ff": 3072},
    "1.7b": {"layers": 28, "hidden": 2048, "heads": 16, "kv": 8, "dim": 128, "ff": 6144},
}


# --- blocks of each type: (rng, count) -> structured array -------------------------------------------------

def spread(rng, count, center):
    """Half-precision scales within a quarter of `center`."""
    return (center * rng.uniform(0.75, 1.25, count)).astype(np.float16)


def random_bytes(rng, rows, columns):
    return np.frombuffer(rng.bytes(rows * columns), dtype=np.uint8).reshape(rows, columns)


def blocks_q8_0(rng, count):
    out = np.empty(count, dtype=[("d", "<f2"), ("qs", "i1", 32)])
    out["d"] = spread(rng, count, STD / 74)  # uniform bytes have a standard deviation of 74
    out["qs"] = random_bytes(rng, count, 32).view(np.int8)
    out["qs"][out["qs"] == -128] = 0  # Q8_0 writers use -127..127
    return out


def blocks_q4_k(rng, count):
    """Eight sub-blocks of 32: d*scale*q - dmin*min with min = scale and dmin = 7.5 d, hence centred."""
    out = np.empty(count, dtype=[("d", "<f2"), ("dmin", "<f2"), ("scales", "u1", 12), ("qs", "u1", 128)])
    scale = rng.integers(32, 64, (count, 8), dtype=np.uint8)
    d = STD / (4.61 * 47.5) * rng.uniform(0.75, 1.25, count)
    out["d"], out["dmin"] = d.astype(np.float16), (7.5 * d).astype(np.float16)
    low, high = scale[:, :4], scale[:, 4:]
    out["scales"][:, 0:4] = low | ((high >> 4) << 6)
    out["scales"][:, 4:8] = low | ((high >> 4) << 6)
    out["scales"][:, 8:12] = (high & 15) | ((high & 15) << 4)
    out["qs"] = random_bytes(rng, count, 128)
    return out


def blocks_q6_k(rng, count):
    out = np.empty(count, dtype=[("ql", "u1", 128), ("qh", "u1", 64), ("scales", "i1", 16), ("d", "<f2")])
    out["ql"], out["qh"] = random_bytes(rng, count, 128), random_bytes(rng, count, 64)
    sign = rng.integers(0, 2, (count, 16), dtype=np.int8) * np.int8(2) - np.int8(1)
    out["scales"] = rng.integers(32, 128, (count, 16), dtype=np.int8) * sign
    out["d"] = spread(rng, count, STD / (18.5 * 79.5))
    return out


def blocks_f32(rng, count):
    return rng.uniform(0.8, 1.2, count).astype("<f4")  # norm weights only


# name: (ggml type id, values per block, bytes per block, maker)
TYPES = {"F32": (0, 1, 4, blocks_f32), "Q8_0": (8, 32, 34, blocks_q8_0), "Q4_K": (12, 256, 144, blocks_q4_k),
         "Q6_K": (14, 256, 210, blocks_q6_k)}


# --- the model ---------------------------------------------------------------------------------------------

def use_more_bits(layer, layers):
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


def matrix_type(quant, name, layer, layers):
    if quant == "q8_0":
        return "Q8_0"
    if name == "token_embd" or (name in ("attn_v", "ffn_down") and use_more_bits(layer, layers)):
        return "Q6_K"
    return "Q4_K"


def tensors(shape, quant):
    """[(name, (columns, rows) or (columns,), type)] in file order."""
    hidden, q, kv, ff = shape["hidden"], shape["heads"] * shape["dim"], shape["kv"] * shape["dim"], shape["ff"]
    matrices = {"attn_q": (hidden, q), "attn_k": (hidden, kv), "attn_v": (hidden, kv), "attn_output": (q, hidden),
                "ffn_gate": (hidden, ff), "ffn_up": (hidden, ff), "ffn_down": (ff, hidden)}
    norms = {"attn_norm": hidden, "attn_q_norm": shape["dim"], "attn_k_norm": shape["dim"], "ffn_norm": hidden}
    layers = shape["layers"]
    found = [("token_embd.weight", (hidden, VOCAB), matrix_type(quant, "token_embd", 0, layers))]
    for layer in range(layers):
        for name, size in norms.items():
            found.append((f"blk.{layer}.{name}.weight", (size,), "F32"))
        for name, size in matrices.items():
            found.append((f"blk.{layer}.{name}.weight", size, matrix_type(quant, name, layer, layers)))
    return found + [("output_norm.weight", (hidden,), "F32")]


def tensor_bytes(dims, kind):
    _, values, size, _ = TYPES[kind]
    return int(np.prod(dims)) // values * size


def byte_letters():
    """The 256 visible characters that byte-level BPE writes bytes with (GPT-2's table)."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [b for b in range(256) if b not in shown]
    return [chr(b) for b in shown] + [chr(256 + i) for i in range(len(hidden))]


def vocabulary():
    """(tokens, types, merges): bytes, then words in order of size, then the special ones and padding."""
    tokens, merges = byte_letters(), []
    words = itertools.chain.from_iterable(
        itertools.product(string.ascii_lowercase, repeat=size) for size in range(2, WORD_SIZE_MAX + 1))
    for word in itertools.islice(map("".join, words), FIRST_SPECIAL - len(tokens)):
        cut = 1 if len(word) == 2 else 2
        tokens.append(word)
        merges.append(f"{word[:cut]} {word[cut:]}")
    types = [TOKEN_NORMAL] * len(tokens) + [TOKEN_CONTROL] * len(SPECIAL)
    tokens += SPECIAL
    types += [TOKEN_UNUSED] * (VOCAB - len(tokens))
    tokens += [f"[PAD{i}]" for i in range(len(tokens), VOCAB)]
    return tokens, types, merges


# --- the file ----------------------------------------------------------------------------------------------

U32, F32, BOOL, STRING, ARRAY, I32 = 4, 6, 7, 8, 9, 5


def text(value):
    data = value.encode("utf-8")
    return struct.pack("<Q", len(data)) + data


def pair(key, kind, value):
    head = text(key) + struct.pack("<I", kind)
    if kind == STRING:
        return head + text(value)
    return head + struct.pack({U32: "<I", F32: "<f", BOOL: "<?"}[kind], value)


def pair_list(key, kind, values):
    head = text(key) + struct.pack("<IIQ", ARRAY, kind, len(values))
    if kind == STRING:
        return head + b"".join(map(text, values))
    return head + np.asarray(values, dtype="<i4").tobytes()


def metadata(shape_name, shape, quant):
    tokens, types, merges = vocabulary()
    return [
        pair("general.architecture", STRING, "qwen3"),
        pair("general.name", STRING, f"synthetic Qwen3-{shape_name} shape, random weights"),
        pair("general.file_type", U32, FILE_TYPES[quant]),
        pair("general.quantization_version", U32, 2),
        pair("general.alignment", U32, ALIGNMENT),
        pair("qwen3.block_count", U32, shape["layers"]),
        pair("qwen3.context_length", U32, 40960),
        pair("qwen3.embedding_length", U32, shape["hidden"]),
        pair("qwen3.feed_forward_length", U32, shape["ff"]),
        pair("qwen3.attention.head_count", U32, shape["heads"]),
        pair("qwen3.attention.head_count_kv", U32, shape["kv"]),
        pair("qwen3.attention.key_length", U32, shape["dim"]),
        pair("qwen3.attention.value_length", U32, shape["dim"]),
        pair("qwen3.attention.layer_norm_rms_epsilon", F32, 1e-6),
        pair("qwen3.rope.freq_base", F32, 1e6),
        pair("tokenizer.ggml.model", STRING, "gpt2"),
        pair("tokenizer.ggml.pre", STRING, "qwen2"),
        pair_list("tokenizer.ggml.tokens", STRING, tokens),
        pair_list("tokenizer.ggml.token_type", I32, types),
        pair_list("tokenizer.ggml.merges", STRING, merges),
        pair("tokenizer.ggml.eos_token_id", U32, FIRST_SPECIAL + 2),
        pair("tokenizer.ggml.padding_token_id", U32, FIRST_SPECIAL),
        pair("tokenizer.ggml.bos_token_id", U32, FIRST_SPECIAL),
        pair("tokenizer.ggml.add_bos_token", BOOL, False),
    ]


def pad(size):
    return -size % ALIGNMENT


def write_header(file, pairs, listed):
    file.write(b"GGUF" + struct.pack("<IQQ", 3, len(listed), len(pairs)))
    file.write(b"".join(pairs))
    offset = 0
    for name, dims, kind in listed:
        file.write(text(name) + struct.pack("<I", len(dims)) + struct.pack(f"<{len(dims)}Q", *dims))
        file.write(struct.pack("<IQ", TYPES[kind][0], offset))
        size = tensor_bytes(dims, kind)
        offset += size + pad(size)
    file.write(bytes(pad(file.tell())))


def write_tensor(file, rng, dims, kind):
    _, values, size, make = TYPES[kind]
    left = int(np.prod(dims)) // values
    while left > 0:
        count = min(left, CHUNK_BLOCKS)
        file.write(make(rng, count).tobytes())
        left -= count
    file.write(bytes(pad(tensor_bytes(dims, kind))))


def write_model(path, shape_name, quant):
    shape = SHAPES[shape_name]
    rng = np.random.Generator(np.random.SFC64([1, shape["hidden"], FILE_TYPES[quant]]))
    listed = tensors(shape, quant)
    with open(path + ".part", "wb") as file:
        write_header(file, metadata(shape_name, shape, quant), listed)
        for _, dims, kind in listed:
            write_tensor(file, rng, dims, kind)
    os.replace(path + ".part", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder")
    parser.add_argument("--shape", nargs="+", choices=sorted(SHAPES), default=["0.6b", "1.7b"])
    parser.add_argument("--quant", nargs="+", choices=sorted(FILE_TYPES), default=["q8_0", "q4_k_m"])
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    for shape in args.shape:
        for quant in args.quant:
            path = os.path.join(args.folder, f"synthetic-qwen3-{shape}-{quant}.gguf")
            write_model(path, shape, quant)
            print(path, os.path.getsize(path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
