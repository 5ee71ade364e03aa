//! A program for tokio that uses something of everything. It prints what it has done.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, broadcast, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};

async fn serve(listener: TcpListener, served: Arc<Mutex<u32>>) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let served = Arc::clone(&served);
        tokio::spawn(async move {
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                *served.lock().await += 1;
                if write
                    .write_all(format!("{line}, too\n").as_bytes())
                    .await
                    .is_err()
                {
                    return;
                }
            }
        });
    }
}

async fn network() -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let served = Arc::new(Mutex::new(0));
    let server = tokio::spawn(serve(listener, Arc::clone(&served)));
    let mut clients = JoinSet::new();
    for client in 0..5 {
        clients.spawn(async move {
            let mut stream = TcpStream::connect(addr).await?;
            stream
                .write_all(format!("client {client}\n").as_bytes())
                .await?;
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line).await?;
            Ok::<_, std::io::Error>(line == format!("client {client}, too\n"))
        });
    }
    while let Some(client) = clients.join_next().await {
        assert!(client??, "the answer was wrong");
    }
    server.abort();
    assert!(server.await.is_err_and(|error| error.is_cancelled()));
    Ok(*served.lock().await)
}

async fn channels() -> u32 {
    let (sender, mut receiver) = mpsc::channel(2);
    let (stop, mut stopped) = oneshot::channel();
    let (news, mut reader) = broadcast::channel(4);
    let (state, mut changes) = watch::channel(0);
    tokio::spawn(async move {
        for n in 0..10 {
            sender.send(n).await.expect("it is received");
        }
        news.send("done").expect("it is received");
        state.send(7).expect("it is watched");
        changes_end(sender, stop).await;
    });
    let mut sum = 0;
    loop {
        tokio::select! {
            biased;
            Some(n) = receiver.recv() => sum += n,
            _ = &mut stopped => break,
        }
    }
    let (heard, changed) = tokio::join!(reader.recv(), changes.changed());
    assert_eq!(heard, Ok("done"));
    changed.expect("it was sent");
    sum + *changes.borrow()
}

async fn changes_end(sender: mpsc::Sender<u32>, stop: oneshot::Sender<()>) {
    drop(sender);
    stop.send(()).expect("it is waited for");
}

async fn times() -> bool {
    let start = Instant::now();
    let mut ticks = interval(Duration::from_millis(2));
    for _ in 0..3 {
        ticks.tick().await;
    }
    let limited = timeout(Duration::from_millis(2), sleep(Duration::from_secs(3600))).await;
    limited.is_err() && start.elapsed() >= Duration::from_millis(6)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    println!("served {}", network().await?);
    println!("summed {}", channels().await);
    println!("in time {}", times().await);
    let job = tokio::task::spawn_blocking(|| (1..=10).sum::<u32>());
    println!("computed {}", job.await?);
    let flavor = tokio::runtime::Handle::current().runtime_flavor();
    println!("on {flavor:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn on_one_thread() {
        assert_eq!(super::channels().await, 52);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_two_workers() {
        assert_eq!(super::network().await.expect("the network is well"), 5);
    }
}
