#!/usr/bin/env python3
# Bills of materials, dossiers and advice, as those who read them meet them.
# SPDX-License-Identifier: Apache-2.0
#
#   test_papers.py [PROGRAM]      PROGRAM: HEARTH, or build/hearth
#
# The schemas of CycloneDX come from the shared folder; jsonschema, cyclonedx-python-lib and spdx-python-model from this
# interpreter or build*/clients-venv. The last line is "N passed, N failed, N skipped".
import glob
import hashlib
import html.parser
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.abspath(os.environ.get("HEARTH_SHARED", os.path.join(ROOT, "../shared")))
SCHEMAS = os.path.join(SHARED, "real/conformance/cyclonedx")
LICENCES = os.path.join(SHARED, "real/licences")
STORIES = os.path.join(SHARED, "real/models/stories260K/stories260K.gguf")
EMBER = os.path.join(ROOT, "models/ember")
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))

sys.path.insert(0, HERE)
import test_bom_cmd  # noqa: E402  the schemas, and what the libraries say

USE = "commercial: true\nterritory: [DE]\nentity: company\n"
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>\u202e'


class Skip(Exception):
    pass


class World:
    """A home, a folder to work in with a policy, and models."""

    def __init__(self, tmp):
        self.tmp = pathlib.Path(tmp)
        self.work = self.tmp / "work"
        self.work.mkdir()
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("HEARTH_HUB")} | {
            "HEARTH_HOME": str(self.tmp / "home"), "HOME": str(self.tmp)}
        self.env.pop("HEARTH_KEY", None)
        self.policy(USE)

    def policy(self, use, mode="enforce"):
        lines = "".join("  " + line + "\n" for line in use.splitlines())
        (self.work / "hearth.yaml").write_text(f"mode: {mode}\n" + (f"use:\n{lines}" if use else ""))

    def run(self, *args, code=0, err=""):
        done = subprocess.run([PROGRAM, *map(str, args)], cwd=self.work, env=self.env, capture_output=True, timeout=300)
        said = done.stderr.decode()
        assert (done.returncode == code if code is not None else done.returncode), \
            f"{args}: exit {done.returncode}, wanted {code}: {said}"
        assert err in said, f"{args}: {said!r} does not say {err!r}"
        return done.stdout.decode()

    def json(self, *args, **kw):
        return json.loads(self.run(*args, **kw))

    def add(self, path, alias):
        """Adding says at once what the gate thinks of it, with its exit status."""
        subprocess.run([PROGRAM, "add", str(path), "--as", alias], cwd=self.work, env=self.env, capture_output=True,
                       timeout=300)
        assert alias in self.run("list")

    def hostile(self):
        """ember's weights under other papers: Llama's licence, a card that claims MIT, and markup wherever it fits."""
        folder = self.tmp / "hostile"
        if not folder.exists():
            folder.mkdir()
            for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
                (folder / name).write_bytes(pathlib.Path(EMBER, name).read_bytes())
            (folder / "LICENSE").write_bytes(pathlib.Path(LICENCES, "Llama-3.1-COMMUNITY-LICENSE.txt").read_bytes())
            (folder / "README.md").write_text(
                f"---\nlicense: mit\nlicense_name: {HOSTILE}\nbase_model: meta-llama/Llama-3.1-8B\n"
                f"base_model_relation: finetune\npipeline_tag: text-generation\n---\n# {HOSTILE}\n")
        return folder


def need(path):
    if not os.path.exists(path):
        raise Skip(path)


SCHEMA_CACHE = []


def schemas():
    need(SCHEMAS)
    if not test_bom_cmd.jsonschema:
        raise Skip("jsonschema is not installed")
    if not SCHEMA_CACHE:
        SCHEMA_CACHE.append(test_bom_cmd.Schemas())
    return SCHEMA_CACHE[0]


def check_bom(text):
    document = json.loads(text)
    complaints = schemas().complaints(document)
    assert not complaints, complaints[:3]
    complaint = test_bom_cmd.library_complaint(text, document["specVersion"])
    assert complaint in (None, "skipped"), complaint
    return document


def properties(component):
    return {p["name"]: p["value"] for p in component.get("properties", [])}


# ---- hearth bom ----

