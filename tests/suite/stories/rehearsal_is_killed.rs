//! A rehearsal is killed at any moment of its clone's life: nothing of it stays mounted or runs on, and the next command
//! clears its litter.

use std::fmt::Write as _;
use std::time::Duration;

use super::rehearsal_boots;
use crate::lab::booted::Booted;
use crate::lab::debian;
use crate::lab::namespace::Ran;
use crate::lab::oracle::Manifest;

/// Kills in each build, of clones that are not booted and of one that is.
const KILLS: u32 = 8;
pub(super) const KILLS_OF_BOOTS: u32 = 1;

/// What the rounds share. A clone lives as long as a process has `SIGN` among its words. What is dead and only not asked for
/// its exit code yet is not alive.
const WORDS: &str = r#"
lives() { grep -qsa 'SIGN' /proc/[0-9]*/cmdline; }
await_clone() { until lives || [ ! -e /proc/$pid/exe ]; do sleep 0.01; done; }
phase() {
    if grep -qs '(systemd-nspawn)' /proc/[0-9]*/stat; then echo boot
    elif ! grep -qsa '[-]-inside' /proc/[0-9]*/cmdline; then echo assembly
    elif grep -qs '(dpkg)' /proc/[0-9]*/stat; then echo plan
    else echo around; fi
}
alive() {
    for process in /proc/[0-9]*/stat; do
        said=$(cat "$process" 2>/dev/null)
        case "$said" in
            *') Z '*) ;;
            *'(patchctl)'*|*'(dpkg)'*|*'(unshare)'*|*'(systemd-nspawn)'*) echo "$said";;
        esac
    done
}
"#;

/// Tells how long a clone lives when nobody kills it, in milliseconds.
const MEASURE: &str = r#"
VERB >/run/said 2>&1 & pid=$!
await_clone; began=$(date +%s%3N)
wait $pid; code=$?
echo "life $(($(date +%s%3N) - began)) $code"
"#;

/// Kills patchctl alone, as `kill -9` would, and lets the rest of the system go on. It is stopped first, so that it cannot see
/// its clone end between the look and the kill. Prints a line for everything that is wrong before and after the next command.
const ROUND: &str = r#"
VERB >/run/said 2>&1 & pid=$!
await_clone
sleep DELAY
kill -STOP $pid 2>/dev/null
met=no; at=none; if lives; then met=yes; at=$(phase); fi
kill -9 $pid 2>/dev/null
wait $pid 2>/dev/null; code=$?
grep -q patchctl-rehearsal /proc/self/mountinfo && echo "mounted after a kill at DELAY"
patchctl recover >/run/said 2>&1 || { echo "recover fails after a kill at DELAY"; cat /run/said; }
[ -e /var/lib/patchctl/rehearsal ] && { echo "litter after a kill at DELAY"; cat /run/said; }
left=$(alive)
for pause in 1 2 3 4 5 6 7 8 9 10; do [ -n "$left" ] || break; sleep 0.2; left=$(alive); done
[ -n "$left" ] && echo "after a kill at DELAY runs on: $left"
echo "round killed=$code met=$met at=$at"
[ $code$met = 137yes ] && hits=$((hits + 1))
[ $hits -ge KILLS ] && exit 0
"#;

/// A machine that is busy with other things makes clones live longer or shorter than was measured: kills that came too late
/// are judged, and not counted.
const ROUNDS_PER_KILL: u32 = 3;

/// A command that is killed, and what tells that its clone lives.
struct Killed {
    verb: &'static str,
    sign: &'static str,
}

const REHEARSAL: Killed = Killed { verb: "patchctl rehearse", sign: "[-]-assemble" };
const BOOT: Killed = Killed { verb: "patchctl rehearse --boot --package lab-clock", sign: "[-]-boot-clone" };

impl Killed {
    fn script(&self, rounds: &str) -> String {
        format!("{WORDS}{rounds}").replace("VERB", self.verb).replace("SIGN", self.sign)
    }

