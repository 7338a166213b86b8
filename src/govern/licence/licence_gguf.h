/* The licence that a GGUF file claims, written as a model card's front matter.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keys after ggml's docs/gguf.md: general.license, .license.name, .license.link, general.base_model.*. */
#ifndef GOVERN_LICENCE_LICENCE_GGUF_H
#define GOVERN_LICENCE_LICENCE_GGUF_H

#include "base/core/buf.h"
#include "lm/format/gguf.h"

#define GGUF_CARD_BYTES_MAX (1u << 20)

/* Appends the card; an empty one where the file claims nothing. */
enum status licence_card_of_gguf(struct buf *out, const struct gguf *g, struct error *err);

#endif
