//! Which readers' beacons this kiosk hears, how strong they are, and for which doors of whom that makes a difference.

use std::collections::BTreeMap;

use vestibule::{
    config::Config,
    door::{Door, DoorId},
    enrol::access::Blocked,
    kisi::Restriction,
    proximity::Proofs,
};

use super::{Finding, Severity, finding};

/// What was heard: the lower 22 bits of the lock's id, and the signal in dBm. `Err`: why nothing can be heard.
pub(super) type Heard = Result<Vec<(u64, Option<i16>)>, String>;

/// Listens for as long as a code counts. `None` where the kiosk does not.
pub(super) async fn listen(config: &Config) -> Option<Heard> {
    if !config.proximity.beacons {
        return None;
    }
    #[cfg(target_os = "linux")]
    {
        use vestibule::{beacons, platform::suspend, proximity::FRESH};
        let heard = beacons::listen_to_all(&beacons::Bus::System, suspend::time_suspended, FRESH).await;
        Some(heard.map_err(|error| error.to_string()))
    }
    #[cfg(not(target_os = "linux"))]
    Some(Err("beacons can be heard on Linux only".to_owned()))
}

/// One finding per door that asks for its reader. Removes the rows of doors whose reader is heard: the kiosk opens them.
pub(super) fn findings(
    heard: &Heard,
    rows: &mut Vec<(String, Blocked)>,
    seen: &BTreeMap<DoorId, Door>,
) -> Vec<Finding> {
    let heard = match heard {
        Ok(heard) => heard,
        Err(why) => return vec![finding("beacons", Severity::Unwell, format!("readers cannot be heard: {why}"))],
    };
    let of = |door: DoorId| heard.iter().find(|(lock, _)| Proofs::is_of(*lock, door));
    let mut people: BTreeMap<DoorId, (String, Vec<String>)> = BTreeMap::new();
    for (person, blocked) in rows.iter().filter(|(_, blocked)| blocked.restriction == Restriction::Reader) {
        if let Some(id) = blocked.id {
            let (_, people) = people.entry(id).or_insert_with(|| (blocked.door.clone(), Vec::new()));
            if !people.contains(person) {
                people.push(person.clone());
            }
        }
    }
    let mut findings: Vec<Finding> = people
        .iter()
        .map(|(id, (name, people))| {
            let people = people.join(", ");
            match of(*id) {
                Some((_, signal)) => {
                    let text =
                        format!("\"{name}\": its reader is heard ({}), which opens it for {people}", dbm(*signal));
                    finding("beacons", Severity::Well, text)
                }
                None => {
                    let text = format!("\"{name}\": its reader is not heard, so it stays closed here for {people}");
                    finding("beacons", Severity::Warning, text)
                }
            }
        })
        .collect();
    rows.retain(|(_, row)| row.restriction != Restriction::Reader || row.id.is_none_or(|id| of(id).is_none()));
    let others = heard.iter().filter(|(lock, _)| !people.keys().any(|id| Proofs::is_of(*lock, *id)));
    let others: Vec<String> = others
        .map(|(lock, signal)| {
            let door = seen.values().find(|door| Proofs::is_of(*lock, door.id));
            let name =
                door.map_or_else(|| format!("an unknown door (lock ...{lock})"), |door| format!("\"{}\"", door.name));
            format!("{name} ({})", dbm(*signal))
        })
        .collect();
    if !others.is_empty() {
        let text = format!("also heard, which makes no difference to anybody's doors: {}", others.join(", "));
        findings.push(finding("beacons", Severity::Well, text));
    }
    if findings.is_empty() {
        findings.push(finding("beacons", Severity::Well, "no reader is heard, and nobody's doors ask for one"));
    }
    findings
}

fn dbm(signal: Option<i16>) -> String {
    signal.map_or_else(|| "strength unknown".to_owned(), |signal| format!("{signal} dBm"))
}
