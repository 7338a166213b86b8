/* Asking servers, over libcurl's multi interface.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The library is loaded when something is asked. Linked, it and the twenty others that it brings would be loaded by
 * every command and by every worker, which never ask anybody: 16 ms each time, and code in the sandbox that has no
 * business there. */
#define _GNU_SOURCE            /* strerrordesc_np */
#define CURL_DISABLE_TYPECHECK /* its macros would call the functions by name */
#include "base/net/http_client.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/core/base64.h"
#include "base/core/mem.h"

#define CONNECT_MS      20000L
#define STALLED_SECONDS 60L /* without a byte */
#define WAIT_MS         200
#define URL_BYTES       8192
#define IGNORED_MAX \
    ((size_t)64 << 10) /* of a page that nobody wants, read so that the connection can stay */
#define HEADER_BYTES ((size_t)32 << 10)
#define TRIES_MAX    3 /* of a piece whose connection ends */

/* ---- the library ---- */

#define LIBRARY "libcurl.so.4"

struct curl {
    void *handle;
#define CURL_CALL(name) __typeof__(&curl_##name) name;
#include "base/net/curl_calls_list.h"
#undef CURL_CALL
};

static bool find_calls(struct curl *c)
{
    static const char *const names[] = {
#define CURL_CALL(name) "curl_" #name,
#include "base/net/curl_calls_list.h"
#undef CURL_CALL
    };
    void **const places[] = {
#define CURL_CALL(name) (void **)(void *)&c->name,
#include "base/net/curl_calls_list.h"
#undef CURL_CALL
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!(*places[i] = dlsym(c->handle, names[i]))) return false;
    return true;
}

/* It stays loaded: what it started once for the process cannot be undone while others may use it. */
static enum status curl_open(struct curl *ret, struct error *err)
{
    struct curl c = { .handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) };
    if (!c.handle)
        return error_set(err, STATUS_UNSUPPORTED,
                         LIBRARY " is needed to ask a server, and is not here (Debian: libcurl4)");
    bool good = find_calls(&c) && c.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    dlclose(c.handle);
    if (!good) return error_set(err, STATUS_FAILED, LIBRARY " cannot be used: is it too old?");
    *ret = c;
    return STATUS_OK;
}

/* ---- origins ---- */

static enum status bad_origin(struct error *err, const char *text)
{
    return error_set(err, STATUS_USAGE,
                     "\"%.200s\" is no server: https://host or https://host:port is expected",
                     text);
}

static bool url_part(const struct curl *c, CURLU *u, CURLUPart part, unsigned flags, char *out,
                     size_t out_bytes)
{
    char *text = NULL;
    if (c->url_get(u, part, &text, flags) != CURLUE_OK) return false;
    int n = snprintf(out, out_bytes, "%s", text);
    c->free(text);
    return n >= 0 && (size_t)n < out_bytes;
}

