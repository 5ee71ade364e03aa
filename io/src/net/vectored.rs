//! How many bytes a vectored call on a stream asks for.
//!
//! The system takes a limited number of buffers in one call, and std passes it no more than that. A
//! call that has moved all that was passed is not short, whatever was left out: the short-count
//! rule of the streams must not take it for one that has drained or filled the socket.

use std::ops::Deref;

/// `IOV_MAX` of Linux, the one system with the short-count rule whose events would not come again.
/// (Where a source is armed anew, what is already the case is reported.)
const BUFFERS_MAX: usize = 1024;

/// The bytes of the buffers that are passed to the system.
pub(crate) fn passed_len<B: Deref<Target = [u8]>>(bufs: &[B]) -> usize {
    bufs.iter().take(BUFFERS_MAX).map(|buf| buf.len()).sum()
}

#[cfg(test)]
mod tests {
    use std::io::IoSlice;

    use super::*;

    #[test]
    fn buffers_that_are_not_passed_do_not_count() {
        let bufs: Vec<_> = (0..2000).map(|_| IoSlice::new(b"ab")).collect();
        assert_eq!(passed_len(&bufs), 2048);
        assert_eq!(passed_len(&bufs[..3]), 6);
    }
}
