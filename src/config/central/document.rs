//! The signed file: `[issue]` says for whom and which version, `[policy]` is what holds.
//!
//! Nothing else is read from it: no address, no command and no key of a host can come from outside.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::CentralSettings;
use super::stored::StoredPolicy;
use crate::config::document;
use crate::config::error::ConfigurationError;
use crate::config::fragment::Fragment;
use crate::config::origins::{self, Lines};
use crate::config::policy::fragment::PolicyFragment;
use crate::model::digest::Sha256;

/// How far ahead of this host's clock the date of a policy may be: a day covers clocks and time zones set wrong, as for
/// feeds.
const LARGEST_LEAD: TimeDelta = TimeDelta::days(1);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignedPolicy {
    issue: Issue,
    #[serde(default)]
    policy: PolicyFragment,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Issue {
    group: String,
    version: u64,
    issued: String,
}

/// A policy that came, with a signature that was found good.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Fingerprint of the key that signed it.
    pub signed_by: &'a str,
    /// The signature.
    pub signature: &'a [u8],
    /// The time.
    pub now: DateTime<Utc>,
}

impl Arrival<'_> {
    /// Takes the policy through the steps after its signature. Each names the attack that it stops.
    ///
    /// 1. It is for this group: a good policy of other hosts is not replayed here.
    /// 2. It is not from the future, which would bar every later one.
    /// 3. It is not older than the last one (rollback), and the same version says the same.
    ///
    /// # Errors
    /// It fails a step or cannot be read; the address, line and key are named.
    pub fn admit(
        self,
        settings: &CentralSettings,
        last: Option<&StoredPolicy>,
    ) -> Result<StoredPolicy, ConfigurationError> {
        let location = settings.location();
        let path = Path::new(&location);
        let text = document::text(path, self.bytes)?;
        let signed: SignedPolicy = document::read(path, text)?;
        let lines = origins::lines(text);
        let refuse = |key, reason| Err(refused((path, &lines), key, reason));
        let Issue { group, version, issued } = signed.issue;
        let Ok(issued) = DateTime::parse_from_rfc3339(&issued).map(|time| time.with_timezone(&Utc)) else {
            return refuse("issue.issued", format!("{issued:?} is not a time such as 2026-11-22T10:00:00Z"));
        };
        if group != settings.group {
            let own = &settings.group;
            return refuse("issue.group", format!("is for the group {group:?}, this host is of {own:?}"));
        }
        if issued > self.now + LARGEST_LEAD {
            return refuse("issue.issued", format!("{issued} lies in the future"));
        }
        let sha256 = Sha256::of(self.bytes);
        if let Some(last) = last {
            if version < last.version {
                return refuse(
                    "issue.version",
                    format!("version {version} is older than {}, the last one", last.version),
                );
            }
            if version == last.version && sha256 != last.sha256() {
                let reason = format!("says something else than the version {version} that was taken before");
                return refuse("issue.version", reason);
            }
            if issued < last.issued {
                return refuse("issue.issued", format!("{issued} is before {}, the last one", last.issued));
            }
        }
        Ok(StoredPolicy {
            location,
            group,
            version,
            issued,
            signed_by: self.signed_by.to_owned(),
            signature: self.signature.to_owned(),
            fetched: self.now,
            text: text.to_owned(),
        })
    }
}

fn refused((path, lines): (&Path, &Lines), key: &'static str, reason: String) -> ConfigurationError {
    ConfigurationError::Invalid {
        path: path.to_owned(),
        line: lines.get(key).copied().unwrap_or(1),
        key,
        reason,
    }
}

/// Reads the policy of a signed file as if it were a file of this host.
pub(super) fn fragment(location: &Path, text: &str) -> Result<Fragment, ConfigurationError> {
    let signed: SignedPolicy = document::read(location, text)?;
    let mut lines = origins::lines(text);
    lines.retain(|key, _| key.starts_with("policy."));
    Ok(Fragment { policy: signed.policy, lines, ..Fragment::default() })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn settings() -> CentralSettings {
        CentralSettings {
            policy: "https://example.org/policy/".into(),
            key: "/etc/patchctl/central.pub".into(),
            group: "web".into(),
            max_age: Duration::from_secs(86_400),
        }
    }

    fn policy(version: u64, issued: &str) -> String {
        format!(
            "[issue]\ngroup = \"web\"\nversion = {version}\nissued = \"{issued}\"\n\n[policy]\nremovals = \"allow\"\n"
        )
    }

    fn admit(text: &str, last: Option<&StoredPolicy>) -> Result<StoredPolicy, String> {
        let now = "2026-11-22T12:00:00Z".parse().expect("a time");
        let arrival = Arrival { bytes: text.as_bytes(), signed_by: "ABC", signature: b"", now };
        arrival.admit(&settings(), last).map_err(|error| error.to_string())
    }

    #[test]
    fn a_policy_is_taken_once_and_again_and_never_an_older_one() {
        let first = admit(&policy(7, "2026-11-20T10:00:00Z"), None).expect("good");
        assert_eq!((first.version, first.location.as_str()), (7, "https://example.org/policy/web.toml"));
        let read = first.fragment().expect("good");
        assert_eq!(read.lines.into_iter().collect::<Vec<_>>(), [("policy.removals".to_owned(), 7)]);
        admit(&policy(7, "2026-11-20T10:00:00Z"), Some(&first)).expect("the same again");
        admit(&policy(8, "2026-11-21T10:00:00Z"), Some(&first)).expect("a newer one");
        let place = "https://example.org/policy/web.toml, line ";
        for (text, told) in [
            (policy(6, "2026-11-21T10:00:00Z"), "3, key issue.version: version 6 is older than 7"),
            (
                policy(7, "2026-11-21T10:00:00Z"),
                "3, key issue.version: says something else than the version 7",
            ),
            (policy(8, "2026-11-19T10:00:00Z"), "4, key issue.issued: 2026-11-19 10:00:00 UTC is before"),
            (
                policy(8, "2026-12-22T10:00:00Z"),
                "4, key issue.issued: 2026-12-22 10:00:00 UTC lies in the future",
            ),
            (policy(8, "soon"), "4, key issue.issued: \"soon\" is not a time"),
            (
                policy(8, "2026-11-21T10:00:00Z").replace("web", "db"),
                "2, key issue.group: is for the group \"db\", this host is of \"web\"",
            ),
            (
                policy(8, "2026-11-21T10:00:00Z").replace("removals", "notify"),
                "7, column 1, key policy.notify: unknown field `notify`",
            ),
            (
                format!("{}[notify]\n", policy(8, "2026-11-21T10:00:00Z")),
                "8, column 2, key notify: unknown field",
            ),
        ] {
            let error = admit(&text, Some(&first)).expect_err(told);
            assert!(error.starts_with(&format!("{place}{told}")), "{error}\nlacks {told}");
        }
    }
}
