/* Models from a registry: addresses, manifests, and asking.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/registry/model_oci.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/core/json.h"
#include "govern/registry/model_url.h"

#define NAMES_BYTES_MAX 400

#define MANIFEST_TYPES                                                                      \
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, " \
    "application/vnd.docker.distribution.manifest.v2+json, "                                \
    "application/vnd.docker.distribution.manifest.list.v2+json"

/* ---- addresses ---- */

static enum status no_address(struct error *err, const char *text, const char *why)
{
    return error_set(
        err, STATUS_USAGE,
        "\"%.300s\" is no model of a registry: %s; oci:registry.example/owner/name, with "
        ":tag or @sha256:digest behind it, is expected",
        text, why);
}

static bool is_low(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_host(const char *host, size_t len)
{
    bool told = len >= 9 && strncasecmp(host, "localhost", 9) == 0 && (len == 9 || host[9] == ':');
    for (size_t i = 0; i < len; i++) {
        char c = host[i];
        if (!is_low(c) && !(c >= 'A' && c <= 'Z') && !strchr(".-:[]", c)) return false;
        told = told || c == '.' || c == ':';
    }
    return told;
}

/* OCI distribution specification, "Pull": parts of lower case letters and digits, with single separators inside. */
static bool is_name(const char *name, size_t len)
{
    for (size_t i = 0; i < len;) {
        if (!is_low(name[i])) return false;
        while (i < len && is_low(name[i]))
            i++;
        if (i == len) return true;
        size_t begin = i;
        while (i < len && strchr("._-/", name[i]))
            i++;
        size_t n = i - begin;
        bool dashes = true;
        for (size_t k = begin; k < i; k++)
            dashes = dashes && name[k] == '-';
        if (n != 1 && !dashes && !(n == 2 && memcmp(name + begin, "__", 2) == 0)) return false;
    }
    return false;
}

static bool is_tag(const char *tag, size_t len)
{
    if (len == 0 || len >= MODEL_OCI_TAG_BYTES || tag[0] == '.' || tag[0] == '-') return false;
    for (size_t i = 0; i < len; i++)
        if (!is_low(tag[i]) && !(tag[i] >= 'A' && tag[i] <= 'Z') && !strchr("._-", tag[i]))
            return false;
    return true;
}

static bool take_digest(struct span text, uint8_t ret[SHA256_BYTES])
{
    return text.len == 7 + 64 && memcmp(text.data, "sha256:", 7) == 0 &&
           sha256_from_hex(text.data + 7, 64, ret);
}

/* ":tag" and "@sha256:digest" */
static bool take_reference(struct model_oci_address *a, const char *text)
{
    size_t len = strcspn(text, "@");
    snprintf(a->tag, sizeof a->tag, "latest");
    if (len) {
        if (text[0] != ':' || !is_tag(text + 1, len - 1)) return false;
        snprintf(a->tag, sizeof a->tag, "%.*s", (int)(len - 1), text + 1);
    }
    if (!text[len]) return true;
    a->has_digest = take_digest(span_of(text + len + 1), a->digest);
    return a->has_digest;
}

static void choose_alias(struct model_oci_address *a, bool has_tag)
{
    char words[MODEL_OCI_NAME_BYTES + MODEL_OCI_TAG_BYTES + 1];
    const char *slash = strrchr(a->name, '/');
    bool plain = !has_tag || strcmp(a->tag, "latest") == 0;
    snprintf(words, sizeof words, "%s%s%s", slash ? slash + 1 : a->name, plain ? "" : "-",
             plain ? "" : a->tag);
    remote_alias(a->alias, words, strlen(words));
}

static bool is_docker_hub(const char *host, size_t len)
{
    static const char *const names[] = { "docker.io", "index.docker.io", "hub.docker.com" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (len == strlen(names[i]) && memcmp(host, names[i], len) == 0) return true;
    return false;
}

enum status model_oci_address_parse(struct model_oci_address *ret, const char *text,
                                    struct error *err)
{
    struct model_oci_address a = { .has_digest = false };
    struct model_url_parts parts;
    size_t begin = strncmp(text, "oci:", 4) == 0 ? 4 : 0;
    if (text[begin] == '/' && text[begin + 1] == '/') begin += 2;
    const char *host = text + begin;
    size_t host_len = strcspn(host, "/");
    if (strchr(text, '@') && strchr(text, '@') < host + host_len)
        return no_address(
            err, "oci:...",
            "a user name in an address would end up in logs, so set HEARTH_ADD_LOGIN to "
            "user:password");
    if (is_docker_hub(host, host_len))
        return error_set(
            err, STATUS_USAGE,
            "%.*s is Docker Hub's page; its registry is oci:registry-1.docker.io%.200s, with "
            "--also https://auth.docker.io for its tokens",
            (int)host_len, host, host + host_len);
    if (!host[host_len] || !is_host(host, host_len))
        return no_address(err, text, "it names no registry, which is never guessed");
    snprintf(a.origin, sizeof a.origin, "http://%.*s", (int)(host_len < 400 ? host_len : 400),
             host);
    enum status st = model_url_split(&parts, a.origin, err);
    if (st) return st;
    if (!parts.loopback)
        snprintf(a.origin, sizeof a.origin, "https://%.*s", (int)(host_len < 400 ? host_len : 400),
                 host);
    const char *name = host + host_len + 1;
    size_t name_len = strcspn(name, ":@");
    if (name_len >= sizeof a.name || !is_name(name, name_len))
        return no_address(err, text, "its name is not one of lower case letters, digits and ._-/");
    memcpy(a.name, name, name_len);
    if (!take_reference(&a, name + name_len))
        return no_address(err, text,
                          "what stands behind its name is neither :tag nor @sha256:digest");
    choose_alias(&a, name[name_len] == ':');
    *ret = a;
    return STATUS_OK;
}

/* ---- manifests ---- */

static enum status bad_manifest(struct error *err, const char *why)
{
    return error_set(err, STATUS_BAD_INPUT, "the registry's manifest makes no sense: %s", why);
}

struct layer {
    const char *type;
    uint8_t sha256[SHA256_BYTES];
    uint64_t bytes;
    const struct json *notes;
};

/* OCI image specification, "Content Descriptors". Annotations' keys hold dots, so that they are looked up whole. */
static enum status read_layer(struct layer *ret, const struct json *item, struct error *err)
{
    struct layer l = { .type = json_text(json_get(item, "mediaType")),
                       .notes = json_get(item, "annotations") };
    struct span digest = json_string(json_get(item, "digest"));
    int64_t bytes = json_int(json_get(item, "size"), -1);
    if (!l.type) return bad_manifest(err, "a layer has no media type");
    if (!digest.data || !take_digest(digest, l.sha256))
        return bad_manifest(err, "a layer's digest is missing, malformed or no SHA-256");
    if (bytes < 0) return bad_manifest(err, "a layer has no size");
    l.bytes = (uint64_t)bytes;
    *ret = l;
    return STATUS_OK;
}

static bool ends_with(const char *name, const char *tail)
{
    size_t a = strlen(name), b = strlen(tail);
    return a >= b && strcmp(name + a - b, tail) == 0;
}

static const char *note(const struct layer *l, const char *key)
{
    const char *text = json_text(json_get(l->notes, key));
    return text && *text ? text : NULL;
}

static const char *written_name(const struct layer *l)
{
    const char *name = note(l, "org.cncf.model.filepath");
    if (!name) name = note(l, "org.opencontainers.image.title");
    while (name && name[0] == '.' && name[1] == '/')
        name += 2;
    return name;
}

/* ORAS gives single files the type of an image's layer, and says apart from it what is to be unpacked. */
static bool is_tar(const struct layer *l, const char *name)
{
    const char *unpack = note(l, "io.deis.oras.content.unpack");
    bool image = strcmp(l->type, "application/vnd.oci.image.layer.v1.tar") == 0;
    if (unpack) return strcmp(unpack, "true") == 0;
    if (image && note(l, "org.opencontainers.image.title") && !note(l, "org.cncf.model.filepath"))
        return name && ends_with(name, ".tar");
    return ends_with(l->type, ".tar");
}

static bool is_compressed(const char *type)
{
    static const char *const tails[] = {
        "+gzip", "+zstd", ".gzip", ".tar.gz", ".zstd", "+encrypted"
    };
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++)
        if (ends_with(type, tails[i])) return true;
    return false;
}

/* ---- names by media type ---- */

enum several { OCI_ONE, OCI_PARTS, OCI_MORE };

static const struct kind {
    const char *type, *stem, *ending;
    enum several several;
} kinds[] = {
#define OCI_LAYER(type, stem, ending, several) { type, stem, ending, several },
#include "govern/registry/oci_layer_list.h"
#undef OCI_LAYER
};

static const struct kind *find_kind(const char *type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(type, kinds[i].type) == 0) return &kinds[i];
    return NULL;
}

