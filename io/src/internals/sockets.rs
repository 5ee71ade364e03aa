//! Sockets without a system. They can be registered in the variant "io: there are sources" only.

use std::io::{self, Stdin};
use std::os::fd::{AsFd, BorrowedFd};
use std::task::{Context, Poll};

use super::Shared;
use crate::net::accept::Acceptor;
use crate::registration::Registration;
use crate::sync::Arc;
use crate::{Handle, Interest, Ready};

/// What stands for a socket: it says when it is closed.
struct Fake<F: FnMut()> {
    descriptor: Stdin,
    on_close: F,
}

impl<F: FnMut()> AsFd for Fake<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl<F: FnMut()> Drop for Fake<F> {
    fn drop(&mut self) {
        (self.on_close)();
    }
}

fn register<F: FnMut()>(shared: &Shared, on_close: F) -> io::Result<Registration<Fake<F>>> {
    let handle = Handle {
        shared: Arc::clone(&shared.0),
    };
    let fake = Fake {
        descriptor: io::stdin(),
        on_close,
    };
    Registration::with_handle(&handle, fake, Interest::READABLE, Ready::READABLE)
        .map_err(|(_, error)| error)
}

/// A registered socket, which is believed readable.
pub struct Socket<F: FnMut()>(Registration<Fake<F>>);

impl<F: FnMut()> Socket<F> {
    pub fn new(shared: &Shared, on_close: F) -> io::Result<Self> {
        register(shared, on_close).map(Self)
    }

    /// Takes the socket out, and closes it then.
    pub fn into_inner(self) -> io::Result<()> {
        self.0.into_inner().map(drop)
    }
}

/// A listener, with as many connections as one wants.
pub struct Listener(Acceptor<Fake<fn()>>);

impl Listener {
    pub fn new(shared: &Shared) -> io::Result<Self> {
        let nothing: fn() = || {};
        register(shared, nothing).map(|io| Self(Acceptor::new(io)))
    }

    pub async fn accept<C>(&self, attempt: impl Fn() -> io::Result<C>) -> io::Result<C> {
        self.0.accept(|_| attempt()).await
    }

    pub fn poll_accept<C>(
        &self,
        cx: &mut Context<'_>,
        attempt: impl Fn() -> io::Result<C>,
    ) -> Poll<io::Result<C>> {
        self.0.poll_accept(cx, |_| attempt())
    }
}