/* "scheme://host:port" of any URL; false for other schemes and for user names in it. */
static bool origin_of(const struct curl *c, const char *url, char ret[HTTP_ORIGIN_BYTES])
{
    char scheme[16], host[256], port[16], user[8];
    CURLU *u = c->url();
    bool good = u && c->url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
                url_part(c, u, CURLUPART_SCHEME, 0, scheme, sizeof scheme) &&
                url_part(c, u, CURLUPART_HOST, 0, host, sizeof host) &&
                url_part(c, u, CURLUPART_PORT, CURLU_DEFAULT_PORT, port, sizeof port) &&
                !url_part(c, u, CURLUPART_USER, 0, user, sizeof user) &&
                (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    c->url_cleanup(u);
    for (char *h = host; good && *h; h++)
        if (*h >= 'A' && *h <= 'Z') *h = (char)(*h - 'A' + 'a');
    return good &&
           snprintf(ret, HTTP_ORIGIN_BYTES, "%s://%s:%s", scheme, host, port) < HTTP_ORIGIN_BYTES;
}

enum status http_target_parse(struct http_target *ret, const char *text, const char *token,
                              struct error *err)
{
    struct http_target t = { .token = token };
    struct curl c;
    enum status st = curl_open(&c, err);
    if (st) return st;
    for (const char *at = text;;) {
        size_t len = strcspn(at, ",");
        char one[HTTP_ORIGIN_BYTES];
        if (len == 0 || len >= sizeof one || !strncmp(at, "file:", 5)) return bad_origin(err, at);
        memcpy(one, at, len);
        one[len] = 0;
        if (one[len - 1] == '/') one[len - 1] = 0;
        const char *host = strstr(one, "://");
        if (!host || strpbrk(host + 3, "/?#") || !origin_of(&c, one, t.origins[t.origin_count]))
            return bad_origin(err, one);
        t.origin_count++;
        if (!at[len]) break;
        if (t.origin_count == HTTP_ORIGINS_MAX)
            return error_set(err, STATUS_LIMIT, "more than %d servers", HTTP_ORIGINS_MAX);
        at += len + 1;
    }
    *ret = t;
    return STATUS_OK;
}

static bool is_allowed(const struct http_target *t, const char *origin, bool *ret_first)
{
    for (size_t i = 0; i < t->origin_count; i++) {
        if (strcmp(origin, t->origins[i]) != 0) continue;
        *ret_first = i == 0;
        return true;
    }
    return false;
}

/* ---- one transfer ---- */

/* An address in words: without the query, which may be a signature. */
#define WORDS_OF(url) ((int)strcspn(url, "?#") < 400 ? (int)strcspn(url, "?#") : 400), (url)

struct transfer {
    const struct curl *curl;
    CURL *easy;
    struct curl_slist *headers;
    const struct http_target *target;
    char url[URL_BYTES];
    char words[CURL_ERROR_SIZE];
    int redirects;
    struct error failed; /* by us, while bytes came */
    /* a body */
    struct buf *out;
    const struct http_question *question;
    bool enough; /* of a look */
    /* or a piece */
    struct http_download *download;
    size_t piece;
    uint64_t begin, at, end;
    int tries;
    bool busy;
    bool begun;     /* the answer's first bytes were looked at */
    size_t ignored; /* bytes of it that are not wanted */
};

/* Of the last answer; empty where there is none, or one that is too long. */
static void read_header(const struct transfer *t, const char *name, char *ret, size_t ret_bytes)
{
    struct curl_header *h;
    ret[0] = 0;
    if (t->curl->easy_header(t->easy, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK) return;
    size_t len = strlen(h->value);
    if (len < ret_bytes) memcpy(ret, h->value, len + 1);
}

static bool is_number(const char *text, uint64_t *ret, const char **ret_end)
{
    uint64_t n = 0;
    const char *c = text;
    for (; *c >= '0' && *c <= '9'; c++) {
        if (n > (UINT64_MAX >> 5)) return false;
        n = n * 10 + (uint64_t)(*c - '0');
    }
    *ret = n;
    *ret_end = c;
    return c > text;
}

/* "bytes 0-15/4096", with a star where the server does not know the size, or before the slash where there are no
 * such bytes. False where there is no such header. */
static bool read_range(const struct transfer *t, uint64_t *ret_begin, bool *ret_has_total,
                       uint64_t *ret_total)
{
    char text[128] = "";
    const char *at = text + 6;
    uint64_t end;
    read_header(t, "Content-Range", text, sizeof text);
    if (strncasecmp(text, "bytes ", 6) != 0) return false;
    *ret_begin = 0;
    if (*at == '*') at++;
    else if (!is_number(at, ret_begin, &at) || *at++ != '-' || !is_number(at, &end, &at))
        return false;
    if (*at++ != '/') return false;
    *ret_has_total = is_number(at, ret_total, &at);
    return true;
}

/* What an error page says, and what comes from a server that knows no ranges. */
static size_t ignore(struct transfer *t, size_t len)
{
    t->ignored += len;
    return t->ignored > IGNORED_MAX ? 0 : len;
}

static size_t take_look(struct transfer *t, const char *bytes, size_t len)
{
    size_t room = HTTP_LOOK_BYTES - t->out->len;
    buf_append(t->out, bytes, len < room ? len : room);
    t->enough = t->out->len >= HTTP_LOOK_BYTES;
    return len <= room ? len : 0;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    size_t len = size * count;
    long code = 0;
    t->curl->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &code);
    if (code != 200 && code != 206) return ignore(t, len);
    if (t->question->look) return take_look(t, bytes, len);
    if (buf_append(t->out, bytes, len)) return len;
    buf_check(t->out, "the answer of the server", &t->failed);
    return 0;
}

/* Whether the answer is of the file that was looked at before; a server that does not say is believed. */
static bool is_same_file(const struct transfer *t)
{
    char now[HTTP_VALIDATOR_BYTES];
    const char *wanted = t->download->validator;
    if (!wanted || !*wanted) return true;
    read_header(t, *wanted == '"' ? "ETag" : "Last-Modified", now, sizeof now);
    return !*now || strcmp(now, wanted) == 0;
}

static enum status changed(const struct transfer *t, struct error *err)
{
    return error_set(err, STATUS_BAD_INPUT,
                     "%.*s changed on the server while it was fetched; the same command fetches "
                     "it anew",
                     WORDS_OF(t->url));
}

/* Before the first bytes of an answer are stored. */
static enum status begin_piece(struct transfer *t, long code, struct error *err)
{
    uint64_t begin, total;
    bool has_total;
    t->begun = true;
    if (!is_same_file(t)) return changed(t, err);
    if (code == 200) t->at = t->begin; /* all of it, from the start, whatever was asked for */
    if (code == 200 || !read_range(t, &begin, &has_total, &total)) return STATUS_OK;
    if (begin != t->at)
        return error_set(err, STATUS_BAD_INPUT,
                         "the server sends another part of %.*s than was asked for",
                         WORDS_OF(t->url));
    if (has_total && total != t->download->bytes)
        return error_set(err, STATUS_BAD_INPUT,
                         "%.*s has %" PRIu64 " bytes now, and %" PRIu64 " were announced",
                         WORDS_OF(t->url), total, t->download->bytes);
    return STATUS_OK;
}

static size_t take_piece(char *bytes, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    size_t len = size * count;
    long code = 0;
    t->curl->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &code);
    bool whole = t->begin == 0 && t->end == t->download->bytes;
    if (code != 206 && !(code == 200 && whole)) return ignore(t, len);
    if (!t->begun && begin_piece(t, code, &t->failed)) return 0;
    if (len > t->end - t->at) {
        error_set(&t->failed, STATUS_BAD_INPUT, "the server sends more than was asked for");
        return 0;
    }
    for (size_t done = 0; done < len;) {
        ssize_t n = pwrite(t->download->fd, bytes + done, len - done, (off_t)(t->at + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            error_set(&t->failed, STATUS_IO, "cannot store what was downloaded: %s",
                      strerrordesc_np(errno));
            return 0;
        }
        done += (size_t)n;
    }
    t->at += len;
    return len;
}

static int go_on_asking(void *ctx, curl_off_t total, curl_off_t done, curl_off_t up_total,
                        curl_off_t up)
{
    const struct transfer *t = ctx;
    (void)total, (void)done, (void)up_total, (void)up;
    return !progress_report(t->question->progress, "asking", 0, 0);
}

static void set_options(struct transfer *t)
{
    CURL *e = t->easy;
    t->curl->easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    t->curl->easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    t->curl->easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L); /* redirects are looked at first */
    t->curl->easy_setopt(e, CURLOPT_PROXY, "");
    t->curl->easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    t->curl->easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    t->curl->easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    t->curl->easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
    t->curl->easy_setopt(e, CURLOPT_LOW_SPEED_TIME, STALLED_SECONDS);
    t->curl->easy_setopt(e, CURLOPT_USERAGENT, "hearth/" HEARTH_VERSION);
    t->curl->easy_setopt(e, CURLOPT_ERRORBUFFER, t->words);
    t->curl->easy_setopt(e, CURLOPT_PRIVATE, t);
    t->curl->easy_setopt(e, CURLOPT_WRITEFUNCTION, t->download ? take_piece : take_body);
    t->curl->easy_setopt(e, CURLOPT_WRITEDATA, t);
    t->curl->easy_setopt(e, CURLOPT_URL, t->url);
    if (t->target->ca_file) t->curl->easy_setopt(e, CURLOPT_CAINFO, t->target->ca_file);
    if (!t->question || !t->question->progress) return;
    t->curl->easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
    t->curl->easy_setopt(e, CURLOPT_XFERINFOFUNCTION, go_on_asking);
    t->curl->easy_setopt(e, CURLOPT_XFERINFODATA, t);
}

