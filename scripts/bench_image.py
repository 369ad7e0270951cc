"""What scripts/bench measures of images: the example's, built by us and by buildah, and scanned.

The base is a minimal Debian with Python 3.11, made by mmdebstrap, or taken from PROVENDER_TEST_DEBIAN. It
stands in a registry on loopback, so that both builds take it from there. buildah's Dockerfile is the one that
`provender image dockerfile` writes; it installs from `provender serve`.
"""

import json
import os
import shutil
import signal
import subprocess
import urllib.request

from bench_memory import memory_rows
from bench_run import BIN, ROOT, SCRATCH, WORK, clean_environment, compare, fresh, once
from bench_stock import Ours, free_port

NEEDED = ["buildah", "docker-registry", "skopeo"]


class Registry:
    """Debian's docker-registry on loopback."""

    def __init__(self, folder):
        fresh(folder)
        self.host = f"127.0.0.1:{free_port()}"
        config = folder / "config.yml"
        config.write_text(
            "version: 0.1\nlog: {level: error}\n"
            f"storage: {{filesystem: {{rootdirectory: {folder}/data}}}}\nhttp: {{addr: '{self.host}'}}\n"
        )
        log = open(folder / "log.txt", "w")
        self.process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=log, stderr=log)
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://{self.host}/v2/", timeout=5).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit(f"docker-registry ended; see {log.name}")
                subprocess.run(["sleep", "0.05"], check=True)
        raise SystemExit("docker-registry does not answer")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def base_tar():
    """The base as a tar: it has pip, for what buildah does."""
    named = os.environ.get("PROVENDER_TEST_DEBIAN")
    if named:
        return named
    tar = WORK / "debian-python-pip.tar"
    if not tar.exists():
        command = ["mmdebstrap", "--variant=minbase", "--include=python3,python3-pip,ca-certificates", "bookworm", str(tar)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return str(tar)


def image_rows(runs):
    """The example's image; nothing where the tools of others are missing."""
    missing = [tool for tool in NEEDED if not shutil.which(tool)]
    if not os.environ.get("PROVENDER_TEST_DEBIAN") and not shutil.which("mmdebstrap"):
        missing.append("mmdebstrap")
    if missing or os.geteuid() != 0:
        print(f"left out: images, for want of {', '.join(missing) or 'root'}", flush=True)
        return []
    work = fresh(SCRATCH / "image")
    project = work / "project"
    shutil.copytree(ROOT / "examples" / "trading-backend", project, ignore=shutil.ignore_patterns("provender-reports"))
    warm = work / "data"
    env = clean_environment(PROVENDER_DATA_DIR=str(warm), SOURCE_DATE_EPOCH="0")
    with_indexes = {key: value for key, value in os.environ.items() if key.startswith(("PIP_", "UV_", "SSL_", "HTTPS_", "https_"))}
    once([str(BIN), "secure", "--no-check"], {**with_indexes, **env, "HOME": os.environ.get("HOME", "/")}, project)
    lock = project / "provender-reports" / "constraints.txt"
    shutil.copyfile(lock, project / "constraints.txt")
    shutil.rmtree(project / "provender-reports")
    rows = []
    with Registry(work / "registry") as registry, Ours(warm) as index:
        reference = f"{registry.host}/base:1"
        push = ["skopeo", "copy", "-q", "--dest-tls-verify=false"]
        root = import_base(work)
        subprocess.run([*push, f"containers-storage:[vfs@{root}/root+{root}/run]localhost/base", f"docker://{reference}"], check=True)
        told = subprocess.run(["skopeo", "inspect", "--tls-verify=false", f"docker://{reference}"], capture_output=True, check=True)
        pinned = f"{reference}@{json.loads(told.stdout)['Digest']}"
        settings = project / "provender.toml"
        settings.write_text(settings.read_text() + f'\n[image]\nbase = "{pinned}"\ntags = ["trading:1"]\n')
        once([str(BIN), "image", "dockerfile", "--lock", "constraints.txt"], env, project)
        conf = work / "pip.conf"
        conf.write_text(f"[global]\nindex-url = {index.url}\n")
        rows += build_rows(work, project, env, root, conf, runs)
        rows += scan_rows(work, env, runs)
        rows += memory_rows(base_tar(), project, env)
    return rows


def import_base(work):
    """The base in a storage of buildah's own; returns its folder."""
    root = fresh(work / "storage")
    buildah = ["buildah", "--storage-driver", "vfs", "--root", f"{root}/root", "--runroot", f"{root}/run"]
    name = subprocess.run([*buildah, "from", "scratch"], capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run([*buildah, "add", "-q", name, base_tar(), "/"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*buildah, "commit", "-q", name, "localhost/base"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*buildah, "rm", name], check=True, stdout=subprocess.DEVNULL)
    return root


def build_rows(work, project, env, root, conf, runs):
    """From a warm stock, and again unchanged. What was found of the base stays in the first row, as buildah's
    copy of it stays unpacked in its storage; in the second it is looked at anew."""
    images = work / "data" / "images"
    ours = [str(BIN), "image", "build", "--lock", "constraints.txt", "-o", f"oci:{work}/layout"]
    theirs = ["buildah", "--storage-driver", "vfs", "--root", f"{root}/root", "--runroot", f"{root}/run", "build", "-q"]
    theirs += ["--isolation", "chroot", "--tls-verify=false", "--secret", f"id=pip-conf,src={conf}"]
    theirs += ["--build-context", f"provender-ca={fresh(work / 'no-ca')}", "-t", "localhost/trading:1", "."]

    def forget():
        for made in (images / "layers").iterdir():
            if made.name != "bases":
                shutil.rmtree(made) if made.is_dir() else made.unlink()
        shutil.rmtree(work / "layout", ignore_errors=True)

    def forget_all():
        for folder in (images / "layers", images / "looks", work / "layout"):
            shutil.rmtree(folder, ignore_errors=True)

    def cold():
        return once(theirs[:-1] + ["--no-cache", "."], env, project)

    once(ours, env, project)
    rows = []
    for what, before in [("image of the example, warm stock", forget), ("the same, the base looked at anew", forget_all)]:
        build = lambda: once(ours, env, project)
        rows.append(compare(f"{what}, against `buildah build`", build, cold, max(runs, 3), before=before))
    once(ours, env, project)
    unchanged = theirs[:-1] + ["--layers", "."]
    once(unchanged, env, project)
    rows.append(compare("the same image again, against `buildah build --layers`", lambda: once(ours, env, project), lambda: once(unchanged, env, project), max(runs, 3)))
    return rows


def scan_rows(work, env, runs):
    """The image that was just written, scanned by us: remembered against looked at anew."""
    folder = fresh(work / "scan")
    shutil.copytree(ROOT / "examples" / "trading-backend" / "advisories", folder / "advisories")
    (folder / "provender.toml").write_text('[[advisories.source]]\nname = "sample"\npath = "advisories"\n')
    command = [str(BIN), "image", "scan", f"oci:{work}/layout"]
    looks = work / "data" / "images" / "looks"

    def anew():
        shutil.rmtree(looks, ignore_errors=True)
        return once(command, env, folder, ok=(0, 1, 2))

    def remembered():
        return once(command, env, folder, ok=(0, 1, 2))

    anew()
    return [compare("scan of that image, remembered, against looked at anew", remembered, anew, max(runs, 5), warmup=False)]
