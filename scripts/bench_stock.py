"""What scripts/bench measures of stocking and serving: the lock of paiid, without `ta`, which has no wheel.

What is compared is fetching and serving; a build would be measured with it.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

from bench_run import BIN, SCRATCH, SHARED, WORK, clean_environment, compare, fresh, once
from bench_servers import upstream

TARGET = ["--python-version", "3.11", "--platform", "linux"]


class Ours:
    """`provender serve --offline` over a stocked data directory."""

    def __init__(self, data):
        env = clean_environment(PROVENDER_DATA_DIR=str(data))
        command = [str(BIN), "--offline", "serve", "--listen", "127.0.0.1:0"]
        self.log = open(WORK / "serve-log.txt", "w")
        self.process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        self.url = next(word for word in line.split() if word.startswith("http"))
        # The log is read away, as a file or a journal would take it.
        self.reader = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.reader.wait()
        self.log.close()


class Nginx:
    """nginx over a static tree, as `provender export` writes it."""

    def __init__(self, tree, folder):
        fresh(folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/simple/"
        conf = folder / "nginx.conf"
        conf.write_text(
            f"pid {folder}/pid; error_log {folder}/error.log; worker_processes auto; daemon off;\n"
            "events { worker_connections 512; }\n"
            f"http {{ access_log {folder}/access.log; sendfile on; default_type application/octet-stream;\n"
            f"  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;\n"
            f"  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; types {{ text/html html; }}\n"
            f"  server {{ listen 127.0.0.1:{self.port}; root {tree}; index index.html; }} }}\n"
        )
        command = [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(conf), "-e", str(folder / "error.log")]
        self.process = subprocess.Popen(command)
        wait_for(self.url)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url):
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=5).read()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"no server answers at {url}")


def stock_rows(bins, index, runs):
    """Stocking against its peers, an idle stocking, and installing from what was stocked."""
    folder = fresh(WORK / "stock")
    lines = (SHARED / "projects" / "paiid" / "requirements.txt").read_text().splitlines()
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in lines if not re.match(r"ta\b(?!-)", line)))
    data = SCRATCH / "stock-data"
    env = clean_environment(PROVENDER_DATA_DIR=str(data))
    lock = [str(BIN), "-q", "lock", "requirements.txt", "--fix", "off", "--index", index.url]
    subprocess.run([*lock, *TARGET], env=env, cwd=folder, check=True)
    stock = [str(BIN), "-q", "stock", "constraints.txt", "--index", index.url]

    def ours():
        return once(stock, env, folder)

    def pip():
        command = [str(bins / "pip"), "download", "-q", "--no-cache-dir", "--no-deps", "--require-hashes", "-r", "constraints.txt"]
        command += ["-d", str(fresh(SCRATCH / "pip-download")), "--index-url", index.url, "--disable-pip-version-check"]
        return once(command, clean_environment(), folder)

    def uv():
        command = [str(bins / "uv"), "pip", "sync", "-q", "--require-hashes", "constraints.txt", "--default-index", index.url]
        command += ["--target", str(fresh(SCRATCH / "sync")), "--cache-dir", str(fresh(SCRATCH / "sync-cache")), "--python-version", "3.11"]
        return once(command, clean_environment(), folder)

    rows = []
    rows.append(compare("stock paiid into an empty store, against `pip download`", ours, pip, runs, before=lambda: fresh(data)))
    rows.append(compare("stock paiid into an empty store, against `uv pip sync` into an empty cache", ours, uv, runs, before=lambda: fresh(data)))
    rows.append(compare("stock again with nothing to do, against `uv pip sync` with nothing to do", ours, uv_again(bins, index, folder), max(runs, 10)))
    rows += install_rows(bins, data, folder, runs)
    return rows


def uv_again(bins, index, folder):
    """`uv pip sync` of an environment that has everything."""
    target, cache = SCRATCH / "again", SCRATCH / "again-cache"
    command = [str(bins / "uv"), "pip", "sync", "-q", "--require-hashes", "constraints.txt", "--default-index", index.url]
    command += ["--target", str(target), "--cache-dir", str(cache), "--python-version", "3.11"]
    return lambda: once(command, clean_environment(), folder)


def install_rows(bins, data, folder, runs):
    """Installing from us, from nginx over our own export, and from the public index, with uv and no cache."""
    tree = SCRATCH / "tree"
    subprocess.run([str(BIN), "-q", "export", str(tree), "--copy"], env=clean_environment(PROVENDER_DATA_DIR=str(data)), check=True)

    def install(url, **more):
        command = [str(bins / "uv"), "pip", "install", "-q", "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", "constraints.txt"]
        command += ["--default-index", url, "--target", str(fresh(SCRATCH / "installed")), "--no-cache", "--python-version", "3.11"]
        return once(command, clean_environment(**more), folder)

    rows = []
    with Ours(data) as ours:
        if shutil.which("nginx") or shutil.which("/usr/sbin/nginx"):
            with Nginx(tree, SCRATCH / "nginx") as nginx:
                rows.append(compare("install paiid from `provender serve`, against nginx over our export", lambda: install(ours.url), lambda: install(nginx.url), runs))
        else:
            print("left out: installing from nginx: there is none here")
        network = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy") or name.startswith("SSL_CERT_")}
        theirs = upstream()
        rows.append(compare("install paiid from `provender serve`, against the public index", lambda: install(ours.url), lambda: install(theirs, **network), min(runs, 3)))
    return rows
