/* Front matter, badges, and the names under which licences go.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_claim_read.h"

#include <string.h>
#include <strings.h>

struct alias {
    const char *claimed, *id;
};
/* The hubs' identifiers (their documentation, "Licenses") and what vendors write beside them. Only where
 * the fact table has another spelling, and names that are looked for in sentences. */
static const struct alias aliases[] = {
#define ALIAS(claimed, id) { claimed, id },
#include "govern/licence/licence_alias_list.h"
#undef ALIAS
};

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

struct span card_trim(struct span s)
{
    while (s.len && strchr(" \t\r\n\"'", s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len && strchr(" \t\r\n\"',", s.data[s.len - 1]))
        s.len--;
    return s;
}

/* The line at *at without its end; moves *at behind it. */
struct span card_line(struct span text, size_t *at)
{
    const char *begin = text.data + *at, *end = memchr(begin, '\n', text.len - *at);
    struct span line = { begin, end ? (size_t)(end - begin) : text.len - *at };
    *at += line.len + (end ? 1 : 0);
    if (line.len && line.data[line.len - 1] == '\r') line.len--;
    return line;
}

static bool is_fence(struct span line)
{
    return line.len >= 3 && memcmp(line.data, "---", 3) == 0 &&
           card_trim((struct span){ line.data + 3, line.len - 3 }).len == 0;
}

/* "key: value", an item, or what is indented below a key: prose between fences is no front matter. */
static bool is_yaml_line(struct span line)
{
    size_t i = 0;
    if (!line.len || line.data[0] == ' ' || line.data[0] == '\t' || line.data[0] == '#')
        return true;
    if (line.data[0] == '-' && line.len > 1 && line.data[1] == ' ') return true;
    while (i < line.len && (is_word_byte(line.data[i]) || strchr("_-.", line.data[i])))
        i++;
    return i && i < line.len && line.data[i] == ':';
}

static void find_front(struct card_claim *c, struct span text)
{
    size_t at = 0, begin;
    c->body = text;
    if (text.len >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0) at = 3;
    if (at >= text.len || !is_fence(card_line(text, &at))) return;
    begin = at;
    while (at < text.len) {
        size_t line_at = at;
        struct span line = card_line(text, &at);
        if (!is_fence(line) && !is_yaml_line(line)) return;
        if (!is_fence(line)) continue;
        c->front = (struct span){ text.data + begin, line_at - begin };
        c->body = (struct span){ text.data + at, text.len - at };
        return;
    }
}

static bool value_of(struct span line, const char *key, struct span *ret)
{
    size_t len = strlen(key);
    if (line.len <= len || strncasecmp(line.data, key, len) != 0 || line.data[len] != ':')
        return false;
    struct span value = { line.data + len + 1, line.len - len - 1 };
    for (size_t i = 1; i < value.len; i++) /* " # ..." is a comment */
        if (value.data[i] == '#' && (value.data[i - 1] == ' ' || value.data[i - 1] == '\t'))
            value.len = i;
    *ret = card_trim(value);
    return true;
}

static bool is_indented(struct span line)
{
    return line.len && (line.data[0] == ' ' || line.data[0] == '\t' || line.data[0] == '-');
}

/* Lines "- name" below a key, or one name beside it, or [a, b]. */
static void read_list(struct span front, size_t at, struct span value, struct span *ret, int *count)
{
    if (value.len && value.data[0] == '[') {
        struct span rest = { value.data + 1, value.len - 1 };
        while (rest.len && *count < CLAIM_PARENTS_MAX) {
            const char *comma = memchr(rest.data, ',', rest.len);
            size_t len = comma ? (size_t)(comma - rest.data) : rest.len;
            struct span one = card_trim((struct span){ rest.data, len });
            if (one.len && one.data[one.len - 1] == ']')
                one = card_trim((struct span){ one.data, one.len - 1 });
            if (one.len) ret[(*count)++] = one;
            rest.data += len + (comma ? 1 : 0);
            rest.len -= len + (comma ? 1 : 0);
        }
        return;
    }
    if (value.len) ret[(*count)++] = value;
    while (!value.len && at < front.len && *count < CLAIM_PARENTS_MAX) {
        struct span line = card_line(front, &at);
        if (line.len && !is_indented(line)) return;
        struct span item = card_trim(line);
        if (item.len < 2 || item.data[0] != '-') continue;
        ret[(*count)++] = card_trim((struct span){ item.data + 1, item.len - 1 });
    }
}

/* The indented lines below "key: |". */
static struct span read_block(struct span front, size_t at)
{
    size_t begin = at;
    while (at < front.len) {
        size_t line_at = at;
        struct span line = card_line(front, &at);
        if (line.len && !is_indented(line))
            return (struct span){ front.data + begin, line_at - begin };
    }
    return (struct span){ front.data + begin, front.len - begin };
}

static void keep_first(struct span *field, struct span value)
{
    if (!field->data && value.len) *field = value;
}

static void read_key(struct card_claim *c, struct span line, size_t next)
{
    struct span value;
    struct span list[CLAIM_PARENTS_MAX];
    int count = 0;
    if (value_of(line, "license", &value)) {
        if (value.len && (value.data[0] == '|' || value.data[0] == '>'))
            value = card_trim(read_block(c->front, next));
        read_list(c->front, next, value, list, &count);
        if (count) keep_first(&c->id, list[0]);
    } else if (value_of(line, "license_name", &value)) keep_first(&c->name, value);
    else if (value_of(line, "license_link", &value)) keep_first(&c->link, value);
    else if (value_of(line, "base_model_relation", &value)) keep_first(&c->relation, value);
    else if (value_of(line, "base_model", &value) && !c->parent_count)
        read_list(c->front, next, value, c->parents, &c->parent_count);
    else if (value_of(line, "extra_gated_prompt", &value))
        keep_first(&c->gate_text, value.len > 2 ? value : read_block(c->front, next));
}

void card_claim_read(struct card_claim *ret, struct span text)
{
    *ret = (struct card_claim){ 0 };
    if (!text.data) text = (struct span){ "", 0 };
    find_front(ret, text);
    for (size_t at = 0; at < ret->front.len;) {
        struct span line = card_line(ret->front, &at);
        if (line.len && !is_indented(line)) read_key(ret, line, at);
    }
}

const char *licence_id_of(struct span claimed)
{
    claimed = card_trim(claimed);
    if (claimed.len > 11 && strncasecmp(claimed.data, "LicenseRef-", 11) == 0)
        claimed = (struct span){ claimed.data + 11, claimed.len - 11 };
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strlen(aliases[i].claimed) == claimed.len &&
            strncasecmp(aliases[i].claimed, claimed.data, claimed.len) == 0)
            return aliases[i].id;
    return NULL;
}

