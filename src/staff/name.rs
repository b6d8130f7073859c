//! How a person's name is shown on a screen that others can read.

/// How much of a name is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameFormat {
    /// The first given name.
    First,
    /// The initials of all names.
    Initials,
    /// The full name.
    Full,
}

impl NameFormat {
    /// Shortens a name. `Lind, Ada` is read as `Ada Lind`.
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
    fn a_name_is_shortened_as_configured() {
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
