/* A model from elsewhere: listed, downloaded, added, and the download removed.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/remote_add.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/mem.h"
#include "front/cmd/home.h"
#include "govern/registry/model_hub.h"
#include "govern/registry/model_oci.h"
#include "govern/registry/model_url.h"
#include "govern/registry/store.h"

#define ORIGINS_BYTES_MAX ((size_t)8 << 10)
#define SOURCE_BYTES_MAX  ((size_t)16 << 10)

static const struct option_spec specs[] = {
    { "also", 0, OPTION_TEXT, "ORIGIN,...",
      .help =
          "servers that the one of the address may send us on to, such as https://cdn.example" },
    { "sha256", 0, OPTION_TEXT, "HEX",
      .help = "what the file at an https:// address must have; nothing else is added" },
    { 0 },
};
const struct option_table remote_table = { "Options for models from elsewhere", specs };

/* ---- sources ---- */

struct remote;
struct source {
    const char *prefix;
    const char *newest_ends_at; /* characters that begin what pins a revision; NULL: none do */
    /* Reads the address and fills in target, alias, key and source. */
    enum status (*open)(struct remote *r, const char *address, struct error *err);
    enum status (*list)(struct remote *r, struct error *err);
    bool renews; /* its server's tokens end */
};

struct remote {
    const struct source *source_kind;
    const struct args *args;
    const struct progress *progress;
    struct http_target target;
    struct buf token;                   /* that was given out; target points into it */
    char alias[REGISTRY_ALIAS_MAX + 1]; /* may be empty */
    struct buf key;                     /* which selection of files of which model it is */
    struct buf source;                  /* as the store keeps it */
    struct remote_listing listing;
    size_t left_out;
    union {
        struct model_hub_address hub;
        struct model_url url;
        struct model_oci_address oci;
    } at;
};

static const char *from_environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* Digests do not cover everything that is asked for, so that the way there has to be safe. */
static enum status check_also(const char *also, struct error *err)
{
    for (const char *at = also; at;) {
        char one[HTTP_ORIGIN_BYTES];
        struct model_url_parts parts;
        snprintf(one, sizeof one, "%.*s", (int)strcspn(at, ","), at);
        enum status st = model_url_split(&parts, one, err);
        if (st) return error_wrap(err, st, "--also");
        if (!parts.https && !parts.loopback)
            return error_set(
                err, STATUS_USAGE,
                "--also %.200s: over plain http anybody on the way could change what comes; "
                "https:// is needed",
                one);
        at = strchr(at, ',');
        if (at) at++;
    }
    return STATUS_OK;
}

/* The first server with those of --also behind it. */
static enum status open_target(struct remote *r, const char *origins, const char *token,
                               const char *login, struct error *err)
{
    const char *also = args_text(r->args, "also", NULL);
    struct buf all = BUF_INIT(ORIGINS_BYTES_MAX);
    enum status st = check_also(also, err);
    buf_format(&all, "%s%s%s", origins, also ? "," : "", also ? also : "");
    if (!st) st = buf_check(&all, "the list of servers", err);
    if (!st) st = http_target_parse(&r->target, all.data, token, err);
    buf_release(&all);
    r->target.login = token ? NULL : login;
    r->target.ca_file = from_environment("HEARTH_CA_FILE");
    if (!st && r->target.ca_file && file_kind(r->target.ca_file) != FILE_REGULAR)
        st = error_set(err, STATUS_NOT_FOUND, "HEARTH_CA_FILE: there is no file %.300s",
                       r->target.ca_file);
    return st;
}

static enum status open_typed(struct remote *r, const char *origin, bool safe, struct error *err)
{
    const char *token = from_environment("HEARTH_ADD_TOKEN");
    const char *login = from_environment("HEARTH_ADD_LOGIN");
    if (!safe && (token || login))
        return error_set(
            err, STATUS_USAGE,
            "%.200s is asked over plain http, where anybody on the way could read a login; "
            "unset HEARTH_ADD_TOKEN and HEARTH_ADD_LOGIN, or use https://",
            origin);
    if (login && !strchr(login, ':'))
        return error_set(err, STATUS_USAGE, "HEARTH_ADD_LOGIN is not of the form user:password");
    return open_target(r, origin, token, login, err);
}