/* How many layers of one type there are, up to layer `end`. */
static size_t count_type(const struct json *layers, const char *type, size_t end)
{
    size_t n = 0;
    for (size_t i = 0; i < end; i++) {
        const char *other = json_text(json_get(json_at(layers, i), "mediaType"));
        n += other && strcmp(other, type) == 0;
    }
    return n;
}

static void name_by_kind(const struct kind *k, const struct json *layers, size_t at,
                         char ret[MODEL_OCI_NAME_BYTES])
{
    size_t n = count_type(layers, k->type, at + 1),
           all = count_type(layers, k->type, json_length(layers));
    if (k->several == OCI_PARTS && all > 1)
        snprintf(ret, MODEL_OCI_NAME_BYTES, "%s-%05zu-of-%05zu%s", k->stem, n, all, k->ending);
    else if (k->several == OCI_MORE && n > 1)
        snprintf(ret, MODEL_OCI_NAME_BYTES, "%s-%zu%s", k->stem, n, k->ending);
    else snprintf(ret, MODEL_OCI_NAME_BYTES, "%s%s", k->stem, k->ending);
}

/* ---- layers ---- */

static enum status refuse_layer(struct error *err, size_t at, const struct layer *l,
                                const char *why)
{
    return error_set(err, STATUS_UNSUPPORTED, "layer %zu of the manifest (%.200s) is refused: %s",
                     at + 1, l->type, why);
}

