//! The attribute macros of the Mainspring runtime: `#[main]` and `#[test]`.
//!
//! Users reach them as `mainspring::main` and `mainspring::test`; this crate is not meant to be
//! depended on directly. It only carries what a procedural macro crate must: the two entry
//! points. Reading the arguments is in `arguments`, the text that replaces the function is in
//! `expand`, and the search for the runtime's name in the caller's manifest is in `runtime_crate`.

#![forbid(unsafe_code)]

mod arguments;
mod async_fn;
mod expand;
mod runtime_crate;

use proc_macro::TokenStream;

use crate::arguments::Attribute;

/// Runs an `async fn` on a new runtime.
///
/// The function becomes an ordinary one, which builds a [`Runtime`], gives it the body and waits
/// for the body's value. It is meant for `main`, and works on other functions and methods too, with
/// their arguments; each call then builds a runtime of its own and shuts it down.
///
/// The runtime steals work between one worker per core, unless the arguments say otherwise.
///
/// # Arguments
///
/// | Argument | Value | Meaning |
/// |---|---|---|
/// | `flavor` | `"multi_thread"` (the default) or `"current_thread"` | the kind of scheduler |
/// | `worker_threads` | a number from 1 | how many workers; `multi_thread` only |
/// | `start_paused` | `true` or `false` | with the clock paused; `current_thread` only |
/// | `unhandled_panic` | `"ignore"` (the default) or `"shutdown_runtime"` | what becomes of the panic of a task whose handle nobody holds: a line on standard error, or the function panics with a message that names the task |
/// | `crate` | a path in a string | where the runtime's crate is found |
///
/// `crate` is for macros and re-exports. Otherwise the caller's `Cargo.toml` tells the name under
/// which the package `mainspring` was imported, so a renamed dependency needs no argument: with
/// `tokio = { package = "mainspring", .. }` in the manifest, write `#[tokio::main]`.
///
/// # Panics
///
/// The function panics if the operating system refuses the runtime its threads or its poller.
///
/// # Examples
///
/// ```
/// #[mainspring::main]
/// async fn main() -> std::io::Result<()> {
///     let listener = mainspring::net::TcpListener::bind("127.0.0.1:0").await?;
///     println!("listening on {}", listener.local_addr()?);
///     Ok(())
/// }
/// ```
///
/// On one thread:
///
/// ```
/// #[mainspring::main(flavor = "current_thread")]
/// async fn main() {
///     println!("hello from the only thread");
/// }
/// ```
///
/// What the first one stands for:
///
/// ```
/// fn main() -> std::io::Result<()> {
///     mainspring::runtime::Builder::new_multi_thread()
///         .enable_all()
///         .build()
///         .expect("the runtime could not be built")
///         .block_on(async { /* the body */ Ok(()) })
/// }
/// ```
///
/// [`Runtime`]: https://docs.rs/mainspring/latest/mainspring/runtime/struct.Runtime.html
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Attribute::Main, arguments.into(), item.into()).into()
}

/// Runs an `async fn` as a test, on a runtime of its own.
///
/// It takes the place of the standard `#[test]`: the function may return whatever a test may, such
/// as a `Result`, and `#[ignore]` and `#[should_panic]` keep their meaning. A panic in the body
/// fails the test.
///
/// So does the panic of a spawned task or a blocking job that nobody can see, because its handle
/// was dropped, before the panic or after it, without having been awaited: the test ends at once,
/// with a panic that names the task, where it was spawned, and what it said. A task's panic that the
/// test reads from its handle is the test's to judge. `unhandled_panic = "ignore"` turns this off.
///
/// The runtime is single-threaded, unless the arguments say otherwise, so that a test begins
/// quickly and its tasks run in one order.
///
/// # Arguments
///
/// Those of [`macro@main`]; two defaults differ: `flavor` is `"current_thread"`, and
/// `unhandled_panic` is `"shutdown_runtime"`.
///
/// # Panics
///
/// The test panics if the operating system refuses the runtime its threads or its poller, and if a
/// task panics that nobody awaits.
///
/// # Examples
///
/// ```test_harness
/// #[mainspring::test]
/// async fn a_channel_delivers() {
///     let (sender, receiver) = mainspring::sync::oneshot::channel();
///     mainspring::spawn(async move { sender.send(3) });
///     assert_eq!(receiver.await, Ok(3));
/// }
/// ```
///
/// Time that passes by itself whenever all tasks wait:
///
/// ```test_harness
/// #[mainspring::test(start_paused = true)]
/// async fn an_hour_is_over_at_once() {
///     mainspring::time::sleep(std::time::Duration::from_secs(3600)).await;
/// }
/// ```
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Attribute::Test, arguments.into(), item.into()).into()
}
