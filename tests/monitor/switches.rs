//! What the threads of this process have cost, from `/proc/self/task`.

use std::fs;
use std::time::Duration;

/// What the threads of a runtime have used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Used {
    /// Switches of context that a thread asked for: it waited.
    pub(crate) voluntary: u64,
    /// Those, and the ones that the system imposed.
    pub(crate) switches: u64,
    /// Processor time.
    pub(crate) time: Duration,
}

/// What all threads whose names begin with one of `names` have used so far.
pub(crate) fn used_by(names: &[&str]) -> Used {
    let mut used = Used {
        voluntary: 0,
        switches: 0,
        time: Duration::ZERO,
    };
    let tasks = fs::read_dir("/proc/self/task").expect("Linux has it");
    for task in tasks {
        let path = task.expect("it can be read").path();
        // A thread may end between two reads.
        let Ok(name) = fs::read_to_string(path.join("comm")) else {
            continue;
        };
        if !names.iter().any(|wanted| name.starts_with(wanted)) {
            continue;
        }
        let status = fs::read_to_string(path.join("status")).unwrap_or_default();
        let schedstat = fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        let voluntary = field(&status, "voluntary_ctxt_switches:");
        used.voluntary += voluntary;
        used.switches += voluntary + field(&status, "nonvoluntary_ctxt_switches:");
        let nanoseconds = schedstat.split(' ').next().unwrap_or_default();
        used.time += Duration::from_nanos(nanoseconds.parse().unwrap_or_default());
    }
    used
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|value| value.trim().parse().ok())
        .unwrap_or_default()
}

impl Used {
    /// What has been used since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            voluntary: self.voluntary - before.voluntary,
            switches: self.switches - before.switches,
            time: self.time - before.time,
        }
    }
}
