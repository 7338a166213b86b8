/* `hearth debug prints`: fingerprints of licence texts, for the table that is compiled in.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/core/digest.h"
#include "base/core/file.h"
#include "base/core/mem.h"
#include "front/cmd/command.h"
#include "govern/licence/licence_claim_read.h"
#include "govern/licence/licence_print.h"

#define LIST_BYTES_MAX  (1u << 20)
#define TABLE_BYTES_MAX (1u << 26)

struct printing {
    struct buf list;
    struct print_text *texts; /* [count] */
    uint32_t count;
};

static enum status read_flags(struct print_text *t, const char *flags, struct error *err)
{
    for (; *flags; flags++)
        switch (*flags) {
        case 'o': t->flags |= PRINT_OSI; break;
        case 's': t->flags |= PRINT_SEQUENCE; break;
        case 'c': t->flags |= PRINT_COMPANION; break;
        case 'a': t->has_appendix = true; break;
        case '-': break;
        default:
            return error_set(err, STATUS_BAD_INPUT,
                             "\"%c\" is no flag; there are o (OSI), s (sequence), c (companion), a "
                             "(appendix) and -",
                             *flags);
        }
    return STATUS_OK;
}

static enum status read_text(struct print_text *t, const char *path, struct error *err)
{
    struct buf text = BUF_INIT(LICENCE_TEXT_BYTES_MAX);
    struct card_claim card;
    enum status st = file_read(&text, path, err);
    if (!st) st = sha256_of(text.data ? text.data : "", text.len, t->file_digest, err);
    card_claim_read(&card, (struct span){ text.data, text.len });
    if (!st) st = licence_words_read(&t->words, card.body, err);
    if (!st) st = licence_words_digest(&t->words, t->words_digest, err);
    buf_release(&text);
    return st ? error_wrap(err, st, "%s", path) : st;
}

/* "id TAB flags TAB path"; the list's tabs and line ends become terminators. */
static enum status read_line(struct printing *p, char *line, struct error *err)
{
    char *flags = strchr(line, '\t'), *path = flags ? strchr(flags + 1, '\t') : NULL;
    if (!path) return error_set(err, STATUS_BAD_INPUT, "\"%s\": wanted id, flags, path", line);
    *flags++ = 0;
    *path++ = 0;
    struct print_text *t = &p->texts[p->count++];
    t->id = line;
    enum status st = read_flags(t, flags, err);
    return st ? st : read_text(t, path, err);
}

static enum status read_list(struct printing *p, const char *path, struct error *err)
{
    enum status st = file_read(&p->list, path, err);
    p->texts = st ? NULL : mem_array(PRINT_TEXTS_MAX, sizeof *p->texts);
    if (!st && !p->texts) st = error_set(err, STATUS_NO_MEMORY, "no memory for the texts");
    for (char *line = p->list.data; !st && line && *line;) {
        char *end = strchr(line, '\n');
        if (end) *end = 0;
        if (p->count == PRINT_TEXTS_MAX)
            return error_set(err, STATUS_LIMIT, "more than %d texts", PRINT_TEXTS_MAX);
        if (*line) st = read_line(p, line, err);
        line = end ? end + 1 : NULL;
    }
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    struct printing p = { .list = BUF_INIT(LIST_BYTES_MAX) };
    struct buf out = BUF_INIT(TABLE_BYTES_MAX);
    enum status st = read_list(&p, args_operand(args, 0), err);
    if (!st) st = licence_prints_write(&out, p.texts, p.count, err);
    if (!st) st = file_write(args_operand(args, 1), out.data, out.len, err);
    if (!st) printf("%u texts, %zu bytes\n", p.count, out.len);
    for (uint32_t i = 0; i < p.count; i++)
        licence_words_release(&p.texts[i].words);
    mem_free(p.texts);
    buf_release(&p.list);
    buf_release(&out);
    return st;
}

const struct command cmd_debug_prints = {
    .name = "debug prints",
    .summary = "make the table of fingerprints of licence texts",
    .operands = "LIST OUT",
    .operands_min = 2,
    .operands_max = 2,
    .about = "LIST has a line for each text: identifier, flags, path, with tabs between. Flags: o "
             "approved by the OSI, s keep the order of its words, c a policy or notice beside a "
             "licence, a what follows \"end of terms and conditions\" may be missing, - none. "
             "tools/licence_texts writes such a list.",
    .run = run,
};
