//! The options of a [`TcpStream`].

use std::io;
use std::time::Duration;

use socket2::SockRef;

use super::TcpStream;

impl TcpStream {
    /// Whether small writes are sent at once: `TCP_NODELAY`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.io.get_ref().nodelay()
    }

    /// Sets whether small writes are sent at once, instead of being collected while earlier ones
    /// are not yet acknowledged: `TCP_NODELAY`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.io.get_ref().set_nodelay(nodelay)
    }

    /// How long closing waits for what has not been sent yet: `SO_LINGER`. `None` means that it is
    /// sent in the background.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        SockRef::from(self.io.get_ref()).linger()
    }

    /// Sets how long closing waits for what has not been sent yet: `SO_LINGER`, in seconds.
    ///
    /// **Closing blocks the thread** for that time, also that of a non-blocking socket: dropping
    /// the stream then holds up all tasks of its thread. Rather shut the stream down and read until
    /// its end. For zero, see [`set_zero_linger`](Self::set_zero_linger).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_linger(&self, duration: Option<Duration>) -> io::Result<()> {
        SockRef::from(self.io.get_ref()).set_linger(duration)
    }

    /// Lets closing reset the connection: what has not been sent yet is thrown away, and the peer
    /// sees an error. It never blocks.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_zero_linger(&self) -> io::Result<()> {
        self.set_linger(Some(Duration::ZERO))
    }

    /// The time to live of the packets that it sends: `IP_TTL`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// Sets the time to live of the packets that it sends: `IP_TTL`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
    }
}
