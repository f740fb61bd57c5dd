//! The burn-down to the due dates: how many dated findings were open at each scan, and how many may be on each day to come.

use std::collections::BTreeMap;
use std::io::{self, Write};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::{Axis, Plot, legend, level, numbers};
use crate::model::finding::Finding;
use crate::report::background::Survey;
use crate::report::compliance::is_left;
use crate::report::words::{count, thousands};

/// Where zero and the highest number stand.
const ZERO: f64 = 120.0;
const TOP: f64 = 20.0;

/// What is drawn.
struct BurnDown {
    now: DateTime<Utc>,
    /// Findings that have to be closed by the end of a day, overdue ones apart.
    due: BTreeMap<NaiveDate, u64>,
    overdue: u64,
    /// Dated findings that were open at earlier scans.
    past: Vec<(DateTime<Utc>, u64)>,
}

impl BurnDown {
    fn of(findings: &[Finding], now: DateTime<Utc>, surveys: &[Survey]) -> Self {
        let (mut due, mut overdue) = (BTreeMap::new(), 0);
        for date in findings.iter().filter(|finding| is_left(finding)).filter_map(|finding| finding.due) {
            if date < now.date_naive() {
                overdue += 1;
            } else {
                *due.entry(date).or_default() += 1;
            }
        }
        let past = surveys.iter().filter(|survey| survey.at < now).map(|survey| (survey.at, survey.dated));
        Self { now, due, overdue, past: past.collect() }
    }

    /// Open now, and not overdue.
    fn in_time(&self) -> u64 {
        self.due.values().sum()
    }

    fn said(&self) -> String {
        let all = self.in_time() + self.overdue;
        let dated = count(all, "open finding has a due date", "open findings have a due date");
        let last = self.due.keys().next_back();
        let end = last.map_or_else(String::new, |last| format!("; the last is due on {last}"));
        format!("{dated}, {} of them past it{end}", self.overdue)
    }

    /// Each day on which less may be open than before, with what has to be closed and what may be left.
    fn steps(&self) -> Vec<(NaiveDate, u64, u64)> {
        let mut left = self.in_time();
        let step = |(day, number): (&NaiveDate, &u64)| {
            left -= number;
            (*day, *number, left)
        };
        self.due.iter().map(step).collect()
    }
}

/// Draws the burn-down; nothing where no finding is due.
pub(in crate::report::html) fn burn_down(
    findings: &[Finding],
    now: DateTime<Utc>,
    surveys: &[Survey],
    out: &mut dyn Write,
) -> io::Result<()> {
    let plot = BurnDown::of(findings, now, surveys);
    if plot.in_time() + plot.overdue == 0 {
        return Ok(());
    }
    Plot { id: "due", title: "Down to the due dates", said: &plot.said(), height: ZERO + 24.0 }.begin(out)?;
    draw(&plot, out)?;
    let key =
        |class: &str, word: &str| (format!("<path d=\"M0 6H20\" class=\"line {class}\"/>"), word.to_owned());
    let keys = [
        (!plot.past.is_empty()).then(|| key("open", "open, with a due date")),
        (plot.overdue > 0).then(|| key("late", "overdue")),
        Some(key("allowed", "may be open")),
    ];
    legend(&keys.into_iter().flatten().collect::<Vec<_>>(), out)?;
    let first = (plot.overdue > 0)
        .then(|| vec!["overdue".to_owned(), plot.overdue.to_string(), plot.in_time().to_string()]);
    let steps = plot
        .steps()
        .into_iter()
        .map(|(day, due, left)| vec![day.to_string(), due.to_string(), left.to_string()]);
    numbers(
        &["due by", "findings", "may be open after"],
        &first.into_iter().chain(steps).collect::<Vec<_>>(),
        out,
    )
}

fn draw(plot: &BurnDown, out: &mut dyn Write) -> io::Result<()> {
    let end_of = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc() + chrono::Duration::days(1);
    let times = plot.past.iter().map(|(at, _)| *at).chain(plot.due.keys().map(|day| end_of(*day)));
    let Some(axis) = Axis::over(times.chain([plot.now])) else { return Ok(()) };
    let now = plot.in_time() + plot.overdue;
    let most = plot.past.iter().map(|(_, open)| *open).chain([now]).max().unwrap_or(1).max(1);
    let height = |number: u64| ZERO - number as f64 / most as f64 * (ZERO - TOP);
    level(out, TOP, &thousands(most))?;
    level(out, ZERO, "0")?;
    let today = axis.place(plot.now);
    writeln!(out, "<path d=\"M{today:.1} {TOP}V{ZERO}\" class=\"axis\"/>")?;
    if (120.0..=400.0).contains(&today) {
        writeln!(out, "<text x=\"{today:.1}\" y=\"{:.1}\" class=\"label middle\">today</text>", TOP - 6.0)?;
    }
    if !plot.past.is_empty() {
        let points = plot.past.iter().copied().chain([(plot.now, now)]);
        let points: Vec<String> =
            points.map(|(at, open)| format!("{:.1},{:.1}", axis.place(at), height(open))).collect();
        writeln!(out, "<polyline points=\"{}\" class=\"line open\"/>", points.join(" "))?;
    }
    if plot.overdue > 0 {
        writeln!(
            out,
            "<path d=\"M{today:.1} {:.1}V{:.1}\" class=\"line late\"><title>overdue: {}</title></path>",
            height(now),
            height(plot.in_time()),
            plot.overdue
        )?;
    }
    let mut path = format!("M{today:.1} {:.1}", height(plot.in_time()));
    for (day, _, left) in plot.steps() {
        path.push_str(&format!("H{:.1}V{:.1}", axis.place(end_of(day)), height(left)));
    }
    writeln!(out, "<path d=\"{path}\" class=\"line allowed\"/>")?;
    axis.dates(out, ZERO + 18.0)
}
