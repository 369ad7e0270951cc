//! The processor that a program is for, in Go's words, by its ELF header.

/// How much of a program is looked at, in bytes: identification, type and machine.
pub(super) const HEADER: usize = 20;

/// The processor; none where the bytes are no ELF header or that of a processor that images are not
/// made for.
pub(super) fn architecture(header: &[u8; HEADER]) -> Option<&'static str> {
    let [0x7f, b'E', b'L', b'F', class, order, _, ..] = *header else { return None };
    let [.., low, high] = *header;
    // `e_machine`, in the file's own byte order.
    let (machine, is_little) = match order {
        1 => (u16::from_le_bytes([low, high]), true),
        2 => (u16::from_be_bytes([low, high]), false),
        _ => return None,
    };
    Some(match (machine, class, is_little) {
        (3, 1, true) => "386",
        (8, 2, true) => "mips64le",
        (21, 2, true) => "ppc64le",
        (21, 2, false) => "ppc64",
        (22, 2, false) => "s390x",
        (40, 1, true) => "arm",
        (62, 2, true) => "amd64",
        (183, 2, true) => "arm64",
        (243, 2, true) => "riscv64",
        (258, 2, true) => "loong64",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(class: u8, order: u8, machine: [u8; 2]) -> [u8; HEADER] {
        let mut header = [0; HEADER];
        header[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', class, order, 1]);
        header[18..].copy_from_slice(&machine);
        header
    }

    #[test]
    fn the_machine_is_read_in_the_files_own_byte_order() {
        assert_eq!(architecture(&header(2, 1, [62, 0])), Some("amd64"));
        assert_eq!(architecture(&header(2, 1, [183, 0])), Some("arm64"));
        assert_eq!(architecture(&header(2, 2, [0, 22])), Some("s390x"));
        assert_eq!(architecture(&header(2, 1, [0, 22])), None);
        assert_eq!(architecture(b"#!/bin/sh\nexec true\n"), None);
    }

    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    #[test]
    fn this_very_program_is_for_this_processor() {
        let bytes = std::fs::read("/proc/self/exe").unwrap();
        assert_eq!(architecture(bytes.first_chunk().unwrap()), Some("amd64"));
    }
}
