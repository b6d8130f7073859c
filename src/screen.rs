//! The screens. A screen draws the session's state and emits its events. It starts nothing and reads no clock.

pub mod colors;
pub mod design;
pub mod dim;
pub mod doors;
mod emblem;
pub mod fonts;
pub mod icon;
pub mod keys;
pub mod label;
pub mod logo;
pub mod notice;
mod pad;
pub mod page;
mod pill;
pub mod press;
pub mod qr;
mod sheet;
pub mod sign_in;
mod style;
pub mod technician;
pub mod theme;
mod tile;
mod trace;
pub mod words;

use std::time::Instant;

use iced::Element;
use jiff::civil::{Date, Time};

use self::{
    page::{Backdrop, Page},
    qr::Code,
    sign_in::{AtRest, Labels},
    theme::Metrics,
};
use crate::{
    outage::Outage,
    session::{Event, Session, State},
};

/// When a screen is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// For what lasts.
    pub now: Instant,
    /// The local date: a lockdown since today shows its time, and one since before its date.
    pub today: Date,
}

/// What the screen of a working kiosk shows.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The visit, or that nobody is signed in.
    pub session: &'a Session,
    /// The kiosk's name and contacts.
    pub labels: &'a Labels,
    /// What is wrong between the kiosk and Kisi, if anything.
    pub outage: Option<Outage>,
    /// Whether a badge reader does not work.
    pub is_reader_missing: bool,
    /// The code of the technician's report.
    pub diagnostics: Option<&'a Code>,
    /// The time.
    pub moment: Moment,
    /// The local time of day.
    pub time: Time,
    /// Minutes that differ from one minute to the next: the dimmed screen drifts with them.
    pub minutes: u64,
}

/// The page behind the screen of a working kiosk.
pub fn page(session: &Session, now: Instant) -> Page {
    match session.state() {
        State::SignedIn(visit) => doors::page(visit),
        State::SignedOut { denial: None, .. } if session.budget().wait(now).is_none() => Page::plain(Backdrop::First),
        State::SignedOut { .. } | State::Technician(_) => Page::plain(Backdrop::Second),
        State::Checking { .. } => Page::plain(Backdrop::Third),
    }
}

/// Draws the screen of a working kiosk.
pub fn view(shown: Shown<'_>, m: Metrics) -> Element<'_, Event> {
    let Shown { session, labels, moment, .. } = shown;
    match session.state() {
        State::SignedIn(visit) => {
            let rules = session.rules();
            let warning = session.warning(moment.now).map(|left| (left, rules.warning));
            doors::view(doors::Shown { visit, rules, warning, moment }, m)
        }
        State::Technician(technician) => technician::view(technician, shown.diagnostics, moment, m),
        state @ (State::SignedOut { .. } | State::Checking { .. }) => {
            let clock = m.words.time(shown.time, m.panel.clock_24h);
            if session.is_dim() {
                return dim::view(labels, &clock, shown.minutes, m);
            }
            let wait = session.budget().wait(moment.now);
            let said = AtRest { wait, outage: shown.outage, is_reader_missing: shown.is_reader_missing, clock: &clock };
            sign_in::view(state, session.rules(), labels, said, m)
        }
    }
}
