/* The store of models: adding, pinning, verifying, exporting; bad folders; damage; killed writers.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "govern/registry/registry.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/core/file.h"
#include "base/core/json.h"
#include "govern/registry/lock_file.h"
#include "govern/registry/model_scan.h"
#include "support/fixture.h"
#include "support/scratch.h"

#define LARGE_BYTES ((size_t)3 << 20)
#define KILLS       200

struct world {
    char root[SCRATCH_PATH_BYTES], home[SCRATCH_PATH_BYTES], model[SCRATCH_PATH_BYTES];
    char lock[SCRATCH_PATH_BYTES];
    struct audit *audit;
    struct registry *r;
    int inspections;
    bool refuse; /* the inspector says no */
};

static void open_world(struct world *w)
{
    struct error err;
    if (audit_open(&w->audit, scratch_path(w->home, "log"), scratch_path(w->home, "secrets"), &err))
        fail_msg("%s", err.text);
    if (registry_open(&w->r, w->home, w->lock, w->audit, &err)) fail_msg("%s", err.text);
}

static void close_world(struct world *w)
{
    registry_close(w->r);
    audit_close(w->audit);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    char *large = malloc(LARGE_BYTES);
    scratch_make(w->root);
    snprintf(w->home, sizeof w->home, "%s", scratch_path(w->root, "home"));
    snprintf(w->model, sizeof w->model, "%s", scratch_path(w->root, "tiny"));
    snprintf(w->lock, sizeof w->lock, "%s", scratch_path(w->root, "hearth.lock"));
    for (size_t i = 0; i < LARGE_BYTES; i++)
        large[i] = (char)(i * 2654435761u >> 13);
    scratch_write(w->model, "config.json", "{}", 2);
    scratch_write(w->model, "model.safetensors", large, LARGE_BYTES);
    scratch_write(w->model, "original/params.json", "{}", 2);
    free(large);
    open_world(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    close_world(w);
    scratch_remove(w->root);
    free(w);
    return 0;
}

/* Reads every byte that it is handed, as an inspector would. */
static enum status inspect(void *ctx, const char *label, const char *main_file,
                           const struct registry_inspected *files, size_t count, struct buf *out,
                           struct error *err)
{
    struct world *w = ctx;
    w->inspections++;
    assert_non_null(label);
    for (size_t i = 0; i < count; i++) {
        uint64_t bytes;
        if (files[i].fd < 0) continue;
        assert_int_equal(file_descriptor_bytes(files[i].fd, files[i].name, &bytes, err), 0);
        assert_int_equal(bytes, files[i].bytes);
        assert_null(strchr(files[i].name, '/'));
    }
    if (w->refuse) return error_set(err, STATUS_BAD_INPUT, "the inspector says no");
    buf_text(out, "{\"family\":\"test\"}");
    return buf_check(out, "facts", err);
}

static enum status add(struct world *w, const char *path, const char *alias,
                       struct registry_added *added, struct error *err)
{
    struct registry_model m;
    const struct registry_add what = {
        .path = path, .alias = alias, .inspect = inspect, .inspect_ctx = w
    };
    err->text[0] = 0;
    enum status st = registry_add(w->r, &what, &m, added, err);
    if (!st) registry_model_release(&m);
    else if (!err->text[0]) fail_msg("a failure without words");
    return st;
}

static struct registry_added add_good(struct world *w, const char *alias)
{
    struct registry_added added;
    struct error err;
    if (add(w, w->model, alias, &added, &err)) fail_msg("%s", err.text);
    return added;
}

static size_t count_files(const char *folder)
{
    char command[SCRATCH_PATH_BYTES + 64], text[32] = "";
    snprintf(command, sizeof command, "find %s -type f 2>/dev/null | wc -l", folder);
    FILE *p = popen(command, "r");
    if (!p || !fgets(text, sizeof text, p)) fail_msg("find failed");
    pclose(p);
    return (size_t)strtoul(text, NULL, 10);
}

static size_t stored(const struct world *w)
{
    return count_files(scratch_path(w->home, "blobs"));
}

/* Everything that is pinned, whole. */
static struct registry_checked verify(struct world *w)
{
    struct registry_checked c;
    struct error err;
    if (registry_verify(w->r, NULL, NULL, NULL, NULL, &c, &err)) fail_msg("%s", err.text);
    return c;
}

static void test_add_and_look(void **state)
{
    struct world *w = *state;
    struct registry_added added = add_good(w, NULL);
    struct registry_model m;
    struct error err;
    char **aliases;
    assert_int_equal(added.bytes, LARGE_BYTES + 4);
    assert_int_equal(added.new_bytes, LARGE_BYTES + 2); /* {} is there twice, and stored once */
    assert_false(added.known);
    assert_int_equal(stored(w), 2);
    assert_int_equal(registry_aliases(w->r, &aliases, &err), STATUS_OK);
    assert_string_equal(aliases[0], "tiny");
    assert_null(aliases[1]);
    registry_aliases_free(aliases);
    assert_int_equal(registry_find(w->r, "tiny", &m, &err), STATUS_OK);
    assert_int_equal(m.file_count, 3);
    assert_string_equal(m.files[0].name, "config.json");
    assert_string_equal(m.files[2].name, "original/params.json");
    assert_string_equal(m.source, w->model);
    assert_null(m.main_file);
    assert_true(span_equals(m.facts, "{\"family\":\"test\"}"));
    char hex[SHA256_HEX_BYTES];
    sha256_hex(m.files[0].sha256, hex); /* of "{}", by sha256sum */
    assert_string_equal(hex, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    int fd;
    bool hashed;
    assert_int_equal(registry_open_file(w->r, &m.files[1], &fd, &hashed, &err), STATUS_OK);
    assert_false(hashed); /* it was hashed when it was stored, and nothing has touched it since */
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0444);
    file_close(fd);
    registry_model_release(&m);
    assert_int_equal(registry_find(w->r, "tinny", &m, &err), STATUS_NOT_FOUND);
    struct registry_checked c = verify(w);
    assert_int_equal(c.faults, 0);
    assert_int_equal(c.files, 3);
}

static void test_lock(void **state)
{
    struct world *w = *state;
    struct registry_model m;
    struct json_doc *lock;
    struct error err;
    add_good(w, "b-model");
    add_good(w, "a-model");
    struct buf text = fixture_read(w->lock);
    assert_true(strstr(text.data, "\"a-model\"") < strstr(text.data, "\"b-model\""));
    assert_int_equal(text.data[text.len - 1], '\n');
    assert_int_equal(lock_file_read(&lock, w->lock, &err), STATUS_OK);
    assert_int_equal(registry_find(w->r, "b-model", &m, &err), STATUS_OK);
    const struct json *pin = lock_file_model(lock, "b-model");
    assert_int_equal(lock_file_compare(pin, &m, &err), STATUS_OK);
    m.files[1].sha256[3] ^= 1;
    assert_int_equal(lock_file_compare(pin, &m, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "model.safetensors"));
    m.files[1].sha256[3] ^= 1;
    m.files[1].bytes++;
    assert_int_equal(lock_file_compare(pin, &m, &err), STATUS_BAD_INPUT);
    m.files[1].bytes--;
    m.digest[0] ^= 1;
    assert_int_equal(lock_file_compare(pin, &m, &err), STATUS_BAD_INPUT);
    m.digest[0] ^= 1;
    m.file_count--;
    assert_int_equal(lock_file_compare(pin, &m, &err), STATUS_BAD_INPUT);
    m.file_count++;
    m.main_file = "config.json";
    assert_int_equal(lock_file_compare(pin, &m, &err), STATUS_BAD_INPUT);
    json_doc_free(lock);
    /* Adding and removing another leaves the same bytes. */
    add_good(w, "c-model");
    assert_int_equal(registry_remove(w->r, "c-model", &err), STATUS_OK);
    struct buf again = fixture_read(w->lock);
    assert_int_equal(text.len, again.len);
    assert_memory_equal(text.data, again.data, text.len);
    buf_release(&again);
    buf_release(&text);
    registry_model_release(&m);
}

static void replace(const char *path, const char *find, const char *put)
{
    struct buf text = fixture_read(path), other = BUF_INIT(1 << 24);
    char *at = strstr(text.data, find);
    if (!at) fail_msg("%s is not in %s", find, path);
    buf_append(&other, text.data, (size_t)(at - text.data));
    buf_text(&other, put);
    buf_text(&other, at + strlen(find));
    assert_int_equal(file_write(path, other.data, other.len, NULL), 0);
    buf_release(&text);
    buf_release(&other);
}

/* What others keep about a model stays while its bytes are the same. */
static void test_lock_keeps_others(void **state)
{
    struct world *w = *state;
    add_good(w, NULL);
    replace(w->lock, "\"added_ms\"", "\"approvals\": [{\"by\": \"a\"}],\n \"added_ms\"");
    struct registry_added added = add_good(w, NULL);
    assert_true(added.known);
    struct buf text = fixture_read(w->lock);
    assert_non_null(strstr(text.data, "\"approvals\": ["));
    buf_release(&text);
    struct error err;
    scratch_write(w->model, "config.json", "{ }", 3);
    assert_int_equal(registry_remove(w->r, "tiny", &err), STATUS_OK);
    add_good(w, NULL);
    text = fixture_read(w->lock);
    assert_null(strstr(text.data, "approvals"));
    buf_release(&text);
}

static void test_bad_locks(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        { "", "" },
        { "[]", "no lock" },
        { "{\"models\":{}}", "version" },
        { "{\"models\":{},\"version\":2}", "version 2" },
        { "{\"models\":[],\"version\":1}", "no lock" },
        { "{\"models\":{},\"version\":1,\"x\":0}", "unknown key \"x\"" },
        { "{\"models\":{\"a\":1},\"version\":1}", "no object" },
        { "{\"models\":{\"../a\":{}},\"version\":1}", "cannot name a model" },
        { "{\"models\":{\"a\":{\"digest\":\"44\"}},\"version\":1}", "\"digest\"" },
    };
    static const char good[] =
        "{\"models\":{\"a\":{\"digest\":\"sha256:"
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\",\"source\":\"s\","
        "\"revision\":null,\"main_file\":null,\"files\":{\"%s\":{\"bytes\":%s,\"sha256\":\""
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8%s\"}}}},\"version\":1}";
    static const struct {
        const char *name, *bytes, *digit;
        bool good;
    } files[] = {
        { "config.json", "2", "a", true },
        { "a/b/c.json", "0", "a", true },
        { "config.json", "-1", "a", false },
        { "config.json", "1.5", "a", false },
        { "config.json", "2", "g", false },
        { "config.json", "2", "", false },
        { "../config.json", "2", "a", false },
        { "/etc/passwd", "2", "a", false },
        { "a/../../b", "2", "a", false },
        { "a\\\\b", "2", "a", false },
        { "a\\u0000b", "2", "a", false },
        { "c:d", "2", "a", false },
        { "", "2", "a", false },
        { "a/", "2", "a", false },
        { "a//b", "2", "a", false },
        { "./a", "2", "a", false },
        { "a./b", "2", "a", false },
        { "a\\n", "2", "a", false },
    };
    struct json_doc *doc;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        err.text[0] = 0;
        if (!lock_file_parse(&doc, span_of(cases[i].text), "x.lock", &err))
            fail_msg("taken: %s", cases[i].text);
        if (!strstr(err.text, cases[i].words) || !err.text[0]) fail_msg("%s", err.text);
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char text[1024];
        snprintf(text, sizeof text, good, files[i].name, files[i].bytes, files[i].digit);
        bool taken = !lock_file_parse(&doc, span_of(text), "x.lock", &err);
        if (taken) json_doc_free(doc);
        if (taken != files[i].good) fail_msg("%s: %s", text, taken ? "taken" : err.text);
    }
}

