/* Tokens of a template.
 * SPDX-License-Identifier: Apache-2.0
 *
 * White space control happens here: what trim_blocks, lstrip_blocks and the signs `-` and `+` take
 * away never becomes a token. */
#ifndef LM_CHAT_JINJA_LEX_H
#define LM_CHAT_JINJA_LEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/core/mem.h"
#include "base/core/span.h"
#include "base/core/status.h"

enum token_type {
    TOKEN_END,
    TOKEN_DATA,
    TOKEN_VARIABLE_BEGIN,
    TOKEN_VARIABLE_END,
    TOKEN_BLOCK_BEGIN,
    TOKEN_BLOCK_END,
    TOKEN_NAME,
    TOKEN_STRING,
    TOKEN_INT,
    TOKEN_FLOAT,
    TOKEN_SIGN, /* an operator or bracket; text says which */
};

struct token {
    enum token_type type;
    uint32_t line, column; /* from 1; the column counts bytes */
    struct span text;      /* TOKEN_STRING: with escapes undone */
    int64_t integer;
    double real;
};

struct token_stream {
    struct token *items; /* the last is TOKEN_END */
    size_t count, cap;
};

/* `source` has no '\r' and is valid UTF-8; it and `arena` must outlive the tokens. */
enum status jinja_lex(struct arena *arena, const char *name, struct span source,
                      struct token_stream *ret, struct error *err);

#endif
