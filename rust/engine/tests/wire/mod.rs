//! Engines in virtual time: any number of devices with true stores on simulated disks, and radios, walls and cables
//! between them. Nothing sleeps; the same seed and the same calls give the same run.
#![allow(dead_code, reason = "not every test needs all of it")]

mod air;
mod device;
mod pipe;

use std::collections::BTreeMap;

use p2psync_bramble::{Millis, WallClock};
use p2psync_engine::{
    AppEvent, ConnectionId, DialId, DiscoveryOptions, Effect, Engine, Event, Moment, Nearby, NearbyId,
    NearbyState, PairingState, PairingStep, PeerInfo, SightingId, Step, Target, Transport, Verdict,
};
use p2psync_model::{PeerId, Policy};

pub use air::Air;
pub use device::Device;
use pipe::{End, Pipe};

/// The date that right clocks show when a world begins.
pub const DATE_MS: u64 = 1_795_000_000_000;

/// How long the host of a device takes to dial.
const DIAL_MS: u64 = 50;

/// How often one device may be woken in one millisecond before it counts as spinning.
const TICKS_MAX: u32 = 200;

/// Devices, what is between them, and the time.
pub struct World {
    pub now_ms: u64,
    pub devices: Vec<Device>,
    /// What lies between devices: who hears whom.
    pub air: Air,
    /// Latency and rate of every connection made from now on.
    pub latency_ms: u64,
    pub bytes_per_ms: u64,
    /// What a transport takes before it says that it is full.
    pub buffer_bytes: usize,
    /// Called steps of all engines so far.
    pub steps: u64,
    /// A device loses its power when that many steps have been taken.
    pub kill_at: Option<(usize, u64)>,
    pipes: Vec<Pipe>,
    by_connection: BTreeMap<ConnectionId, (usize, usize)>,
    /// Open ends of each device.
    open: BTreeMap<usize, usize>,
    agenda: BTreeMap<(u64, u64), Happening>,
    numbers: u64,
}

/// What is going to happen.
#[derive(Clone, Debug)]
enum Happening {
    /// Bytes arrive at an end of a pipe.
    Arrives { pipe: usize, end: usize, bytes: Vec<u8> },
    /// An end of a pipe learns that it is closed.
    Closes { pipe: usize, end: usize },
    /// There is room again.
    Room { pipe: usize, end: usize },
    /// A dial comes to something, or not.
    Dials { from: usize, life: u32, dial: DialId, target: Target },
    /// Everybody looks around.
    Look,
}

impl World {
    pub fn new() -> Self {
        Self {
            now_ms: 1_000,
            devices: Vec::new(),
            air: Air::default(),
            latency_ms: 20,
            bytes_per_ms: 1_000,
            buffer_bytes: 16_384,
            steps: 0,
            kill_at: None,
            pipes: Vec::new(),
            by_connection: BTreeMap::new(),
            open: BTreeMap::new(),
            agenda: BTreeMap::new(),
            numbers: 0,
        }
    }

    /// That many devices that hear each other over `transports`.
    pub fn with(count: usize, transports: &[Transport]) -> Self {
        let mut world = Self::new();
        for _ in 0..count {
            world.add(Policy::default());
        }
        for one in 0..count {
            for other in 0..one {
                world.air.join(one, other, transports);
            }
        }
        world
    }

    /// Another device, with a fresh store.
    pub fn add(&mut self, policy: Policy) -> usize {
        let number = self.devices.len();
        self.devices.push(Device::new(number, policy));
        number
    }