static void test_alias_taken(void **state)
{
    struct world *w = *state;
    struct registry_added added;
    struct error err;
    add_good(w, NULL);
    assert_true(add_good(w, NULL).known);
    assert_int_equal(w->inspections, 1);
    size_t before = stored(w);
    scratch_write(w->model, "config.json", "{\"other\":1}", 11);
    assert_int_equal(add(w, w->model, NULL, &added, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "names another model already"));
    assert_int_equal(stored(w), before); /* what was copied for nothing is gone */
    assert_int_equal(add(w, w->model, "tiny-2", &added, &err), STATUS_OK);
    assert_int_equal(added.new_bytes, 11);
    assert_int_equal(verify(w).faults, 0);
}

static void test_aliases(void **state)
{
    static const char *const wrong[] = { "", "a b", "-a", ".a", "a/b", "\xC3\xA4", "a:b", "a\n" };
    struct world *w = *state;
    struct registry_added added;
    struct error err;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(add(w, w->model, wrong[i], &added, &err), STATUS_BAD_INPUT);
    assert_int_equal(stored(w), 0);
    const char *odd = scratch_path(w->root, "My model (final)!");
    scratch_copy(w->model, odd);
    assert_int_equal(add(w, odd, NULL, &added, &err), STATUS_OK);
    struct registry_model m;
    assert_int_equal(registry_find(w->r, "My-model-final-", &m, &err), STATUS_OK);
    registry_model_release(&m);
}

