/* The guide in the box answers held-out questions: facts, refusals and poems, through the engine.
 * SPDX-License-Identifier: Apache-2.0
 *
 * tests/data/ember-questions.jsonl, one object a line, worded apart from the training grammar and
 * kept out of training by train.py: {"kind": "fact", "lang", "fact": id, "q", "must": [text, ...]},
 * {"kind": "off", "lang", "q"} or {"kind": "poem", "lang", "q", "verses", "width"}, where 0 stands
 * for any regular form. Facts and refusals are decoded greedily, poems are drawn with a seed.
 * EMBER_MODEL names another folder to judge, EMBER_ANSWERS=1 prints every answer. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/json.h"
#include "base/core/json_write.h"
#include "lm/chat/chat_request.h"
#include "lm/engine/engine.h"
#include "lm/sample/sample.h"

#include "support/fixture.h"
#include "support/golden.h"

#define QUESTIONS_MAX 2048
#define SESSIONS      24
#define SESSION_MAX   512 /* tokens of question and answer */
#define ANSWER_MAX    160 /* tokens */
#define TEXT_BYTES    65536
#define SEED          1

static struct {
    struct engine *engine;
    struct template *template;
    const struct json *questions[QUESTIONS_MAX];
    struct json_doc *docs[QUESTIONS_MAX];
    struct buf answers[QUESTIONS_MAX];
    size_t count;
    int32_t end;
} guide;

static bool is_kind(size_t i, const char *kind)
{
    return strcmp(json_text(json_get(guide.questions[i], "kind")), kind) == 0;
}

static void open_template(const char *folder)
{
    char path[4096];
    struct json_doc *doc;
    struct error err;
    assert_true(file_join(path, sizeof path, folder, "tokenizer_config.json"));
    struct buf text = fixture_read(path);
    assert_int_equal(json_parse(&doc, text.data, text.len, 1 << 20, path, &err), STATUS_OK);
    struct span source = json_string(json_get(json_root(doc), "chat_template"));
    assert_non_null(source.data);
    if (template_compile(&guide.template, "ember", source, &err)) fail_msg("%s", err.text);
    json_doc_free(doc);
    buf_release(&text);
}

static void read_questions(void)
{
    struct error err;
    struct buf text = fixture_read(fixture_source("tests/data/ember-questions.jsonl"));
    for (size_t at = 0; at < text.len && guide.count < QUESTIONS_MAX; guide.count++) {
        size_t len = strcspn(text.data + at, "\n");
        struct json_doc **doc = &guide.docs[guide.count];
        if (json_parse(doc, text.data + at, len, 1 << 16, "a question", &err))
            fail_msg("%s", err.text);
        guide.questions[guide.count] = json_root(*doc);
        guide.answers[guide.count] = BUF_INIT(TEXT_BYTES);
        at += len + 1;
    }
    buf_release(&text);
}

static struct token_list prompt_of(const char *question)
{
    struct error err;
    struct json_doc *doc;
    struct json_writer w;
    struct buf request = BUF_INIT(TEXT_BYTES);
    struct template_output out;
    struct token_list ids = { 0 };
    json_writer_init(&w, &request, 0);
    json_open_object(&w);
    json_key(&w, "messages");
    json_open_array(&w);
    json_open_object(&w);
    json_key(&w, "role");
    json_put_string(&w, "user");
    json_key(&w, "content");
    json_put_string(&w, question);
    json_close_object(&w);
    json_close_array(&w);
    json_key(&w, "add_generation_prompt");
    json_put_bool(&w, true);
    json_close_object(&w);
    assert_int_equal(json_parse(&doc, request.data, request.len, TEXT_BYTES, "request", &err), 0);
    if (chat_render(guide.template, json_root(doc), &(struct chat_options){ 0 }, &out, &err))
        fail_msg("%s: %s", question, err.text);
    assert_int_equal(tokenizer_encode_mixed(engine_tokenizer(guide.engine), out.text.data,
                                            out.text.len, out.data, out.data_count, &ids, &err),
                     STATUS_OK);
    template_output_release(&out);
    json_doc_free(doc);
    buf_release(&request);
    return ids;
}

