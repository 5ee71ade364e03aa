//! Much data, in both directions at once, arrives whole and in order.

use mainspring::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use mainspring::net::{TcpListener, TcpStream, UnixStream};

use crate::each::in_each_runtime;

const AMOUNT: usize = 16 * 1024 * 1024;

/// The sum of Fletcher's kind of what has passed, in order.
#[derive(Default, Debug, PartialEq, Eq)]
struct Sum {
    plain: u64,
    weighted: u64,
    count: usize,
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.plain = self.plain.wrapping_add(u64::from(*byte));
            self.weighted = self.weighted.wrapping_add(self.plain);
        }
        self.count += bytes.len();
    }
}

/// Writes `AMOUNT` pseudo-random bytes in pieces of changing length. Gives their sum.
async fn send(mut into: impl AsyncWrite + Unpin, seed: u64) -> Sum {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut block = vec![0; 256 * 1024];
    let mut sum = Sum::default();
    while sum.count < AMOUNT {
        let length = random.usize(1..=block.len()).min(AMOUNT - sum.count);
        random.fill(&mut block[..length]);
        sum.add(&block[..length]);
        into.write_all(&block[..length])
            .await
            .expect("the peer reads");
    }
    into.shutdown().await.expect("it is connected");
    sum
}

/// Reads to the end, in pieces of changing length. Gives the sum.
async fn receive(mut from: impl AsyncRead + Unpin, seed: u64) -> Sum {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut block = vec![0; 256 * 1024];
    let mut sum = Sum::default();
    loop {
        let length = random.usize(1..=block.len());
        match from
            .read(&mut block[..length])
            .await
            .expect("the peer is well")
        {
            0 => return sum,
            count => sum.add(&block[..count]),
        }
    }
}

async fn exchange<S>(near: S, far: S)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (near_read, near_write) = mainspring::io::split(near);
    let (far_read, far_write) = mainspring::io::split(far);
    let sent = [
        mainspring::spawn(send(near_write, 1)),
        mainspring::spawn(send(far_write, 2)),
    ];
    let received = [
        mainspring::spawn(receive(far_read, 3)),
        mainspring::spawn(receive(near_read, 4)),
    ];
    for (sent, received) in sent.into_iter().zip(received) {
        let sent = sent.await.expect("no panic");
        assert_eq!(sent.count, AMOUNT);
        assert_eq!(received.await.expect("no panic"), sent);
    }
}

#[test]
fn sixteen_mebibytes_each_way_over_tcp() {
    in_each_runtime(|| async {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        let near = TcpStream::connect(addr).await.expect("it listens");
        let far = listener.accept().await.expect("it has connected").0;
        exchange(near, far).await;
    });
}

#[test]
fn sixteen_mebibytes_each_way_over_a_unix_socket() {
    in_each_runtime(|| async {
        let (near, far) = UnixStream::pair().expect("the system has descriptors");
        exchange(near, far).await;
    });
}

#[test]
fn sixteen_mebibytes_through_owned_halves_and_a_copy() {
    in_each_runtime(|| async {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        let near = TcpStream::connect(addr).await.expect("it listens");
        let far = listener.accept().await.expect("it has connected").0;
        let echo = mainspring::spawn(async move {
            let (mut read, mut write) = far.into_split();
            mainspring::io::copy(&mut read, &mut write)
                .await
                .expect("the peer is well")
        });
        let (read, write) = near.into_split();
        let sending = mainspring::spawn(send(write, 5));
        let received = receive(read, 6).await;
        assert_eq!(sending.await.expect("no panic"), received);
        assert_eq!(echo.await.expect("no panic"), AMOUNT as u64);
    });
}
