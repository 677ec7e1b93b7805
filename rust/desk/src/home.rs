//! The folder with the store, and the key beside it that stands in for a password.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use p2psync_bramble::SecretKey;
use p2psync_engine::{Code, Engine, Error, Opened, Options, PasswordCost, Place, Unlock};
use p2psync_model::{GroupId, Limits, Policy};
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::machine;
use crate::output::note_rescue;
use crate::password::{self, Password};

/// The folder.
#[derive(Debug)]
pub struct Home {
    folder: PathBuf,
}

/// What opens a store: owned, while [`Unlock`] borrows.
#[derive(Debug)]
pub enum Secret {
    /// The key in the folder.
    Key(SecretKey),
    /// A password.
    Password(Password),
}

impl Secret {
    /// As the engine takes it.
    pub fn as_unlock(&self) -> Unlock<'_> {
        match self {
            Self::Key(key) => Unlock::Host(key),
            Self::Password(password) => Unlock::Password(password),
        }
    }
}

impl Home {
    /// The folder that was named, or the user's.
    ///
    /// # Errors
    /// [`Fault`] if there is no such place.
    pub fn find(named: Option<&Path>) -> Result<Self, Fault> {
        let folder = match named {
            Some(folder) => Some(folder.to_owned()),
            None => users_folder(|name| std::env::var_os(name).map(PathBuf::from)),
        };
        let folder = folder.ok_or_else(|| {
            let message = "this user has no folder for data";
            Fault::new(Code::InvalidArgument, message, "name a folder by --home")
        })?;
        Ok(Self { folder })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the store is.
    pub fn place(&self) -> Place {
        Place::new(self.store_path())
    }

    /// Whether there is a store, or what may be one.
    ///
    /// # Errors
    /// [`Fault`] if that cannot be seen.
    pub fn has_store(&self) -> Result<bool, Fault> {
        let path = self.store_path();
        path.try_exists().map_err(|error| Fault::reading(&path, &error))
    }

    /// Makes the folder, for this user alone.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn create(&self) -> Result<(), Fault> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder).map_err(|error| Fault::writing(&self.folder, &error))
    }

    /// Opens the store that is here.
    ///
    /// # Errors
    /// [`Fault`] if there is none, or it does not open.
    pub fn open(&self, password_file: Option<&Path>) -> Result<Opened, Fault> {
        if !self.has_store()? {
            let message = format!("there is no store in {}", self.folder.display());
            return Err(Fault::new(Code::NotFound, message, "make one: `p2psync init`"));
        }
        self.with_secret(password_file, |secret| {
            let opened = Engine::open(self.place(), &options(secret, None), &mut machine::random())?;
            if let Some(report) = &opened.rescue {
                note_rescue(report);
            }
            Ok(opened)
        })
    }

    /// Does `work` with what should open the store: the key if there is one, and a password if there is none or the
    /// key is not what opens it, as when a change of password was cut off.
    ///
    /// # Errors
    /// [`Fault`]; that of `work`.
    pub fn with_secret<T>(
        &self,
        password_file: Option<&Path>,
        work: impl Fn(&Secret) -> Result<T, Error>,
    ) -> Result<T, Fault> {
        if let Some(key) = self.key()? {
            match work(&Secret::Key(key)) {
                Err(Error::PasswordRequired) => {}
                done => return Ok(done?),
            }
        }
        Ok(work(&Secret::Password(password::known(password_file)?))?)
    }

