//! `bramble`: one session of plain Bramble over one TCP connection, to try another implementation.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use p2psync_bramble::{Millis, WallClock};
use p2psync_engine::{BrambleContact, BrambleError, BrambleEvent, BrambleSession, Code, Moment};
use p2psync_model::MessageId;

use crate::arguments::Bramble;
use crate::fault::Fault;
use crate::host::Clock;
use crate::output::Output;
use crate::{file, machine};

/// Longest body of a message.
const BODY_BYTES_MAX: usize = 32_768;

/// Bytes that are read, and asked for, at once.
const PIECE_BYTES: usize = 16_384;

/// Runs a session to its end.
pub fn run(asked: &Bramble, output: &mut Output) -> Result<(), Fault> {
    let bodies = asked.send.iter().map(|path| body(path)).collect::<Result<Vec<_>, _>>()?;
    let socket = connected(asked, output)?;
    let clock = Clock::new();
    let began = asked.date(machine::now());
    let moment =
        || Moment { millis: clock.millis(), wall: WallClock(began.0.saturating_add(clock.millis().0)) };
    let contact = BrambleContact {
        root_key: asked.root_key.clone(),
        agreed: WallClock(asked.timestamp),
        is_alice: asked.alice,
        groups: asked.groups.clone(),
    };
    let silence_ms = u64::from(asked.silence) * 1_000;
    let is_caller = asked.connect.is_some();
    let mut session = BrambleSession::new(moment(), &contact, is_caller, silence_ms, &mut machine::random())
        .map_err(failed)?;
    let first_ms = asked.sent_at.unwrap_or(began.0);
    for (number, body) in bodies.into_iter().enumerate() {
        let Some(group) = asked.groups.first() else { break };
        session.add(*group, first_ms.saturating_add(number as u64), body).map_err(failed)?;
    }
    let mut talk = Talk { socket, session, moment: &moment, output };
    talk.run(if asked.stay { None } else { Some(asked.linger) })
}

fn body(path: &std::path::Path) -> Result<Vec<u8>, Fault> {
    let bytes = file::read_small(path, BODY_BYTES_MAX)?;
    let error = format!("a message of Bramble has at most {BODY_BYTES_MAX} bytes");
    if bytes.len() > BODY_BYTES_MAX { Err(Fault::reading(path, &error)) } else { Ok(bytes) }
}

fn connected(asked: &Bramble, output: &mut Output) -> Result<TcpStream, Fault> {
    let address = asked.listen.or(asked.connect);
    let connection = match (asked.listen, asked.connect) {
        (Some(address), _) => listened(address, output)?,
        (None, Some(address)) => TcpStream::connect(address),
        (None, None) => Err(std::io::Error::from(ErrorKind::AddrNotAvailable)),
    };
    let socket = connection.and_then(|socket| socket.set_nodelay(true).map(|()| socket));
    socket.map_err(|error| {
        let place = address.map_or_else(String::new, |address| address.to_string());
        let message = format!("no connection with {place}: {error}");
        Fault::new(Code::ConnectFailed, message, "check the address, and that the other side is there")
    })
}

fn listened(address: SocketAddr, output: &mut Output) -> Result<std::io::Result<TcpStream>, Fault> {
    let listener = match TcpListener::bind(address).and_then(|bound| Ok((bound.local_addr()?, bound))) {
        Ok((address, listener)) => {
            let json = || format!(r#"{{"event":"listening","address":"{address}"}}"#);
            output.say(json, || format!("listening on {address}"))?;
            listener
        }
        Err(error) => return Ok(Err(error)),
    };
    Ok(listener.accept().map(|(socket, _)| socket))
}

/// A session on its connection.
struct Talk<'a> {
    socket: TcpStream,
    session: BrambleSession,
    moment: &'a dyn Fn() -> Moment,
    output: &'a mut Output,
}

