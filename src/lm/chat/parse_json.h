/* JSON walked byte by byte: whether what came so far can still become one JSON value.
 * SPDX-License-Identifier: Apache-2.0
 *
 * RFC 8259 by its grammar, strings in valid UTF-8, no tree and no memory. White space before the
 * value is the caller's business; behind it nothing is read. Duplicate keys and lone surrogate
 * escapes pass. */
#ifndef LM_CHAT_PARSE_JSON_H
#define LM_CHAT_PARSE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARSE_JSON_DEPTH_MAX 512

struct json_scan {
    uint8_t state;
    uint8_t pending;            /* hex digits or continuation bytes still to come */
    uint8_t next_min, next_max; /* range of the next continuation byte */
    uint16_t depth;
    bool in_key;
    const char *literal;                         /* the rest of true, false or null */
    uint64_t objects[PARSE_JSON_DEPTH_MAX / 64]; /* one bit a level: object or array */
};

enum json_scan_result {
    JSON_SCAN_MORE,   /* fine so far */
    JSON_SCAN_END,    /* this byte was the value's last */
    JSON_SCAN_BEFORE, /* the value, a number, ended before this byte */
    JSON_SCAN_BAD,    /* not JSON */
};

void json_scan_init(struct json_scan *s);
/* Not to be called again after anything but JSON_SCAN_MORE. */
enum json_scan_result json_scan_byte(struct json_scan *s, unsigned char c);
/* Whether the value is whole when nothing follows: only numbers can be. */
bool json_scan_complete(const struct json_scan *s);

/* The type of a whole text that is one JSON value with white space around: '{', '[', '"', 't', 'f',
 * 'n', '0' for an integer, '.' for another number; 0: it is not JSON. */
char json_scan_text(const char *text, size_t len);

#endif
