/* Calls written as tags, one for each parameter: an object is built from them as they come.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A value ends at its end tag and nowhere else. Where it can only be a string it is given out as it
 * comes; otherwise it is held until it is known whether it is JSON of a type that the schema
 * allows, and given out as a string when it is not. */
#include <string.h>

#include "base/core/utf8.h"
#include "lm/chat/parse_inner.h"

static step_fn step_parameters, step_value, step_section;

static struct span text_of(const struct name_text *name)
{
    return (struct span){ name->text, name->len };
}

/* ---- a call's beginning ---- */

/* Behind a name that no tag encloses there has to be a tag. */
static bool look_bare_end(struct look *l, const struct tag_grammar *g)
{
    struct look end = *l, key;
    look_space(&end);
    key = end;
    bool found = look_literal(&end, g->call_close) || look_literal(&key, g->key_open);
    l->more = end.more || key.more;
    return found;
}

/* A name that ends where a line or a tag begins. */
static bool look_bare_name(struct look *l, struct name_text *name)
{
    name->len = 0;
    for (int c = look_peek(l); c > ' ' && c != '<'; c = look_peek(l)) {
        if (name->len == sizeof name->text) return false;
        name->text[name->len++] = (char)look_byte(l);
    }
    return look_is_tool(l, name);
}

/* The rest of a tag behind its name. */
static bool look_attributes(struct look *l, const struct tag_grammar *g, struct name_text *ret)
{
    ret->len = 0;
    return !g->tag_end || look_literal(l, g->tag_end) || look_until(l, g->tag_end, ret);
}

static bool look_call(struct look *l, const struct tag_grammar *g, struct name_text *name)
{
    struct name_text attributes;
    if (!look_literal(l, g->call_open)) return false;
    if (!*g->call_open_end) return look_bare_name(l, name) && look_bare_end(l, g);
    l->marked = l->deep = true;
    return look_until(l, g->call_open_end, name) && look_attributes(l, g, &attributes) &&
           look_is_tool(l, name);
}

static bool look_open(struct look *l, const struct tag_grammar *g, struct name_text *name)
{
    struct look section = *l;
    if (look_literal(&section, g->section_open)) {
        section.marked = true;
        if (*g->call_open) look_space(&section);
        bool found = look_call(&section, g, name);
        *l = section;
        return found;
    }
    l->more = section.more;
    return g->bare && look_call(l, g, name) && look_bare_end(l, g);
}

static void begin_call(struct chat_parser *p, const struct look *l, const struct name_text *name)
{
    p->tool = *name;
    p->param_count = 0;
    p->at += l->at;
    p->step = step_parameters;
    parser_call(p, text_of(name), (struct span){ "", 0 });
}

enum match tags_begin_as(struct chat_parser *p, const struct tag_grammar *grammar)
{
    struct look l = look_from(p);
    struct name_text name;
    enum match m = look_result(&l, look_open(&l, grammar, &name));
    if (m == MATCH_NO && (l.deep || (l.marked && l.at == parser_left(p)))) p->unparsed = true;
    if (m != MATCH_YES) return m;
    p->tags = grammar;
    begin_call(p, &l, &name);
    return m;
}

enum match tags_begin(struct chat_parser *p)
{
    return tags_begin_as(p, p->format->tags);
}

/* ---- parameters ---- */

static void put_key(struct chat_parser *p, const struct name_text *key)
{
    parser_put_text(p, DELTA_ARGUMENTS, p->param_count++ ? ", \"" : "{\"");
    parser_put_escaped(p, key->text, key->len);
    parser_put_text(p, DELTA_ARGUMENTS, "\": ");
}

static void begin_value(struct chat_parser *p, unsigned types)
{
    p->value_types = types;
    p->value_kind = types == TYPE_STRING ? VALUE_STREAMED : types ? VALUE_HELD : VALUE_GUESSED;
    p->value_first = true;
    p->guess.begun = p->guess.ended = false;
    buf_clear(&p->value);
    if (p->value_kind == VALUE_STREAMED) parser_put_text(p, DELTA_ARGUMENTS, "\"");
    json_scan_init(&p->scan);
    p->step = step_value;
}

