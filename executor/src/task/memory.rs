//! Memory for task cells, used again by the thread that freed it.
//!
//! A task is mostly spawned and ended by the same worker, and a burst of spawns is a burst of cells of
//! one size. The system's allocator takes some 380 instructions to give such a cell and take it back,
//! once more of them are alive than it keeps at hand (seven of each size, in glibc): more than all the
//! rest of a spawn and a join. So each thread keeps what it frees, in lists by size, up to
//! [`KEPT_BYTES_MAX`], and gives from them first. What is freed by another thread than the one that
//! asked for it changes sides; what is too much goes to threads that have none ([`depot`](super::depot)),
//! or back to the system, and so does all of it when the thread ends.
//!
//! The lists are of this thread alone, so there is no protocol. Under loom, and in builds with
//! `--cfg mainspring_sanitize`, memory is not kept, so that a use after free is seen as one.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::{Cell, UnsafeCell};
use std::hint;
use std::ptr::NonNull;

use super::depot::{DEPOT, Free, SIZES};

/// Sizes are multiples of this, which they nearly always are by themselves: what the system's allocator
/// rounds them up to is its own. glibc has room for 152 bytes or for 168, others for 160: when 152 were
/// rounded up to 160 here, each of a million tasks that wait took 176 instead of 160.
const STEP: usize = 8;

/// Larger cells are not kept: they are seldom many.
const SIZE_MAX: usize = 1024;

const _: () = assert!(SIZE_MAX / STEP == SIZES);

/// The strictest alignment that what is kept has.
const ALIGN: usize = 16;

/// What one thread keeps at most: a thousand cells of a small future each, and some. A chain from the
/// depot may come on top.
const KEPT_BYTES_MAX: usize = 256 * 1024;

/// After so much memory that was never used before, a thread asks for as much at once, and gives it back.
///
/// glibc makes a heap larger, in all threads but the first, by a page at a time, with a system call for
/// each: a million tasks that sleep took 43,000 of them. What is given back at the heap's end stays in it,
/// up to 128 KiB. Not more than 64 KiB: to give such a block back is to go through all that is free.
/// Measured: to set up a sleeping task 274 ns without, 217 with it; one that waits 215 and 166.
const ROOM: usize = 60 * 1024;

/// The binary logarithm of the size that glibc's heaps have at most, 64 MiB, and of their alignment.
const HEAP: u32 = 26;

/// A chain of cells, the measure in which threads leave memory to one another, takes up to this.
const CHAIN_BYTES: usize = 16 * 1024;

/// Whether memory is kept at all.
const KEEPS: bool = !cfg!(any(mainspring_loom, mainspring_sanitize, miri));

/// What this thread keeps.
struct Kept {
    /// The first of each size.
    lists: UnsafeCell<[Option<NonNull<Free>>; SIZES]>,
    /// How much all of it is.
    bytes: Cell<usize>,
    /// The highest address of the heap that the system's allocator has given memory from lately.
    highest: Cell<usize>,
    /// How much came from above it since room was made there.
    grown: Cell<usize>,
}

std::thread_local! {
    static KEPT: Kept = const {
        Kept {
            lists: UnsafeCell::new([None; SIZES]),
            bytes: Cell::new(0),
            highest: Cell::new(0),
            grown: Cell::new(0),
        }
    };
}

/// Memory for a cell of this layout. It never fails: as `Box::new` it ends the process instead.
#[inline]
pub(super) fn allocate(layout: Layout) -> NonNull<u8> {
    if let Some(size) = size_class(layout)
        && let Ok(Some(memory)) = KEPT.try_with(|kept| kept.take(size))
    {
        return memory;
    }
    allocate_anew(layout)
}

#[cold]
#[inline(never)]
fn allocate_anew(layout: Layout) -> NonNull<u8> {
    if let Some(size) = size_class(layout)
        && let Ok(Some(memory)) = KEPT.try_with(|kept| kept.fetch(size))
    {
        return memory;
    }
    let layout = rounded(layout);
    // SAFETY: a cell is never of size 0: it has a header.
    let memory = unsafe { alloc(layout) };
    let memory = NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(layout));
    if KEEPS && KEPT.try_with(|kept| kept.grows_by(memory, layout.size())) == Ok(true) {
        make_room();
    }
    memory
}

/// Lets the system's allocator get memory for many cells at once; see [`ROOM`].
#[cold]
fn make_room() {
    const LAYOUT: Layout = Layout::new::<[u8; ROOM]>();
    // SAFETY: not of size 0.
    let room = hint::black_box(unsafe { alloc(LAYOUT) });
    if !room.is_null() {
        // SAFETY: just allocated with this layout.
        unsafe { dealloc(room, LAYOUT) };
    }
}

