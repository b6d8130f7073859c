//! The `fleet` commands on an admin's machine. `fleet/join.rs` is the kiosk's side.

mod adopt;
mod expel;
mod join;
mod people;
mod restored;
mod settings;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::json;
use vestibule::{
    backup_encryption::{self, Recipient},
    enrol::{self, MakeFleetError, make_fleet},
    fleet::{self, Account, Address, Code, Connection, Error, VERSION},
    private_files,
    secret::Secret,
    store::{
        audit::{self, Action, Record},
        directory::{self, Cost},
    },
    wiring,
};
use zeroize::Zeroizing;

pub(crate) use self::{adopt::Adopt, expel::Renewals, join::Join, people::FleetSite, restored::Restoring};
use super::{
    Output, Site,
    ask::fleet_password,
    backup::BackupError,
    failure::{CommandError, Failure},
    files, io,
    report::{check_outputs, count, tell},
    runtime::Runtime,
};
use crate::arguments::FleetDatabase as Database;

/// File in the data folder with this admin's age identity, to which the fleet's data keys are wrapped.
const KEY_FILE: &str = "fleet.key";

/// Why a command about a fleet fails.
#[derive(Debug, thiserror::Error)]
enum FleetError {
    #[error(transparent)]
    Database(Error),
    #[error("`{0}` is no code: it has 12 letters and digits, such as 7F3K-92QD-XM4T")]
    Code(String),
    #[error(
        "no kiosk with the code {code} asks to join: {others}. Compare the code with the kiosk's screen. If it is the same, \
         somebody between the kiosk and this machine changes what the kiosk sends"
    )]
    NobodyWaits { code: Code, others: String },
    #[error("the file `{}` does not open this fleet's data key: use the machine and the account of an admin", .0.display())]
    Key(PathBuf),
    #[error("the age identity cannot be used")]
    Identity(#[source] backup_encryption::Error),
    #[error(
        "your role at the database is not known: write it in front of the host, as in postgres://alice@db.example/vestibule"
    )]
    NoRole,
    #[error("joining is closed: run `vestibule fleet open` on an admin's machine, then this command again")]
    Closed,
    #[error(
        "nobody admitted this kiosk. Run this command again to go on waiting with the same code, or with --anew if the kiosk was expelled"
    )]
    NotAdmitted,
    #[error(
        "this kiosk has {0} people of its own, who would not be in the fleet: begin the fleet with them by `vestibule fleet adopt`, remove them, or join with an empty data folder"
    )]
    HasPeople(usize),
    #[error(
        "the data folder `{}` is a kiosk's own: name another one with --data for the people of a fleet", .0.display()
    )]
    NotForAdmins(PathBuf),
    #[error("this kiosk is in a fleet, whose people are changed on an admin's machine: use --fleet there")]
    InFleet,
    #[error("the kiosk's data folder must not hold the admin's key: name another folder with --admin-data")]
    NoAdminFolder,
    #[error("logins that earlier commands left at Kisi were not deleted, and nothing was adopted")]
    LeftAtKisi(#[source] enrol::Error),
    #[error("this machine's audit log failed verification, so it does not say what was taken away")]
    Log(#[source] audit::Finding),
    #[error("the data folder `{}` is an admin's: a kiosk joins with one of its own, named by --data", .0.display())]
    NotForKiosks(PathBuf),
    #[error("only the people of a fleet have sites: name its database with --fleet")]
    NoFleet,
    #[error("this kiosk asked to join another fleet before: --anew makes it forget that fleet and ask this one")]
    OtherFleet,
}

impl CommandError for FleetError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Database(Error::Address { .. })
            | Self::Code(_)
            | Self::NoRole
            | Self::NoAdminFolder
            | Self::NoFleet => 2,
            Self::Database(_)
            | Self::NobodyWaits { .. }
            | Self::Key(_)
            | Self::Identity(_)
            | Self::Closed
            | Self::NotAdmitted
            | Self::HasPeople(_)
            | Self::NotForAdmins(_)
            | Self::InFleet
            | Self::Log(_)
            | Self::NotForKiosks(_)
            | Self::LeftAtKisi(_)
            | Self::OtherFleet => 1,
        }
    }
}

