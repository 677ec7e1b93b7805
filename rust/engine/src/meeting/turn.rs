//! What every step of the meeting side needs of the rest of the engine and of its caller.

use p2psync_model::{GroupId, Policy};
use p2psync_seal::Certificate;
use p2psync_store::Store;
use rand_core::CryptoRngCore;

use crate::Error;
use crate::exchange::{Around, News, Quests};
use crate::identity::Identity;
use crate::meeting::event::{AppEvent, Effect, Moment};

/// One call of the engine: when, with what, and where its effects go.
pub(super) struct Turn<'a> {
    pub(super) now: Moment,
    pub(super) random: &'a mut dyn CryptoRngCore,
    pub(super) effects: &'a mut Vec<Effect>,
    pub(super) store: &'a mut Store,
    pub(super) identity: &'a Identity,
    pub(super) policy: Policy,
    pub(super) group: GroupId,
    /// Longest content that is taken from peers.
    pub(super) document_bytes_max: u64,
    /// The destination's.
    pub(super) certificate: Option<&'a Certificate>,
}

impl Turn<'_> {
    /// What an exchange needs of it.
    pub(super) fn around<'a>(&'a mut self, quests: &'a mut Quests, news: &'a mut Vec<News>) -> Around<'a> {
        Around {
            now: self.now,
            random: &mut *self.random,
            store: &mut *self.store,
            group: self.group,
            document_bytes_max: self.document_bytes_max,
            certificate: self.certificate,
            quests,
            news,
        }
    }

    pub(super) fn tell(&mut self, event: AppEvent) {
        self.effects.push(Effect::App(event));
    }

    pub(super) fn tell_problem(&mut self, error: Error, peer: Option<p2psync_model::PeerId>) {
        self.tell(AppEvent::Problem { error, peer });
    }
}
