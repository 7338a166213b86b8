/* The store of keys: what is allowed, and what was used.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Settings come from the file and replace those in memory key by key, so that counters and calls
 * under way keep their key. Limits over time are buckets that refill: a minute's worth at most. */
#define _GNU_SOURCE /* strerrordesc_np, flock */
#include "serve/server/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/digest.h"
#include "base/core/file.h"
#include "base/core/json.h"
#include "base/core/json_write.h"
#include "base/core/mem.h"
#include "serve/server/ident.h"
#include "serve/server/key_change.h"

#define PATH_BYTES     4096
#define NAME_BYTES_MAX 128
#define MINUTE_NS      60e9

struct key {
    atomic_int refs;
    atomic_bool revoked;
    struct key_store *store;
    char id[KEY_ID_CHARS + 1];
    char digest[SHA256_HEX_BYTES];
    /* store->lock: */
    struct key_grant grant;
    int64_t created, revoked_at;
    struct key_usage usage;
    int64_t active;
    double request_tokens, token_tokens; /* of the buckets; may be below zero */
    int64_t refilled_ns;
    bool seen; /* in the file that is being read */
};

struct key_store {
    atomic_int refs;     /* the owner's, and one for each key */
    struct audit *audit; /* borrowed; NULL: changes are not logged */
    pthread_mutex_t lock;
    char folder[PATH_BYTES];
    char keys_path[PATH_BYTES], usage_path[PATH_BYTES], lock_path[PATH_BYTES];
    /* lock: */
    struct key **keys; /* by id */
    size_t count, cap;
    struct timespec read_time;
    int64_t read_size, read_inode;
    bool usage_changed;
};

/* Grants. */

const char *key_priority_name(enum key_priority p)
{
    static const char *const names[KEY_PRIORITY_COUNT] = { "normal", "high", "low" };
    return names[p];
}

bool key_priority_of(const char *name, enum key_priority *ret)
{
    for (int p = 0; name && p < KEY_PRIORITY_COUNT; p++) {
        if (strcmp(name, key_priority_name((enum key_priority)p)) != 0) continue;
        *ret = (enum key_priority)p;
        return true;
    }
    return false;
}

static void names_free(char **names)
{
    for (char **n = names; n && *n; n++)
        mem_free(*n);
    mem_free(names);
}

void key_grant_release(struct key_grant *g)
{
    mem_free(g->name);
    mem_free(g->tenant);
    names_free(g->models);
    names_free(g->capabilities);
    *g = (struct key_grant){ 0 };
}

static char *copy_text(const char *text)
{
    return text ? mem_copy_text(text, strlen(text)) : NULL;
}

char **key_names(const char *text)
{
    char **names = mem_array(KEY_NAMES_MAX + 1, sizeof(char *));
    size_t n = 0;
    while (names && *text) {
        size_t len = strcspn(text, ",");
        if (len == 0 || len > NAME_BYTES_MAX || n == KEY_NAMES_MAX) goto fail;
        if (!(names[n++] = mem_copy_text(text, len))) goto fail;
        text += len;
        if (*text == ',' && !*++text) goto fail;
    }
    if (names && n > 0) return names;
fail:
    names_free(names);
    return NULL;
}

static char **names_of(const struct json *list)
{
    size_t count = json_length(list);
    char **names = count <= KEY_NAMES_MAX ? mem_array(count + 1, sizeof(char *)) : NULL;
    for (size_t i = 0; names && i < count; i++) {
        names[i] = copy_text(json_text(json_at(list, i)));
        if (!names[i]) {
            names_free(names);
            return NULL;
        }
    }
    return names;
}

static bool list_has(char *const *names, const char *name)
{
    for (; names && *names; names++)
        if (strcmp(*names, name) == 0 || strcmp(*names, KEY_CAPABILITIES_ALL) == 0) return true;
    return false;
}

/* Keys. */

