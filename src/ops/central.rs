//! The central policy: pulled, proved to be its owner's, and taken or not; the last good one stays in force.
//!
//! Where a pull fails, nothing changes and it is said: by `policy refresh` as a failure, elsewhere as a remark.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::context::Context;
use super::request::Refresh;
use crate::config::central::{Arrival, CentralRecord, CentralSettings, PullFailure, StoredPolicy};
use crate::config::error::ConfigurationError;
use crate::config::layout::Layout;
use crate::config::load::{self, Loaded};
use crate::host::clock::Clock;
use crate::host::environment::Environment;
use crate::host::lock::RunLock;
use crate::host::transport::{
    self, FetchRequest, Fetched, Limits, Pace, TransportError, Validators, local_path,
};
use crate::host::{facts, storage};
use crate::model::failure::{Failure, FailureKind, in_one_line};
use crate::report::rules::CentralEntry;
use crate::scan::feed::signature::{
    Gpgv, LARGEST_SIGNATURE, SUFFIXES, SignatureError, Signed, Signer, Verifier,
};

/// Largest policy that is read, as for a configuration file.
const LARGEST: u64 = 1024 * 1024;
/// How long a failed pull is not tried again, unless asked for: as for feeds (product design, section 5).
const RETRY_AFTER: TimeDelta = TimeDelta::minutes(15);
/// Longest wait for a connection: a verb without a network must not feel slow.
const CONNECT: Duration = Duration::from_secs(4);
/// The longest that a pull may take while somebody waits for something else, and when it is asked for.
const PATIENCE: [Duration; 2] = [Duration::from_secs(20), Duration::from_secs(120)];

/// What a pull needs, beside where the policy is.
#[derive(Clone, Copy)]
pub struct Pull<'a> {
    /// Where the record is.
    pub layout: &'a Layout,
    /// What time it is.
    pub clock: &'a Clock,
    /// Where the proxy is configured.
    pub environment: &'a Environment,
    /// The configuration that was named instead of the system's.
    pub file: Option<&'a Path>,
    /// A file in which somebody brought the policy, instead of where it is kept.
    pub brought: Option<&'a Path>,
}

/// Pulls the policy now.
///
/// # Errors
/// None is configured, or it cannot be had or is refused; the last good one stays in force. Or what was pulled is older
/// than it may be.
pub fn refresh(context: &Context<'_>) -> Result<CentralRecord, Failure> {
    context.require_power_over_host("policy refresh")?;
    let Some(settings) = &context.settings.central else {
        return Err(Failure::new(FailureKind::Usage, "no central policy is configured")
            .hint("set policy and key in [central] of the configuration"));
    };
    if context.invocation.refresh == Refresh::Offline && local_path(&settings.policy).is_none() {
        return Err(Failure::new(FailureKind::Usage, "a central policy is not pulled without a network")
            .hint("leave --offline out, or keep the policy in a folder of this host"));
    }
    let pull = Pull {
        layout: &context.layout,
        clock: &context.clock,
        environment: &context.environment,
        file: context.invocation.configuration.as_deref(),
        brought: None,
    };
    let record = pull.pull(settings, (PATIENCE[1], 3))?;
    let stale = record.policy.as_ref().and_then(|policy| policy.stale_for(settings, context.now()));
    match stale {
        None => Ok(record),
        Some(age) => Err(Failure::new(FailureKind::StaleFeed, stale_words(age, settings))
            .hint("have it issued anew, with a higher version; until then the last one stays in force")),
    }
}

/// Pulls the policy where it is time to, and reads the configuration anew with it. A pull that fails is remembered in the
/// record and keeps nobody from working with the last good policy.
///
/// # Errors
/// The configuration cannot be read any more.
pub fn renew(pull: Pull<'_>, loaded: Loaded, refresh: Refresh) -> Result<Loaded, ConfigurationError> {
    let Some(settings) = &loaded.settings.central else { return Ok(loaded) };
    let can_ask = match refresh {
        Refresh::WhenDue => true,
        Refresh::Never => false,
        Refresh::Offline => local_path(&settings.policy).is_some(),
    };
    let is_hosts = pull.layout.is_live() && facts::is_root();
    if !can_ask || !is_hosts || !is_due(&loaded.central, loaded.settings.feeds.refresh, pull.clock.now()) {
        return Ok(loaded);
    }
    // The record tells what failed.
    let _ = pull.pull(settings, (PATIENCE[0], 1));
    load::load(pull.layout, pull.file, facts::user_id())
}

