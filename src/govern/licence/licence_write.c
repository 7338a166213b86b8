/* Verdicts as JSON.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence.h"

static void put_quote(struct json_writer *w, const struct licence_reading *r,
                      const struct licence_rule *rule)
{
    char span[LICENCE_SPAN_BYTES];
    json_key(w, "quote");
    if (!r || rule->end <= rule->begin) {
        json_put_string(w, rule->quote);
        return;
    }
    licence_quote_span(span, sizeof span, r, rule->begin, rule->end);
    json_put_string(w, span);
}

void licence_rules_write(struct json_writer *w, const struct licence_reading *r,
                         const struct licence_verdict *v)
{
    json_open_array(w);
    for (int i = 0; i < v->count; i++) {
        const struct licence_rule *rule = &v->rules[i];
        json_open_object(w);
        json_key(w, "id");
        json_put_string(w, licence_rule_name(rule->id));
        json_key(w, "reason");
        json_put_string(w, rule->reason);
        put_quote(w, r, rule);
        json_key(w, "next");
        json_put_string(w, rule->next);
        json_close_object(w);
    }
    json_close_array(w);
}

void licence_write(struct json_writer *w, const char *name, const struct licence_reading *r,
                   const struct licence_verdict *v)
{
    json_open_object(w);
    if (name) {
        json_key(w, "file");
        json_put_string(w, name);
    }
    json_key(w, "licence");
    json_put_string(w, r ? licence_reading_id(r) : NULL);
    json_key(w, "match");
    json_put_string(w, licence_match_name(r ? r->match.kind : MATCH_NONE));
    json_key(w, "facts");
    licence_facts_write(w, r ? r->facts : NULL);
    json_key(w, "verdict");
    json_put_string(w, licence_answer_name(v->answer));
    json_key(w, "rules");
    licence_rules_write(w, r, v);
    json_close_object(w);
}
