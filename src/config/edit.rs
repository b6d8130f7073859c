//! Edits `kiosk.toml` as a document: finds the line of a key, and changes one key without touching the rest.

use toml_edit::{Document, Item, TableLike, TomlError, Value};

/// The parts of `section`, `section.key` or `section.key.item`. Only an item may contain a dot.
pub(super) fn parts_of(key: &str) -> Vec<&str> {
    key.splitn(3, '.').collect()
}

/// The line, from 1, that sets the key at this path or begins this section, in any TOML notation. 0 if there is none.
pub(super) fn line_of(text: &str, path: &[&str]) -> usize {
    position(text, path).map_or(0, |at| text.get(..at).unwrap_or_default().matches('\n').count() + 1)
}

fn position(text: &str, path: &[&str]) -> Option<usize> {
    let document = Document::parse(text).ok()?;
    let (last, above) = path.split_last()?;
    let mut table: &dyn TableLike = document.as_table();
    for key in above {
        table = table.get(key)?.as_table_like()?;
    }
    let (key, item) = table.get_key_value(last)?;
    key.span().or_else(|| item.span()).map(|span| span.start)
}

/// Sets one key, given as `section.name`, in the text of a `kiosk.toml`. Every other byte stays as it is.
///
/// # Errors
///
/// When the text is not TOML, or the section is not a table.
pub fn set(text: &str, key: &str, value: impl Into<Value>) -> Result<String, TomlError> {
    let document = Document::parse(text)?;
    let (section, name) = key.split_once('.').unwrap_or((key, ""));
    let value: Value = value.into();
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let line = |name: &str| format!("{name} = {value}{newline}");
    let found = document.get_key_value(section);
    let (at, new) = match found {
        Some((_, item)) if item.get(name).is_some() => {
            let span = item.get(name).and_then(Item::span).unwrap_or_default();
            (span, value.to_string())
        }
        Some((_, Item::Value(Value::InlineTable(inline)))) => {
            let inside = inline.span().unwrap_or_default().start + 1;
            (inside..inside, format!(" {name} = {value}{}", if inline.is_empty() { " " } else { "," }))
        }
        Some((first, Item::Table(table))) if table.is_dotted() => {
            let at = start_of_line(text, first.span().unwrap_or_default().start);
            (at..at, line(key))
        }
        Some((_, Item::Table(table))) if !table.is_implicit() => {
            let header = table.span().unwrap_or_default().start;
            let rest = text.get(header..).unwrap_or_default();
            match rest.find('\n') {
                Some(end) => (header + end + 1..header + end + 1, line(name)),
                None => (text.len()..text.len(), format!("{newline}{}", line(name))),
            }
        }
        _ => {
            let is_empty = text.trim_start_matches('\u{feff}').is_empty();
            let gap = if is_empty || text.ends_with('\n') { "" } else { newline };
            let blank = if is_empty { "" } else { newline };
            (text.len()..text.len(), format!("{gap}{blank}[{section}]{newline}{}", line(name)))
        }
    };
    let mut changed = text.to_owned();
    changed.replace_range(at, &new);
    let _ = Document::parse(changed.as_str())?;
    Ok(changed)
}

fn start_of_line(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
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
            assert_eq!(line_of(text, &parts_of(key)), line, "{key}");
        }
        assert_eq!(line_of("kiosk.name = 'Lobby'\nkisi = { timeout_seconds = 3 }\n", &parts_of("kiosk.name")), 1);
        assert_eq!(
            line_of("kiosk.name = 'Lobby'\nkisi = { timeout_seconds = 3 }\n", &parts_of("kisi.timeout_seconds")),
            2
        );
        assert_eq!(line_of("\r\n[kiosk]\r\nname = 1\r\n", &parts_of("kiosk.name")), 3);
    }

    /// Every notation, either line ending, with and without a byte order mark and a last newline.
    #[test]
    fn a_key_is_set_and_no_other_byte_changes() {
        let cases = [
            ("", "[kiosk]\nname = \"New\"\n"),
            ("[kiosk]\n", "[kiosk]\nname = \"New\"\n"),
            ("[kiosk] # ours\nlocation = ''\n", "[kiosk] # ours\nname = \"New\"\nlocation = ''\n"),
            ("[ kiosk ]", "[ kiosk ]\nname = \"New\"\n"),
            ("kiosk.name = 'Old'\n", "kiosk.name = \"New\"\n"),
            ("# top\nkiosk.location = 'x'\n[doors]\n", "# top\nkiosk.name = \"New\"\nkiosk.location = 'x'\n[doors]\n"),
            (
                "kiosk = { \"name\" = 'Old', location = '' } # all\n",
                "kiosk = { \"name\" = \"New\", location = '' } # all\n",
            ),
            ("kiosk = {}\n", "kiosk = { name = \"New\" }\n"),
            ("kiosk = { location = '' } # all\n", "kiosk = { name = \"New\", location = '' } # all\n"),
            (
                "[session]\nidle_seconds = 60\n# max_seconds = 1\n",
                "[session]\nidle_seconds = 60\n# max_seconds = 1\n\n[kiosk]\nname = \"New\"\n",
            ),
            (
                "# ours\n[kiosk]\n# Above.\nname  =  \"\"\"Old\"\"\"   # on the door\n\n[doors]\nhide = [ 'x' ]\n# end",
                "# ours\n[kiosk]\n# Above.\nname  =  \"New\"   # on the door\n\n[doors]\nhide = [ 'x' ]\n# end",
            ),
        ];
        for (before, after) in cases {
            for (newline, mark) in [("\n", ""), ("\r\n", ""), ("\n", "\u{feff}"), ("\r\n", "\u{feff}")] {
                // Without a newline the file does not tell which kind it uses.
                let [before, after] = [before, after].map(|text| format!("{mark}{}", text.replace('\n', newline)));
                if newline == "\n" || before.contains('\n') {
                    assert_eq!(set(&before, "kiosk.name", "New").unwrap(), after, "{before:?}");
                }
            }
        }
        assert!(set("[kiosk", "kiosk.name", "New").is_err());
        assert!(set("kiosk = 3", "kiosk.name", "New").is_err());
    }
}
