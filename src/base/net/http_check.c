/* What a request's head must be.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/net/http_check.h"

#include <stdint.h>

/* RFC 9110, section 5.6.2: tchar. */
static bool is_token_byte(unsigned char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
    return c && strchr("!#$%&'*+-.^_`|~", c);
}

static bool is_token(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_token_byte((unsigned char)s.data[i])) return false;
    return s.len > 0;
}

/* Field values: visible bytes, spaces, tabs and bytes of other alphabets; nothing that ends lines. */
static bool is_value(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F) return false;
    }
    return true;
}

static bool is_target(struct span s)
{
    if (s.len == 0 || s.len > HTTP_TARGET_MAX) return false;
    if (s.data[0] != '/' && !span_equals(s, "*")) return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c <= 0x20 || c >= 0x7F || c == '#') return false;
    }
    return true;
}

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

bool http_name_is(struct span name, const char *want)
{
    size_t len = strlen(want);
    if (name.len != len) return false;
    for (size_t i = 0; i < len; i++)
        if (lower((unsigned char)name.data[i]) != lower((unsigned char)want[i])) return false;
    return true;
}

static bool is_length(struct span s)
{
    if (s.len == 0 || s.len > 18) return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < '0' || s.data[i] > '9') return false;
    return true;
}

/* RFC 3986, section 3.2: a host, perhaps with a port; no user, path or list. */
static bool is_host(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c <= 0x20 || c >= 0x7F || strchr("/\\@,?#\"<>^`{|}", c)) return false;
    }
    return s.len > 0 && s.len <= 255;
}

struct counts {
    int hosts, lengths, codings;
};

static const char *check_field(struct counts *n, const struct http_field *f, bool old)
{
    if (!is_token(f->name)) return "a header's name has bytes that names cannot have";
    if (!is_value(f->value)) return "a header's value has control bytes";
    if (http_name_is(f->name, "host")) {
        n->hosts++;
        if (!is_host(f->value)) return "the Host header is no host";
    } else if (http_name_is(f->name, "content-length")) {
        n->lengths++;
        if (!is_length(f->value)) return "Content-Length is no decimal number";
    } else if (http_name_is(f->name, "transfer-encoding")) {
        n->codings++;
        if (old) return "HTTP/1.0 has no Transfer-Encoding";
        if (!http_name_is(f->value, "chunked")) return "only the transfer coding chunked is known";
    }
    return NULL;
}

const char *http_head_check(const struct http_head *head)
{
    bool old = span_equals(head->version, "HTTP/1.0");
    struct counts n = { 0 };
    if (!old && !span_equals(head->version, "HTTP/1.1"))
        return "only HTTP/1.1 and HTTP/1.0 are spoken";
    if (!is_token(head->method)) return "the method is no word";
    if (!is_target(head->target)) return "the request target is no path of visible ASCII";
    if (head->field_count > HTTP_FIELDS_MAX) return "there are too many headers";
    for (size_t i = 0; i < head->field_count; i++) {
        const char *wrong = check_field(&n, &head->fields[i], old);
        if (wrong) return wrong;
    }
    if (n.hosts > 1) return "there is more than one Host header";
    if (n.hosts == 0 && !old) return "there is no Host header";
    if (n.lengths > 1) return "there is more than one Content-Length header";
    if (n.codings > 1) return "there is more than one Transfer-Encoding header";
    if (n.codings && n.lengths) return "Content-Length and Transfer-Encoding exclude each other";
    return NULL;
}
