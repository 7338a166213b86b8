/* Comparing two readings.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_drift.h"

#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"
#include "govern/licence/licence_align.h"

#define FACTS_BYTES_MAX  65536
#define JOINED_WORDS_MAX 3

struct pair {
    struct licence_words was, is;
    uint64_t *hashes; /* of all words, ascending, each once */
    size_t hash_count;
    uint16_t *was_ids, *is_ids;
};

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static uint16_t id_of(const struct pair *p, uint64_t hash)
{
    const uint64_t *at = bsearch(&hash, p->hashes, p->hash_count, sizeof hash, by_value);
    return (uint16_t)(at - p->hashes);
}

static enum status number_words(struct pair *p, struct error *err)
{
    size_t n = 0, total = (size_t)p->was.count + p->is.count;
    p->hashes = mem_array(total + 1, sizeof *p->hashes);
    p->was_ids = mem_array(p->was.count + 1, sizeof *p->was_ids);
    p->is_ids = mem_array(p->is.count + 1, sizeof *p->is_ids);
    if (!p->hashes || !p->was_ids || !p->is_ids)
        return error_set(err, STATUS_NO_MEMORY, "no memory to compare two licences");
    for (uint32_t i = 0; i < p->was.count; i++)
        p->hashes[n++] = p->was.words[i].hash;
    for (uint32_t i = 0; i < p->is.count; i++)
        p->hashes[n++] = p->is.words[i].hash;
    qsort(p->hashes, n, sizeof *p->hashes, by_value);
    for (size_t i = 0; i < n; i++)
        if (!i || p->hashes[i] != p->hashes[p->hash_count - 1])
            p->hashes[p->hash_count++] = p->hashes[i];
    if (p->hash_count > UINT16_MAX)
        return error_set(err, STATUS_LIMIT, "two texts with %zu different words are not compared",
                         p->hash_count);
    for (uint32_t i = 0; i < p->was.count; i++)
        p->was_ids[i] = id_of(p, p->was.words[i].hash);
    for (uint32_t i = 0; i < p->is.count; i++)
        p->is_ids[i] = id_of(p, p->is.words[i].hash);
    return STATUS_OK;
}

/* Differences with few equal words between are shown as one: whole phrases read better. */
static bool joins(const struct align_hunk *last, const struct align_hunk *h)
{
    return last && h->a_begin - last->a_end <= JOINED_WORDS_MAX;
}

