//! Arguments of the `staff` commands.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::{Json, PictureFormat, Yes};

/// Subcommands of `staff`.
#[derive(Debug, Subcommand)]
pub(crate) enum Staff {
    /// Enroll one person: create a login for them at Kisi and store it here
    #[command(after_help = "Example:\n  vestibule staff add ada@example.com --badge 0012345678")]
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
        #[command(flatten)]
        json: Json,
    },
    /// Enroll everyone in a CSV list. Running it again does only what is missing
    #[command(
        after_help = "Example:\n  vestibule staff import staff.csv --check\n  vestibule staff import staff.csv --pin"
    )]
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
        #[arg(long, value_name = "ENCODING", ignore_case = true, conflicts_with = "from_kisi")]
        encoding: Option<ListEncoding>,
        /// Show what would happen, and make nothing
        #[arg(long, conflicts_with = "from_kisi")]
        check: bool,
        #[command(flatten)]
        yes: Yes,
        /// Issue a PIN to everyone who is new, and print it once
        #[arg(long)]
        pin: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Issue a new PIN and print it once; the old one stops working
    #[command(after_help = "Example:\n  vestibule staff pin ada@example.com")]
    Pin {
        /// E-mail address
        email: String,
        #[command(flatten)]
        yes: Yes,
        #[command(flatten)]
        json: Json,
    },
    /// Give a person another badge, or take one away
    #[command(
        after_help = "Example:\n  vestibule staff badge ada@example.com --capture\n  vestibule staff badge ada@example.com 0012345678 --remove"
    )]
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
        #[arg(long)]
        remove: bool,
        /// With --remove: take all badges of the person away
        #[arg(long, requires = "remove", conflicts_with_all = ["number", "capture"])]
        all: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Give a person a printable badge: a QR code for an optical reader
    #[command(after_help = "Example:\n  vestibule staff qr ada@example.com --out ada.svg")]
    Qr {
        /// E-mail address
        email: String,
        /// New .svg or .png file, never overwritten; - writes to standard output
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Image format, if the file name does not end in .svg or .png
        #[arg(long, value_enum)]
        format: Option<PictureFormat>,
        #[command(flatten)]
        json: Json,
    },
    /// Replace a person's login at Kisi. A person with a PIN gets a new PIN
    #[command(after_help = "Example:\n  vestibule staff renew ada@example.com")]
    Renew {
        /// E-mail address
        email: String,
        #[command(flatten)]
        yes: Yes,
        #[command(flatten)]
        json: Json,
    },
    /// Remove a person from this kiosk and delete their login at Kisi
    #[command(after_help = "Example:\n  vestibule staff remove ada@example.com")]
    Remove {
        /// E-mail address
        email: String,
        #[command(flatten)]
        yes: Yes,
        #[command(flatten)]
        json: Json,
    },
    /// After a theft, from any machine: delete the logins in an earlier output of `staff list --json`
    #[command(after_help = "Example:\n  vestibule staff revoke logins.jsonl")]
    Revoke {
        /// File with one JSON object per person; - reads standard input
        #[arg(value_name = "FILE.jsonl")]
        file: PathBuf,
        #[command(flatten)]
        yes: Yes,
        #[command(flatten)]
        json: Json,
    },
    /// Block someone from signing in at this kiosk until resumed. Their Kisi account and phone keep working
    #[command(after_help = "Example:\n  vestibule staff suspend ada@example.com")]
    Suspend {
        /// E-mail address
        email: String,
        #[command(flatten)]
        json: Json,
    },
    /// Let a suspended person sign in again
    #[command(after_help = "Example:\n  vestibule staff resume ada@example.com")]
    Resume {
        /// E-mail address
        email: String,
        #[command(flatten)]
        json: Json,
    },
    /// Of a fleet: set the sites where a person signs in, in place of earlier ones
    #[command(after_help = "Example:\n  vestibule staff sites ada@example.com --site HQ --site Plant")]
    Sites {
        /// E-mail address
        email: String,
        /// Name of a site; repeat it for several
        #[arg(long, required_unless_present = "everywhere", conflicts_with = "everywhere")]
        site: Vec<String>,
        /// At all sites, also those that are added later
        #[arg(long)]
        everywhere: bool,
        #[command(flatten)]
        json: Json,
    },
    /// List everyone who is enrolled
    #[command(after_help = "Example:\n  vestibule staff list --json > logins.jsonl")]
    List {
        #[command(flatten)]
        json: Json,
    },
}

/// Encodings of `staff import`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListEncoding {
    /// UTF-8, or UTF-16 with a byte order mark (the default)
    #[value(name = "utf-8", alias = "utf8", alias = "utf-16", alias = "utf16")]
    Utf8,
    /// "CSV (comma delimited)" of Excel for Windows
    #[value(name = "windows-1252", alias = "cp1252", alias = "latin1", alias = "iso-8859-1", alias = "ansi")]
    Windows1252,
    /// "Comma Separated Values" of Excel for Mac
    #[value(name = "macroman", alias = "mac-roman", alias = "macintosh", alias = "mac")]
    MacRoman,
}
