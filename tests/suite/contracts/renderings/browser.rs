//! The page in a real browser: it obeys its own policy, sorts and filters, and is read by what reads HTML.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use patchctl::model::finding::Finding;
use patchctl::report::format::Format;

use super::{rendered, report};

/// Loads a page, with a script of the test put behind the page's own, and returns the document as the browser then has
/// it; `None`, and said so, where there is no browser.
pub(super) fn browsed(name: &str, page: &str) -> Option<String> {
    let folder =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("browser-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("page.html");
    fs::write(&file, page).unwrap();
    let browser = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}", file.display()))
        .output();
    let output = match browser {
        Ok(output) => output,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "chromium: {error}");
            println!("not run: chromium: {error}");
            return None;
        }
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::remove_dir_all(&folder).unwrap();
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Puts a script of the test into a page; the policy is widened for it, and only for it.
pub(super) fn with_script(page: &str, script: &str) -> String {
    page.replace("script-src ", "script-src 'nonce-test' ")
        .replace("</body>", &format!("<script nonce=\"test\">{script}</script></body>"))
}

#[test]
fn the_page_runs_its_own_script_and_nothing_else() {
    let page = rendered(&report("scan"), Format::Html);
    // What foreign text would have to become, in the place where it would stand.
    let intruded = page.replace(
        "</main>",
        "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"></main>",
    );
    let Some(seen) = browsed("policy", &intruded) else { return };
    assert!(!seen.contains("<title>owned"), "the policy stops what is not the page's own");
    assert!(seen.contains("<button type=\"button\">severity</button>"), "and lets its own script run");
    assert!(seen.contains("13 of 13 findings"), "{seen}");
    assert!(!page.contains("http-equiv=\"refresh\"") && !page.contains(" src="), "nothing is loaded");
}

#[test]
fn five_thousand_findings_are_sorted_and_filtered() {
    let mut large = report("scan");
    let findings = large.findings.as_mut().unwrap();
    let few: Vec<Finding> = findings.clone();
    *findings = (0..5000)
        .map(|number| {
            let mut finding = few[number % few.len()].clone();
            let id = format!("CVE-2026-{}", 20_000 + number);
            finding.advisory = id.as_str().into();
            finding.cves = Arc::from([id]);
            finding
        })
        .collect();
    // Ready is the page when it is loaded and laid out: the time counts from the beginning of navigation.
    let script = "addEventListener('load', () => {\
        document.body.getBoundingClientRect();\
        const ready = performance.now();\
        const rows = () => Array.from(document.querySelectorAll('#list tbody tr'));\
        document.querySelectorAll('#list thead button')[1].click();\
        document.getElementById('words').value = 'CVE-2026-2499';\
        document.getElementById('filter').dispatchEvent(new Event('input'));\
        const left = rows().filter((row) => !row.hidden);\
        const names = left.map((row) => row.cells[1].querySelector('a').textContent);\
        document.body.dataset.told = [rows().length, names.join(' '), document.getElementById('shown').textContent,\
          document.querySelector('[aria-sort]').textContent].join('|');\
        document.body.dataset.time = `${Math.round(ready)}, ${Math.round(performance.now() - ready)}`;\
      });";
    let Some(seen) = browsed("large", &with_script(&rendered(&large, Format::Html), script)) else { return };
    let told = seen.split("data-told=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    let names: Vec<String> = (24_990..25_000).map(|number| format!("CVE-2026-{number}")).collect();
    assert_eq!(told, format!("5000|{}|10 of 5000 findings|vulnerability", names.join(" ")));
    let time = seen.split("data-time=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    // No assertion on time: the figures are for people who read the output.
    println!("ready after, then sorted and filtered in (ms): {time}");
}
