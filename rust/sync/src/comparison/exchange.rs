//! Two sides taking turns: whose turn it is, what of it is answered, and when it is over.

use super::answer::{Grain, answer_difference, answer_list};
use super::bound::Range;
use super::encoding::Content;
use super::findings::Findings;
use super::queue::RangeQueue;
use super::record::{RECORD_BYTES_MAX, ROOM_BYTES_MIN, RangesReader, RangesWriter, RecordHeader};
use super::snapshot::Snapshot;
use super::{Error, OPEN_TURNS_MAX, TURN_BYTES_MAX, TURN_RANGES_MAX};
use crate::catalogue::{Catalogue, CatalogueError, Entry};

/// Two sides taking turns, seen from one of them. Pull [`Self::write`] whenever there is room, hand each record of the
/// other side to [`Self::receive`], and take what it finds.
pub struct Comparison {
    snapshot: Snapshot,
    phase: Phase,
    turn: Turn,
    turns_max: u64,
    /// What of the other side's present turn needs an answer.
    arriving: OpenTurn,
    /// Earlier turns of the other side that are not answered in full, newest last.
    open: Vec<OpenTurn>,
    /// The newest of our turns that the other side has not answered in full; 0 if there is none.
    their_open_turn: u64,
    /// What is to be written before anything else.
    outbox: RangeQueue,
    findings: Findings,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Writing,
    Reading,
    Over,
}

/// The turn that is being taken, by whichever side.
struct Turn {
    /// Counted from 1, both sides' together.
    number: u64,
    bytes: usize,
    ranges: usize,
    /// Whether there is anything to answer in it.
    asks: bool,
}

impl Turn {
    const fn new(number: u64) -> Self {
        Self { number, bytes: 0, ranges: 0, asks: false }
    }
}

/// What is to be answered in a turn of the other side: fingerprints that differ from ours, and lists.
struct OpenTurn {
    number: u64,
    ranges: RangeQueue,
    differing: u64,
}

impl OpenTurn {
    const fn new(number: u64) -> Self {
        Self { number, ranges: RangeQueue::new(), differing: 0 }
    }
}

impl Comparison {
    /// Waits for the other side's first turn.
    pub(super) fn new(snapshot: Snapshot, turns_max: u64) -> Self {
        Self {
            snapshot,
            phase: Phase::Reading,
            turn: Turn::new(1),
            turns_max,
            arriving: OpenTurn::new(1),
            open: Vec::new(),
            their_open_turn: 0,
            outbox: RangeQueue::new(),
            findings: Findings::new(),
        }
    }

    /// Over without a turn; the other side lacks everything, or nothing.
    pub(super) fn end_unheard(&mut self, lacks_everything: bool) {
        self.phase = Phase::Over;
        if lacks_everything {
            self.findings.push(Range::ALL, Content::List(&[]));
        }
    }

    /// Takes the first turn. At least `differing` messages are not on both sides.
    pub(super) fn go_first(
        &mut self,
        differing: u64,
        catalogue: &mut dyn Catalogue,
    ) -> Result<(), CatalogueError> {
        self.phase = Phase::Writing;
        self.arriving = OpenTurn::new(2);
        let grain = Grain::for_all(differing);
        answer_difference(&mut self.snapshot, Range::ALL, grain, &mut self.outbox, catalogue)
    }

    /// Whether both sides know all they can. There may be findings left to take.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether it is this side's turn.
    pub fn is_writing(&self) -> bool {
        self.phase == Phase::Writing
    }

    /// Whether [`Self::take_to_send`] has something to look at.
    pub const fn has_findings(&self) -> bool {
        !self.findings.is_empty()
    }

    /// How many turns of the other side are not answered in full, at most [`OPEN_TURNS_MAX`].
    pub const fn open_turns(&self) -> usize {
        self.open.len()
    }

