/* What the readers of a scan share: the bytes they look at, and how a finding is noted.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_SCAN_SCAN_INNER_H
#define GOVERN_SCAN_SCAN_INNER_H

#include <stdbool.h>

#include "base/core/mem.h"
#include "base/core/span.h"
#include "govern/scan/scan.h"

#define SCAN_DEPTH_MAX       4 /* archives and pickles in each other */
#define SCAN_TEXT_BYTES_MAX  ((size_t)64 << 20)
#define SCAN_NAMES_BYTES_MAX ((size_t)64 << 20)

struct scan {
    struct arena names;
    struct scan_finding *findings;
    size_t count, cap;
    size_t file_first;      /* index of the first finding of the file that is looked at */
    uint64_t file_omitted;  /* of this file, past SCAN_FILE_FINDINGS_MAX */
    uint64_t omitted;       /* past SCAN_FINDINGS_MAX */
    enum scan_answer worst; /* of all, those that were left out included */
    bool failed;            /* memory was short: the scan is not whole */
};

/* A whole file, or bytes that lie in it. */
struct scan_part {
    const char *file; /* outlives the scan */
    const char
        *name; /* of the entry of an archive, the text in a JSON file ...; NULL: the file itself */
    const uint8_t *data;
    size_t len;
    uint64_t at; /* of data[0] in the file */
    bool
        elsewhere; /* the bytes are not the file's own, but decoded: all of them count as being at `at` */
    int depth; /* 0: the file */
};

/* Notes a finding; `at` is relative to the part. The same rule with the same quote and reason is noted once for a
 * file. Whether memory was short is seen at the end of the file. */
void scan_add(struct scan *s, const struct scan_part *p, enum scan_rule_id rule,
              enum scan_answer answer, size_t at, struct span quote, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

/* The part of the name behind the last '/'; of an archive's entry where it is one. */
const char *scan_part_name(const struct scan_part *p);
/* Whether it ends so; case does not count. */
bool scan_name_ends(const char *name, const char *end);
bool scan_begins(struct span text, const char *word);
/* Where the word, which is not empty, stands first; NULL. */
const char *scan_find(const char *text, size_t len, const char *word);
/* Whether an archive's entry would be written somewhere else than below the folder that it is unpacked to. */
bool scan_leaves_folder(struct span name);
/* The bytes with what cannot be seen written out; ends with "..." where it was cut. */
void scan_quote(char *out, size_t out_bytes, struct span bytes);
/* Whether nothing is to be seen where this code point stands: zero width, direction, tag, selector. */
bool scan_invisible(uint32_t code_point);

/* Everything that can be said of these bytes, by what they are and how they are called. */
void scan_look(struct scan *s, const struct scan_part *p);

/* Readers of one kind each. */
bool scan_pickle(struct scan *s, const struct scan_part *p, bool named_so); /* false: it is none */
/* A zip archive by the end of its directory; false: there is none. `begins_so`: its first bytes say so too. */
bool scan_zip(struct scan *s, const struct scan_part *p, bool begins_so);
void scan_tar(struct scan *s, const struct scan_part *p);

/* Why an import of Python's is dangerous: words, or NULL. */
const char *scan_import_danger(struct span module, struct span name);
/* A setting, under `key`, that names what other tools import and call: "os.system". */
void scan_call(struct scan *s, const struct scan_part *p, size_t at, const char *key,
               struct span dotted);
/* YAML: tags and keys that do so. */
void scan_yaml_calls(struct scan *s, const struct scan_part *p);

/* Where a text stands: read by people, or by a program or model. */
enum scan_place { PLACE_PROSE, PLACE_CODE };
/* Characters that nobody sees. `json`: \uXXXX counts as the character. */
void scan_text(struct scan *s, const struct scan_part *p, enum scan_place place, bool json);
/* A chat template in the language of Jinja. */
void scan_template(struct scan *s, const struct scan_part *p);
/* Settings, tokenizers, indexes: templates, remote code, hidden characters in them. */
void scan_json(struct scan *s, const struct scan_part *p);
void scan_gguf(struct scan *s, const struct scan_part *p);
void scan_numpy(struct scan *s, const struct scan_part *p);
void scan_hdf5(struct scan *s, const struct scan_part *p);
void scan_onnx(struct scan *s, const struct scan_part *p);

#endif
