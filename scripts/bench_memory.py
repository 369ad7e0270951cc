"""The most memory that provender takes for a large image: one of more than 2 GB is made, built upon and scanned."""

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile

from bench_run import BIN, WORK, fresh

# Runs a command from a small process: a child starts with the size of its parent.
SMALL = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
LAYERS = 4
LARGE, SMALL_FILES = 1000, 20_000
OCI = "application/vnd.oci.image"


def peak(name, command, env, cwd):
    """Runs a command; returns a row with its largest resident set, in bytes."""
    told = subprocess.run([sys.executable, "-c", SMALL, *command], env=env, cwd=cwd, capture_output=True, text=True, check=True)
    code, kilobytes = map(int, told.stdout.split())
    if code not in (0, 1, 2):
        raise SystemExit(f"{command} ended with {code}")
    row = {"name": name, "peak": kilobytes * 1024}
    print(f"{name}: {row['peak'] / 1e6:.0f} MB", flush=True)
    return row


def filler(path, number):
    """A layer of large and small files, 0.57 GB."""
    block = hashlib.shake_256(b"provender").digest(1 << 20)
    with tarfile.open(path, "w") as tar:
        def add(name, content):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))

        for at in range(LARGE):
            size = (at % 10 + 1) * 100_000
            add(f"usr/lib/python3/dist-packages/p{number}_{at % 50}/m{at}.py", (block[: size // 8] + b"import os\n" * size)[:size])
        for at in range(SMALL_FILES):
            add(f"usr/share/d{number}/{at}", b"x" * 20)


def layout(base, folder):
    """An OCI layout: the tar `base`, and layers of files over it. Returns how many bytes they unpack to."""
    blobs = fresh(folder) / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(content, kind):
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {"mediaType": f"{OCI}.{kind}", "digest": f"sha256:{digest}", "size": len(content)}

    layers, diff_ids, unpacked = [], [], 0
    for number in range(LAYERS + 1):
        tar = folder / "layer.tar"
        if number:
            filler(tar, number)
        else:
            shutil.copyfile(base, tar)
        digest, packed = hashlib.sha256(), folder / "layer.gz"
        with open(tar, "rb") as source, gzip.GzipFile(packed, "wb", 1, mtime=0) as target:
            while block := source.read(1 << 20):
                digest.update(block)
                target.write(block)
                unpacked += len(block)
        layers.append(blob(packed.read_bytes(), "layer.v1.tar+gzip"))
        diff_ids.append(f"sha256:{digest.hexdigest()}")
        packed.unlink()
        tar.unlink()
    config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    manifest = {"schemaVersion": 2, "mediaType": f"{OCI}.manifest.v1+json", "config": blob(json.dumps(config).encode(), "config.v1+json"), "layers": layers}
    index = {"schemaVersion": 2, "manifests": [blob(json.dumps(manifest).encode(), "manifest.v1+json")]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return unpacked


def memory_rows(base, project, env):
    """The example's image on a base of more than 2 GB: built, and scanned."""
    folder = WORK / "large"
    size = f"{layout(base, folder / 'base') / 1e9:.1f} GB"
    large = f"oci:{folder}/large"
    build = [str(BIN), "image", "build", "--lock", "constraints.txt", "--base", f"oci:{folder}/base", "-o", large]
    rows = [peak(f"`image build` on a base of {size}", build, env, project)]
    rows.append(peak("`image scan` of that image", [str(BIN), "image", "scan", large], env, project))
    shutil.rmtree(folder)
    return rows
