/* Tensor names to roles; fused and stacked tensors to blocks of units.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/lineage/lineage_model.h"

#include <stdio.h>
#include <string.h>

#include "math/quants/quant.h"

#define MODEL_BYTES_MAX ((size_t)1 << 28)
#define NUMBER_MAX      100000

static const char *const role_names[LINEAGE_ROLE_COUNT] = {
    "embedding",
    "out_norm",
    "attn_norm",
    "post_attn_norm",
    "post_self_norm",
    "ffn_norm",
    "post_ffn_norm",
    "q",
    "k",
    "v",
    "qkv",
    "o",
    "gate",
    "up",
    "down",
    "gate_up",
    "experts.gate",
    "experts.up",
    "experts.gate_up",
    "shared.gate",
    "shared.up",
    "expert.gate",
    "expert.up",
};

struct role_name {
    enum lineage_role role;
    bool in_layer;
    const char *name;
};
static const struct role_name known[] = {
#define WHOLE(role, name)    { LINEAGE_##role, false, name },
#define IN_LAYER(role, name) { LINEAGE_##role, true, name },
#include "govern/lineage/lineage_role_list.h"
#undef WHOLE
#undef IN_LAYER
};

const char *lineage_role_name(enum lineage_role role)
{
    return (unsigned)role < LINEAGE_ROLE_COUNT ? role_names[role] : "?";
}

/* ---- names ---- */

/* Digits at the beginning of `text`; false without any, or past NUMBER_MAX. */
static bool take_number(struct span *text, int *ret)
{
    int value = 0;
    size_t i = 0;
    for (; i < text->len && text->data[i] >= '0' && text->data[i] <= '9'; i++) {
        value = value * 10 + (text->data[i] - '0');
        if (value > NUMBER_MAX) return false;
    }
    if (!i) return false;
    *ret = value;
    *text = (struct span){ text->data + i, text->len - i };
    return true;
}

/* All of `text` against a name in which '#' is a number. */
static bool fits(struct span text, const char *name, int *ret_number)
{
    for (; *name; name++) {
        if (*name == '#') {
            if (!take_number(&text, ret_number)) return false;
            continue;
        }
        if (!text.len || text.data[0] != *name) return false;
        text = (struct span){ text.data + 1, text.len - 1 };
    }
    return text.len == 0;
}

static bool ends_with(struct span text, const char *end)
{
    size_t len = strlen(end);
    if (text.len < len || memcmp(text.data + text.len - len, end, len) != 0) return false;
    return text.len == len || text.data[text.len - len - 1] == '.';
}

static bool contains(struct span text, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i + len <= text.len; i++)
        if (memcmp(text.data + i, word, len) == 0) return true;
    return false;
}

/* What stands behind "layers.N." and the like; false where nothing does. */
static bool behind_layer(struct span name, struct span *ret, int *ret_layer)
{
    static const char *const words[] = { "layers.", "layer.", "h.", "blk." };
    for (size_t at = 0; at < name.len; at++) {
        if (at && name.data[at - 1] != '.') continue;
        for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
            size_t len = strlen(words[w]);
            struct span rest = { name.data + at + len, name.len - at - len };
            if (name.len - at <= len || memcmp(name.data + at, words[w], len) != 0) continue;
            if (!take_number(&rest, ret_layer) || !rest.len || rest.data[0] != '.') continue;
            *ret = (struct span){ rest.data + 1, rest.len - 1 };
            return true;
        }
    }
    return false;
}

static bool is_aside(struct span name)
{
    static const char *const words[] = { "vision", "visual", "audio", "vit.", "mtp.", "mm." };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (contains(name, words[i])) return true;
    return false;
}

bool lineage_role_of(struct span name, enum lineage_role *ret, int *ret_layer, int *ret_expert)
{
    struct span rest;
    int layer = -1, expert = -1;
    bool in_layer = behind_layer(name, &rest, &layer);
    if (is_aside(name)) return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].in_layer != in_layer) continue;
        /* Embedding models have no prefix: their "norm.weight" is the whole name. */
        bool found =
            in_layer ? fits(rest, known[i].name, &expert)
                     : ends_with(name, known[i].name) ||
                           (known[i].role == LINEAGE_OUT_NORM && span_equals(name, "norm.weight"));
        if (!found) continue;
        *ret = known[i].role;
        *ret_layer = layer;
        *ret_expert = expert;
        return true;
    }
    return false;
}

