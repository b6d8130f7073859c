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

/// Titles before a name, in lower case and without dots, in English, German, French and Spanish.
const TITLES: &[&str] = &[
    "dr",
    "drs",
    "dra",
    "prof",
    "profa",
    "profr",
    "mr",
    "mrs",
    "ms",
    "mx",
    "miss",
    "sir",
    "rev",
    "hon",
    "herr",
    "frau",
    "fr",
    "hr",
    "mag",
    "mmag",
    "dipl",
    "dipl-ing",
    "dipl-inf",
    "dipl-kfm",
    "ing",
    "pd",
    "univ",
    "priv",
    "doz",
    "mme",
    "mlle",
    "monsieur",
    "madame",
    "pr",
    "sra",
    "srta",
    "señor",
    "señora",
    "señorita",
    "lic",
    "licda",
    "arq",
    "dña",
    "doña",
];
/// Words that continue a title, such as `Dr. rer. nat.` or `Prof. Dr. h. c.`
const MORE_TITLE: &[&str] = &[
    "med", "phil", "rer", "nat", "pol", "oec", "jur", "iur", "theol", "dent", "vet", "ing", "h", "c", "hc", "habil",
    "mult", "e", "em", "fh",
];
/// Degrees and generations after a name, in lower case and without dots.
const SUFFIXES: &[&str] = &[
    "phd", "dphil", "md", "dds", "dvm", "jd", "esq", "jr", "sr", "jun", "sen", "ii", "iii", "iv", "msc", "mphil", "ma",
    "mba", "meng", "mfa", "bsc", "ba", "beng", "bba", "llm", "llb", "mag", "dipl-ing", "dipl-kfm", "mres", "edd", "rn",
    "cpa", "cfa", "pmp", "pe", "obe", "mbe", "fils", "hijo", "fh",
];

impl NameFormat {
    /// Shortens a name. `Lind, Ada` is read as `Ada Lind`. The first name and initials leave out titles and degrees.
    pub fn of(self, name: &str) -> String {
        let in_order = in_order(name);
        if self == Self::Full {
            return in_order;
        }
        let words: Vec<&str> = in_order.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        let names = match without_titles(&words) {
            // Nothing but titles: better than an empty greeting.
            [] => &words[..],
            names => names,
        };
        match self {
            Self::First | Self::Full => names.first().copied().unwrap_or_default().to_owned(),
            Self::Initials => {
                let initials = names.iter().filter_map(|name| name.chars().find(|c| c.is_alphanumeric()));
                initials.map(|c| format!("{c}.")).collect::<Vec<_>>().join(" ")
            }
        }
    }
}

/// Turns `Lind, Ada` around, unless what follows the comma is a degree: `Ada Lind, PhD`.
fn in_order(name: &str) -> String {
    let parts: Vec<&str> = name.split(',').map(str::trim).collect();
    let is_suffix = |part: &str| part.is_empty() || part.split_whitespace().all(|word| is_among(SUFFIXES, word));
    match &parts[..] {
        [family, given, rest @ ..] if !is_suffix(given) && !family.is_empty() => {
            let rest: Vec<&str> = rest.iter().copied().filter(|part| !part.is_empty()).collect();
            [&[format!("{given} {family}").as_str()], &rest[..]].concat().join(", ")
        }
        _ => name.trim().trim_end_matches(',').trim().to_owned(),
    }
}

/// The names between titles and degrees.
fn without_titles<'a>(words: &'a [&'a str]) -> &'a [&'a str] {
    let mut first = 0;
    while words.get(first).is_some_and(|word| {
        is_among(TITLES, word) || (0 < first && word.ends_with(['.', ')']) && is_among(MORE_TITLE, word))
    }) {
        first += 1;
    }
    let names = words.get(first..).unwrap_or_default();
    // A name is never a degree: `Ma Long` keeps its first word.
    let kept = names.iter().rposition(|word| !is_among(SUFFIXES, word)).map_or(names.len().min(1), |last| last + 1);
    names.get(..kept).unwrap_or_default()
}

/// Whether a word is in a list, in any case and with dots or brackets: `Ph.D.`, `Dr.-Ing.`, `(FH)`.
fn is_among(list: &[&str], word: &str) -> bool {
    let plain = word.trim_matches(['(', ')', '.']).to_lowercase();
    let joined = plain.replace('.', "");
    let parts = || plain.split(['.', '-']).filter(|part| !part.is_empty());
    let is_title = |part: &str| TITLES.contains(&part) || MORE_TITLE.contains(&part);
    // `Ma` and `Ba` are names, `MA` and `B.A.` are degrees.
    let is_degree = joined.len() != 2
        || ["jr", "sr"].contains(&joined.as_str())
        || word.contains('.')
        || word.chars().all(|c| !c.is_lowercase());
    (list.contains(&joined.as_str()) && (list != SUFFIXES || is_degree))
        || (list == TITLES && 1 < parts().count() && parts().all(is_title))
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
            ("Prince,", "Prince", "P.", "Prince"),
            ("", "", "", ""),
        ] {
            let shown = [NameFormat::First, NameFormat::Initials, NameFormat::Full].map(|format| format.of(name));
            assert_eq!(shown, [first, initials, full], "{name}");
        }
    }

    #[test]
    fn a_greeting_takes_a_first_name_and_no_title_or_degree() {
        for (name, first) in [
            ("Dr. Ada Lind", "Ada"),
            ("Dr Ada Lind", "Ada"),
            ("Prof. Dr. Ada Lind", "Ada"),
            ("Prof. Dr.-Ing. Ada Lind", "Ada"),
            ("Univ.-Prof. Dr. rer. nat. Ada Lind", "Ada"),
            ("Prof. Dr. h. c. mult. Ada Lind", "Ada"),
            ("Dr.med. Ada Lind", "Ada"),
            ("Dipl.-Ing. (FH) Ada Lind", "Ada"),
            ("Herr Jürgen Weiß", "Jürgen"),
            ("Mme Amélie Dupont", "Amélie"),
            ("Sra. Lucía Pérez", "Lucía"),
            ("Mrs. Ada Lind", "Ada"),
            ("Ada Lind, PhD", "Ada"),
            ("Ada Lind Ph.D.", "Ada"),
            ("Ada Lind, M.Sc., MBA", "Ada"),
            ("Ada Lind MSc", "Ada"),
            ("Sammy Davis Jr.", "Sammy"),
            ("Davis, Sammy, Jr.", "Sammy"),
            ("Lind, Dr. Ada", "Ada"),
            ("Dr. Lind, Ada", "Ada"),
            ("Lind, Ada PhD", "Ada"),
            ("Ma Long", "Ma"),
            ("Ada Lind MA", "Ada"),
            ("J. Robert Oppenheimer", "J."),
            ("Dr.", "Dr."),
            ("李小龙", "李小龙"),
            ("محمد علي", "محمد"),
        ] {
            assert_eq!(NameFormat::First.of(name), first, "{name}");
        }
        assert_eq!(NameFormat::Initials.of("Prof. Dr. Ada Lind, PhD"), "A. L.");
        assert_eq!(NameFormat::Initials.of("Yo-Yo Ma"), "Y. M.");
        assert_eq!(NameFormat::Full.of("Dr. Ada Lind, PhD"), "Dr. Ada Lind, PhD");
        assert_eq!(NameFormat::Full.of("Lind, Ada, PhD"), "Ada Lind, PhD");
    }
}
