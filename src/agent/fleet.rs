//! The kiosk as one of a fleet: it asks the fleet's database about people and unlocks, keeps copies of whom it saw as the
//! database has them, and ships its audit records. While the database is away, the copies and a share of the limits serve.

mod chores;
mod limits;
mod reporting;
mod shipping;

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use self::limits::KeptLimits;
use super::{
    Agent, UnlockLimits,
    asking::{Answer, Asking, Confirmation, Standing},
    audit_writer::Who,
    completion,
    unlocker::Permit,
};
use crate::{
    door::{DoorId, Outcome},
    error_chain::Chain,
    fleet::{self, Access, Intended, Intent, Link, LinkEvent, Refusal, Welcome},
    session::{RequestId, SessionId},
    staff::StaffId,
    status::Status,
    store::directory::Directory,
};

/// Pause between a record and its shipping, so that those of one visit go together.
pub(super) const SHIP_AFTER: Duration = Duration::from_secs(2);

/// Membership of a fleet, for the agent.
#[derive(Debug)]
pub struct Membership {
    /// How to reach the database.
    pub access: Access,
    /// Days for which people who signed in here can do so while the database is away.
    pub offline_days: u32,
    /// Whether doors open while the database is away.
    pub is_offline_allowed: bool,
    /// Number of the newest audit record from before the kiosk was in the fleet.
    pub own_records: u64,
}

/// What the agent knows of its fleet.
pub(super) struct Fleet {
    link: Arc<Link>,
    standing: watch::Sender<Standing>,
    offline_days: u32,
    is_offline_allowed: bool,
    /// What the database said last, this time or before a restart.
    limits: KeptLimits,
    /// The comparison of copies that is under way.
    comparing: Option<Comparison>,
    /// Number of the connection to the database: what an earlier one answered does not count.
    connection: u64,
    shipping: shipping::Shipping,
    /// When the database last answered, this time or before a restart.
    last_contact: Option<Timestamp>,
    status: Status,
}

/// A comparison of copies that is under way.
struct Comparison {
    /// Number of the connection.
    connection: u64,
    /// Whether something changed meanwhile.
    again: bool,
}

/// What the database says to an unlock that is recorded here.
pub(super) enum Permission {
    Given,
    Limited,
    Revoked,
    /// It did not answer.
    Unknown,
}

impl Fleet {
    /// Connects in the background. Returns what happens, too.
    pub(super) fn start(
        membership: Membership,
        directory: &Directory,
        status: &Status,
    ) -> (Self, mpsc::UnboundedReceiver<LinkEvent>) {
        let (link, events) = Link::start(membership.access);
        let kept = directory.fleet_state().inspect_err(|error| {
            tracing::error!(error = %Chain(error), "the fleet's limits cannot be read");
        });
        let kept = kept.ok().flatten();
        let limits: KeptLimits = kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default();
        let last_contact = limits.last_contact;
        let shipping = shipping::Shipping::after(membership.own_records);
        let fleet = Self {
            link: Arc::new(link),
            standing: watch::Sender::new(Standing::Away),
            offline_days: membership.offline_days,
            is_offline_allowed: membership.is_offline_allowed,
            limits,
            comparing: None,
            connection: 0,
            shipping,
            last_contact,
            status: status.clone(),
        };
        (fleet, events)
    }

    /// What a sign-in needs to ask.
    pub(super) fn asking(&self) -> Asking {
        let (link, standing) = (Arc::clone(&self.link), self.standing.subscribe());
        Asking { link, standing, offline: self.offline(), status: self.status.clone() }
    }

    pub(super) fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// For how long a copy serves.
    fn offline(&self) -> SignedDuration {
        let days = self.limits.offline_days.unwrap_or(self.offline_days).min(self.offline_days);
        SignedDuration::from_hours(24 * i64::from(days))
    }

    /// Limits that this kiosk itself holds, beside those of its configuration.
    pub(super) fn own_limits(&self) -> UnlockLimits {
        match self.standing() {
            Standing::Current | Standing::Comparing => UnlockLimits::default(),
            Standing::Away | Standing::Doubted => self.limits.share(),
        }
    }
}