impl From<MakeFleetError> for FleetError {
    fn from(error: MakeFleetError) -> Self {
        match error {
            MakeFleetError::Database(error) => Self::Database(error),
            MakeFleetError::Wrap(error) => Self::Identity(error),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        FleetError::Database(error).into()
    }
}

/// A connection, and the runtime that it lives in.
pub(super) struct Admin {
    runtime: Runtime,
    pub(super) connection: Connection,
}

impl Admin {
    pub(super) fn open(database: &Database) -> Result<Self, Failure> {
        let (address, account) = account(database)?;
        let runtime = Runtime::new()?;
        let connection = runtime.wait(Connection::open(&address, database.ca.as_deref(), &account))??;
        Ok(Self { runtime, connection })
    }

    pub(super) fn run<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
        self.runtime.wait(work)?.map_err(Failure::from)
    }
}

/// Where and as whom an admin connects.
fn account(database: &Database) -> Result<(Address, Account), Failure> {
    let address: Address = database.url.parse()?;
    let role = address.role().map(str::to_owned).or_else(|| env::var("USER").ok()).ok_or(FleetError::NoRole)?;
    let password = if address.is_local() { None } else { Some(fleet_password(&role)?) };
    Ok((address, Account { role, password }))
}

impl Site {
    pub(crate) fn fleet_init(&self, database: &Database, output: Output) -> Result<(), Failure> {
        let mut admin = Admin::open(database)?;
        if self.is_kiosk()? {
            return Err(FleetError::NotForAdmins(self.folder()).into());
        }
        let is_new = !self.folder().join(KEY_FILE).exists();
        let recipient = self.own_recipient()?;
        tell("measuring how long a PIN's hash takes here ...");
        let cost = wiring::measured_cost();
        let made = admin.runtime.wait(make_fleet(&mut admin.connection, &recipient, cost))?;
        if made.is_err() && is_new {
            // It opens nothing.
            let _ = fs::remove_file(self.folder().join(KEY_FILE));
        }
        made.map_err(FleetError::from)?;
        let file = self.folder().join(KEY_FILE);
        output.result(
            &json!({"result": "fleet made", "version": VERSION, "key": file}),
            &format!(
                "the fleet is made. `{}` opens its data key: keep a copy in a safe place. Next: `vestibule fleet sites --add`",
                file.display()
            ),
        )
    }

    pub(crate) fn fleet_upgrade(database: &Database, output: Output) -> Result<(), Failure> {
        let mut admin = Admin::open(database)?;
        let had = admin.runtime.wait(fleet::upgrade(&mut admin.connection))??;
        let text = if had == VERSION {
            format!("the database has version {VERSION} already")
        } else {
            format!("the database had version {had} and has {VERSION} now")
        };
        output.result(&json!({"had": had, "version": VERSION}), &text)
    }

    pub(crate) fn fleet_sites(
        database: &Database,
        new: Option<(String, String)>,
        output: Output,
    ) -> Result<(), Failure> {
        let admin = Admin::open(database)?;
        if let Some((name, zone)) = new {
            admin.run(admin.connection.add_site(&name, &zone))?;
            return output.result(&json!({"added": name, "zone": zone}), &format!("{name} added, {zone}"));
        }
        for fleet::Site { name, zone, kiosks } in admin.run(admin.connection.sites())? {
            let line = json!({"site": name, "zone": zone, "kiosks": kiosks});
            let kiosks = count(usize::try_from(kiosks).unwrap_or_default(), "kiosk", "kiosks");
            output.result(&line, &format!("{name}, {zone}, {kiosks}"))?;
        }
        Ok(())
    }

    pub(crate) fn fleet_open(database: &Database, minutes: i32, output: Output) -> Result<(), Failure> {
        let admin = Admin::open(database)?;
        admin.run(admin.connection.open_joining(minutes))?;
        let text = format!("kiosks may ask to join for {minutes} min: run `vestibule fleet join` on each of them");
        output.result(&json!({"result": "open", "minutes": minutes}), &text)
    }

    pub(crate) fn fleet_admit(
        &self,
        database: &Database,
        code: &str,
        (name, site): (&str, &str),
        output: Output,
    ) -> Result<(), Failure> {
        let code: Code = code.parse().map_err(|()| FleetError::Code(code.to_owned()))?;
        let admin = Admin::open(database)?;
        let waiting = admin.run(admin.connection.waiting())?;
        let Some(kiosk) = waiting.iter().find(|kiosk| kiosk.code() == code) else {
            let others: Vec<String> = waiting.iter().map(|kiosk| kiosk.code().to_string()).collect();
            let others =
                if others.is_empty() { "nobody does".to_owned() } else { format!("only {}", others.join(", ")) };
            return Err(FleetError::NobodyWaits { code, others }.into());
        };
        let keys = admin.run(admin.connection.own_keys())?;
        let Some((generation, key)) = self.open_keys(&keys)?.pop() else {
            return Err(FleetError::Key(self.folder().join(KEY_FILE)).into());
        };
        let generation = i32::try_from(generation).map_err(|_| Error::Answer("a number out of range"))?;
        let recipient = Recipient::parse(&kiosk.recipient).map_err(FleetError::Identity)?;
        let wrapped = recipient.encrypt(&key).map_err(FleetError::Identity)?;
        let role = admin.run(admin.connection.admit(kiosk, name, site, (generation, &wrapped)))?;
        let line = json!({"admitted": name, "site": site, "role": role});
        output.result(&line, &format!("{name} at {site} is admitted, as {role}"))
    }

