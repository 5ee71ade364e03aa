//! [`Registration`]: a socket or other source, registered with the driver for as long as it is
//! open.
//!
//! Every socket type is one of these and its system calls. An operation is tried when the source is
//! believed ready; if it would block, that belief is dropped (unless an event has come
//! meanwhile, see `readiness.rs`) and the caller waits.
//!
//! # Two beliefs at the beginning
//!
//! A new socket is believed writable, as it nearly always is: the first write need not wait for a
//! turn. It is not believed readable: nothing has arrived on most, the system reports it when
//! registering if something has, and a failing call is saved. An accepted connection is believed
//! both, for its client speaks first as a rule and has often spoken by then. A socket that is
//! connecting is neither.
//!
//! A socket that is believed writable is not registered for that, where the system allows it
//! ([`Selector::arms_late`](sys::Selector::arms_late)): the first who finds it full asks, before the
//! belief is dropped. So a source is believed writable or the system will report that it is, at any
//! moment, also for those who only try and never wait. Most sockets never are full, and the report
//! that a new one is writable wakes a thread for nothing.
//!
//! Where an event disarms its source, nothing of the kind holds: there whoever finds the source not
//! ready asks, be it by a wait or by a try.
//!
//! # The budget
//!
//! A source that is always ready would let its task go on for ever. So an operation that succeeds,
//! and a wait that ends, takes from what the executor allows the task in one poll; when nothing is
//! left, the task goes behind the others. What would have to wait costs nothing: the budget is asked
//! once the source is believed ready, and is given back when that proves wrong.
//!
//! Checked by: loom-tests/tests/models/accept.rs, and readiness.rs

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use mainspring_executor::coop;

use crate::handle::Handle;
use crate::readiness::Observed;
use crate::shared::Shared;
pub(crate) use crate::source_state::Direction;
use crate::source_state::{SourceState, WaiterKey};
use crate::sources::Key;
use crate::sync::{Arc, mutant};
use crate::sys::{self, Source};
use crate::{Interest, Ready};

/// What sockets are registered for. Priority data is included because it shortens reads: see
/// [`Registration::poll_stream_io`].
const EVERYTHING: Interest = Interest::READABLE
    .add(Interest::WRITABLE)
    .add(Interest::PRIORITY);

/// A source that is registered with the driver. It is taken out of the driver before it is closed.
#[derive(Debug)]
pub(crate) struct Registration<S: Source> {
    /// The source; empty only while it is being taken out.
    source: Option<S>,
    /// The source's state, shared with the driver.
    state: Arc<SourceState>,
    /// What the system calls it.
    key: Key,
    /// The driver.
    shared: Arc<Shared>,
}

impl<S: Source> Registration<S> {
    /// Registers a source, which is non-blocking already.
    ///
    /// Who makes the source asks for `handle` first, by [`Handle::current_for`]: outside a runtime
    /// that panics, and nothing must have been made by then, least of all a file.
    pub(crate) fn new(handle: &Handle, source: S) -> io::Result<Self> {
        Self::with_handle(handle, source, EVERYTHING, Ready::WRITABLE).map_err(|(_, error)| error)
    }

    /// As [`new`](Self::new), for a socket that is connecting: its becoming writable must be waited
    /// for.
    pub(crate) fn connecting(handle: &Handle, source: S) -> io::Result<Self> {
        Self::with_handle(handle, source, EVERYTHING, Ready::EMPTY).map_err(|(_, error)| error)
    }

    /// Registers an accepted connection with the driver of this listener.
    pub(crate) fn accepted<T: Source>(&self, connection: T) -> io::Result<Registration<T>> {
        let handle = Handle {
            shared: self.shared.clone(),
        };
        Registration::with_handle(
            &handle,
            connection,
            EVERYTHING,
            Ready::READABLE | Ready::WRITABLE,
        )
        .map_err(|(_, error)| error)
    }

