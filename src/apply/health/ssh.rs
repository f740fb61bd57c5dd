//! The way in: does the secure shell daemon accept its configuration, and does it answer.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use crate::host::runner::{self, CommandSpec};
use crate::host::sockets::{self, Listener, Transport};
use crate::host::{lock, storage};

const SSHD: &str = "/usr/sbin/sshd";

/// The port that IANA assigns to the secure shell.
const SSH_PORT: u16 = 22;

/// A daemon on the same host that does not greet in this time does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Returns one fact for each address where a daemon greets (RFC 4253, section 4.2: a line that begins with `SSH-`).
pub(super) fn answers(listeners: &[Listener]) -> BTreeSet<String> {
    let doors = doors(listeners);
    let greets = |address: &SocketAddr| {
        sockets::greeting(reachable_at(*address), PATIENCE).is_some_and(|bytes| bytes.starts_with(b"SSH-"))
    };
    doors.into_iter().filter(greets).map(|address| format!("on port {}", address.port())).collect()
}

/// Where a daemon listens: its own sockets, and port 22 whoever holds it for it (`ssh.socket`).
fn doors(listeners: &[Listener]) -> BTreeSet<SocketAddr> {
    let tcp = listeners.iter().filter(|listener| listener.transport == Transport::Tcp);
    let holders = sockets::holders(&tcp.clone().map(|listener| listener.inode).collect());
    let is_sshd = |listener: &&Listener| {
        let mut pids = holders.get(&listener.inode).into_iter().flatten();
        listener.address.port() == SSH_PORT
            || pids.any(|pid| lock::command_of(*pid).is_some_and(|command| command == "sshd"))
    };
    tcp.filter(is_sshd).map(|listener| listener.address).collect()
}

/// A socket on every address is asked on the loopback.
fn reachable_at(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), address.port()),
        _ => address,
    }
}

/// Returns the one fact that the daemon accepts its configuration; `None` where there is no daemon.
pub(super) fn configuration() -> Option<BTreeSet<String>> {
    if !storage::exists(Path::new(SSHD)) {
        return None;
    }
    Some(complaint().map_or_else(|| BTreeSet::from(["sshd -t".to_owned()]), |_| BTreeSet::new()))
}

/// Returns what the daemon says against its own configuration (sshd(8), `-t`).
pub fn complaint() -> Option<String> {
    match runner::run(&CommandSpec::new(SSHD).arg("-t").time_limit(Duration::from_secs(20))) {
        Ok(output) if output.is_success() => None,
        Ok(output) => Some(format!("sshd -t: {}", output.last_words(3).join("; "))),
        Err(error) => Some(error.to_string()),
    }
}

/// Tells that no daemon answers, where one should: after its restart.
pub fn silence() -> Option<String> {
    let listeners = sockets::listeners()?;
    answers(&listeners).is_empty().then(|| "no ssh daemon answers on this host".to_owned())
}