static const char *find_word(struct span line, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i + len <= line.len; i++)
        if (strncasecmp(line.data + i, word, len) == 0 &&
            (i == 0 || !is_word_byte(line.data[i - 1])) &&
            (i + len == line.len || !is_word_byte(line.data[i + len])))
            return line.data + i;
    return NULL;
}

/* "Qwen" or "MiniMax-M2" in a sentence is a model; "Qwen license agreement" and "apache-2.0" are licences. */
static bool is_said_in_sentences(const char *name)
{
    static const char *const parts[] = { "licen",    "terms", "agreement", "apache",
                                         "modified", "bsd-",  "cc-by",     "cc0-",
                                         "gpl-",     "mpl-",  "openmdw",   "openrail" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(name, parts[i])) return true;
    return strcmp(name, "mit") == 0;
}

/* The longest name in the line: "modified MIT" is not MIT. */
static const char *name_in_line(struct span line)
{
    const char *best = NULL;
    size_t best_len = 0;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        size_t len = strlen(aliases[i].claimed);
        if (len > best_len && is_said_in_sentences(aliases[i].claimed) &&
            find_word(line, aliases[i].claimed)) {
            best = aliases[i].id;
            best_len = len;
        }
    }
    return best;
}

int card_mentions(struct span body, struct licence_mention ret[CLAIM_MENTIONS_MAX])
{
    int count = 0, lines = 0;
    for (size_t at = 0; at < body.len && count < CLAIM_MENTIONS_MAX && lines < CLAIM_LINES_MAX;
         lines++) {
        struct span line = card_line(body, &at);
        if (line.len > 4096) line.len = 4096;
        if (!find_word(line, "license") && !find_word(line, "licence") &&
            !find_word(line, "licensed") && !find_word(line, "agreement"))
            continue;
        const char *id = name_in_line(line);
        if (id) ret[count++] = (struct licence_mention){ card_trim(line), id };
    }
    return count;
}

bool licence_file_name(const char *name)
{
    static const char *const words[] = {
        "license",    "licence",      "copying",      "notice",
        "use_policy", "usage_policy", "terms_of_use", "readme.md"
    };
    static const char *const not_text[] = { ".json", ".py",  ".c",   ".h",
                                            ".bin",  ".png", ".svg", ".pdf" };
    size_t len = strlen(name);
    if (strchr(name, '/')) return false;
    for (size_t i = 0; i < sizeof not_text / sizeof *not_text; i++) {
        size_t end = strlen(not_text[i]);
        if (len > end && strcasecmp(name + len - end, not_text[i]) == 0) return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (size_t at = 0; at + strlen(words[i]) <= len; at++)
            if (strncasecmp(name + at, words[i], strlen(words[i])) == 0) return true;
    return false;
}
