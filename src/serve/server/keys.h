/* Keys: who may ask for what, how much, and how it is remembered.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A key is "hk-" and 43 letters and digits: 256 random bits, so a plain SHA-256 of it is enough
 * to keep (there is nothing to guess; slow hashes are for passwords). The file <home>/keys.json
 * holds digests and settings, never a key. It is written by `hearth keys` only; what was used stands
 * in <home>/keys-usage.json, which only the server writes. Both are JSON objects with sorted ids.
 *
 * A store may be used by any number of threads. Keys are counted: whoever holds one may read it
 * after it was revoked, and sees that it was. */
#ifndef SERVE_SERVER_KEYS_H
#define SERVE_SERVER_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/status.h"
#include "govern/audit/audit.h"

#define KEY_CHARS            46 /* of a whole key */
#define KEY_ID_CHARS         10
#define KEY_NAMES_MAX        64 /* models or capabilities of one key */
#define KEYS_MAX             100000
#define KEYS_FILE_MAX        ((size_t)64 << 20)
#define KEY_CAPABILITIES_ALL "*"

/* Which share of a model its requests have, where several want it. */
enum key_priority { KEY_PRIORITY_NORMAL, KEY_PRIORITY_HIGH, KEY_PRIORITY_LOW, KEY_PRIORITY_COUNT };
const char *key_priority_name(enum key_priority p); /* "normal" */
/* False: there is no such priority. */
bool key_priority_of(const char *name, enum key_priority *ret);

/* What a key is allowed; zero limits are none. */
struct key_grant {
    char *name;    /* for people: "build server" */
    char *tenant;  /* shares caches and stored answers with keys of the same tenant; NULL: the id */
    char **models; /* names, or "*"; NULL-terminated */
    char **capabilities;
    int64_t requests_per_minute;
    int64_t tokens_per_minute;
    int64_t concurrency;
    int64_t budget_tokens; /* that it may use in all */
    enum key_priority priority;
};
void key_grant_release(struct key_grant *g);
/* Comma-separated names to a list; NULL when memory is short or there are too many. */
char **key_names(const char *text);

struct key_usage {
    uint64_t requests, prompt_tokens, completion_tokens;
};
struct key_info { /* a copy for lists */
    char id[KEY_ID_CHARS + 1];
    int64_t created, revoked;      /* unix seconds; 0: not */
    const struct key_grant *grant; /* the store's, until it changes */
    struct key_usage usage;
};

struct key_store;
struct key;

/* `folder`: HEARTH_HOME. Files that are not there are empty ones. */
enum status key_store_open(struct key_store **ret, const char *folder, struct error *err);
void key_store_close(struct key_store *s);
/* From now on each change is an entry of the log before it is made, and one that cannot be logged is not made.
 * `audit` must outlive the store. An entry holds no key and no name, but keyed hashes of the latter. */
void key_store_log_to(struct key_store *s, struct audit *audit);
/* Reads keys.json again when it has changed; a broken file changes nothing and says why.
 * *ret_changed may be NULL. */
enum status key_store_refresh(struct key_store *s, bool *ret_changed, struct error *err);
/* Writes usage that has changed since the last time. */
enum status key_store_save_usage(struct key_store *s, struct error *err);
size_t key_store_count(struct key_store *s); /* keys that are not revoked */
bool key_store_at(struct key_store *s, size_t i, struct key_info *ret); /* revoked ones too */

/* Under a lock that other processes respect. The key itself is told here and never again. */
enum status key_store_add(struct key_store *s, const struct key_grant *grant,
                          char ret_key[KEY_CHARS + 1], char ret_id[KEY_ID_CHARS + 1],
                          struct error *err);
/* `id` or name of a key; STATUS_NOT_FOUND says so, also when a name means several. */
enum status key_store_revoke(struct key_store *s, const char *id, struct error *err);

/* The key with these letters, with a reference; NULL: unknown or revoked. */
struct key *key_find(struct key_store *s, const char *text, size_t len);
void key_ref(struct key *k);
void key_unref(struct key *k);
const char *key_id(const struct key *k);
const char *key_tenant(const struct key *k);
enum key_priority key_priority(struct key *k);
bool key_is_revoked(struct key *k);
bool key_may(struct key *k, const char *capability);
bool key_may_model(struct key *k, const char *model);

enum key_limit {
    KEY_LIMIT_NONE,
    KEY_LIMIT_REQUESTS,
    KEY_LIMIT_TOKENS,
    KEY_LIMIT_CONCURRENCY,
    KEY_LIMIT_BUDGET
};
/* Counts a request in, or says which limit stands against it and for how many seconds. */
enum key_limit key_enter(struct key *k, int64_t now_ns, double *ret_wait_seconds);
/* The request is over; what it used is charged. */
void key_leave(struct key *k, uint64_t prompt_tokens, uint64_t completion_tokens);

#endif