static void test_refused_leaves_nothing(void **state)
{
    struct world *w = *state;
    struct registry_added added;
    struct error err;
    w->refuse = true;
    assert_int_equal(add(w, w->model, NULL, &added, &err), STATUS_BAD_INPUT);
    assert_string_equal(err.text, "the inspector says no");
    assert_int_equal(stored(w), 0);
    assert_int_equal(count_files(scratch_path(w->home, "incoming")), 0);
    assert_int_equal(file_kind(w->lock), FILE_MISSING);
}

/* ---- bad folders ---- */

static void expect_refused(struct world *w, enum status want, const char *words)
{
    struct registry_added added;
    struct error err;
    enum status st = add(w, w->model, NULL, &added, &err);
    if (st != want || !strstr(err.text, words))
        fail_msg("wanted \"%s\", got %s %s", words, status_name(st), err.text);
    assert_int_equal(stored(w), 0);
}

static void test_links(void **state)
{
    struct world *w = *state;
    const char *link = scratch_path(w->model, "link.json");
    scratch_write(w->root, "outside.json", "{\"secret\":1}", 12);
    assert_int_equal(symlink("../outside.json", link), 0);
    expect_refused(w, STATUS_BAD_INPUT, "is a link out of its folder");
    unlink(link);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    expect_refused(w, STATUS_BAD_INPUT, "is a link out of its folder");
    unlink(link);
    assert_int_equal(symlink("nowhere", link), 0);
    expect_refused(w, STATUS_BAD_INPUT, "leads nowhere");
    unlink(link);
    assert_int_equal(symlink("link.json", link), 0);
    expect_refused(w, STATUS_BAD_INPUT, "leads nowhere");
    unlink(link);
    assert_int_equal(symlink("original", link), 0);
    expect_refused(w, STATUS_BAD_INPUT, "no regular file");
    unlink(link);
    assert_int_equal(symlink("..", link), 0);
    expect_refused(w, STATUS_BAD_INPUT, "is a link out of its folder");
    unlink(link);
    /* A folder beside it whose name begins alike is not inside it. */
    scratch_write(w->root, "tiny-other/x.json", "{}", 2);
    assert_int_equal(symlink("../tiny-other/x.json", link), 0);
    expect_refused(w, STATUS_BAD_INPUT, "is a link out of its folder");
    unlink(link);
    assert_int_equal(symlink("original/params.json", link), 0);
    add_good(w, NULL);
    struct registry_model m;
    struct error err;
    assert_int_equal(registry_find(w->r, "tiny", &m, &err), STATUS_OK);
    assert_int_equal(m.file_count, 4);
    registry_model_release(&m);
}

