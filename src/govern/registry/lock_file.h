/* hearth.lock: what is pinned, in a file that people can read, compare and commit.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   {"models": {"ember": {"added_ms": int, "digest": "sha256:<hex>", "facts": {...}, "files": {"config.json":
 *    {"bytes": int, "sha256": "<hex>"}}, "hearth": "0.1.0", "main_file": text or null, "revision": text or
 *    null, "source": text}}, "version": 1}
 *
 * Keys are sorted and numbers are integers, so that the same pins are the same bytes. Other rooms keep their own
 * members beside these (approvals, verdicts): they stay when a model is pinned again with the same digest. */
#ifndef GOVERN_REGISTRY_LOCK_FILE_H
#define GOVERN_REGISTRY_LOCK_FILE_H

#include "base/core/json.h"
#include "govern/registry/registry.h"

#define LOCK_FILE_NAME      "hearth.lock"
#define LOCK_FILE_BYTES_MAX ((size_t)64 << 20)

/* Parses and checks the form. An absent file is an empty one. */
enum status lock_file_read(struct json_doc **ret, const char *path, struct error *err);
enum status lock_file_parse(struct json_doc **ret, struct span text, const char *path,
                            struct error *err);
/* NULL when the alias is not pinned. */
const struct json *lock_file_model(const struct json_doc *doc, const char *alias);
/* Whether the pin names this very model: digest, and every file with size and digest. STATUS_BAD_INPUT says
 * what differs. */
enum status lock_file_compare(const struct json *pin, const struct registry_model *m,
                              struct error *err);
/* Writes the pin of a model, or takes the pin of `alias` out (m NULL). Written beside and renamed. The caller has
 * the writers' lock. */
enum status lock_file_pin(const char *path, const char *alias, const struct registry_model *m,
                          struct error *err);
/* Sets one member of a pin that is not one of those above: another room's words. STATUS_NOT_FOUND without the
 * pin. The caller has the writers' lock. */
enum status lock_file_annotate(const char *path, const char *alias, const char *key,
                               struct span json, struct error *err);

#endif
