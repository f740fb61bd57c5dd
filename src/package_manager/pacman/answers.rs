//! Reads what pacman answers to questions: what an upgrade would bring, what it would take away, and why it cannot be.

use super::super::{PackageManagerError, Unmet};
use crate::model::distro::PackageFamily;
use crate::model::package::{Architecture, PackageName};
use crate::model::plan::{Operation, OperationKind};
use crate::model::version::Version;

/// What is asked of each package that an upgrade would bring (pacman(8), `--print-format`): name, version, and the address
/// of its archive, whose last part ends in its architecture.
pub(super) const FORMAT: &str = "%n %v %l";

/// Reads the packages that would be brought, in pacman's order.
///
/// # Errors
/// A line has another form.
pub(super) fn brought(text: &str) -> Result<Vec<Operation>, PackageManagerError> {
    // Beside the answer itself, pacman asks and tells on lines that begin with colons.
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("::"));
    lines.map(|line| operation(line).ok_or_else(|| unreadable(line))).collect()
}

fn unreadable(line: &str) -> PackageManagerError {
    PackageManagerError::Unreadable { tool: "pacman", line: line.chars().take(200).collect() }
}

fn operation(line: &str) -> Option<Operation> {
    let (name, rest) = line.split_once(' ')?;
    let (version, address) = rest.split_once(' ')?;
    let file = address.rsplit('/').next()?;
    let stem = file.split(".pkg.tar").next()?;
    // Some servers cannot have the colon of an epoch in a name, so the version between is not looked at.
    let architecture = stem.strip_prefix(name)?.strip_prefix('-')?.rsplit('-').next()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !PackageFamily::Pacman.is_package_name(name) || !architecture.bytes().all(is_plain) {
        return None;
    }
    Some(Operation {
        kind: OperationKind::Unpack,
        name: PackageName::from(name),
        architecture: Architecture::from(architecture),
        from: None,
        to: Some(Version::alpm(version).ok()?),
        origin: String::new(),
    })
}

/// Reads why a transaction cannot be; empty when pacman complains of something else.
///
/// The sentences are pacman's own in the C locale (`src/pacman/sync.c`, `src/pacman/upgrade.c`).
pub(super) fn problems(text: &str) -> Vec<Unmet> {
    text.lines().filter_map(|line| problem(line.strip_prefix(":: ")?)).collect()
}

fn problem(words: &str) -> Option<Unmet> {
    let quoted = || words.split('\'').nth(1).and_then(bare);
    let required_by = |words: &str| bare(words.rsplit_once(" required by ")?.1);
    let unmet =
        |package, needs, conflicts| Some(Unmet { package, needs, conflicts, words: words.to_owned() });
    if words.starts_with("unable to satisfy dependency ") {
        return unmet(required_by(words)?, quoted(), false);
    }
    // `installing library (2.0-1) breaks dependency 'library=1.0' required by program`
    if let Some(rest) = words.strip_prefix("installing ").or_else(|| words.strip_prefix("removing ")) {
        let package = bare(rest.split(' ').next()?)?;
        return unmet(package, required_by(words), false);
    }
    let (pair, _) = words.split_once(" are in conflict")?;
    let (one, other) = pair.split_once(" and ")?;
    unmet(bare(without_version(one))?, bare(without_version(other)), true)
}

/// `name-1.0-1`, as newer ones than pacman 6.0 name a package in a conflict, or the name alone.
fn without_version(text: &str) -> &str {
    let has_digit = |part: &str| part.bytes().any(|byte| byte.is_ascii_digit());
    match text.rsplitn(3, '-').collect::<Vec<_>>()[..] {
        [release, version, name]
            if has_digit(version) && release.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            name
        }
        _ => text,
    }
}

/// The name in `name`, `name=1.0` or `name-1.0-1`; a library or another capability is none.
fn bare(text: &str) -> Option<PackageName> {
    let name = text.trim().trim_end_matches(':').split(['=', '<', '>']).next()?;
    (PackageFamily::Pacman.is_package_name(name) && !name.contains(".so")).then(|| PackageName::from(name))
}

/// A package that takes the place of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replacer {
    pub(super) name: PackageName,
    /// Each as `name`, or `name<2.0`.
    pub(super) replaced: Vec<String>,
}

