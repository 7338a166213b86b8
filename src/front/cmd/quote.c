/* Quoting pieces of text.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/quote.h"

#include <stdint.h>

#include "base/core/utf8.h"

void quote_piece(struct buf *out, struct span piece)
{
    buf_byte(out, '"');
    for (size_t i = 0; i < piece.len;) {
        uint32_t c;
        unsigned char byte = (unsigned char)piece.data[i];
        int n = utf8_decode(piece.data + i, piece.len - i, &c);
        if (byte == '\n') buf_text(out, "\\n");
        else if (byte == '\t') buf_text(out, "\\t");
        else if (byte == '"' || byte == '\\') buf_format(out, "\\%c", byte);
        else if (n == 0 || c < 32 || (c >= 0x7F && c < 0xA0)) buf_format(out, "\\x%02X", byte);
        else buf_append(out, piece.data + i, (size_t)n);
        i += n > 0 && c >= 0xA0 ? (size_t)n : 1;
    }
    buf_byte(out, '"');
}

void hex_bytes(struct buf *out, struct span piece)
{
    for (size_t i = 0; i < piece.len; i++)
        buf_format(out, i ? " %02X" : "%02X", (unsigned char)piece.data[i]);
}
