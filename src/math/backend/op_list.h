/* The operations a plan is made of: name, and the struct of operands in struct op.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A line here asks every backend for a lowering; the plan has one recorder per line. */
OP(EMBED, embed)
OP(ROPE_TABLE, rope_table)
OP(RMS_NORM, rms_norm)
OP(LINEAR, linear)
OP(ROPE, rope)
OP(CACHE, cache)
OP(ATTENTION, attention)
OP(GLU, glu)
OP(GATHER, gather)