/* The cache of the Hugging Face hub: links from a snapshot to blobs of the same model. */
static void test_hub_cache(void **state)
{
    struct world *w = *state;
    const char *hub = scratch_path(w->root, "hub/models--Acme--Tiny-0.1B");
    char snapshot[SCRATCH_PATH_BYTES];
    struct registry_added added;
    struct registry_model m;
    struct error err;
    snprintf(snapshot, sizeof snapshot, "%s/snapshots/0123abcd", hub);
    scratch_write(hub, "blobs/aaaa", "{}", 2);
    scratch_write(snapshot, "README.md", "# tiny", 6);
    assert_int_equal(symlink("../../blobs/aaaa", scratch_path(snapshot, "config.json")), 0);
    assert_int_equal(add(w, snapshot, NULL, &added, &err), STATUS_OK);
    assert_int_equal(registry_find(w->r, "Tiny-0.1B", &m, &err), STATUS_OK);
    assert_string_equal(m.revision, "0123abcd");
    assert_int_equal(m.file_count, 2);
    registry_model_release(&m);
    scratch_write(w->root, "hub/models--Other--Model/blobs/bbbb", "{}", 2);
    assert_int_equal(
        symlink("../../../models--Other--Model/blobs/bbbb", scratch_path(snapshot, "other.json")),
        0);
    assert_int_equal(add(w, snapshot, "again", &added, &err), STATUS_BAD_INPUT);
}

