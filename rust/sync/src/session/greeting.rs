//! From the greeting to the end of the comparison.

use super::phase::Phase;
use super::record::Record;
use super::{Error, Session, Versions};
use crate::comparison::{Opening, Start};
use crate::{CatalogueError, Set, Shelf};

impl Session {
    /// The caller's first words: hello, and where it stands with both sets. If the statements turn out to differ, the
    /// second does not count.
    pub(super) fn greet(&mut self, shelf: &mut dyn Shelf) -> Result<(), Error> {
        self.say_hello();
        for set in [Set::Statements, Set::Documents] {
            self.say_start(set, shelf)?;
        }
        Ok(())
    }

    pub(super) fn say_hello(&mut self) {
        let Self { terms, .. } = self;
        let hello = Record::Hello { stays: terms.stays, versions: terms.versions.clone() };
        self.urgent.push_back(hello);
        self.said.hello = true;
    }

    pub(super) fn greeted(&mut self, stays: bool, versions: &Versions) -> Result<(), Error> {
        if !self.phase.is_greeting() {
            return Err(Error::PeerMisbehaved("a second greeting"));
        }
        if !self.terms.is_caller {
            self.say_hello();
        }
        self.terms.versions.agree(versions)?;
        self.stays &= stays;
        self.phase = Phase::Expecting(Set::Statements);
        Ok(())
    }

    /// The other side says where it stands with a set.
    pub(super) fn take_start(&mut self, set: Set, theirs: Start, shelf: &mut dyn Shelf) -> Result<(), Error> {
        match &self.phase {
            // The caller's guess that the statements would not differ.
            Phase::Comparing { set: Set::Statements, .. }
                if set == Set::Documents && !self.terms.is_caller && !self.heard.guess =>
            {
                self.heard.guess = true;
                return Ok(());
            }
            Phase::Expecting(expected) if *expected == set => return self.compare(set, theirs, shelf),
            Phase::Statements { has_said: true } if !self.terms.is_caller && set == Set::Documents => {
                return self.compare(set, theirs, shelf);
            }
            _ => {}
        }
        Err(Error::PeerMisbehaved("the start of a comparison out of turn"))
    }

    pub(super) fn take_ranges(
        &mut self,
        set: Set,
        payload: &[u8],
        shelf: &mut dyn Shelf,
    ) -> Result<(), Error> {
        match &mut self.phase {
            Phase::Comparing { set: compared, comparison } if *compared == set => {
                Ok(comparison.receive(payload, shelf)?)
            }
            _ => Err(Error::PeerMisbehaved("ranges out of turn")),
        }
    }

    pub(super) fn they_finished_statements(&mut self) -> Result<(), Error> {
        let is_now = match &self.phase {
            Phase::Comparing { set, .. } => *set == Set::Statements,
            Phase::Statements { .. } => true,
            Phase::Greeting | Phase::Expecting(_) | Phase::Compared => false,
        };
        if !is_now || !self.terms.is_caller || self.heard.statements_done {
            return Err(Error::PeerMisbehaved("the end of the statements out of turn"));
        }
        self.heard.statements_done = true;
        Ok(())
    }

    /// Goes on as far as nothing is waited for.
    pub(super) fn advance(&mut self, shelf: &mut dyn Shelf) -> Result<(), Error> {
        if let Phase::Comparing { set, comparison } = &mut self.phase {
            let set = *set;
            while self.outgoing.room() > 0 {
                let found = comparison.take_to_send(self.outgoing.room(), shelf)?;
                if found.is_empty() {
                    break;
                }
                for entry in found {
                    self.outgoing.add(set, entry);
                }
            }
            if !comparison.is_over() || comparison.has_findings() {
                return Ok(());
            }
            self.phase = match set {
                Set::Statements => Phase::Statements { has_said: false },
                Set::Documents => Phase::Compared,
            };
        }
        if let Phase::Statements { has_said } = &mut self.phase
            && self.outgoing.is_through_with_statements()
        {
            if self.terms.is_caller && self.heard.statements_done {
                self.phase = Phase::Expecting(Set::Documents);
                self.say_start(Set::Documents, shelf)?;
            } else if !self.terms.is_caller && !*has_said {
                *has_said = true;
                self.urgent.push_back(Record::StatementsDone);
            }
        }
        Ok(())
    }

    /// Both sides' places are known, once this side has said its own.
    fn compare(&mut self, set: Set, theirs: Start, shelf: &mut dyn Shelf) -> Result<(), Error> {
        if !self.terms.is_caller {
            self.say_start(set, shelf)?;
        }
        let ours = self.starts.get(&set).copied();
        if ours == Some(theirs) {
            self.phase = match set {
                Set::Statements => Phase::Expecting(Set::Documents),
                Set::Documents => Phase::Compared,
            };
            return Ok(());
        }
        let opening = Opening::new(&self.terms.key_of(set), set, shelf)?;
        let comparison = opening.begin(theirs, !self.terms.is_caller, shelf)?;
        self.phase = Phase::Comparing { set, comparison: Box::new(comparison) };
        Ok(())
    }

    fn say_start(&mut self, set: Set, shelf: &mut dyn Shelf) -> Result<(), CatalogueError> {
        let start = Opening::new(&self.terms.key_of(set), set, shelf)?.start();
        self.starts.insert(set, start);
        self.urgent.push_back(Record::Start { set, start });
        Ok(())
    }
}
