/* There and back: what the vendors' templates write of a message parses to that message.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A template shows its model what to write. Each message is rendered behind a prompt by the
 * vendor's own template; what is new in the text is what the model would have written. Templates
 * do not write everything: what each leaves out is stated beside it. */
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "support/parse_log.h"
#include "base/core/json_write.h"
#include "lm/chat/chat.h"

#define NATIVE "native:" /* encoders in place of templates */

enum {
    NO_REASONING = 1,         /* the template drops it, or puts it elsewhere */
    NO_CONTENT_WITH_CALL = 2, /* content is dropped beside calls */
    CONTENT_THINKS = 4,       /* content beside a call is written as reasoning */
    ONE_CALL = 8,
    THINKS_FOR_CALLS = 16, /* reasoning is dropped where there is no call */
    MUST_BE_TOLD = 32,     /* to think: chat_template_kwargs */
};

static const struct vendor {
    const char *template, *format;
    int flags;
} VENDORS[] = {
    { "real/templates/vendor/Qwen-Qwen3-0.6B.jinja", "hermes", 0 },
    { "real/templates/vendor/Qwen-Qwen2.5-7B-Instruct.jinja", "hermes", NO_REASONING },
    { "real/templates/vendor/Qwen-QwQ-32B.jinja", "hermes", NO_REASONING },
    { "real/templates/vendor/StepFun3.5-Flash.jinja", "qwen-xml", 0 },
    { "real/templates/vendor/GLM-4.6.jinja", "glm", 0 },
    { "real/templates/vendor/MiniMax-M2.jinja", "minimax", 0 },
    { "real/templates/vendor/ByteDance-Seed-OSS.jinja", "seed", 0 },
    { "real/templates/vendor/Kimi-K2-Instruct.jinja", "kimi", NO_REASONING },
    { "real/templates/vendor/deepseek-ai-DeepSeek-V3.1.jinja", "deepseek-v3", NO_REASONING },
    { "real/templates/vendor/mistralai-Mistral-Nemo-Instruct-2407.jinja", "mistral",
      NO_REASONING | NO_CONTENT_WITH_CALL },
    { "real/templates/vendor/meta-llama-Llama-3.1-8B-Instruct.jinja", "llama",
      NO_REASONING | NO_CONTENT_WITH_CALL | ONE_CALL },
    { "real/templates/vendor/openai-gpt-oss-120b.jinja", "harmony", CONTENT_THINKS | ONE_CALL },
    { "native:harmony", "harmony", THINKS_FOR_CALLS },
    { "native:deepseek-v3.2", "dsml", MUST_BE_TOLD },
    { "native:deepseek-v4", "dsml", 0 },
};

/* Templates whose calls have no parser here count as plain. */
static const struct vendor OTHERS[] = {
    { "real/templates/vendor/deepseek-ai-DeepSeek-R1-Distill-Qwen-32B.jinja", "deepseek-v3", 0 },
    { "real/templates/vendor/deepseek-ai-DeepSeek-R1-Distill-Llama-8B.jinja", "deepseek-v3", 0 },
    { "real/templates/vendor/HuggingFaceTB-SmolLM3-3B.jinja", "plain", 0 },
    { "real/templates/vendor/NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use.jinja", "hermes", 0 },
    { "real/templates/vendor/google-gemma-2-2b-it.jinja", "plain", 0 },
    { "real/templates/vendor/microsoft-Phi-3.5-mini-instruct.jinja", "plain", 0 },
    { "real/templates/vendor/meetkai-functionary-medium-v3.1.jinja", "plain", 0 },
    { "real/templates/vendor/ibm-granite-granite-3.3-2B-Instruct.jinja", "plain", 0 },
    { "real/templates/vendor/CohereForAI-c4ai-command-r7b-12-2024-tool_use.jinja", "plain", 0 },
    { "real/templates/vendor/LFM2-8B-A1B.jinja", "plain", 0 },
};

#define CALL(name, id, arguments)                                                          \
    "{\"type\": \"function\", \"id\": \"" id "\", \"function\": {\"name\": \"" name "\", " \
    "\"arguments\": " arguments "}}"
#define WEATHER CALL("get_weather", "abcdefgh0", "{\"city\": \"Paris\"}")
#define RICH                                                                                     \
    CALL("book", "abcdefgh1",                                                                    \
         "{\"from\": \"北京\", \"to\": \"<San \\\"Fran\\\" & Co>\\nx\\\\y\", \"passengers\": " \
         "[{\"name\": \"Zoë\", \"age\": 4.5}, {\"name\": \"O'Neil\", \"age\": 30}], "           \
         "\"flexible\": true, \"note\": null, \"count\": -1, \"price\": 1.5, \"zip\": \"007\", " \
         "\"options\": {\"a\": {\"b\": [1, \"}\"]}}}")

