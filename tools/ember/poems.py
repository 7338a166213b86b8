"""Poems of the Tang, in simplified characters, cut into regular stanzas, with requests that fit them.

SPDX-License-Identifier: Apache-2.0

The corpus folder holds tinyshakespeare.txt and chinese-poetry/全唐诗_*.json; nothing of it is kept in this
repository. Digests are checked, so that a recipe always means the same text.
"""
import hashlib
import json
import os
import re
import unicodedata

from opencc import OpenCC

from grammar import expand, finish_chinese, finish_english, parse_pattern, tidy

SHAKESPEARE = "tinyshakespeare.txt"
FILES = ("全唐诗_poet.tang.0.json", "全唐诗_poet.tang.1000.json", "全唐诗_唐诗三百首.json")
DIGESTS = {
    SHAKESPEARE: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    FILES[0]: "4f88f429938082523cdc72a1612bd7a7c3e3f7a33f8192c61ae51340efc3c92d",
    FILES[1]: "6e703b8d8dcedbd6110f6d48d043665ca2131db2035a5bfcef5e59a19aeb6d75",
    FILES[2]: "d77a145f7470da2ed2f79515944563c062ffc43fceda07f195a36ead66b7e5c7",
}
FORMS = {(4, 5): ("五言绝句", "five-character quatrain"), (4, 7): ("七言绝句", "seven-character quatrain"),
         (8, 5): ("五言律诗", "five-character regulated verse"), (8, 7): ("七言律诗", "seven-character regulated verse")}
