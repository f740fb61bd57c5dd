//! rpm's archives as the rest of the program asks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::Target;
use super::super::archives::{ArchiveFault, ArchiveFormat, Proof, WorkLog};
use super::super::deb::place::Places;
use super::{RPM, complaints, lying, rebuild, signature, verify};
use crate::host::runner::{self, CommandOutput, CommandSpec};
use crate::host::storage;
use crate::model::package::PackageKey;
use crate::model::version::Version;

const RPMKEYS: &str = "/usr/bin/rpmkeys";

/// Verifying the largest packages reads some GiB.
const PATIENCE: Duration = Duration::from_secs(600);

/// What identifies a build: name, and the digests of its header and of header and payload together (rpm 4.14 writes the
/// first, every rpm the second).
const IDENTITY: &str = "%{NEVRA} %{SHA256HEADER} %{SIGMD5}\\n";

/// The caches of dnf 4 and dnf 5, below a root (dnf.conf(5) and dnf5.conf(5), cachedir and keepcache).
const DNF_CACHES: [&str; 2] = ["var/cache/dnf", "var/cache/libdnf5"];
/// zypp's cache of packages (zypp.conf, packagesdir; keeppackages of a repository): a folder for each repository, in which
/// packages lie as they do in the repository.
const ZYPP_CACHE: &str = "var/cache/zypp/packages";

/// Why an archive is not to be trusted, or cannot be judged.
#[derive(Debug, thiserror::Error)]
enum RpmError {
    /// rpm refuses.
    #[error("{tool} refuses: {words}")]
    Refused { tool: &'static str, words: String },
    /// rpm finds no good signature in it.
    #[error("it bears no signature that rpm can verify: {words}")]
    Unsigned { words: String },
}

/// The archives of one root.
#[derive(Clone, Debug)]
pub struct RpmArchives {
    root: PathBuf,
}

impl RpmArchives {
    /// The archives of a root.
    pub fn of(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn identity(archive: &Path) -> Result<String, ArchiveFault> {
        let at = |words| ArchiveFault::at("read the archive", archive)(words);
        let spec = CommandSpec::new(RPM).args(["-qp", "--nosignature", "--queryformat", IDENTITY, "--"]);
        let output = asked(spec.arg(archive.display().to_string()), archive)?;
        let text = output.text().trim().to_owned();
        let is_one = output.is_success() && text.lines().count() == 1;
        if is_one { Ok(text) } else { Err(at(refused("rpm", &output))) }
    }

    /// The folders in which dnf and zypp keep archives: zypp's repositories have one for each architecture.
    fn caches(&self) -> Vec<PathBuf> {
        let listed = |path: &Path| storage::list(path).unwrap_or_default();
        let dnf = DNF_CACHES.iter().flat_map(|cache| listed(&self.root.join(cache)));
        let dnf = dnf.map(|folder| folder.join("packages"));
        let zypp = listed(&self.root.join(ZYPP_CACHE)).into_iter();
        let inner = zypp.flat_map(|folder| std::iter::once(folder.clone()).chain(listed(&folder)));
        dnf.chain(inner.filter(|path| path.extension().is_none_or(|end| end != "rpm"))).collect()
    }
}

fn asked(spec: CommandSpec, archive: &Path) -> Result<CommandOutput, ArchiveFault> {
    runner::run(&spec.time_limit(PATIENCE)).map_err(ArchiveFault::at("ask rpm about", archive))
}

fn refused(tool: &'static str, output: &CommandOutput) -> RpmError {
    RpmError::Refused { tool, words: output.last_words(2).join("; ") }
}

impl ArchiveFormat for RpmArchives {
    /// `NAME-VERSION-RELEASE.ARCH.rpm`, without the epoch, as repositories name them.
    fn file_name(&self, package: &PackageKey, version: &Version) -> String {
        let version = version.as_str().split_once(':').map_or(version.as_str(), |(_, rest)| rest);
        format!("{}-{version}.{}.rpm", package.name, package.architecture)
    }

    fn kept(&self, name: &str) -> Vec<PathBuf> {
        self.caches().into_iter().map(|folder| folder.join(name)).collect()
    }

    fn is_of_installed(&self, archive: &Path) -> bool {
        let Ok(identity) = Self::identity(archive) else { return false };
        let Some(nevra) = identity.split_whitespace().next() else { return false };
        let spec = CommandSpec::new(RPM).args(["-q", "--queryformat", IDENTITY, "--", nevra]);
        asked(spec, archive).is_ok_and(|output| output.text().trim() == identity)
    }

    fn moves_configuration_aside(&self) -> bool {
        true
    }

    /// rpm keeps the header of every package that it installed.
    fn may_rebuild(&self, _package: &PackageKey) -> bool {
        true
    }

