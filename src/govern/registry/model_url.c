/* Models from a plain web server.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/registry/model_url.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "govern/registry/model_scan.h"
#include "lm/format/gguf.h"
#include "lm/format/source.h"

#define ADDRESS_BYTES_MAX ((size_t)3 * MODEL_URL_BYTES_MAX)
#define PARTS_MAX         1024 /* of a split GGUF */

/* ---- addresses ---- */

static enum status not_an_address(struct error *err, const char *text, const char *why)
{
    return error_set(err, STATUS_USAGE, "\"%.*s\" is no address of a model: %s",
                     (int)(strcspn(text, "?#") < 300 ? strcspn(text, "?#") : 300), text, why);
}

/* This machine, as it is written: nobody on the way can change what comes from there. */
static bool is_loopback(const char *host, size_t len)
{
    if (len == 9 && strncasecmp(host, "localhost", 9) == 0) return true;
    if (len == 5 && memcmp(host, "[::1]", 5) == 0) return true;
    if (len < 5 || memcmp(host, "127.", 4) != 0) return false;
    for (size_t i = 4; i < len; i++)
        if ((host[i] < '0' || host[i] > '9') && host[i] != '.') return false;
    return true;
}

static bool take(char *ret, size_t ret_bytes, const char *text, size_t len)
{
    if (len >= ret_bytes) return false;
    memcpy(ret, text, len);
    ret[len] = 0;
    return true;
}

static enum status split_host(struct model_url_parts *p, const char *text, size_t scheme_len,
                              struct error *err)
{
    const char *host = text + scheme_len;
    size_t len = strcspn(host, "/?#");
    const char *close = host[0] == '[' ? memchr(host, ']', len) : NULL;
    size_t name = close ? (size_t)(close - host) + 1 : strcspn(host, ":/?#");
    if (memchr(host, '@', len))
        return not_an_address(
            err, host + len,
            "a user name in an address would end up in logs; set HEARTH_ADD_LOGIN "
            "to user:password instead");
    bool closed = !close || name == len || host[name] == ':';
    if (name == 0 || !closed || !take(p->origin, sizeof p->origin, text, scheme_len + len))
        return not_an_address(err, text, "it names no host");
    p->loopback = is_loopback(host, name);
    return STATUS_OK;
}

enum status model_url_split(struct model_url_parts *ret, const char *text, struct error *err)
{
    struct model_url_parts p = { .https = strncmp(text, "https://", 8) == 0 };
    size_t scheme = p.https ? 8 : 7;
    if (!p.https && strncmp(text, "http://", 7) != 0)
        return not_an_address(err, text, "it begins with neither https:// nor http://");
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7F || *c == '\\' || *c == '"')
            return not_an_address(err, text, "it holds a space, a quote or a control byte");
    enum status st = split_host(&p, text, scheme, err);
    if (st) return st;
    const char *path = text + scheme + strcspn(text + scheme, "/?#");
    size_t len = strcspn(path, "?#");
    const char *query = path + len;
    size_t query_len = strcspn(query, "#");
    if (query[query_len])
        return not_an_address(err, text,
                              "what stands behind # is never sent to a server; leave it out");
    if (!take(p.path, sizeof p.path, len ? path : "/", len ? len : 1) ||
        !take(p.query, sizeof p.query, query, query_len))
        return not_an_address(err, text, "it is too long");
    *ret = p;
    return STATUS_OK;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Without the %XX; false for a stray % and for %00. */
static bool unescape(char *ret, size_t ret_bytes, const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        int c = (unsigned char)text[i];
        if (c == '%') {
            if (len - i < 3 || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
                return false;
            c = hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]);
            i += 2;
        }
        if (c == 0 || n + 1 >= ret_bytes) return false;
        ret[n++] = (char)c;
    }
    ret[n] = 0;
    return true;
}

static bool ends_with(const char *name, const char *tail)
{
    size_t a = strlen(name), b = strlen(tail);
    return a >= b && strcasecmp(name + a - b, tail) == 0;
}

static bool is_sums_name(const char *name)
{
    static const char *const names[] = { "SHA256SUMS", "SHA256SUMS.txt", "sha256sum.txt" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0) return true;
    return ends_with(name, ".sha256");
}

/* ---- what is no model ---- */

