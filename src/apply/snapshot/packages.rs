//! What the package archives alone cover: the provider that is always there.

use super::Coverage;

/// The name in plans and settings.
pub(super) const NAME: &str = "packages";

/// What a way back by packages covers, as the plan states it.
pub(super) fn coverage() -> Coverage {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    Coverage {
        covers: texts(&["files of the planned packages", "package database", "/etc"]),
        does_not_cover: texts(&[
            "data that maintainer scripts migrate",
            "/home",
            "/srv",
            "/var/lib of services",
            "generated files",
        ]),
    }
}