#define TOOL(name, properties)                                                                 \
    "{\"type\": \"function\", \"function\": {\"name\": \"" name "\", \"description\": \"d\", " \
    "\"parameters\": {\"type\": \"object\", \"properties\": {" properties "}, \"required\": []}}}"
#define IS(type) ": {\"type\": \"" type "\", \"description\": \"x\"}"
#define BOOK                                                                                                                    \
    "\"from\"" IS("string") ", \"to\"" IS("string") ", \"passengers\"" IS(                                                      \
        "array") ", \"flexible\"" IS("boolean") ", \"note\"" IS("null") ", \"count\"" IS("intege"                               \
                                                                                         "r") ", "                              \
                                                                                              "\""                              \
                                                                                              "pr"                              \
                                                                                              "ic"                              \
                                                                                              "e"                               \
                                                                                              "\"" IS("number") ", \"zip\"" IS( \
                                                                                                  "string") ", \"options\"" IS("object")

static const char TOOLS[] = "[" TOOL("get_weather", "\"city\"" IS("string")) ", " TOOL(
    "book", BOOK) ", " TOOL("now", "") "]";

static const struct message {
    const char *content, *reasoning, *calls;
} MESSAGES[] = {
    { "Hello **you**.\n\nBye: `x < y`.", NULL, NULL },
    { "I look.", NULL, WEATHER },
    { "", NULL, WEATHER },
    { "", NULL, CALL("now", "abcdefgh0", "{}") },
    { "", NULL, RICH },
    { "", NULL, WEATHER ", " RICH ", " CALL("now", "abcdefgh2", "{}") },
    { "Yes.", "Let me see.\n\nHm: 1 < 2.", NULL },
    { "", "Let me see.", WEATHER },
    { "I look.", "想一想。", WEATHER ", " CALL("now", "abcdefgh2", "{}") },
};
#define MESSAGE_COUNT (sizeof MESSAGES / sizeof *MESSAGES)

static const struct parse_format *format_of(const struct chat *chat)
{
    const char *native = chat_native(chat);
    return native ? parse_format_find(native) : parse_format_of(chat_template(chat, true));
}

static struct json_doc *parse(const char *text, size_t len)
{
    struct json_doc *doc;
    struct error err;
    if (json_parse(&doc, text, len, (size_t)1 << 24, "test", &err))
        fail_msg("%s: %s", err.text, text);
    return doc;
}

static void put_text(struct buf *b, const char *name, const char *text)
{
    struct json_writer w;
    buf_format(b, ", \"%s\": ", name);
    json_writer_init(&w, b, 0);
    json_put_string(&w, text);
}

/* The prompt, or with `m` the prompt and the message that answers it. */
static struct buf render(const struct chat *chat, const struct message *m, bool told)
{
    struct buf request = BUF_INIT((size_t)1 << 20), text = BUF_INIT((size_t)1 << 20);
    struct chat_prompt_options options = { .verbatim = true, .trust_tokens = true };
    struct chat_prompt prompt = { 0 };
    struct error err;
    buf_text(&request, "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}");
    if (m) {
        buf_text(&request, ", {\"role\": \"assistant\"");
        put_text(&request, "content", m->content);
        if (m->reasoning) put_text(&request, "reasoning_content", m->reasoning);
        if (m->calls) buf_format(&request, ", \"tool_calls\": [%s]", m->calls);
        buf_byte(&request, '}');
    }
    buf_format(&request,
               "], \"tools\": %s, \"add_generation_prompt\": %s, \"now\": \"2026-03-05T14:07:09\", "
               "\"chat_template_kwargs\": {\"bos_token\": \"<s>\", \"eos_token\": \"</s>\"%s}}",
               TOOLS, m ? "false" : "true", told ? ", \"thinking\": true" : "");
    struct json_doc *doc = parse(request.data, request.len);
    if (chat_prompt(chat, json_root(doc), &options, &prompt, &err)) fail_msg("%s", err.text);
    buf_append(&text, prompt.rendered.text.data, prompt.rendered.text.len);
    chat_prompt_release(&prompt);
    json_doc_free(doc);
    buf_release(&request);
    return text;
}

static bool same_text(const char *what, const struct buf *got, const char *wanted)
{
    size_t len = strlen(wanted);
    if (got->len == len && (!len || memcmp(got->data, wanted, len) == 0)) return true;
    print_error("    %s: wanted \"%s\", got \"%s\"\n", what, wanted, got->data ? got->data : "");
    return false;
}

