//! Tells the keys of a badge reader from those of a person. Timing routes keys, it does not authenticate.
//!
//! The window hears keys when it *handles* them, not when they were typed. While it draws, keys wait in a queue. So the
//! time in which the window handled nothing hardly counts.

use std::{
    fmt,
    time::{Duration, Instant},
};

use super::rules::{ReaderRules, ScanEnd};
use crate::staff::Badge;

/// A scan with a longer gap than this is torn and not read (R28). A key that ends a scan may come this late.
const TORN: Duration = Duration::from_millis(500);
/// This many short gaps make a scan. A single one can come from two fingers of a person.
const FAST_GAPS: usize = 2;
/// A Shift that was pressed this long before a scan is stuck: readers press it with the key. Our choice.
const STUCK: Duration = Duration::from_secs(1);
/// This many digits that were written with Shift mean that Shift is stuck: no badge number looks like that. Our choice.
const SHIFTED: usize = 3;
/// Maximum number of keys in a scan: twice the longest number, because of separators, a prefix and a suffix.
const MOST: usize = Badge::MAX_LENGTH * 2;

/// A key of a keyboard, or of a reader that types like one. `Debug` hides what it writes.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Key {
    /// A key that writes, or one that nothing below describes.
    Char {
        /// What a US keyboard writes with this key. `None` if no badge number can contain it.
        us: Option<char>,
        /// What the layout of this system writes, for the name of a door. `None` if that is nothing, or not yet.
        text: Option<char>,
    },
    /// Enter, on either part of the keyboard.
    Enter,
    /// Tab: some readers end with it.
    Tab,
    /// Deletes the last digit or letter.
    Backspace,
    /// Clears the entry or the search; without one, signs out.
    Escape,
    /// Moves among the doors of a desk.
    Move(Move),
    /// A Shift key went down, or up.
    Shift(bool),
    /// Any key together with Ctrl, Alt or Super.
    Chord,
    /// A key began to repeat, or was pressed while another keyboard holds it down; or it is up again.
    Repeat(bool),
}

/// A key that moves among doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Move {
    /// To the previous door.
    Left,
    /// To the next door.
    Right,
    /// To the door above.
    Up,
    /// To the door below.
    Down,
    /// So many pages forward, or back if negative.
    Pages(i8),
}

impl Key {
    /// A key that writes this character on a US keyboard with the US layout.
    pub const fn typed(c: char) -> Self {
        Self::Char { us: Some(c), text: Some(c) }
    }

    fn is_letter(self) -> bool {
        let Self::Char { us, text } = self else { return false };
        text.or(us).is_some_and(char::is_alphabetic)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Char { .. } => "Char(..)",
            Self::Enter => "Enter",
            Self::Tab => "Tab",
            Self::Backspace => "Backspace",
            Self::Escape => "Escape",
            Self::Move(_) => "Move",
            Self::Shift(_) => "Shift",
            Self::Chord => "Chord",
            Self::Repeat(_) => "Repeat",
        })
    }
}

/// What the keys turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ReaderInput {
    /// A person pressed this key.
    Typed(Key),
    /// A reader typed this.
    Scan(Raw),
    /// A reader typed something that is no badge number.
    Unread(Unread),
}

/// Why a scan cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is too long or was cut short, or has a key that no badge number contains.
    Garbled,
    /// A key is held down, so that others mean something else or are not heard.
    KeyStuck,
}

/// Text from a reader, not validated yet. `Debug` hides it.
#[derive(PartialEq, Eq)]
pub(super) struct Raw(pub(super) String);

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Raw(..)")
    }
}

/// A clock that hardly moves while the window handles nothing.
///
/// While keys wait to be judged, a tick comes every 25 ms. If none was handled for longer than two of them, the window
/// was busy, and a key that is handled now may have been typed at any time since: its gap says nothing about who typed.
#[derive(Default)]
struct Patience {
    handled_at: Option<Instant>,
    lost: Duration,
    /// Since the last key.
    was_busy: bool,
}

