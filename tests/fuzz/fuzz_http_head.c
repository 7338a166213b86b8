/* Fuzzes the check of a request's head, and the reading of settings: both are given what strangers wrote.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first byte chooses. A head comes as lines: method, target, version, then names and values by
 * turns. Of a head that passes it must hold what the server relies on. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/net/http_check.h"
#include "serve/server/server_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct span next_line(const char **at, const char *end)
{
    const char *stop = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;
    struct span line = { *at, (size_t)((stop ? stop : end) - *at) };
    *at = stop ? stop + 1 : end;
    return line;
}

static void check_sound(const struct http_head *head)
{
    int hosts = 0, framings = 0;
    for (size_t i = 0; i < head->field_count; i++) {
        const struct http_field *f = &head->fields[i];
        hosts += http_name_is(f->name, "host");
        framings +=
            http_name_is(f->name, "content-length") || http_name_is(f->name, "transfer-encoding");
        assert(!memchr(f->value.data, '\r', f->value.len) &&
               !memchr(f->name.data, ':', f->name.len));
    }
    assert(hosts <= 1 && framings <= 1);
    assert(hosts == 1 || span_equals(head->version, "HTTP/1.0"));
    assert(head->target.data[0] == '/' || head->target.data[0] == '*');
}

static void try_head(const char *text, size_t len)
{
    struct http_field fields[HTTP_FIELDS_MAX + 1];
    const char *at = text, *end = text + len;
    struct http_head head = { .fields = fields };
    head.method = next_line(&at, end);
    head.target = next_line(&at, end);
    head.version = next_line(&at, end);
    while (at < end && head.field_count <= HTTP_FIELDS_MAX) {
        fields[head.field_count].name = next_line(&at, end);
        fields[head.field_count++].value = next_line(&at, end);
    }
    if (!http_head_check(&head)) check_sound(&head);
}

static void try_config(const char *text, size_t len)
{
    struct server_settings s;
    struct error err = { .text = "" };
    server_settings_init(&s);
    if (server_config_parse(&s, text, len, "input", "/", &err)) assert(err.text[0]);
    server_settings_release(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    if (data[0] & 1) try_head((const char *)data + 1, size - 1);
    else try_config((const char *)data + 1, size - 1);
    return 0;
}
