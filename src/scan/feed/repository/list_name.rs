//! How apt names a file in its lists folder (URItoFileName and QuoteString in apt-pkg/contrib/strutl.cc).

use std::fmt::Write;

/// The characters that apt escapes beside everything that is not printable ASCII, and `%`.
const ESCAPED: &[u8] = b"\\|{}[]<>\"^~_=!@#$%^&*";

/// Returns apt's name for the file at an address: no scheme, special characters as `%xx`, slashes as `_`.
pub(super) fn of(uri: &str) -> String {
    let rest = match uri.split_once("://") {
        Some((_, rest)) => rest,
        None => uri.split_once(':').map_or(uri, |(_, path)| path),
    };
    escape(rest)
}

/// Returns apt's spelling of a part of an address.
pub(super) fn escape(part: &str) -> String {
    let mut name = String::with_capacity(part.len() + 8);
    for byte in part.bytes() {
        match byte {
            b'/' => name.push('_'),
            b if ESCAPED.contains(&b) || b <= 0x20 || b >= 0x7f => {
                // Writing to a String cannot fail.
                let _ = write!(name, "%{b:02x}");
            }
            b => name.push(char::from(b)),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn names_are_those_of_apt() {
        let names = [
            (
                "http://mirror.example.org/debian-security/dists/bookworm-security/InRelease",
                "mirror.example.org_debian-security_dists_bookworm-security_InRelease",
            ),
            (
                "https://deb.nodesource.com/node_20.x/dists/nodistro/InRelease",
                "deb.nodesource.com_node%5f20.x_dists_nodistro_InRelease",
            ),
            ("file:/srv/repo/./Packages", "_srv_repo_._Packages"),
            ("file:///srv/repo/./Packages", "_srv_repo_._Packages"),
            ("http://h:8080/a~b/Release", "h:8080_a%7eb_Release"),
        ];
        for (uri, name) in names {
            assert_eq!(of(uri), name);
        }
    }
}
