#!/usr/bin/env python3
# Writes src/govern/licence/licence_gb2312_list.h from Python's codec "gb2312".
# SPDX-License-Identifier: Apache-2.0
#
#   tools/write_gb2312.py > src/govern/licence/licence_gb2312_list.h
#
# A table of our own, and not iconv: the C library loads a converter as a program part, from wherever GCONV_PATH says.

HEAD = """/* GB 2312-80 to Unicode, rows 1 to 87, 0 where nothing is; by tools/write_gb2312.py, do not edit.
 * SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
"""
ROWS, CELLS, FIRST = 87, 94, 0xA1


def letter(row, cell):
    try:
        return ord(bytes([FIRST + row, FIRST + cell]).decode("gb2312"))
    except UnicodeDecodeError:
        return 0


line = ""
print(HEAD, end="")
for number in (letter(row, cell) for row in range(ROWS) for cell in range(CELLS)):
    item = f"0x{number:X}," if number else "0,"
    if len(line) + len(item) + 1 > 100:
        print(line)
        line = ""
    line += f" {item}" if line else item
print(line)
