//! Which package manager's configuration counts on a host.

use std::path::Path;

use super::configuration::Configuration;
use super::{dnf, zypp};
use crate::model::distro::Distribution;

/// Reads the configuration of a root, of the package manager that its distribution has.
pub(super) fn read(root: &Path, distribution: &Distribution) -> Configuration {
    if distribution.uses_zypper() { zypp::read(root) } else { dnf::read(root) }
}
