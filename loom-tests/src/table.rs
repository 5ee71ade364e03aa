//! Every model, every mutant, and the table that says which was caught.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{env, io, thread};

use crate::processes::{self, End, Run};
use crate::switches;

/// A switch of the sources, and the model that must fail when it is thrown.
#[derive(Debug, Clone, Copy)]
pub struct Mutant {
    /// The name in `mutant!` or `order!`.
    pub name: &'static str,
    /// The test's name, with its module.
    pub model: &'static str,
}

/// A model or a mutant that runs for longer than this is a failure of its own: nobody would wait.
const LIMIT: Duration = Duration::from_secs(300);

/// Narrows the table to the models whose names contain this.
const FILTER: &str = "MAINSPRING_MODELS";

/// One row: a model, and what became of it and of its mutants.
struct Row {
    model: String,
    mutants: Vec<&'static str>,
    /// First the model as it is, then its mutants, in their order.
    runs: Mutex<Vec<Option<Run>>>,
}

/// Runs each model, and each mutant against the model that must catch it; prints
/// `model · executions explored · seconds · mutants killed k of k`.
///
/// # Errors
///
/// Each line is something that must not be: a model that fails as it is, a mutant that survives, a
/// switch in the sources that no model is named for, a mutant without a switch.
pub fn kill_all(groups: &[&[Mutant]]) -> io::Result<Vec<String>> {
    let mutants: Vec<Mutant> = groups.iter().copied().flatten().copied().collect();
    let models = processes::models()?;
    let mut faults = unmatched(&mutants, &models)?;
    let filter = env::var(FILTER).unwrap_or_default();
    let rows: Vec<Row> = models
        .into_iter()
        .filter(|model| model.contains(&filter))
        .map(|model| Row::new(model, &mutants))
        .collect();
    run_all(&rows)?;
    let width = rows.iter().map(|row| row.model.len()).max().unwrap_or(0);
    println!(
        "\n{:width$} · executions · seconds · mutants killed",
        "model"
    );
    let mut killed = 0;
    for row in &rows {
        killed += row.print(width, &mut faults);
    }
    println!("\n{} models, {killed} mutants killed", rows.len());
    Ok(faults)
}

/// Switches and mutants that do not belong together.
fn unmatched(mutants: &[Mutant], models: &[String]) -> io::Result<Vec<String>> {
    let switches = switches::in_the_sources()?;
    let named: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.name).collect();
    let mut faults = Vec::new();
    for switch in &switches {
        if !named.contains(switch.as_str()) {
            faults.push(format!("no model is named for the switch {switch:?}"));
        }
    }
    for mutant in mutants {
        if !switches.contains(mutant.name) {
            faults.push(format!("no source has the switch {:?}", mutant.name));
        }
        if !models.iter().any(|model| model == mutant.model) {
            faults.push(format!("no model is called {}", mutant.model));
        }
    }
    Ok(faults)
}

/// As many at a time as there are processors; the long ones are not known beforehand.
fn run_all(rows: &[Row]) -> io::Result<()> {
    let jobs: Vec<(&Row, usize)> = rows
        .iter()
        .flat_map(|row| (0..=row.mutants.len()).map(move |index| (row, index)))
        .collect();
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    while let Some((row, index)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        row.run(*index)?;
                    }
                    Ok(())
                })
            })
            .collect();
        let ends = workers.into_iter().map(|worker| {
            let end = worker.join();
            end.unwrap_or_else(|_| Err(io::Error::other("a runner panicked")))
        });
        ends.collect::<io::Result<Vec<()>>>()
    })?;
    Ok(())
}

impl Row {
    fn new(model: String, mutants: &[Mutant]) -> Self {
        let own = mutants.iter().filter(|mutant| mutant.model == model);
        let mutants: Vec<_> = own.map(|mutant| mutant.name).collect();
        let runs = (0..=mutants.len()).map(|_| None).collect();
        Self {
            model,
            mutants,
            runs: Mutex::new(runs),
        }
    }

    /// Runs the model as it is (0), or its nth mutant.
    fn run(&self, index: usize) -> io::Result<()> {
        let mutant = index.checked_sub(1).map(|index| self.mutants[index]);
        let run = processes::run(&self.model, mutant, LIMIT)?;
        let what = mutant.map_or_else(|| "as it is".to_owned(), |name| format!("mutant {name}"));
        let how = match run.end {
            End::Passed => "passes",
            End::Failed => run.complaint(),
            End::Overdue => "takes too long",
        };
        println!("{}: {what}: {how} ({:.1} s)", self.model, run.seconds);
        let mut runs = self
            .runs
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        runs[index] = Some(run);
        Ok(())
    }

    /// Prints the row, adds what must not be to `faults`, returns how many mutants were killed.
    fn print(&self, width: usize, faults: &mut Vec<String>) -> usize {
        let runs = self
            .runs
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut runs = runs.iter().flatten();
        let Some(base) = runs.next() else {
            return 0;
        };
        if base.end != End::Passed {
            faults.push(format!("{} does not pass:\n{}", self.model, base.output));
        }
        let mut killed = 0;
        for (run, mutant) in runs.zip(&self.mutants) {
            match run.end {
                End::Failed => killed += 1,
                End::Passed => faults.push(format!("{mutant} survives {}", self.model)),
                End::Overdue => faults.push(format!("{mutant} takes too long in {}", self.model)),
            }
        }
        let (executions, seconds) = (base.executions(), base.seconds);
        let of = self.mutants.len();
        println!(
            "{:width$} · {executions} · {seconds:.1} · {killed} of {of}",
            self.model
        );
        killed
    }
}
