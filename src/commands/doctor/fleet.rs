//! The checks of a fleet: on an admin's machine its database and its kiosks, on a kiosk whether it reaches them.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use vestibule::{
    config::Config,
    error_chain::Chain,
    fleet::{self, Access, Connection, Guesses, Kiosk, Membership, Rate, ServerState, VERSION},
    store::directory::{BadgeOdds, Directory, Odds, Spray},
    wiring,
};

use super::{
    super::{
        Site,
        failure::Failure,
        fleet::Admin,
        report::{count, records},
    },
    Finding, Guessing,
    Severity::{Unwell, Warning, Well},
    finding,
};

/// A kiosk is heard of each minute. After this it is worth a look.
const SILENT: SignedDuration = SignedDuration::from_mins(5);
/// Connections of the server for admins, standbys and backups.
const OTHERS: i64 = 10;

/// What guessing costs over all kiosks: each has guesses of its own.
pub(super) fn guessing(site: &Site, own: Guessing) -> Result<Guessing, Failure> {
    let Guesses { kiosks, pins_at_a_site, rates } =
        site.fleet_people()?.ask(|list| async move { list.guesses().await })?;
    let all = |kind: &str| {
        let rate = rates.iter().find(|rate| rate.kind == kind);
        rate.map(|Rate { holds, refill, .. }| (holds.saturating_mul(kiosks), *refill / kiosks.max(1)))
    };
    let pins = match all("pin") {
        Some((guesses, refill)) => Odds { guesses, refill, people: pins_at_a_site, ..own.pins },
        None => own.pins,
    };
    let badges = match (own.badges, all("badge")) {
        (Some(odds), Some((guesses, refill))) => Some(BadgeOdds { guesses, refill, ..odds }),
        (odds, _) => odds,
    };
    let spray = rates.iter().find(|rate| rate.kind == "tries");
    let spray = spray.map_or(own.spray, |rate| Spray { guesses: rate.holds, refill: rate.refill, ..own.spray });
    Ok(Guessing { pins, badges, spray })
}

/// The database and the kiosks, as an admin sees them.
pub(super) fn findings(site: &Site) -> Result<Vec<Finding>, Failure> {
    let Some(database) = site.people.database() else { return Ok(Vec::new()) };
    let admin = Admin::open(database)?;
    let list = &admin.connection;
    let version = admin.run(list.settings())?.schema_version;
    let kiosks = admin.run(list.kiosks())?;
    let mut findings = vec![if version == VERSION {
        finding("fleet", Well, format!("version {version} of the tables"))
    } else {
        finding(
            "fleet",
            Unwell,
            format!("version {version} of the tables, this program knows {VERSION}: run `vestibule fleet upgrade`"),
        )
    }];
    findings.extend(server(&admin.run(list.server_state())?, kiosks.len()));
    findings.extend(kiosks.iter().filter_map(|kiosk| of_kiosk(kiosk, Timestamp::now())));
    for kiosk in kiosks.iter().filter(|kiosk| kiosk.expelled.is_some()) {
        let exposed = admin.run(list.exposed(&kiosk.role))?.len();
        if 0 < exposed {
            let text = format!(
                "{}, expelled, may hold the logins of {}: run `vestibule fleet expel {}`",
                kiosk.name,
                count(exposed, "person", "people"),
                // Another kiosk may have the name.
                kiosk.role
            );
            findings.push(finding("kiosk", Unwell, text));
        }
    }
    let here = kiosks.iter().filter(|kiosk| kiosk.expelled.is_none());
    let connected = here.clone().filter(|kiosk| kiosk.is_connected).count();
    findings.push(finding("kiosks", Well, format!("{connected} of {} connected", here.count())));
    Ok(findings)
}

fn server(state: &ServerState, kiosks: usize) -> Vec<Finding> {
    let ServerState { version, prepared_transactions, connections, standbys, large_objects, queue } = state;
    let mut findings = vec![finding("database", Well, format!("PostgreSQL {}.{}", version / 10_000, version % 10_000))];
    if 0 < *prepared_transactions {
        let text =
            "max_prepared_transactions is above 0: a stolen kiosk's locks could outlive its sessions. Set it to 0";
        findings.push(finding("database", Unwell, text));
    }
    let needed = i64::try_from(kiosks).unwrap_or(i64::MAX).saturating_add(OTHERS);
    if i64::from(*connections) < needed {
        let text = format!("max_connections is {connections}, and each kiosk holds one: set it to {needed} or more");
        findings.push(finding("database", Unwell, text));
    }
    if standbys.is_empty() {
        let text = "no commit waits for a standby: if the server loses its disk, unlocks that it acknowledged are lost with it, and \
                    its backup needs `vestibule fleet restored`";
        findings.push(finding("database", Warning, text));
    }
    if 0 < *large_objects {
        let text =
            format!("{large_objects} large objects: no kiosk of this program makes any. Find out whose they are");
        findings.push(finding("database", Warning, text));
    }
    if 0.25 < *queue {
        let text = "the queue of notifications fills up: a session sits in a transaction. Above one half, suspensions take a minute to \
                    reach kiosks";
        findings.push(finding("database", Warning, text));
    }
    findings
}

fn of_kiosk(kiosk: &Kiosk, now: Timestamp) -> Option<Finding> {
    if kiosk.expelled.is_some() || kiosk.is_connected {
        return None;
    }
    let text = match kiosk.last_contact {
        Some(at) if now.duration_since(at) < SILENT => return None,
        Some(at) => format!("{} at {} was last heard of {at:.0}", kiosk.name, kiosk.site),
        None => format!("{} at {} was never heard of", kiosk.name, kiosk.site),
    };
    Some(finding("kiosk", Unwell, text))
}

/// Whether a kiosk of a fleet reaches its database, and what it still has to send.
pub(super) async fn of_this_kiosk(config: &Config, directory: &Directory) -> Result<Option<Finding>, Failure> {
    let kept = directory.fleet_secrets()?.and_then(|kept| Membership::from_bytes(&kept));
    let Some(joined) = kept.filter(|joined| joined.keys.is_some()) else { return Ok(None) };
    let asked = async {
        let Access { address, ca, account } = wiring::fleet_access(config, &joined)?;
        Connection::open(&address, ca.as_deref(), &account).await?.hello().await
    };
    let asked = tokio::time::timeout(Duration::from_secs(10), asked).await;
    let welcome = match asked.unwrap_or(Err(fleet::Error::Silent(Duration::from_secs(10)))) {
        Ok(welcome) => welcome,
        Err(error) => {
            let text = format!(
                "the database cannot be used: {}. People who were here lately sign in by copies",
                Chain(&error)
            );
            return Ok(Some(finding("fleet", Unwell, text)));
        }
    };
    let newest = wiring::log(directory)?.head()?.map_or(0, |head| head.seq);
    let text = format!("the database answers; {} still to be sent", records(newest.saturating_sub(welcome.shipped)));
    Ok(Some(if newest < welcome.shipped {
        finding(
            "fleet",
            Unwell,
            "the database has records that this kiosk does not have: was its data folder restored?",
        )
    } else {
        finding("fleet", Well, text)
    }))
}
