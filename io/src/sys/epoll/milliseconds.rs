//! Waiting on kernels before 5.11, by `epoll_wait`.

use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::time::Duration;

use rustix::event::epoll::{Event, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;

use super::EVENTS_MAX;

/// Waits as `epoll_pwait2` does, but for a time-out rounded up to milliseconds. One of more than 24
/// days ends after 24 days.
pub(super) fn wait(
    epoll: &OwnedFd,
    list: &mut Vec<Event>,
    timeout: Option<Duration>,
) -> Result<usize, Errno> {
    let mut buffer = [const { MaybeUninit::<libc::epoll_event>::uninit() }; EVENTS_MAX];
    let timeout = timeout.map_or(-1, round_up);
    // SAFETY: the pointer must be good for writing as many events as the length says, for as long
    // as the call lasts. Both are those of a local array. The length fits: it is a small constant.
    let outcome = unsafe {
        libc::epoll_wait(
            epoll.as_raw_fd(),
            buffer.as_mut_ptr().cast(),
            EVENTS_MAX as i32,
            timeout,
        )
    };
    let Ok(count) = usize::try_from(outcome) else {
        let error = std::io::Error::last_os_error();
        return Err(Errno::from_io_error(&error).unwrap_or(Errno::IO));
    };
    list.extend(buffer[..count].iter().map(|event| {
        // SAFETY: the kernel has written as many events as it says.
        let event = unsafe { event.assume_init_read() };
        Event {
            flags: EventFlags::from_bits_retain(event.events),
            data: EventData::new_u64(event.u64),
        }
    }));
    Ok(count)
}

fn round_up(timeout: Duration) -> i32 {
    let milliseconds = timeout.as_nanos().div_ceil(1_000_000);
    i32::try_from(milliseconds).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_rounded_up_and_never_overflows() {
        assert_eq!(round_up(Duration::ZERO), 0);
        assert_eq!(round_up(Duration::from_nanos(1)), 1);
        assert_eq!(round_up(Duration::from_millis(3)), 3);
        assert_eq!(round_up(Duration::from_nanos(3_000_001)), 4);
        assert_eq!(round_up(Duration::MAX), i32::MAX);
    }
}
