/* What a template does, found by rendering small conversations.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Searching a template's source would tell what it mentions; only rendering tells what comes out. */
#include <string.h>

#include "base/core/json_write.h"
#include "lm/chat/chat_inner.h"
#include "lm/chat/jinja_ast.h"

#define PROBE_BYTES_MAX ((size_t)1 << 16)
#define PROBE_STEPS_MAX ((size_t)400000) /* a real template takes some thousands */
#define PROBE_KEY       "probe_key"
#define PROBE_VALUE     "probe value"
#define PROBE_TOOL      "probe_tool"
#define PROBE_BOS       "<b>"

static const struct tm NOON = { .tm_year = 126, .tm_mday = 1, .tm_hour = 12, .tm_wday = 4 };

static const char *const THINKING[] = { "enable_thinking", "thinking" };
static const char *const EFFORT[] = { "reasoning_effort", "thinking_effort" };

struct probe {
    const struct template *template;
    struct json_doc *tokens; /* for those that the model does not name */
    struct template_variable variables[CHAT_TOKENS_MAX + 4];
    size_t variable_count;
    bool no_memory; /* what was found may be wrong */
};

/* Templates fail without tokens that they write; a template may come alone, without a model. */
static bool probe_begin(struct probe *p, const struct chat *c, const struct template *t)
{
    static const char tokens[] = "{\"bos_token\":\"" PROBE_BOS "\",\"eos_token\":\"<e>\","
                                 "\"pad_token\":\"<p>\",\"unk_token\":\"<u>\"}";
    *p = (struct probe){ .template = t };
    if (json_parse(&p->tokens, tokens, sizeof tokens - 1, sizeof tokens, "tokens", NULL))
        return false;
    const struct json *root = json_root(p->tokens);
    for (struct json_member m = json_first(root); m.value; m = json_next(root, m))
        p->variables[p->variable_count++] =
            (struct template_variable){ m.key.data, m.value, true, false };
    for (size_t i = 0; i < c->variable_count; i++)
        p->variables[p->variable_count++] = c->variables[i];
    return true;
}

/* Renders a request given as JSON text; false when it fails. */
static bool try_request(struct probe *p, const struct buf *text, struct template_output *ret)
{
    const struct chat_options how = { .tokens = p->variables,
                                      .token_count = p->variable_count,
                                      .steps_max = PROBE_STEPS_MAX,
                                      .now = &NOON };
    struct json_doc *doc = NULL;
    enum status s = text->failed
                        ? STATUS_NO_MEMORY
                        : json_parse(&doc, text->data, text->len, PROBE_BYTES_MAX, "a probe", NULL);
    if (!s) s = chat_render(p->template, json_root(doc), &how, ret, NULL);
    p->no_memory |= s == STATUS_NO_MEMORY;
    json_doc_free(doc);
    return s == STATUS_OK;
}

/* ---- a plain question ---- */

static bool ask(struct probe *p, const char *variable, const char *value, bool tools,
                struct template_output *ret)
{
    struct buf text = BUF_INIT(PROBE_BYTES_MAX);
    buf_text(&text, "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],"
                    "\"add_generation_prompt\":true");
    if (variable) buf_format(&text, ",\"chat_template_kwargs\":{\"%s\":%s}", variable, value);
    if (tools)
        buf_text(&text, ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"" PROBE_TOOL
                        "\",\"description\":\"d\",\"parameters\":{\"type\":\"object\","
                        "\"properties\":{\"x\":{\"type\":\"string\",\"description\":\"e\"}},"
                        "\"required\":[\"x\"]}}}]");
    buf_byte(&text, '}');
    bool ok = try_request(p, &text, ret);
    buf_release(&text);
    return ok;
}

static bool holds(const struct template_output *o, const char *words)
{
    size_t len = strlen(words);
    for (size_t i = 0; len <= o->text.len && i <= o->text.len - len; i++)
        if (memcmp(o->text.data + i, words, len) == 0) return true;
    return false;
}

/* Whether two values of a variable make different prompts. */
static bool matters(struct probe *p, const char *variable, const char *one, const char *other)
{
    struct template_output a = { 0 }, b = { 0 };
    bool differs = ask(p, variable, one, false, &a) && ask(p, variable, other, false, &b) &&
                   (a.text.len != b.text.len ||
                    (a.text.len && memcmp(a.text.data, b.text.data, a.text.len) != 0));
    template_output_release(&a);
    template_output_release(&b);
    return differs;
}

static bool shows_tools(struct probe *p)
{
    struct template_output o = { 0 };
    bool shows = ask(p, NULL, NULL, true, &o) && holds(&o, PROBE_TOOL);
    template_output_release(&o);
    return shows;
}

static bool writes_bos(struct probe *p)
{
    struct template_output o = { 0 };
    struct span bos = { NULL, 0 };
    for (size_t i = 0; i < p->variable_count; i++)
        if (strcmp(p->variables[i].name, "bos_token") == 0)
            bos = json_string(p->variables[i].value);
    bool writes = bos.len && ask(p, NULL, NULL, false, &o) && o.text.len >= bos.len &&
                  memcmp(o.text.data, bos.data, bos.len) == 0;
    template_output_release(&o);
    return writes;
}