/* The n-th word between slashes of a path. */
static struct span word_of(const char *path, int n)
{
    while (n-- && *path)
        path += 1 + strcspn(path + 1, "/");
    return *path ? (struct span){ path + 1, strcspn(path + 1, "/") } : (struct span){ "", 0 };
}

/* "Qwen2.5-7B" has none, "index.html" has. */
static bool has_extension(const char *name)
{
    for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.'))
        if (dot[1] < '0' || dot[1] > '9') return true;
    return false;
}

/* A page about a model, as hubs have them: the files behind it have a scheme of their own. */
static bool is_hub_page(const struct model_url_parts *p, const char *name)
{
    struct span third = word_of(p->path, 2);
    bool view = span_equals(third, "tree") || span_equals(third, "blob");
    bool two = word_of(p->path, 0).len && word_of(p->path, 1).len && third.len == 0;
    return view || (two && !has_extension(name));
}

static enum status refuse_hub_page(const struct model_url_parts *p, const char *text,
                                   struct error *err)
{
    char why[700];
    struct span owner = word_of(p->path, 0), name = word_of(p->path, 1);
    snprintf(why, sizeof why,
             "it looks like a page of a hub; for the model behind it: HEARTH_HUB=%.200s hearth add "
             "hf:%.*s/%.*s",
             p->origin, (int)(owner.len < 100 ? owner.len : 100), owner.data,
             (int)(name.len < 100 ? name.len : 100), name.data);
    return not_an_address(err, text, why);
}

static enum status refuse_kind(const struct model_url_parts *p, const char *name, const char *text,
                               struct error *err)
{
    static const struct {
        const char *tail, *why;
    } kinds[] = {
        { ".safetensors",
          "weights alone are no model; give the SHA256SUMS of the folder they lie in, or "
          "hf:owner/name" },
        { ".zip",
          "archives are not unpacked; unpack it where it lies and give the folder's SHA256SUMS" },
        { ".tar",
          "archives are not unpacked; unpack it where it lies and give the folder's SHA256SUMS" },
        { ".gz",
          "archives are not unpacked; unpack it where it lies and give the folder's SHA256SUMS" },
        { ".tgz",
          "archives are not unpacked; unpack it where it lies and give the folder's SHA256SUMS" },
        { ".zst",
          "archives are not unpacked; unpack it where it lies and give the folder's SHA256SUMS" },
        { ".7z",
          "archives are not unpacked; unpack it where it lies and give the folder's SHA256SUMS" },
    };
    if (is_hub_page(p, name)) return refuse_hub_page(p, text, err);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (ends_with(name, kinds[i].tail)) return not_an_address(err, text, kinds[i].why);
    if (*name && source_is_pickle(name))
        return not_an_address(err, text,
                              "it is a pickle, which can hold any program; ask for safetensors");
    return not_an_address(
        err, text,
        "a GGUF file, or the SHA256SUMS of a folder (sha256sum * > SHA256SUMS) is "
        "expected");
}

/* ---- what is one ---- */

static void choose_alias(struct model_url *u)
{
    size_t stem, len = strlen(u->name);
    int64_t part, count;
    const char *host = strstr(u->at.origin, "://") + 3;
    if (!u->is_sums) {
        if (!gguf_split_name(u->name, &stem, &part, &count)) stem = len - 5; /* .gguf */
        remote_alias(u->alias, u->name, stem);
        return;
    }
    /* Of a folder its name, else the server's. */
    char folder[REGISTRY_NAME_BYTES_MAX + 1];
    const char *end = strrchr(u->at.path, '/'), *begin = end;
    while (begin > u->at.path && begin[-1] != '/')
        begin--;
    if (unescape(folder, sizeof folder, begin, (size_t)(end - begin)))
        remote_alias(u->alias, folder, strlen(folder));
    if (!u->alias[0]) remote_alias(u->alias, host, strcspn(host, ":"));
}

static enum status check_plain_http(const struct model_url *u, const char *text, struct error *err)
{
    if (u->at.https || u->at.loopback) return STATUS_OK;
    if (u->is_sums)
        return not_an_address(
            err, text,
            "over plain http anybody on the way could change files and digests alike; "
            "https:// is needed");
    if (!u->has_sha256)
        return not_an_address(
            err, text,
            "over plain http anybody on the way could change the file; use https://, or "
            "say its digest with --sha256");
    return STATUS_OK;
}

