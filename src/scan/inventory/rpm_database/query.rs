//! Databases that only rpm itself reads (Berkeley DB of rpm up to 4.15, ndb of SUSE): `rpm -qa` and its output.

use std::path::Path;

use super::RpmError;
use super::package::{Packages, Record};
use crate::host::runner::{self, CommandSpec};
use crate::model::package::InstalledPackage;

/// Where distributions keep rpm.
const RPM: &str = "/usr/bin/rpm";

/// One line a package; the vendor, which alone may hold any text, is the last. A tag without a value is `(none)`.
const FORMAT: &str =
    "%{NAME}\\t%{EPOCH}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\t%{SOURCERPM}\\t%{SIZE}\\t%{INSTALLTIME}\\t";
const LABEL: &str = "%{MODULARITYLABEL}\\t";
const VENDOR: &str = "%{VENDOR}\\n";

/// What rpm prints for a tag without a value.
const NONE: &str = "(none)";

/// Asks rpm for every package of a database.
///
/// # Errors
/// There is no rpm, it reports an error, or a line of its output cannot be understood.
pub(super) fn read(folder: &Path) -> Result<Vec<InstalledPackage>, RpmError> {
    let (output, has_label) = match ask(folder, &format!("{FORMAT}{LABEL}{VENDOR}")) {
        // rpm before 4.14 does not know the tag, and has no packages with it.
        Err(RpmError::Query { ref words, .. }) if words.contains("unknown tag") => {
            (ask(folder, &format!("{FORMAT}{VENDOR}"))?, false)
        }
        other => (other?, true),
    };
    parse(&output, has_label).map_err(|(line, reason)| RpmError::Output {
        folder: folder.to_owned(),
        line,
        reason,
    })
}

fn ask(folder: &Path, format: &str) -> Result<Vec<u8>, RpmError> {
    let at = folder.display().to_string();
    let spec = CommandSpec::new(RPM).args(["--dbpath", &at, "-qa", "--queryformat", format]);
    let output =
        runner::run(&spec).map_err(|source| RpmError::NoRpm { folder: folder.to_owned(), source })?;
    let said = String::from_utf8_lossy(&output.stderr);
    // A package that rpm cannot read is left out with a word on standard error and no other sign.
    let failed = said.lines().find(|line| line.starts_with("error:"));
    if output.is_success() && failed.is_none() {
        return Ok(output.stdout);
    }
    let words = failed.map_or_else(|| output.last_words(1).join(" "), str::to_owned);
    Err(RpmError::Query { folder: folder.to_owned(), code: output.code, words })
}

/// Reads rpm's output. The error is a line and what is wrong with it.
fn parse(output: &[u8], has_label: bool) -> Result<Vec<InstalledPackage>, (usize, &'static str)> {
    let mut packages = Packages::default();
    let mut found = Vec::new();
    for (at, line) in output.split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.is_empty()) {
        let package = record(line, has_label).and_then(|record| packages.package(&record));
        found.extend(package.map_err(|reason| (at + 1, reason))?);
    }
    Ok(found)
}

fn record(line: &[u8], has_label: bool) -> Result<Record<'_>, &'static str> {
    let fields = if has_label { 10 } else { 9 };
    let parts: Vec<&[u8]> = line.splitn(fields, |b| *b == b'\t').collect();
    let (Some((vendor, texts)), true) = (parts.split_last(), parts.len() == fields) else {
        return Err("rpm printed another number of values than it was asked for");
    };
    let text = |at: usize| std::str::from_utf8(texts[at]).map_err(|_| "a text is not UTF-8");
    let stated = |at: usize| text(at).map(|text| Some(text).filter(|text| *text != NONE));
    let number = |at: usize| stated(at)?.map(str::parse).transpose().map_err(|_| "a number is none");
    Ok(Record {
        name: text(0)?,
        epoch: number(1)?,
        version: text(2)?,
        release: text(3)?,
        architecture: stated(4)?,
        source_rpm: stated(5)?,
        size_bytes: number(6)?.unwrap_or_default(),
        installed_at: number(7)?,
        modularity_label: if has_label { stated(8)? } else { None },
        vendor: Some(*vendor).filter(|vendor| *vendor != NONE.as_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_packages_and_keys_do_not() {
        let output = b"bash\t(none)\t4.2.46\t34.el7\tx86_64\tbash-4.2.46-34.el7.src.rpm\t3667773\t1600000000\t(none)\tCentOS\n\
            gpg-pubkey\t(none)\tf4a80eb5\t53a7ff4b\t(none)\t(none)\t0\t1600000000\t(none)\t(none)\n\
            bind\t32\t9.11.4\t26.P2.el7\tx86_64\tbind-9.11.4-26.P2.el7.src.rpm\t10\t1600000000\tm:1:2:3\tA\tB\n";
        let packages = parse(output, true).expect("sound");
        let shown: Vec<String> = packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect();
        assert_eq!(shown, ["bash 4.2.46-34.el7", "bind 32:9.11.4-26.P2.el7"]);
        assert!(packages[1].provenance.as_ref().is_some_and(|p| p.module.is_some()));
    }

    #[test]
    fn line_that_rpm_would_not_print_is_named() {
        let good = "bash\t(none)\t4.2\t3\tx86_64\t(none)\t1\t2\t(none)\tv\n";
        for broken in ["bash\n", "bash\tx\t4.2\t3\tx86_64\t(none)\t1\t2\t(none)\tv\n"] {
            assert_eq!(parse(format!("{good}{broken}").as_bytes(), true).map_err(|(line, _)| line), Err(2));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = parse(&bytes, true);
            let _ = parse(&bytes, false);
        }
    }
}
