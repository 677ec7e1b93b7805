//! `sync`: meets whoever is near, once, and says what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use p2psync_engine::{AppEvent, Code, DiscoveryOptions, Engine, Nearby, NearbyId, NearbyState, Word};
use p2psync_model::PeerId;

use super::nearby::{Meetings, meeting_json};
use super::{Session, meeting};
use crate::arguments::Sync;
use crate::fault::Fault;
use crate::host::{Host, News};
use crate::narrator::{self, Narrator};
use crate::output::Output;

/// How long to wait for others after everybody in sight was met.
const QUIET: Duration = Duration::from_secs(2);

/// Syncs with everybody near who is meant.
pub fn run(session: &Session<'_>, asked: &Sync, output: &mut Output) -> Result<(), Fault> {
    let mut host = meeting::open_host(session, &asked.network)?;
    let wanted = meeting::find_peers(host.engine(), &asked.with)?;
    if host.engine().peers().is_empty() {
        let message = "this machine has not paired with any other";
        return Err(Fault::new(Code::NotFound, message, "pair first: `p2psync pair`"));
    }
    let mut round = Round::begin(&mut host, wanted, asked.seconds)?;
    let mut narrator = Narrator::default();
    while !round.is_over(&host) {
        for news in host.turn(Some(round.wait()))? {
            match news {
                News::App(event) => {
                    round.tally.heard(&event);
                    narrator.tell(&event, output)?;
                }
                News::Stop => round.is_stopped = true,
                News::Line(_) | News::InputOver => {}
            }
        }
        round.look(host.engine(), output)?;
    }
    let (engine, _) = host.close()?;
    round.look(&engine, output)?;
    round.tally.judge()
}

/// What is known of this round.
struct Round {
    tally: Tally,
    meetings: Meetings,
    end: Instant,
    /// Since when there is nothing to wait for.
    quiet_since: Option<Instant>,
    is_stopped: bool,
}

impl Round {
    fn begin(host: &mut Host, wanted: Vec<PeerId>, seconds: u32) -> Result<Self, Fault> {
        let meetings = Meetings::after_now(host.engine())?;
        let options = DiscoveryOptions { is_discoverable: false, seconds, ..DiscoveryOptions::default() };
        host.act(|engine, step| engine.start_discovery(step, &options));
        let end = Instant::now() + Duration::from_secs(seconds.into());
        let tally = Tally { wanted, ..Tally::default() };
        Ok(Self { tally, meetings, end, quiet_since: None, is_stopped: false })
    }

    fn wait(&self) -> Duration {
        let end = self.quiet_since.map_or(self.end, |since| self.end.min(since + QUIET));
        end.saturating_duration_since(Instant::now())
    }

    /// Says what has come to an end.
    fn look(&mut self, engine: &Engine, output: &mut Output) -> Result<(), Fault> {
        for entry in self.meetings.fresh(engine)? {
            output.say(|| meeting_json(&entry), || narrator::meeting(&entry))?;
        }
        Ok(())
    }

    /// Whether everybody near was met to a good end, and nobody else has come for a moment.
    fn is_over(&mut self, host: &Host) -> bool {
        let now = Instant::now();
        let is_done = self.tally.has_met_all(&host.engine().nearby());
        self.quiet_since = if is_done { self.quiet_since.or(Some(now)) } else { None };
        let is_quiet = self.quiet_since.is_some_and(|since| now >= since + QUIET);
        self.is_stopped || is_quiet || now >= self.end
    }
}

/// Who is meant, who was met, and what came of it.
#[derive(Default)]
struct Tally {
    /// Nobody: everybody near.
    wanted: Vec<PeerId>,
    /// Everybody with whom something was exchanged.
    met: BTreeSet<PeerId>,
    /// The last word with each of them, once there is one.
    words: BTreeMap<PeerId, Word>,
}

