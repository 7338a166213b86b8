/* How long a prompt takes: rendering a conversation, and its ids.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   chat_bench MODEL [TOKENS [FILE...]]
 *
 * The model's own template and tokenizer; conversations of about TOKENS tokens (20000) in turns of
 * some hundred tokens, with the lines of each FILE, or else English prose, Chinese prose and code. Best
 * of 15 after a first run, one thread. The limit: 10 ms together for 20000 tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/clock.h"
#include "base/core/file.h"
#include "base/core/json_write.h"
#include "lm/chat/chat.h"

#define ROUNDS 15

static const char *const ENGLISH[] = {
    "The committee met again on Thursday, and although nobody had expected agreement, the report ",
    "was accepted with only two small changes; it's now up to the regional offices to decide how ",
    "they'll spend the remaining 12,450 dollars before the end of the fiscal year. ",
    "Meanwhile, several engineers (most of them new to the project) were asked to describe, in ",
    "their own words, why the second prototype had failed when the first one didn't.\n\n",
};
static const char *const CHINESE[] = {
    "委员会星期四再次开会，虽然没有人指望达成一致，但报告在只作了两处小修改之后还是获得了通过。",
    "接下来由各地区办公室决定如何在财政年度结束之前使用剩下的一万两千四百五十元。",
    "与此同时，几位工程师（其中大多数刚刚加入这个项目）被要求用自己的话说明，",
    "为什么第二个样机失败了，而第一个却没有。春江潮水连海平，海上明月共潮生。\n",
};
static const char *const CODE[] = {
    "{\"id\": 4711, \"path\": \"src/lib/io/reader.py\", \"ok\": true, \"lines\": [120, 184]}\n",
    "def read_block(self, offset: int, size: int = 4096) -> bytes:\n",
    "        if offset < 0 or offset + size > self.length:\n",
    "            raise ValueError(f\"block {offset:#x} is out of range\")\n",
    "    for (size_t i = 0; i < count; i++) sum += table[i] & 0xff;\n",
};

#define TURN_BYTES 1200

struct sample {
    const char *name;
    const char *const *lines; /* or a text: */
    size_t line_count;
    struct span text;
    size_t at; /* of lines or bytes: where the next turn begins */
};

static struct sample samples[] = {
    { "english", ENGLISH, 5, { 0 }, 0 },
    { "chinese", CHINESE, 4, { 0 }, 0 },
    { "code", CODE, 5, { 0 }, 0 },
};

/* The next bytes of a file, up to the end of a line. */
static void take_text(struct sample *s, struct buf *out)
{
    if (s->at + 2 * TURN_BYTES > s->text.len) s->at = 0;
    const char *from = s->text.data + s->at;
    size_t left = s->text.len - s->at, len = left < TURN_BYTES ? left : TURN_BYTES;
    while (len < left && from[len - 1] != '\n')
        len++;
    buf_append(out, from, len);
    s->at += len;
}

static void take_lines(struct sample *s, struct buf *out)
{
    while (out->len < TURN_BYTES) {
        buf_text(out, s->lines[s->at % s->line_count]);
        if (s->at % 7 == 3) buf_format(out, "%zu ", s->at * 7919);
        s->at++;
    }
}

static void put_turn(struct json_writer *w, struct sample *s, bool user)
{
    struct buf text = BUF_INIT((size_t)1 << 24);
    if (s->lines) take_lines(s, &text);
    else take_text(s, &text);
    json_open_object(w);
    json_key(w, "role");
    json_put_string(w, user ? "user" : "assistant");
    json_key(w, "content");
    json_put_span(w, (struct span){ text.data, text.len });
    json_close_object(w);
    buf_release(&text);
}

static struct json_doc *make_request(struct sample *s, size_t turns)
{
    struct buf text = BUF_INIT((size_t)64 << 20);
    struct json_writer w;
    struct json_doc *doc = NULL;
    s->at = 0;
    json_writer_init(&w, &text, 0);
    json_open_object(&w);
    json_key(&w, "messages");
    json_open_array(&w);
    for (size_t i = 0; i < turns; i++)
        put_turn(&w, s, i % 2 == 0);
    json_close_array(&w);
    json_key(&w, "add_generation_prompt");
    json_put_bool(&w, true);
    json_close_object(&w);
    json_parse(&doc, text.data, text.len, (size_t)64 << 20, "the request", NULL);
    buf_release(&text);
    return doc;
}