impl Patience {
    /// A longer pause than this means that the window was busy: two ticks, or less if readers are quicker than that.
    const BUSY: Duration = Duration::from_millis(55);
    /// No shorter pause means that: a tick may come a little late.
    const LATE: Duration = Duration::from_millis(30);
    /// What a busy time counts as. More than nothing, so that a machine that is always busy gets on.
    const COUNTED: Duration = Duration::from_millis(15);

    /// `gap`: the longest pause between two keys of a reader.
    fn at(&mut self, gap: Duration, now: Instant) -> Instant {
        let passed = self.handled_at.replace(now).map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        if gap.clamp(Self::LATE, Self::BUSY) < passed {
            self.lost += passed.saturating_sub(Self::COUNTED);
            self.was_busy = true;
        }
        now.checked_sub(self.lost).unwrap_or(now)
    }
}

/// Collects keys until it is clear who typed them.
pub(super) struct Reader {
    rules: ReaderRules,
    keys: Vec<Key>,
    /// The run is too long, or may lack its first keys.
    is_garbled: bool,
    fast_gaps: usize,
    clock: Patience,
    /// When the last key came, by the patient clock.
    last_at: Option<Instant>,
    /// When Shift went down, if it is down.
    shift_since: Option<Instant>,
    /// Something lies on a keyboard. Keys that it holds down are not heard when a reader presses them too.
    is_repeating: bool,
    /// When that was last so.
    repeated_at: Option<Instant>,
    /// It was so during this run, or Shift was down long before its first key.
    is_stuck: bool,
    /// Until then, keys that end a scan belong to the last one.
    ends_until: Option<Instant>,
    /// Until then, the first keys of a scan may have been taken for a person's.
    typed_until: Option<Instant>,
}

impl Reader {
    pub(super) fn new(rules: ReaderRules) -> Self {
        Self {
            rules,
            keys: Vec::new(),
            is_garbled: false,
            fast_gaps: 0,
            clock: Patience::default(),
            last_at: None,
            shift_since: None,
            is_repeating: false,
            repeated_at: None,
            is_stuck: false,
            ends_until: None,
            typed_until: None,
        }
    }

    /// Whether keys are buffered, which needs ticks until it is clear who typed them.
    pub(super) fn is_waiting(&self) -> bool {
        self.last_at.is_some()
    }

    /// Takes one key. `types_names`: somebody may be typing the name of a door, which quick people do with 40 ms a key.
    pub(super) fn take(&mut self, key: Key, types_names: bool, now: Instant) -> Vec<ReaderInput> {
        if let Key::Shift(is_down) = key {
            self.shift_since = is_down.then(|| self.shift_since.unwrap_or(now));
            return Vec::new();
        }
        if let Key::Repeat(is_down) = key {
            (self.is_repeating, self.repeated_at, self.is_stuck) = (is_down, Some(now), true);
            return Vec::new();
        }
        if !self.is_waiting() {
            self.clock = Patience::default();
        }
        let at = self.clock.at(self.rules.gap, now);
        let is_known = !std::mem::take(&mut self.clock.was_busy);
        let gap = self.last_at.map(|last| at.saturating_duration_since(last));
        let begins_with_letter = self.keys.first().is_some_and(|key| key.is_letter());
        let short = if types_names && begins_with_letter { self.rules.gap / 2 } else { self.rules.gap };
        let mut heard = Vec::new();
        if gap.is_some_and(|gap| if self.is_scan() { self.torn() < gap } else { short < gap }) {
            heard.extend(self.give_up(now));
        }
        match key {
            Key::Char { .. } | Key::Move(_) | Key::Chord => {
                self.fast_gaps += usize::from(is_known && gap.is_some_and(|gap| gap <= short));
                self.push(key, at, now);
            }
            Key::Enter | Key::Tab if self.is_scan() && self.ends_with(key) => heard.push(self.scanned(now)),
            Key::Enter | Key::Tab | Key::Backspace | Key::Escape if self.is_scan() => self.push(key, at, now),
            Key::Enter | Key::Tab if self.ends_until.is_some_and(|until| now < until) && self.keys.is_empty() => {}
            Key::Enter | Key::Tab | Key::Backspace | Key::Escape => {
                heard.extend(self.give_up(now));
                heard.push(ReaderInput::Typed(key));
            }
            Key::Shift(_) | Key::Repeat(_) => {}
        }
        heard
    }

