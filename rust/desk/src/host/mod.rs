//! The host of an engine: one thread that has the sockets and the clock, tells the engine what happens, and does what
//! it says.
//!
//! Nothing is written ahead: a connection is asked for its next bytes when the system has taken the last ones, so a
//! form overtakes a photo.

mod clock;
mod door;
mod mailbox;
mod places;
mod radios;
mod wire;
mod wires;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use p2psync_engine::{
    AppEvent, ConnectionId, Effect, Engine, Event, Radios, SightingId, Step, Target, Transport,
    TransportState,
};
use p2psync_model::PeerId;

use crate::fault::Fault;
use crate::lan::{self, Lan};
use crate::machine;
pub use clock::Clock;
pub use door::PORT;
use mailbox::Mailbox;
pub use mailbox::{Mail, Post};
use places::Places;
use radios::{FAREWELL, not_listening, of_system};
use wire::Heard;
use wires::{Change, MAILBOX, Wires};

/// Bytes that are read at once, as the engine takes them.
const READ_BYTES: usize = 65_536;

/// Bytes that are asked for at once, to be sent: one frame of a link, or a few.
const ROOM_BYTES: usize = 16_384;

/// How often a connection is asked before others have their turn.
const PULLS_MAX: u32 = 16;

/// How often whoever hosts the network is looked for.
const GATEWAY_INTERVAL: Duration = Duration::from_secs(30);

/// How others are reached, and reach this machine.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Where to listen; `None`: everywhere.
    pub listen: Option<SocketAddr>,
    /// Addresses to try, and whom to expect there.
    pub dial: Vec<(SocketAddr, Option<PeerId>)>,
    /// Whether the local network is asked who is there, and its gateway dialled.
    pub is_looking_around: bool,
}

/// What a turn of the loop brought.
#[derive(Debug)]
pub enum News {
    /// The engine tells the app.
    App(AppEvent),
    /// A line of standard input.
    Line(String),
    /// Standard input has ended.
    InputOver,
    /// Somebody wants the program to end.
    Stop,
}

/// What a host needs of the system, while there is no engine.
pub struct Idle {
    wires: Wires,
    mailbox: Mailbox,
}

impl Idle {
    /// # Errors
    /// [`Fault`] if the system gives no sockets.
    pub fn new() -> Result<Self, Fault> {
        let wires = Wires::new().map_err(|error| of_system(&error))?;
        let mailbox = Mailbox::new(wires.registry(), MAILBOX).map_err(|error| of_system(&error))?;
        Ok(Self { wires, mailbox })
    }

    /// For other threads to reach this one.
    pub fn post(&self) -> Post {
        self.mailbox.post.clone()
    }

    /// Waits for a mail; `None` if there will be none.
    pub fn wait(&self) -> Option<Mail> {
        self.mailbox.inbox.recv().ok()
    }
}

/// An engine with all that it needs around it.
pub struct Host {
    engine: Engine,
    settings: Settings,
    clock: Clock,
    wires: Wires,
    places: Places,
    lan: Lan,
    mailbox: Mailbox,
    radios: Radios,
    effects: VecDeque<Effect>,
    news: VecDeque<News>,
    buffer: Vec<u8>,
    gateway_due: Option<Instant>,
}

impl Host {
    /// Around an engine, at rest. Mail that has come already is read by the first turn.
    pub fn new(engine: Engine, settings: Settings, idle: Idle) -> Self {
        let Idle { wires, mailbox } = idle;
        let mut host = Self {
            engine,
            clock: Clock::new(),
            wires,
            places: Places::default(),
            lan: Lan::new(settings.is_looking_around),
            mailbox,
            radios: Radios::default(),
            effects: VecDeque::new(),
            news: VecDeque::new(),
            buffer: vec![0; READ_BYTES],
            gateway_due: None,
            settings,
        };
        for (address, peer) in host.settings.dial.clone() {
            host.dial_always(address, peer);
        }
        host.tell(Event::TransportChanged(Transport::Lan, TransportState::On));
        host.tell(Event::TransportChanged(Transport::Bluetooth, TransportState::Unavailable));
        host.tell(Event::TransportChanged(Transport::WifiDirect, TransportState::Unavailable));
        host.news.clear();
        host
    }

    /// For other threads to reach this one.
    pub fn post(&self) -> Post {
        self.mailbox.post.clone()
    }

