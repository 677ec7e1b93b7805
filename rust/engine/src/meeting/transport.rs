//! The ways bytes can travel, and which of two is the better one.

/// What carries a connection. Later ones are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Bluetooth, whichever kind.
    Bluetooth,
    /// A Wi-Fi Direct group.
    WifiDirect,
    /// A local network.
    Lan,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Bluetooth, Self::WifiDirect, Self::Lan];

    /// The name, as apps see it and as links bind it. The same on all devices, for good.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bluetooth => "bluetooth",
            Self::WifiDirect => "wifiDirect",
            Self::Lan => "lan",
        }
    }

    /// The transport of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transport| transport.as_str() == name)
    }

    /// How many connections it bears at once: phones have about seven links of Bluetooth in all.
    pub(crate) const fn connections_max(self) -> usize {
        match self {
            Self::Bluetooth => 6,
            Self::WifiDirect => 8,
            Self::Lan => 32,
        }
    }

    /// How many dials it bears at once.
    pub(crate) const fn dials_max(self) -> usize {
        match self {
            Self::Bluetooth => 1,
            Self::WifiDirect | Self::Lan => 4,
        }
    }
}

/// What a transport is good for now, as the host says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransportState {
    /// Its radio is off, or it is not wanted.
    Off,
    /// It will be on soon.
    Starting,
    /// It can be used.
    On,
    /// This device has no such thing, or may not use it.
    Unavailable,
}

impl TransportState {
    /// The name, as apps see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Starting => "starting",
            Self::On => "on",
            Self::Unavailable => "unavailable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_and_the_network_is_best() {
        for transport in Transport::ALL {
            assert_eq!(Transport::parse(transport.as_str()), Some(transport));
        }
        assert_eq!(Transport::parse("carrier pigeon"), None);
        assert!(Transport::Lan > Transport::WifiDirect && Transport::WifiDirect > Transport::Bluetooth);
    }
}
