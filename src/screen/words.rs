//! Every sentence that people read at the kiosk. One place, so that it can be checked and translated.

use std::time::Duration;

use crate::{
    door::{Allowance, DoorState, Outcome},
    session::Denial,
    trouble::Trouble,
};

/// At rest, when PINs and badges are taken.
pub const PROMPT: &str = "Type your PIN or scan your badge";
/// At rest, when only PINs are taken.
pub const PROMPT_PIN: &str = "Type your PIN";
/// At rest, when only badges are taken.
pub const PROMPT_BADGE: &str = "Scan your badge";
/// While a badge number is typed.
pub const PROMPT_NUMBER: &str = "Type your badge number, then OK";
/// When a badge waits for its PIN.
pub const PROMPT_PIN_OF_BADGE: &str = "Now type your PIN";
/// The key that takes a digit back.
pub const BACK: &str = "Delete";
/// The key that ends a badge number.
pub const ENTER: &str = "OK";
/// The key that changes to a badge number.
pub const TYPE_BADGE: &str = "Badge number";
/// The key that changes back.
pub const TYPE_PIN: &str = "Use a PIN instead";
/// While the agent looks for a person.
pub const CHECKING: &str = "One moment…";
/// Ends a visit.
pub const SIGN_OUT: &str = "Sign out";
/// Goes on with one.
pub const STILL_HERE: &str = "I'm still here";
/// Instead of doors.
pub const NO_DOORS: &str = "Kisi lists no door for you";
/// And what to do about it.
pub const NO_DOORS_ADVICE: &str = "Ask whoever looks after access in your company.";
/// Above the doors.
pub const TAP_A_DOOR: &str = "Tap a door to unlock it";
/// Above doors that are not all of them.
pub const INCOMPLETE: &str = "Not all of your doors can be shown here";
/// The next page of doors.
pub const NEXT_PAGE: &str = "More doors";
/// The kiosk cannot work.
pub const OUT_OF_ORDER: &str = "This kiosk cannot work right now";
/// What works instead.
pub const USE_A_CARD: &str = "Your card or phone still works at the reader beside the door.";
/// Above what the demo shows.
pub const SAMPLES: &str = "Demo: sample staff";

/// Greets a person.
pub fn hello(name: &str) -> String {
    format!("Hello {name}")
}

/// Which of the pages is shown.
pub fn page(page: usize, pages: usize) -> String {
    format!("{NEXT_PAGE} ({page} of {pages})")
}

/// Counts down. The last second is shown as one: nobody reads a zero.
pub fn signing_out(left: Duration) -> String {
    match left.as_secs() + u64::from(0 < left.subsec_nanos()) {
        0 | 1 => "Signing out in 1 second".to_owned(),
        seconds => format!("Signing out in {seconds} seconds"),
    }
}

/// There is no guess left. Badges that are scanned still work, where there are any.
pub fn too_many_guesses(wait: Duration, badges_work: bool) -> String {
    let seconds = wait.as_secs() + u64::from(0 < wait.subsec_nanos());
    let still = if badges_work { " Badges still work." } else { "" };
    format!("Too many wrong entries. Typing works again in {}:{:02}.{still}", seconds / 60, seconds % 60)
}

/// Whom to call.
pub fn help(phone: &str) -> String {
    format!("Help: {phone}")
}

/// Why nobody is signed in, and what to do.
pub fn denial(denial: Denial) -> &'static str {
    match denial {
        Denial::NotKnown | Denial::NotKnownAgain => "That did not work. Try again, or ask at reception.",
        Denial::TooManyBadges => "Too many unknown badges. Wait half a minute, or type your PIN.",
        Denial::NotRead => "That was not a badge number. Try again.",
        Denial::LoginDead => "Your access at this kiosk must be renewed. Ask at reception.",
        Denial::Network(trouble) => network(trouble),
        Denial::KioskFault => "This kiosk has a problem. Use your card at the reader, or ask at reception.",
        Denial::TooSlow => "That took too long. Try again.",
    }
}

