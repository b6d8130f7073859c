//! Tells the keys of a badge reader from those of a person. Timing routes keys, it does not authenticate.
//!
//! The timestamps are those at which keys were *handled*. A busy window makes gaps longer and runs shorter than they
//! were typed. So one long gap does not cut a scan, and silence counts only once two ticks have seen it.

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
/// `threats.md`, R28: readers type with gaps of 7 to 8 ms; nobody types 20 keys a second.
const GAP: Duration = Duration::from_millis(50);
/// A scan without a terminator is over after this silence (R28).
const END: Duration = Duration::from_millis(150);
/// The silence must last this much longer after the first tick that saw it, so that queued keys are handled first. Our
/// choice.
const CONFIRM: Duration = Duration::from_millis(50);
/// A scan with a longer gap than this is torn and dropped (R28).
const TORN: Duration = Duration::from_millis(500);
/// This many short gaps make a scan. A single one can come from two fingers of a person.
const FAST_GAPS: usize = 2;

/// A key that no widget captured. `Debug` hides the character.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Key {
    /// A printable character.
    Char(char),
    /// Enter, on either part of the keyboard.
    Enter,
    /// Tab: some readers end with it.
    Tab,
    /// Deletes the last digit or letter.
    Backspace,
    /// Clears the entry or the search; without one, signs out.
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
pub(super) enum ReaderInput {
    /// A person typed a digit.
    Digit(Digit),
    /// A person pressed a key that is not a digit.
    Key(Key),
    /// A reader typed this.
    Scan(Raw),
}

/// Text from a reader, not validated yet. `Debug` hides it.
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
    /// This reader ends its scans with Enter or Tab, so a scan without either is torn.
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

    /// Whether keys are buffered, which needs ticks until it is clear who typed them.
    pub(super) fn is_waiting(&self) -> bool {
        self.last_at.is_some()
    }

    /// Takes one key.
    pub(super) fn take(&mut self, key: Key, now: Instant) -> Vec<ReaderInput> {
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
                heard.push(ReaderInput::Key(key));
            }
        }
        heard
    }

    /// Ends a run of keys after a silence.
    pub(super) fn tick(&mut self, now: Instant) -> Vec<ReaderInput> {
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

    /// Ends the run as a scan. One that is too long is dropped as a whole.
    fn scanned(&mut self) -> Option<ReaderInput> {
        let scan = (!self.too_long).then(|| ReaderInput::Scan(Raw(self.run.clone())));
        self.clear();
        scan
    }

    /// Ends the run as keys typed by a person. A torn scan is dropped.
    fn give_up(&mut self) -> Vec<ReaderInput> {
        let typed = if self.is_scan() { "" } else { self.run.as_str() };
        let heard = |c| match c {
            // The page keys of a numeric keypad, and letters of a door's name.
            '+' | '-' | 'a'..='z' | 'A'..='Z' => Some(ReaderInput::Key(Key::Char(c))),
            c => Digit::from_char(c).map(ReaderInput::Digit),
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