static enum status take_sha256(struct model_url *u, const char *text, const char *sha256,
                               struct error *err)
{
    size_t stem;
    int64_t part, count;
    if (!sha256) return STATUS_OK;
    if (u->is_sums || gguf_split_name(u->name, &stem, &part, &count))
        return not_an_address(err, text,
                              "--sha256 is for one GGUF file; several need a SHA256SUMS");
    u->has_sha256 = sha256_from_hex(sha256, strlen(sha256), u->sha256);
    if (u->has_sha256) return STATUS_OK;
    return error_set(err, STATUS_USAGE,
                     "--sha256 takes 64 lower case hexadecimal digits, as sha256sum prints them");
}

enum status model_url_parse(struct model_url *ret, const char *text, const char *sha256,
                            struct error *err)
{
    struct model_url u = { .is_sums = false };
    enum status st = model_url_split(&u.at, text, err);
    if (st) return st;
    const char *last = strrchr(u.at.path, '/') + 1;
    if (!unescape(u.name, sizeof u.name, last, strlen(last)))
        return not_an_address(
            err, text, "a % in it is followed by no hexadecimal byte, or the name is too long");
    u.is_sums = is_sums_name(u.name);
    size_t len = strlen(u.name);
    bool is_gguf = len > 5 && strcmp(u.name + len - 5, ".gguf") == 0;
    if ((!is_gguf && !u.is_sums) || span_equals(word_of(u.at.path, 2), "blob"))
        return refuse_kind(&u.at, u.name, text, err);
    st = strchr(u.name, '/') ? not_an_address(err, text, "the file's name holds a slash")
                             : model_scan_check_name(u.name, err);
    if (!st) st = take_sha256(&u, text, sha256, err);
    if (!st) st = check_plain_http(&u, text, err);
    if (st) return st;
    choose_alias(&u);
    *ret = u;
    return STATUS_OK;
}

/* ---- SHA256SUMS ---- */

static enum status bad_line(struct error *err, size_t line, const char *why)
{
    return error_set(err, STATUS_BAD_INPUT, "SHA256SUMS, line %zu: %s", line, why);
}

/* A name behind a line that begins with a backslash has \\, \n and \r written out; none of them may be in a name. */
static enum status read_line(struct remote_listing *l, struct span line, size_t number,
                             const char *self, struct error *err)
{
    struct remote_file f = { .has_sha256 = true };
    char name[REGISTRY_NAME_BYTES_MAX + 1];
    if (line.len && line.data[0] == '\\')
        return bad_line(err, number,
                        "the file's name holds a backslash or a line break, which no model's may");
    if (line.len < 67 || !sha256_from_hex(line.data, 64, f.sha256) || line.data[64] != ' ' ||
        (line.data[65] != ' ' && line.data[65] != '*'))
        return bad_line(
            err, number,
            "64 hexadecimal digits, two spaces and a name are expected, as sha256sum writes them");
    struct span at = { line.data + 66, line.len - 66 };
    while (at.len > 2 && at.data[0] == '.' && at.data[1] == '/')
        at = (struct span){ at.data + 2, at.len - 2 };
    if (memchr(at.data, 0, at.len) || !take(name, sizeof name, at.data, at.len))
        return bad_line(err, number, "the name is too long, or holds a NUL");
    if (strcmp(name, self) == 0) return STATUS_OK; /* the shell makes the file before `*` is read */
    f.name = name;
    enum status st = remote_listing_add(l, &f, "SHA256SUMS", err);
    return st == STATUS_BAD_INPUT ? error_wrap(err, st, "line %zu", number) : st;
}

static enum status read_lines(struct remote_listing *l, struct span text, const char *self,
                              struct error *err)
{
    enum status st = STATUS_OK;
    size_t number = 0;
    while (text.len && !st) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) : text.len;
        st = read_line(l, (struct span){ text.data, len }, ++number, self, err);
        len += end ? 1 : 0;
        text = (struct span){ text.data + len, text.len - len };
    }
    if (!st && l->count == 0) st = error_set(err, STATUS_BAD_INPUT, "SHA256SUMS lists no files");
    return st ? st : remote_listing_check(l, "SHA256SUMS", err);
}

