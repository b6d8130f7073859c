//! The demo: a simulated Kisi, sample staff enrolled by the real code, and an unmodified kiosk, or a fleet of them.

mod fleet;
mod postgres;
mod visitor;

use std::{io, path::Path, sync::Arc, time::Duration};

use tempfile::TempDir;
use tokio::runtime::Runtime;

use self::{
    fleet::Admin,
    postgres::Server,
    visitor::{Kiosk, Visitors},
};
use crate::{
    app::Start,
    backup_encryption,
    config::{self, Config},
    enrol::{self, Candidate, Enroller, Enrollment, MakeFleetError},
    kisi::{self, Client},
    private_files,
    secret::Secret,
    simulator::{Simulator, world::World},
    staff::{Badge, Pin},
    store::directory::{self, Cost, Directory},
    wiring,
};

/// The sample staff: what they demonstrate, e-mail address, badge number. People without a badge get a PIN.
const STAFF: [(&str, &str, Option<&str>); 4] = [
    ("many doors", "ada@example.com", None),
    ("office doors", "grace@example.com", Some("0012345678")),
    ("two places", "juergen@example.com", None),
    ("no door", "nadia@example.com", None),
];
/// Pause between enrollments, which keeps below Kisi's five requests a second.
const PACE: Duration = Duration::from_millis(220);