static void store_unref(struct key_store *s)
{
    if (atomic_fetch_sub(&s->refs, 1) != 1) return;
    pthread_mutex_destroy(&s->lock);
    mem_free(s->keys);
    mem_free(s);
}

void key_ref(struct key *k)
{
    atomic_fetch_add(&k->refs, 1);
}

void key_unref(struct key *k)
{
    if (!k || atomic_fetch_sub(&k->refs, 1) != 1) return;
    struct key_store *s = k->store;
    key_grant_release(&k->grant);
    mem_free(k);
    store_unref(s);
}

const char *key_id(const struct key *k)
{
    return k->id;
}

bool key_is_revoked(struct key *k)
{
    return atomic_load(&k->revoked);
}

/* A tenant's name may change with the file; the text that was given out stays readable, because a
 * grant that replaces another keeps an equal tenant. */
const char *key_tenant(const struct key *k)
{
    return k->grant.tenant ? k->grant.tenant : k->id;
}

enum key_priority key_priority(struct key *k)
{
    pthread_mutex_lock(&k->store->lock);
    enum key_priority p = k->grant.priority;
    pthread_mutex_unlock(&k->store->lock);
    return p;
}

bool key_may(struct key *k, const char *capability)
{
    pthread_mutex_lock(&k->store->lock);
    bool may = list_has(k->grant.capabilities, capability);
    pthread_mutex_unlock(&k->store->lock);
    return may;
}

bool key_may_model(struct key *k, const char *model)
{
    pthread_mutex_lock(&k->store->lock);
    bool may = list_has(k->grant.models, model);
    pthread_mutex_unlock(&k->store->lock);
    return may;
}

/* With the lock held. */
static void refill(struct key *k, int64_t now)
{
    double minutes = k->refilled_ns ? (double)(now - k->refilled_ns) / MINUTE_NS : 1;
    double requests = (double)k->grant.requests_per_minute;
    double tokens = (double)k->grant.tokens_per_minute;
    k->refilled_ns = now;
    k->request_tokens += minutes * requests;
    k->token_tokens += minutes * tokens;
    if (k->request_tokens > requests) k->request_tokens = requests;
    if (k->token_tokens > tokens) k->token_tokens = tokens;
}

/* With the lock held. */
static enum key_limit limit_of(const struct key *k, double *ret_wait)
{
    const struct key_grant *g = &k->grant;
    *ret_wait = 1;
    if (g->budget_tokens &&
        k->usage.prompt_tokens + k->usage.completion_tokens >= (uint64_t)g->budget_tokens)
        return KEY_LIMIT_BUDGET;
    if (g->concurrency && k->active >= g->concurrency) return KEY_LIMIT_CONCURRENCY;
    if (g->requests_per_minute && k->request_tokens < 1) {
        *ret_wait = (1 - k->request_tokens) / (double)g->requests_per_minute * 60;
        return KEY_LIMIT_REQUESTS;
    }
    if (g->tokens_per_minute && k->token_tokens <= 0) {
        *ret_wait = (1 - k->token_tokens) / (double)g->tokens_per_minute * 60;
        return KEY_LIMIT_TOKENS;
    }
    return KEY_LIMIT_NONE;
}

enum key_limit key_enter(struct key *k, int64_t now_ns, double *ret_wait_seconds)
{
    pthread_mutex_lock(&k->store->lock);
    refill(k, now_ns);
    enum key_limit limit = limit_of(k, ret_wait_seconds);
    if (limit == KEY_LIMIT_NONE) {
        k->request_tokens -= 1;
        k->active++;
        k->usage.requests++;
        k->store->usage_changed = true;
    }
    pthread_mutex_unlock(&k->store->lock);
    return limit;
}

void key_leave(struct key *k, uint64_t prompt_tokens, uint64_t completion_tokens)
{
    pthread_mutex_lock(&k->store->lock);
    k->active--;
    k->token_tokens -= (double)(prompt_tokens + completion_tokens);
    k->usage.prompt_tokens += prompt_tokens;
    k->usage.completion_tokens += completion_tokens;
    k->store->usage_changed = true;
    pthread_mutex_unlock(&k->store->lock);
}

