"""A second, independent matcher for packages of distributions and of npm.

Reads the documents of a folder (OSV records, Debian's security tracker, Alpine's secdb) and a file of
questions, `ecosystem<TAB>name<TAB>version` a line, and prints for each question the ids of the records
that affect that version, as `id id ...`. It shares nothing with the crate: the evaluation is the one that
the OSV schema describes, and Debian's order is asked of dpkg where there is one.
"""

import functools
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

DEBIAN_RELEASES = {"bullseye": "11", "bookworm": "12", "trixie": "13", "sid": "sid"}


def is_version(text):
    return " " not in text


def debian_order(a, b):
    if shutil.which("dpkg"):
        for relation, answer in (("lt", -1), ("eq", 0), ("gt", 1)):
            if subprocess.run(["dpkg", "--compare-versions", a, relation, b], check=False).returncode == 0:
                return answer
        raise ValueError(f"dpkg cannot compare {a} with {b}")
    return (debian_key(a) > debian_key(b)) - (debian_key(a) < debian_key(b))


def debian_key(text):
    epoch, colon, rest = text.rpartition(":") if ":" in text else ("0", "", text)
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(epoch), debian_part(upstream), debian_part(revision)


def debian_part(text):
    key = []
    for letters, digits in re.findall(r"(\D*)(\d*)", text):
        weights = [-1 if c == "~" else ord(c) if c.isalpha() else ord(c) + 256 for c in letters]
        key += [(*weights, 0), int(digits or 0)]
    # What ended is as if it went on with an end and a zero, for ever.
    return key + [(0,), 0] * (40 - len(key) // 2)


APK = re.compile(r"(\d+)((?:\.\d+)*)([a-z]?)((?:_[a-z]+\d*)*)(?:~([0-9a-f]+))?(?:-r(\d+))?$")
BEFORE, AFTER = ["alpha", "beta", "pre", "rc"], ["cvs", "svn", "git", "hg", "p"]


def apk_key(text):
    first, further, letter, suffixes, digest, revision = APK.match(text).groups()
    key = [(7, int(first))]
    for number in further.split(".")[1:]:
        key.append((6, 0, number) if number.startswith("0") else (6, 1, int(number)))
    if letter:
        key.append((5, letter))
    for name, number in re.findall(r"_([a-z]+)(\d*)", suffixes):
        key.append((-1, BEFORE.index(name)) if name in BEFORE else (4, AFTER.index(name)))
        if number:
            key.append((3, int(number)))
    if digest:
        key.append((2, digest))
    if revision:
        key.append((1, int(revision)))
    return [*key, (0,)]


def npm_key(text):
    release, _, prerelease = text.split("+")[0].partition("-")
    numbers = [int(number) for number in release.split(".")]
    numbers += [0] * (3 - len(numbers))
    identifiers = [(0, int(i), "") if i.isdigit() else (1, 0, i) for i in prerelease.split(".")]
    return numbers, not prerelease, identifiers


def by_key(key):
    return lambda a, b: (key(a) > key(b)) - (key(a) < key(b))


ORDERS = {
    "Debian": debian_order,
    "Ubuntu": debian_order,
    "Alpine": by_key(apk_key),
    "npm": by_key(npm_key),
}


def ranks(order, texts):
    """A number for each version: equal for equal ones, ascending."""
    ranked, rank, before = {}, 0, None
    for text in sorted(texts, key=functools.cmp_to_key(order)):
        rank += before is not None and order(before, text) != 0
        ranked[text], before = rank, text
    return ranked


def affects(events, pin, rank):
    limits = [event["limit"] for event in events if "limit" in event]
    if limits and all(text in rank for text in limits) and pin >= max(rank[text] for text in limits):
        return False
    vulnerable, turns = False, {}
    for event in events:
        for kind, text in event.items():
            if kind == "introduced" and (text == "0" or text not in rank):
                vulnerable = True
            elif kind != "limit" and text in rank:
                turns.setdefault(rank[text], set()).add(kind)
    for at, kinds in sorted(turns.items()):
        if at > pin:
            break
        steps = ["last_affected", "fixed", "introduced"] if vulnerable else ["introduced", "last_affected", "fixed"]
        for kind in steps:
            if kind in kinds and not (kind == "last_affected" and at == pin):
                vulnerable = kind == "introduced"
    return vulnerable


def entries(document):
    """Every (id, ecosystem, name, ranges, versions) of a document."""
    if "id" in document:
        for affected in document["affected"]:
            events = [r["events"] for r in affected["ranges"] if r["type"] != "GIT"]
            package = affected["package"]
            ecosystem = package["ecosystem"].removesuffix(":LTS")
            yield document["id"], ecosystem, package["name"], events, affected.get("versions", [])
    elif "distroversion" in document:
        for package in document["packages"]:
            for fixed, ids in package["pkg"]["secfixes"].items():
                events = [[{"introduced": "0"}, {"fixed": fixed}]] if fixed != "0" else []
                for text in ids:
                    yield f"ALPINE-{text}", f"Alpine:{document['distroversion']}", package["pkg"]["name"], events, []
    else:
        for name, issues in document.items():
            for text, issue in issues.items():
                for codename, release in issue["releases"].items():
                    events = [{"introduced": "0"}]
                    if release["status"] == "resolved":
                        events.append({"fixed": release["fixed_version"]})
                    if events[1:] != [{"fixed": "0"}] and codename in DEBIAN_RELEASES:
                        ecosystem = f"Debian:{DEBIAN_RELEASES[codename]}"
                        yield f"DEBIAN-{text}", ecosystem, name, [events], []


def main(folder, questions):
    known, texts = {}, {}
    for path in sorted(Path(folder).glob("*.json")):
        for record, ecosystem, name, ranges, versions in entries(json.loads(path.read_bytes())):
            known.setdefault((ecosystem, name), []).append((record, ranges, versions))
            mentioned = versions + [text for events in ranges for event in events for text in event.values()]
            texts.setdefault(ecosystem.split(":")[0], set()).update(filter(is_version, mentioned))
    asked = [line.split("\t") for line in Path(questions).read_text().splitlines()]
    for ecosystem, _, version in asked:
        texts.setdefault(ecosystem.split(":")[0], set()).add(version)
    rank = {family: ranks(ORDERS[family], texts[family] - {"*"}) for family in texts}
    for ecosystem, name, version in asked:
        ranked = rank[ecosystem.split(":")[0]]
        pin, found = ranked[version], set()
        for record, ranges, versions in known.get((ecosystem, name), []):
            listed = any(ranked.get(text) == pin for text in versions)
            if listed or any(affects(events, pin, ranked) for events in ranges):
                found.add(record)
        print(" ".join(sorted(found)))


main(*sys.argv[1:])