/* What attributes say of a value's type: string="true", type="integer". */
static unsigned attribute_types(const struct name_text *attributes)
{
    static const struct {
        const char *text;
        unsigned types;
    } known[] = {
        { "string=\"true\"", TYPE_STRING },  { "string=\"false\"", TYPE_OTHERS },
        { "type=\"string\"", TYPE_STRING },  { "type=\"number\"", TYPE_OTHERS },
        { "type=\"integer\"", TYPE_OTHERS }, { "type=\"boolean\"", TYPE_OTHERS },
        { "type=\"object\"", TYPE_OTHERS },  { "type=\"array\"", TYPE_OTHERS },
        { "type=\"null\"", TYPE_OTHERS },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t len = strlen(known[i].text);
        for (size_t at = 0; at + len <= attributes->len; at++)
            if (memcmp(attributes->text + at, known[i].text, len) == 0) return known[i].types;
    }
    return 0;
}

/* The opening of a value; *ret_types is what its tag says of its type. */
static bool look_key_tag(struct look *l, const struct tag_grammar *g, struct name_text *key,
                         unsigned *ret_types)
{
    struct name_text attributes;
    if (!look_literal(l, g->key_open) || !look_until(l, g->key_close, key)) return false;
    if (*g->value_open) look_space(l);
    if (!look_literal(l, g->value_open)) return false;
    if (!look_attributes(l, g, &attributes)) return false;
    *ret_types = attribute_types(&attributes);
    return true;
}

static bool look_call_end(struct look *l, const struct tag_grammar *g, bool *slip)
{
    if (look_literal(l, g->call_close)) return true;
    if (!g->section_close) return false;
    struct look section = *l;
    *slip = look_literal(&section, g->section_close);
    l->more = l->more || section.more;
    return *slip;
}

static enum step_result end_call(struct chat_parser *p, const struct look *l, bool slip)
{
    /* An end tag that is missing leaves the section's own to be read again. */
    if (!slip) p->at += l->at;
    parser_put_text(p, DELTA_ARGUMENTS, p->param_count ? "}" : "{}");
    parser_call_end(p, (struct span){ "", 0 });
    p->step = step_section;
    return STEP_ON;
}

static enum step_result step_parameters(struct chat_parser *p)
{
    const struct tag_grammar *g = p->tags;
    struct look tag = look_from(p), end;
    struct name_text key;
    unsigned types = 0;
    bool slip = false;
    look_space(&tag);
    end = tag;
    bool found = look_key_tag(&tag, g, &key, &types);
    bool ends = look_call_end(&end, g, &slip);
    if (tag.more || end.more) return STEP_WAIT;
    if (ends) return end_call(p, &end, slip);
    if (!found) {
        text_break(p);
        return STEP_ON;
    }
    p->at += tag.at;
    put_key(p, &key);
    begin_value(p, types ? types : schema_types(p->tools, &p->tool, &key));
    return STEP_ON;
}

/* ---- a value ---- */