    /// The engine, to look at.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A step of the engine, and what follows from it.
    pub fn act<R>(&mut self, act: impl FnOnce(&mut Engine, Step<'_>) -> R) -> R {
        let mut effects = Vec::new();
        let step = Step { now: self.clock.moment(), random: &mut machine::random(), effects: &mut effects };
        let result = act(&mut self.engine, step);
        self.effects.extend(effects);
        self.carry_out();
        result
    }

    /// The addresses under which others reach this machine. Listens from now on.
    ///
    /// # Errors
    /// [`Fault`] if the address that was named cannot be listened on.
    pub fn addresses(&mut self) -> Result<Vec<SocketAddr>, Fault> {
        let named = self.settings.listen;
        let door = self.wires.open_door(named).map_err(|error| not_listening(named, &error))?;
        Ok(door.addresses())
    }

    /// Tries an address from now on, as often as the engine likes; `peer` is whom to expect there.
    pub fn dial_always(&mut self, address: SocketAddr, peer: Option<PeerId>) {
        let sighting = self.places.fix(address, peer);
        if self.radios.scan {
            self.sighted(sighting, None);
        }
    }

    /// Waits until something happens, at most for so long, and does what is due. What there is to tell, if anything.
    ///
    /// # Errors
    /// [`Fault`] if the system fails.
    pub fn turn(&mut self, for_at_most: Option<Duration>) -> Result<Vec<News>, Fault> {
        if self.news.is_empty() {
            let due = self.engine.deadline().map(|due| self.clock.until(due));
            let gateway = self.gateway_due.map(|due| due.saturating_duration_since(Instant::now()));
            let wait = [for_at_most, due, gateway].into_iter().flatten().min();
            let changes = self.wires.wait(wait).map_err(|error| of_system(&error))?;
            self.changed(&changes);
            self.read_mail();
            self.serve();
            if self.engine.deadline().is_some_and(|due| due <= self.clock.millis()) {
                self.tell(Event::Tick);
            }
            if self.gateway_due.is_some_and(|due| due <= Instant::now()) {
                self.look_for_gateway();
            }
        }
        Ok(self.news.drain(..).collect())
    }

    /// Ends what goes on, in order, and gives the engine back.
    ///
    /// # Errors
    /// [`Fault`] if the system fails.
    pub fn close(mut self) -> Result<(Engine, Idle), Fault> {
        self.act(Engine::deactivate);
        let end = Instant::now() + FAREWELL;
        while !self.wires.is_empty() && Instant::now() < end {
            self.wires
                .wait(Some(end.saturating_duration_since(Instant::now())))
                .map_err(|error| of_system(&error))?;
            self.serve();
        }
        self.wires.close_door();
        self.lan.rest();
        Ok((self.engine, Idle { wires: self.wires, mailbox: self.mailbox }))
    }

    fn tell(&mut self, event: Event<'_>) {
        self.act(|engine, step| engine.handle(step, event));
    }

    fn changed(&mut self, changes: &[Change]) {
        for change in changes {
            match *change {
                Change::Opened(connection, dialled) => {
                    self.tell(Event::Opened { connection, transport: Transport::Lan, dialled });
                }
                Change::DialFailed(dial) => self.tell(Event::DialFailed(dial)),
            }
        }
    }

    fn read_mail(&mut self) {
        while let Ok(mail) = self.mailbox.inbox.try_recv() {
            match mail {
                Mail::Seen { instance, addresses } if self.radios.scan && !self.lan.is_own(&instance) => {
                    let Some(shown) = lan::shown(&instance) else { continue };
                    let sighting = self.places.seen(&instance, &addresses);
                    for advert in shown {
                        self.sighted(sighting, Some(advert));
                    }
                }
                Mail::Seen { .. } => {}
                Mail::Gone { instance } => {
                    if let Some(sighting) = self.places.gone(&instance) {
                        self.tell(Event::Lost(sighting));
                    }
                }
                Mail::Line(line) => self.news.push_back(News::Line(line)),
                Mail::InputOver => self.news.push_back(News::InputOver),
                Mail::Stop => self.news.push_back(News::Stop),
            }
        }
    }

    fn sighted(&mut self, sighting: SightingId, advert: Option<p2psync_engine::Advert>) {
        let expected = self.places.expected(sighting);
        self.tell(Event::Sighted { sighting, transport: Transport::Lan, advert, expected });
    }

    /// Reads once from whoever has something to say, and says something to whoever has room.
    fn serve(&mut self) {
        for id in self.wires.take_ready() {
            let mut buffer = core::mem::take(&mut self.buffer);
            match self.wires.read(id, &mut buffer) {
                Heard::Bytes(count) => {
                    let bytes = buffer.get(..count).unwrap_or_default();
                    self.tell(Event::Received { connection: id, bytes });
                }
                Heard::Nothing => {}
                Heard::End => self.gone(id),
            }
            self.buffer = buffer;
            self.pull(id);
        }
    }

    /// Whoever was met at that address before was not there now.
    fn forget_unrecognised(&mut self, id: ConnectionId) {
        if let Some(address) = self.wires.unrecognised(id) {
            self.places.forget(address);
        }
    }

    fn gone(&mut self, id: ConnectionId) {
        self.forget_unrecognised(id);
        self.wires.drop_wire(id);
        self.tell(Event::Closed(id));
    }

    /// Asks for what is to be sent, as long as there is room for it.
    fn pull(&mut self, id: ConnectionId) {
        for _ in 0..PULLS_MAX {
            if !self.wires.has_room(id) {
                return;
            }
            let mut bytes = Vec::new();
            self.engine.fill(self.clock.moment(), id, ROOM_BYTES, &mut bytes);
            if bytes.is_empty() {
                return;
            }
            if !self.wires.send(id, &bytes) {
                self.gone(id);
                return;
            }
        }
        self.wires.is_ready(id);
    }

    fn carry_out(&mut self) {
        while let Some(effect) = self.effects.pop_front() {
            match effect {
                Effect::Radios(radios) => self.tune(radios),
                Effect::Dial { dial, target } => {
                    let addresses = match target {
                        Target::Sighting(sighting) => self.places.addresses(sighting).to_vec(),
                        Target::Address(address) => vec![address],
                    };
                    if !self.wires.dial(dial, addresses.into()) {
                        self.tell(Event::DialFailed(dial));
                    }
                }
                Effect::CancelDial(dial) => self.wires.cancel(dial),
                Effect::Fill(connection) => self.wires.is_ready(connection),
                Effect::Close { connection, last_words } => {
                    self.forget_unrecognised(connection);
                    self.wires.close(connection, &last_words);
                }
                Effect::Recognised { connection, peer } => {
                    if let Some(address) = self.wires.recognised(connection) {
                        self.places.meet(address, peer);
                    }
                }
                Effect::App(event) => self.news.push_back(News::App(event)),
            }
        }
    }
}
