//! Waiting for descriptors of any kind: pipes, named pipes, an eventfd, sockets of std.
#![cfg(unix)]

use std::cell::{Cell, OnceCell};
use std::fs::File;
use std::future::Future;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use mainspring_io::unix::AsyncFd;
use mainspring_io::{Driver, Interest, Ready};

mod support;
use support::{LIMIT, block_on, drive, park_on, with_driver_thread};

/// A pipe whose ends do not block: the one to read from, and the one to write to.
fn pipe() -> io::Result<(File, File)> {
    let mut numbers = [0; 2];
    // SAFETY: there is room for two descriptors.
    if unsafe { libc::pipe(numbers.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let [reader, writer] = numbers.map(|number| {
        // SAFETY: the descriptor is new, so nobody else owns it.
        unsafe { File::from_raw_fd(number) }
    });
    for end in [&reader, &writer] {
        socket2::SockRef::from(end).set_nonblocking(true)?;
    }
    Ok((reader, writer))
}

#[test]
fn a_pipe_is_read_when_something_was_written() -> io::Result<()> {
    block_on(async {
        let (reader, mut writer) = pipe()?;
        let reader = AsyncFd::new(reader)?;
        for byte in 0..20 {
            writer.write_all(&[byte])?;
            let mut buf = [0; 8];
            let n = reader
                .async_io(Interest::READABLE, |mut pipe| pipe.read(&mut buf))
                .await?;
            assert_eq!(&buf[..n], [byte]);
        }
        Ok(())
    })
}

#[test]
fn a_guard_clears_when_its_operation_would_have_blocked() -> io::Result<()> {
    block_on(async {
        let (reader, mut writer) = pipe()?;
        let reader = AsyncFd::with_interest(reader, Interest::READABLE)?;
        writer.write_all(b"x")?;
        let mut buf = [0; 8];
        let mut guard = reader.readable().await?;
        assert_eq!(guard.ready(), Ready::READABLE);
        assert_eq!(
            guard
                .try_io(|fd| fd.get_ref().read(&mut buf))
                .expect("a byte")?,
            1
        );
        // It is still believed ready: a waiter would not wait.
        assert!(guard.try_io(|fd| fd.get_ref().read(&mut buf)).is_err());
        assert!(guard.ready().is_empty());
        let mut again = pin!(reader.readable());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(again.as_mut().poll(&mut cx).is_pending());
        writer.write_all(b"y")?;
        assert!(again.await?.ready().is_readable());
        Ok(())
    })
}

#[test]
fn a_guard_does_not_clear_an_event_that_it_has_not_seen() -> io::Result<()> {
    let (mut driver, handle) = Driver::new()?;
    let _entered = handle.enter();
    let (reader, mut writer) = pipe()?;
    let reader = AsyncFd::new(reader)?;
    writer.write_all(b"x")?;
    let mut old = drive(&mut driver, &handle, reader.readable())?;
    // Another waiter takes the byte and clears; then comes the next event, which arms and wakes.
    let mut buf = [0; 8];
    let mut taker = drive(&mut driver, &handle, reader.readable())?;
    assert_eq!(
        taker
            .try_io(|fd| fd.get_ref().read(&mut buf))
            .expect("a byte")?,
        1
    );
    taker.clear_ready();
    writer.write_all(b"y")?;
    let fresh = drive(&mut driver, &handle, reader.readable())?;
    old.clear_ready();
    drop((old, fresh));
    let ready = drive(&mut driver, &handle, reader.readable())?;
    assert!(ready.ready().is_readable());
    // The second event is still believed: no turn was needed to see it.
    let attempt = reader.try_io(Interest::READABLE, |mut pipe| pipe.read(&mut buf));
    assert_eq!(attempt?, 1);
    Ok(())
}

#[test]
fn a_guard_clears_only_what_it_is_told() -> io::Result<()> {
    block_on(async {
        let (one, mut other) = UnixStream::pair()?;
        one.set_nonblocking(true)?;
        let socket = AsyncFd::new(one)?;
        other.write_all(b"x")?;
        let both = Interest::READABLE | Interest::WRITABLE;
        // Of the two, one may be reported before the other.
        socket.writable().await?.retain_ready();
        socket.readable().await?.retain_ready();
        let mut guard = socket.ready(both).await?;
        assert_eq!(guard.ready(), Ready::READABLE | Ready::WRITABLE);
        guard.clear_ready_matching(Ready::READABLE);
        assert_eq!(guard.ready(), Ready::WRITABLE);
        let nothing = || io::Result::Ok(());
        assert!(socket.try_io(Interest::READABLE, |_| nothing()).is_err());
        assert!(socket.try_io(Interest::WRITABLE, |_| nothing()).is_ok());
        guard.clear_ready();
        assert!(socket.try_io(Interest::WRITABLE, |_| nothing()).is_err());
        Ok(())
    })
}

#[test]
fn the_end_of_a_pipe_is_not_cleared_by_hand() -> io::Result<()> {
    block_on(async {
        let (reader, writer) = pipe()?;
        let reader = AsyncFd::new(reader)?;
        drop(writer);
        for _ in 0..3 {
            let mut guard = reader.readable().await?;
            assert!(guard.ready().is_read_closed());
            guard.clear_ready();
        }
        let mut buf = [0; 8];
        assert_eq!(
            reader
                .async_io(Interest::READABLE, |mut pipe| pipe.read(&mut buf))
                .await?,
            0
        );
        Ok(())
    })
}

/// A named pipe loses its last writer, and gets a new one. A reader that still believed in the end
/// would spin.
#[test]
fn a_pipe_that_gets_a_new_writer_is_waited_for_again() -> io::Result<()> {
    let path = std::env::temp_dir().join(format!("mainspring-fifo-{}", std::process::id()));
    let name = std::ffi::CString::new(path.to_str().expect("a plain path"))?;
    // SAFETY: the name is a string that ends with a zero byte.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    let outcome = block_on(async {
        let open = |write: bool| {
            use std::os::unix::fs::OpenOptionsExt;
            let mut options = File::options();
            options
                .read(!write)
                .write(write)
                .custom_flags(libc::O_NONBLOCK)
                .open(&path)
        };
        let reader = AsyncFd::with_interest(open(false)?, Interest::READABLE)?;
        let mut buf = [0; 8];
        let mut writer = open(true)?;
        writer.write_all(b"a")?;
        let read = |mut file: &File| file.read(&mut buf);
        assert_eq!(reader.async_io(Interest::READABLE, read).await?, 1);
        drop(writer);
        let mut guard = reader.readable().await?;
        let mut writer = open(true)?;
        assert!(guard.try_io(|fd| fd.get_ref().read(&mut buf)).is_err());
        assert!(guard.ready().is_empty());
        {
            let mut waiting = pin!(reader.readable());
            let mut cx = Context::from_waker(Waker::noop());
            assert!(waiting.as_mut().poll(&mut cx).is_pending());
        }
        writer.write_all(b"b")?;
        let read = |mut file: &File| file.read(&mut buf);
        assert_eq!(reader.async_io(Interest::READABLE, read).await?, 1);
        Ok(())
    });
    std::fs::remove_file(&path)?;
    outcome
}

