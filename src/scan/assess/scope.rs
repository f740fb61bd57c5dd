//! Whether a statement speaks about a package on this host at all: architecture, module stream, product or repository.

use super::affected::Rule;
use super::origin::Matched;
use crate::scan::index::Statement;

/// The products, repositories and minor releases that a host uses, in the vendor's words.
#[derive(Clone, Copy, Debug, Default)]
pub enum Channels<'a> {
    /// Nobody could find out.
    #[default]
    Unknown,
    /// These and no others.
    Known(&'a [String]),
}

/// Whether a statement concerns a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Concern {
    /// It does.
    Yes,
    /// It speaks about something else of the same name.
    No,
    /// Nobody can tell, for this reason.
    Unclear(Rule),
}

/// Decides whether a statement concerns a package. A statement for subscribers concerns every host: whether the host
/// is one decides about the fix, not about the hole.
pub(super) fn concern(package: &Matched<'_>, statement: &Statement<'_>, channels: Channels<'_>) -> Concern {
    if !statement.has_bounds() {
        return Concern::Yes;
    }
    if statement.architecture().is_some_and(|only| !is_architecture(package, only)) {
        return Concern::No;
    }
    match (statement.channel(), channels) {
        (None, _) => Concern::Yes,
        (Some(_), Channels::Unknown) => Concern::Unclear(Rule::ChannelUnknown),
        (Some(only), Channels::Known(used)) if used.iter().any(|channel| channel == only) => Concern::Yes,
        _ => Concern::No,
    }
}

/// Packages for all architectures are the same on each.
fn is_architecture(package: &Matched<'_>, only: &str) -> bool {
    const ALL: [&str; 3] = ["all", "noarch", "any"];
    let own = package.package.architecture.as_str();
    own == only || ALL.contains(&own) || ALL.contains(&only)
}
