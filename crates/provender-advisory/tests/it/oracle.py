"""A second, independent matcher, with which the crate's own is compared.

Reads OSV records from zip archives and folders (the arguments) and prints, for every project and
every version that a record of it mentions, the ids of the records that affect that version:
`project<TAB>version<TAB>id id ...`. It shares nothing with the crate: the evaluation is the one that
the OSV schema describes, done anew for every version, with `packaging` for names and versions.
"""

import functools
import json
import sys
import zipfile
from pathlib import Path

try:
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion, Version
except ImportError:
    from pip._vendor.packaging.utils import canonicalize_name
    from pip._vendor.packaging.version import InvalidVersion, Version


@functools.cache
def parse(text):
    try:
        return Version(text)
    except InvalidVersion:
        return None


def order(pin, other):
    """-1, 0 or 1; a local label of the pin counts only against another local label."""
    if pin.local is not None and other.local is None:
        pin = parse(pin.public)
    return (pin > other) - (pin < other)


class Range:
    """The events of one range, sorted once."""

    def __init__(self, events):
        limits = [event["limit"] for event in events if "limit" in event]
        unlimited = not limits or any(text == "*" or parse(text) is None for text in limits)
        self.limits = None if unlimited else [parse(text) for text in limits]
        introduced = [event["introduced"] for event in events if "introduced" in event]
        self.from_the_beginning = any(text == "0" or parse(text) is None for text in introduced)
        turns = {}
        for event in events:
            for kind, text in event.items():
                if kind != "limit" and parse(text) and (kind, text) != ("introduced", "0"):
                    turns.setdefault(parse(text), set()).add(kind)
        self.turns = sorted(turns.items())

    def affects(self, pin):
        if self.limits is not None and not any(order(pin, limit) < 0 for limit in self.limits):
            return False
        vulnerable = self.from_the_beginning
        for version, kinds in self.turns:
            here = order(pin, version)
            if here < 0:
                # With local labels in play a later event may still be at or below the pin.
                continue
            # An open range ends before the next one begins; otherwise one begins and may end at once.
            steps = ["introduced", "last_affected", "fixed"]
            if vulnerable:
                steps = ["last_affected", "fixed", "introduced"]
            for kind in steps:
                if kind in kinds:
                    if kind == "introduced":
                        vulnerable = True
                    elif kind == "fixed" or here > 0:
                        vulnerable = False
        return vulnerable


class Entry:
    """What one record says about one project."""

    def __init__(self, affected):
        self.versions = {parse(text) for text in affected.get("versions") or []} - {None}
        ranges = affected.get("ranges") or []
        self.ranges = [Range(r["events"]) for r in ranges if r["type"] != "GIT"]

    def affects(self, pin):
        listed = pin in self.versions or parse(pin.public) in self.versions
        return listed or any(r.affects(pin) for r in self.ranges)


def mentioned(entry):
    yield from entry.get("versions") or []
    for r in entry.get("ranges") or []:
        if r["type"] != "GIT":
            yield from (text for event in r["events"] for text in event.values())


def records(paths):
    for path in map(Path, paths):
        if path.is_dir():
            yield from (json.loads(file.read_bytes()) for file in sorted(path.rglob("*.json")))
        else:
            with zipfile.ZipFile(path) as archive:
                yield from (json.loads(archive.read(name)) for name in archive.namelist())


def main(paths):
    projects, versions = {}, {}
    for record in records(paths):
        for entry in record.get("affected") or []:
            if entry["package"]["ecosystem"] != "PyPI":
                continue
            name = canonicalize_name(entry["package"]["name"])
            versions.setdefault(name, set()).update(mentioned(entry))
            if "withdrawn" not in record:
                projects.setdefault(name, []).append((record["id"], Entry(entry)))
    for name in sorted(versions):
        for text in sorted(versions[name]):
            pin = parse(text)
            if pin is None:
                continue
            # Labels that no record mentions, as vendors' rebuilds have them.
            for asked in (text, f"{pin.public}+cu118"):
                entries = projects.get(name, [])
                ids = sorted({id for id, entry in entries if entry.affects(parse(asked))})
                print(name, asked, " ".join(ids), sep="\t")


main(sys.argv[1:])
