//! One configuration file as written: every field optional, unknown keys refused with their place.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::central::CentralFragment;
use super::choice::{CheckSettings, FeedSource, SnapshotChoice};
use super::error::ConfigurationError;
use super::notify::NotifyFragment;
use super::origins::{self, Lines};
use super::policy::fragment::PolicyFragment;
use super::reference::{KeyFile, check_location};
use super::span::Span;
use super::{document, field};
use crate::model::decision::{ConffilePolicy, RebootPolicy, RestartPolicy};
use crate::model::feed::{FORMATS, format_of_name};
use crate::model::severity::Criticality;

/// A configuration file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fragment {
    /// `[host]`
    pub host: HostFragment,
    /// `[feeds]`
    pub feeds: FeedsFragment,
    /// `[policy]`
    pub policy: PolicyFragment,
    /// `[snapshot]`
    pub snapshot: SnapshotFragment,
    /// `[apply]`
    pub apply: ApplyFragment,
    /// `[health]`
    pub health: HealthFragment,
    /// `[retention]`
    pub retention: RetentionFragment,
    /// `[report]`
    pub report: ReportFragment,
    /// `[notify]`
    pub notify: NotifyFragment,
    /// `[central]`
    pub central: CentralFragment,
    /// The line of each key.
    #[serde(skip)]
    pub lines: Lines,
}

/// `[host]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostFragment {
    /// How much the host matters.
    pub criticality: Option<Criticality>,
    /// The ring of the host: `auto`, or its name.
    pub ring: Option<String>,
}

/// `[feeds]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeedsFragment {
    /// How often feeds are fetched.
    pub refresh: Option<Span>,
    /// From which age on a feed is stale.
    pub max_age: Option<Span>,
    /// The file of the keys of which one must have signed a bundle.
    pub bundle_key: Option<KeyFile>,
    /// Feeds beside the distribution's own; the list replaces an earlier one.
    #[serde(deserialize_with = "field::tables")]
    pub source: Option<Vec<SourceFragment>>,
}

/// `[[feeds.source]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "SourceAsWritten")]
pub struct SourceFragment(pub FeedSource);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceAsWritten {
    name: String,
    format: Option<FormatName>,
    location: String,
    sha256: Option<crate::model::digest::Sha256>,
    key: Option<KeyFile>,
    max_age: Option<Span>,
}

impl TryFrom<SourceAsWritten> for SourceFragment {
    type Error = String;

    fn try_from(written: SourceAsWritten) -> Result<Self, String> {
        let SourceAsWritten { name, format, location, sha256, key, max_age } = written;
        check_name(&name)?;
        check_location(&location, sha256.is_some())?;
        let format = match format {
            Some(FormatName(format)) => format,
            None => format_of_name(&name).ok_or_else(|| {
                format!("name {name:?} tells no format, so it needs format = one of {}", FORMATS.join(", "))
            })?,
        };
        let key = key.map(|key| key.0);
        let (format, max_age) = (format.to_owned(), max_age.map(|span| span.0));
        Ok(Self(FeedSource { name, format, location, sha256, key, max_age }))
    }
}

impl Fragment {
    /// Returns every file of keys that is named.
    pub fn keys(&self) -> impl Iterator<Item = &Path> {
        let of_policy = self.policy.evidence_key.iter().map(|key| key.0.as_path());
        let of_central = self.central.key.iter().map(|key| key.0.as_path());
        let of_reports = self.report.key.iter().map(|key| key.0.as_path());
        self.feeds.keys().chain(of_policy).chain(of_central).chain(of_reports)
    }
}

impl FeedsFragment {
    /// Returns every file of keys that feeds name.
    fn keys(&self) -> impl Iterator<Item = &Path> {
        let of_sources = self.source.iter().flatten().filter_map(|source| source.0.key.as_deref());
        self.bundle_key.iter().map(|key| key.0.as_path()).chain(of_sources)
    }
}

/// The name of a format that there is.
struct FormatName(&'static str);

impl<'de> Deserialize<'de> for FormatName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        FORMATS.into_iter().find(|format| *format == text).map(Self).ok_or_else(|| {
            serde::de::Error::custom(format!("no format {text:?}, only {}", FORMATS.join(", ")))
        })
    }
}

/// A feed's name becomes the name of a folder.
fn check_name(name: &str) -> Result<(), String> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=40).contains(&name.len()) && name.bytes().all(is_plain) && !name.starts_with('-') {
        return Ok(());
    }
    Err(format!("name {name:?} is not 1 to 40 lower case letters, digits and '-'"))
}

/// `[snapshot]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnapshotFragment {
    /// Which snapshots protect a run.
    pub provider: Option<SnapshotChoice>,
    /// How many runs keep their way back.
    pub keep: Option<u32>,
}

/// `[apply]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApplyFragment {
    /// What happens to configuration files that were edited.
    pub conffiles: Option<ConffilePolicy>,
    /// How long one batch may take.
    pub batch_timeout: Option<Span>,
    /// How long to wait for a lock.
    pub lock_timeout: Option<Span>,
    /// What happens to services on replaced code.
    pub restart: Option<RestartPolicy>,
    /// Units that are never restarted; the list replaces an earlier one.
    pub restart_deny: Option<Vec<String>>,
    /// What happens when a reboot is due.
    pub reboot: Option<RebootPolicy>,
}

/// `[health]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HealthFragment {
    /// How long the host may take to be as well as before.
    pub deadline: Option<Span>,
    /// How often it is looked at.
    pub poll: Option<Span>,
    /// The administrator's own checks; the list replaces an earlier one.
    #[serde(deserialize_with = "field::tables")]
    pub check: Option<Vec<CheckFragment>>,
}