static enum status add_header(struct transfer *t, struct buf *line, struct error *err)
{
    enum status st = buf_check(line, "a header", err);
    if (!st && strpbrk(line->data, "\r\n"))
        st = error_set(err, STATUS_USAGE, "the token or login for the server is malformed");
    struct curl_slist *more = st ? NULL : t->curl->slist_append(t->headers, line->data);
    if (more) t->headers = more;
    else if (!st) st = error_set(err, STATUS_NO_MEMORY, "no memory for a request");
    buf_release(line);
    return st;
}

static enum status add_login(struct transfer *t, struct error *err)
{
    struct buf line = BUF_INIT(HEADER_BYTES);
    const struct http_target *g = t->target;
    buf_text(&line, g->token ? "Authorization: Bearer " : "Authorization: Basic ");
    if (g->token) buf_text(&line, g->token);
    else if (!base64_encode(&line, g->login, strlen(g->login))) line.failed = true;
    return add_header(t, &line, err);
}

/* What asks for a part, of the file as it was. */
static enum status add_range(struct transfer *t, struct error *err)
{
    char range[64];
    struct buf line = BUF_INIT(HEADER_BYTES);
    if (t->download) snprintf(range, sizeof range, "%" PRIu64 "-%" PRIu64, t->at, t->end - 1);
    else snprintf(range, sizeof range, "0-%d", HTTP_LOOK_BYTES - 1);
    t->curl->easy_setopt(t->easy, CURLOPT_RANGE, range);
    if (!t->download || !t->download->validator || !*t->download->validator) return STATUS_OK;
    buf_format(&line, "If-Range: %s", t->download->validator);
    return add_header(t, &line, err);
}

