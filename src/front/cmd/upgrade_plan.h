/* What would change if a model became another revision: files, licence, template, tokenizer, configuration, lineage.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Both revisions lie in the store, and their files are read there, digests checked. Weights are compared by the
 * digests that the inspector took; only texts and headers are looked into. */
#ifndef FRONT_CMD_UPGRADE_PLAN_H
#define FRONT_CMD_UPGRADE_PLAN_H

#include "front/cmd/licence_folder.h"
#include "front/cmd/report.h"
#include "govern/licence/licence_use.h"
#include "govern/registry/registry.h"

#define PLAN_FACTS_MAX 200 /* of one group that are told */
#define PLAN_LINES_MAX 400 /* of one difference between texts */
#define PLAN_FILES_MAX 50  /* lines of files for people; JSON has all */

struct revision {
    const struct registry_model *model;
    struct licence_folder licence;
    struct json_doc *config, *tokenizer_config; /* NULL: it has none that can be read */
    struct gguf *gguf;                          /* NULL: a folder */
};
/* Release in every case. */
enum status revision_read(struct revision *ret, struct registry *r, const struct registry_model *m,
                          const struct licence_prints *prints, struct error *err);
void revision_release(struct revision *v);
/* A file of the revision, whole. STATUS_NOT_FOUND. */
enum status revision_file(struct buf *out, struct registry *r, const struct registry_model *m,
                          const char *name, struct error *err);

/* Into `r`, as lines or as members "files", "licence", "template", "tokenizer", "config", "facts", "lineage". */
enum status upgrade_plan_report(struct report *r, struct registry *registry,
                                const struct revision *was, const struct revision *is,
                                const struct licence_use *use, struct error *err);

/* The parts, each in its own file or below. */
void upgrade_plan_files(struct report *r, const struct registry_model *was,
                        const struct registry_model *is);
enum status upgrade_plan_licence(struct report *r, const struct revision *was,
                                 const struct revision *is, const struct licence_use *use,
                                 struct error *err);
enum status upgrade_plan_template(struct report *r, struct registry *registry,
                                  const struct revision *was, const struct revision *is,
                                  struct error *err);
enum status upgrade_plan_tokenizer(struct report *r, const struct revision *was,
                                   const struct revision *is, struct error *err);
enum status upgrade_plan_facts(struct report *r, const struct revision *was,
                               const struct revision *is, struct error *err);
void upgrade_plan_lineage(struct report *r, const struct revision *was, const struct revision *is);

/* Lines of a text for people, each behind `indent`. */
void upgrade_plan_lines(struct report *r, const char *indent, struct span text);
/* Members of two objects, and of the objects in them, that are not the same: {"fact", "was", "is"} each. Values are
 * told as JSON; one that is missing is null. Members of `but` (NULL-terminated, may be NULL) are passed over. */
enum status upgrade_plan_members(struct report *r, const char *key, const char *label,
                                 const struct json *was, const struct json *is,
                                 const char *const *but, struct error *err);

#endif
