/* hearth.yaml, as far as the gate reads it.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* getpwuid_r */
#include "govern/gate/policy.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/core/file.h"

#define USER_FOLDER ".config/hearth"
#define WORDS_BYTES 16384

/* What may stand at the top, and whether the gate reads it. The server's part has a table of its own
 * (serve/server/config_list.h), which test_policy compares with this one. */
static const struct {
    const char *key;
    bool own;
} top_keys[] = {
    { "mode", true },
    { "use", true },
    { "default_model", false },
    { "require_key", false },
    { "hosts", false },
    { "origins", false },
    { "load_wait_seconds", false },
    { "drain_seconds", false },
    { "keep_alive_ms", false },
    { "limits", false },
    { "models", false },
};

bool policy_owns_key(const char *key)
{
    for (size_t i = 0; i < sizeof top_keys / sizeof *top_keys; i++)
        if (strcmp(top_keys[i].key, key) == 0) return top_keys[i].own;
    return false;
}

static bool is_known(const char *key)
{
    for (size_t i = 0; i < sizeof top_keys / sizeof *top_keys; i++)
        if (strcmp(top_keys[i].key, key) == 0) return true;
    return false;
}

/* ---- what is declared, as one text ---- */

/* The struct's own bytes would hold padding; texts of its members do not. */
static enum status digest_use(struct gate_policy *p, struct error *err)
{
    const struct licence_use *u = &p->use;
    struct buf text = BUF_INIT(WORDS_BYTES);
    buf_format(&text, "%d %d %d %d %d %d %u ", u->commercial, u->cloud_provider, u->redistribute,
               u->outputs_train_models, u->multimodal, u->entity, u->modify);
    buf_format(&text, "%lld %lld %lld %lld", (long long)u->users_month, (long long)u->users_day,
               (long long)u->revenue_year_usd, (long long)u->revenue_month_usd);
    for (int i = 0; i < u->territory_count; i++)
        buf_format(&text, " %s", u->territory[i]);
    enum status st = buf_check(&text, "the declared use", err);
    if (!st) st = sha256_of(text.data, text.len, p->use_digest, err);
    buf_release(&text);
    return st;
}

/* ---- reading ---- */

void policy_init(struct gate_policy *p)
{
    memset(p, 0, sizeof *p);
    p->mode = GATE_ENFORCE;
    licence_use_init(&p->use);
    digest_use(p, NULL);
}

static enum status read_mode(struct gate_policy *p, const struct yaml_node *node, const char *what,
                             struct error *err)
{
    const char *text = node->type == YAML_SCALAR ? node->text : "a list";
    if (strcmp(text, "enforce") == 0) p->mode = GATE_ENFORCE;
    else if (strcmp(text, "audit") == 0) p->mode = GATE_AUDIT;
    else
        return error_set(err, STATUS_BAD_INPUT, "%s:%d: mode is enforce or audit, not \"%.64s\"",
                         what, node->line, text);
    return STATUS_OK;
}

static enum status unknown(const struct yaml_node *node, const char *what, struct error *err)
{
    char known[512] = "";
    size_t len = 0;
    for (size_t i = 0; i < sizeof top_keys / sizeof *top_keys && len < sizeof known; i++)
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%s", i ? ", " : "",
                                top_keys[i].key);
    return error_set(err, STATUS_BAD_INPUT, "%s:%d: \"%.64s\" is not known here; known are %s",
                     what, node->line, node->key, known);
}

static enum status read_key(struct gate_policy *p, const struct yaml_node *node, const char *what,
                            struct error *err)
{
    if (!is_known(node->key)) return unknown(node, what, err);
    if (strcmp(node->key, "mode") == 0) return read_mode(p, node, what, err);
    if (strcmp(node->key, "use") == 0) return licence_use_read(&p->use, node, what, err);
    return STATUS_OK;
}

enum status policy_parse(struct gate_policy *ret, struct span text, const char *what,
                         struct error *err)
{
    struct gate_policy *p = ret;
    struct yaml_doc *doc;
    policy_init(p);
    enum status st = yaml_parse(&doc, text.data, text.len, what, err);
    if (st) return st;
    const struct yaml_node *root = yaml_root(doc);
    if (root->type != YAML_MAPPING)
        st = error_set(err, STATUS_BAD_INPUT, "%s: keys are expected at the top", what);
    for (const struct yaml_node *n = root->child; n && !st; n = n->next)
        st = read_key(p, n, what, err);
    yaml_free(doc);
    if (!st) st = sha256_of(text.data, text.len, p->digest, err);
    return st ? st : digest_use(p, err);
}

/* ---- finding ---- */

static bool user_file(char ret[4096])
{
    struct passwd entry, *found = NULL;
    char text[4096], folder[4096];
    if (getpwuid_r(geteuid(), &entry, text, sizeof text, &found) || !found || !found->pw_dir)
        return false;
    return file_join(folder, sizeof folder, found->pw_dir, USER_FOLDER) &&
           file_join(ret, 4096, folder, POLICY_FILE);
}

/* A file that is there but is no plain file is an error when it is read, not passed over. */
static bool choose(char ret[4096], const char *config)
{
    if (config) return snprintf(ret, 4096, "%s", config) < 4096;
    snprintf(ret, 4096, "%s", POLICY_FILE);
    if (file_kind(ret) != FILE_MISSING) return true;
    return user_file(ret) && file_kind(ret) != FILE_MISSING;
}

enum status policy_read(struct gate_policy *ret, const char *config, struct error *err)
{
    char path[4096];
    struct buf text = BUF_INIT(POLICY_BYTES_MAX);
    policy_init(ret);
    if (!choose(path, config))
        return config ? error_set(err, STATUS_LIMIT, "the path is too long: %.200s", config)
                      : STATUS_OK;
    enum status st = file_read(&text, path, err);
    if (!st)
        st = policy_parse(ret, (struct span){ text.data ? text.data : "", text.len }, path, err);
    snprintf(ret->path, sizeof ret->path, "%s", path);
    buf_release(&text);
    return st;
}
