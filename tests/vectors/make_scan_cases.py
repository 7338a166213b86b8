#!/usr/bin/env python3
"""Pickles and small PyTorch files for test_scan, with what CPython says of them.
SPDX-License-Identifier: Apache-2.0

    make_scan_cases.py [FOLDER]         FOLDER: tests/data/scan

Two oracles, neither of them ours. `loaded`: CPython's own unpickler (the one in C) runs each pickle with a find_class
that only writes down what it was asked for and hands out a class that does nothing. `read`: pickletools.genops gives the
opcodes, and the stack is followed by what pickletools says of each one's effect. Where both apply they must agree.
Nothing that a pickle names is imported or called. The .pt files need PyTorch.
"""
import base64
import io
import json
import pathlib
import pickle
import pickletools
import struct
import sys


# ---- oracles ----

class Harmless:
    def __new__(cls, *args, **kwargs):
        return object.__new__(cls)

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return Harmless()

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        pass

    def append(self, value):
        pass

    def extend(self, values):
        pass

    def add(self, value):
        pass

    def __hash__(self):
        return id(self)


class Recorder(pickle.Unpickler):
    def __init__(self, data):
        super().__init__(io.BytesIO(data))
        self.found = []

    def find_class(self, module, name):
        self.found.append([module, name])
        return Harmless

    def persistent_load(self, pid):
        return Harmless()


def loaded(data):
    r = Recorder(data)
    try:
        r.load()
        return r.found, True
    except Exception:
        return r.found, False


class Text(str):
    pass


def read(data):
    """[[module, name, offset]], and whether genops came to STOP."""
    stack, memo, found = [], {}, []
    mark = object()

    def pop_to_mark():
        while stack.pop() is not mark:
            pass

    try:
        for op, arg, at in pickletools.genops(data):
            name = op.name
            if name in ("PUT", "BINPUT", "LONG_BINPUT"):
                memo[arg] = stack[-1]
                continue
            if name == "MEMOIZE":
                memo[len(memo)] = stack[-1]
                continue
            if name in ("GET", "BINGET", "LONG_BINGET"):
                stack.append(memo[arg])
                continue
            if name == "DUP":
                stack.append(stack[-1])
                continue
            if name == "POP":
                stack.pop()
                continue
            if name == "STACK_GLOBAL":
                attribute, module = stack.pop(), stack.pop()
                if isinstance(attribute, Text) and isinstance(module, Text):
                    found.append([str(module), str(attribute), at])
                stack.append(None)
                continue
            if name in ("GLOBAL", "INST"):
                module, attribute = arg.split(" ", 1)
                found.append([module, attribute, at])
            before, after = list(op.stack_before), list(op.stack_after)
            if pickletools.stackslice in before or pickletools.markobject in before:
                keep = before.index(pickletools.markobject) if pickletools.markobject in before else 0
                pop_to_mark()
                for _ in range(keep):
                    stack.pop()
            else:
                for _ in before:
                    stack.pop()
            for item in after:
                if item is pickletools.markobject:
                    stack.append(mark)
                elif item in (pickletools.pyunicode, pickletools.pybytes_or_str) and isinstance(arg, str):
                    stack.append(Text(arg))
                else:
                    stack.append(None)
        return found, True
    except Exception:
        return found, False


# ---- pickles by hand ----

def short(text):
    raw = text.encode()
    return b"\x8c" + bytes([len(raw)]) + raw


def uni(text):
    raw = text.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def uni8(text):
    raw = text.encode()
    return b"\x8d" + struct.pack("<Q", len(raw)) + raw


