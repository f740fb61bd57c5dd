//! Steps in a safe order: the package manager's own, cut only where everything unpacked is configured.

use std::collections::{HashMap, HashSet};

use crate::model::package::{Architecture, PackageName};
use crate::model::plan::{Action, OperationKind, Resolution, Step};

/// A step ends at the first safe place after this many actions. Few steps beat many, because triggers (initramfs,
/// ldconfig, man-db) run once a step and apt needs half a second to begin one; but what is unknown after a crash is
/// one step.
const PREFERRED_ACTIONS: usize = 20;

type Key<'a> = (&'a PackageName, &'a Architecture);

/// Groups actions into steps along the simulated order.
///
/// A step may end only where each package that was unpacked has been configured. `actions` are those of the
/// resolution, in any order.
pub fn steps(resolution: &Resolution, actions: Vec<Action>) -> Vec<Step> {
    let cuts = safe_ends(resolution);
    let mut by_key: HashMap<(PackageName, Architecture), Action> = actions
        .into_iter()
        .map(|action| ((action.package.clone(), action.architecture.clone()), action))
        .collect();
    let mut steps: Vec<Step> = Vec::new();
    let mut current = Vec::new();
    for (index, operation) in resolution.operations.iter().enumerate() {
        current.extend(by_key.remove(&(operation.name.clone(), operation.architecture.clone())));
        let is_full = cuts.contains(&index) && current.len() >= PREFERRED_ACTIONS;
        if is_full || index + 1 == resolution.first_step {
            push(&mut steps, &mut current);
        }
    }
    push(&mut steps, &mut current);
    steps
}

fn push(steps: &mut Vec<Step>, current: &mut Vec<Action>) {
    if !current.is_empty() {
        let ordinal = u32::try_from(steps.len() + 1).unwrap_or(u32::MAX);
        steps.push(Step { ordinal, actions: std::mem::take(current) });
    }
}

/// The places in the order after which nothing is unpacked and not configured.
fn safe_ends(resolution: &Resolution) -> HashSet<usize> {
    let mut unconfigured: HashSet<Key<'_>> = HashSet::new();
    let mut ends = HashSet::new();
    for (index, operation) in resolution.operations.iter().enumerate() {
        let key = (&operation.name, &operation.architecture);
        match operation.kind {
            OperationKind::Unpack | OperationKind::Add => _ = unconfigured.insert(key),
            OperationKind::Configure | OperationKind::Remove => _ = unconfigured.remove(&key),
        }
        if unconfigured.is_empty() {
            ends.insert(index);
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::plan::{ActionKind, Operation, Reversibility};
    use crate::model::version::Version;

    fn operation(kind: OperationKind, name: &str) -> Operation {
        let to = Version::deb("2").ok();
        Operation {
            kind,
            name: name.into(),
            architecture: "amd64".into(),
            from: None,
            to,
            origin: String::new(),
        }
    }

    fn action(name: &str) -> Action {
        Action {
            package: name.into(),
            architecture: "amd64".into(),
            kind: ActionKind::Upgrade,
            from: None,
            to: None,
            origin: String::new(),
            artifact: None,
            security: false,
            closes: Vec::new(),
            reversible: Reversibility::Reversible,
            not_undone: None,
            why: String::new(),
        }
    }

    fn ordered(operations: &[(OperationKind, String)]) -> Vec<Vec<String>> {
        let resolution = Resolution {
            operations: operations.iter().map(|(kind, name)| operation(*kind, name)).collect(),
            ..Resolution::default()
        };
        let unpacked = operations.iter().filter(|(kind, _)| *kind != OperationKind::Configure);
        let actions = unpacked.map(|(_, name)| action(name)).rev().collect();
        let names = |step: &Step| step.actions.iter().map(|action| action.package.to_string()).collect();
        steps(&resolution, actions).iter().map(names).collect()
    }

    #[test]
    fn a_small_plan_is_one_step_in_the_resolvers_order() {
        use OperationKind::{Configure, Unpack};
        let steps = ordered(&[
            (Unpack, "b".into()),
            (Configure, "b".into()),
            (Unpack, "a".into()),
            (Configure, "a".into()),
        ]);
        assert_eq!(steps, [["b", "a"]]);
    }

    #[test]
    fn a_step_never_ends_while_something_is_unpacked_only() {
        use OperationKind::{Configure, Unpack};
        let names: Vec<String> = (0..30).map(|n| format!("p{n:02}")).collect();
        let mut entangled: Vec<(OperationKind, String)> = names.iter().map(|n| (Unpack, n.clone())).collect();
        entangled.extend(names.iter().map(|n| (Configure, n.clone())));
        assert_eq!(ordered(&entangled).len(), 1, "nothing is configured before all are unpacked");

        let separate: Vec<(OperationKind, String)> =
            names.iter().flat_map(|n| [(Unpack, n.clone()), (Configure, n.clone())]).collect();
        assert_eq!(ordered(&separate).iter().map(Vec::len).collect::<Vec<_>>(), [20, 10]);
    }
}
