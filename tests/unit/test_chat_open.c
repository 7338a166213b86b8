/* Opening a chat: which template, which tokens, what is found out, and exactly one BOS.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/fixture.h"
#include "base/core/file.h"
#include "lm/chat/chat.h"

#define ASK         "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
#define ASK_TOOLS   "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"tools\":[" TOOL "]}"
#define TOOL        "{\"type\":\"function\",\"function\":{\"name\":\"f\"}}"
#define SHOW_TOKENS "{{ bos_token }},{{ eos_token }},{{ unk_token }},{{ pad_token }},{{ x_token }}"

/* ---- folders and requests ---- */

static char folder[64];

static int make_folder(void **state)
{
    snprintf(folder, sizeof folder, "/tmp/hearth-chat-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static void empty_folder(void)
{
    char **names, path[512];
    size_t count;
    if (file_list(&names, &count, folder, NULL)) return;
    for (size_t i = 0; i < count; i++)
        if (file_join(path, sizeof path, folder, names[i])) unlink(path);
    file_list_free(names, count);
}

static int drop_folder(void **state)
{
    empty_folder();
    return rmdir(folder);
}

static void put_bytes(const char *name, const void *bytes, size_t len)
{
    char path[512];
    struct error err;
    assert_true(file_join(path, sizeof path, folder, name));
    if (file_write(path, bytes, len, &err)) fail_msg("%s", err.text);
}

static void put(const char *name, const char *text)
{
    put_bytes(name, text, strlen(text));
}

static void put_copy(const char *name, const char *from)
{
    struct buf bytes = fixture_read(from);
    put_bytes(name, bytes.data, bytes.len);
    buf_release(&bytes);
}

struct opened {
    struct tokenizer *tokenizer;
    struct chat *chat;
};

static enum status open_path(struct opened *o, const char *path, bool with_tokenizer,
                             struct error *err)
{
    struct source *source;
    *o = (struct opened){ 0 };
    if (source_open(&source, path, err)) fail_msg("%s", err->text);
    if (with_tokenizer && tokenizer_open(&o->tokenizer, source, NULL, err))
        fail_msg("%s", err->text);
    enum status s = chat_open(&o->chat, source, o->tokenizer, err);
    source_close(source);
    return s;
}

static void close_all(struct opened *o)
{
    chat_free(o->chat);
    tokenizer_free(o->tokenizer);
}

static enum status ask(const struct chat *c, const char *request, struct chat_prompt *ret,
                       struct error *err)
{
    struct json_doc *doc;
    if (json_parse(&doc, request, strlen(request), CHAT_REQUEST_BYTES_MAX, "the request", err))
        fail_msg("%s", err->text);
    enum status s = chat_prompt(c, json_root(doc), NULL, ret, err);
    json_doc_free(doc);
    return s;
}

static void expect(const struct chat *c, const char *request, const char *want)
{
    struct chat_prompt p;
    struct error err;
    if (ask(c, request, &p, &err)) fail_msg("%s: %s", request, err.text);
    assert_string_equal(p.rendered.text.data ? p.rendered.text.data : "", want);
    chat_prompt_release(&p);
}

/* ---- which template, which tokens ---- */

static const struct {
    const char *config, *file, *map; /* tokenizer_config.json, chat_template.jinja, ... */
    const char *plain, *tools;       /* NULL: an error */
} FOLDERS[] = {
    { "{\"chat_template\":\"one\"}", NULL, NULL, "one", "one" },
    { "{\"chat_template\":\"one\"}", "file", NULL, "file", "file" },
    { "{\"chat_template\":[{\"name\":\"default\",\"template\":\"d\"},{\"name\":\"rag\","
      "\"template\":\"r\"},{\"name\":\"tool_use\",\"template\":\"t\"}]}",
      NULL, NULL, "d", "t" },
    { "{\"chat_template\":[{\"name\":\"tool_use\",\"template\":\"t\"}]}", NULL, NULL, NULL, "t" },
    { "{\"chat_template\":[{\"name\":\"default\",\"template\":\"d\"}]}", NULL, NULL, "d", "d" },
    { "{\"chat_template\":\"" SHOW_TOKENS "\",\"bos_token\":\"<s>\",\"eos_token\":{\"content\":"
      "\"</s>\",\"lstrip\":false},\"model_max_length\":1000000000000000019884624838656}",
      NULL, "{\"unk_token\":{\"content\":\"<unk>\"},\"bos_token\":\"no\"}", "<s>,</s>,<unk>,,",
      "<s>,</s>,<unk>,," },
    { "{\"chat_template\":\"" SHOW_TOKENS "\",\"bos_token\":null,\"extra_special_tokens\":{"
      "\"x_token\":\"<x>\",\"eos_token\":\"no\",\"other\":\"<y>\"}}",
      NULL, NULL, ",,,,<x>", ",,,,<x>" },
    { "{\"chat_template\":\"" SHOW_TOKENS "\",\"add_bos_token\":true,\"x_token\":{\"content\":"
      "\"<top>\"},\"pad_token\":\"<p>\",\"extra_special_tokens\":{\"x_token\":\"<x>\"}}",
      NULL, NULL, ",,,<p>,<top>", ",,,<p>,<top>" },
};

static void folders(void **state)
{
    for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS; i++) {
        struct opened o;
        struct error err;
        struct chat_prompt p;
        empty_folder();
        put("tokenizer_config.json", FOLDERS[i].config);
        if (FOLDERS[i].file) put("chat_template.jinja", FOLDERS[i].file);
        if (FOLDERS[i].map) put("special_tokens_map.json", FOLDERS[i].map);
        if (open_path(&o, folder, false, &err)) fail_msg("%zu: %s", i, err.text);
        if (FOLDERS[i].plain) expect(o.chat, ASK, FOLDERS[i].plain);
        else assert_int_equal(ask(o.chat, ASK, &p, &err), STATUS_BAD_INPUT);
        expect(o.chat, ASK_TOOLS, FOLDERS[i].tools);
        close_all(&o);
    }
}

static const struct {
    const char *config;
    enum status status;
    const char *words;
} NO_CHAT[] = {
    { "{}", STATUS_NOT_FOUND, "no chat template, and none is made up" },
    { "{\"chat_template\":null}", STATUS_NOT_FOUND, "no chat template" },
    { "{\"chat_template\":[]}", STATUS_NOT_FOUND, "no chat template" },
    { "{\"chat_template\":[{\"name\":\"rag\",\"template\":\"r\"}]}", STATUS_NOT_FOUND, "rag" },
    { "{\"chat_template\":[{\"name\":\"default\"}]}", STATUS_BAD_INPUT, "chat_template[0]" },
    { "{\"chat_template\":\"{% if %}\"}", STATUS_BAD_INPUT, ":1:" },
    { "{\"chat_template\":\"{% include 'x' %}\"}", STATUS_UNSUPPORTED, "include" },
};

static void no_chat(void **state)
{
    for (size_t i = 0; i < sizeof NO_CHAT / sizeof *NO_CHAT; i++) {
        struct opened o;
        struct error err = { .text = "" };
        empty_folder();
        put("tokenizer_config.json", NO_CHAT[i].config);
        enum status s = open_path(&o, folder, false, &err);
        if (s != NO_CHAT[i].status || !strstr(err.text, NO_CHAT[i].words))
            fail_msg("%s: %s, %s", NO_CHAT[i].config, status_name(s), err.text);
        assert_null(o.chat);
    }
}

/* As transformers saves several: the default in its place, the others in a folder. */
static void template_folder(void **state)
{
    struct opened o;
    struct error err;
    char path[512];
    empty_folder();
    assert_true(file_join(path, sizeof path, folder, FILE_SET_TEMPLATES));
    assert_int_equal(mkdir(path, 0700), 0);
    put("tokenizer_config.json", "{}");
    put("chat_template.jinja", "d");
    put(FILE_SET_TEMPLATES "/tool_use.jinja", "t");
    put(FILE_SET_TEMPLATES "/rag.jinja", "{% broken");
    put(FILE_SET_TEMPLATES "/tool_use.txt", "no");
    if (open_path(&o, folder, false, &err)) fail_msg("%s", err.text);
    expect(o.chat, ASK, "d");
    expect(o.chat, ASK_TOOLS, "t");
    close_all(&o);
    static const char *const names[] = { "tool_use.jinja", "rag.jinja", "tool_use.txt" };
    for (size_t i = 0; i < 3; i++) {
        char file[600];
        assert_true(file_join(file, sizeof file, path, names[i]));
        unlink(file);
    }
    rmdir(path);
}

/* A family whose prompts the vendor's code makes needs no template, but has its way with one. */
static void native(void **state)
{
    struct opened o;
    struct error err;
    empty_folder();
    put("tokenizer_config.json", "{}");
    put("config.json", "{\"architectures\":[\"DeepseekV32ForCausalLM\"],\"model_type\":"
                       "\"deepseek_v32\"}");
    if (open_path(&o, folder, false, &err)) fail_msg("%s", err.text);
    assert_string_equal(chat_native(o.chat), "deepseek-v3.2");
    assert_null(chat_template(o.chat, true));
    assert_true(chat_facts(o.chat, true)->tools);
    expect(o.chat, ASK, "<｜begin▁of▁sentence｜><｜User｜>Hi");
    close_all(&o);
    put("chat_template.jinja", "own");
    if (open_path(&o, folder, false, &err)) fail_msg("%s", err.text);
    assert_null(chat_native(o.chat));
    expect(o.chat, ASK, "own");
    close_all(&o);
}

/* ---- GGUF ---- */

static void put_number(struct buf *out, uint64_t n, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buf_byte(out, (char)(n >> (8 * i)));
}

static void put_key(struct buf *out, const char *key, const char *value)
{
    put_number(out, strlen(key), 8);
    buf_text(out, key);
    put_number(out, GGUF_STRING, 4);
    put_number(out, strlen(value), 8);
    buf_text(out, value);
}

static void gguf_names(void **state)
{
    struct buf bytes = BUF_INIT(4096);
    struct gguf *g;
    struct source *source;
    struct chat *c;
    struct error err;
    buf_text(&bytes, "GGUF");
    put_number(&bytes, 3, 4);
    put_number(&bytes, 0, 8);
    put_number(&bytes, 4, 8);
    put_key(&bytes, "general.architecture", "llama");
    put_key(&bytes, "tokenizer.chat_template.rag", "r");
    put_key(&bytes, "tokenizer.chat_template", "d");
    put_key(&bytes, "tokenizer.chat_template.tool_use", "t");
    if (gguf_open_bytes(&g, bytes.data, bytes.len, "g", &err) ||
        source_open_gguf(&source, g, "g", &err) || chat_open(&c, source, NULL, &err))
        fail_msg("%s", err.text);
    source_close(source);
    expect(c, ASK, "d");
    expect(c, ASK_TOOLS, "t");
    chat_free(c);
    buf_release(&bytes);
}

/* ---- BOS ---- */

static const struct {
    const char *config; /* beside Llama 2's vocabulary */
    bool adds, added;
    size_t bos; /* at the start of the ids */
    const char *template;
} STARTS[] = {
    { "true", true, false, 1, "{{ bos_token }}a" }, /* both: still one */
    { "true", true, true, 1, "a" },
    { "true", true, false, 1, "{{ bos_token }}{{ bos_token }}a" },
    { "true", true, true, 1, "{{ messages[0].content }}" }, /* data cannot spell it */
    { "false", false, false, 1, "{{ bos_token }}a" },
    { "false", false, false, 1, "{{ bos_token }}{{ bos_token }}a" },
    { "false", false, false, 0, "a" },
    { "false", false, false, 0, "a{{ bos_token }}" },
    { "true", true, true, 1, "a{{ bos_token }}b" },
    { "true", true, true, 1, "" },
};

static void one_bos(void **state)
{
    const char *vocabulary = FIXTURE("real/tokenizers/llama2/tokenizer.model");
    empty_folder();
    put_copy("tokenizer.model", vocabulary);
    for (size_t i = 0; i < sizeof STARTS / sizeof *STARTS; i++) {
        char config[256];
        struct opened o;
        struct chat_prompt p;
        struct error err;
        size_t count = 0;
        snprintf(config, sizeof config,
                 "{\"bos_token\":\"<s>\",\"eos_token\":\"</s>\",\"add_bos_token\":%s}",
                 STARTS[i].config);
        put("tokenizer_config.json", config);
        put("chat_template.jinja", STARTS[i].template);
        if (open_path(&o, folder, true, &err)) fail_msg("%s", err.text);
        assert_int_equal(tokenizer_adds_bos(o.tokenizer), STARTS[i].adds);
        if (ask(o.chat, "{\"messages\":[{\"role\":\"user\",\"content\":\"<s>x\"}]}", &p, &err))
            fail_msg("%s", err.text);
        while (count < p.ids.count && p.ids.ids[count] == tokenizer_bos(o.tokenizer))
            count++;
        if (count != STARTS[i].bos || p.added_bos != STARTS[i].added)
            fail_msg("%s, add_bos_token %s: %zu BOS, added %d", STARTS[i].template,
                     STARTS[i].config, count, p.added_bos);
        chat_prompt_release(&p);
        close_all(&o);
    }
}

/* ---- facts ---- */

enum { TOOLS = 1, BOS = 2, PARTS = 4, DEVELOPER = 8 };

/* Checked by reading the templates. */
static const struct {
    const char *template, *thinking, *effort;
    int flags;
    enum chat_arguments arguments;
} FACTS[] = {
    { "ByteDance-Seed-OSS", NULL, NULL, TOOLS, CHAT_ARGUMENTS_OBJECT },
    { "GLM-4.6", "enable_thinking", NULL, TOOLS | PARTS, CHAT_ARGUMENTS_OBJECT },
    { "HuggingFaceTB-SmolLM3-3B", "enable_thinking", NULL, 0, CHAT_ARGUMENTS_AS_GIVEN },
    { "Kimi-K2-Instruct", NULL, NULL, TOOLS | PARTS, CHAT_ARGUMENTS_AS_GIVEN },
    { "MiniMax-M2", NULL, NULL, TOOLS | PARTS, CHAT_ARGUMENTS_OBJECT },
    { "Qwen-Qwen2.5-7B-Instruct", NULL, NULL, TOOLS, CHAT_ARGUMENTS_OBJECT },
    { "Qwen-Qwen3-0.6B", "enable_thinking", NULL, TOOLS, CHAT_ARGUMENTS_AS_GIVEN },
    { "StepFun3.5-Flash", NULL, NULL, TOOLS | BOS | PARTS, CHAT_ARGUMENTS_OBJECT },
    { "deepseek-ai-DeepSeek-R1-Distill-Llama-8B", NULL, NULL, BOS, CHAT_ARGUMENTS_TEXT },
    { "google-gemma-2-2b-it", NULL, NULL, BOS, CHAT_ARGUMENTS_AS_GIVEN },
    { "ibm-granite-granite-3.3-2B-Instruct", "thinking", NULL, TOOLS, CHAT_ARGUMENTS_AS_GIVEN },
    { "meta-llama-Llama-3.1-8B-Instruct", NULL, NULL, TOOLS | BOS, CHAT_ARGUMENTS_OBJECT },
    { "microsoft-Phi-3.5-mini-instruct", NULL, NULL, 0, CHAT_ARGUMENTS_AS_GIVEN },
    { "mistralai-Mistral-Nemo-Instruct-2407", NULL, NULL, TOOLS | BOS, CHAT_ARGUMENTS_OBJECT },
    { "openai-gpt-oss-120b", NULL, "reasoning_effort", TOOLS | DEVELOPER, CHAT_ARGUMENTS_OBJECT },
};

static void facts(void **state)
{
    for (size_t i = 0; i < sizeof FACTS / sizeof *FACTS; i++) {
        char name[256];
        struct chat *c;
        struct error err;
        snprintf(name, sizeof name, "real/templates/vendor/%s.jinja", FACTS[i].template);
        struct buf text = fixture_read(FIXTURE(name));
        if (chat_open_template(&c, name, (struct span){ text.data, text.len }, &err))
            fail_msg("%s", err.text);
        const struct chat_facts *f = chat_facts(c, true);
        int flags = (f->tools ? TOOLS : 0) | (f->writes_bos ? BOS : 0) | (f->parts ? PARTS : 0) |
                    (f->developer ? DEVELOPER : 0);
        assert_string_equal(f->thinking ? f->thinking : "-",
                            FACTS[i].thinking ? FACTS[i].thinking : "-");
        assert_string_equal(f->effort ? f->effort : "-", FACTS[i].effort ? FACTS[i].effort : "-");
        assert_int_equal(flags, FACTS[i].flags);
        assert_int_equal(f->arguments, FACTS[i].arguments);
        assert_int_equal(strlen(f->sha256), SHA256_HEX_BYTES - 1);
        chat_free(c);
        buf_release(&text);
    }
}

/* ---- what is put into the form that a template was written for ---- */

static const struct {
    const char *template, *request, *want;
} FORMS[] = {
    { "{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}",
      "{\"messages\":[{\"role\":\"developer\",\"content\":\"D\"},{\"role\":\"user\",\"content\":["
      "{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]}]}",
      "system:D;user:a\nb;" },
    { "{% for m in messages %}{{ 'D' if m.role == 'developer' }}{% if m.content is string %}"
      "{{ m.content }}{% else %}{% for p in m.content %}{{ p.text }};{% endfor %}{% endif %}"
      "{% endfor %}",
      "{\"messages\":[{\"role\":\"developer\",\"content\":\"1\"},{\"role\":\"user\",\"content\":["
      "{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]}]}",
      "D1a;b;" },
    { "{{ tools[0].function.parameters.properties|length }}{{ tools|tojson }}",
      "{\"messages\":[{\"role\":\"user\",\"content\":\"\"}],\"tools\":[" TOOL "]}",
      "0[{\"type\": \"function\", \"function\": {\"name\": \"f\", \"parameters\": {\"type\": "
      "\"object\", \"properties\": {}}}}]" },
    { "{{ messages[0].content }}",
      "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},\"b\"]}],"
      "\"continue_final_message\":true}",
      "a\nb" },
};

static void forms(void **state)
{
    for (size_t i = 0; i < sizeof FORMS / sizeof *FORMS; i++) {
        struct chat *c;
        struct error err;
        if (chat_open_template(&c, "form", span_of(FORMS[i].template), &err))
            fail_msg("%s", err.text);
        expect(c, FORMS[i].request, FORMS[i].want);
        chat_free(c);
    }
}

/* The check stands before rendering, unless the caller wants what the vendors' renderer does. */
static void verbatim(void **state)
{
    static const char request[] = "{\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]}";
    struct chat *c;
    struct chat_prompt p;
    struct error err;
    struct json_doc *doc;
    struct chat_prompt_options options = { .verbatim = true };
    assert_int_equal(
        json_parse(&doc, request, sizeof request - 1, sizeof request, "the request", &err),
        STATUS_OK);
    assert_int_equal(chat_open_template(&c, "t", span_of("{{ messages[0].content }}"), &err),
                     STATUS_OK);
    assert_int_equal(chat_prompt(c, json_root(doc), NULL, &p, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "messages[0]"));
    assert_int_equal(chat_prompt(c, json_root(doc), &options, &p, &err), STATUS_OK);
    chat_prompt_release(&p);
    chat_free(c);
    json_doc_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders),         cmocka_unit_test(no_chat),    cmocka_unit_test(native),
        cmocka_unit_test(template_folder), cmocka_unit_test(gguf_names), cmocka_unit_test(one_bos),
        cmocka_unit_test(facts),           cmocka_unit_test(forms),      cmocka_unit_test(verbatim),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