static enum status add_headers(struct transfer *t, bool first, struct error *err)
{
    enum status st = STATUS_OK;
    t->curl->slist_free_all(t->headers);
    t->headers = NULL;
    if (t->download || t->question->look) st = add_range(t, err);
    if (!st && t->question && t->question->accept) {
        struct buf line = BUF_INIT(HEADER_BYTES);
        buf_format(&line, "Accept: %s", t->question->accept);
        st = add_header(t, &line, err);
    }
    if (!st && first && (t->target->token || t->target->login)) st = add_login(t, err);
    if (!st && t->headers) t->curl->easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    return st;
}

/* Makes the request for t->url; the handle may have been used before. */
static enum status aim(struct transfer *t, struct error *err)
{
    char origin[HTTP_ORIGIN_BYTES];
    bool first = false, good = origin_of(t->curl, t->url, origin);
    if (!good || !is_allowed(t->target, origin, &first))
        return error_set(err, STATUS_FAILED,
                         "the server sends us on to %.300s, which nobody wrote down; where that is "
                         "right, allow it with --also %.300s",
                         good ? origin : "a strange address", good ? origin : "ORIGIN");
    if (t->easy) t->curl->easy_reset(t->easy);
    else t->easy = t->curl->easy_init();
    if (!t->easy) return error_set(err, STATUS_NO_MEMORY, "no memory for a request");
    set_options(t);
    t->begun = t->enough = false;
    t->ignored = 0;
    return add_headers(t, first, err);
}

static enum status first_url(struct transfer *t, const char *path, struct error *err)
{
    int n = snprintf(t->url, sizeof t->url, "%s%s", t->target->origins[0], path);
    if (n < 0 || n >= (int)sizeof t->url)
        return error_set(err, STATUS_LIMIT, "the address is too long: %.200s", path);
    t->redirects = 0;
    t->failed.text[0] = 0;
    return aim(t, err);
}

