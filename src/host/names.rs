//! Names of hosts, users and groups, as this host resolves them: its own `getent` is asked.
//!
//! The C library looks names up through modules of its own version (nsswitch.conf(5)). A statically linked program that
//! loads the modules of another version is ended by that library in the middle of its work: measured with glibc 2.36 on a
//! host with 2.41 and `hosts: files myhostname dns` (assertion in `_dl_call_libc_early_init`), which is what Fedora and
//! hosts with systemd's modules have. `getent` is part of every C library that such a host can have.

use std::net::IpAddr;
use std::time::Duration;

use super::runner::{self, CommandSpec};

const GETENT: &str = "/usr/bin/getent";
/// A directory server that does not answer keeps nobody waiting longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Returns the number of a user, where there is one.
pub fn user(name: &str) -> Option<u32> {
    number(&asked("passwd", name, PATIENCE)?, name)
}

/// Returns the number of a group, where there is one.
pub fn group(name: &str) -> Option<u32> {
    number(&asked("group", name, PATIENCE)?, name)
}

/// Returns the addresses of a host in the order to try them, at most after so long; none where its name is not known.
pub fn addresses(host: &str, patience: Duration) -> Vec<IpAddr> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse() {
        Ok(address) => vec![address],
        Err(_) => asked("ahosts", host, patience).map_or_else(Vec::new, |answer| every_address(&answer)),
    }
}

/// Asks for one name; a name that could be read as an option is none.
fn asked(database: &str, name: &str, patience: Duration) -> Option<String> {
    if name.is_empty() || name.starts_with('-') {
        return None;
    }
    let spec = CommandSpec::new(GETENT).args([database, name]).time_limit(patience);
    let output = runner::run(&spec).ok()?;
    (output.is_success() && !output.timed_out).then(|| output.text())
}

/// The third field of `name:password:number:…` (passwd(5), group(5)).
fn number(answer: &str, name: &str) -> Option<u32> {
    let mut fields = answer.lines().next()?.split(':');
    (fields.next() == Some(name)).then_some(())?;
    fields.nth(1)?.parse().ok()
}

/// One line an address and kind of socket, the address first (getent(1), `ahosts`).
fn every_address(answer: &str) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in answer.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_itself_answers() {
        assert_eq!((user("root"), group("root")), (Some(0), Some(0)));
        assert_eq!((user("no-such-user"), group("--help"), user("")), (None, None, None));
        assert!(addresses("localhost", PATIENCE).iter().all(IpAddr::is_loopback));
        assert_eq!(addresses("[::1]", PATIENCE), ["::1".parse::<IpAddr>().expect("an address")]);
        assert_eq!(addresses("192.0.2.7", PATIENCE).len(), 1);
    }

    #[test]
    fn answers_are_read_and_nothing_else() {
        assert_eq!(number("adm:x:4:a,b\n", "adm"), Some(4));
        assert_eq!(
            (number("other:x:4:", "adm"), number("adm:x", "adm"), number("", "adm")),
            (None, None, None)
        );
        let answer = "192.0.2.1      STREAM a\n192.0.2.1      DGRAM  \n2001:db8::1     STREAM \nnonsense\n\n";
        assert_eq!(every_address(answer).len(), 2);
    }
}
