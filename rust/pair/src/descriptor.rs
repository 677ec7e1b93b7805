//! Where a device listens for key agreement (BRAMBLE 2.1). Content is checked when it is used, not when it is
//! read: a payload with an address that makes no sense is still a payload, and its bytes are confirmed.

use core::net::{IpAddr, SocketAddr};

use p2psync_bramble::bdf::Value;

use crate::PayloadError;

/// A transport that BQP knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Classic Bluetooth.
    Bluetooth,
    /// TCP in the local network.
    Lan,
}

impl Transport {
    /// The transport's name in Bramble.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Bluetooth => "org.briarproject.bramble.bluetooth",
            Self::Lan => "org.briarproject.bramble.lan",
        }
    }

    const fn number(self) -> i64 {
        match self {
            Self::Bluetooth => 0,
            Self::Lan => 1,
        }
    }
}

/// One way to reach a device, with whatever else the device wrote in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Descriptor {
    transport: Transport,
    /// What follows the transport's number.
    items: Vec<Value>,
}

impl Descriptor {
    /// Listening by Bluetooth at `address`, or at one that the other side must discover.
    pub fn bluetooth(address: Option<[u8; 6]>) -> Self {
        let items = address.map(|address| Value::Raw(address.to_vec())).into_iter().collect();
        Self { transport: Transport::Bluetooth, items }
    }

    /// Listening in the local network.
    pub fn lan(address: SocketAddr) -> Self {
        let ip = match address.ip() {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        Self { transport: Transport::Lan, items: vec![Value::Raw(ip), Value::Integer(address.port().into())] }
    }

    /// The transport that it is for.
    pub const fn transport(&self) -> Transport {
        self.transport
    }

    /// The Bluetooth address; `None` if the device does not know its own and must be discovered.
    ///
    /// # Errors
    /// [`Unusable`] if the descriptor is for another transport or holds no address.
    pub fn bluetooth_address(&self) -> Result<Option<[u8; 6]>, Unusable> {
        match (self.transport, self.items.first()) {
            (Transport::Bluetooth, None) => Ok(None),
            (Transport::Bluetooth, Some(Value::Raw(address))) => {
                address.as_slice().try_into().map(Some).map_err(|_| Unusable)
            }
            _ => Err(Unusable),
        }
    }

    /// The address and port in the local network.
    ///
    /// # Errors
    /// [`Unusable`] if the descriptor is for another transport, the address is neither IPv4 nor IPv6, or the
    /// port is outside 1..65535.
    pub fn lan_address(&self) -> Result<SocketAddr, Unusable> {
        let (Transport::Lan, [Value::Raw(ip), Value::Integer(port), ..]) =
            (self.transport, self.items.as_slice())
        else {
            return Err(Unusable);
        };
        let ip = <[u8; 4]>::try_from(ip.as_slice())
            .map(IpAddr::from)
            .or_else(|_| <[u8; 16]>::try_from(ip.as_slice()).map(IpAddr::from))
            .map_err(|_| Unusable)?;
        let port = u16::try_from(*port).ok().filter(|&port| port > 0).ok_or(Unusable)?;
        Ok(SocketAddr::new(ip, port))
    }

    /// The descriptor in a payload's list; `None` if its transport is unknown.
    pub(crate) fn from_value(value: &Value) -> Result<Option<Self>, PayloadError> {
        let malformed = PayloadError::Malformed("descriptor");
        let (number, items) = value.as_list().and_then(<[_]>::split_first).ok_or(malformed)?;
        // Bramble reads the number as a 32-bit integer.
        let number = number.as_integer().and_then(|number| i32::try_from(number).ok()).ok_or(malformed)?;
        let transport = match number {
            0 => Transport::Bluetooth,
            1 => Transport::Lan,
            _ => return Ok(None),
        };
        Ok(Some(Self { transport, items: items.to_vec() }))
    }

    /// The descriptor as an item of a payload's list.
    pub fn to_value(&self) -> Value {
        let mut items = vec![Value::Integer(self.transport.number())];
        items.extend_from_slice(&self.items);
        Value::List(items)
    }
}

/// A descriptor that says nothing one could connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the descriptor holds no address of this transport")]
pub struct Unusable;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_back() {
        let bluetooth = Descriptor::bluetooth(Some([1, 2, 3, 4, 5, 6]));
        assert_eq!(bluetooth.bluetooth_address(), Ok(Some([1, 2, 3, 4, 5, 6])));
        assert_eq!(Descriptor::bluetooth(None).bluetooth_address(), Ok(None));
        assert_eq!(bluetooth.lan_address(), Err(Unusable));
        for text in ["192.168.1.2:4000", "[fe80::1]:65535"] {
            let address = text.parse().unwrap();
            assert_eq!(Descriptor::lan(address).lan_address(), Ok(address));
            assert_eq!(Descriptor::lan(address).bluetooth_address(), Err(Unusable));
        }
    }

    #[test]
    fn nonsense_is_kept_and_cannot_be_used() {
        let raw = |bytes: &[u8]| Value::Raw(bytes.to_vec());
        let lan = |items: Vec<Value>| Descriptor { transport: Transport::Lan, items };
        for items in [
            vec![],
            vec![raw(&[1, 2, 3, 4])],
            vec![raw(&[1, 2, 3, 4]), Value::Integer(0)],
            vec![raw(&[1, 2, 3, 4]), Value::Integer(65_536)],
            vec![raw(&[1, 2, 3]), Value::Integer(1)],
            vec![Value::Integer(1), raw(&[1, 2, 3, 4])],
        ] {
            assert_eq!(lan(items).lan_address(), Err(Unusable));
        }
        let extra = lan(vec![raw(&[1, 2, 3, 4]), Value::Integer(9), Value::Null]);
        assert_eq!(Descriptor::from_value(&extra.to_value()), Ok(Some(extra.clone())));
        assert!(extra.lan_address().is_ok());
        let short = Descriptor { transport: Transport::Bluetooth, items: vec![raw(&[1; 5])] };
        assert_eq!(short.bluetooth_address(), Err(Unusable));
    }
}