static double milliseconds(int64_t from)
{
    return (double)(clock_monotonic_ns() - from) / 1e6;
}

/* Best times of both halves; returns the tokens, 0 after an error. */
static size_t measure(const struct chat *c, const struct tokenizer *t, const struct json *request,
                      int rounds, double best[2])
{
    struct error err;
    size_t count = 0;
    best[0] = best[1] = 1e9;
    for (int i = 0; i < rounds; i++) {
        struct chat_prompt p = { 0 };
        struct token_list ids = { 0 };
        int64_t start = clock_monotonic_ns();
        if (chat_prompt(c, request, NULL, &p, &err)) {
            fprintf(stderr, "chat_bench: %s\n", err.text);
            return 0;
        }
        double render = milliseconds(start);
        start = clock_monotonic_ns();
        if (tokenizer_encode_mixed(t, p.rendered.text.data, p.rendered.text.len, p.rendered.data,
                                   p.rendered.data_count, &ids, &err)) {
            fprintf(stderr, "chat_bench: %s\n", err.text);
            return 0;
        }
        double encode = milliseconds(start);
        count = ids.count;
        if (render < best[0]) best[0] = render;
        if (encode < best[1]) best[1] = encode;
        token_list_release(&ids);
        chat_prompt_release(&p);
    }
    return count;
}

static int bench(const struct chat *c, const struct tokenizer *t, struct sample *s, size_t wanted)
{
    double best[2];
    struct json_doc *doc = make_request(s, 9);
    size_t count = measure(c, t, json_root(doc), 1, best);
    size_t turns = (count ? wanted * 9 / count : 0) | 1;
    json_doc_free(doc);
    doc = make_request(s, turns);
    count = measure(c, t, json_root(doc), ROUNDS, best);
    json_doc_free(doc);
    if (!count) return 1;
    double total = (best[0] + best[1]) * (double)wanted / (double)count;
    printf("%-8s %6zu tokens, %4zu turns: render %6.2f ms, encode %6.2f ms; %zu tokens take "
           "%.2f ms\n",
           s->name, count, turns, best[0], best[1], wanted, total);
    return total > 10 * (double)wanted / 20000;
}

static int bench_file(const struct chat *c, const struct tokenizer *t, const char *path,
                      size_t wanted)
{
    struct buf text = BUF_INIT((size_t)1 << 30);
    struct error err;
    const char *name = strrchr(path, '/');
    if (file_read(&text, path, &err)) {
        fprintf(stderr, "chat_bench: %s\n", err.text);
        return 2;
    }
    struct sample s = { name ? name + 1 : path, NULL, 0, { text.data, text.len }, 0 };
    int rc = bench(c, t, &s, wanted);
    buf_release(&text);
    return rc;
}

int main(int argc, char **argv)
{
    struct source *source = NULL;
    struct tokenizer *t = NULL;
    struct chat *templates = NULL;
    struct error err = { .text = "" };
    size_t wanted = argc > 2 ? strtoul(argv[2], NULL, 10) : 20000;
    int rc = 2;
    if (argc < 2 || !wanted) {
        fprintf(stderr, "usage: chat_bench MODEL [TOKENS [FILE...]]\n");
        return 2;
    }
    if (source_open(&source, argv[1], &err) == STATUS_OK &&
        tokenizer_open(&t, source, NULL, &err) == STATUS_OK &&
        chat_open(&templates, source, NULL, &err) == STATUS_OK)
        rc = 0;
    else fprintf(stderr, "chat_bench: %s\n", err.text);
    for (int i = 3; i < argc && rc != 2; i++)
        rc |= bench_file(templates, t, argv[i], wanted);
    for (size_t i = 0; i < sizeof samples / sizeof *samples && argc <= 3 && rc != 2; i++)
        rc |= bench(templates, t, &samples[i], wanted);
    chat_free(templates);
    tokenizer_free(t);
    source_close(source);
    return rc;
}
