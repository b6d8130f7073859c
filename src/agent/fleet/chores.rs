//! What a kiosk of a fleet does each minute.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    agent::{Agent, asking::Standing, completion},
    error_chain::Chain,
};

impl Agent {
    /// Once a minute: says that the kiosk is there, and forgets copies that have served their time.
    pub(in crate::agent) fn fleet_chores(&mut self, is_hour: bool) {
        let Some(fleet) = &self.fleet else { return };
        let (link, oldest) = (Arc::clone(&fleet.link), Timestamp::now().checked_sub(fleet.offline()));
        let present = self.visit.as_ref().map(|visit| visit.who.staff);
        if let Ok(oldest) = oldest {
            match self.authenticator().directory.forget_old_copies(oldest, present) {
                Ok(0) => {}
                Ok(people) => tracing::info!(people, "copies of people who were not here lately were forgotten"),
                Err(error) => tracing::error!(error = %Chain(&error), "old copies cannot be forgotten"),
            }
        }
        self.report_fleet();
        match self.fleet_standing() {
            Some(Standing::Comparing | Standing::Current) => {}
            Some(Standing::Doubted) => return self.ask_whether_restored(),
            Some(Standing::Away) | None => return,
        }
        let _ = self.work.spawn(async move {
            let welcome = link.beat().await;
            if is_hour && let Err(error) = link.prune().await {
                tracing::debug!(error = %Chain(&error), "the fleet's old records are not pruned");
            }
            completion(move |agent| {
                if let Ok(welcome) = welcome {
                    if let Some(fleet) = &mut agent.fleet {
                        fleet.answered();
                    }
                    agent.change_limits(|limits| limits.take(&welcome));
                    if is_hour {
                        agent.keep_last_contact();
                    }
                }
            })
        });
        self.compare_copies();
        self.ship();
    }

    /// Asks a database that is not trusted whether an admin says that it was restored.
    fn ask_whether_restored(&mut self) {
        let Some(link) = self.fleet.as_ref().map(|fleet| Arc::clone(&fleet.link)) else { return };
        let _ = self.work.spawn(async move {
            let welcome = link.beat().await;
            completion(move |agent| {
                if let Ok(welcome) = welcome {
                    agent.fleet_is_there(&welcome);
                    agent.report_fleet();
                }
            })
        });
    }
}
