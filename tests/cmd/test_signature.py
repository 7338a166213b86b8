#!/usr/bin/env python3
# Signatures of models: the conformance suite of OpenSSF Model Signing, and its Python library, against ours.
# SPDX-License-Identifier: Apache-2.0
#
#   test_signature.py [PROGRAM]      PROGRAM: HEARTH, or build/hearth
#
# The suite comes from the shared folder (real/conformance/oms). Its keyless cases must be refused with the
# reason. Cases that sign make their own keys with openssl. With the package model-signing installed, in this
# interpreter or in build*/clients-venv (tools/clients_venv makes it), each side checks what the other signed.
# The last line is "N passed, N failed, N skipped".
import glob
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.abspath(os.environ.get("HEARTH_SHARED", os.path.join(ROOT, "../shared")))
SUITE = os.path.join(SHARED, "real/conformance/oms/oms-conformance.tar.gz")
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
PYTHONS = [sys.executable] + sorted(glob.glob(os.path.join(ROOT, "build*/clients-venv/bin/python")))
TIMEOUT_S = 120
KEYLESS = "asks nobody"


class Skipped(Exception):
    pass


def run(*command):
    return subprocess.run(command, text=True, capture_output=True, timeout=TIMEOUT_S)


def openssl(*arguments):
    r = run("openssl", *arguments)
    assert r.returncode == 0, r.stderr


class Keys:
    """Keys and certificates, made once: a root, one between, and a leaf for each curve."""

    def __init__(self, folder):
        self.folder = folder
        for curve in ("P-256", "P-384", "P-521"):
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-out", self.key(curve))
            openssl("pkey", "-in", self.key(curve), "-pubout", "-out", self.public(curve))
        for name, above in (("root", None), ("between", "root"), ("leaf", "between"), ("tls", "between")):
            self.certificate(name, above)
        self.certificate("self", None, "keyUsage=critical,digitalSignature\nbasicConstraints=CA:TRUE\n"
                                       "extendedKeyUsage=codeSigning\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def key(self, curve):
        return self.path(curve + ".pem")

    def public(self, curve):
        return self.path(curve + ".pub")

    def certificate(self, name, above, extensions=None):
        extensions = extensions or {
            "leaf": "keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\nbasicConstraints=CA:FALSE\n",
            "tls": "keyUsage=critical,keyEncipherment\nextendedKeyUsage=serverAuth\n",
        }.get(name, "keyUsage=critical,keyCertSign\nbasicConstraints=critical,CA:TRUE\n")
        key, request = self.path(name + ".key"), self.path(name + ".req")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                "-subj", f"/O=Test/CN={name}", "-out", request)
        with open(self.path(name + ".ext"), "w") as f:
            f.write(extensions)
        by = ["-signkey", key] if above is None else ["-CA", self.path(above + ".crt"), "-CAkey",
                                                       self.path(above + ".key"), "-CAcreateserial"]
        openssl("x509", "-req", "-in", request, "-days", "3650", "-extfile", self.path(name + ".ext"), *by, "-out",
                self.path(name + ".crt"))


def create(model, out, key, certificates=(), ignore=()):
    command = [PROGRAM, "signature", "create", model, "--out", out, "--key", key]
    for c in certificates:
        command += ["--cert", c]
    for i in ignore:
        command += ["--ignore", i]
    return run(*command)


def verify(model, bundle, key=None, trust=(), ignore=(), ignore_unsigned=False):
    command = [PROGRAM, "signature", "verify", model, "--bundle", bundle]
    if key:
        command += ["--key", key]
    for c in trust:
        command += ["--trust", c]
    for i in ignore:
        command += ["--ignore", i]
    if ignore_unsigned:
        command.append("--ignore-unsigned")
    return run(*command)


def signed_names(bundle):
    import base64
    with open(bundle) as f:
        payload = json.load(f)["dsseEnvelope"]["payload"]
    return [r["name"] for r in json.loads(base64.b64decode(payload))["predicate"]["resources"]]


# ---- the conformance suite ----

