//! The table in `tests/AGREEMENT.md`, a part for each set of hosts, between two marks.

use std::path::PathBuf;

use super::judge::Judged;

/// What one feed says about one host.
pub struct Row {
    pub host: String,
    pub packages: usize,
    pub feed: String,
    pub judged: Judged,
}

const HEAD: &str = "\
| host | packages | feed | statements | fix exists | no fix | unknown | fixed | not affected | offered | not asked | A | B | C | D |
|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
";

impl Row {
    fn line(&self) -> String {
        let judged = &self.judged;
        let counts = judged.counts;
        let numbers = [
            judged.statements as u64,
            counts.vulnerable,
            counts.vulnerable_no_fix,
            counts.unknown,
            counts.fixed,
            counts.not_affected,
            judged.offered as u64,
            judged.not_asked as u64,
            judged.younger as u64,
            judged.other_package as u64,
            judged.as_text as u64,
            judged.others.len() as u64,
        ];
        let numbers: String = numbers.map(|number| format!(" {number} |")).concat();
        format!("| {} | {} | {} |{numbers}\n", self.host, self.packages, self.feed)
    }
}

fn document() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/AGREEMENT.md")
}

fn part(rows: &[Row]) -> String {
    let lines: String = rows.iter().map(Row::line).collect();
    let others: String = rows
        .iter()
        .flat_map(|row| {
            row.judged.others.iter().map(move |other| format!("- D: {}, {}: {other}\n", row.host, row.feed))
        })
        .collect();
    let others = if others.is_empty() { String::new() } else { format!("\n{others}") };
    format!("{HEAD}{lines}{others}")
}

/// Splits the document at the marks of a part.
fn split(text: &str, name: &str) -> (String, String, String) {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->\n"));
    let (before, rest) = text.split_once(&begin).expect("the document has the part");
    let (own, after) = rest.split_once(&end).expect("the part has an end");
    (format!("{before}{begin}"), own.to_owned(), format!("{end}{after}"))
}

/// Holds what was found against the document.
pub fn compare(name: &str, rows: &[Row]) {
    let text = std::fs::read_to_string(document()).unwrap();
    let (_, written, _) = split(&text, name);
    let found = part(rows);
    assert!(
        written == found,
        "tests/AGREEMENT.md says otherwise; if the change is right, run `cargo test --test suite -- --ignored \
         write_agreement` and explain it there:\n{found}"
    );
}

/// Writes what was found into the document.
pub fn write(name: &str, rows: &[Row]) {
    let text = std::fs::read_to_string(document()).unwrap();
    let (before, _, after) = split(&text, name);
    std::fs::write(document(), format!("{before}{}{after}", part(rows))).unwrap();
}
