//! The yardstick: dpkg by itself, killed at the same calls, and what the usual repair makes of it.

use std::time::Instant;

use super::campaign::{self, Choice};
use super::world::{Bare, Host};

const INSTALL: &[&str] = &["dpkg", "-i", "/srv/lab/pool/bookworm-security/lab-plain_2.0_all.deb"];
const TAKE_BACK: &[&str] =
    &["dpkg", "--force-downgrade", "-i", "/srv/lab/pool/bookworm/lab-plain_1.0_all.deb"];

/// How many of the killed roots each repair brings to a clean end.
#[derive(Default, Debug)]
struct Figures {
    points: usize,
    clean_after_the_kill: usize,
    configured: usize,
    configured_in_vain_with_exit_0: usize,
    installed_again: usize,
    taken_back: usize,
}

impl Figures {
    fn add(&mut self, bare: &Bare, host: &Host) {
        let run = |arguments: &[&str]| {
            let host = host.copy();
            let code = host.command(arguments).run().code;
            (host, code)
        };
        self.points += 1;
        self.clean_after_the_kill += usize::from(bare.is_an_end(host));
        let (configured, code) = run(&["dpkg", "--configure", "-a"]);
        let is_clean = bare.is_an_end(&configured);
        self.configured += usize::from(is_clean);
        self.configured_in_vain_with_exit_0 += usize::from(!is_clean && code == 0);
        self.installed_again += usize::from(bare.is_new(&run(INSTALL).0));
        self.taken_back += usize::from(bare.is_old(&run(TAKE_BACK).0));
    }
}

#[test]
fn bare_dpkg_is_not_mended_by_configure_but_by_installing_again() {
    let began = Instant::now();
    let Some(bare) = Bare::of("lab-plain", INSTALL) else { return };
    let host = bare.before();
    let choice = Choice::of(campaign::count_changes(&host, INSTALL), 25);
    let mut figures = Figures::default();
    for (_, killed) in campaign::cut_off(&host, INSTALL, choice) {
        figures.add(&bare, &killed);
    }
    println!("bare dpkg: {figures:?}, seed {}, {:.1?}", campaign::seed(), began.elapsed());
    assert!(figures.configured < figures.points, "the usual repair is enough: {figures:?}");
    assert_eq!(figures.installed_again, figures.points, "{figures:?}");
}
