//! Doubly linked lists of nodes that live elsewhere: the content of one slot.
//!
//! A list owns nothing. Whoever links a node promises that it stays where it is until it has been
//! taken out, and that nothing but the wheel touches the links of linked nodes.

use std::fmt;
use std::ptr::NonNull;

use crate::sync::UnsafeCell;

/// A node that carries its own links.
///
/// # Safety
///
/// 1. `links` always returns the same cell, which lies inside `self`.
/// 2. Nothing but the functions of this module looks into the cell.
pub(crate) unsafe trait Linked: Sized {
    /// The links of this node.
    fn links(&self) -> &UnsafeCell<Links<Self>>;

    /// When the node is due. It may grow at any time while the node is linked; the node is then
    /// moved when its slot is visited. It must not shrink while the node is linked.
    fn deadline(&self) -> u64;
}

/// The links of a node, and the slot whose list it is in.
pub(crate) struct Links<T> {
    /// The node after this one.
    next: Option<NonNull<T>>,
    /// The node before this one.
    previous: Option<NonNull<T>>,
    /// The slot whose list holds the node.
    slot: u16,
}

/// The head and the tail of the list of one slot.
pub(super) struct List<T> {
    /// The node that came first.
    head: Option<NonNull<T>>,
    /// The node that came last.
    tail: Option<NonNull<T>>,
}

impl<T> Links<T> {
    /// The links of a node that is in no list.
    pub(crate) const fn new() -> Self {
        Self {
            next: None,
            previous: None,
            slot: 0,
        }
    }
}

impl<T> fmt::Debug for Links<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links")
            .field("slot", &self.slot)
            .finish_non_exhaustive()
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self {
            head: self.head,
            tail: self.tail,
        }
    }
}

impl<T> List<T> {
    pub(super) const fn new() -> Self {
        Self {
            head: None,
            tail: None,
        }
    }

    pub(super) fn head(&self) -> Option<NonNull<T>> {
        self.head
    }

    pub(super) fn is_empty(&self) -> bool {
        self.head.is_none()
    }
}

impl<T: Linked> List<T> {
    /// Appends a node, noting the slot that this list belongs to.
    ///
    /// # Safety
    ///
    /// 1. `node` is valid, in no list, and stays valid and in place until it has been removed.
    /// 2. The caller has exclusive access to the links of `node` and of all nodes in this list.
    pub(super) unsafe fn push_back(&mut self, node: NonNull<T>, slot: u16) {
        let previous = self.tail.replace(node);
        // SAFETY: the node is valid (1) and its links are the caller's (2).
        unsafe {
            edit(node, |links| {
                *links = Links {
                    next: None,
                    previous,
                    slot,
                }
            })
        };
        match previous {
            // SAFETY: a node in the list is valid (1, when it was appended); its links are the
            // caller's (2).
            Some(previous) => unsafe { edit(previous, |links| links.next = Some(node)) },
            None => self.head = Some(node),
        }
    }

    /// Takes a node out of the list.
    ///
    /// # Safety
    ///
    /// 1. `node` is in this list.
    /// 2. The caller has exclusive access to the links of all nodes in this list.
    pub(super) unsafe fn remove(&mut self, node: NonNull<T>) {
        // SAFETY: a node in the list is valid and its links are the caller's.
        let (previous, next) =
            unsafe { edit(node, |links| (links.previous.take(), links.next.take())) };
        match previous {
            // SAFETY: a neighbour is in the list too.
            Some(previous) => unsafe { edit(previous, |links| links.next = next) },
            None => self.head = next,
        }
        match next {
            // SAFETY: a neighbour is in the list too.
            Some(next) => unsafe { edit(next, |links| links.previous = previous) },
            None => self.tail = previous,
        }
    }
}

/// The node after `node`, and when `node` is due.
///
/// # Safety
///
/// `node` is in a list, and the caller has exclusive access to the links of its nodes.
pub(super) unsafe fn visit<T: Linked>(node: NonNull<T>) -> (Option<NonNull<T>>, u64) {
    // SAFETY: a node in a list is valid and its links are the caller's.
    let next = unsafe { edit(node, |links| links.next) };
    // SAFETY: a node in a list is valid.
    let node = unsafe { node.as_ref() };
    (next, node.deadline())
}

/// The slot whose list holds `node`.
///
/// # Safety
///
/// `node` is in a list, and the caller has exclusive access to the links of its nodes.
pub(super) unsafe fn slot_of<T: Linked>(node: NonNull<T>) -> u16 {
    // SAFETY: a node in a list is valid and its links are the caller's.
    unsafe { edit(node, |links| links.slot) }
}

/// Runs `body` with the links of `node`.
///
/// # Safety
///
/// 1. `node` is valid.
/// 2. The caller has exclusive access to its links, and `body` reaches them in no other way.
unsafe fn edit<T: Linked, R>(node: NonNull<T>, body: impl FnOnce(&mut Links<T>) -> R) -> R {
    // SAFETY: the node is valid (1).
    let node = unsafe { node.as_ref() };
    node.links().with_mut(|links| {
        // SAFETY: the cell lies in a valid node, and access to it is exclusive (2).
        body(unsafe { &mut *links })
    })
}
