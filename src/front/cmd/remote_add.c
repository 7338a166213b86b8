/* A model from a hub: listed, downloaded, added, and the download removed.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/hub_add.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/mem.h"
#include "front/cmd/home.h"
#include "govern/registry/model_hub.h"
#include "govern/registry/store.h"

bool hub_add_is_address(const char *text)
{
    return strncmp(text, "hf:", 3) == 0;
}

static enum status find_hub(struct http_target *ret, struct error *err)
{
    const char *hub = getenv("HEARTH_HUB"), *token = getenv("HEARTH_HUB_TOKEN");
    if (!hub || !*hub)
        return error_set(
            err, STATUS_USAGE,
            "no hub is set: nothing is asked that nobody wrote down. Set HEARTH_HUB, such as "
            "HEARTH_HUB=https://huggingface.co, with the servers that it sends on to behind "
            "commas");
    return http_target_parse(ret, hub, token && *token ? token : NULL, err);
}

/* One folder for each selection of each commit, so that a download goes on where it was. */
static enum status choose_folder(char ret[HOME_PATH_BYTES], const struct model_hub_address *a,
                                 const char *commit, struct error *err)
{
    char home[HOME_PATH_BYTES], hex[SHA256_HEX_BYTES], name[64];
    uint8_t digest[SHA256_BYTES];
    struct buf text = BUF_INIT(8192);
    buf_format(&text, "%s/%s/%s@%s", a->owner, a->name, a->file, commit);
    enum status st = buf_check(&text, "an address", err);
    if (!st) st = sha256_of(text.data, text.len, digest, err);
    buf_release(&text);
    if (st) return st;
    sha256_hex(digest, hex);
    snprintf(name, sizeof name, REGISTRY_DOWNLOADS "/%.32s", hex);
    if (home_folder(home) && file_join(ret, HOME_PATH_BYTES, home, name)) return STATUS_OK;
    return error_set(err, STATUS_IO, "HEARTH_HOME cannot be written");
}

static void choose_alias(char ret[REGISTRY_ALIAS_MAX + 1], const struct model_hub_address *a)
{
    const char *slash = strrchr(a->file, '/');
    const char *name = a->file[0] ? (slash ? slash + 1 : a->file) : a->name;
    size_t n = 0, len = strlen(name);
    if (a->file[0] && len > 5) len -= 5; /* .gguf */
    for (size_t i = 0; i < len && n < REGISTRY_ALIAS_MAX; i++)
        ret[n++] = strchr(" +()[],;=&!~@#%'", name[i]) ? '-' : name[i];
    ret[n] = 0;
}

/* Before anything is downloaded: whether the name is free, or is that of this very commit (*ret_known). */
static enum status meet_alias(struct model_store *s, const char *alias, const char *commit,
                              struct registry_model *ret_known, bool *ret_is_known,
                              struct error *err)
{
    enum status st = registry_check_alias(alias, err);
    if (st || registry_find(s->registry, alias, ret_known, NULL)) return st;
    bool same = ret_known->revision && strcmp(ret_known->revision, commit) == 0;
    if (same) *ret_is_known = !registry_pin(s->registry, ret_known, NULL); /* else fetched anew */
    else
        st = error_set(
            err, STATUS_BAD_INPUT,
            "\"%s\" names another model already; say another name with --as, or `hearth rm "
            "%s` first",
            alias, alias);
    if (!*ret_is_known) registry_model_release(ret_known);
    return st;
}

/* Whether this very commit is the model already, or stands ready to become it. */
static enum status meet_revision(struct model_store *s, const char *alias, const char *commit,
                                 struct registry_model *ret_known, bool *ret_is_known,
                                 bool *ret_is_current, struct error *err)
{
    enum status st = registry_find(s->registry, alias, ret_known, err);
    if (st) return st;
    *ret_is_current = ret_known->revision && strcmp(ret_known->revision, commit) == 0;
    *ret_is_known = *ret_is_current;
    if (*ret_is_known) return STATUS_OK;
    registry_model_release(ret_known);
    if (registry_find_staged(s->registry, alias, ret_known, NULL)) return STATUS_OK;
    *ret_is_known = ret_known->revision && strcmp(ret_known->revision, commit) == 0;
    if (!*ret_is_known) registry_model_release(ret_known);
    return STATUS_OK;
}

static enum status list_expected(const struct model_hub_listing *l, struct registry_file **ret,
                                 size_t *ret_count, struct error *err)
{
    size_t n = 0;
    struct registry_file *list = mem_array(l->count + 1, sizeof *list);
    if (!list) return error_set(err, STATUS_NO_MEMORY, "no memory for a list of files");
    for (size_t i = 0; i < l->count; i++) {
        if (!l->files[i].has_sha256) continue;
        list[n].name = l->files[i].name;
        memcpy(list[n++].sha256, l->files[i].sha256, SHA256_BYTES);
    }
    *ret = list;
    *ret_count = n;
    return STATUS_OK;
}

static enum status add_fetched(struct model_store *s, struct registry_add *what, const char *folder,
                               const struct model_hub_listing *l, struct registry_model *ret_model,
                               struct registry_added *ret, struct error *err)
{
    struct registry_file *expected = NULL;
    enum status st = list_expected(l, &expected, &what->expected_count, err);
    if (st) return st;
    what->path = folder;
    what->revision = l->commit;
    what->take = true;
    what->expected = expected;
    st = registry_add(s->registry, what, ret_model, ret, err);
    mem_free(expected);
    /* What was refused is not kept, so that the next try asks anew; what was stopped is. */
    if (st != STATUS_CANCELLED && st != STATUS_IO) store_remove_tree(folder);
    return st;
}

enum status hub_add(struct model_store *s, struct registry_add *what, const char *address,
                    struct registry_model *ret_model, struct registry_added *ret, struct error *err)
{
    struct http_target target;
    struct model_hub_address a;
    struct model_hub_listing l;
    char folder[HOME_PATH_BYTES], alias[REGISTRY_ALIAS_MAX + 1];
    size_t left_out = 0;
    enum status st = model_hub_address_parse(&a, address, err);
    if (!st) st = find_hub(&target, err);
    if (!st) st = model_hub_list(&target, &a, &l, err);
    if (st) return st;
    choose_alias(alias, &a);
    if (!what->alias) what->alias = alias;
    what->source = address;
    bool known = false, current = true;
    st = model_hub_listing_choose(&l, &a, &left_out, err);
    if (!st)
        st = what->stage ? meet_revision(s, what->alias, l.commit, ret_model, &known, &current, err)
                         : meet_alias(s, what->alias, l.commit, ret_model, &known, err);
    if (!st && !known) st = choose_folder(folder, &a, l.commit, err);
    if (!st && !known) st = model_hub_fetch(&target, &a, &l, folder, &what->progress, err);
    if (!st && !known) st = add_fetched(s, what, folder, &l, ret_model, ret, err);
    if (!st && known)
        *ret = (struct registry_added){ .known = current, .bytes = model_store_bytes(ret_model) };
    if (!st) ret->left_out = left_out;
    model_hub_listing_release(&l);
    return st;
}