def case_bom_of_a_model(w):
    """What hearth show says is what the bill says, in every format."""
    w.add(EMBER, "ember")
    shown = w.json("show", "ember", "--json")
    for version in ("1.7", "1.6"):
        document = check_bom(w.run("bom", "ember", "--format", f"cyclonedx-{version}"))
        assert document["specVersion"] == version
        model = document["components"][0]
        assert model["type"] == "machine-learning-model" and model["name"] == "ember"
        files = {c["name"]: c["hashes"][0]["content"] for c in model["components"]}
        assert files == {f["name"]: f["sha256"] for f in shown["files"]}
        for name, digest in files.items():
            assert hashlib.sha256(pathlib.Path(EMBER, name).read_bytes()).hexdigest() == digest
        told = properties(model)
        assert told["hearth:digest"] == shown["digest"] and told["hearth:pinned"] == "yes"
        assert told["hearth:tensors-sha256"] == shown["facts"]["tensors"]["sha256"]
        assert told["hearth:gate:verdict"] == "allowed"
        assert [(l["license"].get("id"), l["license"]["acknowledgement"]) for l in model["licenses"]] == [
            ("Apache-2.0", "declared"), ("Apache-2.0", "concluded")], model["licenses"]
        assert document["compositions"][0]["aggregate"] == "complete"


def case_bom_of_claims(w):
    """Declared and concluded stand apart, the refusal and its reasons in the properties, markup as text."""
    need(LICENCES)
    w.add(w.hostile(), "hostile")
    model = check_bom(w.run("bom", "hostile"))["components"][0]
    licences = [(l["license"].get("id") or l["license"]["name"], l["license"]["acknowledgement"])
                for l in model["licenses"]]
    assert ("MIT", "declared") in licences and ("Llama 3.1 Community License Agreement", "concluded") in licences
    assert model["pedigree"]["ancestors"][0]["name"] == "meta-llama/Llama-3.1-8B"
    told = properties(model)
    assert told["hearth:gate:verdict"] == "refused"
    findings = [p["value"] for p in model["properties"] if p["name"] == "hearth:gate:finding"]
    assert any(f.startswith("licence.claims-conflict") for f in findings), findings


def case_bom_of_a_gguf(w):
    need(STORIES)
    w.add(STORIES, "stories")
    model = check_bom(w.run("bom", "stories"))["components"][0]
    assert [c["name"] for c in model["components"]] == ["stories260K.gguf"]
    assert properties(model)["hearth:container"] == "gguf"


def case_bom_as_spdx(w):
    w.add(EMBER, "ember")
    text = w.run("bom", "ember", "--format", "spdx-3")
    document = json.loads(text)
    package = next(e for e in document["@graph"] if e["type"] == "ai_AIPackage")
    assert package["name"] == "ember"
    if not test_bom_cmd.spdx:
        raise Skip("spdx-python-model is not installed")
    objects = test_bom_cmd.read_spdx(text)
    assert not objects.missing_ids


def case_bom_to_a_file(w):
    w.add(EMBER, "ember")
    assert w.run("bom", "ember", "--out", "bom.json") == ""
    assert json.loads((w.work / "bom.json").read_text())["bomFormat"] == "CycloneDX"


def case_bom_refusals(w):
    w.add(EMBER, "ember")
    w.run("bom", "embr", code=None, err="did you mean ember")
    w.run("bom", code=None, err="of which model")
    w.run("bom", "ember", "--server", "127.0.0.1:1", code=None, err="no MODEL beside it")
    w.run("bom", "ember", "--format", "spdx-2.3", code=None, err="spdx-3")
    w.run("bom", "ember", "--key", "k", code=None, err="--server")
    w.run("bom", "--server", f"unix:{w.tmp}/none.sock", code=None, err="nothing answers")
    # A byte of the store that is not what it was: no bill is written about it.
    blob = next(p for p in (w.tmp / "home" / "blobs").rglob("*")
                if p.is_file() and p.read_bytes() == pathlib.Path(EMBER, "README.md").read_bytes())
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    w.run("bom", "ember", code=None)


