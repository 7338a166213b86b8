/* The insides of the parsers: what the machines for text, JSON calls and tagged calls share.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The parser keeps the bytes that nobody has used yet in one buffer and runs a step function over
 * them until it waits. A step does one of two things. It takes bytes one by one (content, reasoning,
 * arguments), or it *looks*: reads ahead without taking, left to right, and decides. A look that
 * comes to the end of what is there says "more" and is made again when more has come; at the end
 * of the text, and PARSE_HELD_BYTES_MAX bytes from where it began, nothing more can come and it
 * decides as it is. So every decision depends on the bytes alone, never on how they were cut:
 * that is why joined deltas are the same for every cutting. */
#ifndef LM_CHAT_PARSE_INNER_H
#define LM_CHAT_PARSE_INNER_H

#include "base/core/buf.h"
#include "lm/chat/parse.h"
#include "lm/chat/parse_json.h"

#define PARSE_PIECE_BYTES     ((size_t)4096)    /* input is taken, output is given in such pieces */
#define PARSE_NAME_BYTES_MAX  ((size_t)256)     /* of tools, parameters and ids */
#define PARSE_TAIL_BYTES_MAX  ((size_t)256)     /* of the tokens that end the turn */
#define PARSE_VALUE_BYTES_MAX ((size_t)1 << 20) /* of a tagged value held until its type is known */

enum step_result { STEP_ON, STEP_WAIT };
typedef enum step_result step_fn(struct chat_parser *p);

enum match { MATCH_NO, MATCH_MORE, MATCH_YES };

/* A look: how far it has read from the parser's place, and whether it ran out. */
struct look {
    const struct chat_parser *p;
    size_t at;
    bool more;   /* ran out: from here on every read fails */
    bool marked; /* a whole marker was read */
    bool deep;   /* and what can only begin a call: if it fails now, it is broken markup */
};

struct name_text {
    char text[PARSE_NAME_BYTES_MAX];
    size_t len;
};

/* The beginning of a call, up to its arguments. */
struct call_head {
    struct name_text name, id;
    enum { ARGUMENTS_HERE, ARGUMENTS_HELD, ARGUMENTS_NONE } arguments;
    struct byte_range held; /* ARGUMENTS_HELD: they stood before the name; offsets of the look */
};

/* How a format writes calls whose arguments are JSON. */
struct json_calls {
    /* The marker and the first head. */
    bool (*open)(struct look *l, struct call_head *ret);
    /* Between calls: the next head, or *closed with what ends the calls. */
    bool (*next)(struct look *l, struct call_head *ret, bool *closed);
    /* Behind the arguments, to the end of the call. */
    bool (*tail)(struct look *l, struct name_text *id);
};

/* How a format writes calls as tags. Text behind `call_open` up to `call_open_end` is the name. */
struct tag_grammar {
    const char *section_open;
    const char *section_close; /* NULL: a section is a call */
    bool bare;                 /* `call_open` may stand without its section */
    const char *call_open, *call_open_end, *call_close;
    const char *key_open, *key_close; /* around the parameter's name */
    const char *value_open;           /* behind key_close, white space between; "": at once */
    const char *value_close;
    /* Ends the tags of calls and parameters behind attributes; NULL: call_open_end and key_close do. */
    const char *tag_end;
    bool trim_newline; /* one newline at each end of the value belongs to the tags */
};

struct parse_format {
    const char *name, *summary;
    const char *const *aliases;           /* ends with NULL */
    const char *think_open, *think_close; /* NULL: the format has no reasoning */
    const char *const *ends;              /* tokens that end the turn; ends with NULL */
    const char *const *written;           /* what the templates of the format write: all of these */
    const char *const *closers;           /* markup to drop behind a call that broke */
    const char *const *drops; /* markup to drop wherever it stands in content; or NULL */
    const char *triggers;     /* first bytes of what `begin` knows, and of the closers */
    /* Content, outside of code, at one of the triggers: on a call's beginning takes it, sets the
     * step and says MATCH_YES. NULL: the format has no calls. */
    enum match (*begin)(struct chat_parser *p);
    step_fn *start;                                      /* NULL: the usual (parse_text.c) */
    enum prompt_open (*prompt_open)(struct span prompt); /* NULL: the usual (parse_prompt.c) */
    const struct json_calls *calls;
    const struct tag_grammar *tags;
};

struct chat_parser {
    const struct parse_format *format;
    enum prompt_open open;
    bool no_reasoning;
    const struct json *tools;
    chat_delta_fn *fn;
    void *ctx;

    /* in.data[at, visible) may be looked at; [visible, len) may yet be the turn's end token. */
    struct buf in;
    size_t passed; /* bytes that were in front of it */
    size_t at, visible;
    bool final;
    step_fn *step;
    enum status status; /* of fn, or of memory */
    struct error *err;  /* of the call that runs */

    struct buf out; /* one run of one kind, not yet given out */
    enum delta_kind out_kind;

    bool unparsed;
    int call_count;

    /* Text. */
    struct buf space; /* white space of content that may belong to markup */
    size_t newlines;  /* the same of reasoning */
    bool began;       /* reasoning or content has begun: newlines count */
    bool after_call;  /* no content since the last call */
    bool closers;     /* a call broke: what would have ended it is dropped */
    struct {
        size_t run, span, fence; /* backticks: running, around a span, around a block */
        size_t indent;
        bool line_start, run_at_start;
    } code;

