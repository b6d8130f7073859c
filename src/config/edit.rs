//! Edits `kiosk.toml` as a document: finds the line of a key, and changes one key without touching the rest.

use toml_edit::{Document, DocumentMut, Item, TomlError, Value};

/// The line, from 1, that sets `section.key` or begins `[section]`, in any TOML notation. 0 if there is none.
pub(super) fn line_of(text: &str, key: &str) -> usize {
    position(text, key).map_or(0, |at| text.get(..at).unwrap_or_default().matches('\n').count() + 1)
}

fn position(text: &str, key: &str) -> Option<usize> {
    let document = Document::parse(text).ok()?;
    let (section, key) = key.split_once('.').map_or((key, None), |(section, key)| (section, Some(key)));
    let (name, table) = document.as_table().get_key_value(section)?;
    let span = match key {
        None => name.span().or_else(|| table.span()),
        Some(key) => table.as_table_like()?.get_key_value(key)?.0.span(),
    };
    span.map(|span| span.start)
}

/// Sets one key, given as `section.name`, in the text of a `kiosk.toml`. Keeps every other line, and a comment after
/// the value.
///
/// # Errors
///
/// When the text is not TOML.
pub fn set(text: &str, key: &str, value: impl Into<Value>) -> Result<String, TomlError> {
    let mut document: DocumentMut = text.parse()?;
    let (section, name) = key.split_once('.').unwrap_or((key, ""));
    let table = document.entry(section).or_insert_with(toml_edit::table);
    let mut value: Value = value.into();
    // Replace the value in place: that keeps the comments above the key and after the value.
    if let Some(before) = table.get_mut(name).and_then(Item::as_value_mut) {
        *value.decor_mut() = before.decor().clone();
        *before = value;
    } else if let Some(table) = table.as_table_like_mut() {
        let _ = table.insert(name, Item::Value(value));
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_line_however_it_is_spelled() {
        let text = "# a comment\n[kiosk]\nname = \"Lobby\" # here\n\n[\"sign_in\"]\n\"pin\" = true\n";
        for (key, line) in
            [("kiosk", 2), ("kiosk.name", 3), ("sign_in", 5), ("sign_in.pin", 6), ("kiosk.logo", 0), ("doors", 0)]
        {
            assert_eq!(line_of(text, key), line, "{key}");
        }
        assert_eq!(line_of("kiosk.name = 'Lobby'\nkisi = { timeout_seconds = 3 }\n", "kiosk.name"), 1);
        assert_eq!(line_of("kiosk.name = 'Lobby'\nkisi = { timeout_seconds = 3 }\n", "kisi.timeout_seconds"), 2);
        assert_eq!(line_of("\r\n[kiosk]\r\nname = 1\r\n", "kiosk.name"), 3);
    }

    #[test]
    fn a_key_is_set_and_nothing_else_changes() {
        let text = "# ours\n[kiosk]\n# Above the key.\nname = \"Old\"   # on the door\nlocation = ''\n\n[doors]\nhide = [ 'x' ]\n";
        let changed = set(text, "kiosk.name", "New").unwrap();
        assert_eq!(changed, text.replace("\"Old\"", "\"New\""));
        assert_eq!(set("", "kiosk.name", "New").unwrap(), "[kiosk]\nname = \"New\"\n");
        assert_eq!(set("[kiosk]\n", "kiosk.name", "New").unwrap(), "[kiosk]\nname = \"New\"\n");
        assert_eq!(set("kiosk.name = 'Old'\n", "kiosk.name", "New").unwrap(), "kiosk.name = \"New\"\n");
        assert!(set("[kiosk", "kiosk.name", "New").is_err());
    }
}
