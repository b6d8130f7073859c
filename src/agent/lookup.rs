//! Sign-in: finds the person in the directory, then lists their doors at Kisi.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time;

use super::{
    asking::{Answer, Asking, Confirmation},
    audit_writer::Who,
    authenticator::{Authenticator, LookedUp, Plan, denial as directory_denial},
    visit::Visit,
};
use crate::{
    door::{Door, DoorList, DoorRule, PlaceId},
    error_chain::Chain,
    kisi,
    outage::Outage,
    secret::Secret,
    session::{Denial, SessionId, visit::Welcome},
    staff::{Credential, NameFormat, StaffId},
    status::fleet::SignInSource,
    store::door_memory::DoorMemory,
};

/// Timeout of the list of doors. It is below the session's own limit of 20 s for a check.
const LIST: Duration = Duration::from_secs(15);

/// Pause before the second look at a login that Kisi does not accept. Our choice.
pub(super) const SECOND_LOOK: Duration = Duration::from_secs(3);

/// The result of a lookup that succeeded.
pub(super) enum Signed {
    /// With Kisi's list of doors.
    In(Visit, Welcome),
    /// With the doors of the last visit: Kisi has not been asked yet.
    Remembered(Visit, Welcome),
    Same,
    NeedsPin,
    Technician,
}

/// A failed sign-in: the reason, and the person if the directory found one.
pub(super) struct Denied {
    pub(super) denial: Denial,
    pub(super) who: Option<Who>,
    /// Whether this used up the last try of the budget for unknown badges, for this person's PIN or for the
    /// technician's PIN.
    pub(super) last_try: bool,
}

impl Denied {
    pub(super) fn new(denial: Denial, who: Option<Who>) -> Self {
        Self { denial, who, last_try: false }
    }
}

/// Which doors are shown at this kiosk.
pub(super) struct Visible {
    pub(super) places: Vec<PlaceId>,
    pub(super) hidden: Vec<DoorRule>,
    /// Every rule for single doors.
    pub(super) rules: Vec<DoorRule>,
    /// Which doors the rules have meant.
    pub(super) memory: Mutex<DoorMemory>,
    /// How the greeting writes a person's name.
    pub(super) names: NameFormat,
}

/// The input of one lookup.
pub(super) struct Lookup {
    pub(super) session: SessionId,
    pub(super) credential: Credential,
    /// How this person signs in, for the audit log.
    pub(super) how: String,
    pub(super) present: Option<StaffId>,
    pub(super) authenticator: Arc<Mutex<Authenticator>>,
    pub(super) client: kisi::Client,
    pub(super) visible: Arc<Visible>,
    pub(super) is_inline: bool,
    /// The fleet, if this kiosk is in one.
    pub(super) fleet: Option<Asking>,
}

impl Lookup {
    pub(super) async fn run(self) -> Result<Signed, Denied> {
        let Self { session, credential, how, present, authenticator, client, visible, is_inline, fleet } = self;
        let directory = Blocking { authenticator, is_inline };
        let Looked { found, last, confirmation } = directory.look_up(credential, present, fleet).await?;
        let found = match found {
            LookedUp::Found(found) => found,
            LookedUp::Same => return Ok(Signed::Same),
            LookedUp::NeedsPin => return Ok(Signed::NeedsPin),
            LookedUp::Technician => return Ok(Signed::Technician),
            LookedUp::Not(denial) => return Err(Denied::new(denial, None)),
            LookedUp::LastTry => return Err(Denied { last_try: true, ..Denied::new(Denial::NotKnown, None) }),
        };
        let who = Who { staff: found.staff, revision: found.revision, email: found.email, how };
        // The agent adds the doors, once it knows how often each may still be opened.
        let name = visible.names.of(&found.name);
        let welcome = Welcome { name, doors: Vec::new(), language: found.language, incomplete: false };
        // Without a door to show, only Kisi can say that there is none.
        if let Some(mut lists) = last.map(|last| visible.shown_of(last)).filter(|lists| !lists.shown.doors.is_empty()) {
            lists.shown.incomplete = false;
            let mut visit = Visit::new(session, who, found.login, lists);
            (visit.is_listed, visit.is_kept, visit.confirmation) = (false, true, confirmation);
            return Ok(Signed::Remembered(visit, welcome));
        }
        match list(&client, &found.login).await {
            Ok(doors) => {
                let mut visit = Visit::new(session, who, found.login, visible.lists(doors));
                visit.confirmation = confirmation;
                Ok(Signed::In(visit, welcome))
            }
            Err(denial) => Err(Denied::new(denial, Some(who))),
        }
    }
}

