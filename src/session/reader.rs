//! Keys of a keyboard: a badge reader that types, or a person at a numeric keypad. Timing routes them, it does not authenticate.
//!
//! Times are those at which the keys were *handled*: a busy window makes gaps longer and runs shorter than they were typed.
//! So one long gap does not cut a scan, and silence counts only once it was seen twice.

use std::{
    fmt,
    time::{Duration, Instant},
};

use zeroize::Zeroize;

use crate::staff::{Badge, Digit};

/// Keys closer together than this come from a reader.
///
/// # Source
///
/// `threats-and-faults.md`, R28: readers type with gaps of 7 to 8 ms; nobody types 20 keys a second.
const GAP: Duration = Duration::from_millis(50);
/// A scan without a terminator is over after this silence (R28).
const END: Duration = Duration::from_millis(150);
/// The silence must last this much longer after it was first noticed: what came meanwhile is handled by then. Our choice.
const CONFIRM: Duration = Duration::from_millis(50);
/// A scan that goes on after a longer silence is torn, and is dropped (R28).
const TORN: Duration = Duration::from_millis(500);
/// So many quick gaps make a scan. One can be two fingers of a person.
const FAST_GAPS: usize = 2;

/// A key that no widget wanted. `Debug` hides which character it is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Key {
    /// A printable character.
    Char(char),
    /// Enter, on either part of the keyboard.
    Enter,
    /// Tab: some readers end with it.
    Tab,
    /// Takes back the last digit.
    Backspace,
    /// Gives up.
    Escape,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Char(_) => "Char(..)",
            Self::Enter => "Enter",
            Self::Tab => "Tab",
            Self::Backspace => "Backspace",
            Self::Escape => "Escape",
        })
    }
}

/// What the keys turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A person typed a digit.
    Digit(Digit),
    /// A person pressed a key that is not a digit.
    Key(Key),
    /// A reader typed this.
    Scan(Raw),
}

/// What a reader typed, not yet judged. Hidden from `Debug`.
#[derive(PartialEq, Eq)]
pub(super) struct Raw(pub(super) String);

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Raw(..)")
    }
}

/// Collects keys until it is clear who typed them.
pub(super) struct Reader {
    run: String,
    too_long: bool,
    fast_gaps: usize,
    last_at: Option<Instant>,
    quiet_since: Option<Instant>,
    /// This reader ends its scans with a key, so one without it is torn.
    terminates: bool,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self {
            run: String::with_capacity(Badge::MAX_LENGTH * 2),
            too_long: false,
            fast_gaps: 0,
            last_at: None,
            quiet_since: None,
            terminates: false,
        }
    }

    /// Whether keys wait for a verdict: it needs ticks to come.
    pub(super) fn is_waiting(&self) -> bool {
        self.last_at.is_some()
    }

    /// Takes one key.
    pub(super) fn take(&mut self, key: Key, now: Instant) -> Vec<Heard> {
        let gap = self.last_at.map(|last| now.saturating_duration_since(last));
        let mut heard = Vec::new();
        if gap.is_some_and(|gap| if self.is_scan() { TORN < gap } else { GAP < gap }) {
            heard.extend(self.give_up());
        }
        match key {
            Key::Char(c) => {
                if gap.is_some_and(|gap| gap <= GAP) {
                    self.fast_gaps += 1;
                }
                self.push(c);
                self.last_at = Some(now);
                self.quiet_since = None;
            }
            Key::Enter | Key::Tab if self.is_scan() => {
                self.terminates = true;
                heard.extend(self.scanned());
            }
            Key::Backspace | Key::Escape if self.is_scan() => {}
            Key::Tab => heard.extend(self.give_up()),
            Key::Enter | Key::Backspace | Key::Escape => {
                heard.extend(self.give_up());
                heard.push(Heard::Key(key));
            }
        }
        heard
    }

    /// Notices silence.
    pub(super) fn tick(&mut self, now: Instant) -> Vec<Heard> {
        let Some(last_at) = self.last_at else { return Vec::new() };
        let silence = now.saturating_duration_since(last_at);
        if !self.is_scan() {
            return if GAP < silence { self.give_up() } else { Vec::new() };
        }
        if silence <= END {
            return Vec::new();
        }
        let quiet_since = *self.quiet_since.get_or_insert(now);
        if now.saturating_duration_since(quiet_since) < CONFIRM {
            return Vec::new();
        }
        if self.terminates {
            if TORN <= silence {
                self.clear();
            }
            return Vec::new();
        }
        self.scanned().into_iter().collect()
    }

    fn is_scan(&self) -> bool {
        FAST_GAPS <= self.fast_gaps
    }

    fn push(&mut self, c: char) {
        if self.run.len() < Badge::MAX_LENGTH * 2 {
            self.run.push(c);
        } else {
            self.too_long = true;
        }
    }

    /// The run was a scan. One that is too long is no badge, and nothing is made of its beginning.
    fn scanned(&mut self) -> Option<Heard> {
        let scan = (!self.too_long).then(|| Heard::Scan(Raw(self.run.clone())));
        self.clear();
        scan
    }

    /// The run was no scan: a person typed it. A torn scan is dropped.
    fn give_up(&mut self) -> Vec<Heard> {
        let typed = if self.is_scan() { "" } else { self.run.as_str() };
        let heard = |c| match c {
            // The keys of a numeric keypad that turn pages, and letters of a door's name.
            '+' | '-' | 'a'..='z' | 'A'..='Z' => Some(Heard::Key(Key::Char(c))),
            c => Digit::from_char(c).map(Heard::Digit),
        };
        let heard = typed.chars().filter_map(heard).collect();
        self.clear();
        heard
    }

    fn clear(&mut self) {
        self.run.zeroize();
        self.too_long = false;
        self.fast_gaps = 0;
        self.last_at = None;
        self.quiet_since = None;
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader(..)")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.run.zeroize();
    }
}
