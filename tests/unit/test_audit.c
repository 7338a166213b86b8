/* The audit log: what was appended stays, what was tampered with is named, and a killed writer loses nothing.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "govern/audit/audit.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/core/file.h"
#include "base/core/json.h"
#include "base/core/mem.h"
#include "govern/audit/canonical.h"
#include "govern/audit/log_folder.h"
#include "support/fixture.h"
#include "support/scratch.h"

#define KILLS 200

struct world {
    char root[SCRATCH_PATH_BYTES], log[SCRATCH_PATH_BYTES], secrets[SCRATCH_PATH_BYTES];
    struct audit *audit;
};

static void open_log(struct world *w)
{
    struct error err;
    if (audit_open(&w->audit, w->log, w->secrets, &err)) fail_msg("%s", err.text);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    scratch_make(w->root);
    snprintf(w->log, sizeof w->log, "%s", scratch_path(w->root, "log"));
    snprintf(w->secrets, sizeof w->secrets, "%s", scratch_path(w->root, "secrets"));
    open_log(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    audit_close(w->audit);
    scratch_remove(w->root);
    free(w);
    return 0;
}

/* Appends `count` entries {"n": first...}; the entry that begins a log is number 0. */
static void append(struct audit *a, uint64_t first, size_t count)
{
    struct audit_event *events = calloc(count, sizeof *events);
    char(*bodies)[64] = calloc(count, sizeof *bodies);
    struct error err;
    uint64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        int n = snprintf(bodies[i], sizeof bodies[i], "{\"n\":%" PRIu64 "}", first + i);
        events[i] = (struct audit_event){ AUDIT_VERDICT, { bodies[i], (size_t)n } };
    }
    if (audit_append(a, events, count, &at, &err)) fail_msg("%s", err.text);
    assert_int_equal(at, first);
    free(bodies);
    free(events);
}

static struct audit_findings verify(const struct world *w, const struct audit_anchor *anchors,
                                    size_t count)
{
    struct audit_findings f;
    struct error err;
    if (audit_verify(&f, w->log, audit_key(w->audit), anchors, count, NULL, &err))
        fail_msg("%s", err.text);
    return f;
}

static void assert_whole(const struct world *w, uint64_t entries)
{
    struct audit_findings f = verify(w, NULL, 0);
    if (f.count) fail_msg("%s: %s", audit_fault_name(f.at[0].fault), f.at[0].words.text);
    assert_int_equal(f.entries, entries);
}

static void assert_found(const struct audit_findings *f, enum audit_fault fault, const char *words)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->at[i].fault == fault && strstr(f->at[i].words.text, words)) return;
    fail_msg("not found: %s \"%s\"; %zu findings, the first is %s", audit_fault_name(fault), words,
             f->count, f->count ? f->at[0].words.text : "none");
}

static bool canonical_is(struct span text)
{
    bool is = false;
    assert_int_equal(canonical_check(text, &is, NULL), STATUS_OK);
    return is;
}

static int64_t entry_number(struct audit_view *v, uint64_t index)
{
    struct span entry;
    struct json_doc *doc;
    struct error err;
    if (audit_view_entry(v, index, &entry, &err)) fail_msg("%s", err.text);
    assert_true(canonical_is(entry));
    assert_int_equal(json_parse(&doc, entry.data, entry.len, entry.len, "entry", &err), 0);
    int64_t n = json_int(json_path(json_root(doc), "body.n"), -1);
    assert_int_equal(json_int(json_get(json_root(doc), "v"), 0), 1);
    assert_true(json_int(json_get(json_root(doc), "time_ms"), 0) > 0);
    json_doc_free(doc);
    return n;
}