static enum status no_sha256(const struct remote *r, struct error *err)
{
    if (!args_given(r->args, "sha256")) return STATUS_OK;
    return error_set(err, STATUS_USAGE, "--sha256 is for a GGUF at an https:// address");
}

static enum status open_hub(struct remote *r, const char *address, struct error *err)
{
    const char *hub = from_environment("HEARTH_HUB");
    const struct model_hub_address *a = &r->at.hub;
    enum status st = model_hub_address_parse(&r->at.hub, address, err);
    if (!st) st = no_sha256(r, err);
    if (st) return st;
    if (!hub)
        return error_set(
            err, STATUS_USAGE,
            "no hub is set: nothing is asked that nobody wrote down. Set HEARTH_HUB, such as "
            "HEARTH_HUB=https://huggingface.co, with the servers that it sends on to behind "
            "commas");
    const char *slash = strrchr(a->file, '/');
    const char *name = a->file[0] ? (slash ? slash + 1 : a->file) : a->name;
    size_t len = strlen(name);
    remote_alias(r->alias, name, a->file[0] && len > 5 ? len - 5 : len); /* .gguf */
    buf_format(&r->key, "%s/%s/%s", a->owner, a->name, a->file);
    buf_text(&r->source, address);
    return open_target(r, hub, from_environment("HEARTH_HUB_TOKEN"), NULL, err);
}

static enum status list_hub(struct remote *r, struct error *err)
{
    enum status st = model_hub_list(&r->target, &r->at.hub, r->progress, &r->listing, err);
    if (st) return st;
    st = model_hub_listing_choose(&r->listing, &r->at.hub, &r->left_out, err);
    if (st) remote_listing_release(&r->listing);
    return st;
}

static enum status open_url(struct remote *r, const char *address, struct error *err)
{
    const struct model_url *u = &r->at.url;
    enum status st = model_url_parse(&r->at.url, address, args_text(r->args, "sha256", NULL), err);
    if (st) return st;
    memcpy(r->alias, u->alias, sizeof r->alias);
    /* A query may be a signature, good for an hour and for whoever reads it. */
    buf_format(&r->source, "%s%s", u->at.origin, u->at.path);
    buf_format(&r->key, "%s%s", u->at.origin, u->at.path);
    return open_typed(r, u->at.origin, u->at.https || u->at.loopback, err);
}

static enum status list_url(struct remote *r, struct error *err)
{
    return model_url_list(&r->target, &r->at.url, r->progress, &r->listing, &r->left_out, err);
}

static enum status open_oci(struct remote *r, const char *address, struct error *err)
{
    const struct model_oci_address *a = &r->at.oci;
    enum status st = model_oci_address_parse(&r->at.oci, address, err);
    if (!st) st = no_sha256(r, err);
    if (st) return st;
    memcpy(r->alias, a->alias, sizeof r->alias);
    buf_format(&r->key, "%s/%s", a->origin, a->name);
    buf_text(&r->source, address);
    return open_typed(r, a->origin, true, err);
}

static enum status list_oci(struct remote *r, struct error *err)
{
    return model_oci_list(&r->target, &r->at.oci, &r->token, r->progress, &r->listing, &r->left_out,
                          err);
}

static const struct source sources[] = {
    { "hf:", "@", open_hub, list_hub, false },
    { "oci:", "@", open_oci, list_oci, true },
    { "https://", NULL, open_url, list_url, false },
    { "http://", NULL, open_url, list_url, false },
};

static const struct source *find_source(const char *text)
{
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if (strncmp(text, sources[i].prefix, strlen(sources[i].prefix)) == 0) return &sources[i];
    return NULL;
}

bool remote_add_is_address(const char *text)
{
    return find_source(text) != NULL;
}

void remote_add_newest(char *source)
{
    const struct source *kind = find_source(source);
    if (kind && kind->newest_ends_at) source[strcspn(source, kind->newest_ends_at)] = 0;
}