/// The directory, off the agent's task.
struct Blocking {
    authenticator: Arc<Mutex<Authenticator>>,
    is_inline: bool,
}

/// What the directory knows of a credential.
struct Looked {
    found: LookedUp,
    /// The doors of the person's last visit.
    last: Option<DoorList>,
    /// Set if the fleet's database is to be asked afterwards.
    confirmation: Option<Confirmation>,
}

impl Blocking {
    /// Looks a credential up. In a fleet, the database is asked first, unless a copy serves.
    async fn look_up(
        self,
        credential: Credential,
        present: Option<StaffId>,
        fleet: Option<Asking>,
    ) -> Result<Looked, Denied> {
        let now = time::Instant::now().into_std();
        let fault = |denial| Denied::new(denial, None);
        let mut fleet = fleet;
        let window = match &mut fleet {
            Some(asking) => Some(asking.settled().await),
            None => None,
        };
        let planned = self.run(move |authenticator| {
            let presented = Arc::new(authenticator.directory.present(credential)?);
            let plan = window.map(|window| authenticator.plan(&presented, present, window, now)).transpose()?;
            Ok((presented, plan))
        });
        let (presented, plan) = planned.await?.map_err(|error| fault(directory_denial(&error)))?;
        let (mut is_known, mut answer, mut confirmation) = (true, None, None);
        let mut source = SignInSource::Copy;
        match (plan, &fleet) {
            (Some(Plan::Ask(indexes)), Some(asking)) => {
                let said = asking.ask(indexes).await;
                if let Answer::Spent(wait) = said {
                    return spent(&presented.credential, wait);
                }
                is_known = !matches!(said, Answer::Silent);
                source = SignInSource::Database;
                answer = Some(said);
            }
            (Some(Plan::Nowhere), _) => is_known = false,
            (Some(Plan::Here(indexes)), _) if !indexes.is_empty() => {
                confirmation = Some(Confirmation { presented: Arc::clone(&presented), indexes });
            }
            (Some(Plan::Here(_) | Plan::Ask(_)) | None, _) => {}
        }
        let found = self.run(move |authenticator| {
            if let Some(answer) = answer
                && let Err(error) = authenticator.learn(&presented, answer, now)
            {
                return (LookedUp::Not(directory_denial(&error)), None);
            }
            let looked_up = authenticator.look_up(&presented, present, now);
            let last = if let LookedUp::Found(found) = &looked_up { authenticator.last_doors(found) } else { None };
            (looked_up, last)
        });
        let (looked_up, last) = found.await?;
        let is_unknown =
            matches!(looked_up, LookedUp::Not(Denial::NotKnown | Denial::NotKnownAgain) | LookedUp::LastTry);
        if let Some(asking) = fleet {
            match &looked_up {
                LookedUp::Found(_) => asking.count(source),
                LookedUp::Not(_) | LookedUp::LastTry if is_unknown && !is_known => asking.count(SignInSource::Silent),
                LookedUp::Same | LookedUp::NeedsPin | LookedUp::Technician | LookedUp::Not(_) | LookedUp::LastTry => {}
            }
        }
        if is_unknown && !is_known {
            return Err(fault(Denial::NotHere));
        }
        Ok(Looked { found: looked_up, last, confirmation })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Authenticator) -> T + Send + 'static,
    ) -> Result<T, Denied> {
        let authenticator = Arc::clone(&self.authenticator);
        let work = move || work(&mut authenticator.lock().unwrap_or_else(PoisonError::into_inner));
        if self.is_inline {
            return Ok(work());
        }
        tokio::task::spawn_blocking(work).await.map_err(|_| Denied::new(Denial::KioskFault, None))
    }
}

