//! The local network: devices are announced and found by multicast DNS (DNS-SD), under names that change.
//!
//! A name is what the device shows to everybody on every transport, its adverts, in hex. Nothing else is said: no
//! host name, no text. The address of the machine cannot be hidden from its network.

pub mod gateway;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::time::Duration;

use mdns_sd::{IfKind, Receiver, ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent, ServiceInfo};
use p2psync_engine::{ADVERT_BYTES, Advert, Radios};

use crate::host::{Mail, Post};
use crate::output::note;

/// What devices of this kind are called in the network.
const SERVICE_TYPE: &str = "_p2psync._tcp.local.";

/// Most adverts in a name: one for peers, one for anybody.
const ADVERTS_MAX: usize = 2;

/// Names of this machine's own that others may still repeat.
const OWN_NAMES_KEPT: usize = 8;

/// How long a word of farewell may take to leave.
const FAREWELL: Duration = Duration::from_millis(500);

/// What this machine announces, and whether it looks.
pub struct Lan {
    is_allowed: bool,
    daemon: Option<ServiceDaemon>,
    is_looking: bool,
    announced: Option<ServiceInfo>,
    /// The last names under which this machine was seen: not to be taken for others.
    own: VecDeque<String>,
}

impl Lan {
    /// At rest; for ever if it is not allowed.
    pub const fn new(is_allowed: bool) -> Self {
        Self { is_allowed, daemon: None, is_looking: false, announced: None, own: VecDeque::new() }
    }

    /// Shows what the engine wants shown, at `port`, and looks around if that is wanted.
    pub fn tune(&mut self, radios: &Radios, port: Option<u16>, post: &Post) {
        if !self.is_allowed {
            return;
        }
        if radios.adverts.is_empty() && !radios.scan {
            self.rest();
            return;
        }
        if let Err(error) = self.tuned(radios, port, post) {
            note(&format!("devices in the local network are not found by themselves: {error}"));
        }
    }

    fn tuned(&mut self, radios: &Radios, port: Option<u16>, post: &Post) -> mdns_sd::Result<()> {
        let daemon = match self.daemon.take() {
            Some(daemon) => daemon,
            None => quiet_daemon()?,
        };
        let daemon = self.daemon.insert(daemon);
        let wanted = port.filter(|_| !radios.adverts.is_empty()).map(|port| (name(&radios.adverts), port));
        let wanted = wanted.map(|(name, port)| described(&name, port)).transpose()?;
        let full_name = |info: &Option<ServiceInfo>| info.as_ref().map(|info| info.get_fullname().to_owned());
        if full_name(&wanted) != full_name(&self.announced) {
            if let Some(before) = self.announced.take() {
                daemon.unregister(before.get_fullname())?;
            }
            if let Some(info) = &wanted {
                self.own.extend(instance_of(info.get_fullname()));
                self.own.drain(..self.own.len().saturating_sub(OWN_NAMES_KEPT));
                daemon.register(info.clone())?;
            }
            self.announced = wanted;
        }
        if radios.scan && !self.is_looking {
            forward(&daemon.browse(SERVICE_TYPE)?, post);
        }
        if !radios.scan && self.is_looking {
            daemon.stop_browse(SERVICE_TYPE)?;
        }
        self.is_looking = radios.scan;
        Ok(())
    }

    /// Whether a name is one of this machine's own, of now or a moment ago.
    pub fn is_own(&self, instance: &str) -> bool {
        self.own.iter().any(|own| own == instance)
    }

    /// Says farewell and leaves the network: nothing is sent, heard or waited for any more.
    pub fn rest(&mut self) {
        let Some(daemon) = self.daemon.take() else { return };
        if let Some(info) = self.announced.take()
            && let Ok(done) = daemon.unregister(info.get_fullname())
        {
            let _ = done.recv_timeout(FAREWELL);
        }
        self.is_looking = false;
        if let Ok(done) = daemon.shutdown() {
            let _ = done.recv_timeout(FAREWELL);
        }
    }
}

/// What a device shows by its name; `None` if it is no name of this kind.
pub fn shown(instance: &str) -> Option<Vec<Advert>> {
    let adverts: Option<Vec<_>> = instance.split('-').map(advert).collect();
    adverts.filter(|adverts| adverts.len() <= ADVERTS_MAX)
}

