//! All TCP connections of this machine, and the one place that waits for any of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Poll, Registry, Token};
use p2psync_engine::{ConnectionId, DialId};

use super::door::Door;
use super::wire::{Heard, Stage, Wire};

/// Most connections, of all kinds. The engine has its own limit; this is for those that are on their way out.
const WIRES_MAX: usize = 512;

/// Most events that are taken at once.
const EVENTS_MAX: usize = 256;

/// Wakes the loop for the sake of a mailbox.
pub const MAILBOX: Token = Token(0);

/// Wakes it for the sake of the door.
const DOOR: Token = Token(1);

/// The numbers of connections begin here.
const FIRST: u64 = 2;

/// Connections, and what waits for them.
#[derive(Debug)]
pub struct Wires {
    poll: Poll,
    events: Events,
    by_id: BTreeMap<ConnectionId, Wire>,
    /// Those that may be read from, or written to.
    ready: BTreeSet<ConnectionId>,
    door: Option<Door>,
    next: u64,
}

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Bytes can flow.
    Opened(ConnectionId, Option<DialId>),
    /// No address answered.
    DialFailed(DialId),
}

impl Wires {
    /// None yet.
    ///
    /// # Errors
    /// That of the system.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS_MAX),
            by_id: BTreeMap::new(),
            ready: BTreeSet::new(),
            door: None,
            next: FIRST,
        })
    }

    /// For a mailbox.
    pub fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// Opens the door, if it is not open.
    ///
    /// # Errors
    /// That of the system.
    pub fn open_door(&mut self, named: Option<SocketAddr>) -> io::Result<&Door> {
        let door = match self.door.take() {
            Some(door) => door,
            None => Door::open(self.poll.registry(), DOOR, named)?,
        };
        Ok(self.door.insert(door))
    }

    /// Closes the door.
    pub fn close_door(&mut self) {
        if let Some(door) = self.door.take() {
            door.close(self.poll.registry());
        }
    }

    /// Begins to dial; `false` if no address can be dialled.
    pub fn dial(&mut self, dial: DialId, addresses: VecDeque<SocketAddr>) -> bool {
        let (id, token) = self.number();
        let wire = Wire::dial(self.poll.registry(), token, dial, addresses);
        wire.map(|wire| self.by_id.insert(id, wire)).is_some()
    }

    /// Gives up a dial.
    pub fn cancel(&mut self, cancelled: DialId) {
        let is_it = |wire: &Wire| matches!(wire.stage, Stage::Dialling { dial, .. } if dial == cancelled);
        let ids: Vec<_> = self.by_id.iter().filter(|(_, wire)| is_it(wire)).map(|(id, _)| *id).collect();
        for id in ids {
            self.drop_wire(id);
        }
    }

    /// Waits for at most so long, and says what has come about.
    ///
    /// # Errors
    /// That of the system.
    pub fn wait(&mut self, for_at_most: Option<Duration>) -> io::Result<Vec<Change>> {
        let due = self.by_id.values().filter_map(Wire::due).min();
        let due = due.map(|due| due.saturating_duration_since(Instant::now()));
        let wait = if self.ready.is_empty() {
            [for_at_most, due].into_iter().flatten().min().map(rounded_up)
        } else {
            Some(Duration::ZERO)
        };
        match self.poll.poll(&mut self.events, wait) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            polled => polled?,
        }
        let woken: Vec<_> = self
            .events
            .iter()
            .map(|event| {
                let is_over = event.is_error() || event.is_read_closed() || event.is_write_closed();
                (event.token(), event.is_readable() || is_over, event.is_writable() || is_over)
            })
            .collect();
        let mut changes = Vec::new();
        for (token, is_readable, is_writable) in woken {
            match token {
                MAILBOX => {}
                DOOR => self.admit(&mut changes),
                Token(number) => {
                    let id = ConnectionId(number as u64);
                    if let Some(wire) = self.by_id.get_mut(&id) {
                        wire.can_read |= is_readable;
                        wire.can_write |= is_writable;
                        self.ready.insert(id);
                    }
                }
            }
        }
        self.go_on_dialling(&mut changes);
        Ok(changes)
    }

    /// Connections that have something to do; each is asked for once.
    pub fn take_ready(&mut self) -> Vec<ConnectionId> {
        core::mem::take(&mut self.ready).into_iter().collect()
    }

    /// It has something to do next time.
    pub fn is_ready(&mut self, id: ConnectionId) {
        if self.by_id.contains_key(&id) {
            self.ready.insert(id);
        }
    }

    /// Reads once from an open connection; goes on with the end of one that closes.
    pub fn read(&mut self, id: ConnectionId, buffer: &mut [u8]) -> Heard {
        let Some(wire) = self.by_id.get_mut(&id) else { return Heard::Nothing };
        if matches!(wire.stage, Stage::Closing { .. }) {
            if wire.farewell(buffer) {
                self.drop_wire(id);
            }
            return Heard::Nothing;
        }
        if !wire.can_read {
            return Heard::Nothing;
        }
        let heard = wire.read(buffer);
        if matches!(heard, Heard::Bytes(_)) {
            self.ready.insert(id);
        }
        heard
    }

    /// Whether more may be asked for, to be sent.
    pub fn has_room(&mut self, id: ConnectionId) -> bool {
        let Some(wire) = self.by_id.get_mut(&id) else { return false };
        // A connection that fails now is heard of by reading.
        matches!(wire.stage, Stage::Open) && wire.flush().is_ok() && wire.has_room()
    }

    /// Sends; `false` if the connection is gone.
    pub fn send(&mut self, id: ConnectionId, bytes: &[u8]) -> bool {
        self.by_id.get_mut(&id).is_some_and(|wire| wire.send(bytes).is_ok())
    }

    /// Says these words and closes.
    pub fn close(&mut self, id: ConnectionId, last_words: &[u8]) {
        if let Some(wire) = self.by_id.get_mut(&id) {
            wire.close(last_words);
            self.ready.insert(id);
        }
    }

    /// The engine knows who is there. Where the connection leads, if this side dialled.
    pub fn recognised(&mut self, id: ConnectionId) -> Option<SocketAddr> {
        let wire = self.by_id.get_mut(&id)?;
        wire.is_recognised = true;
        wire.dialled
    }

    /// Where a connection leads that this side dialled, if the engine does not know who is there.
    pub fn unrecognised(&self, id: ConnectionId) -> Option<SocketAddr> {
        self.by_id.get(&id).filter(|wire| !wire.is_recognised)?.dialled
    }

    /// Forgets a connection.
    pub fn drop_wire(&mut self, id: ConnectionId) {
        self.ready.remove(&id);
        if let Some(wire) = self.by_id.remove(&id) {
            wire.discard(self.poll.registry());
        }
    }

    /// Whether there are any connections.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    fn number(&mut self) -> (ConnectionId, Token) {
        let number = self.next;
        self.next += 1;
        (ConnectionId(number), Token(usize::try_from(number).unwrap_or(usize::MAX)))
    }

    fn admit(&mut self, changes: &mut Vec<Change>) {
        while let Some(stream) = self.door.as_ref().and_then(Door::accept) {
            if self.by_id.len() < WIRES_MAX
                && let Some(id) = self.accepted(stream)
            {
                changes.push(Change::Opened(id, None));
            }
        }
    }

    fn accepted(&mut self, stream: TcpStream) -> Option<ConnectionId> {
        let (id, token) = self.number();
        let wire = Wire::accepted(self.poll.registry(), token, stream).ok()?;
        self.by_id.insert(id, wire);
        Some(id)
    }

    /// Dials that have come to something, or to nothing, or take too long; and farewells that take too long.
    fn go_on_dialling(&mut self, changes: &mut Vec<Change>) {
        let now = Instant::now();
        let mut failed = Vec::new();
        for (id, wire) in &mut self.by_id {
            let is_due = wire.due().is_some_and(|due| now >= due);
            match &wire.stage {
                Stage::Closing { .. } if is_due => _ = self.ready.insert(*id),
                Stage::Open | Stage::Closing { .. } => {}
                Stage::Dialling { dial, rest, .. } => {
                    let (dial, rest) = (*dial, rest.clone());
                    let outcome = if wire.can_write { wire.dialled() } else { None };
                    match outcome {
                        Some(Ok(())) => changes.push(Change::Opened(*id, Some(dial))),
                        None if !is_due => _ = self.ready.remove(id),
                        None | Some(Err(_)) => failed.push((*id, dial, rest)),
                    }
                }
            }
        }
        for (id, dial, rest) in failed {
            self.drop_wire(id);
            if !self.dial(dial, rest) {
                changes.push(Change::DialFailed(dial));
            }
        }
    }
}

