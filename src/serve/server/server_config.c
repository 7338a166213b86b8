/* hearth.yaml to settings.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/server_config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/mem.h"
#include "base/core/yaml.h"
#include "govern/gate/policy.h"
#include "govern/registry/registry.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)
#define PATH_BYTES     4096

enum setting_type { INT, SIZE, COUNT, FLAG, TEXT, TEXTS };

struct setting {
    const char *section, *key;
    enum setting_type type;
    size_t offset; /* in the struct of the section */
    int64_t min, max;
};

static const struct setting settings[] = {
#define SETTING(owner, section, key, type, field, min, max) \
    { section, key, type, offsetof(struct owner, field), min, max },
#include "serve/server/config_list.h"
#undef SETTING
};

struct config {
    struct server_settings *settings;
    const char *what, *folder;
    struct error *err;
};

static enum status wrong(struct config *c, const struct yaml_node *n, const char *words)
{
    return error_set(c->err, STATUS_BAD_INPUT, "%s:%d: %s%s%s", c->what, n->line,
                     n->key ? n->key : "", n->key ? " " : "", words);
}

static enum status unknown(struct config *c, const struct yaml_node *n, const char *section)
{
    char known[512] = "";
    size_t len = 0;
    for (size_t i = 0; i < sizeof settings / sizeof *settings && len < sizeof known; i++)
        if (strcmp(settings[i].section, section) == 0)
            len += (size_t)snprintf(known + len, sizeof known - len, "%s%s", len ? ", " : "",
                                    settings[i].key);
    return error_set(c->err, STATUS_BAD_INPUT, "%s:%d: \"%.64s\" is not known here; known are %s%s",
                     c->what, n->line, n->key, known, *section ? "" : ", limits, models");
}

static enum status copy_text(struct config *c, const struct yaml_node *n, char **out)
{
    if (n->type != YAML_SCALAR || !*n->text) return wrong(c, n, "must be a text");
    char *text = mem_copy_text(n->text, strlen(n->text));
    if (!text) return error_set(c->err, STATUS_NO_MEMORY, "no memory for the settings");
    mem_free(*out);
    *out = text;
    return STATUS_OK;
}

static enum status read_number(struct config *c, const struct yaml_node *n, const struct setting *s,
                               int64_t *ret)
{
    char *end = NULL;
    errno = 0;
    long long v = n->type == YAML_SCALAR && !n->quoted ? strtoll(n->text, &end, 10) : 0;
    if (!end || end == n->text || *end || errno || v < s->min || v > s->max)
        return error_set(c->err, STATUS_BAD_INPUT,
                         "%s:%d: %s must be a whole number from %" PRId64 " to %" PRId64, c->what,
                         n->line, n->key, s->min, s->max);
    *ret = v;
    return STATUS_OK;
}

static enum status read_texts(struct config *c, const struct yaml_node *n, const struct setting *s,
                              char **out)
{
    int64_t count = 0;
    if (n->type != YAML_SEQUENCE) return wrong(c, n, "must be a list: [one, two]");
    for (const struct yaml_node *item = n->child; item; item = item->next) {
        if (count == s->max) return wrong(c, n, "has too many items");
        if (strlen(item->text ? item->text : "") >= SERVER_NAME_BYTES)
            return wrong(c, item, "this name is too long");
        enum status st = copy_text(c, item, &out[count++]);
        if (st) return st;
    }
    return STATUS_OK;
}

static enum status read_setting(struct config *c, const struct yaml_node *n,
                                const struct setting *s, void *owner)
{
    void *field = (char *)owner + s->offset;
    int64_t number = 0;
    enum status st = STATUS_OK;
    if (s->type == INT || s->type == SIZE || s->type == COUNT) st = read_number(c, n, s, &number);
    if (st) return st;
    switch (s->type) {
    case INT: *(int64_t *)field = number; break;
    case SIZE: *(size_t *)field = (size_t)number; break;
    case COUNT: *(int *)field = (int)number; break;
    case TEXT: return copy_text(c, n, field);
    case TEXTS: return read_texts(c, n, s, field);
    case FLAG:
        if (n->type != YAML_SCALAR || n->quoted ||
            (strcmp(n->text, "true") != 0 && strcmp(n->text, "false") != 0))
            return wrong(c, n, "must be true or false");
        *(bool *)field = n->text[0] == 't';
    }
    return STATUS_OK;
}

static const struct setting *find_setting(const char *section, const char *key)
{
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (strcmp(settings[i].section, section) == 0 && strcmp(settings[i].key, key) == 0)
            return &settings[i];
    return NULL;
}