/// Gives memory back.
///
/// # Safety
///
/// 1. It came from [`allocate`] with the same layout.
/// 2. Nobody uses it any more.
#[inline]
pub(super) unsafe fn release(memory: NonNull<u8>, layout: Layout) {
    if let Some(size) = size_class(layout) {
        // SAFETY: of this size class by (1), and nobody's by (2).
        let kept = KEPT.try_with(|kept| unsafe { kept.put(memory, size) });
        if kept == Ok(true) {
            return;
        }
    }
    // SAFETY: (1): `allocate` took it from there with this very layout, or kept it since then.
    unsafe { dealloc(memory.as_ptr(), rounded(layout)) }
}

/// Which list memory of this layout belongs to, if it is kept at all.
#[inline]
const fn size_class(layout: Layout) -> Option<usize> {
    if KEEPS && layout.size() <= SIZE_MAX && layout.align() <= ALIGN {
        Some((layout.size() - 1) / STEP)
    } else {
        None
    }
}

/// What is really asked of the system for a cell of this layout.
#[inline]
fn rounded(layout: Layout) -> Layout {
    match size_class(layout) {
        Some(size) => of_class(size),
        None => layout,
    }
}

/// The layout of all memory in this list.
#[inline]
fn of_class(size: usize) -> Layout {
    const {
        assert!(Layout::from_size_align(SIZE_MAX, ALIGN).is_ok());
    }
    Layout::from_size_align((size + 1) * STEP, ALIGN).unwrap_or(Layout::new::<()>())
}

/// How many cells of a size there are in a chain.
const fn chain_len(size: usize) -> usize {
    CHAIN_BYTES / ((size + 1) * STEP)
}

/// What they take.
const fn chain_bytes(size: usize) -> usize {
    chain_len(size) * (size + 1) * STEP
}

impl Kept {
    #[inline]
    fn take(&self, size: usize) -> Option<NonNull<u8>> {
        // SAFETY: only this thread has this `Kept`, and none of its functions calls another one or
        // foreign code while it has this reference.
        let lists = unsafe { &mut *self.lists.get() };
        let first = lists[size]?;
        // SAFETY: what lies in a list was written by `put`, and belongs to this thread.
        lists[size] = unsafe { first.as_ref() }.next;
        self.bytes.set(self.bytes.get() - (size + 1) * STEP);
        Some(first.cast())
    }

    /// Told what the system's allocator has given. True if its heap has grown by much.
    fn grows_by(&self, memory: NonNull<u8>, bytes: usize) -> bool {
        let address = memory.addr().get();
        let highest = self.highest.get();
        if address < highest && address >> HEAP == highest >> HEAP {
            return false;
        }
        self.highest.set(address);
        // With what the system's allocator needs for itself.
        let grown = self.grown.get() + bytes + ALIGN;
        let is_much = grown >= ROOM;
        self.grown.set(if is_much { 0 } else { grown });
        is_much
    }

    /// Keeps memory, unless there is enough. True if it is kept.
    ///
    /// # Safety
    ///
    /// It has the layout of this class, came from the system's allocator, and is nobody's.
    #[inline]
    unsafe fn put(&self, memory: NonNull<u8>, size: usize) -> bool {
        let bytes = self.bytes.get() + (size + 1) * STEP;
        if bytes > KEPT_BYTES_MAX {
            // SAFETY: handed on from the caller.
            return DEPOT.has_room(chain_bytes(size))
                && self.leave_chain(size)
                && unsafe { self.put(memory, size) };
        }
        self.bytes.set(bytes);
        // SAFETY: as in `take`.
        let lists = unsafe { &mut *self.lists.get() };
        let first = memory.cast();
        // SAFETY: the memory is ours by the caller's promise, large enough for a pointer, and aligned.
        unsafe { first.write(Free { next: lists[size] }) };
        lists[size] = Some(first);
        true
    }

    /// Takes a chain from the depot, if there is one of this size, and gives one of its cells.
    fn fetch(&self, size: usize) -> Option<NonNull<u8>> {
        let chain = DEPOT.take(size, chain_bytes(size))?;
        // SAFETY: as in `take`.
        let lists = unsafe { &mut *self.lists.get() };
        debug_assert!(lists[size].is_none(), "only who has none comes here");
        lists[size] = Some(chain);
        self.bytes.set(self.bytes.get() + chain_bytes(size));
        self.take(size)
    }

