#!/usr/bin/env python3
# Writes the malformed (and a few odd but good) GGUF, safetensors and folder cases beside it.
# SPDX-License-Identifier: Apache-2.0
#
# Each case is named OUTCOME-DEFECT: the status that opening it must give, in lower case, then what
# is wrong, with the CVE whose class it is where there is one. index.json holds words that the
# message must contain. Needs nothing but Python's own library; the output is deterministic:
#
#     python3 tests/golden/make_malformed.py
import json, os, shutil, struct

HERE = os.path.dirname(os.path.abspath(__file__))
U8, I8, U16, I16, U32, I32, F32, BOOL, STR, ARR, U64, I64, F64 = range(13)
index = []


def text(s):
    b = s if isinstance(s, bytes) else s.encode()
    return struct.pack("<Q", len(b)) + b


def pair(key, kind, payload):
    return text(key) + struct.pack("<I", kind) + payload


def u32(key, v): return pair(key, U32, struct.pack("<I", v))
def u16(key, v): return pair(key, U16, struct.pack("<H", v))
def i32(key, v): return pair(key, I32, struct.pack("<i", v))
def string(key, v): return pair(key, STR, text(v))
def array(key, kind, count, payload): return pair(key, ARR, struct.pack("<IQ", kind, count) + payload)


def info(name, dims, kind, offset, n_dims=None):
    n = len(dims) if n_dims is None else n_dims
    return text(name) + struct.pack("<I", n) + b"".join(struct.pack("<Q", d) for d in dims) + struct.pack("<IQ", kind, offset)


ARCH = string("general.architecture", "llama")
GOOD = [info("a", [4, 2], 0, 0), info("b", [3], 0, 32)]  # 32 and 12 bytes
DATA = bytes(range(32)) + bytes(range(12)) + bytes(20)


def gguf(pairs=(ARCH,), infos=GOOD, data=DATA, tensors=None, keys=None, version=3, magic=b"GGUF", align=32):
    head = magic + struct.pack("<IQQ", version, len(infos) if tensors is None else tensors, len(pairs) if keys is None else keys)
    head += b"".join(pairs) + b"".join(infos)
    return head + bytes(-len(head) % align) + data


def put(folder, name, content, words):
    path = os.path.join(HERE, folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content)
    index.append({"path": folder + "/" + name, "words": words})


def g(name, content, words): put("gguf", name + ".gguf", content, words)


def one(kind, dims, data=b"", offset=0):
    return gguf(infos=[info("a", dims, kind, offset)], data=data)