/* One question under way. */
struct run {
    size_t question;
    struct session *session;
    struct sampler *sampler; /* poems */
    struct token_list next;  /* what the next step feeds */
    int32_t ids[ANSWER_MAX];
    size_t count;
    bool open;
};

static void start(struct run *r, size_t question)
{
    struct error err;
    struct sample_options options = sample_options_default;
    options.temperature = engine_info(guide.engine)->generation.temperature;
    options.top_k = engine_info(guide.engine)->generation.top_k;
    options.top_p = engine_info(guide.engine)->generation.top_p;
    options.seed = SEED + question;
    *r = (struct run){ .question = question, .open = true };
    assert_int_equal(session_new(&r->session, guide.engine, &err), STATUS_OK);
    r->next = prompt_of(json_text(json_get(guide.questions[question], "q")));
    if (is_kind(question, "poem"))
        assert_int_equal(
            sampler_new(&r->sampler, &options, engine_info(guide.engine)->vocab_size, &err), 0);
}

static void finish(struct run *r)
{
    struct error err;
    assert_int_equal(tokenizer_decode(engine_tokenizer(guide.engine), r->ids, r->count,
                                      &guide.answers[r->question], &err),
                     STATUS_OK);
    session_free(r->session);
    sampler_free(r->sampler);
    token_list_release(&r->next);
    r->open = false;
}

static int32_t choose(struct run *r)
{
    struct sampled picked;
    struct error err;
    const struct engine_info *info = engine_info(guide.engine);
    const float *logits = session_logits(r->session);
    if (!r->sampler) return logits_argmax(logits, info->valid_vocab);
    assert_int_equal(
        sampler_pick(r->sampler, logits, info->valid_vocab, SAMPLE_NO_LOGPROBS, &picked, &err), 0);
    sampler_accept(r->sampler, picked.id);
    return picked.id;
}

