//! The configuration tests that daemons bring with them, and interpreters that everything hangs on: a table.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::host::runner::{self, CommandSpec};
use crate::host::storage;

/// A daemon with a thousand virtual hosts takes seconds.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// One program that tells whether it would accept its configuration, or whether it starts at all.
struct Test {
    name: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
    /// A folder that its unit makes when the service starts, without which it refuses.
    folder: Option<&'static str>,
}

const fn test(name: &'static str, program: &'static str, arguments: &'static [&'static str]) -> Test {
    Test { name, program, arguments, folder: None }
}

/// Every test. None starts a service, opens a port or asks anybody; each row's source stands beside it.
const TESTS: &[Test] = &[
    // sshd(8), -t; the folder is that of RuntimeDirectory= in Debian's ssh.service.
    Test { folder: Some("/run/sshd"), ..test("sshd -t", "/usr/sbin/sshd", &["-t"]) },
    // nginx(8), -t and -q.
    test("nginx -t", "/usr/sbin/nginx", &["-t", "-q"]),
    // apachectl(8): the names in the Debian and in the Red Hat family.
    test("apache2ctl configtest", "/usr/sbin/apache2ctl", &["configtest"]),
    Test { folder: Some("/run/httpd"), ..test("httpd -t", "/usr/sbin/httpd", &["-t"]) },
    // visudo(8), -c and -q.
    test("visudo -c", "/usr/sbin/visudo", &["-c", "-q"]),
    // named-checkconf(8); 9.18 moved it from sbin to bin.
    test("named-checkconf", "/usr/bin/named-checkconf", &[]),
    test("named-checkconf", "/usr/sbin/named-checkconf", &[]),
    // unbound-checkconf(8).
    test("unbound-checkconf", "/usr/sbin/unbound-checkconf", &[]),
    // haproxy(1), -c and -q.
    test("haproxy -c", "/usr/sbin/haproxy", &["-c", "-q", "-f", "/etc/haproxy/haproxy.cfg"]),
    // postconf(1): reads main.cf and master.cf; `postfix check` would change owners.
    test("postconf -n", "/usr/sbin/postconf", &["-n"]),
    // exim(8), -bV reads the configuration.
    test("exim4 -bV", "/usr/sbin/exim4", &["-bV"]),
    // doveconf(1), -n.
    test("doveconf -n", "/usr/bin/doveconf", &["-n"]),
    // squid(8), -k parse.
    test("squid -k parse", "/usr/sbin/squid", &["-k", "parse"]),
    // lighttpd(8), -tt loads the modules, too.
    test("lighttpd -tt", "/usr/sbin/lighttpd", &["-tt", "-f", "/etc/lighttpd/lighttpd.conf"]),
    // rsyslogd(8), -N1.
    test("rsyslogd -N1", "/usr/sbin/rsyslogd", &["-N1"]),
    // testparm(1), -s does not wait for a key.
    test("testparm -s", "/usr/bin/testparm", &["-s"]),
    // chronyd(8), -p prints the configuration and ends (since 4.0).
    test("chronyd -p", "/usr/sbin/chronyd", &["-p"]),
    // nft(8), -c; the file is that of Debian's nftables.service.
    test("nft -c", "/usr/sbin/nft", &["-c", "-f", "/etc/nftables.conf"]),
    // openvpn, cron and their kin have no such test.
    //
    // Interpreters and tools that the system's own scripts are written for: an empty program.
    test("perl starts", "/usr/bin/perl", &["-e", "1"]),
    test("python3 starts", "/usr/bin/python3", &["-I", "-S", "-c", "import ssl, hashlib"]),
    test("bash starts", "/bin/bash", &["-c", ":"]),
    test("sh starts", "/bin/sh", &["-c", ":"]),
    // openssl-version(1): loads its libraries and names them.
    test("openssl starts", "/usr/bin/openssl", &["version"]),
];

/// Runs every test whose program is there; the error is what it said. Of two places of one program the first counts.
pub(super) fn run_all() -> BTreeMap<&'static str, Result<(), String>> {
    let mut answers = BTreeMap::new();
    for test in TESTS.iter().filter(|test| storage::exists(Path::new(test.program))) {
        answers.entry(test.name).or_insert_with(|| run(test));
    }
    answers
}

fn run(test: &Test) -> Result<(), String> {
    if let Some(folder) = test.folder {
        // Without it the test fails before and after alike, which says nothing against the plan.
        let _ = storage::create_folder(Path::new(folder), 0o755);
    }
    let spec = CommandSpec::new(test.program).args(test.arguments.iter().copied()).time_limit(TIME_LIMIT);
    match runner::run(&spec) {
        Ok(output) if output.is_success() => Ok(()),
        Ok(output) if output.timed_out => Err(format!("no end within {} s", TIME_LIMIT.as_secs())),
        Ok(output) => {
            let words = output.last_words(2).join("; ");
            Err(if words.is_empty() { format!("exit code {}", output.code) } else { words })
        }
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_names_a_program_by_its_whole_path() {
        for test in TESTS {
            assert!(test.program.starts_with('/') && !test.name.is_empty(), "{}", test.program);
        }
    }

    #[test]
    fn the_shell_of_this_system_starts() {
        let shell = TESTS.iter().find(|test| test.name == "sh starts").expect("a row of the table");
        assert_eq!(run(shell), Ok(()));
    }
}