/* ---- building ---- */

enum status lineage_model_new(struct lineage_model *ret, int layer_count, struct error *err)
{
    *ret = (struct lineage_model){ .layer_count = layer_count };
    arena_init(&ret->memory, MODEL_BYTES_MAX);
    if (layer_count > LINEAGE_LAYERS_MAX)
        return error_set(err, STATUS_LIMIT, "the model has %d layers; at most %d are compared",
                         layer_count, LINEAGE_LAYERS_MAX);
    ret->layers = arena_array(&ret->memory, (size_t)layer_count + 1, sizeof *ret->layers);
    if (ret->layers) return STATUS_OK;
    return error_set(err, STATUS_NO_MEMORY, "no memory for the list of %d layers", layer_count);
}

void lineage_model_release(struct lineage_model *m)
{
    arena_release(&m->memory);
    *m = (struct lineage_model){ .layer_count = 0 };
}

static enum status block_of(struct lineage_block **ret, struct lineage_model *m,
                            struct lineage_layer *layer, int expert, struct error *err)
{
    for (int i = 0; i < layer->block_count; i++) {
        *ret = &layer->blocks[i];
        if ((*ret)->expert == expert) return STATUS_OK;
    }
    if (layer->block_count > LINEAGE_EXPERTS_MAX)
        return error_set(err, STATUS_LIMIT, "a layer has more than %d experts",
                         LINEAGE_EXPERTS_MAX);
    if (layer->block_count == layer->block_cap) {
        int cap = layer->block_cap ? layer->block_cap * 2 : 4;
        struct lineage_block *grown = arena_array(&m->memory, (size_t)cap, sizeof *grown);
        if (!grown) return error_set(err, STATUS_NO_MEMORY, "no memory for the list of experts");
        if (layer->block_count)
            memcpy(grown, layer->blocks, (size_t)layer->block_count * sizeof *grown);
        layer->blocks = grown;
        layer->block_cap = cap;
    }
    *ret = &layer->blocks[layer->block_count++];
    **ret = (struct lineage_block){ .expert = expert };
    return STATUS_OK;
}

/* Rows [begin, begin + rows) of a matrix. */
static struct tensor_view rows_of(const struct tensor_view *view, int64_t begin, int64_t rows)
{
    struct tensor_view part = { .type = view->type,
                                .dims = 2,
                                .shape = { rows, view->cols },
                                .rows = rows,
                                .cols = view->cols,
                                .row_bytes = view->row_bytes };
    part.data = tensor_row(view, begin);
    return part;
}

static void keep_first(struct tensor_view *at, const struct tensor_view *view)
{
    if (!at->data) *at = *view;
}

enum status lineage_model_add(struct lineage_model *m, enum lineage_role role, int layer,
                              int expert, const struct tensor_view *view, struct error *err)
{
    struct lineage_block *block = NULL;
    if (role == LINEAGE_EMBED) keep_first(&m->embed, view);
    if (role == LINEAGE_OUT_NORM) keep_first(&m->out_norm, view);
    if (layer < 0 || layer >= m->layer_count) return STATUS_OK;
    if (role != LINEAGE_ONE_EXPERT_GATE && role != LINEAGE_ONE_EXPERT_UP) {
        keep_first(&m->layers[layer].parts[role], view);
        return STATUS_OK;
    }
    enum status st = block_of(&block, m, &m->layers[layer], expert, err);
    if (!st) keep_first(role == LINEAGE_ONE_EXPERT_UP ? &block->up : &block->gate, view);
    return st;
}

/* ---- finishing ---- */

static bool is_matrix(const struct tensor_view *v, int dims)
{
    return v->data && v->dims == dims && v->cols > 0 && v->cols <= LINEAGE_WIDTH_MAX &&
           v->rows > 0 && v->rows <= LINEAGE_UNITS_MAX;
}

/* A block of plain or fused matrices; nothing where they are not there. */
static enum status add_block(struct lineage_model *m, struct lineage_layer *layer,
                             const struct tensor_view *up, const struct tensor_view *gate,
                             int expert, struct error *err)
{
    struct lineage_block *block = NULL;
    if (!is_matrix(up, 2)) return STATUS_OK;
    enum status st = block_of(&block, m, layer, expert, err);
    if (st) return st;
    block->up = *up;
    if (is_matrix(gate, 2) && gate->rows == up->rows && gate->cols == up->cols) block->gate = *gate;
    return STATUS_OK;
}