/* Sizes around the borders of tiles, one entry at a time and in batches, over several lives. */
static void test_append_and_read(void **state)
{
    struct world *w = *state;
    static const size_t batches[] = { 1, 1, 2, 250, 1, 1, 1, 300, 4096, 60900, 1, 5 };
    struct audit_view *v;
    struct error err;
    uint64_t size = 1;
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        for (size_t left = batches[i]; left;) {
            size_t now = left < AUDIT_BATCH_MAX ? left : AUDIT_BATCH_MAX;
            append(w->audit, size, now);
            size += now;
            left -= now;
        }
        if (i % 2) {
            audit_close(w->audit);
            open_log(w);
        }
    }
    assert_whole(w, size);
    assert_int_equal(audit_view_open(&v, w->log, NULL, &err), STATUS_OK);
    assert_int_equal(audit_view_checkpoint(v)->size, size);
    for (uint64_t i = 1; i < size; i += i < 600 ? 1 : 977)
        assert_int_equal(entry_number(v, i), i);
    struct span entry;
    assert_int_equal(audit_view_entry(v, size, &entry, &err), STATUS_NOT_FOUND);
    /* partial tiles go once the full ones are there */
    assert_int_equal(file_kind(scratch_path(w->log, "tile/entries/000.p")), FILE_MISSING);
    assert_int_equal(file_kind(scratch_path(w->log, "tile/0/001.p")), FILE_MISSING);
    assert_int_equal(file_kind(scratch_path(w->log, "tile/1/000")), FILE_REGULAR);
    audit_view_close(v);
}

static void test_proofs(void **state)
{
    struct world *w = *state;
    struct audit_view *v;
    struct error err;
    append(w->audit, 1, 700);
    assert_int_equal(audit_view_open(&v, w->log, audit_key(w->audit), &err), STATUS_OK);
    const struct checkpoint *c = audit_view_checkpoint(v);
    for (uint64_t i = 0; i < c->size; i += 13) {
        struct merkle_proof p;
        struct merkle_hash old;
        struct buf text = BUF_INIT(65536);
        struct span entry;
        uint64_t index;
        assert_int_equal(audit_view_proof(v, i, &text, &err), STATUS_OK);
        assert_int_equal(audit_view_entry(v, i, &entry, &err), STATUS_OK);
        struct span proof = { text.data, text.len };
        assert_int_equal(audit_proof_check(proof, entry, audit_key(w->audit), &index, &err), 0);
        assert_int_equal(index, i);
        entry.len--;
        assert_int_equal(audit_proof_check(proof, entry, audit_key(w->audit), &index, &err),
                         STATUS_BAD_INPUT);
        assert_int_equal(audit_view_consistency(v, i, &p, &err), STATUS_OK);
        assert_int_equal(audit_view_root(v, i, &old, &err), STATUS_OK);
        assert_true(merkle_check_consistency(i, &old, c->size, &c->root, p.hashes, p.count));
        buf_release(&text);
    }
    struct merkle_proof p;
    assert_int_equal(audit_view_inclusion(v, c->size, &p, &err), STATUS_NOT_FOUND);
    assert_int_equal(audit_view_consistency(v, c->size + 1, &p, &err), STATUS_NOT_FOUND);
    audit_view_close(v);
}