static void keep(struct licence_drift *ret, const struct pair *p, const struct align_hunk *last,
                 const struct align_hunk *h)
{
    bool join = joins(last, h) && ret->place_count;
    ret->removed += h->a_end - h->a_begin;
    ret->added += h->b_end - h->b_begin;
    if (ret->place_count == DRIFT_PLACES_MAX) return;
    struct drift_place *d = &ret->places[join ? ret->place_count - 1 : ret->place_count++];
    uint32_t a_begin = join ? last->a_end : h->a_begin, b_begin = join ? last->b_end : h->b_begin;
    if (h->a_end > a_begin) {
        if (d->was_end == 0) d->was_begin = p->was.words[a_begin].begin;
        d->was_end = p->was.words[h->a_end - 1].end;
    }
    if (h->b_end > b_begin) {
        if (d->is_end == 0) d->is_begin = p->is.words[b_begin].begin;
        d->is_end = p->is.words[h->b_end - 1].end;
    }
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

enum status licence_drift(struct licence_drift *ret, const struct licence_reading *was,
                          const struct licence_reading *is, struct error *err)
{
    struct pair p = { 0 };
    struct align_result r = { 0 };
    struct licence_drift d = { 0 };
    d.same_bytes =
        was->text.len == is->text.len && memcmp(was->text.data, is->text.data, was->text.len) == 0;
    d.same_licence = same_text(licence_reading_id(was), licence_reading_id(is));
    enum status st = licence_words_read(&p.was, was->text, err);
    if (!st) st = licence_words_read(&p.is, is->text, err);
    if (!st) st = number_words(&p, err);
    if (!st) st = licence_align(&r, p.was_ids, p.was.count, p.is_ids, p.is.count, err);
    for (uint32_t i = 0; i < r.count && !st; i++)
        keep(&d, &p, i ? &r.hunks[i - 1] : NULL, &r.hunks[i]);
    d.same_words = !st && !r.count;
    align_result_release(&r);
    licence_words_release(&p.was);
    licence_words_release(&p.is);
    mem_free(p.hashes);
    mem_free(p.was_ids);
    mem_free(p.is_ids);
    if (!st) *ret = d;
    return st;
}

static enum status facts_as_json(struct json_doc **ret, const struct licence_facts *f,
                                 struct error *err)
{
    struct buf text = BUF_INIT(FACTS_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &text, 0);
    licence_facts_write(&w, f);
    enum status st = buf_check(&text, "the facts of a licence", err);
    if (!st) st = json_parse(ret, text.data, text.len, FACTS_BYTES_MAX, "facts", err);
    buf_release(&text);
    return st;
}

static bool same_value(const struct json *a, const struct json *b)
{
    if (json_type(a) != json_type(b)) return false;
    if (json_type(a) == JSON_ARRAY) {
        if (json_length(a) != json_length(b)) return false;
        for (size_t i = 0; i < json_length(a); i++)
            if (!same_value(json_at(a, i), json_at(b, i))) return false;
        return true;
    }
    struct span x = json_string(a), y = json_string(b);
    return json_int(a, 0) == json_int(b, 0) && json_bool(a, false) == json_bool(b, false) &&
           x.len == y.len && (!x.len || memcmp(x.data, y.data, x.len) == 0);
}

static void write_fact(struct json_writer *w, struct span key, const struct json *was,
                       const struct json *is)
{
    json_open_object(w);
    json_key(w, "fact");
    json_put_span(w, key);
    json_key(w, "was");
    if (was) json_put_value(w, was);
    else json_put_null(w);
    json_key(w, "is");
    if (is) json_put_value(w, is);
    else json_put_null(w);
    json_close_object(w);
}

static void write_facts(struct json_writer *w, const struct json *was, const struct json *is)
{
    char key[64];
    json_key(w, "facts");
    json_open_array(w);
    for (int side = 0; side < 2; side++) {
        const struct json *here = side ? is : was;
        for (struct json_member m = json_first(here); m.value; m = json_next(here, m)) {
            if (m.key.len >= sizeof key) continue;
            memcpy(key, m.key.data, m.key.len);
            key[m.key.len] = 0;
            const struct json *there = json_get(side ? was : is, key);
            if (side ? !there : !there || !same_value(m.value, there))
                write_fact(w, m.key, side ? NULL : m.value, side ? m.value : there);
        }
    }
    json_close_array(w);
}

static void write_words(struct json_writer *w, const struct licence_drift *d,
                        const struct licence_reading *was, const struct licence_reading *is)
{
    char quote[LICENCE_QUOTE_BYTES];
    json_key(w, "words");
    json_open_array(w);
    for (uint32_t i = 0; i < d->place_count; i++) {
        const struct drift_place *p = &d->places[i];
        json_open_object(w);
        json_key(w, "removed");
        licence_quote(quote, sizeof quote, was, p->was_begin, p->was_end);
        json_put_string(w, quote);
        json_key(w, "added");
        licence_quote(quote, sizeof quote, is, p->is_begin, p->is_end);
        json_put_string(w, quote);
        json_close_object(w);
    }
    json_close_array(w);
}

enum status licence_drift_write(struct json_writer *w, const struct licence_drift *d,
                                const struct licence_reading *was, const struct licence_reading *is,
                                struct error *err)
{
    struct json_doc *old = NULL, *new = NULL;
    enum status st = facts_as_json(&old, was->facts, err);
    if (!st) st = facts_as_json(&new, is->facts, err);
    if (!st) {
        json_open_object(w);
        json_key(w, "same");
        json_put_bool(w, d->same_words && d->same_licence);
        json_key(w, "from");
        json_put_string(w, licence_reading_id(was));
        json_key(w, "to");
        json_put_string(w, licence_reading_id(is));
        json_key(w, "words_removed");
        json_put_int(w, d->removed);
        json_key(w, "words_added");
        json_put_int(w, d->added);
        write_facts(w, json_root(old), json_root(new));
        write_words(w, d, was, is);
        json_close_object(w);
    }
    json_doc_free(old);
    json_doc_free(new);
    return st;
}