/// Reads which packages of an answer to `pacman -Si` replace others: `Replaces        : one  two<2.0`.
pub(super) fn replacers(text: &str) -> Vec<Replacer> {
    let mut found: Vec<Replacer> = Vec::new();
    for (key, value) in text.lines().filter_map(|line| line.split_once(" : ")) {
        match key.trim() {
            "Name" => found.push(Replacer { name: PackageName::from(value.trim()), replaced: Vec::new() }),
            "Replaces" if value.trim() != "None" => {
                let words = value.split_whitespace().map(str::to_owned);
                found.last_mut().into_iter().for_each(|last| last.replaced = words.clone().collect());
            }
            _ => {}
        }
    }
    found.retain(|replacer| !replacer.replaced.is_empty());
    found
}

/// Tells whether an installed package is meant by `name`, or by a name with versions (alpm, `_alpm_depcmp_literal`).
pub(super) fn is_meant(dependency: &str, name: &str, version: &Version) -> bool {
    let end = dependency.find(['=', '<', '>']).unwrap_or(dependency.len());
    let (wanted, condition) = dependency.split_at(end);
    if wanted != name {
        return false;
    }
    let operator = condition.trim_end_matches(|c| !"<>=".contains(c));
    let Ok(other) = Version::alpm(&condition[operator.len()..]) else { return condition.is_empty() };
    let order = version.compare(&other).ok();
    match (operator, order) {
        (_, None) => false,
        ("<", Some(order)) => order.is_lt(),
        ("<=", Some(order)) => order.is_le(),
        (">", Some(order)) => order.is_gt(),
        (">=", Some(order)) => order.is_ge(),
        (_, Some(order)) => order.is_eq(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_brought_is_read_in_order() {
        let said = ":: Starting full system upgrade...\n\
            gcc-libs 1:14.2-3 https://m.example.org/core/os/x86_64/gcc-libs-1:14.2-3-x86_64.pkg.tar.zst\n\
            tzdata 2026b-1 file:///var/cache/pacman/pkg/tzdata-2026b-1-any.pkg.tar.xz\n";
        let told: Vec<String> = brought(said)
            .expect("readable")
            .iter()
            .map(|o| format!("{} {}", o.key(), o.to.as_ref().map_or("-", Version::as_str)))
            .collect();
        assert_eq!(told, ["gcc-libs:x86_64 1:14.2-3", "tzdata:any 2026b-1"]);
        for line in ["", "-x 1-1 http://h/x-1-1-any.pkg.tar", "a 1-1", "a 1-1 http://h/a-1-1-../x"] {
            assert!(line.is_empty() || brought(line).is_err(), "{line}");
        }
    }

    #[test]
    fn problems_name_the_package_and_its_need() {
        let said = ":: unable to satisfy dependency 'library=2.0' required by program\n\
            :: installing library (2.0-1) breaks dependency 'library=1.0' required by other\n\
            :: a-2-1 and lab-b are in conflict\n\
            :: unable to satisfy dependency 'libx.so=2-64' required by c\nerror: failed\n";
        let told = |unmet: &Unmet| {
            let needs = unmet.needs.as_ref().map_or("-", PackageName::as_str);
            format!("{} {needs} {}", unmet.package, unmet.conflicts)
        };
        let told: Vec<String> = problems(said).iter().map(told).collect();
        assert_eq!(told, ["program library false", "library other false", "a lab-b true", "c - false"]);
        assert_eq!(problems("error: target not found: x\n"), []);
    }

    #[test]
    fn replacements_are_read_and_compared() {
        let said = "Repository      : core\nName            : renamed\nReplaces        : former  older<2.0\n\n\
            Name            : extra\nReplaces        : None\n";
        let found = replacers(said);
        assert_eq!((found.len(), found[0].replaced.len()), (1, 2));
        let version = |text: &str| Version::alpm(text).expect("a version");
        assert!(is_meant("former", "former", &version("1-1")));
        assert!(is_meant("older<2.0", "older", &version("1.9-1")));
        assert!(
            !is_meant("older<2.0", "older", &version("2.0-1")) && !is_meant("old", "older", &version("1-1"))
        );
        assert!(is_meant("a>=1", "a", &version("1-3")));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(:: |unable to satisfy dependency |'|=|a| required by |installing |\n|\\PC){0,20}") {
            let (_, _) = (brought(&text), problems(&text));
            let _ = replacers(&text);
        }
    }
}
