//! What the system says of this process.

use std::fs;
use std::io;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

/// The processor time of all threads, the ended ones included.
pub(crate) fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let since_start = Duration::try_from(time);
    since_start.expect("a process has used no negative time")
}

/// The bytes of memory that are there.
pub(crate) fn resident_bytes() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/self/statm")?;
    let pages: Option<u64> = text
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse().ok());
    let pages = pages.ok_or_else(|| io::Error::other(format!("no resident pages in {text}")))?;
    Ok(pages * rustix::param::page_size() as u64)
}

/// How often the threads that live have given up their cores, or lost them.
pub(crate) fn context_switches() -> io::Result<u64> {
    let mut switches = 0;
    for thread in fs::read_dir("/proc/self/task")? {
        // One that has ended meanwhile has no status, and no longer counts.
        let Ok(status) = fs::read_to_string(thread?.path().join("status")) else {
            continue;
        };
        switches += status
            .lines()
            .filter_map(|line| line.split_once("ctxt_switches:"))
            .filter_map(|(_, count)| count.trim().parse::<u64>().ok())
            .sum::<u64>();
    }
    Ok(switches)
}

/// Allows this process at least so many descriptors.
pub(crate) fn allow_descriptors(count: u64) -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    // `None` is no limit.
    if limit.current.is_none_or(|current| current >= count) {
        return Ok(());
    }
    let raised = Rlimit {
        current: Some(count),
        maximum: limit.maximum,
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Instant;

    const LIMIT: Duration = Duration::from_secs(60);

    #[test]
    fn computing_takes_processor_time() {
        let before = processor_time();
        let begun = Instant::now();
        // Another process may have the core for a while: wait for ours to have had 50 ms of it.
        while processor_time() - before < Duration::from_millis(50) {
            assert!(begun.elapsed() < LIMIT, "no processor time is counted");
        }
    }

    #[test]
    fn memory_that_is_written_is_resident() {
        const SIZE: usize = 64 << 20;
        let before = resident_bytes().unwrap();
        let memory = std::hint::black_box(vec![1_u8; SIZE]);
        let after = resident_bytes().unwrap();
        drop(memory);
        // Other tests of this process may free some meanwhile.
        assert!(after - before > SIZE as u64 / 2, "{before} {after}");
    }

    #[test]
    fn a_thread_that_sleeps_gives_up_its_core() {
        let before = context_switches().unwrap();
        let begun = Instant::now();
        while context_switches().unwrap() <= before {
            thread::sleep(Duration::from_millis(1));
            assert!(begun.elapsed() < LIMIT, "no switches are counted");
        }
    }
}
