"""Questions of loose wording: the words that point at a fact, in frames that say little, beside words that say nothing.

SPDX-License-Identifier: Apache-2.0

A stranger's question shares its telling words with the patterns, seldom its shape. These teach ember to go by the words.
{k} is a keyword of the fact, {x} a word from elsewhere.
"""
FRAMES = """
{k} ; {k}, {k} ; {k} {k} ; how about {k} ; what about {k} ; {k}, how ; how does {k} work ; can it do {k} ; is there {k} ; is {k} possible ; i need {k} ; i want {k} ; i'd like {k} ; my problem is {k} ; it is about {k} ; question regarding {k} ; {k}: what do i do ; {k}, any idea ; any hints on {k} ; got a question, {k} ; tell me more, {k} ; what should i do, {k} ; {k}. what now ; {k}. which command ; {k}. how do i do that ; why {k} ; what if {k} ; when {k} ; does hearth know {k} ; does it do {k} ; {k} in hearth ; hearth {k} ; hearth and {k} ; something about {k} ; {k} please ; {k}, is that possible ; {k} - what is the command ; {k} and {k} ; i am looking for {k} ; where is {k} ; where do i find {k} ; how do i get {k} ; how do i do {k} ; how would one do {k} ; what helps with {k} ; what's the deal with {k} ; so, {k} ; hmm, {k} ; {k}, right ; the thing with {k} ; {k} or not ; explain {k} ; which option for {k} ; which command for {k} ; is it true, {k} ; suppose {k} ; i wonder about {k} ; not sure about {k} ; {k} for {x} ; {k} with my {x} ; my {x} wants {k} ; the {x} needs {k} ; for my {x}: {k} ; we have a {x} and want {k} ; {k} instead of {x} ; a {x} told me about {k} ; i have a {x}, {k} ; is the {x} ok, {k} ; {k}, my {x} says ; there is this {x}; {k} ; i'd rather have {k} than {x} ; after the {x}, {k} ; please help, {k} ; someone mentioned {k} ; {k} seems important, tell me ; {k} on my {x} ; what would {k} change ; do you support {k} ; is {k} ok ; {k} all the time ; every time {k} ; {k} once more ; no {x}, just {k} ; can i have {k} ; may i have {k} ; could i get {k} ; would {k} be compatible ; does {k} function here
""".strip().split(" ; ")
ZH_FRAMES = """
{k} ; {k}，{k} ; {k}{k} ; {k}呢 ; {k}怎么弄 ; {k}怎么办 ; 怎么{k} ; 有没有{k} ; 能不能{k} ; 我想{k} ; 我要{k} ; 需要{k} ; 关于{k} ; {k}的问题 ; 问题是{k} ; {k}，该用什么 ; {k}，有什么办法 ; {k}，敲什么 ; {k}行不行 ; {k}可以吗 ; {k}，怎么设 ; {k}，怎么查 ; 为什么{k} ; 如果{k}会怎样 ; hearth {k} ; hearth 的{k} ; 在 hearth 里{k} ; {k}，求助 ; 说说{k} ; {k}是怎么回事 ; 想知道{k} ; 帮我看看{k} ; {k}，有命令吗 ; 哪个命令，{k} ; 哪个选项，{k} ; {k}和{k} ; {k}在哪里 ; 想要{k} ; 老是{k} ; {k}了，怎么解决 ; {k}这件事怎么做 ; 有人提到{k} ; {k}到底怎么做 ; 碰到{k} ; {k}，这样行吗 ; 是不是{k} ; 会不会{k} ; {x}要{k} ; 我的{x}{k} ; 为了{x}，{k} ; 不要{x}，只要{k} ; {x}之后{k} ; 听{x}说{k} ; 有个{x}，{k} ; {k}跟{x} ; 办得到吗，{k} ; {k}有什么招 ; {k}要几步 ; {k}怎么排查 ; {k}动哪个参数 ; 可不可以{k} ; 一直{k} ; {k}的话呢 ; 请教{k} ; {k}什么意思
""".strip().split(" ; ")
CONTEXTS = """
i have a new {x}. ; my {x} is old. ; at work we have a {x}. ; i'm on a {x}. ; my {x} told me to ask. ; i am writing a {x}. ; this is for a {x}. ; i read about it in a {x}. ; our {x} is in a hurry. ; i've got a small {x} here. ; last week i found a {x}. ; everyone talks about {x}. ; we are a small company. ; i'm a beginner. ; it is for a friend. ; i am in a hurry. ; i searched everywhere. ; nothing else worked. ; yesterday it worked. ; someone gave me a {x}. ; i just got a {x}. ; suppose i have a {x}. ; this {x} drives me mad. ; i tried {x} already.
""".strip().split(" ; ")
ZH_CONTEXTS = """
我有个新{x}， ; 我的{x}很旧， ; 公司里有{x}， ; 我在写{x}， ; 朋友让我问， ; 这是给{x}用的， ; 昨天还好好的， ; 我找了半天， ; 别的都试过了， ; 我是新手， ; 大家都在说{x}， ; 刚拿到{x}， ; 我们是小公司， ; 手上有{x}， ; 上周弄了个{x}， ; 假如有{x}， ; 赶时间， ; 论文要用，
""".strip().split(" ; ")


def soup(keywords, language, strange, rng):
    """Up to two keywords of a fact in a frame."""
    text = rng.choice(FRAMES if language == "en" else ZH_FRAMES)
    while "{k}" in text:
        text = text.replace("{k}", rng.choice(keywords), 1)
    return fill(text, strange, rng)


def fill(text, strange, rng):
    while "{x}" in text:
        text = text.replace("{x}", rng.choice(strange), 1)
    return text


def context(language, strange, rng):
    return fill(rng.choice(CONTEXTS if language == "en" else ZH_CONTEXTS), strange, rng) + (" " if language == "en" else "")


def disturb(text, language, strange, rng):
    """One word more, or one less, or two in the other order."""
    words = text.split(" ")
    if language == "en" and len(words) > 3:
        i, kind = rng.randrange(len(words)), rng.randrange(3)
        if kind == 0:
            words.insert(i, rng.choice(strange))
        elif kind == 1 and len(words) > 4:
            del words[i]
        elif i + 1 < len(words):
            words[i], words[i + 1] = words[i + 1], words[i]
        return " ".join(words)
    if language == "zh" and len(text) > 8:
        i = rng.randrange(len(text))
        return text[:i] + rng.choice(strange) + text[i:] if rng.random() < 0.5 else text
    return text
