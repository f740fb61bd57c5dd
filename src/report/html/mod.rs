//! One self-contained page: no network, readable without script, light and dark, on paper and on a phone.
//!
//! The one script and the one style sheet are inline; the page's own policy allows them by their digest and nothing else
//! (Content Security Policy 3, 6.7.2.6). So whatever foreign text came through, it could not run. Plots are SVG written
//! here: plotters writes colours into the drawing and knows neither classes nor ARIA, charming draws by running ECharts
//! in V8 or in the reader's browser; a page that has to be themed, printed and read aloud is served by neither.

mod chart;
mod evidence;
mod findings;
pub(super) mod fleet;
mod frame;
mod history;
mod overview;
mod part;
pub(super) mod period;
mod plan;
mod rehearsal;
mod run;

use std::io::{self, Write};

use self::frame::Page;
use self::part::text;
use super::background::Background;
use super::schema::Report;

/// Writes the report as one HTML page.
///
/// # Errors
/// `out` cannot be written.
pub(super) fn write(report: &Report, background: &Background, out: &mut dyn Write) -> io::Result<()> {
    frame::begin(&Page::of(report, history::has_any(background)), out)?;
    overview::write(report, background, out)?;
    history::write(report, background, out)?;
    run::write(report, out)?;
    rehearsal::write(report, out)?;
    plan::write(report, out)?;
    findings::write(report, out)?;
    evidence::write(report, out)?;
    let (tool, schema) = (text(&report.tool_version), text(&report.schema));
    frame::end(&format!("patchctl {tool} from {schema} {}", text(&report.schema_version)), out)
}
