//! The soak: one stage after the other, until the time is over.

use std::time::Instant;

use crate::random::Random;
use crate::stage;
use crate::watchdog::Watchdog;
use crate::{bombs, kinds, ledger, process, report, settings};

#[test]
fn soak() {
    let _alone = process::alone();
    bombs::silence();
    let (seed, duration) = (settings::seed(), settings::duration());
    report::begin("soak", seed);
    let mut random = Random::new(seed);
    let before = ledger::tally();
    let before_all = process::Belongings::now();
    let begun = Instant::now();
    let mut stages = 0;
    {
        let _watchdog = Watchdog::start("soak");
        while begun.elapsed() < duration && !report::has_failed() {
            stage::play(&mut random.fork());
            stages += 1;
        }
    }
    if let Err(why) = before_all.wait_until_back() {
        report::failure(&why);
    }
    for left in ledger::open_entries() {
        report::failure(&format!("never ended: {left}"));
    }
    let tally = ledger::tally().since(before);
    let counts = kinds::counts().join(", ");
    report::say(&format!(
        "soak: {stages} stages in {:.1} s, {} tasks: {tally:?}; {counts}",
        begun.elapsed().as_secs_f64(),
        tally.all(),
    ));
    report::assert_clean();
    assert!(
        tally.finished > 0 && tally.cancelled > 0 && tally.panicked > 0,
        "{tally:?}"
    );
}