static enum status read_section(struct config *c, const struct yaml_node *n, const char *section,
                                void *owner)
{
    if (n->type != YAML_MAPPING) return wrong(c, n, "must hold settings, one a line: key: value");
    for (const struct yaml_node *item = n->child; item; item = item->next) {
        const struct setting *s = find_setting(section, item->key);
        enum status st = s ? read_setting(c, item, s, owner) : unknown(c, item, section);
        if (st) return st;
    }
    return STATUS_OK;
}

/* A path in the file begins where the file lies; what is not there may be the alias of a stored model. */
static enum status settle_path(struct config *c, const struct yaml_node *n,
                               struct model_settings_entry *m)
{
    char path[PATH_BYTES];
    if (!m->path || !*m->path) return wrong(c, n, "has no path: say where the model lies");
    if (m->path[0] == '/' || !*c->folder) return STATUS_OK;
    if (!file_join(path, sizeof path, c->folder, m->path))
        return wrong(c, n, "has too long a path");
    if (file_kind(path) == FILE_MISSING && !registry_check_alias(m->path, NULL)) return STATUS_OK;
    mem_free(m->path);
    m->path = mem_copy_text(path, strlen(path));
    return m->path ? STATUS_OK : error_set(c->err, STATUS_NO_MEMORY, "no memory for the settings");
}

static enum status read_models(struct config *c, const struct yaml_node *n)
{
    if (n->type != YAML_MAPPING) return wrong(c, n, "must hold models by name");
    for (const struct yaml_node *item = n->child; item; item = item->next) {
        struct error err;
        if (server_settings_add_model(c->settings, item->key, "", &err))
            return error_set(c->err, STATUS_BAD_INPUT, "%s:%d: %s", c->what, item->line, err.text);
        struct model_settings_entry *m = &c->settings->models[c->settings->model_count - 1];
        enum status st = read_section(c, item, "model", m);
        if (!st) st = settle_path(c, item, m);
        if (st) return st;
    }
    return STATUS_OK;
}

static enum status read_top(struct config *c, const struct yaml_node *root)
{
    if (root->type != YAML_MAPPING) return wrong(c, root, "this is no mapping of settings");
    for (const struct yaml_node *n = root->child; n; n = n->next) {
        const struct setting *s = find_setting("", n->key);
        enum status st;
        if (strcmp(n->key, "limits") == 0) st = read_section(c, n, "limits", c->settings);
        else if (strcmp(n->key, "models") == 0) st = read_models(c, n);
        else if (policy_owns_key(n->key)) st = STATUS_OK; /* mode and use: the gate reads them */
        else st = s ? read_setting(c, n, s, c->settings) : unknown(c, n, "");
        if (st) return st;
    }
    return STATUS_OK;
}

static bool names_model(const struct server_settings *s, const char *name, int *ret_times)
{
    int times = 0;
    for (int i = 0; i < s->model_count; i++) {
        times += strcmp(s->models[i].name, name) == 0;
        for (int a = 0; a < SERVER_ALIASES_MAX && s->models[i].aliases[a]; a++)
            times += strcmp(s->models[i].aliases[a], name) == 0;
    }
    *ret_times = times;
    return times > 0;
}

/* Names must lead to one model each. */
static enum status check_names(struct config *c)
{
    const struct server_settings *s = c->settings;
    int times;
    if (s->default_model && !names_model(s, s->default_model, &times))
        return error_set(c->err, STATUS_BAD_INPUT, "%s: default_model %.64s is none of the models",
                         c->what, s->default_model);
    for (int i = 0; i < s->model_count; i++)
        for (int a = 0; a < SERVER_ALIASES_MAX && s->models[i].aliases[a]; a++)
            if (names_model(s, s->models[i].aliases[a], &times) && times > 1)
                return error_set(c->err, STATUS_BAD_INPUT, "%s: two models are called %.64s",
                                 c->what, s->models[i].aliases[a]);
    return STATUS_OK;
}

enum status server_config_parse(struct server_settings *s, const char *text, size_t len,
                                const char *what, const char *folder, struct error *err)
{
    struct error own;
    struct config c = { s, what, folder, err ? err : &own };
    struct yaml_doc *doc;
    enum status st = yaml_parse(&doc, text, len, what, c.err);
    if (st) return st;
    st = read_top(&c, yaml_root(doc));
    if (!st) st = check_names(&c);
    yaml_free(doc);
    return st;
}

enum status server_config_read(struct server_settings *s, const char *path, struct error *err)
{
    struct buf text = BUF_INIT(FILE_BYTES_MAX);
    char folder[PATH_BYTES] = "";
    const char *slash = strrchr(path, '/');
    if (slash && (size_t)(slash - path) + 1 < sizeof folder)
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path);
    enum status st = file_read(&text, path, err);
    if (!st) st = server_config_parse(s, text.data ? text.data : "", text.len, path, folder, err);
    buf_release(&text);
    return st;
}