static void test_bad_proofs(void **state)
{
    struct world *w = *state;
    struct audit_view *v;
    struct error err;
    struct span entry;
    struct buf text = BUF_INIT(65536);
    append(w->audit, 1, 9);
    assert_int_equal(audit_view_open(&v, w->log, NULL, &err), STATUS_OK);
    assert_int_equal(audit_view_proof(v, 4, &text, &err), STATUS_OK);
    assert_int_equal(audit_view_entry(v, 4, &entry, &err), STATUS_OK);
    static const struct {
        const char *find, *put;
    } cases[] = {
        { "tlog-proof@v1", "tlog-proof@v2" },
        { "index 4", "index 5" },
        { "index 4", "index 04" },
        { "index 4", "index " },
        { "index 4", "indeks 4" },
        { "index 4\n", "" },
        { "=\n", "?\n" },
        { "\n\nhearth", "\nhearth" },
        { "\n10\n", "\n11\n" },
        { "index 4", "extra !\nextra ?\nindex 4" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf other = BUF_INIT(65536);
        uint64_t index;
        char *at = strstr(text.data, cases[i].find);
        assert_non_null(at);
        buf_append(&other, text.data, (size_t)(at - text.data));
        buf_text(&other, cases[i].put);
        buf_text(&other, at + strlen(cases[i].find));
        err.text[0] = 0;
        enum status st = audit_proof_check((struct span){ other.data, other.len }, entry,
                                           audit_key(w->audit), &index, &err);
        if (st != STATUS_BAD_INPUT || !err.text[0]) fail_msg("taken: %s", cases[i].put);
        buf_release(&other);
    }
    /* extra data stands for nothing and spoils nothing */
    struct buf extra = BUF_INIT(65536);
    uint64_t index;
    size_t line = (size_t)(strchr(text.data, '\n') + 1 - text.data);
    buf_append(&extra, text.data, line);
    buf_text(&extra, "extra AAAA\n");
    buf_text(&extra, text.data + line);
    assert_int_equal(audit_proof_check((struct span){ extra.data, extra.len }, entry,
                                       audit_key(w->audit), &index, &err),
                     0);
    buf_release(&extra);
    buf_release(&text);
    audit_view_close(v);
}

static void test_bodies(void **state)
{
    struct world *w = *state;
    static const char *const wrong[] = { "", "[]", "{\"a\":1.5}", "{\"a\":1,\"a\":2}", "{", "1" };
    struct error err;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        /* the good one before it is not logged either */
        const struct audit_event events[] = { { AUDIT_APPROVAL, span_of("{}") },
                                              { AUDIT_APPROVAL, span_of(wrong[i]) } };
        err.text[0] = 0;
        assert_int_not_equal(audit_append(w->audit, events, 2, NULL, &err), STATUS_OK);
        assert_true(err.text[0]);
    }
    char *large = malloc(70000);
    memset(large, 'x', 70000);
    memcpy(large, "{\"a\":\"", 6);
    memcpy(large + 69998, "\"}", 2);
    const struct audit_event event = { AUDIT_APPROVAL, { large, 70000 } };
    assert_int_equal(audit_append(w->audit, &event, 1, NULL, &err), STATUS_LIMIT);
    free(large);
    assert_whole(w, 1);
    append(w->audit, 1, 1);
    assert_whole(w, 2);
}

static void test_keyed_hash(void **state)
{
    struct world *w = *state;
    char a[AUDIT_HASH_TEXT_BYTES], b[AUDIT_HASH_TEXT_BYTES];
    struct error err;
    assert_int_equal(audit_hash(w->audit, "user", span_of("alice"), a, &err), STATUS_OK);
    assert_int_equal(audit_hash(w->audit, "user", span_of("alice"), b, &err), STATUS_OK);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), AUDIT_HASH_TEXT_BYTES - 1);
    assert_memory_equal(a, "hmac-sha256:", 12);
    assert_int_equal(audit_hash(w->audit, "prompt", span_of("alice"), b, &err), STATUS_OK);
    assert_string_not_equal(a, b);
    audit_close(w->audit);
    open_log(w);
    assert_int_equal(audit_hash(w->audit, "user", span_of("alice"), b, &err), STATUS_OK);
    assert_string_equal(a, b);
}

/* ---- tampering ---- */

static struct buf read_log(const struct world *w, const char *name)
{
    return fixture_read(scratch_path(w->log, name));
}

static void write_log(const struct world *w, const char *name, const struct buf *b)
{
    scratch_write(w->log, name, b->data, b->len);
}