/// `[[health.check]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "CheckAsWritten")]
pub struct CheckFragment(pub CheckSettings);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckAsWritten {
    name: String,
    command: Vec<String>,
    required: Option<bool>,
    timeout: Option<Span>,
}

/// A check may take this long unless it says otherwise (safety design, section 5.4).
const CHECK_LIMIT: Duration = Duration::from_secs(30);

impl TryFrom<CheckAsWritten> for CheckFragment {
    type Error = String;

    fn try_from(written: CheckAsWritten) -> Result<Self, String> {
        let CheckAsWritten { name, command, required, timeout } = written;
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(format!("name {name:?} is empty or has control characters"));
        }
        match command.first() {
            Some(program) if program.starts_with('/') => {}
            Some(program) => return Err(format!("command {program:?} is not an absolute path")),
            None => return Err(format!("command of {name:?} is empty")),
        }
        let timeout = timeout.map_or(CHECK_LIMIT, |span| span.0);
        Ok(Self(CheckSettings { name, command, required: required.unwrap_or(true), timeout }))
    }
}

/// `[retention]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionFragment {
    /// How many runs are kept.
    pub runs: Option<u32>,
    /// For how many days reports are kept.
    pub days: Option<u32>,
}

/// `[report]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReportFragment {
    /// The group that may read reports.
    pub group: Option<String>,
    /// The file of the keys of which one must have signed a stored report.
    pub key: Option<KeyFile>,
    /// The key of root's gpg that signs stored reports.
    pub sign_with: Option<String>,
}

impl Fragment {
    /// Reads a file's content; `path` is for messages.
    ///
    /// # Errors
    /// It is no TOML, has an unknown key or a value that means nothing: file, line, column and key are named.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ConfigurationError> {
        let text = document::text(path, bytes)?;
        let mut fragment: Self = document::read(path, text)?;
        fragment.lines = origins::lines(text);
        Ok(fragment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Fragment::parse(Path::new("/etc/patchctl/patchctl.toml"), text.as_bytes())
            .expect_err(text)
            .to_string()
    }

    #[test]
    fn errors_name_file_line_column_and_key() {
        let cases = [
            (
                "[policy]\nremoval = \"allow\"\n",
                "line 2, column 1, key policy.removal: unknown field `removal`",
            ),
            ("[feeds]\nrefresh = \"6 hours\"\n", "line 2, column 11, key feeds.refresh: not a span of time"),
            (
                "[feeds]\nmax_age = \"0d\"\n",
                "line 2, column 11, key feeds.max_age: a span of time must be longer",
            ),
            (
                "[host]\n\ncriticality = \"huge\"\n",
                "line 3, column 15, key host.criticality: \"huge\" is none of the words \"low\", \"normal\"",
            ),
            ("[nonsense]\n", "line 1, column 2, key nonsense: unknown field `nonsense`"),
            (
                "[snapshot]\nkeep = -1\n",
                "line 2, column 8, key snapshot.keep: -1 is too small or too large for a whole number",
            ),
            ("[snapshot]\nkeep = \n", "line 2, column 8, key snapshot.keep: string values must be quoted"),
            (
                "[[feeds.source]]\nname = \"../x\"\nlocation = \"/x\"\n",
                "line 2, column 8, key feeds.source.name: name \"../x\"",
            ),
            (
                "[[feeds.source]]\nname = \"x\"\nformat = \"nonsense\"\nlocation = \"/x\"\n",
                "line 3, column 10, key feeds.source.format: no format \"nonsense\", only debian-tracker, ",
            ),
            (
                "[host]\n[[feeds.source]]\nname = \"x\"\nlocation = \"/x\"\n",
                "line 3, column 8, key feeds.source.name: name \"x\" tells no format, so it needs format = one of debian-",
            ),
            (
                "[[health.check]]\nname = \"x\"\ncommand = [\"web\"]\n",
                "line 3, column 11, key health.check.command: command \"web\" is not an absolute path",
            ),
            (
                "[[feeds.source]]\nname = \"osv\"\nlocation = \"/x\"\nkey = \"x.asc\"\n",
                "line 4, column 7, key feeds.source.key: \"x.asc\" is not an absolute path",
            ),
            ("[apply]\nrestart = \"yes\"\n", "key apply.restart: \"yes\" is none of the words \"auto\""),
            (
                "[[feeds.source]]\nname = \"osv\"\nlocation = \"http://x\"\n",
                "line 3, column 12, key feeds.source.location: location \"http://x\"",
            ),
        ];
        for (text, expected) in cases {
            let error = refused(text);
            assert!(error.starts_with("/etc/patchctl/patchctl.toml, "), "{error}");
            assert!(error.contains(expected), "{error}\nlacks {expected}");
        }
    }

    #[test]
    fn the_name_of_a_source_tells_its_format_where_it_begins_with_it() {
        for (name, format) in [
            ("osv", "osv"),
            ("osv-internal", "osv"),
            ("updateinfo-epel", "updateinfo"),
            ("debian-tracker", "debian-tracker"),
            ("debian-dla", "debian-lists"),
        ] {
            let text = format!("[[feeds.source]]\nname = \"{name}\"\nlocation = \"/x\"\n");
            let read = Fragment::parse(Path::new("x"), text.as_bytes()).expect("valid");
            let sources = read.feeds.source.expect("one");
            assert_eq!(sources[0].0.format, format, "{name}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_with_their_line() {
        let error = Fragment::parse(Path::new("x"), b"[host]\n\xff\n").expect_err("no text");
        assert_eq!(error.to_string(), "x is not UTF-8 text: the first wrong byte is in line 2");
    }
}
