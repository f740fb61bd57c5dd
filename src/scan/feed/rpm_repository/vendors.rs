//! Whose builds zypp lets replace whose: a package keeps its vendor unless the administrator says otherwise.

use std::path::{Path, PathBuf};

use super::ini::{Section, sections, text};
use crate::host::storage;

/// Each file is a class of vendors that are one (libzypp, `VendorAttr`; `[main] vendors=` with beginnings of names).
const FOLDER: &str = "etc/zypp/vendors.d";
/// The class of libzypp itself.
const BUILT_IN: [&str; 2] = ["suse", "opensuse"];

/// The classes of vendors that count as one.
#[derive(Debug)]
pub(super) struct Vendors {
    /// Beginnings of names in lower case, by class.
    classes: Vec<Vec<String>>,
    /// Any vendor may replace any other (zypp.conf, `solver.allowVendorChange`).
    all: bool,
}

impl Vendors {
    /// Reads the classes of a root.
    pub(super) fn read(root: &Path, all: bool) -> Self {
        let class = |file: PathBuf| {
            let main = sections(&text(&file)).into_iter().find(|section| section.name == "main");
            let listed = main.as_ref().and_then(|section: &Section| section.value("vendors"))?;
            let names = listed.split(',').map(|name| name.trim().to_lowercase());
            Some(names.filter(|name| !name.is_empty()).collect())
        };
        let built_in = BUILT_IN.map(str::to_owned).to_vec();
        let files = storage::list(&root.join(FOLDER)).unwrap_or_default();
        Self { classes: std::iter::once(built_in).chain(files.into_iter().filter_map(class)).collect(), all }
    }

    /// Tells whether a build of one vendor may take the place of a build of another.
    pub(super) fn may_replace(&self, installed: &str, offered: &str) -> bool {
        let (installed, offered) = (installed.to_lowercase(), offered.to_lowercase());
        let has =
            |class: &Vec<String>, vendor: &str| class.iter().any(|name| vendor.starts_with(name.as_str()));
        self.all
            || installed == offered
            || self.classes.iter().any(|class| has(class, &installed) && has(class, &offered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendor_is_replaced_by_itself_and_its_own_class() {
        let vendors = Vendors { classes: vec![BUILT_IN.map(str::to_owned).to_vec()], all: false };
        assert!(vendors.may_replace("openSUSE", "SUSE LLC <https://www.suse.com/>"));
        assert!(vendors.may_replace("Somebody", "somebody"));
        assert!(!vendors.may_replace("openSUSE", "obs://build.example.org/home"));
        assert!(!vendors.may_replace("", "openSUSE") && vendors.may_replace("", ""));
        assert!(Vendors { all: true, ..vendors }.may_replace("openSUSE", "Somebody"));
    }
}
