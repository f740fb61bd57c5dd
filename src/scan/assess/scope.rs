//! Whether a statement speaks about a package on this host at all: architecture, module stream, product or repository.

use super::affected::Rule;
use super::flavour::flavour;
use super::origin::Matched;
use crate::model::package::ModuleStream;
use crate::model::version::VersionScheme;
use crate::scan::index::Statement;

/// What stands in the release of a package that was built for a module stream: Red Hat and most rebuilds, AlmaLinux.
const MODULE_MARKS: [&str; 2] = [".module+el", ".module_el"];

/// The products, repositories and minor releases that a host uses, in the vendor's words.
#[derive(Clone, Copy, Debug, Default)]
pub enum Channels<'a> {
    /// Nobody could find out.
    #[default]
    Unknown,
    /// These and no others.
    Known(&'a [String]),
}

/// What a host uses of all that its vendor publishes.
#[derive(Clone, Copy, Debug, Default)]
pub struct InUse<'a> {
    /// Products, repositories and minor releases.
    pub channels: Channels<'a>,
    /// Module streams that the administrator enabled, for packages whose own stream is not recorded.
    pub modules: &'a [ModuleStream],
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
pub(super) fn concern(package: &Matched<'_>, statement: &Statement<'_>, in_use: InUse<'_>) -> Concern {
    if statement.scheme() == VersionScheme::Rpm {
        match build_line(package, statement, in_use.modules) {
            Concern::Yes => {}
            other => return other,
        }
    }
    if !statement.has_bounds() {
        return Concern::Yes;
    }
    if statement.architecture().is_some_and(|only| !is_architecture(package, only)) {
        return Concern::No;
    }
    match (statement.channel(), in_use.channels) {
        (None, _) => Concern::Yes,
        (Some(_), Channels::Unknown) => Concern::Unclear(Rule::ChannelUnknown),
        (Some(only), Channels::Known(used)) if used.iter().any(|channel| channel == only) => Concern::Yes,
        _ => Concern::No,
    }
}

/// Whether a package of the rpm family and the fixed version are of one line of builds: the same module stream, and the
/// same flavour. Versions of two lines say nothing about one another (feeds design, 3.2 and 4).
fn build_line(package: &Matched<'_>, statement: &Statement<'_>, enabled: &[ModuleStream]) -> Concern {
    let installed = package.version.as_str();
    if statement.fixed().is_some_and(|fixed| flavour(fixed) != flavour(installed)) {
        return Concern::No;
    }
    let is_module = |version: &str| MODULE_MARKS.iter().any(|mark| version.contains(mark));
    let own = package.package.provenance.as_ref().and_then(|known| known.module.as_ref());
    let (of_module, fixed_in_module) =
        (own.is_some() || is_module(installed), statement.fixed().is_some_and(is_module));
    let is = |module: &ModuleStream, wanted: (&str, &str)| {
        (module.name.as_str(), module.stream.as_str()) == wanted
    };
    match (own, statement.module().and_then(|module| module.split_once(':'))) {
        (Some(own), Some(wanted)) if is(own, wanted) => Concern::Yes,
        (Some(_), Some(_)) => Concern::No,
        (None, Some(wanted)) if of_module && enabled.iter().any(|module| is(module, wanted)) => Concern::Yes,
        (None, Some((name, _))) if of_module && enabled.iter().any(|module| module.name == name) => {
            Concern::No
        }
        (None, Some(_)) if of_module => Concern::Unclear(Rule::StreamUnknown),
        (None, Some(_)) => Concern::No,
        (_, None) if of_module != fixed_in_module && statement.fixed().is_some() => Concern::No,
        (_, None) if of_module && fixed_in_module => Concern::Unclear(Rule::StreamUnknown),
        (_, None) => Concern::Yes,
    }
}

/// Packages for all architectures are the same on each.
fn is_architecture(package: &Matched<'_>, only: &str) -> bool {
    const ALL: [&str; 3] = ["all", "noarch", "any"];
    let own = package.package.architecture.as_str();
    own == only || ALL.contains(&own) || ALL.contains(&only)
}
