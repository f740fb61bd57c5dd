//! The `Source` field, which dpkg's database and the repositories' indexes share.

use crate::model::package::{PackageName, SourcePackage, is_valid_package_name};
use crate::model::version::{Version, without_binary_rebuild};

/// Returns the source package of a binary package from its `Source: name (version)`.
///
/// What is not stated there is as in the binary package, without the suffix of a binary-only rebuild (Debian Policy
/// 5.6.1; dpkg-gencontrol(1)).
///
/// # Errors
/// What the field's grammar forbids in it.
pub(super) fn source_of(
    stated: Option<&str>,
    package: &PackageName,
    version: &Version,
) -> Result<SourcePackage, &'static str> {
    let Some(stated) = stated else {
        return Ok(SourcePackage { name: package.clone(), version: without_rebuild(version)? });
    };
    let (name, version) = match stated.split_once('(') {
        None => (stated, without_rebuild(version)?),
        Some((name, rest)) => {
            let inner = rest.strip_suffix(')').ok_or("a parenthesis is not closed")?;
            (name.trim_end(), Version::deb(inner.trim()).map_err(|error| error.reason)?)
        }
    };
    if !is_valid_package_name(name) {
        return Err("not a package name of Debian Policy 5.6.1");
    }
    let name = if name == package.as_str() { package.clone() } else { PackageName::from(name) };
    Ok(SourcePackage { name, version })
}

fn without_rebuild(version: &Version) -> Result<Version, &'static str> {
    match without_binary_rebuild(version.as_str()) {
        same if same.len() == version.as_str().len() => Ok(version.clone()),
        source => Version::deb(source).map_err(|error| error.reason),
    }
}