impl Agent {
    /// What the link to the database reports.
    pub(super) fn fleet_reports(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Up(welcome) => self.fleet_is_there(&welcome),
            LinkEvent::Changed => self.compare_copies(),
            LinkEvent::Down => {
                if let Some(fleet) = &mut self.fleet
                    && fleet.standing() != Standing::Doubted
                {
                    tracing::warn!("the fleet's database is away: copies and shares of the limits serve");
                    let _ = fleet.standing.send_replace(Standing::Away);
                    fleet.comparing = None;
                }
                self.keep_last_contact();
            }
        }
        self.report_fleet();
    }

    fn fleet_is_there(&mut self, welcome: &Welcome) {
        let is_restored = self.is_restored(welcome);
        let is_whole = self.is_as_acknowledged(welcome, is_restored);
        let Some(fleet) = &mut self.fleet else { return };
        fleet.answered();
        if !is_whole {
            if fleet.standing.send_replace(Standing::Doubted) != Standing::Doubted {
                tracing::error!(
                    "the fleet's database lost records that it had acknowledged: nobody signs in here until an admin runs `vestibule fleet restored`"
                );
            }
            return;
        }
        tracing::info!(site = welcome.site, "the fleet's database is there");
        fleet.shipping.is_at(welcome.shipped);
        let _ = fleet.standing.send_replace(Standing::Comparing);
        fleet.comparing = None;
        fleet.connection += 1;
        self.change_limits(|limits| {
            limits.take(welcome);
            if is_restored {
                (limits.restored, limits.acknowledged) = (welcome.restored.at, welcome.shipped);
            }
        });
        self.compare_copies();
    }

    /// Asks which copies are not as the database has them, and forgets those.
    pub(super) fn compare_copies(&mut self) {
        let Some(fleet) = &mut self.fleet else { return };
        if !matches!(fleet.standing(), Standing::Comparing | Standing::Current) {
            return;
        }
        if let Some(comparison) = &mut fleet.comparing {
            comparison.again = true;
            return;
        }
        let connection = fleet.connection;
        fleet.comparing = Some(Comparison { connection, again: false });
        let (link, copies) = (Arc::clone(&fleet.link), self.authenticator().directory.copies());
        let compared = async move {
            let copies =
                copies.inspect_err(|error| tracing::error!(error = %Chain(error), "copies cannot be read")).ok()?;
            let gone = link.changed(&copies).await;
            gone.inspect_err(|error| tracing::warn!(error = %Chain(error), "copies cannot be compared")).ok()
        };
        let _ = self.work.spawn(async move {
            let gone = compared.await;
            completion(move |agent| agent.copies_compared(connection, gone.as_deref()))
        });
    }

    fn copies_compared(&mut self, connection: u64, gone: Option<&[StaffId]>) {
        let forgotten = gone.map(|gone| self.forget_people(gone));
        let Some(fleet) = &mut self.fleet else { return };
        // When the connection was lost meanwhile, the next one compares again.
        let Some(Comparison { again, .. }) = fleet.comparing.take_if(|one| one.connection == connection) else {
            return;
        };
        if forgotten.is_some() {
            fleet.answered();
        }
        match forgotten {
            Some(true) if again => self.compare_copies(),
            Some(true) if fleet.standing() == Standing::Comparing => {
                let _ = fleet.standing.send_replace(Standing::Current);
            }
            // Not compared: until the next minute each sign-in waits for it.
            Some(false) | None if fleet.standing() == Standing::Current => {
                let _ = fleet.standing.send_replace(Standing::Comparing);
            }
            Some(_) | None => {}
        }
        self.report_fleet();
    }

    /// Forgets the copies of these people, and ends the visit of one of them. Returns whether that worked.
    fn forget_people(&mut self, gone: &[StaffId]) -> bool {
        if let Err(error) = self.authenticator().directory.forget_copies(gone) {
            tracing::error!(error = %Chain(&error), "copies cannot be forgotten");
            return false;
        }
        let present = self.visit.as_ref().filter(|visit| gone.contains(&visit.who.staff));
        if let Some(session) = present.map(|visit| visit.id) {
            self.revoke_access(session);
        }
        true
    }

    /// Looks up at the database who signed in by a copy.
    pub(super) fn confirm(&mut self, session: SessionId, who: &Who, confirmation: Confirmation) {
        let Some(fleet) = &self.fleet else { return };
        let (asking, who) = (fleet.asking(), who.clone());
        let _ = self.work.spawn(async move {
            let answer = asking.ask(confirmation.indexes.clone()).await;
            completion(move |agent| agent.confirmed(session, &who, &confirmation, answer))
        });
    }

    fn confirmed(&mut self, session: SessionId, who: &Who, confirmation: &Confirmation, answer: Answer) {
        match answer {
            Answer::Found(..) => {
                let _ = self.authenticator().learn(&confirmation.presented, answer, Instant::now().into_std());
            }
            Answer::Unknown => {
                let _ = self.forget_people(&[who.staff]);
            }
            Answer::Spent(_) | Answer::Silent => return,
        }
        let may_open = self.authenticator().may_open(who);
        if may_open == Some(false) && self.visit(session).is_some() {
            self.revoke_access(session);
        }
    }

    /// Asks the database whether an unlock may be sent. `None`: this kiosk decides by itself.
    pub(super) fn ask_permission(
        &self,
        permit: &mut Permit,
        door: DoorId,
    ) -> Option<impl Future<Output = Permission> + use<>> {
        let fleet = self.fleet.as_ref()?;
        // It knows of suspensions that are not known here yet.
        if !matches!(fleet.standing(), Standing::Current | Standing::Comparing) {
            permit.is_alone = true;
            return None;
        }
        let link = Arc::clone(&fleet.link);
        let intent = Intent { number: permit.record.cast_signed(), staff: permit.who.staff, door };
        Some(async move {
            match link.intend(intent).await {
                Ok(Intended::Written(_)) => Permission::Given,
                Ok(Intended::Stopped(limit)) => {
                    tracing::info!(limit, "a limit of the fleet is reached");
                    Permission::Limited
                }
                Err(fleet::Error::Refused(Refusal::Suspended | Refusal::NotSeen)) => Permission::Revoked,
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "the fleet does not say whether a door may be opened");
                    Permission::Unknown
                }
            }
        })
    }

    /// What is done about an unlock once the database answered, or did not.
    pub(super) fn permitted(
        &mut self,
        (session, request): (SessionId, RequestId),
        mut permit: Permit,
        (door, at): (DoorId, Instant),
        permission: Permission,
    ) {
        let refused = match permission {
            Permission::Given => return self.send_unlock(session, request, permit, (door, at)),
            Permission::Limited => Outcome::Limited,
            Permission::Unknown if self.may_open_alone(&permit, door) => {
                permit.is_alone = true;
                return self.send_unlock(session, request, permit, (door, at));
            }
            Permission::Revoked | Permission::Unknown => Outcome::NotSent,
        };
        self.unlocked(session, &permit.who, request, (door, permit.record), refused, at);
        if matches!(permission, Permission::Revoked) {
            let _ = self.forget_people(&[permit.who.staff]);
        }
    }

    /// Whether the configuration and this kiosk's share of the limits allow an unlock without the database.
    fn may_open_alone(&self, permit: &Permit, door: DoorId) -> bool {
        let Some(fleet) = self.fleet.as_ref().filter(|fleet| fleet.is_offline_allowed) else { return false };
        let known = self.visit.as_ref().and_then(|visit| visit.door(door));
        known.is_some_and(|known| self.audit.is_within(&permit.who, known, &fleet.limits.share()))
    }

    /// Whether doors open now although the database is away.
    pub(super) fn opens_alone(&self) -> bool {
        let is_allowed = |fleet: &Fleet| fleet.is_offline_allowed && fleet.standing() != Standing::Doubted;
        let is_there = |fleet: &Fleet| matches!(fleet.standing(), Standing::Current | Standing::Comparing);
        self.fleet.as_ref().is_none_or(|fleet| is_there(fleet) || is_allowed(fleet))
    }

    /// Changes what a restart while the database is away needs, and stores it if it differs.
    fn change_limits(&mut self, change: impl FnOnce(&mut KeptLimits)) {
        let Some(fleet) = &mut self.fleet else { return };
        let before = fleet.limits.clone();
        change(&mut fleet.limits);
        if fleet.limits == before {
            return;
        }
        let kept = serde_json::to_vec(&fleet.limits).unwrap_or_default();
        if let Err(error) = self.authenticator().directory.keep_fleet_state(&kept) {
            tracing::error!(error = %Chain(&error), "the fleet's limits cannot be kept");
        }
    }
}
