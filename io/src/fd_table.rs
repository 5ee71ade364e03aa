//! The table of a process's file descriptors, grown ahead of its use.
//!
//! Linux keeps a process's descriptors in a table that doubles when it is full. While several
//! threads share the table, doubling waits until every core has passed through a quiet state (an
//! RCU grace period): whoever opened that one socket too many stands still for some 10 ms, on a
//! busy machine for more, and with it every task behind it. From 64 descriptors to 4,096 that
//! happens several times. As long as the process has one thread the table grows at once. So the
//! first runtime makes it large before it starts its threads, by taking a high descriptor and giving
//! it back: the table never shrinks.
//!
//! Where the process has other threads already, growing costs its one wait now; then it is left to
//! those who ask for it with a number of their own.
//!
//! It is memory of the kernel's: 8 bytes a descriptor, and two or three bits; 34 KiB for 4,096.
//!
//! Whoever asks for no number is answered once in a process: what is true of its first runtime, that it
//! has one thread, is true of no later one that needs more room. (To ask the system takes a third of the
//! time in which a runtime is made.) The child of a `fork()` begins anew, with a table that is as small as
//! its descriptors allow.

use mainspring_executor::fork::Generation;

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sys;

/// The process, as `fork` counts them, in which the table has been looked at.
#[cfg(not(mainspring_loom))]
static LOOKED_IN: AtomicU64 = AtomicU64::new(0);

#[cfg(mainspring_loom)]
loom::lazy_static! {
    static ref LOOKED_IN: AtomicU64 = AtomicU64::new(0);
}

/// How many descriptors the table is for, unless somebody knows better.
const USUAL: u64 = 4096;

/// How large the table is, and who would have to wait while it grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DescriptorTable {
    /// For how many descriptors there is room.
    pub(crate) size: u64,
    /// How many threads the process has.
    pub(crate) threads: u64,
}

/// Makes room for `descriptors` in the process's table, or for a usual number, 4,096; but for no
/// more than the process may have. If there is room already, or on systems that need none of this,
/// nothing happens.
///
/// Without a number nothing happens either if the process has several threads, as it could take
/// tens of milliseconds then. Never fails: a table that is too small grows when it is used.
pub fn grow_descriptor_table(descriptors: Option<usize>) {
    let process = u64::from(Generation::current().number()) + 1;
    // Ordering: Relaxed; nothing is read on the strength of it. Two that look at once do no harm.
    if descriptors.is_none() && LOOKED_IN.swap(process, Ordering::Relaxed) == process {
        return;
    }
    let Some(table) = sys::descriptor_table() else {
        return;
    };
    let wanted = wanted(descriptors, table, sys::descriptor_limit());
    if let Some(highest) = wanted.and_then(|size| i32::try_from(size - 1).ok()) {
        sys::take_and_give_back(highest);
    }
}

/// To how many descriptors the table is to grow; `None` if it is not to.
fn wanted(descriptors: Option<usize>, table: DescriptorTable, limit: Option<u64>) -> Option<u64> {
    let wanted = match descriptors {
        Some(count) => u64::try_from(count).unwrap_or(u64::MAX),
        None if table.threads == 1 => USUAL,
        None => return None,
    };
    let wanted = wanted.min(limit.unwrap_or(u64::MAX));
    (wanted > table.size).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: DescriptorTable = DescriptorTable {
        size: 64,
        threads: 1,
    };

    #[test]
    fn it_grows_to_what_is_asked_for_and_may_be() {
        assert_eq!(wanted(None, SMALL, None), Some(USUAL));
        assert_eq!(wanted(None, SMALL, Some(1024)), Some(1024));
        assert_eq!(wanted(Some(100_000), SMALL, Some(20_000)), Some(20_000));
    }

    #[test]
    fn it_does_not_grow_without_need() {
        let large = DescriptorTable {
            size: USUAL,
            ..SMALL
        };
        assert_eq!(wanted(None, large, None), None);
        assert_eq!(wanted(Some(64), SMALL, None), None);
        assert_eq!(wanted(Some(0), SMALL, None), None);
        assert_eq!(wanted(Some(1000), SMALL, Some(64)), None);
    }

    #[test]
    fn with_several_threads_it_grows_only_on_request() {
        let shared = DescriptorTable {
            threads: 2,
            ..SMALL
        };
        assert_eq!(wanted(None, shared, None), None);
        assert_eq!(wanted(Some(1000), shared, None), Some(1000));
    }
}