static bool same_arguments(const struct buf *got, const struct json *wanted)
{
    struct buf a = BUF_INIT((size_t)1 << 20), b = BUF_INIT((size_t)1 << 20);
    struct json_doc *doc = parse(got->data, got->len);
    struct json_writer w;
    json_writer_init(&w, &a, 0);
    json_put_value(&w, json_root(doc));
    json_writer_init(&w, &b, 0);
    json_put_value(&w, wanted);
    bool good = same_text("arguments", &a, b.data);
    json_doc_free(doc);
    buf_release(&a);
    buf_release(&b);
    return good;
}

static bool same_calls(const struct parse_log *log, const struct message *m)
{
    struct buf text = BUF_INIT((size_t)1 << 20);
    buf_format(&text, "[%s]", m->calls ? m->calls : "");
    struct json_doc *doc = parse(text.data, text.len);
    const struct json *calls = json_root(doc);
    bool good = json_length(calls) == (size_t)log->call_count;
    if (!good) print_error("    wanted %zu calls, got %d\n", json_length(calls), log->call_count);
    for (int i = 0; i < log->call_count && good; i++) {
        const struct json *function = json_get(json_at(calls, (size_t)i), "function");
        good = log->calls[i].whole &&
               same_text("name", &log->calls[i].name, json_text(json_get(function, "name"))) &&
               same_arguments(&log->calls[i].arguments, json_get(function, "arguments"));
    }
    json_doc_free(doc);
    buf_release(&text);
    return good;
}

/* Where the answer begins: behind the prompt, or where the turn's opening ends in both, when the
 * prompt goes on as this message does not. */
static size_t common(const struct buf *prompt, const struct buf *full)
{
    size_t i = 0;
    while (i < prompt->len && i < full->len && prompt->data[i] == full->data[i])
        i++;
    while (i < prompt->len && i && full->data[i - 1] != '\n' && full->data[i - 1] != '>')
        i--;
    return i;
}

static bool there_and_back(const struct chat *chat, const struct vendor *v, const struct message *m)
{
    bool told = v->flags & MUST_BE_TOLD && m->reasoning;
    struct buf prompt = render(chat, NULL, told), full = render(chat, m, told);
    const struct parse_format *f = format_of(chat);
    struct json_doc *tools = parse(TOOLS, strlen(TOOLS));
    struct chat_parser_options o = { .format = f, .tools = json_root(tools) };
    size_t at = common(&prompt, &full);
    struct span shown = { full.data, at };
    o.open = parse_prompt_open(f, shown);
    struct parse_log *log = parse_log_make(&o, full.data + at, full.len - at, NULL, 0, 5);
    const char *content =
        m->calls && v->flags & (NO_CONTENT_WITH_CALL | CONTENT_THINKS) ? "" : m->content;
    bool dropped = v->flags & NO_REASONING || (v->flags & THINKS_FOR_CALLS && !m->calls);
    const char *reasoning = m->reasoning && !dropped ? m->reasoning : "";
    if (m->calls && v->flags & CONTENT_THINKS && *m->content) reasoning = m->content;
    bool good = !log->fault && !log->unparsed && same_text("content", &log->content, content) &&
                same_text("reasoning", &log->reasoning, reasoning) && same_calls(log, m);
    if (!good) print_error("  %s\n    %s\n", v->template, full.data + at);
    parse_log_free(log);
    json_doc_free(tools);
    buf_release(&prompt);
    buf_release(&full);
    return good;
}

static struct chat *open_chat(const struct vendor *v)
{
    struct chat *chat;
    struct error err;
    if (strncmp(v->template, NATIVE, sizeof NATIVE - 1) == 0) {
        if (chat_open_native(&chat, v->template + sizeof NATIVE - 1, NULL, &err))
            fail_msg("%s", err.text);
        return chat;
    }
    struct buf text = fixture_read(FIXTURE(v->template));
    if (chat_open_template(&chat, v->template, (struct span){ text.data, text.len }, &err))
        fail_msg("%s", err.text);
    buf_release(&text);
    return chat;
}

