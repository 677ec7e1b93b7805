//! `pair`: two devices come to know each other.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use p2psync_api::{PairingCode, to_json};
use p2psync_engine::{
    AppEvent, Code, DiscoveryOptions, NearbyId, NearbyState, PairingStep, Verdict, picture_of_code,
};

use super::{Session, meeting};
use crate::arguments::Pair;
use crate::fault::Fault;
use crate::host::{Host, News};
use crate::narrator::Narrator;
use crate::output::{Output, note};
use crate::{input, terminal_code};

/// How long the other side may take for its last words, once this side is done, or to begin to sync.
const FAREWELL: Duration = Duration::from_millis(500);

/// How long two who have just paired may sync before this command ends.
const FIRST_SYNC: Duration = Duration::from_secs(30);

/// Pairs with one device.
pub fn run(session: &Session<'_>, asked: &Pair, output: &mut Output) -> Result<(), Fault> {
    let mut host = meeting::open_host(session, &asked.network)?;
    begin(&mut host, asked, output)?;
    let mut pairing = Pairing { asked, narrator: Narrator::default(), compared: None, is_touched: false };
    let end = Instant::now() + Duration::from_secs(asked.seconds.into());
    let outcome = loop {
        if Instant::now() >= end {
            let advice = "bring the devices into one network, or name an address by --dial";
            break Err(Fault::new(Code::Timeout, "nobody came", advice));
        }
        let mut is_done = None;
        for news in host.turn(Some(end.saturating_duration_since(Instant::now())))? {
            is_done = is_done.or(pairing.heard(&mut host, news, output)?);
        }
        if let Some(done) = is_done {
            break done;
        }
    };
    if outcome.is_ok() {
        pairing.linger(&mut host, output)?;
    }
    host.close()?;
    outcome
}

/// Shows a code, takes one, or looks for somebody to compare digits with.
fn begin(host: &mut Host, asked: &Pair, output: &mut Output) -> Result<(), Fault> {
    let remember = !asked.once;
    let options = DiscoveryOptions { seconds: asked.seconds, ..DiscoveryOptions::default() };
    host.act(|engine, step| engine.start_discovery(step, &options));
    if let Some(code) = &asked.code {
        let scanned = host.act(|engine, step| engine.scan_code(step, code, remember, asked.insist));
        return Ok(scanned?);
    }
    if asked.with.is_some() {
        return Ok(());
    }
    let addresses = host.addresses()?;
    let shown = host.act(|engine, step| engine.show_code(step, &addresses, remember))?;
    let picture = terminal_code::drawn(&picture_of_code(&shown.text)?);
    output.say(
        || to_json(&PairingCode::from(&shown)),
        || format!("{picture}\nScan this, or type on the other device:\np2psync pair --code {}", shown.text),
    )
}

/// What is known of the one pairing that this command is for.
struct Pairing<'a> {
    asked: &'a Pair,
    narrator: Narrator,
    /// Whose digits the person was asked about.
    compared: Option<NearbyId>,
    /// Whether somebody near was chosen.
    is_touched: bool,
}

impl Pairing<'_> {
    /// Takes what happens; what the pairing came to, if it is over.
    fn heard(
        &mut self,
        host: &mut Host,
        news: News,
        output: &mut Output,
    ) -> Result<Option<Result<(), Fault>>, Fault> {
        match news {
            News::App(event) => {
                self.narrator.tell(&event, output)?;
                match &event {
                    AppEvent::Pairing(state) => return self.stepped(host, state),
                    AppEvent::PeersChanged(_) => self.choose(host)?,
                    _ => {}
                }
                Ok(None)
            }
            News::Line(line) => {
                self.answer(host, &line)?;
                Ok(None)
            }
            News::InputOver => Ok(None),
            News::Stop => Ok(Some(Err(Fault::new(Code::Cancelled, "pairing was stopped", "pair again")))),
        }
    }

    fn stepped(
        &mut self,
        host: &mut Host,
        state: &p2psync_engine::PairingState,
    ) -> Result<Option<Result<(), Fault>>, Fault> {
        match &state.step {
            PairingStep::WaitingForScan | PairingStep::WaitingForPeer => Ok(None),
            PairingStep::Compare(_) => {
                self.compared = state.with;
                self.ask(host)?;
                Ok(None)
            }
            PairingStep::Authenticated | PairingStep::Unauthenticated => Ok(Some(Ok(()))),
            PairingStep::Failed(error) => Ok(Some(Err(error.clone().into()))),
            PairingStep::Cancelled => {
                Ok(Some(Err(Fault::new(Code::Cancelled, "pairing was stopped", "pair again"))))
            }
        }
    }

    /// Two who have paired sync at once; what has begun comes to its end.
    fn linger(&mut self, host: &mut Host, output: &mut Output) -> Result<(), Fault> {
        let began = Instant::now();
        loop {
            let is_syncing = host.engine().activity().connected_peers > 0;
            let end = began + if is_syncing { FIRST_SYNC } else { FAREWELL };
            if Instant::now() >= end {
                return Ok(());
            }
            for news in host.turn(Some(end.saturating_duration_since(Instant::now())))? {
                let News::App(event) = news else { continue };
                self.narrator.tell(&event, output)?;
                if matches!(&event, AppEvent::Progress(progress) if progress.outcome.is_some()) {
                    return Ok(());
                }
            }
        }
    }

    /// Begins with somebody near, once the one that is meant is there.
    fn choose(&mut self, host: &mut Host) -> Result<(), Fault> {
        let Some(wanted) = self.asked.with.as_deref().filter(|_| !self.is_touched) else { return Ok(()) };
        let near = host.engine().nearby();
        let meant = near.iter().find(|near| {
            let is_open = near.state == NearbyState::Found && !near.is_known;
            is_open && (near.name.eq_ignore_ascii_case(wanted) || near.id.to_string() == wanted)
        });
        let Some(id) = meant.map(|near| near.id) else { return Ok(()) };
        self.is_touched = true;
        Ok(host.act(|engine, step| engine.connect(step, id))?)
    }

    fn ask(&mut self, host: &mut Host) -> Result<(), Fault> {
        if self.asked.yes_digits {
            return self.judge(host, Verdict::Match);
        }
        if !std::io::stdin().is_terminal() {
            note("the digits cannot be compared without a terminal: --yes-digits takes them as the same");
            return self.judge(host, Verdict::Reject);
        }
        note("Are they the same on both? Type yes or no");
        input::read_lines(host.post());
        Ok(())
    }

    fn answer(&mut self, host: &mut Host, line: &str) -> Result<(), Fault> {
        match line.trim() {
            "yes" => self.judge(host, Verdict::Match),
            "no" => self.judge(host, Verdict::Reject),
            _ => {
                note("Type yes or no");
                Ok(())
            }
        }
    }

    fn judge(&mut self, host: &mut Host, verdict: Verdict) -> Result<(), Fault> {
        let Some(with) = self.compared.take() else { return Ok(()) };
        let remember = !self.asked.once;
        Ok(host.act(|engine, step| engine.confirm(step, with, verdict, remember))?)
    }
}
