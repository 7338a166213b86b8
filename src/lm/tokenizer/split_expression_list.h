/* Regular expressions of pre-tokenizers, and the hand-written function that does the same.
 * SPDX-License-Identifier: Apache-2.0
 *
 * EXPRESSION(name, function or NULL, regex). A tokenizer.json that uses the very same text gets
 * the function; NULL runs through PCRE2. Further spellings of one pattern have a name of their own. */
#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define BLANKS "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define CASED_HEAD "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define CASED_TAIL "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define CASED_LEAD "[^\\r\\n\\p{L}\\p{N}]?"
#define NOT_HAN(c) "(?:(?!\\p{Han})" c ")"
EXPRESSION(GPT2, split_gpt2, "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+")
EXPRESSION(LLAMA3, split_llama3, CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" BLANKS)
EXPRESSION(QWEN2, split_qwen2, CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" BLANKS)
EXPRESSION(BAILING, split_qwen2, "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+")
EXPRESSION(QWEN35, split_qwen35, CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" BLANKS)
EXPRESSION(CL100K, split_cl100k, "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s")
EXPRESSION(SEED_CODER, split_seed_coder, CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|" BLANKS)
EXPRESSION(O200K, split_o200k, CASED_LEAD CASED_HEAD "*" CASED_TAIL "+" CONTRACTIONS "?|" CASED_LEAD CASED_HEAD "+" CASED_TAIL "*" CONTRACTIONS "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" BLANKS)
EXPRESSION(TEKKEN, split_tekken, CASED_LEAD CASED_HEAD "*" CASED_TAIL "+|" CASED_LEAD CASED_HEAD "+" CASED_TAIL "*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" BLANKS)
EXPRESSION(KIMI, NULL, "[\\p{Han}]+|" CASED_LEAD NOT_HAN(CASED_HEAD) "*" NOT_HAN(CASED_TAIL) "+" CONTRACTIONS "?|" CASED_LEAD NOT_HAN(CASED_HEAD) "+" NOT_HAN(CASED_TAIL) "*" CONTRACTIONS "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" BLANKS)
EXPRESSION(WORDS_ANY_DIGITS, NULL, CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}+| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" BLANKS)
EXPRESSION(DIGIT, split_digits_one, "\\p{N}")
EXPRESSION(DIGITS3, split_digits_three, "\\p{N}{1,3}")
EXPRESSION(NEWLINE, NULL, "[\r\n]")
EXPRESSION(DEEPSEEK_CODER_WORDS, NULL, "\\s?\\p{L}+")
EXPRESSION(DEEPSEEK_CODER_PUNCT, NULL, "\\s?\\p{P}+")
EXPRESSION(DEEPSEEK_OLD_CJK, NULL, "[一-龥ࠀ-一가-퟿]+")
EXPRESSION(DEEPSEEK_LLM_WORDS, NULL, "\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\\x{1F7D}ᾀ-ᾴᾶ-ᾼ\\x{1FBE}ῂ-ῄῆ-ῌῐ-\\x{1FD3}ῖ-\\x{1FDB}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\\x{2126}ℨ\\x{212A}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+")
EXPRESSION(DEEPSEEK_LLM_PUNCT, NULL, "\\s?[!-/:-~！-／：-～‘-‟　-。]+")
EXPRESSION(DEEPSEEK_LLM_TAIL, NULL, "\\s+$")
EXPRESSION(DEEPSEEK_V3_CJK, split_deepseek_v3_cjk, "[一-龥぀-ゟ゠-ヿ]+")
EXPRESSION(DEEPSEEK_V3_WORDS, split_deepseek_v3_words, "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+")
#undef CONTRACTIONS
#undef BLANKS
#undef CASED_HEAD
#undef CASED_TAIL
#undef CASED_LEAD
#undef NOT_HAN