static void test_edited_entry(void **state)
{
    struct world *w = *state;
    append(w->audit, 1, 299);
    struct buf b = read_log(w, "tile/entries/001.p/44");
    char *at = memmem(b.data, b.len, "\"n\":270", 7);
    at[6] = '1';
    write_log(w, "tile/entries/001.p/44", &b);
    struct audit_findings f = verify(w, NULL, 0);
    assert_found(&f, AUDIT_EDITED, "entry 270 ");
    assert_found(&f, AUDIT_EDITED, "the 300 entries are not those");
    buf_release(&b);
}

static void test_edited_entry_and_tile(void **state)
{
    struct world *w = *state;
    append(w->audit, 1, 9);
    struct buf b = read_log(w, "tile/entries/000.p/10"), t = read_log(w, "tile/0/000.p/10");
    struct span entries[TILE_WIDTH];
    struct merkle_hash leaf;
    *(char *)memmem(b.data, b.len, "\"n\":7", 5) = ' ';
    assert_int_equal(tile_entries((struct span){ b.data, b.len }, 10, entries, NULL), 0);
    assert_int_equal(merkle_leaf(entries[7], &leaf, NULL), 0);
    memcpy(t.data + 7 * SHA256_BYTES, leaf.bytes, SHA256_BYTES);
    write_log(w, "tile/entries/000.p/10", &b);
    write_log(w, "tile/0/000.p/10", &t);
    struct audit_findings f = verify(w, NULL, 0);
    assert_found(&f, AUDIT_EDITED, "the 10 entries are not those that the checkpoint");
    assert_found(&f, AUDIT_FORM, "entry 7 ");
    buf_release(&b);
    buf_release(&t);
}

/* In a bundle that is full nobody writes any more, so nobody who appends sees what was changed there. */
static void test_edited_long_ago(void **state)
{
    struct world *w = *state;
    struct error err;
    struct audit_view *v;
    struct span entry;
    append(w->audit, 1, 299);
    audit_close(w->audit);
    struct buf b = read_log(w, "tile/entries/000"), t = read_log(w, "tile/0/000");
    struct span entries[TILE_WIDTH];
    struct merkle_hash leaf;
    char *at = memmem(b.data, b.len, "\"n\":77}", 7);
    at[4] = '8';
    write_log(w, "tile/entries/000", &b);
    for (int pass = 0; pass < 2; pass++) {
        open_log(w);
        append(w->audit, 300 + (uint64_t)pass, 1);
        if (audit_view_open(&v, w->log, audit_key(w->audit), &err)) fail_msg("%s", err.text);
        assert_int_equal(audit_view_entry(v, 77, &entry, &err), STATUS_OK);
        assert_non_null(memmem(entry.data, entry.len, "\"n\":87}", 7));
        assert_int_equal(audit_view_proved(v, 77, &entry, &err), STATUS_BAD_INPUT);
        assert_non_null(strstr(err.text, "hearth audit verify"));
        assert_int_equal(audit_view_proved(v, 290, &entry, &err), STATUS_OK);
        assert_non_null(memmem(entry.data, entry.len, "\"n\":290}", 8));
        assert_int_equal(audit_view_proved(v, 1000, &entry, &err), STATUS_NOT_FOUND);
        audit_view_close(v);
        /* And the same with a tile that fits. */
        assert_int_equal(tile_entries((struct span){ b.data, b.len }, TILE_WIDTH, entries, NULL),
                         0);
        assert_int_equal(merkle_leaf(entries[77], &leaf, NULL), 0);
        memcpy(t.data + 77 * SHA256_BYTES, leaf.bytes, SHA256_BYTES);
        write_log(w, "tile/0/000", &t);
        if (!pass) audit_close(w->audit);
    }
    buf_release(&b);
    buf_release(&t);
}

