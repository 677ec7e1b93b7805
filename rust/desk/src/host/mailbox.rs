//! How other threads reach the one that has the engine: what they post wakes it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use mio::{Registry, Token, Waker};

/// What is posted.
#[derive(Debug)]
pub enum Mail {
    /// A service was seen in the local network, by its name and addresses.
    Seen {
        /// Its name there.
        instance: String,
        /// Where it takes connections.
        addresses: Vec<SocketAddr>,
    },
    /// A service has gone.
    Gone {
        /// Its name there.
        instance: String,
    },
    /// A line of standard input.
    Line(String),
    /// Standard input has ended.
    InputOver,
    /// Somebody wants the program to end.
    Stop,
}

/// Posts.
#[derive(Clone, Debug)]
pub struct Post {
    mail: SyncSender<Mail>,
    waker: Arc<Waker>,
}

impl Post {
    /// Posts, and waits if too much has been posted already. `false` if nobody will ever read it.
    pub fn send(&self, mail: Mail) -> bool {
        self.mail.send(mail).is_ok() && self.waker.wake().is_ok()
    }
}

/// A mailbox, and the way to post to it.
#[derive(Debug)]
pub struct Mailbox {
    /// The way to it.
    pub post: Post,
    /// What was posted.
    pub inbox: Receiver<Mail>,
}

impl Mailbox {
    /// # Errors
    /// That of the system.
    pub fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let (mail, inbox) = sync_channel(MAILS_MAX);
        let waker = Arc::new(Waker::new(registry, token)?);
        Ok(Self { post: Post { mail, waker }, inbox })
    }
}

/// Most mails that wait.
const MAILS_MAX: usize = 256;
