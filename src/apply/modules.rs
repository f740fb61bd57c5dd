//! Modules that this host builds for each of its kernels, and whether a new kernel will have them.
//!
//! dkms keeps a folder for each module and version below its tree, and in it one for each kernel that it was built for
//! (dkms(8), section "Files"). A kernel without them may find neither its disks nor its networks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::host::storage;
use crate::model::plan::{Action, ActionKind};
use crate::report::health::{CheckState, HealthCheck};

/// Where dkms keeps what it builds.
const TREE: &str = "var/lib/dkms";

/// Largest log of a build whose last error is looked for.
const LARGEST_LOG: u64 = 16 * 1024 * 1024;

/// A module in one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Name and version, as `zfs 2.1.11`.
    pub name: String,
    /// The kernels that it was built for.
    pub kernels: BTreeSet<String>,
    folder: PathBuf,
}

/// Lists the modules that dkms knows.
pub fn registered(root: &Path) -> Vec<Module> {
    let mut found = Vec::new();
    for (name, folder) in folders(&root.join(TREE)) {
        for (version, folder) in folders(&folder) {
            let is_built = |folder: &PathBuf| {
                folders(folder).iter().any(|(_, of_machine)| storage::exists(&of_machine.join("module")))
            };
            let kernels = folders(&folder).into_iter().filter(|(_, folder)| is_built(folder));
            let kernels = kernels.map(|(release, _)| release).collect();
            found.push(Module { name: format!("{name} {version}"), kernels, folder });
        }
    }
    found
}

fn folders(parent: &Path) -> Vec<(String, PathBuf)> {
    let is_folder = |path: &PathBuf| storage::metadata(path).is_ok_and(|m| m.is_some_and(|m| m.is_dir()));
    let listed = storage::list(parent).unwrap_or_default().into_iter().filter(is_folder);
    listed.filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), path))).collect()
}

/// Warns where a plan brings a kernel for which modules have to be built: what is known, and what nobody knows yet.
pub fn warning(root: &Path, actions: &[Action], brings_kernel: bool) -> Option<String> {
    let modules: Vec<String> = registered(root).into_iter().map(|module| module.name).collect();
    if !brings_kernel || modules.is_empty() {
        return None;
    }
    let modules = modules.join(", ");
    let without: Vec<String> =
        actions.iter().filter_map(new_release).filter_map(|new| new.lacks_headers(root, actions)).collect();
    Some(match without.as_slice() {
        [] => format!(
            "modules are built here for each kernel ({modules}): whether they build for the new one is unknown until it is \
             tried; patchctl rehearse builds them in a clone"
        ),
        without => format!(
            "modules are built here for each kernel ({modules}): {}, so that kernel will not have them",
            without.join("; ")
        ),
    })
}

/// A kernel that a plan brings beside the present ones.
struct NewKernel {
    release: String,
    headers: (String, PathBuf),
}

/// Reads the release from a new package: Debian and Ubuntu name it so, the Red Hat family numbers it so.
fn new_release(action: &Action) -> Option<NewKernel> {
    if !matches!(action.kind, ActionKind::Install | ActionKind::Add) {
        return None;
    }
    if action.package.as_str() == "kernel-core" {
        let version = action.to.as_ref()?.to_string();
        let version = version.split_once(':').map_or(version.as_str(), |(_, rest)| rest);
        let release = format!("{version}.{}", action.architecture);
        let folder = Path::new("usr/src/kernels").join(&release);
        return Some(NewKernel { release, headers: ("kernel-devel".to_owned(), folder) });
    }
    let name = action.package.as_str().strip_prefix("linux-image-")?;
    let release = name.strip_prefix("unsigned-").unwrap_or(name);
    let package = format!("linux-headers-{release}");
    let folder = Path::new("usr/src").join(&package);
    let is_release = release.starts_with(|first: char| first.is_ascii_digit());
    is_release.then(|| NewKernel { release: release.to_owned(), headers: (package, folder) })
}

impl NewKernel {
    /// Says that nothing can be built for it; `None` where its headers are there or come with the plan.
    fn lacks_headers(&self, root: &Path, actions: &[Action]) -> Option<String> {
        let (package, folder) = &self.headers;
        let is_planned = actions.iter().any(|action| action.package.as_str() == package);
        let is_there = storage::exists(&root.join(folder));
        let lacks = !is_planned && !is_there;
        lacks.then(|| format!("{package} for {} is neither installed nor planned", self.release))
    }
}

