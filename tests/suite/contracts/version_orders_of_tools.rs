//! Every version order against the package manager itself, over generated pairs.
//!
//! dpkg has no program that compares more than one pair: its Perl module `Dpkg::Version`, which is dpkg's own second
//! implementation, takes the many, and `dpkg --compare-versions` a sample of them. rpm compares in its Lua interpreter,
//! pacman in its library, called by a few lines of C. apk is not in Debian: the tables have to do.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use patchctl::model::version::{VersionScheme, compare_text};

/// Pairs of one order in a usual run, and in the long one.
const FEW: usize = 4_000;
const MANY: usize = 1_200_000;
/// Pairs that `dpkg --compare-versions` is asked, a process each.
const SAMPLE: usize = 300;

/// A linear congruential generator (Knuth's MMIX constants): the pairs depend on the printed seed alone.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const PIECES: &[&str] = &[
    "0",
    "1",
    "2",
    "9",
    "10",
    "007",
    "00",
    "20240101",
    "99999999999999999999999",
    "a",
    "b",
    "rc",
    "rc1",
    "beta",
    "el8",
    "deb12u1",
    "ubuntu0",
    "git",
    "dfsg",
    "p",
    "Z",
];

/// A version of an order's grammar.
fn version(scheme: VersionScheme, dice: &mut Dice) -> String {
    let separators: &[&str] = match scheme {
        VersionScheme::Deb => &["", ".", ".", "+", "~", "-", "~~", ":"],
        VersionScheme::Rpm => &["", ".", ".", "_", "+", "~", "^", "..", "-"],
        VersionScheme::Apk | VersionScheme::Alpm => &["", ".", ".", "_", "+", "..", "~"],
    };
    // Dpkg::Version refuses a colon without an epoch before it, and a part that begins with no digit.
    let epoch = ["", "", "0:", "1:", "2:", "010:"][dice.below(6)];
    let separators =
        if epoch.is_empty() { separators.strip_suffix(&[":"]).unwrap_or(separators) } else { separators };
    let mut text = format!("{epoch}{}", dice.below(4));
    for _ in 0..dice.below(6) {
        text.push_str(dice.pick(separators));
        text.push_str(dice.pick(PIECES));
    }
    if dice.below(8) == 0 {
        text.push_str(dice.pick(separators));
    }
    if dice.below(3) > 0 {
        let _ =
            write!(text, "-{}{}", dice.below(3), dice.pick(&["", "", ".1", "ubuntu1", ".el8", "~bpo", "^1"]));
    }
    if scheme == VersionScheme::Deb { text.replace('^', "+").trim_end_matches('-').to_owned() } else { text }
}

/// A version and a near one: half of the pairs differ in one place.
fn pair(scheme: VersionScheme, dice: &mut Dice) -> (String, String) {
    let first = version(scheme, dice);
    if dice.below(2) == 0 {
        return (first, version(scheme, dice));
    }
    let (at, kind) = (1 + dice.below(first.len()), dice.below(3));
    let (head, tail) = first.split_at(at);
    let second = match kind {
        0 => format!("{head}{}{tail}", dice.pick(&["0", "1", "a", "~", "."])),
        1 => head.to_owned(),
        _ => format!("{head}{}{}", dice.pick(&[".", "+", "~", "0"]), dice.pick(PIECES)),
    };
    let second = if is_whole(&second) { second } else { first.clone() };
    (first, second)
}

/// What `Dpkg::Version` takes: digits before a first colon, a digit behind it, and no empty revision.
fn is_whole(text: &str) -> bool {
    let (epoch, rest) = text.split_once(':').unwrap_or(("", text));
    let is_digit = |c: char| c.is_ascii_digit();
    epoch.chars().all(is_digit) && rest.starts_with(is_digit) && !text.ends_with(['-', ':'])
}

/// Perl compares longer numbers as fractions and loses their ends, which dpkg's C code does not.
fn has_short_numbers(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).all(|digits| digits.len() <= 18)
}

