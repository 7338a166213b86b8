/* Dictionaries: entries in order of insertion, found by hash once there are many.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keys follow Python: 1, 1.0 and true are one key, and a list is none. */
#include <math.h>
#include <string.h>

#include "lm/chat/jinja_run.h"

#define INDEX_FROM 12 /* fewer entries are searched one by one */

static uint64_t mix(uint64_t h)
{
    h ^= h >> 31;
    h *= UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

uint64_t hash_bytes(const char *data, size_t len)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)data[i]) * UINT64_C(0x100000001b3);
    return mix(h);
}

static uint64_t hash_real(double d)
{
    if (d >= -0x1p63 && d < 0x1p63 && (double)(int64_t)d == d) return mix((uint64_t)(int64_t)d);
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return mix(bits);
}

static bool hash_tuple(struct render *r, const struct value_list *l, uint64_t *ret)
{
    *ret = l->count;
    for (size_t i = 0; i < l->count; i++) {
        uint64_t h = 0;
        if (!value_hash(r, l->items[i], &h)) return false;
        *ret = mix(*ret + h);
    }
    return step(r, l->count);
}

bool value_hash(struct render *r, struct value v, uint64_t *ret)
{
    bool ok = true;
    switch ((enum value_type)v.type) {
    case VALUE_BOOL:
    case VALUE_INT: *ret = mix((uint64_t)value_whole(v)); break;
    case VALUE_FLOAT: *ret = hash_real(v.real); break;
    case VALUE_STRING:
        *ret = hash_bytes(v.text->data, v.text->len);
        ok = step(r, v.text->len / 64);
        break;
    case VALUE_NONE:
    case VALUE_UNDEFINED: *ret = mix(v.type); break;
    case VALUE_TUPLE:
        if (r->depth >= TEMPLATE_DEPTH_MAX) return fault(r, STATUS_LIMIT, "tuples nested too deep");
        r->depth++;
        ok = hash_tuple(r, v.list, ret);
        r->depth--;
        break;
    default:
        return fault(r, STATUS_BAD_INPUT, "a value of type '%s' cannot be a key",
                     value_type_name(v));
    }
    return ok;
}

bool dict_new(struct render *r, enum value_type type, struct value *ret)
{
    struct value_dict *d = take(r, 1, sizeof *d);
    if (!d) return false;
    *ret = (struct value){ .type = (uint8_t)type, .dict = d };
    return true;
}

static bool same_text(struct value v, struct span key)
{
    return v.type == VALUE_STRING && v.text->len == key.len &&
           memcmp(v.text->data, key.data, key.len) == 0;
}

struct dict_entry *dict_find_text(const struct value_dict *d, struct span key)
{
    if (!d->index) {
        for (size_t i = 0; i < d->count; i++)
            if (same_text(d->entries[i].key, key)) return &d->entries[i];
        return NULL;
    }
    uint64_t hash = hash_bytes(key.data, key.len);
    for (size_t at = hash & (d->index_cap - 1); d->index[at]; at = (at + 1) & (d->index_cap - 1)) {
        struct dict_entry *e = &d->entries[d->index[at] - 1];
        if (e->hash == hash && same_text(e->key, key)) return e;
    }
    return NULL;
}

static struct dict_entry *find_hashed(struct render *r, const struct value_dict *d,
                                      struct value key, uint64_t hash)
{
    bool same;
    if (!d->index) {
        for (size_t i = 0; i < d->count; i++) {
            if (d->entries[i].hash != hash) continue;
            if (!value_equals(r, d->entries[i].key, key, &same)) return NULL;
            if (same) return &d->entries[i];
        }
        return NULL;
    }
    for (size_t at = hash & (d->index_cap - 1); d->index[at]; at = (at + 1) & (d->index_cap - 1)) {
        struct dict_entry *e = &d->entries[d->index[at] - 1];
        if (!step(r, 1)) return NULL;
        if (e->hash != hash) continue;
        if (!value_equals(r, e->key, key, &same)) return NULL;
        if (same) return e;
    }
    return NULL;
}

struct dict_entry *dict_find(struct render *r, const struct value_dict *d, struct value key)
{
    uint64_t hash = 0;
    return value_hash(r, key, &hash) ? find_hashed(r, d, key, hash) : NULL;
}

static void index_add(struct value_dict *d, size_t entry)
{
    size_t at = d->entries[entry].hash & (d->index_cap - 1);
    while (d->index[at])
        at = (at + 1) & (d->index_cap - 1);
    d->index[at] = (uint32_t)entry + 1;
}

static void index_fill(struct value_dict *d)
{
    memset(d->index, 0, d->index_cap * sizeof *d->index);
    for (size_t i = 0; i < d->count; i++)
        index_add(d, i);
}

static bool dict_grow(struct render *r, struct value_dict *d)
{
    size_t cap = d->cap ? 2 * d->cap : 4;
    if (d->count >= TEMPLATE_ITEMS_MAX) {
        return fault(r, STATUS_LIMIT, "a dictionary of more than %zu entries", TEMPLATE_ITEMS_MAX);
    }
    struct dict_entry *entries = take(r, cap, sizeof *entries);
    if (!entries) return false;
    if (d->count) memcpy(entries, d->entries, d->count * sizeof *entries);
    d->entries = entries;
    d->cap = cap;
    if (cap < INDEX_FROM) return true;
    uint32_t *index = take(r, 2 * cap, sizeof *index);
    if (!index) return false;
    d->index = index;
    d->index_cap = 2 * cap;
    index_fill(d);
    return true;
}

bool dict_set(struct render *r, struct value_dict *d, struct value key, struct value v)
{
    uint64_t hash = 0;
    if (!value_hash(r, key, &hash)) return false;
    struct dict_entry *e = find_hashed(r, d, key, hash);
    if (r->status) return false;
    d->exact = NULL;
    if (e) {
        e->value = v;
        return true;
    }
    if (d->count == d->cap && !dict_grow(r, d)) return false;
    d->entries[d->count++] = (struct dict_entry){ key, v, hash };
    if (d->index) index_add(d, d->count - 1);
    return true;
}

void dict_remove(struct value_dict *d, struct dict_entry *e)
{
    size_t at = (size_t)(e - d->entries);
    memmove(e, e + 1, (d->count - at - 1) * sizeof *e);
    d->count--;
    d->exact = NULL;
    if (d->index) index_fill(d);
}