    /// The key in the folder, if there is one.
    ///
    /// # Errors
    /// [`Fault`] if it is no key, or others may read it.
    pub fn key(&self) -> Result<Option<SecretKey>, Fault> {
        let path = self.key_path();
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|error| Fault::reading(&path, &error))?,
        };
        refuse_if_shared(&path, &file)?;
        let mut bytes = Zeroizing::new([0; SecretKey::BYTES + 1]);
        let mut length = 0;
        while let Some(rest) = bytes.get_mut(length..).filter(|rest| !rest.is_empty()) {
            match file.read(rest).map_err(|error| Fault::reading(&path, &error))? {
                0 => break,
                read => length += read,
            }
        }
        let key = bytes.get(..length).and_then(|key| key.try_into().ok()).map(SecretKey::from_bytes);
        key.map(Some).ok_or_else(|| Fault::reading(&path, &"it is no key of this program"))
    }

    /// The key in the folder, made if there is none: on disk before anything is locked by it.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn key_or_new(&self) -> Result<SecretKey, Fault> {
        if let Some(key) = self.key()? {
            return Ok(key);
        }
        let path = self.key_path();
        let key = SecretKey::random(&mut machine::random());
        // Under another name first, so that a cut leaves no half of a key.
        let unfinished = self.folder.join("key.new");
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&unfinished).and_then(|mut file| {
            file.write_all(key.as_bytes())?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)?;
            sync_folder(&self.folder)
        });
        written.map_err(|error| Fault::writing(&path, &error))?;
        Ok(key)
    }

    /// Removes the key, if there is one.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn remove_key(&self) -> Result<(), Fault> {
        let path = self.key_path();
        match fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => {
                other.and_then(|()| sync_folder(&self.folder)).map_err(|error| Fault::writing(&path, &error))
            }
        }
    }

    fn store_path(&self) -> PathBuf {
        self.folder.join("store")
    }

    fn key_path(&self) -> PathBuf {
        self.folder.join("key")
    }
}

/// How this program opens engines.
pub fn options<'a>(secret: &'a Secret, device_name: Option<&'a str>) -> Options<'a> {
    Options {
        unlock: secret.as_unlock(),
        cost: password_cost(),
        group: GroupId::of_deployment(&[]).expect("no bytes are within the bounds of a deployment"),
        limits: Limits::default(),
        policy: Policy::default(),
        device_name,
    }
}

/// What a password costs to try: the most that calibration gives, and well below a second on a laptop.
pub fn password_cost() -> PasswordCost {
    PasswordCost::new(64 << 10, 4).expect("within the bounds")
}

/// The user's folder for data, by the rules of the XDG and of Windows.
fn users_folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |name| variable(name).filter(|path| path.is_absolute());
    let data = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else {
        absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))
    };
    data.map(|data| data.join("p2psync"))
}

#[cfg(unix)]
fn refuse_if_shared(path: &Path, file: &File) -> Result<(), Fault> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file.metadata().map_err(|error| Fault::reading(path, &error))?;
    if metadata.permissions().mode().trailing_zeros() >= MODE_BITS_OF_OTHERS {
        return Ok(());
    }
    let name = path.display();
    let message = format!("others may read the key in {name}");
    Err(Fault::new(Code::InvalidArgument, message, format!("run `chmod 600 {name}`")))
}

/// The low bits of a file's mode that let its group and everybody do something.
#[cfg(unix)]
const MODE_BITS_OF_OTHERS: u32 = 6;

#[cfg(not(unix))]
fn refuse_if_shared(_: &Path, _: &File) -> Result<(), Fault> {
    Ok(())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_users_folder_follows_the_environment() {
        let folder = |set: &[(&str, &str)]| {
            users_folder(|name| {
                set.iter().find(|(set, _)| *set == name).map(|(_, value)| PathBuf::from(value))
            })
        };
        let found = |path: &str| Some(PathBuf::from(path));
        assert_eq!(folder(&[("XDG_DATA_HOME", "/d"), ("HOME", "/h")]), found("/d/p2psync"));
        assert_eq!(folder(&[("XDG_DATA_HOME", "d"), ("HOME", "/h")]), found("/h/.local/share/p2psync"));
        assert_eq!(folder(&[("HOME", "/h")]), found("/h/.local/share/p2psync"));
        assert_eq!(folder(&[]), None);
    }
}
