#!/usr/bin/env python3
"""Writes tests/data/licence/mutations.tsv: 300 ways in which licence texts come changed.
SPDX-License-Identifier: Apache-2.0

    make_licence_mutations.py SHARED

Rows: number, file below SHARED/real/licences, class, what was done, operation and its operands. The texts themselves
are not in the table; the test applies the operations to the files. Classes:

    format    only the form differs: the same licence must still be found
    meaning   words differ: the text must not pass for the known one, nor be judged more permissively
    either    a name or a title differs: not more permissively

Forms are applied to the body, behind a front matter.

Operations: insert AT TEXT, delete BEGIN END, replace BEGIN END TEXT (bytes of the file, TEXT with \\n), and forms:
wrap N, unwrap, crlf, upper, lower, html, htmlbr, windows1252, utf16le, utf16be, bom, indent, prefix TEXT, curly,
straight, nbsp, spaces, trailing, markdown.
"""
import pathlib
import random
import re
import sys

SEED = 6
FILES = """Kimi-K2-Modified-MIT.txt MiniMax-M2-LICENSE.txt MiniMax-M2.7-LICENSE.txt MiniMax-01-LICENSE-MODEL.txt
InternLM-LICENSE.txt Hy3-LICENSE.txt Hunyuan-Large-LICENSE.txt Tongyi-Qianwen-LICENSE-AGREEMENT.txt
Tongyi-Qianwen-RESEARCH-LICENSE-AGREEMENT.txt DeepSeek-LICENSE-MODEL-v1.0.txt DeepSeek-R1-MIT.txt LongCat-MIT.txt
Yi-Series-Models-License-Agreement-2023-11-23.txt ChatGLM2-6B-MODEL_LICENSE.txt ChatGLM3-MODEL_LICENSE.txt
openPangu-Model-License-1.0.txt Llama-2-COMMUNITY-LICENSE.txt Llama-3-COMMUNITY-LICENSE.txt
Llama-3.1-COMMUNITY-LICENSE.txt Llama-3.3-COMMUNITY-LICENSE.txt Llama-4-COMMUNITY-LICENSE.txt
Llama-4-USE_POLICY.md OpenMDW-1.0.txt Yi-Apache-2.0.txt GLM-5-LICENSE.txt gpt-oss-Apache-2.0.txt
scancode/qwen-2024.LICENSE scancode/mit.LICENSE scancode/bsd-new.LICENSE scancode/cc-by-nc-4.0.LICENSE
scancode/cc-by-4.0.LICENSE scancode/gemma-tou-2024-04-01.LICENSE scancode/falcon-2-11b-1.0.LICENSE
scancode/bigscience-open-rail-m.LICENSE scancode/apache-2.0.LICENSE""".split()
FORMS = ["wrap 60", "wrap 100", "wrap 37", "unwrap", "crlf", "upper", "lower", "html", "htmlbr", "windows1252", "utf16le",
         "utf16be", "bom", "indent", "prefix # ", "prefix  * ", "prefix // ", "prefix > ", "curly", "straight", "nbsp",
         "spaces", "trailing", "markdown"]
ADDED = [
    "Commercial use requires a separate agreement with the licensor.",
    "You may not use the model for any commercial purpose.",
    "The rights granted here end when your annual revenue exceeds 10 million US dollars.",
    "Products with more than 5 million monthly active users must request a license.",
    "You must prominently display \"Powered by Example\" on every page.",
    "You may not use the outputs to train or improve any other model.",
    "This license may be revoked at any time without notice.",
    "The licensor may change these terms at any time.",
    "You must register at https://example.com/register before commercial use.",
    "Only academic institutions may use the model.",
    "You must indemnify the licensor against all claims.",
    "本模型仅供研究使用，不得用于商业目的。",
]
PLACES = [
    "This license does not apply in the European Union, the United Kingdom or South Korea.",
    "You may not use the model within the European Union.",
    "The model is not licensed to persons domiciled in Germany or France.",
    "The territory excludes Japan and the United States.",
    "Use in Brazil is prohibited.",
]
HEADERS = ["模型许可协议（中文译文，仅供参考）", "Licence du modèle (traduction)", "Lizenz für das Modell, deutsche Fassung",
           "Лицензионное соглашение", "Contrato de licencia del modelo", "モデル利用許諾契約"]
NAMES = ["Alibaba Cloud", "Tencent", "Meta", "MiniMax", "Moonshot AI", "Kimi K2", "DeepSeek", "Llama", "Huawei", "Google",
         "Licensor", "Contributor", "Yi Series", "Qwen", "BigScience", "MIT", "Apache", "Creative Commons"]