    /// Kills it so often, at moments spread by the seed over the life of its clone, in each turn other ones; `run` runs a
    /// script on the host.
    fn kill(&self, (kills, turn): (u32, u64), run: &dyn Fn(&str) -> Ran) {
        let seed = std::env::var("PATCHCTL_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed: u64 = seed.unwrap_or(74_099);
        let life = life(&run(&self.script(MEASURE)));
        println!("{kills} kills of `{}`, seed {seed} (PATCHCTL_SEED); its clone lives {life} ms", self.verb);
        let (mut rounds, mut state) = ("hits=0".to_owned(), seed.wrapping_add(turn));
        let round = ROUND.replace("KILLS", &kills.to_string());
        for _ in 0..kills * ROUNDS_PER_KILL {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // The last of what was measured is patchctl's own work with what the clone left.
            let delay = (state >> 33) % (life * 4 / 5).max(1);
            let delay = format!("{}.{:03}", delay / 1000, delay % 1000);
            write!(rounds, "{}", round.replace("DELAY", &delay)).expect("a text takes everything");
        }
        self.judge(kills, &run(&self.script(&(rounds + "exit 0\n"))));
    }

    fn judge(&self, kills: u32, ran: &Ran) {
        let rounds: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with("round ")).collect();
        let count = |what: &str| rounds.iter().filter(|round| round.contains(what)).count();
        let met = count("killed=137 met=yes");
        let phases =
            ["assembly", "plan", "around", "boot"].map(|at| format!("{at} {}", count(&format!("at={at}"))));
        println!(
            "{} were killed, {met} of them with a living clone: {}",
            count("killed=137"),
            phases.join(", ")
        );
        assert_eq!(ran.stdout.lines().count(), rounds.len(), "{}", ran.said());
        assert_eq!(met as u32, kills, "too few kills met a clone of `{}`: {}", self.verb, ran.said());
    }
}

fn life(ran: &Ran) -> u64 {
    let words: Vec<&str> = ran.stdout.split_whitespace().collect();
    match words[..] {
        ["life", life, "0"] => life.parse().expect("milliseconds"),
        _ => panic!("a rehearsal that nobody kills passes: {}", ran.said()),
    }
}

fn kill_rehearsals(kills: u32) {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf", "lab-chain-a"]) else { return };
    // What is fetched is fetched once.
    root.run(&["patchctl", "rehearse"]).expect_code(0);
    let before = Manifest::of(&root);
    let limit = Duration::from_secs(120 + u64::from(kills) * 20);
    REHEARSAL.kill((kills, 0), &|script| {
        // Two hundred rounds are more than a command line holds.
        root.write("srv/lab/rounds", script);
        root.command(&["sh", "/srv/lab/rounds"]).timeout(limit).run().expect_code(0)
    });
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}

/// Kills rehearsals of a running host that boot their clone.
pub(super) fn kill_boots(host: &Booted, (kills, turn): (u32, u64)) {
    BOOT.kill((kills, turn), &|script| {
        host.write("root/rounds", script);
        // As from a login or a unit: with a control group of its own, whose first process lives on.
        let run = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect"];
        host.run(&[&run[..], &["sh", "/root/rounds"]].concat()).expect_code(0)
    });
}

#[test]
fn nothing_is_left_of_a_rehearsal_that_was_killed() {
    kill_rehearsals(KILLS);
}

#[test]
#[ignore = "two hundred rehearsals: half an hour of a core"]
fn nothing_is_left_of_two_hundred_rehearsals_that_were_killed() {
    kill_rehearsals(200);
}

#[test]
#[ignore = "boots a clone for each of its kills: minutes of a core"]
fn nothing_is_left_of_clones_that_were_killed_while_they_booted() {
    let Some(host) = rehearsal_boots::host("") else { return };
    let before = host.manifest();
    // A command of the laboratory has four minutes.
    for turn in 0..5 {
        kill_boots(&host, (4, turn));
    }
    assert_eq!(host.changes_since(&before), []);
}
