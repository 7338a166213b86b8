# The files of the model in the box, for tests that give them out under other names and sizes.
# SPDX-License-Identifier: Apache-2.0
import json
import pathlib

EMBER = pathlib.Path(__file__).resolve().parent.parent.parent / "models/ember"


def ember_files(**more):
    """Name -> bytes."""
    return {p.name: p.read_bytes() for p in EMBER.iterdir()} | more


def large_files():
    """Weights of several pieces: the tensors of ember and a large one of zeros."""
    files = ember_files()
    b = files["model.safetensors"]
    size = int.from_bytes(b[:8], "little")
    header = json.loads(b[8:8 + size])
    data = len(b) - 8 - size
    header["zeros"] = {"dtype": "F32", "shape": [10 << 20], "data_offsets": [data, data + (40 << 20)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    files["model.safetensors"] = len(text).to_bytes(8, "little") + text + b[8 + size:] + bytes(40 << 20)
    return files