#[test]
fn room_in_a_full_pipe_is_waited_for() {
    with_driver_thread(|handle| {
        let _entered = handle.enter();
        let (mut reader, writer) = pipe().expect("a pipe");
        let writer = AsyncFd::new(writer).expect("a registration");
        let fill = |mut pipe: &File| pipe.write(&[1; 4096]);
        let mut written = 0;
        while let Ok(n) = park_on(writer.writable())
            .expect("a driver")
            .try_io(|fd| fill(fd.get_ref()))
        {
            written += n.expect("room");
        }
        let drainer = thread::spawn(move || {
            thread::sleep(Duration::from_millis(5));
            let mut buf = vec![0; written];
            reader.read_exact(&mut buf).map(|()| reader)
        });
        let n = park_on(writer.async_io(Interest::WRITABLE, fill)).expect("room");
        assert_eq!(n, 4096);
        drainer
            .join()
            .expect("the thread drains")
            .expect("as much as was written");
    });
}

#[test]
fn a_reader_that_has_gone_is_seen_by_the_writer() -> io::Result<()> {
    block_on(async {
        let (reader, writer) = pipe()?;
        let writer = AsyncFd::with_interest(writer, Interest::WRITABLE)?;
        while writer.get_ref().write(&[0; 4096]).is_ok() {}
        {
            let mut waiting = pin!(writer.writable());
            let mut cx = Context::from_waker(Waker::noop());
            assert!(waiting.as_mut().poll(&mut cx).is_pending());
        }
        drop(reader);
        let mut guard = writer.writable().await?;
        let error = guard
            .try_io(|fd| fd.get_ref().write(b"x"))
            .expect("it does not block");
        assert_eq!(
            error.expect_err("nobody reads").kind(),
            io::ErrorKind::BrokenPipe
        );
        Ok(())
    })
}