/// What is wrong between here and Kisi. Whoever answers the phone can tell the kinds apart by these words.
pub fn network(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Name => "No network, or no name server: the door service was not found. Use your card at the reader.",
        Trouble::Unreachable => "The door service cannot be reached. Use your card at the reader, or try again.",
        Trouble::Proxy => "The proxy of this network does not let the kiosk out. Use your card, and tell reception.",
        Trouble::Unsafe => "The connection to the door service is not safe. Use your card, and tell reception.",
        Trouble::Clock => "The clock of this kiosk seems wrong. Use your card at the reader, and tell reception.",
        Trouble::Portal => "The network wants a sign-in of its own. Use your card at the reader, and tell reception.",
        Trouble::NoAnswer => "The door service did not answer in time. Use your card at the reader, or try again.",
        Trouble::Kisi => "The door service has a problem. Use your card at the reader, or try again.",
    }
}

/// What a tile says of its door. Nothing for one that simply can be unlocked.
pub fn state(state: DoorState) -> String {
    let said = match state {
        DoorState::Ready => "",
        DoorState::LockedDown(Some(since)) => return since.strftime("Locked down since %-d %b, %H:%M").to_string(),
        DoorState::LockedDown(None) => "Locked down",
        DoorState::NotSetUp => "Not set up yet",
        DoorState::Open => "Open already",
        DoorState::Offline => "Offline: may not answer",
        DoorState::NeedsReader => "Phone or card at the reader",
        DoorState::NeedsPosition => "Not from this kiosk",
    };
    said.to_owned()
}

/// On the tile of a door that must not be asked again at once.
pub fn again_in(rest: Duration) -> String {
    format!("Again in {} s", rest.as_secs() + u64::from(0 < rest.subsec_nanos()))
}

/// How often a door may still be opened.
pub fn allowance(Allowance { left, of, again }: Allowance) -> String {
    match again {
        Some((hour, minute)) => format!("Again at {hour:02}:{minute:02}"),
        None if left == 0 => "No more for now".to_owned(),
        None => format!("{left} of {of} left"),
    }
}

/// While a door's number is typed on a keypad.
pub fn typed(number: usize, door: Option<&str>) -> String {
    match door {
        Some(door) => format!("{number}: {door}. Press Enter to unlock it."),
        None => format!("{number}: there is no such door."),
    }
}

/// On the tile of a door that asks once more.
pub const TAP_AGAIN: &str = "Tap again to unlock";
/// On the tile while the question is open.
pub const SENDING: &str = "Sending…";

/// On the tile: what became of it, in a word or two. Accepted is not open: nobody knows that yet.
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "Accepted",
        Outcome::Opened => "Door opened",
        Outcome::StillClosed => "Still closed",
        Outcome::Refused(_) => "Refused",
        Outcome::NotSent | Outcome::NotRecorded | Outcome::Limited | Outcome::WrongClock => "Not sent",
        Outcome::Unknown(_) => "No answer",
    }
}

/// Below the doors: what happened, and what to do. A code that nobody knows is in small print, for whoever is called.
pub fn advice(outcome: Outcome) -> String {
    match outcome {
        Outcome::Accepted => "Kisi accepted it. Open the door.".to_owned(),
        Outcome::Opened => "The door is open.".to_owned(),
        Outcome::StillClosed => {
            "Kisi accepted it, but the door is still closed. Push or pull it, or use your card.".to_owned()
        }
        Outcome::NotSent => {
            "Nothing was sent: the door service cannot be reached. Try again, or use your card.".to_owned()
        }
        Outcome::NotRecorded => {
            "Nothing was sent: this kiosk cannot keep its records. Use your card, and tell reception.".to_owned()
        }
        Outcome::WrongClock => {
            "Nothing was sent: the clock of this kiosk is wrong. Use your card, and tell reception.".to_owned()
        }
        Outcome::Limited => "Nothing was sent: that is as often as you may open it for now.".to_owned(),
        Outcome::Unknown(None) => "It was sent, but no answer came. Look at the door before you try again.".to_owned(),
        Outcome::Unknown(Some(hint)) => {
            format!("Not confirmed. {} Look at the door first.", hint.said())
        }
        Outcome::Refused(reason) => {
            let code = if reason.is_known() { String::new() } else { format!(" ({})", reason.code) };
            format!("{} {}{code}", reason.said(), reason.advice())
        }
    }
}
