/* Conversations: what clients send is read, what means nothing is refused with its place.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "support/fixture.h"
#include "lm/chat/chat_request.h"
#include "lm/chat/conversation.h"

#define USER    "{\"role\":\"user\",\"content\":\"Hi\"}"
#define CALL(n) "{\"id\":\"" n "\",\"type\":\"function\",\"function\":{\"name\":\"f" n "\"}}"
#define CALLS   USER ",{\"role\":\"assistant\",\"tool_calls\":[" CALL("a") "," CALL("b") "]}"
#define ASKS(m) "{\"messages\":[" m "]}"
#define TOOL(f) "{\"messages\":[" USER "],\"tools\":[{\"type\":\"function\",\"function\":" f "}]}"

#define N32  "abcdefghijklmnopqrstuvwxyz_-0123"
#define N128 N32 N32 N32 N32 /* the longest name of a tool that any API takes */

/* What clients send, and what is read of it; want: "role[+calls][=answered name]:text|reasoning". */
static const struct {
    const char *request, *want;
} READ[] = {
    { ASKS(USER), "2:Hi" },
    { ASKS("{\"role\":\"developer\",\"content\":\"D\",\"future\":{\"x\":1}}," USER), "1:D 2:Hi" },
    { ASKS("{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"text\":\"b\"},"
           "\"c\"]}"),
      "0:a\nb\nc" },
    { ASKS("{\"role\":\"user\",\"content\":[]}"), "2:" },
    { ASKS("{\"role\":\"user\",\"content\":\"\"}"), "2:" },
    { ASKS(USER ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" CALL("a") "]}"),
      "2:Hi 3+1:" },
    { ASKS(USER ",{\"role\":\"assistant\",\"content\":\"x\",\"tool_calls\":null}"), "2:Hi 3:x" },
    { ASKS(USER
           ",{\"role\":\"assistant\",\"content\":\"x\",\"tool_calls\":[],\"reasoning\":\"r\"}"),
      "2:Hi 3:x|r" },
    { ASKS(USER ",{\"role\":\"assistant\",\"reasoning_content\":\"r\"}"), "2:Hi 3:|r" },
    { ASKS(USER ",{\"role\":\"assistant\",\"content\":\"x\",\"thinking\":\"t\",\"reasoning\":"
                "\"r\"}"),
      "2:Hi 3:x|t" },
    { ASKS(CALLS ",{\"role\":\"tool\",\"tool_call_id\":\"b\",\"content\":\"2\"},"
                 "{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"1\"}"),
      "2:Hi 3+2: 4=fb:2 4=fa:1" },
    /* without ids: in order, or by name */
    { ASKS(CALLS ",{\"role\":\"tool\",\"content\":\"1\"},{\"role\":\"tool\",\"content\":\"2\"}"),
      "2:Hi 3+2: 4=fa:1 4=fb:2" },
    { ASKS(CALLS ",{\"role\":\"function\",\"name\":\"fb\",\"content\":\"2\"},"
                 "{\"role\":\"tool\",\"tool_call_id\":\"\",\"content\":\"1\"}"),
      "2:Hi 3+2: 4=fb:2 4=fa:1" },
    /* results with ids for calls without */
    { ASKS(USER ",{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"g\","
                "\"arguments\":{}}}]},{\"role\":\"tool\",\"tool_call_id\":\"x\",\"content\":\"\"}"),
      "2:Hi 3+1: 4=g:" },
    /* ids that begin anew: the latest call counts */
    { ASKS(CALLS ",{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"\"},{\"role\":"
                 "\"assistant\",\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"late\"}}]},"
                 "{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"\"}"),
      "2:Hi 3+2: 4=fa: 3+1: 4=late:" },
    { "{\"messages\":[" USER "],\"tools\":null,\"documents\":[{\"text\":\"d\"}],\"model\":7}",
      "2:Hi" },
    { TOOL("{\"name\":\"a-b_C9\"}"), "2:Hi" },
    { TOOL("{\"name\":\"" N128 "\"}"), "2:Hi" },
    { TOOL("{\"name\":\"f\",\"description\":null,\"parameters\":null,\"strict\":true}"), "2:Hi" },
};