static void test_strange_files(void **state)
{
    struct world *w = *state;
    assert_int_equal(mkfifo(scratch_path(w->model, "pipe"), 0600), 0);
    expect_refused(w, STATUS_BAD_INPUT, "neither a file nor a folder");
    unlink(scratch_path(w->model, "pipe"));
    static const struct {
        const char *name, *words;
    } names[] = {
        { "a\\b.json", "backslash" },
        { "c:x", "colon" },
        { "tab\there", "control byte" },
        { "bad\xFF.json", "UTF-8" },
        { "trailing.", "dot or space" },
        { "trailing ", "dot or space" },
        { "a/b/c/d/e/f/g/h/i/deep", "folders deep" },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        scratch_write(w->model, names[i].name, "x", 1);
        expect_refused(w, strstr(names[i].words, "deep") ? STATUS_LIMIT : STATUS_BAD_INPUT,
                       names[i].words);
        unlink(scratch_path(w->model, names[i].name));
    }
    scratch_remove(scratch_path(w->model, "a"));
    scratch_write(w->model, ".git/config", "x", 1);
    assert_int_equal(add_good(w, NULL).skipped, 1);
}

static void test_names_equal_by_case(void **state)
{
    static const char *const pairs[][2] = {
        { "README.md", "Readme.md" },
        { "Stra\xC3\x9F"
          "e.txt",
          "STRASSE.txt" },
        { "caf\xC3\xA9.txt", "cafe\xCC\x81.txt" },
        { "Dir/x.txt", "dir/X.txt" },
    };
    struct world *w = *state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        scratch_write(w->model, pairs[i][0], "x", 1);
        scratch_write(w->model, pairs[i][1], "y", 1);
        expect_refused(w, STATUS_BAD_INPUT, "one name where case does not count");
        unlink(scratch_path(w->model, pairs[i][0]));
        unlink(scratch_path(w->model, pairs[i][1]));
    }
}

static void test_many_files(void **state)
{
    struct world *w = *state;
    char name[64];
    for (int i = 0; i < REGISTRY_FILES_MAX - 3; i++) {
        snprintf(name, sizeof name, "many/%d.txt", i);
        scratch_write(w->model, name, name, strlen(name));
    }
    add_good(w, NULL);
    assert_int_equal(stored(w), REGISTRY_FILES_MAX - 1);
    assert_int_equal(verify(w).faults, 0);
    struct error err;
    assert_int_equal(registry_remove(w->r, "tiny", &err), STATUS_OK);
    struct registry_cleaned cleaned;
    assert_int_equal(registry_clean(w->r, false, &cleaned, &err), STATUS_OK);
    scratch_write(w->model, "one-more.txt", "x", 1);
    expect_refused(w, STATUS_LIMIT, "more than 10000 files");
}

static void test_nothing_there(void **state)
{
    struct world *w = *state;
    struct registry_added added;
    struct error err;
    assert_int_equal(add(w, scratch_path(w->root, "none"), NULL, &added, &err), STATUS_NOT_FOUND);
    assert_int_equal(mkdir(scratch_path(w->root, "empty"), 0700), 0);
    assert_int_equal(add(w, scratch_path(w->root, "empty"), NULL, &added, &err), STATUS_NOT_FOUND);
    scratch_write(w->root, "weights.bin", "x", 1);
    assert_int_equal(add(w, scratch_path(w->root, "weights.bin"), NULL, &added, &err),
                     STATUS_UNSUPPORTED);
    assert_int_equal(add(w, "/dev/null", NULL, &added, &err), STATUS_BAD_INPUT);
}

/* ---- damage ---- */

static char *blob_of(const struct world *w, size_t i, const char *alias)
{
    static char path[SCRATCH_PATH_BYTES + 128];
    struct registry_model m;
    struct error err;
    char hex[SHA256_HEX_BYTES];
    assert_int_equal(registry_find(w->r, alias, &m, &err), STATUS_OK);
    sha256_hex(m.files[i].sha256, hex);
    snprintf(path, sizeof path, "%s/blobs/sha256/%.2s/%s", w->home, hex, hex);
    registry_model_release(&m);
    return path;
}

