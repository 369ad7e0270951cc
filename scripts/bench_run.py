"""How scripts/bench runs and compares whole processes."""

import os
import shutil
import statistics
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("PROVENDER_TEST_SHARED", ROOT.parent / "shared"))
WORK = ROOT / "target" / "bench"
BIN = ROOT / "target" / "release" / "provender"
MEMORY = Path("/dev/shm")
SCRATCH = (MEMORY if os.access(MEMORY, os.W_OK) else WORK) / f"provender-bench-{os.getpid()}"


def clean_environment(**more):
    """What every measured process gets: nothing of the caller's index or proxy settings."""
    env = {"PATH": os.environ["PATH"], "HOME": str(WORK / "home"), "LANG": "C.UTF-8", "NO_COLOR": "1"}
    env.update(more)
    return env


def once(command, env, cwd, ok=(0,)):
    """Runs a command; returns the seconds that it took as a whole process."""
    out = open(WORK / "last-output.txt", "w+b")
    start = time.perf_counter()
    process = subprocess.Popen(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    process.wait()
    seconds = time.perf_counter() - start
    if process.returncode not in ok:
        out.seek(0)
        raise SystemExit(f"{command} ended with {process.returncode}:\n{out.read().decode(errors='replace')}")
    return seconds


def compare(name, ours, theirs, runs, before=lambda: None, warmup=True):
    """Runs two commands in turn; returns a row for the table."""
    if warmup:
        before()
        ours()
        before()
        theirs()
    pairs = []
    for _ in range(runs):
        before()
        a = ours()
        before()
        b = theirs()
        pairs.append((a, b))
    middle = statistics.median
    row = {
        "name": name,
        "ours": middle(a for a, _ in pairs),
        "theirs": middle(b for _, b in pairs),
        "ratio": middle(a / b for a, b in pairs),
        "low": min(a / b for a, b in pairs),
        "high": max(a / b for a, b in pairs),
        "runs": runs,
    }
    print(f"{name}: {row['ours']:.3f} s against {row['theirs']:.3f} s, ratio {row['ratio']:.3f}", flush=True)
    return row


def fresh(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path