def escaped(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", " ")


def breaks(text):
    """Byte offsets of empty lines, outside front matter."""
    start = text.index("\n---", 3) + 4 if text.startswith("---") else 0
    found = [m.end() for m in re.finditer(r"\n\s*\n", text) if m.start() > start]
    return [len(text[:at].encode()) for at in found] or [len(text.encode())]


def body_start(text):
    return text.index("\n---", 3) + 4 if text.startswith("---") else 0


def at_bytes(text, index):
    return len(text[:index].encode())


def replace(text, match, new):
    return f"replace\t{at_bytes(text, match.start())}\t{at_bytes(text, match.end())}\t{escaped(new)}"


def pick(rng, pattern, text, flags=0):
    end = text.find("END OF TERMS AND CONDITIONS")  # what follows is no term
    found = [m for m in re.finditer(pattern, text[:end] if end > 0 else text, flags) if m.start() >= body_start(text)]
    return rng.choice(found) if found else None


def meaning(rng, kind, text):
    if kind == "clause added":
        return f"insert\t{rng.choice(breaks(text))}\t{escaped(chr(10) + rng.choice(ADDED) + chr(10) * 2)}"
    if kind == "territory added":
        return f"insert\t{rng.choice(breaks(text))}\t{escaped(chr(10) + rng.choice(PLACES) + chr(10) * 2)}"
    if kind == "clause removed":
        m = pick(rng, r"[^.。\n][^.。]{60,900}[.。]", text)
        return m and f"delete\t{at_bytes(text, m.start())}\t{at_bytes(text, m.end())}"
    if kind == "paragraph removed":
        m = pick(rng, r"(?<=\n)[^\n][^\n]{80,}\n", text)
        return m and f"delete\t{at_bytes(text, m.start())}\t{at_bytes(text, m.end())}"
    if kind == "threshold changed":
        m = pick(rng, r"\b\d+(?= (million|US|users))", text)
        return m and replace(text, m, rng.choice(["900", "5", "1", "2000"]))
    if kind == "negation dropped":
        m = pick(rng, r"\b(not|no|without|except) ", text, re.I) or pick(rng, "[不禁]", text)
        return m and replace(text, m, "")
    if kind == "negation added":
        m = pick(rng, r"\b(may|shall|must|are|is) (?!not)", text)
        return m and replace(text, m, m.group(0) + "not ")
    if kind == "territory dropped":
        m = pick(rng, r"European Union", text)
        return m and replace(text, m, "Moon")
    if kind == "condition loosened":
        m = pick(rng, r"\b(must|shall|cannot|prohibited|non-commercial|research)\b", text, re.I)
        return m and replace(text, m, rng.choice(["may", "commercial", "allowed"]))
    return None


def either(rng, kind, text):
    if kind == "name swapped":
        m = pick(rng, "|".join(map(re.escape, NAMES)), text)
        return m and replace(text, m, rng.choice(["Example Corp", "ACME", "示例公司"]))
    if kind == "header translated":
        return f"insert\t{at_bytes(text, body_start(text))}\t{escaped(chr(10) + rng.choice(HEADERS) + chr(10) * 2)}"
    m = pick(rng, r"(?<=\n)\s*Copyright[^\n]*\n", text)
    return m and replace(text, m, "\nCopyright (c) 2031 Example Corp and its authors. All rights reserved.\n")


MEANING = ["clause added", "territory added", "clause removed", "paragraph removed", "threshold changed",
           "negation dropped", "negation added", "territory dropped", "condition loosened"]
EITHER = ["name swapped", "header translated", "copyright replaced"]


def main():
    root = pathlib.Path(sys.argv[1]) / "real/licences"
    texts = {name: (root / name).read_text(encoding="utf-8") for name in FILES}
    rng, rows, seen = random.Random(SEED), [], set()

    def add(name, group, what, operation):
        if operation and (name, operation) not in seen:
            seen.add((name, operation))
            rows.append(f"{len(rows) + 1}\t{name}\t{group}\t{what}\t{operation}\n")
            return True
        return False

    for i in range(120):
        name, form = FILES[i % len(FILES)], FORMS[(i * 7 + i // len(FILES)) % len(FORMS)]
        if form == "windows1252":
            try:
                texts[name].encode("cp1252")
            except UnicodeEncodeError:
                form = "utf16le"
        operation, _, operand = form.partition(" ")
        add(name, "format", form.strip(), operation + ("\t" + operand if operand else ""))
    for kinds, group, make, goal in ((MEANING, "meaning", meaning, 265), (EITHER, "either", either, 300)):
        turn = 0
        while len(rows) < goal:
            kind = kinds[turn % len(kinds)]
            turn += 1
            for _ in range(40):
                name = rng.choice(FILES)
                if add(name, group, kind, make(rng, kind, texts[name])):
                    break
    out = pathlib.Path(__file__).resolve().parent.parent / "data/licence/mutations.tsv"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("".join(rows), encoding="utf-8")
    print(f"{len(rows)} rows")


main()
