#!/usr/bin/env python3
# Embeddings and reranking against a running server, by hand and by unmodified clients from PyPI.
# SPDX-License-Identifier: Apache-2.0
#
# The models are the golden ones of the shared folder, which say what the vectors and scores must be. They
# have no tokenizer; where texts are asked for, a folder is made of such a model and a tokenizer whose ids are
# known: byte b is id 20 + b.
import base64
import contextlib
import json
import math
import os
import struct
import sys
import tempfile
import urllib.error
import urllib.request

from harness import EMBER, HEARTH, ROOT, SHARED, Skip, case, equal, find_packages, package, run_cases, served

sys.path.insert(0, os.path.join(ROOT, "tests/vectors"))
import tensors

BOUND = 1e-5


def golden(name):
    folder = os.path.join(SHARED, "golden/models", name)
    if not os.path.isdir(folder):
        raise Skip(f"{folder} is not there")
    expected = tensors.read_safetensors(os.path.join(folder, "expected.safetensors"))
    (rows, cols), ids = expected["input_ids"]
    mask = expected["attention_mask"][1]
    return folder, expected, [[ids[r * cols + i] for i in range(cols) if mask[r * cols + i]] for r in range(rows)]


def rows_of(tensor):
    (rows, cols), values = tensor
    return [list(values[r * cols:(r + 1) * cols]) for r in range(rows)]


def post(url, body, status=200):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as r:
            got, text = r.status, r.read()
    except urllib.error.HTTPError as e:
        got, text = e.code, e.read()
    answer = json.loads(text)
    equal((got, answer if got != status else None), (status, None))
    return answer


def near(got, wanted):
    equal(len(got), len(wanted))
    far = max(abs(a - b) for a, b in zip(got, wanted))
    assert far <= BOUND, f"{far} from what was wanted"


def unit(v):
    size = math.sqrt(sum(x * x for x in v))
    return [x / size for x in v]


def floats(text):
    raw = base64.b64decode(text)
    return list(struct.unpack(f"<{len(raw) // 4}f", raw))


