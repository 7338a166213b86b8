/* The package URL of a model that was fetched.
 * SPDX-License-Identifier: Apache-2.0
 *
 * package-url/purl-spec: pkg:huggingface/OWNER/NAME@COMMIT, pkg:oci/NAME@sha256:...?repository_url=HOST/PATH&tag=TAG,
 * pkg:generic/NAME?checksum=sha256:...&download_url=URL. */
#ifndef GOVERN_DOSSIER_RECORD_PURL_H
#define GOVERN_DOSSIER_RECORD_PURL_H

#include "base/core/buf.h"
#include "govern/registry/registry.h"

/* Appends it; nothing for what comes from this machine, or from where nothing is known. */
void record_purl(struct buf *out, const struct registry_model *m);

#endif
