/* What the commands about signatures read from files.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_SIGNATURE_FILES_H
#define FRONT_CMD_SIGNATURE_FILES_H

#include "front/cmd/options.h"
#include "front/cmd/report.h"
#include "govern/registry/model_signing.h"

#define SIGNATURE_PATH_BYTES 4096

/* The bundle's path: option `name`, or MODEL/model.sig beside a folder's files, MODEL.sig beside a file. */
enum status signature_path(char out[SIGNATURE_PATH_BYTES], const struct args *args,
                           const char *name, struct error *err);
enum status signature_private_key(struct ecdsa_key **ret, const char *path, struct error *err);
enum status signature_public_key(struct ecdsa_key **ret, const char *path, struct error *err);
/* All certificates of the files that option `name` gives, in order; NULL when it is not given. */
enum status signature_certificates(struct certificates **ret, const struct args *args,
                                   const char *name, struct error *err);
/* An empty manifest named as the model is, that leaves out the bundle and what --ignore says. */
enum status signature_manifest(struct manifest **ret, const struct args *args, const char *bundle,
                               struct error *err);
/* Begins a report with the model's name, its number of files and its digest. */
enum status signature_report_begin(struct report *r, const struct args *args,
                                   const struct manifest *m, struct error *err);

#endif
