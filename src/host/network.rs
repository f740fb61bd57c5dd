//! Addresses and routes of this host, as the kernel tells them.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use super::storage;

/// Flags of an address that comes and goes by itself: `IFA_F_TEMPORARY`, `IFA_F_TENTATIVE` and `IFA_F_DEPRECATED` of
/// include/uapi/linux/if_addr.h.
const FLEETING: u32 = 0x01 | 0x40 | 0x20;

/// A route through a gateway (`RTF_GATEWAY` of include/uapi/linux/route.h).
const THROUGH_GATEWAY: u32 = 0x0002;
/// The route is in use (`RTF_UP`).
const UP: u32 = 0x0001;

/// Returns the addresses that are this host's own; `None` when the kernel does not tell. Those that the kernel makes and
/// drops by itself (privacy extensions) are left out.
pub fn addresses() -> Option<BTreeSet<String>> {
    let four = storage::read(Path::new("/proc/net/fib_trie")).ok()?;
    let six = storage::read_if_present(Path::new("/proc/net/if_inet6")).ok()?.unwrap_or_default();
    let mut found = local_addresses(&String::from_utf8_lossy(&four));
    found.extend(String::from_utf8_lossy(&six).lines().filter_map(parse_if_inet6));
    Some(found)
}

/// Reads the addresses that a trie of routes marks as local: a line `|-- ADDRESS`, then `/32 host LOCAL`.
fn local_addresses(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut last = "";
    for line in text.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address;
        } else if line.starts_with("/32 host LOCAL") && last.parse::<Ipv4Addr>().is_ok() {
            found.insert(last.to_owned());
        }
    }
    found
}

/// Reads `ADDRESS INDEX PREFIX SCOPE FLAGS NAME`, all hexadecimal but the name.
fn parse_if_inet6(line: &str) -> Option<String> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let flags = u32::from_str_radix(fields.get(4)?, 16).ok()?;
    let device = fields.get(5)?;
    let address = parse_six(fields.first()?)?;
    (flags & FLEETING == 0 && !is_of_container(device)).then(|| format!("{address} on {device}"))
}

fn parse_six(text: &str) -> Option<Ipv6Addr> {
    u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32).map(Ipv6Addr::from)
}

/// Ends of cables into containers come and go with these.
fn is_of_container(device: &str) -> bool {
    ["veth", "cali", "lxc", "tap", "vnet"].iter().any(|prefix| device.starts_with(prefix))
}

/// Returns the routes through a gateway in the main table, default routes among them; `None` when the kernel does not
/// tell. Routes to networks that the host is part of come and go with its addresses.
pub fn routes() -> Option<BTreeSet<String>> {
    let four = storage::read(Path::new("/proc/net/route")).ok()?;
    let six = storage::read_if_present(Path::new("/proc/net/ipv6_route")).ok()?.unwrap_or_default();
    let (four, six) = (String::from_utf8_lossy(&four), String::from_utf8_lossy(&six));
    let four = four.lines().skip(1).filter_map(parse_route);
    Some(four.chain(six.lines().filter_map(parse_route_six)).collect())
}

/// Reads `Iface Destination Gateway Flags RefCnt Use Metric Mask …`.
fn parse_route(line: &str) -> Option<String> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let number = |at: usize| u32::from_str_radix(fields.get(at)?, 16).ok();
    let address = |at: usize| Some(Ipv4Addr::from(number(at)?.to_ne_bytes()));
    let flags = number(3)?;
    if flags & UP == 0 || flags & THROUGH_GATEWAY == 0 {
        return None;
    }
    let prefix = number(7)?.count_ones();
    let device = fields.first()?;
    Some(format!("{}/{prefix} through {} on {device}", address(1)?, address(2)?))
}

/// Reads `DESTINATION PREFIX SOURCE PREFIX NEXT METRIC REFCNT USE FLAGS DEVICE`, all hexadecimal but the device.
fn parse_route_six(line: &str) -> Option<String> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let number = |at: usize| u32::from_str_radix(fields.get(at)?, 16).ok();
    let flags = number(8)?;
    if flags & UP == 0 || flags & THROUGH_GATEWAY == 0 {
        return None;
    }
    let (to, through) = (parse_six(fields.first()?)?, parse_six(fields.get(4)?)?);
    Some(format!("{to}/{} through {through} on {}", number(1)?, fields.get(9)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_addresses_are_read_and_fleeting_ones_are_left_out() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.0.0.0\n        /24 link UNICAST\n     |-- 10.0.0.7\n        \
                    /32 host LOCAL\n     |-- 10.0.0.255\n        /32 link BROADCAST\n";
        assert_eq!(local_addresses(trie), BTreeSet::from(["10.0.0.7".to_owned()]));
        let six = |flags: &str| {
            parse_if_inet6(&format!("fe800000000000000000000000000001 02 40 20 {flags}     eth0"))
        };
        assert_eq!(six("80").as_deref(), Some("fe80::1 on eth0"));
        assert_eq!(six("01"), None, "a privacy address goes by itself");
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn routes_through_a_gateway_are_read() {
        assert_eq!(
            parse_route("eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0").as_deref(),
            Some("0.0.0.0/0 through 10.0.0.1 on eth0")
        );
        assert_eq!(parse_route("eth0\t0000000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0"), None);
        let six = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
                   fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0";
        assert_eq!(parse_route_six(six).as_deref(), Some("::/0 through fe80::1 on eth0"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".{0,200}") {
            let _ = (parse_if_inet6(&text), parse_route(&text), parse_route_six(&text), local_addresses(&text));
        }
    }
}
