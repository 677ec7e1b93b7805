//! Arguments and results of the methods that hosts carry out themselves.

use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::arguments;
use crate::Failure;
use p2psync_model::PeerId;

/// How to open the store.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OpenOptions {
    /// Opens it; a fresh one will be opened by this from now on.
    pub password: Option<String>,
    /// This device's name for people.
    pub device_name: Option<String>,
}

/// An address to try from now on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DialOptions {
    /// Where.
    pub address: SocketAddr,
    peer_id: Option<String>,
}

impl DialOptions {
    /// Who is there, if that is known.
    ///
    /// # Errors
    /// [`Failure`]: `INVALID_ARGUMENT`.
    pub fn peer(&self) -> Result<Option<PeerId>, Failure> {
        self.peer_id.as_deref().map(arguments::peer).transpose()
    }
}

/// Where a device is reached.
#[derive(Debug, Serialize)]
pub struct AddressList {
    /// The likeliest first.
    pub addresses: Vec<SocketAddr>,
}

/// Nothing more to say than that it is done.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Done {}
