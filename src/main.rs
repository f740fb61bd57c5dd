//! patchctl: reads the command line, builds the context, runs one verb, and ends with its exit code.

use std::process::ExitCode;

use clap::Parser;
use patchctl::cli::args::Cli;
use patchctl::cli::session::Session;
use patchctl::cli::terminal::Terminal;
use patchctl::host::clock::Clock;
use patchctl::host::control_group;
use patchctl::host::descriptors;
use patchctl::host::environment::Environment;
use patchctl::host::mask;
use patchctl::host::sealed;
use patchctl::scan::feed::reading;

fn main() -> ExitCode {
    mask::set();
    if sealed::is_asked() {
        return reading::answer();
    }
    if let Some(code) = control_group::enter_if_asked() {
        return code;
    }
    descriptors::note_inherited();
    sealed::note_program();
    let cli = Cli::parse();
    let environment = Environment::read();
    let clock = cli.global.as_of.map_or_else(Clock::system, Clock::fixed);
    let terminal = Terminal::new(&cli, &environment, &clock);
    Session::new(&terminal, environment, clock).run(cli)
}