#[test]
fn the_value_can_be_changed_and_taken_back() -> io::Result<()> {
    /// A value with something to change.
    #[derive(Debug)]
    struct Counted(File, usize);

    impl AsRawFd for Counted {
        fn as_raw_fd(&self) -> i32 {
            self.0.as_raw_fd()
        }
    }

    block_on(async {
        let (reader, mut writer) = pipe()?;
        let number = reader.as_raw_fd();
        let mut fd = AsyncFd::new(Counted(reader, 0))?;
        writer.write_all(b"abc")?;
        let mut buf = [0; 1];
        for _ in 0..2 {
            let read = |counted: &mut Counted| {
                counted.1 += 1;
                counted.0.read(&mut buf)
            };
            assert_eq!(fd.async_io_mut(Interest::READABLE, read).await?, 1);
        }
        fd.try_io_mut(Interest::READABLE, |counted| counted.0.read(&mut buf))?;
        let mut guard = fd.readable_mut().await?;
        guard.get_inner_mut().1 += 1;
        let blocked = guard.try_io(|fd| fd.get_mut().0.read(&mut buf));
        assert!(blocked.is_err());
        assert_eq!(fd.get_ref().1, 3);
        fd.get_mut().1 = 7;
        let Counted(mut reader, count) = fd.into_inner();
        assert_eq!((reader.as_raw_fd(), count), (number, 7));
        writer.write_all(b"z")?;
        assert_eq!(reader.read(&mut buf)?, 1);
        // It can be registered again.
        let fd = AsyncFd::new(reader)?;
        drop(writer);
        assert!(fd.readable().await?.ready().is_readable());
        Ok(())
    })
}

#[test]
#[cfg(all(target_os = "linux", not(mainspring_portable)))]
fn what_cannot_be_waited_for_comes_back() -> io::Result<()> {
    /// The number of somebody else's descriptor.
    #[derive(Debug)]
    struct OwnedReader(i32);

    impl AsRawFd for OwnedReader {
        fn as_raw_fd(&self) -> i32 {
            self.0
        }
    }

    block_on(async {
        let file = File::open("/proc/self/exe")?;
        let number = file.as_raw_fd();
        let error = AsyncFd::try_new(file).expect_err("regular files are always ready");
        assert!(error.to_string().contains("cannot be registered"));
        let (file, cause) = error.into_parts();
        assert_eq!(file.as_raw_fd(), number);
        assert_eq!(cause.raw_os_error(), Some(libc::EPERM));

        let (reader, _writer) = pipe()?;
        let twin = OwnedReader(reader.as_raw_fd());
        let _reader = AsyncFd::new(reader)?;
        let error = AsyncFd::new(twin).expect_err("it is registered already");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        Ok(())
    })
}