static void step(struct run *runs, size_t count)
{
    struct session_feed feeds[SESSIONS];
    struct error err;
    size_t fed = 0;
    for (size_t i = 0; i < count; i++)
        if (runs[i].open)
            feeds[fed++] =
                (struct session_feed){ runs[i].session, runs[i].next.ids, runs[i].next.count };
    if (engine_step(guide.engine, feeds, fed, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < count; i++) {
        struct run *r = &runs[i];
        if (!r->open) continue;
        int32_t id = choose(r);
        if (id != guide.end) r->ids[r->count++] = id;
        r->next.count = 0;
        assert_int_equal(token_list_push(&r->next, id, &err), STATUS_OK);
        if (id == guide.end || r->count == ANSWER_MAX) finish(r);
    }
}

/* Whoever is done makes room for the next question, so that the batch stays full. */
static void answer_all(void)
{
    static struct run runs[SESSIONS];
    size_t asked = 0, open;
    do {
        open = 0;
        for (size_t i = 0; i < SESSIONS; i++) {
            if (!runs[i].open && asked < guide.count) start(&runs[i], asked++);
            open += runs[i].open;
        }
        if (open) step(runs, SESSIONS);
    } while (open);
}

static int open_guide(void **state)
{
    const char *folder = getenv("EMBER_MODEL");
    if (!folder) folder = fixture_source("models/ember");
    guide.engine = golden_engine(
        folder, &(struct engine_options){ .thread_count = 2,
                                          .context_max = SESSION_MAX,
                                          .cache_tokens = (int64_t)SESSIONS * SESSION_MAX,
                                          .batch_max = SESSIONS * SESSION_MAX / 8 });
    const struct generation_config *g = &engine_info(guide.engine)->generation;
    assert_int_equal(g->eos_count, 1);
    guide.end = g->eos_ids[0];
    open_template(folder);
    read_questions();
    answer_all();
    return 0;
}

static int close_guide(void **state)
{
    for (size_t i = 0; i < guide.count; i++) {
        json_doc_free(guide.docs[i]);
        buf_release(&guide.answers[i]);
    }
    template_free(guide.template);
    engine_close(guide.engine);
    return 0;
}

static bool contains(const char *text, const char *part)
{
    size_t len = strlen(part);
    for (; *text; text++) {
        size_t same = 0;
        while (same < len &&
               tolower((unsigned char)text[same]) == tolower((unsigned char)part[same]))
            same++;
        if (same == len) return true;
    }
    return len == 0;
}

static bool fact_is_right(size_t i, const char *answer)
{
    const struct json *must = json_get(guide.questions[i], "must");
    for (size_t k = 0; k < json_length(must); k++)
        if (!contains(answer, json_text(json_at(must, k)))) return false;
    return json_length(must) > 0;
}

/* One sentence that says what it is for, in the language of the question. */
static bool is_declined(size_t i, const char *answer)
{
    bool english = strcmp(json_text(json_get(guide.questions[i], "lang")), "en") == 0;
    return contains(answer,
                    english ? "I can only help with Hearth" : "我只能回答关于 Hearth 的问题");
}

static bool is_han(const unsigned char *s)
{
    return s[0] >= 0xe3 && s[0] <= 0xe9 && !(s[0] == 0xe3 && s[1] < 0x90) && s[1] && s[2];
}

/* The width of the verse at *text, which `mark` ends; 0 when it is no verse. Moves behind the mark. */
static int verse(const char **text, const char *mark)
{
    int width = 0;
    while (is_han((const unsigned char *)*text)) {
        *text += 3;
        width++;
    }
    if (strncmp(*text, mark, strlen(mark)) != 0) return 0;
    *text += strlen(mark);
    return width;
}

/* Lines of two verses, "..，..。", all of one width, in number and width as asked. */
static bool poem_is_regular(size_t i, const char *answer)
{
    int64_t verses = json_int(json_get(guide.questions[i], "verses"), 0);
    int64_t width = json_int(json_get(guide.questions[i], "width"), 0);
    int count = 0;
    for (const char *at = answer; *at; count += 2) {
        if (count && *at++ != '\n') return false;
        int first = verse(&at, "，"), second = verse(&at, "。");
        if (first != second || (first != 5 && first != 7)) return false;
        if (width && first != width) return false;
        width = first;
    }
    return verses ? count == verses : count == 4 || count == 8;
}

typedef bool judge_fn(size_t i, const char *answer);

static void check_share(const char *kind, judge_fn *judge, size_t count_min, int percent_min)
{
    size_t asked = 0, good = 0;
    for (size_t i = 0; i < guide.count; i++) {
        if (!is_kind(i, kind)) continue;
        const char *answer = guide.answers[i].data ? guide.answers[i].data : "";
        bool right = judge(i, answer);
        asked++;
        good += right;
        if (!right || getenv("EMBER_ANSWERS"))
            print_message("%s %s: %s -> %s\n", right ? "right" : "MISSED", kind,
                          json_text(json_get(guide.questions[i], "q")), answer);
    }
    print_message("%s: %zu of %zu, %.1f %%\n", kind, good, asked,
                  100.0 * (double)good / (double)asked);
    assert_true(asked >= count_min);
    assert_true(good * 100 >= asked * (size_t)percent_min);
}

/* What the model in the box is for (models/ember/README.md). */
static void test_facts_are_known(void **state)
{
    check_share("fact", fact_is_right, 400, 90);
}

static void test_the_rest_is_declined(void **state)
{
    check_share("off", is_declined, 200, 95);
}

static void test_poems_are_regular(void **state)
{
    check_share("poem", poem_is_regular, 100, 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts_are_known),
        cmocka_unit_test(test_the_rest_is_declined),
        cmocka_unit_test(test_poems_are_regular),
    };
    return cmocka_run_group_tests(tests, open_guide, close_guide);
}