/// The fleet's database takes no guess from this kiosk for this long.
fn spent(credential: &Credential, wait: Duration) -> Result<Looked, Denied> {
    match credential {
        // As without a fleet: every badge asks for its PIN then, known or not.
        Credential::Badge(_) => Ok(Looked { found: LookedUp::NeedsPin, last: None, confirmation: None }),
        Credential::BadgeWithPin(..) => Err(Denied { last_try: true, ..Denied::new(Denial::NotKnown, None) }),
        Credential::Pin(_) | Credential::Technician(_) => Err(Denied::new(Denial::Spent(wait), None)),
    }
}

/// Lists the doors, or says why the person cannot be signed in.
pub(super) async fn list(client: &kisi::Client, login: &Secret<String>) -> Result<kisi::Doors, Denial> {
    match time::timeout(LIST, list_twice(client, login)).await {
        Ok(Ok(list)) => Ok(list),
        Ok(Err(error)) => {
            tracing::warn!(error = %Chain(&error), "the doors cannot be listed");
            Err(denial(&error))
        }
        Err(_) => Err(Denial::Network(Outage::NoAnswer)),
    }
}

/// Lists the doors. A login counts as refused only if Kisi refuses it again some seconds later.
async fn list_twice(client: &kisi::Client, login: &Secret<String>) -> Result<kisi::Doors, kisi::Error> {
    match client.doors(login).await {
        Err(error) if error.is_dead_login() => {
            tracing::warn!(error = %Chain(&error), "Kisi does not accept a login: asking again");
            time::sleep(SECOND_LOOK).await;
            client.doors(login).await
        }
        listed => listed,
    }
}

impl Visible {
    /// Keeps the doors that this kiosk shows and groups them by place. The places keep the order in which they first
    /// appear.
    pub(super) fn of(&self, doors: Vec<Door>) -> Vec<Door> {
        let mut doors: Vec<Door> = doors.into_iter().filter(|door| self.shows(door)).collect();
        let place = |door: &Door| door.place.as_ref().map(|place| place.id);
        let mut places = Vec::new();
        for door in &doors {
            if !places.contains(&place(door)) {
                places.push(place(door));
            }
        }
        doors.sort_by_key(|door| places.iter().position(|known| *known == place(door)));
        doors
    }

    /// Remembers which doors the rules mean, and logs a rule whose door has another name now.
    pub(super) fn note(&self, doors: &[Door]) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = memory.note(&self.rules, doors) {
            tracing::warn!(%error, "the doors that rules mean cannot be remembered");
        }
        for (rule, id, name) in memory.newly_renamed(&self.rules, doors) {
            tracing::warn!(
                rule,
                door = id.get(),
                name,
                "a rule in kiosk.toml does not match: the door was renamed. Write id:NUMBER in its place"
            );
        }
    }

    fn shows(&self, door: &Door) -> bool {
        let place = door.place.as_ref().map(|place| place.id);
        let is_here = self.places.is_empty() || place.is_some_and(|place| self.places.contains(&place));
        is_here && !self.hidden.iter().any(|rule| rule.matches(door))
    }
}

/// The denial to show when the person's doors cannot be listed.
fn denial(error: &kisi::Error) -> Denial {
    match (error, error.outage()) {
        (error, _) if error.is_dead_login() => Denial::LoginDead,
        (kisi::Error::Secret, _) => Denial::LoginDead,
        (_, Some(outage)) => Denial::Network(outage),
        (_, None) => Denial::KioskFault,
    }
}