static void test_damaged_bytes(void **state)
{
    struct world *w = *state;
    struct registry_model m;
    struct error err;
    int fd;
    bool hashed;
    add_good(w, NULL);
    char *path = blob_of(w, 1, "tiny");
    struct buf bytes = fixture_read(path);
    bytes.data[LARGE_BYTES / 2] ^= 1;
    chmod(path, 0644);
    FILE *f = fopen(path, "r+b");
    assert_int_equal(fwrite(bytes.data, 1, bytes.len, f), bytes.len);
    fclose(f);
    assert_int_equal(registry_find(w->r, "tiny", &m, &err), STATUS_OK);
    assert_int_equal(registry_open_file(w->r, &m.files[1], &fd, &hashed, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "model.safetensors is not what was added"));
    struct registry_checked c = verify(w);
    assert_int_equal(c.faults, 1);
    assert_non_null(strstr(c.first.text, "model.safetensors"));
    assert_int_equal(registry_export(w->r, "tiny", scratch_path(w->root, "out"), NULL, &err),
                     STATUS_BAD_INPUT);
    assert_int_equal(file_kind(scratch_path(w->root, "out")), FILE_MISSING);
    assert_int_equal(file_kind(scratch_path(w->root, "out.unfinished")), FILE_MISSING);
    /* Adding the same model again mends it. */
    assert_true(add_good(w, NULL).known);
    assert_int_equal(verify(w).faults, 0);
    assert_int_equal(registry_open_file(w->r, &m.files[1], &fd, &hashed, &err), STATUS_OK);
    assert_false(hashed);
    file_close(fd);
    /* Touched, but the same: hashed once more, then known again. */
    path = blob_of(w, 1, "tiny");
    chmod(path, 0644);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(registry_open_file(w->r, &m.files[1], &fd, &hashed, &err), STATUS_OK);
        assert_int_equal(hashed, i == 0);
        file_close(fd);
    }
    unlink(path);
    assert_int_equal(registry_open_file(w->r, &m.files[1], &fd, &hashed, &err), STATUS_NOT_FOUND);
    assert_int_equal(verify(w).faults, 1);
    registry_model_release(&m);
    buf_release(&bytes);
}

static void test_tampered_lock_and_registry(void **state)
{
    struct world *w = *state;
    struct registry_checked c;
    char command[2 * SCRATCH_PATH_BYTES];
    add_good(w, NULL);
    replace(w->lock, "\"bytes\": 2", "\"bytes\": 3");
    c = verify(w);
    assert_int_equal(c.faults, 1);
    assert_non_null(strstr(c.first.text, "is pinned with another digest"));
    unlink(w->lock);
    c = verify(w);
    assert_int_equal(c.faults, 1);
    assert_non_null(strstr(c.first.text, "it is not pinned"));
    add_good(w, NULL);
    assert_int_equal(verify(w).faults, 0);
    snprintf(
        command, sizeof command,
        "sqlite3 %s/registry.db \"UPDATE file SET name = '../../x' WHERE name = 'config.json'\"",
        w->home);
    if (system(command)) skip(); /* no sqlite3 here */
    c = verify(w);
    assert_int_equal(c.faults, 1);
    assert_non_null(strstr(c.first.text, "is damaged"));
    snprintf(command, sizeof command,
             "sqlite3 %s/registry.db \"UPDATE file SET name = 'x.json' WHERE name = '../../x'\"",
             w->home);
    assert_int_equal(system(command), 0);
    c = verify(w);
    assert_int_equal(c.faults, 2);
    assert_non_null(strstr(c.first.text, "list of files was changed"));
}

static void test_database_of_others(void **state)
{
    struct world *w = *state;
    struct registry *again;
    struct error err;
    registry_close(w->r);
    w->r = NULL;
    scratch_write(w->home, "registry.db",
                  "this is no database, but long enough to look like one....."
                  "..............................................................",
                  118);
    unlink(scratch_path(w->home, "registry.db-wal"));
    assert_int_equal(registry_open(&again, w->home, w->lock, NULL, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "is damaged"));
}

/* ---- export, remove, clean ---- */

static void test_export(void **state)
{
    struct world *w = *state;
    struct error err;
    char command[2 * SCRATCH_PATH_BYTES + 32];
    add_good(w, NULL);
    const char *out = scratch_path(w->root, "out/");
    assert_int_equal(registry_export(w->r, "tiny", out, NULL, &err), STATUS_OK);
    snprintf(command, sizeof command, "diff -r %s %s", w->model, out);
    assert_int_equal(system(command), 0);
    assert_int_equal(registry_export(w->r, "tiny", out, NULL, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "exists already"));
    assert_int_equal(registry_export(w->r, "none", out, NULL, &err), STATUS_NOT_FOUND);
}