class Server:
    """hearth serve on a socket of its own, until the with ends."""

    def __init__(self, w, *args, key=None):
        self.w, self.at, self.key = w, f"unix:{w.tmp}/s.sock", ["--key", key] if key else []
        self.log = open(w.tmp / "serve.log", "wb")
        self.process = subprocess.Popen([PROGRAM, "serve", *args, "--listen", self.at], cwd=w.work, env=w.env,
                                        stdout=self.log, stderr=self.log)

    def __enter__(self):
        until = time.time() + 120
        while time.time() < until:
            top = subprocess.run([PROGRAM, "top", "--at", self.at, "--once", "--interval", "0.2", *self.key],
                                 env=self.w.env, capture_output=True)
            if b"ready" in top.stdout:
                return self
            assert self.process.poll() is None, (self.w.tmp / "serve.log").read_text()[-500:]
            time.sleep(0.2)
        raise AssertionError("the server is not ready")

    def __exit__(self, *rest):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def case_bom_of_a_server(w):
    """Exactly what it has loaded, by digest, and the very program and libraries that serve it."""
    w.add(EMBER, "ember")
    shown = w.json("show", "ember", "--json")
    with Server(w, "ember") as server:
        text = w.run("bom", "--server", server.at)
        maps = pathlib.Path(f"/proc/{server.process.pid}/maps").read_text()
    document = check_bom(text)
    program = document["metadata"]["component"]
    assert program["name"] == os.path.basename(os.path.realpath(PROGRAM))
    assert program["hashes"][0]["content"] == hashlib.sha256(pathlib.Path(PROGRAM).read_bytes()).hexdigest()
    assert program["version"] == w.run("version").split()[-1]
    models = [c for c in document["components"] if c["type"] == "machine-learning-model"]
    assert len(models) == 1 and properties(models[0])["hearth:digest"] == shown["digest"]
    assert len(models[0]["components"]) == len(shown["files"])
    # The kernel knows as well which files are mapped.
    mapped = {os.path.realpath(line.split(maxsplit=5)[5]) for line in maps.splitlines()
              if ".so" in line and len(line.split(maxsplit=5)) == 6}
    told = {properties(c)["hearth:file"]: c["hashes"][0]["content"] for c in document["components"]
            if c["type"] == "library"}
    wanted = {os.path.basename(p): hashlib.sha256(pathlib.Path(p).read_bytes()).hexdigest() for p in mapped
              if os.path.exists(p)}
    assert told == wanted, set(told) ^ set(wanted)
    versions = {c["name"]: c.get("version") for c in document["components"] if c["type"] == "library"}
    import sqlite3
    if "libsqlite3" in versions and any("libsqlite3" in p for p in mapped):
        assert versions["libsqlite3"].startswith("3."), versions["libsqlite3"]
        assert versions["libsqlite3"] == sqlite3.sqlite_version or not os.path.exists("/usr/bin/python3")


def case_bom_of_a_server_that_is_elsewhere(w):
    """A model that this store does not have is told as far as the server tells it."""
    w.add(EMBER, "ember")
    with Server(w, "ember") as server:
        w.env = w.env | {"HEARTH_HOME": str(w.tmp / "other")}
        document = check_bom(w.run("bom", "--server", server.at))
    model = [c for c in document["components"] if c["type"] == "machine-learning-model"][0]
    told = properties(model)
    assert len(told["hearth:digest"]) == 64 and told["hearth:alias"] == "ember" and "components" not in model
    assert [c["aggregate"] for c in document["compositions"]] == ["unknown"]


def case_bom_of_a_server_with_keys(w):
    """What a server is made of is for who runs it: a user's key is not enough."""
    w.add(EMBER, "ember")
    user = w.json("keys", "add", "user", "--json")["key"]
    keeper = w.json("keys", "add", "keeper", "--can", "metrics,models", "--json")["key"]
    with Server(w, "ember", "--require-key", key=keeper) as server:
        w.run("bom", "--server", server.at, code=None, err="metrics")
        w.run("bom", "--server", server.at, "--key", user, code=None, err="metrics")
        assert check_bom(w.run("bom", "--server", server.at, "--key", keeper))["components"]
        w.env["HEARTH_KEY"] = keeper
        assert check_bom(w.run("bom", "--server", server.at))["components"]


# ---- hearth dossier ----

