//! A TCP proxy between the kiosk and the simulated Kisi that injects network faults.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{oneshot, watch},
    time::sleep,
};

/// Direction of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the kiosk.
    Up,
    /// To the kiosk.
    Down,
}

/// How the connection ends after the last byte that is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The proxy closes both sockets.
    Close,
    /// The kiosk receives a TCP reset.
    Reset,
    /// No further byte passes, and the connection stays open.
    Stall,
}

/// The faults to inject. Each connection counts its bytes from the moment they are set.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NetworkFaults {
    /// Resets existing connections now, and new ones on accept.
    pub(crate) refuse: bool,
    /// Closes existing connections, as a server closes idle ones.
    pub(crate) close: bool,
    /// Delays each piece of an answer by this.
    pub(crate) latency: Duration,
    /// Sends answers byte by byte, with this pause after each.
    pub(crate) slice: Option<Duration>,
    /// Ends the connection like this after this many bytes in this direction.
    pub(crate) after: Option<(Way, usize, End)>,
}

impl NetworkFaults {
    /// One of each kind, for a connection that asks little and is answered little.
    pub(crate) fn kinds() -> [Self; 11] {
        let none = Self::default();
        let ends = |way, bytes, end| Self { after: Some((way, bytes, end)), ..none };
        [
            Self { close: true, ..none },
            Self { refuse: true, ..none },
            Self { latency: Duration::from_millis(150), ..none },
            Self { latency: Duration::from_secs(5), ..none },
            Self { slice: Some(Duration::from_millis(20)), ..none },
            ends(Way::Up, 0, End::Stall),
            ends(Way::Down, 0, End::Stall),
            ends(Way::Up, 40, End::Stall),
            ends(Way::Down, 5, End::Close),
            ends(Way::Down, 0, End::Reset),
            ends(Way::Up, 30, End::Close),
        ]
    }
}

/// A running proxy. Stops when dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    faults: watch::Sender<NetworkFaults>,
    /// Answer bytes sent to the kiosk since this was last read.
    answered: Arc<AtomicUsize>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Proxy {
    pub(crate) fn start(target: SocketAddr) -> Self {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        let (faults, watched) = watch::channel(NetworkFaults::default());
        let answered = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&answered);
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(socket).unwrap();
                tokio::select! {
                    () = accept(listener, target, watched, counted) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, faults, answered, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answer bytes sent to the kiosk since the last call.
    pub(crate) fn answered(&self) -> usize {
        // Bytes are counted after they are sent.
        thread::sleep(Duration::from_millis(100));
        self.answered_so_far()
    }

    /// The same, without waiting for the last ones to be counted.
    pub(crate) fn answered_so_far(&self) -> usize {
        self.answered.swap(0, Ordering::Relaxed)
    }

    /// Takes effect at once, also for existing connections.
    pub(crate) fn set(&self, faults: NetworkFaults) {
        let _ = self.faults.send_replace(faults);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    watched: watch::Receiver<NetworkFaults>,
    answered: Arc<AtomicUsize>,
) {
    loop {
        let Ok((kiosk, _)) = listener.accept().await else { continue };
        if watched.borrow().refuse {
            let _ = kiosk.set_zero_linger();
            continue;
        }
        let Ok(kisi) = TcpStream::connect(target).await else { continue };
        let _ = (kiosk.set_nodelay(true), kisi.set_nodelay(true));
        let ((from_kiosk, to_kiosk), (from_kisi, to_kisi)) = (kiosk.into_split(), kisi.into_split());
        let mut watched = watched.clone();
        watched.mark_unchanged();
        let (up, down) = (watched.clone(), watched);
        let (sent, answered) = (Arc::default(), Arc::clone(&answered));
        drop(tokio::spawn(async move {
            let upwards = pass(Way::Up, from_kiosk, to_kisi, up, sent);
            let downwards = pass(Way::Down, from_kisi, to_kiosk, down, answered);
            // When one direction ends, so does the other.
            tokio::select! {
                () = upwards => {}
                () = downwards => {}
            }
        }));
    }
}

/// Passes bytes on in one direction until a fault or a peer ends the connection.
async fn pass(
    way: Way,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut watched: watch::Receiver<NetworkFaults>,
    count: Arc<AtomicUsize>,
) {
    // With a linger time of zero, close sends a reset.
    let reset = |from: &OwnedReadHalf, to: &OwnedWriteHalf| {
        let kiosk: &TcpStream = if way == Way::Up { from.as_ref() } else { to.as_ref() };
        let _ = kiosk.set_zero_linger();
    };
    let mut passed = 0;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            changed = watched.changed() => {
                passed = 0;
                let faults = *watched.borrow_and_update();
                if faults.refuse {
                    reset(&from, &to);
                }
                if changed.is_err() || faults.refuse || faults.close {
                    return;
                }
                continue;
            }
        };
        let faults = *watched.borrow();
        let Ok(read @ 1..) = read else { return };
        if way == Way::Down {
            sleep(faults.latency).await;
        }
        let limit = faults.after.filter(|(which, ..)| *which == way);
        let some = limit.map_or(read, |(_, most, _)| read.min(most.saturating_sub(passed)));
        let step = faults.slice.filter(|_| way == Way::Down).map_or(some.max(1), |_| 1);
        for piece in buffer[..some].chunks(step) {
            if to.write_all(piece).await.is_err() {
                return;
            }
            if let Some(pause) = faults.slice.filter(|_| way == Way::Down) {
                sleep(pause).await;
            }
        }
        passed += some;
        let _ = count.fetch_add(some, Ordering::Relaxed);
        match limit {
            Some((_, most, end)) if most <= passed => match end {
                End::Close => return,
                End::Reset => return reset(&from, &to),
                End::Stall => {
                    let _ = watched.changed().await;
                    passed = 0;
                }
            },
            Some(_) | None => {}
        }
    }
}