static void transfer_release(struct transfer *t)
{
    t->curl->easy_cleanup(t->easy);
    t->curl->slist_free_all(t->headers);
}

static enum status answer_words(const struct transfer *t, long code, struct error *err)
{
    if (code == 404)
        return error_set(err, STATUS_NOT_FOUND, "the server has no %.*s", WORDS_OF(t->url));
    if (code == 401 || code == 403)
        return error_set(err, STATUS_FAILED,
                         "the server refuses %.*s (%ld): it wants a token that may read it, or its "
                         "terms accepted there",
                         WORDS_OF(t->url), code);
    return error_set(err, STATUS_FAILED, "the server answers %.*s with %ld", WORDS_OF(t->url),
                     code);
}

static bool is_answer(const struct transfer *t, long code)
{
    const struct http_question *q = t->question;
    if (q->look) return code == 200 || code == 206 || code == 416;
    return code == 200 || (q->challenges && code == 401);
}

/* What has ended: *ret_again is set where it goes on at another address. */
static enum status judge(struct transfer *t, CURLcode result, bool *ret_again, struct error *err)
{
    long code = 0;
    char *next = NULL;
    if (t->failed.text[0]) return error_set(err, t->failed.status, "%s", t->failed.text);
    if (result == CURLE_PEER_FAILED_VERIFICATION)
        return error_set(err, STATUS_FAILED,
                         "%.*s: %s; where the server's certificate is by an authority of your own, "
                         "name that in HEARTH_CA_FILE",
                         WORDS_OF(t->url), t->words);
    if (result == CURLE_ABORTED_BY_CALLBACK) return error_set(err, STATUS_CANCELLED, "cancelled");
    if (result != CURLE_OK && !t->enough && t->ignored <= IGNORED_MAX)
        return error_set(err, STATUS_IO, "%.*s: %s", WORDS_OF(t->url),
                         t->words[0] ? t->words : t->curl->easy_strerror(result));
    t->curl->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &code);
    t->curl->easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &next);
    if (code >= 300 && code < 400 && next) {
        if (++t->redirects > HTTP_REDIRECTS_MAX)
            return error_set(err, STATUS_FAILED, "the server sends us on and on: %.*s",
                             WORDS_OF(t->url));
        if (snprintf(t->url, sizeof t->url, "%s", next) >= (int)sizeof t->url)
            return error_set(err, STATUS_LIMIT, "the server sends us on to an address too long");
        *ret_again = true;
        return aim(t, err);
    }
    *ret_again = false;
    if (!t->download) return is_answer(t, code) ? STATUS_OK : answer_words(t, code, err);
    if (code == 401) t->download->unauthorized = true;
    if (code != 206 && code != 200) return answer_words(t, code, err);
    if (t->at == t->end) return STATUS_OK;
    if (!is_same_file(t)) return changed(t, err);
    if (code == 200)
        return error_set(err, STATUS_UNSUPPORTED, "the server cannot send a part of %.*s",
                         WORDS_OF(t->url));
    return error_set(err, STATUS_IO, "%.*s: the connection ended early", WORDS_OF(t->url));
}

static void read_validator(const struct transfer *t, char ret[HTTP_VALIDATOR_BYTES])
{
    char date[HTTP_VALIDATOR_BYTES];
    read_header(t, "ETag", ret, HTTP_VALIDATOR_BYTES);
    if (ret[0] == '"') return;
    read_header(t, "Date", date, sizeof date);
    read_header(t, "Last-Modified", ret, HTTP_VALIDATOR_BYTES);
    /* RFC 9110, 8.8.2.2: within one second a file can change twice. */
    if (!*date || strcmp(date, ret) == 0) ret[0] = 0;
}

static void read_challenge(const struct transfer *t, char *ret, size_t ret_bytes)
{
    struct curl_header *h;
    ret[0] = 0;
    for (size_t i = 0, n = 1; i < n && i < 8; i++) {
        if (t->curl->easy_header(t->easy, "WWW-Authenticate", i, CURLH_HEADER, -1, &h)) return;
        n = h->amount;
        if (ret[0] && strncasecmp(h->value, "Bearer ", 7) != 0) continue;
        if (snprintf(ret, ret_bytes, "%s", h->value) >= (int)ret_bytes) ret[0] = 0;
    }
}