    fn rebuild_obstacles(&self, packages: &[PackageKey]) -> Vec<Option<String>> {
        rebuild::obstacles(&self.root, packages)
    }

    fn rebuild(&self, package: &PackageKey, version: &Version, folder: &Path) -> Result<PathBuf, String> {
        let path = folder.join(self.file_name(package, version));
        let build = Target { package: package.clone(), version: version.clone() };
        rebuild::rebuild(&self.root, &build, &path).map_err(|error| error.to_string())?;
        Ok(path)
    }

    /// `rpmkeys -K` ends with 0 where there is no signature at all (rpm 4.18: `digests OK`), so its words are read: each
    /// archive must have a signature that is good, by a key in rpm's own keyring. It is asked about all at once.
    fn check_signatures(&self, archives: &[PathBuf]) -> Result<(), ArchiveFault> {
        let Some(first) = archives.first() else { return Ok(()) };
        let shown = archives.iter().map(|path| path.display().to_string());
        let output = asked(CommandSpec::new(RPMKEYS).args(["-K", "-v", "--"]).args(shown), first)?;
        let said = output.text();
        for archive in archives {
            let checks = signature::checks_of(&said, archive);
            if !signature::is_good(&checks) {
                let words = checks.join("; ");
                return Err(ArchiveFault::at("trust", archive)(RpmError::Unsigned { words }));
            }
        }
        if output.is_success() {
            return Ok(());
        }
        let words = output.last_words(2).join("; ");
        Err(ArchiveFault::at("trust", first)(RpmError::Unsigned { words }))
    }

    fn configuration_files(&self, archive: &Path) -> Result<Vec<PathBuf>, ArchiveFault> {
        let spec = CommandSpec::new(RPM).args(["-qp", "--nosignature", "--configfiles", "--"]);
        let output = asked(spec.arg(archive.display().to_string()), archive)?;
        Ok(listed(&output))
    }

    /// rpm compares with what it recorded when it installed the very same build; that it is the same is asked first. Each
    /// question is asked about all archives at once: a process of rpm takes longer to start than to answer.
    fn compare(&self, archives: &[PathBuf]) -> Result<Proof, ArchiveFault> {
        let (mut proof, contents) = (Proof::default(), contents(archives)?);
        let (Some(first), Some(nevras)) = (archives.first(), nevras_of(&contents)) else { return Ok(proof) };
        let spec = CommandSpec::new(RPM).args(["-q", "--queryformat", IDENTITY, "--"]).args(nevras);
        let said = asked(spec, first)?.text();
        let installed: BTreeSet<&str> = said.lines().map(str::trim).collect();
        let (same, other): (Vec<Content>, Vec<Content>) =
            contents.into_iter().partition(|content| installed.contains(content.identity.as_str()));
        proof.compared = same.iter().chain(&other).map(|content| content.files.len() as u64).sum();
        proof.damaged.extend(other.into_iter().flat_map(|content| content.files));
        let Some(nevras) = nevras_of(&same) else { return Ok(proof) };
        let spec = CommandSpec::new(RPM).args(["-V", "--nodeps", "--noscripts", "--"]).args(nevras);
        for line in asked(spec, first)?.text().lines().filter_map(verify::parse) {
            match (line.content, line.configuration) {
                (true, true) => _ = proof.edited.insert(line.path),
                (true, false) => _ = proof.damaged.insert(line.path),
                (false, _) => {}
            }
        }
        Ok(proof)
    }

    /// rpm unpacks beside a file, as `NAME;HEX` with the second of its transaction (rpm, `lib/fsm.c`), and never names
    /// what it left there.
    fn litter(&self, archives: &[PathBuf]) -> Result<Vec<PathBuf>, ArchiveFault> {
        let mut names: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
        for path in contents(archives)?.into_iter().flat_map(|content| content.files) {
            let place = self.root.join(path.strip_prefix("/").unwrap_or(&path));
            let name = place.file_name().map(|name| name.to_string_lossy().into_owned());
            if let (Some(folder), Some(name)) = (place.parent(), name) {
                names.entry(folder.to_owned()).or_default().push(name);
            }
        }
        let mut found = Vec::new();
        for (folder, names) in names {
            // A folder that is not there holds nothing.
            let entries = storage::list(&folder).unwrap_or_default();
            found.extend(entries.into_iter().filter(|path| is_litter(path, &names)));
        }
        Ok(found)
    }

    fn not_removed(&self, work: &WorkLog<'_>) -> Result<BTreeSet<PathBuf>, ArchiveFault> {
        let named = complaints::not_removed(work.said);
        if named.is_empty() {
            return Ok(BTreeSet::new());
        }
        let brought = contents(work.replaced)?.into_iter().flat_map(|content| content.files);
        let is_named = |path: &PathBuf| {
            let file = path.file_name().map(Path::new);
            named.contains(path) || file.is_some_and(|file| named.contains(file))
        };
        Ok(brought.filter(is_named).collect())
    }

