//! The waker of a task: a counted pointer to it.

use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::abort::AbortHandle;
use super::header::Header;
use super::raw::RawTask;

/// One vtable for all tasks, so that `will_wake` is one comparison of pointers.
static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// A waker that counts no reference of its own.
pub(super) struct BorrowedWaker(ManuallyDrop<Waker>);

impl Deref for BorrowedWaker {
    type Target = Waker;

    fn deref(&self) -> &Waker {
        &self.0
    }
}

/// The waker that a poll is given. A clone of it counts.
///
/// # Safety
///
/// The task outlives the result.
pub(super) unsafe fn borrow_waker(task: NonNull<Header>) -> BorrowedWaker {
    // SAFETY: the vtable's functions expect this pointer; its not being counted is made up for by
    // never dropping it and by the caller's promise.
    let waker = unsafe { Waker::new(task.as_ptr().cast(), &VTABLE) };
    BorrowedWaker(ManuallyDrop::new(waker))
}

/// A handle on the task that `waker` wakes, if it is one of ours.
pub(crate) fn abort_handle_of(waker: &Waker) -> Option<AbortHandle> {
    if !std::ptr::eq(waker.vtable(), &VTABLE) {
        return None;
    }
    // SAFETY: the vtable says that the waker was made here, and it is alive.
    Some(AbortHandle::new(unsafe { task_of(waker.data()) }))
}

/// The task of a waker's data pointer.
///
/// # Safety
///
/// `data` is that of a waker made here, alive for this call.
unsafe fn task_of(data: *const ()) -> RawTask {
    // SAFETY: the pointer came from a NonNull.
    RawTask(unsafe { NonNull::new_unchecked(data.cast_mut().cast()) })
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: called on a live waker of this vtable.
    let task = unsafe { task_of(data) };
    task.state().ref_inc();
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: called on a live waker of this vtable.
    unsafe { task_of(data) }.wake_and_drop();
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: called on a live waker of this vtable.
    unsafe { task_of(data) }.wake();
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: called on a live waker of this vtable.
    unsafe { task_of(data) }.drop_ref();
}