static enum status name_layer(struct remote_file *f, const struct layer *l,
                              const struct json *layers, size_t at, char made[MODEL_OCI_NAME_BYTES],
                              struct error *err)
{
    const char *name = written_name(l);
    const struct kind *kind = name ? NULL : find_kind(l->type);
    if (is_compressed(l->type))
        return refuse_layer(
            err, at, l,
            "compressed layers are not unpacked; have the model pushed as plain files or "
            "as uncompressed tar");
    f->is_tar = !kind && is_tar(l, name);
    f->name = f->is_tar || !name ? made : name;
    if (f->is_tar) snprintf(made, MODEL_OCI_NAME_BYTES, "layer-%zu.tar", at + 1);
    else if (kind) name_by_kind(kind, layers, at, made);
    else if (!name)
        return refuse_layer(
            err, at, l,
            "no name is written beside it (org.opencontainers.image.title), and its media "
            "type does not say what it is");
    return STATUS_OK;
}

static enum status add_layer(struct remote_listing *r, const struct model_oci_address *a,
                             const struct json *layers, size_t at, struct error *err)
{
    struct layer l;
    char made[MODEL_OCI_NAME_BYTES], path[2 * MODEL_OCI_NAME_BYTES], hex[SHA256_HEX_BYTES];
    enum status st = read_layer(&l, json_at(layers, at), err);
    if (st || strcmp(l.type, "application/vnd.oci.empty.v1+json") == 0) return st;
    struct remote_file f = { .bytes = l.bytes, .path = path, .has_sha256 = true };
    memcpy(f.sha256, l.sha256, SHA256_BYTES);
    st = name_layer(&f, &l, layers, at, made, err);
    sha256_hex(l.sha256, hex);
    snprintf(path, sizeof path, "/v2/%s/blobs/sha256:%s", a->name, hex);
    return st ? st : remote_listing_add(r, &f, "the registry's manifest", err);
}

