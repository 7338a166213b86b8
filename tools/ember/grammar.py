"""Question grammar of ember: reads facts/*.txt and words each fact in very many ways.

SPDX-License-Identifier: Apache-2.0

A fact starts with `@ id`. `must:` and `mustz:` hold the strings that an English and a Chinese answer have to
contain (separated by ` ## `; mustz defaults to must), `en:` and `zh:` the answers. All other lines hold patterns,
separated by ` ; `: (a|b) chooses, [a] and (a|b)? may be left out. The key says what a pattern is:

    v V   a verb phrase          "how do i" + ..., 怎么 + ...
    n N   a noun phrase          "what is" + ..., ... + 是什么
    q Q   a whole question       taken as it is
    s S   a whole utterance      taken as it is, and without the prefixes that ask for something
    k K   words that point at the fact, for loose.py

Lower case is English, upper case Chinese.
"""
import glob
import os
import re

import loose

HERE = os.path.dirname(os.path.abspath(__file__))


def parse_pattern(text):
    """Nested lists: a sequence is a list of strings and ('any', [sequences])."""
    at = 0

    def sequence(stop):
        nonlocal at
        out, word = [], []

        def flush():
            if word:
                out.append("".join(word))
                word.clear()

        while at < len(text) and text[at] not in stop:
            c = text[at]
            if c in "([":
                flush()
                at += 1
                close = ")" if c == "(" else "]"
                options = [sequence("|" + close)]
                while at < len(text) and text[at] == "|":
                    at += 1
                    options.append(sequence("|" + close))
                if at >= len(text):
                    raise SystemExit(f"no {close} in pattern: {text}")
                at += 1
                if c == "[":
                    options.append([])
                elif at < len(text) and text[at] == "?":
                    at += 1
                    options.append([])
                out.append(("any", options))
            else:
                word.append(c)
                at += 1
        flush()
        return out

    result = sequence("")
    return result


def expand(sequence, rng):
    out = []
    for part in sequence:
        out.append(part if isinstance(part, str) else expand(rng.choice(part[1]), rng))
    return "".join(out)


def tidy(text):
    return re.sub(r"\s+([,?!.])", r"\1", re.sub(r"\s+", " ", text)).strip()


def read_facts():
    facts = []
    for path in sorted(glob.glob(os.path.join(HERE, "facts", "*.txt"))):
        for line in open(path, encoding="utf-8"):
            line = line.strip()
            if not line or line.startswith("# "):
                continue
            if line.startswith("@ "):  # a fact that is known already gets more patterns
                fact = next((f for f in facts if f["id"] == line[2:].strip()), None)
                if not fact:
                    fact = {"id": line[2:].strip(), "patterns": {"en": [], "zh": []}, "keywords": {"en": [], "zh": []}}
                    facts.append(fact)
                continue
            key, _, rest = line.partition(": ")
            if key in ("en", "zh"):
                fact[key] = rest.strip()
            elif key in ("must", "mustz"):
                fact[key] = [m.strip() for m in rest.split(" ## ")]
            elif key in ("k", "K"):
                fact["keywords"]["en" if key == "k" else "zh"] += rest.split(" ; ")
            elif key in ("v", "n", "q", "s", "V", "N", "Q", "S"):
                language = "en" if key.islower() else "zh"
                for pattern in rest.split(" ; "):
                    fact["patterns"][language].append((key.lower(), parse_pattern(pattern.strip())))
            else:
                raise SystemExit(f"{path}: unknown key {key!r} in fact {fact['id']}")
    for fact in facts:
        fact.setdefault("mustz", fact["must"])
        check(fact)
    return facts


def check(fact):
    for language, key in (("en", "must"), ("zh", "mustz")):
        if not fact["patterns"][language]:
            raise SystemExit(f"{fact['id']}: no {language} patterns")
        for must in fact[key]:
            if must.lower() not in fact[language].lower():
                raise SystemExit(f"{fact['id']}: the {language} answer lacks {must!r}")


