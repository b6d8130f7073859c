//! `fleet adopt`: a kiosk with people of its own becomes the first of a fleet.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;
use vestibule::{
    backup_encryption::Recipient,
    fleet::{self, Address, Error, FirstKey, JoinRequest, Membership, WaitingKiosk, WrappedKeys},
    store::directory::{Directory, Founding},
    wiring,
};

use super::{
    super::{
        Confirmation, Output, Site,
        ask::{admin_key, confirm},
        failure::Failure,
        io, kiosk, own_folder,
        report::{count, tell},
        runtime::wait,
        staff::SHORT_PACE,
    },
    Admin, Database, FleetError, KEY_FILE,
    join::{new_membership, welcome},
    numbers,
};

/// The arguments of `fleet adopt`.
pub(crate) struct Adopt {
    pub(crate) database: Database,
    pub(crate) name: String,
    pub(crate) site: String,
    pub(crate) zone: String,
    /// Address at which this kiosk reaches the database, if it differs from that of the admin.
    pub(crate) url: Option<String>,
    /// Where the admin's key is made.
    pub(crate) admin_data: Option<PathBuf>,
    pub(crate) confirmation: Confirmation,
}

impl Site {
    /// Makes the fleet, hands over the people of this kiosk, and makes the kiosk a member. Until the last step, which is one
    /// transaction, this directory stays as it is, and the command can be run again.
    pub(crate) fn fleet_adopt(&self, adopt: Adopt, output: Output) -> Result<(), Failure> {
        let admin_site = self.admin_site(adopt.admin_data.clone())?;
        let directory = self.directory_alone()?;
        Self::check_no_fleet(&directory)?;
        if !directory.copies()?.is_empty() {
            return Err(FleetError::InFleet.into());
        }
        let _alone = kiosk::lock(&self.folder())?;
        let (url, address) = kiosk_address(&adopt)?;
        let question = "The people of this kiosk become those of a new fleet, and are changed with --fleet from then on. Continue?";
        confirm(adopt.confirmation, question)?;
        drop(directory);
        let directory = self.without_leftovers()?;
        let founding = directory.founding()?;
        let mut membership = begun(&directory, url)?;
        let mut admin = Admin::open(&adopt.database)?;
        admin_site.found(&mut admin, &founding)?;
        let role = admit(&admin, &adopt, &membership.request, &founding)?;
        let mut versions = Vec::with_capacity(founding.people.len());
        for rows in &founding.people {
            versions.push((rows.staff, admin.run(admin.connection.put_adopted(rows))?));
        }
        // An interrupted attempt handed over people who were removed here since.
        for listed in admin.run(admin.connection.people())? {
            if !founding.people.iter().any(|rows| rows.staff == listed.staff) {
                admin.run(admin.connection.remove(listed.staff))?;
            }
        }
        admin.run(admin.connection.adopt(&role, founding.last_staff))?;
        // As the kiosk itself connects, before it depends on it.
        let ca = adopt.database.ca.as_deref();
        let welcome = admin.runtime.wait(welcome(&address, ca, &membership))??;
        membership.keys = Some(WrappedKeys::from(&welcome.ok_or(FleetError::NotAdmitted)?));
        membership.ca = ca.map(std::path::absolute).transpose().map_err(io("the file of --ca cannot be found"))?;
        membership.own_records = wiring::writable_log(&directory)?.head()?.map_or(0, |head| head.seq);
        directory.become_first(&membership.to_bytes()?, &versions, Timestamp::now())?;
        // Opened with the new key, so that the log is sealed with it.
        drop(wiring::writable_log(&self.directory()?)?);
        let (people, key) = (versions.len(), admin_site.folder().join(KEY_FILE));
        output.result(
            &json!({"result": "adopted", "people": people, "role": role, "key": key}),
            &format!(
                "{} of this kiosk are the fleet's now. Start the kiosk. `{}` opens the fleet's data key: keep a copy in a safe \
                 place, and move it to an admin's machine",
                count(people, "person", "people"),
                key.display()
            ),
        )
    }

