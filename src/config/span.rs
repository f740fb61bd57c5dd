//! Spans of time as they are written in the configuration.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::model::duration;

/// A span of time as written, such as `"6h"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        duration::parse(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// A span of time that may be none: `"0d"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay(pub Duration);

impl Delay {
    /// Reads a span such as `3d` or `0d`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match duration::parse(text) {
            Ok(span) => Ok(Self(span)),
            Err(duration::DurationError::Zero { .. }) => Ok(Self(Duration::ZERO)),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
