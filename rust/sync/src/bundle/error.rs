//! Why a bundle cannot be read, or made.

use super::{PAIRS_MAX, SEALED_BYTES_MAX};

/// A bundle cannot be read, or not further. What was handed over before counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Whoever chose the file should choose another: it is shorter than any bundle.
    #[error("the file is too short to be a bundle")]
    TooShort,
    /// Both persons' move: no bundle, or made by nobody who is known here, or not for this device. They cannot be told
    /// apart.
    #[error("no known device has made this file for this one")]
    NotRecognised,
    /// Nobody's move: this device has made it, so there is nothing in it for this one.
    #[error("this device has made the bundle itself")]
    Own,
    /// Our move: a newer program has made it.
    #[error("the bundle has version {version}, this program knows {}", super::VERSION)]
    TooNew {
        /// Its version.
        version: u8,
    },
    /// The maker's move: its messages are of another deployment.
    #[error("the bundle is of another deployment")]
    OtherDeployment,
    /// Nobody's move: the file was altered, or its maker's program is at fault. Another copy may help.
    #[error("the bundle is damaged: {0}")]
    Damaged(&'static str),
    /// Nobody's move: the file ends before the bundle does. Another copy may help.
    #[error("the bundle was cut off")]
    Cut,
}

/// A bundle cannot be made so. The caller erred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// More pairs than there are slots.
    #[error("a bundle is for at most {PAIRS_MAX} devices, not {count}")]
    TooManyPairs {
        /// Their number.
        count: usize,
    },
    /// What is sealed to the server does not fit in its place.
    #[error("what is sealed to the server has at most {SEALED_BYTES_MAX} bytes, not {length}")]
    SealedTooLong {
        /// Its length.
        length: usize,
    },
}
