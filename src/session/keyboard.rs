//! What keys do: scans on every screen, and where the site allows it the keys that a person types.

use std::time::Instant;

use super::{
    Effect, RequestId, Session, State,
    reader::{Key, ReaderInput},
    rules::KeyboardPolicy,
};
use crate::staff::{Badge, Digit};

impl Session {
    /// Handles what the keys turned out to be.
    pub(super) fn read(&mut self, heard: Vec<ReaderInput>, now: Instant) -> Vec<Effect> {
        let mut effects = Vec::new();
        for heard in heard {
            effects.extend(match heard {
                // Somebody may plug in a keyboard. It must not act in the next person's visit.
                ReaderInput::Typed(_) if self.rules.keyboard == KeyboardPolicy::Readers => Vec::new(),
                ReaderInput::Typed(key) => self.typed(key, now),
                ReaderInput::Scan(_) | ReaderInput::Unread(_) if !self.rules.reader.are_keyboards_read => Vec::new(),
                ReaderInput::Scan(raw) => self.presented(Badge::scan(&raw.0, &self.rules.sign_in.profile), None, now),
                ReaderInput::Unread(why) => self.unread(why, now),
            });
        }
        effects
    }

    /// A key pressed by a person.
    fn typed(&mut self, key: Key, now: Instant) -> Vec<Effect> {
        match key {
            Key::Char { us, text } => self.char_key(us, text, now),
            Key::Backspace => self.back_key(now),
            Key::Enter => self.enter_key(now),
            Key::Escape => self.escape(now),
            Key::Tab if self.rules.keyboard == KeyboardPolicy::Desk => {
                self.visited(|visit, rules| visit.focus_next(rules, now))
            }
            Key::Tab | Key::Move(_) | Key::Shift(_) | Key::Chord | Key::Repeat(_) => Vec::new(),
        }
    }

    /// A key that writes: a digit by its place on the keyboard, a page key, or at a desk a letter as the layout writes it.
    fn char_key(&mut self, us: Option<char>, text: Option<char>, now: Instant) -> Vec<Effect> {
        // Digits of the main row want Shift on some layouts.
        let digit = us.and_then(Digit::from_char).or_else(|| text.and_then(Digit::from_char));
        let letter = text.filter(|c| c.is_alphabetic() && self.rules.keyboard == KeyboardPolicy::Desk);
        let is_searching = self.state.visit().is_some_and(|visit| !visit.find.letters().is_empty());
        match (digit, letter, us) {
            // A digit goes on with the name that is being typed.
            (Some(digit), None, _) if is_searching => {
                self.visited(|visit, rules| visit.type_letter(char::from(digit.ascii()), rules, now))
            }
            (Some(digit), None, _) => self.digit_key(digit, None, now),
            // The French layout has é on the 2.
            (Some(digit), Some(letter), _) if !is_searching => self.digit_key(digit, Some(letter), now),
            (_, Some(letter), _) => self.visited(|visit, rules| visit.type_letter(letter, rules, now)),
            (None, None, Some('+')) => self.turn(1, now),
            (None, None, Some('-')) => self.turn(-1, now),
            (None, None, Some('*' | '/' | '.')) => self.visited(|visit, rules| visit.spoil_number(rules, now)),
            (None, None, _) => Vec::new(),
        }
    }

    /// A digit from a keyboard: part of a door's number in a visit, else of a PIN or badge number.
    fn digit_key(&mut self, digit: Digit, letter: Option<char>, now: Instant) -> Vec<Effect> {
        if self.is_technicians() {
            return Vec::new();
        }
        let State::SignedIn(visit) = &mut self.state else { return self.digit(digit, now) };
        visit.type_digit(digit, letter, &self.rules, now);
        Vec::new()
    }

    fn back_key(&mut self, now: Instant) -> Vec<Effect> {
        let State::SignedIn(visit) = &mut self.state else { return self.back(now) };
        visit.take_back(&self.rules, now);
        Vec::new()
    }

    fn enter_key(&mut self, now: Instant) -> Vec<Effect> {
        if self.is_technicians() {
            return Vec::new();
        }
        let State::SignedIn(visit) = &mut self.state else { return self.enter(now) };
        let door = visit.typed_door(&self.rules, now);
        let request = RequestId(self.next_id());
        self.state
            .visit_mut()
            .zip(door)
            .and_then(|(visit, door)| visit.choose_door(door, &self.rules, request, now))
            .into_iter()
            .collect()
    }
}
