//! Every name of `mainspring::loom` is there in both builds, and does the same.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use mainspring::loom::cell::{Cell, UnsafeCell};
use mainspring::loom::io::{
    AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, DuplexStream, ReadBuf, duplex,
};
use mainspring::loom::sync::atomic::{
    AtomicBool, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8, AtomicU16, AtomicU32,
    AtomicU64, AtomicUsize, Ordering, fence,
};
use mainspring::loom::sync::mpsc::{Receiver, Sender, channel};
use mainspring::loom::sync::{
    Arc, Condvar, LockResult, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
    TryLockResult,
};
use mainspring::loom::time::{Duration, Instant, fire_next, sleep};
use mainspring::loom::{hint, is_loom, model, model_with_preemptions, run, thread, unexplored};
use mainspring::runtime::Builder;

/// In a test of its own, so that a failure says which half it was.
#[test]
fn locks_and_atomics() {
    model(|| {
        let mutex = Mutex::new(0);
        let guard: LockResult<MutexGuard<'_, u32>> = mutex.lock();
        let mut guard = guard.unwrap();
        *guard += 1;
        drop(guard);
        let guard: TryLockResult<MutexGuard<'_, u32>> = mutex.try_lock();
        assert_eq!(*guard.unwrap(), 1);
        assert_eq!(mutex.into_inner().unwrap(), 1);

        let lock = RwLock::new(1);
        let mut write: RwLockWriteGuard<'_, u32> = lock.write().unwrap();
        *write += 1;
        drop(write);
        let read: RwLockReadGuard<'_, u32> = lock.read().unwrap();
        assert_eq!(*read, 2);
        drop(read);

        let bell = Condvar::new();
        bell.notify_one();
        bell.notify_all();

        assert!(!AtomicBool::new(false).swap(true, Ordering::AcqRel));
        assert_eq!(AtomicU8::new(1).fetch_add(1, Ordering::Relaxed), 1);
        assert_eq!(AtomicU16::new(1).fetch_add(1, Ordering::Relaxed), 1);
        assert_eq!(AtomicU32::new(1).fetch_add(1, Ordering::Relaxed), 1);
        assert_eq!(AtomicU64::new(1).fetch_add(1, Ordering::Relaxed), 1);
        assert_eq!(AtomicUsize::new(1).fetch_add(1, Ordering::Relaxed), 1);
        assert_eq!(AtomicI32::new(1).fetch_sub(1, Ordering::Relaxed), 1);
        assert_eq!(AtomicI64::new(1).fetch_sub(1, Ordering::Relaxed), 1);
        assert_eq!(AtomicIsize::new(1).fetch_sub(1, Ordering::Relaxed), 1);
        let mut value = 1;
        let pointer: AtomicPtr<i32> = AtomicPtr::new(&raw mut value);
        assert!(!pointer.load(Ordering::Acquire).is_null());
        fence(Ordering::SeqCst);

        let cell = Cell::new(1);
        cell.set(2);
        assert_eq!(cell.get(), 2);
        let cell = UnsafeCell::new(3);
        assert!(cell.with(|value| !value.is_null()) && cell.with_mut(|value| !value.is_null()));
    });
}

#[test]
fn threads() {
    model(|| {
        let (sender, receiver): (Sender<u32>, Receiver<u32>) = channel();
        let own = thread::current().id();
        let flag = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&flag);
        let named: thread::JoinHandle<()> = thread::Builder::new()
            .name("named".to_owned())
            .spawn(move || {
                assert_ne!(thread::current().id(), own);
                sender.send(7).unwrap();
                seen.store(true, Ordering::Release);
            })
            .unwrap();
        assert_eq!(receiver.recv().unwrap(), 7);
        while !flag.load(Ordering::Acquire) {
            hint::spin_loop();
            thread::yield_now();
        }
        named.join().unwrap();
        thread::spawn(|| ()).join().unwrap();
    });
}

#[test]
fn streams() {
    fn is_stream<T: AsyncRead + AsyncWrite>(_: &T) {}
    fn buffers<T: AsyncBufRead + AsyncSeek>() {}
    model_with_preemptions(0, || {
        let _ = buffers::<std::io::Cursor<Vec<u8>>>;
        let (mut near, mut far): (DuplexStream, DuplexStream) = duplex(2);
        is_stream(&near);
        let mut cx = Context::from_waker(Waker::noop());
        let written = Pin::new(&mut near).poll_write(&mut cx, b"hi");
        assert!(matches!(written, Poll::Ready(Ok(2))));
        let mut bytes = [0; 2];
        let mut buffer = ReadBuf::new(&mut bytes);
        let read = Pin::new(&mut far).poll_read(&mut cx, &mut buffer);
        assert!(matches!(read, Poll::Ready(Ok(()))));
        assert_eq!(buffer.filled(), b"hi");
    });
}

#[test]
fn tasks_and_time() {
    model_with_preemptions(0, || {
        let runtime = unexplored(|| Builder::new_current_thread().build().unwrap());
        // There is no timer; and in a normal build it is not for this to move the clock.
        assert!(!fire_next(runtime.handle()));
        unexplored(|| drop(runtime));
        let sum = run(0, async {
            let begun = Instant::now();
            sleep(Duration::from_millis(1)).await;
            assert!(begun.elapsed() >= Duration::from_millis(1));
            mainspring::loom::task::spawn(async { 1 }).await.unwrap()
        });
        assert_eq!(sum, 1);
    });
    assert_eq!(is_loom(), cfg!(mainspring_loom));
}

/// In a model `select!` draws no lots: with a branch that begins at random, loom would find that an
/// execution differs from its repetition.
#[test]
fn select_does_the_same_each_time() {
    model_with_preemptions(1, || {
        run(1, async {
            let first = mainspring::spawn(async { 1 });
            let second = mainspring::spawn(async { 2 });
            let chosen = mainspring::select! {
                output = first => output.unwrap(),
                output = second => output.unwrap(),
            };
            assert!(chosen == 1 || chosen == 2);
            let never = mainspring::select! {
                biased;
                () = std::future::pending() => false,
                () = std::future::ready(()) => true,
            };
            assert!(never);
        });
    });
}
