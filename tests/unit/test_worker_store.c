/* Cached pages that outlive a worker: found again after a restart, by the same tenant, for the same files.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "govern/gate/gate_store.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/file.h"
#include "support/fixture.h"
#include "support/peer.h"

#define STORE_BYTES ((uint64_t)16 << 20)
#define TEXT_MAX    4096
#define WAIT_MS     60000
#define LONG_TEXT                                                                                \
    "The king sat in his garden and looked at the river, which was high that year, and thought " \
    "of his brother, who had gone over the hills with the army and had not come back, though "   \
    "the summer was over and the leaves of the old trees were falling on the water one by one. " \
    "Nobody had told him what the messenger said on the bridge, and nobody wanted to. "

struct world {
    struct peer_model model;
    struct worker_store store;
    char folder[64];
    struct worker *w;
};

static void start(struct world *x)
{
    struct error err;
    if (gate_store_open(&x->store, x->folder, STORE_BYTES, x->model.options.files,
                        x->model.options.file_count, &err))
        fail_msg("%s", err.text);
    x->model.options.store = &x->store;
    x->w = peer_start(&x->model);
    close(x->store.fd); /* the worker has its own */
}

static void open_world(struct world *x)
{
    snprintf(x->folder, sizeof x->folder, "/tmp/hearth-pages-XXXXXX");
    assert_non_null(mkdtemp(x->folder));
    peer_model_open(&x->model, fixture_source("models/ember"));
    x->model.options.engine.context_max = 512;
    start(x);
}

/* The pages that there is no time to write while somebody waits are written when nobody does. */
static void await_saved(struct world *x)
{
    struct worker_event e;
    struct error err;
    uint64_t id;
    bool got;
    for (int64_t written = -1, before = -2; written != before;) {
        usleep(20000);
        before = written;
        assert_int_equal(worker_stats(x->w, &id, &err), STATUS_OK);
        assert_int_equal(worker_next(x->w, &e, &got, WAIT_MS, &err), STATUS_OK);
        assert_true(got && e.kind == WORKER_DONE);
        written = json_int(json_get(json_get(e.body, "store"), "written"), -9);
        assert_true(written >= 0);
    }
}

static void restart(struct world *x, bool killed)
{
    await_saved(x);
    if (killed) kill((pid_t)worker_process(x->w), SIGKILL);
    worker_stop(x->w);
    start(x);
}

static void remove_folder(const char *folder)
{
    char **names, path[4096];
    size_t count;
    struct error err;
    assert_int_equal(file_list(&names, &count, folder, &err), STATUS_OK);
    for (size_t i = 0; i < count; i++)
        if (file_join(path, sizeof path, folder, names[i])) unlink(path);
    file_list_free(names, count);
    rmdir(folder);
}

static void close_world(struct world *x)
{
    worker_stop(x->w);
    peer_model_close(&x->model);
    peer_no_children();
    remove_folder(x->folder);
}

struct answer {
    char text[TEXT_MAX], cache[16];
    size_t len;
    int64_t prompt, cached, restored;
};

static void ask(struct world *x, struct answer *a, const char *tenant)
{
    char request[2048];
    struct worker_event e;
    struct error err;
    uint64_t id;
    bool got;
    memset(a, 0, sizeof *a);
    snprintf(request, sizeof request,
             "{\"tenant\":\"%s\",\"text\":\"%s\",\"max_tokens\":24,\"ignore_eos\":true,"
             "\"sampling\":{\"temperature\":1,\"seed\":5}}",
             tenant, LONG_TEXT);
    assert_int_equal(worker_submit(x->w, &id, request, strlen(request), &err), STATUS_OK);
    for (bool over = false; !over;) {
        if (worker_next(x->w, &e, &got, WAIT_MS, &err)) fail_msg("%s", err.text);
        assert_true(got);
        if (e.kind == WORKER_ERROR) fail_msg("%s", e.error->text);
        struct span text = json_string(json_get(e.body, "content"));
        assert_true(a->len + text.len < TEXT_MAX);
        if (text.len) memcpy(a->text + a->len, text.data, text.len);
        a->len += text.len;
        over = e.kind == WORKER_DONE;
    }
    a->prompt = json_int(json_get(e.body, "prompt_tokens"), -1);
    a->cached = json_int(json_get(e.body, "cached_tokens"), -1);
    a->restored = json_int(json_get(e.body, "restored_tokens"), -1);
    snprintf(a->cache, sizeof a->cache, "%s", json_text(json_get(e.body, "cache")));
}

