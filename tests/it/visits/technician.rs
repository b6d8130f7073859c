//! The technician screen: sign-in, contents, actions and audit records.

use std::time::Duration;

use vestibule::{session::State, simulator::fault::Fault, staff::Pin, store::audit::Action, testing};

use crate::support::headless::{BADGE, Kiosk, Site, english};

fn issued(site: &Site) -> String {
    site.directory().issue_technician_pin(&mut |_| Ok(())).unwrap().expose_text()
}

fn come(kiosk: &mut Kiosk, pin: &str) {
    kiosk.hold_the_clock();
    kiosk.type_pin(pin);
}

/// R55, T23: the technician screen shows the state of the kiosk without names, and every step is audited.
#[test]
fn the_technician_sees_the_state_and_every_action_is_audited() {
    let site = Site::new();
    let (pin, other) = (issued(&site), site.enrol("grace@example.com", Some(BADGE), true));
    let headers = vec![("Sunset".to_owned(), "Fri, 01 Jan 2027 00:00:00 GMT".to_owned())];
    let ending = Fault { headers, ..Fault::default() }.at("POST", "/locks/");
    site.kisi.with(|world| world.faults = vec![ending]);
    let mut kiosk = site.kiosk();
    kiosk.scan(BADGE);
    kiosk.wait(Duration::from_millis(450));
    kiosk.tap_door("Main entrance");
    kiosk.wait(Duration::from_millis(450));
    kiosk.tap(&english().say("sign-out"));
    come(&mut kiosk, &pin);
    for shown in ["technician", "reload", "leave", "done"] {
        assert!(kiosk.shows(&english().say(shown)), "{shown}: {:?}", kiosk.texts());
    }
    let texts = kiosk.texts().join("\n");
    assert!(texts.contains("Main entrance: accepted") && texts.contains("Network\nok"), "{texts}");
    let ends = "POST /locks/{id}/unlock: deprecated since unknown, to be removed on Fri, 01 Jan 2027 00:00:00 GMT";
    assert!(texts.contains(ends), "the sunset notice: {texts}");
    assert!(!texts.contains("grace") && !texts.contains("Grace"), "nobody is named: {texts}");
    kiosk.tap(&english().say("restore-guesses"));
    kiosk.tap(&english().say("done"));
    assert!(kiosk.is_at_rest());
    let steps = site.records_once(Action::Technician, 3);
    assert_eq!(steps, ["in", "guesses restored", "out"]);
    // A staff PIN does not lead to this screen, and the technician PIN signs nobody in.
    kiosk.type_pin(&other);
    assert!(matches!(testing::state(&kiosk.app), Some(State::SignedIn(_))));
    kiosk.tap(&english().say("sign-out"));
    kiosk.type_pin(&pin[..6]);
    assert!(kiosk.shows(&english().say("not-known")));
}

/// T23: after five wrong technician PINs the right one is refused too, also after a restart.
#[test]
fn five_wrong_technician_pins_lock_the_technician_out() {
    let site = Site::new();
    let pin = issued(&site);
    let wrong = if pin == "91827364" { "46372819" } else { "91827364" };
    let mut kiosk = site.kiosk();
    for _ in 0..5 {
        come(&mut kiosk, wrong);
        assert!(kiosk.shows(&english().say("not-known")), "{:?}", kiosk.texts());
        kiosk.wait(Duration::from_millis(50));
    }
    kiosk.restart(site.start());
    come(&mut kiosk, &pin);
    assert!(kiosk.is_at_rest() && kiosk.shows(&english().say("not-known")), "{:?}", kiosk.texts());
    assert_eq!(site.directory().counters().technician_tries().unwrap(), Some(0));
    assert_eq!(site.records_once(Action::BudgetSpent, 1), ["technician"]);
    assert_eq!(site.directory().counters().guesses_left().unwrap().unwrap_or(10), 10, "the keypad budget is untouched");
}

#[test]
fn a_kiosk_without_a_technicians_pin_says_so() {
    let site = Site::new();
    let mut kiosk = site.kiosk();
    come(&mut kiosk, "91827364");
    assert!(kiosk.shows(&english().say("no-technician")), "{:?}", kiosk.texts());
    assert_eq!(Pin::TECHNICIAN_DIGITS, 8);
}
