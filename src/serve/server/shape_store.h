/* Answers that later requests refer to, kept in memory within bounds.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The server owns one and gives it to the shapes by their context. The oldest answers go first when
 * there are too many or too long ones; after a restart it is empty. What one tenant has put, no
 * other finds. Any thread may call. */
#ifndef SERVE_SERVER_SHAPE_STORE_H
#define SERVE_SERVER_SHAPE_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/core/buf.h"
#include "base/core/span.h"
#include "base/core/status.h"

#define SHAPE_STORE_ENTRIES_MAX ((size_t)1 << 16)

struct shape_store;
/* `entries_max`: 1 to SHAPE_STORE_ENTRIES_MAX; `bytes_max`: of all texts together. */
enum status shape_store_new(struct shape_store **ret, size_t entries_max, size_t bytes_max,
                            struct error *err);
void shape_store_free(struct shape_store *s); /* NULL is fine */
/* *ret_kept false: the text alone is longer than bytes_max. */
enum status shape_store_put(struct shape_store *s, const char *tenant, const char *id,
                            struct span text, bool *ret_kept, struct error *err);
/* Appends the text to `ret`; *ret_found false: it was never there, or has gone. */
enum status shape_store_get(struct shape_store *s, const char *tenant, const char *id,
                            struct buf *ret, bool *ret_found, struct error *err);
/* Whether it was there. */
bool shape_store_remove(struct shape_store *s, const char *tenant, const char *id);

#endif