def make_gguf():
    g("ok-plain", gguf(), "")
    g("ok-no-tensors", gguf(infos=[], data=b""), "")
    g("ok-no-final-padding", gguf(data=DATA[:44]), "")
    g("ok-align-16", gguf([ARCH, u32("general.alignment", 16)], data=DATA[:48], align=16), "")
    g("bad_input-product-wraps-to-zero-CVE-2024-21802", one(0, [1 << 32, 1 << 32]), "overflows")
    g("bad_input-product-wraps-to-small-CVE-2024-21802", one(0, [(1 << 32) + 1, 1 << 32, 2], bytes(64)), "overflows")
    g("bad_input-array-longer-than-file-CVE-2024-21825", gguf([ARCH, array("x.list", U8, 1 << 40, b"")]), "items of type u8")
    g("bad_input-string-longer-than-file-CVE-2024-21825", gguf([ARCH, pair("x.s", STR, struct.pack("<Q", 1 << 20))]), "a string of 1048576 bytes")
    g("bad_input-tensor-count-CVE-2024-21836", gguf(tensors=1 << 40), "1099511627776 tensors")
    g("bad_input-key-length-plus-one-wraps-CVE-2024-23496", gguf([struct.pack("<Q", (1 << 64) - 1)] + [ARCH]), "name of key 0")
    g("bad_input-key-count-CVE-2024-23605", gguf(keys=(1 << 64) - 1), "18446744073709551615 keys")
    g("bad_input-token-length-is-negative-CVE-2025-49847", gguf([ARCH, array("tokenizer.ggml.tokens", STR, 1, struct.pack("<Q", 1 << 63))]), "a string of 9223372036854775808 bytes")
    big = [info("a", [(1 << 63) - 32], I_8, 0), info("b", [(1 << 63) - 32], I_8, (1 << 63) - 32), info("c", [64], I_8, (1 << 64) - 64)]
    g("bad_input-sum-of-sizes-wraps-CVE-2025-53630", gguf(infos=big, data=bytes(64)), "tensor a needs")
    g("bad_input-padding-wraps-CVE-2026-27940", one(I_8, [(1 << 63) - 1]), "tensor a needs")
    g("bad_input-bytes-of-f64-wrap-CVE-2026-33298", one(28, [1 << 61]), "overflows")
    g("bad_input-bytes-of-f32-wrap-CVE-2026-33298", one(0, [1 << 31, 1 << 31], bytes(32)), "overflows")
    g("bad_input-offset-past-the-end-CVE-2026-7482", gguf(infos=[info("a", [4, 2], 0, 0), info("b", [3], 0, 64)]), "offset 64, it must be 32")
    g("bad_input-data-past-the-end-CVE-2026-7482", gguf(data=DATA[:40]), "not downloaded completely")
    g("bad_input-alignment-4", gguf([ARCH, u32("general.alignment", 4)]), "power of two")
    g("bad_input-alignment-2-to-31", gguf([ARCH, u32("general.alignment", 1 << 31)]), "power of two")
    g("bad_input-alignment-u64", gguf([ARCH, pair("general.alignment", U64, struct.pack("<Q", 32))]), "type u64")
    g("bad_input-alignment-bool", gguf([ARCH, pair("general.alignment", BOOL, b"\1")]), "type bool")
    g("bad_input-bool-is-2", gguf([ARCH, pair("x.flag", BOOL, b"\2")]), "value 2")
    g("bad_input-bool-in-list-is-255", gguf([ARCH, array("x.flags", BOOL, 3, b"\0\1\xff")]), "value 255")
    g("bad_input-key-with-zero-byte", gguf([ARCH, string(b"x.\0y", "z")]), "not plain text")
    g("bad_input-key-is-not-utf8", gguf([ARCH, string(b"x.\xff\xfe", "z")]), "not plain text")
    g("bad_input-key-of-70000-bytes", gguf([ARCH, string("k" * 70000, "z")])[:400], "70000 bytes")
    g("bad_input-tensor-name-with-newline", gguf(infos=[info("a\nb", [4, 2], 0, 0)], data=DATA[:32]), "not plain text")
    g("bad_input-tensor-name-of-64-bytes", gguf(infos=[info("n" * 64, [4, 2], 0, 0)], data=DATA[:32]), "64 bytes")
    g("bad_input-last-tensor-not-counted", gguf(tensors=1), "follow the last tensor")
    g("bad_input-bytes-appended", gguf(data=DATA + bytes(32)), "32 bytes follow the last tensor")
    g("bad_input-tensors-in-another-order", gguf(infos=[GOOD[1], GOOD[0]]), "it must be 0")
    g("bad_input-hole-between-tensors", gguf(infos=[GOOD[0], info("b", [3], 0, 64)], data=DATA + bytes(32)), "offset 64, it must be 32")
    g("bad_input-list-item-type-13", gguf([ARCH, array("x.list", 13, 0, b"")]), "value type 13")
    g("bad_input-ends-after-key-type", gguf([ARCH, text("x") + struct.pack("<I", STR)], infos=[], data=b"")[:-20], "ends inside")
    g("unsupported-version-0", gguf(version=0), "version 0")
    g("bad_input-split-no-beyond-count", gguf([ARCH, u16("split.no", 3), u16("split.count", 3)]), "split.no is 3")
    g("bad_input-split-count-string", gguf([ARCH, string("split.count", "3")]), "split.count")
    g("bad_input-split-tensor-count", gguf([ARCH, u16("split.no", 0), u16("split.count", 1), i32("split.tensors.count", 5)]), "split.tensors.count is 5")
    g("bad_input-split-with-plain-name", gguf([ARCH, u16("split.no", 0), u16("split.count", 2)]), "must end in -00001-of-00002.gguf")
    g("limit-split-of-9999-parts", gguf([ARCH, u16("split.no", 0), u16("split.count", 9999)]), "9999 parts")
    g("bad_input-git-lfs-pointer", LFS, "Git LFS pointer")
    g("unsupported-adapter", gguf([ARCH, string("general.type", "adapter")]), "is an adapter")
    g("unsupported-projector", gguf([string("general.architecture", "clip")]), "is a vision projector")
    g("unsupported-big-endian-v2", gguf(version=2 << 24), "big-endian")
    for kind, words in ((5, "Q4_3"), (31, "Q4_0_4_4"), (33, "Q4_0_8_8"), (36, "ik_llama.cpp"), (38, "IQ4_NL_8_8"), (97, "ik_llama.cpp"),
                        (99, "ik_llama.cpp"), (133, "ik_llama.cpp"), (158, "ik_llama.cpp"), (202, "ik_llama.cpp"), (399, "ik_llama.cpp"),
                        (9, "activations"), (15, "activations"), (43, "unknown"), (96, "unknown"), (400, "unknown"), ((1 << 32) - 1, "unknown")):
        g("unsupported-tensor-type-%d" % kind, one(kind, [256], bytes(512)), words)


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 1\n"
I_8 = 24  # ggml's id of I8