def by_hand():
    s, u = short, uni
    yield "global", b"cos\nsystem\n(S'true'\ntR.", "deny"
    yield "global-py2-name", b"c__builtin__\neval\n(S'1'\ntR.", "deny"
    yield "global-commands", b"ccommands\ngetoutput\n(S'id'\ntR.", "deny"
    yield "inst", b"(S'true'\nios\nsystem\n.", "deny"
    yield "inst-empty", b"(isubprocess\nPopen\n.", "deny"
    yield "obj", b"(cos\nsystem\nS'true'\no.", "deny"
    yield "newobj", b"\x80\x02csubprocess\nPopen\n)\x81.", "deny"
    yield "newobj-ex", b"\x80\x04" + s("subprocess") + s("Popen") + b"\x93)}\x92.", "deny"
    yield "stack-global", b"\x80\x04" + s("os") + s("system") + b"\x93" + s("true") + b"\x85R.", "deny"
    yield "stack-global-memo", (b"\x80\x04" + s("system") + b"\x94" + s("posix") + b"\x940" + b"0" + b"h\x01h\x00\x93" +
                                s("true") + b"\x85R."), "deny"
    yield "stack-global-put", (b"\x80\x04" + u("builtins") + b"p7\n0" + u("exec") + b"q\x050" + b"g7\nh\x05\x93" +
                               s("1") + b"\x85R."), "deny"
    yield "stack-global-long-put", (b"\x80\x04" + u("runpy") + b"r\xff\xff\xff\x010" + u("run_path") +
                                    b"\x94" + b"0j\xff\xff\xff\x01h\x01\x93" + s("x") + b"\x85R."), "deny"
    yield "stack-global-dup", b"\x80\x04" + s("pty") + b"2\x93" + b"0N.", "deny"
    yield "stack-global-uni8", b"\x80\x04" + uni8("webbrowser") + uni8("open") + b"\x93" + s("x") + b"\x85R.", "deny"
    yield "stack-global-unicode", b"\x80\x04Vos\nV\\u0073ystem\n\x93N\x85R.", "deny"
    yield "stack-global-unicode-8", b"\x80\x04V\\U0000006fs\nVsystem\n\x93N\x85R.", "deny"
    yield "stack-global-string", b"\x80\x04S'os'\nS'sys\\x74em'\n\x93N\x85R.", "deny"
    yield "stack-global-octal", b"\x80\x04S\"o\\163\"\nS'system'\n\x93N\x85R.", "deny"
    yield "stack-global-binstring", b"\x80\x04U\x02osT\x06\0\0\0system\x93N\x85R.", "deny"
    yield "stack-global-pop-mark", b"\x80\x04" + s("os") + b"(K\x01K\x021" + s("system") + b"\x93N\x85R.", "deny"
    yield "stack-global-overwritten", (b"\x80\x04" + s("decimal") + b"q\x000" + s("os") + b"q\x000h\x00" +
                                       s("system") + b"\x93N\x85R."), "deny"
    yield "stack-global-dotted", b"\x80\x04" + s("torch.serialization") + s("os.system") + b"\x93N\x85R.", "deny"
    yield "stack-global-dunder", b"\x80\x04" + s("torch") + s("Tensor.__init__.__globals__") + b"\x93.", "deny"
    yield "stack-global-dotted-harmless", b"\x80\x04" + s("collections") + s("OrderedDict.fromkeys") + b"\x93]\x85R.", "ask"
    yield "deep-module", b"\x80\x04" + s("os.path") + s("join") + b"\x93.", "deny"
    yield "prefix-is-not-module", b"\x80\x04" + s("ostrich") + s("system") + b"\x93.", "ask"
    yield "import-without-call", b"\x80\x02cnumpy.testing\nrundocs\n.", "deny"
    yield "torch-hub", b"\x80\x02ctorch.hub\nload\nU\x01x\x85R.", "deny"
    yield "getattr-chain", (b"\x80\x04" + s("builtins") + s("getattr") + b"\x93" + s("os") + s("x") + b"\x86R" +
                            s("y") + b"\x85R."), "deny"
    yield "importlib", b"cimportlib\nimport_module\n(S'os'\ntR.", "deny"
    yield "sys-modules", b"csys\nmodules\n.", "deny"
    yield "attrgetter", b"coperator\nattrgetter\n(S'system'\ntR.", "deny"
    yield "build-on-class", b"\x80\x02ctorch\nTensor\n}U\x01aK\x01sb.", "deny"
    yield "append-to-import", b"\x80\x02cmymodule\nitems\nK\x01a.", "deny"
    yield "setitem-of-import", b"\x80\x02cmymodule\ntable\nU\x01aK\x01s.", "deny"
    yield "setitems-of-import", b"\x80\x02cmymodule\ntable\n(U\x01aK\x01u.", "deny"
    yield "unknown-class", b"\x80\x02cmymodel.net\nNet\n)\x81}b.", "ask"
    yield "partial", b"\x80\x02cfunctools\npartial\ncbuiltins\nprint\n\x85R.", "ask"
    yield "ext1", b"\x80\x02\x82\x01.", "ask"
    yield "ext2", b"\x80\x02\x83\x01\x02.", "ask"
    yield "ext4", b"\x80\x02\x84\x01\x02\x03\x04.", "ask"
    yield "call-of-call", b"\x80\x02ccollections\nOrderedDict\n)R)R.", "ask"
    yield "computed-name", (b"\x80\x04" + s("os") + b"ccollections\nOrderedDict\n)R\x93."), "deny"
    yield "persistent", b"\x80\x02U\x01xQ.", "note"
    yield "persistent-line", b"Pabc\n.", "note"
    yield "damaged-after-call", b"cos\nsystem\n(S'true'\ntR\xff\xff", "deny"
    yield "cut-off", b"\x80\x04\x95\x40\0\0\0\0\0\0\0" + s("os"), "ask"
    yield "frame-crossing", b"\x80\x04\x95\x03\0\0\0\0\0\0\0" + s("os") + s("system") + b"\x93.", "deny"
    yield "underflow", b"\x80\x02R.", "ask"
    yield "missing-memo", b"\x80\x02h\x05.", "ask"
    yield "below-the-mark", b"\x80\x02K\x01(0.", "note"
    yield "pop-below-mark", b"\x80\x02K\x01(K\x0100.", "note"
    yield "reach-below-mark", b"\x80\x02K\x01(R.", "ask"
    yield "two-pickles", b"\x80\x02N.\x80\x02cos\nsystem\n)R.", "deny"
    yield "newer-protocol", b"\x80\x06N.", "ask"
    yield "long-memo-number", b"(lp99999999999\n0g99999999999\n.", "note"
    yield "memo-number-forms", b"(lp 1_0 \n0g+10\n.", "note"
    yield "only-stop", b".", "ask"
    yield "many", b"\x80\x02" + b"".join(b"cmodule%d\nname\n0" % i for i in range(200)) + b"N.", "ask"
    inner = b"cos\nsystem\n(S'true'\ntR."
    inner4 = b"\x80\x04" + s("os") + s("system") + b"\x93" + s("true") + b"\x85R."
    yield "nested", b"\x80\x03C" + bytes([len(inner4)]) + inner4 + b".", "deny"
    yield "nested-load", (b"\x80\x03ctorch.storage\n_load_from_bytes\nC" + bytes([len(inner4)]) + inner4 + b"\x85R."), "deny"
    yield "nested-bytearray", b"\x80\x05\x96" + struct.pack("<Q", len(inner4)) + inner4 + b".", "deny"
    yield "nested-protocol-0", b"\x80\x03C" + bytes([len(inner)]) + inner + b".", "note"


