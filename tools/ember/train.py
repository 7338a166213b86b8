"""Trains ember, a Qwen3-shaped model of 2.7 million parameters, and writes its Hugging Face folder.

SPDX-License-Identifier: Apache-2.0

    python tools/ember/train.py CORPUS_FOLDER MODEL_FOLDER STATE_FILE [--steps 3000] [--threads 2]

MODEL_FOLDER already holds tokenizer.json (train_tokenizer.py). Every 50 steps the folder and the state are
written anew. What is published is a running mean of the weights, and no rate depends on the last step, so that
training may be stopped at any time; started again, it goes on from STATE_FILE, on text in a new order.
"""
import argparse
import copy
import os
import random
import time

import torch
from tokenizers import Tokenizer
from transformers import GenerationConfig, Qwen3Config, Qwen3ForCausalLM

import corpus
from train_tokenizer import END

SEED = 20240613
BATCH_TOKENS = 2048
CONTEXT = 512


def config(vocab_size, end):
    return Qwen3Config(
        vocab_size=vocab_size, hidden_size=192, intermediate_size=448, num_hidden_layers=6,
        num_attention_heads=6, num_key_value_heads=2, head_dim=32, max_position_embeddings=CONTEXT,
        rms_norm_eps=1e-6, rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        tie_word_embeddings=True, attention_bias=False, use_sliding_window=False, bos_token_id=None,
        eos_token_id=end, pad_token_id=end, initializer_range=0.04)


def stream(tokenizer, documents, end):
    """All documents in one row of ids, each followed by the end token."""
    encoded = tokenizer.encode_batch(documents)
    return torch.tensor([i for e in encoded for i in e.ids + [end]], dtype=torch.long)


def epochs(tokenizer, speeches, poems, end, first):
    """Endless batches [rows, length + 1]; `length` is asked for with send(). `first` names the order."""
    rng = random.Random(SEED + first)
    ids = torch.empty(0, dtype=torch.long)
    length = yield
    while True:
        need = BATCH_TOKENS + BATCH_TOKENS // length
        while len(ids) < need:
            ids = torch.cat([ids, stream(tokenizer, corpus.epoch_documents(speeches, poems, rng), end)])
        batch, ids = ids[:need].view(-1, length + 1), ids[need:]
        length = yield batch


def loss_of(model, batch):
    logits = model(input_ids=batch[:, :-1], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())


@torch.no_grad()
def held_out(model, tokenizer, documents, end):
    """(nats per token, bits per UTF-8 byte) over documents, in windows of CONTEXT tokens."""
    ids = stream(tokenizer, documents, end)
    model.eval()
    total = 0.0
    for start in range(0, len(ids) - 1, CONTEXT):
        window = ids[start:start + CONTEXT + 1].unsqueeze(0)
        total += loss_of(model, window).item() * (window.shape[1] - 1)
    model.train()
    size = sum(len(d.encode("utf-8")) for d in documents)
    return total / (len(ids) - 1), total / size / 0.6931471805599453


def optimizer_of(model, rate):
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    return torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
                             lr=rate, betas=(0.9, 0.95), fused=True)


def rate_at(step, begun_at, peak):
    """Warm-up over 60 steps after every start, level to step 300, then down with the square root."""
    return peak * min(1.0, (step + 1 - begun_at) / 60) * min(1.0, (300 / (step + 1)) ** 0.5)


@torch.no_grad()
def average(mean, model, step):
    """Moves the running mean towards the model: a plain mean at first, of about 100 steps later."""
    share = max(1 / (step + 1), 0.01)
    for kept, now in zip(mean.parameters(), model.parameters()):
        kept.lerp_(now, share)


def load_state(path, model, mean, optimizer):
    """The step to go on with; 0 when there is no state yet."""
    if not os.path.exists(path):
        return 0
    state = torch.load(path)
    model.load_state_dict(state["model"])
    mean.load_state_dict(state["mean"])
    if state["optimizer"]:
        optimizer.load_state_dict(state["optimizer"])
    return state["step"]


def save_state(path, model, mean, optimizer, step):
    torch.save({"model": model.state_dict(), "mean": mean.state_dict(), "optimizer": optimizer.state_dict(),
                "step": step}, path + ".part")
    os.replace(path + ".part", path)


def save(model, folder):
    """Writes the model rounded to bf16; returns what was written, in float32."""
    rounded = Qwen3ForCausalLM(model.config).to(torch.bfloat16)
    rounded.load_state_dict({k: v.to(torch.bfloat16) for k, v in model.state_dict().items()})
    rounded.tie_weights()
    rounded.generation_config = GenerationConfig(
        eos_token_id=model.config.eos_token_id, pad_token_id=model.config.eos_token_id, do_sample=True,
        temperature=0.7, top_k=40, top_p=0.95)
    rounded.save_pretrained(folder)
    return rounded.float()


def evaluate(model, tokenizer, held, end):
    for name, documents in held.items():
        nats, bits = held_out(model, tokenizer, documents, end)
        print(f"held out {name}: {nats:.3f} nats per token, {bits:.3f} bits per byte", flush=True)


def train(model, mean, optimizer, batches, first, args, publish):
    next(batches)
    begun, running = time.monotonic(), None
    for step in range(first, args.steps):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, first, args.rate)
        loss = loss_of(model, batches.send(CONTEXT if step % 4 == 3 else CONTEXT // 2))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        average(mean, model, step)
        running = loss.item() if running is None else 0.95 * running + 0.05 * loss.item()
        if step % 20 == 19:
            print(f"step {step + 1} loss {running:.3f} seconds {time.monotonic() - begun:.0f}", flush=True)
        if step % 50 == 49 or step + 1 == args.steps:
            save_state(args.state, model, mean, optimizer, step + 1)
            publish(step + 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus")
    parser.add_argument("model")
    parser.add_argument("state")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rate", type=float, default=2.5e-3)
    args = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(args.threads)
    tokenizer = Tokenizer.from_file(os.path.join(args.model, "tokenizer.json"))
    end = tokenizer.token_to_id(END)
    speeches, speeches_held = corpus.split(corpus.read_speeches(args.corpus), 1)
    poems, poems_held = corpus.split(corpus.read_poems(args.corpus), 2)
    held = {"English": ["\n\n".join(speeches_held[i:i + 10]) + "\n" for i in range(0, len(speeches_held), 10)],
            "Chinese": [p + "\n" for p in poems_held]}
    model = Qwen3ForCausalLM(config(tokenizer.get_vocab_size(), end))
    mean = copy.deepcopy(model)
    optimizer = optimizer_of(model, args.rate)
    first = load_state(args.state, model, mean, optimizer)
    print("first step:", first, "parameters:", sum(p.numel() for p in model.parameters()), flush=True)

    def publish(step):
        written = save(mean, args.model)
        if step % 300 == 0 or step >= args.steps:
            evaluate(written, tokenizer, held, end)

    if first >= args.steps:  # nothing left to do but to write and to measure what there is
        publish(first)
        return
    train(model, mean, optimizer, epochs(tokenizer, speeches, poems, end, first), first, args, publish)


if __name__ == "__main__":
    main()
