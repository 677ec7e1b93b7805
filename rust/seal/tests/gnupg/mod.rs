//! GnuPG with a home of its own, a date of its own, and no network.
#![allow(dead_code, reason = "each test file uses some of these")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use p2psync_seal::Date;

use crate::keys::NOW;

/// A home folder, removed at the end together with the agent that GnuPG starts there.
pub struct Gnupg {
    pub home: PathBuf,
}

impl Gnupg {
    /// An empty home. `None`, loudly, if GnuPG is not installed and `P2PSYNC_SKIP_GPG=1` allows to go without;
    /// otherwise the test fails.
    pub fn new() -> Option<Self> {
        static HOMES: AtomicUsize = AtomicUsize::new(0);
        if Command::new("gpg").arg("--version").output().is_err() {
            let skip = std::env::var_os("P2PSYNC_SKIP_GPG").is_some_and(|value| value == "1");
            assert!(skip, "gpg is not installed; install gnupg, or set P2PSYNC_SKIP_GPG=1 to go without");
            eprintln!("SKIPPED: gpg is not installed, so nothing is shown about GnuPG");
            return None;
        }
        // Short, because the agent's socket is in it and its path has at most 107 bytes.
        let number = HOMES.fetch_add(1, Ordering::Relaxed);
        let home = std::env::temp_dir().join(format!("p2pg{}-{number}", std::process::id()));
        std::fs::create_dir(&home).unwrap();
        let private = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
        std::fs::set_permissions(&home, private).unwrap();
        Some(Self { home })
    }

    /// Runs gpg at the date [`NOW`].
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.run_at(NOW, arguments)
    }

    pub fn run_at(&self, seconds: u64, arguments: &[&str]) -> Output {
        let day = Date(seconds).to_string().replace('-', "");
        let second = seconds % 86_400;
        let mut date = format!("{day}T");
        write!(date, "{:02}{:02}{:02}", second / 3_600, second / 60 % 60, second % 60).unwrap();
        Command::new("gpg")
            .arg("--homedir")
            .arg(&self.home)
            .args(["--batch", "--no-tty", "--quiet", "--yes", "--no-auto-key-retrieve"])
            .args(["--pinentry-mode", "loopback", "--passphrase", "", "--trust-model", "always"])
            .args(["--faked-system-time", &date])
            .args(arguments)
            .current_dir(&self.home)
            .output()
            .unwrap()
    }

    /// What gpg writes; fails the test if it fails.
    pub fn must(&self, arguments: &[&str]) -> Vec<u8> {
        self.must_at(NOW, arguments)
    }

    pub fn must_at(&self, seconds: u64, arguments: &[&str]) -> Vec<u8> {
        let output = self.run_at(seconds, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.home.join(name), bytes).unwrap();
    }

    /// Takes a key into the home and returns its fingerprint.
    pub fn import(&self, key: &[u8]) -> String {
        self.write("key", key);
        self.must(&["--import", "key"]);
        let listed = String::from_utf8(self.must(&["--with-colons", "--list-keys"])).unwrap();
        let line = listed.lines().rfind(|line| line.starts_with("pub")).unwrap().to_owned();
        let after = listed.split_once(&line).unwrap().1;
        let fingerprint = after.lines().find(|line| line.starts_with("fpr")).unwrap();
        fingerprint.split(':').nth(9).unwrap().to_owned()
    }

    /// A detached binary signature over `text`, made at `seconds`.
    pub fn sign(&self, fingerprint: &str, text: &[u8], seconds: u64, arguments: &[&str]) -> Vec<u8> {
        self.write("text", text);
        let command = ["--local-user", fingerprint, "--output", "-", "--detach-sign", "text"];
        self.must_at(seconds, &[arguments, &command].concat())
    }
}

impl Drop for Gnupg {
    fn drop(&mut self) {
        let _ =
            Command::new("gpgconf").arg("--homedir").arg(&self.home).args(["--kill", "gpg-agent"]).output();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// A test key, as `test/fixtures/openpgp` has it.
pub fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/fixtures/openpgp");
    std::fs::read(folder.join(name)).unwrap()
}