/* Reading. */

/* With the lock held. */
static struct key *find_id(struct key_store *s, const char *id)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->keys[i]->id, id) == 0) return s->keys[i];
    return NULL;
}

/* With the lock held. */
static struct key *add_id(struct key_store *s, const char *id)
{
    if (s->count == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 16;
        struct key **keys = mem_resize(s->keys, cap, sizeof(struct key *));
        if (!keys) return NULL;
        s->keys = keys;
        s->cap = cap;
    }
    struct key *k = mem_zero(sizeof *k);
    if (!k) return NULL;
    atomic_init(&k->refs, 1);
    atomic_fetch_add(&s->refs, 1);
    k->store = s;
    snprintf(k->id, sizeof k->id, "%s", id);
    return s->keys[s->count++] = k;
}

static int64_t limit_value(const struct json *item, const char *name)
{
    int64_t v = json_int(json_get(item, name), 0);
    return v > 0 ? v : 0;
}

static bool grant_of(struct key_grant *g, const struct json *item)
{
    *g = (struct key_grant){
        .name = copy_text(json_text(json_get(item, "name"))),
        .tenant = copy_text(json_text(json_get(item, "tenant"))),
        .models = names_of(json_get(item, "models")),
        .capabilities = names_of(json_get(item, "capabilities")),
        .requests_per_minute = limit_value(item, "requests_per_minute"),
        .tokens_per_minute = limit_value(item, "tokens_per_minute"),
        .concurrency = limit_value(item, "concurrency"),
        .budget_tokens = limit_value(item, "budget_tokens"),
    };
    key_priority_of(json_text(json_get(item, "priority")), &g->priority);
    if (g->name && g->models && g->capabilities) return true;
    key_grant_release(g);
    return false;
}

/* A text that others may be reading stays where it is, as long as it says the same. */
static void replace_grant(struct key *k, struct key_grant *g)
{
    if (k->grant.tenant && g->tenant && strcmp(k->grant.tenant, g->tenant) == 0) {
        char *kept = k->grant.tenant;
        k->grant.tenant = g->tenant;
        g->tenant = kept;
    }
    key_grant_release(&k->grant);
    k->grant = *g;
}

/* With the lock held: whether the item can be taken; on success the caller has `ret`. */
static enum status check_key(struct key_store *s, const struct json *item, struct key_grant *ret,
                             struct error *err)
{
    const char *id = json_text(json_get(item, "id"));
    const char *digest = json_text(json_get(item, "sha256"));
    struct key_grant grant;
    if (!id || strlen(id) != KEY_ID_CHARS || !digest || strlen(digest) != SHA256_HEX_BYTES - 1 ||
        !grant_of(&grant, item))
        return error_set(err, STATUS_BAD_INPUT,
                         "%s: key %s lacks id, sha256, name, models or "
                         "capabilities, or one of them is malformed",
                         s->keys_path, id ? id : "?");
    struct key *k = find_id(s, id);
    if (k && grant.tenant && k->grant.tenant && strcmp(grant.tenant, k->grant.tenant) != 0) {
        key_grant_release(&grant);
        return error_set(
            err, STATUS_BAD_INPUT,
            "%s: the tenant of key %s has changed; a key keeps its tenant: add a new key",
            s->keys_path, id);
    }
    *ret = grant;
    return STATUS_OK;
}

/* With the lock held. */
static enum status take_key(struct key_store *s, const struct json *item, struct error *err)
{
    const char *id = json_text(json_get(item, "id"));
    const char *digest = json_text(json_get(item, "sha256"));
    struct key_grant grant;
    enum status st = check_key(s, item, &grant, err);
    if (st) return st;
    struct key *k = find_id(s, id);
    if (!k) k = add_id(s, id);
    if (!k) {
        key_grant_release(&grant);
        return error_set(err, STATUS_NO_MEMORY, "no memory for keys");
    }
    memcpy(k->digest, digest, SHA256_HEX_BYTES);
    replace_grant(k, &grant);
    k->created = json_int(json_get(item, "created"), 0);
    k->revoked_at = json_int(json_get(item, "revoked"), 0);
    if (k->revoked_at) atomic_store(&k->revoked, true);
    k->seen = true;
    return STATUS_OK;
}

