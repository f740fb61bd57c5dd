//! Judged from facts: clock, room, kernels, modules, and the service manager.

use super::facts::Facts;
use crate::apply::kernels::that_may_go;
use crate::apply::modules::Module;
use crate::apply::space::{LEAST_MARGIN, with_margin_of};
use crate::host::facts::Room;
use crate::report::doctor::{Precondition, PreconditionState};

/// Inodes that a run needs at least: its own folder, and the files of an average package beside the old ones.
const LEAST_INODES: u64 = 1_024;

/// Judges what is about the host itself.
pub(super) fn judge(facts: &Facts) -> Vec<Precondition> {
    let mut found = vec![clock(facts)];
    found.extend(facts.rooms.iter().map(|(purpose, room)| match (*purpose, room) {
        ("kernels", Ok(room)) => boot(facts, room),
        (purpose, Ok(room)) => space(purpose, room),
        (purpose, Err(error)) => {
            Precondition::met("space", "room", format!("{purpose}: {error}")).unchecked()
        }
    }));
    found.push(kernels(facts));
    found.extend(modules(facts));
    found.push(manager(facts));
    found
}

fn clock(facts: &Facts) -> Precondition {
    let met = |finding: String| Precondition::met("clock", "clock", finding);
    match &facts.clock_doubt {
        None if facts.is_live => met("fits the dates of the vendors".to_owned()),
        None => met("another root tells no time".to_owned()).unchecked(),
        Some(doubt) => {
            met(doubt.clone()).but(PreconditionState::Stops, "set it: timedatectl, chronyc makestep or date")
        }
    }
}

/// A size as people read it: whole MiB, and GiB from ten on.
fn size(bytes: u64) -> String {
    let mib = bytes.div_ceil(1024 * 1024);
    if mib < 10 * 1024 { format!("{mib} MiB") } else { format!("{} GiB", mib / 1024) }
}

/// Trouble that every place can have.
fn trouble(room: &Room, needed: u64) -> Option<(String, &'static str)> {
    let mount = room.mount.display();
    if !room.writable {
        return Some((format!("{mount} is read-only"), "make it writable: mount -o remount,rw"));
    }
    if room.free_inodes.is_some_and(|free| free < LEAST_INODES) {
        let free = room.free_inodes.unwrap_or_default();
        return Some((
            format!("{mount} has {free} inodes left"),
            "remove small files there, or make a larger one",
        ));
    }
    let (free, needed_text) = (size(room.free_bytes), size(needed));
    (room.free_bytes < needed).then(|| {
        (
            format!("{mount} has {free} free, {needed_text} are the least"),
            "make room there: old packages in caches, old logs",
        )
    })
}

fn space(purpose: &str, room: &Room) -> Precondition {
    let name = "room";
    match trouble(room, LEAST_MARGIN) {
        Some((finding, fix)) => Precondition::met("space", name, finding).but(PreconditionState::Stops, fix),
        None => {
            let free = size(room.free_bytes);
            let mount = room.mount.display();
            Precondition::met(
                "space",
                name,
                format!("{mount} has {free} free ({purpose}); a plan tells what it needs"),
            )
        }
    }
}

/// `/boot` has to hold one more kernel with its first file system. The old kernels that may go are named; the running one
/// and the one that boots next are never among them.
fn boot(facts: &Facts, room: &Room) -> Precondition {
    let name = "room for a kernel";
    if facts.kernels.next_boot.is_none() {
        return Precondition::met("boot", name, "no kernel of its own: none will be installed");
    }
    let needed = with_margin_of(facts.kernel_bytes);
    let (finding, fix) = match trouble(room, needed) {
        None => {
            let (free, needed) = (size(room.free_bytes), size(needed));
            let mount = room.mount.display();
            return Precondition::met(
                "boot",
                name,
                format!("{mount} has {free} free, a kernel takes {needed}"),
            );
        }
        Some(trouble) => trouble,
    };
    let fix = match that_may_go(&facts.kernels, &facts.distribution) {
        Some(command) if room.writable => command,
        _ => fix.to_owned(),
    };
    Precondition::met("boot", name, finding).but(PreconditionState::Stops, fix)
}

fn kernels(facts: &Facts) -> Precondition {
    let met = |finding: String| Precondition::met("kernels", "kernels", finding);
    let kernels = &facts.kernels;
    let (running, next) = match (&kernels.running, &kernels.next_boot) {
        (_, None) => return met("none of its own (a container or an image)".to_owned()),
        (None, Some(next)) => return met(format!("{next} boots next")),
        (Some(running), Some(next)) => (running, next),
    };
    let old = match kernels.leftover.as_slice() {
        [] => String::new(),
        old => format!(", {} left over", old.join(", ")),
    };
    if kernels.reboot_pending() {
        return met(format!("{running} runs, {next} boots next{old}"))
            .but(PreconditionState::Attention, "systemctl reboot closes what the running kernel keeps open");
    }
    met(format!("{running} runs and boots next{old}"))
}

fn modules(facts: &Facts) -> Option<Precondition> {
    if facts.built_modules.is_empty() {
        return None;
    }
    let names = |modules: &[&Module]| {
        modules.iter().map(|module| module.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let all: Vec<&Module> = facts.built_modules.iter().collect();
    let met = |finding: String| Precondition::met("modules", "dkms modules", finding);
    let next = facts.kernels.next_boot.as_deref().unwrap_or_default();
    let lacking: Vec<&Module> = facts
        .built_modules
        .iter()
        .filter(|module| !module.kernels.is_empty() && !module.kernels.contains(next))
        .collect();
    Some(match next.is_empty() || lacking.is_empty() {
        true => met(format!("built for each kernel: {}", names(&all))).but(
            PreconditionState::Attention,
            "patchctl rehearse builds them for a new kernel before it is installed",
        ),
        false => met(format!("{next} boots next without {}", names(&lacking)))
            .but(PreconditionState::Attention, format!("before the reboot: dkms autoinstall -k {next}")),
    })
}

fn manager(facts: &Facts) -> Precondition {
    let met = |finding: &str| Precondition::met("service-manager", "service manager", finding);
    match (facts.is_live, facts.has_systemd) {
        (false, _) => met("another root runs no services").unchecked(),
        (true, true) => met("systemd: services are watched, and a dead-man timer decides for a killed run"),
        (true, false) => met(
            "no systemd: services are neither watched nor restarted, and no timer decides for a killed run",
        )
        .but(PreconditionState::Attention, "after a crash: patchctl recover"),
    }
}
