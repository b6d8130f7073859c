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

/// Other readers that are listed at most.
const LISTED: usize = 12;

/// Listens for as long as a code counts, to the readers of these doors in any case. `None` where the kiosk does not.
pub(super) async fn listen(config: &Config, doors: impl Iterator<Item = DoorId>) -> Option<Heard> {
    if !config.proximity.beacons {
        return None;
    }
    #[cfg(target_os = "linux")]
    {
        use vestibule::{beacons, platform::suspend, proximity::FRESH};
        let heard = beacons::listen_to_all(&beacons::Bus::System, suspend::time_suspended, FRESH, doors).await;
        Some(heard.map_err(|error| error.to_string()))
    }
    #[cfg(not(target_os = "linux"))]
    drop(doors);
    #[cfg(not(target_os = "linux"))]
    Some(Err("beacons can be heard on Linux only".to_owned()))
}

/// One finding per door that asks for its reader. Removes the rows of doors whose reader is heard: the kiosk opens them.
/// `knows_all`: everybody's doors could be checked.
pub(super) fn findings(
    heard: &Heard,
    rows: &mut Vec<(String, Blocked)>,
    seen: &BTreeMap<DoorId, Door>,
    knows_all: bool,
) -> Vec<Finding> {
    let heard = match heard {
        Ok(heard) => heard,
        Err(why) => return vec![finding("beacons", Severity::Unwell, format!("readers cannot be heard: {why}"))],
    };
    // A beacon does not say for which of two doors with the same lower bits it is.
    let is_alone = |lock: u64| seen.keys().filter(|door| Proofs::is_of(lock, **door)).count() < 2;
    let of = |door: DoorId| heard.iter().find(|(lock, _)| Proofs::is_of(*lock, door) && is_alone(*lock));
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
            if let Some((_, signal)) = of(*id) {
                let text = format!("\"{name}\": its reader is heard ({}), which opens it for {people}", dbm(*signal));
                finding("beacons", Severity::Well, text)
            } else {
                let text = format!("\"{name}\": its reader is not heard, so it stays closed here for {people}");
                finding("beacons", Severity::Warning, text)
            }
        })
        .collect();
    rows.retain(|(_, row)| row.restriction != Restriction::Reader || row.id.is_none_or(|id| of(id).is_none()));
    let is_said = |lock: u64| people.keys().any(|id| Proofs::is_of(lock, *id)) && is_alone(lock);
    let others = heard.iter().filter(|(lock, _)| !is_said(*lock));
    let mut others: Vec<String> =
        others.map(|(lock, signal)| format!("{} ({})", of_lock(*lock, seen), dbm(*signal))).collect();
    if LISTED < others.len() {
        let more = others.split_off(LISTED).len();
        others.push(format!("and {more} more"));
    }
    if !others.is_empty() {
        let difference = if knows_all { "no difference to anybody's doors" } else { "not all doors could be checked" };
        findings.push(finding("beacons", Severity::Well, format!("also heard, {difference}: {}", others.join(", "))));
    }
    if findings.is_empty() {
        let asks = if knows_all { "nobody's doors ask for one" } else { "not all doors could be checked" };
        findings.push(finding("beacons", Severity::Well, format!("no reader is heard, and {asks}")));
    }
    findings
}

/// The doors that a reader may belong to.
fn of_lock(lock: u64, seen: &BTreeMap<DoorId, Door>) -> String {
    let names = seen.values().filter(|door| Proofs::is_of(lock, door.id)).map(|door| format!("\"{}\"", door.name));
    let names: Vec<String> = names.collect();
    match names.as_slice() {
        [] => format!("an unknown door (lock ...{lock})"),
        [name] => name.clone(),
        several => format!("{}, whose beacons look the same and prove nothing", several.join(" or ")),
    }
}

fn dbm(signal: Option<i16>) -> String {
    signal.map_or_else(|| "strength unknown".to_owned(), |signal| format!("{signal} dBm"))
}
