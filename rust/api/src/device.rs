//! The device itself.

use p2psync_engine::{Engine, RescueReport};
use serde::Serialize;

use crate::Rescue;

/// A device that was opened.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Whether it was made just now.
    pub created: bool,
    /// The hash of the key that signs its documents.
    pub device_id: String,
    /// Its name for people.
    pub device_name: String,
    /// What was saved, if its store was damaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rescue: Option<Rescue>,
}

impl Device {
    /// What to say of an engine that was opened.
    pub fn of(engine: &Engine, created: bool, rescue: Option<&RescueReport>) -> Self {
        Self {
            created,
            device_id: engine.device_id().to_string(),
            device_name: engine.device_name().to_owned(),
            rescue: rescue.map(Rescue::from),
        }
    }
}
