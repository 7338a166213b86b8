/* Licence claims from a README's front matter, file names and GGUF keys.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/licence_claim.h"

#include <string.h>
#include <strings.h>

#include "lm/format/gguf.h"

static struct span trim(struct span s)
{
    while (s.len && strchr(" \t\r\"'", s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len && strchr(" \t\r\"'", s.data[s.len - 1]))
        s.len--;
    return s;
}

/* One "key: value" line at the outer level of the front matter. */
static void read_line(struct licence_claim *c, struct span line)
{
    static const char *const keys[] = { "license", "license_name", "license_link" };
    struct span *const fields[] = { &c->id, &c->name, &c->link };
    for (int i = 0; i < 3; i++) {
        size_t len = strlen(keys[i]);
        if (line.len <= len || memcmp(line.data, keys[i], len) != 0 || line.data[len] != ':')
            continue;
        struct span value = trim((struct span){ line.data + len + 1, line.len - len - 1 });
        if (value.len && !fields[i]->data) *fields[i] = value;
    }
}

/* Front matter stands between a first line "---" and the next one. */
static void read_front_matter(struct licence_claim *c, struct span text)
{
    bool inside = false;
    for (size_t at = 0; at < text.len;) {
        const char *end = memchr(text.data + at, '\n', text.len - at);
        size_t next = end ? (size_t)(end - text.data) + 1 : text.len;
        struct span line = { text.data + at, next - at - (end ? 1 : 0) };
        bool fence = line.len >= 3 && memcmp(line.data, "---", 3) == 0;
        if (fence == inside && (inside || at == 0)) return;
        if (!fence) read_line(c, line);
        inside = true;
        at = next;
    }
}

static void read_gguf(struct licence_claim *c, const struct gguf *g)
{
    static const char *const keys[] = { "general.license", "general.license.name",
                                        "general.license.link" };
    struct span *const fields[] = { &c->id, &c->name, &c->link };
    struct gguf_value v;
    for (int i = 0; i < 3; i++)
        if (gguf_find(g, keys[i], &v)) gguf_string(&v, fields[i]);
}

static bool is_licence_file(const char *name)
{
    static const char *const words[] = { "license", "licence",    "copying",
                                         "notice",  "use_policy", "model_license" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncasecmp(name, words[i], strlen(words[i])) == 0) return true;
    return false;
}

void licence_claim_read(struct licence_claim *ret, struct source *source)
{
    struct span readme;
    memset(ret, 0, sizeof *ret);
    if (source_gguf(source)) read_gguf(ret, source_gguf(source));
    else if (!source_read(source, "README.md", &readme, NULL)) read_front_matter(ret, readme);
    for (size_t i = 0; i < source_file_count(source) && ret->file_count < CLAIM_FILES_MAX; i++) {
        const char *name = source_file(source, i)->name;
        if (is_licence_file(name)) ret->files[ret->file_count++] = name;
    }
}