def model_of(case, config, suite, folder):
    """A copy of the case's model with its changes, as the suite's own harness makes it."""
    base = case if config.get("model_relative_to") == "test_dir" else suite + "/test/assets"
    source = os.path.join(base, config["model"])
    copy = os.path.join(folder, os.path.basename(source) if os.path.isfile(source) else "model")
    (shutil.copy2 if os.path.isfile(source) else shutil.copytree)(source, copy)
    inside = copy if os.path.isdir(copy) else folder
    changes = config.get("model_modifications") or {}
    for name, text in {**changes.get("tamper", {}), **changes.get("inject", {})}.items():
        with open(os.path.join(inside, name), "w") as f:
            f.write(text)
    for name in changes.get("delete", []):
        if os.path.exists(os.path.join(inside, name)):
            os.unlink(os.path.join(inside, name))
    for name, target in changes.get("symlinks", {}).items():
        os.makedirs(os.path.dirname(os.path.join(inside, name)), exist_ok=True)
        os.symlink(target, os.path.join(inside, name))
    return copy


def suite_verify(case, config, suite, keys, folder):
    how = config.get("verify") or {}
    assets = suite + "/test/assets/"
    trust = {"key": {"key": assets + how.get("public_key", "")}}.get(
        config["method"], {"trust": [assets + c for c in how.get("cert_chain", [])]})
    if config["method"] == "sigstore":
        trust = {"key": assets + "keys/certificate/signing-key-pub.pem"}
    if config["method"] == "key" and not os.path.exists(trust["key"]):
        trust = {"key": keys.public("P-256")}  # a key that the suite does not bring along
    model = model_of(case, config, suite, folder)
    r = verify(model, case + "/bundle.sig", ignore=how.get("ignore_paths", []),
               ignore_unsigned=how.get("ignore_unsigned_files", False), **trust)
    if config["method"] == "sigstore" or os.path.basename(case).startswith("sigstore"):
        assert r.returncode == 5 and KEYLESS in r.stderr, (r.returncode, r.stderr)
    elif config.get("expect") == "fail":
        assert r.returncode in (1, 4, 5) and r.stderr.startswith("hearth: "), (r.returncode, r.stderr)
    else:
        assert r.returncode == 0, r.stderr


def suite_roundtrip(case, config, suite, keys, folder):
    if config["method"] == "sigstore":
        raise Skipped("keyless signing is not made here")
    asked = config["sign"]["private_key"]
    curve = "P-384" if "p384" in asked else "P-521" if "p521" in asked else "P-256"
    ignore = (config.get("verify") or {}).get("ignore_paths", [])
    unsigned = (config.get("verify") or {}).get("ignore_unsigned_files", False)
    if config["method"] == "certificate" and "self-signed" in case:
        how = keys.path("self.key"), [keys.path("self.crt")], {"trust": [keys.path("self.crt")]}
    elif config["method"] == "certificate":
        how = (keys.path("leaf.key"), [keys.path("leaf.crt"), keys.path("between.crt")],
               {"trust": [keys.path("root.crt")]})
    else:
        how = keys.key(curve), [], {"key": keys.public(curve)}
    model = model_of(case, config, suite, folder)
    bundle = os.path.join(model if config.get("sig_inside_model") else folder, "bundle.sig")
    r = create(model, bundle, how[0], how[1], ignore)
    if config.get("expect") == "fail":
        assert r.returncode != 0 and not os.path.exists(bundle), (r.returncode, r.stderr)
        return
    assert r.returncode == 0, r.stderr
    names = signed_names(bundle)
    assert names == sorted(names) and "bundle.sig" not in names, names
    wanted = config.get("expected_signed_files")
    assert not wanted or names == sorted(wanted) or (wanted == ["."] and len(names) == 1), (names, wanted)
    if unsigned:
        with open(os.path.join(model, "later.txt"), "w") as f:
            f.write("added behind the signature")
    r = verify(model, bundle, ignore=ignore, ignore_unsigned=unsigned, **how[2])
    assert r.returncode == 0, r.stderr
    again = os.path.join(folder, "again.sig")
    assert create(model, again, how[0], how[1], ignore + ["later.txt", "bundle.sig"]).returncode == 0
    assert signed_names(again) == names


# ---- our own cases ----

def small_model(folder):
    model = os.path.join(folder, "m")
    os.makedirs(model + "/sub")
    for name, text in (("a.bin", b"\0\1\2"), ("sub/b.txt", b"b"), ("\u6a21\u578b.json", b"{}")):
        with open(os.path.join(model, name), "wb") as f:
            f.write(text)
    return model