/* Whether content in parts comes out as the text it is. */
static bool takes_parts(struct probe *p)
{
    static const char request[] =
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"" PROBE_VALUE
        "\"}]}],\"add_generation_prompt\":true}";
    struct template_output o = { 0 };
    struct buf text = BUF_INIT(PROBE_BYTES_MAX);
    buf_text(&text, request);
    bool takes = try_request(p, &text, &o) && holds(&o, PROBE_VALUE) && !holds(&o, "'text'") &&
                 !holds(&o, "\"text\"");
    template_output_release(&o);
    buf_release(&text);
    return takes;
}

/* As a text of its own: 'developer'. */
static bool knows_developer(const struct template *t)
{
    static const char word[] = "developer";
    size_t len = sizeof word - 1;
    for (size_t i = 1; i + len < t->source.len; i++) {
        char before = t->source.data[i - 1];
        if ((before == '"' || before == '\'') && t->source.data[i + len] == before &&
            memcmp(t->source.data + i, word, len) == 0)
            return true;
    }
    return false;
}

/* ---- tool arguments ---- */

/* What becomes of arguments in one form. */
enum outcome {
    LOST,    /* the template fails, or does not print them */
    MANGLED, /* printed as Python prints a dict, or as JSON inside JSON */
    GOOD,
};

static enum outcome judge(const struct template_output *o)
{
    if (!holds(o, PROBE_KEY) || !holds(o, PROBE_VALUE)) return LOST;
    if (holds(o, "'" PROBE_KEY "'") || holds(o, "\\\"" PROBE_KEY) || holds(o, "\"{\"" PROBE_KEY))
        return MANGLED;
    return GOOD;
}

/* A call and its result; some templates want no content beside a call, some want one, and some
 * look at the length of ids. */
static enum outcome try_call(struct probe *p, const char *arguments, const char *content)
{
    struct template_output o = { 0 };
    struct buf text = BUF_INIT(PROBE_BYTES_MAX);
    buf_format(&text,
               "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\","
               "\"content\":%s,\"tool_calls\":[{\"id\":\"abcdefgh1\",\"type\":\"function\","
               "\"function\":{\"name\":\"" PROBE_TOOL "\",\"arguments\":%s}}]},"
               "{\"role\":\"tool\",\"tool_call_id\":\"abcdefgh1\",\"name\":\"" PROBE_TOOL
               "\",\"content\":\"done\"}],\"tools\":[{\"type\":\"function\",\"function\":{"
               "\"name\":\"" PROBE_TOOL "\",\"description\":\"d\",\"parameters\":{\"type\":"
               "\"object\",\"properties\":{}}}}],\"add_generation_prompt\":true}",
               content, arguments);
    enum outcome found = try_request(p, &text, &o) ? judge(&o) : LOST;
    template_output_release(&o);
    buf_release(&text);
    return found;
}

static enum chat_arguments arguments_of(struct probe *p)
{
    static const char *const contents[] = { "\"\"", "null", "\"Wait\"" };
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        enum outcome object = try_call(p, "{\"" PROBE_KEY "\":\"" PROBE_VALUE "\"}", contents[i]),
                     string = try_call(p, "\"{\\\"" PROBE_KEY "\\\": \\\"" PROBE_VALUE "\\\"}\"",
                                       contents[i]);
        if (object == GOOD && string == GOOD) return CHAT_ARGUMENTS_AS_GIVEN;
        if (object == GOOD || (object == MANGLED && string == LOST)) return CHAT_ARGUMENTS_OBJECT;
        if (string != LOST) return CHAT_ARGUMENTS_TEXT;
    }
    return CHAT_ARGUMENTS_AS_GIVEN;
}

/* ---- the door ---- */

enum status chat_digest(struct chat_form *form, struct span text, struct error *err)
{
    uint8_t digest[SHA256_BYTES];
    enum status s = sha256_of(text.data, text.len, digest, err);
    if (!s) sha256_hex(digest, form->facts.sha256);
    return s;
}

enum status chat_probe(const struct chat *c, struct chat_form *form, struct error *err)
{
    const struct template *t = form->template;
    struct chat_facts *f = &form->facts;
    struct probe p;
    if (!probe_begin(&p, c, t)) return error_set(err, STATUS_NO_MEMORY, "out of memory for a chat");
    for (size_t i = 0; i < sizeof THINKING / sizeof *THINKING && !f->thinking; i++)
        if (template_mentions(t, THINKING[i]) && matters(&p, THINKING[i], "true", "false"))
            f->thinking = THINKING[i];
    for (size_t i = 0; i < sizeof EFFORT / sizeof *EFFORT && !f->effort; i++)
        if (template_mentions(t, EFFORT[i]) && matters(&p, EFFORT[i], "\"low\"", "\"high\""))
            f->effort = EFFORT[i];
    f->tools = shows_tools(&p);
    f->writes_bos = writes_bos(&p);
    f->parts = takes_parts(&p);
    f->developer = knows_developer(t);
    f->arguments = arguments_of(&p);
    json_doc_free(p.tokens);
    if (p.no_memory) return error_set(err, STATUS_NO_MEMORY, "out of memory for a chat");
    return STATUS_OK;
}
