/* Packed weight layouts: name, and the quant type that is packed into it.
 * SPDX-License-Identifier: Apache-2.0 */
PANEL(F32, QUANT_F32)
PANEL(F16, QUANT_F16)
PANEL(BF16, QUANT_BF16)
PANEL(Q8_0, QUANT_Q8_0)
PANEL(Q4_0, QUANT_Q4_0)
PANEL(Q4_K, QUANT_Q4_K)
PANEL(Q6_K, QUANT_Q6_K)