static void test_reordered(void **state)
{
    struct world *w = *state;
    struct span entries[TILE_WIDTH];
    struct buf out = BUF_INIT(65536);
    append(w->audit, 1, 9);
    struct buf b = read_log(w, "tile/entries/000.p/10");
    assert_int_equal(tile_entries((struct span){ b.data, b.len }, 10, entries, NULL), 0);
    for (int i = 0; i < 10; i++) {
        struct span e = entries[i == 3 ? 4 : i == 4 ? 3 : i];
        char length[2] = { (char)(e.len >> 8), (char)e.len };
        buf_append(&out, length, 2);
        buf_append(&out, e.data, e.len);
    }
    write_log(w, "tile/entries/000.p/10", &out);
    struct audit_findings f = verify(w, NULL, 0);
    assert_found(&f, AUDIT_EDITED, "entry 3 is not");
    buf_release(&b);
    buf_release(&out);
}

static void test_missing_and_short_files(void **state)
{
    static const struct {
        const char *name;
        enum audit_fault fault;
    } cases[] = {
        { "tile/entries/000", AUDIT_MISSING }, { "tile/0/000", AUDIT_MISSING },
        { "tile/1/000.p/1", AUDIT_MISSING },   { "tile/entries/001.p/44", AUDIT_MISSING },
        { "checkpoint", AUDIT_MISSING },       { "tile/0/001.p/44", AUDIT_MISSING },
    };
    struct world *w = *state;
    append(w->audit, 1, 299);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = read_log(w, cases[i].name);
        unlink(scratch_path(w->log, cases[i].name));
        struct audit_findings f = verify(w, NULL, 0);
        assert_found(&f, cases[i].fault, "");
        b.len--;
        write_log(w, cases[i].name, &b);
        f = verify(w, NULL, 0);
        assert_true(f.count > 0);
        b.len++;
        write_log(w, cases[i].name, &b);
        assert_whole(w, 300);
        buf_release(&b);
    }
}

static void test_tile_of_higher_level(void **state)
{
    struct world *w = *state;
    append(w->audit, 1, 299);
    struct buf t = read_log(w, "tile/1/000.p/1");
    t.data[5] ^= 4;
    write_log(w, "tile/1/000.p/1", &t);
    struct audit_findings f = verify(w, NULL, 0);
    assert_int_equal(f.count, 1);
    assert_found(&f, AUDIT_TILE, "level 1 from entry 0 on");
    buf_release(&t);
}

static void test_signature(void **state)
{
    struct world *w = *state;
    append(w->audit, 1, 3);
    struct buf b = read_log(w, "checkpoint");
    *strchr(b.data, '4') = '3'; /* the size, or a digit of the name: both are signed */
    write_log(w, "checkpoint", &b);
    struct audit_findings f = verify(w, NULL, 0);
    assert_found(&f, AUDIT_SIGNATURE, "");
    struct error err;
    struct audit *again;
    assert_int_equal(audit_open(&again, w->log, w->secrets, &err), STATUS_BAD_INPUT);
    buf_release(&b);
}

/* The log is put back to an earlier state, all of it rightly signed. */
static void test_truncated(void **state)
{
    struct world *w = *state;
    char old[SCRATCH_PATH_BYTES];
    snprintf(old, sizeof old, "%s", scratch_path(w->root, "old"));
    append(w->audit, 1, 4);
    scratch_copy(w->log, old);
    append(w->audit, 5, 3);
    struct buf late = read_log(w, "checkpoint"),
               early = fixture_read(scratch_path(old, "checkpoint"));
    const struct audit_anchor anchors[] = { { "late", { late.data, late.len } },
                                            { "early", { early.data, early.len } } };
    struct audit_findings f = verify(w, anchors, 2);
    assert_int_equal(f.count, 0);
    assert_int_equal(f.anchors, 2);
    scratch_remove(w->log);
    scratch_copy(old, w->log);
    assert_whole(w, 5); /* it is whole in itself: */
    f = verify(w, anchors, 2);
    assert_int_equal(f.count, 1);
    assert_found(&f, AUDIT_TRUNCATED,
                 "checkpoint late was signed for 8 entries, and the log has 5");
    struct error err; /* and the writer remembers how far it was */
    struct audit *again;
    assert_int_equal(audit_open(&again, w->log, w->secrets, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "it has 5 entries, and had 8"));
    const struct audit_event event = { AUDIT_APPROVAL, span_of("{}") };
    assert_int_equal(audit_append(w->audit, &event, 1, NULL, &err), STATUS_BAD_INPUT);
    scratch_remove(w->log);
    f = verify(w, anchors, 1);
    assert_found(&f, AUDIT_TRUNCATED, "the log is gone");
    assert_int_equal(audit_open(&again, w->log, w->secrets, &err), STATUS_BAD_INPUT);
    buf_release(&late);
    buf_release(&early);
}