static const struct {
    const char *request;
    enum status status;
    const char *words;
} REFUSED[] = {
    { "[]", STATUS_BAD_INPUT, "must be a JSON object" },
    { "{}", STATUS_BAD_INPUT, "needs \"messages\"" },
    { "{\"messages\":[]}", STATUS_BAD_INPUT, "at least one" },
    { "{\"messages\":{}}", STATUS_BAD_INPUT, "needs \"messages\"" },
    { ASKS("1"), STATUS_BAD_INPUT, "messages[0] is not an object" },
    { ASKS("{}"), STATUS_BAD_INPUT, "messages[0] has no \"role\"" },
    { ASKS(USER ",{\"content\":\"x\"}"), STATUS_BAD_INPUT, "messages[1] has no \"role\"" },
    { ASKS("{\"role\":null,\"content\":\"x\"}"), STATUS_BAD_INPUT, "messages[0].role must be" },
    { ASKS("{\"role\":\"User\",\"content\":\"x\"}"), STATUS_BAD_INPUT,
      "messages[0].role is \"User\"; it must be one of system" },
    { ASKS("{\"role\":\"user\"}"), STATUS_BAD_INPUT, "messages[0] has no \"content\"" },
    { ASKS("{\"role\":\"user\",\"content\":null}"), STATUS_BAD_INPUT, "messages[0] has no" },
    { ASKS("{\"role\":\"user\",\"content\":5}"), STATUS_BAD_INPUT, "messages[0].content must be" },
    { ASKS("{\"role\":\"assistant\",\"content\":null}"), STATUS_BAD_INPUT, "messages[0] is empty" },
    { ASKS("{\"role\":\"assistant\",\"tool_calls\":[]}"), STATUS_BAD_INPUT,
      "messages[0] is empty" },
    { ASKS("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":"
           "\"image_url\",\"image_url\":{}}]}"),
      STATUS_UNSUPPORTED, "messages[0].content[1] is of type \"image_url\"" },
    { ASKS("{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}"), STATUS_BAD_INPUT,
      "messages[0].content[0].text" },
    { ASKS("{\"role\":\"user\",\"content\":[7]}"), STATUS_BAD_INPUT,
      "messages[0].content[0] must" },
    { ASKS("{\"role\":\"user\",\"content\":\"x\",\"name\":7}"), STATUS_BAD_INPUT,
      "messages[0].name must be" },
    { ASKS("{\"role\":\"assistant\",\"content\":\"x\",\"reasoning\":[]}"), STATUS_BAD_INPUT,
      "messages[0].reasoning must be" },
    { ASKS("{\"role\":\"user\",\"content\":\"x\",\"tool_calls\":[" CALL("a") "]}"),
      STATUS_BAD_INPUT, "only messages of the assistant" },
    { ASKS("{\"role\":\"assistant\",\"tool_calls\":{}}"), STATUS_BAD_INPUT,
      "messages[0].tool_calls must be a list" },
    { ASKS("{\"role\":\"assistant\",\"tool_calls\":[{\"name\":\"f\"}]}"), STATUS_BAD_INPUT,
      "messages[0].tool_calls[0] must be an object with \"function\"" },
    { ASKS("{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"arguments\":{}}}]}"),
      STATUS_BAD_INPUT, "messages[0].tool_calls[0].function.name must be" },
    { ASKS("{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":"
           "[1]}}]}"),
      STATUS_BAD_INPUT, "messages[0].tool_calls[0].function.arguments must be" },
    { ASKS("{\"role\":\"assistant\",\"tool_calls\":[" CALL("a") "," CALL("a") "]}"),
      STATUS_BAD_INPUT, "messages[0].tool_calls[1].id is \"a\", as tool_calls[0].id" },
    { ASKS("{\"role\":\"assistant\",\"tool_calls\":[{\"type\":\"custom\",\"function\":{\"name\":"
           "\"f\"}}]}"),
      STATUS_UNSUPPORTED, "messages[0].tool_calls[0].type is \"custom\"" },
    { ASKS("{\"role\":\"assistant\",\"function_call\":{\"name\":\"f\"}}"), STATUS_UNSUPPORTED,
      "messages[0].function_call is the old form" },
    { ASKS(USER ",{\"role\":\"tool\",\"tool_call_id\":\"call_7\",\"content\":\"x\"}"),
      STATUS_BAD_INPUT, "messages[1].tool_call_id is \"call_7\", but no message before" },
    { ASKS(CALLS ",{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"x\"}"), STATUS_BAD_INPUT,
      "messages[2].tool_call_id is \"c\"" },
    { ASKS(USER ",{\"role\":\"tool\",\"content\":\"x\"}"), STATUS_BAD_INPUT,
      "messages[1] is a tool result without a tool_call_id" },
    { ASKS(CALLS ",{\"role\":\"tool\",\"content\":\"1\"},{\"role\":\"tool\",\"content\":\"2\"},"
                 "{\"role\":\"tool\",\"content\":\"3\"}"),
      STATUS_BAD_INPUT, "messages[4] is a tool result without" },
    { ASKS(CALLS ",{\"role\":\"tool\",\"tool_call_id\":7,\"content\":\"1\"}"), STATUS_BAD_INPUT,
      "messages[2].tool_call_id must be" },
    { "{\"messages\":[" USER "],\"tools\":{}}", STATUS_BAD_INPUT, "\"tools\" must be a list" },
    { "{\"messages\":[" USER "],\"tools\":[{\"type\":\"web_search\"}]}", STATUS_UNSUPPORTED,
      "tools[0].type is \"web_search\"" },
    { "{\"messages\":[" USER "],\"tools\":[{\"name\":\"f\"}]}", STATUS_BAD_INPUT,
      "tools[0] must be {" },
    { TOOL("{\"name\":\"a b\"}"), STATUS_BAD_INPUT, "tools[0].function.name is \"a b\"" },
    { TOOL("{\"name\":\"\"}"), STATUS_BAD_INPUT, "tools[0].function.name is \"\"" },
    { TOOL("{\"parameters\":{}}"), STATUS_BAD_INPUT, "tools[0].function.name must be" },
    { TOOL("{\"name\":\"f\",\"parameters\":[]}"), STATUS_BAD_INPUT,
      "tools[0].function.parameters" },
    { TOOL("{\"name\":\"f\",\"description\":[]}"), STATUS_BAD_INPUT,
      "tools[0].function.description" },
    { TOOL("{\"name\":\"" N128 "5\"}"), STATUS_BAD_INPUT, "1 to 128" },
    { TOOL("{\"name\":\"f\"}},{\"function\":{\"name\":\"f\"}"), STATUS_BAD_INPUT,
      "tools[1].function.name is \"f\", as tools[0]" },
    { "{\"messages\":[" USER "],\"documents\":[1]}", STATUS_BAD_INPUT, "documents[0] must be" },
    { "{\"messages\":[" USER "],\"chat_template_kwargs\":1}", STATUS_BAD_INPUT, "kwargs" },
    { "{\"messages\":[" USER "],\"add_generation_prompt\":\"yes\"}", STATUS_BAD_INPUT,
      "add_generation_prompt must be" },
    { "{\"messages\":[" USER "],\"add_generation_prompt\":true,\"continue_final_message\":true}",
      STATUS_BAD_INPUT, "ask for one of them" },
};

