//! An archive and what changed since: later documents in the place of those of the same name.

use std::collections::BTreeSet;

use super::{ContainerError, Document, Documents};

/// Documents of an archive, then the later ones. A later document without content takes the one of its name away.
#[derive(Debug)]
pub(super) struct Overlay {
    base: Box<Documents<'static>>,
    replaced: BTreeSet<String>,
    later: Box<Documents<'static>>,
}

impl Overlay {
    /// Reads the names of the later documents first; `names` and `later` are the same archive, opened twice.
    pub(super) fn new(
        base: Documents<'static>,
        names: Documents<'static>,
        later: Documents<'static>,
    ) -> Result<Self, ContainerError> {
        let names = names.map(|document| Ok(document?.name.into_owned()));
        let replaced = names.collect::<Result<_, ContainerError>>()?;
        Ok(Self { base: Box::new(base), replaced, later: Box::new(later) })
    }

    pub(super) fn next(&mut self) -> Result<Option<Document<'static>>, ContainerError> {
        for document in self.base.by_ref() {
            let document = document?;
            let name = document.name.trim_start_matches("./");
            // An archive may hold the folder itself (SUSE: `csaf-vex/cve-2023-5568.json`).
            let in_folder = name.split_once('/').map_or(name, |(_, rest)| rest);
            if !self.replaced.contains(name) && !self.replaced.contains(in_folder) {
                return Ok(Some(document));
            }
        }
        self.later
            .find(|document| !matches!(document, Ok(document) if document.content.is_empty()))
            .transpose()
    }
}
