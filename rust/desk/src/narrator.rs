//! What goes on, told as it happens: lines for people, or events for programs.

use std::collections::BTreeMap;

use p2psync_api::{Told, refusal_name, to_json};
use p2psync_engine::{
    AppEvent, HistoryEntry, HistoryKind, Nearby, NearbyId, NearbyState, Outcome, PairingState, PairingStep,
    SyncProgress, Word,
};
use p2psync_model::{DocumentId, PeerId};

use crate::bars::Bars;
use crate::fault::{Fault, advice};
use crate::output::Output;
use crate::table;

/// Tells what goes on.
#[derive(Debug, Default)]
pub struct Narrator {
    /// How everybody stood whom it told of.
    told: BTreeMap<NearbyId, NearbyState>,
    names: BTreeMap<PeerId, String>,
    /// The last word with each peer.
    words: BTreeMap<PeerId, (Word, Outcome)>,
    bars: Bars,
}

impl Narrator {
    /// Tells of an event.
    ///
    /// # Errors
    /// [`Fault::Unheard`].
    pub fn tell(&mut self, event: &AppEvent, output: &mut Output) -> Result<(), Fault> {
        let lines = self.lines(event);
        if let (AppEvent::Progress(progress), false) = (event, output.is_json()) {
            let name = self.name_of(&progress.peer);
            self.bars.show(&name, progress);
        }
        self.bars.beside(|| output.say(|| to_json(&Told::from(event)), || lines.join("\n")))
    }

    fn name_of(&self, peer: &PeerId) -> String {
        self.names.get(peer).map_or_else(|| "a peer".to_owned(), |name| shown_name(name))
    }

    fn lines(&mut self, event: &AppEvent) -> Vec<String> {
        match event {
            AppEvent::StatusChanged(_) | AppEvent::Ephemeral { .. } => Vec::new(),
            AppEvent::PeersChanged(list) => self.changes(list),
            AppEvent::Pairing(state) => pairing(state).into_iter().collect(),
            AppEvent::Progress(progress) => self.word(progress).into_iter().collect(),
            AppEvent::DocumentsReceived(ids) => vec![format!("{} arrived", counted(ids))],
            AppEvent::DocumentsConfirmed(ids) => vec![format!("the server has {}", counted(ids))],
            AppEvent::DocumentsRejected(ids) => vec![format!("the server does not take {}", counted(ids))],
            AppEvent::DocumentsRemoved(ids) => {
                vec![format!("the server has {} of others, which went here", counted(ids))]
            }
            AppEvent::DocumentRefused { peer, id, refusal } => {
                vec![format!("{} does not take {id}: {}", self.name_of(peer), refusal_name(*refusal))]
            }
            AppEvent::Problem { error, .. } => {
                vec![format!("{error}. What to do: {}.", advice(error.code()))]
            }
        }
    }

    fn changes(&mut self, list: &[Nearby]) -> Vec<String> {
        let mut lines = Vec::new();
        for near in list {
            if let NearbyId::Peer(peer) = near.id {
                self.names.insert(peer, near.name.clone());
            }
            if self.told.insert(near.id, near.state) != Some(near.state) {
                lines.extend(standing(near));
            }
        }
        self.told.retain(|id, _| list.iter().any(|near| near.id == *id));
        lines
    }

    /// The last word of an exchange, once.
    fn word(&mut self, told: &SyncProgress) -> Option<String> {
        let before = match told.outcome {
            Some(word) => self.words.insert(told.peer, word),
            None => return None,
        };
        let (word, Outcome { sent, received, .. }) = told.outcome.filter(|word| Some(*word) != before)?;
        let (name, word) = (self.name_of(&told.peer), outcome(word.as_str()));
        Some(format!("{name}: {word}; {} sent, {received} received", table::counted(sent.into(), "document")))
    }
}

fn counted(ids: &[DocumentId]) -> String {
    table::counted(u64::try_from(ids.len()).unwrap_or(u64::MAX), "document")
}

fn standing(near: &Nearby) -> Option<String> {
    let name = shown_name(&near.name);
    match near.state {
        NearbyState::Lost => Some(format!("{name} is gone")),
        NearbyState::Found if near.needs_pairing => {
            Some(format!("{name} is near, and no longer knows this machine: pair again"))
        }
        NearbyState::Found => Some(format!("{name} is near")),
        NearbyState::Connecting | NearbyState::Pairing => None,
        NearbyState::Connected => Some(format!("connected with {name}")),
    }
}

fn pairing(state: &PairingState) -> Option<String> {
    let name = state.name.as_deref().map_or_else(|| "the other device".to_owned(), shown_name);
    match &state.step {
        PairingStep::WaitingForScan => None,
        PairingStep::WaitingForPeer => Some("looking for the other device".to_owned()),
        PairingStep::Compare(digits) => Some(format!("both screens should show {digits}")),
        PairingStep::Authenticated => Some(format!("paired with {name}")),
        PairingStep::Unauthenticated => {
            Some(format!("paired with {name}, without comparing: it may be somebody else"))
        }
        PairingStep::Failed(error) => Some(format!("pairing failed: {error}")),
        PairingStep::Cancelled => Some("pairing was stopped".to_owned()),
    }
}

/// One meeting or pairing, in a line.
pub fn meeting(entry: &HistoryEntry) -> String {
    let name = if entry.name.is_empty() { "somebody unknown".to_owned() } else { shown_name(&entry.name) };
    match entry.kind {
        HistoryKind::Pairing => format!("pairing with {name}: {}", outcome(&entry.outcome)),
        HistoryKind::Sync => format!(
            "{name}: {}; {} sent, {} received, {}",
            outcome(&entry.outcome),
            table::counted(entry.sent, "document"),
            entry.received,
            table::size(entry.bytes)
        ),
    }
}

/// How a meeting ended, for people; the code of an error as it is.
pub fn outcome(word: &str) -> &str {
    match word {
        "upToDate" => "up to date",
        "nothingNew" => "nothing new",
        "cutOff" => "cut off",
        "refused" => "some documents were refused",
        other => other,
    }
}

/// A name that somebody else chose: nothing in it moves the cursor.
pub fn shown_name(name: &str) -> String {
    name.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use p2psync_engine::Transport;

    use super::*;

    fn near(number: u64, name: &str, state: NearbyState) -> Nearby {
        Nearby {
            id: NearbyId::Found(number),
            name: name.into(),
            transport: Transport::Lan,
            is_known: false,
            needs_pairing: false,
            state,
        }
    }

    #[test]
    fn everybody_is_told_of_once() {
        let mut narrator = Narrator::default();
        let berta = near(1, "Berta", NearbyState::Found);
        let mut told = |list: Vec<Nearby>| narrator.lines(&AppEvent::PeersChanged(list));
        assert_eq!(told(vec![berta.clone()]), ["Berta is near"]);
        assert_eq!(told(vec![berta.clone()]), [""; 0]);
        let both = vec![near(1, "Berta", NearbyState::Lost), near(2, "Carla\u{1b}[2J", NearbyState::Found)];
        assert_eq!(told(both), ["Berta is gone", "Carla\u{fffd}[2J is near"]);
        assert_eq!(told(vec![]), [""; 0]);
        assert_eq!(told(vec![berta]), ["Berta is near"], "she came back");
    }
}