static enum status read_layers(struct remote_listing *r, const struct model_oci_address *a,
                               const struct json *layers, struct error *err)
{
    enum status st = STATUS_OK;
    size_t count = json_length(layers);
    if (json_type(layers) != JSON_ARRAY) return bad_manifest(err, "it has no layers");
    if (count > MODEL_OCI_LAYERS_MAX)
        return error_set(err, STATUS_LIMIT, "the manifest names %zu layers; at most %d are taken",
                         count, MODEL_OCI_LAYERS_MAX);
    for (size_t i = 0; i < count && !st; i++)
        st = add_layer(r, a, layers, i, err);
    if (!st && r->count == 0) st = bad_manifest(err, "it names no files");
    return st ? st : remote_listing_check(r, "the registry's manifest", err);
}

/* ---- indexes ---- */

/* What builders put beside a manifest: statements about it, no model. */
static bool is_attestation(const struct json *item)
{
    const char *kind =
        json_text(json_get(json_get(item, "annotations"), "vnd.docker.reference.type"));
    return kind && strcmp(kind, "attestation-manifest") == 0;
}

static enum status read_index(const struct json *items, const struct model_oci_address *a,
                              uint8_t ret[SHA256_BYTES], struct error *err)
{
    struct buf names = BUF_INIT(NAMES_BYTES_MAX);
    size_t found = 0;
    for (size_t i = 0; i < json_length(items); i++) {
        const struct json *item = json_at(items, i);
        struct span digest = json_string(json_get(item, "digest"));
        if (is_attestation(item)) continue;
        if (!digest.data || !take_digest(digest, ret)) {
            buf_release(&names);
            return bad_manifest(err, "a digest in the index is missing, malformed or no SHA-256");
        }
        buf_format(&names, "%s%s", found++ ? ", " : "", digest.data);
    }
    enum status st = STATUS_OK;
    if (found == 0) st = bad_manifest(err, "the index names no manifest");
    if (found > 1)
        st = error_set(
            err, STATUS_USAGE,
            "oci:...%.100s is an index of %zu manifests; say which one with @ behind the name: "
            "%s%s",
            a->name, found, names.data ? names.data : "", names.failed ? ", ..." : "");
    buf_release(&names);
    return st;
}

static enum status read_manifest(struct remote_listing *ret, const struct model_oci_address *a,
                                 const struct json *root, struct span text, struct error *err)
{
    struct remote_listing l;
    size_t count = json_length(json_get(root, "layers"));
    enum status st = remote_listing_init(&l, count, err);
    if (st) return st;
    st = read_layers(&l, a, json_get(root, "layers"), err);
    if (!st) st = remote_listing_digest(&l, text, err);
    if (st) remote_listing_release(&l);
    else *ret = l;
    return st;
}

