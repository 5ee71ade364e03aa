//! The table of file descriptors: how large it is, and how to make it grow.

use rustix::fs::{Mode, OFlags, open};
use rustix::io::fcntl_dupfd_cloexec;

use crate::fd_table::DescriptorTable;

/// The process's table. `None` if the system does not tell.
pub(crate) fn descriptor_table() -> Option<DescriptorTable> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let field = |name| {
        let mut lines = status.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value?.trim().parse().ok()
    };
    Some(DescriptorTable {
        size: field("FDSize")?,
        threads: field("Threads")?,
    })
}

/// Takes the first free descriptor from this number on, and gives it back.
pub(crate) fn take_and_give_back(descriptor: i32) {
    // Any file will do, and nothing is done with it.
    let any = open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    if let Ok(any) = any {
        // That it fails is no reason to fail for: the table then grows when it is used.
        drop(fcntl_dupfd_cloexec(&any, descriptor));
    }
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_room_for_what_was_taken() {
        let before = descriptor_table().expect("/proc is there");
        let next = i32::try_from(before.size).expect("a table that is not large yet");
        take_and_give_back(next);
        let after = descriptor_table().expect("/proc is there");
        assert!(after.size > before.size, "{before:?}, {after:?}");
    }
}