enum status model_url_sums_parse(struct remote_listing *ret, struct span text, const char *self,
                                 struct error *err)
{
    struct remote_listing l;
    enum status st = remote_listing_init(&l, REGISTRY_FILES_MAX, err);
    if (st) return st;
    st = read_lines(&l, text, self, err);
    if (!st) st = remote_listing_digest(&l, text, err);
    if (st) remote_listing_release(&l);
    else *ret = l;
    return st;
}

/* ---- asking ---- */

static enum status check_look(const struct remote_file *f, const struct http_answer *a,
                              const struct buf *first, bool is_gguf, struct error *err)
{
    bool page = strcmp(a->type, "text/html") == 0;
    if (is_gguf && (first->len < 4 || memcmp(first->data, "GGUF", 4) != 0))
        return error_set(
            err, STATUS_BAD_INPUT, "%.200s is no GGUF: the server answers with %s", f->name,
            page ? "a web page; is a login or another address needed?" : "something else");
    if (!a->has_bytes)
        return error_set(
            err, STATUS_UNSUPPORTED,
            "the server does not say how long %.200s is, so that its end could not be told "
            "from a broken connection",
            f->name);
    return STATUS_OK;
}

/* Size and validator of one file. */
static enum status look_at(const struct http_target *target, struct remote_listing *l,
                           struct remote_file *f, bool is_gguf, const struct progress *progress,
                           struct error *err)
{
    struct http_question q = { .path = f->path, .look = true, .progress = progress };
    struct http_answer a;
    struct buf first = BUF_INIT(HTTP_LOOK_BYTES);
    enum status st = http_client_ask(target, &q, &a, &first, err);
    if (!st) st = check_look(f, &a, &first, is_gguf, err);
    buf_release(&first);
    if (st) return st;
    if (a.bytes > REMOTE_FILE_BYTES_MAX)
        return error_set(err, STATUS_LIMIT, "%.200s has too many bytes: %" PRIu64, f->name,
                         a.bytes);
    f->bytes = a.bytes;
    l->bytes += a.bytes;
    if (!a.validator[0]) return STATUS_OK;
    f->validator = arena_copy_text(&l->arena, a.validator, strlen(a.validator));
    return f->validator ? STATUS_OK
                        : error_set(err, STATUS_NO_MEMORY, "no memory for a file's state");
}

static enum status look_at_all(const struct http_target *target, struct remote_listing *l,
                               bool is_gguf, const struct progress *progress, struct error *err)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; i < l->count && !st; i++) {
        st = look_at(target, l, &l->files[i], is_gguf, progress, err);
        if (!st && !progress_report(progress, "asking", i + 1, l->count))
            st = error_set(err, STATUS_CANCELLED, "cancelled");
    }
    return st;
}

/* Where a file of the folder lies: beside the one that was asked for. */
static enum status beside(const struct model_url *u, const char *name, struct buf *out,
                          struct error *err)
{
    bool itself = strcmp(name, u->name) == 0; /* as it was typed */
    buf_format(out, "%.*s/", (int)(strrchr(u->at.path, '/') - u->at.path), u->at.path);
    if (itself) buf_text(out, strrchr(u->at.path, '/') + 1);
    else remote_escape(out, name);
    buf_text(out, u->at.query);
    return buf_check(out, "an address", err);
}

static enum status set_path(struct remote_listing *l, const struct model_url *u,
                            struct remote_file *f, struct error *err)
{
    struct buf path = BUF_INIT(ADDRESS_BYTES_MAX);
    enum status st = beside(u, f->name, &path, err);
    if (!st) f->path = arena_copy_text(&l->arena, path.data, path.len);
    buf_release(&path);
    return st || f->path ? st : error_set(err, STATUS_NO_MEMORY, "no memory for an address");
}

