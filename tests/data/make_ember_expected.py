"""Writes ember-expected.json: what transformers computes, in float32, with the model in the box.

SPDX-License-Identifier: Apache-2.0

    python tests/data/make_ember_expected.py models/ember tests/data/ember-expected.json

Needs torch and transformers; the tests need only the file. For each prompt: its ids, the 24 ids of greedy
decoding (no stop at the end token), the ten largest logits after the last token of the prompt, the largest
magnitude among the logits there, and the smallest lead that a greedy choice had over the next best id, so
that a reader can tell a wrong engine from a tie.
"""
import json
import sys

import torch
import transformers

PROMPTS = ("<|im_start|>user\nHow much memory does my model need?<|im_end|>\n<|im_start|>assistant\n",
           "<|im_start|>user\n退出码 9 是什么意思？<|im_end|>\n<|im_start|>assistant\n", "春眠不觉晓，处处闻啼鸟。")
COUNT, TOP = 24, 10


@torch.no_grad()
def expected(model, tokenizer, prompt):
    ids = tokenizer(prompt, add_special_tokens=False).input_ids
    row, greedy, leads, first = list(ids), [], [], None
    for _ in range(COUNT):
        logits = model(torch.tensor([row]), use_cache=False).logits[0, -1]
        best = torch.topk(logits, TOP)
        first = first or {"top": [[i, round(v, 6)] for i, v in zip(best.indices.tolist(), best.values.tolist())],
                          "max_abs": round(logits.abs().max().item(), 6)}
        greedy.append(best.indices[0].item())
        leads.append((best.values[0] - best.values[1]).item())
        row.append(greedy[-1])
    return {"text": prompt, "ids": ids, "greedy": greedy, "greedy_text": tokenizer.decode(greedy),
            "smallest_lead": round(min(leads), 6), **first}


def main():
    folder, out = sys.argv[1:3]
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    record = {"made_by": f"transformers {transformers.__version__}, torch {torch.__version__}, float32",
              "prompts": [expected(model, tokenizer, p) for p in PROMPTS]}
    with open(out, "w", encoding="utf-8") as file:
        json.dump(record, file, ensure_ascii=False)
        file.write("\n")
    for prompt in record["prompts"]:
        print(repr(prompt["text"]), "smallest lead", prompt["smallest_lead"], repr(prompt["greedy_text"]))


main()
