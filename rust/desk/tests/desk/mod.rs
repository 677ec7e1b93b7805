//! The true program in a folder that goes away.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use p2psync_seal::{BUILD_DATE_SECONDS, ServerKey};

/// The date of receipts that are made here: the release's, which no clock finds in the future.
pub const SIGNED_SECONDS: u64 = BUILD_DATE_SECONDS;

/// A folder with a home in it.
pub struct Desk {
    pub folder: PathBuf,
}

/// What a run of the program said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: Vec<u8>,
    pub error: String,
}

impl Said {
    pub fn text(&self) -> &str {
        str::from_utf8(&self.out).unwrap().trim_end()
    }

    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.text().lines().count(), 1, "one object in one line: {self:?}");
        serde_json::from_str(self.text()).unwrap()
    }
}

impl Desk {
    /// An empty folder.
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("p2psync-desk-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    /// With a store that asks for no password.
    pub fn with_store(name: &str) -> Self {
        let desk = Self::new(name);
        desk.done(&["init", "--no-password"]);
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    pub fn store(&self) -> PathBuf {
        self.home().join("store")
    }

    pub fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The program in the folder, with its home there and nothing of the user's.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_p2psync"));
        command.current_dir(&self.folder).env_clear().arg("--home").arg(self.home());
        command
    }

    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Said {
        said(self.command().args(arguments).stdin(Stdio::null()).output().unwrap())
    }

    pub fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Said {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        said(child.wait_with_output().unwrap())
    }

    pub fn run_with_password(&self, password: &str, arguments: &[&str]) -> Said {
        let mut command = self.command();
        command.args(arguments).env("P2PSYNC_PASSWORD", password).stdin(Stdio::null());
        said(command.output().unwrap())
    }

    /// What it says on standard output when it succeeds.
    pub fn done<A: AsRef<OsStr> + core::fmt::Debug>(&self, arguments: &[A]) -> String {
        let said = self.run(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
        said.text().to_owned()
    }

    /// The code of the error, where it fails: told to programs and to people, with the exit code.
    pub fn fails<A: AsRef<OsStr> + core::fmt::Debug>(&self, arguments: &[A]) -> (i32, String) {
        let mut for_program: Vec<&OsStr> = arguments.iter().map(AsRef::as_ref).collect();
        for_program.push(OsStr::new("--json"));
        let told = self.run(&for_program);
        let error = told.json()["error"].clone();
        let said = self.run(arguments);
        assert_eq!((said.code, said.out.as_slice()), (told.code, &b""[..]), "{arguments:?}: {said:?}");
        let message = error["message"].as_str().unwrap().trim_end_matches('.');
        assert!(said.error.contains(message), "{said:?} {message}");
        assert!(said.error.contains("What to do: "), "{said:?}");
        (said.code.unwrap(), error["code"].as_str().unwrap().to_owned())
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn said(output: Output) -> Said {
    let error = String::from_utf8(output.stderr).unwrap();
    Said { code: output.status.code(), out: output.stdout, error }
}

/// A server's key without an end.
pub fn server_key() -> ServerKey {
    ServerKey::parse(&fixture("gnupg-curve25519.asc")).unwrap()
}

/// A test key, as `test/fixtures/openpgp` has it.
pub fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(repository().join("test/fixtures/openpgp").join(name)).unwrap()
}

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Bytes that do not compress.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
    let mut bytes = vec![0; length];
    rand_chacha::ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}