/* Two histories from one past, signed with the same key. */
static void test_forked(void **state)
{
    struct world *w = *state;
    char other_log[SCRATCH_PATH_BYTES], other_secrets[SCRATCH_PATH_BYTES];
    struct audit *other;
    struct error err;
    snprintf(other_log, sizeof other_log, "%s", scratch_path(w->root, "other"));
    snprintf(other_secrets, sizeof other_secrets, "%s", scratch_path(w->root, "other-secrets"));
    append(w->audit, 1, 4);
    scratch_copy(w->log, other_log);
    scratch_copy(w->secrets, other_secrets);
    assert_int_equal(audit_open(&other, other_log, other_secrets, &err), STATUS_OK);
    append(w->audit, 5, 3);
    const struct audit_event event = { AUDIT_REFUSAL, span_of("{\"n\":5}") };
    for (int i = 0; i < 2; i++)
        assert_int_equal(audit_append(other, &event, 1, NULL, &err), STATUS_OK);
    struct buf theirs = fixture_read(scratch_path(other_log, "checkpoint"));
    const struct audit_anchor anchor = { "theirs", { theirs.data, theirs.len } };
    struct audit_findings f = verify(w, &anchor, 1);
    assert_int_equal(f.count, 1);
    assert_found(&f, AUDIT_FORKED, "checkpoint theirs was signed for 7 other entries");
    audit_close(other);
    /* The writer sees it, too, when one history takes the other's place. */
    scratch_remove(w->log);
    scratch_copy(other_log, w->log);
    struct audit *again;
    assert_int_equal(audit_open(&again, w->log, w->secrets, &err), STATUS_BAD_INPUT);
    buf_release(&theirs);
}

/* ---- several writers, readers ---- */

static void test_writers_take_turns(void **state)
{
    struct world *w = *state;
    struct audit *second;
    struct error err;
    assert_int_equal(audit_open(&second, w->log, w->secrets, &err), STATUS_OK);
    for (uint64_t i = 1; i < 40; i += 2) {
        append(w->audit, i, 1);
        append(second, i + 1, 1);
    }
    audit_close(second);
    assert_whole(w, 41);
}

