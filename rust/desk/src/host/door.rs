//! Where others come in: the sockets that take connections, and the addresses under which they are reached.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};

/// The port that devices listen on if it is free, so that whoever hosts a network can be dialled without having been
/// seen. In the range that nobody is given.
pub const PORT: u16 = 51_817;

/// Takes connections, on all addresses or one.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
}

impl Door {
    /// Listens on the address that was named; else on all, at [`PORT`] or, if that is taken, another.
    ///
    /// # Errors
    /// That of the system.
    pub fn open(registry: &Registry, token: Token, named: Option<SocketAddr>) -> io::Result<Self> {
        let mut listener = match named {
            Some(address) => TcpListener::bind(address)?,
            None => anywhere()?,
        };
        registry.register(&mut listener, token, Interest::READABLE)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Somebody who has connected; `None` if nobody waits.
    pub fn accept(&self) -> Option<TcpStream> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => return Some(stream),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) if is_of_one(&error) => {}
                // No more files, perhaps: whoever waits is still there when the next one comes.
                Err(_) => return None,
            }
        }
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// Where others reach this machine, the likeliest first: not by addresses that mean something here alone, unless
    /// that is where it listens.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        if !self.address.ip().is_unspecified() {
            return vec![self.address];
        }
        let found = if_addresses();
        found.into_iter().map(|address| SocketAddr::new(address, self.port())).collect()
    }

    /// Listens no longer.
    pub fn close(mut self, registry: &Registry) {
        let _ = registry.deregister(&mut self.listener);
    }
}

/// On all addresses of both kinds, or of one kind where there is only one.
fn anywhere() -> io::Result<TcpListener> {
    let both = |port| {
        let socket = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_only_v6(false)?;
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)).into())?;
        socket.listen(WAITING_MAX)?;
        socket.set_nonblocking(true)?;
        Ok(TcpListener::from_std(socket.into()))
    };
    let one = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
    both(PORT).or_else(|_: io::Error| both(0)).or_else(|_| one(PORT)).or_else(|_| one(0))
}

/// Most connections that wait to be taken.
const WAITING_MAX: i32 = 64;

/// Whether only the one who connected is concerned.
fn is_of_one(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted)
}

/// The machine's own addresses, those of IPv4 first: codes are shorter with them.
fn if_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut addresses: Vec<IpAddr> = interfaces
        .iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(if_addrs::Interface::ip)
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}
