//! Test harness: a server that answers every request with the same literal bytes, as a box between the kiosk and Kisi does.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// Answers until it is dropped. Its address stays bound for as long.
pub(crate) struct RawServer {
    address: std::net::SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl RawServer {
    pub(crate) fn start(answer: &[u8]) -> Self {
        Self::changing(Arc::new(Mutex::new(answer.to_vec())))
    }

    /// Answers with what is in `answer` at the time.
    pub(crate) fn changing(answer: Arc<Mutex<Vec<u8>>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, is_over) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let over = Arc::clone(&is_over);
        let _ = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let answer = answer.lock().unwrap().clone();
                let _ = thread::spawn(move || serve(&stream, &answer));
            }
        });
        Self { address, is_over }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

/// Reads one request with its body, answers it and closes the connection.
fn serve(mut stream: &TcpStream, answer: &[u8]) {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    let _ = (reader.read_exact(&mut body), stream.write_all(answer));
}