/// To whole milliseconds, which is what systems wait for: a wait that ends early is begun again for nothing.
fn rounded_up(duration: Duration) -> Duration {
    let ms = duration.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two of them, connected: the listener's, and the caller's with the number of its connection.
    fn connected() -> (Wires, ConnectionId, Wires, ConnectionId) {
        let (mut listener, mut caller) = (Wires::new().unwrap(), Wires::new().unwrap());
        let address = listener.open_door(Some("127.0.0.1:0".parse().unwrap())).unwrap().addresses();
        assert!(caller.dial(DialId(7), address.into()));
        let opened = |wires: &mut Wires| loop {
            if let Some(Change::Opened(id, dial)) = wires.wait(None).unwrap().first() {
                return (*id, *dial);
            }
        };
        let (called, dial) = opened(&mut caller);
        assert_eq!(dial, Some(DialId(7)));
        let (accepted, dial) = opened(&mut listener);
        assert_eq!(dial, None);
        (listener, accepted, caller, called)
    }

    #[test]
    fn nothing_is_asked_for_that_does_not_leave() {
        let (_listener, _, mut caller, id) = connected();
        let pieces = (0..10_000).take_while(|_| caller.has_room(id) && caller.send(id, &[1; 16_384])).count();
        assert!((1..10_000).contains(&pieces), "{pieces} pieces were taken, and nobody reads");
    }

    #[test]
    fn last_words_arrive_though_much_was_unread() {
        let (mut listener, accepted, mut caller, called) = connected();
        assert!(caller.send(called, b"unread"));
        listener.close(accepted, b"farewell");
        let (mut heard, mut buffer) = (Vec::new(), [0; 100]);
        loop {
            listener.wait(Some(Duration::from_millis(1))).unwrap();
            for id in listener.take_ready() {
                listener.read(id, &mut [0; 100]);
            }
            caller.wait(Some(Duration::from_millis(1))).unwrap();
            caller.is_ready(called);
            match caller.read(called, &mut buffer) {
                Heard::Bytes(count) => heard.extend_from_slice(&buffer[..count]),
                Heard::Nothing => {}
                Heard::End => break,
            }
        }
        assert_eq!(heard, b"farewell");
    }

    #[test]
    fn where_nobody_listens_the_dial_fails_after_all_addresses() {
        let mut wires = Wires::new().unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let dialled = wires.dial(DialId(1), [free, free].into());
        let mut changes = Vec::new();
        while dialled && changes.is_empty() {
            changes = wires.wait(None).unwrap();
        }
        assert!(!dialled || changes == [Change::DialFailed(DialId(1))]);
        assert!(wires.is_empty());
    }
}
