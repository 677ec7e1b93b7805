//! One TCP connection: being dialled, open, or saying its last words.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use p2psync_engine::DialId;

/// How long one address may take to answer.
const ATTEMPT: Duration = Duration::from_secs(5);

/// How long the last words may take to leave.
const FAREWELL: Duration = Duration::from_secs(5);

/// What the system may hold of bytes that it has not sent: a form must not wait behind more of a photo than this.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
const UNSENT_BYTES: u32 = 16_384;

/// One connection.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    pub stage: Stage,
    /// Bytes that the system did not take yet.
    outgoing: Vec<u8>,
    /// Whether there may be something to read, or room to write: until the system says otherwise.
    pub can_read: bool,
    pub can_write: bool,
    /// Where it leads, if this side dialled.
    pub dialled: Option<SocketAddr>,
    /// Whether the engine knows who is there.
    pub is_recognised: bool,
}

/// How far a connection is.
#[derive(Debug)]
pub enum Stage {
    /// Being dialled.
    Dialling {
        /// The attempt that it belongs to.
        dial: DialId,
        /// Other addresses of the same device.
        rest: VecDeque<SocketAddr>,
        /// Until when it may take.
        until: Instant,
    },
    /// Bytes flow.
    Open,
    /// The last words are leaving; what comes is not listened to.
    Closing {
        /// Until when they may take.
        until: Instant,
        /// Whether they have left.
        has_said: bool,
    },
}

/// What reading came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// So many bytes.
    Bytes(usize),
    /// Nothing now.
    Nothing,
    /// The connection is gone.
    End,
}

impl Wire {
    /// Dials the first address that can be dialled at all.
    pub fn dial(
        registry: &Registry,
        token: Token,
        dial: DialId,
        mut addresses: VecDeque<SocketAddr>,
    ) -> Option<Self> {
        while let Some(address) = addresses.pop_front() {
            let until = Instant::now() + ATTEMPT;
            let Ok(stream) = TcpStream::connect(address) else { continue };
            let stage = Stage::Dialling { dial, rest: addresses.clone(), until };
            if let Ok(wire) = Self::new(registry, token, stream, stage, Some(address)) {
                return Some(wire);
            }
        }
        None
    }

    /// A connection that somebody else has made.
    ///
    /// # Errors
    /// That of the system.
    pub fn accepted(registry: &Registry, token: Token, stream: TcpStream) -> io::Result<Self> {
        let mut wire = Self::new(registry, token, stream, Stage::Open, None)?;
        wire.tune();
        Ok(wire)
    }

    fn new(
        registry: &Registry,
        token: Token,
        mut stream: TcpStream,
        stage: Stage,
        dialled: Option<SocketAddr>,
    ) -> io::Result<Self> {
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            stream,
            stage,
            outgoing: Vec::new(),
            can_read: false,
            can_write: false,
            dialled,
            is_recognised: false,
        })
    }

    /// Small frames leave at once, and large ones do not pile up in the system.
    fn tune(&mut self) {
        let _ = self.stream.set_nodelay(true);
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = socket2::SockRef::from(&self.stream).set_tcp_notsent_lowat(UNSENT_BYTES);
    }

    /// The system has something to say of a connection that is being dialled. `None`: not yet known.
    pub fn dialled(&mut self) -> Option<io::Result<()>> {
        if let Ok(Some(error)) | Err(error) = self.stream.take_error() {
            return Some(Err(error));
        }
        match self.stream.peer_addr() {
            Ok(_) => {
                self.stage = Stage::Open;
                self.tune();
                Some(Ok(()))
            }
            Err(error) if error.kind() == ErrorKind::NotConnected => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// Reads once into `buffer`.
    pub fn read(&mut self, buffer: &mut [u8]) -> Heard {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Heard::End,
                Ok(count) => return Heard::Bytes(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.can_read = false;
                    return Heard::Nothing;
                }
                Err(_) => return Heard::End,
            }
        }
    }

    /// Whether all that was given before has been taken by the system, so that more may be asked for.
    pub fn has_room(&self) -> bool {
        self.can_write && self.outgoing.is_empty()
    }

    /// Sends, as far as there is room; the rest waits.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.outgoing.extend_from_slice(bytes);
        self.flush()
    }

    /// Sends what waits, as far as there is room.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn flush(&mut self) -> io::Result<()> {
        while self.can_write && !self.outgoing.is_empty() {
            match self.stream.write(&self.outgoing) {
                Ok(count) => _ = self.outgoing.drain(..count.min(self.outgoing.len())),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.can_write = false,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Nothing more is said after what waits and these words.
    pub fn close(&mut self, last_words: &[u8]) {
        self.outgoing.extend_from_slice(last_words);
        self.stage = Stage::Closing { until: Instant::now() + FAREWELL, has_said: false };
    }

    /// Goes on with the end; `true` once it is over. What still comes is read, for the system answers unread bytes by
    /// a reset that overtakes the last words.
    pub fn farewell(&mut self, buffer: &mut [u8]) -> bool {
        let flushed = self.flush();
        let Stage::Closing { until, has_said } = &mut self.stage else { return false };
        if flushed.is_err() || Instant::now() >= *until {
            return true;
        }
        if self.outgoing.is_empty() && !*has_said {
            *has_said = true;
            let _ = self.stream.shutdown(Shutdown::Write);
        }
        for _ in 0..READS_MAX {
            match self.read(buffer) {
                Heard::Bytes(_) => {}
                Heard::Nothing => return false,
                Heard::End => return true,
            }
        }
        false
    }

    /// When it must be looked at, if nothing happens before.
    pub const fn due(&self) -> Option<Instant> {
        match self.stage {
            Stage::Dialling { until, .. } | Stage::Closing { until, .. } => Some(until),
            Stage::Open => None,
        }
    }

    /// Gives the connection back to the system.
    pub fn discard(mut self, registry: &Registry) {
        let _ = registry.deregister(&mut self.stream);
    }
}

/// How often one connection is read from before others have their turn.
const READS_MAX: u32 = 16;
