/* What the files of the bill of materials share.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_REGISTRY_BOM_INNER_H
#define GOVERN_REGISTRY_BOM_INNER_H

#include "govern/registry/bom.h"

/* STATUS_BAD_INPUT with words when the document could not be written as it must be. */
enum status bom_check(const struct bom *b, struct error *err);

#endif