enum status model_oci_manifest_parse(enum model_oci_kind *ret_kind, struct remote_listing *ret,
                                     uint8_t ret_digest[SHA256_BYTES],
                                     const struct model_oci_address *a, struct span text,
                                     struct error *err)
{
    struct json_doc *doc;
    enum status st = json_parse(&doc, text.data, text.len, MODEL_OCI_MANIFEST_BYTES_MAX,
                                "the registry's manifest", err);
    if (st) return st;
    const struct json *root = json_root(doc), *list = json_get(root, "manifests");
    bool both = list && json_get(root, "layers");
    if (json_int(json_get(root, "schemaVersion"), 0) != 2)
        st = bad_manifest(err, "it is not of schema version 2");
    /* One reader would see this, another that: CVE-2021-41190. */
    else if (both) st = bad_manifest(err, "it is an index and a manifest at once");
    else if (list) st = read_index(list, a, ret_digest, err);
    else st = read_manifest(ret, a, root, text, err);
    if (!st) *ret_kind = list ? MODEL_OCI_INDEX : MODEL_OCI_MANIFEST;
    json_doc_free(doc);
    return st;
}

/* ---- logging in ---- */

/* The value of one parameter, a word or in quotes; *at is moved behind it. */
static bool take_value(const char **at, char *ret, size_t ret_bytes)
{
    const char *c = *at;
    size_t n = 0;
    bool quoted = *c == '"';
    for (c += quoted; *c && (quoted ? *c != '"' : *c != ',' && *c != ' '); c++) {
        if (quoted && *c == '\\' && c[1]) c++;
        if (n + 1 >= ret_bytes) return false;
        ret[n++] = *c;
    }
    ret[n] = 0;
    if (quoted && *c++ != '"') return false;
    *at = c;
    return true;
}

struct bearer {
    char realm[2048], service[512], scope[1024];
};

/* RFC 9110, 11.2: name=value with commas between. */
static bool take_parameters(struct bearer *b, const char *at)
{
    while (*at) {
        char value[2048];
        while (*at == ' ' || *at == ',' || *at == '\t')
            at++;
        size_t len = strcspn(at, "=, ");
        const char *name = at;
        if (!*at) break;
        if (at[len] != '=') return false;
        at += len + 1;
        if (!take_value(&at, value, sizeof value)) return false;
        bool fits = true;
        if (len == 5 && strncasecmp(name, "realm", 5) == 0)
            fits = snprintf(b->realm, sizeof b->realm, "%s", value) < (int)sizeof b->realm;
        else if (len == 7 && strncasecmp(name, "service", 7) == 0)
            fits = snprintf(b->service, sizeof b->service, "%s", value) < (int)sizeof b->service;
        else if (len == 5 && strncasecmp(name, "scope", 5) == 0)
            fits = snprintf(b->scope, sizeof b->scope, "%s", value) < (int)sizeof b->scope;
        if (!fits) return false;
    }
    return b->realm[0] != 0;
}

static enum status build_realm(struct model_oci_challenge *ret, const struct bearer *b,
                               struct error *err)
{
    struct model_url_parts p;
    struct buf path = BUF_INIT(sizeof ret->path - 1);
    enum status st = model_url_split(&p, b->realm, err);
    if (st) return error_wrap(err, st, "where the registry gives out tokens");
    if (!p.https && !p.loopback)
        return error_set(
            err, STATUS_BAD_INPUT,
            "the registry gives out its tokens at %.200s, over plain http, where anybody on "
            "the way could read them",
            p.origin);
    buf_format(&path, "%s%s%sservice=", p.path, p.query, p.query[0] ? "&" : "?");
    remote_escape(&path, b->service);
    if (b->scope[0]) buf_text(&path, "&scope=");
    remote_escape(&path, b->scope);
    st = buf_check(&path, "the address of the registry's tokens", err);
    if (!st) {
        memcpy(ret->path, path.data, path.len + 1);
        memcpy(ret->origin, p.origin, sizeof p.origin);
    }
    buf_release(&path);
    return st;
}