    /// Up to `entries_max` messages that the other side lacks; fewer only if no more are known yet. None comes twice
    /// while the other side behaves.
    ///
    /// # Errors
    /// [`CatalogueError`].
    pub fn take_to_send(
        &mut self,
        entries_max: usize,
        catalogue: &mut dyn Catalogue,
    ) -> Result<Vec<Entry>, CatalogueError> {
        self.findings.take(entries_max, &mut self.snapshot, catalogue)
    }

    /// Takes the payload of one RANGES record.
    ///
    /// # Errors
    /// [`Error::PeerMisbehaved`] if it is malformed, out of turn, or more than a comparison needs;
    /// [`Error::Catalogue`].
    pub fn receive(&mut self, payload: &[u8], catalogue: &mut dyn Catalogue) -> Result<(), Error> {
        if self.phase != Phase::Reading {
            return Err(Error::PeerMisbehaved("ranges out of turn"));
        }
        self.turn.bytes += payload.len();
        if payload.len() > RECORD_BYTES_MAX || self.turn.bytes > TURN_BYTES_MAX {
            return Err(Error::PeerMisbehaved("length of a turn"));
        }
        let reader = RangesReader::new(payload)?;
        let RecordHeader { set, end_of_turn } = reader.header();
        if set != self.snapshot.set() {
            return Err(Error::PeerMisbehaved("ranges of another set"));
        }
        for range in reader {
            let (range, content) = range?;
            self.sort_in(range, content, catalogue)?;
        }
        end_of_turn.map_or(Ok(()), |turns_ago| self.end_their_turn(turns_ago))
    }

    /// Appends the payload of one RANGES record, of at most `room_bytes`, to `out`. False: there is nothing to write
    /// now, because it is the other side's turn or over, findings must be taken first, or the room is less than
    /// [`ROOM_BYTES_MIN`].
    ///
    /// # Errors
    /// [`CatalogueError`]; nothing is appended then.
    pub fn write(
        &mut self,
        room_bytes: usize,
        catalogue: &mut dyn Catalogue,
        out: &mut Vec<u8>,
    ) -> Result<bool, CatalogueError> {
        if self.phase != Phase::Writing || room_bytes < ROOM_BYTES_MIN {
            return Ok(false);
        }
        let mut writer = RangesWriter::new(room_bytes, out);
        let progress = loop {
            if !self.flush(&mut writer) {
                break Progress::Answered;
            }
            let progress = self.answer_next(writer.bytes(), catalogue)?;
            if progress != Progress::Answered {
                break progress;
            }
        };
        if progress == Progress::Blocked && writer.is_empty() {
            return Ok(false);
        }
        self.turn.bytes += writer.bytes();
        let mut header = RecordHeader { set: self.snapshot.set(), end_of_turn: None };
        if progress == Progress::Done {
            header.end_of_turn = Some(self.end_our_turn());
        }
        writer.finish(header);
        Ok(true)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// There may be more to write in this turn.
    Answered,
    /// Findings must be taken first.
    Blocked,
    /// The turn has ended.
    Done,
}

/// A turn that is longer cuts no further ranges. What is left of the bound is for lists' answers and for what records
/// repeat at their beginning.
const TURN_BYTES_FULL: usize = 49_152;

impl Comparison {
    /// Moves what is ready into a record; false if something did not fit.
    fn flush(&mut self, writer: &mut RangesWriter<'_>) -> bool {
        while let Some((range, content)) = self.outbox.front() {
            if !writer.push(range, content) {
                return false;
            }
            self.turn.ranges += 1;
            self.turn.asks |= asks(content);
            self.outbox.pop_front();
        }
        true
    }

