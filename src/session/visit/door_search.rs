//! Search for doors by the first letters of a word in their name.

use std::collections::BTreeSet;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::door::Door;

/// Maximum length of a search. Our choice.
const MOST: usize = 16;

/// A search for doors.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DoorSearch {
    letters: String,
    /// Whether the letter keys are on the screen.
    pub is_open: bool,
}

impl DoorSearch {
    /// What was typed, in lower case and without accents.
    pub fn letters(&self) -> &str {
        &self.letters
    }

    /// Appends a letter or a digit.
    pub(super) fn push(&mut self, c: char) {
        if self.letters.chars().count() < MOST {
            self.letters.extend(plain(&c.to_string()));
        }
    }

    /// Deletes the last letter. Returns whether there was one.
    pub(super) fn pop(&mut self) -> bool {
        self.letters.pop().is_some()
    }

    /// Whether this door matches. Every door matches an empty search.
    pub fn finds(&self, door: &Door) -> bool {
        self.letters.is_empty() || beginnings(&door.name).any(|rest| rest.starts_with(&self.letters))
    }

    /// The letters that may come next because a door has them.
    pub fn next(&self, doors: &[Door]) -> BTreeSet<char> {
        let beginnings = doors.iter().flat_map(|door| beginnings(&door.name));
        beginnings.filter_map(|rest| rest.strip_prefix(self.letters.as_str())?.chars().next()).collect()
    }
}

/// For each word, the rest of the name from there on, without separators: `bikestore` and `store` for "Bike store".
fn beginnings(name: &str) -> impl Iterator<Item = String> {
    let words: Vec<String> = name
        .split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c))
        .map(|word| plain(word).collect())
        .filter(|word: &String| !word.is_empty())
        .collect();
    (0..words.len()).map(move |first| words.get(first..).unwrap_or_default().concat())
}

/// Lower case without accents, as people type.
fn plain(text: &str) -> impl Iterator<Item = char> {
    let decomposed = text.nfkd().filter(|c| !is_combining_mark(*c));
    decomposed.flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::{DoorId, DoorState};

    fn doors() -> Vec<Door> {
        let names = ["Main entrance", "Büro 2. Etage", "Bike store", "Éclairs & Café"];
        let door = |name: &str| Door {
            id: DoorId::new(1),
            name: name.to_owned(),
            place: None,
            state: DoorState::Ready,
            kisi_name: String::new(),
            allowance: None,
        };
        names.map(door).to_vec()
    }

    #[track_caller]
    fn check(letters: &str, found: &[&str], next: &str) {
        let (mut find, doors) = (DoorSearch::default(), doors());
        letters.chars().for_each(|c| find.push(c));
        let names: Vec<&str> = doors.iter().filter(|door| find.finds(door)).map(|door| door.name.as_str()).collect();
        assert_eq!(names, found, "{letters}");
        assert_eq!(find.next(&doors).into_iter().collect::<String>(), next, "{letters}");
    }

    #[test]
    fn a_door_is_found_by_the_beginning_of_any_of_its_words() {
        check("", &["Main entrance", "Büro 2. Etage", "Bike store", "Éclairs & Café"], "2bcems");
        check("b", &["Büro 2. Etage", "Bike store"], "iu");
        check("Bü", &["Büro 2. Etage"], "r");
        check("bur", &["Büro 2. Etage"], "o");
        check("bikes", &["Bike store"], "t");
        check("e", &["Main entrance", "Büro 2. Etage", "Éclairs & Café"], "cnt");
        check("2", &["Büro 2. Etage"], "e");
        check("cafe", &["Éclairs & Café"], "");
        check("ntrance", &[], "");
    }
}
