//! What a run tells, as it happens: bars on a terminal, plain lines elsewhere, nothing when quiet. Always on stderr.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal::Terminal;
use crate::observe::{Event, Observer, Unit};
use crate::report::text::remark;
use crate::report::text::sanitize::{Repertoire, clean};

/// How often a spinner turns; ten times a second is what indicatif's own examples take.
const TICK: Duration = Duration::from_millis(100);
/// Column of the details: the longest stage name (`protected`) and a gap.
const STAGE: usize = 12;

/// Shows the events of a run.
#[derive(Debug)]
pub struct Progress {
    terminal: Terminal,
    bar: Mutex<Option<ProgressBar>>,
}

impl Progress {
    /// Shows events the way the terminal can.
    pub fn new(terminal: &Terminal) -> Self {
        Self { terminal: terminal.clone(), bar: Mutex::new(None) }
    }

    fn clean(&self, text: &str) -> String {
        let is_wide = self.terminal.talk_style().unicode;
        clean(text, if is_wide { Repertoire::Unicode } else { Repertoire::Ascii }).into_owned()
    }

    fn began(&self, stage: &str, detail: &str) {
        self.clear();
        if self.terminal.has_bars() {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(spinner(self.terminal.talk_style().unicode));
            bar.set_prefix(format!("{stage:STAGE$}"));
            bar.set_message(self.clean(detail));
            // indicatif panics where the system, short of memory, refuses a thread.
            if thread::Builder::new().spawn(|| {}).is_ok() {
                bar.enable_steady_tick(TICK);
            }
            *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
        } else {
            // Where nothing moves, the end of a stage says enough.
            self.terminal.mention(1, &format!("{stage}: {detail}"));
        }
    }

    fn moved(&self, done: u64, total: u64, (unit, item): (Unit, &str)) {
        if let Some(bar) = &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            if bar.length() != Some(total) {
                bar.set_style(gauge(unit, self.terminal.talk_style().unicode));
                bar.set_length(total);
            }
            bar.set_message(self.clean(item));
            bar.set_position(done);
        }
    }

    fn ended(&self, mark: &str, stage: &str, detail: &str) {
        self.clear();
        if self.terminal.has_bars() {
            let lead = format!(" {mark} {stage:STAGE$}");
            self.terminal.talk(&remark(&lead, detail, self.terminal.talk_style()));
        } else {
            self.terminal.talk(&format!("{stage}: {detail}"));
        }
    }

    fn clear(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Progress {
    fn event(&self, event: &Event) {
        let is_wide = self.terminal.talk_style().unicode;
        match event {
            Event::StageBegan { stage, detail } => self.began(stage, detail),
            Event::Progress { done, total, unit, item } => self.moved(*done, *total, (*unit, item)),
            Event::StageEnded { stage, detail, took } => {
                let mark = if is_wide { "✓" } else { "+" };
                self.ended(mark, stage, &format!("{detail} ({:.1} s)", took.as_secs_f64()));
            }
            Event::StageLeft { .. } => self.clear(),
            Event::StageFailed { stage, detail } => {
                self.ended(if is_wide { "✗" } else { "x" }, stage, &format!("failed: {detail}"));
            }
            Event::Note(text) => {
                self.clear();
                match self.terminal.has_bars() {
                    true => self.terminal.talk(&remark("note: ", text, self.terminal.talk_style())),
                    false => self.terminal.talk(&format!("note: {text}")),
                }
            }
            Event::Warning(text) => {
                self.clear();
                match self.terminal.has_bars() {
                    true => self.terminal.insist(&remark("warning: ", text, self.terminal.talk_style())),
                    false => self.terminal.insist(&format!("warning: {text}")),
                }
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn spinner(is_wide: bool) -> ProgressStyle {
    let ticks = if is_wide { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "|/-\\ " };
    styled(" {spinner} {prefix}{wide_msg}").tick_chars(ticks)
}

fn gauge(unit: Unit, is_wide: bool) -> ProgressStyle {
    let template = match unit {
        Unit::Bytes => {
            " {spinner} {prefix}{wide_msg} {bar:20} {binary_bytes}/{binary_total_bytes} {percent:>3} %"
        }
        Unit::Items => " {spinner} {prefix}{wide_msg} {bar:20} {pos}/{len} {percent:>3} %",
    };
    let style = styled(template);
    if is_wide { style.progress_chars("━╸─") } else { style.progress_chars("=> ") }
}

/// A template that indicatif refuses falls back to its own default: progress never fails a run.
fn styled(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_accepted() {
        for template in
            [" {spinner} {prefix}{wide_msg}", " {bar:20} {binary_bytes}/{binary_total_bytes} {percent:>3} %"]
        {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
