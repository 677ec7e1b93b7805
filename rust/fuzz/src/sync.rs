//! A session of sync of version 1 with a peer that says anything.

use p2psync_bramble::{Millis, SecretKey, hash};
use p2psync_model::{ChunkId, DocumentId, GroupId, MessageId, Priority};
use p2psync_sync::session::{Effect, Input, Session, Terms, Verdict, Versions};
use p2psync_sync::{BUCKET_SHIFT, Bucket, Catalogue, CatalogueError, Entry, Set, Shelf, Shelved};

/// One byte of setting: bit 0, whether this side calls; bit 1, whether the peer greets properly first; the upper four,
/// how many bytes arrive at a time. Then what the peer says. Whatever it is, the session fails or goes on, says the same
/// error again, and holds no more than was stored, asked for and announced.
pub fn sync(data: &[u8]) {
    let Some((&setting, said)) = data.split_first() else { return };
    let is_caller = setting & 1 != 0;
    let terms = Terms {
        is_caller,
        group: GroupId::from_bytes([3; 32]),
        key: SecretKey::from_bytes([4; 32]),
        versions: Versions::ours(),
        stays: setting & 4 != 0,
        patience_ms: 1_000,
    };
    let mut session = Session::new(Millis(0), terms);
    let mut shelf = Few;
    let mut out = Vec::new();
    let filled = session.fill(&mut shelf, ROOM_BYTES, &mut out);
    assert!(filled.is_ok() && (is_caller || out.is_empty()), "a callee speaks first");
    let hello: &[u8] = if setting & 2 != 0 { &[1, 0, 0, 2, 1, 1] } else { &[] };
    let size = 1 + usize::from(setting >> 4) * 37;
    let mut failed = None;
    for piece in hello.chunks(6).chain(said.chunks(size)) {
        let result = hear(&mut session, &mut shelf, piece);
        assert!(failed.is_none() || result == failed.map_or(Ok(()), Err), "an error was forgotten");
        failed = result.err();
        out.clear();
        let filled = session.fill(&mut shelf, ROOM_BYTES, &mut out);
        assert!(out.len() <= ROOM_BYTES && (filled.is_ok() || failed.is_some()));
    }
    let progress = session.progress();
    assert!(progress.sending.documents + progress.sending.refused <= progress.sending.documents_total);
}

/// Takes what comes as an engine does that keeps everything and wants what is announced.
fn hear(session: &mut Session, shelf: &mut Few, bytes: &[u8]) -> Result<(), p2psync_sync::session::Error> {
    let (now, mut effects) = (Millis(0), Vec::new());
    session.handle(now, Input::Received(bytes), shelf, &mut effects)?;
    let (mut verdicts, mut wanted) = (Vec::new(), Vec::new());
    for effect in effects {
        match effect {
            Effect::Pushed(_) => verdicts.push(Verdict::Kept),
            Effect::Announced { id, .. } => {
                verdicts.push(Verdict::Noted);
                wanted.push(id);
            }
            Effect::Answered(message) => {
                session.handle(
                    now,
                    Input::Resolved { id: message.id(), refusal: None },
                    shelf,
                    &mut Vec::new(),
                )?;
            }
            Effect::Gone(_) | Effect::Held(_) | Effect::Refused { .. } | Effect::Ephemeral(_) => {}
        }
    }
    session.handle(now, Input::Settled(&verdicts), shelf, &mut Vec::new())?;
    session.handle(now, Input::Ask { of: None, ids: &wanted }, shelf, &mut Vec::new())
}

/// Eight small documents and a large one.
struct Few;

impl Few {
    fn entry(number: u8) -> Entry {
        Entry {
            id: MessageId::from_bytes([number; 32]),
            timestamp_ms: u64::from(number) << (BUCKET_SHIFT - 1),
            bytes: if number == 8 { 100_000 } else { 100 },
            priority: Priority::Normal,
        }
    }
}

impl Catalogue for Few {
    fn buckets(&mut self, set: Set) -> Result<Vec<Bucket>, CatalogueError> {
        let mut buckets = Vec::new();
        for number in 0..5 {
            let entries = self.entries(set, number)?;
            let ids: Vec<&[u8]> = entries.iter().map(|entry| entry.id.as_bytes().as_slice()).collect();
            if let (Ok(count @ 1..), digest) = (u32::try_from(ids.len()), hash("bucket", &ids)) {
                buckets.push(Bucket { number, count, digest });
            }
        }
        Ok(buckets)
    }

    fn entries(&mut self, set: Set, bucket: u64) -> Result<Vec<Entry>, CatalogueError> {
        if set == Set::Statements {
            return Ok(Vec::new());
        }
        let all = (0..9).map(Self::entry);
        Ok(all.filter(|entry| entry.timestamp_ms >> BUCKET_SHIFT == bucket).collect())
    }
}

impl Shelf for Few {
    fn message(&mut self, id: &MessageId) -> Result<Option<Shelved>, CatalogueError> {
        let found = (0..9).map(Self::entry).find(|entry| entry.id == *id);
        Ok(found.map(|entry| Shelved { timestamp_ms: entry.timestamp_ms, body: vec![0; 100] }))
    }

    fn chunk(&mut self, document: &DocumentId, chunk: &ChunkId) -> Result<Option<Shelved>, CatalogueError> {
        let is_of_it = *document == Self::entry(8).id && chunk.as_bytes().first() == Some(&9);
        Ok(is_of_it.then(|| Shelved { timestamp_ms: 0, body: vec![1; 30_000] }))
    }
}

const ROOM_BYTES: usize = 4_096;
