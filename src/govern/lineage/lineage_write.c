/* The evidence record: everything that was computed, as one JSON object.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "govern/lineage/lineage_inner.h"

static void put_log10(struct json_writer *w, const char *key, double log_p)
{
    json_member_real(w, key, log_p / log(10));
}

void lineage_write_claims(struct json_writer *w, const struct lineage_claims *c)
{
    json_open_object(w);
    json_key(w, "claims");
    json_open_array(w);
    for (int i = 0; i < c->count; i++) {
        json_open_object(w);
        json_member_text(w, "parent", c->at[i].parent);
        json_member_text(w, "relation", *c->at[i].relation ? c->at[i].relation : NULL);
        json_member_text(w, "file", c->at[i].file);
        json_member_text(w, "place", c->at[i].place);
        if (c->at[i].line) json_member_int(w, "line", c->at[i].line);
        json_close_object(w);
    }
    json_close_array(w);
    json_key(w, "findings");
    json_open_array(w);
    for (int i = 0; i < c->finding_count; i++)
        json_put_string(w, c->findings[i]);
    json_close_array(w);
    json_close_object(w);
}

static void put_tensor(struct json_writer *w, const struct lineage_tensor *t)
{
    char hex[SHA256_HEX_BYTES];
    json_open_object(w);
    json_key(w, "name");
    json_put_span(w, t->name);
    json_member_text(w, "type", t->type);
    if (t->hashed) {
        json_key(w, "shape");
        json_open_array(w);
        for (int i = 0; i < t->view.dims; i++)
            json_put_int(w, t->view.shape[i]);
        json_close_array(w);
        sha256_hex(t->digest, hex);
        json_member_text(w, "sha256", hex);
    }
    json_close_object(w);
}

static void put_side(struct json_writer *w, const char *key, const struct lineage_side *s)
{
    const struct lineage_model *m = &s->model;
    char hex[SHA256_HEX_BYTES];
    sha256_hex(s->digest, hex);
    json_key(w, key);
    json_open_object(w);
    json_member_text(w, "path", source_path(s->source));
    json_member_text(w, "container", source_container(s->source) == CONTAINER_GGUF ? "gguf" : "hf");
    json_member_text(w, "tensor_set_sha256", hex);
    json_member_int(w, "layers", m->layer_count);
    json_member_int(w, "width", m->width);
    json_member_int(w, "units", lineage_model_units(m));
    json_member_int(w, "blocks_per_layer", lineage_model_experts(m));
    json_member_int(w, "tensors_without_role", (int64_t)m->other_count);
    json_member_int(w, "tensors_unreadable", (int64_t)m->unread_count);
    if (m->unread_count) json_member_text(w, "unreadable_type", m->unread_type);
    json_key(w, "tensors");
    json_open_array(w);
    for (size_t i = 0; i < s->tensor_count; i++)
        put_tensor(w, &s->tensors[i]);
    json_close_array(w);
    if (s->claims) {
        json_key(w, "declared");
        lineage_write_claims(w, s->claims);
    }
    json_close_object(w);
}

static void put_outcome(struct json_writer *w, const struct lineage_tests *t, enum lineage_test i)
{
    const struct lineage_outcome *o = &t->at[i];
    json_open_object(w);
    json_member_text(w, "id", lineage_test_id(i));
    json_member_text(w, "title", lineage_test_title(i));
    json_member_text(w, "null", lineage_test_null(i));
    json_member_text(w, "blind_to", lineage_test_blind(i));
    json_member_bool(w, "ran", o->ran);
    json_member_bool(w, "withdrawn", o->withdrawn);
    if (*o->why_not) json_member_text(w, "why_not", o->why_not);
    if (o->ran) {
        json_member_real(w, "statistic", o->statistic);
        json_member_int(w, "parts", o->parts);
        put_log10(w, "log10_p", o->log_p);
        if (!o->withdrawn) put_log10(w, "log10_p_holm", o->log_p_adjusted);
        if (i == LINEAGE_TEST_RESIDUAL) json_member_int(w, "permutations", t->null_count);
        else put_log10(w, "control_log10_p", o->control_log_p);
    }
    json_close_object(w);
}

static void put_rank_test(struct json_writer *w, const char *key, const struct lineage_rank_test *r)
{
    json_key(w, key);
    json_open_object(w);
    json_member_int(w, "matches", r->matches);
    json_member_real(w, "rho", r->rho);
    put_log10(w, "log10_p", r->log_p);
    json_member_real(w, "control_rho", r->control_rho);
    put_log10(w, "control_log10_p", r->control_log_p);
    json_close_object(w);
}

static void put_pairs(struct json_writer *w, const struct lineage_tests *t)
{
    json_key(w, "pairs");
    json_open_array(w);
    for (int i = 0; i < t->pair_count; i++) {
        const struct lineage_pair *p = &t->pairs[i];
        json_open_object(w);
        json_member_int(w, "layer_a", p->layer_a);
        json_member_int(w, "layer_b", p->layer_b);
        if (p->expert_a >= 0) json_member_int(w, "expert_a", p->expert_a);
        if (p->expert_b >= 0) json_member_int(w, "expert_b", p->expert_b);
        json_member_int(w, "sampled", p->sampled);
        put_rank_test(w, "T2", &p->units);
        if (p->has_gate) put_rank_test(w, "T3", &p->gate_up);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_tests(struct json_writer *w, const struct lineage_tests *t)
{
    json_key(w, "tests");
    json_open_array(w);
    for (int i = 0; i < LINEAGE_TEST_COUNT; i++)
        put_outcome(w, t, (enum lineage_test)i);
    json_close_array(w);
    json_member_text(w, "hypothesis", "independent random initialisation");
    json_member_text(w, "correction", "Holm, over the tests that ran and were not withdrawn");
    json_member_text(w, "joined_by",
                     t->by_layer ? "Fisher over layers" : "Bonferroni over all pairs");
    json_member_int(w, "unit_max", t->unit_max);
    json_member_int(w, "seed", (int64_t)t->seed);
    json_member_int(w, "rows_left_out", t->bad_rows);
    json_member_int(w, "vectors_left_out", t->bad_vectors);
    put_pairs(w, t);
}

static void put_spreads(struct json_writer *w, const char *key, const double *v, int count)
{
    json_key(w, key);
    json_open_array(w);
    for (int i = 0; i < count; i++)
        json_put_real(w, v[i]);
    json_close_array(w);
}

static void put_profiles(struct json_writer *w, const struct lineage *l)
{
    json_key(w, "profiles");
    json_open_array(w);
    for (int i = 0; i < l->profile_count; i++) {
        const struct lineage_profile *p = &l->profiles[i];
        if (!p->layers_a && !p->layers_b) continue;
        json_open_object(w);
        json_member_text(w, "role", lineage_role_name(p->role));
        put_spreads(w, "spread_a", p->spread_a, l->a.model.layer_count);
        put_spreads(w, "spread_b", p->spread_b, l->b.model.layer_count);
        json_member_real(w, "kurtosis_a", p->kurtosis_a);
        json_member_real(w, "kurtosis_b", p->kurtosis_b);
        json_member_real(w, "correlation", p->correlation);
        json_member_real(w, "difference", p->difference);
        json_member_real(w, "low_rank_share", p->low_rank);
        json_member_int(w, "layers_compared", p->compared);
        json_member_int(w, "layers_unchanged", p->unchanged);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_tokens(struct json_writer *w, const struct lineage_tokens *t)
{
    json_key(w, "tokenizers");
    json_open_object(w);
    json_member_bool(w, "compared", t->compared);
    if (!t->compared) {
        json_member_text(w, "why_not", t->why_not);
    } else {
        json_member_int(w, "size_a", t->size_a);
        json_member_int(w, "size_b", t->size_b);
        json_member_int(w, "common", t->common);
        json_member_real(w, "jaccard", t->jaccard);
        json_member_int(w, "same_id", t->same_id);
        json_member_int(w, "equal_from_id_0", t->prefix);
        json_member_int(w, "special_a", t->special_a);
        json_member_int(w, "special_b", t->special_b);
        json_member_int(w, "special_same", t->special_same);
    }
    json_close_object(w);
}

static void put_facts(struct json_writer *w, const struct lineage *l)
{
    json_key(w, "configuration");
    json_open_object(w);
    for (int i = 0; i < LINEAGE_FACTS; i++) {
        json_key(w, l->facts[i].name);
        json_open_array(w);
        json_put_real(w, l->facts[i].a);
        json_put_real(w, l->facts[i].b);
        json_close_array(w);
    }
    json_close_object(w);
}

static void put_aligned(struct json_writer *w, const struct lineage_aligned *r)
{
    json_key(w, "aligned_attention");
    json_open_object(w);
    json_member_bool(w, "compared", r->compared);
    json_member_text(w, "caveat",
                     "descriptive: no reference panel of independent models, so no p-value");
    if (!r->compared) json_member_text(w, "why_not", r->why_not);
    json_member_int(w, "tokens", r->tokens);
    json_member_int(w, "dimensions_tried", r->sampled);
    json_member_int(w, "dimensions_matched", r->matched);
    json_member_int(w, "matched_at_own_index", r->at_own_index);
    if (r->compared) {
        json_member_real(w, "cka", r->mean);
        json_member_real(w, "control", r->control_mean);
    }
    json_key(w, "layers");
    json_open_array(w);
    for (int i = 0; i < r->layers; i++) {
        json_open_object(w);
        json_member_int(w, "layer_a", r->layer_a[i]);
        json_member_real(w, "cka", r->cka[i]);
        json_member_real(w, "control", r->control[i]);
        json_close_object(w);
    }
    json_close_array(w);
    json_close_object(w);
}

static void put_identity(struct json_writer *w, const struct lineage_identity *i)
{
    json_key(w, "identity");
    json_open_object(w);
    json_member_bool(w, "same_files", i->same_files);
    json_member_int(w, "tensors_of_a_in_b", (int64_t)i->common);
    json_member_int(w, "bytes_of_a_in_b", (int64_t)i->common_bytes);
    json_member_int(w, "large_tensors_a", (int64_t)i->large_a);
    json_member_int(w, "large_tensors_b", (int64_t)i->large_b);
    json_member_int(w, "large_tensors_of_a_in_b", (int64_t)i->large_common);
    json_close_object(w);
}

void lineage_write(struct json_writer *w, const struct lineage *l)
{
    json_open_object(w);
    json_member_text(w, "format", "hearth lineage evidence 1");
    json_member_text(w, "program", "hearth " HEARTH_VERSION);
    json_member_text(w, "answer", lineage_answer_name(l->answer));
    json_member_text(w, "verdict", l->verdict);
    json_member_text(w, "relation", *l->relation ? l->relation : NULL);
    json_member_real(w, "level", LINEAGE_LEVEL);
    if (l->tests.ran) put_log10(w, "log10_p", l->tests.log_p);
    json_key(w, "blind_spots");
    json_open_array(w);
    for (const char *const *b = lineage_blind_spots(); *b; b++)
        json_put_string(w, *b);
    json_close_array(w);
    put_tests(w, &l->tests);
    put_identity(w, &l->identity);
    put_profiles(w, l);
    put_facts(w, l);
    put_tokens(w, &l->tokens);
    put_aligned(w, &l->aligned);
    put_side(w, "a", &l->a);
    put_side(w, "b", &l->b);
    json_close_object(w);
}
