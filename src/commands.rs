//! What each command does. The arguments are in `main.rs`.

mod display;
mod report;

use std::{
    env, fs, io,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use vestibule::{
    app::{self, Start, Window},
    chain::Chain,
    config::Config,
    demo::Demo,
    directory::{Cost, Directory},
    enrol::{self, Candidate, Enroller},
    kisi::Client,
    secret::Secret,
    simulator::{Simulator, world::World},
    staff::Badge,
    wiring,
};

use self::report::{Report, say};
use super::Failure;

/// Between two logins that are made, when there are many: Kisi asks for a second.
const PACE: Duration = Duration::from_secs(1);

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
    fn directory(&self) -> Result<Directory, Failure> {
        let own = || Some(directories::ProjectDirs::from("", "", "vestibule")?.data_dir().to_owned());
        let folder = self.data.clone().or_else(own).unwrap_or_else(|| PathBuf::from("data"));
        let credentials = env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        Directory::open(&folder, credentials.as_deref(), || Cost::SHIPPED).map_err(Failure::Directory)
    }

    /// Runs the kiosk. What is wrong with the configuration or the directory is said on the screen.
    pub(super) fn kiosk(&self) -> Result<(), Failure> {
        if !display::is_there() {
            return Err(Failure::NoDisplay);
        }
        let config = self.config();
        let fullscreen = config.as_ref().map_or(true, |config| config.display.fullscreen);
        let phone = config.as_ref().map_or(String::new(), |config| config.kiosk.support_phone.clone());
        let start = config.and_then(|config| self.start(&config)).unwrap_or_else(|failure| {
            let what = Chain(&failure).to_string();
            tracing::error!("{what}");
            Start::Broken { what, phone }
        });
        show(start, Window { fullscreen, closed: None })
    }

    fn start(&self, config: &Config) -> Result<Start, Failure> {
        let client = Client::new(&wiring::client(config)).map_err(Failure::Client)?;
        wiring::start(config, self.directory()?, client).map_err(|error| match error {
            wiring::Error::Directory(source) => Failure::Directory(source),
            wiring::Error::Thread(source) => io("the agent cannot start")(source),
        })
    }

    pub(super) fn staff_add(
        &self,
        email: String,
        name: String,
        badge: Option<String>,
        pin: bool,
        json: bool,
    ) -> Result<(), Failure> {
        let config = self.config()?;
        let badge = badge.map(|number| Badge::read(&number, &config.badge).ok_or(Failure::Badge)).transpose()?;
        let mut enroller = self.enroller(&config, Duration::ZERO)?;
        let candidate = Candidate { row: 0, email, name, badge };
        let done = runtime()?.block_on(enroller.add(&candidate, pin));
        Report { json }.row(&candidate, &done)?;
        done.map(|_| ()).map_err(|source| Failure::Enrol { email: candidate.email, source })
    }

    pub(super) fn staff_import(&self, file: PathBuf, pin: bool, json: bool) -> Result<(), Failure> {
        let config = self.config()?;
        let list = fs::File::open(&file).map_err(io(format!("the list `{}` cannot be read", file.display())))?;
        let candidates = enrol::csv::read(list, &config.badge).map_err(|source| Failure::List { file, source })?;
        let mut enroller = self.enroller(&config, PACE)?;
        let report = Report { json };
        let mut written = Ok(());
        let summary = runtime()?.block_on(enroller.import(&candidates, pin, |candidate, done| {
            let row = report.row(candidate, done);
            if written.is_ok() {
                written = row;
            }
        }));
        written.and_then(|()| report.summary(summary))?;
        if summary.is_complete() { Ok(()) } else { Err(Failure::Incomplete) }
    }

    pub(super) fn staff_list(&self, json: bool) -> Result<(), Failure> {
        let people = self.directory()?.list().map_err(Failure::Directory)?;
        people.iter().try_for_each(|person| Report { json }.person(person))
    }

    fn enroller(&self, config: &Config, pace: Duration) -> Result<Enroller, Failure> {
        let client = Client::new(&wiring::client(config)).map_err(Failure::Client)?;
        let directory = self.directory()?;
        Ok(wiring::enroller(config, directory, client, admin_key()?, pace))
    }
}

/// From the environment, or asked for without echo. It is in no argument, where every process could read it.
fn admin_key() -> Result<Secret<String>, Failure> {
    match env::var("VESTIBULE_ADMIN_KEY") {
        Ok(key) if !key.is_empty() => Ok(Secret::new(key)),
        Ok(_) | Err(_) => {
            let key = rpassword::prompt_password("Kisi admin key (it is used and forgotten): ");
            key.map(Secret::new).map_err(io("the admin key cannot be asked for: set VESTIBULE_ADMIN_KEY"))
        }
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
    show(demo.start.clone(), Window { fullscreen: !windowed, closed })
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

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(io("no runtime can be had"))
}

fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Failure {
    let what = what.into();
    move |source| Failure::Io { what, source }
}