VERB_WRAPS = [
    ("how do i {}", 12), ("how can i {}", 9), ("how to {}", 9), ("how would i {}", 2), ("how do you {}", 2),
    ("how does one {}", 1), ("how should i {}", 1), ("how could i {}", 1), ("what is the way to {}", 1),
    ("what's the best way to {}", 1), ("what is the easiest way to {}", 1), ("is there a way to {}", 3),
    ("is there a command to {}", 2), ("is there an option to {}", 2), ("is there any way to {}", 1), ("can i {}", 4),
    ("could i {}", 1), ("is it possible to {}", 2), ("which command do i use to {}", 2), ("what command lets me {}", 1),
    ("which command lets me {}", 1), ("what do i type to {}", 1), ("what do i have to do to {}", 1),
    ("what should i run to {}", 1), ("i want to {}", 5), ("i'd like to {}", 3), ("i need to {}", 3),
    ("i would like to {}, how does that work", 1), ("i am trying to {}", 1), ("i'm trying to {}", 1),
    ("help me {}", 2), ("tell me how to {}", 2), ("show me how to {}", 2), ("explain how to {}", 1),
    ("please tell me how i can {}", 1), ("command to {}", 2), ("way to {}", 1), ("{}", 5),
    ("does hearth let me {}", 1), ("can hearth {}", 2), ("how does hearth {}", 1), ("what if i want to {}", 1),
    ("i don't know how to {}", 1), ("any way to {}", 1), ("where can i {}", 1), ("where do i {}", 1),
    ("what's the command to {}", 3), ("what is the option to {}", 1), ("which option is there to {}", 1),
    ("{}, how", 2), ("want to {}", 1), ("remind me how to {}", 1), ("i forgot how to {}", 1), ("steps to {}", 1),
    ("what must i do to {}", 1), ("which flag do i need to {}", 1), ("what would i use to {}", 1),
    ("my goal is to {}", 1), ("how am i supposed to {}", 1), ("what's needed to {}", 1), ("i have to {}", 1),
    ("could you tell me how to {}", 2), ("do you know how to {}", 1), ("can you tell me how to {}", 2),
    ("what is the right command to {}", 1), ("which command should i run if i want to {}", 1),
    ("when i want to {}, what do i do", 1), ("my boss wants me to {}", 1), ("a friend asked me how to {}", 1),
    ("is hearth able to {}", 1), ("what's the trick to {}", 1), ("let me {}", 1), ("how might i {}", 1),
    ("i'd love to {}, does hearth do that", 1), ("would it be possible to {}", 1), ("what do i use if i want to {}", 1),
    ("i wonder how to {}", 1), ("what's the flag to {}", 1), ("can you help me {}", 1), ("could hearth {} for me", 1),
    ("what is the correct way to {}", 1), ("i want to {}, what do i type", 1), ("i want to {}, which command", 1),
    ("i need to {}, what do i do", 1), ("is there something to {}", 1), ("am i allowed to {}", 1), ("will hearth {}", 1),
    ("which subcommand do i need to {}", 1), ("do you have a way to {}", 1), ("how do people {}", 1), ("how can one {}", 1),
    ("suppose i want to {}", 1), ("i can't figure out how to {}", 1), ("i'd like to know how to {}", 1),
    ("what should i type if i want to {}", 1), ("does hearth have a way to {}", 1), ("where is the option to {}", 1),
]
GERUND_WRAPS = [
    ("command for {}", 2), ("what is the command for {}", 2), ("{}", 2), ("what do i use for {}", 1), ("option for {}", 1),
    ("i need help {}", 1), ("what about {}", 1), ("how does {} work", 1), ("is {} possible", 1), ("is {} supported", 1),
    ("which command is for {}", 1), ("i have trouble {}", 1), ("tell me about {}", 1), ("{} how does it work", 1),
    ("is there some way of {}", 2), ("what's the right way of {}", 1), ("does hearth support {}", 1), ("any tips for {}", 1),
    ("how about {}", 1), ("i'm thinking of {}", 1), ("what is the flag for {}", 1), ("is there a command for {}", 1),
]
NOUN_WRAPS = [
    ("what is {}", 12), ("what's {}", 6), ("{}", 8), ("tell me about {}", 4), ("explain {}", 4), ("describe {}", 1),
    ("what about {}", 2), ("info on {}", 1), ("can you explain {}", 2), ("i don't understand {}", 1),
    ("help with {}", 1), ("more about {}", 1), ("what do you know about {}", 2), ("i have a question about {}", 1),
    ("what does {} mean", 3), ("how does {} work", 2), ("please explain {}", 1), ("question about {}", 1),
    ("i want to know about {}", 1), ("could you tell me about {}", 1), ("give me information about {}", 1),
    ("what can you tell me about {}", 1), ("what is meant by {}", 1), ("i'd like to know more about {}", 1),
    ("something about {}", 1), ("what exactly is {}", 1), ("never heard of {}, what is it", 1), ("how about {}", 1),
    ("i read about {}, what is it", 1), ("define {}", 1), ("show me {}", 1), ("what do i need to know about {}", 1),
    ("what's the meaning of {}", 2), ("what is the purpose of {}", 2), ("what's the point of {}", 1), ("what is {} for", 2),
    ("what is {} good for", 1), ("what are the facts about {}", 1), ("i keep reading about {}, what is that", 1),
    ("is there {}", 1), ("what does {} stand for", 1), ("what kind of thing is {}", 1), ("what role does {} play", 1),
    ("how would you explain {}", 1), ("and {}", 1), ("{}, what is that", 1), ("where can i read about {}", 1),
]
ZH_VERB_WRAPS = [
    ("怎么{}", 12), ("如何{}", 9), ("怎样{}", 4), ("怎么才能{}", 2), ("怎样才能{}", 2), ("我想{}", 5), ("我要{}", 2), ("想{}", 2),
    ("用什么命令{}", 3), ("哪个命令可以{}", 3), ("什么命令能{}", 2), ("有没有办法{}", 2), ("能不能{}", 3), ("可以{}吗", 3),
    ("能{}吗", 2), ("{}用什么命令", 3), ("{}怎么做", 3), ("{}怎么弄", 1), ("{}的命令是什么", 2), ("{}", 5), ("教我{}", 1),
    ("hearth 能{}吗", 2), ("在 hearth 里怎么{}", 2), ("怎么用 hearth {}", 2), ("{}的方法", 1), ("{}要怎么操作", 1),
    ("我不知道怎么{}", 1), ("帮我{}", 1), ("{}该用哪个命令", 1), ("应该怎么{}", 2), ("要怎么{}", 2), ("该怎么{}", 2),
    ("请告诉我怎么{}", 1), ("我需要{}", 1), ("有什么办法可以{}", 1), ("{}应该怎么办", 1), ("是否可以{}", 1), ("哪里可以{}", 1),
    ("想要{}，怎么办", 1), ("能教我怎么{}吗", 1), ("{}，怎么弄", 1), ("有{}的命令吗", 2), ("有没有命令可以{}", 2),
    ("有没有选项可以{}", 1), ("老板让我{}，怎么做", 1), ("如果想{}应该怎么做", 1), ("{}要用哪个选项", 1), ("怎么样{}", 1),
    ("我忘了怎么{}", 1), ("{}需要输入什么", 1), ("如何使用 hearth {}", 1), ("要{}的话用什么", 1), ("咋{}", 1), ("请教如何{}", 1),
    ("想{}，该敲什么命令", 1), ("有办法{}吗", 2), ("怎样让它{}", 1), ("我需要{}，用哪个命令", 1), ("请问{}怎么操作", 1), ("想知道怎么{}", 2),
    ("怎么让 hearth {}", 1), ("hearth 会{}吗", 1), ("hearth 可以{}吗", 1), ("我想{}，该怎么做", 2), ("我想{}，hearth 做得到吗", 1),
    ("{}用哪个参数", 1), ("{}行不行", 1), ("可不可以{}", 2), ("{}的话怎么做", 1), ("要是想{}呢", 1), ("哪个选项能{}", 1),
    ("{}有什么命令", 1), ("怎么去{}", 1), ("我打算{}，要怎么弄", 1), ("如何才能{}", 1), ("希望能{}", 1), ("不知道能不能{}", 1),
]
ZH_NOUN_WRAPS = [
    ("{}是什么", 10), ("什么是{}", 5), ("{}", 8), ("介绍一下{}", 4), ("解释一下{}", 3), ("讲讲{}", 1), ("{}是什么意思", 4),
    ("说说{}", 1), ("关于{}", 1), ("我想了解{}", 2), ("{}呢", 1), ("{}是啥", 2), ("告诉我{}", 1), ("能介绍一下{}吗", 1),
    ("{}怎么理解", 1), ("请解释{}", 1), ("什么叫{}", 1), ("我想知道{}", 1), ("说明一下{}", 1), ("{}有什么用", 1), ("{}指什么", 1),
    ("不太懂{}", 1), ("谈谈{}", 1), ("{}相关的问题", 1), ("想问问{}", 1), ("能说说{}吗", 1), ("{}到底是什么", 1),
    ("{}是干什么用的", 2), ("{}是做什么的", 2), ("{}有什么作用", 1), ("{}是怎么回事", 1), ("{}是个什么东西", 1), ("{}代表什么", 1),
    ("{}是一种什么东西", 1), ("有没有{}", 1), ("{}是用来干嘛的", 1), ("{}的含义", 1), ("{}的作用是什么", 1), ("何为{}", 1), ("给我讲讲{}", 1),
]
PREFIXES = ["hi, ", "hello, ", "hey, ", "please, ", "quick question: ", "sorry, ", "excuse me, ", "in hearth, ",
            "with hearth, ", "for hearth: ", "ok, ", "so, ", "and ", "ember, ", "newbie here, ", "i'm new to this, ",
            "one more thing: ", "um, ", "well, ", "hello! ", "hi! ", "ok so ", "using hearth, ", "i wonder, ",
            "dumb question: ", "question: ", "good morning, ", "now ", "also, ", "and now, ", "hey ember, ",
            "i was wondering, ", "just curious, ", "i am using hearth. ", "we use hearth at work. ", "tell me, "]
