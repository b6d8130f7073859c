//! The command line, as clap reads it and `--help` explains it.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand, ValueEnum};

/// Opens doors with Kisi, in each person's own name.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(super) struct Arguments {
    /// The configuration [default: /etc/vestibule/kiosk.toml, then the user's configuration folder, then ./kiosk.toml]
    #[arg(long, global = true, env = "VESTIBULE_CONFIG", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The folder of the directory and the device key [default: the user's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Without a command: run the kiosk
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
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
    /// Who may sign in here. Making a login takes the admin key from a credential or `VESTIBULE_ADMIN_KEY`, or asks for it
    #[command(subcommand)]
    Staff(Staff),
    /// What was tried here and what came of it
    #[command(subcommand)]
    Audit(Audit),
    /// A first installation, step by step: configuration, key, technician PIN, staff, a look at everything
    Setup {
        /// Only make the data folder and what is in it
        #[arg(long, hide = true)]
        make_directory: bool,
    },
    /// What the technician needs at the screen
    #[command(subcommand)]
    Technician(Technician),
    /// The manual, a page for each command
    #[command(hide = true)]
    Man {
        /// The folder that is to hold them
        folder: PathBuf,
    },
    /// What a shell completes
    #[command(hide = true)]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Check everything: keys, odds of guessing, logins, what is still to be done at Kisi
    Doctor {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Replace device key and data key: by a systemd credential if there is a new one, else by a new file. Stop the kiosk first
    Rekey {
        /// Say whether the device key is the new credential, which has to get the name of the first. For `vestibule-admin`
        #[arg(long, hide = true)]
        is_named_next: bool,
    },
    /// Write the directory, encrypted, so that only the holder of an age identity can read it
    Backup {
        /// An age recipient: age1...
        #[arg(long, value_name = "RECIPIENT")]
        to: String,
        /// Is not overwritten; - writes to the output
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Make a directory of a backup, in a data folder that has none
    Restore {
        /// What `backup` wrote; - reads the input
        file: PathBuf,
        /// The file of the age identity
        #[arg(long, value_name = "FILE")]
        identity: PathBuf,
        /// Skip the confirmation
        #[arg(long)]
        yes: bool,
    },
}

/// The technician's screen.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum Technician {
    /// Issue the technician's PIN and print it once; the old one is gone. At the kiosk, hold the clock for three seconds
    Pin {
        /// Skip the confirmation
        #[arg(long)]
        yes: bool,
        /// Keep the PIN that there is, and issue one only if there is none
        #[arg(long, conflicts_with = "yes")]
        keep: bool,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
}

/// The audit log.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Look at every record; names the first that is not as it was written
    Verify {
        /// A head from the journal, NUMBER:HASH, or a file of such lines
        #[arg(long = "head", value_name = "HEAD|FILE")]
        heads: Vec<String>,
        /// The file with the key that `take-key` gave away
        #[arg(long, value_name = "FILE")]
        first_key: Option<PathBuf>,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Write the whole log to the output
    Export {
        /// How
        #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
        format: ExportFormat,
    },
    /// Count unlocks
    Report {
        /// For each of these
        #[arg(long, value_enum)]
        by: ReportBy,
        /// First day to include (YYYY-MM-DD, local time) [default: the beginning]
        #[arg(long, value_name = "DATE")]
        from: Option<jiff::civil::Date>,
        /// The last day [default: today]
        #[arg(long, value_name = "DATE")]
        until: Option<jiff::civil::Date>,
        /// A JSON object for each line
        #[arg(long)]
        json: bool,
    },
    /// Print the key that signed the first record, then forget it here: whoever controls this kiosk later cannot re-sign its past
    TakeKey,
}

/// How to export.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ExportFormat {
    /// For spreadsheets
    Csv,
    /// For programs
    Jsonl,
}

/// How a badge to print is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PictureFormat {
    /// Scales to any size
    Svg,
    /// Pixels
    Png,
}

/// What to count by.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ReportBy {
    /// Each person
    Person,
    /// Each door
    Door,
}

#[derive(Debug, Subcommand)]
pub(super) enum Staff {
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
    /// Enrol everybody of a list: email,name,badge. Run again, it does only what is missing
    Import {
        /// Starts with the header line email,name,badge; - reads the input
        #[arg(value_name = "FILE.csv", required_unless_present = "from_kisi", conflicts_with = "from_kisi")]
        file: Option<PathBuf>,
        /// Propose everybody whom Kisi knows, with their cards, and enrol them once that is confirmed
        #[arg(long)]
        from_kisi: bool,
        /// Only people with access to this place, by Kisi's id
        #[arg(long, value_name = "ID", requires = "from_kisi", conflicts_with = "file")]
        place: Option<u64>,
        /// Skip the confirmation
        #[arg(long, requires = "from_kisi", conflicts_with = "file")]
        yes: bool,
        /// Issue a PIN to everybody who is new, and print it once
        #[arg(long)]
        pin: bool,
        /// A JSON object for each row
        #[arg(long)]
        json: bool,
    },
    /// Issue a new PIN and print it once; the old one is gone
    Pin {
        /// E-mail address
        email: String,
        /// Skip the confirmation
        #[arg(long)]
        yes: bool,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Give somebody one more badge, or take one away
    Badge {
        /// E-mail address
        email: String,
        /// The number that the reader types
        #[arg(required_unless_present_any = ["capture", "all"], conflicts_with = "capture")]
        number: Option<String>,
        /// Present the badge to the reader now
        #[arg(long)]
        capture: bool,
        /// Take the badge away instead
        #[arg(long, conflicts_with = "json")]
        remove: bool,
        /// With --remove: take all their badges away
        #[arg(long, requires = "remove", conflicts_with_all = ["number", "capture"])]
        all: bool,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Make a badge to print, which an optical reader types
    Qr {
        /// E-mail address
        email: String,
        /// .svg or .png; is not overwritten; - writes to the output
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// The kind of picture, where the file's name does not say it
        #[arg(long, value_enum)]
        format: Option<PictureFormat>,
    },
    /// Make a new login in place of the old one. Somebody with a PIN gets a new PIN
    Renew {
        /// E-mail address
        email: String,
        /// Skip the confirmation
        #[arg(long)]
        yes: bool,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Forget somebody here, and delete their login at Kisi
    Remove {
        /// E-mail address
        email: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// After a theft, on any machine: delete the logins of a list that `staff list --json` wrote before
    Revoke {
        /// A JSON object for each person; - reads the input
        #[arg(value_name = "FILE.jsonl")]
        file: PathBuf,
    },
    /// Block someone from signing in at this kiosk until resumed. Their Kisi account and phone keep working
    Suspend {
        /// E-mail address
        email: String,
    },
    /// Let somebody sign in again
    Resume {
        /// E-mail address
        email: String,
    },
    /// Everybody who is enrolled
    List {
        /// A JSON object for each person
        #[arg(long)]
        json: bool,
    },
}
