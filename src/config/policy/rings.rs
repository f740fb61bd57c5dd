//! Rings as written: `name:percent`, or `name:percent:delay`.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::config::span::Delay;
use crate::model::ring::Ring;

/// One entry of `policy.rings`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingFragment(pub Ring);

impl<'de> Deserialize<'de> for RingFragment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

fn parse(text: &str) -> Result<Ring, String> {
    let malformed = || format!("{text:?} is not a ring such as \"canary:5\" or \"main:75:7d\"");
    let mut parts = text.split(':');
    let (name, percent, delay) = (parts.next(), parts.next(), parts.next());
    let (Some(name), Some(percent), None) = (name, percent, parts.next()) else { return Err(malformed()) };
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name == "auto" || !name.bytes().all(is_plain) {
        return Err(format!(
            "{name:?} is no name of a ring: lower case letters, digits and '-', and not auto"
        ));
    }
    let percent: u8 = percent.parse().map_err(|_| malformed())?;
    let delay = delay.map_or(Ok(Duration::ZERO), |delay| Delay::parse(delay).map(|delay| delay.0))?;
    Ok(Ring { name: name.to_owned(), percent, delay })
}

/// Returns what is wrong with a list of rings: each has a name of its own, and every host has a place.
pub(super) fn complaint(rings: &[Ring]) -> Option<String> {
    let mut names = BTreeSet::new();
    if let Some(ring) = rings.iter().find(|ring| !names.insert(ring.name.as_str())) {
        return Some(format!("the name {:?} stands twice", ring.name));
    }
    let sum: u32 = rings.iter().map(|ring| u32::from(ring.percent)).sum();
    (!rings.is_empty() && sum != 100).then(|| format!("the shares add up to {sum} %, not to 100 %"))
}
