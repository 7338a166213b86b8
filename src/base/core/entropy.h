/* Random bytes from the kernel, for keys and names.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CORE_ENTROPY_H
#define BASE_CORE_ENTROPY_H

#include <stddef.h>

#include "base/core/status.h"

#define ENTROPY_BYTES_MAX 256 /* of one call: so much comes in one piece */

/* Blocks until the kernel's generator is seeded, which happens once after a boot. */
enum status entropy_fill(void *out, size_t len, struct error *err);

#endif
