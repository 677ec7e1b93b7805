//! Where a password comes from: a file, the environment, or the person.

use std::path::Path;

use p2psync_engine::Code;
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::file;

/// A password, wiped on drop.
pub type Password = Zeroizing<String>;

/// The password of a store that is here.
///
/// # Errors
/// [`Fault`] if there is none anywhere.
pub fn known(file: Option<&Path>) -> Result<Password, Fault> {
    match given(file)? {
        Some(password) => Ok(password),
        None => ask("Password: "),
    }
}

/// A new password; typed twice if it is typed.
///
/// # Errors
/// [`Fault`] if there is none anywhere, it is empty, or the two differ.
pub fn chosen(file: Option<&Path>, from_environment: bool) -> Result<Password, Fault> {
    let given = if from_environment { given(file)? } else { file.map(of_file).transpose()? };
    let password = if let Some(password) = given {
        password
    } else {
        let first = ask("New password: ")?;
        if *ask("Once more: ")? != *first {
            return Err(refused("the two passwords differ"));
        }
        first
    };
    if password.is_empty() { Err(refused("the password is empty")) } else { Ok(password) }
}

fn given(file: Option<&Path>) -> Result<Option<Password>, Fault> {
    match file {
        Some(file) => of_file(file).map(Some),
        None => match std::env::var(VARIABLE) {
            Ok(password) => Ok(Some(Zeroizing::new(password))),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(refused("P2PSYNC_PASSWORD is not UTF-8")),
        },
    }
}

/// The first line of a file.
fn of_file(path: &Path) -> Result<Password, Fault> {
    let bytes = Zeroizing::new(file::read_small(path, PASSWORD_FILE_BYTES_MAX)?);
    let text = str::from_utf8(&bytes).map_err(|_| refused("the password's file is not UTF-8"))?;
    if bytes.len() > PASSWORD_FILE_BYTES_MAX {
        return Err(refused("the password's file is too long"));
    }
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

fn ask(prompt: &str) -> Result<Password, Fault> {
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|_| {
        Fault::new(
            Code::PasswordRequired,
            "there is no terminal to ask for the password",
            "give --password-file, or the variable P2PSYNC_PASSWORD",
        )
    })
}

fn refused(message: &str) -> Fault {
    Fault::new(Code::InvalidArgument, message, "choose another; `--no-password` of `init` does without")
}

const VARIABLE: &str = "P2PSYNC_PASSWORD";
const PASSWORD_FILE_BYTES_MAX: usize = 4_096;