#[test]
#[cfg(all(target_os = "linux", not(mainspring_portable)))]
fn an_urgent_byte_is_priority_data() -> io::Result<()> {
    block_on(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let peer = std::net::TcpStream::connect(listener.local_addr()?)?;
        let (stream, _) = listener.accept()?;
        stream.set_nonblocking(true)?;
        let stream = AsyncFd::with_interest(stream, Interest::PRIORITY)?;
        socket2::SockRef::from(&peer).send_out_of_band(b"!")?;
        let mut guard = stream.ready(Interest::PRIORITY).await?;
        assert!(guard.ready().is_priority());
        guard.clear_ready();
        assert!(stream.try_io(Interest::PRIORITY, |_| Ok(())).is_err());
        Ok(())
    })
}

#[test]
#[cfg(target_os = "linux")]
fn an_eventfd_is_a_source_like_any_other() -> io::Result<()> {
    block_on(async {
        // SAFETY: it has no memory to be careful with.
        let number = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        assert!(number >= 0);
        // SAFETY: the descriptor is new, so nobody else owns it.
        let file = unsafe { File::from_raw_fd(number) };
        let mut bell = file.try_clone()?;
        let eventfd = AsyncFd::new(file)?;
        for _ in 0..3 {
            bell.write_all(&1_u64.to_ne_bytes())?;
            let mut buf = [0; 8];
            let read = |mut file: &File| file.read(&mut buf);
            assert_eq!(eventfd.async_io(Interest::READABLE, read).await?, 8);
        }
        Ok(())
    })
}

#[test]
#[should_panic(expected = "a `AsyncFd` was made")]
fn outside_a_runtime_it_says_what_to_do() {
    let (reader, _writer) = pipe().expect("a pipe");
    let _ = AsyncFd::new(reader);
}

/// A socket that, asked for its descriptor, waits for itself.
struct Meddling {
    socket: UnixStream,
    /// In what it is registered.
    registered: OnceCell<Weak<AsyncFd<Self>>>,
    /// Whether it is being asked already.
    is_asked: Cell<bool>,
}

impl AsRawFd for Meddling {
    fn as_raw_fd(&self) -> RawFd {
        let registered = self.registered.get().and_then(Weak::upgrade);
        if let Some(registered) = registered
            && !self.is_asked.replace(true)
        {
            let mut cx = Context::from_waker(Waker::noop());
            drop(registered.poll_read_ready(&mut cx));
            self.is_asked.set(false);
        }
        self.socket.as_raw_fd()
    }
}

#[test]
fn a_descriptor_is_asked_for_under_no_lock() {
    let (done, is_done) = mpsc::channel();
    // On its own thread, which would wait for itself if there were one.
    let waiting = thread::spawn(move || {
        let read = block_on(async {
            let (near, mut far) = UnixStream::pair()?;
            near.set_nonblocking(true)?;
            let socket = Rc::new(AsyncFd::new(Meddling {
                socket: near,
                registered: OnceCell::new(),
                is_asked: Cell::new(false),
            })?);
            let weak = Rc::downgrade(&socket);
            assert!(socket.get_ref().registered.set(weak).is_ok());
            let mut cx = Context::from_waker(Waker::noop());
            assert!(socket.poll_read_ready(&mut cx).is_pending());
            let mut readable = pin!(socket.readable());
            assert!(readable.as_mut().poll(&mut cx).is_pending());
            far.write_all(b"x")?;
            readable.await?.retain_ready();
            (&socket.get_ref().socket).read(&mut [0; 8])
        });
        // Nobody listens if the limit has passed.
        let _ = done.send(());
        read
    });
    assert!(is_done.recv_timeout(LIMIT).is_ok(), "it hangs, or panics");
    let read = waiting
        .join()
        .expect("no panic")
        .expect("the system is well");
    assert_eq!(read, 1);
}