enum status remote_add_refuse_options(const struct args *args, struct error *err)
{
    for (const struct option_spec *spec = specs; spec->name; spec++)
        if (args_given(args, spec->name))
            return error_set(err, STATUS_USAGE, "--%s is for models from elsewhere", spec->name);
    return STATUS_OK;
}

/* ---- fetching ---- */

static enum status renew(void *ctx, struct error *err)
{
    struct remote *r = ctx;
    return model_oci_renew(&r->target, &r->at.oci, &r->token, r->progress, err);
}

/* One folder for each selection of each revision, so that a download goes on where it was. */
static enum status choose_folder(char ret[HOME_PATH_BYTES], const struct remote *r,
                                 struct error *err)
{
    char home[HOME_PATH_BYTES], hex[SHA256_HEX_BYTES], name[64];
    uint8_t digest[SHA256_BYTES];
    struct buf text = BUF_INIT(SOURCE_BYTES_MAX);
    buf_format(&text, "%s@%s", r->key.data, r->listing.revision);
    enum status st = buf_check(&text, "an address", err);
    if (!st) st = sha256_of(text.data, text.len, digest, err);
    buf_release(&text);
    if (st) return st;
    sha256_hex(digest, hex);
    snprintf(name, sizeof name, REGISTRY_DOWNLOADS "/%.32s", hex);
    if (home_folder(home) && file_join(ret, HOME_PATH_BYTES, home, name)) return STATUS_OK;
    return error_set(err, STATUS_IO, "HEARTH_HOME cannot be written");
}

static bool is_revision(const struct registry_model *m, const char *revision)
{
    return revision[0] && m->revision && strcmp(m->revision, revision) == 0;
}

/* Before anything is downloaded: whether the name is free, or is that of this very revision (*ret_known). Where
 * the server does not tell revisions apart, the bytes will. */
static enum status meet_alias(struct model_store *s, const struct registry_add *what,
                              const char *revision, struct registry_model *ret_known,
                              bool *ret_is_known, struct error *err)
{
    const char *alias = what->alias;
    enum status st = registry_check_alias(alias, err);
    if (st || registry_find(s->registry, alias, ret_known, NULL)) return st;
    if (is_revision(ret_known, revision))
        *ret_is_known = !registry_pin(s->registry, ret_known, NULL); /* else fetched anew */
    else if (revision[0] && strcmp(ret_known->source, what->source) == 0)
        st = error_set(err, STATUS_BAD_INPUT,
                       "there is another revision than the one that \"%s\" names; `hearth upgrade "
                       "%s` shows what changed",
                       alias, alias);
    else if (revision[0])
        st = error_set(
            err, STATUS_BAD_INPUT,
            "\"%s\" names another model already; say another name with --as, or `hearth rm "
            "%s` first",
            alias, alias);
    if (!*ret_is_known) registry_model_release(ret_known);
    return st;
}

/* Whether this very revision is the model already, or stands ready to become it. */
static enum status meet_revision(struct model_store *s, const char *alias, const char *revision,
                                 struct registry_model *ret_known, bool *ret_is_known,
                                 bool *ret_is_current, struct error *err)
{
    enum status st = registry_find(s->registry, alias, ret_known, err);
    if (st) return st;
    *ret_is_current = *ret_is_known = is_revision(ret_known, revision);
    if (*ret_is_known) return STATUS_OK;
    registry_model_release(ret_known);
    if (registry_find_staged(s->registry, alias, ret_known, NULL)) return STATUS_OK;
    *ret_is_known = is_revision(ret_known, revision);
    if (!*ret_is_known) registry_model_release(ret_known);
    return STATUS_OK;
}

/* Archives were checked when they were unpacked. */
static enum status list_expected(const struct remote_listing *l, struct registry_file **ret,
                                 size_t *ret_count, struct error *err)
{
    size_t n = 0;
    struct registry_file *list = mem_array(l->count + 1, sizeof *list);
    if (!list) return error_set(err, STATUS_NO_MEMORY, "no memory for a list of files");
    for (size_t i = 0; i < l->count; i++) {
        if (!l->files[i].has_sha256 || l->files[i].is_tar) continue;
        list[n].name = l->files[i].name;
        memcpy(list[n++].sha256, l->files[i].sha256, SHA256_BYTES);
    }
    *ret = list;
    *ret_count = n;
    return STATUS_OK;
}

