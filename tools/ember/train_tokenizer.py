"""Trains ember's tokenizer: byte-level BPE with the Qwen2 pre-tokenizer pattern.

SPDX-License-Identifier: Apache-2.0

    python tools/ember/train_tokenizer.py CORPUS_FOLDER MODEL_FOLDER
"""
import json
import os
import re
import sys

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import corpus

VOCAB_SIZE = 3072
POEM_CUT = re.compile(r"([，。？！、；：《》\n])")
SPEAKER_CUT = re.compile(r"(?<=:)(?=\n)")
END = "<|endoftext|>"
PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
           r"|\s*[\r\n]+|\s+(?!\S)|\s+")


def build(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE, special_tokens=[END], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return tokenizer


def main():
    folder, out = sys.argv[1:3]
    os.makedirs(out, exist_ok=True)
    speeches, _ = corpus.split(corpus.read_speeches(folder), 1)
    poems, _ = corpus.split(corpus.read_poems(folder), 2)
    # The pattern glues a leading comma to the run after it, and the line's end to the colon before it. Cut there:
    # no entry is spent on "，人", and a prompt that ends in "ROMEO:" ends in a token that training saw.
    tokenizer = build(SPEAKER_CUT.split("\n\n".join(speeches)) +
                      [piece for poem in poems for piece in POEM_CUT.split(poem)])
    tokenizer.save(os.path.join(out, "tokenizer.json"), pretty=False)
    with open(os.path.join(out, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump({"tokenizer_class": "Qwen2Tokenizer", "eos_token": END, "pad_token": END, "unk_token": None,
                   "bos_token": None, "add_prefix_space": False, "clean_up_tokenization_spaces": False,
                   "model_max_length": 512}, file, indent=2)
        file.write("\n")
    for name, text in (("English", "\n\n".join(speeches)), ("Chinese", "\n".join(poems))):
        ids = tokenizer.encode(text).ids
        print(f"{name}: {len(text)} characters, {len(ids)} tokens")


if __name__ == "__main__":
    main()