fn name(adverts: &[Advert]) -> String {
    let shown: Vec<_> = adverts.iter().take(ADVERTS_MAX).map(|advert| hex(&advert.encode())).collect();
    shown.join("-")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn advert(text: &str) -> Option<Advert> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let mut bytes = [0; ADVERT_BYTES];
    if pairs.len() != bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let is_lower_hex = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        let pair = str::from_utf8(pair).ok().filter(|pair| pair.as_bytes().iter().all(is_lower_hex))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Advert::decode(&bytes)
}

/// A name of its own is not asked for first: it is random.
fn described(name: &str, port: u16) -> mdns_sd::Result<ServiceInfo> {
    let host = format!("{name}.local.");
    let no_text: &[(&str, &str)] = &[];
    let mut info = ServiceInfo::new(SERVICE_TYPE, name, &host, "", port, no_text)?.enable_addr_auto();
    info.set_requires_probe(false);
    Ok(info)
}

/// Not over the loopback: an address there means nothing to others.
fn quiet_daemon() -> mdns_sd::Result<ServiceDaemon> {
    let daemon = ServiceDaemon::new()?;
    daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
    Ok(daemon)
}

/// Posts what is seen, until nobody looks any more.
fn forward(seen: &Receiver<ServiceEvent>, post: &Post) {
    let (seen, post) = (seen.clone(), post.clone());
    std::thread::spawn(move || {
        while let Ok(event) = seen.recv() {
            let mail = match event {
                ServiceEvent::ServiceResolved(service) => resolved(&service),
                ServiceEvent::ServiceRemoved(_, full_name) => {
                    instance_of(&full_name).map(|instance| Mail::Gone { instance })
                }
                ServiceEvent::SearchStopped(_) => return,
                _ => None,
            };
            if !mail.is_none_or(|mail| post.send(mail)) {
                return;
            }
        }
    });
}

fn resolved(service: &ResolvedService) -> Option<Mail> {
    let mut addresses: Vec<_> =
        service.addresses.iter().filter_map(|address| socket_address(address, service.port)).collect();
    // Those of IPv4 first.
    addresses.sort_unstable();
    let instance = instance_of(&service.fullname)?;
    (!addresses.is_empty()).then_some(Mail::Seen { instance, addresses })
}

fn socket_address(address: &ScopedIp, port: u16) -> Option<SocketAddr> {
    match address {
        ScopedIp::V4(v4) => Some(SocketAddrV4::new(*v4.addr(), port).into()),
        ScopedIp::V6(v6) => Some(SocketAddrV6::new(*v6.addr(), port, 0, v6.scope_id().index).into()),
        _ => None,
    }
}

fn instance_of(full_name: &str) -> Option<String> {
    let (instance, rest) = full_name.split_once('.')?;
    (rest == SERVICE_TYPE).then(|| instance.to_owned())
}

#[cfg(test)]
mod tests {
    use p2psync_engine::Tag;

    use super::*;

    fn one(byte: u8, is_open: bool) -> Advert {
        Advert { tag: Tag::from_bytes([byte; 8]), is_open }
    }

    #[test]
    fn names_are_adverts_and_nothing_else() {
        for adverts in [vec![one(1, false)], vec![one(1, false), one(0xfe, true)]] {
            let name = name(&adverts);
            assert!(name.len() <= 63, "a label of the DNS");
            assert_eq!(shown(&name), Some(adverts));
            assert_eq!(instance_of(&format!("{name}.{SERVICE_TYPE}")), Some(name));
        }
        let good = name(&[one(1, false)]);
        for other in ["", "-", "printer", &format!("{good}0"), &good.replace('0', "A"), "1\u{e9}"] {
            assert_eq!(shown(other), None, "{other}");
        }
        assert_eq!(shown(&[good.as_str(); 3].join("-")), None);
        assert_eq!(instance_of("x._http._tcp.local."), None);
    }

    #[test]
    fn an_announcement_says_nothing_but_the_adverts() {
        let info = described(&name(&[one(7, true)]), 5_000).unwrap();
        let hex = "110707070707070707";
        assert_eq!(info.get_hostname(), format!("{hex}.local."));
        assert_eq!(info.get_fullname(), format!("{hex}.{SERVICE_TYPE}"));
        assert!(info.get_properties().is_empty() && info.is_addr_auto());
    }
}
