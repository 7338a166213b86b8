#!/usr/bin/env python3
# Writes src/math/quants/codebooks.c from the grid values in the gguf package (pip install gguf).
# SPDX-License-Identifier: Apache-2.0
#
#   tools/write_codebooks.py > src/math/quants/codebooks.c
#
# The grids are part of the formats: a block stores indices into them.
from gguf import quants

HEAD = """/* Grids of the IQ formats; written by tools/write_codebooks.py, do not edit.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/codebooks.h"

/* clang-format off */

"""
GRIDS = [("iq2_xxs", quants.IQ2_XXS), ("iq2_xs", quants.IQ2_XS), ("iq2_s", quants.IQ2_S),
         ("iq3_xxs", quants.IQ3_XXS), ("iq3_s", quants.IQ3_S), ("iq1", quants.IQ1_S)]


def rows(vectors):
    """Initializers, as many to a line as fit in 100 columns."""
    line = "   "
    for v in vectors:
        item = " {" + ",".join(str(int(x)) for x in v) + "},"
        if len(line) + len(item) > 100:
            yield line
            line = "   "
        line += item
    yield line


def curve(name, values):
    print(f"const int8_t codebook_{name}[16] = {{\n    {', '.join(map(str, values))}\n}};")


print(HEAD, end="")
curve("iq4", quants.IQ4_NL.kvalues)
curve("e2m1", quants.MXFP4.kvalues)
for name, cls in GRIDS:
    cls.init_grid()
    count, width = cls.grid_shape
    print(f"\nconst int8_t codebook_{name}[{count}][{width}] = {{")
    print("\n".join(rows(cls.grid.reshape(count, width))))
    print("};")
