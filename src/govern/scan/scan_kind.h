/* What bytes are, told by how they begin, and what a file's name promises.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_SCAN_SCAN_KIND_H
#define GOVERN_SCAN_SCAN_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum scan_kind {
    KIND_UNKNOWN,
    KIND_EMPTY,
    KIND_ZIP,
    KIND_TAR,
    KIND_COMPRESSED, /* gzip, bzip2, xz, zstd, lz4, 7z, rar */
    KIND_PROGRAM,    /* ELF, PE, Mach-O, WebAssembly, Java class: see the words */
    KIND_SCRIPT,     /* "#!" */
    KIND_GGUF,
    KIND_SAFETENSORS,
    KIND_HDF5,
    KIND_NUMPY,
};
/* *ret_words: what to call it ("a program for Linux (ELF)"), never NULL. */
enum scan_kind scan_kind(const uint8_t *data, size_t len, const char **ret_words);

/* What the ending of a name promises. */
enum scan_promise {
    PROMISE_NONE,
    PROMISE_PICKLE,       /* .pkl .pt .pth .ckpt .joblib ...: Python reads it as one */
    PROMISE_MAYBE_PICKLE, /* pytorch_model.bin is; other .bin files are anything */
    PROMISE_SAFETENSORS,
    PROMISE_GGUF,
    PROMISE_JSON,
    PROMISE_YAML,
    PROMISE_TEXT, /* cards, licences, settings: read by people or by other tools */
    PROMISE_TEMPLATE,
    PROMISE_PYTHON,
    PROMISE_SCRIPT,
    PROMISE_PROGRAM,
    PROMISE_ARCHIVE, /* .zip .npz .keras .tar .gz */
    PROMISE_HDF5,
    PROMISE_GRAPH, /* ONNX, TensorFlow, TensorRT ... */
    PROMISE_IMAGE,
    PROMISE_NUMPY
};
/* `name`: the last part of a path. */
enum scan_promise scan_promise(const char *name);

#endif
