/* Letters that look like others.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/scan/scan_lookalike.h"

#define LATIN_MIN 3

static const uint16_t alike[] = {
    /* Greek: Alpha Beta Epsilon Zeta Eta Iota Kappa Mu Nu Omicron Rho Tau Upsilon Chi, omicron */
    0x0391, 0x0392, 0x0395, 0x0396, 0x0397, 0x0399, 0x039A, 0x039C, 0x039D, 0x039F, 0x03A1, 0x03A4,
    0x03A5, 0x03A7, 0x03BF,
    /* Cyrillic capitals: DZE I YI JE A VE IE KA EM EN O ER ES TE HA */
    0x0405, 0x0406, 0x0407, 0x0408, 0x0410, 0x0412, 0x0415, 0x041A, 0x041C, 0x041D, 0x041E, 0x0420,
    0x0421, 0x0422, 0x0425,
    /* and small: a ie o er es u ha dze i yi je shha komi de, qa, we */
    0x0430, 0x0435, 0x043E, 0x0440, 0x0441, 0x0443, 0x0445, 0x0455, 0x0456, 0x0457, 0x0458, 0x04BB,
    0x0501, 0x051B, 0x051D
};

static bool is_latin(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= 0x00C0 && c <= 0x024F && c != 0x00D7 && c != 0x00F7);
}

static bool is_foreign(uint32_t c)
{
    return (c >= 0x0370 && c <= 0x052F && c != 0x037E && c != 0x0387) ||
           (c >= 0x1F00 && c <= 0x1FFF) || (c >= 0x2DE0 && c <= 0x2DFF) ||
           (c >= 0xA640 && c <= 0xA69F);
}

static bool looks_latin(uint32_t c)
{
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++)
        if (alike[i] == c) return true;
    return false;
}

bool lookalike_step(struct lookalike *w, uint32_t c, size_t at, size_t *ret_begin)
{
    bool latin = is_latin(c), foreign = !latin && is_foreign(c);
    if (latin || foreign) {
        if (!w->latin && !w->foreign) w->begin = at;
        w->latin += latin;
        w->foreign += foreign;
        w->others = w->others || (foreign && !looks_latin(c));
        return false;
    }
    bool ends = w->foreign && w->latin >= LATIN_MIN && !w->others;
    *ret_begin = w->begin;
    *w = (struct lookalike){ 0 };
    return ends;
}