enum status model_oci_challenge_parse(struct model_oci_challenge *ret, const char *text,
                                      struct error *err)
{
    struct bearer b = { .realm = "" };
    if (strncasecmp(text, "Bearer ", 7) != 0)
        return error_set(err, STATUS_FAILED,
                         "the registry wants a login; set HEARTH_ADD_LOGIN to user:password, or "
                         "HEARTH_ADD_TOKEN to a token that may read the model");
    if (!take_parameters(&b, text + 7))
        return error_set(
            err, STATUS_BAD_INPUT,
            "the registry wants a token and does not say understandably where it is given out");
    return build_realm(ret, &b, err);
}

/* The realm as a target of its own, if the operator wrote it down. */
static enum status aim_at_realm(struct http_target *ret, const struct http_target *registry,
                                const struct model_oci_challenge *c, struct error *err)
{
    enum status st = http_target_parse(ret, c->origin, NULL, err);
    if (st) return st;
    ret->login = registry->login;
    ret->ca_file = registry->ca_file;
    for (size_t i = 0; i < registry->origin_count; i++)
        if (strcmp(registry->origins[i], ret->origins[0]) == 0) return STATUS_OK;
    return error_set(
        err, STATUS_FAILED,
        "the registry wants a token from %.300s, which nobody wrote down; where that is right, "
        "allow it with --also %.300s",
        c->origin, c->origin);
}

/* Visible characters only: it goes into a header. */
static enum status keep_token(struct buf *token, struct span answer, struct error *err)
{
    struct json_doc *doc;
    enum status st = json_parse(&doc, answer.data, answer.len, MODEL_OCI_TOKEN_BYTES_MAX,
                                "the answer that should hold a token", err);
    if (st) return st;
    const char *text = json_text(json_get(json_root(doc), "token"));
    if (!text) text = json_text(json_get(json_root(doc), "access_token"));
    bool good = text && *text;
    for (const char *c = text; good && *c; c++)
        good = *c > ' ' && *c < 0x7F;
    buf_clear(token);
    if (good) buf_text(token, text);
    json_doc_free(doc);
    if (!good)
        return error_set(err, STATUS_BAD_INPUT, "the answer that should hold a token holds none");
    return buf_check(token, "the registry's token", err);
}

static enum status log_in(struct http_target *registry, const char *challenge, struct buf *token,
                          const struct progress *progress, struct error *err)
{
    struct model_oci_challenge c;
    struct http_target realm;
    struct http_answer said;
    struct buf answer = BUF_INIT(MODEL_OCI_TOKEN_BYTES_MAX);
    enum status st = model_oci_challenge_parse(&c, challenge, err);
    if (!st) st = aim_at_realm(&realm, registry, &c, err);
    struct http_question q = { .path = c.path, .progress = progress };
    if (!st) st = http_client_ask(&realm, &q, &said, &answer, err);
    if (!st) st = keep_token(token, (struct span){ answer.data, answer.len }, err);
    buf_release(&answer);
    if (!st) registry->token = token->data;
    return st;
}

/* ---- asking ---- */

struct asking {
    struct http_target *target;
    const struct model_oci_address *a;
    struct buf *token;
    const struct progress *progress;
};

static enum status refused(const struct asking *w, struct error *err)
{
    return error_set(err, STATUS_FAILED,
                     "the registry refuses %.200s: %s is not accepted, or there is no such model",
                     w->a->name,
                     w->target->token || w->target->login ? "what it was given to log in"
                                                          : "to be asked without a login");
}

/* The text of one manifest, after logging in where that is wanted. */
static enum status ask(const struct asking *w, const char *reference, struct http_answer *ret,
                       struct buf *text, struct error *err)
{
    char path[2 * MODEL_OCI_NAME_BYTES + MODEL_OCI_TAG_BYTES];
    struct http_question q = {
        .path = path, .accept = MANIFEST_TYPES, .challenges = true, .progress = w->progress
    };
    snprintf(path, sizeof path, "/v2/%s/manifests/%s", w->a->name, reference);
    enum status st = http_client_ask(w->target, &q, ret, text, err);
    if (st || ret->code != 401) return st;
    if (w->target->token) return refused(w, err);
    buf_clear(text);
    if (strncasecmp(ret->challenge, "Bearer ", 7) != 0 && w->target->login) return refused(w, err);
    st = log_in(w->target, ret->challenge, w->token, w->progress, err);
    if (!st) st = http_client_ask(w->target, &q, ret, text, err);
    return !st && ret->code == 401 ? refused(w, err) : st;
}

