"""Measures llama.cpp, through its Python package, on request: the peer of `hearth debug bench`.

SPDX-License-Identifier: Apache-2.0

    PYTHON tools/bench_rival.py MODEL.gguf THREADS

Reads `prefill N` or `decode N` a line, answers each with a line of JSON, as `hearth debug bench` does. The
low-level interface is used, so that nothing of Python runs between two tokens but the call itself.
"""
import json
import sys
import time

import llama_cpp as lib

BATCH = 512
CONTEXT = 2048


def open_context(path, threads):
    lib.llama_backend_init()
    quiet = lib.llama_log_callback(lambda level, text, data: None)
    lib.llama_log_set(quiet, None)
    model = lib.llama_model_load_from_file(path.encode(), lib.llama_model_default_params())
    if not model:
        raise SystemExit(f"llama.cpp cannot load {path}")
    params = lib.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch = CONTEXT, BATCH, BATCH
    params.n_threads = params.n_threads_batch = threads
    params.flash_attn_type = lib.LLAMA_FLASH_ATTN_TYPE_ENABLED
    params.no_perf = True
    context = lib.llama_init_from_model(model, params)
    if not context:
        raise SystemExit("llama.cpp cannot make a context")
    return context, quiet  # the callback must stay alive


def feed(context, ids):
    array = (lib.llama_token * len(ids))(*ids)
    if lib.llama_decode(context, lib.llama_batch_get_one(array, len(ids))) != 0:
        raise SystemExit("llama_decode failed")
    lib.llama_synchronize(context)
    lib.llama_get_logits(context)


def token(i):
    """The same ids as in cmd_debug_bench.c: spread over the vocabulary's first ten thousand."""
    return 100 + i * 7919 % 10000


def measure(context, kind, count):
    lib.llama_memory_clear(lib.llama_get_memory(context), True)
    if kind == "prefill":
        start = time.perf_counter()
        for first in range(0, count, BATCH):
            feed(context, [token(i) for i in range(first, min(count, first + BATCH))])
    else:
        feed(context, [token(0)])
        start = time.perf_counter()
        for i in range(count):
            feed(context, [token(i + 1)])
    return time.perf_counter() - start


def main():
    context, _quiet = open_context(sys.argv[1], int(sys.argv[2]))
    print(json.dumps({"ready": True, "engine": f"llama-cpp-python {lib.__version__}",
                      "backend": lib.llama_print_system_info().decode().strip(" |")}), flush=True)
    for line in sys.stdin:
        kind, count = line.split()
        seconds = measure(context, kind, int(count))
        print(json.dumps({"op": kind, "tokens": int(count), "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
