//! ELF files for x86-64 and others, with nothing in them but what a loader reads.

/// What is to stand in an ELF file.
#[derive(Debug, Clone)]
pub(crate) struct Elf {
    pub(crate) machine: u16,
    pub(crate) loader: &'static str,
    pub(crate) needed: Vec<&'static str>,
    pub(crate) runpath: &'static str,
    /// Versions of symbols of a library.
    pub(crate) required: Vec<(&'static str, Vec<&'static str>)>,
    pub(crate) defined: Vec<&'static str>,
    /// What else stands in the data.
    pub(crate) data: Vec<u8>,
}

pub(crate) const X86_64: u16 = 62;
pub(crate) const AARCH64: u16 = 183;

impl Default for Elf {
    fn default() -> Self {
        Self {
            machine: X86_64,
            loader: "",
            needed: Vec::new(),
            runpath: "",
            required: Vec::new(),
            defined: Vec::new(),
            data: Vec::new(),
        }
    }
}

/// A table of strings.
struct Strings(Vec<u8>);

impl Strings {
    fn add(&mut self, text: &str) -> u32 {
        let at = u32::try_from(self.0.len()).unwrap();
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
        at
    }
}

fn u16s(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn u32s(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn u64s(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

const HEADER: u64 = 64;
const SEGMENT: u64 = 56;

impl Elf {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut strings = Strings(vec![0]);
        let mut dynamic: Vec<u64> = Vec::new();
        for name in &self.needed {
            dynamic.extend([1, u64::from(strings.add(name))]);
        }
        if !self.runpath.is_empty() {
            dynamic.extend([29, u64::from(strings.add(self.runpath))]);
        }
        let needs = self.needs(&mut strings);
        let defines = self.defines(&mut strings);

        let mut body = Vec::new();
        let mut place = |bytes: &[u8]| {
            let at = HEADER + 3 * SEGMENT + body.len() as u64;
            body.extend_from_slice(bytes);
            body.resize(body.len().next_multiple_of(8), 0);
            (at, bytes.len() as u64)
        };
        let loader = place(format!("{}\0", self.loader).as_bytes());
        let strings = place(&strings.0);
        dynamic.extend([5, strings.0, 10, strings.1, 0, 0]);
        let dynamic = place(&u64s(&dynamic));
        let needs = place(&needs);
        let defines = place(&defines);
        place(&[b"\0", self.data.as_slice(), b"\0"].concat());
        let sections = HEADER + 3 * SEGMENT + body.len() as u64;

        let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        bytes.extend(u16s(&[3, self.machine]));
        bytes.extend(u32s(&[1]));
        bytes.extend(u64s(&[0, HEADER, sections]));
        bytes.extend(u32s(&[0]));
        bytes.extend(u16s(&[64, 56, 3, 64, 3, 0]));
        let mut segment = |kind: u32, (at, length): (u64, u64)| {
            bytes.extend(u32s(&[kind, 4]));
            bytes.extend(u64s(&[at, at, at, length, length, 8]));
        };
        segment(1, (0, sections));
        segment(2, dynamic);
        // Without a loader, a segment that means nothing.
        segment(if self.loader.is_empty() { 0 } else { 3 }, loader);
        bytes.extend(body);
        let mut section = |kind: u32, (at, length): (u64, u64), count: usize| {
            bytes.extend(u32s(&[0, kind]));
            bytes.extend(u64s(&[2, at, at, length]));
            bytes.extend(u32s(&[0, u32::try_from(count).unwrap()]));
            bytes.extend(u64s(&[8, 0]));
        };
        section(0, (0, 0), 0);
        section(if self.required.is_empty() { 0 } else { 0x6fff_fffe }, needs, self.required.len());
        section(if self.defined.is_empty() { 0 } else { 0x6fff_fffd }, defines, self.defined.len());
        bytes
    }

    fn needs(&self, strings: &mut Strings) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (index, (library, versions)) in self.required.iter().enumerate() {
            let count = u16::try_from(versions.len()).unwrap();
            let next =
                if index + 1 == self.required.len() { 0 } else { 16 + 16 * u32::from(count) };
            bytes.extend(u16s(&[1, count]));
            bytes.extend(u32s(&[strings.add(library), 16, next]));
            for (index, version) in versions.iter().enumerate() {
                bytes.extend(u32s(&[0, 2 << 16]));
                let next = if index + 1 == versions.len() { 0 } else { 16 };
                bytes.extend(u32s(&[strings.add(version), next]));
            }
        }
        bytes
    }

    fn defines(&self, strings: &mut Strings) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (index, version) in self.defined.iter().enumerate() {
            let next = if index + 1 == self.defined.len() { 0 } else { 28 };
            bytes.extend(u16s(&[1, 0, 2, 1]));
            bytes.extend(u32s(&[0, 20, next, strings.add(version), 0]));
        }
        bytes
    }
}
