//! Connections: bytes that take their time, in order, until somebody hangs up or something cuts them.

use p2psync_engine::{ConnectionId, Event, Transport};

use super::{Happening, World};

/// How long it takes until the other side of a cut notices.
const CUT_MS: u64 = 10;

/// One connection.
pub(super) struct Pipe {
    pub(super) ends: [End; 2],
    pub(super) transport: Transport,
    latency_ms: u64,
    bytes_per_ms: u64,
    /// The cable is gone: nothing arrives, and nobody is told.
    is_dead: bool,
}

/// One end of a connection.
#[derive(Clone, Copy)]
pub(super) struct End {
    /// Which device; `usize::MAX` is none of ours.
    pub(super) device: usize,
    pub(super) connection: ConnectionId,
    pub(super) is_open: bool,
    /// Until when what was given to it is on its way.
    busy_until_ms: u64,
    awaits_room: bool,
    /// Bytes that it has sent, and the first of them.
    sent: u64,
    first: Option<u8>,
}

impl World {
    pub(super) fn connect(&mut self, from: usize, to: usize, transport: Transport) -> usize {
        let ends = [from, to].map(|device| {
            self.numbers += 1;
            let connection = ConnectionId(self.numbers);
            End {
                device,
                connection,
                is_open: true,
                busy_until_ms: 0,
                awaits_room: false,
                sent: 0,
                first: None,
            }
        });
        let (latency_ms, bytes_per_ms) = (self.latency_ms, self.bytes_per_ms);
        for (end, End { device, connection, .. }) in ends.iter().enumerate() {
            self.by_connection.insert(*connection, (self.pipes.len(), end));
            *self.open.entry(*device).or_default() += 1;
        }
        self.pipes.push(Pipe { ends, transport, latency_ms, bytes_per_ms, is_dead: false });
        self.pipes.len() - 1
    }

    pub(super) fn find(&self, device: usize, connection: ConnectionId) -> Option<(usize, usize)> {
        let (pipe, end) = *self.by_connection.get(&connection)?;
        let End { device: owner, is_open, .. } = self.pipes[pipe].ends[end];
        (owner == device && is_open).then_some((pipe, end))
    }

    /// Takes what the engine has to say, as far as there is room.
    pub(super) fn pull(&mut self, pipe: usize, end: usize) {
        let (now_ms, buffer_bytes) = (self.now_ms, self.buffer_bytes);
        let Pipe { ends, bytes_per_ms, .. } = &mut self.pipes[pipe];
        let End { device, connection, is_open, busy_until_ms, .. } = ends[end];
        ends[end].awaits_room = false;
        if !is_open || device == usize::MAX || self.devices[device].engine.is_none() {
            return;
        }
        let queued = usize::try_from(busy_until_ms.saturating_sub(now_ms) * *bytes_per_ms).unwrap();
        let room = buffer_bytes.saturating_sub(queued);
        let now = self.moment(device);
        let mut bytes = Vec::new();
        let engine = self.devices[device].engine.as_mut().unwrap();
        engine.fill(now, connection, room, &mut bytes);
        assert!(bytes.len() <= room, "{} bytes where there is room for {room}", bytes.len());
        if !bytes.is_empty() {
            self.send(pipe, end, bytes);
            let wait_ms = self.pipes[pipe].ends[end].busy_until_ms.saturating_sub(now_ms).max(1);
            if !core::mem::replace(&mut self.pipes[pipe].ends[end].awaits_room, true) {
                self.plan(wait_ms, Happening::Room { pipe, end });
            }
        }
    }

    pub(super) fn send(&mut self, pipe: usize, end: usize, bytes: Vec<u8>) {
        let now_ms = self.now_ms;
        let Pipe { ends, latency_ms, bytes_per_ms, is_dead, .. } = &mut self.pipes[pipe];
        let (latency_ms, is_dead) = (*latency_ms, *is_dead);
        let sender = &mut ends[end];
        if bytes.is_empty() || is_dead || !sender.is_open {
            return;
        }
        sender.sent += bytes.len() as u64;
        sender.first = sender.first.or(bytes.first().copied());
        let takes_ms = (bytes.len() as u64).div_ceil(*bytes_per_ms);
        sender.busy_until_ms = sender.busy_until_ms.max(now_ms) + takes_ms;
        let in_ms = sender.busy_until_ms - now_ms + latency_ms;
        self.plan(in_ms, Happening::Arrives { pipe, end: 1 - end, bytes });
    }