def st(header, data=b"", length=None):
    h = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(h) if length is None else length) + h + data


def t(dtype, shape, begin, end): return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def s(name, content, words): put("safetensors", name + ".safetensors", content, words)


def make_safetensors():
    ok = {"a": t("F32", [2, 2], 0, 16), "b": t("BF16", [3], 16, 22)}
    data = bytes(range(22))
    s("ok-plain", st(ok, data), "")
    s("ok-padded-header", st(json.dumps(ok).encode() + b"   ", data), "")
    s("ok-metadata", st(dict(ok, __metadata__={"format": "pt"}), data), "")
    s("ok-empty-and-scalar", st({"e": t("F32", [0, 5], 0, 0), "s": t("F32", [], 0, 4), "z": t("I64", [3, 0], 4, 4)}, bytes(4)), "")
    s("ok-no-tensors", st({}), "")
    s("ok-f4-pairs-and-fp8", st({"a": t("F4", [6], 0, 3), "b": t("F8_E4M3", [2], 3, 5), "c": t("F6_E2M3", [4], 5, 8)}, bytes(8)), "")
    s("ok-any-order", st({"b": t("BF16", [3], 16, 22), "a": t("F32", [2, 2], 0, 16)}, data), "")
    s("bad_input-seven-bytes", b"\0" * 7, "7 bytes")
    s("bad_input-git-lfs-pointer", LFS, "Git LFS pointer")
    s("bad_input-empty", b"", "0 bytes")
    s("limit-header-of-2-to-64", st(ok, data, (1 << 64) - 1), "18446744073709551615 bytes")
    s("limit-header-of-100000001", st(ok, data, 100000001), "100000001 bytes")
    s("bad_input-header-longer-than-file", st(ok, data, 5000), "header has 5000 bytes")
    s("bad_input-header-of-zero", st(b"", data), "does not begin with {")
    s("bad_input-header-begins-with-space", st(b" " + json.dumps(ok).encode(), data), "does not begin with {")
    s("bad_input-header-is-a-list", st(b"[]", b""), "does not begin with {")
    s("bad_input-header-cut", st(json.dumps(ok).encode()[:-2], data), "header")
    s("bad_input-header-and-garbage", st(json.dumps(ok).encode() + b"x", data), "header")
    s("bad_input-header-not-utf8", st(b'{"\xff":' + json.dumps(t("F32", [1], 0, 4)).encode() + b"}", bytes(4)), "header")
    one_json = json.dumps(t("F32", [1], 0, 4))
    s("bad_input-name-twice", st(('{"a":%s,"a":%s}' % (one_json, one_json)).encode(), bytes(4)), "header")
    s("bad_input-dtype-twice", st(b'{"a":{"dtype":"F32","dtype":"I8","shape":[1],"data_offsets":[0,4]}}', bytes(4)), "header")
    s("limit-header-nested-deep", st(b'{"__metadata__":' + b"[" * 5000 + b"]" * 5000 + b"}"), "header")
    s("bad_input-name-empty", st({"": t("F32", [1], 0, 4)}, bytes(4)), "empty name")
    s("limit-name-of-513-bytes", st({"n" * 513: t("F32", [1], 0, 4)}, bytes(4)), "513 bytes")
    s("bad_input-name-with-zero-byte", st(b'{"a\\u0000b":' + one_json.encode() + b"}", bytes(4)), "")
    s("bad_input-metadata-not-object", st({"__metadata__": []}), "__metadata__ is not an object")
    s("bad_input-metadata-number", st({"__metadata__": {"n": 1}}), '"n" is not a string')
    s("bad_input-tensor-not-object", st({"a": 5}), "not described by an object")
    s("bad_input-unknown-field", st({"a": dict(t("F32", [1], 0, 4), strides=[1])}, bytes(4)), 'unknown field "strides"')
    s("bad_input-no-dtype", st({"a": {"shape": [1], "data_offsets": [0, 4]}}, bytes(4)), "no dtype")
    s("unsupported-dtype-f7", st({"a": t("F7", [1], 0, 4)}, bytes(4)), "unknown dtype F7")
    s("bad_input-no-shape", st({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, bytes(4)), "no shape")
    s("bad_input-shape-negative", st({"a": t("F32", [-1], 0, 4)}, bytes(4)), "dimension 0")
    s("bad_input-shape-real", st({"a": t("F32", [1.0], 0, 4)}, bytes(4)), "dimension 0")
    s("bad_input-shape-string", st({"a": t("F32", [1, "2"], 0, 8)}, bytes(8)), "dimension 1")
    s("limit-nine-dimensions", st({"a": t("F32", [1] * 9, 0, 4)}, bytes(4)), "9 dimensions")
    s("bad_input-shape-overflows", st({"a": t("F32", [1 << 32, 1 << 32], 0, 4)}, bytes(4)), "overflows")
    s("bad_input-shape-overflows-before-zero", st({"a": t("F32", [1 << 40, 1 << 40, 0], 0, 0)}), "overflows")
    s("bad_input-f4-ends-inside-a-byte", st({"a": t("F4", [3], 0, 2)}, bytes(2)), "inside a byte")
    s("bad_input-size-and-shape-differ", st({"a": t("F32", [2], 0, 4)}, bytes(4)), "need 8 bytes")
    s("bad_input-offsets-of-three", st({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 8]}}, bytes(4)), "not a pair")
    s("bad_input-offsets-swapped", st({"a": t("F32", [1], 4, 0)}, bytes(4)), "[4, 0)")
    s("bad_input-offsets-negative", st({"a": t("F32", [1], -4, 0)}, bytes(4)), "not a pair")
    s("bad_input-offset-2-to-63", st(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,9223372036854775808]}}', bytes(4)), "")
    s("bad_input-half-a-file", st(ok, data[:10]), "not downloaded completely")
    s("bad_input-first-not-at-zero", st({"a": t("F32", [1], 4, 8)}, bytes(8)), "hole")
    s("bad_input-hole", st({"a": t("F32", [1], 0, 4), "b": t("F32", [1], 8, 12)}, bytes(12)), "hole")
    s("bad_input-overlap", st({"a": t("F32", [2], 0, 8), "b": t("F32", [2], 4, 12)}, bytes(12)), "ends later")
    s("bad_input-same-bytes-twice", st({"a": t("F32", [2], 0, 8), "b": t("F32", [2], 0, 8)}, bytes(8)), "ends later")
    s("bad_input-bytes-appended", st(ok, data + b"x"), "the file has 23")