static void after_a_restart(void **state)
{
    struct world x;
    struct answer first, again, other;
    open_world(&x);
    ask(&x, &first, "a");
    assert_string_equal(first.cache, "none");
    for (int killed = 0; killed < 2; killed++) {
        restart(&x, killed);
        ask(&x, &other, "b");
        assert_string_equal(other.cache, killed ? "disk" : "none");
        ask(&x, &again, "a");
        assert_string_equal(again.cache, "disk");
        assert_int_equal(again.cached, again.prompt - 1);
        assert_int_equal(again.restored, again.cached);
        assert_string_equal(again.text, first.text);
        assert_string_equal(other.text, first.text);
        ask(&x, &again, "a");
        assert_string_equal(again.cache, "memory");
    }
    close_world(&x);
}

static char *store_path(const struct world *x)
{
    static char path[4096];
    char **names;
    size_t count;
    struct error err;
    assert_int_equal(file_list(&names, &count, x->folder, &err), STATUS_OK);
    assert_int_equal(count, 1);
    assert_true(file_join(path, sizeof path, x->folder, names[0]));
    file_list_free(names, count);
    return path;
}

/* Bytes that are not what was written are no pages, and no answer changes. */
static void a_damaged_file(void **state)
{
    static const char noise[] = "this is no page of anything, and never was: away with it";
    struct world x;
    struct answer first, again;
    open_world(&x);
    ask(&x, &first, "a");
    await_saved(&x);
    worker_stop(x.w);
    int fd = open(store_path(&x), O_RDWR);
    for (off_t at = 20000; at < (off_t)STORE_BYTES; at += 100000)
        assert_int_equal(pwrite(fd, noise, sizeof noise, at), sizeof noise);
    close(fd);
    start(&x);
    ask(&x, &again, "a");
    assert_string_equal(again.text, first.text);
    assert_true(again.restored < again.cached || again.cached == 0);
    close_world(&x);
}

static void one_process_at_a_time(void **state)
{
    struct world x;
    struct worker_store second;
    struct error err;
    struct stat s;
    open_world(&x);
    assert_int_equal(gate_store_open(&second, x.folder, STORE_BYTES, x.model.options.files,
                                     x.model.options.file_count, &err),
                     STATUS_LIMIT);
    assert_non_null(strstr(err.text, "another process"));
    assert_int_equal(stat(store_path(&x), &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    assert_int_equal(s.st_size, STORE_BYTES);
    close_world(&x);
}

/* A file that has changed is another model. */
static void another_state_of_the_files(void **state)
{
    struct world x;
    struct peer_model changed;
    struct worker_store second;
    struct error err;
    open_world(&x);
    peer_model_open(&changed, fixture_source("models/ember"));
    peer_model_add(&changed, "chat_template.jinja", "{{ messages }}");
    assert_int_equal(gate_store_open(&second, x.folder, STORE_BYTES, changed.options.files,
                                     changed.options.file_count, &err),
                     STATUS_OK);
    assert_memory_not_equal(second.identity, x.store.identity, sizeof second.identity);
    close(second.fd);
    peer_model_close(&changed);
    close_world(&x);
}

static void no_such_folder(void **state)
{
    struct worker_store s;
    struct error err;
    assert_int_equal(gate_store_open(&s, "/proc/none/kv", STORE_BYTES, NULL, 0, &err), STATUS_IO);
    assert_non_null(strstr(err.text, "/proc/none/kv"));
}

int main(int argc, char **argv)
{
    if (peer_is_worker(argc, argv)) return peer_run();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_restart),       cmocka_unit_test(a_damaged_file),
        cmocka_unit_test(one_process_at_a_time), cmocka_unit_test(another_state_of_the_files),
        cmocka_unit_test(no_such_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
