//! What each command does. The arguments are in `arguments.rs`.

mod audit;
mod display;
mod doctor;
mod keys;
mod qr;
mod report;
mod staff;

use std::{
    env,
    fs::{self, File, TryLockError},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use vestibule::{
    app::{self, Start, Window},
    audit::Log,
    chain::Chain,
    config::Config,
    demo::Demo,
    directory::{Cost, Directory},
    kisi::Client,
    simulator::{Simulator, world::World},
    wiring,
};

use self::report::say;
use super::Failure;

/// Where this kiosk's files are.
pub(super) struct Site {
    pub(super) config: Option<PathBuf>,
    pub(super) data: Option<PathBuf>,
}

impl Site {
    fn config(&self) -> Result<Config, Failure> {
        Config::find(self.config.as_deref()).map_err(Failure::Config)
    }

    /// `--data`, or the data folder of the account that runs this.
    fn folder(&self) -> PathBuf {
        let own = || Some(directories::ProjectDirs::from("", "", "vestibule")?.data_dir().to_owned());
        self.data.clone().or_else(own).unwrap_or_else(|| PathBuf::from("data"))
    }

    /// A new one hashes as slowly as this machine bears.
    fn directory(&self) -> Result<Directory, Failure> {
        Directory::open(&self.folder(), credentials().as_deref(), wiring::measured_cost).map_err(Failure::Directory)
    }

    fn log(&self) -> Result<Log, Failure> {
        wiring::log(&self.directory()?).map_err(Failure::Audit)
    }

    /// Runs the kiosk. What is wrong with the configuration or the directory is said on the screen.
    pub(super) fn kiosk(&self) -> Result<(), Failure> {
        if !display::is_there() {
            return Err(Failure::NoDisplay);
        }
        let config = self.config();
        let window = config.as_ref().map_or_else(|_| Window::default(), wiring::window);
        let phone = config.as_ref().map_or(String::new(), |config| config.kiosk.support_phone.clone());
        let (start, _alone) = match config.and_then(|config| self.start(&config)) {
            Ok((start, alone)) => (start, Some(alone)),
            Err(failure @ Failure::Running(_)) => return Err(failure),
            Err(failure) => {
                let what = Chain(&failure).to_string();
                tracing::error!("{what}");
                (Start::Broken { what, phone }, None)
            }
        };
        show(start, window)
    }

    /// The file that comes with it is locked for as long as it is kept.
    fn start(&self, config: &Config) -> Result<(Start, File), Failure> {
        let client = Client::new(&wiring::client(config)).map_err(Failure::Client)?;
        let directory = self.directory()?;
        let alone = alone(directory.folder())?;
        Ok((wiring::start(config, directory, client).map_err(Failure::Start)?, alone))
    }
}

/// Two kiosks on one data folder would each forget what the other counts.
fn alone(folder: &Path) -> Result<File, Failure> {
    let path = folder.join("kiosk.lock");
    let cannot = io(format!("`{}` cannot be locked", path.display()));
    let file = match File::create(&path) {
        Ok(file) => file,
        Err(error) => return Err(cannot(error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::Running(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(cannot(error)),
    }
}

/// Opens the window and stays until it is closed. A window that ends by itself has lost its display.
fn show(start: Start, window: Window) -> Result<(), Failure> {
    let closed = window.closed.clone();
    app::application(start, window).run().map_err(Failure::Window)?;
    if closed.is_some_and(|closed| closed.load(Ordering::Relaxed)) { Ok(()) } else { Err(Failure::DisplayLost) }
}

/// A simulated Kisi, sample staff, and the kiosk.
pub(super) fn demo(windowed: bool) -> Result<(), Failure> {
    if !display::is_there() {
        return Err(Failure::NoDisplay);
    }
    let demo = Demo::new(Cost::SHIPPED).map_err(Failure::Demo)?;
    say("Sample staff of the demo:")?;
    demo.samples.iter().try_for_each(|line| say(&format!("  {line}")))?;
    say(if windowed { "Close the window to end it." } else { "Press Ctrl+C here to end it." })?;
    let closed = windowed.then(|| Arc::new(AtomicBool::new(false)));
    show(demo.start.clone(), Window { fullscreen: !windowed, closed, ..Window::default() })
}

/// A simulated Kisi until Ctrl+C.
pub(super) fn simulate(listen: SocketAddr, scene: Option<PathBuf>) -> Result<(), Failure> {
    let world = match scene {
        None => World::sample().map_err(|source| Failure::Scene { file: PathBuf::from("sample.toml"), source }),
        Some(file) => {
            let text =
                fs::read_to_string(&file).map_err(io(format!("the scene `{}` cannot be read", file.display())))?;
            World::parse(&text).map_err(|source| Failure::Scene { file, source })
        }
    };
    let mut world = world?;
    let admin = world.admin_key();
    let simulator = Simulator::start_on(listen, world).map_err(io("the simulator cannot start"))?;
    say(&format!("base_url  {}", simulator.base_url()))?;
    say(&format!("admin key {admin}"))?;
    runtime()?.block_on(tokio::signal::ctrl_c()).map_err(io("Ctrl+C cannot be waited for"))
}

/// Where systemd keeps credentials of this service.
fn credentials() -> Option<PathBuf> {
    env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(io("no runtime can be had"))
}

fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Failure {
    let what = what.into();
    move |source| Failure::Io { what, source }
}
