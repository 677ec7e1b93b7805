//! What the engine wants of the radios, on a machine that has a local network and nothing else.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use p2psync_engine::{Code, Radios, Transport};

use super::{GATEWAY_INTERVAL, Host, PORT};
use crate::fault::Fault;
use crate::lan::gateway;
use crate::output::note;

/// How long the last words of all connections may take, when the program ends.
pub(super) const FAREWELL: Duration = Duration::from_secs(2);

impl Host {
    /// Does from now on what the engine wants.
    pub(super) fn tune(&mut self, mut radios: Radios) {
        if !radios.transports.contains(&Transport::Lan) {
            radios = Radios::default();
        }
        let begins_to_look = radios.scan && !self.radios.scan;
        let port = if radios.listen { self.listen() } else { None };
        if !radios.listen {
            self.wires.close_door();
        }
        self.lan.tune(&radios, port, &self.mailbox.post);
        if self.radios.scan && !radios.scan {
            self.places.forget_seen();
            self.gateway_due = None;
        }
        self.radios = radios;
        if begins_to_look {
            for sighting in self.places.fixed() {
                self.sighted(sighting, None);
            }
            self.gateway_due = self.settings.is_looking_around.then(Instant::now);
        }
    }

    fn listen(&mut self) -> Option<u16> {
        match self.wires.open_door(self.settings.listen) {
            Ok(door) => Some(door.port()),
            Err(error) => {
                // Others can be dialled all the same.
                note(&format!("nobody can connect to this machine: {error}"));
                None
            }
        }
    }

    /// Whoever hosts the network may be a device that cannot be seen.
    pub(super) fn look_for_gateway(&mut self) {
        self.gateway_due = Some(Instant::now() + GATEWAY_INTERVAL);
        if let Some(gateway) = gateway::of_this_network() {
            self.dial_always(SocketAddr::new(gateway, PORT), None);
        }
    }
}

/// The system does not do what programs need.
pub(super) fn of_system(error: &io::Error) -> Fault {
    Fault::new(Code::Internal, format!("the system failed: {error}"), "try again, and report it if it stays")
}

/// Nobody can connect.
pub(super) fn not_listening(named: Option<SocketAddr>, error: &io::Error) -> Fault {
    let place = named.map_or("any address".to_owned(), |address| address.to_string());
    let message = format!("{place} cannot be listened on: {error}");
    Fault::new(Code::InvalidArgument, message, "choose another address by --listen")
}
