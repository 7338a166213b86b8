/* Who may come in: hosts and origins, keys, capabilities, limits.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/server_inner.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/core/clock.h"

static bool name_in(char *const *names, const char *name, size_t len)
{
    for (int i = 0; i < SERVER_NAMES_MAX && names[i]; i++)
        if (strcmp(names[i], "*") == 0 ||
            (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0))
            return true;
    return false;
}

/* Bytes of a Host header before the port. */
static size_t host_len(const char *host)
{
    if (*host == '[') {
        const char *end = strchr(host, ']');
        return end ? (size_t)(end - host) + 1 : strlen(host);
    }
    return strcspn(host, ":");
}

static bool is_loopback_name(const char *host, size_t len)
{
    static const char *const names[] = { "localhost", "[::1]" };
    for (size_t i = 0; i < 2; i++)
        if (len == strlen(names[i]) && strncasecmp(host, names[i], len) == 0) return true;
    /* 127.0.0.0/8, written in digits: no name server can answer for it. */
    return len >= 7 && strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") >= len;
}

static bool host_is_ours(struct server *s, const char *host)
{
    size_t len = host_len(host);
    if (is_loopback_name(host, len)) return true;
    pthread_mutex_lock(&s->lock);
    bool ok = name_in(s->settings.hosts, host, len);
    pthread_mutex_unlock(&s->lock);
    for (int i = 0; i < s->http_count && !ok; i++)
        ok = s->addresses[i].is_unix || (strlen(s->addresses[i].host) == len &&
                                         strncasecmp(s->addresses[i].host, host, len) == 0);
    return ok;
}

/* A page of this very server, or one that the settings name. */
bool access_origin_allowed(struct server *s, const char *origin, const char *host)
{
    const char *rest = strstr(origin, "://");
    if (host && rest && strcasecmp(rest + 3, host) == 0) return true;
    pthread_mutex_lock(&s->lock);
    bool ok = name_in(s->settings.origins, origin, strlen(origin));
    pthread_mutex_unlock(&s->lock);
    return ok;
}

/* The key that the request shows: Authorization: Bearer, or x-api-key. */
static struct span shown_key(struct call *c)
{
    const char *header = http_header(c->exchange, "Authorization");
    if (header && strncasecmp(header, "Bearer ", 7) == 0) {
        header += 7;
        header += strspn(header, " ");
        return span_of(header);
    }
    header = http_header(c->exchange, "x-api-key");
    return header ? span_of(header) : (struct span){ 0 };
}

static bool needs_key(struct server *s)
{
    pthread_mutex_lock(&s->lock);
    bool required = s->settings.require_key || !s->open_to_all;
    pthread_mutex_unlock(&s->lock);
    return required;
}

/* Without keys the only walls are the machine's: names and pages of others do not pass them. */
static bool check_stranger(struct server *s, struct call *c, struct api_error *e)
{
    const char *host = http_header(c->exchange, "Host");
    if (!host || host_is_ours(s, host)) return true;
    api_error_make(e, 403, "permission_error", "host_not_allowed",
                   "without a key this server answers under its own addresses only; add the name "
                   "under \"hosts\" in the configuration");
    return false;
}

static bool check_origin(struct server *s, struct call *c, struct api_error *e)
{
    const char *origin = http_header(c->exchange, "Origin");
    if (!origin || access_origin_allowed(s, origin, http_header(c->exchange, "Host"))) return true;
    api_error_make(e, 403, "permission_error", "origin_not_allowed",
                   "pages of other origins may not ask this server; name them under \"origins\" in "
                   "the configuration");
    return false;
}

static bool find_key(struct server *s, struct call *c, struct api_error *e)
{
    struct span shown = shown_key(c);
    bool needed = needs_key(s);
    if (shown.len && s->keys) c->key = key_find(s->keys, shown.data, shown.len);
    if (c->key) return true;
    bool looks_ours = shown.len == KEY_CHARS && strncmp(shown.data, "hk-", 3) == 0;
    if (!needed && !looks_ours) return check_stranger(s, c, e);
    if (!shown.len)
        api_error_make(
            e, 401, "authentication_error", "invalid_api_key",
            "a key is needed: send Authorization: Bearer hk-... (`hearth keys add` makes "
            "one)");
    else
        api_error_make(e, 401, "authentication_error", "invalid_api_key",
                       "this key is not known here, or was revoked");
    return false;
}

static int whole_seconds(double wait)
{
    if (wait < 1) return 1;
    return wait > 3600 ? 3600 : (int)wait + 1;
}

static bool check_limits(struct call *c, struct api_error *e, int *ret_retry)
{
    double wait = 1;
    enum key_limit limit = key_enter(c->key, clock_monotonic_ns(), &wait);
    int seconds = whole_seconds(wait);
    *ret_retry = seconds;
    switch (limit) {
    case KEY_LIMIT_NONE: c->entered = true; return true;
    case KEY_LIMIT_REQUESTS:
        api_error_make(e, 429, "rate_limit_error", "rate_limit_exceeded",
                       "this key's requests per minute are used up; try again in %ds", seconds);
        break;
    case KEY_LIMIT_TOKENS:
        api_error_make(e, 429, "rate_limit_error", "rate_limit_exceeded",
                       "this key's tokens per minute are used up; try again in %ds", seconds);
        break;
    case KEY_LIMIT_CONCURRENCY:
        api_error_make(e, 429, "rate_limit_error", "rate_limit_exceeded",
                       "this key has as many requests under way as it may; try again in %ds",
                       seconds);
        break;
    case KEY_LIMIT_BUDGET:
        *ret_retry = 0;
        api_error_make(e, 429, "rate_limit_error", "insufficient_quota",
                       "the token budget of this key is used up");
        break;
    }
    return false;
}

bool access_identify(struct server *s, struct call *c, struct api_error *e)
{
    return c->key || find_key(s, c, e);
}

bool access_check(struct server *s, struct call *c, const char *capability, struct api_error *e,
                  int *ret_retry)
{
    *ret_retry = 0;
    if (!check_origin(s, c, e)) return false;
    if (!*capability) return true;
    if (!find_key(s, c, e)) return false;
    if (!c->key) return true;
    if (!key_may(c->key, capability)) {
        api_error_make(e, 403, "permission_error", "capability_missing",
                       "this key has no capability \"%s\"", capability);
        return false;
    }
    return !c->shape || check_limits(c, e, ret_retry);
}
