//! One scan as a line of characters: whole, or not at all.

use crate::staff::{Badge, Read};

/// Maximum length of a line: twice the longest number, because of separators, a prefix and a suffix.
const MOST: usize = Badge::MAX_LENGTH * 2;

/// Collects the characters of a scan. What is dropped is wiped by the allocator.
#[derive(Default)]
pub(super) struct Line {
    text: String,
    is_garbled: bool,
}

impl Line {
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && !self.is_garbled
    }

    /// Adds a character. `None`: one that no badge number contains.
    pub(super) fn push(&mut self, c: Option<char>) {
        match c.filter(|_| self.text.len() < MOST) {
            Some(c) => self.text.push(c),
            None => self.is_garbled = true,
        }
    }

    /// Forgets what was read so far.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Ends the line. `None` if there was nothing.
    pub(super) fn end(&mut self) -> Option<Read> {
        let Self { text, is_garbled } = std::mem::take(self);
        match is_garbled {
            true => Some(Read::Garbled),
            false if text.trim().is_empty() => None,
            false => Some(Read::Text(text)),
        }
    }
}
