//! Amazon's `mirror.list`: the addresses under which the present state of a repository lies.

use super::FeedError;

const NAME: &str = "mirror-list";
/// Longest list that is believed, in bytes; real ones have one address.
const LONGEST: usize = 64 * 1024;

/// Returns the addresses of `repomd.xml` of the repositories that the list names, in its order. Only those that are
/// fetched safely and lie on the host that published the list (`location`) count: the list is not signed.
///
/// # Errors
/// It is a web page, too long, or names no such address.
pub fn repomd_locations(content: &[u8], location: &str) -> Result<Vec<String>, FeedError> {
    let text = std::str::from_utf8(content).unwrap_or_default().trim();
    if text.starts_with('<') {
        return Err(FeedError::WebPage { feed: NAME, expected: "a list of addresses" });
    }
    if content.len() > LONGEST {
        let detail = format!("more than {LONGEST} bytes");
        return Err(FeedError::BeyondLimits { feed: NAME, detail });
    }
    let host = host(location);
    let is_safe = |line: &&str| {
        host.is_some() && self::host(line) == host && line.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let lines = text.lines().map(str::trim).filter(is_safe);
    let found: Vec<String> =
        lines.map(|line| format!("{}/repodata/repomd.xml", line.trim_end_matches('/'))).collect();
    match found.is_empty() {
        true if text.is_empty() => Err(FeedError::Empty { feed: NAME }),
        true => {
            let detail = "no address beginning with https:// on the host of the list".to_owned();
            Err(FeedError::Malformed { feed: NAME, line: 1, column: 1, detail })
        }
        false => Ok(found),
    }
}

fn host(location: &str) -> Option<&str> {
    location
        .strip_prefix("https://")?
        .split('/')
        .next()
        .filter(|host| !host.is_empty() && !host.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "https://cdn.example.org/al2023/core/mirrors/latest/x86_64/mirror.list";

    #[test]
    fn addresses_of_the_same_host_lead_to_repomd() {
        let content =
            b"https://cdn.example.org/al2023/core/guids/2e3f/x86_64/\nhttps://elsewhere.example.org/x/\n";
        assert_eq!(
            repomd_locations(content, LIST).expect("a list"),
            ["https://cdn.example.org/al2023/core/guids/2e3f/x86_64/repodata/repomd.xml"]
        );
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let fault = |content: &[u8]| repomd_locations(content, LIST).expect_err("refused").to_string();
        assert!(fault(b"").contains("empty"));
        assert!(fault(b"<html>").contains("web page"));
        assert!(fault(b"http://cdn.example.org/plain/").contains("no address"));
        assert!(fault(b"https://elsewhere.example.org/x/").contains("no address"));
        assert!(fault(b"https://cdn.example.org@elsewhere.example.org/x/").contains("no address"));
        assert!(fault(&[b'x'; 70_000]).contains("beyond the limits"));
    }
}