class Plain:
    def __init__(self):
        self.a = 1


def by_pickle():
    import collections
    import datetime
    import decimal
    import fractions
    import functools
    import uuid
    values = {
        "list": [1, 2.5, "three", b"four", None, True, (5,), {6: 7}, {8}, frozenset([9])],
        "ordered": collections.OrderedDict(a=[1, 2], b="x" * 300),
        "values": [decimal.Decimal("1.5"), fractions.Fraction(1, 3), datetime.date(2020, 1, 2), uuid.UUID(int=5),
                   complex(1, 2), range(5), slice(1, 2), bytearray(b"abc")],
        "defaultdict": collections.defaultdict(list, a=[1]),
        "unicode": "\u00e9\u4f60\U0001f600\\u0041\n\r\x00",
        "functions": [len, functools.partial(int, "7"), Plain],
        "object": Plain(),
        "large": ["item %d" % i for i in range(2000)],
    }
    for name, value in values.items():
        for protocol in range(6):
            if protocol == 0 and name == "large":
                continue
            yield f"{name}-{protocol}", pickle.dumps(value, protocol)
    import codecs
    yield "codecs", pickle.dumps(codecs.getreader("utf-8"), 4)


def cases():
    for name, data, answer in by_hand():
        yield name, data, answer
    for name, data in by_pickle():
        yield name, data, None


def write_pickles(path):
    seen, both = set(), 0
    with open(path, "w") as out:
        for name, data, answer in cases():
            by_read, whole_read = read(data)
            by_load, whole_load = loaded(data)
            assert name not in seen, name
            seen.add(name)
            if whole_read and whole_load:
                both += 1
                assert [f[:2] for f in by_read] == by_load, (name, by_read, by_load)
            # Damage ends both, but the unpickler also ends at extension codes, and genops knows no fence.
            imports = by_read if len(by_read) >= len(by_load) else [f + [None] for f in by_load]
            line = {"name": name, "pickle": base64.b64encode(data).decode(), "imports": imports,
                    "loads": whole_load, "reads": whole_read, "answer": answer}
            out.write(json.dumps(line) + "\n")
    print(f"{path}: {len(seen)} pickles, {both} of which both oracles read whole")


# ---- PyTorch ----

def write_torch(folder):
    import torch
    state = {"weight": torch.arange(6, dtype=torch.float32).reshape(2, 3), "bias": torch.zeros(2, dtype=torch.bfloat16),
             "step": 7}
    torch.save(state, folder / "state.pt")
    torch.save(state, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(torch.nn.Linear(2, 2), folder / "module.pt")

    class Evil:
        def __reduce__(self):
            import os
            return os.system, ("true",)
    torch.save({"weight": state["weight"], "x": Evil()}, folder / "evil.pt")
    torch.save({"weight": state["weight"], "x": Evil()}, folder / "evil-legacy.pt", _use_new_zipfile_serialization=False)
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), folder / "script.pt")
    import numpy
    numpy.savez(folder / "plain.npz", a=numpy.arange(4))
    numpy.savez_compressed(folder / "compressed.npz", a=numpy.arange(4))
    numpy.save(folder / "objects.npy", numpy.array([{"a": 1}], dtype=object), allow_pickle=True)


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "data/scan"
    folder.mkdir(parents=True, exist_ok=True)
    write_pickles(folder / "pickles.jsonl")
    write_torch(folder)


if __name__ == "__main__":
    main()