    /// A step of a device's engine, by the app or the host.
    pub fn act<R>(&mut self, number: usize, act: impl FnOnce(&mut Engine, Step<'_>) -> R) -> R {
        let now = self.moment(number);
        let mut effects = Vec::new();
        let device = &mut self.devices[number];
        let engine = device.engine.as_mut().expect("the device is on");
        let result = act(engine, Step { now, random: &mut device.random, effects: &mut effects });
        device.steps += 1;
        self.steps += 1;
        for effect in effects {
            self.carry_out(number, effect);
        }
        if self.kill_at.is_some_and(|(device, step)| device == number && self.steps >= step) {
            self.kill_at = None;
            self.kill(number);
        }
        result
    }

    pub fn moment(&self, number: usize) -> Moment {
        let wall =
            DATE_MS.saturating_add(self.now_ms).saturating_add_signed(self.devices[number].clock_off_ms);
        Moment { millis: Millis(self.now_ms + self.devices[number].booted_before_ms), wall: WallClock(wall) }
    }

    fn host_tells(&mut self, number: usize, event: Event<'_>) {
        if self.devices[number].engine.is_some() {
            self.act(number, |engine, step| engine.handle(step, event));
        }
    }

    fn carry_out(&mut self, number: usize, effect: Effect) {
        match effect {
            Effect::Radios(radios) => {
                self.devices[number].radios = radios;
                self.plan(100, Happening::Look);
            }
            Effect::Dial { dial, target } => {
                let life = self.devices[number].life;
                self.devices[number].dials += 1;
                self.plan(DIAL_MS, Happening::Dials { from: number, life, dial, target });
            }
            Effect::CancelDial(_) => {}
            Effect::Fill(connection) => {
                if let Some((pipe, end)) = self.find(number, connection) {
                    self.pull(pipe, end);
                }
            }
            Effect::Close { connection, last_words } => {
                if let Some((pipe, end)) = self.find(number, connection) {
                    self.send(pipe, end, last_words);
                    self.hang_up(pipe, end);
                }
            }
            Effect::Recognised { peer, .. } => self.devices[number].recognised.push(peer),
            Effect::App(event) => self.devices[number].told.push(event),
        }
    }

    /// Time goes on for `ms`.
    pub fn run(&mut self, ms: u64) {
        let end_ms = self.now_ms + ms;
        self.run_until(ms, |_| false);
        assert_eq!(self.now_ms, end_ms);
    }

    /// Time goes on until `is_so`, for at most `ms_max`; whether it came to be so.
    pub fn run_until(&mut self, ms_max: u64, mut is_so: impl FnMut(&Self) -> bool) -> bool {
        let end_ms = self.now_ms + ms_max;
        let mut ticks = (self.now_ms, 0);
        while !is_so(self) {
            let happens = self.agenda.keys().next().map(|(at, _)| *at);
            let due = (0..self.devices.len()).filter_map(|number| Some((self.due(number)?, number))).min();
            let next = [happens, due.map(|(at, _)| at)].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end_ms) else {
                self.now_ms = end_ms;
                return is_so(self);
            };
            self.now_ms = self.now_ms.max(next);
            if happens.is_some_and(|at| at <= self.now_ms) {
                let (_, happening) = self.agenda.pop_first().expect("something happens");
                self.happens(happening);
            } else if let Some((_, number)) = due {
                ticks = if ticks.0 == self.now_ms { (ticks.0, ticks.1 + 1) } else { (self.now_ms, 0) };
                assert!(ticks.1 < TICKS_MAX, "device {number} spins");
                self.devices[number].wake_ups += 1;
                self.host_tells(number, Event::Tick);
            }
        }
        true
    }

    fn due(&self, number: usize) -> Option<u64> {
        let device = &self.devices[number];
        let due = device.engine.as_ref()?.deadline()?;
        Some(due.0.saturating_sub(device.booted_before_ms))
    }

    fn plan(&mut self, in_ms: u64, happening: Happening) {
        self.numbers += 1;
        self.agenda.insert((self.now_ms + in_ms, self.numbers), happening);
    }

    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::Arrives { pipe, end, bytes } => self.arrives(pipe, end, &bytes),
            Happening::Closes { pipe, end } => self.closes(pipe, end),
            Happening::Room { pipe, end } => self.pull(pipe, end),
            Happening::Dials { from, life, dial, target } => {
                if self.devices[from].life == life {
                    self.dials(from, dial, target);
                }
            }
            Happening::Look => self.look(),
        }
    }

    fn dials(&mut self, from: usize, dial: DialId, target: Target) {
        let (to, transport) = match target {
            Target::Sighting(SightingId(number)) => Air::unpack(number),
            Target::Address(address) => (usize::from(address.port()) - 1, Transport::Lan),
        };
        let hears = self.devices.get(to).is_some_and(|device| device.listens(transport));
        if !hears || !self.air.connects(from, to, transport) {
            self.host_tells(from, Event::DialFailed(dial));
            return;
        }
        let pipe = self.connect(from, to, transport);
        let [dialler, listener] = self.pipes[pipe].ends.map(|end| end.connection);
        self.host_tells(from, Event::Opened { connection: dialler, transport, dialled: Some(dial) });
        self.host_tells(to, Event::Opened { connection: listener, transport, dialled: None });
    }

    /// A bare connection from a device that is none of ours, to one of ours; see [`Self::speak`].
    pub fn intrude(&mut self, to: usize, transport: Transport) -> ConnectionId {
        let pipe = self.connect(usize::MAX, to, transport);
        let connection = self.pipes[pipe].ends[1].connection;
        self.host_tells(to, Event::Opened { connection, transport, dialled: None });
        connection
    }
}

