//! The demo: a simulated Kisi, sample staff enrolled by the real code, and an unmodified kiosk.

use std::{io, path::Path, time::Duration};

use tempfile::TempDir;

use crate::{
    app::Start,
    config::{self, Config},
    enrol::{self, Candidate, Enroller, Enrollment},
    kisi::{self, Client},
    private_files,
    secret::Secret,
    simulator::{Simulator, world::World},
    staff::Badge,
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
}

/// A demo that runs until it is dropped.
#[derive(Debug)]
pub struct Demo {
    /// The simulated Kisi.
    pub simulator: Simulator,
    /// What the window shows.
    pub start: Start,
    /// One line per sample person: name, PIN or badge number, and what they demonstrate.
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
            // Somebody who tries the demo on a laptop types a PIN on its keyboard.
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
        let badge = number.and_then(|number| Badge::read(number, &config.badge.profile));
        let candidate = Candidate { row: 0, email: email.to_owned(), name: String::new(), badge };
        let done = enroller.add(&candidate, number.is_none()).await?;
        let way_in = match (&done, number) {
            (Enrollment::Enrolled(Some(pin)) | Enrollment::PinIssued(pin), _) => format!("PIN {}", pin.expose_text()),
            (Enrollment::Enrolled(None) | Enrollment::BadgeGiven | Enrollment::Unchanged, number) => {
                format!("badge {}", number.unwrap_or_default())
            }
        };
        let name = enroller.directory.person(email).map_err(enrol::Error::Directory)?.map(|person| person.name);
        samples.push(format!("{}: {way_in} ({what})", name.unwrap_or_default()));
        tokio::time::sleep(enroller.pace).await;
    }
    Ok(samples)
}
