//! One device: its engine, the disk below it, its clock, and what its host and app have seen.

#[path = "../../../store/tests/fixture/simulated.rs"]
mod simulated;

use p2psync_bramble::SecretKey;
use p2psync_disk::{Disk, Snapshot};
use p2psync_engine::{AppEvent, Engine, Options, PasswordCost, Radios, Transport, Unlock};
use p2psync_model::{GroupId, Limits, PeerId, Policy};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::{End, World};

static HOST: SecretKey = SecretKey::from_bytes([9; 32]);

/// A device. Without an engine it is off.
pub struct Device {
    pub engine: Option<Engine>,
    pub disk: Disk,
    pub id: PeerId,
    pub random: ChaCha20Rng,
    pub policy: Policy,
    /// How wrong its date is.
    pub clock_off_ms: i64,
    /// Its other clock began to run so long before the world.
    pub booted_before_ms: u64,
    /// What its radios are doing.
    pub radios: Radios,
    /// What its app was told.
    pub told: Vec<AppEvent>,
    /// Peers that its host was told of.
    pub recognised: Vec<PeerId>,
    pub dials: u32,
    pub wake_ups: u32,
    pub steps: u32,
    /// Starts so far: what was begun in an earlier life is void.
    pub life: u32,
    /// What it was told of others by radio.
    pub(super) sighted: std::collections::BTreeSet<(u64, p2psync_engine::Advert)>,
}

impl Device {
    pub(super) fn new(number: usize, policy: Policy) -> Self {
        Self::on(Disk::new(number as u64), number, policy)
    }

    fn on(disk: Disk, number: usize, policy: Policy) -> Self {
        let mut random = ChaCha20Rng::seed_from_u64(1_000 + number as u64);
        let engine = open(&disk, policy, &mut random);
        Self {
            id: engine.device_id(),
            engine: Some(engine),
            disk,
            random,
            policy,
            clock_off_ms: 0,
            booted_before_ms: number as u64 * 7_777,
            radios: Radios::default(),
            told: Vec::new(),
            recognised: Vec::new(),
            dials: 0,
            wake_ups: 0,
            steps: 0,
            life: 0,
            sighted: std::collections::BTreeSet::new(),
        }
    }

    pub fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("the device is on")
    }

    pub(super) fn listens(&self, transport: Transport) -> bool {
        self.engine.is_some() && self.radios.listen && self.radios.transports.contains(&transport)
    }

    /// Problems that its app was told of.
    pub fn problems(&self) -> Vec<&'static str> {
        let problem = |event: &AppEvent| match event {
            AppEvent::Problem { error, .. } => Some(error.code().as_str()),
            _ => None,
        };
        self.told.iter().filter_map(problem).collect()
    }

    /// Outcomes of its history, the newest first.
    pub fn outcomes(&self) -> Vec<String> {
        let page = self.engine().history(None, 1_000).unwrap();
        page.entries.into_iter().map(|entry| format!("{} {}", entry.kind.as_str(), entry.outcome)).collect()
    }
}

impl World {
    /// A device loses its power: nothing is said, nothing more is written.
    pub fn kill(&mut self, number: usize) {
        self.devices[number].disk.cut_power();
        self.devices[number].engine = None;
        self.devices[number].radios = Radios::default();
        self.devices[number].sighted.clear();
        self.devices[number].life += 1;
        for pipe in 0..self.pipes.len() {
            for end in 0..2 {
                let End { device, is_open, .. } = self.pipes[pipe].ends[end];
                if device == number && is_open {
                    self.hang_up(pipe, end);
                }
            }
        }
        self.plan(100, super::Happening::Look);
    }

    /// It starts again from its disk.
    pub fn restart(&mut self, number: usize) {
        let device = &mut self.devices[number];
        device.disk.power_on();
        device.engine = Some(open(&device.disk, device.policy, &mut device.random));
    }

    pub fn snapshot(&self, number: usize) -> Snapshot {
        self.devices[number].disk.snapshot()
    }

    /// Another device with the disk that some device had.
    pub fn clone_of(&mut self, snapshot: &Snapshot) -> usize {
        let number = self.devices.len();
        let disk = Disk::from_snapshot(snapshot, 77 + number as u64);
        self.devices.push(Device::on(disk, number, Policy::default()));
        number
    }
}

fn open(disk: &Disk, policy: Policy, random: &mut ChaCha20Rng) -> Engine {
    let options = Options {
        unlock: Unlock::Host(&HOST),
        cost: PasswordCost::FLOOR,
        group: GroupId::from_bytes([1; 32]),
        limits: Limits::default(),
        policy,
        device_name: None,
    };
    let opened = Engine::open(simulated::place(disk), &options, random).unwrap();
    assert!(opened.rescue.is_none(), "{:?}", opened.rescue);
    opened.engine
}