static struct json_doc *parse(const char *text, size_t len)
{
    struct json_doc *doc;
    struct error err;
    if (json_parse(&doc, text, len, CHAT_REQUEST_BYTES_MAX, "the request", &err))
        fail_msg("%s", err.text);
    return doc;
}

static void describe(const struct conversation *c, struct buf *out)
{
    for (size_t i = 0; i < c->message_count; i++) {
        const struct chat_message *m = &c->messages[i];
        buf_format(out, i ? " %d" : "%d", (int)m->role);
        if (m->call_count) buf_format(out, "+%zu", m->call_count);
        if (m->answers) buf_format(out, "=%.*s", (int)m->answers->name.len, m->answers->name.data);
        buf_format(out, ":%.*s", (int)m->text.len, m->text.data);
        if (m->reasoning.data) buf_format(out, "|%.*s", (int)m->reasoning.len, m->reasoning.data);
    }
}

static void reads(void **state)
{
    for (size_t i = 0; i < sizeof READ / sizeof *READ; i++) {
        struct json_doc *doc = parse(READ[i].request, strlen(READ[i].request));
        const struct conversation *c;
        struct error err;
        struct buf got = BUF_INIT(4096);
        if (conversation_read(&c, json_root(doc), &err))
            fail_msg("%s: %s", READ[i].request, err.text);
        describe(c, &got);
        assert_string_equal(got.data, READ[i].want);
        buf_release(&got);
        conversation_free(c);
        json_doc_free(doc);
    }
}

