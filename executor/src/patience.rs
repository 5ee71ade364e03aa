//! Patience: how long a thread that finds nothing to do looks around before it sleeps.
//!
//! To wake a sleeping thread costs 5 to 80 us, most of it until its core is awake again (a virtual
//! machine's core has to be started by its host); to find something while looking around costs a
//! fraction of one. But to look around for what does not come is a waste, and takes a core from
//! others. So each thread learns from its own waits: it looks around only where that has paid.
//!
//! # The rule
//!
//! A thread looks around, for up to its *span*, while it has *credit*:
//!
//! | the wait | what follows |
//! |---|---|
//! | found something while looking around | one more credit, up to [`CREDIT_MAX`] prices |
//! | looked around for nothing, and slept | a *price* less |
//! | slept at once, for a [short](SHORT) time, so many times in a row | a trial: credit for [`LOOKS_OF_TRIAL`] |
//!
//! "So many" begins at [`SLEEPS_BEFORE_TRIAL`] prices, is doubled by each trial that comes to nothing, and
//! begins anew with one that does not. The price is one, unless few may be in vain: at a price of 20 no
//! more than one wait of 20 is looked around for in vain, whatever happens.
//!
//! A process that is woken less often than that never looks around: an idle one uses no processor
//! time.
//!
//! After [`POLITE_AFTER`] a thread that looks around offers its core to others at each turn, so that
//! whoever could bring the work gets to run on a machine with fewer cores than threads.
//!
//! The same rule as for a guest's halt in KVM, whose `halt_poll_ns` grows and shrinks so:
//! <https://docs.kernel.org/virt/kvm/halt-polling.html>.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::sync::{spin_loop, thread, time};

/// How long a look around for what other threads may bring is at most. About what it costs to be woken.
pub(crate) const SPAN: Duration = Duration::from_micros(50);

/// A sleep that is shorter than this, or than two spans, might have been none: half of it is the waking itself.
const SHORT: Duration = Duration::from_micros(150);

/// So many short sleeps in a row, in prices, are followed by the first trial.
const SLEEPS_BEFORE_TRIAL: u32 = 4;

/// No more than so many are asked for, however often a trial came to nothing.
const SLEEPS_BEFORE_TRIAL_MAX: u32 = 1024;

/// So often a trial may look around for nothing.
const LOOKS_OF_TRIAL: u32 = 2;

/// So often in a row who was lucky before may look around for nothing.
const CREDIT_MAX: u32 = 6;

/// So long is pure spinning; then others on this core may go first.
const POLITE_AFTER: Duration = Duration::from_micros(8);

/// Pauses of the processor between two looks: about half a microsecond.
const PAUSES: usize = 10;

/// What a thread has learnt about its waits. Of no use to any other thread.
#[derive(Debug)]
pub(crate) struct Patience {
    /// How long it looks around at most.
    span: Duration,
    /// What it costs to look around for nothing.
    price: u32,
    /// While there is some, it looks around.
    credit: Cell<u32>,
    /// How many short sleeps there were in a row, without a look around.
    short_sleeps: Cell<u32>,
    /// How many there must be before the next trial.
    sleeps_before_trial: Cell<u32>,
}

impl Patience {
    /// For a thread that looks around for up to `span`, and for nothing once for each `price` times that
    /// something is found.
    pub(crate) fn new(span: Duration, price: u32) -> Self {
        Self {
            span,
            price,
            credit: Cell::new(0),
            short_sleeps: Cell::new(0),
            sleeps_before_trial: Cell::new(SLEEPS_BEFORE_TRIAL * price),
        }
    }

    /// Whether to look around before the next sleep. Never in a model, where nothing is learnt.
    pub(crate) fn is_willing(&self) -> bool {
        self.credit.get() > 0
    }

    /// Calls `look` again and again for a while, unless `look` says that it is of no use now. It is now
    /// `begun`. To be called where [`is_willing`](Self::is_willing) says so.
    pub(crate) fn look_around<T>(
        &self,
        begun: Instant,
        mut look: impl FnMut() -> Look<T>,
    ) -> Option<T> {
        loop {
            match look() {
                Look::Found(found) => {
                    self.looked(true);
                    return Some(found);
                }
                Look::Again => {}
                Look::Stop => return None,
            }
            let so_far = time::now().saturating_duration_since(begun);
            if self.is_over(so_far) {
                self.looked(false);
                return None;
            }
            pause(so_far);
        }
    }

    /// Whether a look around that began `so_far` ago has lasted its span.
    pub(crate) fn is_over(&self, so_far: Duration) -> bool {
        so_far >= self.span
    }

    /// The thread has looked around, and has found something or not.
    pub(crate) fn looked(&self, has_found: bool) {
        if has_found {
            let most = CREDIT_MAX * self.price;
            self.credit.set((self.credit.get() + 1).min(most));
            self.sleeps_before_trial
                .set(SLEEPS_BEFORE_TRIAL * self.price);
        } else {
            self.credit
                .set(self.credit.get().saturating_sub(self.price));
        }
    }

