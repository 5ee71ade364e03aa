//! The driver's list of sources, by the key that comes back with each event.
//!
//! A key is an index and a generation. Between the system's reporting an event and the driver's
//! looking at it, the source may have been deregistered and its index taken by another. The event's
//! generation is then not the new one's, and the event is dropped.
//!
//! Generations are counted over all slots and wrap. On 64 bits they have 32 bits, on 32 bits 12.
//! Two sources could only be confused by as many registrations within one turn; the new source
//! would then be believed ready too early, which an attempt corrects.

use slab::Slab;

use crate::source_state::SourceState;
use crate::sync::Arc;

const INDEX_BITS: u32 = if usize::BITS == 64 { 32 } else { 20 };
const INDEX_MASK: usize = (1 << INDEX_BITS) - 1;

/// The indices from here on are never given to a source, so that the keys `usize::MAX` (`polling`'s
/// own) and `usize::MAX - 1` (the unparking eventfd's) belong to none.
const INDEX_END: usize = INDEX_MASK - 1;

/// The sources that are registered.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// The sources by index.
    slots: Slab<Slot>,
    /// The generation of the next source.
    next_generation: usize,
}

#[derive(Debug)]
struct Slot {
    /// The upper part of the source's key.
    generation: usize,
    /// The source.
    source: Arc<SourceState>,
}

/// What the system calls a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(pub(crate) usize);

impl Sources {
    /// `None` when there are as many sources as there are keys.
    pub(crate) fn insert(&mut self, source: Arc<SourceState>) -> Option<Key> {
        let entry = self.slots.vacant_entry();
        let index = entry.key();
        if index >= INDEX_END {
            return None;
        }
        let key = (self.next_generation << INDEX_BITS) | index;
        let generation = key >> INDEX_BITS;
        self.next_generation = generation.wrapping_add(1);
        entry.insert(Slot { generation, source });
        Some(Key(key))
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<Arc<SourceState>> {
        self.get(key.0)?;
        Some(self.slots.remove(key.0 & INDEX_MASK).source)
    }

    /// The source that an event is for; `None` when it has gone.
    pub(crate) fn get(&self, key: usize) -> Option<&SourceState> {
        let slot = self.slots.get(key & INDEX_MASK)?;
        (slot.generation == key >> INDEX_BITS).then_some(&*slot.source)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &SourceState> {
        self.slots.iter().map(|(_, slot)| &*slot.source)
    }
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;
    use crate::Ready;

    fn source() -> Arc<SourceState> {
        Arc::new(SourceState::new(Ready::EMPTY, Ready::ALL))
    }

    #[test]
    fn the_key_of_a_gone_source_does_not_find_its_successor() {
        let mut sources = Sources::default();
        let old = sources.insert(source()).expect("there is room");
        assert!(sources.remove(old).is_some());
        let new = sources.insert(source()).expect("there is room");
        assert_eq!(old.0 & INDEX_MASK, new.0 & INDEX_MASK);
        assert!(sources.get(old.0).is_none());
        assert!(sources.remove(old).is_none());
        assert!(sources.get(new.0).is_some());
    }

    #[test]
    fn generations_wrap_without_touching_the_index() {
        let mut sources = Sources {
            next_generation: usize::MAX >> INDEX_BITS,
            ..Default::default()
        };
        let last = sources.insert(source()).expect("there is room");
        let first = sources.insert(source()).expect("there is room");
        assert_eq!(last.0 >> INDEX_BITS, usize::MAX >> INDEX_BITS);
        assert_eq!(first.0, 1);
        assert!(sources.get(last.0).is_some() && sources.get(first.0).is_some());
    }

    #[test]
    fn no_source_has_a_reserved_key() {
        let mut sources = Sources::default();
        sources.insert(source()).expect("there is room");
        for key in [usize::MAX, usize::MAX - 1] {
            assert!(sources.get(key).is_none());
            assert!(key & INDEX_MASK >= INDEX_END);
        }
    }
}
