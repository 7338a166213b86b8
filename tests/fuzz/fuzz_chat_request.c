/* Fuzzes requests: what is read, rendered and encoded by every door, or refused with words.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lm/chat/chat.h"
#include "lm/chat/conversation.h"
#include "lm/chat/encoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Forms that templates come in: arguments as objects and as texts, parts, thinking, developers. */
static const char *const TEMPLATES[] = {
    "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% for c in m.tool_calls "
    "or [] %}<call>{{ c.function.name }} {{ c.function.arguments|tojson }}{% endfor %}{% endfor %}"
    "{% if tools %}{{ tools|tojson(indent=2) }}{% endif %}{% if add_generation_prompt %}<|a|>"
    "{% if enable_thinking is false %}<think></think>{% endif %}{% endif %}",
    "{%- for m in messages -%}{%- if m.role == 'developer' -%}D{%- endif -%}{%- if m.content is "
    "string -%}{{ m.content|trim }}{%- else -%}{%- for p in m.content -%}{{ p.text }}{%- endfor "
    "-%}{%- endif -%}{%- if m.tool_calls -%}{%- for c in m.tool_calls -%}{{ "
    "c.function.arguments.items()|list }}{%- endfor -%}{%- endif -%}{{ m.reasoning_content }}"
    "{%- endfor -%}{%- for d in documents or [] -%}{{ d.title ~ d.text }}{%- endfor -%}",
    "{% for m in messages %}{% if m.tool_calls is defined %}{% for c in m.tool_calls %}{{ "
    "'x' + c['function']['arguments'] }}{% endfor %}{% else %}{{ m['content'] }}{% endif %}"
    "{% endfor %}{{ strftime_now('%Y-%m-%d') }}",
};
#define TEMPLATE_COUNT (sizeof TEMPLATES / sizeof *TEMPLATES)

static const struct tm NOON = { .tm_year = 126, .tm_mday = 1, .tm_wday = 4, .tm_hour = 12 };

static void check(const struct template_output *o)
{
    size_t end = 0;
    for (size_t i = 0; i < o->data_count; i++) {
        assert(o->data[i].begin < o->data[i].end && o->data[i].end <= o->text.len);
        assert(i == 0 || o->data[i].begin > end);
        end = o->data[i].end;
    }
}

static void render(const struct chat *c, const struct json *request, bool verbatim)
{
    struct chat_prompt_options options = { .verbatim = verbatim, .now = &NOON };
    struct chat_prompt a, b;
    struct error err = { .text = "" };
    if (chat_prompt(c, request, &options, &a, &err)) {
        assert(err.text[0]);
        return;
    }
    assert(chat_prompt(c, request, &options, &b, &err) == STATUS_OK);
    check(&a.rendered);
    assert(a.rendered.text.len == b.rendered.text.len);
    assert(!a.rendered.text.len ||
           memcmp(a.rendered.text.data, b.rendered.text.data, a.rendered.text.len) == 0);
    chat_prompt_release(&a);
    chat_prompt_release(&b);
}

static void check_conversation(const struct json *request)
{
    const struct conversation *c;
    struct error err = { .text = "" };
    enum status s = conversation_read(&c, request, &err);
    assert(s || c->message_count == json_length(json_get(request, "messages")));
    for (size_t i = 0; !s && i < c->message_count; i++)
        assert((c->messages[i].role == CHAT_TOOL) == (c->messages[i].answers != NULL));
    assert(!s || err.text[0]);
    if (!s) conversation_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct chat *chats[TEMPLATE_COUNT + 8];
    static size_t count;
    struct json_doc *doc;
    struct error err = { .text = "" };
    for (size_t i = 0; i < TEMPLATE_COUNT && !count; i++)
        if (chat_open_template(&chats[i], "fuzz", span_of(TEMPLATES[i]), &err)) __builtin_trap();
    for (size_t i = 0; i < encoder_count() && !count; i++)
        if (chat_open_native(&chats[TEMPLATE_COUNT + i], encoder_at(i)->name, NULL, &err))
            __builtin_trap();
    count = TEMPLATE_COUNT + encoder_count();
    if (json_parse(&doc, (const char *)data, size, CHAT_REQUEST_BYTES_MAX, "input", &err)) {
        assert(err.text[0]);
        return 0;
    }
    check_conversation(json_root(doc));
    for (size_t i = 0; i < count; i++) {
        render(chats[i], json_root(doc), false);
        render(chats[i], json_root(doc), true);
    }
    json_doc_free(doc);
    return 0;
}
