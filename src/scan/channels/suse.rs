//! The products and modules of SUSE that a root has, by the names that advisories have for them.
//!
//! zypper keeps a file of XML for each (`/etc/products.d/sle-module-basesystem.prod`, linked as `baseproduct` for the one
//! that the host is), with a title for people: `SUSE Linux Enterprise Server 15 SP6`, `Basesystem Module 15 SP6`,
//! `SUSE Linux Enterprise Server LTSS 15 SP3`. SUSE's CSAF and OSV call the same `SUSE Linux Enterprise Server 15 SP6`,
//! `SUSE Linux Enterprise Module for Basesystem 15 SP6`, `SUSE Linux Enterprise Server 15 SP3-LTSS`.

use std::path::Path;

use super::texts;

/// Where zypper keeps the products, below a root.
const PRODUCTS: &str = "etc/products.d";
/// Contracts of longer support, whose mark stands within the title and at the end of the advisories' name.
const CONTRACTS: [&str; 3] = ["LTSS", "ESPOS", "TERADATA"];

/// Returns the names of the installed products; `None` where the root does not tell any.
pub(super) fn products(root: &Path) -> Option<Vec<String>> {
    let titles = texts(&root.join(PRODUCTS), &["prod"]);
    let mut names: Vec<String> = titles.iter().filter_map(|text| title(text)).map(name_of).collect();
    names.sort();
    names.dedup();
    (!names.is_empty()).then_some(names)
}

/// The title without a language, which is the only one without an attribute.
fn title(product: &str) -> Option<&str> {
    let (_, rest) = product.split_once("<summary>")?;
    let (title, _) = rest.split_once("</summary>")?;
    Some(title.trim())
}

/// Turns a title into the advisories' name.
fn name_of(title: &str) -> String {
    if let Some((module, version)) = title.split_once(" Module ").filter(|_| !title.starts_with("SUSE ")) {
        return format!("SUSE Linux Enterprise Module for {module} {version}");
    }
    for contract in CONTRACTS {
        if let Some((product, version)) = title.split_once(&format!(" {contract} ")) {
            return format!("{product} {version}-{contract}");
        }
    }
    title.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::distro::Distribution;
    use crate::scan::inventory::tests::Root;

    fn product(title: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<product schemeversion=\"0\">\n  <vendor>SUSE</vendor>\n  \
             <summary>{title}</summary>\n  <summary lang=\"de\">x</summary>\n</product>\n"
        )
    }

    #[test]
    fn wazuh_9091_titles_of_products_become_the_names_that_advisories_have() {
        for (title, name) in [
            ("SUSE Linux Enterprise Server 15 SP6", "SUSE Linux Enterprise Server 15 SP6"),
            ("Basesystem Module 15 SP5", "SUSE Linux Enterprise Module for Basesystem 15 SP5"),
            ("Web and Scripting Module 15 SP6", "SUSE Linux Enterprise Module for Web and Scripting 15 SP6"),
            ("SUSE Linux Enterprise Server LTSS 15 SP3", "SUSE Linux Enterprise Server 15 SP3-LTSS"),
            ("SUSE Linux Enterprise Server LTSS 15", "SUSE Linux Enterprise Server 15-LTSS"),
            (
                "SUSE Linux Enterprise High Availability Extension 15 SP4",
                "SUSE Linux Enterprise High Availability Extension 15 SP4",
            ),
            ("SUSE Package Hub 12", "SUSE Package Hub 12"),
        ] {
            assert_eq!(name_of(title), name);
        }
    }

    #[test]
    fn products_of_a_root_are_its_channels_and_without_any_nobody_knows() {
        let sles = Distribution::new("sles", "15.5", "");
        let (base, module) =
            (product("SUSE Linux Enterprise Server 15 SP5"), product("Basesystem Module 15 SP5"));
        let files = [
            ("etc/products.d/SLES.prod", base.as_str()),
            ("etc/products.d/baseproduct", base.as_str()),
            ("etc/products.d/sle-module-basesystem.prod", module.as_str()),
            ("etc/products.d/broken.prod", "<product><summary>x"),
        ];
        let root = Root::new("products", &files);
        assert_eq!(
            super::super::of(&root.0, &sles),
            Some(vec![
                "SUSE Linux Enterprise Module for Basesystem 15 SP5".to_owned(),
                "SUSE Linux Enterprise Server 15 SP5".to_owned(),
            ])
        );
        assert_eq!(super::super::of(&Root::new("no-products", &[]).0, &sles), None);
    }
}