CONFIG = json.dumps({"architectures": ["LlamaForCausalLM"], "model_type": "llama"}).encode()


def folder(name, files, words):
    for base, content in files.items():
        path = os.path.join(HERE, "folders", name, base)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content)
    index.append({"path": "folders/" + name, "words": words})


def shard(*names):
    return st({n: t("F32", [1], 4 * i, 4 * i + 4) for i, n in enumerate(names)}, bytes(4 * len(names)))


def weight_map(**files): return json.dumps({"metadata": {}, "weight_map": files}).encode()


def part(no, count, name, total):
    return gguf([ARCH, u16("split.no", no), u16("split.count", count), i32("split.tensors.count", total)], [info(name, [8], 0, 0)], bytes(32))


def make_folders():
    c, idx = {"config.json": CONFIG}, "model.safetensors.index.json"
    one_, two = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    both = {one_: shard("a", "b"), two: shard("c")}
    right = weight_map(a=one_, b=one_, c=two)
    folder("ok-single", {**c, "model.safetensors": shard("a")}, "")
    folder("ok-sharded", {**c, **both, idx: right}, "")
    folder("ok-single-beside-an-index", {**c, "model.safetensors": shard("a"), idx: right}, "")
    folder("ok-index-of-one", {**c, "model.safetensors": shard("a"), idx: weight_map(a="model.safetensors")}, "")
    folder("ok-weights-beside-a-pickle", {**c, "model.safetensors": shard("a"), "pytorch_model.bin": b"PK\3\4"}, "")
    folder("ok-mistral-native-beside", {**c, "model.safetensors": shard("a"), "params.json": b"{}", "consolidated.safetensors": b""}, "")
    folder("ok-tokenizer-only", {"tokenizer.json": b"{}"}, "")
    folder("ok-config-and-tokenizer", {**c, "tokenizer.model": b""}, "")
    folder("ok-one-gguf", {"model.gguf": gguf()}, "")
    folder("ok-gguf-and-projector", {"model.gguf": gguf(), "mmproj-model.gguf": gguf([string("general.architecture", "clip")])}, "")
    folder("ok-gguf-and-lora", {"model.gguf": gguf(), "a-lora.gguf": gguf([ARCH, string("general.type", "adapter")])}, "")
    folder("ok-split-gguf", {"m-0000%d-of-00002.gguf" % (i + 1): part(i, 2, n, 2) for i, n in enumerate("ab")}, "")
    folder("not_found-nothing", {"README.md": b"# nothing\n"}, "holds no model")
    folder("not_found-no-config", {"model.safetensors": shard("a")}, "no config.json")
    folder("not_found-no-config-mistral", {"model.safetensors": shard("a"), "params.json": b"{}"}, "Mistral")
    folder("not_found-shard", {**c, one_: both[one_], idx: right}, two + " is missing")
    folder("not_found-index", {**c, **both}, "the index of the shards is missing")
    folder("bad_input-shards-exchanged", {**c, one_: both[two], two: both[one_], idx: right}, "is not in it but in " + two)
    folder("bad_input-shard-lacks-a-tensor", {**c, one_: shard("a"), two: both[two], idx: right}, "tensor b is not in it")
    folder("bad_input-tensor-not-in-the-index", {**c, one_: shard("a", "b", "x"), two: both[two], idx: right}, "tensor x is in it, but not in")
    folder("bad_input-tensor-in-two-shards", {**c, one_: both[one_], two: shard("c", "a"), idx: right}, "tensor a is in more than one file")
    for name, path in (("parent", "../model.safetensors"), ("absolute", "/model.safetensors"), ("below", "x/model.safetensors"),
                       ("backslash", "..\\model.safetensors"), ("hidden", ".model.safetensors"), ("nothing", "")):
        folder("bad_input-index-path-" + name, {**c, **both, idx: weight_map(a=path)}, "not the plain name")
    folder("unsupported-index-names-a-pickle", {**c, **both, idx: weight_map(a="pytorch_model.bin")}, "not a .safetensors file")
    folder("bad_input-index-number", {**c, **both, idx: weight_map(a=1)}, "not a string")
    folder("bad_input-index-without-map", {**c, **both, idx: b"{}"}, "no weight_map")
    folder("bad_input-index-cut", {**c, **both, idx: right[:-3]}, idx)
    folder("bad_input-config-cut", {"config.json": CONFIG[:-2], "model.safetensors": shard("a")}, "config.json")
    folder("bad_input-config-is-a-list", {"config.json": b"[]", "model.safetensors": shard("a")}, "not a JSON object")
    folder("bad_input-config-key-twice", {"config.json": b'{"a":1,"a":2}', "model.safetensors": shard("a")}, "config.json")
    folder("unsupported-pickle", {**c, "pytorch_model.bin": b"PK\3\4", "tokenizer.json": b"{}"}, "pytorch_model.bin is taken for a Python pickle")
    folder("unsupported-pickle-pt", {**c, "model.pt": b"\x80\2"}, "convert it to safetensors")
    folder("unsupported-pickle-pth", {"consolidated.00.pth": b"PK"}, "consolidated.00.pth")
    folder("unsupported-pickle-ckpt", {**c, "model.ckpt": b"\x80\2"}, "model.ckpt")
    folder("unsupported-mistral-native", {"params.json": b"{}", "consolidated.safetensors": shard("a"), "tekken.json": b"{}"}, "Mistral's own layout")
    folder("unsupported-adapter", {"adapter_config.json": b"{}", "adapter_model.safetensors": shard("a")}, "is an adapter")
    folder("usage-two-gguf", {"a.gguf": gguf(), "b.gguf": gguf()}, "a.gguf, b.gguf")
    folder("unsupported-only-a-projector", {"mmproj.gguf": gguf([string("general.architecture", "clip")])}, "is a vision projector")
    folder("not_found-split-part", {"m-00002-of-00002.gguf": part(1, 2, "b", 2)}, "m-00001-of-00002.gguf is missing")
    folder("bad_input-split-parts-exchanged", {"m-00001-of-00002.gguf": part(1, 2, "b", 2), "m-00002-of-00002.gguf": part(0, 2, "a", 2)}, "must end in -00002-of-00002")
    folder("bad_input-split-part-twice", {"m-0000%d-of-00002.gguf" % (i + 1): part(0, 2, "ab"[i], 2) for i in range(2)}, "split.no says part 1")
    folder("bad_input-split-of-another-count", {"m-00001-of-00002.gguf": part(0, 2, "a", 2), "m-00002-of-00002.gguf": part(1, 3, "b", 2)}, "split of 3 parts")
    folder("bad_input-split-tensor-missing", {"m-0000%d-of-00002.gguf" % (i + 1): part(i, 2, "ab"[i], 3) for i in range(2)}, "split.tensors.count is 3")
    folder("bad_input-split-tensor-twice", {"m-0000%d-of-00002.gguf" % (i + 1): part(i, 2, "a", 2) for i in range(2)}, "tensor a is there twice")


for sub in ("gguf", "safetensors", "folders"):
    shutil.rmtree(os.path.join(HERE, sub), ignore_errors=True)
make_gguf()
make_safetensors()
make_folders()
with open(os.path.join(HERE, "index.json"), "w") as f:
    json.dump(index, f, indent=0)
    f.write("\n")