    /// Answers the next range of the newest open turn, unless the other side has a newer one open: so the open turns of
    /// both sides nest, and there are never more than a range can be cut.
    fn answer_next(
        &mut self,
        record_bytes: usize,
        catalogue: &mut dyn Catalogue,
    ) -> Result<Progress, CatalogueError> {
        if self.findings.is_full() {
            return Ok(Progress::Blocked);
        }
        let Self { snapshot, turn, open, outbox, findings, .. } = self;
        let Some(newest) = open.last_mut() else { return Ok(Progress::Done) };
        let Some((range, content)) = newest.ranges.front() else {
            open.pop();
            return Ok(Progress::Answered);
        };
        if newest.number < self.their_open_turn {
            return Ok(Progress::Done);
        }
        match content {
            Content::Fingerprint(_) => {
                let grain = Grain::for_differing(newest.differing);
                let is_full = turn.bytes + record_bytes > TURN_BYTES_FULL
                    || turn.ranges as u64 + grain.parts_max > TURN_RANGES_MAX as u64;
                if is_full {
                    return Ok(Progress::Done);
                }
                answer_difference(snapshot, range, grain, outbox, catalogue)?;
            }
            Content::List(ids) => answer_list(snapshot, range, ids, outbox, findings, catalogue)?,
            Content::Want(_) => {}
        }
        newest.ranges.pop_front();
        Ok(Progress::Answered)
    }

    /// How many turns ago our newest open turn came.
    fn end_our_turn(&mut self) -> u64 {
        let newest = self.open.last().map(|open| open.number);
        let is_over = !self.turn.asks && newest.is_none() && self.their_open_turn == 0;
        self.phase = if is_over { Phase::Over } else { Phase::Reading };
        let turns_ago = newest.map_or(0, |number| self.turn.number - number);
        self.turn = Turn::new(self.turn.number + 1);
        turns_ago
    }

    /// Keeps of what came what needs an answer or an action.
    fn sort_in(
        &mut self,
        range: Range,
        content: Content<'_>,
        catalogue: &mut dyn Catalogue,
    ) -> Result<(), Error> {
        self.turn.ranges += 1;
        if self.turn.ranges > TURN_RANGES_MAX {
            return Err(Error::PeerMisbehaved("number of ranges in a turn"));
        }
        self.turn.asks |= asks(content);
        let is_open = match content {
            Content::Fingerprint(theirs) => theirs != self.snapshot.fingerprint(range, catalogue)?,
            Content::List(ids) => !ids.is_empty(),
            Content::Want(_) => false,
        };
        if is_open {
            self.arriving.differing += u64::from(matches!(content, Content::Fingerprint(_)));
            self.arriving.ranges.push(range, content);
        } else if !matches!(content, Content::Fingerprint(_)) {
            self.findings.push(range, content);
        }
        Ok(())
    }

    fn end_their_turn(&mut self, turns_ago: u64) -> Result<(), Error> {
        let number = self.turn.number;
        // Turns of one side have every other number.
        if turns_ago >= number || (turns_ago != 0 && turns_ago.is_multiple_of(2)) {
            return Err(Error::PeerMisbehaved("an open turn that was never taken"));
        }
        if number > self.turns_max {
            return Err(Error::PeerMisbehaved("more turns than a comparison needs"));
        }
        self.their_open_turn = if turns_ago == 0 { 0 } else { number - turns_ago };
        let mut arrived = core::mem::replace(&mut self.arriving, OpenTurn::new(number + 2));
        arrived.ranges.shrink();
        if !arrived.ranges.is_empty() {
            self.open.push(arrived);
        }
        if self.open.len() > OPEN_TURNS_MAX {
            return Err(Error::PeerMisbehaved("more open turns than a comparison needs"));
        }
        let is_over = !self.turn.asks && self.their_open_turn == 0 && self.open.is_empty();
        self.phase = if is_over { Phase::Over } else { Phase::Writing };
        self.turn = Turn::new(number + 1);
        Ok(())
    }
}

/// Whether the other side has to answer, if only by ending its turn.
const fn asks(content: Content<'_>) -> bool {
    match content {
        Content::Fingerprint(_) => true,
        Content::List(ids) => !ids.is_empty(),
        Content::Want(_) => false,
    }
}
