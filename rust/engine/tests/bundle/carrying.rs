//! Devices with documents, and the files between them.

use p2psync_bramble::WallClock;
use p2psync_engine::{Engine, Error, Exported, Imported, NewDocument, Query, Transport, Which};
use p2psync_model::{DocumentId, MessageId};

use crate::fixture::{form, noise, random};
use crate::wire::{DATE_MS, World};

pub const DATE: WallClock = WallClock(DATE_MS);

/// Devices of which the first has paired with all others, for good.
pub fn world(devices: usize) -> World {
    let mut world = World::with(devices, &[Transport::Lan]);
    for other in 1..devices {
        world.pair(0, other);
    }
    for number in 0..devices {
        world.act(number, Engine::deactivate);
    }
    world
}

pub fn engine(world: &mut World, number: usize) -> &mut Engine {
    world.devices[number].engine.as_mut().unwrap()
}

/// Puts forms of 2 KB and photos of these lengths; all are offered to peers.
pub fn fill(engine: &mut Engine, forms: u64, photos: &[usize]) -> Vec<DocumentId> {
    let photos = photos.iter().map(|length| (NewDocument::new("image/jpeg"), *length));
    let all = (0..forms).map(|_| (form(), 2_000)).chain(photos);
    let put = |(number, (new, length)): (u64, (NewDocument, usize))| {
        let body = noise(length, 500 + number);
        engine.put(&new, &mut body.as_slice(), DATE, &mut random(number)).unwrap().id
    };
    (0..).zip(all).map(put).collect()
}

pub fn export(engine: &mut Engine, seed: u64) -> (Vec<u8>, Exported) {
    let mut bytes = Vec::new();
    let made = engine.export_bundle(&mut bytes, Which::Offered, DATE, &mut random(seed)).unwrap();
    assert_eq!(made.bytes, bytes.len() as u64);
    (bytes, made)
}

pub fn import(engine: &mut Engine, mut bytes: &[u8]) -> Result<Imported, Error> {
    engine.import_bundle(&mut bytes, DATE, &mut random(77))
}

/// Which of these documents can be read whole, and say what was put.
pub fn held(engine: &Engine, ids: &[DocumentId]) -> Vec<DocumentId> {
    let is_held = |id: &&MessageId| engine.read(id, &mut Vec::new()).is_ok();
    ids.iter().filter(is_held).copied().collect()
}

/// What an engine shows of all its documents.
pub fn state(engine: &Engine) -> String {
    let all = Query { count_max: 1_000, ..Query::default() };
    format!("{:?} {:?}", engine.list(&all).unwrap(), engine.status().unwrap())
}
