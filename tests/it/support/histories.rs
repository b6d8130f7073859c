//! Kisi's history beside the audit log: they agree, or somebody else uses the kiosk's logins.

use std::{path::PathBuf, time::Duration};

use jiff::{SignedDuration, Timestamp};
use vestibule::{
    door::DoorId,
    kisi::{Client, LoginId, Roots, Settings},
    reconcile::{Interval, Owners, Reconciliation},
    secret::Secret,
    store::{
        audit::Log,
        directory::{Cost, Directory},
    },
};

/// Unlocks by a thief are so much later than the kiosk's own that none can be taken for the other. Those that are near each
/// other are in `reconcile::tests`.
pub(crate) const LATER: Duration = Duration::from_mins(20);

/// Where to find both histories.
#[derive(Clone)]
pub(crate) struct Histories {
    pub(crate) folder: PathBuf,
    pub(crate) base_url: String,
    pub(crate) admin: String,
}

impl Histories {
    fn client(&self) -> Client {
        let settings = Settings {
            base_url: self.base_url.clone(),
            proxy: None,
            timeout: Duration::from_secs(8),
            per_second: 1_000,
            position: None,
            integration_identifier: None,
            integration_contact: None,
            roots: Roots::System,
        };
        Client::new(&settings).unwrap()
    }

    /// Compares both, in real time.
    fn compare(&self) -> Reconciliation {
        let directory = Directory::open(&self.folder, None, || Cost::MINIMUM).unwrap();
        let log = Log::open(&self.folder, directory.audit_key()).unwrap();
        let hour = SignedDuration::from_hours(1);
        let (from, until) = (Timestamp::now() - hour, Timestamp::now() + hour);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let admin = Secret::new(self.admin.clone());
        let history = runtime.block_on(self.client().unlocks_by_logins(&admin, from, until)).unwrap();
        assert_eq!(history.unreadable, 0);
        let people = directory.list().unwrap().into_iter();
        let people = people.map(|person| (LoginId::new(person.login_id), person.email)).collect();
        let owners = Owners { people, ..Owners::default() };
        let interval = Interval { from, until, complete_until: until };
        Reconciliation::new(&log.records().unlocks(from, until).unwrap(), &history.events, &owners, interval)
    }

    /// Somebody else asks for an unlock with this login.
    pub(crate) fn steal(&self, secret: &str, door: DoorId) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _ = runtime.block_on(self.client().unlock(&Secret::new(secret.to_owned()), door));
    }

    /// Nothing is missing in Kisi's history, and it has so many foreign unlocks. Returns them.
    pub(crate) fn check(&self, foreign: usize) -> Reconciliation {
        let found = self.compare();
        assert_eq!(found.missing, [], "a false alarm");
        assert_eq!(
            found.foreign.len(),
            foreign,
            "a false alarm, or a foreign unlock that was not found: {:?}",
            found.foreign
        );
        found
    }
}