/* With the lock held. Keys that the file does not have any more are revoked. */
static enum status take_keys(struct key_store *s, const struct json *root, struct error *err)
{
    const struct json *list = json_get(root, "keys");
    if (json_int(json_get(root, "version"), 0) != 1 || json_type(list) != JSON_ARRAY ||
        json_length(list) > KEYS_MAX)
        return error_set(err, STATUS_BAD_INPUT, "%s is no list of keys of version 1", s->keys_path);
    for (size_t i = 0; i < json_length(list); i++) {
        struct key_grant grant;
        enum status st = check_key(s, json_at(list, i), &grant, err);
        if (st) return st;
        key_grant_release(&grant);
    }
    for (size_t i = 0; i < s->count; i++)
        s->keys[i]->seen = false;
    for (size_t i = 0; i < json_length(list); i++) {
        enum status st = take_key(s, json_at(list, i), err);
        if (st) return st;
    }
    for (size_t i = 0; i < s->count; i++)
        if (!s->keys[i]->seen) atomic_store(&s->keys[i]->revoked, true);
    return STATUS_OK;
}

static enum status read_json(struct json_doc **ret, const char *path, struct error *err)
{
    struct buf text = BUF_INIT(KEYS_FILE_MAX);
    *ret = NULL;
    if (file_kind(path) == FILE_MISSING) return STATUS_OK;
    enum status st = file_read(&text, path, err);
    if (!st) st = json_parse(ret, text.data ? text.data : "", text.len, KEYS_FILE_MAX, path, err);
    buf_release(&text);
    return st;
}

/* Whether the file is another one than that which was read last; notes what it is. */
static bool file_changed(struct key_store *s)
{
    struct stat st;
    if (stat(s->keys_path, &st) != 0) memset(&st, 0, sizeof st);
    bool same = st.st_mtim.tv_sec == s->read_time.tv_sec &&
                st.st_mtim.tv_nsec == s->read_time.tv_nsec && (int64_t)st.st_size == s->read_size &&
                (int64_t)st.st_ino == s->read_inode;
    s->read_time = st.st_mtim;
    s->read_size = (int64_t)st.st_size;
    s->read_inode = (int64_t)st.st_ino;
    return !same;
}

/* With the lock held. */
static enum status read_keys(struct key_store *s, struct error *err)
{
    struct json_doc *doc;
    enum status st = read_json(&doc, s->keys_path, err);
    if (st) return st;
    if (doc) {
        st = take_keys(s, json_root(doc), err);
    } else {
        for (size_t i = 0; i < s->count; i++)
            atomic_store(&s->keys[i]->revoked, true);
    }
    json_doc_free(doc);
    return st;
}

static enum status read_usage(struct key_store *s, struct error *err)
{
    struct json_doc *doc;
    enum status st = read_json(&doc, s->usage_path, err);
    if (st || !doc) return st;
    for (struct json_member m = json_first(json_root(doc)); m.value;
         m = json_next(json_root(doc), m)) {
        struct key *k = find_id(s, m.key.data);
        if (!k) continue;
        k->usage.requests = (uint64_t)limit_value(m.value, "requests");
        k->usage.prompt_tokens = (uint64_t)limit_value(m.value, "prompt_tokens");
        k->usage.completion_tokens = (uint64_t)limit_value(m.value, "completion_tokens");
    }
    json_doc_free(doc);
    return STATUS_OK;
}

