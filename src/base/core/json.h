/* Reading JSON from outside: a facade over jansson with limits.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Duplicate keys, keys with \u0000 inside, trailing bytes, invalid UTF-8, NaN,
 * integers past 2^63-1 and nesting past JSON_DEPTH_MAX are refused with line and
 * column. Values are borrowed from the document and live as long as it does.
 * Object order is the file's.
 * A document is immutable: any number of threads may read it. */
#ifndef BASE_CORE_JSON_H
#define BASE_CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/span.h"
#include "base/core/status.h"

#define JSON_DEPTH_MAX 64

struct json_doc;
struct json; /* a value inside a document */

enum json_type { JSON_NULL, JSON_BOOL, JSON_INT, JSON_REAL, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* `what` names the text in messages ("config.json"). The text may be freed afterwards. */
enum status json_parse(struct json_doc **ret, const char *text, size_t len, size_t bytes_max,
                       const char *what, struct error *err);
void json_doc_free(struct json_doc *doc);
const struct json *json_root(const struct json_doc *doc);

/* A NULL value has type JSON_NULL, no members and no length: lookups chain safely. */
enum json_type json_type(const struct json *v);
bool json_bool(const struct json *v, bool fallback);
int64_t json_int(const struct json *v, int64_t fallback);  /* JSON_INT, or a REAL that is whole */
double json_number(const struct json *v, double fallback); /* JSON_INT or JSON_REAL */
/* {NULL,0} unless JSON_STRING; terminated, may hold \0 */
struct span json_string(const struct json *v);
const char *json_text(const struct json *v); /* NULL unless a string without \0 inside */

size_t json_length(const struct json *v); /* of an array or object */
const struct json *json_at(const struct json *array, size_t i);
const struct json *json_get(const struct json *object, const char *key);
/* Dotted path: "text_config.rope_scaling.factor". */
const struct json *json_path(const struct json *object, const char *path);

/* for (struct json_member m = json_first(o); m.value; m = json_next(o, m)) */
struct json_member {
    struct span key;
    const struct json *value; /* NULL at the end */
    void *cursor;
};
struct json_member json_first(const struct json *object);
struct json_member json_next(const struct json *object, struct json_member m);

#endif
