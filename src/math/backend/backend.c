/* Finding a backend by name.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/backend/backend.h"

#include <string.h>

#define BACKEND(symbol) extern const struct backend_type symbol;
#include "math/backend/backend_list.h"
#undef BACKEND

static const struct backend_type *const backends[] = {
#define BACKEND(symbol) &symbol,
#include "math/backend/backend_list.h"
#undef BACKEND
};

const struct backend_type *backend_at(int i)
{
    return i >= 0 && (size_t)i < sizeof backends / sizeof *backends ? backends[i] : NULL;
}

const struct backend_type *backend_find(const char *name)
{
    for (int i = 0; backend_at(i); i++) {
        if (strcmp(backend_at(i)->name, name) == 0) return backend_at(i);
    }
    return NULL;
}
