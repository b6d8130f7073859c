//! The people of a fleet, for the commands that change people: they use a directory whose people are kept at the database.

use std::{
    fs,
    sync::{Arc, OnceLock},
};

use serde_json::json;
use vestibule::{
    backup_encryption,
    enrol::FleetPeople,
    fleet::{Error, Membership, Settings},
    store::{
        audit::Action,
        directory::{Cost, Directory, FleetKeys},
    },
    wiring,
};
use zeroize::Zeroizing;

use super::{
    super::{Output, Site, credentials, failure::Failure},
    Database, FleetError, KEY_FILE, account,
};

/// Data keys with their generations.
pub(super) type OpenKeys = Vec<(i64, Zeroizing<Vec<u8>>)>;

/// The fleet that a command is about, if it is about one.
#[derive(Debug, Clone, Default)]
pub(crate) struct FleetSite {
    database: Option<Database>,
    /// Opened once: it may ask for a password.
    people: Arc<OnceLock<FleetPeople>>,
}

impl FleetSite {
    /// The fleet's database.
    pub(in crate::commands) fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    pub(crate) fn is_set(&self) -> bool {
        self.database.is_some()
    }
}

impl Site {
    /// The same data folder, for the people of a fleet.
    pub(crate) fn of_fleet(self, database: Option<Database>) -> Self {
        Self { people: FleetSite { database, people: Arc::default() }, ..self }
    }

    /// The directory of an admin's machine. It holds copies of whom a command is about.
    pub(in crate::commands) fn fleet_directory(&self) -> Result<Directory, Failure> {
        let people = self.fleet_people()?;
        // The cost is of no use: people's PINs are hashed at the fleet's.
        let mut directory = Directory::open(&self.folder(), credentials().as_deref(), || Cost::SHIPPED)?;
        if directory.copies()?.len() != directory.list()?.len() || directory.fleet_secrets()?.is_some() {
            return Err(FleetError::NotForAdmins(self.folder()).into());
        }
        // Those of an earlier command. Without the lock they may be those of a command that runs.
        if self.logins.get().is_some() {
            directory.forget_all_copies()?;
        }
        let keys = self.admin_keys(&people)?;
        directory.enter_fleet(keys, Some(Box::new(people)));
        Ok(directory)
    }

    /// Sets at which sites somebody signs in. None: at all of them.
    pub(crate) fn staff_sites(&self, email: &str, sites: Vec<String>, output: Output) -> Result<(), Failure> {
        if !self.people.is_set() {
            return Err(FleetError::NoFleet.into());
        }
        let (whom, at) = (email.to_owned(), sites.clone());
        self.fleet_people()?.ask(|list| async move { list.set_sites(&whom, &at).await })?;
        self.record_change((Action::Configuration, email), &format!("sites {}", sites.join(", ")))?;
        let text = if sites.is_empty() { "every site".to_owned() } else { sites.join(", ") };
        output.result(&json!({"email": email, "sites": sites}), &format!("{email} signs in at {text}"))
    }

    pub(in crate::commands) fn fleet_people(&self) -> Result<FleetPeople, Failure> {
        if let Some(people) = self.people.people.get() {
            return Ok(people.clone());
        }
        let database = self.people.database.as_ref().ok_or(FleetError::NoRole)?;
        let (address, account) = account(database)?;
        let people = FleetPeople::open(address, database.ca.clone(), account)?;
        Ok(self.people.people.get_or_init(|| people).clone())
    }

    /// The fleet's data keys, opened with this admin's identity.
    fn admin_keys(&self, people: &FleetPeople) -> Result<FleetKeys, Failure> {
        let wrapped = people.ask(|list| async move { list.own_keys().await })?;
        let keys = self.open_keys(&wrapped)?;
        let Settings { salt, cost, .. } = people.ask(|list| async move { list.settings().await })?;
        let keys = FleetKeys::new(keys, salt, wiring::cost(cost));
        Ok(keys.ok_or_else(|| FleetError::Key(self.folder().join(KEY_FILE)))?)
    }

    /// Data keys that are wrapped to this admin, the oldest first.
    pub(super) fn open_keys(&self, wrapped: &[(i32, Vec<u8>)]) -> Result<OpenKeys, FleetError> {
        let file = self.folder().join(KEY_FILE);
        let identity = fs::read_to_string(&file).map(Zeroizing::new).ok();
        let open = |(generation, wrapped): &(i32, Vec<u8>)| {
            Some((i64::from(*generation), backup_encryption::decrypt(wrapped, identity.as_ref()?).ok()?))
        };
        // Others are wrapped to other admins' keys.
        let opened: OpenKeys = wrapped.iter().filter_map(open).collect();
        if opened.is_empty() { Err(FleetError::Key(file)) } else { Ok(opened) }
    }

    /// Refuses a kiosk that joined a fleet: its people are not changed here.
    pub(in crate::commands) fn check_no_fleet(directory: &Directory) -> Result<(), Failure> {
        let kept = directory.fleet_secrets()?.and_then(|kept| Membership::from_bytes(&kept));
        if kept.is_some_and(|kept| kept.keys.is_some()) { Err(FleetError::InFleet.into()) } else { Ok(()) }
    }
}

impl From<Error> for FleetError {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}
