/* Verdicts as JSON.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence.h"

void licence_rules_write(struct json_writer *w, const struct licence_verdict *v)
{
    json_open_array(w);
    for (int i = 0; i < v->count; i++) {
        const struct licence_rule *r = &v->rules[i];
        json_open_object(w);
        json_key(w, "id");
        json_put_string(w, licence_rule_name(r->id));
        json_key(w, "verdict");
        json_put_string(w, licence_answer_name(r->answer));
        json_key(w, "reason");
        json_put_string(w, r->reason);
        json_key(w, "quote");
        json_put_string(w, r->quote);
        json_key(w, "next");
        json_put_string(w, r->next);
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
    json_put_string(w, licence_reading_id(r));
    json_key(w, "match");
    json_put_string(w, licence_match_name(r->match.kind));
    json_key(w, "facts");
    licence_facts_write(w, r->facts);
    json_key(w, "verdict");
    json_put_string(w, licence_answer_name(v->answer));
    json_key(w, "rules");
    licence_rules_write(w, v);
    json_close_object(w);
}