# Chinese theme | English words | characters that show it
THEMES = [tuple(row.split("|")) for row in """
春天|spring,springtime,the arrival of spring|春
春风|the spring wind,a spring breeze|春风
春雨|spring rain|春雨
春日|a spring day|春日
夏天|summer,summer heat|夏暑荷蝉热
荷花|the lotus,lotus flowers|荷莲藕
秋天|autumn,fall|秋
秋风|the autumn wind|秋风
秋月|the autumn moon|秋月
秋夜|an autumn night|秋夜
秋雨|autumn rain|秋雨
中秋|the mid-autumn festival,the full moon|秋月
冬天|winter|冬雪寒冰
雪|snow,falling snow|雪
雪景|a snowy landscape|雪
寒冷|the cold,a cold day|寒冷冻
月亮|the moon|月
明月|the bright moon|明月
月光|moonlight|月光
月夜|a moonlit night|月夜
太阳|the sun|日阳
日出|sunrise,dawn|晓朝曙旦
日落|sunset,the setting sun|落日斜暮夕
夕阳|the evening sun|夕阳斜暮
黄昏|dusk,twilight|暮昏夕晚
早晨|the morning|晓朝晨
夜晚|the night,night|夜
星空|the stars,the starry sky|星河
天空|the sky|天空云
风|the wind,wind|风
雨|rain,the rain|雨
夜雨|rain at night|雨夜
云|clouds,white clouds|云
白云|a white cloud|白云
雾|fog,mist|雾烟
霜|frost|霜
露|dew|露
山|mountains,the mountains,a mountain|山
青山|green mountains,green hills|青山
高山|high mountains|山峰岭高
山水|mountains and rivers,landscape,nature|山水
登山|climbing a mountain|登山
登高|climbing high,looking from a height|登高楼望
大海|the sea,the ocean|海
江|the river,the yangtze|江
河|a river|河水
长江|the long river|江
湖|a lake,the lake|湖
溪流|a stream,a brook|溪涧泉
泉水|a spring of water|泉
瀑布|a waterfall|泉飞流瀑
水|water|水
船|a boat,boats|舟船帆棹
孤舟|a lonely boat|孤舟
渔夫|a fisherman|渔钓
钓鱼|fishing|钓鱼
桥|a bridge|桥
花|flowers,a flower|花
落花|falling blossoms,fallen flowers|落花
梅花|plum blossoms|梅
桃花|peach blossoms|桃
菊花|chrysanthemums|菊
兰花|orchids|兰
牡丹|peonies|牡丹花
柳树|willows,the willow|柳杨
竹子|bamboo|竹
松树|pine trees,the pine|松
树|trees|树木林
树林|the forest,the woods|林木
草|grass|草
落叶|falling leaves,autumn leaves|叶落
红叶|red leaves|叶红枫
鸟|birds,a bird|鸟
鸟鸣|birdsong|鸟啼鸣莺
黄莺|the oriole|莺
燕子|swallows|燕
大雁|wild geese|雁鸿
蝉|cicadas|蝉
马|a horse,horses|马
猿|monkeys,gibbons|猿
鱼|fish|鱼
家乡|home,hometown|乡家故
思乡|homesickness,longing for home|乡归故思
离别|parting,farewell,saying goodbye|别离送
送别|seeing off a friend|送别
朋友|a friend,friendship|友君故人
故人|an old friend|故人
相思|longing,missing someone|相思
爱情|love|相思情郎妾君
美人|a beautiful woman,beauty|美人佳玉
女子|a lady|妾女妇
思念|missing a loved one,yearning|思忆怀念
孤独|loneliness,solitude,being alone|独孤
忧愁|sorrow,sadness,grief|愁忧悲
悲伤|sad things|悲愁泪
眼泪|tears|泪
快乐|joy,happiness|乐欢喜
梦|a dream,dreams|梦
酒|wine,drinking|酒杯醉樽
饮酒|drinking wine with friends|酒饮醉
茶|tea|茶
音乐|music|琴笛箫曲歌
琴|the zither,a lute|琴
笛子|a flute|笛
歌声|singing,a song|歌
跳舞|dance,dancing|舞
边塞|the frontier,the border|边塞胡戍关
战争|war,battle|战兵军征
将军|a general,a soldier|将军
剑|a sword|剑
长城|the great wall|城塞
长安|chang'an,the capital|长安
洛阳|luoyang|洛
宫殿|a palace|宫殿
帝王|an emperor|帝王君
皇宫|the court|宫阙
寺庙|a temple|寺僧禅
僧人|a monk|僧
道士|a taoist,an immortal|仙道
神仙|immortals|仙
隐居|a hermit,living in seclusion|隐山林
田园|country life,the fields|田园村野
农夫|a farmer|田农耕
村庄|a village|村
园林|a garden|园
庭院|a courtyard|庭院
楼阁|a tower,a pavilion|楼阁
窗|a window|窗
灯|a lamp,candlelight|灯烛
旅途|travel,a journey,the road|行路客旅
客人|a stranger far from home|客
旅人|a wanderer|客行
归来|coming home,return|归
时光|time,passing time|年岁时
人生|life,human life|人生
老年|old age,growing old|老白发
白发|white hair|白发鬓
青春|youth|少年青
少年|a young man|少年
历史|history,the past|古
怀古|ruins and memory,ancient times|古怀
读书|reading,books|书
书信|a letter|书信
新年|new year|年岁春
清明|the qingming festival|春雨
重阳|the double ninth festival|菊九高
七夕|the weaving maid and the cowherd|牛女河
火|fire|火
黄河|the yellow river|黄河
城市|a city|城市
黄昏的山|mountains at dusk|山暮
江南|the south,jiangnan|江南
宁静|silence,calm,peace|静闲寂
清晨的露水|morning dew|露晓
""".strip().split("\n")]
ZH_REQUESTS = [parse_pattern(p) for p in """
写一首(关于)?{t}的{f} ; 写一首{f}，(主题是|以)?{t}[为题] ; 请写一首(关于)?{t}的{f} ; 作一首{t}的{f} ; 来一首{t}的{f} ; 以{t}为题(写|作|赋)(一首)?{f} ; 帮我写一首(描写|关于|歌颂|描绘){t}的{f} ; 写{f}，{t} ; {t}，写一首{f} ; 用{t}(写|作)(一首)?{f} ; 给我(写|来|作)一首(关于)?{t}的{f} ; (能|可以|能不能)(写|作|来)一首(关于)?{t}的{f}[吗] ; 我想要一首(关于)?{t}的{f} ; 赋{f}一首，题为{t} ; 咏{t}[，{f}] ; 题目是{t}，写{f} ; 写首{t}的{f} ; 来首{f}，写{t} ; 你能(写|作)一首{f}吗，(关于|主题){t} ; 想看一首(写|关于){t}的{f} ; 为{t}写一首{f} ; 围绕{t}(写|作)一首{f} ; 请以{t}为(主题|题|题目)，(创作|写|作)一首{f} ; 创作一首{f}，主题：{t} ; {f}：{t} ; 写一首{f}来(描写|赞美|形容){t} ; 作诗一首，{t}，{f} ; 麻烦写一首{t}的{f} ; 有没有(关于)?{t}的{f}，写一首 ; 写一首有{t}的{f}
""".strip().split(" ; ")]
EN_REQUESTS = [parse_pattern(p) for p in """
write [me] a [short] {f} about {t} ; write a {f} on {t} ; (please|can you|could you) write a {f} about {t} ; compose a {f} about {t} ; a {f} about {t} [please] ; give me a {f} about {t} ; i (want|would like|need|'d like) a {f} about {t} ; make a {f} about {t} ; {f} about {t} ; write me {f} lines on {t} ; create a {f} on the (theme|subject|topic) of {t} ; let me read a {f} about {t} ; write a {f} with the theme {t} ; {t}: write a {f} ; do you have a {f} on {t} ; make me a {f} about {t} ; can i have a {f} about {t} ; i feel like a {f} about {t} ; would you write a {f} about {t} for me ; a {f} on {t} ; try a {f} about {t} ; show me a {f} about {t} ; write something poetic about {t} ; put {t} into a {f} ; praise {t} in a {f} ; describe {t} in a {f} ; how about a {f} about {t}
""".strip().split(" ; ")]
ZH_ANY = ["诗", "诗", "诗", "古诗", "小诗", "短诗", "唐诗", "古体诗", "诗歌"]
ZH_QUATRAIN = {5: ["五言诗", "五绝", "五言绝句", "五言绝句", "五言古诗", "五字绝句"], 7: ["七言诗", "七绝", "七言绝句", "七言绝句", "七言古诗", "七字绝句"]}
ZH_EIGHT = {5: ["五言律诗", "五律"], 7: ["七言律诗", "七律"]}
EN_ANY = ["poem", "poem", "poem", "chinese poem", "classical chinese poem", "short poem", "poem in chinese", "tang poem", "classical poem", "verse", "quatrain", "jueju"]
EN_FORM = {(4, 5): ["quatrain with five characters a line", "five-character quatrain", "wujue", "poem with five characters per line", "五言绝句", "five character quatrain"],
           (4, 7): ["quatrain with seven characters a line", "seven-character quatrain", "qijue", "poem with seven characters per line", "七言绝句", "seven character quatrain"],
           (8, 5): ["eight-line poem with five characters a line", "five-character lüshi", "五言律诗", "five-character regulated verse"],
           (8, 7): ["eight-line poem with seven characters a line", "seven-character lüshi", "七言律诗", "seven-character regulated verse"]}
