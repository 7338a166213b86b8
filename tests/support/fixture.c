/* Where tests find data made by others, and how they say that it is missing.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/core/file.h"

#define RING 16

static char *ring_next(void)
{
    static char ring[RING][4096];
    static int at;
    at = (at + 1) % RING;
    return ring[at];
}

static const char *source_root(void)
{
    const char *root = getenv("HEARTH_SOURCE");
    return root ? root : ".";
}

const char *fixture_source(const char *relative)
{
    char *out = ring_next();
    snprintf(out, 4096, "%s/%s", source_root(), relative);
    return out;
}

const char *fixture_shared(const char *relative)
{
    const char *shared = getenv("HEARTH_SHARED");
    char *out = ring_next();
    if (shared) snprintf(out, 4096, "%s/%s", shared, relative);
    else snprintf(out, 4096, "%s/../shared/%s", source_root(), relative);
    return file_kind(out) == FILE_MISSING ? NULL : out;
}

struct buf fixture_read(const char *path)
{
    struct buf b = BUF_INIT((size_t)1 << 30);
    struct error err;
    if (file_read(&b, path, &err)) fail_msg("cannot read %s: %s", path, err.text);
    return b;
}

void fixture_skip(const char *file, int line, const char *why)
{
    fprintf(stderr, "SKIPPED: %s is not here (set HEARTH_SHARED)\n", why);
    _skip(file, line);
}
