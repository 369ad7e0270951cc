//! What of an ELF file matters to whoever loads it: processor, loader, libraries, versions of symbols.

use std::collections::BTreeSet;

use goblin::elf::Elf;
use goblin::elf::header::{EM_386, EM_AARCH64, EM_ARM, EM_PPC64, EM_RISCV, EM_S390, EM_X86_64};

/// LoongArch, which goblin does not name.
const EM_LOONGARCH: u16 = 258;

/// A program or a shared library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    /// The processor, in Go's words; a number where it has no name here.
    pub(crate) architecture: String,
    /// The program that loads it, where one is named.
    pub(crate) loader: Option<String>,
    /// The libraries that it is loaded with (`DT_NEEDED`).
    pub(crate) needed: Vec<String>,
    /// Where they are looked for first (`DT_RPATH`, `DT_RUNPATH`).
    pub(crate) search: Vec<String>,
    /// The versions of symbols that it must find (`.gnu.version_r`): library and version.
    pub(crate) required: BTreeSet<(String, String)>,
    /// The versions of symbols that it has (`.gnu.version_d`).
    pub(crate) defined: BTreeSet<String>,
}

/// Whether these are the bytes of an ELF file.
pub(crate) fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}

impl Object {
    /// Reads an ELF file.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let elf = Elf::parse(bytes).map_err(|error| error.to_string())?;
        let name = |index| elf.dynstrtab.get_at(index).map(str::to_owned);
        let mut required = BTreeSet::new();
        for library in elf.verneed.iter().flat_map(|section| section.iter()) {
            let Some(file) = name(library.vn_file) else { continue };
            let versions = library.iter().filter_map(|version| name(version.vna_name));
            required.extend(versions.map(|version| (file.clone(), version)));
        }
        let mut defined = BTreeSet::new();
        for version in elf.verdef.iter().flat_map(|section| section.iter()) {
            // What follows the first name are the versions it is built upon.
            defined.extend(version.iter().next().and_then(|own| name(own.vda_name)));
        }
        let search = elf.rpaths.iter().chain(&elf.runpaths).flat_map(|paths| paths.split(':'));
        Ok(Self {
            architecture: architecture(elf.header.e_machine, elf.is_64, elf.little_endian),
            loader: elf.interpreter.map(str::to_owned),
            needed: elf.libraries.iter().map(|name| (*name).to_owned()).collect(),
            search: search.filter(|path| !path.is_empty()).map(str::to_owned).collect(),
            required,
            defined,
        })
    }
}

/// The processor in Go's words.
fn architecture(machine: u16, is_64: bool, little_endian: bool) -> String {
    match (machine, is_64, little_endian) {
        (EM_X86_64, true, _) => "amd64".to_owned(),
        (EM_386, ..) => "386".to_owned(),
        (EM_AARCH64, _, true) => "arm64".to_owned(),
        (EM_ARM, _, true) => "arm".to_owned(),
        (EM_PPC64, _, true) => "ppc64le".to_owned(),
        (EM_PPC64, _, false) => "ppc64".to_owned(),
        (EM_S390, true, _) => "s390x".to_owned(),
        (EM_RISCV, true, _) => "riscv64".to_owned(),
        (EM_LOONGARCH, true, _) => "loong64".to_owned(),
        (machine, is_64, _) => {
            format!("ELF machine {machine} of {} bits", if is_64 { 64 } else { 32 })
        }
    }
}
