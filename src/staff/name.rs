//! How people are greeted where others can read along.

/// How much of a name is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameFormat {
    /// The first of its names.
    First,
    /// The first letter of each.
    Initials,
    /// All of it.
    Full,
}

impl NameFormat {
    /// As much of this name. What stands behind a comma comes first, as in `Lind, Ada`.
    pub fn of(self, name: &str) -> String {
        let in_order = match name.split_once(',') {
            Some((last, first)) if !first.trim().is_empty() => format!("{} {}", first.trim(), last.trim()),
            Some(_) | None => name.trim().to_owned(),
        };
        let names = in_order.split_whitespace();
        match self {
            Self::Full => in_order,
            Self::First => names.into_iter().next().unwrap_or_default().to_owned(),
            Self::Initials => {
                let initials = names.filter_map(|name| name.chars().find(|c| c.is_alphanumeric()));
                initials.map(|c| format!("{c}.")).collect::<Vec<_>>().join(" ")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_as_far_as_the_site_wants() {
        for (name, first, initials, full) in [
            ("Ada Lind", "Ada", "A. L.", "Ada Lind"),
            ("Lind, Ada", "Ada", "A. L.", "Ada Lind"),
            (" Émile  Zola ", "Émile", "É. Z.", "Émile  Zola"),
            ("Prince", "Prince", "P.", "Prince"),
            ("Prince,", "Prince,", "P.", "Prince,"),
            ("", "", "", ""),
        ] {
            let shown = [NameFormat::First, NameFormat::Initials, NameFormat::Full].map(|format| format.of(name));
            assert_eq!(shown, [first, initials, full], "{name}");
        }
    }
}
