//! The demo, and the simulated Kisi alone.

use std::{net::SocketAddr, path::PathBuf};

use vestibule::{
    app::Window,
    demo::{self, Demo},
    platform::display,
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
    runtime,
};

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

/// Runs the kiosk against a simulated Kisi with sample staff.
pub(crate) fn demo(site: &Site, windowed: bool) -> Result<(), Failure> {
    // Sample staff must not end up in a real directory (T39).
    if site.is_named() {
        return Err(DemoError::DemoData.into());
    }
    if !display::is_there() {
        return Err(DemoError::NoDisplay.into());
    }
    let demo = Demo::new(Cost::SHIPPED).map_err(DemoError::Demo)?;
    say("Sample staff of the demo:")?;
    demo.samples.iter().try_for_each(|line| say(&format!("  {line}")))?;
    say(if windowed { "Close the window to quit." } else { "Press Ctrl+C here to quit." })?;
    show(demo.start.clone(), Window { fullscreen: !windowed, may_close: windowed, ..Window::default() })
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
    runtime()?.block_on(tokio::signal::ctrl_c()).map_err(io("cannot wait for Ctrl+C"))
}
