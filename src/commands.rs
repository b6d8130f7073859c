//! Implements the commands. `arguments.rs` declares their arguments.

mod audit;
mod doctor;
mod backup;
mod qr;
mod report;
mod setup;
mod staff;
mod technician_pin;

use std::{
    env,
    fs::{self, File, TryLockError},
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError, atomic::Ordering},
};

use clap::CommandFactory;
use vestibule::{
    app::{self, Reloaded, Reloader, Start, Window},
    config::Config,
    demo::Demo,
    error_chain::Chain,
    kisi::Client,
    platform::{display, hangup},
    private_files,
    simulator::{Simulator, world::World},
    status::{Status, server},
    store::audit::Log,
    store::directory::{Cost, Directory},
    wiring,
};

pub(super) use self::report::printable;
use self::report::say;
use super::{Failure, arguments::Arguments};

/// The configuration and data paths of one invocation.
#[derive(Clone)]
pub(super) struct Site {
    config: Option<PathBuf>,
    data: Option<PathBuf>,
    /// The lock on `logins.lock`, once taken. Held until the process exits.
    logins: Arc<OnceLock<File>>,
}

impl Site {
    pub(super) fn new(config: Option<PathBuf>, data: Option<PathBuf>) -> Self {
        Self { config, data, logins: Arc::default() }
    }

    /// Whether `--config`, `$VESTIBULE_CONFIG` or `--data` was given.
    pub(super) fn is_named(&self) -> bool {
        self.config.is_some() || self.data.is_some()
    }

    fn config(&self) -> Result<Config, Failure> {
        Config::find(self.config.as_deref()).map_err(Failure::Config)
    }

    /// The data folder: `--data`, or systemd's `$STATE_DIRECTORY`, or the user's data folder.
    fn folder(&self) -> PathBuf {
        if let Some(folder) = self.data.clone().or_else(|| env::var_os("STATE_DIRECTORY").map(PathBuf::from)) {
            return folder;
        }
        let own = || Some(directories::ProjectDirs::from("", "", "vestibule")?.data_dir().to_owned());
        own().unwrap_or_else(|| PathBuf::from("data"))
    }

    /// Opens the existing directory. Fails if there is none: a mistyped path must not create one.
    fn directory(&self) -> Result<Directory, Failure> {
        Directory::open_existing(&self.folder(), credentials().as_deref()).map_err(Failure::Directory)
    }

    /// Locks out other commands that change logins, then opens the existing directory.
    fn directory_alone(&self) -> Result<Directory, Failure> {
        // Fail on a missing directory before locking, because the lock creates a file.
        drop(self.directory()?);
        self.lock_logins()?;
        self.directory()
    }

    /// Opens the directory, or creates it with a PIN hash cost measured on this machine.
    fn directory_or_new(&self) -> Result<Directory, Failure> {
        Directory::open(&self.folder(), credentials().as_deref(), wiring::measured_cost).map_err(Failure::Directory)
    }

    /// Waits for the lock on changing logins in this data folder, and holds it until the process exits. Without it, one
    /// command could delete a login that another has just made (C16).
    fn lock_logins(&self) -> Result<(), Failure> {
        if self.logins.get().is_some() {
            return Ok(());
        }
        let path = self.folder().join("logins.lock");
        let cannot = || io(format!("`{}` cannot be locked", path.display()));
        let mut file = private_files::open(&path).map_err(cannot())?;
        if let Err(error) = file.try_lock() {
            match error {
                TryLockError::Error(error) => return Err(cannot()(error)),
                TryLockError::WouldBlock => {
                    let holder = fs::read_to_string(&path).unwrap_or_default();
                    report::tell(&format!("waiting for another command that changes logins: {}", holder.trim()));
                    file.lock().map_err(cannot())?;
                }
            }
        }
        let holder = format!("process {}, {}", std::process::id(), command_line());
        file.set_len(0).and_then(|()| file.write_all(holder.as_bytes())).map_err(cannot())?;
        let _ = self.logins.set(file);
        Ok(())
    }

    fn log(&self) -> Result<Log, Failure> {
        wiring::log(&self.directory()?).map_err(Failure::Start)
    }

    /// Runs the kiosk. Shows errors of the configuration or the directory on the screen instead of exiting.
    pub(super) fn kiosk(&self) -> Result<(), Failure> {
        if !display::is_there() {
            return Err(Failure::NoDisplay);
        }
        let _ = hangup::survive();
        let config = self.config();
        let status = Status::default();
        watch(config.as_ref().ok(), &status);
        let window = config.as_ref().map_or_else(|_| Window::default(), wiring::window);
        let phone = config.as_ref().map_or(String::new(), |config| config.kiosk.support_phone.clone());
        let kept = Arc::new(Kept { site: self.clone(), status: status.clone(), alone: Mutex::default() });
        let (start, window) = match config.and_then(|config| kept.start(&config)) {
            Ok(start) => (start, window),
            Err(failure @ Failure::Running(_)) => return Err(failure),
            Err(failure) => {
                let what = Chain(&failure).to_string();
                tracing::error!("{what}");
                status.change(|facts| facts.out_of_order = Some(what.clone()));
                status.metrics().out_of_order();
                (Start::Broken { what, phone }, window)
            }
        };
        let again = Reloader::new(move || kept.again());
        show(start, Window { status, again: Some(again), ..window })
    }
}

