//! The macros as the compiler runs them, over a stand-in for the runtime that writes down how it
//! was built. What the macros refuse is tested beside `expand`.

use std::error::Error;
use std::fmt::Display;
use std::marker::PhantomData;

use mainspring_macros::{main, test};

/// A crate of the runtime's shape, as far as the expansions reach.
mod stand_in {
    /// Builds and runs.
    pub(crate) mod runtime {
        use std::cell::RefCell;
        use std::future::Future;
        use std::pin::pin;
        use std::task::{Context, Poll, Waker};

        thread_local! {
            /// The calls made on this thread's last builder.
            static CALLS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
        }

        pub(crate) fn calls() -> Vec<String> {
            CALLS.with_borrow(Clone::clone)
        }

        pub(crate) struct Builder(Vec<String>);

        impl Builder {
            pub(crate) fn new_multi_thread() -> Self {
                Self(vec!["multi_thread".to_owned()])
            }

            pub(crate) fn new_current_thread() -> Self {
                Self(vec!["current_thread".to_owned()])
            }

            pub(crate) fn worker_threads(&mut self, count: usize) -> &mut Self {
                self.0.push(format!("worker_threads {count}"));
                self
            }

            pub(crate) fn enable_all(&mut self) -> &mut Self {
                self.0.push("enable_all".to_owned());
                self
            }

            pub(crate) fn start_paused(&mut self, paused: bool) -> &mut Self {
                self.0.push(format!("start_paused {paused}"));
                self
            }

            pub(crate) fn unhandled_panic(&mut self, behavior: UnhandledPanic) -> &mut Self {
                self.0.push(format!("unhandled_panic {behavior:?}"));
                self
            }

            pub(crate) fn build(&mut self) -> std::io::Result<Runtime> {
                CALLS.set(self.0.clone());
                Ok(Runtime)
            }
        }

        #[derive(Debug)]
        pub(crate) enum UnhandledPanic {
            ShutdownRuntime,
        }

        pub(crate) struct Runtime;

        impl Runtime {
            pub(crate) fn run<F: Future>(self, future: F) -> F::Output {
                self.block_on(future)
            }

            /// Polls until the future is ready; the bodies here never wait for anything.
            pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
                let mut future = pin!(future);
                loop {
                    let mut context = Context::from_waker(Waker::noop());
                    if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                        return output;
                    }
                }
            }
        }
    }
}

async fn identity<T>(value: T) -> T {
    std::future::ready(value).await
}

#[main(crate = "stand_in")]
async fn plain() {
    identity(()).await;
}

#[main(crate = "crate::stand_in", flavor = "multi_thread", worker_threads = 3)]
async fn on_three_workers() -> Vec<String> {
    stand_in::runtime::calls()
}

#[main(
    flavor = "current_thread",
    start_paused = true,
    crate = "self::stand_in"
)]
async fn paused() -> Vec<String> {
    stand_in::runtime::calls()
}

#[main(crate = "stand_in")]
async fn question_mark(text: &str) -> Result<u8, Box<dyn Error>> {
    let number = identity(text).await.parse::<u8>()?;
    if number == 0 {
        return Err("zero is not wanted".into());
    }
    Ok(number)
}

#[main(crate = "stand_in")]
async fn unsized_in_a_box() -> Result<Box<dyn Display>, ()> {
    // Compiles only if the declared type reaches the last expression.
    Ok(Box::new(identity(7).await))
}

#[main(crate = "stand_in")]
async fn existential() -> impl Display {
    identity("seen through a trait").await
}

#[main(crate = "stand_in")]
async fn never() -> ! {
    identity(()).await;
    panic!("has to be left somehow")
}

struct Owner<T> {
    name: String,
    marker: PhantomData<T>,
}

impl<T: Clone> Owner<T> {
    #[main(crate = "stand_in")]
    async fn longer<'a, U>(&'a self, other: &'a str, value: U) -> (&'a str, U, Option<Self>)
    where
        U: Copy,
    {
        let name = identity(self.name.as_str()).await;
        (
            if name.len() > other.len() {
                name
            } else {
                other
            },
            value,
            None,
        )
    }
}

#[::core::prelude::v1::test]
fn main_builds_the_runtime_that_was_asked_for() {
    plain();
    assert_eq!(stand_in::runtime::calls(), ["multi_thread", "enable_all"]);
    assert_eq!(
        on_three_workers(),
        ["multi_thread", "worker_threads 3", "enable_all"]
    );
    assert_eq!(
        paused(),
        ["current_thread", "enable_all", "start_paused true"]
    );
}

#[::core::prelude::v1::test]
fn return_types_of_every_kind_pass_through() {
    assert_eq!(question_mark("17").ok(), Some(17));
    assert_eq!(
        question_mark("0").unwrap_err().to_string(),
        "zero is not wanted"
    );
    assert!(question_mark("x").is_err());
    assert_eq!(
        unsized_in_a_box().ok().map(|shown| shown.to_string()),
        Some("7".to_owned())
    );
    assert_eq!(existential().to_string(), "seen through a trait");
    let panic = std::panic::catch_unwind(|| never()).unwrap_err();
    assert_eq!(
        panic.downcast_ref::<&str>(),
        Some(&"has to be left somehow")
    );
}

#[::core::prelude::v1::test]
fn methods_keep_their_receiver_generics_and_lifetimes() {
    let owner = Owner::<u8> {
        name: "mainspring".to_owned(),
        marker: PhantomData,
    };
    let (longest, value, none) = owner.longer("clock", 5);
    assert_eq!((longest, value, none.is_none()), ("mainspring", 5, true));
}

#[test(crate = "stand_in")]
async fn a_test_runs_on_one_thread() {
    assert_eq!(
        stand_in::runtime::calls(),
        [
            "current_thread",
            "enable_all",
            "unhandled_panic ShutdownRuntime"
        ]
    );
}

#[test(crate = "stand_in", unhandled_panic = "ignore")]
async fn a_test_may_ignore_panics() {
    assert_eq!(stand_in::runtime::calls(), ["current_thread", "enable_all"]);
}

#[test(crate = "stand_in", flavor = "multi_thread", worker_threads = 2)]
async fn a_test_may_have_workers() {
    assert_eq!(
        stand_in::runtime::calls(),
        [
            "multi_thread",
            "worker_threads 2",
            "enable_all",
            "unhandled_panic ShutdownRuntime"
        ]
    );
}

#[test(crate = "stand_in")]
async fn a_test_may_return_a_result() -> Result<(), Box<dyn Error>> {
    assert_eq!("5".parse::<u8>()?, identity(5).await);
    Ok(())
}

#[test(crate = "stand_in")]
#[should_panic(expected = "on purpose")]
async fn a_panic_reaches_the_harness() {
    identity(()).await;
    panic!("on purpose");
}

#[test(crate = "stand_in")]
#[ignore = "checks that the attribute is kept: it would fail"]
async fn an_ignored_test_does_not_run() {
    panic!("this test is ignored");
}

mod in_a_macro {
    /// Arguments that pass through `macro_rules!` arrive in invisible groups.
    macro_rules! make {
        ($name:ident, $flavor:expr, $workers:expr) => {
            #[crate::main(crate = "crate::stand_in", flavor = $flavor, worker_threads = $workers)]
            pub(super) async fn $name() -> Vec<String> {
                crate::stand_in::runtime::calls()
            }
        };
    }

    make!(made, "multi_thread", 6);
}

#[::core::prelude::v1::test]
fn arguments_may_come_out_of_another_macro() {
    assert_eq!(
        in_a_macro::made(),
        ["multi_thread", "worker_threads 6", "enable_all"]
    );
}
