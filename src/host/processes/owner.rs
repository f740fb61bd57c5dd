//! `/proc/PID/cgroup`: who manages a process.

/// Who manages a process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A service of the system.
    Unit(String),
    /// A service of a user's own service manager, by the name of both.
    UserUnit(String),
    /// A login session, by its scope.
    Session(String),
    /// Nobody: what was started by hand, or a host without systemd.
    Nobody,
}

impl Owner {
    /// Returns the unit of the system, where there is one.
    pub fn unit(&self) -> Option<&str> {
        match self {
            Self::Unit(unit) => Some(unit),
            _ => None,
        }
    }
}

/// Reads the owner from the control groups of a process (cgroups(7)): the line of systemd's own hierarchy, which is
/// `0::` or, on a host with the first version, `name=systemd`.
pub(super) fn of(bytes: &[u8]) -> Owner {
    let text = String::from_utf8_lossy(bytes);
    let path = |line: &str| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        (controllers == "name=systemd" || controllers.is_empty()).then(|| path.to_owned())
    };
    let owners = text.lines().filter_map(path).map(|path| owner(&path));
    owners.into_iter().find(|owner| *owner != Owner::Nobody).unwrap_or(Owner::Nobody)
}

/// `/system.slice/ssh.service`, `/user.slice/user-0.slice/session-1.scope`,
/// `/user.slice/user-0.slice/user@0.service/app.slice/x.service`: the outermost manager decides, so that a unit of a user
/// is never taken for one of the system.
fn owner(path: &str) -> Owner {
    let mut parts = path.split('/');
    while let Some(part) = parts.next() {
        if part.starts_with("user@") && part.ends_with(".service") {
            let inner = parts.find(|part| is_unit(part)).unwrap_or("init.scope");
            return Owner::UserUnit(format!("{part}/{inner}"));
        }
        if part.ends_with(".service") {
            return Owner::Unit(part.to_owned());
        }
        if part.starts_with("session-") && part.ends_with(".scope") {
            return Owner::Session(part.to_owned());
        }
    }
    Owner::Nobody
}

fn is_unit(part: &str) -> bool {
    part.ends_with(".service") || part.ends_with(".scope")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_mapped_to_who_manages_it() {
        let unit = |name: &str| Owner::Unit(name.to_owned());
        let cases = [
            ("0::/system.slice/ssh.service\n", unit("ssh.service")),
            ("0::/system.slice/docker.service/worker\n", unit("docker.service")),
            (
                "12:pids:/x.service\n1:name=systemd:/system.slice/system-getty.slice/getty@tty1.service\n0::/\n",
                unit("getty@tty1.service"),
            ),
            (
                "0::/user.slice/user-0.slice/user@0.service/init.scope\n",
                Owner::UserUnit("user@0.service/init.scope".into()),
            ),
            (
                "0::/user.slice/user-1000.slice/user@1000.service/app.slice/nginx.service\n",
                Owner::UserUnit("user@1000.service/nginx.service".into()),
            ),
            ("0::/user.slice/user-1000.slice/session-3.scope\n", Owner::Session("session-3.scope".into())),
            ("0::/system.slice/docker-0a1b.scope\n", Owner::Nobody),
            ("0::/\n", Owner::Nobody),
            ("\u{fffd}", Owner::Nobody),
        ];
        for (text, expected) in cases {
            assert_eq!(of(text.as_bytes()), expected, "{text}");
        }
    }
}
