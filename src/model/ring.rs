//! Rings: groups of hosts that patch one after the other. A host belongs to its ring by name, or for good by its
//! machine id.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::digest::Sha256;
use super::duration;

/// A ring, as the policy lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ring {
    /// Its name.
    pub name: String,
    /// Its share of all hosts, in percent.
    pub percent: u8,
    /// How much longer than the first its hosts wait.
    #[serde(serialize_with = "as_delay")]
    pub delay: Duration,
}

impl fmt::Display for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.percent)?;
        if self.delay.is_zero() { Ok(()) } else { write!(f, ":{}", duration::write(self.delay)) }
    }
}

fn as_delay<S: Serializer>(delay: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&duration::write(*delay))
}

/// How a host finds its ring.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Membership {
    /// By its machine id.
    #[default]
    Auto,
    /// By name.
    Named(String),
}

/// Finds the ring of a host by the digest of its machine id: the same digest gives the same ring as long as the list of
/// rings stays, and the shares are met over many hosts.
pub fn of_machine<'a>(machine: &Sha256, rings: &'a [Ring]) -> Option<&'a Ring> {
    let mut left = share(machine, "ring", 100);
    rings.iter().find(|ring| {
        let percent = u64::from(ring.percent);
        let is_here = left < percent;
        left = left.saturating_sub(percent);
        is_here
    })
}

/// Returns how long after the beginning of a window this host starts by itself: stable, below `most`, in whole minutes.
pub fn jitter(machine: &Sha256, most: Duration) -> Duration {
    let minutes = most.as_secs() / 60;
    if minutes == 0 { Duration::ZERO } else { Duration::from_secs(60 * share(machine, "jitter", minutes)) }
}

/// A number below `parts` that depends on machine and purpose alone. With 64 bits over at most some thousands of parts
/// none is preferred measurably.
fn share(machine: &Sha256, purpose: &str, parts: u64) -> u64 {
    let digest = Sha256::of(format!("{purpose}:{machine}").as_bytes());
    let text = digest.to_string();
    let head = text.get(..16).and_then(|head| u64::from_str_radix(head, 16).ok()).unwrap_or(0);
    head % parts.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rings() -> Vec<Ring> {
        let ring = |name: &str, percent| Ring { name: name.to_owned(), percent, delay: Duration::ZERO };
        vec![ring("canary", 5), ring("early", 20), ring("main", 75)]
    }

    #[test]
    fn the_shares_of_rings_are_met_and_stay() {
        let rings = rings();
        let mut counts = [0u32; 3];
        for number in 0..10_000u32 {
            let machine = Sha256::of(format!("patchctl:{number}").as_bytes());
            let ring = of_machine(&machine, &rings).expect("the shares add up to 100");
            assert_eq!(of_machine(&machine, &rings), Some(ring));
            let place = rings.iter().position(|known| known == ring).expect("one of them");
            counts[place] += 1;
        }
        // Five standard deviations of a binomial share of 10,000 hosts are at most 217 hosts.
        for (count, expected) in counts.into_iter().zip([500, 2_000, 7_500]) {
            assert!(count.abs_diff(expected) < 220, "{counts:?}");
        }
    }

    #[test]
    fn jitter_is_stable_and_below_its_limit() {
        let most = Duration::from_secs(1_800);
        let of = |number: u32| jitter(&Sha256::of(format!("patchctl:{number}").as_bytes()), most);
        assert!((0..1_000).all(|number| of(number) < most && of(number) == of(number)));
        assert!((0..1_000).any(|number| of(number) > most / 2));
        assert_eq!(jitter(&Sha256::of(b""), Duration::ZERO), Duration::ZERO);
    }
}
