//! A rehearsal is killed at any moment: nothing of it stays mounted or runs on, and the next command clears its litter.

use std::fmt::Write as _;
use std::time::Duration;

use crate::lab::debian;
use crate::lab::oracle::Manifest;

/// Kills in a build; `PATCHCTL_REHEARSAL_KILLS=200` makes more of them.
const KILLS: u32 = 20;

/// Names what still runs of a rehearsal; what is dead and only not asked for its exit code yet does not.
const ALIVE: &str = r#"
alive() {
    for process in /proc/[0-9]*/stat; do
        said=$(cat "$process" 2>/dev/null)
        case "$said" in
            *'(patchctl) Z'*|*'(dpkg) Z'*|*'(unshare) Z'*) ;;
            *'(patchctl)'*|*'(dpkg)'*|*'(unshare)'*) echo "$said";;
        esac
    done
}
"#;

/// Kills patchctl alone, as `kill -9` would, and lets the rest of the system go on. Prints a word for everything that is
/// wrong before and after the next command. apt's own download of lists, which comes before the clone, is none of it.
const ROUND: &str = r#"
patchctl rehearse >/run/said 2>&1 & pid=$!
sleep DELAY
kill -9 $pid 2>/dev/null && killed=yes || killed=no
wait $pid 2>/dev/null
grep -q patchctl-rehearsal /proc/self/mountinfo && echo "mounted after a kill at DELAY"
had=no; [ -e /var/lib/patchctl/rehearsal ] && had=yes
patchctl recover >/run/said 2>&1 || { echo "recover fails after a kill at DELAY"; cat /run/said; }
[ -e /var/lib/patchctl/rehearsal ] && { echo "litter after a kill at DELAY"; cat /run/said; }
left=$(alive)
for pause in 1 2 3 4 5 6 7 8 9 10; do [ -n "$left" ] || break; sleep 0.2; left=$(alive); done
[ $had = yes ] && [ -n "$left" ] && echo "after a kill at DELAY runs on: $left"
echo "round killed=$killed litter=$had"
"#;

#[test]
fn nothing_is_left_of_a_rehearsal_that_was_killed() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf", "lab-chain-a"]) else { return };
    let wanted = std::env::var("PATCHCTL_REHEARSAL_KILLS").ok().and_then(|number| number.parse().ok());
    let kills: u32 = wanted.unwrap_or(KILLS);
    let seed = std::env::var("PATCHCTL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(74_099_u64);
    println!("{kills} kills, seed {seed} (PATCHCTL_SEED)");
    // The first one fetches everything, the second one tells how long a rehearsal takes on this machine.
    root.run(&["patchctl", "rehearse"]).expect_code(0);
    let usual = root.run(&["patchctl", "rehearse"]).expect_code(0).took.as_millis() as u64;
    let before = Manifest::of(&root);
    let (mut script, mut state) = (ALIVE.to_owned(), seed);
    for _ in 0..kills {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The clone lives in the later part of it.
        let delay = usual / 4 + (state >> 33) % (usual * 13 / 20).max(1);
        let delay = format!("{}.{:03}", delay / 1000, delay % 1000);
        write!(script, "{}", ROUND.replace("DELAY", &delay)).expect("a text takes everything");
    }
    let limit = Duration::from_secs(120 + u64::from(kills) * 20);
    // Two hundred rounds are more than a command line holds.
    root.write("srv/lab/rounds", &script);
    let ran = root.command(&["sh", "/srv/lab/rounds"]).timeout(limit).run().expect_code(0);
    let rounds: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with("round ")).collect();
    let count = |what: &str| rounds.iter().filter(|round| round.contains(what)).count();
    let (alive, litter) = (count("killed=yes"), count("litter=yes"));
    println!("a rehearsal takes {usual} ms; {alive} were killed, {litter} of them in or around the clone");
    assert_eq!(rounds.len() as u32, kills, "{}", ran.said());
    assert_eq!(ran.stdout.lines().count(), rounds.len(), "{}", ran.said());
    assert!(litter > 0, "no kill met a clone: {}", ran.said());
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}