SUFFIXES = [" please", ", thanks", " in hearth", " with hearth", " using hearth", ", please", " exactly", " here",
            " on the command line", " with this program", " with this tool", " from the terminal", ", thank you",
            " for me", " in this program", " right now", " with hearth please", " at all", " quickly", " again",
            " in the terminal", " on my machine", " these days", " then", " btw"]
ZH_PREFIXES = ["请问", "你好，", "请教一下，", "麻烦问一下，", "我想知道", "问一下，", "那", "在 hearth 里，", "用 hearth 时，", "小白提问：",
               "打扰一下，", "您好，请问", "请问一下，", "你好，请问", "想问下", "想请教", "那么", "还有，", "对了，", "新手求助，", "hi，", "ember，",
               "不好意思，", "各位好，", "再问一个，", "我在用 hearth，", "求问，", "嗨，", "现在", "急，"]
ZH_SUFFIXES = ["呢", "呀", "啊", "，谢谢", "，请告诉我", "，急", "，求教", " 谢谢", "，麻烦了", "，求解", "，在线等", "呢？谢谢", "来着", "，多谢", "，请指教"]

SYNONYMS = [tuple(group.split("|")) for group in """
show|display|print|view
find out|learn|discover|figure out
check|verify|look at|test
model|llm|language model
machine|computer|pc|box|laptop|system
answer|reply|response
answers|replies|responses
start|begin|launch|fire up
option|flag|switch|parameter|setting
command|subcommand|instruction
folder|directory
fast|quick
get|obtain|receive
change|modify|adjust|alter|tweak
licence|license
licences|licenses
supported|available|possible|compatible|allowed
error|failure|problem|fault
need|require
needs|requires
show me|give me|let me see
memory|ram
leave|quit|exit|close
stop|halt|end
conversation|chat|dialogue
commercially|for commercial purposes|for business|in a commercial product|for profit|in my startup|to make money
may i|can i|am i allowed to|could i|is it ok to
limit|restrict|cap
create|make|build
delete|remove|erase
see|view|look at
use|utilize|employ|work with
program|software|application|tool|app
happens|occurs
big|large|huge
small|little|tiny
explain|clarify|describe
why|for what reason|how come
tell me|let me know
also|too
source|source code|code
number of|count of|amount of
choose|pick|select
set|specify|define|configure
text|passage|string
turn off|disable|switch off|deactivate
turn on|enable|switch on|activate
save|store|keep
compute|calculate|work out
measure|gauge|determine
compare|contrast
list|enumerate|show all
what is|what's|whats
i am|i'm|im
do not|don't|dont
does not|doesn't|doesnt
can not|cannot|can't
which|what
users|people
company|firm|organisation|business
file|document
write|produce|generate
read|load|open
install|set up
slow|sluggish
broken|damaged|corrupt
crash|die|blow up
""".strip().split("\n")]
ZH_SYNONYMS = [tuple(group.split("|")) for group in """
怎么|如何|怎样|咋|要怎么|该怎么
什么|啥
哪个|哪一个|什么
查看|看|看看|查|查一下|瞧瞧
使用|用|利用
模型|大模型|语言模型|LLM
吗|么|嘛|不
能不能|可不可以|可以不可以|能否|是否能|是否可以
支持|兼容|能用
显示|展示|打印|列出
设置|设定|配置|调整|指定
文件夹|目录
命令|指令
选项|参数|开关
回答|回复|答复
停止|中止|停下|结束
许可证|授权|许可协议|license|许可|授权协议
能商用|可以商用|可以用于商业|能用在商业产品里|允许商业使用|能拿来赚钱|可用于商业用途
提示词|prompt|提示
电脑|机器|计算机|主机
打开|开启|启用
关闭|关掉|禁用
内存|RAM|运行内存
多少|多大
哪里|哪儿|什么地方
怎么办|咋办|如何处理|怎么处理|如何解决
为什么|为啥|为何|怎么会
区别|不同|差别
文本|文字|文章|内容
速度|快慢
保存|存|储存
退出|离开|退
运行|跑|执行
安装|装
是什么|是啥|是什么东西|指的是什么
哪些|什么|哪几种|哪几个
输出|结果
下载|拉取
限制|约束
检查|检测|查
""".strip().split("\n")]