/* What was held turns out to be a string. */
static void stream_value(struct chat_parser *p)
{
    p->value_kind = VALUE_STREAMED;
    parser_put_text(p, DELTA_ARGUMENTS, "\"");
    parser_put_escaped(p, p->value.data ? p->value.data : "", p->value.len);
    buf_clear(&p->value);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Of a value that no schema describes: whether with this byte it can still be JSON. */
static bool may_be_json(struct chat_parser *p, char c)
{
    if (is_space(c) && (!p->guess.begun || p->guess.ended)) return true;
    if (p->guess.ended || (!p->guess.begun && c == '"')) return false;
    p->guess.begun = true;
    enum json_scan_result r = json_scan_byte(&p->scan, (unsigned char)c);
    p->guess.ended = r != JSON_SCAN_MORE;
    return r == JSON_SCAN_MORE || r == JSON_SCAN_END || (r == JSON_SCAN_BEFORE && is_space(c));
}

/* One character of the value. */
static void put_value(struct chat_parser *p, const char *bytes, size_t len)
{
    bool json = p->value_kind != VALUE_STREAMED && p->value.len + len <= PARSE_VALUE_BYTES_MAX;
    for (size_t i = 0; i < len && p->value_kind == VALUE_GUESSED; i++)
        json = json && may_be_json(p, bytes[i]);
    if (!json && p->value_kind != VALUE_STREAMED) stream_value(p);
    if (!json) parser_put_escaped(p, bytes, len);
    else if (!buf_append(&p->value, bytes, len))
        parser_fail(p, buf_check(&p->value, "a parameter of a tool call", p->err));
}

static void end_value(struct chat_parser *p)
{
    struct buf json = BUF_INIT(PARSE_VALUE_BYTES_MAX + 64);
    struct span held = { p->value.data ? p->value.data : "", p->value.len };
    if (p->value_kind != VALUE_STREAMED && schema_value(p->value_types, held, &json)) {
        parser_put(p, DELTA_ARGUMENTS, json.data, json.len);
    } else {
        if (p->value_kind != VALUE_STREAMED) stream_value(p);
        parser_put_text(p, DELTA_ARGUMENTS, "\"");
    }
    if (json.failed) parser_fail(p, buf_check(&json, "a parameter of a tool call", p->err));
    buf_release(&json);
    p->step = step_parameters;
}

static enum match value_end(struct chat_parser *p)
{
    const struct tag_grammar *g = p->tags;
    char c = *parser_bytes(p);
    struct look l = look_from(p);
    if (c != *g->value_close && !(c == '\n' && g->trim_newline)) return MATCH_NO;
    if (c == '\n') l.at++;
    enum match m = look_result(&l, look_literal(&l, g->value_close));
    if (m == MATCH_YES) p->at += l.at;
    return m;
}

/* The text ended inside a value: what was held is given out as it is. */
static enum step_result cut_value(struct chat_parser *p)
{
    parser_put(p, DELTA_ARGUMENTS, p->value.data ? p->value.data : "", p->value.len);
    buf_clear(&p->value);
    p->unparsed = true;
    return STEP_WAIT;
}

/* Bytes of the character that begins here, valid or not; 0: not all of it is there. */
static size_t character_bytes(const struct chat_parser *p)
{
    uint32_t code;
    size_t left = parser_left(p);
    int n = utf8_decode(parser_bytes(p), left, &code);
    if (n) return (size_t)n;
    return !p->final && utf8_incomplete_tail(parser_bytes(p), left) == left ? 0 : 1;
}

static enum step_result step_value(struct chat_parser *p)
{
    if (parser_left(p) && p->value_first) {
        p->value_first = false;
        if (p->tags->trim_newline && *parser_bytes(p) == '\n') p->at++;
    }
    while (parser_left(p) && !p->status) {
        enum match m = value_end(p);
        if (m == MATCH_MORE) return STEP_WAIT;
        if (m == MATCH_YES) {
            end_value(p);
            return STEP_ON;
        }
        size_t n = character_bytes(p);
        if (!n) return STEP_WAIT;
        put_value(p, parser_bytes(p), n);
        p->at += n;
    }
    return p->final ? cut_value(p) : STEP_WAIT;
}

/* ---- between calls ---- */

static enum step_result step_section(struct chat_parser *p)
{
    const struct tag_grammar *g = p->tags;
    struct look call = look_from(p), close;
    struct name_text name;
    if (!g->section_close) {
        text_resume(p, true);
        return STEP_ON;
    }
    look_space(&call);
    close = call;
    bool closed = look_literal(&close, g->section_close);
    bool again = parser_armed(p) && look_call(&call, g, &name);
    if (call.more || close.more) return STEP_WAIT;
    if (again) {
        begin_call(p, &call, &name);
        return STEP_ON;
    }
    if (closed) p->at += close.at;
    text_resume(p, closed);
    return STEP_ON;
}
