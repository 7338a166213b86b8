/* Names of what the log holds and of what can be wrong with it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/audit/audit.h"

static const struct {
    const char *name, *words;
} kinds[AUDIT_KIND_COUNT] = {
#define AUDIT_KIND(symbol, name, words) { name, words },
#include "govern/audit/audit_kind_list.h"
#undef AUDIT_KIND
};

static const char *const faults[AUDIT_FAULT_COUNT] = {
#define AUDIT_FAULT(symbol, name, words) name,
#include "govern/audit/audit_fault_list.h"
#undef AUDIT_FAULT
};

const char *audit_kind_name(enum audit_kind kind)
{
    return (unsigned)kind < AUDIT_KIND_COUNT ? kinds[kind].name : "?";
}

const char *audit_kind_words(enum audit_kind kind)
{
    return (unsigned)kind < AUDIT_KIND_COUNT ? kinds[kind].words : "?";
}

bool audit_kind_find(struct span name, enum audit_kind *ret)
{
    for (int i = 0; i < AUDIT_KIND_COUNT; i++) {
        if (!span_equals(name, kinds[i].name)) continue;
        *ret = (enum audit_kind)i;
        return true;
    }
    return false;
}

const char *audit_fault_name(enum audit_fault f)
{
    return (unsigned)f < AUDIT_FAULT_COUNT ? faults[f] : "?";
}