enum status key_store_open(struct key_store **ret, const char *folder, struct error *err)
{
    struct key_store *s = mem_zero(sizeof *s);
    if (!s || pthread_mutex_init(&s->lock, NULL) != 0) {
        mem_free(s);
        return error_set(err, STATUS_NO_MEMORY, "no memory for keys");
    }
    atomic_init(&s->refs, 1);
    enum status st = STATUS_OK;
    if (!file_join(s->keys_path, PATH_BYTES, folder, "keys.json") ||
        !file_join(s->usage_path, PATH_BYTES, folder, "keys-usage.json") ||
        !file_join(s->lock_path, PATH_BYTES, folder, "keys.lock"))
        st = error_set(err, STATUS_LIMIT, "the path of the folder of keys is too long");
    file_changed(s);
    if (!st) st = read_keys(s, err);
    if (!st) st = read_usage(s, err);
    if (st) {
        key_store_close(s);
        return st;
    }
    *ret = s;
    return STATUS_OK;
}

void key_store_close(struct key_store *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->count; i++)
        key_unref(s->keys[i]);
    s->count = 0;
    store_unref(s);
}

enum status key_store_refresh(struct key_store *s, bool *ret_changed, struct error *err)
{
    pthread_mutex_lock(&s->lock);
    bool changed = file_changed(s);
    enum status st = changed ? read_keys(s, err) : STATUS_OK;
    pthread_mutex_unlock(&s->lock);
    if (ret_changed) *ret_changed = changed;
    return st;
}

void key_store_log_to(struct key_store *s, struct audit *audit)
{
    s->audit = audit;
}

size_t key_store_count(struct key_store *s)
{
    size_t n = 0;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->count; i++)
        n += !atomic_load(&s->keys[i]->revoked);
    pthread_mutex_unlock(&s->lock);
    return n;
}

bool key_store_at(struct key_store *s, size_t i, struct key_info *ret)
{
    pthread_mutex_lock(&s->lock);
    bool there = i < s->count;
    if (there) {
        const struct key *k = s->keys[i];
        *ret = (struct key_info){
            .created = k->created, .revoked = k->revoked_at, .grant = &k->grant, .usage = k->usage
        };
        memcpy(ret->id, k->id, sizeof ret->id);
    }
    pthread_mutex_unlock(&s->lock);
    return there;
}

struct key *key_find(struct key_store *s, const char *text, size_t len)
{
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    struct key *found = NULL;
    if (len != KEY_CHARS || sha256_of(text, len, digest, NULL)) return NULL;
    sha256_hex(digest, hex);
    pthread_mutex_lock(&s->lock);
    /* Digests of random keys: how long a comparison takes tells nothing about a key. */
    for (size_t i = 0; i < s->count && !found; i++)
        if (memcmp(s->keys[i]->digest, hex, sizeof hex) == 0 && !atomic_load(&s->keys[i]->revoked))
            found = s->keys[i];
    if (found) key_ref(found);
    pthread_mutex_unlock(&s->lock);
    return found;
}

/* Writing. */

static void put_names(struct json_writer *w, const char *key, char *const *names)
{
    json_key(w, key);
    json_open_array(w);
    for (; *names; names++)
        json_put_string(w, *names);
    json_close_array(w);
}

static void put_limit(struct json_writer *w, const char *key, int64_t value)
{
    if (value <= 0) return;
    json_key(w, key);
    json_put_int(w, value);
}

static void put_key(struct json_writer *w, const struct key *k)
{
    json_open_object(w);
    json_key(w, "id");
    json_put_string(w, k->id);
    json_key(w, "name");
    json_put_string(w, k->grant.name);
    if (k->grant.tenant) {
        json_key(w, "tenant");
        json_put_string(w, k->grant.tenant);
    }
    json_key(w, "sha256");
    json_put_string(w, k->digest);
    json_key(w, "created");
    json_put_int(w, k->created);
    put_limit(w, "revoked", k->revoked_at);
    put_names(w, "models", k->grant.models);
    put_names(w, "capabilities", k->grant.capabilities);
    put_limit(w, "requests_per_minute", k->grant.requests_per_minute);
    put_limit(w, "tokens_per_minute", k->grant.tokens_per_minute);
    put_limit(w, "concurrency", k->grant.concurrency);
    put_limit(w, "budget_tokens", k->grant.budget_tokens);
    if (k->grant.priority) {
        json_key(w, "priority");
        json_put_string(w, key_priority_name(k->grant.priority));
    }
    json_close_object(w);
}

