//! `rpc`: requests in, answers and events out, as lines of JSON. For programs that use this one, and for tests.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;

use p2psync_api::{
    AddressList, Caller, Device, DialOptions, Done, Failure, Files, OpenOptions, Reply, Request, Told,
    to_json,
};
use p2psync_engine::{Code, Engine, Opened};
use zeroize::Zeroizing;

use super::{Session, meeting};
use crate::arguments::Network;
use crate::fault::Fault;
use crate::home::{Secret, options};
use crate::host::{Host, Idle, Mail, News};
use crate::output::{Output, note_rescue};
use crate::{file, input, machine};

/// Answers until nobody asks any more.
pub fn run(session: &Session<'_>, network: &Network) -> Result<(), Fault> {
    let idle = Idle::new()?;
    meeting::stop_by_signal(idle.post())?;
    input::read_lines(idle.post());
    let mut rpc = Rpc { session, network, stage: Stage::Closed(idle), output: Output::new(true) };
    while rpc.turn()? {}
    Ok(())
}

struct Rpc<'a> {
    session: &'a Session<'a>,
    network: &'a Network,
    stage: Stage,
    output: Output,
}

/// Whether the store is open.
enum Stage {
    Closed(Idle),
    Open(Box<Host>),
    /// Between the two: something failed.
    Lost,
}

impl Rpc<'_> {
    /// Takes what has come; `false` if nothing more will.
    fn turn(&mut self) -> Result<bool, Fault> {
        let news = match &mut self.stage {
            Stage::Closed(idle) => {
                idle.wait().map_or_else(|| vec![News::InputOver], |mail| of_mail(mail).into_iter().collect())
            }
            Stage::Open(host) => host.turn(None)?,
            Stage::Lost => return Ok(false),
        };
        for news in news {
            match news {
                News::App(event) => self.say(&to_json(&Told::from(&event)))?,
                News::Line(line) if line.trim().is_empty() => {}
                News::Line(line) => self.answer(&line)?,
                News::InputOver | News::Stop => {
                    self.close()?;
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn answer(&mut self, line: &str) -> Result<(), Fault> {
        let reply = match Request::parse(line) {
            Ok(request) => self.reply(&request)?,
            Err(failure) => Reply::of_host(Request::nobodys(), Err::<Done, _>(failure)),
        };
        self.say(&to_json(&reply))
    }

    fn reply(&mut self, request: &Request) -> Result<Reply, Fault> {
        let id = request.id.clone();
        Ok(match request.method.as_str() {
            "open" => Reply::of_host(id, self.open(request)),
            "close" => {
                self.close()?;
                Reply::of_host(id, Ok(Done {}))
            }
            "dialAddress" => Reply::of_host(id, self.dial(request)),
            "listAddresses" => {
                Reply::of_host(id, self.addresses().map(|addresses| AddressList { addresses }))
            }
            _ => Reply::new(id, self.call(request)),
        })
    }

    fn call(&mut self, request: &Request) -> Result<p2psync_api::Value, Failure> {
        let needs_addresses = request.method == "getPairingCode";
        let addresses = if needs_addresses { self.addresses()? } else { Vec::new() };
        let host = self.host()?;
        host.act(|engine, step| {
            let (now, random, effects) = (step.now, step.random, step.effects);
            Caller { engine, now, random, effects, addresses: &addresses, files: &Paths }.call(request)
        })
    }

    fn host(&mut self) -> Result<&mut Host, Failure> {
        match &mut self.stage {
            Stage::Open(host) => Ok(host),
            Stage::Closed(_) | Stage::Lost => Err(Failure::not_open()),
        }
    }

    fn addresses(&mut self) -> Result<Vec<SocketAddr>, Failure> {
        self.host()?.addresses().map_err(|fault| failure(&fault))
    }

    fn dial(&mut self, request: &Request) -> Result<Done, Failure> {
        let asked: DialOptions = request.arguments()?;
        let peer = asked.peer()?;
        self.host()?.dial_always(asked.address, peer);
        Ok(Done {})
    }

    /// Opens the store, and makes it if there is none.
    fn open(&mut self, request: &Request) -> Result<Device, Failure> {
        let asked: OpenOptions = request.arguments()?;
        if let Stage::Open(host) = &self.stage {
            return Ok(Device::of(host.engine(), false, None));
        }
        let opened = self.opened(&asked).map_err(|fault| failure(&fault))?;
        if let Some(report) = &opened.rescue {
            note_rescue(report);
        }
        let device = Device::of(&opened.engine, opened.created, opened.rescue.as_ref());
        if let Stage::Closed(idle) = core::mem::replace(&mut self.stage, Stage::Lost) {
            let settings = meeting::settings(self.network);
            self.stage = Stage::Open(Box::new(Host::new(opened.engine, settings, idle)));
        }
        Ok(device)
    }

    fn opened(&self, asked: &OpenOptions) -> Result<Opened, Fault> {
        let home = &self.session.home;
        let name = asked.device_name.as_deref();
        let open =
            |secret: &Secret| Engine::open(home.place(), &options(secret, name), &mut machine::random());
        let is_new = !home.has_store()?;
        if is_new {
            home.create()?;
        }
        match &asked.password {
            Some(password) => Ok(open(&Secret::Password(Zeroizing::new(password.clone())))?),
            None if is_new => Ok(open(&Secret::Key(home.key_or_new()?))?),
            None => home.with_secret(self.session.arguments.password_file.as_deref(), open),
        }
    }

    fn close(&mut self) -> Result<(), Fault> {
        match core::mem::replace(&mut self.stage, Stage::Lost) {
            Stage::Open(host) => {
                let (engine, idle) = host.close()?;
                engine.close()?;
                self.stage = Stage::Closed(idle);
            }
            other => self.stage = other,
        }
        Ok(())
    }

    fn say(&mut self, line: &str) -> Result<(), Fault> {
        self.output.say(|| line.to_owned(), String::new)
    }
}

fn of_mail(mail: Mail) -> Option<News> {
    match mail {
        Mail::Line(line) => Some(News::Line(line)),
        Mail::InputOver => Some(News::InputOver),
        Mail::Stop => Some(News::Stop),
        // Of before the store was closed.
        Mail::Seen { .. } | Mail::Gone { .. } => None,
    }
}

fn failure(fault: &Fault) -> Failure {
    match fault {
        Fault::Engine(error) => error.into(),
        Fault::Failed { code, message, .. } => Failure::new(*code, message.clone()),
        Fault::Usage(message) => Failure::new(Code::InvalidArgument, message.clone()),
        Fault::Said | Fault::Unheard => Failure::new(Code::Internal, "nobody listens"),
    }
}

/// Files on this machine, by their paths.
struct Paths;

impl Files for Paths {
    fn open(&self, uri: &str) -> Result<Box<dyn Read>, String> {
        let path = Path::new(uri);
        if file::is_standard_input(path) {
            return Err("standard input has the requests".to_owned());
        }
        file::open(path).map_err(|fault| failure(&fault).error.message)
    }

    fn create(
        &self,
        uri: &str,
        fill: &mut dyn FnMut(&mut dyn Write) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut failed = None;
        let written = file::write_new(Path::new(uri), |file| {
            fill(file).map_err(|failure| {
                failed = Some(failure);
                Fault::Said
            })
        });
        match (written, failed) {
            (Ok(()), _) => Ok(()),
            (Err(_), Some(failure)) => Err(failure),
            (Err(fault), None) => Err(failure(&fault)),
        }
    }
}