/// What tests do with people and apps.
impl World {
    pub fn discover(&mut self, number: usize, options: &DiscoveryOptions) {
        self.act(number, |engine, step| engine.start_discovery(step, options));
    }

    /// Everybody looks for devices, for long.
    pub fn all_discover(&mut self) {
        let options = DiscoveryOptions { seconds: 3_600, ..DiscoveryOptions::default() };
        for number in 0..self.devices.len() {
            self.discover(number, &options);
        }
    }

    /// One shows a code, the other scans it.
    pub fn scan(&mut self, shower: usize, scanner: usize, remember: [bool; 2]) {
        let address = Air::address(shower);
        let shown = self.act(shower, |engine, step| engine.show_code(step, &[address], remember[0])).unwrap();
        let text = shown.text;
        self.act(scanner, |engine, step| engine.scan_code(step, &text, remember[1], false)).unwrap();
    }

    /// Two devices that pair by a code, remember each other, and are linked.
    pub fn pair(&mut self, shower: usize, scanner: usize) {
        self.scan(shower, scanner, [true, true]);
        assert!(
            self.run_until(20_000, |world| world.linked(shower, scanner)),
            "{:?}",
            self.steps_of(scanner)
        );
    }

    pub fn id(&self, number: usize) -> PeerId {
        self.devices[number].id
    }

    /// Whether each of the two has a link with the other.
    pub fn linked(&self, one: usize, other: usize) -> bool {
        let knows = |from: usize, to: usize| self.peer(from, to).is_some_and(|peer| peer.is_connected);
        knows(one, other) && knows(other, one)
    }

    /// What `of` holds of `peer`.
    pub fn peer(&self, of: usize, peer: usize) -> Option<PeerInfo> {
        let id = self.id(peer);
        self.devices[of].engine.as_ref()?.peers().into_iter().find(|known| known.id == id)
    }

    pub fn near(&self, number: usize) -> Vec<Nearby> {
        self.devices[number].engine.as_ref().map_or_else(Vec::new, Engine::nearby)
    }

    /// The unknown device that is open to anybody, as `number` sees it.
    pub fn stranger(&self, number: usize) -> Option<Nearby> {
        let is_open = |near: &Nearby| !near.is_known && near.state == NearbyState::Found;
        self.near(number).into_iter().find(is_open)
    }

    /// The pairings that the app of a device was told of.
    pub fn pairings(&self, number: usize) -> Vec<PairingState> {
        let pairing = |event: &AppEvent| match event {
            AppEvent::Pairing(state) => Some(state.clone()),
            _ => None,
        };
        self.devices[number].told.iter().filter_map(pairing).collect()
    }

    pub fn steps_of(&self, number: usize) -> Vec<&'static str> {
        self.pairings(number).iter().map(|state| state.step.as_str()).collect()
    }

    /// The digits on a screen now, and with whom.
    pub fn digits(&self, number: usize) -> Option<(String, NearbyId)> {
        match self.pairings(number).pop()? {
            PairingState { with: Some(with), step: PairingStep::Compare(digits), .. } => {
                Some((digits.to_string(), with))
            }
            _ => None,
        }
    }

    /// One person touches the other's device in the list, and both see digits.
    pub fn compare(&mut self, one: usize, other: usize) -> bool {
        assert!(self.run_until(5_000, |world| world.stranger(one).is_some()));
        let with = self.stranger(one).unwrap().id;
        self.act(one, |engine, step| engine.connect(step, with)).unwrap();
        self.run_until(10_000, |world| world.digits(one).is_some() && world.digits(other).is_some())
    }

    pub fn confirm(&mut self, number: usize, verdict: Verdict, remember: bool) {
        let (_, with) = self.digits(number).unwrap();
        self.act(number, |engine, step| engine.confirm(step, with, verdict, remember)).unwrap();
    }
}