def case_what_is_refused(keys, folder):
    model = small_model(folder)
    good = keys.key("P-256"), keys.public("P-256")
    bundle = folder + "/s"
    assert create(model, bundle, good[0]).returncode == 0
    openssl("genpkey", "-algorithm", "ED25519", "-out", keys.path("ed.pem"))
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1", "-out", keys.path("k1.pem"))
    openssl("pkey", "-in", good[0], "-aes256", "-passout", "pass:x", "-out", keys.path("locked.pem"))
    for r, code, words in [
        (create(model, folder + "/t", keys.path("ed.pem")), 5, "ED25519"),
        (create(model, folder + "/t", keys.path("k1.pem")), 5, "secp256k1"),
        (create(model, folder + "/t", keys.path("locked.pem")), 5, "is encrypted"),
        (create(model, folder + "/t", good[1]), 4, "no private key"),
        (create(model, folder + "/t", keys.path("leaf.key"), [keys.path("between.crt")]), 2, "not that of the key"),
        (create(model, folder + "/t", good[0], [], ["../x"]), 4, "no path in a model"),
        (create(folder + "/none", folder + "/t", good[0]), 3, "none"),
        (verify(model, bundle, keys.public("P-384")), 1, "another key"),
        (verify(model, bundle, trust=[keys.path("root.crt")]), 1, "signed with a key"),
        (verify(model, bundle), 2, "whom you trust"),
        (verify(model, bundle, good[1], [keys.path("root.crt")]), 2, "whom you trust"),
        (verify(model, bundle, keys.path("ed.pem")), 4, "no public key"),
        (verify(model, folder + "/none", good[1]), 3, "none"),
    ]:
        assert r.returncode == code and words in r.stderr, (words, r.returncode, r.stderr)
    assert not os.path.exists(folder + "/t")


def case_certificates_that_are_not_trusted(keys, folder):
    model, bundle = small_model(folder), folder + "/s"
    chain = [keys.path("leaf.crt"), keys.path("between.crt")]
    assert create(model, bundle, keys.path("leaf.key"), chain).returncode == 0
    r = verify(model, bundle, trust=[keys.path("root.crt")])
    assert r.returncode == 0 and "CN=leaf" in r.stdout, r
    r = verify(model, bundle, trust=[keys.path("self.crt")])
    assert r.returncode == 1 and "is not trusted" in r.stderr, r
    assert create(model, bundle, keys.path("leaf.key"), chain[:1]).returncode == 0  # the one between is not there
    assert verify(model, bundle, trust=[keys.path("root.crt")]).returncode == 1
    assert verify(model, bundle, trust=[keys.path("root.crt"), keys.path("between.crt")]).returncode == 0
    assert create(model, bundle, keys.path("tls.key"), [keys.path("tls.crt"), chain[1]]).returncode == 0
    r = verify(model, bundle, trust=[keys.path("root.crt")])
    assert r.returncode == 1 and "not for signing" in r.stderr, r
    r = verify(model, bundle, key=keys.public("P-256"))
    assert r.returncode == 1 and "with a certificate" in r.stderr, r


def case_every_change_is_named(keys, folder):
    model, bundle = small_model(folder), folder + "/s"
    assert create(model, bundle, keys.key("P-256")).returncode == 0
    key = keys.public("P-256")
    for change, words in [
        (lambda: open(model + "/a.bin", "ab").write(b"x"), "a.bin has other bytes"),
        (lambda: os.unlink(model + "/sub/b.txt"), "sub/b.txt is missing"),
        (lambda: open(model + "/sub/new", "w").write("n"), "sub/new was not signed"),
    ]:
        change()
        r = verify(model, bundle, key)
        assert r.returncode == 1 and words in r.stderr, (words, r.stderr)
    for words in ("a.bin has other bytes", "sub/b.txt is missing", "sub/new was not signed"):
        assert words in r.stderr, r.stderr  # all of them at once


