# Servers of models for test_remote_cmd.py: a plain web server and a registry, with faults on demand.
# SPDX-License-Identifier: Apache-2.0
import base64
import hashlib
import http.server
import io
import json
import ssl
import tarfile
import threading
import urllib.parse


def sha256(b):
    return hashlib.sha256(b).hexdigest()


class Server:
    """Threads, TLS where `tls` is (certificate, key), and a log of (path, range, authorization)."""

    def __init__(self, tls=None):
        self.log, self.lock = [], threading.Lock()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def send(self, code, body=b"", length=True, **headers):
                self.send_response_only(code)
                for k, v in ({"Date": "Sun, 01 Mar 2026 12:00:00 GMT"} | {k.replace("_", "-"): v for k, v in headers.items()}).items():
                    self.send_header(k, v)
                if length:
                    self.send_header("Content-Length", str(len(body) if length is True else length))
                else:
                    self.send_header("Connection", "close")
                    self.close_connection = True
                self.end_headers()
                self.wfile.write(body)
                if length is not True:
                    self.close_connection = True

            def do_GET(self):
                with server.lock:
                    server.log.append((self.path, self.headers.get("Range"), self.headers.get("Authorization")))
                server.answer(self)

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda request, address: None  # a client that leaves early is expected
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.http.server_port
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def paths(self):
        return [p for p, _, _ in self.log]


class Web(Server):
    """A web server with files; `faults` are changed by the cases."""

    def __init__(self, files, tls=None, **faults):
        self.files = files
        self.etag = self.ranges = self.length = True
        self.login = self.elsewhere = self.type = self.cut = self.lie = self.before = self.modified = self.shift = None
        self.__dict__.update(faults)
        super().__init__(tls)

    def answer(self, r):
        path = urllib.parse.unquote(r.path.split("?")[0])
        if self.login and r.headers.get("Authorization") != self.login:
            return r.send(401, b"who are you?", WWW_Authenticate='Basic realm="models"')
        if self.elsewhere:
            return r.send(302, Location=self.elsewhere + r.path)
        if self.before:
            self.before(r)
        if path not in self.files:
            return r.send(404, b"<html>no such thing</html>", Content_Type="text/html")
        return self.send_file(r, self.files[path])

    def send_file(self, r, body):
        tag, wanted = f'"{sha256(body)[:16]}"', r.headers.get("Range")
        headers = {"Content_Type": self.type or "application/octet-stream"}
        if self.modified:
            tag, headers["ETag"], headers["Last_Modified"] = self.modified, 'W/"weak"', self.modified
        elif self.etag:
            headers["ETag"] = tag
        if r.headers.get("If-Range", tag) != tag:
            wanted = None
        if not self.ranges or not wanted:
            if self.lie:  # more or fewer bytes than are announced
                return r.send(200, body, length=len(body) + self.lie, **headers)
            return r.send(200, body, length=self.length, **headers)
        begin, end = map(int, wanted.removeprefix("bytes=").split("-"))
        part, size = body[begin:end + 1], len(body)
        if not body:
            return r.send(416, Content_Range="bytes */0", **headers)
        if self.lie:
            size += self.lie
        if self.shift and begin:
            begin += self.shift
        if self.cut is not None and begin >= self.cut:
            return r.send(206, part[:len(part) // 2], length=len(part), Content_Range=f"bytes {begin}-{end}/{size}", **headers)
        return r.send(206, part, Content_Range=f"bytes {begin}-{end}/{size}", **headers)


MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


class Registry(Server):
    """As much of the distribution API as is asked, for the model acme/tiny."""

    def __init__(self, **faults):
        self.blobs, self.manifests, self.types = {}, {}, {}
        self.digest_header = True
        self.realm = self.elsewhere = self.basic = self.raw = None
        self.tokens, self.uses = {}, None
        self.__dict__.update(faults)
        super().__init__()

    def address(self, behind=""):
        return f"oci:127.0.0.1:{self.port}/acme/tiny{behind}"

    def layer(self, body, kind, title=None, filepath=None, **more):
        self.blobs["sha256:" + sha256(body)] = body
        notes = {k: v for k, v in {"org.opencontainers.image.title": title, "org.cncf.model.filepath": filepath}.items() if v} | more
        return {"mediaType": kind, "digest": "sha256:" + sha256(body), "size": len(body)} | ({"annotations": notes} if notes else {})

    def put(self, document, tag="latest", kind=MANIFEST):
        text = document if isinstance(document, bytes) else json.dumps(document).encode()
        digest = "sha256:" + sha256(text)
        self.manifests[tag] = self.manifests[digest] = text
        self.types[text] = kind
        return digest

    def push(self, layers, tag="latest", **more):
        return self.put({"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers,
                         "config": self.layer(b"{}", "application/vnd.oci.empty.v1+json")} | more, tag)

    def answer(self, r):
        path, _, query = r.path.partition("?")
        if path == "/token":
            return self.give_token(r, urllib.parse.parse_qs(query))
        said = r.headers.get("Authorization")
        if self.basic and said != self.basic:
            return r.send(401, b"{}", WWW_Authenticate='Basic realm="registry"')
        if self.realm and not self.is_good(said):
            return r.send(401, b'{"errors": []}', WWW_Authenticate=f'Bearer realm="{self.realm}",service="a b",scope="repository:acme/tiny:pull"')
        if self.raw:
            return r.send(200, self.raw)
        kind, _, name = path.removeprefix("/v2/acme/tiny/").partition("/")
        if kind == "manifests" and name in self.manifests:
            text = self.manifests[name]
            more = {"Docker_Content_Digest": self.digest_header if isinstance(self.digest_header, str) else "sha256:" + sha256(text)}
            return r.send(200, text, Content_Type=self.types[text], **(more if self.digest_header else {}))
        if kind == "blobs" and name in self.blobs:
            if self.elsewhere:
                return r.send(307, Location=self.elsewhere + r.path)
            return Web.send_file(self.web, r, self.blobs[name])
        return r.send(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')

    class web:  # the settings that Web.send_file looks at
        etag = ranges = length = True
        type = cut = lie = modified = shift = None

    def is_good(self, said):
        token = (said or "").removeprefix("Bearer ")
        if self.tokens.get(token, 0) <= 0:
            return False
        self.tokens[token] -= 1
        return True

    def give_token(self, r, query):
        if query.get("service") != ["a b"] or query.get("scope") != ["repository:acme/tiny:pull"]:
            return r.send(400, b"{}")
        if self.basic_at_realm and r.headers.get("Authorization") != self.basic_at_realm:
            return r.send(401, b"{}")
        token = f"t0ken-{len(self.tokens)}"
        self.tokens[token] = self.uses or 1 << 30
        return r.send(200, json.dumps({"token": token, "expires_in": 300}).encode())

    basic_at_realm = None


def basic(login):
    return "Basic " + base64.b64encode(login.encode()).decode()


def make_tar(*members, form=tarfile.PAX_FORMAT):
    """Members are (name, bytes) or (TarInfo, bytes)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as t:
        for name, body in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if body is not None:
                info.size = len(body)
            t.addfile(info, io.BytesIO(body) if body is not None else None)
    return out.getvalue()
