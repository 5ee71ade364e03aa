//! A bounded channel from one task to another, written by hand.
//!
//! It is here for how it is tested: see `tests/channel.rs`. Its locks come from `mainspring::loom`, so
//! they are `std`'s in a normal build.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use mainspring::loom::sync::atomic::{AtomicBool, Ordering};
use mainspring::loom::sync::{Arc, Mutex, MutexGuard};

/// When the receiver leaves its waker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// It leaves its waker, then looks once more: right.
    RegisterThenLook,
    /// It looks, then leaves its waker, and sleeps. What is sent between the two wakes nobody: a
    /// mistake, put in to be found.
    LookThenRegister,
}

/// The half that sends.
#[derive(Debug)]
pub struct Sender<T>(Arc<Channel<T>>);

/// The half that receives.
#[derive(Debug)]
pub struct Receiver<T> {
    channel: Arc<Channel<T>>,
    order: Order,
}

/// What was sent and cannot be received any more, since the receiver is gone.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused<T>(pub T);

#[derive(Debug)]
struct Channel<T> {
    capacity: usize,
    items: Mutex<VecDeque<T>>,
    /// The other half is gone.
    is_closed: AtomicBool,
    receiver: Mutex<Option<Waker>>,
    sender: Mutex<Option<Waker>>,
}

/// A channel with room for `capacity` items.
///
/// # Panics
///
/// If `capacity` is 0.
#[must_use]
pub fn channel<T>(capacity: usize, order: Order) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "a channel without room");
    let channel = Arc::new(Channel {
        capacity,
        items: Mutex::new(VecDeque::new()),
        is_closed: AtomicBool::new(false),
        receiver: Mutex::new(None),
        sender: Mutex::new(None),
    });
    (Sender(channel.clone()), Receiver { channel, order })
}

impl<T> Sender<T> {
    /// Sends an item as soon as there is room.
    ///
    /// # Errors
    ///
    /// The item, if the receiver is gone.
    pub async fn send(&mut self, item: T) -> Result<(), Refused<T>> {
        let mut item = Some(item);
        poll_fn(|cx| self.0.poll_send(cx, &mut item)).await
    }
}

impl<T> Receiver<T> {
    /// The next item; None when the sender is gone and everything was received.
    pub async fn receive(&mut self) -> Option<T> {
        poll_fn(|cx| self.channel.poll_receive(cx, self.order)).await
    }
}

impl<T> Channel<T> {
    fn poll_send(
        &self,
        cx: &mut Context<'_>,
        item: &mut Option<T>,
    ) -> Poll<Result<(), Refused<T>>> {
        // The waker first: whoever makes room after the look finds it.
        *lock(&self.sender) = Some(cx.waker().clone());
        // Ordering: Acquire; pairs with the Release of `close`.
        if self.is_closed.load(Ordering::Acquire) {
            return item
                .take()
                .map_or(Poll::Pending, |item| Poll::Ready(Err(Refused(item))));
        }
        let mut items = lock(&self.items);
        if items.len() == self.capacity {
            return Poll::Pending;
        }
        items.extend(item.take());
        drop(items);
        wake(&self.receiver);
        Poll::Ready(Ok(()))
    }

    fn poll_receive(&self, cx: &mut Context<'_>, order: Order) -> Poll<Option<T>> {
        if order == Order::LookThenRegister {
            let looked = self.try_receive();
            if looked.is_pending() {
                *lock(&self.receiver) = Some(cx.waker().clone());
            }
            return looked;
        }
        *lock(&self.receiver) = Some(cx.waker().clone());
        self.try_receive()
    }

    fn try_receive(&self) -> Poll<Option<T>> {
        // Read before the look at the items: the sender sends nothing after it has closed.
        // Ordering: Acquire; pairs with the Release of `close`.
        let is_closed = self.is_closed.load(Ordering::Acquire);
        let item = lock(&self.items).pop_front();
        match item {
            Some(item) => {
                wake(&self.sender);
                Poll::Ready(Some(item))
            }
            None if is_closed => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn close(&self) {
        // Ordering: Release; pairs with the Acquires of the other half.
        self.is_closed.store(true, Ordering::Release);
        wake(&self.receiver);
        wake(&self.sender);
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.channel.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wake(place: &Mutex<Option<Waker>>) {
    let waker = lock(place).take();
    if let Some(waker) = waker {
        waker.wake();
    }
}