def case_every_changed_byte_of_a_bundle(keys, folder):
    """No byte may change without notice, but for those that say nothing (a hint is not needed)."""
    model, bundle, changed = small_model(folder), folder + "/s", folder + "/c"
    assert create(model, bundle, keys.key("P-256")).returncode == 0
    text = open(bundle, "rb").read()
    for at in range(0, len(text), max(1, len(text) // 60)):
        with open(changed, "wb") as f:
            f.write(text[:at] + bytes([text[at] ^ 1]) + text[at + 1:])
        r = verify(model, changed, keys.public("P-256"))
        quiet = text.find(b'"keyid"') <= at or b'"tlogEntries"' in text[at - 14:at + 14]
        assert r.returncode in (1, 4, 5) or quiet, (at, text[max(0, at - 20):at + 20])


def case_both_places_of_a_bundle(keys, folder):
    model = small_model(folder)
    assert run(PROGRAM, "signature", "create", model, "--key", keys.key("P-256")).returncode == 0
    assert os.path.exists(model + "/model.sig")
    assert run(PROGRAM, "signature", "verify", model, "--key", keys.public("P-256")).returncode == 0
    one = model + "/a.bin"
    assert run(PROGRAM, "signature", "create", one, "--key", keys.key("P-521")).returncode == 0
    r = run(PROGRAM, "signature", "verify", one, "--key", keys.public("P-521"), "--json")
    answer = json.loads(r.stdout)
    assert answer["method"] == "key" and answer["files"] == 1 and answer["legacy"] is False, answer


# ---- the Python library ----

def python_library():
    for python in PYTHONS:
        if run(python, "-c", "import model_signing").returncode == 0:
            return [python, "-m", "model_signing"]
    raise Skipped("model-signing is not installed")


def case_the_python_library_accepts_ours(keys, folder):
    library, model, bundle = python_library(), small_model(folder), folder + "/s"
    for curve in ("P-256", "P-384", "P-521"):
        assert create(model, bundle, keys.key(curve), ignore=["sub"]).returncode == 0
        r = run(*library, "verify", "key", "--signature", bundle, "--public_key", keys.public(curve), model)
        assert r.returncode == 0, r.stdout + r.stderr
    assert create(model, bundle, keys.path("leaf.key"), [keys.path("leaf.crt"), keys.path("between.crt")]).returncode == 0
    r = run(*library, "verify", "certificate", "--signature", bundle, "--certificate_chain", keys.path("root.crt"), model)
    assert r.returncode == 0, r.stdout + r.stderr
    with open(model + "/a.bin", "ab") as f:
        f.write(b"x")
    r = run(*library, "verify", "certificate", "--signature", bundle, "--certificate_chain", keys.path("root.crt"), model)
    assert r.returncode != 0


def case_we_accept_the_python_library(keys, folder):
    library, model, bundle = python_library(), small_model(folder), folder + "/s"
    for curve in ("P-256", "P-384", "P-521"):
        r = run(*library, "sign", "key", "--signature", bundle, "--private_key", keys.key(curve), model)
        assert r.returncode == 0, r.stdout + r.stderr
        r = verify(model, bundle, keys.public(curve))
        assert r.returncode == 0, r.stderr
    r = run(*library, "sign", "certificate", "--signature", bundle, "--private_key", keys.path("leaf.key"),
            "--signing_certificate", keys.path("leaf.crt"), "--certificate_chain", keys.path("between.crt"), model)
    assert r.returncode == 0, r.stdout + r.stderr
    assert verify(model, bundle, trust=[keys.path("root.crt")]).returncode == 0
    one = model + "/a.bin"
    assert run(*library, "sign", "key", "--signature", bundle, "--private_key", keys.key("P-256"), one).returncode == 0
    assert verify(one, bundle, keys.public("P-256")).returncode == 0


def all_cases(suite):
    for name, case in sorted(globals().items()):
        if name.startswith("case_"):
            yield name[5:], case, ()
    for path in sorted(glob.glob(suite + "/test/test-cases/**/config.json", recursive=True)) if suite else []:
        case = os.path.dirname(path)
        kind = suite_roundtrip if "/roundtrip/" in path else suite_verify
        config = json.load(open(path))
        yield os.path.relpath(case, suite + "/test/test-cases"), kind, (case, config, suite)


def main():
    count = {"passed": 0, "failed": 0, "skipped": 0}
    if not shutil.which("openssl"):
        print("openssl is not installed")
        return 77
    with tempfile.TemporaryDirectory() as top:
        keys, suite = Keys(top), None
        if os.path.exists(SUITE):
            suite = top + "/suite"
            with tarfile.open(SUITE) as t:
                t.extractall(suite)
        else:
            print(f"SKIPPED: {SUITE} is not there")
        for name, case, arguments in all_cases(suite):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    case(*arguments, keys, folder)
                    count["passed"] += 1
                except Skipped as e:
                    count["skipped"] += 1
                    print(f"SKIPPED: {name}: {e}")
                except Exception as e:  # one case must not hide the others
                    count["failed"] += 1
                    print(f"FAILED {name}: {type(e).__name__}: {e}")
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**count))
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