VERSE = re.compile(r"[，。？！；、]")


def read_checked(folder, *parts):
    path = os.path.join(folder, *parts)
    with open(path, "rb") as file:
        data = file.read()
    name = os.path.basename(path)
    found = hashlib.sha256(data).hexdigest()
    if found != DIGESTS[name]:
        raise SystemExit(f"{name}: sha256 is {found}, the recipe wants {DIGESTS[name]}")
    return unicodedata.normalize("NFC", data.decode("utf-8"))


def read_stanzas(folder):
    """[(form, text)]: whole quatrains and eight-line poems, and every four neighbouring verses of longer regular ones."""
    simplify = OpenCC("t2s").convert
    stanzas, seen = [], set()
    for name in reversed(FILES):
        for poem in json.loads(read_checked(folder, "chinese-poetry", name)):
            verses = [v for v in VERSE.split(simplify("".join(poem["paragraphs"]))) if v]
            width = len(verses[0]) if verses else 0
            if width not in (5, 7) or len(verses) % 2 or not all(re.fullmatch(r"[\u4e00-\u9fff]{%d}" % width, v) for v in verses):
                continue
            cuts = [(4, i) for i in range(0, len(verses) - 3, 2)]
            if len(verses) == 8:
                cuts += [(8, 0)]
            elif len(verses) > 8 and len(verses) % 8 == 0:
                cuts += [(8, i) for i in range(0, len(verses), 8)]
            for count, start in cuts:
                lines = [f"{verses[i]}，{verses[i + 1]}。" for i in range(start, start + count, 2)]
                text = "\n".join(lines)
                if text not in seen:
                    seen.add(text)
                    stanzas.append(((count, width), text))
    return stanzas


