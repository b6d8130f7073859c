//! Asking the fleet's database who somebody is.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio::{sync::watch, time};

use super::Standing;
use crate::{
    error_chain::Chain,
    fleet::{self, Found, Guess, Link, Refusal},
    store::directory::{Index, Presented},
};

/// The comparison of copies after a reconnect is awaited for this long. Then nobody signs in by a copy.
const SETTLE: Duration = Duration::from_millis(900);

/// What a sign-in needs to ask.
#[derive(Clone)]
pub(in crate::agent) struct Asking {
    pub(super) link: Arc<Link>,
    pub(super) standing: watch::Receiver<Standing>,
    /// For how long a copy serves.
    pub(super) offline: SignedDuration,
}

/// What the database says to a credential.
pub(in crate::agent) enum Answer {
    /// Somebody has it, under this index.
    Found(Index, Box<Found>),
    /// Nobody has it who may sign in here.
    Unknown,
    /// This kiosk has no guess left there for so long.
    Spent(Duration),
    /// It does not answer.
    Silent,
}

/// Somebody signed in by a copy, and the database is asked afterwards.
pub(in crate::agent) struct Confirmation {
    pub(in crate::agent) presented: Arc<Presented>,
    pub(in crate::agent) indexes: Vec<Index>,
}

impl Asking {
    /// How the kiosk stands to the database, and for how long copies serve.
    pub(in crate::agent) async fn settled(&mut self) -> (Standing, SignedDuration) {
        let settled = self.standing.wait_for(|standing| *standing != Standing::Comparing);
        let standing = match time::timeout(SETTLE, settled).await {
            Ok(Ok(standing)) => *standing,
            Ok(Err(_)) | Err(_) => Standing::Comparing,
        };
        (standing, self.offline)
    }

    /// Asks for each index until one is somebody's. Each costs a guess.
    pub(in crate::agent) async fn ask(&self, indexes: Vec<Index>) -> Answer {
        for index in indexes {
            match self.link.sign_in(guess(index)).await {
                Ok(Some(found)) => return Answer::Found(index, Box::new(found)),
                Ok(None) => {}
                Err(fleet::Error::Refused(Refusal::Spent(wait))) => return Answer::Spent(wait),
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "the fleet does not say who somebody is");
                    return Answer::Silent;
                }
            }
        }
        Answer::Unknown
    }
}

fn guess(index: Index) -> Guess {
    match index {
        Index::Pin(tag) => Guess::Pin(tag),
        Index::Badge(tag) => Guess::Badge(tag),
        Index::BadgeWithPin { badge, pin } => Guess::BadgeWithPin { badge, pin },
    }
}
