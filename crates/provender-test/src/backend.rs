//! The PEP 517 build backend that a test's sdist brings along, so that it builds without setuptools.

/// The backend's source. It needs the standard library only and reads what it builds from `build.json` beside it.
/// It builds the metadata too (`prepare_metadata_for_build_wheel`) and first appends a line to the trace file, if
/// `build.json` names one: a test can thereby tell whether code of the project ran.
pub(crate) const SOURCE: &str = r#"import base64, hashlib, json, os, zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "build.json"), encoding="utf-8") as f:
    BUILD = json.load(f)


def _begin(hook):
    if BUILD["trace"]:
        with open(BUILD["trace"], "a", encoding="utf-8") as f:
            f.write(hook + " " + BUILD["stem"] + "\n")
    if BUILD["failure"]:
        raise RuntimeError(BUILD["failure"])


def get_requires_for_build_wheel(config_settings=None):
    return []


def get_requires_for_build_sdist(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    _begin("prepare_metadata_for_build_wheel")
    dist_info = BUILD["stem"] + ".dist-info"
    os.makedirs(os.path.join(metadata_directory, dist_info), exist_ok=True)
    for name in ("METADATA", "WHEEL"):
        with open(os.path.join(metadata_directory, dist_info, name), "w", encoding="utf-8") as f:
            f.write(BUILD[name])
    return dist_info


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    _begin("build_wheel")
    dist_info = BUILD["stem"] + ".dist-info"
    members = [
        (BUILD["module"] + "/__init__.py", "__version__ = %r\n" % BUILD["version"]),
        (dist_info + "/METADATA", BUILD["METADATA"]),
        (dist_info + "/WHEEL", BUILD["WHEEL"]),
    ]
    record = ""
    for path, text in members:
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += "%s,sha256=%s,%d\n" % (path, digest, len(text.encode()))
    members.append((dist_info + "/RECORD", record + dist_info + "/RECORD,,\n"))
    filename = BUILD["stem"] + "-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, filename), "w") as archive:
        for path, text in members:
            archive.writestr(zipfile.ZipInfo(path), text)
    return filename


def build_sdist(sdist_directory, config_settings=None):
    raise RuntimeError("this backend builds wheels only")
"#;
