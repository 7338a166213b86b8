/* Settings that name Python which other tools import and call.
 * SPDX-License-Identifier: Apache-2.0
 *
 * PyYAML's unsafe loaders build objects from tags "!!python/object/apply:os.system", hyperpyyaml from "!new:os.system",
 * Hydra from a key "_target_: os.system". YAML is looked through line by line and not parsed: what a lenient reader
 * would still take has to be seen. */
#include <stdio.h>
#include <string.h>

#include "govern/scan/scan_inner.h"

#define CALLS_MAX 32 /* in one file; it has a limit of findings of its own */

void scan_call(struct scan *s, const struct scan_part *p, size_t at, const char *key,
               struct span dotted)
{
    struct span module = dotted, name = dotted;
    size_t dot = dotted.len;
    while (dot && dotted.data[dot - 1] != '.')
        dot--;
    module.len = dot ? dot - 1 : 0;
    name.data += dot;
    name.len -= dot;
    const char *why = scan_import_danger(module, name);
    if (!why && !dot) why = scan_import_danger(span_of("builtins"), name);
    scan_add(s, p, SCAN_RULE_SETTINGS_CALL, why ? SCAN_DENY : SCAN_ASK, at, dotted,
             "\"%s\": other tools would import this and call it%s%s", key, why ? "; it " : "",
             why ? why : "");
}

struct tag {
    const char *text;
    bool is_key; /* a value in the same line, in place of the tag's own rest */
};
static const struct tag tags[] = {
    { "!!python/object/apply:", false },
    { "!!python/object/new:", false },
    { "!!python/object:", false },
    { "!!python/name:", false },
    { "!!python/module:", false },
    { "tag:yaml.org,2002:python/object/apply:", false },
    { "tag:yaml.org,2002:python/object/new:", false },
    { "tag:yaml.org,2002:python/object:", false },
    { "tag:yaml.org,2002:python/name:", false },
    { "tag:yaml.org,2002:python/module:", false },
    { "!new:", false },
    { "!apply:", false },
    { "!name:", false },
    { "_target_", true },
};

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '%';
}

/* The dotted name at `at`; behind a key after its colon and quotes. */
static struct span name_at(struct span line, size_t at, bool is_key)
{
    while (is_key && at < line.len && memchr("\"': \t", line.data[at], 5))
        at++;
    size_t end = at;
    while (end < line.len && is_name_byte(line.data[end]))
        end++;
    return (struct span){ line.data + at, end - at };
}

static size_t look_at_line(struct scan *s, const struct scan_part *p, struct span line)
{
    size_t found = 0;
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        const char *hit = scan_find(line.data, line.len, tags[i].text);
        if (!hit) continue;
        size_t behind = (size_t)(hit - line.data) + strlen(tags[i].text);
        struct span name = name_at(line, behind, tags[i].is_key);
        if (tags[i].is_key && !name.len) continue;
        scan_call(s, p, (size_t)(hit - (const char *)p->data), tags[i].text, name);
        found++;
    }
    return found;
}

static bool is_comment(struct span line)
{
    size_t i = 0;
    while (i < line.len && (line.data[i] == ' ' || line.data[i] == '\t'))
        i++;
    return i < line.len && line.data[i] == '#';
}

void scan_yaml_calls(struct scan *s, const struct scan_part *p)
{
    const char *text = (const char *)p->data;
    size_t len = p->len < SCAN_TEXT_BYTES_MAX ? p->len : SCAN_TEXT_BYTES_MAX, found = 0;
    for (size_t at = 0; at < len && found < CALLS_MAX;) {
        const char *end = memchr(text + at, '\n', len - at);
        struct span line = { text + at, end ? (size_t)(end - text) - at : len - at };
        if (!is_comment(line)) found += look_at_line(s, p, line);
        at += line.len + 1;
    }
}
