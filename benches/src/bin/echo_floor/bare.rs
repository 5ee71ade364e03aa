//! The echo of `workloads/echo.rs` and `workloads/udp.rs` as a loop on one thread, over epoll.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

/// Bytes of a message.
const MESSAGE: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Tcp,
    Udp,
}

/// The calls to receive that find nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misses {
    Made,
    LeftOut,
}

/// The time in the middle of a message there and back, in nanoseconds.
pub(crate) fn median(protocol: Protocol, misses: Misses, messages: u64) -> io::Result<f64> {
    match protocol {
        Protocol::Tcp => measure::<TcpStream>(misses, messages),
        Protocol::Udp => measure::<Peer>(misses, messages),
    }
}

fn measure<S: Socket>(misses: Misses, messages: u64) -> io::Result<f64> {
    let (mut client, mut server) = S::pair()?;
    let poll = Poll::new([client.as_fd(), server.as_fd()])?;
    let mut times = Vec::new();
    for number in 0..messages {
        let mut message = [0; MESSAGE];
        message[..8].copy_from_slice(&number.to_le_bytes());
        let begun = Instant::now();
        send(&mut client, &message, misses)?;
        poll.wait()?;
        let asked = server.receive()?;
        send(&mut server, &asked, misses)?;
        poll.wait()?;
        let answer = client.receive()?;
        times.push(begun.elapsed());
        if answer != message {
            return Err(io::Error::other("another message came back"));
        }
    }
    times.sort();
    Ok(times[times.len() / 2].as_nanos() as f64)
}

/// As a task does that then wants the next message, before it has come.
fn send<S: Socket>(socket: &mut S, message: &[u8; MESSAGE], misses: Misses) -> io::Result<()> {
    socket.send(message)?;
    if misses == Misses::LeftOut {
        return Ok(());
    }
    match socket.receive() {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(io::Error::other("a message came before it was sent")),
    }
}

/// One end of a conversation. Nothing here waits.
trait Socket: Sized + AsFd {
    /// Two that are connected: who asks, and who answers.
    fn pair() -> io::Result<(Self, Self)>;

    fn send(&mut self, message: &[u8; MESSAGE]) -> io::Result<()>;

    fn receive(&mut self) -> io::Result<[u8; MESSAGE]>;
}

impl Socket for TcpStream {
    fn pair() -> io::Result<(Self, Self)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let client = Self::connect(listener.local_addr()?)?;
        let (server, _) = listener.accept()?;
        for stream in [&client, &server] {
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
        }
        Ok((client, server))
    }

    fn send(&mut self, message: &[u8; MESSAGE]) -> io::Result<()> {
        self.write_all(message)
    }

    fn receive(&mut self) -> io::Result<[u8; MESSAGE]> {
        let mut message = [0; MESSAGE];
        self.read_exact(&mut message)?;
        Ok(message)
    }
}

/// A socket that is not connected, as those of `workloads/udp.rs` are not, and whom it talks to.
struct Peer {
    socket: UdpSocket,
    other: SocketAddr,
}

impl AsFd for Peer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Socket for Peer {
    fn pair() -> io::Result<(Self, Self)> {
        let [client, server] = [(); 2].map(|()| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)));
        let (client, server) = (client?, server?);
        let (asks, answers) = (client.local_addr()?, server.local_addr()?);
        let peer = |socket: UdpSocket, other| {
            socket.set_nonblocking(true)?;
            io::Result::Ok(Self { socket, other })
        };
        Ok((peer(client, answers)?, peer(server, asks)?))
    }

    fn send(&mut self, message: &[u8; MESSAGE]) -> io::Result<()> {
        self.socket.send_to(message, self.other).map(drop)
    }

    fn receive(&mut self) -> io::Result<[u8; MESSAGE]> {
        let mut message = [0; MESSAGE];
        let (length, _) = self.socket.recv_from(&mut message)?;
        if length != MESSAGE {
            return Err(io::Error::other("a datagram came in part"));
        }
        Ok(message)
    }
}

/// Waits for either socket to become readable.
struct Poll {
    epoll: OwnedFd,
}

impl Poll {
    fn new(sockets: [BorrowedFd<'_>; 2]) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let interest = EventFlags::IN | EventFlags::RDHUP | EventFlags::ET;
        for (key, socket) in (0..).zip(sockets) {
            epoll::add(&epoll, socket, EventData::new_u64(key), interest)?;
        }
        Ok(Self { epoll })
    }

    fn wait(&self) -> io::Result<()> {
        let mut events = Vec::<Event>::with_capacity(2);
        epoll::wait(&self.epoll, spare_capacity(&mut events), None)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_comes_back() {
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            for misses in [Misses::Made, Misses::LeftOut] {
                let time = median(protocol, misses, 100).unwrap();
                assert!(time > 0.0, "{protocol:?}, {misses:?}");
            }
        }
    }
}