def synonym_table(groups):
    table = {}
    for group in groups:
        for word in group[:1]:
            table.setdefault(word, []).extend(group[1:])
    return table


EN_TABLE, ZH_TABLE = synonym_table(SYNONYMS), synonym_table(ZH_SYNONYMS)
EN_WORDS = re.compile(r"(?<![\w/-])(" + "|".join(sorted(map(re.escape, EN_TABLE), key=len, reverse=True)) + r")(?![\w-])")
ZH_WORDS = re.compile("|".join(sorted(map(re.escape, ZH_TABLE), key=len, reverse=True)))
STOP_WORDS = set("the a an do i to of is are it my me in on for does can you please there that this be and with".split())
CONTRACTIONS = [("what's", "whats"), ("i'd", "id"), ("don't", "dont"), ("i'm", "im"), ("can't", "cant")]


# As makers write them; patterns have them in lower case.
CASED = """AMX API AVX AVX2 AVX-512 AVX512 AWQ Aya Alibaba Android Apache Apache-2.0 Arm BF16 BOS BPE Baichuan BlueLM Bloom CC-BY-NC
CC-BY-NC-4.0 CPU CPUs CUDA ChatGPT ChatGLM ChatML Claude Chinese Cohere Ctrl-C Ctrl-D Debian DeepSeek DeepSeek-R1 DeepSeek-V3 DeepSeek-LLM
DeepSeek-V3.1 DeepSeek-V3.2 DeepSeek-V4 EOS ERNIE EU EXL2 English Europe European F16 F32 FP8 FP16 Falcon France GB GGUF GGUFs GLM GLM-4.5 GLM-4-9B
GLM-5 GLM-5.3 GPTQ GPU GPUs Gemini Gemma Germany Git GitHub Google Granite HTTP Hearth Hermes Hunyuan Hunyuan-A13B I/O IQ IQ4_XS
InternLM InternLM2 InternLM3 JSON Jinja Jinja2 KV Kimi Kimi-K2 K2 LICENSE LLM LLMs Landlock Linux Llama Llama2 Llama3 Llama3.2 LoRA LM Meta Mac
MacBook MacOS Makefile Mandarin Meson MiniCPM MiniMax MiniMax-M2 M2 M2.5 M2.7 Mistral Mixtral MoE MIT MLX MMLU MRL MXFP4 Microsoft NEON NaN NaNs
NVFP4 NVIDIA Nemo OOM ONNX OpenAI OpenRAIL Ollama OSAID PC PPL Paris Phi Phi-3 Phi-4 PyTorch Python Q2_K Q3_K Q4_0 Q4_K Q4_K_M Q5_K Q6_K Q8_0
Qianwen Qwen Qwen1 Qwen2 Qwen2.5 Qwen2.5-3B Qwen2.5-7B Qwen2.5-72B Qwen2-72B Qwen3 Qwen3-0.6B Qwen3-4B Qwen3-8B Qwen3-14B Qwen3-32B Qwen3-30B-A3B Qwen3.5
QwenLM R1 RAG RAIL RAM README README.md REST RTX RoPE RWKV Rust SWA SentencePiece SmolLM SmolLM2 TQ2_0 Tencent Tongyi Ubuntu VNNI Vienna WSL Windows
YaRN Yi Yi-34B Yi-1.5 openPangu R1-Distill gpt-oss GPT-OSS Python Java JavaScript CSS HTML SQL PHP Git Docker Excel Photoshop Mac QQ PPT URL
7B 8B 14B 32B 70B 0.6B 4B 3B 72B 1.7B 8G 16G 32G 4G DeepSeek-R1-Distill-Llama  GNU TikTok iPhone YouTube Facebook Google Instagram HTTPS TLS SSL Prometheus Anthropic LangChain SDK BOS
GDP NBA USA UK NASA DNA TV IQ WiFi VPN LAN Cursor SIMD Xeon Jupyter CI SSH PDF PDFs Moonshot""".split()
CASED = {word.lower(): word for word in CASED}
CASED_WORD = re.compile(r"(?<![\w./-])[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9](?![\w/])")


