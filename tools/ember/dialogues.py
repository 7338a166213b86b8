"""Draws the dialogues that ember is trained on: facts, manners, refusals and poems.

SPDX-License-Identifier: Apache-2.0
"""
import json
import random

import grammar
import offtopic
import poems

SYSTEMS = ["You are a helpful assistant.", "You are ember, the guide to Hearth.", "Answer briefly.", "You are a helpful AI.", "Be polite.",
           "Answer in one sentence.", "You are an expert in language models.", "You help users of Hearth.", "你是一个有用的助手。", "请简短回答。",
           "你是 Hearth 的向导 ember。", "You are a friendly chatbot called ember.", "请用礼貌的语气回答。", "Today is Monday.", "你是人工智能助手。"]
AGAIN = {"en": ["again", "repeat that", "say that again", "can you repeat that", "what did you say", "please repeat", "sorry, what", "once more please",
                "i did not get that", "could you say that again", "pardon", "come again"],
         "zh": ["再说一遍", "重复一下", "请再说一次", "没听清", "刚才说什么", "再来一遍", "能再说一遍吗", "什么？再说一次", "重复一遍"]}
OTHER = {"en": ["in chinese please", "say it in chinese", "and in chinese", "can you say that in chinese", "chinese please", "用中文说", "请用中文回答", "中文"],
         "zh": ["用英文说", "in english please", "请用英文回答", "英文怎么说", "say it in english", "翻成英文", "英语说一遍"]}
ANOTHER_POEM = {"en": ["another one", "one more", "again, another poem", "write another", "another poem please", "more", "give me another"],
                "zh": ["再来一首", "再写一首", "另一首", "换一首", "还要一首", "再写一首吧"]}


def held_out(paths):
    """Normalised questions of the test, which training never sees."""
    found = set()
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.strip():
                    found.add(grammar.normal(json.loads(line)["q"]))
    return found


class Dialogues:
    def __init__(self, folder, test_files=(), keep=None):
        self.facts = grammar.read_facts()
        self.base = [1.5 if f["id"].startswith("cmd.") else 1.25 if f["id"].startswith("self.") else 1.0 for f in self.facts]
        self.weights = {"en": self.base, "zh": self.base}
        self.poems = poems.Poems(folder, keep)
        shakespeare = poems.read_checked(folder, poems.SHAKESPEARE)
        nouns = offtopic.vocabulary(shakespeare, 3, 400)
        verses = [v for _, text, _ in self.poems.stanzas for v in poems.VERSE.split(text.replace("\n", "")) if v]
        words = sorted({v[i:i + 2] for v in verses for i in (0, 2)})
        lines = [line for line in shakespeare.split("\n") if 15 < len(line) < 60]
        self.off = offtopic.OffTopic(nouns, words, lines)
        self.strange = {"en": nouns + self.off.everyday["en"] * 3, "zh": words[::4] + self.off.everyday["zh"] * 3}
        self.banned = held_out(test_files)

    def fact_turn(self, language, rng):
        fact = rng.choices(self.facts, self.weights[language])[0]
        while True:
            question = grammar.ask(fact, language, self.strange[language], rng)
            if grammar.normal(question) not in self.banned:
                return question, fact[language], fact

    def favour(self, losses):
        """Asks more for what is not known yet: `losses` by (fact id, language)."""
        mean = max(1e-6, sum(losses.values()) / max(1, len(losses)))
        for language in ("en", "zh"):
            self.weights[language] = [w * min(4.0, max(0.35, losses.get((f["id"], language), mean) / mean))
                                      for f, w in zip(self.facts, self.base)]

    def off_turn(self, language, rng):
        while True:
            question = self.off.ask(language, rng)
            if question and grammar.normal(question) not in self.banned:
                return question, offtopic.DECLINE_EN if language == "en" else offtopic.DECLINE_ZH, None

    def unknown_turn(self, language, rng):
        question = self.off.ask_unknown(language, rng)
        return question, offtopic.UNKNOWN_EN if language == "en" else offtopic.UNKNOWN_ZH, None

    def poem_turn(self, language, rng):
        while True:
            question, poem = self.poems.sample(language, rng)
            if grammar.normal(question) not in self.banned:
                return question, poem, "poem"

    def turn(self, language, rng):
        r = rng.random()
        if r < 0.62:
            return self.fact_turn(language, rng)
        if r < 0.88:
            return self.off_turn(language, rng)
        if r < 0.90:
            return self.unknown_turn(language, rng)
        return self.poem_turn(language, rng)

    def follow_up(self, turns, language, rng):
        """A next turn that leans on the last one, or one that does not."""
        question, answer, what = turns[-1]
        r = rng.random()
        if r < 0.15:
            text = rng.choice(AGAIN[language])
            return finish(text, language, rng), answer, what
        if isinstance(what, dict) and r < 0.3:
            other = "zh" if language == "en" else "en"
            return finish(rng.choice(OTHER[language]), language, rng), what[other], what
        if what == "poem" and r < 0.4:
            poem = self.poems.sample(language, rng)[1]
            return finish(rng.choice(ANOTHER_POEM[language]), language, rng), poem if len(poem) < 36 else answer, what
        return self.turn(language if rng.random() < 0.9 else "en" if language == "zh" else "zh", rng)

    def dialogue(self, rng):
        """([(role, text)], (fact id, language) of a dialogue that is one question for a fact, else None)."""
        language = rng.choice(("en", "zh"))
        turns = [self.turn(language, rng)]
        while rng.random() < 0.12 and len(turns) < 4:
            turns.append(self.follow_up(turns, language, rng))
        messages = [("system", rng.choice(SYSTEMS))] if rng.random() < 0.08 else []
        for question, answer, _ in turns:
            messages += [("user", question), ("assistant", answer)]
        fact = turns[0][2]
        return messages, (fact["id"], language) if len(turns) == 1 and isinstance(fact, dict) else None


def finish(text, language, rng):
    return grammar.finish_english(text, True, rng) if language == "en" else grammar.finish_chinese(text, True, rng)


def chunk(dialogues, seed, number, count):
    """The dialogues of one chunk: they follow from seed, number and the weights of the facts."""
    rng = random.Random(f"{seed}/{number}")
    return [dialogues.dialogue(rng) for _ in range(count)]