fn is_due(record: &CentralRecord, every: Duration, now: DateTime<Utc>) -> bool {
    let every = TimeDelta::from_std(every).unwrap_or(TimeDelta::MAX);
    let since = |time: DateTime<Utc>| now.signed_duration_since(time).abs();
    match (&record.failure, record.checked) {
        (Some(failure), _) => since(failure.time) >= RETRY_AFTER,
        (None, Some(checked)) => since(checked) >= every,
        (None, None) => true,
    }
}

impl Pull<'_> {
    /// Takes a policy that somebody brought.
    ///
    /// # Errors
    /// As of [`refresh`].
    pub fn take_brought(&self, settings: &CentralSettings) -> Result<(), Failure> {
        self.pull(settings, (PATIENCE[0], 1)).map(drop)
    }

    /// Pulls and keeps what became of it: one pull at a time, so that no slow one puts an older policy back.
    fn pull(&self, settings: &CentralSettings, effort: (Duration, u32)) -> Result<CentralRecord, Failure> {
        let unusable =
            |error| Failure::new(FailureKind::Host, "the central policy cannot be kept").caused_by(error);
        let folder = self.layout.central_incoming();
        storage::create_folder(&folder, 0o700).map_err(unusable)?;
        let _lock = RunLock::take(&folder.join("lock"), "policy refresh", effort.0)
            .map_err(|error| Failure::new(FailureKind::Lock, "another pull is at work").caused_by(error))?;
        let path = self.layout.central();
        let mut record = CentralRecord::read(&path, settings).map_err(unusable)?;
        let now = self.clock.now();
        match self.take(settings, record.policy.as_ref(), effort) {
            Ok(policy) => {
                let checked = Some(now);
                let record = CentralRecord::of(policy, checked);
                record.clone().write(&path).map_err(unusable)?;
                Ok(record)
            }
            Err(failure) => {
                record.failure = Some(PullFailure { time: now, reason: in_one_line(&failure) });
                // A failure that cannot be kept is told all the same.
                let _ = record.write(&path);
                Err(failure)
            }
        }
    }

    /// Takes the policy through every step, in this order: it came, one of the keys signed it, it is for this host and no
    /// older one, and the configuration is sound with it.
    fn take(
        &self,
        settings: &CentralSettings,
        last: Option<&StoredPolicy>,
        effort: (Duration, u32),
    ) -> Result<StoredPolicy, Failure> {
        let location = settings.location();
        let kept = match last {
            Some(last) => format!("version {} of {} stays in force", last.version, last.issued.date_naive()),
            None => "there is none yet".to_owned(),
        };
        let message = |what| format!("the central policy {location} is {what}; {kept}");
        let unreached = |error: TransportError| {
            Failure::new(FailureKind::MissingFeed, message("out of reach")).caused_by(error)
        };
        let place = self.brought.map_or_else(|| location.clone(), |path| path.display().to_string());
        let bytes = self.fetch((&place, LARGEST), effort).map_err(unreached)?;
        let proof = self.verify(settings, (&place, &bytes), effort);
        let (signer, signature) = proof.map_err(|error| match error {
            Unproved::Unreached(error) => unreached(error),
            Unproved::Signature(error) => {
                let hint = format!("its owner signs it: gpg --armor --detach-sign {}", file_name(&location));
                Failure::new(FailureKind::Policy, message("not taken")).caused_by(error).hint(hint)
            }
        })?;
        let refused = |error: ConfigurationError| {
            let is_refusal =
                matches!(&error, ConfigurationError::Invalid { key, .. } if key.starts_with("issue."));
            let kind = if is_refusal { FailureKind::Policy } else { error.kind() };
            Failure::new(kind, message("not taken")).caused_by(error)
        };
        let arrival = Arrival {
            bytes: &bytes,
            signed_by: &signer.fingerprint,
            signature: &signature,
            now: self.clock.now(),
        };
        let policy = arrival.admit(settings, last).map_err(refused)?;
        load::load_with(self.layout, self.file, facts::user_id(), policy.clone()).map_err(refused)?;
        Ok(policy)
    }

    fn fetch(
        &self,
        (location, largest): (&str, u64),
        (patience, attempts): (Duration, u32),
    ) -> Result<Vec<u8>, TransportError> {
        let limits =
            Limits { bytes: largest, deadline: patience, connect: CONNECT, pace: Pace::LOWEST, attempts };
        let known = &Validators::default();
        let request = FetchRequest { location, pinned: false, limits, known, environment: self.environment };
        Ok(match transport::fetch(request)? {
            Fetched::New(content) => content.bytes,
            // Nothing was said to be known, so nobody can answer that it is.
            Fetched::Unchanged => Vec::new(),
        })
    }

    /// Verifies the bytes by the signature beside them, before they are parsed (safety design, P18).
    fn verify(
        &self,
        settings: &CentralSettings,
        (location, bytes): (&str, &[u8]),
        effort: (Duration, u32),
    ) -> Result<(Signer, Vec<u8>), Unproved> {
        let signature = SUFFIXES.iter().find_map(|suffix| {
            match self.fetch((&format!("{location}{suffix}"), LARGEST_SIGNATURE), effort) {
                Err(error) if error.is_absent() => None,
                answer => Some(answer),
            }
        });
        let missing = || Unproved::Signature(SignatureError::Missing { location: location.to_owned() });
        let signature = signature.ok_or_else(missing)?.map_err(Unproved::Unreached)?;
        let folder = self.layout.central_incoming();
        let (content, beside) = (folder.join("policy"), folder.join("signature"));
        for (path, bytes) in [(&content, bytes), (&beside, &signature)] {
            storage::replace(path, bytes, storage::PRIVATE)
                .map_err(|source| Unproved::Signature(SignatureError::LayOut { source }))?;
        }
        let signed = Signed { content: &content, signature: &beside, keys: &settings.key };
        let verified = Gpgv::of_host(&folder).verify(signed).map_err(Unproved::Signature);
        // Copies of what was looked at; what stays is replaced by the next pull.
        let _ = storage::remove_file(&content);
        let _ = storage::remove_file(&beside);
        verified.map(|signer| (signer, signature))
    }
}

