//! The doors of the last visit: whose they are, and when they are forgotten.

use std::path::Path;

use super::*;
use crate::{
    private_files::temporary_folder,
    secret::Secret,
    staff::Pin,
    store::directory::{Cost, Enrolment, Renewal},
};

const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";

fn open(folder: &Path) -> Directory {
    Directory::open(folder, None, || Cost::MINIMUM).unwrap()
}

fn enrol(directory: &mut Directory, email: &str) -> StaffId {
    let _ = directory
        .enrol(&Enrolment {
            email,
            name: "Somebody",
            login_id: 77,
            secret: &Secret::new("login".to_owned()),
            badge: None,
            pin_digits: Some(6),
            badge_alone: true,
            outbox_entry: None,
        })
        .unwrap();
    directory.person(email).unwrap().unwrap().id
}

fn list() -> DoorList {
    let door = |id, name: &str, place: Option<Place>| Door {
        id: DoorId::new(id),
        name: name.to_owned(),
        kisi_name: format!("{name} at Kisi"),
        place,
        state: DoorState::Remembered,
        allowance: None,
    };
    let house = Place { id: PlaceId::new(3), name: "Harbour House".to_owned() };
    DoorList { doors: vec![door(9, "Büro", Some(house)), door(2, "Lobby", None)], incomplete: true }
}

#[test]
fn what_is_kept_comes_back_in_order_and_without_a_state() {
    let folder = temporary_folder("vestibule-").unwrap();
    let mut directory = open(folder.path());
    let (ada, grace) = (enrol(&mut directory, ADA), enrol(&mut directory, GRACE));
    assert_eq!(directory.last_doors(ada, 1).unwrap(), None, "nobody was here yet");
    let mut seen = list();
    (seen.doors[0].state, seen.doors[1].state) = (DoorState::Open, DoorState::Offline);
    directory.keep_last_doors(ada, 1, &seen).unwrap();
    drop(directory);
    let directory = open(folder.path());
    assert_eq!(directory.last_doors(ada, 1).unwrap(), Some(list()));
    assert_eq!(directory.last_doors(grace, 1).unwrap(), None);
    directory.keep_last_doors(ada, 1, &DoorList::default()).unwrap();
    assert_eq!(directory.last_doors(ada, 1).unwrap(), Some(DoorList::default()), "the newest");
    directory.check().unwrap();
}

/// No name of a door is in the file, and a list that was changed, or moved to another person, is not used.
#[test]
fn a_list_opens_for_its_person_only_and_unchanged() {
    let folder = temporary_folder("vestibule-").unwrap();
    let mut directory = open(folder.path());
    let (ada, grace) = (enrol(&mut directory, ADA), enrol(&mut directory, GRACE));
    directory.keep_last_doors(ada, 1, &list()).unwrap();
    let sealed: Vec<u8> = directory.db.query_row("SELECT sealed FROM last_doors", [], |row| row.get(0)).unwrap();
    for name in ["Lobby", "Büro", "Harbour"] {
        assert!(memchr_of(&sealed, name.as_bytes()).is_none(), "{name}");
    }
    let put = |staff: StaffId, sealed: &[u8]| {
        let sql = "INSERT OR REPLACE INTO last_doors (staff_id, sealed) VALUES (?1, ?2)";
        let _ = directory.db.execute(sql, params![staff.get(), sealed]).unwrap();
    };
    put(grace, &sealed);
    assert_eq!(directory.last_doors(grace, 1).unwrap(), None, "somebody else's");
    assert_eq!(directory.last_doors(ada, 2).unwrap(), None, "of an earlier login");
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        put(ada, &changed);
        assert_eq!(directory.last_doors(ada, 1).unwrap(), None, "byte {at}");
        put(ada, &sealed[..at]);
        assert_eq!(directory.last_doors(ada, 1).unwrap(), None, "{at} bytes");
    }
    put(ada, &sealed);
    assert_eq!(directory.last_doors(ada, 1).unwrap(), Some(list()));
}

fn memchr_of(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// Whose visit was open while they were suspended, renewed, removed or refused leaves no list either.
#[test]
fn nobody_who_is_suspended_renewed_removed_or_refused_has_a_list() {
    type Change = fn(&mut Directory, StaffId);
    let changes: [(&str, Change); 4] = [
        ("suspended", |directory, _| assert!(directory.suspend(ADA, true).unwrap())),
        ("renewed", |directory, ada| {
            let outbox_entry = directory.outbox().note_making(ADA).unwrap();
            let secret = &Secret::new("another".to_owned());
            let renewal = Renewal { login_id: 78, secret, pin_digits: None, badge_alone: true, outbox_entry };
            let _: Option<Pin> = directory.renew(ada, &renewal, &mut |_| Ok(())).unwrap();
        }),
        ("removed", |directory, _| directory.remove(ADA).unwrap()),
        ("refused", |directory, ada| assert!(directory.note_refused(ada, 1, true).unwrap())),
    ];
    for (what, change) in changes {
        let folder = temporary_folder("vestibule-").unwrap();
        let mut directory = open(folder.path());
        let (ada, grace) = (enrol(&mut directory, ADA), enrol(&mut directory, GRACE));
        directory.keep_last_doors(ada, 1, &list()).unwrap();
        directory.keep_last_doors(grace, 1, &list()).unwrap();
        change(&mut directory, ada);
        let kept = |directory: &Directory| -> Vec<i64> {
            let mut select = directory.db.prepare("SELECT staff_id FROM last_doors").unwrap();
            let rows = select.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        };
        assert_eq!(kept(&directory), [grace.get()], "{what}");
        // The visit that was open lists its doors after that.
        directory.keep_last_doors(ada, 1, &list()).unwrap();
        if what != "refused" {
            assert_eq!(kept(&directory), [grace.get()], "{what}, and then listed");
        }
        directory.check().unwrap();
    }
}

#[test]
fn a_rekey_and_the_configuration_forget_everybodys_doors() {
    let folder = temporary_folder("vestibule-").unwrap();
    let mut directory = open(folder.path());
    let ada = enrol(&mut directory, ADA);
    directory.keep_last_doors(ada, 1, &list()).unwrap();
    let _ = directory.rekey(None).unwrap();
    let directory = open(folder.path());
    assert_eq!(directory.last_doors(ada, 1).unwrap(), None);
    directory.keep_last_doors(ada, 1, &list()).unwrap();
    assert_eq!(directory.last_doors(ada, 1).unwrap(), Some(list()), "with the new key");
    assert_eq!(directory.forget_last_doors().unwrap(), 1);
    assert_eq!(directory.last_doors(ada, 1).unwrap(), None);
}
