//! Waiting until a Unix datagram socket that is *not* our peer has room.
//!
//! The kernel says that a socket is writable when its own buffer has room. Of the receiver's queue
//! it knows only for the peer of a connected socket. `sendto` to anybody else whose queue is full
//! fails with `EAGAIN`, and its failing is itself an event: the datagram that it gave back made
//! room in the sender's buffer. Whoever waits for the sender to be writable and tries again does so
//! without a pause, at the price of a core, until the receiver reads.
//!
//! So a second socket is connected to the receiver for as long as the wait lasts. For this one the
//! kernel tells exactly what must be known. It is made anew for each wait: connecting and
//! registering it asks afresh, so that no event can be missed, nor an old one be taken for a new.
//!
//! Rejected: connecting the sender's own socket for the time, which would make it deaf to others;
//! and a pause between the tries, which needs a timer and is always too long or too short.

use std::io;
use std::os::unix::net;

use crate::registration::Registration;
use crate::{Interest, Ready};

use super::UnixDatagram;

impl UnixDatagram {
    /// Sends `buf` to `target`, and waits for room both here and there.
    pub(super) async fn send_to_addr(
        &self,
        buf: &[u8],
        target: &net::SocketAddr,
    ) -> io::Result<usize> {
        loop {
            // After a failed try this is either so already or waits for our own buffer.
            self.writable().await?;
            match self.io.try_io(Interest::WRITABLE, |socket| {
                socket.send_to_addr(buf, target)
            }) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
            // If the target is not to be reached any more the next try tells so by its own error;
            // if there is no file left for the second socket, trying again is all that can be done.
            let _ = self.room_at(target).await;
        }
    }

    /// Waits until `target` can take a datagram.
    async fn room_at(&self, target: &net::SocketAddr) -> io::Result<()> {
        let probe = net::UnixDatagram::unbound()?;
        probe.set_nonblocking(true)?;
        probe.connect_addr(target)?;
        let driver = self.io.handle();
        // It is believed to be not ready, so that the kernel is asked.
        let probe = Registration::with_handle(&driver, probe, Interest::WRITABLE, Ready::EMPTY)
            .map_err(|(_, error)| error)?;
        probe.readiness(Interest::WRITABLE).await.map(drop)
    }
}