/// Why a signature proves nothing.
enum Unproved {
    Unreached(TransportError),
    Signature(SignatureError),
}

fn file_name(location: &str) -> &str {
    location.rsplit('/').next().unwrap_or(location)
}

/// Tells the central policy of a host, where one is configured.
pub fn entry(settings: Option<&CentralSettings>, record: &CentralRecord) -> Option<CentralEntry> {
    let settings = settings?;
    let policy = record.policy.as_ref();
    Some(CentralEntry {
        location: settings.location(),
        group: settings.group.clone(),
        version: policy.map(|policy| policy.version),
        issued: policy.map(|policy| policy.issued),
        signed_by: policy.map(|policy| policy.signed_by.clone()),
        checked: record.checked,
    })
}

/// Tells what is wrong with the central policy of this host.
pub fn remarks(context: &Context<'_>) -> Vec<String> {
    let Some(settings) = &context.settings.central else { return Vec::new() };
    let record = &context.central;
    let mut remarks = Vec::new();
    match (&record.failure, &record.policy) {
        (Some(failure), _) => remarks.push(failure.reason.clone()),
        (None, None) => remarks.push(format!("the central policy {} was never taken", settings.location())),
        (None, Some(_)) => {}
    }
    let age = record.policy.as_ref().and_then(|policy| policy.stale_for(settings, context.now()));
    remarks.extend(age.map(|age| stale_words(age, settings)));
    remarks
}

fn stale_words(age: TimeDelta, settings: &CentralSettings) -> String {
    format!(
        "the central policy {} was issued {} days ago, longer than central.max_age: nobody renews it, or newer ones are \
         held back",
        settings.location(),
        age.num_days()
    )
}

/// Refuses a run on a host that was told to obey a central policy and never saw it: nobody knows what it forbids.
///
/// # Errors
/// There is none yet.
pub fn refuse_without(context: &Context<'_>) -> Result<(), Failure> {
    let Some(settings) = &context.settings.central else { return Ok(()) };
    if context.central.policy.is_some() {
        return Ok(());
    }
    let reason = context.central.failure.as_ref().map(|failure| failure.reason.clone());
    let message =
        reason.unwrap_or_else(|| format!("the central policy {} was never taken", settings.location()));
    Err(Failure::new(FailureKind::Policy, message)
        .hint("what it forbids is not known: patchctl policy refresh")
        .hint("to go without it, take [central] out of the configuration"))
}
