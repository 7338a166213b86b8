/* Reading a declared use, key by key.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_use.h"

#include <string.h>

/* ISO 3166-1 alpha-2 of the member states, as of 2020-02-01, and of their parts with codes of their own
 * where the law of the Union holds (TFEU, article 355). */
static const char eu_members[] =
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT "
    "RO SE SI SK AX GF GP MF MQ RE YT";

/* ISO 3166-1 alpha-2, the codes that are officially assigned, and EU and XK, which are reserved for what they
 * stand for. */
static const char countries[] = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG "
                                "BH BI BJ BL BM BN BO BQ BR BS BT BV BW "
                                "BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE "
                                "DJ DK DM DO DZ EC EE EG EH ER ES ET EU "
                                "FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT "
                                "GU GW GY HK HM HN HR HT HU ID IE IL IM "
                                "IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA "
                                "LB LC LI LK LR LS LT LU LV LY MA MC MD "
                                "ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC "
                                "NE NF NG NI NL NO NP NR NU NZ OM PA PE "
                                "PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD "
                                "SE SG SH SI SJ SK SL SM SN SO SR SS ST "
                                "SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG "
                                "UM US UY UZ VA VC VE VG VI VN VU WF WS "
                                "XK YE YT ZA ZM ZW";

typedef enum status key_reader(struct licence_use *u, const struct yaml_node *n, const char *what,
                               struct error *err);

static enum status wrong(const struct yaml_node *n, const char *what, const char *wanted,
                         struct error *err)
{
    return error_set(err, STATUS_BAD_INPUT, "%s, line %d: %s: wanted %s%s%s%s", what, n->line,
                     n->key ? n->key : "item", wanted, n->text ? ", found \"" : "",
                     n->text ? n->text : "", n->text ? "\"" : "");
}

static bool lists(const char *codes, const char *code)
{
    for (const char *at = codes; *at; at += at[2] ? 3 : 2)
        if (memcmp(at, code, 2) == 0) return true;
    return false;
}

/* YAML 1.2 has three spellings, and people write yes and no. */
static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0) return true;
    return false;
}

static enum status read_bool(enum declared *ret, const struct yaml_node *n, const char *what,
                             struct error *err)
{
    static const char *const yes[] = { "true", "True", "TRUE", "yes", NULL }, *const no[] = {
        "false", "False", "FALSE", "no", NULL
    };
    bool scalar = n->type == YAML_SCALAR && n->text && !n->quoted;
    if (scalar && is_one_of(n->text, yes)) *ret = DECLARED_YES;
    else if (scalar && is_one_of(n->text, no)) *ret = DECLARED_NO;
    else return wrong(n, what, "true or false", err);
    return STATUS_OK;
}

static enum status read_count(int64_t *ret, const struct yaml_node *n, const char *what,
                              struct error *err)
{
    int64_t v = 0;
    bool any = false;
    if (n->type != YAML_SCALAR || !n->text) return wrong(n, what, "a whole number", err);
    for (const char *p = n->text; *p; p++) {
        if (*p == '_' && any) continue;
        if (*p < '0' || *p > '9' || v > INT64_MAX / 10 - 1)
            return wrong(n, what, "a whole number from 0", err);
        v = v * 10 + (*p - '0');
        any = true;
    }
    if (!any) return wrong(n, what, "a whole number", err);
    *ret = v;
    return STATUS_OK;
}

static enum status read_commercial(struct licence_use *u, const struct yaml_node *n,
                                   const char *what, struct error *err)
{
    return read_bool(&u->commercial, n, what, err);
}

static enum status read_cloud(struct licence_use *u, const struct yaml_node *n, const char *what,
                              struct error *err)
{
    return read_bool(&u->cloud_provider, n, what, err);
}

static enum status read_redistribute(struct licence_use *u, const struct yaml_node *n,
                                     const char *what, struct error *err)
{
    return read_bool(&u->redistribute, n, what, err);
}

static enum status read_outputs(struct licence_use *u, const struct yaml_node *n, const char *what,
                                struct error *err)
{
    return read_bool(&u->outputs_train_models, n, what, err);
}

