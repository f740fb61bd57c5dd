//! Why a rule decided as it did: the rule in words, and the sentence with the versions compared.

use super::affected::Rule;
use super::origin::Matched;
use crate::model::version::VersionScheme;
use crate::scan::index::Statement;

impl Rule {
    /// Returns the rule in words.
    pub fn words(self, scheme: VersionScheme) -> String {
        let words = match self {
            Self::ForeignVersion => {
                "versions of backports and of other publishers are not judged by the release's statements"
            }
            Self::NeverAffected => "the vendor says that the release was never affected",
            Self::ChannelUnknown => "a statement about one product or repository says nothing about others",
            Self::StreamUnknown => "a statement about one module stream says nothing about others",
            Self::NotChecked => "a statement without a result is neither a hole nor its absence",
            Self::NoFix => "an open statement affects every version it speaks about",
            Self::SubscribersOnly => "a fix that only subscribers get closes nothing on other hosts",
            Self::UncertainFiles => "files of no certain version are not compared",
            Self::NotComparable => "versions without an order are not compared",
            Self::PatchedInMemory => {
                "a live patch closes a hole until the next boot, and the fixed kernel for good"
            }
            Self::BeforeIntroduced => "versions before the first affected one never had the hole",
            Self::BeyondLastAffected => "versions after the last affected one do not have the hole",
            Self::Unconfirmed => "that an older version is affected says nothing about newer ones",
            Self::FixWithoutVersion => "a fix without a version cannot be compared with",
            Self::OlderThanFixed | Self::AtLeastFixed => {
                let tool = tool(scheme);
                return format!("the installed version is compared with the fixed version in {tool}'s order");
            }
        };
        words.to_owned()
    }

    /// Returns why, in one sentence, with the versions compared.
    pub fn reason(self, package: &Matched<'_>, statement: &Statement<'_>) -> String {
        let (of, installed) = (package.version_of(), package.version.as_str());
        let fixed = statement.fixed().unwrap_or("unknown");
        let state = statement.state().words();
        // Joined, not formatted: a host can have ten thousand of them.
        let joined = |parts: &[&str]| parts.concat();
        match self {
            Self::OlderThanFixed => {
                joined(&["installed ", of, installed, " is older than the fixed ", fixed])
            }
            Self::PatchedInMemory => joined(&[
                "installed ",
                of,
                installed,
                " is older than the fixed ",
                fixed,
                ", and a live patch closes the hole in the running kernel",
            ]),
            Self::AtLeastFixed => {
                joined(&["installed ", of, installed, " is not older than the fixed ", fixed])
            }
            Self::NoFix => with_note(&["affected: ", state], statement),
            Self::NotChecked => with_note(&[state], statement),
            Self::NeverAffected => with_note(&["this release was never affected"], statement),
            Self::SubscribersOnly => with_note(
                &[
                    "installed ",
                    of,
                    installed,
                    " is older than the fixed ",
                    fixed,
                    ", which only subscribers get",
                ],
                statement,
            ),
            Self::ForeignVersion => {
                joined(&["installed ", of, installed, " is a backport or of another publisher: not judged"])
            }
            Self::UncertainFiles => {
                joined(&["files are of no certain version: ", installed, " is not compared with ", fixed])
            }
            Self::NotComparable => joined(&["installed ", of, installed, " has no order against ", fixed]),
            Self::FixWithoutVersion => "the vendor calls it fixed and names no version".to_owned(),
            Self::StreamUnknown => joined(&[
                "holds for the module stream ",
                statement.module().unwrap_or("that the vendor does not tell"),
                " only; whether the installed ",
                installed,
                " is of that stream is not known",
            ]),
            Self::ChannelUnknown | Self::BeforeIntroduced | Self::BeyondLastAffected | Self::Unconfirmed => {
                self.reason_of_bounds(package, statement)
            }
        }
    }

    /// The sentences about what few statements have.
    fn reason_of_bounds(self, package: &Matched<'_>, statement: &Statement<'_>) -> String {
        let (of, installed) = (package.version_of(), package.version.as_str());
        let introduced = statement.introduced().unwrap_or("the first affected version");
        let last = statement.last_affected().unwrap_or("the last affected version");
        match self {
            Self::ChannelUnknown => {
                let channel = statement.channel().unwrap_or("some products");
                format!("holds for {channel} only, and it is not known whether this host uses it")
            }
            Self::BeforeIntroduced => {
                format!("installed {of}{installed} is older than the first affected {introduced}")
            }
            Self::BeyondLastAffected => {
                format!("installed {of}{installed} is newer than the last affected {last}")
            }
            _ => format!("only {last} is known to be affected, and nobody confirmed it for {of}{installed}"),
        }
    }
}

/// The program whose order of versions it is.
fn tool(scheme: VersionScheme) -> &'static str {
    match scheme {
        VersionScheme::Deb => "dpkg",
        VersionScheme::Rpm => "rpm",
        VersionScheme::Apk => "apk",
        VersionScheme::Alpm => "pacman",
    }
}

fn with_note(sentence: &[&str], statement: &Statement<'_>) -> String {
    let sentence = sentence.concat();
    match statement.note() {
        Some(note) => [&sentence, " (the vendor says: ", note, ")"].concat(),
        None => sentence,
    }
}
