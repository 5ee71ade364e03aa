//! What becomes of a task's panic besides the error of its JoinHandle.
//!
//! # Who is told, when
//!
//! | moment | told |
//! |---|---|
//! | the task has panicked (in a poll, or in its future's destructor): the future is gone, the joiner is not woken yet | the hook; without a hook, standard error, if nobody holds the JoinHandle |
//! | a result that holds a panic is dropped unread: with the JoinHandle, or by the task itself if the handle went in the last moment | the hook, as a repetition; without a hook, standard error |
//! | the destructor of an output that nobody took panics | the hook; without a hook, standard error |
//!
//! So a panic that nobody can see is told of once as one without a handle, whatever the order of
//! panic and drop: the state word's JOIN_INTEREST decides, in the task's completion, which side drops
//! the result.
//!
//! Nothing here is touched by tasks that do not panic.
//!
//! # How a panic ends the runtime
//!
//! The reason is noted, and the scheduler is closed, which calls every thread in `block_on`
//! ([`crate::block_on`]). A root looks for a reason before each of its polls and after its last, and
//! panics with it. The reason comes first: a root that is polled in between must not see its tasks
//! cancelled without it.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::handle::Handle;
use crate::scheduler::Scheduler;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, mutant};
use crate::task::{Id, TaskMeta};
use crate::unwind::contain;

/// A panic of a task or of a blocking job, as the hook of the runtime's builder is told of it.
pub struct TaskPanic<'a> {
    /// The task.
    meta: &'a TaskMeta,
    /// What the panic carries.
    payload: &'a (dyn Any + Send),
    /// Whether somebody may still read the panic from the JoinHandle.
    has_handle: bool,
    /// Whether the hook was told before.
    repeated: bool,
}

/// What is to be done about a task's panic, besides giving it to whoever awaits the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PanicAction {
    /// Nothing.
    Ignore,
    /// The runtime ends: its tasks are dropped, and every `block_on` panics with a message that
    /// names the task, the place of its spawn and the panic's message. One line on standard error
    /// says so, too.
    ShutdownRuntime,
    /// One line on standard error; then the process is aborted.
    Abort,
}

/// The closure of the builder's.
pub type PanicHook = Arc<dyn Fn(&TaskPanic<'_>) -> PanicAction + Send + Sync>;

impl<'a> TaskPanic<'a> {
    /// The task's number.
    pub fn id(&self) -> Id {
        self.meta.id()
    }

    /// The name that the task was given at its spawn, if any.
    pub fn name(&self) -> Option<&'a str> {
        self.meta.name()
    }

    /// Where the task was spawned.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.meta.spawned_at()
    }

    /// The task's number, name and place of birth, to be kept.
    pub fn meta(&self) -> &'a TaskMeta {
        self.meta
    }

    /// What the panic carries.
    pub fn payload(&self) -> &'a (dyn Any + Send) {
        self.payload
    }

    /// The panic's message, if what it carries is text, as that of `panic!` is.
    pub fn message(&self) -> Option<&'a str> {
        let payload = self.payload;
        let fixed = payload.downcast_ref::<&'static str>().copied();
        fixed.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
    }

    /// Whether the task's JoinHandle is still held, so that the panic may be seen by whoever awaits
    /// it. The handles in a `JoinSet` count; an `AbortHandle` does not.
    pub fn has_handle(&self) -> bool {
        self.has_handle
    }

    /// Whether the hook was told of this panic before, when it happened: then the JoinHandle was
    /// still held, and now it has been dropped without having been asked for the result.
    pub fn is_repeated(&self) -> bool {
        self.repeated
    }
}

/// `task 7 "name" (spawned at src/main.rs:3:5) panicked: message`, on one line.
impl fmt::Display for TaskPanic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} panicked: {}", self.meta, self.line())
    }
}

impl fmt::Debug for TaskPanic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskPanic")
            .field("task", self.meta)
            .field("message", &self.message())
            .field("has_handle", &self.has_handle)
            .field("is_repeated", &self.repeated)
            .finish()
    }
}