    /* The arguments of the call that is open. */
    const struct json_calls *calls;
    struct json_scan scan;
    enum { READ_START, READ_RAW, READ_STRING, READ_STRING_END } reading;

    /* Tagged calls. */
    const struct tag_grammar *tags;
    struct name_text tool;
    struct buf value;
    unsigned value_types;
    size_t param_count;
    bool value_first; /* nothing of the value has been read */
    struct {
        bool begun, ended;
    } guess;
    enum { VALUE_STREAMED, VALUE_GUESSED, VALUE_HELD } value_kind;

    int message; /* harmony: what the message's body is */
    bool spoken; /* there has been content other than white space */
    bool thought;
};

/* ---- output (parse.c) ---- */

void parser_put(struct chat_parser *p, enum delta_kind kind, const char *bytes, size_t len);
void parser_put_text(struct chat_parser *p, enum delta_kind kind, const char *text);
void parser_call(struct chat_parser *p, struct span name, struct span id);
void parser_call_end(struct chat_parser *p, struct span id);
void parser_fail(struct chat_parser *p, enum status s);
/* Whether a call may begin: there are tools, and not too many calls yet. */
bool parser_armed(const struct chat_parser *p);

/* ---- input ---- */

static inline size_t parser_left(const struct chat_parser *p)
{
    return p->visible - p->at;
}
static inline const char *parser_bytes(const struct chat_parser *p)
{
    return p->in.data + p->at;
}

/* ---- looking (parse_look.c) ---- */

struct look look_from(const struct chat_parser *p);
/* The next byte without passing it; -1: none. */
int look_peek(struct look *l);
int look_byte(struct look *l);
bool look_literal(struct look *l, const char *text); /* moves only when it is there */
void look_space(struct look *l);
/* One character of a JSON string, its escape undone: bytes written to out (at most 4), 0: none. */
int look_character(struct look *l, char out[4]);
bool look_json_string(struct look *l, struct name_text *ret); /* from quote to quote */
bool look_json_value(struct look *l);
/* [A-Za-z0-9_.:/-]{1,256}, as long as it goes. */
bool look_name(struct look *l, struct name_text *ret);
/* Up to and with `end`, on one line, 1 to 256 bytes. */
bool look_until(struct look *l, const char *end, struct name_text *ret);
/* Whether a name may be that of a tool: of the usual characters, or one of the request's. */
bool look_is_tool(const struct look *l, const struct name_text *name);
/* {"name": .., "arguments": ..} up to the arguments, or whole when they came first or not at all. */
bool look_object_head(struct look *l, struct call_head *ret);
/* Such objects in a pair of markers, one or several, with the brackets and commas of a list or
 * without: struct json_calls' `open` and `next`. */
bool look_list_open(struct look *l, const char *marker, struct call_head *ret);
bool look_list_next(struct look *l, const char *closer, struct call_head *ret, bool *closed);
/* The rest of that object behind its arguments. */
bool look_object_tail(struct look *l, struct name_text *id);
enum match look_result(const struct look *l, bool found);

/* ---- text (parse_text.c) ---- */

step_fn text_start, text_reasoning, text_content;
void text_begin_reasoning(struct chat_parser *p);
void text_begin_content(struct chat_parser *p);
/* Content goes on behind calls; `clean`: they were closed as the format closes them. */
void text_resume(struct chat_parser *p, bool clean);
/* The call that is open broke: what follows is content. */
void text_break(struct chat_parser *p);

/* Markdown code: each byte of content is followed; a run of backticks ends at what comes next. */
void text_follow_code(struct chat_parser *p, char c);
void text_end_run(struct chat_parser *p, char next);
bool text_in_code(const struct chat_parser *p);

/* Offset behind the last `mark` in the text; 0: there is none. */
size_t parse_behind_last(struct span text, const char *mark);

/* ---- calls with JSON arguments (parse_calls.c) ---- */

enum match calls_begin(struct chat_parser *p);
enum match calls_begin_as(struct chat_parser *p, const struct json_calls *calls);

enum walk { WALK_MORE, WALK_DONE, WALK_BROKEN };
void arguments_begin(struct chat_parser *p);
/* Takes a JSON value and gives it out as arguments. */
enum walk arguments_walk(struct chat_parser *p);

/* ---- tagged calls (parse_tags.c, parse_schema.c) ---- */

enum match tags_begin(struct chat_parser *p);
enum match tags_begin_as(struct chat_parser *p, const struct tag_grammar *grammar);

#define TYPE_STRING  1u
#define TYPE_INTEGER 2u
#define TYPE_NUMBER  4u
#define TYPE_BOOLEAN 8u
#define TYPE_NULL    16u
#define TYPE_ARRAY   32u
#define TYPE_OBJECT  64u
#define TYPE_OTHERS  (127u & ~TYPE_STRING)
/* The types that the request's schema allows for a tool's parameter; 0: it does not say. */
unsigned schema_types(const struct json *tools, const struct name_text *tool,
                      const struct name_text *parameter);
const struct json *schema_tool(const struct json *tools, struct span name);
/* A value's text as JSON into `out`; false: it is a string. */
bool schema_value(unsigned types, struct span text, struct buf *out);

/* A list or dictionary as Python prints it, as JSON into `out`; false: it is none, out is empty. */
bool python_value(struct span text, struct buf *out);

/* Escaped for the inside of a JSON string; bytes that are not UTF-8 become U+FFFD. */
bool json_put_bytes(struct buf *out, const char *bytes, size_t len);
void parser_put_escaped(struct chat_parser *p, const char *bytes, size_t len);

#endif
