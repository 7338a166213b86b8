# Signed notes and Merkle roots as an auditor checks them, sharing nothing with the program.
# SPDX-License-Identifier: Apache-2.0
#
# RFC 8032 signatures, the recursion of RFC 9162, and C2SP notes, written once more from their descriptions.
import base64
import hashlib

P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P


def recover_x(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - x2) % P == 0
    return P - x if x & 1 != sign else x


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2
    return ((x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P) % P)


def times(n, point):
    out = (0, 1)
    while n:
        if n & 1:
            out = add(out, point)
        point, n = add(point, point), n >> 1
    return out


def point_of(b):
    n = int.from_bytes(b, "little")
    y, sign = n & (2**255 - 1), n >> 255
    return recover_x(y, sign), y


def ed25519_verifies(public, message, signature):
    """RFC 8032, section 5.1.7, as slow as it is plain."""
    y = 4 * pow(5, P - 2, P) % P
    base = (recover_x(y, 0), y)
    r, a, s = point_of(signature[:32]), point_of(public), int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little")
    return times(s, base) == add(r, times(k, a))


def sha256(b):
    return hashlib.sha256(b).digest()


def root_of(leaves):
    """RFC 9162, section 2.1.1."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\1" + root_of(leaves[:k]) + root_of(leaves[k:]))


def read_key(text):
    name, key_id, key = text.strip().split("+", 2)
    key = base64.b64decode(key)
    assert key[0] == 1 and len(key) == 33
    assert sha256(name.encode() + b"\n" + key)[:4].hex() == key_id
    return name, bytes.fromhex(key_id), key[1:]


def open_note(note, key):
    """The text of a note, if this key signed it."""
    name, key_id, public = key
    text, signatures = note.rsplit("\n\n", 1)
    text += "\n"
    line = signatures.strip().split(" ")
    assert line[:2] == ["\u2014", name], line
    signature = base64.b64decode(line[2])
    assert signature[:4] == key_id
    assert ed25519_verifies(public, text.encode(), signature[4:])
    return text


def open_checkpoint(note, key):
    origin, size, root = open_note(note, key).split("\n")[:3]
    assert origin == key[0]
    return int(size), base64.b64decode(root)
