/* Readings and uses for tests.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/licence_desk.h"

#include <stdio.h>
#include <string.h>

#include "support/fixture.h"

struct licence_reading *desk_read(struct span text)
{
    struct licence_prints prints;
    struct licence_reading *r = NULL;
    struct error err;
    if (licence_prints_builtin(&prints, &err) || licence_read(&r, &prints, text, &err))
        fail_msg("%s", err.text);
    return r;
}

struct licence_use desk_use(const char *yaml)
{
    struct licence_use u;
    struct error err;
    licence_use_init(&u);
    if (licence_use_parse(&u, span_of(yaml), "use", &err)) fail_msg("%s", err.text);
    return u;
}

struct licence_use desk_small_company(const char *territory)
{
    char yaml[512];
    snprintf(yaml, sizeof yaml,
             "commercial: true\nterritory: %s\nmonthly_active_users: 20000\n"
             "daily_active_users: 900\nannual_revenue_usd: 900000\nmonthly_revenue_usd: 90000\n"
             "cloud_provider: false\nredistribute: false\nmodify: none\n"
             "outputs_train_models: false\nmodalities: [text]\nentity: company\n",
             territory);
    return desk_use(yaml);
}

const struct licence_rule *desk_rule(const struct licence_verdict *v, const char *id)
{
    for (int i = 0; i < v->count; i++)
        if (strcmp(licence_rule_name(v->rules[i].id), id) == 0) return &v->rules[i];
    return NULL;
}
