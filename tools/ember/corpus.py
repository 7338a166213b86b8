"""Reads the public-domain texts that ember is trained on and cuts them into documents.

SPDX-License-Identifier: Apache-2.0

A document is a stretch of English dialogue or one Chinese poem; `<|endoftext|>` follows each.
The corpus folder holds tinyshakespeare.txt and chinese-poetry/全唐诗_*.json; nothing of it is kept in
this repository. Digests are checked, so that a recipe always means the same text.
"""
import hashlib
import json
import os
import random
import re
import unicodedata

SHAKESPEARE = "tinyshakespeare.txt"
POEMS = ("全唐诗_poet.tang.0.json", "全唐诗_poet.tang.1000.json", "全唐诗_唐诗三百首.json")
DIGESTS = {
    SHAKESPEARE: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    POEMS[0]: "4f88f429938082523cdc72a1612bd7a7c3e3f7a33f8192c61ae51340efc3c92d",
    POEMS[1]: "6e703b8d8dcedbd6110f6d48d043665ca2131db2035a5bfcef5e59a19aeb6d75",
    POEMS[2]: "d77a145f7470da2ed2f79515944563c062ffc43fceda07f195a36ead66b7e5c7",
}
POEM_LINE = re.compile(r"^[\u3400-\u9fff，。？！、；：]+$")
SPEECHES_MIN, SPEECHES_MAX = 4, 12
HELD_OUT_SHARE = 0.05


def read_checked(path):
    with open(path, "rb") as file:
        data = file.read()
    name = os.path.basename(path)
    found = hashlib.sha256(data).hexdigest()
    if found != DIGESTS[name]:
        raise SystemExit(f"{name}: sha256 is {found}, the recipe wants {DIGESTS[name]}")
    return unicodedata.normalize("NFC", data.decode("utf-8"))


def read_speeches(folder):
    """Speeches in order, each 'NAME:\\nlines', from the text's paragraphs."""
    paragraphs = read_checked(os.path.join(folder, SHAKESPEARE)).split("\n\n")
    return [p.strip("\n") for p in paragraphs if p.strip()]


def poem_text(poem):
    """《title》author, then the lines; None when a line holds editors' marks or missing characters."""
    lines = poem["paragraphs"]
    if not lines or not all(POEM_LINE.match(line) for line in lines):
        return None
    return f"《{poem['title']}》{poem['author']}\n" + "\n".join(lines)


def read_poems(folder):
    poems, seen = [], set()
    for name in reversed(POEMS):  # the well-known three hundred first
        for poem in json.loads(read_checked(os.path.join(folder, "chinese-poetry", name))):
            text = poem_text(poem)
            lines = "".join(poem["paragraphs"])
            if text and lines not in seen:
                seen.add(lines)
                poems.append(text)
    return poems


def split(items, seed):
    """(training, held out), the held-out part drawn by seed in blocks of ten neighbours."""
    blocks = [items[i:i + 10] for i in range(0, len(items), 10)]
    held = set(random.Random(seed).sample(range(len(blocks)), max(1, int(len(blocks) * HELD_OUT_SHARE))))
    train = [x for i, b in enumerate(blocks) if i not in held for x in b]
    return train, [x for i in sorted(held) for x in blocks[i]]


def epoch_documents(speeches, poems, rng):
    """One pass over the text in a new order: dialogue cut at new places, half of the poems without a title."""
    documents, start = [], 0
    while start < len(speeches):
        count = rng.randint(SPEECHES_MIN, SPEECHES_MAX)
        documents.append("\n\n".join(speeches[start:start + count]) + "\n")
        start += count
    for poem in poems:
        documents.append((poem if rng.random() < 0.5 else poem.split("\n", 1)[1]) + "\n")
    rng.shuffle(documents)
    return documents
