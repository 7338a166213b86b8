/* Monotonic and wall time.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CORE_CLOCK_H
#define BASE_CORE_CLOCK_H

#include <stdint.h>

int64_t clock_monotonic_ns(void);
int64_t clock_unix_ns(void);

#endif
