"""The servers that scripts/bench measures against, all on loopback."""

import base64
import json
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

JSON = "application/vnd.pypi.simple.v1+json"


class Server:
    """A threaded HTTP/1.1 server that ends with its `with` block."""

    def __init__(self, answer):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # One packet an answer: else Nagle's rule and delayed acknowledgements add 40 ms to each.
            wbufsize = 1 << 16
            disable_nagle_algorithm = True

            def reply(self):
                length = int(self.headers.get("Content-Length") or 0)
                status, kind, body = answer(self.path, self.rfile.read(length) if length else b"")
                self.send_response(status)
                asked = self.headers.get("Range", "")
                if status == 200 and asked.startswith("bytes="):
                    first, last = asked[6:].split("-")
                    begin = int(first) if first else max(len(body) - int(last), 0)
                    end = min(int(last), len(body) - 1) if first and last else len(body) - 1
                    self._headers_buffer.clear()
                    self.send_response(206)
                    self.send_header("Content-Range", f"bytes {begin}-{end}/{len(body)}")
                    body = body[begin:end + 1]
                self.send_header("Accept-Ranges", "bytes")
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = reply

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.http.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()


def upstream():
    """The simple API that this machine's pip asks."""
    configured = subprocess.run([sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True)
    if configured.returncode == 0:
        return configured.stdout.strip().rstrip("/")
    code = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip().rstrip("/")


class Index(Server):
    """An index that fetches each page and file once and serves it from memory from then on."""

    def __init__(self, folder):
        super().__init__(self.answer)
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.upstream = upstream()
        self.memory = {}
        self.locks = {}
        self.guard = threading.Lock()
        self.tls = ssl.create_default_context()
        self.url = f"{self.base}/simple"

    def answer(self, path, _body):
        with self.guard:
            lock = self.locks.setdefault(path, threading.Lock())
        with lock:
            if path not in self.memory:
                self.memory[path] = self.made(path)
            return self.memory[path]

    def made(self, path):
        if path.startswith("/simple/"):
            status, body = self.fetched(f"{self.upstream}/{path[len('/simple/'):].strip('/')}/", JSON)
            if status != 200:
                return status, "text/plain", b""
            page = json.loads(body)
            for file in page["files"]:
                name = base64.urlsafe_b64encode(file["url"].encode()).decode().rstrip("=")
                file["url"] = f"{self.base}/files/{name}/{file['filename']}"
            return 200, JSON, json.dumps(page).encode()
        if path.startswith("/files/"):
            name, filename = path[len("/files/"):].split("/", 1)
            url = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
            if filename.endswith(".metadata"):
                url += ".metadata"
            status, body = self.fetched(url, "*/*")
            return status, "application/octet-stream", body
        return 404, "text/plain", b""

    def fetched(self, url, accept):
        kept = self.folder / base64.urlsafe_b64encode(url.encode()).decode()[-200:]
        if kept.exists():
            return 200, kept.read_bytes()
        request = urllib.request.Request(url, headers={"Accept": accept})
        for left in reversed(range(5)):
            try:
                with urllib.request.urlopen(request, context=self.tls, timeout=60) as answer:
                    body = answer.read()
                break
            except urllib.error.HTTPError as error:
                return error.code, b""
            except OSError:
                # A name that is looked up fifty times at once is now and then not found.
                if not left:
                    return 502, b""
        kept.write_bytes(body)
        return 200, body


class OsvStub(Server):
    """Answers OSV's query for a project and version from the records of a zip and a folder."""

    def __init__(self, archive, folder):
        super().__init__(self.answer)
        self.records = {}
        texts = []
        with zipfile.ZipFile(archive) as opened:
            texts += [opened.read(name) for name in opened.namelist()]
        texts += [path.read_bytes() for path in sorted(Path(folder).glob("*.json"))]
        for text in texts:
            record = json.loads(text)
            for affected in record.get("affected", []):
                self.records.setdefault(affected["package"]["name"].lower(), []).append((affected, record))
        self.url = f"{self.base}/v1/query"

    def answer(self, _path, body):
        query = json.loads(body)
        found = []
        for affected, record in self.records.get(query["package"]["name"].lower(), []):
            whole = any("introduced" in event and len(range_["events"]) == 1 for range_ in affected.get("ranges", []) if range_["type"] == "ECOSYSTEM" for event in range_["events"])
            if (query["version"] in affected.get("versions", []) or whole) and record not in found:
                found.append(record)
        return 200, "application/json", json.dumps({"vulns": found} if found else {}).encode()
