//! The command line: arguments, log, and how an error ends: one line and an exit code, or the notice on the screen.

mod commands;

use std::{io::Write, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use vestibule::{chain::Chain, config, demo, directory, enrol, kisi};

/// What is logged when `VESTIBULE_LOG` says nothing else.
const LOG: &str = "warn,vestibule=info";

/// Opens doors with Kisi, in each person's own name.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// The configuration [default: /etc/vestibule/kiosk.toml, then the user's configuration folder, then ./kiosk.toml]
    #[arg(long, global = true, env = "VESTIBULE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of the directory and the device key [default: the user's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Without a command: run the kiosk
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it: a simulated Kisi, sample staff, and the kiosk
    Demo {
        /// In a window rather than on the whole screen
        #[arg(long)]
        windowed: bool,
    },
    /// A simulated Kisi alone; prints its admin key
    Simulate {
        /// A loopback address
        #[arg(long, default_value = "127.0.0.1:9080", value_name = "ADDR")]
        listen: SocketAddr,
        /// Places, doors, people, rights, faults; without it the sample scene
        #[arg(long, value_name = "FILE.toml")]
        scene: Option<PathBuf>,
    },
    /// Who may sign in here. Making a login asks for the admin key, or takes it from the environment
    #[command(subcommand)]
    Staff(Staff),
}

#[derive(Debug, Subcommand)]
enum Staff {
    /// Make a login at Kisi on somebody's behalf, and keep it here
    Add {
        /// As Kisi knows it
        email: String,
        /// What the person is called here; without it, as at Kisi
        #[arg(long, default_value = "")]
        name: String,
        /// The number that the reader types
        #[arg(long, value_name = "N")]
        badge: Option<String>,
        /// Issue a PIN and print it once
        #[arg(long)]
        pin: bool,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Do that for a list: email,name,badge. Run again, it does only what is missing
    Import {
        /// With a header
        #[arg(value_name = "FILE.csv")]
        file: PathBuf,
        /// Issue a PIN to everybody who is new, and print it once
        #[arg(long)]
        pin: bool,
        /// A JSON object for each row
        #[arg(long)]
        json: bool,
    },
    /// Everybody who is enrolled
    List {
        /// A JSON object for each person
        #[arg(long)]
        json: bool,
    },
}

/// Why a command did not do what it should.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the configuration is refused")]
    Config(#[source] config::Error),
    #[error("the client is refused by the configuration")]
    Client(#[source] kisi::Error),
    #[error("the directory cannot be used")]
    Directory(#[source] directory::Error),
    #[error("the list `{}` is refused", file.display())]
    List { file: PathBuf, source: enrol::csv::Error },
    #[error("{email} was not enrolled")]
    Enrol { email: String, source: enrol::Error },
    #[error("the demo failed")]
    Demo(#[source] demo::Error),
    #[error("the scene `{}` is refused", file.display())]
    Scene { file: PathBuf, source: vestibule::simulator::world::SceneError },
    #[error("{what}")]
    Io { what: String, source: std::io::Error },
    #[error("the badge does not fit [badge] in the configuration")]
    Badge,
    #[error("there is no display: set DISPLAY or WAYLAND_DISPLAY, or run it on the kiosk's own screen")]
    NoDisplay,
    #[error("the window ended although nobody closed it: the display server is gone")]
    DisplayLost,
    #[error("the window cannot be opened")]
    Window(#[source] iced::Error),
    /// The report has said why.
    #[error("not everybody was enrolled")]
    Incomplete,
}

impl Failure {
    /// 2 for a wrong usage or configuration, 1 for everything else.
    fn exit_code(&self, is_demo: bool) -> ExitCode {
        match self {
            Self::Config(_) | Self::Client(kisi::Error::Setting { .. }) | Self::Badge | Self::Scene { .. } => 2.into(),
            Self::NoDisplay if is_demo => 2.into(),
            Self::Client(_)
            | Self::Directory(_)
            | Self::List { .. }
            | Self::Enrol { .. }
            | Self::Demo(_)
            | Self::Io { .. }
            | Self::NoDisplay
            | Self::DisplayLost
            | Self::Window(_)
            | Self::Incomplete => 1.into(),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env("VESTIBULE_LOG").unwrap_or_else(|_| EnvFilter::new(LOG));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let is_demo = matches!(arguments.command, Some(Command::Demo { .. }));
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "vestibule: {}", Chain(&failure));
            failure.exit_code(is_demo)
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let site = commands::Site { config: arguments.config, data: arguments.data };
    match arguments.command {
        None => site.kiosk(),
        Some(Command::Demo { windowed }) => commands::demo(windowed),
        Some(Command::Simulate { listen, scene }) => commands::simulate(listen, scene),
        Some(Command::Staff(Staff::Add { email, name, badge, pin, json })) => {
            site.staff_add(email, name, badge, pin, json)
        }
        Some(Command::Staff(Staff::Import { file, pin, json })) => site.staff_import(file, pin, json),
        Some(Command::Staff(Staff::List { json })) => site.staff_list(json),
    }
}
