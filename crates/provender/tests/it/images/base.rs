//! A base by hand: as much of Debian 12 with Python 3.11 as tells what it offers.

/// What stands in a base that nothing is started in.
const FILES: &[(&str, &str)] = &[
    ("etc/debian_version", "12.9\n"),
    ("etc/group", "root:x:0:\n"),
    ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
    (
        "usr/lib/os-release",
        "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n",
    ),
    ("usr/lib/x86_64-linux-gnu/libc-2.36.so", ""),
    ("usr/local/include/python3.11/patchlevel.h", "#define PY_VERSION \"3.11.9\"\n"),
    ("usr/local/lib/python3.11/lib-dynload/_json.cpython-311-x86_64-linux-gnu.so", ""),
    ("usr/local/lib/python3.11/os.py", ""),
    ("usr/local/lib/python3.11/site.py", ""),
    ("usr/local/lib/python3.11/site-packages/README.txt", ""),
];

const LINKS: &[(&str, &str)] = &[
    ("bin", "usr/bin"),
    ("etc/os-release", "../usr/lib/os-release"),
    ("lib", "usr/lib"),
    ("usr/lib/x86_64-linux-gnu/libc.so.6", "libc-2.36.so"),
    ("usr/local/bin/python", "python3"),
    ("usr/local/bin/python3", "python3.11"),
];

/// The tar of the root file system, with Python as python.org's builds have it.
pub(super) fn debian_with_python() -> Vec<u8> {
    base("x86_64", 62, true, None)
}

/// The same for a processor of 64 bits by ARM.
pub(super) fn debian_for_arm() -> Vec<u8> {
    base("aarch64", 183, true, None)
}

/// The same as the first with certificates of authorities.
pub(super) fn debian_with_certificates(bundle: &str) -> Vec<u8> {
    base("x86_64", 62, true, Some(bundle))
}

/// The same without an interpreter.
pub(super) fn debian_without_python() -> Vec<u8> {
    base("x86_64", 62, false, None)
}

/// One for a processor, by its name in paths and its number in programs (`e_machine`).
fn base(processor: &str, machine: u16, python: bool, bundle: Option<&str>) -> Vec<u8> {
    let of_processor = |path: &str| path.replace("x86_64", processor);
    let mut archive = tar::Builder::new(Vec::new());
    for (path, target) in LINKS {
        let mut header = header(tar::EntryType::Symlink, 0);
        archive.append_link(&mut header, of_processor(path), target).unwrap();
    }
    let bundle = bundle.map(|text| ("etc/ssl/certs/ca-certificates.crt", text));
    for (path, text) in FILES.iter().copied().chain(bundle) {
        let mut header = header(tar::EntryType::Regular, text.len());
        archive.append_data(&mut header, of_processor(path), text.as_bytes()).unwrap();
    }
    // A root file system does not say which processor it is for; its programs do.
    for path in ["usr/bin/dash", "usr/local/bin/python3.11"] {
        if python || !path.contains("python") {
            let program = program(machine);
            let mut header = header(tar::EntryType::Regular, program.len());
            header.set_mode(0o755);
            archive.append_data(&mut header, path, program.as_slice()).unwrap();
        }
    }
    archive.into_inner().unwrap()
}

fn header(kind: tar::EntryType, size: usize) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header.set_mode(0o644);
    header
}

/// An ELF file with a header and nothing else.
fn program(machine: u16) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    for half in [2_u16, machine] {
        bytes.extend(half.to_le_bytes());
    }
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend([0; 24]);
    bytes.extend(0_u32.to_le_bytes());
    for half in [64_u16, 56, 0, 64, 0, 0] {
        bytes.extend(half.to_le_bytes());
    }
    bytes
}