impl Tally {
    /// Notes the last words of exchanges. Where something new follows, the last word was not the last.
    fn heard(&mut self, event: &AppEvent) {
        if let AppEvent::Progress(progress) = event {
            match progress.outcome {
                Some((word, _)) => self.words.insert(progress.peer, word),
                None => self.words.remove(&progress.peer),
            };
            self.met.insert(progress.peer);
        }
    }

    /// Whether everybody who is meant, or near, was met to a good end.
    fn has_met_all(&self, near: &[Nearby]) -> bool {
        let is_done = |peer: &PeerId| self.words.get(peer).is_some_and(|word| *word != Word::CutOff);
        if !self.wanted.is_empty() {
            return self.wanted.iter().all(is_done);
        }
        let is_settled = |near: &Nearby| match (near.id, near.state) {
            (_, NearbyState::Lost) | (NearbyId::Found(_), _) => true,
            (NearbyId::Peer(peer), _) => near.needs_pairing || is_done(&peer),
        };
        !self.words.is_empty() && self.met.iter().all(is_done) && near.iter().all(is_settled)
    }

    /// What has come of it all.
    fn judge(&self) -> Result<(), Fault> {
        let is_unmet = |peer: &PeerId| !self.met.contains(peer);
        if self.met.is_empty() || self.wanted.iter().any(is_unmet) {
            let message = if self.met.is_empty() { "nobody was met" } else { "not everybody was met" };
            let advice = "bring the devices into one network with sync on, or name an address by --dial";
            return Err(Fault::new(Code::PeerLost, message, advice));
        }
        let is_good = |peer| matches!(self.words.get(peer), Some(Word::UpToDate | Word::NothingNew));
        if self.met.iter().all(is_good) {
            return Ok(());
        }
        let message = "not everything was exchanged";
        Err(Fault::new(Code::PeerLost, message, "sync again: what has come is kept, and the rest goes on"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEERS: [PeerId; 2] = [PeerId::from_bytes([1; 32]), PeerId::from_bytes([2; 32])];

    fn tally(wanted: &[PeerId], words: &[(PeerId, Option<Word>)]) -> Tally {
        Tally {
            wanted: wanted.to_vec(),
            met: words.iter().map(|(peer, _)| *peer).collect(),
            words: words.iter().filter_map(|(peer, word)| Some((*peer, (*word)?))).collect(),
        }
    }

    #[test]
    fn a_round_is_good_if_all_have_everything() {
        let [one, other] = PEERS;
        let good = (one, Some(Word::UpToDate));
        for (wanted, words, is_good) in [
            (&[][..], &[][..], false),
            (&[], &[good], true),
            (&[], &[good, (other, Some(Word::NothingNew))], true),
            (&[], &[good, (other, None)], false),
            (&[], &[good, (other, Some(Word::CutOff))], false),
            (&[], &[good, (other, Some(Word::Refused))], false),
            (&[other], &[good], false),
            (&[one], &[good], true),
        ] {
            assert_eq!(tally(wanted, words).judge().is_ok(), is_good, "{wanted:?} {words:?}");
        }
    }

    #[test]
    fn a_round_is_over_when_everybody_near_has_said_the_last_word() {
        let [one, other] = PEERS;
        let near = |peer, state| Nearby {
            id: NearbyId::Peer(peer),
            name: String::new(),
            transport: p2psync_engine::Transport::Lan,
            is_known: true,
            needs_pairing: false,
            state,
        };
        let met = tally(&[], &[(one, Some(Word::UpToDate))]);
        assert!(met.has_met_all(&[near(one, NearbyState::Connected), near(other, NearbyState::Lost)]));
        assert!(!met.has_met_all(&[near(one, NearbyState::Connected), near(other, NearbyState::Found)]));
        assert!(!tally(&[], &[(one, None)]).has_met_all(&[near(one, NearbyState::Connected)]));
        assert!(!tally(&[], &[]).has_met_all(&[]));
        assert!(!tally(&[other], &[(one, Some(Word::UpToDate))]).has_met_all(&[]));
    }
}
