//! Rules for single doors in `kiosk.toml`: which doors they mean, by name or by Kisi's id.

use super::{Door, DoorId};

/// Which doors a rule means.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DoorRule {
    /// The one door with this id, whatever it is called: `id:123`.
    Id(DoorId),
    /// Every door that has this name at Kisi, or on its tile.
    Name(String),
}

impl DoorRule {
    /// What a rule may be, for errors.
    pub const ALLOWED: &'static str = "the name of a door, or its id at Kisi such as \"id:123\"";

    /// Parses a rule. `None` if it begins with `id:` and is not an id, or if it is empty.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let id = text.get(..3).filter(|prefix| prefix.eq_ignore_ascii_case("id:")).and_then(|_| text.get(3..));
        match id {
            Some(id) => id.trim().parse().ok().map(|id| Self::Id(DoorId::new(id))),
            None => Some(text).filter(|name| !name.is_empty()).map(|name| Self::Name(name.to_owned())),
        }
    }

    /// Whether the rule means this door.
    pub fn matches(&self, door: &Door) -> bool {
        match self {
            Self::Id(id) => door.id == *id,
            Self::Name(name) => door.kisi_name == *name || door.name == *name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::DoorState;

    #[test]
    fn a_rule_means_a_door_by_id_or_every_door_of_a_name() {
        assert_eq!(DoorRule::parse(" ID: 123 "), Some(DoorRule::Id(DoorId::new(123))));
        assert_eq!(DoorRule::parse("Vault"), Some(DoorRule::Name("Vault".to_owned())));
        assert_eq!((DoorRule::parse("id:x"), DoorRule::parse("id:"), DoorRule::parse(" ")), (None, None, None));
        let door = |id, kisi_name: &str, name: &str| Door {
            id: DoorId::new(id),
            kisi_name: kisi_name.to_owned(),
            name: name.to_owned(),
            place: None,
            state: DoorState::Ready,
            allowance: None,
        };
        let (first, second) = (door(1, "Vault", "Vault"), door(2, "Vault", "Vault (2)"));
        let matched = |rule: &str| [&first, &second].map(|door| DoorRule::parse(rule).unwrap().matches(door));
        assert_eq!(matched("Vault"), [true, true]);
        assert_eq!(matched("Vault (2)"), [false, true]);
        assert_eq!(matched("id:1"), [true, false]);
    }
}
