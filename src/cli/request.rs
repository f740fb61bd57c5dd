//! Command line to requests: what was typed becomes what is asked.

use super::aftermath::{NeedsRestartArgs, RebootArgs, RecoverArgs, RollbackArgs};
use super::args::{ApplyArgs, FeedsArgs, FeedsVerb, GlobalArgs, PlanArgs, ScanArgs, SelectionArgs, WhyArgs};
use super::policy::{BlockArgs, OverrideArgs, ScheduleVerb, WaiveArgs};
use super::reports::{HistoryArgs, HistoryVerb};
use super::values::Target;
use crate::model::decision::Selection;
use crate::ops::request::{
    Answer, ApplyRequest, Asked, Begins, BlockRequest, Consent, FeedsRequest, HistoryRequest, Invocation,
    Keep, NeedsRestartRequest, Overrides, PlanRequest, Reach, RebootRequest, RecoverRequest, Refresh,
    Removals, RollbackLevel, RollbackReach, RollbackRequest, ScanRequest, WaiveRequest, WhyRequest, Wish,
};
use crate::ops::schedule::ScheduleRequest;

impl From<&GlobalArgs> for Invocation {
    fn from(args: &GlobalArgs) -> Self {
        let refresh = match (args.offline, args.no_refresh) {
            (true, _) => Refresh::Offline,
            (false, true) => Refresh::Never,
            (false, false) => Refresh::WhenDue,
        };
        Self {
            root: args.root.clone(),
            configuration: args.config.clone(),
            refresh,
            as_of: args.as_of,
            lock_timeout: args.lock_timeout,
        }
    }
}

impl From<SelectionArgs> for Selection {
    fn from(args: SelectionArgs) -> Self {
        Self {
            cves: args.cves,
            advisories: args.advisories,
            packages: args.packages,
            exclude: args.exclude,
            severity: args.severity,
            known_exploited: args.known_exploited,
            all_updates: false,
            exact: Vec::new(),
        }
    }
}

impl From<ScanArgs> for ScanRequest {
    fn from(args: ScanArgs) -> Self {
        let keep = if args.no_save { Keep::Nothing } else { Keep::Record };
        let answer = if args.summary { Answer::Counts } else { Answer::Findings };
        Self { selection: args.selection.into(), keep, answer, fail_on: args.fail_on }
    }
}

impl From<WhyArgs> for WhyRequest {
    fn from(args: WhyArgs) -> Self {
        Self { subject: args.subject }
    }
}

impl PlanRequest {
    /// Reads the arguments of `plan`; the global `--output` names the file of the sealed plan.
    pub fn from_args(args: PlanArgs, global: &GlobalArgs) -> Self {
        if let [before, after] = args.diff.as_slice() {
            return Self::Compare { before: before.clone(), after: after.clone() };
        }
        let mut selection = Selection { all_updates: args.all_updates, ..args.selection.into() };
        for target in args.targets {
            match target {
                Target::Package(name) => selection.packages.push(name),
                Target::Exact(exact) => selection.exact.push(exact),
            }
        }
        let wish = Wish {
            selection,
            removals: removals(args.allow_removals),
            accept_no_rollback: args.accept_no_rollback,
            overrides: None,
        };
        Self::Make { wish, file: global.output.clone() }
    }
}

impl From<ApplyArgs> for ApplyRequest {
    fn from(args: ApplyArgs) -> Self {
        let reach = match (args.dry_run, args.download_only) {
            (true, _) => Reach::DryRun,
            (false, true) => Reach::DownloadOnly,
            (false, false) => Reach::Everything,
        };
        Self {
            plan: args.plan,
            selection: Selection { all_updates: args.all_updates, ..args.selection.into() },
            reach,
            consent: consent(args.yes),
            accept_no_rollback: args.accept_no_rollback,
            removals: removals(args.allow_removals),
            overrides: args.overrides.into(),
            begins: if args.scheduled { Begins::ByItself } else { Begins::ByHand },
            reboot: args.reboot,
            detailed_exit_code: args.detailed_exitcode,
        }
    }
}

impl From<OverrideArgs> for Option<Overrides> {
    fn from(args: OverrideArgs) -> Self {
        args.reason.map(|reason| Overrides { rules: args.overrides, reason })
    }
}

impl From<ScheduleVerb> for ScheduleRequest {
    fn from(verb: ScheduleVerb) -> Self {
        match verb {
            ScheduleVerb::Install => Self::Install,
            ScheduleVerb::Show => Self::Show,
            ScheduleVerb::Remove => Self::Remove,
        }
    }
}

impl From<BlockArgs> for BlockRequest {
    fn from(args: BlockArgs) -> Self {
        let BlockArgs { subject, until, reason, owner, review } = args;
        Self { subject, until, reason, owner, review }
    }
}

