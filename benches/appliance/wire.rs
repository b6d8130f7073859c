//! A TCP proxy between the kiosk and the simulated Kisi that notes when an unlock request arrives, without the time of
//! the server.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Instant,
};

/// A running proxy. Its threads end with the process.
pub(crate) struct Wire {
    address: SocketAddr,
    /// When the first bytes of the latest unlock request arrived.
    unlock: Arc<Mutex<Option<Instant>>>,
}

impl Wire {
    pub(crate) fn to(kisi: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let unlock = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&unlock);
        let _ = thread::spawn(move || {
            for kiosk in listener.incoming().flatten() {
                let kisi = TcpStream::connect(kisi).unwrap();
                let _ = (kiosk.set_nodelay(true), kisi.set_nodelay(true));
                let back = (kisi.try_clone().unwrap(), kiosk.try_clone().unwrap());
                let (there, nowhere) = (Arc::clone(&seen), Arc::default());
                let _ = thread::spawn(move || pass(kiosk, kisi, &there));
                let _ = thread::spawn(move || pass(back.0, back.1, &nowhere));
            }
        });
        Self { address, unlock }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes the arrival time of the latest unlock request.
    pub(crate) fn unlock(&self) -> Option<Instant> {
        self.unlock.lock().unwrap().take()
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, unlock: &Mutex<Option<Instant>>) {
    let mut bytes = [0; 16_384];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        let now = Instant::now();
        if bytes[..length].starts_with(b"POST /locks/") {
            *unlock.lock().unwrap() = Some(now);
        }
        if to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}
