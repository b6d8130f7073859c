//! The fleet of the demo: a database, its admin, and kiosks that were admitted. People are enrolled once, on the admin's side.

use std::path::Path;

use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use super::{Error, postgres::Server};
use crate::{
    backup_encryption::{self, Recipient},
    enrol::{FleetPeople, make_fleet},
    fleet::{Address, JoinRequest, Membership, Settings, WaitingKiosk, WrappedKeys},
    store::directory::{Cost, Directory, FleetKeys},
    wiring,
};

/// The only site, and its time zone.
const SITE: (&str, &str) = ("Harbour House", "UTC");

/// The admin of the fleet.
pub(super) struct Admin {
    url: String,
    people: FleetPeople,
    generation: i32,
    /// The data key of that generation.
    key: Zeroizing<Vec<u8>>,
    cost: Cost,
}

impl Admin {
    /// Makes a fleet in the server's database.
    pub(super) fn new(server: &Server, runtime: &Runtime, cost: Cost) -> Result<Self, Error> {
        let (identity, recipient) = backup_encryption::new_identity();
        runtime.block_on(async {
            let mut connection = server.connect().await.map_err(Error::Fleet)?;
            make_fleet(&mut connection, &recipient, cost).await.map_err(Error::MakeFleet)?;
            connection.add_site(SITE.0, SITE.1).await.map_err(Error::Fleet)
        })?;
        let url = server.url();
        let address: Address = url.parse().map_err(Error::Fleet)?;
        let people = FleetPeople::open(address, None, Server::owner()).map_err(Error::Fleet)?;
        let keys = people.ask(|list| async move { list.own_keys().await }).map_err(Error::Fleet)?;
        let (generation, wrapped) = keys.into_iter().next_back().ok_or(Error::NoKey)?;
        let key = backup_encryption::decrypt(&wrapped, identity.expose()).map_err(Error::Keys)?;
        Ok(Self { url, people, generation, key, cost })
    }

    /// The directory of the admin's machine, whose people are kept at the database.
    pub(super) fn directory(&self, folder: &Path) -> Result<Directory, Error> {
        let mut directory = Directory::open(folder, None, || self.cost).map_err(Error::Directory)?;
        let settings = self.people.ask(|list| async move { list.settings().await }).map_err(Error::Fleet)?;
        let Settings { salt, cost, .. } = settings;
        let keys = vec![(self.generation.into(), self.key.clone())];
        let keys = FleetKeys::new(keys, salt, wiring::cost(cost)).ok_or(Error::NoKey)?;
        directory.enter_fleet(keys, Some(Box::new(self.people.clone())));
        Ok(directory)
    }

    /// Admits a new kiosk, and returns its directory.
    pub(super) fn admit(&self, name: &str, folder: &Path) -> Result<Directory, Error> {
        let directory = Directory::open(folder, None, || self.cost).map_err(Error::Directory)?;
        let (identity, recipient) = backup_encryption::new_identity();
        let request = JoinRequest::new(recipient.to_string()).map_err(Error::Fleet)?;
        let waiting = WaitingKiosk::from(&request);
        let recipient = Recipient::parse(&waiting.recipient).map_err(Error::Keys)?;
        let (name, key) = (name.to_owned(), (self.generation, recipient.encrypt(&self.key).map_err(Error::Keys)?));
        let admit = |list: std::sync::Arc<crate::fleet::Connection>| async move {
            list.admit(&waiting, &name, SITE.0, (key.0, &key.1)).await
        };
        let _ = self.people.ask(admit).map_err(Error::Fleet)?;
        let mut membership =
            Membership { url: self.url.clone(), request, identity, ca: None, own_records: 0, keys: None };
        let address: Address = self.url.parse().map_err(Error::Fleet)?;
        let kiosk = FleetPeople::open(address, None, membership.account()).map_err(Error::Fleet)?;
        let welcome = kiosk.ask(|list| async move { list.hello().await }).map_err(Error::Fleet)?;
        membership.keys = Some(WrappedKeys::from(&welcome));
        let secrets = membership.to_bytes().map_err(Error::Fleet)?;
        directory.keep_fleet_secrets(&secrets).map_err(Error::Directory)?;
        Ok(directory)
    }
}