static void test_secrets_lost(void **state)
{
    struct world *w = *state;
    struct audit *again;
    struct error err;
    unlink(scratch_path(w->secrets, "audit-signing-key"));
    assert_int_equal(audit_open(&again, w->log, w->secrets, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "Restore the key"));
    scratch_write(w->secrets, "audit-signing-key", "short\n", 6);
    assert_int_equal(audit_open(&again, w->log, w->secrets, &err), STATUS_BAD_INPUT);
    /* a key of another log */
    scratch_write(w->secrets, "audit-signing-key",
                  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7\n", 65);
    assert_int_equal(audit_open(&again, w->log, w->secrets, &err), STATUS_BAD_INPUT);
}

static void test_secrets_are_private(void **state)
{
    struct world *w = *state;
    struct buf seed = fixture_read(scratch_path(w->secrets, "audit-signing-key"));
    struct buf hash = fixture_read(scratch_path(w->secrets, "audit-hash-key"));
    char command[2 * SCRATCH_PATH_BYTES];
    assert_int_equal(seed.len, 65);
    assert_memory_not_equal(seed.data, hash.data, 64);
    seed.data[64] = 0;
    snprintf(command, sizeof command, "grep -rq %s %s", seed.data, w->log);
    assert_int_not_equal(system(command), 0);
    snprintf(command, sizeof command, "test -z \"$(find %s -perm /077)\"", w->secrets);
    assert_int_equal(system(command), 0);
    buf_release(&seed);
    buf_release(&hash);
}

/* ---- short memory ---- */

#ifdef HEARTH_CHECKS
/* Each allocation fails once: the append fails whole or succeeds, and the log goes on. */
static void test_short_memory(void **state)
{
    struct world *w = *state;
    static const struct audit_event event = { AUDIT_APPROVAL, { "{\"by\":\"a\"}", 10 } };
    uint64_t size = 1;
    append(w->audit, size, 254); /* so that tiles fill while memory is short */
    size += 254;
    for (long n = 1;; n++) {
        struct audit *a = NULL;
        struct error err;
        mem_fail_nth(n);
        enum status st = audit_open(&a, w->log, w->secrets, &err);
        if (!st) st = audit_append(a, &event, 1, NULL, &err);
        bool fired = mem_fault_fired();
        mem_fail_nth(0);
        if (st && st != STATUS_NO_MEMORY) fail_msg("%s: %s", status_name(st), err.text);
        audit_close(a);
        struct audit_findings f = verify(w, NULL, 0);
        if (f.count) fail_msg("allocation %ld: %s", n, f.at[0].words.text);
        assert_true(f.entries == size || f.entries == size + 1);
        if (!st) assert_int_equal(f.entries, size + 1);
        size = f.entries;
        if (!fired) break;
    }
    assert_true(size > 255);
}

static void test_short_memory_verify(void **state)
{
    struct world *w = *state;
    append(w->audit, 1, 299);
    struct buf note = fixture_read(scratch_path(w->log, "checkpoint"));
    const struct audit_anchor anchor = { "anchor", { note.data, note.len } };
    for (long n = 1;; n += n < 200 ? 1 : 97) {
        struct audit_findings f;
        struct error err;
        mem_fail_nth(n);
        enum status st = audit_verify(&f, w->log, NULL, &anchor, 1, NULL, &err);
        bool fired = mem_fault_fired();
        mem_fail_nth(0);
        assert_true(st == STATUS_OK || st == STATUS_NO_MEMORY);
        if (!st && f.count) fail_msg("allocation %ld: %s", n, f.at[0].words.text);
        if (!fired) break;
    }
    buf_release(&note);
}
#endif

/* ---- killed writers ---- */

/* Appends one entry after the other and says so, until it is killed. */
static void write_until_killed(const struct world *w, int pipe_end, uint64_t next)
{
    struct audit *a;
    struct error err;
    if (audit_open(&a, w->log, w->secrets, &err)) _exit(1);
    for (;; next++) {
        char body[64];
        int n = snprintf(body, sizeof body, "{\"n\":%" PRIu64 "}", next);
        const struct audit_event event = { AUDIT_VERDICT, { body, (size_t)n } };
        uint64_t at;
        if (audit_append(a, &event, 1, &at, &err) || at != next) _exit(2);
        if (write(pipe_end, &at, sizeof at) != sizeof at) _exit(3);
    }
}

/* Whatever was acknowledged by the writer that was killed; 0: nothing was. */
static uint64_t run_and_kill(const struct world *w, uint64_t next, long after_ns)
{
    int ends[2], status;
    uint64_t at, last = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        write_until_killed(w, ends[1], next);
    }
    close(ends[1]);
    nanosleep(&(struct timespec){ .tv_nsec = after_ns }, NULL);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    while (read(ends[0], &at, sizeof at) == sizeof at)
        last = at;
    close(ends[0]);
    return last;
}

