//! Facts about listening sockets: the ports of the host's own services, and who holds them.

use std::collections::{BTreeMap, BTreeSet};

use super::boots::Holders;
use crate::host::processes::{self, Owner};
use crate::host::sockets::{self, Listener, Transport};

/// Ports of the host's own services. What a person's session opens, and what the kernel numbered by itself, comes and
/// goes with its user.
pub(super) fn facts(listeners: &[Listener]) -> BTreeSet<String> {
    let is_of_people = |owners: &[Owner]| {
        !owners.is_empty()
            && owners.iter().all(|owner| matches!(owner, Owner::UserUnit(_) | Owner::Session(_)))
    };
    let own = held(listeners).into_iter().filter(|(_, owners)| !is_of_people(owners));
    own.flat_map(|(listener, _)| described(listener)).collect()
}

/// Tells which units hold the sockets of each fact.
pub(super) fn holders(listeners: &[Listener]) -> Holders {
    let mut holders = Holders::new();
    for (listener, owners) in held(listeners) {
        let units: BTreeSet<String> = owners.iter().filter_map(Owner::unit).map(str::to_owned).collect();
        for fact in described(listener) {
            holders.entry(fact).or_default().extend(units.iter().cloned());
        }
    }
    holders
}

/// The sockets with a fixed port, and the owner of each process that holds them and could be read.
fn held(listeners: &[Listener]) -> Vec<(&Listener, Vec<Owner>)> {
    let (first, last) = sockets::ephemeral_ports();
    let fixed: Vec<&Listener> =
        listeners.iter().filter(|l| !(first..=last).contains(&l.address.port())).collect();
    let holders = sockets::holders(&fixed.iter().map(|listener| listener.inode).collect());
    let owners: BTreeMap<u32, Owner> =
        processes::list().known.into_iter().map(|process| (process.pid, process.owner)).collect();
    let owner = |pid: &u32| owners.get(pid).cloned().unwrap_or(Owner::Nobody);
    let owners_of = |listener: &Listener| {
        holders.get(&listener.inode).map(|pids| pids.iter().map(owner).collect()).unwrap_or_default()
    };
    fixed.into_iter().map(|listener| (listener, owners_of(listener))).collect()
}

fn described(listener: &Listener) -> Vec<String> {
    let port = format!("{} {}", listener.transport.word(), listener.address.port());
    // A socket that moves from the loopback to the network has grown; the other way round it has shrunk.
    match (listener.transport, listener.is_reachable()) {
        (Transport::Tcp | Transport::Udp, true) => vec![format!("{port} beyond this host"), port],
        (_, false) => vec![port],
    }
}