static enum status add_fetched(struct model_store *s, struct registry_add *what, const char *folder,
                               const struct remote_listing *l, struct registry_model *ret_model,
                               struct registry_added *ret, struct error *err)
{
    struct registry_file *expected = NULL;
    enum status st = list_expected(l, &expected, &what->expected_count, err);
    if (st) return st;
    what->path = folder;
    what->revision = l->revision[0] ? l->revision : NULL;
    what->take = true;
    what->expected = expected;
    st = registry_add(s->registry, what, ret_model, ret, err);
    mem_free(expected);
    return st;
}

/* What was refused is not kept, so that the next try asks anew; what was stopped or lost its connection is. */
static bool is_kept(enum status st)
{
    return st == STATUS_CANCELLED || st == STATUS_IO || st == STATUS_FAILED ||
           st == STATUS_NO_MEMORY || st == STATUS_NOT_FOUND;
}

static enum status fetch(struct remote *r, struct model_store *s, struct registry_add *what,
                         struct registry_model *ret_model, struct registry_added *ret,
                         struct error *err)
{
    char folder[HOME_PATH_BYTES];
    struct remote_renewal renewal = { renew, r };
    enum status st = choose_folder(folder, r, err);
    if (st) return st;
    st = remote_fetch(&r->target, &r->listing, r->source_kind->renews ? &renewal : NULL, folder,
                      r->progress, err);
    if (st) {
        if (!is_kept(st)) remote_forget(folder);
        return st;
    }
    st = add_fetched(s, what, folder, &r->listing, ret_model, ret, err);
    if (st != STATUS_CANCELLED && st != STATUS_IO) remote_forget(folder);
    return st;
}

static enum status add_listed(struct remote *r, struct model_store *s, struct registry_add *what,
                              struct registry_model *ret_model, struct registry_added *ret,
                              struct error *err)
{
    bool known = false, current = true;
    const char *revision = r->listing.revision;
    enum status st = what->stage
                         ? meet_revision(s, what->alias, revision, ret_model, &known, &current, err)
                         : meet_alias(s, what, revision, ret_model, &known, err);
    if (st) return st;
    if (!known) st = fetch(r, s, what, ret_model, ret, err);
    else *ret = (struct registry_added){ .known = current, .bytes = model_store_bytes(ret_model) };
    if (!st) ret->left_out = r->left_out;
    return st;
}

enum status remote_add(struct model_store *s, struct registry_add *what, const struct args *args,
                       const char *address, struct registry_model *ret_model,
                       struct registry_added *ret, struct error *err)
{
    struct remote *r = mem_zero(sizeof *r);
    if (!r) return error_set(err, STATUS_NO_MEMORY, "no memory for a download");
    r->source_kind = find_source(address);
    r->args = args;
    r->progress = &what->progress;
    r->token = BUF_INIT(MODEL_OCI_TOKEN_BYTES_MAX);
    r->key = r->source = BUF_INIT(SOURCE_BYTES_MAX);
    enum status st = r->source_kind->open(r, address, err);
    if (!st) st = buf_check(&r->key, "an address", err);
    if (!st) st = buf_check(&r->source, "an address", err);
    if (!st && !what->alias && !r->alias[0])
        st = error_set(err, STATUS_USAGE, "%.300s gives no name for the model; say one with --as",
                       r->source.data);
    if (!st) st = r->source_kind->list(r, err);
    if (!st) {
        if (!what->alias) what->alias = r->alias;
        what->source = r->source.data;
        st = add_listed(r, s, what, ret_model, ret, err);
        remote_listing_release(&r->listing);
    }
    what->alias = what->source = what->revision = NULL; /* they pointed into r */
    what->path = address;
    buf_release(&r->token);
    buf_release(&r->key);
    buf_release(&r->source);
    mem_free(r);
    return st;
}