    /// The data folder for the admin's key, which is not the kiosk's.
    fn admin_site(&self, folder: Option<PathBuf>) -> Result<Self, Failure> {
        let folder = folder.or_else(own_folder).ok_or(FleetError::NoAdminFolder)?;
        let is_same = |a: &PathBuf, b: &PathBuf| {
            a == b || a.canonicalize().ok().is_some_and(|a| b.canonicalize().ok() == Some(a))
        };
        if is_same(&folder, &self.folder()) {
            return Err(FleetError::NoAdminFolder.into());
        }
        Ok(Self::new(None, Some(folder)))
    }

    /// The directory, after logins that earlier commands left at Kisi were deleted: no later command does it here.
    fn without_leftovers(&self) -> Result<Directory, Failure> {
        let directory = self.directory()?;
        if directory.outbox().entries()?.is_empty() {
            return Ok(directory);
        }
        drop(directory);
        tell("earlier commands left logins at Kisi, which are deleted now");
        let enroller = self.enroller(&self.config()?, admin_key, SHORT_PACE)?;
        let _ = wait(enroller.drain_outbox())?.map_err(FleetError::LeftAtKisi)?;
        Ok(enroller.directory)
    }

    /// Makes the fleet, unless an interrupted attempt did.
    fn found(&self, admin: &mut Admin, founding: &Founding) -> Result<(), Failure> {
        let recipient = self.own_recipient()?;
        let salt =
            founding.salt.as_slice().try_into().map_err(|_| Error::Answer("a salt that does not have 16 bytes"))?;
        let wrapped = recipient.encrypt(&founding.key).map_err(FleetError::Identity)?;
        let cost = numbers(founding.cost);
        let first = FirstKey { salt, cost, recipient: &recipient.to_string(), wrapped: &wrapped };
        match admin.runtime.wait(fleet::init(&mut admin.connection, &first))? {
            Ok(()) => Ok(()),
            Err(Error::Exists) => {
                let kept = admin.run(admin.connection.own_keys())?;
                let is_ours = self.open_keys(&kept)?.iter().any(|(_, key)| **key == *founding.key);
                if is_ours { Ok(()) } else { Err(Error::Exists.into()) }
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What the kiosk asks to join with: that of an interrupted attempt, or a new one, which is kept before it is used.
fn begun(directory: &Directory, url: String) -> Result<Membership, Failure> {
    let kept = directory.fleet_secrets()?.and_then(|bytes| Membership::from_bytes(&bytes));
    match kept {
        // The address may have been wrong. The database knows the kiosk by its key.
        Some(kept) => Ok(Membership { url, ..kept }),
        None => new_membership(directory, url),
    }
}

/// Admits this kiosk, unless an interrupted attempt did. Returns its role.
fn admit(admin: &Admin, adopt: &Adopt, request: &JoinRequest, founding: &Founding) -> Result<String, Failure> {
    let role = request.role();
    if admin.run(admin.connection.kiosks())?.iter().any(|kiosk| kiosk.role == role) {
        return Ok(role);
    }
    if !admin.run(admin.connection.sites())?.iter().any(|site| site.name.eq_ignore_ascii_case(&adopt.site)) {
        admin.run(admin.connection.add_site(&adopt.site, &adopt.zone))?;
    }
    let recipient = Recipient::parse(&request.recipient).map_err(FleetError::Identity)?;
    let wrapped = recipient.encrypt(&founding.key).map_err(FleetError::Identity)?;
    let kiosk = WaitingKiosk::from(request);
    let role = admin.run(admin.connection.admit(&kiosk, &adopt.name, &adopt.site, (1, &wrapped)))?;
    // Before anybody is put: numbers of people who were removed here are not given again.
    admin.run(admin.connection.adopt(&role, founding.last_staff))?;
    Ok(role)
}

/// The address for the kiosk: that of the admin without the role, unless another one is given.
fn kiosk_address(adopt: &Adopt) -> Result<(String, Address), Failure> {
    let url = adopt.url.clone().unwrap_or_else(|| {
        let given = adopt.database.url.as_str();
        match given.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?.1))) {
            Some((scheme, rest)) => format!("{scheme}://{rest}"),
            None => given.to_owned(),
        }
    });
    let address = url.parse()?;
    Ok((url, address))
}