static enum status add_fused(struct lineage_model *m, struct lineage_layer *layer,
                             const struct tensor_view *fused, int expert, struct error *err)
{
    if (!is_matrix(fused, 2) || fused->rows % 2) return STATUS_OK;
    struct tensor_view gate = rows_of(fused, 0, fused->rows / 2);
    struct tensor_view up = rows_of(fused, fused->rows / 2, fused->rows / 2);
    return add_block(m, layer, &up, &gate, expert, err);
}

/* One tensor of all experts, [experts, units, width]. */
static enum status add_stacked(struct lineage_model *m, struct lineage_layer *layer,
                               struct error *err)
{
    const struct tensor_view *up = &layer->parts[LINEAGE_EXPERT_UP];
    const struct tensor_view *gate = &layer->parts[LINEAGE_EXPERT_GATE];
    const struct tensor_view *fused = &layer->parts[LINEAGE_EXPERT_GATE_UP];
    bool has_gate = is_matrix(gate, 3) && gate->rows == up->rows && gate->cols == up->cols;
    enum status st = STATUS_OK;
    if (is_matrix(up, 3)) {
        int64_t units = up->shape[1];
        for (int64_t e = 0; e < up->shape[0] && !st; e++) {
            struct tensor_view one = rows_of(up, e * units, units), none = { .data = NULL };
            struct tensor_view its = has_gate ? rows_of(gate, e * units, units) : none;
            st = add_block(m, layer, &one, &its, (int)e, err);
        }
    }
    /* Where units run along the rows: some families store the transpose, whose width says so. */
    if (!st && is_matrix(fused, 3) && fused->cols == m->width) {
        for (int64_t e = 0; e < fused->shape[0] && !st; e++) {
            struct tensor_view one = rows_of(fused, e * fused->shape[1], fused->shape[1]);
            st = add_fused(m, layer, &one, (int)e, err);
        }
    }
    return st;
}

static void sort_blocks(struct lineage_layer *layer)
{
    for (int i = 1; i < layer->block_count; i++) {
        struct lineage_block moved = layer->blocks[i];
        int at = i;
        for (; at > 0 && layer->blocks[at - 1].expert > moved.expert; at--)
            layer->blocks[at] = layer->blocks[at - 1];
        layer->blocks[at] = moved;
    }
}

/* Experts without an up matrix, or of an odd shape, are none. */
static void drop_empty(struct lineage_layer *layer)
{
    int kept = 0;
    for (int i = 0; i < layer->block_count; i++) {
        struct lineage_block *b = &layer->blocks[i];
        if (!is_matrix(&b->up, 2)) continue;
        if (b->gate.rows != b->up.rows || b->gate.cols != b->up.cols) b->gate.data = NULL;
        layer->blocks[kept++] = *b;
    }
    layer->block_count = kept;
}

/* GGUF's ffn_up of a family that fuses holds both halves: its down matrix then takes half as many. */
static bool is_fused(const struct lineage_layer *layer)
{
    const struct tensor_view *up = &layer->parts[LINEAGE_UP];
    const struct tensor_view *down = &layer->parts[LINEAGE_DOWN];
    return up->data && !layer->parts[LINEAGE_GATE].data && down->data && up->rows % 2 == 0 &&
           down->cols == up->rows / 2;
}

static enum status finish_blocks(struct lineage_model *m, struct lineage_layer *layer,
                                 struct error *err)
{
    const struct tensor_view *p = layer->parts;
    const struct tensor_view *fused = is_fused(layer) ? &p[LINEAGE_UP] : &p[LINEAGE_GATE_UP];
    enum status st = STATUS_OK;
    drop_empty(layer);
    st = add_stacked(m, layer, err);
    sort_blocks(layer);
    /* The dense block, or the shared one beside experts. */
    if (!st && fused->data) st = add_fused(m, layer, fused, INT32_MAX, err);
    else if (!st) st = add_block(m, layer, &p[LINEAGE_UP], &p[LINEAGE_GATE], INT32_MAX, err);
    if (!st)
        st = add_block(m, layer, &p[LINEAGE_SHARED_UP], &p[LINEAGE_SHARED_GATE], INT32_MAX, err);
    for (int i = 0; i < layer->block_count; i++)
        if (layer->blocks[i].expert == INT32_MAX) layer->blocks[i].expert = -1;
    return st;
}

