/* Fault sweep of the chat room: the n-th allocation fails; what follows is an error, or right.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The leaks are the sanitizer's to find. Only builds with checks can make an allocation fail. */
#include "support/fixture.h"

#include <string.h>

#include "base/core/mem.h"
#include "lm/chat/chat.h"

#ifdef HEARTH_CHECKS

#define SWEEP_MAX 200000

static const char TEMPLATE[] =
    "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content or '' }}{% for c in "
    "m.tool_calls or [] %}{% for k, v in c.function.arguments.items() %}{{ k }}={{ v|tojson }};"
    "{% endfor %}{% endfor %}{% endfor %}{{ tools|tojson if tools }}"
    "{% if enable_thinking is false %}<think></think>{% endif %}";

static const char REQUEST[] =
    "{\"messages\":[{\"role\":\"developer\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
    "{\"type\":\"text\",\"text\":\"b\"}]},{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":"
    "\"assistant\",\"content\":null,\"reasoning\":\"r\",\"tool_calls\":[{\"id\":\"1\",\"function\":"
    "{\"name\":\"f\",\"arguments\":\"{\\\"k\\\": [1, \\\"v\\\"]}\"}}]},{\"role\":\"tool\","
    "\"tool_call_id\":\"1\",\"content\":\"t\"}],\"tools\":[{\"type\":\"function\",\"function\":"
    "{\"name\":\"f\"}}],\"add_generation_prompt\":true}";

/* A template, or the name of an encoder; the prompt goes to `out`. */
static enum status attempt(const char *what, const struct json *request, struct buf *out,
                           struct error *err)
{
    struct chat *c = NULL;
    struct chat_prompt p = { 0 };
    bool is_template = strchr(what, '{') != NULL;
    enum status s = is_template ? chat_open_template(&c, "fault", span_of(what), err)
                                : chat_open_native(&c, what, NULL, err);
    if (!s) s = chat_prompt(c, request, NULL, &p, err);
    buf_clear(out);
    if (!s) buf_append(out, p.rendered.text.data, p.rendered.text.len);
    chat_prompt_release(&p);
    chat_free(c);
    return s;
}

static void sweep(const char *what)
{
    struct error err;
    struct json_doc *doc;
    struct buf right = BUF_INIT(65536), got = BUF_INIT(65536);
    long n = 1, refused = 0;
    if (json_parse(&doc, REQUEST, sizeof REQUEST - 1, sizeof REQUEST, "request", &err) ||
        attempt(what, json_root(doc), &right, &err))
        fail_msg("%s: %s", what, err.text);
    assert_true(buf_reserve(&got, right.len + 1));
    for (; n < SWEEP_MAX; n = n < 400 ? n + 1 : n + n / 32) {
        err = (struct error){ .text = "" };
        mem_fail_nth(n);
        enum status s = attempt(what, json_root(doc), &got, &err);
        bool fired = mem_fault_fired();
        mem_fail_nth(0);
        if (s && (!fired || s != STATUS_NO_MEMORY || !err.text[0]))
            fail_msg("%s: allocation %ld failed: %s \"%s\"", what, n, status_name(s), err.text);
        if (!s) assert_string_equal(got.data, right.data);
        refused += s != STATUS_OK;
        if (!fired) break;
    }
    assert_true(refused > 5 && n < SWEEP_MAX);
    json_doc_free(doc);
    buf_release(&right);
    buf_release(&got);
}

static void templates(void **state)
{
    sweep(TEMPLATE);
}

static void encoders(void **state)
{
    sweep("harmony");
    sweep("deepseek-v3.2");
    sweep("deepseek-v4");
}

#else

static void templates(void **state)
{
    fixture_skip(__FILE__, __LINE__, "a build with -Dchecks=true");
}

static void encoders(void **state)
{
    fixture_skip(__FILE__, __LINE__, "a build with -Dchecks=true");
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(templates), cmocka_unit_test(encoders) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
