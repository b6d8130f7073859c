//! Choosing a door by keys: by its number, or by letters of its name.

use std::time::Instant;

use super::{Attempt, DoorSearch, FEW, SETTLE, Visit, door_number::DoorNumber};
use crate::{
    door::{Door, DoorId},
    session::rules::Rules,
    staff::Digit,
};

impl Visit {
    /// The number that is being typed, and its door.
    pub fn typed(&self, now: Instant) -> Option<(usize, Option<&Door>)> {
        Some((self.typed.number(now)?, self.numbered(now)))
    }

    /// The door that Enter opens: by its typed number, as the only one that the search finds, or by the keys that move from
    /// door to door.
    pub fn chosen(&self, now: Instant) -> Option<DoorId> {
        if self.typed.number(now).is_some() {
            return self.numbered(now).map(|door| door.id);
        }
        self.focus.or_else(|| self.only_found().map(|door| door.id))
    }

    /// The door that a number or the keys that move point at.
    pub fn pointed(&self, now: Instant) -> Option<DoorId> {
        if self.typed.number(now).is_some() { self.chosen(now) } else { self.focus }
    }

    /// Moves to a door by key.
    pub(in crate::session) fn focus(&mut self, door: DoorId, rules: &Rules, now: Instant) {
        if now < self.ignore_input_until || matches!(self.attempt, Attempt::Opening(..)) {
            return;
        }
        self.touch(rules, now);
        self.uncover(now);
        self.typed = DoorNumber::default();
        self.focus = self.knows(door).map(|door| door.id);
    }

    /// Moves to the next door that the search finds, by key.
    pub(in crate::session) fn focus_next(&mut self, rules: &Rules, now: Instant) {
        let found: Vec<DoorId> = self.found().map(|(_, door)| door.id).collect();
        let at = self.focus.and_then(|focus| found.iter().position(|door| *door == focus));
        let next = found.get(at.map_or(0, |at| at + 1)).or_else(|| found.first()).copied();
        if let Some(next) = next {
            self.focus(next, rules, now);
        }
    }

    /// Shows the doors again for a key that means them, so that nothing is typed unseen. A touch just now was meant for
    /// the outcome.
    fn uncover(&mut self, now: Instant) {
        self.withdraw();
        if let Attempt::Done(..) = self.attempt {
            self.attempt = Attempt::None;
            self.ignore_touches_until = now + SETTLE;
        }
    }

    /// Closes the outcome, or forgets what was typed, chosen or searched by key. Returns whether there was something.
    pub(in crate::session) fn step_back(&mut self, rules: &Rules, now: Instant) -> bool {
        if let Attempt::Done(..) = self.attempt {
            self.dismiss(rules, now);
            return true;
        }
        let was_typed = self.typed.number(now).is_some();
        self.typed = DoorNumber::default();
        let was_focused = self.focus.take().is_some();
        self.forget_find() || was_focused || was_typed
    }

    /// How many digits of a door number are typed.
    pub(in crate::session) fn digits(&self, now: Instant) -> usize {
        self.typed.digits(now)
    }

    fn numbered(&self, now: Instant) -> Option<&Door> {
        self.welcome.doors.get(self.typed.index(now)?)
    }

    /// A key that is part of no number: the number that is being typed selects no door.
    pub(in crate::session) fn spoil_number(&mut self, rules: &Rules, now: Instant) {
        if self.typed.number(now).is_some() {
            self.touch(rules, now);
            self.spoil(now);
        }
    }

    /// The number that is being typed, if there is one, selects no door.
    pub(super) fn spoil(&mut self, now: Instant) {
        if self.typed.number(now).is_some() {
            self.typed.spoil(now);
        }
    }

    /// Adds a digit to the number of a door. `letter`: what the layout writes with that key, if that is a letter.
    pub(in crate::session) fn type_digit(&mut self, digit: Digit, letter: Option<char>, rules: &Rules, now: Instant) {
        if now < self.ignore_input_until || matches!(self.attempt, Attempt::Opening(..)) {
            self.typed.spoil(now);
            return;
        }
        self.touch(rules, now);
        self.uncover(now);
        self.focus = None;
        self.typed.push(digit, letter, now);
    }

    pub(in crate::session) fn take_back(&mut self, rules: &Rules, now: Instant) {
        self.touch(rules, now);
        self.uncover(now);
        if self.typed.number(now).is_none() && self.find.pop() {
            (self.page, self.focus) = (0, None);
        }
        self.typed.pop(now);
    }

    /// The door that Enter selects: by its typed number, by the second tap it waits for, or as the only match of the
    /// search. On an outcome it only closes that.
    pub(in crate::session) fn typed_door(&mut self, rules: &Rules, now: Instant) -> Option<DoorId> {
        let (is_typed, chosen) = (self.typed.number(now).is_some(), self.chosen(now));
        self.typed = DoorNumber::default();
        match self.attempt {
            Attempt::Asked(asked, until) if now < until && !is_typed => Some(asked),
            Attempt::None | Attempt::Asked(..) | Attempt::Opening(..) => chosen,
            Attempt::Done(..) => {
                self.dismiss(rules, now);
                None
            }
        }
    }

    /// The doors that match the search, with their numbers.
    pub fn found(&self) -> impl Iterator<Item = (usize, &Door)> {
        self.welcome.doors.iter().enumerate().map(|(index, door)| (index + 1, door)).filter(|(_, d)| self.find.finds(d))
    }

    /// The only door that matches the search. `None` if nothing is typed, or if several or none match.
    pub fn only_found(&self) -> Option<&Door> {
        let mut found = self.found().filter(|_| !self.find.letters().is_empty());
        found.next().filter(|_| found.next().is_none()).map(|(_, door)| door)
    }

    /// Adds a letter to the search.
    pub(in crate::session) fn type_letter(&mut self, letter: char, rules: &Rules, now: Instant) {
        if matches!(self.attempt, Attempt::Opening(..)) {
            return;
        }
        self.touch(rules, now);
        self.uncover(now);
        // A name goes on where the first keys were taken for a number, if there is such a name.
        let (before, begun) = (self.find.clone(), self.typed.take_letters());
        begun.chars().chain([letter]).for_each(|c| self.find.push(c));
        if self.found().next().is_none() {
            // Digits were a number that was given up.
            self.find = before;
            begun.chars().filter(|c| c.is_alphabetic()).chain([letter]).for_each(|c| self.find.push(c));
        }
        (self.page, self.focus) = (0, None);
        // The tiles move, so a touch just now was meant for other ones.
        self.ignore_touches_until = now + SETTLE;
        let leads_on = !self.find.next(&self.welcome.doors).is_empty();
        let are_many = FEW < self.found().count();
        self.find.is_open &= leads_on && are_many;
    }

    /// Opens the search, or closes it and shows all doors.
    pub(in crate::session) fn toggle_find(&mut self, rules: &Rules, now: Instant) {
        self.touch(rules, now);
        self.settle(now);
        self.find.is_open = !self.forget_find();
    }

    /// Clears and closes the search. Returns whether there was one.
    pub(super) fn forget_find(&mut self) -> bool {
        self.withdraw();
        let before = std::mem::take(&mut self.find);
        (self.page, self.focus) = (0, None);
        before != DoorSearch::default()
    }
}