/* With both locks held. */
static enum status write_keys(struct key_store *s, struct error *err)
{
    struct buf out = BUF_INIT(KEYS_FILE_MAX);
    struct json_writer w;
    json_writer_init(&w, &out, 2);
    json_open_object(&w);
    json_key(&w, "version");
    json_put_int(&w, 1);
    json_key(&w, "keys");
    json_open_array(&w);
    for (size_t i = 0; i < s->count; i++)
        put_key(&w, s->keys[i]);
    json_close_array(&w);
    json_close_object(&w);
    buf_byte(&out, '\n');
    enum status st = buf_check(&out, "the file of keys", err);
    if (!st) st = file_write(s->keys_path, out.data, out.len, err);
    if (!st && chmod(s->keys_path, 0600) != 0)
        st = error_set(err, STATUS_IO, "%s: %s", s->keys_path, strerrordesc_np(errno));
    buf_release(&out);
    file_changed(s);
    return st;
}

enum status key_store_save_usage(struct key_store *s, struct error *err)
{
    struct buf out = BUF_INIT(KEYS_FILE_MAX);
    struct json_writer w;
    pthread_mutex_lock(&s->lock);
    bool changed = s->usage_changed;
    s->usage_changed = false;
    json_writer_init(&w, &out, 0);
    json_open_object(&w);
    for (size_t i = 0; changed && i < s->count; i++) {
        const struct key_usage *u = &s->keys[i]->usage;
        json_key(&w, s->keys[i]->id);
        json_open_object(&w);
        json_key(&w, "requests");
        json_put_int(&w, (int64_t)u->requests);
        json_key(&w, "prompt_tokens");
        json_put_int(&w, (int64_t)u->prompt_tokens);
        json_key(&w, "completion_tokens");
        json_put_int(&w, (int64_t)u->completion_tokens);
        json_close_object(&w);
    }
    json_close_object(&w);
    pthread_mutex_unlock(&s->lock);
    buf_byte(&out, '\n');
    enum status st = changed ? buf_check(&out, "the usage of keys", err) : STATUS_OK;
    if (changed && !st) st = file_write(s->usage_path, out.data, out.len, err);
    buf_release(&out);
    return st;
}

/* Other processes wait here while one changes the file. */
static enum status lock_file(const struct key_store *s, int *ret, struct error *err)
{
    int fd = open(s->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX) == 0) {
        *ret = fd;
        return STATUS_OK;
    }
    int why = errno;
    if (fd >= 0) close(fd);
    return error_set(err, STATUS_IO, "%s: %s", s->lock_path, strerrordesc_np(why));
}

static bool copy_grant(struct key_grant *out, const struct key_grant *g)
{
    *out = *g;
    out->name = copy_text(g->name);
    out->tenant = copy_text(g->tenant);
    out->models = mem_array(KEY_NAMES_MAX + 1, sizeof(char *));
    out->capabilities = mem_array(KEY_NAMES_MAX + 1, sizeof(char *));
    bool ok = out->name && out->models && out->capabilities && (!g->tenant || out->tenant);
    for (size_t i = 0; ok && i < KEY_NAMES_MAX && g->models[i]; i++)
        ok = (out->models[i] = copy_text(g->models[i]));
    for (size_t i = 0; ok && i < KEY_NAMES_MAX && g->capabilities[i]; i++)
        ok = (out->capabilities[i] = copy_text(g->capabilities[i]));
    if (!ok) key_grant_release(out);
    return ok;
}

