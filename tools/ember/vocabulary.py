"""Trains ember's tokenizer: byte-level BPE in which every Chinese character stands alone.

SPDX-License-Identifier: Apache-2.0
"""
import collections
import json
import os

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

VOCAB_SIZE = 6144
END, START_TURN, END_TURN = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
# One character, one token: the model can count them, and a poem's lines come out even.
PATTERN = (r"\p{Han}|[，。？！；：、“”（）《》]| ?(?:(?!\p{Han})[\p{L}\p{M}])+|\p{N}| ?[^\s\p{L}\p{N}，。？！；：、“”（）《》]+"
           r"|\s*[\r\n]+|\s+(?!\S)|\s+")
TEMPLATE = (
    "{%- for message in messages %}"
    "{%- if message.role not in ['system', 'user', 'assistant'] %}"
    "{{- raise_exception('ember knows the roles system, user and assistant, not ' + message.role) }}"
    "{%- endif %}"
    "{%- if message.content is string %}{%- set text = message.content %}"
    "{%- else %}{%- set text = message.content | selectattr('type', 'equalto', 'text') | map(attribute='text') | join('') %}{%- endif %}"
    "{{- '<|im_start|>' + message.role + '\\n' + text | trim + '<|im_end|>\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}")
CHARACTER_COUNT_MIN = 4


def keeper(texts):
    """Says whether a poem has only characters that are frequent enough to be learnt."""
    counts = collections.Counter(c for text in texts for c in text)
    return lambda text: all(counts[c] >= CHARACTER_COUNT_MIN for c in text)


def build(texts, characters):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    # Each character that poems or questions use is made frequent enough to become an entry.
    spread = "".join(c * 400 for c in sorted(characters))
    tokenizer.train_from_iterator(list(texts) + [spread] + ["system\nuser\nassistant\n"] * 1000, trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE, special_tokens=[END, START_TURN, END_TURN], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return tokenizer


def save(tokenizer, folder, context):
    tokenizer.save(os.path.join(folder, "tokenizer.json"), pretty=False)
    with open(os.path.join(folder, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": END_TURN, "pad_token": END, "unk_token": None,
                   "bos_token": None, "add_prefix_space": False, "clean_up_tokenization_spaces": False,
                   "model_max_length": context, "chat_template": TEMPLATE}, file, indent=2, ensure_ascii=False)
        file.write("\n")
