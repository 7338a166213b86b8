/* Typed members of a body.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/shape_fields.h"

#include <stdarg.h>
#include <stdio.h>

struct field_path path_of(const char *format, ...)
{
    struct field_path p;
    va_list args;
    va_start(args, format);
    vsnprintf(p.text, sizeof p.text, format, args);
    va_end(args);
    return p;
}

struct field_path path_in(const struct fields *f, const char *name)
{
    return path_of("%s%s%s", f->path, f->path[0] ? "." : "", name);
}

bool api_refuse(struct api_error *err, const char *code, const char *param, const char *format, ...)
{
    struct error words;
    va_list args;
    *err = (struct api_error){ .http = 400, .type = "invalid_request_error", .code = code };
    if (param) snprintf(err->param, sizeof err->param, "%s", param);
    va_start(args, format);
    error_set_v(&words, STATUS_BAD_INPUT, format, args);
    va_end(args);
    memcpy(err->text, words.text, sizeof err->text);
    return false;
}

bool api_refuse_error(struct api_error *err, const struct error *why)
{
    api_error_from(err, why);
    return false;
}

const struct json *field_get(const struct fields *f, const char *name)
{
    const struct json *v = json_get(f->object, name);
    return json_type(v) == JSON_NULL ? NULL : v;
}

static bool wrong_type(const struct fields *f, const char *name, const char *wanted)
{
    struct field_path p = path_in(f, name);
    return api_refuse(f->err, API_INVALID_TYPE, p.text, "'%s' must be %s", p.text, wanted);
}

bool field_bool(const struct fields *f, const char *name, bool *ret)
{
    const struct json *v = field_get(f, name);
    if (!v) return true;
    if (json_type(v) != JSON_BOOL) return wrong_type(f, name, "true or false");
    *ret = json_bool(v, false);
    return true;
}

bool field_int(const struct fields *f, const char *name, int64_t min, int64_t max, int64_t *ret)
{
    const struct json *v = field_get(f, name);
    if (!v) return true;
    bool is_number = json_type(v) == JSON_INT || json_type(v) == JSON_REAL;
    int64_t low = json_int(v, INT64_MIN), high = json_int(v, INT64_MAX);
    struct field_path p = path_in(f, name);
    if (!is_number || low != high) return wrong_type(f, name, "a whole number");
    if (low < min || low > max)
        return api_refuse(f->err, API_INVALID_VALUE, p.text,
                          "'%s' is %lld; it must be at least %lld and at most %lld", p.text,
                          (long long)low, (long long)min, (long long)max);
    *ret = low;
    return true;
}

bool field_real(const struct fields *f, const char *name, double min, double max, double *ret)
{
    const struct json *v = field_get(f, name);
    if (!v) return true;
    struct field_path p = path_in(f, name);
    if (json_type(v) != JSON_INT && json_type(v) != JSON_REAL)
        return wrong_type(f, name, "a number");
    double d = json_number(v, 0);
    if (d < min || d > max)
        return api_refuse(f->err, API_INVALID_VALUE, p.text,
                          "'%s' is %g; it must be at least %g and at most %g", p.text, d, min, max);
    *ret = d;
    return true;
}

bool field_text(const struct fields *f, const char *name, struct span *ret)
{
    const struct json *v = field_get(f, name);
    if (!v) return true;
    if (json_type(v) != JSON_STRING) return wrong_type(f, name, "a text");
    *ret = json_string(v);
    return true;
}

static bool typed(const struct fields *f, const char *name, enum json_type type, const char *wanted,
                  const struct json **ret)
{
    const struct json *v = field_get(f, name);
    if (!v) return true;
    if (json_type(v) != type) return wrong_type(f, name, wanted);
    *ret = v;
    return true;
}

bool field_array(const struct fields *f, const char *name, const struct json **ret)
{
    return typed(f, name, JSON_ARRAY, "a list", ret);
}

bool field_object(const struct fields *f, const char *name, const struct json **ret)
{
    return typed(f, name, JSON_OBJECT, "an object", ret);
}

bool field_unsupported(const struct fields *f, const char *name, const char *advice)
{
    const struct json *v = field_get(f, name);
    struct field_path p = path_in(f, name);
    bool is_list = json_type(v) == JSON_ARRAY || json_type(v) == JSON_OBJECT;
    if (!v || (json_type(v) == JSON_BOOL && !json_bool(v, false)) ||
        (json_type(v) == JSON_STRING && !json_string(v).len) || (is_list && !json_length(v)))
        return true;
    return api_refuse(f->err, API_UNSUPPORTED, p.text, "'%s' is not supported: %s", p.text, advice);
}

bool is_function_name(struct span name, size_t bytes_max)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-';
        if (!fits) return false;
    }
    return name.len > 0 && name.len <= bytes_max;
}
