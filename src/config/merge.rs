//! The site's file over the shipped one.

use std::path::Path;

use super::{Error, edit::line_of};

/// Merges the site's keys over the shipped ones. The shipped file defines which keys exist, and their types.
pub(super) fn merge(
    mut shipped: toml::Table,
    given: toml::Table,
    text: &str,
    file: &Path,
) -> Result<toml::Table, Error> {
    let unknown = |path: &[&str], known: &toml::Table| Error::Unknown {
        file: file.to_owned(),
        line: line_of(text, path),
        // The key may be an address whose quotes are misplaced, with a password in it.
        key: if path.iter().any(|key| key.contains('@')) { "***".to_owned() } else { path.join(".") },
        known: known.keys().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "),
    };
    let kind = |path: &[&str], found: &toml::Value, expected: &toml::Value| Error::Kind {
        file: file.to_owned(),
        line: line_of(text, path),
        key: path.join("."),
        found: found.type_str(),
        expected: expected.type_str(),
    };
    for (section, keys) in given {
        let Some(known) = shipped.get_mut(&section) else { return Err(unknown(&[&section], &shipped)) };
        let (Some(known), toml::Value::Table(keys)) = (known.as_table_mut(), &keys) else {
            return Err(kind(&[&section], &keys, known));
        };
        for (key, value) in keys {
            let path = [section.as_str(), key.as_str()];
            match known.get_mut(key) {
                None => return Err(unknown(&path, known)),
                // People write 53 for 53.0.
                Some(toml::Value::Float(degrees)) if whole(value).is_some() => {
                    *degrees = whole(value).map_or(*degrees, f64::from);
                }
                Some(expected) if !expected.same_type(value) => return Err(kind(&path, value, expected)),
                Some(place) => *place = value.clone(),
            }
        }
    }
    Ok(shipped)
}

/// An integer that a float holds exactly.
fn whole(value: &toml::Value) -> Option<i32> {
    value.as_integer().and_then(|whole| i32::try_from(whole).ok())
}
