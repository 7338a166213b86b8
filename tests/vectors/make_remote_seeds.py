#!/usr/bin/env python3
# Writes the seeds of fuzz_oci and fuzz_sums: tests/data/remote.
# SPDX-License-Identifier: Apache-2.0
import hashlib
import io
import json
import pathlib
import tarfile

HERE = pathlib.Path(__file__).resolve().parent.parent / "data/remote"
EMPTY = hashlib.sha256(b"").hexdigest()


def layer(kind, **notes):
    return {"mediaType": kind, "digest": "sha256:" + EMPTY, "size": 0} | ({"annotations": notes} if notes else {})


def tar(form):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as t:
        for name in ("config.json", "sub/" + "n" * 90 + "/" + "x" * 40):
            info = tarfile.TarInfo(name)
            info.size = 2
            t.addfile(info, io.BytesIO(b"{}"))
    return out.getvalue()


def main():
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [
        layer("application/vnd.oci.image.layer.v1.tar", **{"org.opencontainers.image.title": "a.gguf"}),
        layer("application/vnd.cncf.model.weight.v1.tar", **{"org.cncf.model.filepath": "model"}),
        layer("application/vnd.ollama.image.license"), layer("application/vnd.ollama.image.license"),
        layer("application/vnd.docker.ai.gguf.v3"), layer("application/vnd.docker.ai.gguf.v3")]}
    index = {"schemaVersion": 2, "manifests": [
        {"mediaType": manifest["mediaType"], "digest": "sha256:" + EMPTY, "size": 1},
        {"digest": "sha256:" + EMPTY, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}]}
    seeds = {
        "oci-address": b"aoci:registry.example:5000/owner/name:tag@sha256:" + EMPTY.encode(),
        "oci-challenge": b'cBearer realm="https://auth.example/token?a=b",service="r",scope="repository:a/b:pull"',
        "oci-manifest": b"m" + json.dumps(manifest).encode(),
        "oci-index": b"m" + json.dumps(index).encode(),
        "oci-ustar": b"t" + tar(tarfile.USTAR_FORMAT),
        "oci-gnu": b"t" + tar(tarfile.GNU_FORMAT),
        "oci-pax": b"t" + tar(tarfile.PAX_FORMAT),
        "sums-folder": f"https://h.example/my%20model/SHA256SUMS?a=b\0{EMPTY}  config.json\n{EMPTY} *sub/x\n{EMPTY}  ./y\n".encode(),
        "sums-gguf": f"http://127.0.0.1:80/m-00001-of-00002.gguf\0\\{EMPTY}  a\\nb\n".encode(),
    }
    for name, body in seeds.items():
        (HERE / f"{name}.seed").write_bytes(body)


main()
