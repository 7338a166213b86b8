/* Magic numbers and the endings of names.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/scan/scan_kind.h"

#include <string.h>
#include <strings.h>

#include "govern/scan/scan_inner.h"

struct magic {
    const char *bytes;
    size_t len, at;
    enum scan_kind kind;
    const char *words;
};

#define MAGIC(bytes, at, kind, words)                   \
    {                                                   \
        bytes, sizeof bytes - 1, at, KIND_##kind, words \
    }

static const struct magic magics[] = {
    MAGIC("GGUF", 0, GGUF, "a GGUF file"),
    MAGIC("PK\x03\x04", 0, ZIP, "a zip archive"),
    MAGIC("PK\x05\x06", 0, ZIP, "an empty zip archive"),
    MAGIC("PK\x07\x08", 0, ZIP, "a zip archive"),
    MAGIC("ustar", 257, TAR, "a tar archive"),
    MAGIC("\x1F\x8B\x08", 0, COMPRESSED, "compressed (gzip)"),
    MAGIC("BZh", 0, COMPRESSED, "compressed (bzip2)"),
    MAGIC("\xFD"
          "7zXZ\0",
          0, COMPRESSED, "compressed (xz)"),
    MAGIC("\x28\xB5\x2F\xFD", 0, COMPRESSED, "compressed (zstd)"),
    MAGIC("\x04\x22\x4D\x18", 0, COMPRESSED, "compressed (lz4)"),
    MAGIC("7z\xBC\xAF\x27\x1C", 0, COMPRESSED, "an archive (7z)"),
    MAGIC("Rar!\x1A\x07", 0, COMPRESSED, "an archive (rar)"),
    MAGIC("\x7F"
          "ELF",
          0, PROGRAM, "a program or library of Linux (ELF)"),
    MAGIC("\xFE\xED\xFA\xCE", 0, PROGRAM, "a program or library of macOS (Mach-O)"),
    MAGIC("\xFE\xED\xFA\xCF", 0, PROGRAM, "a program or library of macOS (Mach-O)"),
    MAGIC("\xCE\xFA\xED\xFE", 0, PROGRAM, "a program or library of macOS (Mach-O)"),
    MAGIC("\xCF\xFA\xED\xFE", 0, PROGRAM, "a program or library of macOS (Mach-O)"),
    MAGIC("\xCA\xFE\xBA\xBE", 0, PROGRAM, "a program of macOS or Java (fat Mach-O, class)"),
    MAGIC("\0asm\x01\0\0\0", 0, PROGRAM, "a WebAssembly program"),
    MAGIC("MZqFpD", 0, PROGRAM, "a program for many systems (APE, a llamafile)"),
    MAGIC("\x1BLua", 0, PROGRAM, "a compiled Lua program"),
    MAGIC("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 0, PROGRAM, "an old Office or installer file"),
    MAGIC("\x89HDF\r\n\x1A\n", 0, HDF5, "an HDF5 file"),
    MAGIC("\x93NUMPY", 0, NUMPY, "a numpy array"),
};

/* "MZ" alone is too little: raw numbers may begin so. The header says where "PE" stands. */
static bool is_windows_program(const uint8_t *d, size_t len)
{
    if (len < 0x40 || d[0] != 'M' || d[1] != 'Z') return false;
    size_t at =
        (size_t)d[0x3C] | (size_t)d[0x3D] << 8 | (size_t)d[0x3E] << 16 | (size_t)d[0x3F] << 24;
    return at < len && len - at >= 4 && memcmp(d + at, "PE\0", 4) == 0;
}

/* Eight bytes of length, and a JSON object of it. */
static bool is_safetensors(const uint8_t *d, size_t len)
{
    uint64_t n = 0;
    if (len < 10) return false;
    for (int i = 7; i >= 0; i--)
        n = n << 8 | d[i];
    return n >= 2 && n <= len - 8 && d[8] == '{';
}

enum scan_kind scan_kind(const uint8_t *data, size_t len, const char **ret_words)
{
    static const struct magic script = { "", 0, 0, KIND_SCRIPT, "a script (#!)" };
    const struct magic *found = NULL;
    *ret_words = "a file of unknown kind";
    if (len == 0) return KIND_EMPTY;
    for (size_t i = 0; !found && i < sizeof magics / sizeof *magics; i++) {
        const struct magic *m = &magics[i];
        if (len >= m->at + m->len && memcmp(data + m->at, m->bytes, m->len) == 0) found = m;
    }
    if (!found && len >= 4 && data[0] == '#' && data[1] == '!' &&
        (data[2] == '/' || data[2] == ' '))
        found = &script;
    if (found) {
        *ret_words = found->words;
        return found->kind;
    }
    if (is_windows_program(data, len)) {
        *ret_words = "a program or library of Windows (PE)";
        return KIND_PROGRAM;
    }
    if (!is_safetensors(data, len)) return KIND_UNKNOWN;
    *ret_words = "a safetensors file";
    return KIND_SAFETENSORS;
}

/* LICENSE, NOTICE.apache, README, Modelfile: texts without an ending of their own. */
static bool is_text_name(const char *name)
{
    static const char *const words[] = { "license",    "licence",    "notice",
                                         "copying",    "readme",     "modelfile",
                                         "model_card", "use_policy", "acceptable_use" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncasecmp(name, words[i], strlen(words[i])) == 0) return true;
    return false;
}

enum scan_promise scan_promise(const char *name)
{
    static const struct {
        const char *end;
        enum scan_promise promise;
    } endings[] = {
#define SCAN_ENDING(end, promise) { end, PROMISE_##promise },
#include "govern/scan/scan_promise_list.h"
#undef SCAN_ENDING
    };
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (scan_name_ends(name, endings[i].end)) return endings[i].promise;
    const char *so = strstr(name, ".so.");
    if (so && so[4] >= '0' && so[4] <= '9') return PROMISE_PROGRAM;
    return is_text_name(name) ? PROMISE_TEXT : PROMISE_NONE;
}