class Page(html.parser.HTMLParser):
    """Elements, attributes and text; complains of what a page without script and network cannot have."""
    VOID = {"meta", "br", "wbr"}

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.texts, self.ids, self.links = [], [], [], set(), []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attributes:
            assert name in ("lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "scope"), (tag, name)
            if name == "href":
                assert value.startswith("#"), value
                self.links.append(value[1:])
            if name == "id":
                self.ids.add(value)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return "".join(self.texts)


def read_dossier(w, alias, *args):
    folder = w.work / "papers"
    w.run("dossier", alias, "--out", "papers", *args)
    return folder, Page((folder / "dossier.html").read_text())


def case_dossier(w):
    w.add(EMBER, "ember")
    folder, page = read_dossier(w, "ember")
    assert not {"script", "img", "link", "iframe", "svg", "object", "form"} & set(page.tags)
    assert set(page.links) <= page.ids, set(page.links) - page.ids
    for words in ("Identity", "身份标识", "GDPR Article 30", "Compute worksheet", "may run", "Legal facts used"):
        assert words in page.text, words
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ", 1)
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name
    listed = {line.split("  ", 1)[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    present = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} - {"SHA256SUMS"}
    assert listed == present
    assert (folder / "licences/01-LICENSE").read_bytes() == pathlib.Path(EMBER, "LICENSE").read_bytes()
    verdict = json.loads((folder / "verdict.json").read_text())
    assert verdict["gate"]["allowed"] and verdict["gate"]["origin"] == "pinned"
    pin = json.loads((folder / "pin.json").read_text())
    assert "sha256:" + pin["digest"].split(":")[-1] == verdict["gate"]["digest"]
    for name in ("bom.cdx.json", "bom-1.6.cdx.json"):
        check_bom((folder / name).read_text())
    assert "@graph" in json.loads((folder / "bom.spdx.json").read_text())


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def case_dossier_signatures(w):
    """Verified only by a key or certificates that were given; who forged, and who signed with another key, fails."""
    for name in ("key", "other"):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(w.work / name))
        openssl("pkey", "-in", str(w.work / name), "-pubout", "-out", str(w.work / (name + ".pub")))
    openssl("req", "-x509", "-new", "-key", str(w.work / "key"), "-days", "2", "-subj", "/CN=Somebody", "-addext",
            "keyUsage=critical,digitalSignature", "-addext", "extendedKeyUsage=codeSigning", "-out",
            str(w.work / "key.crt"))
    for name in ("signed", "vouched", "forged"):
        shutil.copytree(EMBER, w.work / name)
        (w.work / name / ".gitattributes").write_text("*.bin filter=lfs\n")
        more = ["--cert", "key.crt"] if name == "vouched" else []
        digest = w.json("signature", "create", name, "--key", "key", "--json", *more)["digest"]
        if name == "forged":
            (w.work / name / "more.txt").write_text("not signed")
        w.add(str(w.work / name), name)
    cases = [("signed", [], "not verified", "no key"), ("signed", ["--key", "key.pub"], "verified", "SHA-256"),
             ("signed", ["--key", "other.pub"], "fails", "another key"),
             ("signed", ["--trust", "key.crt"], "fails", "with a key"),
             ("vouched", ["--trust", "key.crt"], "verified", "CN=Somebody"),
             ("vouched", ["--key", "key.pub"], "fails", "certificate"),
             ("forged", ["--key", "key.pub"], "fails", "more.txt was not signed")]
    for alias, args, answer, words in cases:
        folder, page = read_dossier(w, alias, *args)
        told = json.loads((folder / "verdict.json").read_text())["signatures"]
        assert [s["answer"] for s in told] == [answer] and words in told[0]["reason"], (alias, args, told)
        assert told[0]["reason"] in page.text, told
        if alias == "signed":
            assert "sha256:" + digest in page.text, "the root is not that of the signature"
        shutil.rmtree(folder)
    w.run("dossier", "signed", "--out", "papers", "--key", "key.pub", "--trust", "key.crt", code=2, err="either")
    w.run("dossier", "signed", "--out", "papers", "--key", "nowhere.pub", code=3, err="nowhere.pub")
    assert not (w.work / "papers").exists()


def case_dossier_proofs(w):
    """The program's own verifier takes each proof with its entry, and no other."""
    w.add(EMBER, "ember")
    w.run("check", "ember")
    folder, page = read_dossier(w, "ember")
    entries = sorted((folder / "audit").glob("*.json"))
    assert entries and "not proven" not in page.text
    kinds = [json.loads(p.read_text())["kind"] for p in entries]
    assert "model.add" in kinds, kinds
    shown = w.run("audit", "show")
    for path in entries:
        assert json.loads(path.read_text())["kind"] in shown
        proof = path.with_suffix(".proof").read_text()
        assert proof == w.run("audit", "prove", path.stem)
        assert path.read_text() == w.run("audit", "prove", path.stem, "--entry")


def case_dossier_of_a_hostile_model(w):
    need(LICENCES)
    w.add(w.hostile(), "hostile")
    folder, page = read_dossier(w, "hostile")
    assert "script" not in page.tags and "img" not in page.tags
    assert "<script>alert(1)</script>" in page.text and "U+202E" in page.text
    assert "\u202e" not in (folder / "dossier.html").read_text()
    assert "refused" in page.text and "claims-conflict" in page.text
    assert "prominently display" in page.text  # a clause of the text, quoted


def case_dossier_approved(w):
    """Who approved what until when stands on the page, and in the log with a proof."""
    need(LICENCES)
    w.add(w.hostile(), "hostile")
    w.run("approve", "hostile", "--by", "A. Auditor <b>", "--reason", "seen & agreed", "--until", "2099-01-01")
    folder, page = read_dossier(w, "hostile")
    assert "A. Auditor <b>" in page.text and "seen & agreed" in page.text and "2099-01-01" in page.text
    kinds = [json.loads(p.read_text())["kind"] for p in (folder / "audit").glob("*.json")]
    assert "approval" in kinds, kinds


def case_dossier_languages(w):
    w.add(EMBER, "ember")
    for language, there, away in (("en", "Change history", "变更历史"), ("zh", "变更历史", "Change history")):
        w.run("dossier", "ember", "--out", language, "--lang", language)
        page = Page((w.work / language / "dossier.html").read_text())
        assert there in page.text and away not in page.text


def case_dossier_lineage(w):
    w.add(EMBER, "ember")
    digest = w.json("show", "ember", "--json")["facts"]["tensors"]["sha256"]
    lineage = {"lineage": {"verdict": "no evidence found <i>", "a": {"tensor_set_sha256": digest}, "tests": []}}
    (w.work / "lineage.json").write_text(json.dumps(lineage))
    folder, page = read_dossier(w, "ember", "--lineage", "lineage.json")
    assert "no evidence found <i>" in page.text and "about others" not in page.text
    assert json.loads((folder / "lineage.json").read_text()) == lineage


def case_parents_of_other_files(w):
    """A merge file names parents, too: in the bill of materials and in the dossier, with where it says so."""
    shutil.copytree(EMBER, w.work / "merged")
    (w.work / "merged/README.md").write_text("---\nlicense: apache-2.0\nbase_model: acme/one\n---\n")
    (w.work / "merged/mergekit_config.yml").write_text(
        "merge_method: slerp\nmodels:\n  - model: acme/one\n  - model: acme/two\nbase_model: acme/one\n")
    w.add(w.work / "merged", "merged")
    document = check_bom(w.run("bom", "merged"))
    model = [c for c in document["components"] if c["type"] == "machine-learning-model"][0]
    assert [a["name"] for a in model["pedigree"]["ancestors"]] == ["acme/one", "acme/two"], model["pedigree"]
    page = read_dossier(w, "merged")[1]
    assert "acme/two" in page.text and "mergekit_config.yml, line 4" in page.text


def case_dossier_of_real_tests(w):
    """What `hearth lineage` says of two folders is about the stored model with these tensors, and no other."""
    base, other = (os.path.join(ROOT, "tests/data/lineage", name) for name in ("base", "other"))
    w.add(base, "base")
    for pair, about in (((base, other), True), ((other, base), True), ((other, other), False)):
        (w.work / "lineage.json").write_text(w.run("lineage", *pair, "--json"))
        folder, page = read_dossier(w, "base", "--lineage", "lineage.json")
        assert ("about others" in page.text) != about, pair
        shutil.rmtree(folder)
    record = json.loads(w.run("lineage", base, other, "--json"))["lineage"]
    assert record["a"]["tensor_set_sha256"] == w.json("show", "base", "--json")["facts"]["tensors"]["sha256"]


def case_dossier_refusals(w):
    w.add(EMBER, "ember")
    w.run("dossier", "ember", code=None, err="--out FOLDER")
    w.run("dossier", "nobody", "--out", "x", code=None, err="no model")
    w.run("dossier", "ember", "--out", "x", "--lang", "fr", code=None, err="fr")
    w.run("dossier", "ember", "--out", "x", "--lineage", "none.json", code=None, err="none.json")
    (w.work / "bad.json").write_text("{")
    w.run("dossier", "ember", "--out", "x", "--lineage", "bad.json", code=None, err="lineage")
    assert not (w.work / "x").exists() and not (w.work / "x.unfinished").exists()
    (w.work / "y").mkdir()
    w.run("dossier", "ember", "--out", "y", code=None, err="exists already")
    assert not list((w.work / "y").iterdir())


def case_no_home(w):
    """A home that cannot be is named, with what to do; advice needs none."""
    w.env = w.env | {"HEARTH_HOME": "/dev/null/x"}
    for command in (["list"], ["show", "ember"], ["bom", "ember"], ["dossier", "ember", "--out", "x"], ["add", EMBER]):
        w.run(*command, code=8, err="/dev/null/x is not one and cannot be made; set HEARTH_HOME")
    w.run("advise", "--job", "chat", "--memory", 8)
    w.env = {k: v for k, v in w.env.items() if k not in ("HEARTH_HOME", "HOME")}
    w.run("list", code=8, err="neither HEARTH_HOME nor HOME is set")
    for command in ("check", "inspect", "plan"):
        w.run(command, "nobody", code=3, err="`hearth list` says which models have a name")


# ---- hearth advise ----

def case_advise(w):
    advice = w.json("advise", "--job", "bilingual", "--memory", 16, "--cores", 8, "--json")["advice"]
    assert advice["machine"] == {"memory_bytes": 16 << 30, "cores": 8}
    shortlist = advice["shortlist"]
    assert 1 <= len(shortlist) <= 5 and advice["evaluation"] and advice["unknown"]
    for item in shortlist:
        plan = item["plan"]
        assert plan["fits"] and plan["total_bytes"] <= 16 << 30
        assert item["licence"]["verdict"] in ("allow", "ask") and item["source"] and item["as_of"] and item["openness"]
        weights = item["parameters_millions"] * 1e6 * plan["bits_per_weight"] / 8
        assert abs(plan["weight_bytes"] - weights) < 2
    denied = {o["name"]: o["rule"] for o in advice["left_out"] if o["why"] == "denied"}
    assert denied["tencent/Hunyuan-A13B-Instruct"] == "territory"
    assert denied["Qwen/Qwen2.5-3B-Instruct"] == "non-commercial"
    order = {"allow": 0, "ask": 1}
    ranks = [order[i["licence"]["verdict"]] for i in shortlist]
    assert ranks == sorted(ranks)


def case_advise_listens(w):
    """The declared use decides: of hearth.yaml, or of the file that is named."""
    everything = w.json("advise", "--job", "chat", "--memory", 200, "--cores", 64, "--count", 100, "--json")["advice"]
    denied = {o["name"] for o in everything["left_out"] if o["why"] == "denied"}
    (w.work / "person.yaml").write_text("commercial: false\nterritory: [US]\nentity: person\n")
    person = w.json("advise", "--job", "chat", "--memory", 200, "--cores", 64, "--count", 100, "--use", "person.yaml",
                    "--json")["advice"]
    denied_person = {o["name"] for o in person["left_out"] if o["why"] == "denied"}
    assert "tencent/Hunyuan-A13B-Instruct" in denied and "tencent/Hunyuan-A13B-Instruct" not in denied_person
    assert "mistralai/Mistral-Large-Instruct-2407" in denied - denied_person
    words = w.run("advise", "--job", "chat", "--memory", 8, "--cores", 4)
    assert "hearth.yaml" in words and "Not known:" in words and "Before adopting one, evaluate:" in words


def case_advise_refusals(w):
    w.run("advise", code=None, err="--job")
    w.run("advise", "--job", "translation", code=None, err="bilingual")
    w.run("advise", "--job", "chat", "--memory", "0", code=None, err="memory")
    w.run("advise", "--job", "chat", "--use", "none.yaml", code=None, err="none.yaml")
    (w.work / "bad.yaml").write_text("comercial: true\n")
    w.run("advise", "--job", "chat", "--use", "bad.yaml", code=None, err="comercial")
    assert "No model of the catalogue fits" in w.run("advise", "--job", "coding", "--memory", 0.1, "--cores", 1)


def main():
    count = {"passed": 0, "failed": 0, "skipped": 0}
    if not os.path.exists(PROGRAM):
        print(f"SKIPPED: {PROGRAM} is not there")
        return 77
    if not test_bom_cmd.jsonschema:
        for python in sorted(glob.glob(os.path.join(ROOT, "build*/clients-venv/bin/python"))):
            if python != sys.executable:
                os.execv(python, [python, os.path.abspath(__file__), PROGRAM])
    wanted = sys.argv[2:]
    for name, case in list(globals().items()):
        if not name.startswith("case_") or (wanted and not any(part in name for part in wanted)):
            continue
        with tempfile.TemporaryDirectory() as tmp:
            try:
                case(World(tmp))
                count["passed"] += 1
            except Skip as e:
                count["skipped"] += 1
                print(f"skipped {name}: {e}")
            except Exception as e:  # one case must not hide the others
                count["failed"] += 1
                print(f"FAILED {name}: {type(e).__name__}: {e}")
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**count))
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