@contextlib.contextmanager
def with_tokenizer(folder, name):
    specials = {"<|im_start|>": 200, "<|im_end|>": 201, "<think>": 202, "</think>": 203, "<end>": 204, "yes": 11, "no": 7}
    vocab = {chr(b): 20 + b for b in range(33, 127)} | {"\u0120": 52, "\u010a": 30}
    tokenizer = {
        "added_tokens": [{"id": i, "content": t, "special": i >= 200} for t, i in specials.items()],
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False},
        "decoder": {"type": "ByteLevel"},
        "post_processor": {"type": "TemplateProcessing", "single": [
            {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<end>", "type_id": 0}}],
            "special_tokens": {"<end>": {"id": "<end>", "ids": [204], "tokens": ["<end>"]}}},
        "model": {"type": "BPE", "vocab": vocab, "merges": []},
    }
    with tempfile.TemporaryDirectory() as parent:
        path = os.path.join(parent, name)
        os.mkdir(path)
        for entry in os.listdir(folder):
            os.symlink(os.path.join(os.path.abspath(folder), entry), os.path.join(path, entry))
        with open(os.path.join(path, "tokenizer.json"), "w", encoding="utf-8") as f:
            json.dump(tokenizer, f)
        yield path


def spell(text):
    return [20 + b for b in text.encode()]


GGUF_NAMES = {
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def gguf_name(name):
    name = name.removeprefix("model.").removesuffix(".weight")
    if name in ("embed_tokens", "norm"):
        return {"embed_tokens": "token_embd.weight", "norm": "output_norm.weight"}[name]
    _, layer, rest = name.split(".", 2)
    return f"blk.{layer}.{GGUF_NAMES[rest]}.weight"


def write_gguf(path, folder, pooling, head=()):
    """A golden folder as a GGUF file (version 3), with a pooling; `head`: rows of the embedding that score."""
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as f:
        c = json.load(f)
    weights = {gguf_name(n): t for n, t in tensors.read_safetensors(os.path.join(folder, "model.safetensors")).items()}
    if head:
        (_, cols), values = weights["token_embd.weight"]
        weights["cls.output.weight"] = ([len(head), cols], values[:0])
        for row in head:
            weights["cls.output.weight"][1].extend(values[row * cols:(row + 1) * cols])
    keys = {"context_length": c["max_position_embeddings"], "embedding_length": c["hidden_size"],
            "block_count": c["num_hidden_layers"], "feed_forward_length": c["intermediate_size"],
            "attention.head_count": c["num_attention_heads"], "attention.head_count_kv": c["num_key_value_heads"],
            "attention.key_length": c["head_dim"], "attention.value_length": c["head_dim"], "pooling_type": pooling,
            "attention.layer_norm_rms_epsilon": c["rms_norm_eps"], "rope.freq_base": float(c["rope_theta"])}

    def text(s):
        return struct.pack("<Q", len(s)) + s.encode()

    out = b"GGUF" + struct.pack("<IQQ", 3, len(weights), len(keys) + 2)
    for name, value in (("general.architecture", "qwen3"), ("general.name", "Qwen3-Reranker" if head else "embedder")):
        out += text(name) + struct.pack("<I", 8) + text(value)
    for name, value in keys.items():
        out += text("qwen3." + name) + (struct.pack("<If", 6, value) if isinstance(value, float) else struct.pack("<II", 4, value))
    at = 0
    for name, (shape, values) in weights.items():
        out += text(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", n) for n in reversed(shape))
        out += struct.pack("<IQ", 0, at)
        at += (len(values) * 4 + 31) // 32 * 32
    with open(path, "wb") as f:
        f.write(out + bytes(-len(out) % 32))
        for _, values in weights.values():
            raw = values.tobytes() # the machines of these tests are little-endian
            f.write(raw + bytes(-len(raw) % 32))


@case
def gguf_twins():
    """The same models in the other container: pooling_type, and a head of two rows."""
    embedder, expected, ids = golden("embed-qwen3-last")
    reranker, scores, pairs = golden("rerank-qwen3")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "e.gguf")
        write_gguf(path, embedder, 3)
        with served(path) as url:
            for d, want in zip(post(url + "/v1/embeddings", {"input": ids})["data"], rows_of(expected["pooled"])):
                near(d["embedding"], want)
        write_gguf(path, embedder, 1)
        with served(path) as url:
            e = post(url + "/v1/embeddings", {"input": ids}, 400)["error"]
            assert "the pooling 'mean'" in e["message"], e
        path = os.path.join(folder, "r.gguf")
        write_gguf(path, reranker, 4, [scores["yes_token_id"][1][0], scores["no_token_id"][1][0]])
        with served(path) as url:
            r = post(url + "/v1/rerank", {"documents": pairs})["results"]
            near([x["relevance_score"] for x in sorted(r, key=lambda x: x["index"])], list(scores["score"][1]))
            e = post(url + "/v1/embeddings", {"input": pairs}, 400)["error"]
            assert "is a reranker" in e["message"], e


# embeddings

@case
def golden_vectors():
    folder, expected, ids = golden("embed-qwen3-last")
    pooled, raw = rows_of(expected["pooled"]), rows_of(expected["pooled_raw"])
    with served(folder) as url:
        r = post(url + "/v1/embeddings", {"input": ids})
        equal((r["object"], [d["index"] for d in r["data"]]), ("list", [0, 1, 2, 3]))
        for d, want in zip(r["data"], pooled):
            near(d["embedding"], want)
        total = sum(len(x) for x in ids)
        equal(r["usage"], {"prompt_tokens": total, "total_tokens": total})
        one = post(url + "/v1/embeddings", {"input": ids[2], "encoding_format": "float"})["data"]
        equal((len(one), one[0]["embedding"]), (1, r["data"][2]["embedding"]))
        coded = post(url + "/v1/embeddings", {"input": ids, "encoding_format": "base64"})["data"]
        for d, same in zip(coded, r["data"]):
            near(floats(d["embedding"]), same["embedding"])
        cut = post(url + "/v1/embeddings", {"input": ids, "dimensions": 24})["data"]
        for d, want in zip(cut, raw):
            near(d["embedding"], unit(want[:24]))


@case
def golden_scores():
    folder, expected, ids = golden("rerank-qwen3")
    answers = {"true_token_id": expected["yes_token_id"][1][0], "false_token_id": expected["no_token_id"][1][0]}
    wanted = list(expected["score"][1])
    order = sorted(range(len(wanted)), key=lambda i: -wanted[i])
    with served(folder) as url:
        for route in ("/v1/rerank", "/rerank", "/v2/rerank"):
            r = post(url + route, {"documents": ids, **answers})
            equal([x["index"] for x in r["results"]], order)
            near([x["relevance_score"] for x in r["results"]], [wanted[i] for i in order])
            equal(r["usage"]["total_tokens"], sum(len(x) for x in ids))
        best = post(url + "/rerank", {"documents": ids, "top_n": 1, **answers})["results"]
        equal([x["index"] for x in best], order[:1])


@case
def texts_to_vectors():
    folder, _, _ = golden("embed-qwen3-last")
    with with_tokenizer(folder, "embedder") as path, served(path) as url:
        texts = ["one text", "a second <|im_end|>"]
        r = post(url + "/v1/embeddings", {"input": texts})["data"]
        same = post(url + "/v1/embeddings", {"input": [spell(t) + [204] for t in texts]})["data"]
        equal([d["embedding"] for d in r], [d["embedding"] for d in same])
        equal(post(url + "/v1/embeddings", {"input": texts[0]})["data"][0]["embedding"], r[0]["embedding"])
        o = post(url + "/api/embed", {"model": "embedder:latest", "input": texts, "keep_alive": "5m", "options": {"num_ctx": 9}})
        equal((o["model"], o["embeddings"]), ("embedder", [d["embedding"] for d in r]))
        equal(o["prompt_eval_count"], sum(len(t) + 1 for t in texts))
        equal(post(url + "/api/embed", {"model": "embedder", "input": texts[1]})["embeddings"], [r[1]["embedding"]])
        equal(post(url + "/api/show", {"model": "embedder"})["capabilities"], ["embedding"])
        equal(post(url + "/api/embeddings", {"model": "embedder", "prompt": texts[0]}), {"embedding": r[0]["embedding"]})
        long = "x" * 5000
        e = post(url + "/api/embed", {"model": "embedder", "input": long}, 400)["error"]
        assert "5001 tokens" in e and "2048" in e, e
        equal(post(url + "/api/embed", {"model": "embedder", "input": long, "truncate": True})["prompt_eval_count"], 2048)


@case
def pairs_to_scores():
    folder, _, _ = golden("rerank-qwen3")
    before = ("<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct "
              "provided. Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n")
    after = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    ids = {"<|im_start|>": 200, "<|im_end|>": 201, "<think>": 202, "</think>": 203}

    def tokens(text, trusted):
        out = []
        while text:
            known = {"yes": 11, "no": 7} | (ids if trusted else {})
            word = next((w for w in known if text.startswith(w)), text[0])
            out.append(known.get(word, 20 + ord(word[0])))
            text = text[len(word):]
        return out

    def prompt(query, document):
        pair = ("<Instruct>: Given a web search query, retrieve relevant passages that answer the query\n"
                f"<Query>: {query}\n<Document>: {document}")
        return tokens(before, True) + tokens(pair, False) + tokens(after, True)

    documents = ["It is Beijing.", "I like <|im_end|> rice.", "It is Beijing."]
    with with_tokenizer(folder, "Qwen3-Reranker-tiny") as path, served(path) as url:
        r = post(url + "/v1/rerank", {"query": "capital?", "documents": [documents[0], {"text": documents[1]}, documents[2]],
                                      "return_documents": True})
        same = post(url + "/v1/rerank", {"documents": [prompt("capital?", d) for d in documents]})
        equal([(x["index"], x["relevance_score"]) for x in r["results"]],
              [(x["index"], x["relevance_score"]) for x in same["results"]])
        equal([x["document"]["text"] for x in r["results"]], [documents[x["index"]] for x in r["results"]])
        assert all("document" not in x for x in same["results"])
        twins = [x["index"] for x in r["results"] if x["index"] != 1]
        equal(twins, [0, 2])


@case
def refusals():
    folder, _, _ = golden("embed-qwen3-last")
    with served(folder) as url:
        for body, param, words in (
                ({}, "input", "missing"), ({"input": []}, "input", "1 to 2048"), ({"input": ""}, "input", "empty"),
                ({"input": ["a", 3]}, "input[1]", "must be a text"), ({"input": [1, "a"]}, "input", "no token id"),
                ({"input": [[1], []]}, "input[1]", "no tokens"), ({"input": [1] * 3, "encoding_format": "x"}, "encoding_format", "float"),
                ({"input": [1], "dimensions": 0}, "dimensions", "1"), ({"input": [[1]] * 2049}, "input", "2049"),
                ({"input": [1], "dimensions": 65}, None, "have 64"), ({"input": [400]}, None, "ids are 0 to 319"),
                ({"input": [1] * 2049}, None, "2049 tokens"), ({"input": "a"}, None, "no tokenizer files")):
            e = post(url + "/v1/embeddings", body, 404 if body.get("input") == "a" else 400)["error"]
            equal((e["param"], words in e["message"]), (param, True))
            assert folder not in e["message"], e
        e = post(url + "/v1/embeddings", {"input": [1] * 2049}, 400)["error"]
        equal(e["code"], "context_length_exceeded")
        for body, words in (({"query": "q"}, "'documents' is missing"), ({"documents": ["d"]}, "'query' is missing"),
                            ({"query": "q", "documents": ["d"], "rank_fields": ["a"]}, "rank_fields"),
                            ({"query": "q", "documents": [[1]]}, "whole prompts"),
                            ({"query": "q", "documents": ["d"]}, "no reranker")):
            e = post(url + "/rerank", body, 400)["error"]
            assert words in e["message"], e
        assert "choices" in post(url + "/v1/completions", {"prompt": [1, 2], "max_tokens": 1}) # still a model
    with served(EMBER) as url:
        e = post(url + "/v1/embeddings", {"input": "hello"}, 400)["error"]
        assert "is a generator" in e["message"] and e["code"] == "unsupported_parameter", e


# clients

@case
def openai_client():
    openai = package("openai")
    folder, expected, ids = golden("embed-qwen3-last")
    with served(folder) as url:
        client = openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=0)
        r = client.embeddings.create(model="embed-qwen3-last", input=ids) # asks for base64 by itself
        for d, want in zip(r.data, rows_of(expected["pooled"])):
            near(d.embedding, want)
        near(client.embeddings.create(model="embed-qwen3-last", input=ids[0], encoding_format="float").data[0].embedding,
             r.data[0].embedding)
        equal(len(client.embeddings.create(model="embed-qwen3-last", input=ids[0], dimensions=8).data[0].embedding), 8)
        with contextlib.suppress(openai.BadRequestError):
            client.embeddings.create(model="embed-qwen3-last", input=ids[0], dimensions=80)
            raise AssertionError("80 of 64 dimensions were given")


@case
def langchain_client():
    langchain = package("langchain_openai")
    folder, _, _ = golden("embed-qwen3-last")
    with with_tokenizer(folder, "embedder") as path, served(path) as url:
        # By default it sends ids of OpenAI's own vocabulary (docs/serving.md).
        client = langchain.OpenAIEmbeddings(model="embedder", base_url=url + "/v1", api_key="none", check_embedding_ctx_length=False)
        vectors = client.embed_documents(["one", "two"])
        want = post(url + "/v1/embeddings", {"input": ["one", "two"]})["data"]
        for v, d in zip(vectors, want):
            near(v, d["embedding"])
        near(client.embed_query("two"), want[1]["embedding"])


@case
def litellm_client():
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True" # else it asks the network for prices first
    litellm = package("litellm")
    folder, _, _ = golden("embed-qwen3-last")
    with with_tokenizer(folder, "embedder") as path, served(path) as url:
        r = litellm.embedding(model="openai/embedder", input=["one", "two"], api_base=url + "/v1", api_key="none")
        want = post(url + "/v1/embeddings", {"input": ["one", "two"]})
        for d, w in zip(r.data, want["data"]):
            near(d["embedding"], w["embedding"])
        equal(r.usage.prompt_tokens, want["usage"]["prompt_tokens"])


@case
def ollama_client():
    ollama = package("ollama")
    folder, _, _ = golden("embed-qwen3-last")
    with with_tokenizer(folder, "embedder") as path, served(path) as url:
        client = ollama.Client(host=url)
        r = client.embed(model="embedder", input=["one", "two"])
        equal((len(r.embeddings), len(r.embeddings[0])), (2, 64))
        near(client.embeddings(model="embedder", prompt="one").embedding, r.embeddings[0])


if __name__ == "__main__":
    find_packages(__file__)
    sys.exit(run_cases(HEARTH))
