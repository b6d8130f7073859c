//! Subcommands of `fleet`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use vestibule::{door::DoorId, fleet::Setting};

use super::{Backup, Json, Yes};

/// Which database.
#[derive(Debug, Clone, Args)]
pub(crate) struct Database {
    /// Address of the fleet's database, with your role and without a password: `postgres://alice@db.example/vestibule`
    #[arg(long = "fleet", env = "VESTIBULE_FLEET", hide_env_values = true, value_name = "URL")]
    pub(crate) url: String,
    /// Certificates to trust instead of the operating system's
    #[arg(long, env = "VESTIBULE_FLEET_CA", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

/// The fleet whose people a command is about.
#[derive(Debug, Args)]
pub(crate) struct People {
    /// The fleet in this database, instead of this kiosk alone
    #[arg(long = "fleet", env = "VESTIBULE_FLEET", hide_env_values = true, value_name = "URL", global = true)]
    url: Option<String>,
    /// Certificates to trust instead of the operating system's
    #[arg(long, env = "VESTIBULE_FLEET_CA", value_name = "FILE", global = true)]
    ca: Option<PathBuf>,
}

impl From<People> for Option<Database> {
    fn from(People { url, ca }: People) -> Self {
        url.map(|url| Database { url, ca })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Fleet {
    /// Make a fleet in an empty database, and its data key on this machine. You become its first admin
    #[command(after_help = "Example:\n  vestibule fleet init --fleet postgres://alice@db.example/vestibule")]
    Init {
        #[command(flatten)]
        database: Database,
        #[command(flatten)]
        json: Json,
    },
    /// On a kiosk that has people, while its program is stopped: begin a fleet with them, in place of `fleet init`. PINs, badges
    /// and logins stay as they are
    ///
    /// Run it as the kiosk's account with the kiosk's data folder. You become the first admin: the folder of --admin-data gets
    /// the key of an admin, which belongs on an admin's machine. After an interruption run it again with the same arguments:
    /// until it has succeeded, people are changed at this kiosk only.
    #[command(
        after_help = "Example:\n  vestibule fleet adopt --fleet postgres://alice@db.example/vestibule --name Lobby --site HQ --zone Europe/Berlin --admin-data admin"
    )]
    Adopt {
        #[command(flatten)]
        database: Database,
        /// Name of this kiosk
        #[arg(long)]
        name: String,
        /// Its site
        #[arg(long)]
        site: String,
        /// The site's time zone, at whose midnight the day of a limit begins
        #[arg(long)]
        zone: String,
        /// Address at which this kiosk reaches the database, if it differs from --fleet without the role
        #[arg(long, value_name = "URL")]
        kiosk_url: Option<String>,
        /// Data folder for the admin's key; without it, that of the account. It must not be the kiosk's
        #[arg(long, value_name = "FOLDER")]
        admin_data: Option<PathBuf>,
        #[command(flatten)]
        yes: Yes,
        #[command(flatten)]
        json: Json,
    },
    /// Bring the database to the version of this program
    #[command(after_help = "Example:\n  vestibule fleet upgrade --fleet postgres://alice@db.example/vestibule")]
    Upgrade {
        #[command(flatten)]
        database: Database,
        #[command(flatten)]
        json: Json,
    },
    /// List the sites, or add one
    #[command(after_help = "Example:\n  vestibule fleet sites --add HQ --zone Europe/Berlin")]
    Sites {
        #[command(flatten)]
        database: Database,
        /// Name of a new site
        #[arg(long, value_name = "NAME", requires = "zone")]
        add: Option<String>,
        /// Its time zone, at whose midnight the day of a limit begins
        #[arg(long, value_name = "ZONE", requires = "add")]
        zone: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Let kiosks ask to join for some minutes
    #[command(after_help = "Example:\n  vestibule fleet open --minutes 15")]
    Open {
        #[command(flatten)]
        database: Database,
        /// How many minutes joining stays open
        #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(i32).range(1..=60))]
        minutes: i32,
        #[command(flatten)]
        json: Json,
    },
    /// On a kiosk: ask to join, show a code, and wait until an admin admits the kiosk with it
    #[command(after_help = "Example:\n  vestibule fleet join postgres://db.example/vestibule")]
    Join {
        /// Address of the fleet's database
        url: String,
        /// Certificates to trust instead of the operating system's
        #[arg(long, env = "VESTIBULE_FLEET_CA", value_name = "FILE")]
        ca: Option<PathBuf>,
        /// Minutes after which the command stops waiting
        #[arg(long, default_value_t = 15, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(1..=60))]
        wait: u64,
        /// Ask with a new key, as after the kiosk was expelled, or to join another fleet
        #[arg(long)]
        anew: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Admit the kiosk that shows this code
    #[command(after_help = "Example:\n  vestibule fleet admit 7F3K-92QD-XM4T --name Lobby --site HQ")]
    Admit {
        /// The code on the kiosk's screen
        code: String,
        #[command(flatten)]
        database: Database,
        /// Name of the kiosk
        #[arg(long)]
        name: String,
        /// Its site
        #[arg(long)]
        site: String,
        #[command(flatten)]
        json: Json,
    },
    /// List the kiosks: where they are, and when they were last heard of
    #[command(after_help = "Example:\n  vestibule fleet list")]
    List {
        #[command(flatten)]
        database: Database,
        #[command(flatten)]
        json: Json,
    },
    /// Show the settings and the size of the fleet
    #[command(after_help = "Example:\n  vestibule fleet status")]
    Status {
        #[command(flatten)]
        database: Database,
        #[command(flatten)]
        json: Json,
    },
    /// Change settings of the fleet, and show those that hold. Kiosks learn of a change within a minute
    #[command(after_help = "Example:\n  vestibule fleet set --per-hour 10 --per-day 40 --door 123=4")]
    Set {
        #[command(flatten)]
        database: Database,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        json: Json,
    },
    /// Write this admin's key, encrypted. Without an admin's key a dump of the database is worthless
    ///
    /// `age --decrypt` gives `fleet.key` back, which belongs into the data folder of an admin's machine.
    #[command(after_help = "Example:\n  vestibule fleet backup --to age1... --out fleet.key.age")]
    Backup(Backup),
    /// After the database was restored from a backup: take away again what was taken away since, then make kiosks trust it
    ///
    /// What this machine did since the backup is read from its audit log: kiosks that were expelled are expelled again, and people
    /// who were suspended or removed, or lost a PIN, a badge or a login, are suspended. The rest is listed. Kiosks that had
    /// sent newer records than the database has let nobody in until then.
    #[command(after_help = "Example:\n  vestibule fleet restored --backup-of 2026-11-27T03:00:00+01:00 --reapply")]
    Restored {
        #[command(flatten)]
        database: Database,
        /// When the backup was made, as 2026-11-27T03:00:00Z or with another offset. Earlier is safer than later
        #[arg(long, value_name = "TIME")]
        backup_of: jiff::Timestamp,
        /// Only take away again what this machine took away: for each admin but the last one
        #[arg(long)]
        reapply: bool,
        #[command(flatten)]
        yes: Yes,
        #[command(flatten)]
        json: Json,
    },
    /// Cut off a kiosk, as after a theft, then renew the logins that it may hold
    ///
    /// Nothing from the kiosk is accepted as soon as it is cut off. With Kisi's admin key the logins of the people who signed in
    /// there are renewed: people with a PIN get a new PIN, which is printed once. Run it again if somebody is left: it renews
    /// only those whose login is still the same. Do so before another kiosk gets the name.
    #[command(after_help = "Example:\n  vestibule fleet expel Lobby")]
    Expel {
        /// Name of the kiosk
        name: String,
        #[command(flatten)]
        database: Database,
        /// Renew no logins, only list the people
        #[arg(long)]
        no_renew: bool,
        #[command(flatten)]
        yes: Yes,
        #[command(flatten)]
        json: Json,
    },
}

/// Settings to change.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// Unlocks of a person per hour; 0 for no limit
    #[arg(long, value_name = "N")]
    per_hour: Option<u32>,
    /// Unlocks of a person per day; 0 for no limit
    #[arg(long, value_name = "N")]
    per_day: Option<u32>,
    /// Days for which people sign in while the database is away, 0 to 90
    #[arg(long, value_name = "DAYS")]
    offline_days: Option<u32>,
    /// Days for which records are kept, 1 to 3650
    #[arg(long, value_name = "DAYS")]
    keep_days: Option<u32>,
    /// Unlocks of a person per day at the door with this Kisi id; 0 removes the limit. Repeat it for several doors
    #[arg(long, value_name = "ID=N", value_parser = door_limit)]
    door: Vec<Setting>,
}

impl Settings {
    /// The changes that were asked for.
    pub(crate) fn changes(&self) -> Vec<Setting> {
        let given = [
            self.per_hour.map(Setting::PerHour),
            self.per_day.map(Setting::PerDay),
            self.offline_days.map(Setting::OfflineDays),
            self.keep_days.map(Setting::KeepDays),
        ];
        given.into_iter().flatten().chain(self.door.iter().copied()).collect()
    }
}

/// The limit of a door.
fn door_limit(text: &str) -> Result<Setting, String> {
    let parsed = text.split_once('=').and_then(|(door, limit)| Some((door.parse().ok()?, limit.parse().ok()?)));
    let (door, per_day) = parsed.ok_or("write it as ID=N, as in 123=4")?;
    Ok(Setting::Door { door: DoorId::new(door), per_day })
}