    pub(super) fn arrives(&mut self, pipe: usize, end: usize, bytes: &[u8]) {
        let Pipe { ends, is_dead, .. } = &self.pipes[pipe];
        let End { device, connection, is_open, .. } = ends[end];
        if is_open && !is_dead && device != usize::MAX {
            self.host_tells(device, Event::Received { connection, bytes });
        }
    }

    /// One end closes; the other learns of it after everything that was sent before.
    pub(super) fn hang_up(&mut self, pipe: usize, end: usize) {
        self.shut(pipe, end);
        let Pipe { ends, latency_ms, is_dead, .. } = &mut self.pipes[pipe];
        let in_ms = ends[end].busy_until_ms.saturating_sub(self.now_ms) + *latency_ms;
        if !*is_dead {
            self.plan(in_ms, Happening::Closes { pipe, end: 1 - end });
        }
    }

    pub(super) fn closes(&mut self, pipe: usize, end: usize) {
        let End { device, connection, is_open, .. } = self.pipes[pipe].ends[end];
        self.shut(pipe, end);
        if is_open && device != usize::MAX {
            self.host_tells(device, Event::Closed(connection));
        }
    }

    fn shut(&mut self, pipe: usize, end: usize) {
        let End { device, is_open, .. } = &mut self.pipes[pipe].ends[end];
        if core::mem::take(is_open) {
            *self.open.entry(*device).or_default() -= 1;
        }
    }

    fn between(&self, one: usize, other: usize) -> Vec<usize> {
        let joins = |pipe: &Pipe| {
            let [first, second] = pipe.ends.map(|end| end.device);
            (first, second) == (one, other) || (first, second) == (other, one)
        };
        (0..self.pipes.len()).filter(|pipe| joins(&self.pipes[*pipe])).collect()
    }

    /// Everything between the two is cut, and both notice.
    pub fn cut(&mut self, one: usize, other: usize) {
        for pipe in self.between(one, other) {
            self.pipes[pipe].is_dead = true;
            for end in 0..2 {
                self.plan(CUT_MS, Happening::Closes { pipe, end });
            }
        }
    }

    /// Everything between the two is gone, and nobody notices.
    pub fn silence(&mut self, one: usize, other: usize) {
        for pipe in self.between(one, other) {
            self.pipes[pipe].is_dead = true;
        }
    }

    /// The transports of what is open between the two.
    pub fn open_between(&self, one: usize, other: usize) -> Vec<Transport> {
        let pipes = self.between(one, other).into_iter().map(|pipe| &self.pipes[pipe]);
        pipes.filter(|pipe| pipe.ends.iter().all(|end| end.is_open)).map(|pipe| pipe.transport).collect()
    }

    /// Connections that a device has open.
    pub fn open_of(&self, device: usize) -> usize {
        self.open.get(&device).copied().unwrap_or(0)
    }

    /// What each connection between the two has begun with so far.
    pub fn first_bytes(&self, one: usize, other: usize) -> Vec<u8> {
        let pipes = self.between(one, other).into_iter().map(|pipe| &self.pipes[pipe]);
        pipes.filter_map(|pipe| pipe.ends[0].first).collect()
    }

    /// Connections between the two so far.
    pub fn connections_between(&self, one: usize, other: usize) -> usize {
        self.between(one, other).len()
    }

    /// Bytes that one has sent to the other, over all connections.
    pub fn bytes_sent(&self, from: usize, to: usize) -> u64 {
        let pipes = self.between(from, to).into_iter().map(|pipe| &self.pipes[pipe]);
        pipes.flat_map(|pipe| &pipe.ends).filter(|end| end.device == from).map(|end| end.sent).sum()
    }

    /// What somebody who is none of ours says over a connection to one of ours.
    pub fn speak(&mut self, device: usize, connection: ConnectionId, bytes: &[u8]) {
        if self.find(device, connection).is_some() {
            self.host_tells(device, Event::Received { connection, bytes });
        }
    }

    /// Bytes that a device has sent to somebody who is none of ours.
    pub fn said_to_intruders(&self, device: usize) -> u64 {
        let pipes = self.pipes.iter().filter(|pipe| pipe.ends[0].device == usize::MAX);
        pipes.map(|pipe| pipe.ends[1]).filter(|end| end.device == device).map(|end| end.sent).sum()
    }
}