    /// Registers a source that is believed `ready` for the events of `interest`. Gives it back if
    /// that fails.
    #[expect(
        unsafe_code,
        reason = "adding a source has a contract, which this type keeps"
    )]
    pub(crate) fn with_handle(
        handle: &Handle,
        source: S,
        interest: Interest,
        ready: Ready,
    ) -> Result<Self, (S, io::Error)> {
        let shared = &handle.shared;
        if let Err(error) = shared.check_generation() {
            return Err((source, error));
        }
        let is_late = shared.selector.arms_late() && ready.contains(Ready::WRITABLE);
        let rest = interest.remove(Interest::WRITABLE).filter(|_| is_late);
        let armed = if shared.selector.is_oneshot() {
            Ready::EMPTY
        } else if rest.is_some() {
            Ready::ALL - Ready::WRITABLE
        } else {
            Ready::ALL
        };
        let state = Arc::new(SourceState::new(ready, armed));
        let key = match shared.insert(state.clone()) {
            Ok(key) => key,
            Err(error) => return Err((source, error)),
        };
        // SAFETY: the source must be deleted before it is closed. This type owns it from here on,
        // lends it only by shared reference or, for what `AsyncFd` promises, to its owner, and
        // deletes it in `take_out`, before it is dropped or given away.
        if let Err(error) = unsafe {
            shared
                .selector
                .add(&source, key.0, rest.unwrap_or(interest))
        } {
            shared.remove(key);
            return Err((source, error));
        }
        Ok(Self {
            source: Some(source),
            state,
            key,
            shared: shared.clone(),
        })
    }

    #[inline]
    pub(crate) fn get_ref(&self) -> &S {
        match &self.source {
            Some(source) => source,
            None => unreachable!("the source is only taken out by who consumes the registration"),
        }
    }

    pub(crate) fn get_mut(&mut self) -> &mut S {
        match &mut self.source {
            Some(source) => source,
            None => unreachable!("the source is only taken out by who consumes the registration"),
        }
    }

    /// Takes the source out of the driver.
    pub(crate) fn into_inner(mut self) -> io::Result<S> {
        match self.take_out() {
            Some((source, deleted)) => deleted.map(|()| source),
            None => unreachable!("the source is only taken out by who consumes the registration"),
        }
    }

    /// Takes the source out of the driver, whether or not the system could find it there.
    pub(crate) fn into_inner_anyway(mut self) -> S {
        match self.take_out() {
            Some((source, _)) => source,
            None => unreachable!("the source is only taken out by who consumes the registration"),
        }
    }

    pub(crate) fn handle(&self) -> Handle {
        Handle {
            shared: self.shared.clone(),
        }
    }

    /// Tries `op` when the source is believed ready in `direction`; waits while it would block.
    ///
    /// Of the tasks that wait in this way in one direction, only the last is woken.
    #[inline]
    pub(crate) fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut op: impl FnMut(&S) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            let observed = ready!(self.poll_believed(cx, direction))?;
            let budget = ready!(coop::poll_proceed(cx));
            let result = op(self.get_ref());
            if !self.has_blocked(&result, observed, direction.mask())? {
                budget.made_progress();
                return Poll::Ready(result);
            }
        }
    }

    /// As [`poll_io`](Self::poll_io), for a stream and an operation on at most `len` bytes: one
    /// that moves fewer has drained (or filled) the stream, so that the next need not find that out
    /// by a failing call.
    ///
    /// It proves that only because the end of the stream is reported by itself, and only as long as
    /// nothing but want of data ends a read. A TCP stream's urgent byte does; once one has been
    /// reported, the rule is given up for that stream.
    #[inline]
    pub(crate) fn poll_stream_io(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        len: usize,
        mut op: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let observed = ready!(self.poll_believed(cx, direction))?;
            let budget = ready!(coop::poll_proceed(cx));
            let result = op(self.get_ref());
            if !self.has_blocked(&result, observed, direction.mask())? {
                budget.made_progress();
                self.clear_if_short(&result, len, observed, direction);
                return Poll::Ready(result);
            }
        }
    }

    /// Tries `op` when the source is believed ready for `interest`; waits while it would block. Any
    /// number of callers may wait at once.
    pub(crate) async fn async_io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut(&S) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            let observed = self.believed(interest).await?;
            let budget = poll_fn(coop::poll_proceed).await;
            let result = op(self.get_ref());
            if !self.has_blocked(&result, observed, relied_on(interest))? {
                budget.made_progress();
                return result;
            }
        }
    }

    /// Tries `op` if the source is believed ready for `interest`; otherwise it would block.
    pub(crate) fn try_io<R>(
        &self,
        interest: Interest,
        op: impl FnOnce(&S) -> io::Result<R>,
    ) -> io::Result<R> {
        let observed = self.try_observed(interest)?;
        let result = op(self.get_ref());
        self.has_blocked(&result, observed, relied_on(interest))?;
        result
    }

    /// As [`try_io`](Self::try_io), for an operation that changes the source. It must not replace
    /// it.
    pub(crate) fn try_io_mut<R>(
        &mut self,
        interest: Interest,
        op: impl FnOnce(&mut S) -> io::Result<R>,
    ) -> io::Result<R> {
        let observed = self.try_observed(interest)?;
        let result = op(self.get_mut());
        self.has_blocked(&result, observed, relied_on(interest))?;
        result
    }

    /// As [`try_io`](Self::try_io), with the rule of [`poll_stream_io`](Self::poll_stream_io).
    pub(crate) fn try_stream_io(
        &self,
        direction: Direction,
        len: usize,
        op: impl FnOnce(&S) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let observed = self.try_observed(direction.interest())?;
        let result = op(self.get_ref());
        if !self.has_blocked(&result, observed, direction.mask())? {
            self.clear_if_short(&result, len, observed, direction);
        }
        result
    }

    /// Waits until the source is believed ready for `interest`, and says for what of it.
    pub(crate) async fn readiness(&self, interest: Interest) -> io::Result<Ready> {
        let observed = self.observed(interest).await?;
        Ok(observed.states().satisfying(interest))
    }

    pub(crate) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<()>> {
        self.poll_observed(cx, direction).map_ok(drop)
    }

    /// As [`poll_ready`](Self::poll_ready), with the licence to clear what was seen.
    pub(crate) fn poll_observed(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<Observed>> {
        let observed = ready!(self.poll_believed(cx, direction))?;
        ready!(coop::poll_proceed(cx)).made_progress();
        Poll::Ready(Ok(observed))
    }

    /// As [`poll_observed`](Self::poll_observed), but takes nothing from the task's budget.
    #[inline]
    fn poll_believed(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<Observed>> {
        let observed = ready!(
            self.state
                .poll_direction(cx.waker(), direction, self.armer())
        )?;
        Poll::Ready(self.unless_ended(observed))
    }

    /// As [`readiness`](Self::readiness), with the licence to clear what was seen.
    pub(crate) async fn observed(&self, interest: Interest) -> io::Result<Observed> {
        let observed = self.believed(interest).await?;
        if self.shared.selector.is_oneshot() {
            self.ask(unmet(interest, observed.states()))?;
        }
        coop::consume_budget().await;
        Ok(observed)
    }

    /// As [`observed`](Self::observed), but takes nothing from the task's budget.
    fn believed(&self, interest: Interest) -> Believing<'_, S> {
        Believing {
            registration: self,
            mask: interest.mask(),
            key: None,
        }
    }

    /// Forgets `states`, unless there has been an event since `observed`.
    pub(crate) fn clear(&self, observed: Observed, states: Ready) {
        self.state.clear(observed, states);
    }

    fn try_observed(&self, interest: Interest) -> io::Result<Observed> {
        let observed = self.unless_ended(self.state.observe())?;
        if observed.states().satisfying(interest).is_empty() {
            if self.shared.selector.is_oneshot() {
                self.ask(interest.mask())?;
            }
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(observed)
    }

    /// Whether an attempt would have blocked. Then what it relied on is forgotten: the *closed*
    /// states, too, which otherwise stay. A pipe whose last writer has gone can have a new one.
    ///
    /// An error is the system's, which would not report what is to be forgotten: then nothing is.
    #[inline]
    fn has_blocked<R>(
        &self,
        result: &io::Result<R>,
        observed: Observed,
        relied_on: Ready,
    ) -> io::Result<bool> {
        let has_blocked = matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        if has_blocked {
            self.forget(observed, relied_on)?;
        }
        Ok(has_blocked)
    }

    /// Forgets `states`, unless there has been an event since `observed`, and sees to it that the
    /// system reports them.
    #[inline]
    fn forget(&self, observed: Observed, states: Ready) -> io::Result<()> {
        let selector = &self.shared.selector;
        let is_late = selector.arms_late() && states.contains(Ready::WRITABLE);
        if is_late || selector.is_oneshot() {
            // Before the belief is dropped: if it fails the next attempt is made all the same. A
            // report that comes in between moves the tick, and is not forgotten with the rest.
            self.ask(states)?;
        }
        self.state.clear(observed, states);
        Ok(())
    }

    /// Asks the system to report `states`, unless it has been asked. In the child of a fork nobody
    /// would hear of it.
    fn ask(&self, states: Ready) -> io::Result<()> {
        if states.is_empty() || self.shared.is_stale() {
            return Ok(());
        }
        self.state.ask(states, self.armer())
    }

    #[inline]
    fn clear_if_short(
        &self,
        result: &io::Result<usize>,
        len: usize,
        observed: Observed,
        direction: Direction,
    ) {
        // Nothing at all is the end of the stream, which stays.
        let is_short = matches!(result, Ok(n) if (1..len).contains(n));
        if is_short && self.shared.selector.short_count_drains() && !observed.states().is_priority()
        {
            let drained = match direction {
                Direction::Read => Ready::READABLE,
                Direction::Write => Ready::WRITABLE,
            };
            // An error is for the next attempt, which is made as nothing is forgotten: this one has
            // moved bytes.
            let _ = self.forget(observed, drained);
        }
    }

    fn unless_ended(&self, observed: Observed) -> io::Result<Observed> {
        if observed.has_ended() {
            Err(self.shared.end_error())
        } else {
            Ok(observed)
        }
    }

    /// Asks the system to report what it is given. It is called under the lock of the waiters, so
    /// the descriptor is taken now: that of an `AsyncFd` is told by the user's code.
    #[inline]
    fn armer(&self) -> impl FnOnce(Ready) -> io::Result<()> {
        let selector = &self.shared.selector;
        let source = sys::lend(self.get_ref());
        move |states| selector.arm(&source, self.key.0, states)
    }

    /// The source, and whether the system could find it. `None` when it has been taken out before.
    fn take_out(&mut self) -> Option<(S, io::Result<()>)> {
        let source = self.source.take()?;
        if self.shared.is_stale() {
            // The place in the driver is the parent's socket's, which is the same one.
            return Some((source, Ok(())));
        }
        if !mutant!("io: what is taken out stays in the list") {
            self.shared.remove(self.key);
        }
        if mutant!("io: what is taken out stays with the system") {
            return Some((source, Ok(())));
        }
        let deleted = self.shared.selector.delete(&source);
        Some((source, deleted))
    }
}

/// What an attempt that would have blocked has disproved. One for either direction may have tried
/// only one of them, so it proves nothing about the end of the other.
pub(crate) fn relied_on(interest: Interest) -> Ready {
    if interest.is_readable() && interest.is_writable() {
        interest.mask() - Ready::READ_CLOSED - Ready::WRITE_CLOSED
    } else {
        interest.mask()
    }
}

/// What of both directions a wait for both has not got. It may have ended for one of them while
/// nobody has asked for the other.
fn unmet(interest: Interest, states: Ready) -> Ready {
    let mut unmet = Ready::EMPTY;
    if interest.is_readable() && interest.is_writable() {
        for direction in [Direction::Read, Direction::Write] {
            if !states.intersects(direction.mask()) {
                unmet |= direction.mask();
            }
        }
    }
    unmet
}

impl<S: Source> Drop for Registration<S> {
    fn drop(&mut self) {
        if let Some((source, _)) = self.take_out() {
            if mutant!("io: a close is announced before it is done") {
                self.shared.closes().announce();
            }
            drop(source);
            if !self.shared.is_stale() && !mutant!("io: a close is announced before it is done") {
                self.shared.closes().announce();
            }
        }
    }
}

/// Waits until a source is ready; made by [`Registration::believed`].
///
/// Dropping it leaves nothing behind.
#[derive(Debug)]
#[must_use = "a future does nothing unless it is polled"]
struct Believing<'a, S: Source> {
    /// What is waited for.
    registration: &'a Registration<S>,
    /// The states that end the wait.
    mask: Ready,
    /// The place among the waiters, while there is one.
    key: Option<WaiterKey>,
}

impl<S: Source> Future for Believing<'_, S> {
    type Output = io::Result<Observed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let registration = this.registration;
        let observed = ready!(registration.state.poll_future(
            cx.waker(),
            this.mask,
            &mut this.key,
            registration.armer()
        ))?;
        Poll::Ready(registration.unless_ended(observed))
    }
}

impl<S: Source> Drop for Believing<'_, S> {
    fn drop(&mut self) {
        self.registration.state.cancel(&mut self.key);
    }
}

#[cfg(all(
    test,
    target_os = "linux",
    not(any(mainspring_portable, mainspring_loom))
))]
mod tests;
