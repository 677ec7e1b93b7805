//! `p2psync`: the engine on a laptop, by hand. Exit codes: 0 done, 1 failed, 2 not understood.

mod arguments;
mod bars;
mod command;
mod fault;
mod file;
mod home;
mod host;
mod input;
mod lan;
mod machine;
mod media_type;
mod metadata;
mod narrator;
mod output;
mod password;
mod table;
mod terminal_code;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::Arguments;
use crate::output::Output;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut output = Output::new(arguments.json);
    match command::run(&arguments, &mut output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => output.fail(&fault),
    }
}