static enum status read_bytes(const struct transfer *t, struct http_answer *a, struct error *err)
{
    uint64_t begin = 0;
    curl_off_t len = -1;
    bool ranged = a->code != 200 && read_range(t, &begin, &a->has_bytes, &a->bytes);
    if (a->code == 416 && (!ranged || a->bytes != 0))
        return error_set(err, STATUS_UNSUPPORTED, "the server cannot send the beginning of %.*s",
                         WORDS_OF(t->url));
    if (a->code == 416) a->code = 206; /* an empty file has no first byte */
    if (ranged && begin != 0)
        return error_set(err, STATUS_BAD_INPUT,
                         "the server sends another part of %.*s than was asked for",
                         WORDS_OF(t->url));
    if (a->code == 206) a->code = 200;
    else if (!t->curl->easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &len) &&
             len >= 0) {
        a->has_bytes = true;
        a->bytes = (uint64_t)len;
    }
    return STATUS_OK;
}

static enum status read_answer(const struct transfer *t, struct http_answer *ret, struct error *err)
{
    struct http_answer a = { .code = 0 };
    t->curl->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &a.code);
    read_validator(t, a.validator);
    read_header(t, "Content-Type", a.type, sizeof a.type);
    a.type[strcspn(a.type, "; ")] = 0;
    for (char *c = a.type; *c; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
    read_header(t, "Docker-Content-Digest", a.digest, sizeof a.digest);
    read_challenge(t, a.challenge, sizeof a.challenge);
    enum status st = read_bytes(t, &a, err);
    if (!st) *ret = a;
    return st;
}

enum status http_client_ask(const struct http_target *target, const struct http_question *question,
                            struct http_answer *ret, struct buf *body, struct error *err)
{
    struct curl curl;
    enum status st = curl_open(&curl, err);
    if (st) return st;
    struct transfer *t = mem_zero(sizeof *t);
    if (!t) return error_set(err, STATUS_NO_MEMORY, "no memory for a request");
    t->curl = &curl;
    t->target = target;
    t->out = body;
    t->question = question;
    st = first_url(t, question->path, err);
    for (bool again = true; again && !st;)
        st = judge(t, t->curl->easy_perform(t->easy), &again, err);
    if (!st) st = read_answer(t, ret, err);
    transfer_release(t);
    mem_free(t);
    return st;
}

enum status http_client_get(const struct http_target *target, const char *path, struct buf *out,
                            struct error *err)
{
    struct http_question question = { .path = path };
    struct http_answer answer;
    return http_client_ask(target, &question, &answer, out, err);
}

/* ---- pieces ---- */

size_t http_pieces(uint64_t bytes, uint64_t piece_bytes)
{
    return (size_t)((bytes + piece_bytes - 1) / piece_bytes);
}

struct crowd {
    struct curl curl;
    const struct http_target *target;
    struct http_download *d;
    CURLM *multi;
    struct transfer *transfers[HTTP_STREAMS_MAX];
    size_t pieces, next;
    int running;
    uint64_t had; /* bytes of pieces that are complete */
    struct error
        *failure; /* the caller's; the first one counts, and no new piece begins after it */
    enum status status;
};

static uint64_t piece_len(const struct http_download *d, size_t piece)
{
    uint64_t begin = piece * d->piece_bytes;
    return d->bytes - begin < d->piece_bytes ? d->bytes - begin : d->piece_bytes;
}

static enum status go_again(struct crowd *c, struct transfer *t, struct error *err)
{
    if (c->curl.multi_add_handle(c->multi, t->easy) != CURLM_OK)
        return error_set(err, STATUS_NO_MEMORY, "no memory for a request");
    t->busy = true;
    c->running++;
    return STATUS_OK;
}

