//! What `apt-get update` says went wrong. Its exit code tells little: by itself it is 0 while lists could not be
//! fetched, since the old ones can still be used (apt-get(8), "update").

/// Words that a line of warning begins with where a list was not brought up to date; other warnings are advice, such as
/// about sources that are configured twice. The words are those of apt's own source (apt-pkg, `update.cc` and
/// `acquire-item.cc`), and apt says the same as an error where it is told to stop at any of them.
const NOT_FETCHED: [&str; 3] =
    ["Failed to fetch", "GPG error", "An error occurred during the signature verification"];
/// Says nothing that the lines before it do not.
const SUMMARY: &str = "Some index files failed to download";

/// Reads what was not brought up to date, each thing once; empty when everything was.
pub(super) fn problems(said: &str) -> Vec<String> {
    let mut problems: Vec<String> = Vec::new();
    for words in said.lines().filter_map(problem) {
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        if !problems.contains(&words) {
            problems.push(words);
        }
    }
    if problems.len() > 1 {
        problems.retain(|words| !words.starts_with(SUMMARY));
    }
    problems
}

fn problem(line: &str) -> Option<&str> {
    if let Some(error) = line.strip_prefix("E: ") {
        return Some(error);
    }
    let warning = line.strip_prefix("W: ")?;
    (NOT_FETCHED.iter().any(|words| warning.starts_with(words)) || warning.starts_with(SUMMARY))
        .then_some(warning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_apt_could_not_fetch_is_told_once_and_advice_is_not() {
        let said = "W: Target Packages (main/binary-amd64/Packages) is configured multiple times in a and b\n\
            W: Failed to fetch http://mirror.example.org/dists/x/InRelease  Could not connect\n\
            W: Failed to fetch http://mirror.example.org/dists/x/InRelease  Could not connect\n\
            W: Some index files failed to download. They have been ignored, or old ones used instead.\n";
        assert_eq!(
            problems(said),
            ["Failed to fetch http://mirror.example.org/dists/x/InRelease Could not connect"]
        );
        assert_eq!(problems("W: Some index files failed to download. They have been ignored.\n").len(), 1);
        assert!(problems("Reading package lists...\nN: See apt-secure(8)\n").is_empty());
    }

    #[test]
    fn errors_are_told_whatever_they_say() {
        let said = "E: Release file for http://mirror.example.org/dists/x/InRelease is expired\nE: Sub-process returned an error code\n";
        assert_eq!(problems(said).len(), 2);
    }
}