    /// The thread has slept for so long.
    pub(crate) fn after_sleep(&self, slept: Duration) {
        if self.is_willing() {
            return;
        }
        let limit = SHORT.max(self.span.saturating_mul(2));
        let short = !cfg!(mainspring_loom) && slept < limit;
        let in_a_row = if short {
            self.short_sleeps.get() + 1
        } else {
            0
        };
        self.short_sleeps.set(in_a_row);
        let needed = self.sleeps_before_trial.get();
        if in_a_row >= needed {
            self.short_sleeps.set(0);
            self.sleeps_before_trial
                .set((2 * needed).min(SLEEPS_BEFORE_TRIAL_MAX));
            self.credit.set(LOOKS_OF_TRIAL * self.price);
        }
    }
}

/// Between two looks, the first of which was `so_far` ago.
pub(crate) fn pause(so_far: Duration) {
    if so_far >= POLITE_AFTER {
        thread::yield_now();
    }
    (0..PAUSES).for_each(|_| spin_loop());
}

/// What a look has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look<T> {
    /// This.
    Found(T),
    /// Nothing yet.
    Again,
    /// That it is better to sleep now.
    Stop,
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;

    fn short_sleep(patience: &Patience) {
        patience.after_sleep(Duration::ZERO);
    }

    /// How many short sleeps it takes until the thread looks around.
    fn sleeps_until_trial(patience: &Patience) -> u32 {
        let mut sleeps = 0;
        while !patience.is_willing() {
            short_sleep(patience);
            sleeps += 1;
        }
        sleeps
    }

    fn look_for_nothing(patience: &Patience) {
        assert!(patience.is_willing());
        assert_eq!(
            patience.look_around(Instant::now(), || Look::<()>::Again),
            None
        );
        short_sleep(patience);
    }

    #[test]
    fn a_thread_that_has_learnt_nothing_does_not_look_around() {
        assert!(!Patience::new(SPAN, 1).is_willing());
    }

    #[test]
    fn a_look_that_is_of_no_use_ends_it_and_costs_nothing() {
        let patience = Patience::new(SPAN, 1);
        sleeps_until_trial(&patience);
        for _ in 0..2 * LOOKS_OF_TRIAL {
            let stopped = patience.look_around(Instant::now(), || Look::<()>::Stop);
            assert_eq!(stopped, None);
        }
        assert!(patience.is_willing());
    }

    #[test]
    fn a_trial_that_comes_to_nothing_is_repeated_later_and_later() {
        let patience = Patience::new(SPAN, 1);
        for trial in 0..3 {
            // The last look for nothing was a short sleep, too.
            assert!(sleeps_until_trial(&patience) + 1 >= SLEEPS_BEFORE_TRIAL << trial);
            (0..LOOKS_OF_TRIAL).for_each(|_| look_for_nothing(&patience));
            assert!(!patience.is_willing());
        }
    }

    #[test]
    fn what_is_found_gives_credit_up_to_a_limit() {
        let patience = Patience::new(SPAN, 1);
        sleeps_until_trial(&patience);
        for _ in 0..2 * CREDIT_MAX {
            assert_eq!(
                patience.look_around(Instant::now(), || Look::Found(7)),
                Some(7)
            );
        }
        (0..CREDIT_MAX).for_each(|_| look_for_nothing(&patience));
        assert!(!patience.is_willing());
        assert!(sleeps_until_trial(&patience) < 2 * SLEEPS_BEFORE_TRIAL);
    }

    #[test]
    fn a_long_sleep_ends_the_row() {
        let patience = Patience::new(SPAN, 1);
        (1..SLEEPS_BEFORE_TRIAL).for_each(|_| short_sleep(&patience));
        patience.after_sleep(SHORT);
        assert_eq!(sleeps_until_trial(&patience), SLEEPS_BEFORE_TRIAL);
    }

    #[test]
    fn no_more_is_looked_for_in_vain_than_its_price_allows() {
        const PRICE: u32 = 20;
        // Each cycle of what is found (true) and what is not, for ever.
        for cycle in [
            &[false][..],
            &[true, false],
            &[true, true, false],
            &[true; 30],
        ] {
            let patience = Patience::new(Duration::ZERO, PRICE);
            let (mut waits, mut in_vain) = (0, 0);
            for has_found in cycle.iter().cycle().take(100_000) {
                waits += 1;
                if patience.is_willing() {
                    patience.looked(*has_found);
                    in_vain += u32::from(!has_found);
                } else {
                    short_sleep(&patience);
                }
            }
            assert!(in_vain * PRICE <= waits, "{in_vain} of {waits}: {cycle:?}");
        }
    }
}
