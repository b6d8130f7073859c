//! The demo, and the simulated Kisi alone.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use vestibule::{
    app::Window,
    demo::{self, Demo},
    platform::{display, interrupt::on_interrupt},
    simulator::{
        Simulator,
        world::{SceneError, World},
    },
    store::directory::Cost,
};

use super::{
    Site,
    failure::{CommandError, Failure},
    files::read,
    io,
    kiosk::show,
    report::say,
    runtime::wait,
};

/// Exit code after Ctrl+C, as a shell reports it.
const INTERRUPTED: i32 = 130;

/// Why the demo or the simulator does not run.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error("the demo failed")]
    Demo(#[source] demo::Error),
    #[error("the scene `{}` is invalid", file.display())]
    Scene { file: PathBuf, source: SceneError },
    #[error("the demo uses its own configuration and data: leave out --config and --data")]
    DemoData,
    #[error("there is no display: set DISPLAY or WAYLAND_DISPLAY, or run it on the kiosk's own screen")]
    NoDisplay,
}

impl CommandError for DemoError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Scene { .. } | Self::DemoData => 2,
            // As for the kiosk itself.
            Self::Demo(_) | Self::NoDisplay => 1,
        }
    }
}

/// Runs the kiosk, or a fleet of this many, against a simulated Kisi with sample staff.
pub(crate) fn demo(site: &Site, windowed: bool, fleet: Option<u8>) -> Result<(), Failure> {
    // Sample staff must not end up in a real directory (T39).
    if site.is_named() {
        return Err(DemoError::DemoData.into());
    }
    if !display::is_there() {
        return Err(DemoError::NoDisplay.into());
    }
    let running = Running::default();
    // Held while the demo starts: a signal waits for what there is to remove.
    let mut slot = running.lock();
    running.clone().end_at_signal()?;
    let demo = match fleet {
        None => Demo::new(Cost::SHIPPED),
        Some(kiosks) => Demo::fleet(Cost::SHIPPED, kiosks, Arc::new(|line| drop(say(line)))),
    };
    let demo = slot.insert(demo.map_err(DemoError::Demo)?);
    let start = demo.start.clone();
    say("Sample staff of the demo:")?;
    demo.samples.iter().try_for_each(|line| say(&format!("  {line}")))?;
    if fleet.is_some() {
        say("Kiosk 1 has the window. At the other kiosks of the fleet, these people sign in by themselves.")?;
    }
    say(if windowed { "Close the window to quit." } else { "Press Ctrl+C here to quit." })?;
    drop(slot);
    let shown = show(start, Window { fullscreen: !windowed, may_close: windowed, ..Window::default() });
    drop(running.lock().take());
    shown
}

/// The demo that runs, for the window's thread and for the one that waits for a signal: one of them removes it.
#[derive(Clone, Default)]
struct Running(Arc<Mutex<Option<Demo>>>);

impl Running {
    fn lock(&self) -> MutexGuard<'_, Option<Demo>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes everything at Ctrl+C, and ends the process.
    fn end_at_signal(self) -> Result<(), Failure> {
        let end = move || {
            // Held until the end, so that the window's thread does not end the process before.
            let mut running = self.lock();
            drop(running.take());
            process::exit(INTERRUPTED);
        };
        on_interrupt(end).map_err(io("cannot wait for Ctrl+C"))
    }
}

/// Runs a simulated Kisi until Ctrl+C.
pub(crate) fn simulate(listen: SocketAddr, scene: Option<PathBuf>) -> Result<(), Failure> {
    let world = match scene {
        None => World::sample().map_err(|source| DemoError::Scene { file: PathBuf::from("sample.toml"), source }),
        Some(file) => {
            let text = String::from_utf8(read(&file)?)
                .map_err(|error| io(format!("`{}` cannot be read", file.display()))(std::io::Error::other(error)))?;
            World::parse(&text).map_err(|source| DemoError::Scene { file, source })
        }
    };
    let mut world = world?;
    let admin = world.admin_key();
    let simulator = Simulator::start_on(listen, world).map_err(io("the simulator cannot start"))?;
    say(&format!("base_url  {}", simulator.base_url()))?;
    say(&format!("admin key {admin}"))?;
    wait(tokio::signal::ctrl_c())?.map_err(io("cannot wait for Ctrl+C"))
}
