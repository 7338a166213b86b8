/* Members of a request's body, read with their types and ranges, and refused by name.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Readers leave *ret alone where the member is missing or null, and return false with *err set where
 * it is not what the API says. */
#ifndef SERVE_SERVER_SHAPE_FIELDS_H
#define SERVE_SERVER_SHAPE_FIELDS_H

#include "serve/server/shape.h"

struct fields {
    const struct json *object;
    const char *path; /* of the object: "" for the body, else "messages[3]" */
    struct api_error *err;
    const struct shape_context *context; /* of the body only */
};

/* The place of a member, for api_error.param; cut where it is longer. */
struct field_path {
    char text[sizeof((struct api_error *)0)->param];
};
struct field_path path_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
struct field_path path_in(const struct fields *f, const char *name);

/* 400, invalid_request_error; false, so that `return api_refuse(...)` reads well. `param` may be
 * NULL. */
bool api_refuse(struct api_error *err, const char *code, const char *param, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* What went wrong inside: memory. Also false. */
bool api_refuse_error(struct api_error *err, const struct error *why);

#define API_INVALID_TYPE  "invalid_type"
#define API_INVALID_VALUE "invalid_value"
#define API_UNSUPPORTED   "unsupported_parameter"
#define API_MISSING       "missing_required_parameter"

/* NULL where the member is missing or null. */
const struct json *field_get(const struct fields *f, const char *name);
bool field_bool(const struct fields *f, const char *name, bool *ret);
bool field_int(const struct fields *f, const char *name, int64_t min, int64_t max, int64_t *ret);
bool field_real(const struct fields *f, const char *name, double min, double max, double *ret);
bool field_text(const struct fields *f, const char *name, struct span *ret);
bool field_array(const struct fields *f, const char *name, const struct json **ret);
bool field_object(const struct fields *f, const char *name, const struct json **ret);
/* Refuses the member unless it is missing, null, false, "" or empty. `advice`: what would do. */
bool field_unsupported(const struct fields *f, const char *name, const char *advice);

/* Letters, digits, '_' and '-', at least one. */
#define FUNCTION_NAME_BYTES_MAX 64
bool is_function_name(struct span name, size_t bytes_max);

#endif
