//! A TCP proxy between kiosk and simulated Kisi, which spoils what passes through it.

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

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the kiosk.
    Up,
    /// To the kiosk.
    Down,
}

/// What comes after the last byte that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Both sides see an end.
    Close,
    /// The kiosk sees a reset.
    Reset,
    /// Nothing more, and the connection stays.
    Stall,
}

/// What is spoilt. Every connection counts its bytes from when this was set.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Toxic {
    /// New connections are reset at once, and those that were there now.
    pub(crate) refuse: bool,
    /// Connections that were there are closed, as a server does with idle ones.
    pub(crate) close: bool,
    /// Everything is swallowed.
    pub(crate) black_hole: bool,
    /// Answers are late by this.
    pub(crate) latency: Duration,
    /// Answers come byte by byte, with this between.
    pub(crate) slice: Option<Duration>,
    /// After so many bytes that way, this.
    pub(crate) after: Option<(Way, usize, End)>,
}

/// A proxy in front of an address. It ends when dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    toxic: watch::Sender<Toxic>,
    /// Bytes that reached the kiosk.
    answered: Arc<AtomicUsize>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Proxy {
    pub(crate) fn start(target: SocketAddr) -> Self {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        let (toxic, toxics) = watch::channel(Toxic::default());
        let answered = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&answered);
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(socket).unwrap();
                tokio::select! {
                    () = accept(listener, target, toxics, counted) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, toxic, answered, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many bytes of answers passed since this was asked last.
    pub(crate) fn answered(&self) -> usize {
        // They are counted after they were sent.
        thread::sleep(Duration::from_millis(100));
        self.answered.swap(0, Ordering::Relaxed)
    }

    /// From now on, for connections that are there too.
    pub(crate) fn set(&self, toxic: Toxic) {
        let _ = self.toxic.send_replace(toxic);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, toxics: watch::Receiver<Toxic>, answered: Arc<AtomicUsize>) {
    loop {
        let Ok((kiosk, _)) = listener.accept().await else { continue };
        if toxics.borrow().refuse {
            let _ = kiosk.set_zero_linger();
            continue;
        }
        let Ok(kisi) = TcpStream::connect(target).await else { continue };
        let _ = (kiosk.set_nodelay(true), kisi.set_nodelay(true));
        let ((from_kiosk, to_kiosk), (from_kisi, to_kisi)) = (kiosk.into_split(), kisi.into_split());
        let mut toxics = toxics.clone();
        toxics.mark_unchanged();
        let (up, down) = (toxics.clone(), toxics);
        let (sent, answered) = (Arc::default(), Arc::clone(&answered));
        drop(tokio::spawn(async move {
            let upwards = pass(Way::Up, from_kiosk, to_kisi, up, sent);
            let downwards = pass(Way::Down, from_kisi, to_kiosk, down, answered);
            // Either end is the end of both.
            tokio::select! {
                () = upwards => {}
                () = downwards => {}
            }
        }));
    }
}

/// Passes bytes on, one way, until the connection is to end.
async fn pass(
    way: Way,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut toxics: watch::Receiver<Toxic>,
    count: Arc<AtomicUsize>,
) {
    // A socket that lingers for no time is reset when it is closed.
    let reset = |from: &OwnedReadHalf, to: &OwnedWriteHalf| {
        let kiosk: &TcpStream = if way == Way::Up { from.as_ref() } else { to.as_ref() };
        let _ = kiosk.set_zero_linger();
    };
    let mut passed = 0;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            changed = toxics.changed() => {
                passed = 0;
                let toxic = *toxics.borrow_and_update();
                if toxic.refuse {
                    reset(&from, &to);
                }
                if changed.is_err() || toxic.refuse || toxic.close {
                    return;
                }
                continue;
            }
        };
        let toxic = *toxics.borrow();
        let Ok(read @ 1..) = read else { return };
        if toxic.black_hole {
            continue;
        }
        if way == Way::Down {
            sleep(toxic.latency).await;
        }
        let limit = toxic.after.filter(|(which, ..)| *which == way);
        let some = limit.map_or(read, |(_, most, _)| read.min(most.saturating_sub(passed)));
        let step = toxic.slice.filter(|_| way == Way::Down).map_or(some.max(1), |_| 1);
        for piece in buffer[..some].chunks(step) {
            if to.write_all(piece).await.is_err() {
                return;
            }
            if let Some(pause) = toxic.slice.filter(|_| way == Way::Down) {
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
                    let _ = toxics.changed().await;
                    passed = 0;
                }
            },
            Some(_) | None => {}
        }
    }
}