    pub(crate) fn fleet_list(database: &Database, output: Output) -> Result<(), Failure> {
        let admin = Admin::open(database)?;
        for kiosk in admin.run(admin.connection.kiosks())? {
            let line = json!({
                "kiosk": kiosk.name, "site": kiosk.site, "role": kiosk.role, "connected": kiosk.is_connected,
                "last_contact": kiosk.last_contact, "records": kiosk.records, "expelled": kiosk.expelled,
            });
            let state = match (kiosk.expelled, kiosk.is_connected, kiosk.last_contact) {
                (Some(at), _, _) => format!("expelled {at}"),
                (None, true, _) => "connected".to_owned(),
                (None, false, Some(at)) => format!("last heard of {at}"),
                (None, false, None) => "never heard of".to_owned(),
            };
            let records = count(usize::try_from(kiosk.records).unwrap_or_default(), "record", "records");
            output.result(&line, &format!("{}, {}: {state}, {records}", kiosk.name, kiosk.site))?;
        }
        Ok(())
    }

    /// Whether the data folder is a kiosk's: it has people of its own, or joined a fleet.
    fn is_kiosk(&self) -> Result<bool, Failure> {
        if directory::check_empty(&self.folder()).is_ok() {
            return Ok(false);
        }
        let directory = self.directory()?;
        Ok(directory.copies()?.len() != directory.list()?.len() || directory.fleet_secrets()?.is_some())
    }

    /// Records on this machine what it changed in the fleet, for `fleet restored`. `email`: whom it is about. Without the lock on logins:
    /// another command may take long.
    fn record_change(&self, (action, email): (Action, &str), about: &str) -> Result<(), Failure> {
        let mut log = wiring::writable_log(&self.directory()?)?;
        let _ = log.append(&Record::new(jiff::Timestamp::now(), action, about).by(None, email))?;
        Ok(())
    }

    /// Writes this admin's identity, encrypted.
    pub(crate) fn fleet_backup(&self, to: &str, out: &Path, output: Output) -> Result<(), Failure> {
        check_outputs(output, out)?;
        let recipient = Recipient::parse(to).map_err(BackupError)?;
        let file = self.folder().join(KEY_FILE);
        let identity = Zeroizing::new(fs::read(&file).map_err(io(format!("`{}` cannot be read", file.display())))?);
        let encrypted = recipient.encrypt(&identity).map_err(BackupError)?;
        files::write(out, &encrypted, "the backup")?;
        output.result(
            &json!({"result": "key backed up", "file": out, "recipient": recipient.to_string()}),
            &format!("{} is in {}, for {recipient}", file.display(), out.display()),
        )
    }

    /// The recipient of this admin's age identity. Makes an identity if the data folder has none.
    fn own_recipient(&self) -> Result<Recipient, Failure> {
        let file = self.folder().join(KEY_FILE);
        if file.exists() {
            let identity = Zeroizing::new(files::read(&file)?);
            let identity = std::str::from_utf8(&identity).map_err(|_| FleetError::Key(file.clone()))?;
            return Ok(backup_encryption::recipient_of(identity).map_err(FleetError::Identity)?);
        }
        let (identity, recipient) = backup_encryption::new_identity();
        write_identity(&file, &identity)?;
        Ok(recipient)
    }
}

/// The cost of a PIN's hash, as the database keeps it.
fn numbers(cost: Cost) -> [i32; 3] {
    [cost.memory_kib, cost.passes, cost.lanes].map(u32::cast_signed)
}

fn write_identity(file: &Path, identity: &Secret<String>) -> Result<(), Failure> {
    let folder = file.parent().unwrap_or(Path::new(""));
    private_files::make_folder(folder).map_err(io(format!("`{}` cannot be created", folder.display())))?;
    let line = Zeroizing::new(format!("{}\n", identity.expose()));
    files::write(file, line.as_bytes(), "the age identity")
}
