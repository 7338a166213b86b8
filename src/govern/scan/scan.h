/* What in a model's files could do something: code, pickles, templates that reach out, hidden text.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Hearth itself runs nothing of a model but its numbers, and its template in an interpreter that reaches nothing.
 * The tools beside it do: torch.load calls what a pickle names, transformers imports the *.py of a folder, others
 * render templates in an interpreter that can open files, and people read cards. This room says what is there, so
 * that a gate can refuse it or have it approved.
 *
 * Nothing is executed, and no link is followed: files come as descriptors, and only their bytes are read. What is
 * looked for, by rule: scan_rule_list.h. What it does not do: read the machine code, Python or shell that it
 * finds, decompress archives, or judge what a text says. No finding is no proof that there is nothing.
 *
 * A scan is used by one thread at a time. It owns its findings and their texts, which live as long as it does. */
#ifndef GOVERN_SCAN_SCAN_H
#define GOVERN_SCAN_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/core/json_write.h"
#include "base/core/status.h"

/* What a gate does with it: nothing, wants an approval, refuses. */
enum scan_answer { SCAN_NOTE, SCAN_ASK, SCAN_DENY };

enum scan_rule_id {
#define SCAN_RULE(symbol, name, next) SCAN_RULE_##symbol,
#include "govern/scan/scan_rule_list.h"
#undef SCAN_RULE
    SCAN_RULE_COUNT
};

#define SCAN_FINDINGS_MAX      4096 /* of one scan; the last says how many more there were */
#define SCAN_FILE_FINDINGS_MAX 64   /* of one file; the same */
#define SCAN_NAME_BYTES_MAX    4096

struct scan_finding {
    enum scan_rule_id rule;
    enum scan_answer answer;
    const char *file;
    uint64_t at;      /* byte offset in the file; in a text of JSON, where its key stands */
    char reason[512]; /* what was found there, one line of UTF-8 */
    char quote[256];  /* the bytes themselves, made visible: "<U+200B>"; may be empty */
    char next[256];   /* what can be done about it */
};

struct scan;

enum status scan_new(struct scan **ret, struct error *err);
void scan_free(struct scan *s); /* NULL is fine */

/* Looks at one file of the model. `name`: relative, '/' between parts ("original/consolidated.00.pth"). `fd` stays
 * the caller's and its position does not matter; `bytes` is its size. What cannot be understood is a finding, not
 * a failure: STATUS_BAD_INPUT where the file has another size by now or is no regular file, STATUS_LIMIT for a
 * name that is too long, STATUS_IO, STATUS_NO_MEMORY. */
enum status scan_file(struct scan *s, const char *name, int fd, uint64_t bytes, struct error *err);
/* The same for bytes in memory. */
enum status scan_bytes(struct scan *s, const char *name, const void *data, size_t len,
                       struct error *err);

/* Sorts: strictest first, then by file and offset. Files may still be added after. */
void scan_seal(struct scan *s);
size_t scan_count(const struct scan *s);
const struct scan_finding *scan_at(const struct scan *s, size_t i);
/* The strictest answer of all; SCAN_NOTE when nothing was found. */
enum scan_answer scan_answer_of(const struct scan *s);

const char *scan_rule_name(enum scan_rule_id id); /* "scan.pickle-import" */
const char *scan_answer_name(enum scan_answer a); /* "note", "ask", "deny" */

/* An array of {"rule","answer","file","at","reason","quote","next"}. */
void scan_write(struct json_writer *w, const struct scan *s);

#endif
