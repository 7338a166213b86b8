/* int8 linear layers with vpdpbusd.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/kernels/x86/avx512vnni/avx512vnni.h"

#include <immintrin.h>

#include "math/kernels/x86/avx512/avx512.h"

/* An instruction by name: gcc 12 copies and spills the accumulators of the intrinsic in tiles. */
static inline __m512i dot4(__m512i acc, __m512i u8, __m512i s8, bool wide)
{
    (void)wide;
    __asm__("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(u8), "v"(s8));
    return acc;
}

#include "math/kernels/x86/avx512/int8_linear.h"

#define LINEAR(name, form)                                                                          \
    void name(float *y, size_t y_stride, const struct panel_weights *w, int64_t panel_begin,       \
              int64_t panel_end, const struct activations *x, void *scratch)                       \
    {                                                                                              \
        linear_int8(form, y, y_stride, w, panel_begin, panel_end, x, scratch);                     \
    }

LINEAR(linear_q8_0_vnni, FORM_Q8_0)
LINEAR(linear_q4_0_vnni, FORM_Q4_0)
LINEAR(linear_q4_k_vnni, FORM_Q4_K)
LINEAR(linear_q6_k_vnni, FORM_Q6_K)

void linear_blocks_vnni(float *y, size_t y_stride, const struct panel_weights *w, int64_t panel_begin,
                        int64_t panel_end, const struct activations *x, void *scratch)
{
    if (!quant_of(w->type)->unpack || w->cols % ACT_GROUP) {
        linear_f32_avx512(y, y_stride, w, panel_begin, panel_end, x, scratch);
        return;
    }
    linear_int8(FORM_BLOCKS, y, y_stride, w, panel_begin, panel_end, x, scratch);
}
