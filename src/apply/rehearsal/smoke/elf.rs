//! The little of an ELF file that tells how it is loaded (System V ABI, chapters 4 and 5; elf(5)).

/// How an ELF file is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elf {
    /// Word size, byte order and machine: files of one kind share a loader.
    pub kind: (u8, u8, u16),
    /// The loader that the file names; libraries name none.
    pub interpreter: Option<String>,
}

/// Headers and the name of the loader lie within this much of a file in all that linkers write.
pub const HEAD: u64 = 64 * 1024;

const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const ET_EXEC: u16 = 2;
const ET_DYN: u16 = 3;

/// Reads the head of a file. `None` for what is no ELF file, or none that a dynamic loader has to do with: static programs,
/// object files, kernel modules.
pub fn parse(bytes: &[u8]) -> Option<Elf> {
    let identity = bytes.get(..16).filter(|identity| identity.starts_with(b"\x7fELF"))?;
    let (class, order) = (identity[4], identity[5]);
    if !matches!((class, order), (1 | 2, 1 | 2)) {
        return None;
    }
    let reader = Reader { bytes, is_wide: class == 2, is_little: order == 1 };
    let file_type = reader.short(16)?;
    if file_type != ET_EXEC && file_type != ET_DYN {
        return None;
    }
    let machine = reader.short(18)?;
    let (table, size, count) = match reader.is_wide {
        true => (reader.address(32)?, reader.short(54)?, reader.short(56)?),
        false => (reader.address(28)?, reader.short(42)?, reader.short(44)?),
    };
    let mut found = (false, None);
    for number in 0..usize::from(count) {
        let at = table.checked_add(number.checked_mul(usize::from(size))?)?;
        match reader.word(at)? {
            PT_DYNAMIC => found.0 = true,
            PT_INTERP => found.1 = reader.text(at),
            _ => {}
        }
    }
    let (is_dynamic, interpreter) = found;
    is_dynamic.then_some(Elf { kind: (class, order, machine), interpreter })
}

struct Reader<'a> {
    bytes: &'a [u8],
    is_wide: bool,
    is_little: bool,
}

impl Reader<'_> {
    fn number(&self, at: usize, length: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(length)?)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(match self.is_little {
            true => bytes.iter().rev().fold(0, add),
            false => bytes.iter().fold(0, add),
        })
    }

    fn short(&self, at: usize) -> Option<u16> {
        u16::try_from(self.number(at, 2)?).ok()
    }

    fn word(&self, at: usize) -> Option<u32> {
        u32::try_from(self.number(at, 4)?).ok()
    }

    fn address(&self, at: usize) -> Option<usize> {
        usize::try_from(self.number(at, if self.is_wide { 8 } else { 4 })?).ok()
    }

    /// The text that the program header at `header` leads to, without the zero byte at its end.
    fn text(&self, header: usize) -> Option<String> {
        let (offset, length) = if self.is_wide { (8, 32) } else { (4, 16) };
        let start = self.address(header.checked_add(offset)?)?;
        let end = start.checked_add(self.address(header.checked_add(length)?)?)?;
        let text = std::str::from_utf8(self.bytes.get(start..end)?).ok()?;
        Some(text.trim_end_matches('\0').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::host::storage;

    #[test]
    fn a_program_names_its_loader_and_a_text_is_none() {
        let head = storage::read_head(Path::new("/bin/sh"), HEAD).expect("every system has a shell");
        let elf = parse(&head).expect("a dynamic program");
        let loader = elf.interpreter.expect("a program names its loader");
        let loader = parse(&storage::read_head(Path::new(&loader), HEAD).expect("readable")).expect("ELF");
        assert_eq!((loader.kind, loader.interpreter), (elf.kind, None));
        assert_eq!(parse(b"#!/bin/sh\n"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(tail in proptest::collection::vec(proptest::num::u8::ANY, 0..300), class in 0u8..4, order in 0u8..4) {
            let mut bytes = b"\x7fELF".to_vec();
            bytes.extend([class, order]);
            bytes.extend(tail);
            let _ = parse(&bytes);
        }
    }
}