static void refuses(void **state)
{
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
        struct json_doc *doc = parse(REFUSED[i].request, strlen(REFUSED[i].request));
        struct error err = { .text = "" };
        enum status s = chat_request_check(json_root(doc), &err);
        if (s != REFUSED[i].status || !strstr(err.text, REFUSED[i].words))
            fail_msg("%s: %s, \"%s\"", REFUSED[i].request, status_name(s), err.text);
        json_doc_free(doc);
    }
}

/* Bytes that are no request never get as far as a conversation. */
static void refuses_bytes(void **state)
{
    static const struct {
        const char *head, *repeat, *words;
    } cases[] = {
        { "{\"messages\":[{\"role\":\"user\",\"content\":\"\xff\"}]}", "", "UTF-8" },
        { "{\"messages\":", "[", "nest" },
        { "{\"messages\":", "{\"a\":", "nest" },
        { "{\"messages\":[{\"role\":\"user\",\"role\":\"user\"}]}", "", "duplicate" },
        { "{\"messages\":[]} x", "", "" },
        { "", "", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf text = BUF_INIT((size_t)2 << 20);
        struct json_doc *doc;
        struct error err = { .text = "" };
        buf_text(&text, cases[i].head);
        while (*cases[i].repeat && text.len < (size_t)1 << 20)
            buf_text(&text, cases[i].repeat);
        assert_int_not_equal(json_parse(&doc, text.data ? text.data : "", text.len,
                                        CHAT_REQUEST_BYTES_MAX, "the request", &err),
                             STATUS_OK);
        if (!strstr(err.text, cases[i].words)) fail_msg("%s: %s", cases[i].head, err.text);
        buf_release(&text);
    }
}

/* Limits, and no quadratic work: 60000 results that answer the first call. */
static void many_messages(void **state)
{
    struct buf text = BUF_INIT((size_t)64 << 20);
    struct error err;
    buf_text(&text, "{\"messages\":[" CALLS);
    for (int i = 0; i < 30000; i++)
        buf_text(&text, "," USER ",{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"\"}");
    buf_text(&text, "]}");
    struct json_doc *doc = parse(text.data, text.len);
    assert_int_equal(chat_request_check(json_root(doc), &err), STATUS_OK);
    json_doc_free(doc);
    buf_clear(&text);
    buf_text(&text, "{\"messages\":[" USER);
    for (size_t i = 0; i < CONVERSATION_MESSAGES_MAX; i++)
        buf_text(&text, "," USER);
    buf_text(&text, "]}");
    doc = parse(text.data, text.len);
    assert_int_equal(chat_request_check(json_root(doc), &err), STATUS_LIMIT);
    json_doc_free(doc);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(refuses),
        cmocka_unit_test(refuses_bytes),
        cmocka_unit_test(many_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