/// State that is kept when the configuration is reloaded.
struct Kept {
    site: Site,
    status: Status,
    /// The lock on `kiosk.lock`, from the first start to the end of the process.
    alone: Mutex<Option<File>>,
}

impl Kept {
    fn start(&self, config: &Config) -> Result<Start, Failure> {
        let client = Client::new(&wiring::client(config)).map_err(Failure::Client)?;
        let directory = self.site.directory_or_new()?;
        let mut alone = self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        if alone.is_none() {
            *alone = Some(lock(directory.folder())?);
        }
        // A working kiosk keeps running until its replacement is ready.
        let works = alone.is_some() && self.status.facts().out_of_order.is_none() && self.has_started();
        if works {
            return wiring::prepare(config, directory, client, &self.status).map_err(Failure::Start);
        }
        wiring::start_with(config, directory, client, &self.status).map_err(Failure::Start)
    }

    /// Whether a kiosk was started before: only then the status has the hash of its configuration.
    fn has_started(&self) -> bool {
        !self.status.facts().config_hash.is_empty()
    }

    /// Reads the configuration again and starts with it. If that fails, records why in the status and changes nothing else.
    fn again(&self) -> Result<Reloaded, String> {
        let begun = self.site.config().and_then(|config| Ok(Box::new((self.start(&config)?, wiring::window(&config)))));
        begun.map_err(|failure| {
            let why = Chain(&failure).to_string();
            self.status.metrics().config_refused();
            self.status.change(|facts| {
                if facts.out_of_order.is_some() {
                    facts.out_of_order = Some(why.clone());
                } else {
                    facts.refused_config = Some(why.clone());
                }
            });
            why
        })
    }
}

/// Starts the health endpoint. If the configuration cannot be read, uses the shipped `health.listen`.
fn watch(config: Option<&Config>, status: &Status) {
    let shipped = || Config::parse("", Path::new("kiosk.toml")).ok();
    let config = config.cloned().or_else(shipped);
    let Some(listen) = config.and_then(|config| config.health.listen) else { return };
    match server::start(listen, status.clone()) {
        Ok(at) => tracing::info!(%at, "the health endpoint listens"),
        Err(error) => tracing::error!(%listen, %error, "the health endpoint cannot listen on health.listen"),
    }
}

/// Locks the data folder for one kiosk. Two of them would overwrite each other's guess budgets.
fn lock(folder: &Path) -> Result<File, Failure> {
    let path = folder.join("kiosk.lock");
    let cannot = io(format!("`{}` cannot be locked", path.display()));
    let file = match private_files::open(&path) {
        Ok(file) => file,
        Err(error) => return Err(cannot(error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::Running(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(cannot(error)),
    }
}

/// Runs the window until it closes. If nobody closed it, the display server is gone, which is an error.
fn show(start: Start, window: Window) -> Result<(), Failure> {
    let closed_on_purpose = window.closed_on_purpose.clone();
    app::application(start, window).run().map_err(Failure::Window)?;
    if closed_on_purpose.load(Ordering::Relaxed) { Ok(()) } else { Err(Failure::DisplayLost) }
}

/// Writes one man page per command into the folder. The package installs them.
pub(super) fn man(folder: &Path) -> Result<(), Failure> {
    let cannot = format!("the man pages cannot be written into `{}`", folder.display());
    clap_mangen::generate_to(Arguments::command(), folder).map_err(io(cannot))
}

/// Prints shell completions. The package installs them.
#[expect(clippy::unnecessary_wraps, reason = "every command returns a result")]
pub(super) fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    clap_complete::generate(shell, &mut Arguments::command(), "vestibule", &mut std::io::stdout());
    Ok(())
}

/// Runs the kiosk against a simulated Kisi with sample staff.
pub(super) fn demo(windowed: bool) -> Result<(), Failure> {
    if !display::is_there() {
        return Err(Failure::NoDisplay);
    }
    let demo = Demo::new(Cost::SHIPPED).map_err(Failure::Demo)?;
    say("Sample staff of the demo:")?;
    demo.samples.iter().try_for_each(|line| say(&format!("  {line}")))?;
    say(if windowed { "Close the window to quit." } else { "Press Ctrl+C here to quit." })?;
    show(demo.start.clone(), Window { fullscreen: !windowed, may_close: windowed, ..Window::default() })
}

/// Runs a simulated Kisi until Ctrl+C.
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
    runtime()?.block_on(tokio::signal::ctrl_c()).map_err(io("cannot wait for Ctrl+C"))
}

/// The first two words of this command, without options and e-mail addresses: `vestibule staff import`.
fn command_line() -> String {
    let words = env::args().skip(1).take_while(|word| !word.starts_with('-') && !word.contains('@'));
    format!("vestibule {}", words.take(2).collect::<Vec<_>>().join(" "))
}

/// systemd's `$CREDENTIALS_DIRECTORY`, if it is set.
fn credentials() -> Option<PathBuf> {
    env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(io("the async runtime cannot start"))
}

fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Failure {
    let what = what.into();
    move |source| Failure::Io { what, source }
}
