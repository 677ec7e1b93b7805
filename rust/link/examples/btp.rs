//! Plain BTP 4 in rotation mode over one TCP connection, to try against other implementations.
//!
//! Records to send are read from standard input, one a line: version, type and payload in hex, as in `0 4 00`. Records
//! that arrive are printed the same way. The end of the input ends our stream; the program ends when both
//! streams have. For example, in two terminals:
//!
//! ```text
//! cargo run -p p2psync-link --example btp -- --listen 127.0.0.1:4000 --root-key $KEY --alice --timestamp 1790000000000
//! cargo run -p p2psync-link --example btp -- --connect 127.0.0.1:4000 --root-key $KEY --timestamp 1790000000000
//! ```
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a program: it has a clock and sockets"
)]
#![allow(clippy::print_stdout, reason = "a program that prints")]

use std::collections::VecDeque;
use std::error::Error;
use std::io::{BufRead as _, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant, SystemTime};

use clap::Parser;
use p2psync_bramble::record::{self, RecordReader};
use p2psync_bramble::stream::{StreamStart, Tag};
use p2psync_bramble::{Millis, Role, SecretKey, WallClock};
use p2psync_link::btp::{BtpLink, Recognised, RotationKeys, TagBook, Transport};
use p2psync_link::{Effect, Input, Limits, Source};
use rand_core::OsRng;

/// Speaks plain BTP 4 over one TCP connection.
#[derive(Parser)]
struct Arguments {
    /// Wait for a connection here.
    #[arg(long, conflicts_with = "connect", required_unless_present = "connect")]
    listen: Option<SocketAddr>,
    /// Connect there.
    #[arg(long)]
    connect: Option<SocketAddr>,
    /// The shared root key: 64 hex digits.
    #[arg(long, value_parser = parse_key)]
    root_key: [u8; 32],
    /// Be Alice; otherwise Bob.
    #[arg(long)]
    alice: bool,
    /// When the root key was agreed, in milliseconds since 1970.
    #[arg(long)]
    timestamp: u64,
    /// What the clock says, in milliseconds since 1970, instead of the system's.
    #[arg(long)]
    clock: Option<u64>,
    /// How long a stranger's connection is held open, in milliseconds.
    #[arg(long, default_value_t = Limits::default().handshake_ms)]
    handshake_ms: u64,
    /// Version of the records that are exchanged (BSP has 0).
    #[arg(long, default_value_t = 0)]
    record_version: u8,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut contact = Contact::new(&arguments)?;
    let limits = Limits { handshake_ms: arguments.handshake_ms, ..Limits::default() };
    let (socket, link) = match (arguments.listen, arguments.connect) {
        (Some(address), _) => {
            let listener = TcpListener::bind(address)?;
            println!("listening on {}", listener.local_addr()?);
            (listener.accept()?.0, BtpLink::accept(Millis(0), limits))
        }
        (None, Some(address)) => {
            (TcpStream::connect(address)?, BtpLink::call(Millis(0), contact.start()?, limits))
        }
        (None, None) => return Err("give --listen or --connect".into()),
    };
    contact.answers = arguments.listen.is_some();
    run(socket, link, contact, arguments.record_version)
}

fn parse_key(text: &str) -> Result<[u8; 32], String> {
    let mut key = [0; 32];
    hex::decode_to_slice(text, &mut key).map_err(|error| error.to_string())?;
    Ok(key)
}

/// The one contact, whose keys are derived afresh at each start.
struct Contact {
    keys: RotationKeys,
    answers: bool,
}

impl Contact {
    fn new(arguments: &Arguments) -> Result<Self, Box<dyn Error>> {
        let transport = Transport::LAN;
        let role = if arguments.alice { Role::Alice } else { Role::Bob };
        let root = SecretKey::from_bytes(arguments.root_key);
        let root_period = transport.period(WallClock(arguments.timestamp));
        let mut keys = RotationKeys::new(transport.id, &root, root_period, role, true);
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        let clock = arguments.clock.map_or(u64::try_from(since_1970.as_millis()), Ok)?;
        keys.advance(transport.period(WallClock(clock)))?;
        Ok(Self { keys, answers: false })
    }

