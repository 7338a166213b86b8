/* A record as an entry of a bill of materials.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is declared (the card's licence, its parents) is told as declared, what was read and recognised as
 * concluded; what nobody knows is left out. */
#ifndef GOVERN_DOSSIER_RECORD_BOM_H
#define GOVERN_DOSSIER_RECORD_BOM_H

#include "govern/dossier/record.h"
#include "govern/gate/verdict.h"
#include "govern/registry/bom.h"

enum record_bom_format {
    RECORD_BOM_1_7, /* CycloneDX */
    RECORD_BOM_1_6,
    RECORD_BOM_SPDX
};
/* "cyclonedx-1.7", "cyclonedx-1.6", "spdx-3"; STATUS_USAGE names them. */
enum status record_bom_format_find(enum record_bom_format *ret, const char *name,
                                   struct error *err);
const char *record_bom_format_name(enum record_bom_format f);

/* Fills *ret; lists and texts come out of `arena` or belong to record and verdict, which must outlive it. The
 * verdict may be NULL. */
enum status record_bom(struct bom_model *ret, const struct record *r, const struct gate_verdict *v,
                       struct arena *arena, struct error *err);
/* The whole document about one model. `timestamp`: RFC 3339. */
enum status record_bom_write(struct buf *out, const struct record *r, const struct gate_verdict *v,
                             enum record_bom_format format, const char *timestamp,
                             struct error *err);
enum status record_bom_write_any(struct buf *out, const struct bom *b,
                                 enum record_bom_format format, struct error *err);

#endif