impl From<WaiveArgs> for WaiveRequest {
    fn from(args: WaiveArgs) -> Self {
        let WaiveArgs { subject, package, kind, reason, approved_by, expires } = args;
        Self { subject, package, kind, reason, approved_by, expires }
    }
}

impl From<RollbackArgs> for RollbackRequest {
    fn from(args: RollbackArgs) -> Self {
        let reach = match (args.preview, args.check) {
            (true, _) => RollbackReach::Preview,
            (false, true) => RollbackReach::Check,
            (false, false) => RollbackReach::Everything,
        };
        let level = if args.snapshot { RollbackLevel::Snapshot } else { RollbackLevel::Packages };
        Self {
            run: args.run,
            reach,
            level,
            accept_lost: args.accept_lost,
            only: args.only,
            consent: consent(args.yes),
        }
    }
}

impl From<RecoverArgs> for RecoverRequest {
    fn from(args: RecoverArgs) -> Self {
        let by_machine = args.unattended || args.dead_man.is_some();
        Self {
            asked: if by_machine { Asked::ByMachine } else { Asked::ByPerson },
            dead_man_of: args.dead_man,
        }
    }
}

impl From<RebootArgs> for RebootRequest {
    fn from(args: RebootArgs) -> Self {
        match (args.cancel, args.scheduled) {
            (true, _) => Self::Cancel,
            (false, true) => Self::WhenItMay(Begins::ByItself),
            (false, false) => Self::WhenItMay(Begins::ByHand),
        }
    }
}

impl From<NeedsRestartArgs> for NeedsRestartRequest {
    fn from(args: NeedsRestartArgs) -> Self {
        if args.reboot { Self::Reboot } else { Self::Everything }
    }
}

impl From<HistoryArgs> for HistoryRequest {
    fn from(args: HistoryArgs) -> Self {
        match args.verb {
            None | Some(HistoryVerb::List) => Self::List,
            Some(HistoryVerb::Show { run }) => Self::Show(run),
            Some(HistoryVerb::Verify) => Self::Verify,
        }
    }
}

impl From<FeedsArgs> for FeedsRequest {
    fn from(args: FeedsArgs) -> Self {
        match args.verb {
            None | Some(FeedsVerb::List) => Self::List,
            Some(FeedsVerb::Refresh { accept_older }) => Self::Refresh { accept_older },
            Some(FeedsVerb::Export { bundle, sign_with }) => Self::Export { bundle, sign_with },
            Some(FeedsVerb::Import { file, name, accept_older }) => Self::Import { file, name, accept_older },
            Some(FeedsVerb::Verify) => Self::Verify,
        }
    }
}

fn removals(allowed: bool) -> Removals {
    if allowed { Removals::Allow } else { Removals::AsConfigured }
}

fn consent(given: bool) -> Consent {
    if given { Consent::Given } else { Consent::Ask }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::super::args::{Cli, Verb};
    use super::*;

    fn parse(words: &str) -> Result<Cli, String> {
        Cli::try_parse_from(words.split(' ')).map_err(|error| error.to_string())
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn lists_take_commas_and_repeats() {
        let cli = parse("patchctl scan --package curl,openssl --package zlib1g").expect("valid");
        let Verb::Scan(args) = cli.verb else { panic!("scan expected") };
        let request = ScanRequest::from(args);
        assert_eq!(request.selection.packages.len(), 3);
        assert_eq!(request.keep, Keep::Record);
    }

    #[test]
    fn a_plan_keeps_exact_versions_apart() {
        let cli = parse("patchctl plan -o p.json curl openssl=3.0.22-1~deb12u2").expect("valid");
        let Verb::Plan(args) = cli.verb else { panic!("plan expected") };
        let PlanRequest::Make { wish: Wish { selection, .. }, file } =
            PlanRequest::from_args(args, &cli.global)
        else {
            panic!("a plan to make expected")
        };
        assert_eq!((selection.packages.len(), selection.exact.len()), (1, 1));
        assert_eq!(file, Some("p.json".into()));
    }

    #[test]
    fn a_sealed_plan_takes_no_selection() {
        let error = parse("patchctl apply p.json --cve CVE-2026-11234").expect_err("refused");
        assert!(error.contains("--cve"), "{error}");
    }

    #[test]
    fn errors_name_the_flag() {
        for (words, flag) in [
            ("patchctl scan --cve CVE-1", "--cve"),
            ("patchctl scan --severity awful", "--severity"),
            ("patchctl scan --as-of sunday", "--as-of"),
            ("patchctl apply --lock-timeout 0", "--lock-timeout"),
            ("patchctl rollback x", "RUN"),
            ("patchctl plan -- -rf", "PACKAGE"),
        ] {
            let error = parse(words).expect_err(words);
            assert!(error.contains(flag), "{words}: {error}");
        }
    }
}
