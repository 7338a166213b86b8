/* Strings with an origin per byte: building, cutting, searching.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Positions are byte offsets on code point boundaries unless a name says `chars`. A writer keeps
 * no origins while all it was given is of one origin. */
#ifndef LM_CHAT_JINJA_TEXT_H
#define LM_CHAT_JINJA_TEXT_H

#include "lm/chat/jinja_value.h"

struct writer {
    struct render *r;
    char *data;
    uint8_t *origin; /* NULL while everything is as `from_data` says */
    size_t len, cap;
    size_t len_max; /* 0: TEMPLATE_OUTPUT_BYTES_MAX */
    bool from_data;
};

/* Each returns false after a fault. */
bool writer_put(struct writer *w, const char *data, size_t len, bool from_data);
bool writer_put_literal(struct writer *w, const char *text, bool from_data);
bool writer_put_text(struct writer *w, const struct text *t);
bool writer_put_part(struct writer *w, const struct text *t, size_t begin, size_t end);
bool writer_put_value(struct writer *w, struct value v); /* as str(v) */
bool writer_text(struct writer *w, const struct text **ret);
bool writer_value(struct writer *w, struct value *ret);

bool text_new(struct render *r, const char *data, size_t len, bool from_data,
              const struct text **ret);
bool text_part(struct render *r, const struct text *t, size_t begin, size_t end,
               const struct text **ret);
bool text_join(struct render *r, const struct text *a, const struct text *b,
               const struct text **ret);
bool text_escape(struct render *r, const struct text *t, const struct text **ret); /* for HTML */
bool text_mark(struct render *r, const struct text *t, const struct text **ret);   /* as markup */
bool text_has_data(const struct text *t);
bool text_equals(const struct text *a, const struct text *b);
int text_compare(const struct text *a, const struct text *b);

struct value value_of_text(const struct text *t);
bool value_of_bytes(struct render *r, const char *data, size_t len, bool from_data,
                    struct value *ret);

#define TEXT_NOT_FOUND ((size_t)-1)
/* First or last place of `needle` that lies in [begin, end); an empty needle is found at once. */
size_t text_find(struct render *r, const struct text *t, struct span needle, size_t begin,
                 size_t end);
size_t text_find_last(struct render *r, const struct text *t, struct span needle, size_t begin,
                      size_t end);

size_t text_chars(const struct text *t);
size_t text_offset(const struct text *t, size_t chars); /* of the char-th code point, or len */
size_t text_next(const struct text *t, size_t at);      /* the boundary after `at` < len */
size_t text_prior(const struct text *t, size_t at);     /* the boundary before `at` > 0 */

/* Unicode as Python sees it. */
bool char_is_space(uint32_t c);
bool char_is_line_end(uint32_t c);
bool char_is_alpha(uint32_t c);
bool char_is_decimal(uint32_t c);
bool char_is_digit(uint32_t c);
bool char_is_upper(uint32_t c);
bool char_is_lower(uint32_t c);
bool char_is_cased(uint32_t c);
bool char_is_word(uint32_t c); /* \w */

enum text_case { CASE_UPPER, CASE_LOWER, CASE_CAPITALIZE, CASE_TITLE, CASE_WORDS, CASE_SWAP };
bool text_change_case(struct render *r, const struct text *t, enum text_case how,
                      const struct text **ret);

/* Cuts code points of `set` (NULL: white space) off the ends. */
bool text_strip(struct render *r, const struct text *t, const struct text *set, bool left,
                bool right, const struct text **ret);
/* count_max < 0: all. */
bool text_replace(struct render *r, const struct text *t, const struct text *from,
                  const struct text *to, int64_t count_max, const struct text **ret);
bool text_split(struct render *r, const struct text *t, const struct text *separator,
                int64_t count_max, bool from_right, struct value *ret);
bool text_split_lines(struct render *r, const struct text *t, bool keep_ends, struct value *ret);
/* Python's `format % arguments`. */
bool text_percent(struct render *r, const struct text *format, struct value arguments,
                  const struct text **ret);

/* repr() of a float; returns the length. */
#define REAL_TEXT_BYTES 40
size_t real_text(double d, char out[REAL_TEXT_BYTES]);

#endif
