//! Command-line arguments, parsed by clap, with their `--help` texts.

mod fleet;
mod gallery;
mod staff;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(super) use self::{
    fleet::{Database as FleetDatabase, Fleet, People as FleetPeople},
    gallery::GalleryArguments,
    staff::{ListEncoding, Staff},
};

/// How a command reports.
#[derive(Debug, Clone, Copy, Args)]
#[group(skip)]
pub(super) struct Json {
    /// Print JSON, one object per line
    #[arg(long)]
    pub(super) json: bool,
}

/// Whether a command asks before it changes something.
#[derive(Debug, Clone, Copy, Args)]
#[group(skip)]
pub(super) struct Yes {
    /// Skip the confirmation
    #[arg(long)]
    pub(super) yes: bool,
}

/// An encrypted backup.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Backup {
    /// age recipient: age1...
    #[arg(long, value_name = "RECIPIENT")]
    pub(super) to: String,
    /// New file to write, never overwritten; - writes to standard output
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) json: Json,
}

/// Touchscreen kiosk that opens doors through Kisi, in each person's own name.
#[derive(Debug, Parser)]
#[command(version, about, after_help = "Example:\n  vestibule demo --windowed")]
pub(super) struct Arguments {
    /// Configuration file [default: /etc/vestibule/kiosk.toml, then the user's configuration folder, then ./kiosk.toml]
    #[arg(long, global = true, env = "VESTIBULE_CONFIG", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Data folder with the directory and the device key [default: `$STATE_DIRECTORY`, then the user's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Without a command, run the kiosk
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a demo: a simulated Kisi, sample staff and the kiosk
    #[command(after_help = "Example:\n  vestibule demo --windowed")]
    Demo {
        /// Run in a window instead of full screen
        #[arg(long)]
        windowed: bool,
        /// Run this many kiosks, 2 to 8, that share one PostgreSQL database. The first one has the window
        #[arg(long, value_name = "KIOSKS", value_parser = clap::value_parser!(u8).range(2..=8))]
        fleet: Option<u8>,
    },
    /// Show every screen with sample data, for designers and translators
    #[command(after_help = gallery::HELP)]
    Gallery(GalleryArguments),
    /// Run only the simulated Kisi and print its admin key
    #[command(after_help = "Example:\n  vestibule simulate --listen 127.0.0.1:9080")]
    Simulate {
        /// Loopback address and port to listen on
        #[arg(long, default_value = "127.0.0.1:9080", value_name = "ADDR")]
        listen: SocketAddr,
        /// Scene file with places, doors, people, rights and faults; without it, the sample scene
        #[arg(long, value_name = "FILE.toml")]
        scene: Option<PathBuf>,
    },
    /// Manage who may sign in here. The Kisi admin key comes from a credential or `VESTIBULE_ADMIN_KEY`, or is asked for
    #[command(after_help = "Example:\n  vestibule staff list")]
    Staff {
        #[command(flatten)]
        fleet: FleetPeople,
        #[command(subcommand)]
        command: Staff,
    },
    /// Manage a fleet: many kiosks that share one database
    #[command(subcommand)]
    #[command(after_help = "Example:\n  vestibule fleet list")]
    Fleet(Fleet),
    /// Verify, export and evaluate the audit log
    #[command(after_help = "Example:\n  vestibule audit verify")]
    Audit {
        #[command(flatten)]
        fleet: FleetPeople,
        #[command(subcommand)]
        command: Audit,
    },
    /// Set up a new kiosk step by step: configuration, device key, technician PIN, staff, final check
    #[command(after_help = "Example:\n  vestibule setup")]
    Setup {
        /// Only create the data folder and its contents
        #[arg(long, hide = true)]
        make_directory: bool,
    },
    /// List badge readers, see what they send, and pair OSDP readers
    #[command(subcommand)]
    #[command(after_help = "Example:\n  vestibule reader list")]
    Reader(Reader),
    /// Manage access to the technician's screen
    #[command(subcommand)]
    #[command(after_help = "Example:\n  vestibule technician pin")]
    Technician(Technician),
    /// Write the manual pages, one per command
    #[command(hide = true)]
    #[command(after_help = "Example:\n  vestibule man target/man")]
    Man {
        /// Existing folder to write to
        folder: PathBuf,
    },
    /// Print shell completions
    #[command(hide = true)]
    #[command(after_help = "Example:\n  vestibule completions bash")]
    Completions {
        /// Shell to print the completions for
        shell: clap_complete::Shell,
    },
    /// Check everything: keys, PIN strength, audit log, disk, network, clock, logins, doors and pending deletions at Kisi. With
    /// --fleet on an admin's machine: the fleet's database, its kiosks and its people
    #[command(after_help = "Example:\n  vestibule doctor --json | jq 'select(.health == \"bad\")'")]
    Doctor {
        #[command(flatten)]
        fleet: FleetPeople,
        #[command(flatten)]
        json: Json,
    },
    /// Replace the device key (by the new systemd credential, or by a new key file) and the data key. Stop the kiosk first
    #[command(after_help = "Example:\n  vestibule-admin rekey")]
    Rekey {
        /// Exit with 0 if the device key is the new credential, which still has to be renamed. For `vestibule-admin`
        #[arg(long, hide = true)]
        is_named_next: bool,
        #[command(flatten)]
        yes: Yes,
        #[command(flatten)]
        json: Json,
    },
    /// Write an encrypted backup of the directory, readable only with the matching age identity
    #[command(after_help = "Example:\n  vestibule backup --to age1... --out kiosk.age")]
    Backup(Backup),
    /// Restore a backup into a data folder that has no directory
    #[command(after_help = "Example:\n  vestibule restore kiosk.age --identity key.txt")]
    Restore {
        /// File written by `backup`; - reads standard input
        file: PathBuf,
        /// File with age identities; - reads standard input
        #[arg(long, value_name = "FILE")]
        identity: PathBuf,
        #[command(flatten)]
        yes: Yes,
        #[command(flatten)]
        json: Json,
    },
}

