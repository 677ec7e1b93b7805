//! What is in a bundle, and in which order.

use p2psync_model::{
    Accepted, Assembly, Attributes, Body, CHUNK_BYTES_MAX, Chunk, Document, DocumentId, INDEX_IDS_MAX,
    LISTED_CHUNKS_MAX, Message, Place, Priority, Protection,
};
use p2psync_sync::bundle::{About, Event, Front, Selection, Writer};
use p2psync_sync::{Entry, Shelf};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::device::{Device, GROUP, Held};
use crate::making::{MADE, carrier, make, messages, noise, pair, read, run};

fn documents(events: &[Event]) -> Vec<DocumentId> {
    let id = |event: &Event| match event {
        Event::Document(message) => Some(message.id()),
        _ => None,
    };
    events.iter().filter_map(id).collect()
}

#[test]
fn statements_come_first_then_the_small_and_urgent() {
    let mut device = Device::default();
    let mut write = |minute: u64, priority, length| {
        device.write(MADE.0 + minute * 60_000, priority, &noise(length, minute))
    };
    let written = [
        write(1, Priority::Low, 500),
        write(2, Priority::High, 40_000),
        write(30, Priority::High, 500),
        write(4, Priority::Normal, 50_000),
        write(9, Priority::High, 600),
        write(6, Priority::Normal, 700),
    ];
    let gone = write(7, Priority::Normal, 10);
    device.confirm(MADE.0 / 1_000, &[gone]);
    let made = make(&mut device, 1, None, 1);
    let (events, end) = read(&made.bytes, 1, 10_000);
    assert_eq!(end, Ok(()));
    assert_eq!(events[0], Event::Recognised { pair: 1 });
    assert_eq!(events[1], Event::About { made: MADE });
    assert!(matches!(events[2], Event::Statement(_)));
    assert_eq!(documents(&events), [4, 2, 5, 0, 1, 3].map(|number| written[number]));
    assert_eq!(events.last(), Some(&Event::End { statements: 1, documents: 6 }));
    assert_eq!((made.tally.statements, made.tally.documents), (1, 6));
}

#[test]
fn a_document_with_an_index_can_be_put_together_as_it_comes() {
    let mut device = Device::default();
    // Mostly one chunk, over and over: what is hashed is little, and what is listed much.
    let mut chunk = |seed: u64| {
        let message = Chunk::new(noise(CHUNK_BYTES_MAX, seed)).unwrap().to_message(GROUP);
        let id = message.id();
        device.chunks.insert(id, message);
        id
    };
    let (same, last) = (chunk(0), chunk(1));
    let mut ids = vec![same; LISTED_CHUNKS_MAX + 30];
    ids[7] = chunk(2);
    *ids.last_mut().unwrap() = last;
    let size_bytes = (ids.len() * CHUNK_BYTES_MAX) as u64;
    let indexes = ids.chunks(INDEX_IDS_MAX).map(|ids| Chunk::of_index(ids).unwrap().to_message(GROUP));
    let indexes: Vec<_> = indexes.collect();
    let place = Place::Indexed(indexes.iter().map(Message::id).collect());
    device.chunks.extend(indexes.into_iter().map(|index| (index.id(), index)));
    let attributes = Attributes::new(Protection::Open { salt: [1; 16] });
    let document = Document::new(attributes, size_bytes, place).unwrap().to_message(GROUP, MADE).unwrap();
    let id = keep_document(&mut device, document);
    let made = make(&mut device, 1, None, 2);
    let (events, end) = read(&made.bytes, 1, 65_536);
    assert_eq!(end, Ok(()));
    let Event::Document(message) = messages(&events)[0] else { panic!("the document comes first") };
    let Ok(Body::Document(document)) = Body::decode(message) else { panic!("it is one") };
    let mut assembly = Assembly::new(GROUP, &document);
    for event in &messages(&events)[1..] {
        let Event::Chunk { of, message } = event else { panic!("only chunks follow") };
        assert_eq!((*of, assembly.accept(message)), (id, Ok(Accepted::New)), "each is wanted when it comes");
    }
    assert!(assembly.is_complete());
    assert_eq!(messages(&events).len(), 1 + 2 + 3, "each chunk is there once");
}

#[test]
fn chosen_documents_and_all_statements() {
    let mut device = carrier(6, &[40_000]);
    let entries: Vec<Entry> = device.documents.values().map(|held| held.entry).collect();
    let chosen = vec![entries[1], entries[4]];
    let mut random = ChaCha20Rng::seed_from_u64(4);
    let front = Front::random(1, &mut random).unwrap();
    let about = About { group: GROUP, made: MADE };
    let pairs = [pair(1)[0].clone()];
    let selection = Selection::Documents(chosen.clone());
    let writer = Writer::new(&front, &pairs, None, about, selection, &mut random).unwrap();
    device.documents.remove(&chosen[0].id);
    assert_eq!(device.message(&chosen[0].id), Ok(None));
    let made = run(writer, &mut device);
    let (events, _) = read(&made.bytes, 1, 10_000);
    assert_eq!(documents(&events), [chosen[1].id], "what is gone is passed over");
    assert_eq!(made.tally.statements, 3);
}

#[test]
fn an_empty_shelf_is_a_bundle_too() {
    let made = make(&mut Device::default(), 1, None, 5);
    let (events, end) = read(&made.bytes, 1, 10_000);
    assert_eq!((events.len(), end), (3, Ok(())));
    assert_eq!(events[2], Event::End { statements: 0, documents: 0 });
}

#[test]
fn a_shelf_that_lacks_a_chunk_ends_the_making() {
    let mut device = carrier(1, &[100_000]);
    let last = *device.chunks.keys().last().unwrap();
    device.chunks.remove(&last);
    let mut random = ChaCha20Rng::seed_from_u64(6);
    let front = Front::random(0, &mut random).unwrap();
    let about = About { group: GROUP, made: MADE };
    let mut writer = Writer::new(&front, &[], None, about, Selection::All, &mut random).unwrap();
    let result = loop {
        match writer.fill(&mut device, &mut Vec::new()) {
            Ok(true) => {}
            other => break other,
        }
    };
    assert!(result.is_err());
}

fn keep_document(device: &mut Device, message: Message) -> DocumentId {
    let Ok(Body::Document(document)) = Body::decode(&message) else { panic!("it is a document") };
    let (id, priority) = (message.id(), document.attributes().priority);
    let (timestamp_ms, bytes) = (message.timestamp_ms(), document.size_bytes());
    let entry = Entry { id, timestamp_ms, bytes, priority };
    device.documents.insert(id, Held { entry, message });
    id
}
