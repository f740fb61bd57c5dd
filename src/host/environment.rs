//! The few things of the caller's environment that may change behaviour, read once (product rule: nothing else).

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// The caller's environment, reduced to what patchctl heeds.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// `CLICOLOR_FORCE` is set and neither empty nor `0`.
    pub force_color: bool,
    /// `TERM`.
    pub term: Option<String>,
    /// `COLUMNS`, when it is a number.
    pub columns: Option<u16>,
    /// The locale says UTF-8 (`LC_ALL`, `LC_CTYPE`, `LANG`, the first that is set).
    pub utf8: bool,
    /// `https_proxy`, `HTTPS_PROXY`, and the like, as the transport wants it.
    pub https_proxy: Option<String>,
    /// `no_proxy` or `NO_PROXY`.
    pub no_proxy: Option<String>,
    /// `PATCHCTL_CONFIG`; heeded for other users than root only.
    pub configuration: Option<PathBuf>,
    /// `XDG_STATE_HOME`, or its default below the home directory.
    pub state_home: Option<PathBuf>,
    /// `XDG_CACHE_HOME`, or its default.
    pub cache_home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`, or its default.
    pub config_home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<PathBuf>,
}

impl Environment {
    /// Reads the environment of this process.
    pub fn read() -> Self {
        let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let home = env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        let xdg = |name: &str, default: &str| {
            absolute(env::var_os(name)).or_else(|| Some(home.as_ref()?.join(default)))
        };
        let locale = text("LC_ALL").or_else(|| text("LC_CTYPE")).or_else(|| text("LANG")).unwrap_or_default();
        Self {
            no_color: text("NO_COLOR").is_some(),
            force_color: text("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            term: text("TERM"),
            columns: text("COLUMNS").and_then(|value| value.parse().ok()),
            utf8: locale.to_ascii_lowercase().replace('-', "").contains("utf8"),
            https_proxy: text("https_proxy").or_else(|| text("HTTPS_PROXY")),
            no_proxy: text("no_proxy").or_else(|| text("NO_PROXY")),
            configuration: absolute(env::var_os("PATCHCTL_CONFIG")),
            state_home: xdg("XDG_STATE_HOME", ".local/state"),
            cache_home: xdg("XDG_CACHE_HOME", ".cache"),
            config_home: xdg("XDG_CONFIG_HOME", ".config"),
            runtime_dir: absolute(env::var_os("XDG_RUNTIME_DIR")),
        }
    }
}

/// Returns the file of the running program.
///
/// # Errors
/// The kernel does not tell.
pub fn own_program() -> std::io::Result<PathBuf> {
    env::current_exe()
}

/// Returns the number of the running process.
pub fn own_process() -> u32 {
    std::process::id()
}

/// Returns the arguments that the running program was called with, its own name left out. One that is no text is none that
/// the command line takes.
pub fn own_arguments() -> Vec<String> {
    env::args_os().skip(1).filter_map(|word| word.into_string().ok()).collect()
}

/// Returns the folder that relative paths mean.
///
/// # Errors
/// It is gone or cannot be told.
pub fn own_folder() -> std::io::Result<PathBuf> {
    env::current_dir()
}

/// Relative paths are ignored, as the XDG base directory specification asks.
fn absolute(value: Option<OsString>) -> Option<PathBuf> {
    value.map(PathBuf::from).filter(|path| path.is_absolute())
}