/// Why the demo cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The simulator, the temporary folder or the runtime failed.
    #[error("the simulator or its temporary folder cannot be created")]
    Start(#[source] io::Error),
    /// The sample scene is invalid.
    #[error("the sample scene cannot be parsed")]
    Scene(#[source] crate::simulator::world::SceneError),
    /// The sample configuration is invalid.
    #[error("the sample configuration is invalid")]
    Config(#[source] config::Error),
    /// The temporary directory cannot be created or opened.
    #[error("the sample directory cannot be opened")]
    Directory(#[source] directory::Error),
    /// The HTTP client cannot be created.
    #[error("the client for the simulator cannot be created")]
    Client(#[source] kisi::Error),
    /// The kiosk's parts cannot be started.
    #[error("the kiosk cannot start")]
    Kiosk(#[source] wiring::Error),
    /// A sample person cannot be enrolled.
    #[error("sample staff cannot be enrolled")]
    Enrol(#[source] enrol::Error),
    /// There is no PostgreSQL for a fleet.
    #[error("a fleet needs PostgreSQL")]
    Postgres(#[from] postgres::Error),
    /// The fleet cannot be made.
    #[error("the fleet cannot be made")]
    MakeFleet(#[source] MakeFleetError),
    /// The fleet's database refuses.
    #[error("the fleet's database cannot be used")]
    Fleet(#[source] crate::fleet::Error),
    /// The fleet's data key cannot be opened, or encrypted to a kiosk.
    #[error("the fleet's data key cannot be used")]
    Keys(#[source] backup_encryption::Error),
    /// The database did not return the fleet's data key.
    #[error("the fleet's database has no data key")]
    NoKey,
}

/// Takes a line about what happened at a kiosk without a window.
pub type Report = Arc<dyn Fn(&str) + Send + Sync>;

/// A sample person.
#[derive(Debug)]
struct Sample {
    name: String,
    /// `None` for somebody with a badge.
    pin: Option<Pin>,
    /// Name, PIN or badge number, and what they demonstrate.
    line: String,
}

/// A demo that runs until it is dropped.
#[derive(Debug)]
pub struct Demo {
    /// What the window shows.
    pub start: Start,
    /// One line per sample person: name, PIN or badge number, and what they demonstrate.
    pub samples: Vec<String>,
    /// The kiosks of a fleet that have no window. They end before what they use.
    visitors: Vec<Visitors>,
    _server: Option<Server>,
    /// The simulated Kisi.
    pub simulator: Simulator,
    _folder: TempDir,
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.visitors.clear();
        if let Start::Working { agent, .. } = &self.start {
            agent.end().wait();
        }
    }
}

/// What every demo has.
struct Stage {
    simulator: Simulator,
    admin: Secret<String>,
    config: Config,
    client: Client,
    folder: TempDir,
    runtime: Runtime,
}

impl Stage {
    fn new() -> Result<Self, Error> {
        let mut world = World::sample().map_err(Error::Scene)?;
        let admin = Secret::new(world.admin_key());
        let simulator = Simulator::start(world).map_err(Error::Start)?;
        let text = config::SAMPLE
            .replace(r#"base_url = "https://api.kisi.io""#, &format!("base_url = \"{}\"", simulator.base_url()))
            // Somebody who tries the demo on a laptop types a PIN on its keyboard.
            .replace(r#"keyboard = "readers""#, r#"keyboard = "keypad""#);
        let config = Config::parse(&text, Path::new("kiosk.toml")).map_err(Error::Config)?;
        let client = Client::new(&wiring::client(&config)).map_err(Error::Client)?;
        let folder = private_files::temporary_folder("vestibule-demo-").map_err(Error::Start)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Start)?;
        Ok(Self { simulator, admin, config, client, folder, runtime })
    }

    /// Enrols the sample staff into this directory.
    fn enrol(&self, directory: Directory) -> Result<Vec<Sample>, Error> {
        let admin = Secret::new(self.admin.expose().clone());
        let enroller = wiring::enroller(&self.config, directory, self.client.clone(), admin, PACE);
        let enroller = enroller.map_err(Error::Kiosk)?;
        self.runtime.block_on(enrol_samples(enroller, &self.config)).map_err(Error::Enrol)
    }

    /// Starts a kiosk on this directory.
    fn start(&self, config: &Config, directory: Directory) -> Result<Start, Error> {
        let client = self.client.reconnected().map_err(Error::Client)?;
        wiring::start(config, directory, client).map_err(Error::Kiosk)
    }

    fn demo(self, mut start: Start, samples: &[Sample], visitors: Vec<Visitors>, server: Option<Server>) -> Demo {
        let samples: Vec<String> = samples.iter().map(|sample| sample.line.clone()).collect();
        if let Start::Working { labels, .. } = &mut start {
            labels.samples.clone_from(&samples);
        }
        Demo { start, samples, visitors, _server: server, simulator: self.simulator, _folder: self.folder }
    }
}

impl Demo {
    /// Starts the simulator, enrols sample staff into a temporary folder, and starts an agent.
    ///
    /// # Errors
    ///
    /// Any.
    pub fn new(cost: Cost) -> Result<Self, Error> {
        let stage = Stage::new()?;
        let directory = || Directory::open(stage.folder.path(), None, || cost).map_err(Error::Directory);
        let samples = stage.enrol(directory()?)?;
        let start = stage.start(&stage.config, directory()?)?;
        Ok(stage.demo(start, &samples, Vec::new(), None))
    }

    /// The same with this number of kiosks, which share a PostgreSQL that is started for them. The first one has the window.
    /// At the others the sample staff sign in by themselves. Call it on a thread that lives as long as the process.
    ///
    /// # Errors
    ///
    /// Any.
    pub fn fleet(cost: Cost, kiosks: u8, report: Report) -> Result<Self, Error> {
        let stage = Stage::new()?;
        let server = Server::start(&stage.runtime)?;
        let admin = Admin::new(&server, &stage.runtime, cost)?;
        let samples = Arc::new(stage.enrol(admin.directory(&stage.folder.path().join("admin"))?)?);
        let kiosk = |number: u8| {
            let name = format!("Kiosk {number}");
            let directory = admin.admit(&name, &stage.folder.path().join(format!("kiosk{number}")))?;
            let mut config = stage.config.clone();
            config.kiosk.name.clone_from(&name);
            Ok::<_, Error>((stage.start(&config, directory)?, name))
        };
        let (start, _) = kiosk(1)?;
        let mut visitors = Vec::new();
        for number in 2..=kiosks {
            if let (Start::Working { rules, agent, guesses_left, .. }, name) = kiosk(number)? {
                let kiosk = Kiosk::new(name, *rules, guesses_left, agent);
                let delay = Duration::from_secs(number.into());
                let started = Visitors::start(kiosk, Arc::clone(&samples), delay, Arc::clone(&report));
                visitors.push(started.map_err(Error::Start)?);
            }
        }
        drop(admin);
        Ok(stage.demo(start, &samples, visitors, Some(server)))
    }
}

async fn enrol_samples(mut enroller: Enroller, config: &Config) -> Result<Vec<Sample>, enrol::Error> {
    let mut samples = Vec::new();
    for (what, email, number) in STAFF {
        let badge = number.and_then(|number| Badge::read(number, &config.badge.profile));
        let candidate = Candidate { row: 0, email: email.to_owned(), name: String::new(), badge };
        let pin = match enroller.add(&candidate, number.is_none()).await? {
            Enrollment::Enrolled(pin) => pin,
            Enrollment::PinIssued(pin) => Some(pin),
            Enrollment::BadgeGiven | Enrollment::Unchanged => None,
        };
        let way_in = match &pin {
            Some(pin) => format!("PIN {}", pin.expose_text()),
            None => format!("badge {}", number.unwrap_or_default()),
        };
        let name = enroller.directory.person(email).map_err(enrol::Error::Directory)?.map(|person| person.name);
        let name = name.unwrap_or_default();
        samples.push(Sample { line: format!("{name}: {way_in} ({what})"), name, pin });
        tokio::time::sleep(enroller.pace).await;
    }
    Ok(samples)
}
