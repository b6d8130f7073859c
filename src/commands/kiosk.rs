//! Runs the kiosk: opens its window, and keeps its state across reloads of the configuration.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    thread,
};

use vestibule::{
    app::{self, Reloaded, Reloader, Start, Window},
    config::Config,
    error_chain::Chain,
    kisi::Client,
    platform::{
        display, hangup, port_holder,
        storage::{self, Storage},
        time_zone,
    },
    private_files,
    screen::fonts,
    status::{Status, server},
    wiring,
};

use super::{
    Site,
    failure::{CommandError, Failure},
    io,
};

/// Why the kiosk does not run.
#[derive(Debug, thiserror::Error)]
enum KioskError {
    #[error("there is no display: set DISPLAY or WAYLAND_DISPLAY, or run it on the kiosk's own screen")]
    NoDisplay,
    #[error("the window closed unexpectedly: the display server is gone")]
    DisplayLost,
    #[error(
        "{why}: staff, PINs and audit log would be gone when the machine starts again. Put the data folder on a disk, or \
         set kiosk.volatile_data"
    )]
    Forgets { why: String },
    #[error("the window cannot be opened")]
    Window(#[source] iced::Error),
}

impl CommandError for KioskError {}

/// Another kiosk holds the lock of this data folder.
#[derive(Debug, thiserror::Error)]
#[error("another kiosk is already running on the data folder `{}`", .0.display())]
struct Running(PathBuf);

impl CommandError for Running {}

impl Site {
    /// Runs the kiosk. Shows errors of the configuration or the directory on the screen instead of exiting.
    pub(crate) fn kiosk(&self) -> Result<(), Failure> {
        if !display::is_there() {
            return Err(KioskError::NoDisplay.into());
        }
        let _ = hangup::survive();
        // The search for the system's fonts takes a while: it runs beside the opening of the directory.
        let _ = thread::spawn(fonts::load);
        log_zone();
        let config = self.config();
        let status = Status::default();
        watch(config.as_ref().ok(), &status);
        let window = config.as_ref().map_or_else(|_| Window::default(), |config| self.window(config));
        let phone = config.as_ref().map_or(String::new(), |config| config.kiosk.support_phone.clone());
        let kept = Arc::new(Kept { site: self.clone(), status: status.clone(), alone: Mutex::default() });
        let (start, window) = match config.and_then(|config| kept.start(&config)) {
            Ok(start) => (start, window),
            Err(failure) if failure.is::<Running>() => return Err(failure),
            Err(failure) => {
                let what = Chain(failure.error()).to_string();
                tracing::error!("{what}");
                status.change(|facts| facts.out_of_order = Some(what.clone()));
                status.metrics().out_of_order();
                (Start::Broken { what, phone }, window)
            }
        };
        let again = Reloader::new(move || kept.again());
        show(start, Window { status, again: Some(again), ..window })
    }

    /// The settings of the window, with its readers. They are opened once the window is.
    fn window(&self, config: &Config) -> Window {
        Window { readers: wiring::readers(config, &self.folder()), ..wiring::window(config) }
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
        let client = Client::new(&wiring::client(config)).map_err(Failure::client)?;
        if let (Storage::Forgotten(why), false) = (storage::of(&self.site.folder()), config.kiosk.volatile_data) {
            return Err(KioskError::Forgets { why }.into());
        }
        let directory = self.site.directory_or_new()?;
        let mut alone = self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        if alone.is_none() {
            *alone = Some(lock(directory.folder())?);
        }
        // A working kiosk keeps running until its replacement is ready.
        let facts = self.status.facts();
        // Only a kiosk that was started has the hash of its configuration there.
        if facts.out_of_order.is_none() && !facts.config_hash.is_empty() {
            return wiring::prepare(config, directory, client, &self.status).map_err(Failure::from);
        }
        wiring::start_with(config, directory, client, &self.status).map_err(Failure::from)
    }

    /// Reads the configuration again and starts with it. If that fails, records why in the status and changes nothing else.
    fn again(&self) -> Result<Reloaded, String> {
        let begun =
            self.site.config().and_then(|config| Ok(Box::new((self.start(&config)?, self.site.window(&config)))));
        begun.map_err(|failure| {
            let why = Chain(failure.error()).to_string();
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

/// Logs the time zone that days and times are in.
fn log_zone() {
    match time_zone::current() {
        time_zone::Zone { name, doubt: None } => tracing::info!(zone = name, "times and days are in this time zone"),
        time_zone::Zone { name, doubt: Some(doubt) } => {
            tracing::warn!(zone = name, "the time zone is in doubt: {doubt}");
        }
    }
}

/// Starts the health endpoint. If the configuration cannot be read, uses the shipped `health.listen`.
fn watch(config: Option<&Config>, status: &Status) {
    let shipped = || Config::parse("", Path::new("kiosk.toml")).ok();
    let config = config.cloned().or_else(shipped);
    let Some(listen) = config.and_then(|config| config.health.listen) else { return };
    match server::start(listen, status.clone()) {
        Ok(at) => tracing::info!(%at, "the health endpoint listens"),
        Err(error) => {
            let holder = port_holder::of(listen.port()).unwrap_or_else(|| "unknown".to_owned());
            tracing::error!(%listen, %error, holder, "the health endpoint cannot listen on health.listen");
        }
    }
}

/// Locks the data folder for one kiosk. Two of them would overwrite each other's guess budgets.
pub(super) fn lock(folder: &Path) -> Result<File, Failure> {
    let path = folder.join("kiosk.lock");
    let cannot = || io(format!("`{}` cannot be locked", path.display()));
    let file = private_files::open(&path).map_err(cannot())?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Running(folder.to_owned()).into()),
        Err(TryLockError::Error(error)) => Err(cannot()(error)),
    }
}

/// Runs the window until it closes. If nobody closed it, the display server is gone, which is an error.
pub(super) fn show(start: Start, window: Window) -> Result<(), Failure> {
    let closed_on_purpose = window.closed_on_purpose.clone();
    app::application(start, window).run().map_err(KioskError::Window)?;
    if closed_on_purpose.load(Ordering::Relaxed) { Ok(()) } else { Err(KioskError::DisplayLost.into()) }
}