impl TaskPanic<'_> {
    /// The message on one line: that of `assert_eq!` has three.
    fn line(&self) -> String {
        let Some(message) = self.message() else {
            return "(with a payload that is not text)".to_owned();
        };
        let lines: Vec<_> = message.lines().map(str::trim).collect();
        lines.join(" ")
    }
}

/// What one runtime does about the panics of its tasks.
pub(crate) struct PanicPolicy {
    /// Who decides. None: a panic that nobody can see is a line on standard error.
    hook: Option<PanicHook>,
    /// Whether a panic has ended the runtime. Set under the lock, never cleared.
    ended: AtomicBool,
    /// Which panic it was. Held for a look or a copy.
    reason: Mutex<Option<Arc<str>>>,
}

impl PanicPolicy {
    pub(crate) fn new(hook: Option<PanicHook>) -> Self {
        Self {
            hook,
            ended: AtomicBool::new(false),
            reason: Mutex::new(None),
        }
    }

    /// Panics if a task's panic has ended the runtime.
    #[inline]
    #[track_caller]
    pub(crate) fn check(&self) {
        // Ordering: Relaxed; whoever learns of the end, from the call that the closing makes, from
        // the lobby's lock, or from a task that was cancelled, learns of it after the flag was set.
        if self.ended.load(Ordering::Relaxed) {
            self.refuse();
        }
    }

    #[cold]
    #[track_caller]
    fn refuse(&self) {
        let reason = self.reason.lock().clone();
        if let Some(reason) = reason {
            panic!("the runtime was shut down because {reason}");
        }
    }

    /// A panic ends the runtime. Only the first one counts.
    fn end(&self, scheduler: &Scheduler, panic: &TaskPanic<'_>) {
        let text = panic.to_string();
        if mutant!("panic: it ends the runtime before its reason is known") {
            scheduler.close();
        }
        {
            let mut reason = self.reason.lock();
            if reason.is_some() {
                return;
            }
            *reason = Some(text.into());
            // Ordering: Relaxed; see `check`: what follows the closing publishes it.
            self.ended.store(true, Ordering::Relaxed);
        }
        tell(&format_args!("{panic}; this shuts its runtime down"));
        scheduler.close();
    }
}

impl fmt::Debug for PanicPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PanicPolicy").finish_non_exhaustive()
    }
}

/// Tells the user of a panic that a task of `runtime` has ended in, and does what he wants done.
#[cold]
pub(crate) fn report(
    runtime: Option<&Handle>,
    meta: &TaskMeta,
    payload: &(dyn Any + Send),
    occasion: Occasion,
) {
    let panic = TaskPanic {
        meta,
        payload,
        has_handle: occasion == Occasion::Awaited,
        repeated: occasion == Occasion::Unread,
    };
    let scheduler = runtime.map(|handle| &**handle.scheduler());
    let policy = scheduler.map(|scheduler| (scheduler, &scheduler.panics));
    let hook = policy.and_then(|(_, policy)| policy.hook.as_ref());
    // A hook that panics has decided nothing.
    match hook.and_then(|hook| contain(|| hook(&panic))) {
        None if panic.has_handle => {}
        None => tell(&format_args!(
            "{meta} panicked and nobody awaits it: {}",
            panic.line()
        )),
        Some(PanicAction::Ignore) => {}
        Some(PanicAction::ShutdownRuntime) => {
            if let Some((scheduler, policy)) = policy {
                policy.end(scheduler, &panic);
            }
        }
        Some(PanicAction::Abort) => {
            tell(&format_args!("{panic}; this aborts the process"));
            std::process::abort();
        }
    }
}

/// When a panic is reported; see the table in the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// It has just happened, and the JoinHandle is held.
    Awaited,
    /// It has just happened, and nobody can see it.
    Detached,
    /// It was reported as `Awaited`, and was dropped unread.
    Unread,
}

/// One line on standard error, in one write. A failing standard error is no reason to fail.
fn tell(text: &fmt::Arguments<'_>) {
    let line = format!("mainspring: {text}\n");
    contain(|| eprint!("{line}"));
}