static enum status make_key(char ret[KEY_CHARS + 1], char digest[SHA256_HEX_BYTES],
                            struct error *err)
{
    uint8_t bytes[SHA256_BYTES];
    memcpy(ret, "hk-", 3);
    enum status st = ident_random(ret + 3, KEY_CHARS - 3, err);
    if (!st) st = sha256_of(ret, KEY_CHARS, bytes, err);
    if (!st) sha256_hex(bytes, digest);
    return st;
}

static enum status add_locked(struct key_store *s, const struct key_grant *grant,
                              char ret_key[KEY_CHARS + 1], char ret_id[KEY_ID_CHARS + 1],
                              struct error *err)
{
    char digest[SHA256_HEX_BYTES];
    struct key_grant own;
    enum status st = read_keys(s, err);
    if (!st && s->count >= KEYS_MAX)
        st = error_set(err, STATUS_LIMIT, "there are %d keys, as many as are kept", KEYS_MAX);
    if (!st) st = make_key(ret_key, digest, err);
    memcpy(ret_id, "k_", 2);
    if (!st) st = ident_random(ret_id + 2, KEY_ID_CHARS - 2, err);
    if (!st) st = key_change_log(s->audit, "add", ret_id, grant, err);
    if (st) return st;
    struct key *k = copy_grant(&own, grant) ? add_id(s, ret_id) : NULL;
    if (!k) return error_set(err, STATUS_NO_MEMORY, "no memory for a key");
    k->grant = own;
    memcpy(k->digest, digest, sizeof digest);
    k->created = clock_unix_ns() / 1000000000;
    return write_keys(s, err);
}

enum status key_store_add(struct key_store *s, const struct key_grant *grant,
                          char ret_key[KEY_CHARS + 1], char ret_id[KEY_ID_CHARS + 1],
                          struct error *err)
{
    int fd = -1;
    if (strlen(grant->name) > NAME_BYTES_MAX || !*grant->name)
        return error_set(err, STATUS_USAGE, "the name of a key has 1 to %d bytes", NAME_BYTES_MAX);
    enum status st = lock_file(s, &fd, err);
    if (st) return st;
    pthread_mutex_lock(&s->lock);
    st = add_locked(s, grant, ret_key, ret_id, err);
    pthread_mutex_unlock(&s->lock);
    close(fd);
    return st;
}

/* With the lock held: by id, or by a name that only one live key has. */
static enum status find_to_revoke(struct key_store *s, const char *id, struct key **ret,
                                  struct error *err)
{
    struct key *found = find_id(s, id);
    int named = found ? 1 : 0;
    for (size_t i = 0; i < s->count && !(found && strcmp(found->id, id) == 0); i++)
        if (strcmp(s->keys[i]->grant.name, id) == 0 && !atomic_load(&s->keys[i]->revoked)) {
            found = s->keys[i];
            if (++named > 1) break;
        }
    if (named > 1)
        return error_set(err, STATUS_NOT_FOUND,
                         "several keys are named %s: say which by its id (`hearth keys list`)", id);
    if (!found)
        return error_set(err, STATUS_NOT_FOUND,
                         "no key is called %s; `hearth keys list` shows them", id);
    if (atomic_load(&found->revoked))
        return error_set(err, STATUS_NOT_FOUND, "the key %s was revoked before", id);
    *ret = found;
    return STATUS_OK;
}

enum status key_store_revoke(struct key_store *s, const char *id, struct error *err)
{
    int fd = -1;
    struct key *k = NULL;
    enum status st = lock_file(s, &fd, err);
    if (st) return st;
    pthread_mutex_lock(&s->lock);
    st = read_keys(s, err);
    if (!st) st = find_to_revoke(s, id, &k, err);
    if (!st) st = key_change_log(s->audit, "revoke", k->id, &k->grant, err);
    if (!st) {
        k->revoked_at = clock_unix_ns() / 1000000000;
        atomic_store(&k->revoked, true);
        st = write_keys(s, err);
    }
    pthread_mutex_unlock(&s->lock);
    close(fd);
    return st;
}
