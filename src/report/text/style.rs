//! How a rendering looks: width, colours, characters, how much.

use chrono::{DateTime, Utc};

/// How much a scan shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The counts alone.
    Summary,
    /// The worst groups.
    Worst,
    /// Every group.
    All,
}

/// How a rendering looks.
#[derive(Clone, Debug)]
pub struct Style {
    /// Columns of a line, 40 to 200.
    pub width: usize,
    /// Colours are written.
    pub colour: bool,
    /// Characters beyond ASCII are written.
    pub unicode: bool,
    /// How much a scan shows.
    pub detail: Detail,
    /// The time that ages are told from.
    pub now: DateTime<Utc>,
    /// Writes a time in the reader's own zone.
    pub local: fn(DateTime<Utc>) -> String,
}

impl Style {
    /// 80 columns of plain ASCII, times in UTC.
    pub fn plain(now: DateTime<Utc>) -> Self {
        Self { width: 80, colour: false, unicode: false, detail: Detail::Worst, now, local: utc }
    }

    /// Returns `self` with the width brought into 40 to 200 columns.
    #[must_use]
    pub fn within_limits(self) -> Self {
        Self { width: self.width.clamp(40, 200), ..self }
    }

    /// Stands between items.
    pub(super) fn dot(&self) -> &'static str {
        if self.unicode { "·" } else { "-" }
    }

    /// Stands between old and new, and before the next command.
    pub(super) fn arrow(&self) -> &'static str {
        if self.unicode { "→" } else { "->" }
    }

    /// Stands before what went well.
    pub(super) fn tick(&self) -> &'static str {
        if self.unicode { "✓" } else { "+" }
    }

    /// Stands before what went wrong.
    pub(super) fn cross(&self) -> &'static str {
        if self.unicode { "✗" } else { "x" }
    }

    /// Stands for what is left out.
    pub(super) fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }
}

fn utc(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}
