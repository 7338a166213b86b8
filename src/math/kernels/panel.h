/* How weights of a linear layer lie in memory after packing: panels of 16 rows.
 * SPDX-License-Identifier: Apache-2.0
 *
 * y = W x with W [rows, cols]. Panel p holds rows 16p .. 16p+15; missing rows
 * of the last panel are zero weights. Within a panel k runs slowest, so a
 * vector holds the same k of 16 rows and nothing is summed across lanes.
 * All layouts are the same on every CPU level (little endian):
 *
 *   F32    per k:             16 x f32
 *   F16    per pair of k:     16 x (k, k+1) f16          cols padded to even with zeros
 *   BF16   per pair of k:     16 x (k, k+1) bf16         cols padded to even with zeros
 *   Q8_0   per 32 k, 544 B:   16 x f16 scale, then 8 x [16 rows][4 k] int8
 *   Q4_0   per 32 k, 288 B:   16 x f16 scale, then 4 x [16 rows][4 bytes]: byte j of step s holds
 *                             k = 8s+j in its low and k = 8s+4+j in its high nibble, 0..15
 *                             (value + 8)
 *   Q4_K   per 256 k, 2368 B: 16 x f16 d, 16 x f16 dmin, 8 x 16 x u8 scale, 8 x 16 x u8 min
 *                             (6-bit values of each 32-group), then 8 groups of 256 B nibbles
 *                             as in Q4_0, without the 8
 *   Q6_K   per 256 k, 3360 B: 16 x f16 d, 16 x 16 x i8 scale (group-major), then 8 groups of
 *                             32 k: low nibbles 256 B as in Q4_0, then 128 B high bits: byte j
 *                             of row r, step t (2 steps of 64 B, [16 rows][4]) holds the bits
 *                             4..5 of k = 16t+j, 16t+4+j, 16t+8+j, 16t+12+j from its lowest
 *                             bit pair up (value + 32)
 *   BLOCKS no panels: the blocks of the file, row after row (any type with an `unpack` or `decode`)
 *
 * A quantized type without a line here keeps its file layout (BLOCKS) and runs
 * through its integer form; giving it a panel is a new line in panel_list.h. */
#ifndef MATH_KERNELS_PANEL_H
#define MATH_KERNELS_PANEL_H

#include <stddef.h>
#include <stdint.h>

#include "math/tensor/tensor.h"

#define PANEL_ROWS 16

/* Bytes of 16 rows of one block: 32 k, or 256 for the K formats. */
#define PANEL_Q8_0_BYTES 544
#define PANEL_Q4_0_BYTES 288
#define PANEL_Q4_K_BYTES 2368
#define PANEL_Q6_K_BYTES 3360

enum panel_kind {
#define PANEL(name, quant) PANEL_##name,
#include "math/kernels/panel_list.h"
#undef PANEL
    PANEL_BLOCKS,
    PANEL_KIND_COUNT
};

/* One packed matrix. `data` is 64-byte aligned and owned by whoever packed it,
 * but for BLOCKS, where it may be the mapping itself, unaligned. */
struct panel_weights {
    enum panel_kind kind;
    enum quant_type type; /* of the source */
    int64_t rows, cols;
    int64_t panel_count; /* ceil(rows / 16) */
    size_t panel_bytes;  /* of one panel; BLOCKS: 16 * row_bytes, the last panel may be short */
    const uint8_t *data;
};

/* The kind that a source type is packed to when its rows have `cols` values. */
enum panel_kind panel_kind_for(enum quant_type type, int64_t cols);
const char *panel_kind_name(enum panel_kind kind);
/* Bytes of one panel of `cols` columns. */
size_t panel_bytes(enum panel_kind kind, enum quant_type type, int64_t cols);
/* Packs panels [panel_begin, panel_end) of `src` into dst, the address of panel
 * 0's bytes, [panel_count * panel_bytes] long. Not for BLOCKS. Pure. */
void panel_pack(uint8_t *dst, enum panel_kind kind, const struct tensor_view *src,
                int64_t panel_begin, int64_t panel_end);

#endif