fn seed() -> u64 {
    std::env::var("PATCHCTL_TEST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_261_121)
}

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("patchctl-versions-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Asks a tool for the order of every pair: it reads `pairs` and writes a number for each to its standard output.
fn ask(folder: &Path, program: &str, arguments: &[&str]) -> Vec<Ordering> {
    let output =
        Command::new(program).args(arguments).current_dir(folder).env("LC_ALL", "C").output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.is_empty()).map(|line| line.parse::<i64>().unwrap().cmp(&0)).collect()
}

fn is_here(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

fn agree(scheme: VersionScheme, count: usize, ask: impl FnOnce(&Path) -> Vec<Ordering>) {
    let seed = seed();
    let mut dice = Dice(seed);
    let is_asked = |pair: &(String, String)| {
        scheme != VersionScheme::Deb || (has_short_numbers(&pair.0) && has_short_numbers(&pair.1))
    };
    let pairs: Vec<(String, String)> =
        std::iter::repeat_with(|| pair(scheme, &mut dice)).filter(is_asked).take(count).collect();
    let folder = scratch(scheme.name());
    let lines: String = pairs.iter().map(|(a, b)| format!("{a}\t{b}\n")).collect();
    fs::write(folder.join("pairs"), lines).unwrap();
    let answers = ask(&folder);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(answers.len(), pairs.len(), "every pair is answered");
    for ((left, right), answer) in pairs.iter().zip(&answers) {
        assert_eq!(compare_text(scheme, left, right), Some(*answer), "{left} and {right} (seed {seed})");
    }
    let shares = [Ordering::Less, Ordering::Equal, Ordering::Greater]
        .map(|order| answers.iter().filter(|answer| **answer == order).count());
    println!("{}: {count} pairs agree, {shares:?} less, equal, greater (seed {seed})", scheme.name());
}

fn dpkg(count: usize) {
    if !is_here("perl", &["-MDpkg::Version", "-e", "1"]) {
        println!("not run: perl has no Dpkg::Version here");
        return;
    }
    agree(VersionScheme::Deb, count, |folder| {
        let program = "chomp; my ($a, $b) = split /\\t/; print version_compare($a, $b), qq(\\n)";
        ask(folder, "perl", &["-MDpkg::Version", "-ne", program, "pairs"])
    });
}

fn dpkg_itself() {
    agree(VersionScheme::Deb, SAMPLE, |folder| {
        let holds = |left: &str, operator: &str, right: &str| {
            is_here("dpkg", &["--compare-versions", left, operator, right])
        };
        let answer = |line: &str| match line.split_once('\t').unwrap() {
            (left, right) if holds(left, "lt", right) => Ordering::Less,
            (left, right) if holds(left, "gt", right) => Ordering::Greater,
            _ => Ordering::Equal,
        };
        fs::read_to_string(folder.join("pairs")).unwrap().lines().map(answer).collect()
    });
}

fn rpm(count: usize) {
    if !is_here("rpm", &["--version"]) {
        println!("not run: rpm is not here");
        return;
    }
    agree(VersionScheme::Rpm, count, |folder| {
        let script = "for line in io.lines('pairs') do\nlocal a, b = line:match('([^\\t]*)\\t(.*)')\n\
                      io.write(rpm.vercmp(a, b), '\\n')\nend\n";
        fs::write(folder.join("compare.lua"), script).unwrap();
        ask(folder, "rpm", &["--eval", "%{lua:dofile('compare.lua') io.flush()}"])
    });
}

/// pacman's library; its development files are not needed for one function.
const LIBALPM: [&str; 2] = ["/usr/lib/x86_64-linux-gnu/libalpm.so.13", "/usr/lib/libalpm.so"];

fn pacman(count: usize) {
    let Some(library) = LIBALPM.into_iter().find(|path| Path::new(path).exists()) else {
        println!("not run: libalpm is not here");
        return;
    };
    agree(VersionScheme::Alpm, count, |folder| {
        let program = "#include <stdio.h>\n#include <string.h>\nint alpm_pkg_vercmp(const char *, const char *);\n\
            int main(void) { char line[1000]; FILE *pairs = fopen(\"pairs\", \"r\");\n\
            while (fgets(line, sizeof line, pairs)) { char *b = strchr(line, '\\t'); *b++ = 0;\n\
            b[strcspn(b, \"\\n\")] = 0; printf(\"%d\\n\", alpm_pkg_vercmp(line, b)); } return 0; }\n";
        fs::write(folder.join("compare.c"), program).unwrap();
        assert!(is_here(
            "cc",
            &[
                "-o",
                folder.join("compare").to_str().unwrap(),
                folder.join("compare.c").to_str().unwrap(),
                library
            ]
        ));
        ask(folder, folder.join("compare").to_str().unwrap(), &[])
    });
}

#[test]
fn orders_agree_with_the_package_managers() {
    dpkg(FEW);
    dpkg_itself();
    rpm(FEW);
    pacman(FEW);
}

#[test]
#[ignore = "takes minutes: a million pairs of each order"]
fn orders_agree_with_the_package_managers_over_a_million_pairs() {
    dpkg(MANY);
    rpm(MANY);
    pacman(MANY);
}
