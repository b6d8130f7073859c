//! The database of a fleet: many kiosks that share people, limits and guesses. PostgreSQL, 15 or newer, reached by each kiosk
//! and by admins' machines directly. They may execute functions and read no table: `fleet/schema` has both, and why.

mod address;
mod admin;
mod connection;
mod error;
mod health;
mod link;
mod pairing;
mod people;
mod records;
mod restored;
mod rows;
mod schema;
mod session;
mod settings;
mod welcome;

pub use self::{
    address::Address,
    admin::{Kiosk, Site, WaitingKiosk},
    connection::{Account, Connection},
    error::{Error, Refusal, TagKind},
    health::{Guesses, Rate, ServerState},
    link::{Access, Link, LinkEvent},
    pairing::{Code, JOIN_ROLE, JoinRequest, Membership, WrappedKeys},
    people::Listed,
    records::Chain,
    restored::Restored,
    schema::{FirstKey, VERSION, init, upgrade},
    session::{Found, Guess, Intended, Intent, Outcome, PastIntent, Shipment},
    settings::{Setting, Settings},
    welcome::Welcome,
};
