//! Listening sockets by reading `/proc` only, and the processes that hold them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use super::{processes, storage};

/// A transport that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Transport {
    /// Returns its short name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// A socket that waits for others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listener {
    /// Its transport.
    pub transport: Transport,
    /// Where it listens.
    pub address: SocketAddr,
    /// The number of the socket, by which its holder is found.
    pub inode: u64,
}

impl Listener {
    /// Tells whether anybody but this host itself can reach it.
    pub fn is_reachable(&self) -> bool {
        let address = self.address.ip();
        let mapped = if let IpAddr::V6(v6) = address { v6.to_ipv4_mapped() } else { None };
        !mapped.map_or(address, IpAddr::V4).is_loopback()
    }
}

/// Where the kernel lists sockets, and the state that listens there: TCP_LISTEN is 10, a UDP socket without a peer is
/// in TCP_CLOSE, 7 (include/net/tcp_states.h).
const TABLES: &[(&str, Transport, u8)] = &[
    ("/proc/net/tcp", Transport::Tcp, 10),
    ("/proc/net/tcp6", Transport::Tcp, 10),
    ("/proc/net/udp", Transport::Udp, 7),
    ("/proc/net/udp6", Transport::Udp, 7),
];

/// Returns the sockets that listen in this network namespace; `None` when the kernel does not tell.
pub fn listeners() -> Option<Vec<Listener>> {
    let mut found = Vec::new();
    for (path, transport, state) in TABLES {
        match table(Path::new(path)) {
            Ok(bytes) => found.extend(parse(&bytes, *transport, *state)),
            // A host without IPv6 has no table of it.
            Err(error) if error.kind() == ErrorKind::NotFound && path.ends_with('6') => {}
            Err(_) => return None,
        }
    }
    found.sort();
    Some(found)
}

/// What the kernel fills at most for one call, and what the longest row of a table needs of it with room (fs/seq_file.c; rows of
/// net/ipv4/tcp_ipv4.c have 150 bytes, those of net/ipv6/tcp_ipv6.c about 180).
const PAGE: usize = 4096;
const ROW: usize = 512;

/// Reads a whole table in as few calls as can be: in each of them the kernel looks through all of its connections, 2 ms
/// where it has room for 262,144 (measured), whatever comes of it. A call that leaves room for a row has come to the end.
fn table(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let (mut piece, mut whole) = (vec![0; 16 * PAGE], Vec::new());
    loop {
        let count = file.read(&mut piece)?;
        whole.extend_from_slice(&piece[..count]);
        if count + ROW < PAGE {
            return Ok(whole);
        }
    }
}

/// Reads a table (proc_net_tcp of the kernel's documentation): after the header, `sl local remote st … inode`.
fn parse(bytes: &[u8], transport: Transport, state: u8) -> Vec<Listener> {
    let text = String::from_utf8_lossy(bytes);
    text.lines().skip(1).filter_map(|line| parse_line(line, transport, state)).collect()
}

fn parse_line(line: &str, transport: Transport, state: u8) -> Option<Listener> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    if u8::from_str_radix(fields.get(3)?, 16).ok()? != state {
        return None;
    }
    Some(Listener { transport, address: parse_address(fields.get(1)?)?, inode: fields.get(9)?.parse().ok()? })
}

/// An address stands in the order of the host, in groups of four bytes; the port in that of the network.
fn parse_address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| u32::from_str_radix(address.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    let address = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let mut bytes = [0u8; 16];
            bytes.iter_mut().zip(words.iter().flatten()).for_each(|(to, from)| *to = *from);
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some(SocketAddr::new(address, port))
}

/// Finds the processes that hold sockets. What belongs to other users is seen by root alone.
pub fn holders(sockets: &BTreeSet<u64>) -> BTreeMap<u64, BTreeSet<u32>> {
    let mut holders: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    if sockets.is_empty() {
        return holders;
    }
    for pid in processes::numbers() {
        let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { continue };
        for link in entries.filter_map(Result::ok).filter_map(|entry| std::fs::read_link(entry.path()).ok()) {
            let inode = link.to_str().and_then(socket_number).filter(|inode| sockets.contains(inode));
            if let Some(inode) = inode {
                holders.entry(inode).or_default().insert(pid);
            }
        }
    }
    holders
}

fn socket_number(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// Returns the first port and the last that the kernel gives to sockets that ask for none (ip(7),
/// `ip_local_port_range`); Linux' own default where it does not tell.
pub fn ephemeral_ports() -> (u16, u16) {
    let text = storage::read(Path::new("/proc/sys/net/ipv4/ip_local_port_range")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut numbers = text.split_ascii_whitespace().filter_map(|word| word.parse().ok());
    numbers.next().zip(numbers.next()).unwrap_or((32_768, 60_999))
}

/// Connects to a listener of this host and returns the first bytes that it says, if it says any in time.
pub fn greeting(address: SocketAddr, patience: Duration) -> Option<Vec<u8>> {
    let stream = TcpStream::connect_timeout(&address, patience).ok()?;
    stream.set_read_timeout(Some(patience)).ok()?;
    let mut bytes = vec![0u8; 64];
    let count = (&stream).read(&mut bytes).ok().filter(|count| *count > 0)?;
    bytes.truncate(count);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

    #[test]
    #[cfg(target_endian = "little")]
    fn listening_sockets_are_told_from_connections() {
        let table = format!(
            "{HEADER}   0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000   107        0 4711 1\n\
               1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1\n\
               2: 0100007F:0016 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4713 1\n"
        );
        let found = parse(table.as_bytes(), Transport::Tcp, 10);
        let shown: Vec<String> = found.iter().map(|listener| listener.address.to_string()).collect();
        assert_eq!(shown, ["127.0.0.1:3306", "0.0.0.0:22"]);
        assert_eq!(found.iter().map(Listener::is_reachable).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn addresses_of_both_versions_are_read() {
        let six = parse_address("00000000000000000000000001000000:1F90");
        assert_eq!(six.map(|address| address.to_string()).as_deref(), Some("[::1]:8080"));
        let mapped = parse_address("0000000000000000FFFF00000100007F:0050").expect("an address");
        let listener = Listener { transport: Transport::Tcp, address: mapped, inode: 1 };
        assert!(!listener.is_reachable(), "a mapped loopback address is one");
        assert_eq!(parse_address("00:x"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let _ = parse(&bytes, Transport::Udp, 7);
        }
    }
}
