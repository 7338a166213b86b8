/* Fuzzes the parsers of model text: any cutting gives the same, and nothing is lost but markup.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The input: a byte for the format, a byte for options, a byte that seeds the cuts, the text. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "support/parse_log.c" /* the tests' own log; fuzz targets are one file each */
#include "base/core/json.h"

#define CUTS_MAX 512

static const char TOOLS[] =
    "[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"properties\":{"
    "\"a\":{\"type\":\"array\"},\"b\":{\"type\":\"boolean\"},\"i\":{\"type\":\"integer\"},"
    "\"o\":{\"type\":\"object\"},\"s\":{\"type\":\"string\"},"
    "\"u\":{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"string\"}]}}}}}]";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool contains_any(const char *text, size_t len, const char *bytes)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] && strchr(bytes, text[i])) return true;
    return false;
}

/* Every byte of `part` comes from the text, in order. */
static bool is_part(const struct buf *part, const char *text, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < part->len; i++) {
        while (at < len && text[at] != part->data[i])
            at++;
        if (at++ == len) return false;
    }
    return true;
}

static void check_bytes(const struct parse_log *log, const struct parse_format *f, const char *text,
                        size_t len)
{
    bool harmony = strcmp(parse_format_name(f), "harmony") == 0; /* adds newlines */
    if (!harmony) assert(is_part(&log->content, text, len) && is_part(&log->reasoning, text, len));
    if (contains_any(text, len, "<[{")) return;
    /* No markup at all: everything is content, or reasoning that the prompt opened. */
    assert(log->call_count == 0 && !log->unparsed);
    const struct buf *all = log->content.len ? &log->content : &log->reasoning;
    assert(log->content.len == 0 || log->reasoning.len == 0);
    if (all == &log->content) assert(all->len == len);
}

static size_t make_cuts(size_t *cuts, size_t len, uint32_t seed)
{
    size_t count = 0, at = 0;
    while (at < len && count < CUTS_MAX) {
        seed = seed * 1664525u + 1013904223u;
        at += 1 + (seed >> 24) % (seed >> 16 & 1 ? 3 : 40);
        cuts[count++] = at;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) return 0;
    struct json_doc *tools = NULL;
    size_t cuts[CUTS_MAX], len = size - 3;
    const char *text = (const char *)data + 3;
    struct chat_parser_options o = { .format = parse_format_at(data[0] % parse_format_count()) };
    enum status s = json_parse(&tools, TOOLS, sizeof TOOLS - 1, sizeof TOOLS, "tools", NULL);
    assert(s == STATUS_OK);
    o.open = data[1] & 2 ? PROMPT_OPEN_THINK : PROMPT_OPEN_NOTHING;
    o.tools = data[1] & 1 ? json_root(tools) : NULL;
    struct parse_log *whole = parse_log_make(&o, text, len, NULL, 0, 0);
    struct parse_log *cut =
        parse_log_make(&o, text, len, cuts, make_cuts(cuts, len, data[2] + 1u), 0);
    assert(!whole->fault && !cut->fault);
    assert(whole->events.len == cut->events.len);
    assert(memcmp(whole->events.data, cut->events.data, cut->events.len) == 0);
    check_bytes(whole, o.format, text, len);
    parse_log_free(whole);
    parse_log_free(cut);
    json_doc_free(tools);
    return 0;
}
