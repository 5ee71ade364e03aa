//! The socket handle of a [`TcpSocket`].

use std::os::windows::io::{
    AsRawSocket, AsSocket, BorrowedSocket, FromRawSocket, IntoRawSocket, RawSocket,
};

use socket2::Socket;

use super::TcpSocket;

impl AsSocket for TcpSocket {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        self.socket.as_socket()
    }
}

impl AsRawSocket for TcpSocket {
    fn as_raw_socket(&self) -> RawSocket {
        self.socket.as_raw_socket()
    }
}

impl IntoRawSocket for TcpSocket {
    fn into_raw_socket(self) -> RawSocket {
        self.socket.into_raw_socket()
    }
}

impl FromRawSocket for TcpSocket {
    unsafe fn from_raw_socket(socket: RawSocket) -> Self {
        // SAFETY: that the socket is open and owned by the caller is what this trait's caller
        // promises, too.
        let socket = unsafe { Socket::from_raw_socket(socket) };
        Self {
            socket,
            is_nonblocking: false,
        }
    }
}
