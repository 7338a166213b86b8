/* The bill of materials of a server that runs.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_BOM_SERVER_H
#define FRONT_CMD_BOM_SERVER_H

#include "front/cmd/desk.h"
#include "govern/dossier/record_bom.h"

/* Asks GET /inventory at `url`. A loaded model that is in this store, by digest, is described in full; of others
 * there is what the server says. `key` NULL: none is sent. */
enum status bom_server_write(struct buf *out, struct desk *d, const struct licence_prints *prints,
                             const char *url, const char *key, enum record_bom_format format,
                             struct error *err);

#endif
