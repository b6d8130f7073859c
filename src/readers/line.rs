//! One scan as a line of characters: whole, or not at all.

use crate::staff::{Badge, Read};

/// Maximum length of a line: twice the longest number, because of separators, a prefix and a suffix.
const MOST: usize = Badge::MAX_LENGTH * 2;

/// Fewer characters than this, if none of them can be part of a badge number, are noise. Our choice.
const NOISE: usize = 3;

/// Collects the characters of a scan. What is dropped is wiped by the allocator.
#[derive(Default)]
pub(super) struct Line {
    text: String,
    /// Characters that no badge number contains.
    foreign: usize,
}

impl Line {
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.foreign == 0
    }

    /// Adds a character. `None`: one that no badge number contains.
    pub(super) fn push(&mut self, c: Option<char>) {
        match c.filter(|_| self.text.len() < MOST) {
            Some(c) => self.text.push(c),
            None => self.foreign = self.foreign.saturating_add(1),
        }
    }

    /// Forgets what was read so far.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Ends the line. `None` if there was nothing.
    pub(super) fn end(&mut self) -> Option<Read> {
        let Self { text, foreign } = std::mem::take(self);
        // A little noise alone is nobody's badge.
        if text.trim().is_empty() && foreign < NOISE {
            return None;
        }
        Some(if foreign == 0 { Read::Text(text) } else { Read::Garbled })
    }
}