def proper_case(text, rng):
    """Names as their makers spell them, in half of the questions."""
    if rng.random() < 0.45:
        return text
    return CASED_WORD.sub(lambda m: CASED.get(m.group(0), m.group(0)), text)


def pick(weighted, rng):
    return rng.choices([w for w, _ in weighted], [n for _, n in weighted])[0]


def gerund(phrase):
    verb, _, rest = phrase.partition(" ")
    if not verb.isalpha() or len(verb) < 2:
        return phrase
    if verb in ("set", "get", "stop", "run", "quit", "cut", "ban", "chat", "put", "let", "cap", "plan", "skip", "begin",
                "wrap", "dump", "embed", "shut", "sit"):
        verb = verb if verb in ("dump",) else verb + verb[-1]
    elif verb.endswith("e") and not verb.endswith("ee"):
        verb = verb[:-1]
    return f"{verb}ing {rest}".strip()


def swap_synonyms(text, table, words, share, rng):
    return words.sub(lambda m: rng.choice(table[m.group(0)]) if rng.random() < share else m.group(0), text)


KEYS_NEAR = {"a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
             "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "r": "et", "s": "ad", "t": "ry", "u": "yi",
             "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x"}


def typo(text, rng):
    places = [i for i, c in enumerate(text) if c.isascii() and c.isalpha() and i > 0]
    if len(places) < 6:
        return text
    i = rng.choice(places)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:i] + text[i + 1:]
    if kind == 1 and i + 1 < len(text):
        return text[:i] + text[i + 1] + text[i] + text[i + 2:]
    if kind == 2:
        return text[:i] + text[i] + text[i:]
    return text[:i] + rng.choice(KEYS_NEAR.get(text[i].lower(), text[i])) + text[i + 1:]