static void test_killed(void **state)
{
    struct world *w = *state;
    uint64_t size = 1, random = (uint64_t)time(NULL), acknowledged = 0;
    struct error err;
    printf("seed %" PRIu64 "\n", random);
    audit_close(w->audit);
    for (int i = 0; i < KILLS; i++) {
        struct audit_view *v;
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint64_t last = run_and_kill(w, size, (long)(random >> 33) % 100000000);
        assert_int_equal(audit_view_open(&v, w->log, NULL, &err), STATUS_OK);
        uint64_t now = audit_view_checkpoint(v)->size;
        /* At most one entry was on its way when the writer died. */
        assert_true(now >= size && now > last && (last == 0 || now <= last + 2));
        acknowledged += last ? last + 1 - size : 0;
        for (uint64_t k = size; k < now; k++)
            assert_int_equal(entry_number(v, k), k);
        audit_view_close(v);
        size = now;
    }
    open_log(w);
    append(w->audit, size, 1);
    assert_whole(w, size + 1);
    assert_true(acknowledged > KILLS / 10);
    printf("%d kills, %" PRIu64 " entries acknowledged\n", KILLS, acknowledged);
}

/* A reader sees a whole log whenever it looks, across the borders of tiles. */
static void test_readers_beside_a_writer(void **state)
{
    struct world *w = *state;
    int ends[2], status;
    append(w->audit, 1, 240);
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        write_until_killed(w, ends[1], 241);
    }
    close(ends[1]);
    uint64_t at = 0, seen = 0;
    while (at < 270 && read(ends[0], &at, sizeof at) == sizeof at) {
        struct audit_findings f = verify(w, NULL, 0);
        if (f.count) fail_msg("beside entry %" PRIu64 ": %s", at, f.at[0].words.text);
        assert_true(f.entries > at && f.entries >= seen);
        seen = f.entries;
    }
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    close(ends[0]);
}

/* What is signed in the log's name without being written there; but never a checkpoint. */
static void test_signs_texts(void **state)
{
    struct world *w = *state;
    struct buf note = BUF_INIT(NOTE_BYTES_MAX), forged = BUF_INIT(NOTE_BYTES_MAX);
    const struct note_key *key = audit_key(w->audit);
    struct note_key other = *key;
    struct span text;
    struct error err;
    append(w->audit, 1, 2);
    assert_int_equal(audit_size(w->audit), 3);
    assert_int_equal(audit_sign(w->audit, span_of("{\"v\":1}\n"), &note, &err), STATUS_OK);
    assert_int_equal(note_open((struct span){ note.data, note.len }, key, &text, &err), STATUS_OK);
    assert_true(span_equals(text, "{\"v\":1}\n"));
    other.public_key[0] ^= 1;
    assert_int_equal(note_open((struct span){ note.data, note.len }, &other, &text, &err),
                     STATUS_BAD_INPUT);
    buf_format(&forged, "%s\n99\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", key->name);
    size_t len = note.len;
    assert_int_equal(audit_sign(w->audit, (struct span){ forged.data, forged.len }, &note, &err),
                     STATUS_BAD_INPUT);
    assert_int_equal(note.len, len);
    buf_release(&note);
    buf_release(&forged);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_append_and_read),
        TEST(test_proofs),
        TEST(test_bad_proofs),
        TEST(test_bodies),
        TEST(test_keyed_hash),
        TEST(test_edited_entry),
        TEST(test_edited_entry_and_tile),
        TEST(test_edited_long_ago),
        TEST(test_reordered),
        TEST(test_missing_and_short_files),
        TEST(test_tile_of_higher_level),
        TEST(test_signature),
        TEST(test_truncated),
        TEST(test_forked),
        TEST(test_writers_take_turns),
        TEST(test_readers_beside_a_writer),
        TEST(test_signs_texts),
        TEST(test_secrets_lost),
        TEST(test_secrets_are_private),
#ifdef HEARTH_CHECKS
        TEST(test_short_memory),
        TEST(test_short_memory_verify),
#endif
        TEST(test_killed),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