    /// Ends a run of keys after a silence.
    pub(super) fn tick(&mut self, now: Instant) -> Vec<ReaderInput> {
        let Some(last_at) = self.last_at else { return Vec::new() };
        let silence = self.clock.at(self.rules.gap, now).saturating_duration_since(last_at);
        if !self.is_scan() {
            return if self.rules.gap < silence { self.give_up(now) } else { Vec::new() };
        }
        let ends_with_silence = match self.rules.end {
            ScanEnd::Auto | ScanEnd::Silence => self.rules.silence() < silence,
            ScanEnd::Enter | ScanEnd::Tab => false,
        };
        if ends_with_silence {
            vec![self.scanned(now)]
        } else if self.torn() < silence {
            self.give_up(now)
        } else {
            Vec::new()
        }
    }

    fn is_scan(&self) -> bool {
        FAST_GAPS <= self.fast_gaps
    }

    fn torn(&self) -> Duration {
        TORN.max(3 * self.rules.gap)
    }

    fn ends_with(&self, key: Key) -> bool {
        match self.rules.end {
            ScanEnd::Auto => true,
            ScanEnd::Enter => key == Key::Enter,
            ScanEnd::Tab => key == Key::Tab,
            ScanEnd::Silence => false,
        }
    }

    fn push(&mut self, key: Key, at: Instant, now: Instant) {
        if self.keys.is_empty() {
            let held = self.shift_since.map(|since| now.saturating_duration_since(since));
            let is_shifted = held.is_some_and(|held| STUCK <= held);
            // The first key of the scan may have been one that was down.
            let was_repeating = self.repeated_at.is_some_and(|at| now.saturating_duration_since(at) < STUCK);
            self.is_stuck = is_shifted || self.is_repeating || was_repeating;
            self.is_garbled = self.typed_until.is_some_and(|until| now < until);
        }
        if self.keys.len() < MOST {
            self.keys.push(key);
        } else {
            self.is_garbled = true;
        }
        self.last_at = Some(at);
    }

    /// Ends the run as a scan. It is read whole or not at all.
    fn scanned(&mut self, now: Instant) -> ReaderInput {
        self.ends_until = Some(now + TORN);
        let is_stuck = self.is_stuck || self.keys.contains(&Key::Chord);
        let written = |key: &Key| if let Key::Char { us, .. } = key { *us } else { None };
        let text: Option<String> = self.keys.iter().map(written).collect();
        let read = match text {
            _ if is_stuck => ReaderInput::Unread(Unread::KeyStuck),
            Some(text) if SHIFTED <= text.chars().filter(|c| "!@#$%^&*()".contains(*c)).count() => {
                ReaderInput::Unread(Unread::KeyStuck)
            }
            Some(text) if !self.is_garbled => ReaderInput::Scan(Raw(text)),
            Some(_) | None => ReaderInput::Unread(Unread::Garbled),
        };
        self.clear();
        read
    }

    /// Ends the run as keys typed by a person. A torn scan is not read, and neither is one that follows such keys at once:
    /// without its first digits it would be another number.
    fn give_up(&mut self, now: Instant) -> Vec<ReaderInput> {
        if !self.keys.is_empty() {
            self.typed_until = Some(now + TORN);
        }
        let heard = if self.is_scan() {
            vec![ReaderInput::Unread(Unread::Garbled)]
        } else {
            self.keys.iter().copied().map(ReaderInput::Typed).collect()
        };
        self.clear();
        heard
    }

    fn clear(&mut self) {
        // The allocator wipes what is freed.
        self.keys = Vec::new();
        (self.is_garbled, self.fast_gaps, self.last_at) = (false, 0, None);
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader(..)")
    }
}
