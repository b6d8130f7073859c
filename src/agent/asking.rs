//! Asking the fleet's database who somebody is.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio::{
    sync::watch,
    time::{self, Instant},
};

use crate::{
    error_chain::Chain,
    fleet::{self, Found, Guess, Link, Refusal},
    status::{Status, fleet::SignInSource},
    store::directory::{Index, Presented},
};

/// The comparison of copies after a reconnect is awaited for this long. A database that does not answer within it counts as away.
const SETTLE: Duration = Duration::from_millis(900);

/// How the kiosk stands to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// There is no connection.
    Away,
    /// There is one, and the kiosk asks which of its copies have changed. A sign-in waits for the answer.
    Comparing,
    /// The copies are as the database has them.
    Current,
    /// The database lost records that it had acknowledged, so it may have forgotten suspensions too: it is neither asked nor
    /// told anything, and nobody signs in.
    Doubted,
}

/// How the kiosk stands to the database, and for how long copies serve.
pub(super) type Window = (Standing, SignedDuration);

/// What a sign-in needs to ask.
#[derive(Clone)]
pub(super) struct Asking {
    pub(super) link: Arc<Link>,
    pub(super) standing: watch::Receiver<Standing>,
    /// For how long a copy serves.
    pub(super) offline: SignedDuration,
    pub(super) status: Status,
}

/// What the database says to a credential.
pub(super) enum Answer {
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
pub(super) struct Confirmation {
    pub(super) presented: Arc<Presented>,
    pub(super) indexes: Vec<Index>,
}

impl Asking {
    /// How the kiosk stands to the database, and for how long copies serve.
    pub(super) async fn settled(&mut self) -> (Standing, SignedDuration) {
        let settled = self.standing.wait_for(|standing| *standing != Standing::Comparing);
        let standing = match time::timeout(SETTLE, settled).await {
            Ok(Ok(standing)) => *standing,
            Ok(Err(_)) | Err(_) => Standing::Away,
        };
        (standing, self.offline)
    }

    /// Asks for each index until one is somebody's. Each costs a guess.
    pub(super) async fn ask(&self, indexes: Vec<Index>) -> Answer {
        let begin = Instant::now();
        let answer = self.ask_each(indexes).await;
        self.status.metrics().fleet().looked_up(begin.elapsed());
        answer
    }

    /// Counts a sign-in by what answered it.
    pub(super) fn count(&self, source: SignInSource) {
        self.status.metrics().fleet().signed_in(source);
    }

    async fn ask_each(&self, indexes: Vec<Index>) -> Answer {
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