    fn lying(&self, archives: &[PathBuf]) -> Result<BTreeSet<PathBuf>, ArchiveFault> {
        let Some(first) = archives.first() else { return Ok(BTreeSet::new()) };
        let spec =
            CommandSpec::new(RPM).args(["-qp", "--nosignature", "--queryformat", lying::QUESTION, "--"]);
        let output = asked(spec.args(archives.iter().map(|path| path.display().to_string())), first)?;
        if !output.is_success() {
            return Err(ArchiveFault::at("read the archive", first)(refused("rpm", &output)));
        }
        let (mut places, mut found) = (Places::new(&self.root), BTreeSet::new());
        for brought in output.text().lines().filter_map(lying::brought) {
            if brought.lies_in(&mut places).map_err(ArchiveFault::at("compare", &brought.path))? {
                found.insert(brought.path);
            }
        }
        Ok(found)
    }
}

/// What an archive is, and what it brings.
#[derive(Debug, Default, PartialEq, Eq)]
struct Content {
    identity: String,
    files: Vec<PathBuf>,
}

impl Content {
    fn nevra(&self) -> &str {
        self.identity.split(' ').next().unwrap_or_default()
    }
}

/// Reads archives by one call of rpm, in their order.
fn contents(archives: &[PathBuf]) -> Result<Vec<Content>, ArchiveFault> {
    let Some(first) = archives.first() else { return Ok(Vec::new()) };
    let format = format!("={IDENTITY}[%{{FILENAMES}}\\n]");
    let spec = CommandSpec::new(RPM).args(["-qp", "--nosignature", "--queryformat", &format, "--"]);
    let output = asked(spec.args(archives.iter().map(|path| path.display().to_string())), first)?;
    let contents = parse_contents(&output.text());
    if output.is_success() && contents.len() == archives.len() {
        return Ok(contents);
    }
    // The culprit is named.
    for archive in archives {
        RpmArchives::identity(archive)?;
    }
    Err(ArchiveFault::at("read the archive", first)(refused("rpm", &output)))
}

fn parse_contents(text: &str) -> Vec<Content> {
    let mut contents: Vec<Content> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix('='), contents.last_mut()) {
            (Some(identity), _) => {
                contents.push(Content { identity: identity.trim().to_owned(), files: Vec::new() });
            }
            (None, Some(content)) if line.starts_with('/') => content.files.push(PathBuf::from(line)),
            _ => {}
        }
    }
    contents
}

/// The builds of some archives; `None` where there are none.
fn nevras_of(contents: &[Content]) -> Option<Vec<String>> {
    let nevras: Vec<String> = contents.iter().map(|content| content.nevra().to_owned()).collect();
    (!nevras.is_empty()).then_some(nevras)
}

fn is_litter(path: &Path, names: &[String]) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some((stem, time)) = name.rsplit_once(';') else { return false };
    time.len() == 8
        && time.bytes().all(|byte| byte.is_ascii_hexdigit())
        && names.iter().any(|name| name == stem)
}

fn listed(output: &CommandOutput) -> Vec<PathBuf> {
    output.text().lines().filter(|line| line.starts_with('/')).map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_archives_are_read_from_one_answer() {
        let said = "=a-1-1.noarch 12 34\n/usr/a\n/etc/a.conf\n=empty-1-1.noarch 56 78\n(none)\n=b-2-1.x86_64 9 (none)\n/b\n";
        let read = parse_contents(said);
        let told: Vec<(&str, usize)> = read.iter().map(|one| (one.nevra(), one.files.len())).collect();
        assert_eq!(told, [("a-1-1.noarch", 2), ("empty-1-1.noarch", 0), ("b-2-1.x86_64", 1)]);
        assert_eq!(read[2].identity, "b-2-1.x86_64 9 (none)");
        assert_eq!(parse_contents("/orphan\nerror: x\n"), []);
    }

    #[test]
    fn litter_is_named_after_a_file_of_the_package() {
        let names = ["file".to_owned()];
        assert!(is_litter(Path::new("/usr/share/foo/file;65a1b2c3"), &names));
        for other in ["file", "file;65a1b2", "file;65a1b2cx", "other;65a1b2c3"] {
            assert!(!is_litter(&Path::new("/usr/share/foo").join(other), &names), "{other}");
        }
    }

    #[test]
    fn archives_are_named_without_their_epoch() {
        let key = PackageKey { name: "bind-libs".into(), architecture: "x86_64".into() };
        let version = Version::rpm("32:9.11-2.el9").expect("a version");
        assert_eq!(
            RpmArchives::of(Path::new("/")).file_name(&key, &version),
            "bind-libs-9.11-2.el9.x86_64.rpm"
        );
    }
}