def finish_english(text, question, rng):
    """Case, punctuation and slips of the hand."""
    text = proper_case(text, rng)
    if rng.random() < 0.07:
        text = " ".join(w for w in text.split() if w.lower() not in STOP_WORDS or rng.random() < 0.3) or text
    if rng.random() < 0.1:
        for a, b in CONTRACTIONS:
            text = text.replace(a, b)
    while rng.random() < 0.06:
        text = typo(text, rng)
    r = rng.random()
    if r < 0.55:
        text = text[:1].upper() + text[1:]
        text = re.sub(r"\bi\b(?!/)", "I", text)
    elif r < 0.57:
        text = text.upper()
    r = rng.random()
    if question:
        text += "?" if r < 0.66 else "??" if r < 0.68 else " ?" if r < 0.70 else "." if r < 0.73 else ""
    else:
        text += "." if r < 0.3 else "?" if r < 0.45 else "!" if r < 0.48 else ""
    return tidy(text) if rng.random() < 0.97 else text


def finish_chinese(text, question, rng):
    text = proper_case(text, rng)
    if rng.random() < 0.5:
        text = re.sub(r"(?<=[\u4e00-\u9fff]) (?=[A-Za-z0-9/-])|(?<=[A-Za-z0-9]) (?=[\u4e00-\u9fff])", "", text)
    if rng.random() < 0.04:
        hans = [i for i, c in enumerate(text) if "\u4e00" <= c <= "\u9fff"]
        if len(hans) > 5:
            i = rng.choice(hans)
            text = text[:i] + text[i + 1:]
    if rng.random() < 0.03:
        text = typo(text, rng)
    if rng.random() < 0.15:
        text = re.sub(r"\bhearth\b", "Hearth", text)
    if text[-1] in "？。！?":
        return text
    r = rng.random()
    if question:
        return text + ("？" if r < 0.6 else "?" if r < 0.68 else "。" if r < 0.71 else "")
    return text + ("。" if r < 0.3 else "？" if r < 0.4 else "！" if r < 0.43 else "")