static void messages(void **state)
{
    int bad = 0, count = 0;
    for (size_t i = 0; i < sizeof VENDORS / sizeof *VENDORS; i++) {
        const struct vendor *v = &VENDORS[i];
        struct chat *chat = open_chat(v);
        for (size_t k = 0; k < MESSAGE_COUNT; k++) {
            const struct message *m = &MESSAGES[k];
            bool many = m->calls && strstr(m->calls, "}}, {");
            if (v->flags & ONE_CALL && (many || (m->reasoning && m->calls && *m->content)))
                continue;
            bad += !there_and_back(chat, v, m);
            count++;
        }
        chat_free(chat);
    }
    print_message("    %d messages through %zu templates\n", count,
                  sizeof VENDORS / sizeof *VENDORS);
    if (bad) fail_msg("%d messages came back as others", bad);
}

static void check_format(const struct vendor *v)
{
    struct chat *chat = open_chat(v);
    const char *name = parse_format_name(format_of(chat));
    if (strcmp(name, v->format) != 0) fail_msg("%s is %s, not %s", v->template, v->format, name);
    chat_free(chat);
}

static void formats(void **state)
{
    for (size_t i = 0; i < sizeof VENDORS / sizeof *VENDORS; i++)
        check_format(&VENDORS[i]);
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
        check_format(&OTHERS[i]);
}

static void prompts(void **state)
{
    static const struct {
        const char *format, *prompt;
        enum prompt_open open;
    } cases[] = {
        { "hermes", "", PROMPT_OPEN_NOTHING },
        { "hermes", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
          PROMPT_OPEN_NOTHING },
        { "hermes", "<|im_start|>assistant\n<think>\n", PROMPT_OPEN_THINK },
        { "hermes", "<|im_start|>assistant\n<think>", PROMPT_OPEN_THINK },
        { "hermes", "<|im_start|>assistant\n<think>\nLet me", PROMPT_OPEN_THINK },
        { "hermes", "<|im_start|>assistant\n<think>\n\n</think>\n\n", PROMPT_OPEN_NOTHING },
        { "hermes", "<|im_start|>user\nWhat is <think>?<|im_end|>\n<|im_start|>assistant\n",
          PROMPT_OPEN_NOTHING },
        { "hermes", "<|im_start|>assistant\n<think>\na<|im_end|>\n<|im_start|>assistant\n",
          PROMPT_OPEN_NOTHING },
        { "hermes", "<|im_start|>assistant\n<think>\na\n</think>\n\nb<think>",
          PROMPT_OPEN_NOTHING },
        { "hermes", "### User: what is <think>?\n### Bot:\n", PROMPT_OPEN_NOTHING },
        { "hermes", "### User: </think>\n### Bot:\n<think>\n", PROMPT_OPEN_THINK },
        { "deepseek-v3", "<｜User｜>what is <think><｜Assistant｜><think></think>",
          PROMPT_OPEN_NOTHING },
        { "deepseek-v3", "<｜User｜>x<｜Assistant｜><think>\n", PROMPT_OPEN_THINK },
        { "dsml", "<｜User｜>x <think><｜Assistant｜></think>", PROMPT_OPEN_NOTHING },
        { "glm", "<|user|>\nx<|assistant|>\n<think></think>", PROMPT_OPEN_NOTHING },
        { "minimax", "]~b]user\nx[e~[\n]~b]ai\n<think>\n", PROMPT_OPEN_THINK },
        { "mistral", "[INST]x[/INST][THINK]", PROMPT_OPEN_THINK },
        { "mistral", "[INST]x <think>[/INST]", PROMPT_OPEN_NOTHING },
        { "seed", "<seed:bos>assistant\n<seed:think>\na</seed:think>\n", PROMPT_OPEN_NOTHING },
        { "seed", "<seed:bos>assistant\n<seed:think>", PROMPT_OPEN_THINK },
        { "harmony", "<|start|>user<|message|>x<|end|><|start|>assistant", PROMPT_OPEN_NOTHING },
        { "harmony", "<|start|>assistant<|channel|>analysis<|message|>", PROMPT_OPEN_THINK },
        { "harmony", "<|start|>assistant<|channel|>analysis<|message|>so far", PROMPT_OPEN_THINK },
        { "harmony", "<|start|>assistant<|channel|>analysis<|message|>x<|end|>",
          PROMPT_OPEN_NOTHING },
        { "harmony", "<|start|>assistant<|channel|>final<|message|>", PROMPT_OPEN_NOTHING },
        { "harmony", "<|start|>assistant<|channel|>analysis to=python<|message|>",
          PROMPT_OPEN_NOTHING },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct parse_format *f = parse_format_find(cases[i].format);
        if (parse_prompt_open(f, span_of(cases[i].prompt)) != cases[i].open)
            fail_msg("%s: %s", cases[i].format, cases[i].prompt);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages),
        cmocka_unit_test(formats),
        cmocka_unit_test(prompts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
