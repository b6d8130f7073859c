//! Rules for single doors in `kiosk.toml`: by name, which covers every door of that name, and by id, which survives a rename.

use std::{fs, time::Duration};

use vestibule::{
    session::{State, visit::Attempt},
    simulator::world::World,
    testing,
};

use crate::support::{
    files::Files,
    headless::{Kiosk, Site},
};

/// Gives two doors of Ada the same name.
fn two_vaults(world: &mut World) {
    for id in [101, 102] {
        if let Some(door) = world.doors.get_mut(&id) {
            door.name = "Vault".to_owned();
        }
    }
}

fn at_the_doors(site: &Site) -> Kiosk {
    let pin = site.enrol("ada@example.com", None, true);
    let mut kiosk = site.kiosk();
    kiosk.type_pin(&pin);
    kiosk.wait(Duration::from_millis(450));
    kiosk
}

fn asks(kiosk: &Kiosk) -> bool {
    let Some(State::SignedIn(visit)) = testing::state(&kiosk.app) else { panic!("nobody is signed in") };
    matches!(visit.attempt, Attempt::Asked(..))
}

#[test]
fn a_rule_by_name_covers_both_of_two_doors() {
    let site = Site::with(two_vaults, "[doors]\nconfirm = [\"Vault\"]\n");
    for name in ["Vault", "Vault (2)"] {
        let mut kiosk = if name == "Vault" { at_the_doors(&site) } else { site.kiosk() };
        if name != "Vault" {
            let pin = fresh_pin(&site);
            kiosk.type_pin(&pin);
            kiosk.wait(Duration::from_millis(450));
        }
        kiosk.tap_door(name);
        assert!(asks(&kiosk), "{name}");
        site.kisi.with(|world| assert_eq!(world.unlocks(), 0));
    }
}

/// A PIN of somebody else with the same doors.
fn fresh_pin(site: &Site) -> String {
    site.kisi.with(|world| {
        let grace = world.person_by_email("grace@example.com").unwrap().id;
        let ada = world.person_by_email("ada@example.com").unwrap().id;
        let theirs: Vec<_> = world.rights.iter().filter(|right| right.person == ada).cloned().collect();
        world.rights.extend(theirs.into_iter().map(|mut right| {
            right.person = grace;
            right
        }));
    });
    site.enrol("grace@example.com", None, true)
}

#[test]
fn a_hidden_name_hides_both_of_two_doors_and_an_id_hides_one() {
    let site = Site::with(two_vaults, "[doors]\nhide = [\"Vault\"]\n");
    let kiosk = at_the_doors(&site);
    assert!(!kiosk.texts().iter().any(|text| text.starts_with("Vault")), "{:?}", kiosk.texts());
    let site = Site::with(two_vaults, "[doors]\nhide = [\"id:101\"]\n");
    let kiosk = at_the_doors(&site);
    let vaults = kiosk.texts().into_iter().filter(|text| text.starts_with("Vault")).count();
    assert_eq!(vaults, 1, "{:?}", kiosk.texts());
}

#[test]
fn a_limit_by_name_counts_each_of_two_doors() {
    let site = Site::with(two_vaults, "[limits]\nper_door = { Vault = 3, \"id:102\" = 1 }\n");
    let kiosk = at_the_doors(&site);
    assert!(kiosk.shows("3 of 3 left") && kiosk.shows("1 of 1 left"), "{:?}", kiosk.texts());
}

/// `doctor` names a rule that matches nothing, one that stopped matching after a rename, and one that depends on the order
/// of equal names. It proposes ids.
#[test]
fn doctor_names_rules_that_match_nothing() {
    let files = Files::new();
    let config = fs::read_to_string(files.folder.join("kiosk.toml")).unwrap();
    let rules = "[doors]\nconfirm = [\"Main entrance\", \"LAB-A\"]\nhide = [\"Nowhere\", \"Meeting room (2)\"]\n";
    fs::write(files.folder.join("kiosk.toml"), config + rules).unwrap();
    let added = files.run(&["staff", "add", "ada@example.com", "--badge", "0012345678"]);
    assert!(added.status.success(), "{added:?}");
    let doctor = || String::from_utf8(files.run(&["doctor"]).stdout).unwrap();
    let said = doctor();
    let rule = |said: &str, rule: &str| {
        said.lines()
            .find(|line| line.contains("door rules") && line.contains(&format!("\"{rule}\"")))
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(rule(&said, "Main entrance"), "");
    assert!(rule(&said, "LAB-A").starts_with("BAD") && rule(&said, "LAB-A").contains("perhaps id:"), "{said}");
    assert!(rule(&said, "Nowhere").contains("matches none of"), "{said}");
    assert!(rule(&said, "Meeting room (2)").contains("depends on the order of equal names: write id:"), "{said}");
    files.site.kisi.with(|world| world.doors.get_mut(&101).unwrap().name = "Haupteingang".to_owned());
    let said = doctor();
    let wanted =
        "\"Main entrance\" was renamed at Kisi, so the rule does not mean this door now: write id:101 (Haupteingang)";
    assert!(rule(&said, "Main entrance").contains(wanted), "{said}");
}

/// The kiosk itself remembers the doors, so that a rename is found although `doctor` never ran before.
#[test]
fn the_kiosk_remembers_which_doors_a_rule_meant() {
    let site = Site::with(|_| {}, "[doors]\nconfirm = [\"Main entrance\"]\n");
    drop(at_the_doors(&site));
    let remembered = fs::read_to_string(site.folder.path().join("door-rules.json")).unwrap();
    assert_eq!(remembered, "{\"Main entrance\":[101]}");
}