static void test_remove_and_clean(void **state)
{
    struct world *w = *state;
    struct registry_cleaned c;
    struct error err;
    add_good(w, "one");
    scratch_write(w->model, "config.json", "{\"v\":2}", 7);
    add_good(w, "two");
    assert_int_equal(stored(w), 3);
    assert_int_equal(registry_remove(w->r, "one", &err), STATUS_OK);
    assert_int_equal(registry_remove(w->r, "one", &err), STATUS_NOT_FOUND);
    assert_int_equal(registry_clean(w->r, true, &c, &err), STATUS_OK);
    assert_int_equal(c.files, 0); /* the weights are also those of "two", and so is "{}" */
    assert_int_equal(registry_remove(w->r, "two", &err), STATUS_OK);
    assert_int_equal(registry_clean(w->r, true, &c, &err), STATUS_OK);
    assert_int_equal(c.files, 3);
    assert_int_equal(c.bytes, LARGE_BYTES + 9);
    assert_int_equal(stored(w), 3);
    assert_int_equal(registry_clean(w->r, false, &c, &err), STATUS_OK);
    assert_int_equal(c.files, 3);
    assert_int_equal(stored(w), 0);
    struct buf lock = fixture_read(w->lock);
    assert_non_null(strstr(lock.data, "\"models\": {}"));
    buf_release(&lock);
}

/* ---- interrupted ---- */

static bool cancel_soon(void *ctx, const char *stage, unsigned long long done,
                        unsigned long long total)
{
    return done < *(unsigned long long *)ctx;
}

static void test_cancelled_resumes(void **state)
{
    struct world *w = *state;
    struct registry_model m;
    struct registry_added added;
    struct error err;
    unsigned long long at = LARGE_BYTES + 1;
    char *second = malloc(LARGE_BYTES);
    memset(second, 7, LARGE_BYTES);
    scratch_write(w->model, "model2.safetensors", second, LARGE_BYTES);
    free(second);
    struct registry_add what = {
        .path = w->model, .inspect = inspect, .inspect_ctx = w, .progress = { cancel_soon, &at }
    };
    assert_int_equal(registry_add(w->r, &what, &m, &added, &err), STATUS_CANCELLED);
    assert_true(stored(w) >= 1);
    assert_int_equal(file_kind(w->lock), FILE_MISSING);
    struct registry_added rest = add_good(w, NULL);
    assert_int_equal(rest.bytes, 2 * LARGE_BYTES + 4);
    assert_int_equal(verify(w).faults, 0);
    assert_int_equal(count_files(scratch_path(w->home, "incoming")), 0);
}

static void add_and_remove(const struct world *w, int pipe_end, int i)
{
    struct world child = *w;
    struct registry_added added;
    struct error err;
    char alias[32];
    if (audit_open(&child.audit, scratch_path(w->home, "log"), scratch_path(w->home, "secrets"),
                   &err) ||
        registry_open(&child.r, w->home, w->lock, child.audit, &err))
        _exit(1);
    for (;; i++) {
        snprintf(alias, sizeof alias, "model-%d", i);
        if (add(&child, w->model, alias, &added, &err)) _exit(2);
        if (write(pipe_end, &i, sizeof i) != sizeof i) _exit(3);
        if (i % 3) continue;
        if (registry_remove(child.r, alias, &err)) _exit(4);
    }
}