/// Subcommands of `technician`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum Technician {
    /// Issue a technician PIN and print it once; the old one stops working. To use it, hold the kiosk's clock for 3 s
    #[command(after_help = "Example:\n  vestibule technician pin")]
    Pin {
        #[command(flatten)]
        yes: Yes,
        /// Keep an existing PIN; issue one only if there is none
        #[arg(long, conflicts_with = "yes")]
        keep: bool,
        #[command(flatten)]
        json: Json,
    },
}

/// Subcommands of `audit`.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Verify every record and report the first one that was changed
    #[command(after_help = "Example:\n  vestibule audit verify --head heads.log")]
    Verify {
        /// Audit head from the journal (NUMBER:HASH), or a file with lines that contain heads
        #[arg(long = "head", value_name = "HEAD|FILE")]
        heads: Vec<String>,
        /// File with the key printed by `take-key`
        #[arg(long, value_name = "FILE")]
        first_key: Option<PathBuf>,
        #[command(flatten)]
        json: Json,
    },
    /// Write the whole log to standard output
    #[command(after_help = "Example:\n  vestibule audit export --excel > audit.csv")]
    Export {
        /// Output format
        #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
        format: ExportFormat,
        /// For Excel: with a byte order mark, and the list separator of the locale (`LC_ALL`, `LC_NUMERIC`, `LANG`)
        #[arg(long)]
        excel: bool,
    },
    /// Count unlocks per person or per door
    #[command(after_help = "Example:\n  vestibule audit report --by person --from 2026-11-01")]
    Report {
        /// What to count by
        #[arg(long, value_enum)]
        by: ReportBy,
        /// First day to include (YYYY-MM-DD, local time) [default: the beginning]
        #[arg(long, value_name = "DATE")]
        from: Option<jiff::civil::Date>,
        /// Last day to include (YYYY-MM-DD, local time) [default: the end]
        #[arg(long, value_name = "DATE")]
        until: Option<jiff::civil::Date>,
        #[command(flatten)]
        json: Json,
    },
    /// Compare the unlocks with Kisi's history: what became of unclear ones, and what others did with logins of this kiosk
    #[command(after_help = "Example:\n  vestibule audit reconcile --from 2026-11-01")]
    Reconcile {
        /// First day to include (YYYY-MM-DD, local time) [default: 90 days ago]
        #[arg(long, value_name = "DATE")]
        from: Option<jiff::civil::Date>,
        /// Last day to include (YYYY-MM-DD, local time) [default: today]
        #[arg(long, value_name = "DATE")]
        until: Option<jiff::civil::Date>,
        #[command(flatten)]
        json: Json,
    },
    /// Print the key that signed the first record and delete it here, so that nobody can re-sign old records on this kiosk
    #[command(after_help = "Example:\n  vestibule audit take-key > first.key")]
    TakeKey {
        #[command(flatten)]
        yes: Yes,
        #[command(flatten)]
        json: Json,
    },
}

/// Output format of `audit export`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ExportFormat {
    /// For spreadsheets
    Csv,
    /// For programs: one JSON object per line
    Jsonl,
}

/// Image format of a printed badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PictureFormat {
    /// Vector image, for any size
    Svg,
    /// Bitmap image
    Png,
}

/// Grouping of `audit report`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ReportBy {
    /// One line per person
    Person,
    /// One line per door
    Door,
}

#[derive(Debug, Subcommand)]
pub(super) enum Reader {
    /// List what is attached that could be a badge reader
    #[command(after_help = "Example:\n  vestibule reader list --capture")]
    List {
        /// Wait for a card, and show what its reader sends and which badge number that is. Keyboards type nothing else
        /// meanwhile. Stop the kiosk first
        #[arg(long)]
        capture: bool,
        /// With --capture: give up after this many seconds
        #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
        seconds: u64,
        #[command(flatten)]
        json: Json,
    },
    /// Give an OSDP reader in install mode a new key for its secure channel. Stop the kiosk first
    #[command(after_help = "Example:\n  vestibule reader pair --address 0")]
    Pair {
        /// Address of the reader, as in [[reader]]
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=126))]
        address: u8,
        #[command(flatten)]
        json: Json,
    },
}