def wrap(kind, core, language, rng):
    """(text, whether it is a question)."""
    if language == "en":
        if kind == "v":
            if rng.random() < 0.16:
                template, core = pick(GERUND_WRAPS, rng), gerund(core)
            else:
                template = pick(VERB_WRAPS, rng)
            return template.replace("{}", core), True
        if kind == "n":
            return pick(NOUN_WRAPS, rng).replace("{}", core), True
        return core, kind == "q"
    if kind == "v":
        return pick(ZH_VERB_WRAPS, rng).replace("{}", core), True
    if kind == "n":
        return pick(ZH_NOUN_WRAPS, rng).replace("{}", core), True
    return core, kind == "q"


def utter(kind, pattern, language, rng):
    """One way to say a pattern."""
    core = tidy(expand(pattern, rng))
    if language == "en":
        core = swap_synonyms(core, EN_TABLE, EN_WORDS, 0.22, rng)
        text, question = wrap(kind, core, language, rng)
        share = 0.16 if kind != "s" else 0.06
        if rng.random() < share:
            text = rng.choice(PREFIXES) + text
        if rng.random() < share and kind != "s":
            text += rng.choice(SUFFIXES)
        return finish_english(tidy(text), question, rng)
    core = swap_synonyms(core, ZH_TABLE, ZH_WORDS, 0.22, rng)
    text, question = wrap(kind, core, language, rng)
    share = 0.18 if kind != "s" else 0.05
    if rng.random() < share and not text.startswith("请"):
        text = rng.choice(ZH_PREFIXES) + text
    if rng.random() < share * 0.8 and kind != "s" and text[-1] not in "？?":
        text += rng.choice(ZH_SUFFIXES)
    return finish_chinese(text, question, rng)


def ask(fact, language, strange, rng):
    """A question for the fact; `strange` are words that have nothing to do with it."""
    keywords = fact["keywords"][language]
    if keywords and rng.random() < 0.3:
        text = loose.soup(keywords, language, strange, rng)
        table, words = (EN_TABLE, EN_WORDS) if language == "en" else (ZH_TABLE, ZH_WORDS)
        text = swap_synonyms(text, table, words, 0.15, rng)
        finish = finish_english if language == "en" else finish_chinese
        if rng.random() < 0.1:
            text = loose.context(language, strange, rng) + text
        return finish(tidy(text), True, rng)
    kind, pattern = rng.choice(fact["patterns"][language])
    text = utter(kind, pattern, language, rng)
    if kind != "s" and rng.random() < 0.08:
        text = loose.context(language, strange, rng) + text
    if kind != "s" and rng.random() < 0.1:
        text = loose.disturb(text, language, strange, rng)
    return text


def normal(text):
    """What counts as the same question: letters and digits only, without case."""
    return "".join(c for c in text.lower() if c.isalnum())