/* Returns the number of the last model whose addition was acknowledged; -1: none was. */
static int run_and_kill(const struct world *w, int first, long after_ns)
{
    int ends[2], status, at, last = -1;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        add_and_remove(w, ends[1], first);
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

static bool has_model(struct world *w, int i)
{
    struct registry_model m;
    struct error err;
    char alias[32];
    snprintf(alias, sizeof alias, "model-%d", i);
    if (registry_find(w->r, alias, &m, &err)) return false;
    registry_model_release(&m);
    return true;
}

/* After every death: what was acknowledged is there, or was removed; registry, lock and bytes agree but for the
 * one model under way; and the log is whole. */
static void test_killed(void **state)
{
    struct world *w = *state;
    uint64_t random = (uint64_t)time(NULL);
    int next = 0, acknowledged = 0;
    struct error err;
    printf("seed %" PRIu64 "\n", random);
    close_world(w);
    for (int i = 0; i < KILLS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        int last = run_and_kill(w, next, (long)(random >> 33) % 150000000);
        open_world(w);
        for (int k = next; k < last; k++)
            if (has_model(w, k) == (k % 3 == 0)) fail_msg("model %d was lost, or came back", k);
        if (last >= 0 && last % 3) assert_true(has_model(w, last));
        if (last >= 0) acknowledged += last - next + 1;
        next = last >= 0 ? last + 1 : next;
        struct registry_checked c;
        if (i % 20 == 19) {
            /* The one under way may lack its pin; adding it again gives it one. */
            char alias[32];
            struct registry_added added;
            for (int k = next; k <= next + 1; k++) {
                snprintf(alias, sizeof alias, "model-%d", k);
                if (has_model(w, k)) assert_int_equal(add(w, w->model, alias, &added, &err), 0);
            }
            c = verify(w);
            if (c.faults) fail_msg("%s", c.first.text);
        }
        close_world(w);
    }
    struct audit_findings found;
    assert_int_equal(audit_verify(&found, scratch_path(w->home, "log"), NULL, NULL, 0, NULL, &err),
                     0);
    assert_int_equal(found.count, 0);
    printf("%d kills, %d models acknowledged, %" PRIu64 " log entries\n", KILLS, acknowledged,
           found.entries);
    assert_true(acknowledged > 20);
    open_world(w);
    struct registry_cleaned cleaned;
    assert_int_equal(registry_clean(w->r, false, &cleaned, &err), STATUS_OK);
    assert_int_equal(count_files(scratch_path(w->home, "incoming")), 0);
}

#ifdef HEARTH_CHECKS
/* Each allocation fails once: the model is added whole, or it is not there, and the next try succeeds. */
static void test_short_memory(void **state)
{
    struct world *w = *state;
    scratch_write(w->model, "model.safetensors", "small", 5);
    for (long n = 1;; n++) {
        struct registry_added added;
        struct error err;
        struct registry_model m;
        mem_fail_nth(n);
        enum status st = add(w, w->model, NULL, &added, &err);
        bool fired = mem_fault_fired();
        mem_fail_nth(0);
        if (st && st != STATUS_NO_MEMORY) fail_msg("%s: %s", status_name(st), err.text);
        bool there = !registry_find(w->r, "tiny", &m, &err);
        if (there) registry_model_release(&m);
        if (!st) assert_true(there);
        if (!fired) break;
        add_good(w, NULL);
        assert_int_equal(verify(w).faults, 0);
        if (registry_remove(w->r, "tiny", &err)) fail_msg("%s", err.text);
    }
}
#endif

static void test_audited(void **state)
{
    struct world *w = *state;
    struct audit_view *v;
    struct span entry;
    struct error err;
    add_good(w, NULL);
    assert_int_equal(registry_remove(w->r, "tiny", &err), STATUS_OK);
    assert_int_equal(audit_view_open(&v, scratch_path(w->home, "log"), NULL, &err), STATUS_OK);
    assert_int_equal(audit_view_checkpoint(v)->size, 3);
    assert_int_equal(audit_view_entry(v, 1, &entry, &err), STATUS_OK);
    assert_non_null(memmem(entry.data, entry.len, "\"kind\":\"model.add\"", 18));
    assert_non_null(memmem(entry.data, entry.len, "\"alias\":\"tiny\"", 14));
    assert_int_equal(audit_view_entry(v, 2, &entry, &err), STATUS_OK);
    assert_non_null(memmem(entry.data, entry.len, "\"kind\":\"model.remove\"", 21));
    audit_view_close(v);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_add_and_look),
        TEST(test_lock),
        TEST(test_lock_keeps_others),
        cmocka_unit_test(test_bad_locks),
        TEST(test_alias_taken),
        TEST(test_aliases),
        TEST(test_refused_leaves_nothing),
        TEST(test_links),
        TEST(test_hub_cache),
        TEST(test_strange_files),
        TEST(test_names_equal_by_case),
        TEST(test_many_files),
        TEST(test_nothing_there),
        TEST(test_damaged_bytes),
        TEST(test_tampered_lock_and_registry),
        TEST(test_database_of_others),
        TEST(test_export),
        TEST(test_remove_and_clean),
        TEST(test_cancelled_resumes),
        TEST(test_audited),
        TEST(test_killed),
#ifdef HEARTH_CHECKS
        TEST(test_short_memory),
#endif
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
