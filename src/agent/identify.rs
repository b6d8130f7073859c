//! Who is this, and which doors may they open: the directory first, then Kisi.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time;

use crate::{
    chain::Chain,
    directory::{self, Directory, Found},
    door::{Door, PlaceId},
    kisi,
    secret::Secret,
    session::{Denial, SessionId, visit::Welcome},
    staff::{Credential, StaffId},
};

/// Longer than the session waits nobody needs a list. Less than the session's own limit for a check.
const LIST: Duration = Duration::from_secs(15);

/// The session that is open.
pub(super) struct Open {
    pub(super) id: SessionId,
    pub(super) staff: StaffId,
    pub(super) login: Arc<Secret<String>>,
    pub(super) doors: Vec<Door>,
}

/// What a credential came to.
pub(super) enum Signed {
    In(Open, Welcome),
    Same,
    NeedsPin,
}

/// Which doors are shown at this kiosk.
pub(super) struct Shown {
    pub(super) places: Vec<PlaceId>,
    pub(super) hidden: Vec<String>,
}

/// Everything that is needed to find out who somebody is.
pub(super) struct Question {
    pub(super) session: SessionId,
    pub(super) credential: Credential,
    pub(super) present: Option<StaffId>,
    pub(super) directory: Arc<Mutex<Directory>>,
    pub(super) client: kisi::Client,
    pub(super) shown: Arc<Shown>,
    pub(super) needs_pin: bool,
    /// A tag of the PIN that was refused last.
    pub(super) last_wrong: Arc<Mutex<Option<[u8; 32]>>>,
}

impl Question {
    pub(super) async fn answer(self) -> Result<Signed, Denial> {
        let Self { session, credential, present, directory, client, shown, needs_pin, last_wrong } = self;
        // Hashing takes a quarter of a second, and SQLite waits for disks.
        let looked_up = tokio::task::spawn_blocking(move || {
            let directory = directory.lock().unwrap_or_else(PoisonError::into_inner);
            let found = look_up(&directory, &credential, present, needs_pin)?;
            Ok(remember(&directory, &credential, found, &last_wrong))
        });
        let found = match looked_up.await {
            Ok(Ok(LookedUp::Found(found))) => found,
            Ok(Ok(LookedUp::Same)) => return Ok(Signed::Same),
            Ok(Ok(LookedUp::NeedsPin)) => return Ok(Signed::NeedsPin),
            Ok(Ok(LookedUp::Nobody)) => return Err(Denial::NotKnown),
            Ok(Ok(LookedUp::NobodyAgain)) => return Err(Denial::NotKnownAgain),
            Ok(Err(error @ directory::Error::Damaged { .. })) => {
                tracing::error!(error = %Chain(&error), "a sign-in failed");
                return Err(Denial::LoginDead);
            }
            Ok(Err(error)) => {
                tracing::error!(error = %Chain(&error), "a sign-in failed");
                return Err(Denial::KioskFault);
            }
            Err(_) => return Err(Denial::KioskFault),
        };
        let listed = time::timeout(LIST, client.doors(&found.login)).await.map_err(|_| Denial::Unreachable)?;
        let list = listed.map_err(|error| {
            tracing::warn!(staff = found.staff.get(), error = %Chain(&error), "the doors cannot be listed");
            denial(&error)
        })?;
        if 0 < list.dropped {
            tracing::warn!(dropped = list.dropped, "doors that cannot be read were left out");
        }
        let doors: Vec<Door> = list.doors.into_iter().filter(|door| shown.shows(door)).collect();
        let incomplete = list.truncated || 0 < list.dropped;
        let welcome = Welcome { name: found.name, doors: doors.clone(), incomplete };
        let open = Open { id: session, staff: found.staff, login: Arc::new(found.login), doors };
        Ok(Signed::In(open, welcome))
    }
}

enum LookedUp {
    Found(Found),
    Same,
    NeedsPin,
    Nobody,
    NobodyAgain,
}

/// The same wrong PIN at once again tells a guesser nothing, and is what people do. Any other entry is not it any more.
///
/// # Source
///
/// `threats-and-faults.md`, R20.
fn remember(
    directory: &Directory,
    credential: &Credential,
    found: LookedUp,
    last_wrong: &Mutex<Option<[u8; 32]>>,
) -> LookedUp {
    let tag = match (credential, &found) {
        (Credential::Pin(pin), LookedUp::Nobody) => Some(directory.repeat_tag(pin)),
        (Credential::Pin(_) | Credential::Badge(_) | Credential::BadgeWithPin(..), _) => None,
    };
    let before = std::mem::replace(&mut *last_wrong.lock().unwrap_or_else(PoisonError::into_inner), tag);
    if tag.is_some() && before == tag { LookedUp::NobodyAgain } else { found }
}

/// A badge in a session keeps it if it is that person's. Where badges need their PIN, nothing else is told of a badge.
fn look_up(
    directory: &Directory,
    credential: &Credential,
    present: Option<StaffId>,
    needs_pin: bool,
) -> Result<LookedUp, directory::Error> {
    if let Credential::Badge(badge) = credential {
        if present.is_some() && directory.staff_of(badge)? == present {
            return Ok(LookedUp::Same);
        }
        if needs_pin {
            return Ok(LookedUp::NeedsPin);
        }
    }
    Ok(directory.identify(credential)?.map_or(LookedUp::Nobody, LookedUp::Found))
}

impl Shown {
    fn shows(&self, door: &Door) -> bool {
        let place = door.place.as_ref().map(|place| place.id);
        let is_here = self.places.is_empty() || place.is_some_and(|place| self.places.contains(&place));
        is_here && !self.hidden.contains(&door.name)
    }
}

/// What a person is told when their doors cannot be listed.
fn denial(error: &kisi::Error) -> Denial {
    match error {
        error if error.is_dead_login() => Denial::LoginDead,
        kisi::Error::Unreachable(_) | kisi::Error::Unclear(_) => Denial::Unreachable,
        kisi::Error::Secret => Denial::LoginDead,
        kisi::Error::Refused { .. }
        | kisi::Error::Failed { .. }
        | kisi::Error::NotKisi
        | kisi::Error::TooLarge { .. }
        | kisi::Error::Malformed { .. } => Denial::KisiFault,
        kisi::Error::Setting { .. } | kisi::Error::Client(_) => Denial::KioskFault,
    }
}
