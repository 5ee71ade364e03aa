//! A thread that runs seldom and shortly asks the scheduler of Linux for short slices of time.
//!
//! Otherwise it may wait for the end of the slice of whoever computes on its processor, 3 to 4 ms,
//! although another processor is idle: measured, a task behind one that computes was rescued after
//! 2.5 ms in the middle and 5 ms at most; with short slices after 1.2 ms. It needs no privilege. Kernels
//! before 6.12 take no notice.
//!
//! Source: `sched_setattr(2)`; `Documentation/scheduler/sched-eevdf.rst` of the kernel.

use std::time::Duration;

/// The shortest slice that the kernel grants.
const SLICE: Duration = Duration::from_micros(100);

/// The first version of the kernel's `struct sched_attr`.
#[repr(C)]
struct SchedAttr {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
}

/// Asks for it, for the present thread. Without it things are later, not wrong.
pub(super) fn ask_for_short_slices() {
    let attributes = SchedAttr {
        size: size_of::<SchedAttr>() as u32,
        policy: libc::SCHED_OTHER as u32,
        flags: 0,
        nice: nice_of_this_thread(),
        priority: 0,
        runtime: SLICE.as_nanos() as u64,
        deadline: 0,
        period: 0,
    };
    const THIS_THREAD: libc::pid_t = 0;
    const NO_FLAGS: libc::c_uint = 0;
    // SAFETY: the kernel reads as many bytes as the structure says it has, during the call.
    let _refused = unsafe {
        libc::syscall(
            libc::SYS_sched_setattr,
            THIS_THREAD,
            &raw const attributes,
            NO_FLAGS,
        )
    };
}

/// The call sets it, too, so it is set to what it is.
fn nice_of_this_thread() -> i32 {
    // SAFETY: it takes two numbers, and has no preconditions. 0 is the present thread.
    unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }
}
