#!/usr/bin/env python3
# Bills of materials against the schemas of CycloneDX, its Python library, and SPDX's Python model.
# SPDX-License-Identifier: Apache-2.0
#
#   test_bom_cmd.py [PROGRAM]      PROGRAM: HEARTH, or build/hearth; test_bom stands beside it
#
# test_bom (tests/unit) writes the documents. The schemas come from the shared folder; jsonschema,
# cyclonedx-python-lib and spdx-python-model from this interpreter or build*/clients-venv
# (tools/clients_venv makes it). The last line is "N passed, N failed, N skipped".
import glob
import io
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.abspath(os.environ.get("HEARTH_SHARED", os.path.join(ROOT, "../shared")))
SCHEMAS = os.path.join(SHARED, "real/conformance/cyclonedx")
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
WRITER = os.path.join(os.path.dirname(PROGRAM), "test_bom")

try:
    import jsonschema
    import referencing
except ImportError:
    jsonschema = None
try:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
except ImportError:
    SchemaVersion = None
try:
    from spdx_python_model import v3_0_1 as spdx
except ImportError:
    spdx = None


def run_elsewhere():
    """Once more, by an interpreter that has the packages; returns when there is none."""
    for python in sorted(glob.glob(os.path.join(ROOT, "build*/clients-venv/bin/python"))):
        if python != sys.executable and not subprocess.run(
                [python, "-c", "import jsonschema, referencing, cyclonedx, spdx_python_model"], capture_output=True).returncode:
            os.execv(python, [python, os.path.abspath(__file__), PROGRAM])


class Schemas:
    def __init__(self):
        registry = referencing.Registry()
        for path in glob.glob(SCHEMAS + "/*.schema.json"):
            resource = referencing.Resource.from_contents(json.load(open(path)))
            for name in {os.path.basename(path), resource.contents.get("$id", "")} - {""}:
                registry = registry.with_resource(name, resource)
                registry = registry.with_resource("http://cyclonedx.org/schema/" + os.path.basename(path), resource)
        self.validators = {}
        for version in ("1.6", "1.7"):
            schema = json.load(open(f"{SCHEMAS}/bom-{version}.schema.json"))
            self.validators[version] = jsonschema.Draft7Validator(schema, registry=registry)

    def complaints(self, document):
        return [f"{list(e.absolute_path)}: {e.message[:200]}"
                for e in self.validators[document["specVersion"]].iter_errors(document)]


def library_complaint(text, version):
    """What the validator of cyclonedx-python-lib says; None for nothing, or when it does not know the version."""
    if not SchemaVersion:
        return "skipped"
    known = getattr(SchemaVersion, "V" + version.replace(".", "_"), None)
    if not known:
        return "skipped"
    return JsonStrictValidator(known).validate_str(text)


def check_teeth(schemas):
    """The examples of the specification about what we write: what is called invalid is found so."""
    wrong = []
    paths = [p for part in ("hash", "license", "machine-learning", "metadata-tool")
             for p in sorted(glob.glob(f"{SCHEMAS}/examples/*{part}*.json"))]
    assert len(paths) > 30, paths
    for path in paths:
        name = os.path.basename(path)
        found = schemas.complaints(json.load(open(path)))
        if bool(found) != name.startswith("invalid"):
            wrong.append((name, found[:1]))
    assert not wrong, wrong