/* Gives the transfer the next piece that is missing; leaves it idle when there is none. */
static enum status feed(struct crowd *c, struct transfer *t, struct error *err)
{
    while (c->next < c->pieces && c->d->have[c->next])
        c->next++;
    if (c->next == c->pieces || c->status) return STATUS_OK;
    t->piece = c->next++;
    t->tries = 1;
    t->begin = t->at = t->piece * c->d->piece_bytes;
    t->end = t->begin + piece_len(c->d, t->piece);
    enum status st = first_url(t, c->d->path, err);
    return st ? st : go_again(c, t, err);
}

static enum status finish_one(struct crowd *c, struct transfer *t, CURLcode result,
                              struct error *err)
{
    bool again = false;
    c->curl.multi_remove_handle(c->multi, t->easy);
    t->busy = false;
    c->running--;
    enum status st = judge(t, result, &again, err);
    if (st == STATUS_IO && !t->failed.text[0] && t->tries++ < TRIES_MAX) {
        st = aim(t, err); /* what has come of the piece stays */
        again = true;
    }
    if (st) return st;
    if (again) return go_again(c, t, err);
    c->d->have[t->piece] = true;
    c->had += t->end - t->begin;
    if (c->d->got) c->d->got(c->d->ctx, t->piece);
    return feed(c, t, err);
}

/* A failure ends the work when the others under way are through: what they bring need not be asked again. */
static void take_ended(struct crowd *c)
{
    CURLMsg *m;
    int left;
    while ((m = c->curl.multi_info_read(c->multi, &left))) {
        struct transfer *t = NULL;
        struct error why;
        CURLcode result = m->data.result;
        c->curl.easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        if (m->msg != CURLMSG_DONE) continue;
        enum status st = finish_one(c, t, result, &why);
        if (st && !c->status) c->status = error_set(c->failure, st, "%s", why.text);
    }
}

static bool go_on(const struct crowd *c)
{
    const struct http_download *d = c->d;
    uint64_t done = d->done_before + c->had;
    for (int i = 0; i < d->streams; i++)
        if (c->transfers[i]->busy) done += c->transfers[i]->at - c->transfers[i]->begin;
    return !d->progress || progress_report(d->progress, d->stage, done, d->total);
}

static enum status run(struct crowd *c, struct error *err)
{
    c->failure = err;
    for (int i = 0; i < c->d->streams && !c->status; i++)
        c->status = feed(c, c->transfers[i], err);
    while (c->running) {
        int running;
        if (c->curl.multi_perform(c->multi, &running) != CURLM_OK ||
            c->curl.multi_poll(c->multi, NULL, 0, running ? WAIT_MS : 0, NULL) != CURLM_OK)
            return error_set(err, STATUS_FAILED, "the HTTP library failed");
        take_ended(c);
        if (!go_on(c)) return error_set(err, STATUS_CANCELLED, "cancelled");
    }
    return c->status;
}

static void disperse(struct crowd *c)
{
    for (int i = 0; i < c->d->streams; i++) {
        struct transfer *t = c->transfers[i];
        if (!t) continue;
        if (t->busy) c->curl.multi_remove_handle(c->multi, t->easy);
        transfer_release(t);
        mem_free(t);
    }
    c->curl.multi_cleanup(c->multi);
}

enum status http_client_download(const struct http_target *target, struct http_download *d,
                                 struct error *err)
{
    struct crowd c = { .target = target, .d = d };
    enum status st = curl_open(&c.curl, err);
    if (st) return st;
    c.pieces = http_pieces(d->bytes, d->piece_bytes);
    for (size_t i = 0; i < c.pieces; i++)
        c.had += d->have[i] ? piece_len(d, i) : 0;
    c.multi = c.curl.multi_init();
    if (!c.multi) return error_set(err, STATUS_NO_MEMORY, "no memory for a request");
    for (int i = 0; i < d->streams && !st; i++) {
        c.transfers[i] = mem_zero(sizeof *c.transfers[i]);
        if (!c.transfers[i]) st = error_set(err, STATUS_NO_MEMORY, "no memory for a request");
        else
            *c.transfers[i] = (struct transfer){ .curl = &c.curl, .target = target, .download = d };
    }
    if (!st) st = run(&c, err);
    disperse(&c);
    return st;
}