    /// Leaves a chain of this size in the depot. False if there is too little of it, or no room there.
    #[cold]
    #[inline(never)]
    fn leave_chain(&self, size: usize) -> bool {
        // SAFETY: as in `take`.
        let lists = unsafe { &mut *self.lists.get() };
        let Some(first) = lists[size] else {
            return false;
        };
        let mut last = first;
        for _ in 1..chain_len(size) {
            // SAFETY: as in `take`.
            let Some(next) = (unsafe { last.as_ref() }).next else {
                return false;
            };
            last = next;
        }
        // SAFETY: as in `take`.
        let rest = unsafe { last.as_mut() }.next.take();
        // SAFETY: so many cells of this size, which are this thread's.
        let is_left = unsafe { DEPOT.leave(first, size, chain_bytes(size)) };
        if is_left {
            lists[size] = rest;
            self.bytes.set(self.bytes.get() - chain_bytes(size));
        } else {
            // SAFETY: they still are.
            unsafe { last.as_mut() }.next = rest;
        }
        is_left
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        for size in 0..SIZES {
            while let Some(memory) = self.take(size) {
                // SAFETY: `put` has kept it, so it came from the system with this layout, and it is in
                // no list any more.
                unsafe { dealloc(memory.as_ptr(), of_class(size)) }
            }
        }
    }
}

#[cfg(all(test, not(any(mainspring_loom, mainspring_sanitize))))]
mod tests {
    use super::*;

    const LAYOUT: Layout = Layout::new::<[u64; 20]>();

    #[test]
    fn what_is_freed_is_given_again_to_a_cell_of_that_size() {
        let first = allocate(LAYOUT);
        // SAFETY: just allocated with this layout.
        unsafe { release(first, LAYOUT) };
        let smaller = Layout::new::<[u64; 19]>();
        let other = allocate(smaller);
        assert_ne!(first, other);
        // SAFETY: as above.
        unsafe { release(other, smaller) };
        // Strictly aligned ones are of other multiples, but of the same lists.
        let aligned = Layout::from_size_align(LAYOUT.size(), ALIGN).expect("a valid layout");
        let second = allocate(aligned);
        assert_eq!(first, second);
        assert!(second.addr().get().is_multiple_of(ALIGN));
        // SAFETY: as above.
        unsafe { release(second, aligned) };
    }

    #[test]
    fn nothing_is_asked_for_that_a_cell_does_not_need() {
        for words in 1..=SIZES {
            let layout = Layout::array::<u64>(words).expect("a valid layout");
            assert_eq!(rounded(layout).size(), layout.size());
        }
    }

    #[test]
    fn a_thread_keeps_no_more_than_the_limit_and_frees_it_at_its_end() {
        let kept = std::thread::spawn(|| {
            let memory: Vec<_> = (0..2_000).map(|_| allocate(LAYOUT)).collect();
            for memory in memory {
                // SAFETY: allocated above with this layout.
                unsafe { release(memory, LAYOUT) };
            }
            KEPT.with(|kept| kept.bytes.get())
        });
        let kept = kept.join().expect("the thread only allocates");
        assert!(
            kept <= KEPT_BYTES_MAX && kept > KEPT_BYTES_MAX / 2,
            "{kept}"
        );
    }

    #[test]
    fn what_one_thread_has_too_much_of_is_given_to_one_that_has_none() {
        // A size that no other test uses.
        const ODD: Layout = Layout::new::<[u64; 61]>();
        let memory: Vec<_> = (0..1_000).map(|_| Cells(allocate(ODD))).collect();
        let addresses: Vec<_> = memory.iter().map(|cell| cell.0.addr()).collect();
        let ends = std::thread::spawn(move || {
            for cell in memory {
                // SAFETY: allocated above with this layout.
                unsafe { release(cell.0, ODD) };
            }
        });
        ends.join().expect("the thread only frees");
        let spawns = std::thread::spawn(move || {
            let cell = allocate(ODD);
            let kept = KEPT.with(|kept| kept.bytes.get());
            let address = cell.addr();
            // SAFETY: allocated above with this layout.
            unsafe { release(cell, ODD) };
            (address, kept)
        });
        let (address, kept) = spawns.join().expect("the thread only allocates");
        assert!(addresses.contains(&address));
        let class = ODD.size().next_multiple_of(STEP);
        assert_eq!(kept, chain_bytes(class / STEP - 1) - class);
    }

    /// For another thread.
    struct Cells(NonNull<u8>);
    // SAFETY: memory that nobody uses.
    unsafe impl Send for Cells {}

    #[test]
    fn what_is_large_or_strictly_aligned_goes_to_the_system() {
        for layout in [
            Layout::new::<[u8; SIZE_MAX + 1]>(),
            Layout::from_size_align(128, 2 * ALIGN).expect("a valid layout"),
        ] {
            assert_eq!(size_class(layout), None);
            let memory = allocate(layout);
            assert!(memory.addr().get().is_multiple_of(layout.align()));
            // SAFETY: just allocated with this layout.
            unsafe { release(memory, layout) };
        }
    }
}