/// Lists the kernels that are in a root. Headers alone make the folder of a kernel too; its image or its own modules are in
/// none but the kernel's package.
pub fn kernels(root: &Path) -> BTreeSet<String> {
    let is_kernel =
        |folder: &Path| ["kernel", "vmlinuz"].iter().any(|name| storage::exists(&folder.join(name)));
    let at = |folder: &str| folders(&root.join(folder)).into_iter().filter(|(_, folder)| is_kernel(folder));
    at("usr/lib/modules").chain(at("lib/modules")).map(|(release, _)| release).collect()
}

/// Tells whether every module that was built for an earlier kernel is built for those that came since; `None` where there is
/// nothing to tell.
pub fn built(root: &Path, earlier: &BTreeSet<String>) -> Option<HealthCheck> {
    let new: Vec<String> = kernels(root).difference(earlier).cloned().collect();
    let in_use = |module: &Module| module.kernels.iter().any(|kernel| earlier.contains(kernel));
    let modules: Vec<Module> = registered(root).into_iter().filter(in_use).collect();
    if new.is_empty() || modules.is_empty() {
        return None;
    }
    let mut missing = Vec::new();
    for release in &new {
        let lacking = modules.iter().filter(|module| !module.kernels.contains(release));
        missing.extend(
            lacking.map(|module| format!("{} for {release}{}", module.name, last_error(&module.folder))),
        );
    }
    let state = if missing.is_empty() { CheckState::Pass } else { CheckState::Fail };
    let shown = || format!("{} for {}", count(modules.len()), new.join(", "));
    let detail = if missing.is_empty() { vec![shown()] } else { missing };
    Some(HealthCheck {
        name: "dkms builds the modules of new kernels".to_owned(),
        required: true,
        state,
        detail,
    })
}

fn count(modules: usize) -> String {
    if modules == 1 { "1 module".to_owned() } else { format!("{modules} modules") }
}

/// The last line of the build's log that speaks of an error.
fn last_error(folder: &Path) -> String {
    let log = storage::read_at_most(&folder.join("build/make.log"), LARGEST_LOG).unwrap_or_default();
    let log = String::from_utf8_lossy(&log).into_owned();
    let error = log.lines().rev().find(|line| line.contains("rror"));
    error.map_or_else(String::new, |line| format!(" ({})", line.trim()))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a scratch folder of the tests")]
mod tests {
    use super::*;

    fn tree(name: &str) -> PathBuf {
        let root = std::env::temp_dir().join(format!("patchctl-modules-{name}-{}", std::process::id()));
        for folder in [
            "var/lib/dkms/zfs/2.1.11/6.1.0-43-amd64/x86_64/module",
            "var/lib/dkms/zfs/2.1.11/build",
            "var/lib/dkms/unused/1.0",
            "usr/lib/modules/6.1.0-43-amd64/kernel",
            "usr/lib/modules/6.1.0-47-amd64/build",
        ] {
            std::fs::create_dir_all(root.join(folder)).expect("writable");
        }
        root
    }

    #[test]
    fn a_new_kernel_without_a_module_of_the_old_one_fails_with_the_word_of_the_build() {
        let root = tree("fails");
        let earlier = kernels(&root);
        assert_eq!(built(&root, &earlier), None, "no kernel came");
        std::fs::create_dir_all(root.join("usr/lib/modules/6.1.0-47-amd64/kernel")).expect("writable");
        std::fs::write(root.join("var/lib/dkms/zfs/2.1.11/build/make.log"), "cc\nerror: no member\nend\n")
            .expect("writable");
        let found = built(&root, &earlier).expect("a kernel came");
        assert_eq!(found.state, CheckState::Fail);
        assert_eq!(found.detail, ["zfs 2.1.11 for 6.1.0-47-amd64 (error: no member)"]);
        std::fs::create_dir_all(root.join("var/lib/dkms/zfs/2.1.11/6.1.0-47-amd64/x86_64/module"))
            .expect("writable");
        assert_eq!(built(&root, &earlier).map(|check| check.state), Some(CheckState::Pass));
        std::fs::remove_dir_all(root).expect("removable");
    }
}
