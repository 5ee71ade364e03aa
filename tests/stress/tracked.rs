//! Futures, jobs and handles that note what happens to them in the [ledger](crate::ledger).

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use mainspring::task::{AbortHandle, Id, JoinError, JoinHandle, JoinSet};
use pin_project_lite::pin_project;

use crate::bombs::{Bomb, is_intended};
use crate::ledger::{Era, Event, Ticket};

/// What a tracked task gives.
pub(crate) struct Output {
    /// Panics if it is dropped, which a [`Joiner`] keeps it from.
    bomb: Option<Bomb>,
    // Behind the bomb: fields are dropped in their order, also if one panics.
    life: OutputLife,
}

/// How a task has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Finished,
    Cancelled,
    Panicked,
}

pin_project! {
    /// A future whose life is noted. Its output may be a bomb.
    pub(crate) struct Tracked<F> {
        #[pin]
        future: F,
        // Behind the future: what its destructor does comes first.
        life: FutureLife,
    }
}

struct FutureLife(Ticket);

struct OutputLife(Ticket);

/// Notes how a poll ends.
struct Polling {
    ticket: Ticket,
    end: Event,
}

/// A join handle that notes what it says.
pub(crate) struct Joiner {
    ticket: Ticket,
    handle: JoinHandle<Output>,
    /// Whether the outcome has been told.
    told: bool,
}

/// A join set that notes what it says.
pub(crate) struct TrackedSet {
    set: JoinSet<Output>,
    /// The tasks whose outcomes have not been told.
    tickets: HashMap<Id, Ticket>,
}

impl<F: Future<Output = Option<Bomb>>> Tracked<F> {
    pub(crate) fn new(ticket: Ticket, future: F) -> Self {
        let life = FutureLife(ticket);
        Self { future, life }
    }
}

impl<F: Future<Output = Option<Bomb>>> Future for Tracked<F> {
    type Output = Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        let this = self.project();
        let ticket = this.life.0;
        let mut polling = Polling::begin(ticket);
        let polled = this.future.poll(cx);
        polling.end = if polled.is_ready() {
            Event::Returned
        } else {
            Event::Pended
        };
        drop(polling);
        let bomb = ready!(polled);
        let life = OutputLife(ticket);
        Poll::Ready(Output { bomb, life })
    }
}

/// A job whose life is noted. Body and job are told how to learn whether they are cancelled.
pub(crate) fn job(
    ticket: Ticket,
    body: impl FnOnce(&dyn Fn() -> bool) -> Option<Bomb>,
) -> impl FnOnce(&dyn Fn() -> bool) -> Output {
    let future = FutureLife(ticket);
    move |is_cancelled| {
        // Moved in, so that it lives as long as the job, whether or not it runs.
        let life = future;
        let mut polling = Polling::begin(ticket);
        let bomb = body(is_cancelled);
        polling.end = Event::Returned;
        drop(polling);
        drop(life);
        let life = OutputLife(ticket);
        Output { bomb, life }
    }
}

impl Polling {
    fn begin(ticket: Ticket) -> Self {
        ticket.note(Event::Polled);
        let end = Event::Unwound;
        Self { ticket, end }
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        self.ticket.note(self.end);
    }
}

impl Drop for FutureLife {
    fn drop(&mut self) {
        self.0.note(Event::FutureDropped);
    }
}

impl Drop for OutputLife {
    fn drop(&mut self) {
        self.0.note(Event::OutputDropped);
    }
}

impl Joiner {
    pub(crate) fn new(ticket: Ticket, handle: JoinHandle<Output>) -> Self {
        let told = false;
        Self {
            ticket,
            handle,
            told,
        }
    }

    /// Spawns a tracked task where the caller runs.
    pub(crate) fn spawn<F>(kind: &'static str, era: &Era, body: impl FnOnce(Ticket) -> F) -> Self
    where
        F: Future<Output = Option<Bomb>> + Send + 'static,
    {
        let ticket = Ticket::open(kind, era);
        Self::new(
            ticket,
            mainspring::spawn(Tracked::new(ticket, body(ticket))),
        )
    }

    pub(crate) fn ticket(&self) -> Ticket {
        self.ticket
    }

    pub(crate) fn abort(&self) {
        self.ticket.note(Event::AbortAsked);
        self.handle.abort();
    }

    /// An abort handle. Whoever uses it notes it in the ticket before.
    pub(crate) fn abort_handle(&self) -> AbortHandle {
        self.handle.abort_handle()
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// Whether it has given the outcome, and must not be polled again.
    pub(crate) fn is_told(&self) -> bool {
        self.told
    }
}

impl Future for Joiner {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let result = ready!(Pin::new(&mut self.handle).poll(cx));
        self.told = true;
        Poll::Ready(told(self.ticket, result))
    }
}

impl Drop for Joiner {
    fn drop(&mut self) {
        if !self.told {
            // Before the handle goes, and with it perhaps the output.
            self.ticket.note(Event::HandleDropped);
        }
    }
}

/// Polls a future once. None if it is pending.
pub(crate) async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    poll_fn(|cx| match Pin::new(&mut *future).poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Notes what a handle says.
fn told(ticket: Ticket, result: Result<Output, JoinError>) -> Outcome {
    match result {
        Ok(mut output) => {
            ticket.note(Event::SawFinished);
            if output.life.0 != ticket {
                ticket.blame("the output of another task");
            }
            if let Some(bomb) = output.bomb.take() {
                bomb.defuse();
            }
            Outcome::Finished
        }
        Err(error) if error.is_cancelled() => {
            ticket.note(Event::SawCancelled);
            Outcome::Cancelled
        }
        Err(error) => {
            let payload = error.into_panic();
            if !is_intended(&*payload) {
                ticket.blame("a panic that was not intended");
            }
            ticket.note(Event::SawPanicked);
            Outcome::Panicked
        }
    }
}

impl TrackedSet {
    pub(crate) fn new() -> Self {
        Self {
            set: JoinSet::new(),
            tickets: HashMap::new(),
        }
    }

    pub(crate) fn spawn<F>(&mut self, kind: &'static str, era: &Era, body: impl FnOnce(Ticket) -> F)
    where
        F: Future<Output = Option<Bomb>> + Send + 'static,
    {
        let ticket = Ticket::open(kind, era);
        let abort = self.set.spawn(Tracked::new(ticket, body(ticket)));
        self.tickets.insert(abort.id(), ticket);
    }

    pub(crate) fn abort_all(&mut self) {
        self.note_all(Event::AbortAsked);
        self.set.abort_all();
    }

    /// The next task that has ended.
    pub(crate) async fn join_next(&mut self) -> Option<Outcome> {
        let result = self.set.join_next_with_id().await?;
        let (id, result) = match result {
            Ok((id, output)) => (id, Ok(output)),
            Err(error) => (error.id(), Err(error)),
        };
        let ticket = self.tickets.remove(&id);
        let ticket = ticket.expect("a set gives what was spawned on it, and once");
        Some(told(ticket, result))
    }

    pub(crate) fn detach_all(&mut self) {
        self.note_all(Event::HandleDropped);
        self.tickets.clear();
        self.set.detach_all();
    }

    fn note_all(&self, event: Event) {
        for ticket in self.tickets.values() {
            ticket.note(event);
        }
    }
}

impl Drop for TrackedSet {
    fn drop(&mut self) {
        // Dropping a set aborts its tasks.
        self.note_all(Event::AbortAsked);
        self.note_all(Event::HandleDropped);
    }
}