impl Talk<'_> {
    /// To the end; this side ends first if nothing has been under way for `linger_ms`.
    fn run(&mut self, linger_ms: Option<u64>) -> Result<(), Fault> {
        let inbox = reader(&self.socket)?;
        loop {
            self.send()?;
            if self.session.is_over() {
                // Both have ended: what the other side does with the connection is its own matter.
                let _ = self.socket.shutdown(Shutdown::Write);
                return self
                    .output
                    .say(|| r#"{"event":"ended"}"#.to_owned(), || "end of both streams".to_owned());
            }
            let now = (self.moment)().millis;
            let end = linger_ms.and_then(|linger| Some(self.session.quiet_since()?.plus(linger)));
            if end.is_some_and(|end| now >= end) {
                self.session.finish();
                continue;
            }
            let due = [end, self.session.deadline()].into_iter().flatten().min();
            self.wait(&inbox, due.map_or(u64::MAX, |due: Millis| due.since(now)))?;
        }
    }

    /// Writes what there is to say. Waits while the other side does not read.
    fn send(&mut self) -> Result<(), Fault> {
        loop {
            let (mut bytes, mut events) = (Vec::new(), Vec::new());
            self.session.fill((self.moment)(), PIECE_BYTES, &mut bytes, &mut events);
            self.tell(&events)?;
            if bytes.is_empty() {
                return Ok(());
            }
            // If nobody takes it, the reader says that the connection is gone.
            let _ = self.socket.write_all(&bytes);
        }
    }

    fn wait(&mut self, inbox: &Receiver<Vec<u8>>, wait_ms: u64) -> Result<(), Fault> {
        let heard = inbox.recv_timeout(Duration::from_millis(wait_ms.clamp(1, WAIT_MS_MAX)));
        let (now, random) = ((self.moment)(), &mut machine::random());
        let mut events = Vec::new();
        let result = match heard {
            Ok(bytes) => self.session.received(now, &bytes, random, &mut events),
            Err(RecvTimeoutError::Timeout) => self.session.tick(now, random),
            Err(RecvTimeoutError::Disconnected) => self.session.closed(now, random),
        };
        self.tell(&events)?;
        result.map_err(failed)
    }

    fn tell(&mut self, events: &[BrambleEvent]) -> Result<(), Fault> {
        for event in events {
            self.output.say(|| json(event), || text(event))?;
        }
        Ok(())
    }
}

/// Reads the connection in a thread of its own, a few pieces ahead.
fn reader(socket: &TcpStream) -> Result<Receiver<Vec<u8>>, Fault> {
    let mut socket = socket
        .try_clone()
        .map_err(|error| Fault::new(Code::Internal, format!("the system failed: {error}"), "try again"))?;
    let (pieces, inbox) = sync_channel(4);
    std::thread::spawn(move || {
        let mut buffer = vec![0; PIECE_BYTES];
        loop {
            match socket.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => {
                    let piece = buffer.iter().take(count).copied().collect();
                    if pieces.send(piece).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    });
    Ok(inbox)
}

fn failed(error: BrambleError) -> Fault {
    let advice = "compare root key, roles, timestamp and clock on both sides, and try again";
    Fault::new(error.code(), error.to_string(), advice)
}

fn text(event: &BrambleEvent) -> String {
    match event {
        BrambleEvent::Versions(versions) => format!("versions {versions:?}"),
        BrambleEvent::Received(id, message) => {
            let (group, sent, length) = (message.group(), message.timestamp_ms(), message.body().len());
            format!("received {id} group {} timestamp {sent} bytes {length}", hex(group.as_bytes()))
        }
        BrambleEvent::PeerEnded => "the other side has ended".to_owned(),
        event => {
            let (word, id) = of_message(event);
            format!("{word} {}", id.map(ToString::to_string).unwrap_or_default())
        }
    }
}

fn json(event: &BrambleEvent) -> String {
    match event {
        BrambleEvent::Versions(versions) => {
            format!(r#"{{"event":"versions","versions":{versions:?}}}"#)
        }
        BrambleEvent::Received(id, message) => format!(
            r#"{{"event":"received","id":"{id}","group":"{}","timestamp":{},"body":"{}"}}"#,
            message.group(),
            message.timestamp_ms(),
            hex(message.body())
        ),
        BrambleEvent::PeerEnded => r#"{"event":"peerEnded"}"#.to_owned(),
        event => {
            let (word, id) = of_message(event);
            let id = id.map(ToString::to_string).unwrap_or_default();
            format!(r#"{{"event":"{word}","id":"{id}"}}"#)
        }
    }
}

/// The word for what happened to a message of either side.
const fn of_message(event: &BrambleEvent) -> (&'static str, Option<&MessageId>) {
    match event {
        BrambleEvent::Offered(id) => ("offered", Some(id)),
        BrambleEvent::Requested(id) => ("requested", Some(id)),
        BrambleEvent::Sent(id) => ("sent", Some(id)),
        BrambleEvent::Acked(id) => ("acked", Some(id)),
        BrambleEvent::AckSent(id) => ("ackSent", Some(id)),
        BrambleEvent::Received(id, _) => ("received", Some(id)),
        BrambleEvent::Versions(_) | BrambleEvent::PeerEnded => ("", None),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Longest wait at once.
const WAIT_MS_MAX: u64 = 60_000;
