//! The parent notices nothing of what its child does with what both have.

use std::time::Duration;

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::{TcpListener, TcpStream};
use mainspring::runtime::Runtime;
use mainspring::time::{sleep, timeout};

use crate::alone;
use crate::child::Child;
use crate::runtimes::{current_thread, multi_thread};
use crate::work::on_new_runtimes;

/// No answer takes a tenth of this.
const LONG: Duration = Duration::from_secs(10);

/// Both ends of a connection, and where it came from.
struct Connection {
    listener: TcpListener,
    near: TcpStream,
    far: TcpStream,
}

async fn connection() -> Connection {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let near = TcpStream::connect(addr).await.expect("a listener");
    let (far, _) = listener.accept().await.expect("a connection");
    Connection {
        listener,
        near,
        far,
    }
}

/// Sends a byte each way, each of which the other end has to wait for; and makes one connection more.
async fn expect_working(connection: &mut Connection) {
    let Connection {
        listener,
        near,
        far,
    } = connection;
    for _ in 0..2 {
        let answer = async {
            let byte = far.read_u8().await.expect("a byte");
            sleep(Duration::from_millis(1)).await;
            far.write_u8(byte + 1).await.expect("room");
        };
        let call = async {
            sleep(Duration::from_millis(1)).await;
            near.write_u8(1).await.expect("room");
            assert_eq!(near.read_u8().await.expect("an answer"), 2);
        };
        let both = timeout(LONG, async { mainspring::join!(answer, call) });
        both.await.expect("the driver still knows the sockets");
    }
    let addr = listener.local_addr().expect("an address");
    let (accepted, connected) = timeout(LONG, async {
        mainspring::join!(listener.accept(), TcpStream::connect(addr))
    })
    .await
    .expect("the driver still knows the listener");
    accepted.expect("a connection");
    connected.expect("a listener");
}

/// Lets a child do `work` to the sockets, whose parent then uses them.
fn after(work: impl Fn(Connection, Runtime)) {
    for runtime in [multi_thread(2), current_thread()] {
        let connection = runtime.block_on(async {
            let mut connection = connection().await;
            expect_working(&mut connection).await;
            connection
        });
        let mut owned = Some((connection, runtime));
        let child = Child::working_at(|| {
            if let Some((connection, runtime)) = owned.take() {
                work(connection, runtime);
            }
        });
        child.expect_success();
        let Some((mut connection, runtime)) = owned else {
            unreachable!("only the child has taken them")
        };
        runtime.block_on(expect_working(&mut connection));
    }
}

#[test]
fn its_sockets_go_on_when_the_child_drops_its_copies() {
    let _alone = alone();
    after(|connection, runtime| {
        drop(connection);
        drop(runtime);
    });
    after(|connection, runtime| {
        drop(runtime);
        drop(connection);
    });
}

#[test]
fn its_sockets_go_on_when_the_child_uses_a_new_runtime() {
    let _alone = alone();
    after(|_connection, _runtime| on_new_runtimes());
}

#[test]
fn its_sockets_go_on_when_the_child_waits_for_them_in_vain() {
    let _alone = alone();
    after(|mut connection, _runtime| {
        multi_thread(1).block_on(async {
            let far = connection.far.read_u8().await;
            far.expect_err("nobody would tell the child");
            connection.listener.accept().await.expect_err("nor of this");
        });
    });
}

#[test]
fn a_socket_can_be_taken_over_by_the_childs_runtime() {
    let _alone = alone();
    let runtime = multi_thread(2);
    let connection = runtime.block_on(connection());
    let Connection { mut near, far, .. } = connection;
    let mut far = Some(far);
    let child = Child::working_at(|| {
        let far = far.take().expect("it was put there").into_std();
        let far = far.expect("the driver is not asked");
        multi_thread(1).block_on(async {
            let mut far = TcpStream::from_std(far).expect("a stream like any other");
            let byte = far.read_u8().await.expect("a byte");
            far.write_u8(byte + 1).await.expect("room");
        });
    });
    runtime.block_on(async {
        sleep(Duration::from_millis(5)).await;
        near.write_u8(1).await.expect("room");
        let answer = timeout(LONG, near.read_u8()).await;
        assert_eq!(answer.expect("the child answers").expect("a byte"), 2);
    });
    child.expect_success();
}

#[test]
fn a_task_that_waits_is_not_disturbed() {
    let _alone = alone();
    let runtime = multi_thread(2);
    let Connection {
        mut near, mut far, ..
    } = runtime.block_on(connection());
    let echo = runtime.spawn(async move {
        while let Ok(byte) = far.read_u8().await {
            far.write_u8(byte + 1).await.expect("room");
        }
    });
    for round in 0..10 {
        Child::working_at(on_new_runtimes).expect_success();
        let answer = runtime.block_on(async {
            near.write_u8(round).await.expect("room");
            timeout(LONG, near.read_u8()).await
        });
        let answer = answer.expect("the task goes on").expect("a byte");
        assert_eq!(answer, round + 1);
    }
    drop(near);
    runtime.block_on(echo).expect("it ends with the connection");
}
