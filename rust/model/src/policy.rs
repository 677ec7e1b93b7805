//! What a deployment allows and wants, apart from sizes.

/// The rules that an organisation sets for its devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether people may pair without comparing anything. Such a peer stays unauthenticated.
    pub allow_unauthenticated_peers: bool,
    /// Whether documents are sealed for the destination.
    pub sealing: Sealing,
    /// Whether others' documents go when the destination has confirmed them.
    pub delete_foreign_when_confirmed: bool,
    /// Days that one's own documents stay after they were confirmed; `None`: until the app deletes them.
    pub keep_own_confirmed_days: Option<u16>,
    /// What is delivered over a network that costs money.
    pub metered_delivery: MeteredDelivery,
    /// Whether nothing is shared with peers before a destination is set.
    pub require_destination_to_share: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            allow_unauthenticated_peers: false,
            sealing: Sealing::WhenConfigured,
            delete_foreign_when_confirmed: true,
            keep_own_confirmed_days: None,
            metered_delivery: MeteredDelivery::Small { bytes_max: 256 << 10 },
            require_destination_to_share: false,
        }
    }
}

impl Policy {
    /// Whether a document is sealed, when the app asks for `wish` (or for nothing) and a destination is set or not.
    ///
    /// # Errors
    /// [`PolicyError`]: the document must not be made. It is never open where it was to be sealed.
    pub const fn seals(&self, wish: Option<bool>, has_destination: bool) -> Result<bool, PolicyError> {
        match (self.sealing, wish) {
            (Sealing::Always, Some(false)) => Err(PolicyError::MustSeal),
            (Sealing::Never, Some(true)) => Err(PolicyError::MustNotSeal),
            (Sealing::Never, _) | (Sealing::WhenConfigured, Some(false)) => Ok(false),
            (Sealing::Always, _) | (Sealing::WhenConfigured, Some(true)) => {
                if has_destination {
                    Ok(true)
                } else {
                    Err(PolicyError::NoDestination)
                }
            }
            (Sealing::WhenConfigured, None) => Ok(has_destination),
        }
    }

    /// Whether a document of `size_bytes` is delivered over a network that costs money.
    pub const fn delivers_metered(&self, size_bytes: u64) -> bool {
        match self.metered_delivery {
            MeteredDelivery::All => true,
            MeteredDelivery::Small { bytes_max } => size_bytes <= bytes_max,
            MeteredDelivery::None => false,
        }
    }
}

/// Whether documents are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealing {
    /// All, and none is made before a destination is set.
    Always,
    /// All that are made while a destination is set, unless the app says otherwise.
    WhenConfigured,
    /// None.
    Never,
}

/// What is delivered over a network that costs money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeteredDelivery {
    /// Everything.
    All,
    /// Documents up to a size.
    Small {
        /// Length of the content.
        bytes_max: u64,
    },
    /// Nothing.
    None,
}

/// The app asks for what the deployment does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It must be sealed and there is nobody to seal it for.
    #[error("no destination is set to seal the document for")]
    NoDestination,
    /// It was to be open.
    #[error("this deployment seals every document")]
    MustSeal,
    /// It was to be sealed.
    #[error("this deployment seals no document")]
    MustNotSeal,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_open_that_was_to_be_sealed() {
        let seals = |sealing, wish, has_destination| {
            Policy { sealing, ..Policy::default() }.seals(wish, has_destination)
        };
        for wish in [None, Some(true)] {
            assert_eq!(seals(Sealing::Always, wish, true), Ok(true));
            assert_eq!(seals(Sealing::Always, wish, false), Err(PolicyError::NoDestination));
        }
        for has_destination in [true, false] {
            assert_eq!(seals(Sealing::Always, Some(false), has_destination), Err(PolicyError::MustSeal));
            assert_eq!(seals(Sealing::WhenConfigured, None, has_destination), Ok(has_destination));
            assert_eq!(seals(Sealing::WhenConfigured, Some(false), has_destination), Ok(false));
            assert_eq!(seals(Sealing::Never, None, has_destination), Ok(false));
            assert_eq!(seals(Sealing::Never, Some(true), has_destination), Err(PolicyError::MustNotSeal));
        }
        assert_eq!(seals(Sealing::WhenConfigured, Some(true), false), Err(PolicyError::NoDestination));
        assert_eq!(seals(Sealing::WhenConfigured, Some(true), true), Ok(true));
    }

    #[test]
    fn metered_networks_carry_what_is_allowed() {
        let delivers = |metered_delivery, size_bytes| {
            Policy { metered_delivery, ..Policy::default() }.delivers_metered(size_bytes)
        };
        assert!(delivers(MeteredDelivery::All, u64::MAX));
        assert!(!delivers(MeteredDelivery::None, 1));
        let small = MeteredDelivery::Small { bytes_max: 10 };
        assert!(delivers(small, 10) && !delivers(small, 11));
    }
}