def themes_of(text):
    """Themes whose characters the stanza holds, the more telling ones more than once."""
    found = []
    for zh, en, characters in THEMES:
        marks = sum(c in text for c in characters)
        if all(c in text for c in characters) and len(characters) <= 2:
            found += [(zh, en)] * (2 * len(characters))
        elif marks and len(characters) > 2:
            found += [(zh, en)] * marks
    return found


class Poems:
    def __init__(self, folder, keep=None):
        stanzas = [(form, text) for form, text in read_stanzas(folder) if keep is None or keep(text)]
        self.stanzas = [(form, text, themes_of(text)) for form, text in stanzas]
        self.stanzas = [s for s in self.stanzas if s[2]]
        self.by_theme = {}
        for form, text, themes in self.stanzas:
            for theme in set(themes):
                self.by_theme.setdefault((theme, form), []).append(text)
        self.themes = sorted({theme for theme, _ in self.by_theme})

    def sample(self, language, rng):
        """(request, poem): theme and form first, so that rare ones are not forgotten."""
        while True:
            form = rng.choices([(4, 5), (4, 7), (8, 5), (8, 7)], [40, 36, 13, 11])[0]
            if rng.random() < 0.5:
                theme = rng.choice(self.themes)
                if (theme, form) not in self.by_theme:
                    continue
                text = rng.choice(self.by_theme[(theme, form)])
            else:
                picked = rng.choice(self.stanzas)
                if picked[0] != form:
                    continue
                text, theme = picked[1], rng.choice(picked[2])
            return self.request(language, theme, form, rng), text

    def request(self, language, theme, form, rng):
        count, width = form
        # Eight lines come only when asked for; four are also what "a poem" means.
        named = count == 8 or rng.random() < 0.5
        if language == "zh":
            names = (ZH_EIGHT if count == 8 else ZH_QUATRAIN)[width] if named else ZH_ANY
            subject = theme[0] if rng.random() < 0.8 else theme[0] + rng.choice(theme_tails(theme[0]))
            text = expand(rng.choice(ZH_REQUESTS), rng).replace("{t}", subject).replace("{f}", rng.choice(names))
            if rng.random() < 0.12:
                text = rng.choice(("请", "你好，", "麻烦你", "ember，", "请你", "帮个忙，", "能不能", "您好，")) + text
            return finish_chinese(text, False, rng)
        names = EN_FORM[form] if named else EN_ANY
        subject = rng.choice(theme[1].split(","))
        text = expand(rng.choice(EN_REQUESTS), rng).replace("{t}", subject).replace("{f}", rng.choice(names))
        if rng.random() < 0.12:
            text = rng.choice(("please ", "hi, ", "hello, ", "ember, ", "now ", "could you please ", "hey, ")) + text
        return finish_english(tidy(text), False, rng)


def theme_tails(theme):
    return ("", "景色", "之美", "的景色", "的意境", "与" + "月夜", "和思乡") if len(theme) <= 2 else ("",)
