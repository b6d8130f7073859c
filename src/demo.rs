//! The demo: a simulated Kisi, sample staff enrolled with the real code, and a kiosk that does not know the difference.

use std::{io, path::Path, time::Duration};

use tempfile::TempDir;

use crate::{
    app::Start,
    config::{self, Config},
    directory::{self, Cost, Directory},
    enrol::{self, Candidate, Done, Enroller},
    kisi::{self, Client},
    private_files,
    secret::Secret,
    simulator::{Simulator, world::World},
    staff::Badge,
    wiring,
};

/// Who is shown: what they are good for, their address, their badge. People without a badge get a PIN.
const STAFF: [(&str, &str, Option<&str>); 4] = [
    ("many doors", "ada@example.com", None),
    ("office doors", "grace@example.com", Some("0012345678")),
    ("two places", "juergen@example.com", None),
    ("no door", "nadia@example.com", None),
];
/// Quick enough to start, slow enough for Kisi's five requests a second.
const PACE: Duration = Duration::from_millis(220);

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The simulator or a folder for it.
    #[error("the demo cannot start")]
    Start(#[source] io::Error),
    /// The sample scene or configuration is broken.
    #[error("the samples of the demo cannot be read")]
    Scene(#[source] toml::de::Error),
    /// The configuration of the demo is refused.
    #[error("the configuration of the demo is refused")]
    Config(#[source] config::Error),
    /// The directory.
    #[error("the directory of the demo cannot be made")]
    Directory(#[source] directory::Error),
    /// The client.
    #[error("the client of the demo cannot start")]
    Client(#[source] kisi::Error),
    /// The kiosk.
    #[error("the kiosk of the demo cannot start")]
    Kiosk(#[source] wiring::Error),
    /// Somebody was not enrolled.
    #[error("sample staff cannot be enrolled")]
    Enrol(#[source] enrol::Error),
}

/// A demo that runs until it is dropped.
#[derive(Debug)]
pub struct Demo {
    /// The simulated Kisi.
    pub simulator: Simulator,
    /// What the window shows.
    pub start: Start,
    /// Sample staff and how they sign in, a line each.
    pub samples: Vec<String>,
    _folder: TempDir,
}

impl Demo {
    /// Starts the simulator, enrols sample staff into a temporary folder, and starts an agent.
    ///
    /// # Errors
    ///
    /// Any.
    pub fn new(cost: Cost) -> Result<Self, Error> {
        let mut world = World::sample().map_err(Error::Scene)?;
        let admin = world.admin_key();
        let simulator = Simulator::start(world).map_err(Error::Start)?;
        let text = config::SAMPLE
            .replace(r#"base_url = "https://api.kisi.io""#, &format!("base_url = \"{}\"", simulator.base_url()))
            // A newcomer with a laptop types a PIN.
            .replace(r#"keyboard = "readers""#, r#"keyboard = "keypad""#);
        let config = Config::parse(&text, Path::new("kiosk.toml")).map_err(Error::Config)?;
        let client = Client::new(&wiring::client(&config)).map_err(Error::Client)?;
        let folder = private_files::temporary_folder("vestibule-demo-").map_err(Error::Start)?;
        let directory = Directory::open(folder.path(), None, || cost).map_err(Error::Directory)?;
        let enroller = wiring::enroller(&config, directory, client.clone(), Secret::new(admin), PACE);
        let enroller = enroller.map_err(Error::Kiosk)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Start)?;
        let samples = runtime.block_on(enrol_samples(enroller, &config)).map_err(Error::Enrol)?;
        let directory = Directory::open(folder.path(), None, || cost).map_err(Error::Directory)?;
        let mut start = wiring::start(&config, directory, client).map_err(Error::Kiosk)?;
        if let Start::Working { labels, .. } = &mut start {
            labels.samples.clone_from(&samples);
        }
        Ok(Self { simulator, start, samples, _folder: folder })
    }
}

async fn enrol_samples(mut enroller: Enroller, config: &Config) -> Result<Vec<String>, enrol::Error> {
    let mut samples = Vec::new();
    for (what, email, number) in STAFF {
        let badge = number.and_then(|number| Badge::read(number, &config.badge));
        let candidate = Candidate { row: 0, email: email.to_owned(), name: String::new(), badge };
        let done = enroller.add(&candidate, number.is_none()).await?;
        let way_in = match (&done, number) {
            (Done::Enrolled(Some(pin)) | Done::PinIssued(pin), _) => format!("PIN {}", wiring::digits(pin)),
            (Done::Enrolled(None) | Done::BadgeGiven | Done::Unchanged, number) => {
                format!("badge {}", number.unwrap_or_default())
            }
        };
        let name = enroller.directory.person(email).map_err(enrol::Error::Directory)?.map(|person| person.name);
        samples.push(format!("{}: {way_in} ({what})", name.unwrap_or_default()));
        tokio::time::sleep(enroller.pace).await;
    }
    Ok(samples)
}
