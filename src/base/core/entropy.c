/* Random bytes from the kernel.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strerrordesc_np */
#include "base/core/entropy.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

enum status entropy_fill(void *out, size_t len, struct error *err)
{
    assert(len <= ENTROPY_BYTES_MAX);
    ssize_t n;
    do
        n = getrandom(out, len, 0);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)len) return STATUS_OK;
    return error_set(err, STATUS_FAILED, "the kernel gives no random bytes: %s",
                     n < 0 ? strerrordesc_np(errno) : "too few came");
}
