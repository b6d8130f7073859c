//! Command-line arguments, parsed by clap, with their `--help` texts.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand, ValueEnum};

/// Touchscreen kiosk that opens doors through Kisi, in each person's own name.
#[derive(Debug, Parser)]
#[command(version, about)]
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
    Demo {
        /// Run in a window instead of full screen
        #[arg(long)]
        windowed: bool,
    },
    /// Run only the simulated Kisi and print its admin key
    Simulate {
        /// Loopback address and port to listen on
        #[arg(long, default_value = "127.0.0.1:9080", value_name = "ADDR")]
        listen: SocketAddr,
        /// Scene file with places, doors, people, rights and faults; without it, the sample scene
        #[arg(long, value_name = "FILE.toml")]
        scene: Option<PathBuf>,
    },
    /// Manage who may sign in here. The Kisi admin key comes from a credential or `VESTIBULE_ADMIN_KEY`, or is asked for
    #[command(subcommand)]
    Staff(Staff),
    /// Verify, export and evaluate the audit log
    #[command(subcommand)]
    Audit(Audit),
    /// Set up a new kiosk step by step: configuration, device key, technician PIN, staff, final check
    Setup {
        /// Only create the data folder and its contents
        #[arg(long, hide = true)]
        make_directory: bool,
    },
    /// List badge readers, see what they send, and pair OSDP readers
    #[command(subcommand)]
    Reader(Reader),
    /// Manage access to the technician's screen
    #[command(subcommand)]
    Technician(Technician),
    /// Write the manual pages, one per command
    #[command(hide = true)]
    Man {
        /// Existing folder to write to
        folder: PathBuf,
    },
    /// Print shell completions
    #[command(hide = true)]
    Completions {
        /// Shell to print the completions for
        shell: clap_complete::Shell,
    },
    /// Check everything: keys, PIN strength, audit log, disk, network, clock, logins, doors and pending deletions at Kisi
    Doctor {
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Replace the device key (by the new systemd credential, or by a new key file) and the data key. Stop the kiosk first
    Rekey {
        /// Exit with 0 if the device key is the new credential, which still has to be renamed. For `vestibule-admin`
        #[arg(long, hide = true)]
        is_named_next: bool,
    },
    /// Write an encrypted backup of the directory, readable only with the matching age identity
    Backup {
        /// age recipient: age1...
        #[arg(long, value_name = "RECIPIENT")]
        to: String,
        /// New file to write, never overwritten; - writes to standard output
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Restore a backup into a data folder that has no directory
    Restore {
        /// File written by `backup`; - reads standard input
        file: PathBuf,
        /// File with the age identity
        #[arg(long, value_name = "FILE")]
        identity: PathBuf,
        /// Skip the confirmation
        #[arg(long)]
        yes: bool,
    },
}

/// Subcommands of `technician`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum Technician {
    /// Issue a technician PIN and print it once; the old one stops working. To use it, hold the kiosk's clock for 3 s
    Pin {
        /// Skip the confirmation
        #[arg(long)]
        yes: bool,
        /// Keep an existing PIN; issue one only if there is none
        #[arg(long, conflicts_with = "yes")]
        keep: bool,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Subcommands of `audit`.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Verify every record and report the first one that was changed
    Verify {
        /// Audit head from the journal (NUMBER:HASH), or a file with lines that contain heads
        #[arg(long = "head", value_name = "HEAD|FILE")]
        heads: Vec<String>,
        /// File with the key printed by `take-key`
        #[arg(long, value_name = "FILE")]
        first_key: Option<PathBuf>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Write the whole log to standard output
    Export {
        /// Output format
        #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
        format: ExportFormat,
    },
    /// Count unlocks per person or per door
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
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Print the key that signed the first record and delete it here, so that nobody can re-sign old records on this kiosk
    TakeKey,
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
pub(super) enum Staff {
    /// Enroll one person: create a login for them at Kisi and store it here
    Add {
        /// E-mail address at Kisi
        email: String,
        /// Name at this kiosk; without it, the name at Kisi
        #[arg(long, default_value = "")]
        name: String,
        /// Badge number as the reader types it
        #[arg(long, value_name = "N")]
        badge: Option<String>,
        /// Issue a PIN and print it once
        #[arg(long)]
        pin: bool,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Enroll everyone in a CSV list. Running it again does only what is missing
    Import {
        /// List with a header line such as email,name,badge; - reads standard input. Comma, semicolon and tab, UTF-8 and
        /// UTF-16 are recognized, and columns are found by their headers in any order
        #[arg(value_name = "FILE.csv", required_unless_present = "from_kisi", conflicts_with = "from_kisi")]
        file: Option<PathBuf>,
        /// List everyone at Kisi with their cards, and enroll them after confirmation
        #[arg(long)]
        from_kisi: bool,
        /// Only people with access to the place with this Kisi id
        #[arg(long, value_name = "ID", requires = "from_kisi", conflicts_with = "file")]
        place: Option<u64>,
        /// Encoding of a list that an older spreadsheet saved
        #[arg(long, value_name = "ENCODING", conflicts_with = "from_kisi")]
        encoding: Option<ListEncoding>,
        /// Show what would happen, and make nothing
        #[arg(long, conflicts_with = "from_kisi")]
        check: bool,
        /// Skip the confirmation
        #[arg(long)]
        yes: bool,
        /// Issue a PIN to everyone who is new, and print it once
        #[arg(long)]
        pin: bool,
        /// Print one JSON object per row
        #[arg(long)]
        json: bool,
    },
    /// Issue a new PIN and print it once; the old one stops working
    Pin {
        /// E-mail address
        email: String,
        /// Skip the confirmation
        #[arg(long)]
        yes: bool,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Give a person another badge, or take one away
    Badge {
        /// E-mail address
        email: String,
        /// Badge number as the reader types it
        #[arg(required_unless_present_any = ["capture", "all"], conflicts_with = "capture")]
        number: Option<String>,
        /// Read the number from the badge reader: present the badge now
        #[arg(long)]
        capture: bool,
        /// Take the badge away instead of giving it
        #[arg(long, conflicts_with = "json")]
        remove: bool,
        /// With --remove: take all badges of the person away
        #[arg(long, requires = "remove", conflicts_with_all = ["number", "capture"])]
        all: bool,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Give a person a printable badge: a QR code for an optical reader
    Qr {
        /// E-mail address
        email: String,
        /// New .svg or .png file, never overwritten; - writes to standard output
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Image format, if the file name does not end in .svg or .png
        #[arg(long, value_enum)]
        format: Option<PictureFormat>,
    },
    /// Replace a person's login at Kisi. A person with a PIN gets a new PIN
    Renew {
        /// E-mail address
        email: String,
        /// Skip the confirmation
        #[arg(long)]
        yes: bool,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Remove a person from this kiosk and delete their login at Kisi
    Remove {
        /// E-mail address
        email: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// After a theft, from any machine: delete the logins in an earlier output of `staff list --json`
    Revoke {
        /// File with one JSON object per person; - reads standard input
        #[arg(value_name = "FILE.jsonl")]
        file: PathBuf,
    },
    /// Block someone from signing in at this kiosk until resumed. Their Kisi account and phone keep working
    Suspend {
        /// E-mail address
        email: String,
    },
    /// Let a suspended person sign in again
    Resume {
        /// E-mail address
        email: String,
    },
    /// List everyone who is enrolled
    List {
        /// Print one JSON object per person
        #[arg(long)]
        json: bool,
    },
}

/// Encodings of `staff import`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ListEncoding {
    /// UTF-8, or UTF-16 with a byte order mark (the default)
    #[value(name = "utf-8")]
    Utf8,
    /// "CSV (comma delimited)" of Excel for Windows
    #[value(name = "windows-1252")]
    Windows1252,
    /// "Comma Separated Values" of Excel for Mac
    #[value(name = "macroman")]
    MacRoman,
}

#[derive(Debug, Subcommand)]
pub(super) enum Reader {
    /// List what is attached that could be a badge reader
    List {
        /// Wait for a card, and show what its reader sends and which badge number that is. Keyboards type nothing else
        /// meanwhile. Stop the kiosk first
        #[arg(long)]
        capture: bool,
        /// With --capture: give up after this many seconds
        #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
        seconds: u64,
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Give an OSDP reader in install mode a new key for its secure channel. Stop the kiosk first
    Pair {
        /// Address of the reader, as in [[reader]]
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=126))]
        address: u8,
    },
}
