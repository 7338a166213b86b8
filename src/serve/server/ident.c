/* Names of requests.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strerrordesc_np */
#include "serve/server/ident.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define RANDOM_BYTES_MAX 256

static enum status fill(uint8_t *out, size_t len, struct error *err)
{
    if (getrandom(out, len, 0) == (ssize_t)len) return STATUS_OK;
    return error_set(err, STATUS_FAILED, "the kernel gives no random bytes: %s",
                     strerrordesc_np(errno));
}

enum status ident_random(char *out, size_t chars, struct error *err)
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint8_t bytes[RANDOM_BYTES_MAX];
    size_t n = 0;
    while (n < chars) {
        enum status st = fill(bytes, sizeof bytes, err);
        if (st) return st;
        /* 248 is the largest multiple of 62: what is past it would favour some letters. */
        for (size_t i = 0; i < sizeof bytes && n < chars; i++)
            if (bytes[i] < 248) out[n++] = alphabet[bytes[i] % 62];
    }
    out[chars] = 0;
    return STATUS_OK;
}

static bool is_hex(const char *s, size_t len, bool may_be_zero)
{
    bool zero = true;
    for (size_t i = 0; i < len; i++) {
        if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f'))) return false;
        zero = zero && s[i] == '0';
    }
    return may_be_zero || !zero;
}

/* "00-<32 hex>-<16 hex>-<2 hex>"; later versions may go on behind another dash. */
static bool is_traceparent(const char *s)
{
    size_t len = strlen(s);
    if (len < 55 || s[2] != '-' || s[35] != '-' || s[52] != '-') return false;
    if (!is_hex(s, 2, true) || strncmp(s, "ff", 2) == 0) return false;
    if (strncmp(s, "00", 2) == 0 ? len != 55 : len > 55 && s[55] != '-') return false;
    return is_hex(s + 3, 32, false) && is_hex(s + 36, 16, false) && is_hex(s + 53, 2, true);
}

static void put_hex(char *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

enum status ident_traceparent(char out[TRACEPARENT_BYTES], const char *incoming, struct error *err)
{
    uint8_t bytes[24];
    char trace[33], parent[17];
    enum status st = fill(bytes, sizeof bytes, err);
    if (st) return st;
    bytes[0] |= 1; /* neither id may be all zero */
    bytes[16] |= 1;
    bool known = incoming && is_traceparent(incoming);
    put_hex(trace, bytes, 16);
    put_hex(parent, bytes + 16, 8);
    snprintf(out, TRACEPARENT_BYTES, "00-%.32s-%s-%.2s", known ? incoming + 3 : trace, parent,
             known ? incoming + 53 : "00");
    return STATUS_OK;
}