/* Llama's "post_attention" norm is the one before the feed-forward network; Gemma's is not. */
static void finish_norms(struct lineage_layer *layer)
{
    struct tensor_view *p = layer->parts;
    if (!p[LINEAGE_FFN_NORM].data) {
        p[LINEAGE_FFN_NORM] = p[LINEAGE_POST_ATTN_NORM];
        p[LINEAGE_POST_ATTN_NORM] = p[LINEAGE_POST_SELF_NORM];
    }
    p[LINEAGE_POST_SELF_NORM].data = NULL;
}

enum status lineage_model_finish(struct lineage_model *m, struct error *err)
{
    enum status st = STATUS_OK;
    for (int i = 0; i < m->layer_count; i++)
        finish_norms(&m->layers[i]);
    /* Norms tell the width: every family has them, and they are not transposed. */
    for (int i = 0; i < m->layer_count && !m->width; i++)
        for (int r = LINEAGE_ATTN_NORM; r <= LINEAGE_POST_FFN_NORM && !m->width; r++)
            if (m->layers[i].parts[r].data && m->layers[i].parts[r].dims == 1)
                m->width = m->layers[i].parts[r].cols;
    if (!m->width && m->embed.data) m->width = m->embed.cols;
    for (int i = 0; i < m->layer_count && !st; i++)
        st = finish_blocks(m, &m->layers[i], err);
    for (int i = 0; i < m->layer_count && !m->width && !st; i++)
        if (m->layers[i].block_count) m->width = m->layers[i].blocks[0].up.cols;
    return st;
}

/* ---- reading ---- */

static int highest_layer(const struct source *source)
{
    int highest = -1;
    for (size_t i = 0; i < source_tensor_count(source); i++) {
        struct tensor_view view;
        struct span name;
        enum lineage_role role;
        int layer, expert;
        const char *type;
        source_tensor_at(source, i, &name, &view, &type);
        if (lineage_role_of(name, &role, &layer, &expert) && layer > highest) highest = layer;
    }
    return highest;
}

static enum status add_tensor(struct lineage_model *m, const struct source *source, size_t i,
                              struct error *err)
{
    struct tensor_view view;
    struct span name;
    enum lineage_role role;
    int layer, expert;
    const char *type = "";
    bool known_type = source_tensor_at(source, i, &name, &view, &type);
    m->tensor_count++;
    if (!lineage_role_of(name, &role, &layer, &expert)) {
        m->other_count++;
        return STATUS_OK;
    }
    if (known_type && lineage_readable(&view))
        return lineage_model_add(m, role, layer, expert, &view, err);
    m->unread_count++;
    snprintf(m->unread_type, sizeof m->unread_type, "%s",
             known_type ? quant_name(view.type) : type);
    return STATUS_OK;
}

enum status lineage_model_read(struct lineage_model *ret, const struct source *source,
                               struct error *err)
{
    enum status st = lineage_model_new(ret, highest_layer(source) + 1, err);
    for (size_t i = 0; i < source_tensor_count(source) && !st; i++)
        st = add_tensor(ret, source, i, err);
    if (!st) st = lineage_model_finish(ret, err);
    if (st) lineage_model_release(ret);
    return st;
}

int64_t lineage_model_units(const struct lineage_model *m)
{
    for (int i = 0; i < m->layer_count; i++)
        if (m->layers[i].block_count) return m->layers[i].blocks[0].up.rows;
    return 0;
}

int lineage_model_experts(const struct lineage_model *m)
{
    int most = 0;
    for (int i = 0; i < m->layer_count; i++)
        if (m->layers[i].block_count > most) most = m->layers[i].block_count;
    return most;
}

bool lineage_readable(const struct tensor_view *view)
{
    return view->data && quant_of(view->type)->decode != NULL;
}

void lineage_row(float *out, const struct tensor_view *view, int64_t row)
{
    quant_of(view->type)->decode(out, tensor_row(view, row), (size_t)view->cols);
}