static enum status read_users_month(struct licence_use *u, const struct yaml_node *n,
                                    const char *what, struct error *err)
{
    return read_count(&u->users_month, n, what, err);
}

static enum status read_users_day(struct licence_use *u, const struct yaml_node *n,
                                  const char *what, struct error *err)
{
    return read_count(&u->users_day, n, what, err);
}

static enum status read_revenue_year(struct licence_use *u, const struct yaml_node *n,
                                     const char *what, struct error *err)
{
    return read_count(&u->revenue_year_usd, n, what, err);
}

static enum status read_revenue_month(struct licence_use *u, const struct yaml_node *n,
                                      const char *what, struct error *err)
{
    return read_count(&u->revenue_month_usd, n, what, err);
}

static enum status read_entity(struct licence_use *u, const struct yaml_node *n, const char *what,
                               struct error *err)
{
    if (n->text && strcmp(n->text, "company") == 0) u->entity = ENTITY_COMPANY;
    else if (n->text && strcmp(n->text, "person") == 0) u->entity = ENTITY_PERSON;
    else return wrong(n, what, "company or person", err);
    return STATUS_OK;
}

/* Calls `one` for each item of a list, or for a lone scalar. */
static enum status each_item(struct licence_use *u, const struct yaml_node *n, const char *what,
                             const char *wanted, key_reader *one, struct error *err)
{
    enum status st = STATUS_OK;
    if (n->type == YAML_SCALAR && n->text && *n->text) return one(u, n, what, err);
    if (n->type != YAML_SEQUENCE || !n->child) return wrong(n, what, wanted, err);
    for (const struct yaml_node *item = n->child; item && !st; item = item->next)
        st = item->type == YAML_SCALAR && item->text ? one(u, item, what, err)
                                                     : wrong(item, what, wanted, err);
    return st;
}

static const char territory_words[] = "a list of ISO 3166 codes of two capitals, or EU";

static enum status add_territory(struct licence_use *u, const struct yaml_node *n, const char *what,
                                 struct error *err)
{
    /* The Union's own documents write UK and EL. */
    const char *code = strcmp(n->text, "UK") == 0   ? "GB"
                       : strcmp(n->text, "EL") == 0 ? "GR"
                                                    : n->text;
    if (strlen(code) != 2 || !lists(countries, code)) return wrong(n, what, territory_words, err);
    if (u->territory_count == USE_TERRITORIES_MAX)
        return error_set(err, STATUS_LIMIT, "%s, line %d: more than %d territories", what, n->line,
                         USE_TERRITORIES_MAX);
    memcpy(u->territory[u->territory_count++], code, 3);
    return STATUS_OK;
}

static enum status read_territory(struct licence_use *u, const struct yaml_node *n,
                                  const char *what, struct error *err)
{
    return each_item(u, n, what, territory_words, add_territory, err);
}

static const char modify_words[] = "some of none, finetune, quantize, merge, distill";

static enum status add_modify(struct licence_use *u, const struct yaml_node *n, const char *what,
                              struct error *err)
{
    static const char *const names[] = { "none", "finetune", "quantize", "merge", "distill" };
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], n->text) == 0) {
            u->modify |= 1u << i;
            return STATUS_OK;
        }
    return wrong(n, what, modify_words, err);
}

static enum status read_modify(struct licence_use *u, const struct yaml_node *n, const char *what,
                               struct error *err)
{
    enum status st = each_item(u, n, what, modify_words, add_modify, err);
    if (!st && u->modify & MODIFY_NONE && u->modify != MODIFY_NONE)
        return wrong(n, what, "none alone, or what is done", err);
    return st;
}