    fn start(&mut self) -> Result<StreamStart, Box<dyn Error>> {
        let stream = self.keys.next_stream().ok_or("no stream numbers are left")?;
        Ok(StreamStart::random(Some(stream.tag), stream.header_key, stream.stream_number, &mut OsRng))
    }
}

impl TagBook for Contact {
    fn recognise(&mut self, tag: &Tag) -> Option<Recognised> {
        let incoming = self.keys.recognise(tag)?;
        let answer = if self.answers { Some(self.start().ok()?) } else { None };
        Some(Recognised { incoming, answer })
    }
}

/// What wakes the loop.
enum Event {
    Received(Vec<u8>),
    Closed,
    Typed(Vec<u8>),
    InputOver,
}

/// Bytes of records that wait for room.
#[derive(Default)]
struct Outbox {
    bytes: VecDeque<u8>,
    is_over: bool,
}

impl Source for Outbox {
    fn fill(&mut self, room_bytes: usize, out: &mut Vec<u8>) {
        let count = room_bytes.min(self.bytes.len());
        out.extend(self.bytes.drain(..count));
    }

    fn is_ended(&self) -> bool {
        self.is_over && self.bytes.is_empty()
    }
}

fn run(
    mut socket: TcpStream,
    mut link: BtpLink,
    mut contact: Contact,
    version: u8,
) -> Result<(), Box<dyn Error>> {
    let (events, inbox) = mpsc::channel();
    let (reading, sender) = (socket.try_clone()?, events.clone());
    std::thread::spawn(move || read_socket(reading, &sender));
    std::thread::spawn(move || read_input(&events));
    let (started, mut outbox, mut records) = (Instant::now(), Outbox::default(), RecordReader::new());
    loop {
        let now = elapsed(started);
        let mut flight = Vec::new();
        link.fill(now, &mut outbox, 65_536, &mut flight);
        socket.write_all(&flight)?;
        if link.is_over() {
            println!("end of stream");
            return Ok(());
        }
        let wait_ms = link.deadline().map_or(1_000, |deadline| deadline.since(now));
        let event = inbox.recv_timeout(Duration::from_millis(wait_ms));
        let mut effects = Vec::new();
        let input = match &event {
            Ok(Event::Received(bytes)) => Input::Received(bytes),
            Ok(Event::Closed) => Input::Closed,
            Ok(Event::Typed(record)) => {
                outbox.bytes.extend(record);
                Input::Tick
            }
            Ok(Event::InputOver) => {
                outbox.is_over = true;
                Input::Tick
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Input::Tick,
        };
        let result = link.handle(elapsed(started), input, &mut contact, &mut effects);
        for effect in effects {
            if let Effect::Received(bytes) = effect {
                print_records(&bytes, &mut records, version)?;
            }
        }
        result?;
    }
}

fn elapsed(started: Instant) -> Millis {
    Millis(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX))
}

fn read_socket(mut socket: TcpStream, events: &Sender<Event>) {
    let mut buffer = vec![0; 16_384];
    while let Ok(count) = socket.read(&mut buffer) {
        let event = if count == 0 {
            Event::Closed
        } else {
            Event::Received(buffer.iter().take(count).copied().collect())
        };
        if events.send(event).is_err() || count == 0 {
            return;
        }
    }
}

fn read_input(events: &Sender<Event>) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match parse_record(&line) {
            Some(record) => _ = events.send(Event::Typed(record)),
            None => println!("not a record (version, type, payload in hex): {line}"),
        }
    }
    _ = events.send(Event::InputOver);
}

fn parse_record(line: &str) -> Option<Vec<u8>> {
    let mut words = line.split_whitespace();
    let (version, kind) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let payload = hex::decode(words.next().unwrap_or_default()).ok()?;
    let mut bytes = Vec::new();
    record::write(version, kind, &payload, &mut bytes).ok()?;
    words.next().is_none().then_some(bytes)
}

fn print_records(bytes: &[u8], records: &mut RecordReader, version: u8) -> Result<(), Box<dyn Error>> {
    records.push(bytes);
    while let Some(record) = records.next(version, |_| true)? {
        println!("{} {} {}", record.version, record.kind, hex::encode(record.payload));
    }
    Ok(())
}