static enum status list_sums(const struct http_target *target, const struct model_url *u,
                             const struct progress *progress, struct remote_listing *ret,
                             size_t *ret_left_out, struct error *err)
{
    struct remote_listing l;
    struct buf path = BUF_INIT(ADDRESS_BYTES_MAX), text = BUF_INIT(MODEL_URL_SUMS_BYTES_MAX);
    struct http_answer a;
    buf_format(&path, "%s%s", u->at.path, u->at.query);
    enum status st = buf_check(&path, "an address", err);
    struct http_question q = { .path = path.data, .progress = progress };
    if (!st) st = http_client_ask(target, &q, &a, &text, err);
    if (!st && strcmp(a.type, "text/html") == 0)
        st = error_set(
            err, STATUS_BAD_INPUT,
            "the server answers with a web page instead of a SHA256SUMS; is a login or another "
            "address needed?");
    if (!st) st = model_url_sums_parse(&l, (struct span){ text.data, text.len }, u->name, err);
    buf_release(&path);
    buf_release(&text);
    if (st) return st;
    *ret_left_out = remote_listing_leave_out(&l);
    for (size_t i = 0; i < l.count && !st; i++)
        st = set_path(&l, u, &l.files[i], err);
    if (!st) st = look_at_all(target, &l, false, progress, err);
    if (st) remote_listing_release(&l);
    else *ret = l;
    return st;
}

/* All parts of a split file, or the one. */
static enum status name_parts(struct remote_listing *l, const struct model_url *u,
                              struct error *err)
{
    size_t stem;
    int64_t part, count = 1;
    bool split = gguf_split_name(u->name, &stem, &part, &count);
    struct remote_file f = { .name = u->name, .has_sha256 = u->has_sha256 };
    char name[REGISTRY_NAME_BYTES_MAX + 64];
    enum status st = STATUS_OK;
    memcpy(f.sha256, u->sha256, SHA256_BYTES);
    if (split && (count < 1 || count > PARTS_MAX || part < 1 || part > count))
        return error_set(err, STATUS_USAGE,
                         "%.200s cannot be a part of a split model: at most %d are possible",
                         u->name, PARTS_MAX);
    for (int64_t i = 1; i <= count && !st; i++) {
        if (split) {
            snprintf(name, sizeof name, "%.*s-%05" PRId64 "-of-%05" PRId64 ".gguf", (int)stem,
                     u->name, i, count);
            f.name = name;
        }
        st = remote_listing_add(l, &f, "the address", err);
        if (!st) st = set_path(l, u, &l->files[l->count - 1], err);
    }
    return st;
}

/* What is known of each file: its digest, or what the server tells its states apart by. */
static enum status set_revision(struct remote_listing *l, struct error *err)
{
    struct buf lines = BUF_INIT(ADDRESS_BYTES_MAX * PARTS_MAX);
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    bool known = true;
    for (size_t i = 0; i < l->count; i++) {
        const struct remote_file *f = &l->files[i];
        known = known && (f->has_sha256 || f->validator);
        sha256_hex(f->sha256, hex);
        buf_format(&lines, "%s %" PRIu64 " %s\n",
                   f->has_sha256  ? hex
                   : f->validator ? f->validator
                                  : "",
                   f->bytes, f->name);
    }
    enum status st = buf_check(&lines, "a list of files", err);
    if (!st) st = sha256_of(lines.data, lines.len, digest, err);
    buf_release(&lines);
    if (st || !known) return st;
    bool one = l->count == 1 && l->files[0].has_sha256;
    sha256_hex(one ? l->files[0].sha256 : digest, hex);
    snprintf(l->revision, sizeof l->revision, "%s:%.*s", one ? "sha256" : "state", one ? 64 : 32,
             hex);
    return STATUS_OK;
}

static enum status list_gguf(const struct http_target *target, const struct model_url *u,
                             const struct progress *progress, struct remote_listing *ret,
                             struct error *err)
{
    struct remote_listing l;
    enum status st = remote_listing_init(&l, PARTS_MAX, err);
    if (st) return st;
    st = name_parts(&l, u, err);
    if (!st) st = look_at_all(target, &l, true, progress, err);
    if (!st) st = set_revision(&l, err);
    if (st) remote_listing_release(&l);
    else *ret = l;
    return st;
}

enum status model_url_list(const struct http_target *target, const struct model_url *u,
                           const struct progress *progress, struct remote_listing *ret,
                           size_t *ret_left_out, struct error *err)
{
    *ret_left_out = 0;
    return u->is_sums ? list_sums(target, u, progress, ret, ret_left_out, err)
                      : list_gguf(target, u, progress, ret, err);
}
