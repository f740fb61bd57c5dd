//! The changes patchctl lets apk carry out: exactly these archives, named as files, without any repository.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{PackageManagerError, RestoreRequest, Target, run_into_log};
use super::commands::{Apk, prepare, program};
use super::repository::OwnRepository;
use super::{format, installed};
use crate::host::lock;
use crate::host::runner::{CommandOutput, CommandSpec, Insistence};
use crate::host::storage;
use crate::model::package::PackageName;

/// Seconds that apk waits for its own lock: whoever had it was waited for before.
const WAIT: &str = "60";
/// Exit codes beyond this one are signals.
const SIGNALLED: i32 = 128;

/// What apk shall do.
#[derive(Clone, Debug, Default)]
pub(super) struct Transaction {
    /// Archives that are installed first, so that apk knows their files when it takes them away.
    pub(super) complete: Vec<PathBuf>,
    /// Archives to install, in the place of whatever version there is.
    pub(super) archives: Vec<PathBuf>,
    /// Packages to take away, where they have not gone with what needed them.
    pub(super) gone: Vec<PackageName>,
    /// Archives are unpacked although the database has them already.
    pub(super) is_forced: bool,
}

impl Transaction {
    /// A way back, or the way forward after a crash.
    pub(super) fn of(request: &RestoreRequest<'_>, is_forced: bool) -> Self {
        let gone = request.purge.iter().chain(request.remove);
        Self {
            complete: request.complete.to_vec(),
            archives: request.archives.to_vec(),
            gone: gone.map(|target: &Target| target.package.name.clone()).collect(),
            is_forced,
        }
    }
}

impl Apk {
    /// Carries a transaction out and returns what the first command that failed said, else the last. The world is as before
    /// when it returns, whatever happened.
    pub(super) fn carry_out(
        &self,
        transaction: &Transaction,
        (log, limit): (&Path, Duration),
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let may_be_half_there = transaction.is_forced || self.world().was_cut_off();
        self.world().keep().map_err(prepare)?;
        let call = Call { apk: self, log, limit };
        let mut outputs = Vec::new();
        for archives in [&transaction.complete, &transaction.archives] {
            if !archives.is_empty() {
                outputs.push(call.add(archives, listen)?);
            }
        }
        if may_be_half_there && !transaction.archives.is_empty() {
            outputs.push(call.reinstall(&transaction.archives, listen)?);
        }
        self.world().put_back().map_err(prepare)?;
        let records = installed::read(self.root()).map_err(prepare)?;
        let is_there = |name: &&PackageName| records.iter().any(|record| record.name == **name);
        let gone: Vec<&PackageName> = transaction.gone.iter().filter(is_there).collect();
        if !gone.is_empty() {
            outputs.push(call.remove(&gone, listen)?);
            self.world().put_back().map_err(prepare)?;
        }
        let all: Vec<PathBuf> = transaction.complete.iter().chain(&transaction.archives).cloned().collect();
        self.remove_drafts(&all)?;
        if outputs.iter().all(has_ended) {
            self.world().forget().map_err(prepare)?;
        }
        let nothing = PackageManagerError::Refused { tool: "apk", words: Vec::new() };
        let told = outputs.iter().position(|output| !output.is_success());
        let told = told.unwrap_or(outputs.len().saturating_sub(1));
        outputs.into_iter().nth(told).ok_or(nothing)
    }

    /// Removes what an unpacking that was cut off left beside the files of some archives, where no apk works.
    fn remove_drafts(&self, archives: &[PathBuf]) -> Result<(), PackageManagerError> {
        for draft in format::drafts(self.root(), archives).map_err(prepare)? {
            storage::remove_file(&draft).map_err(prepare)?;
        }
        Ok(())
    }
}

/// Tells whether apk came to an end by itself.
fn has_ended(output: &CommandOutput) -> bool {
    output.code < SIGNALLED && !output.timed_out
}

/// What all calls of one transaction have in common.
struct Call<'a> {
    apk: &'a Apk,
    log: &'a Path,
    limit: Duration,
}

impl Call<'_> {
    fn spec(&self, repositories: &Path) -> CommandSpec {
        let repositories = repositories.display().to_string();
        CommandSpec::new(program())
            .args(["--no-network", "--wait", WAIT, "--repositories-file", &repositories])
            .time_limit(self.limit)
            .insistence(Insistence::Patient)
            .guard(self.apk.guard())
    }

    fn run(
        &self,
        spec: &CommandSpec,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let output = run_into_log(("apk", spec), self.log, listen)?;
        if !has_ended(&output) {
            // A script that apk was running lives on and has the guard: until it ends, nobody can tell what it leaves, and apk
            // does not count as cut off. One that outlasts the limit is named by whoever needs the guard next.
            let _ = lock::wait_until_free(self.apk.guard(), "", self.limit);
        }
        Ok(output)
    }

    /// A list without any repository.
    fn without_repositories(&self) -> Result<PathBuf, PackageManagerError> {
        let path = self.log.with_file_name("apk-no-repositories");
        storage::replace(&path, b"", storage::PRIVATE).map_err(prepare)?;
        Ok(path)
    }

    fn add(
        &self,
        archives: &[PathBuf],
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let spec = self.spec(&self.without_repositories()?).arg("add");
        self.run(&spec.args(archives.iter().map(|path| path.display().to_string())), listen)
    }

    fn remove(
        &self,
        gone: &[&PackageName],
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let spec = self.spec(&self.without_repositories()?).arg("del");
        self.run(&spec.args(gone.iter().map(ToString::to_string)), listen)
    }

    /// Unpacks archives that the database has already: apk does so from a repository alone.
    fn reinstall(
        &self,
        archives: &[PathBuf],
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let folder = self.log.with_file_name("apk-repository");
        let own = OwnRepository::make(&folder, archives, &self.apk.architecture())?;
        let spec = self.spec(&own.list).args(["--allow-untrusted", "fix", "--reinstall"]);
        self.run(&spec.args(own.names), listen)
    }
}
