//! What the cores have done, in the kernel's ticks.

use std::fs;

/// Since the machine and this process began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticks {
    /// Of all cores.
    all: u64,
    /// Of all cores, without what they idled.
    busy: u64,
    /// Of this process and its children that have ended.
    ours: u64,
}

impl Ticks {
    /// Until now.
    pub(super) fn now() -> Option<Self> {
        let system = fs::read_to_string("/proc/stat").ok()?;
        let own = fs::read_to_string("/proc/self/stat").ok()?;
        Self::of(&system, &own)
    }

    fn of(system: &str, own: &str) -> Option<Self> {
        let cores = system.lines().next()?.strip_prefix("cpu ")?;
        // The eight from `user` to `steal`; those after them are in `user` already.
        let cores: Vec<u64> = numbers(cores).take(8).collect();
        let [_, _, _, idle, waits_for_disks, ..] = cores[..] else {
            return None;
        };
        let all = cores.iter().sum();
        // The name in brackets may hold anything; eleven fields lie between it and the times.
        let (_, fields) = own.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let times = fields.get(11..15)?.join(" ");
        Some(Self {
            all,
            busy: all - idle - waits_for_disks,
            ours: numbers(&times).sum(),
        })
    }

    /// The part of the cores that others have used since.
    pub(super) fn others_since(self, begun: Self) -> Option<f64> {
        let all = self.all.checked_sub(begun.all)?;
        let busy = self.busy.checked_sub(begun.busy)?;
        let ours = self.ours.checked_sub(begun.ours)?;
        (all > 0).then(|| busy.saturating_sub(ours) as f64 / all as f64)
    }
}

fn numbers(text: &str) -> impl Iterator<Item = u64> {
    text.split_whitespace().filter_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_all_that_is_neither_idle_nor_ours() {
        let begun = Ticks::of(
            "cpu  100 0 50 800 50 0 0 0 7 7\ncpu0 1 2 3",
            "12 (a) b) S 1 2 3 4 5 6 7 8 9 10 10 20 5 5 20 0",
        )
        .expect("ticks");
        assert_eq!((begun.all, begun.busy, begun.ours), (1_000, 150, 40));
        let ended = Ticks {
            all: 1_200,
            busy: 250,
            ours: 120,
        };
        assert_eq!(ended.others_since(begun), Some(0.1));
    }

    #[test]
    fn what_the_system_says_is_understood() {
        if cfg!(target_os = "linux") {
            let ticks = Ticks::now().expect("ticks");
            assert!(ticks.all >= ticks.busy && ticks.all > 0);
        }
    }
}
