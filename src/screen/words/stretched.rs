//! English that is two fifths longer, with accents all over: whatever has room for it has room for a translation.

use std::{borrow::Cow, sync::LazyLock};

use super::Words;
use crate::language::Language;

static STRETCHED: LazyLock<Words> = LazyLock::new(|| {
    let mut words = Words::new(Language::En);
    words.bundle.set_transform(Some(stretched));
    words
});

/// English that is two fifths longer, for tests of what has room.
pub fn stretched_words() -> &'static Words {
    &STRETCHED
}

/// Says the vowels twice, and goes on until it is two fifths longer.
fn stretched(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_alphabetic) {
        return text.into();
    }
    let double = |c: char| match c {
        'a' => "áà".to_owned(),
        'e' => "éè".to_owned(),
        'i' => "íì".to_owned(),
        'o' => "óò".to_owned(),
        'u' => "úù".to_owned(),
        'A' | 'E' | 'I' | 'O' | 'U' => format!("{c}{}", c.to_ascii_lowercase()),
        c => c.to_string(),
    };
    let doubled: String = text.chars().map(double).collect();
    let length = text.chars().count();
    let missing = (length + length * 2 / 5).saturating_sub(doubled.chars().count());
    let more: String = " émóòn".chars().cycle().take(missing).collect();
    format!("{doubled}{more}").into()
}
