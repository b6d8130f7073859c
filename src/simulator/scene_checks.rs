//! Parses a scene file and refuses contradictions: ids that occur twice or mean nothing, positions that are not on Earth,
//! and faults with a status that HTTP does not have. Each error names line and key.

use std::collections::HashSet;

use toml_edit::{Document, Item};

use super::scene::Scene;

/// A scene file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SceneError {
    /// It is not TOML, or has an unknown key or a value of another type. The text names line and key.
    #[error(transparent)]
    Syntax(#[from] toml::de::Error),
    /// A value contradicts another one, or is out of range.
    #[error("line {line}: `{key}` is `{value}`, but {why}")]
    Value {
        /// Line in the file, from 1.
        line: usize,
        /// The section and key, such as `doors.place`.
        key: String,
        /// The value.
        value: String,
        /// What it must be.
        why: &'static str,
    },
}

/// A value that is wrong: section, number of its table, key, value, and what it must be.
type Wrong = (&'static str, usize, &'static str, String, &'static str);

/// Parses and checks a scene.
pub(super) fn parse(text: &str) -> Result<Scene, SceneError> {
    let scene: Scene = toml::from_str(text)?;
    let Some((section, at, key, value, why)) = wrong(&scene) else { return Ok(scene) };
    Err(SceneError::Value { line: line(text, section, at, key), key: format!("{section}.{key}"), value, why })
}

fn wrong(scene: &Scene) -> Option<Wrong> {
    let ids = |section: &'static str, ids: Vec<u64>| {
        let mut seen = HashSet::new();
        let twice = ids.iter().position(|id| !seen.insert(*id))?;
        Some((
            section,
            twice,
            "id",
            ids.get(twice).copied().unwrap_or_default().to_string(),
            "an earlier one has the same id",
        ))
    };
    let places: HashSet<u64> = scene.places.iter().map(|place| place.id).collect();
    let doors: HashSet<u64> = scene.doors.iter().map(|door| door.id).collect();
    let people: HashSet<u64> = scene.people.iter().map(|person| person.id).collect();
    let groups: HashSet<u64> = scene.groups.iter().map(|group| group.id).collect();
    let missing = |known: &HashSet<u64>, section, at, key, id: u64, why| {
        (!known.contains(&id)).then(|| (section, at, key, id.to_string(), why))
    };
    let position = |section, at, position: Option<(f64, f64)>| {
        let (latitude, longitude) = position?;
        let fits = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        (!fits)
            .then(|| (section, at, "position", format!("[{latitude}, {longitude}]"), "must be degrees north and east"))
    };
    ids("places", scene.places.iter().map(|place| place.id).collect())
        .or_else(|| ids("doors", scene.doors.iter().map(|door| door.id).collect()))
        .or_else(|| ids("people", scene.people.iter().map(|person| person.id).collect()))
        .or_else(|| ids("groups", scene.groups.iter().map(|group| group.id).collect()))
        .or_else(|| ids("cards", scene.cards.iter().map(|card| card.id).collect()))
        .or_else(|| ids("rights", scene.rights.iter().map(|right| right.id).filter(|id| *id != 0).collect()))
        .or_else(|| scene.places.iter().enumerate().find_map(|(at, place)| position("places", at, place.position)))
        .or_else(|| {
            scene.doors.iter().enumerate().find_map(|(at, door)| {
                let place = missing(&places, "doors", at, "place", door.place, "no place has this id");
                place.or_else(|| position("doors", at, door.position))
            })
        })
        .or_else(|| {
            scene.groups.iter().enumerate().find_map(|(at, group)| {
                group.doors.iter().find_map(|door| missing(&doors, "groups", at, "doors", *door, "no door has this id"))
            })
        })
        .or_else(|| {
            scene.rights.iter().enumerate().find_map(|(at, right)| {
                let person = missing(&people, "rights", at, "person", right.person, "no person has this id");
                person.or_else(|| missing(&groups, "rights", at, "group", right.group, "no group has this id"))
            })
        })
        .or_else(|| {
            let of = |(at, owner): (usize, Option<u64>)| {
                missing(&people, "cards", at, "person", owner?, "no person has this id")
            };
            scene.cards.iter().map(|card| card.person).enumerate().find_map(of)
        })
        .or_else(|| {
            scene.faults.iter().enumerate().find_map(|(at, fault)| {
                let status = fault.status.filter(|status| !(200..=599).contains(status))?;
                Some(("faults", at, "status", status.to_string(), "must be 200 to 599"))
            })
        })
}

/// The line of a key in the table with this number of a section, or of the table.
fn line(text: &str, section: &str, at: usize, key: &str) -> usize {
    let document = text.parse::<Document<String>>().ok();
    let span = document.as_ref().and_then(|document| {
        let item = document.get(section)?;
        let table = match item {
            Item::ArrayOfTables(tables) => tables.get(at)?.get_key_value(key)?.0.span(),
            Item::Value(value) => value.as_array()?.get(at)?.as_inline_table()?.get_key_value(key)?.0.span(),
            Item::None | Item::Table(_) => None,
        };
        table.or_else(|| item.span())
    });
    let start = span.map_or(0, |span| span.start);
    1 + text.get(..start).unwrap_or_default().matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(more: &str, expected: &str) {
        let scene = format!(
            "[[places]]\nid = 1\nname = \"A\"\n\n[[doors]]\nid = 7\nname = \"D\"\nplace = 1\n\n[[people]]\nid = 2\nname = \"P\"\nemail = \"p@example.com\"\n{more}"
        );
        let error = parse(&scene).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_scene_that_contradicts_itself_is_refused_with_line_and_key() {
        check(
            "[[doors]]\nname = \"E\"\nid = 7\nplace = 1\n",
            "line 16: `doors.id` is `7`, but an earlier one has the same id",
        );
        check(
            "[[doors]]\nid = 8\nname = \"E\"\nplace = 9\n",
            "line 17: `doors.place` is `9`, but no place has this id",
        );
        check("[[places]]\nid = 3\nname = \"B\"\nposition = [nan, 1.0]\n", "line 17: `places.position` is `[NaN, 1]`");
        check("[[places]]\nid = 3\nname = \"B\"\nposition = [1.0, 181.0]\n", "must be degrees north and east");
        check(
            "[[groups]]\nid = 1\nname = \"G\"\ndoors = [7, 8]\n",
            "line 17: `groups.doors` is `8`, but no door has this id",
        );
        check("[[rights]]\nperson = 2\ngroup = 1\n", "line 16: `rights.group` is `1`, but no group has this id");
        check("[[faults]]\nstatus = 99\n", "line 15: `faults.status` is `99`, but must be 200 to 599");
        check("[[faults]]\nstatus = -1\n", "line 15");
        check("[[doors]]\nid = 8\nname = \"E\"\nplace = 1\ncolor = 1\n", "color");
    }
}
