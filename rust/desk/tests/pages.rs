//! What the pages promise: the README's commands work as they stand, and the help is the one that is kept.
//! `BLESS=1` writes the help anew.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod desk;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use desk::{Desk, repository};

/// The one block of commands under a heading of the README.
fn commands(heading: &str) -> String {
    let page = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let (block, rest) = block.split_once("```").unwrap();
    assert!(!rest.contains("```"), "there is one block");
    block.to_owned()
}

#[cfg(unix)]
#[test]
fn the_readmes_commands_work_as_they_stand() {
    let desk = Desk::new("readme");
    let program = Path::new(env!("CARGO_BIN_EXE_p2psync")).parent().unwrap().display().to_string();
    let output = Command::new("sh")
        .args(["-e", "-u", "-c", &commands("By hand")])
        .current_dir(&desk.folder)
        .env_clear()
        .env("PATH", format!("{program}:/usr/bin:/bin"))
        .env("HOME", &desk.folder)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for part in [
        "A new store",
        "application/json",
        "{\"household\": 7, \"people\": 4}",
        "safe to wipe  NO",
        "no damage",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert!(desk.path(".local/share/p2psync/store").exists());
}

#[test]
fn the_help_is_the_one_that_is_kept() {
    let desk = Desk::new("help");
    let mut help = desk.done(&["help"]);
    let commands: Vec<String> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .map_while(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|command| command != "help")
        .collect();
    assert_eq!(commands.len(), 22, "{commands:?}");
    for command in commands {
        write!(help, "\n\n--- p2psync help {command}\n\n{}", desk.done(&["help", &command])).unwrap();
    }
    let help = help.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n");
    let kept = repository().join("test/golden/p2psync-help.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
        std::fs::write(&kept, &help).unwrap();
    }
    let expected = std::fs::read_to_string(&kept).unwrap();
    assert!(help == expected, "the help changed; if that is meant, BLESS=1 writes it anew:\n{help}");
}