static enum status check_digest(const uint8_t wanted[SHA256_BYTES], struct span text,
                                struct error *err)
{
    uint8_t found[SHA256_BYTES];
    char a[SHA256_HEX_BYTES], b[SHA256_HEX_BYTES];
    enum status st = sha256_of(text.data, text.len, found, err);
    if (st || memcmp(found, wanted, SHA256_BYTES) == 0) return st;
    sha256_hex(found, a);
    sha256_hex(wanted, b);
    return error_set(
        err, STATUS_BAD_INPUT,
        "the manifest is not what was announced: its digest is sha256:%s, and sha256:%s was said",
        a, b);
}

/* One manifest, or index. `wanted`: NULL where only a tag is known. */
static enum status ask_checked(const struct asking *w, const uint8_t *wanted, struct buf *text,
                               struct error *err)
{
    struct http_answer said;
    char reference[MODEL_OCI_TAG_BYTES], hex[SHA256_HEX_BYTES];
    uint8_t announced[SHA256_BYTES];
    snprintf(reference, sizeof reference, "%s", w->a->tag);
    if (wanted) {
        sha256_hex(wanted, hex);
        snprintf(reference, sizeof reference, "sha256:%s", hex);
    }
    enum status st = ask(w, reference, &said, text, err);
    if (st) return st;
    struct span body = { text->data ? text->data : "", text->len };
    if (wanted) st = check_digest(wanted, body, err);
    if (!st && take_digest(span_of(said.digest), announced))
        st = check_digest(announced, body, err);
    return st;
}

enum status model_oci_list(struct http_target *target, const struct model_oci_address *a,
                           struct buf *token, const struct progress *progress,
                           struct remote_listing *ret, size_t *ret_left_out, struct error *err)
{
    struct asking w = { target, a, token, progress };
    uint8_t digest[SHA256_BYTES], next[SHA256_BYTES] = { 0 };
    bool pinned = a->has_digest;
    enum model_oci_kind kind = MODEL_OCI_INDEX;
    enum status st = STATUS_OK;
    memcpy(digest, a->digest, SHA256_BYTES);
    for (int i = 0; kind == MODEL_OCI_INDEX && !st; i++) {
        struct buf text = BUF_INIT(MODEL_OCI_MANIFEST_BYTES_MAX);
        if (i > MODEL_OCI_INDEXES_MAX)
            return error_set(err, STATUS_LIMIT,
                             "the registry's indexes name one another, more than %d deep",
                             MODEL_OCI_INDEXES_MAX);
        st = ask_checked(&w, pinned ? digest : NULL, &text, err);
        if (!st)
            st = model_oci_manifest_parse(&kind, ret, next, a, (struct span){ text.data, text.len },
                                          err);
        buf_release(&text);
        memcpy(digest, next, SHA256_BYTES);
        pinned = true;
    }
    if (!st) *ret_left_out = remote_listing_leave_out(ret);
    return st;
}

enum status model_oci_renew(struct http_target *target, const struct model_oci_address *a,
                            struct buf *token, const struct progress *progress, struct error *err)
{
    struct asking w = { target, a, token, progress };
    struct buf text = BUF_INIT(MODEL_OCI_MANIFEST_BYTES_MAX);
    if (token->len == 0) return refused(&w, err);
    target->token = NULL;
    enum status st = ask_checked(&w, a->has_digest ? a->digest : NULL, &text, err);
    buf_release(&text);
    return st;
}