def check_content(folder):
    """What is in the full documents, where the specification wants it."""
    for version in ("1.6", "1.7"):
        model = json.load(open(f"{folder}/model-{version}.json"))["components"][0]
        assert model["type"] == "machine-learning-model" and model["purl"].startswith("pkg:huggingface/")
        assert [c["name"] for c in model["components"]] == ["config.json", "model.safetensors", "sub/模型.txt"]
        assert model["components"][1]["properties"][0] == {"name": "hearth:bytes", "value": "1234567890123"}
        assert model["pedigree"]["ancestors"][0]["name"] == "Qwen3-0.6B"
        assert model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"][0]["confidenceInterval"] == {
            "lowerBound": "0.69", "upperBound": "0.74"}
        claims = [list(entry.values())[0]["acknowledgement"] if "license" in entry else entry["acknowledgement"]
                  for entry in model["licenses"]]
        assert claims == ["declared", "concluded", "concluded"], claims
        expression = [entry for entry in model["licenses"] if "expression" in entry]
        assert len(expression) == (1 if version == "1.7" else 0), model["licenses"]
        server = json.load(open(f"{folder}/server-{version}.json"))
        assert server["metadata"]["component"]["name"] == "hearth serve"
        assert server["dependencies"] == [{"ref": "hearth", "dependsOn": ["lib:jansson", "model:qwen", "m"]}]
        assert [c["aggregate"] for c in server["compositions"]] == ["complete", "unknown"]


def read_spdx(text):
    objects = spdx.SHACLObjectSet()
    spdx.JSONLDDeserializer().read(io.BytesIO(text.encode()), objects)
    return objects


def check_spdx(folder, name, has_ai):
    """SPDX's own Python model reads it, and finds what was put in."""
    if not spdx:
        return "skipped"
    text = open(f"{folder}/{name}.spdx").read()
    objects = read_spdx(text)
    assert not objects.missing_ids, objects.missing_ids
    model = next(m for m in objects.foreach_type(spdx.ai_AIPackage) if m.name == "Qwen3-0.6B")
    assert model.suppliedBy.name == "Alibaba Cloud" and len(model.ai_metric) == 2
    found = sorted((r.relationshipType.rsplit("/")[-1], len(r.to))
                   for r in objects.foreach_type(spdx.Relationship) if r.from_ is model)
    assert found == [("contains", 3), ("descendantOf", 2), ("hasConcludedLicense", 1), ("hasConcludedLicense", 1),
                     ("hasDeclaredLicense", 1)], found
    document = next(iter(objects.foreach_type(spdx.SpdxDocument)))
    assert any(p.endswith("/ai") for p in document.profileConformance) == has_ai
    for wrong in (text.replace('"software_primaryPurpose": "model"', '"software_primaryPurpose": "modell"'),
                  text.replace('"hashValue"', '"hash"'), text.replace('"contains"', '"holds"')):
        try:
            read_spdx(wrong)
        except Exception:  # whatever it raises, it has noticed
            continue
        raise AssertionError("the reader notices nothing")


def main():
    count = {"passed": 0, "failed": 0, "skipped": 0}

    def case(name, run, *args):
        try:
            result = run(*args)
            assert not result or result == "skipped", result
            count["skipped" if result == "skipped" else "passed"] += 1
        except Exception as e:  # one case must not hide the others
            count["failed"] += 1
            print(f"FAILED {name}: {type(e).__name__}: {e}")

    if not os.path.exists(WRITER) or not os.path.isdir(SCHEMAS):
        print(f"SKIPPED: {WRITER} or {SCHEMAS} is not there")
        return 77
    if not jsonschema or not SchemaVersion or not spdx:
        run_elsewhere()
    if not jsonschema:
        print("SKIPPED: jsonschema is not installed")
        return 77
    schemas = Schemas()
    with tempfile.TemporaryDirectory() as folder:
        r = subprocess.run([WRITER], env=dict(os.environ, BOM_FOLDER=folder), capture_output=True, text=True)
        assert r.returncode == 0, r.stderr
        paths = sorted(glob.glob(folder + "/*.json"))
        assert len(paths) == 10, paths
        for path in paths:
            name, text = os.path.basename(path), open(path).read()
            document = json.loads(text)
            case(name, schemas.complaints, document)
            case(name + " (library)", library_complaint, text, document["specVersion"])
        case("content", check_content, folder)
        case("spdx of one model", check_spdx, folder, "whole", True)
        case("spdx of two models", check_spdx, folder, "both", False)
    case("examples of the specification", check_teeth, schemas)
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**count))
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
