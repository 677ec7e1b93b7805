//! One module for each group of commands.

mod bramble;
mod bundle;
mod certificate;
mod delete;
mod destination;
mod get;
mod init;
mod list;
mod meeting;
mod nearby;
mod pair;
mod peers;
mod put;
mod rpc;
mod safety;
mod store;
mod sync;

use p2psync_engine::{Code, Engine, Opened, Query};
use p2psync_model::DocumentId;

use crate::arguments::{Arguments, Command};
use crate::fault::Fault;
use crate::home::Home;
use crate::output::Output;

/// Does what was asked for.
///
/// # Errors
/// [`Fault`].
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<(), Fault> {
    let session = Session { arguments, home: Home::find(arguments.home.as_deref())? };
    match &arguments.command {
        Command::Init(init) => init::run(&session, init, output),
        Command::Put(put) => put::run(&session, put, output),
        Command::Get(get) => get::run(&session, get, output),
        Command::List(list) => list::run(&session, list, output),
        Command::Destination(destination) => destination::run(&session, destination, output),
        Command::SealCheck { certificate } => certificate::check(certificate, output),
        Command::VerifyReceipt(verify) => certificate::verify_receipt(&session, verify, output),
        Command::Delete(delete) => delete::run(&session, delete, output),
        Command::Peers(peers) => peers::run(&session, peers, output),
        Command::Nearby(asked) => nearby::nearby(&session, asked, output),
        Command::Pair(pair) => pair::run(&session, pair, output),
        Command::Sync(sync) => sync::run(&session, sync, output),
        Command::Watch(keep) => nearby::watch(&session, keep, output),
        Command::Run(keep) => nearby::run(&session, keep, output),
        Command::Log(log) => peers::log(&session, log, output),
        Command::Bundle(bundle) => bundle::run(&session, bundle, output),
        Command::Rpc(network) => rpc::run(&session, network),
        Command::Bramble(asked) => bramble::run(asked, output),
        Command::Status => safety::status(&session, output),
        Command::Check(check) => safety::check(&session, check, output),
        Command::Password(password) => store::password(&session, password, output),
        Command::Wipe { yes } => store::wipe(&session, *yes, output),
    }
}

/// What every command that needs the store begins with.
struct Session<'a> {
    arguments: &'a Arguments,
    home: Home,
}

impl Session<'_> {
    fn open(&self) -> Result<Engine, Fault> {
        self.opened().map(|opened| opened.engine)
    }

    fn opened(&self) -> Result<Opened, Fault> {
        self.home.open(self.arguments.password_file.as_deref())
    }
}

/// The document that a person means: by its whole id, or by enough of the beginning of one that is here.
fn find(engine: &Engine, text: &str) -> Result<DocumentId, Fault> {
    let text = text.to_ascii_lowercase();
    if let Ok(id) = DocumentId::parse(&text) {
        return Ok(id);
    }
    if text.len() < ID_DIGITS_MIN || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Fault::Usage(format!(
            "an id has 64 hex digits; at least {ID_DIGITS_MIN} of its first are needed"
        )));
    }
    let mut found = Vec::new();
    let mut query = Query { count_max: PAGE_DOCUMENTS, ..Query::default() };
    loop {
        let page = engine.list(&query)?;
        found
            .extend(page.documents.iter().map(|info| info.id).filter(|id| id.to_string().starts_with(&text)));
        match (page.next, found.as_slice()) {
            (_, [_, _, ..]) => {
                let message = format!("more than one id begins with {text}");
                return Err(Fault::new(Code::InvalidArgument, message, "give more of it"));
            }
            (Some(next), _) => query.after = Some(next),
            (None, [id]) => return Ok(*id),
            (None, []) => return Err(p2psync_engine::Error::NotFound.into()),
        }
    }
}

/// Fewest digits of an id that are taken.
const ID_DIGITS_MIN: usize = 6;

/// Digits of an id that are shown: enough to name one among trillions.
const ID_DIGITS_SHOWN: usize = 16;

/// Documents that are looked at together.
const PAGE_DOCUMENTS: usize = 1_000;

/// Asks a person; `false` where nobody can answer, because that is no yes.
fn is_confirmed(question: &str) -> bool {
    use std::io::{IsTerminal as _, Write as _};
    if !std::io::stdin().is_terminal() {
        return false;
    }
    let _ = write!(std::io::stderr().lock(), "{question} Type yes: ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok() && answer.trim() == "yes"
}