/* Whatever is not language is counted as a modality more: licences speak of multimodal models. */
static enum status add_modality(struct licence_use *u, const struct yaml_node *n, const char *what,
                                struct error *err)
{
    static const char *const language[] = { "text", "code", "embedding", "embeddings" };
    for (const char *p = n->text; *p; p++)
        if (!(*p >= 'a' && *p <= 'z') && !(*p >= '0' && *p <= '9') && *p != '-' && *p != '_')
            return wrong(n, what, "words like text, image, audio, video", err);
    if (u->multimodal == UNDECLARED) u->multimodal = DECLARED_NO;
    for (size_t i = 0; i < sizeof language / sizeof *language; i++)
        if (strcmp(language[i], n->text) == 0) return STATUS_OK;
    u->multimodal = DECLARED_YES;
    return STATUS_OK;
}

static enum status read_modalities(struct licence_use *u, const struct yaml_node *n,
                                   const char *what, struct error *err)
{
    return each_item(u, n, what, "a list like [text, image]", add_modality, err);
}

static const struct {
    const char *key;
    key_reader *read;
} keys[] = {
    { "commercial", read_commercial },
    { "territory", read_territory },
    { "monthly_active_users", read_users_month },
    { "daily_active_users", read_users_day },
    { "annual_revenue_usd", read_revenue_year },
    { "monthly_revenue_usd", read_revenue_month },
    { "cloud_provider", read_cloud },
    { "redistribute", read_redistribute },
    { "modify", read_modify },
    { "outputs_train_models", read_outputs },
    { "modalities", read_modalities },
    { "entity", read_entity },
};

static enum status read_key(struct licence_use *u, const struct yaml_node *n, const char *what,
                            struct error *err)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i].key, n->key) == 0) return keys[i].read(u, n, what, err);
    return error_set(err, STATUS_BAD_INPUT,
                     "%s, line %d: unknown key \"%s\"; a declared use has commercial, territory, "
                     "monthly_active_users, daily_active_users, annual_revenue_usd, "
                     "monthly_revenue_usd, cloud_provider, redistribute, modify, "
                     "outputs_train_models, modalities, entity",
                     what, n->line, n->key);
}

void licence_use_init(struct licence_use *u)
{
    *u = (struct licence_use){
        .users_month = -1, .users_day = -1, .revenue_year_usd = -1, .revenue_month_usd = -1
    };
}

enum status licence_use_read(struct licence_use *ret, const struct yaml_node *node,
                             const char *what, struct error *err)
{
    struct licence_use u;
    enum status st = STATUS_OK;
    licence_use_init(&u);
    if (!node || node->type != YAML_MAPPING)
        return error_set(err, STATUS_BAD_INPUT, "%s: a declared use is a list of keys and values",
                         what);
    for (const struct yaml_node *n = node->child; n && !st; n = n->next)
        st = read_key(&u, n, what, err);
    if (!st) *ret = u;
    return st;
}

enum status licence_use_parse(struct licence_use *ret, struct span text, const char *what,
                              struct error *err)
{
    struct yaml_doc *doc;
    if (text.len > USE_BYTES_MAX)
        return error_set(err, STATUS_LIMIT, "%s: a declared use has at most %u bytes", what,
                         USE_BYTES_MAX);
    enum status st = yaml_parse(&doc, text.data ? text.data : "", text.len, what, err);
    if (st) return st;
    const struct yaml_node *root = yaml_root(doc);
    const struct yaml_node *only = root->type == YAML_MAPPING ? root->child : NULL;
    if (only && !only->next && strcmp(only->key, "use") == 0 && only->type == YAML_MAPPING)
        root = only;
    st = licence_use_read(ret, root, what, err);
    yaml_free(doc);
    return st;
}

enum declared licence_use_reaches(const struct licence_use *u, const char *codes, char ret_code[3])
{
    if (!u->territory_count) return UNDECLARED;
    for (int i = 0; i < u->territory_count; i++) {
        const char *here = u->territory[i];
        bool in = lists(codes, here) || (lists(codes, "EU") && lists(eu_members, here));
        for (const char *at = codes; *at && !in && strcmp(here, "EU") == 0; at += at[2] ? 3 : 2)
            in = lists(eu_members, at);
        if (!in) continue;
        memcpy(ret_code, here, 3);
        return DECLARED_YES;
    }
    return DECLARED_NO;
}
