//! The true program on a true file, killed at random instants: every id that it said is there and intact, the store
//! opens, and nothing half-written can be seen. `P2PSYNC_KILLS` says how many kills; a failure names its seed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod desk;

use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};

use desk::{Desk, noise};
use p2psync_bramble::SecretKey;
use p2psync_bramble::bdf::Value;
use p2psync_engine::{Depth, Engine, Options, PasswordCost, Place, Query, Unlock};
use p2psync_model::{DocumentId, GroupId, Limits, Policy};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

#[test]
fn what_was_acknowledged_outlives_a_kill_1() {
    kill_puts(1, kills() / 4);
}

#[test]
fn what_was_acknowledged_outlives_a_kill_2() {
    kill_puts(2, kills() / 4);
}

#[test]
fn what_was_acknowledged_outlives_a_kill_3() {
    kill_puts(3, kills() / 4);
}

#[test]
fn what_was_acknowledged_outlives_a_kill_4() {
    kill_puts(4, kills() / 4);
}

#[test]
fn a_store_whose_making_was_cut_off_is_made_again() {
    let mut random = ChaCha8Rng::seed_from_u64(9);
    for _ in 0..kills() / 10 {
        let desk = Desk::new("killed-init");
        let mut command = desk.command();
        command
            .args(["init", "--no-password"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        spin(&mut random);
        child.kill().unwrap();
        child.wait().unwrap();
        let made = desk.done(&["init", "--no-password"]);
        assert!(desk.done(&["init"]).ends_with(made.lines().last().unwrap()));
        assert_eq!(desk.done(&["list"]), "no documents");
    }
}

/// How many kills in all.
fn kills() -> usize {
    std::env::var("P2PSYNC_KILLS").map_or(80, |kills| kills.parse().unwrap())
}

/// Lengths of the files: short and long documents, the longest kept in steps.
const LENGTHS: [usize; 10] = [0, 40, 2_000, 2_000, 2_000, 31_000, 60_000, 200_000, 900_000, 4_000_000];

/// Kills before a fresh store is begun.
const KILLS_PER_STORE: usize = 25;

fn kill_puts(seed: u64, kills: usize) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut killed = 0;
    let (mut acknowledged, mut before_any, mut unsaid) = (0, 0, 0);
    while killed < kills {
        let desk = Desk::with_store(&format!("killed-{seed}"));
        let files: Vec<Vec<u8>> = (0..).zip(LENGTHS).map(|(seed, length)| noise(length, seed)).collect();
        for (number, content) in files.iter().enumerate() {
            desk.write(&number.to_string(), content);
        }
        let mut kept = Vec::new();
        let until = (killed + KILLS_PER_STORE).min(kills);
        let mut round = 0;
        while killed < until {
            round += 1;
            let put = Put { round, order: order(&mut random), files: &files };
            let (said, was_killed) = put.cut_off(&desk, &mut random);
            killed += usize::from(was_killed);
            acknowledged += said.len();
            before_any += usize::from(said.is_empty());
            unsaid += put.verify(&engine(&desk), &said, was_killed, &format!("seed {seed}, kill {killed}"));
            kept.extend(said.into_iter().zip(put.order));
        }
        let engine = engine(&desk);
        for (id, file) in kept {
            assert!(content(&engine, &id) == files[file], "seed {seed}, before kill {killed}");
        }
        assert_eq!(engine.check(Depth::Full).unwrap().damage, [""; 0], "seed {seed}, before kill {killed}");
    }
    eprintln!(
        "{killed} kills, {before_any} before the first id and {unsaid} between a commit and its id; {acknowledged} \
         documents were acknowledged, and all are intact"
    );
}

/// One run of the program, that puts files in an order.
struct Put<'a> {
    round: i64,
    order: Vec<usize>,
    files: &'a [Vec<u8>],
}

impl Put<'_> {
    /// Puts, and kills the program after it has said a random number of ids and a random time more. Returns all ids
    /// that it said, and whether it was killed before it ended.
    fn cut_off(&self, desk: &Desk, random: &mut ChaCha8Rng) -> (Vec<DocumentId>, bool) {
        let mut command = desk.command();
        command.args(["put", "--meta", &format!("round:={}", self.round)]);
        command.args(self.order.iter().map(ToString::to_string));
        let mut child = spawned(&mut command);
        let lines = usize::try_from(random.next_u32()).unwrap() % (self.order.len() + 1);
        let mut out = child.stdout.take().unwrap();
        let mut said = Vec::new();
        let mut byte = [0];
        let mut read = 0;
        while read < lines && out.read(&mut byte).unwrap() > 0 {
            said.push(byte[0]);
            read += usize::from(byte == *b"\n");
        }
        spin(random);
        child.kill().unwrap();
        // What it had said before it was killed counts, read or not.
        out.read_to_end(&mut said).unwrap();
        let status = child.wait().unwrap();
        let was_killed = status.signal() == Some(SIGKILL);
        assert!(was_killed || status.success(), "{status}");
        let whole = said.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        let ids = whole.map(|line| DocumentId::parse(str::from_utf8(line).unwrap().trim_end()).unwrap());
        (ids.collect(), was_killed)
    }

    /// Every id that was said is there and intact; beside them at most the next document, and it is whole. Returns
    /// how many there are beside.
    fn verify(&self, engine: &Engine, said: &[DocumentId], was_killed: bool, place: &str) -> usize {
        for (id, file) in said.iter().zip(&self.order) {
            assert!(content(engine, id) == self.files[*file], "{place}");
        }
        let metadata = [("round", Value::Integer(self.round))].into_iter().collect();
        let query = Query { metadata, count_max: 1_000, ..Query::default() };
        let mut seen = engine.list(&query).unwrap().documents;
        seen.reverse();
        let unsaid = seen.len().checked_sub(said.len()).expect(place);
        assert!(unsaid <= usize::from(was_killed), "{place}: {unsaid} documents more than were said");
        for (document, file) in seen.iter().zip(&self.order) {
            assert_eq!(document.size_bytes, self.files[*file].len() as u64, "{place}");
            assert!(content(engine, &document.id) == self.files[*file], "{place}");
        }
        assert!(seen.iter().zip(said).all(|(seen, said)| seen.id == *said), "{place}");
        unsaid
    }
}

const SIGKILL: i32 = 9;

fn spawned(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// All files, in a random order.
fn order(random: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..LENGTHS.len()).collect();
    for place in (1..order.len()).rev() {
        order.swap(place, usize::try_from(random.next_u32()).unwrap() % (place + 1));
    }
    order
}

/// Lets some time pass: nothing to some ten milliseconds, short times as often as long ones.
fn spin(random: &mut ChaCha8Rng) {
    let scale = random.next_u32() % 21;
    for _ in 0..random.next_u32() % (1 << scale) {
        core::hint::spin_loop();
    }
}

/// The store, opened in this process as the program opens it. It is neither new nor damaged.
fn engine(desk: &Desk) -> Engine {
    let key = SecretKey::from_bytes(std::fs::read(desk.home().join("key")).unwrap().try_into().unwrap());
    let options = Options {
        unlock: Unlock::Host(&key),
        cost: PasswordCost::FLOOR,
        group: GroupId::of_deployment(&[]).unwrap(),
        limits: Limits::default(),
        policy: Policy::default(),
        device_name: None,
    };
    let opened = Engine::open(Place::new(desk.store()), &options, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    assert!(!opened.created && opened.rescue.is_none());
    opened.engine
}

fn content(engine: &Engine, id: &DocumentId) -> Vec<u8> {
    let mut content = Vec::new();
    engine.read(id, &mut content).unwrap();
    content
}
