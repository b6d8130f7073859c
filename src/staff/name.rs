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
    "mr",
    "mrs",
    "ms",
    "mx",
    "miss",
    "herr",
    "frau",
    "mme",
    "mlle",
    "monsieur",
    "madame",
    "señor",
    "señora",
    "señorita",
    "doctor",
    "doctora",
    "professor",
    "professorin",
    "doktor",
    "docteur",
    "docteure",
    "professeur",
    "professeure",
    "profesor",
    "profesora",
    "dipl-ing",
    "dipl-inf",
    "dipl-kfm",
    "dipl-kffr",
    "dipl-psych",
    "univ-prof",
    "dr-ing",
    "pd",
    "don",
    "doña",
];
/// Titles that are also names or initials, so they count only with their dot.
const DOTTED_TITLES: &[&str] = &[
    "m", "sr", "sra", "srta", "fr", "hr", "pr", "rev", "hon", "mag", "mmag", "ing", "lic", "arq", "dipl", "univ",
    "priv", "doz", "ma", "phd", "msc", "bsc", "mba",
];
/// Words that continue a title, such as `Dr. rer. nat.` or `Prof. Dr. h. c.`
const MORE_TITLE: &[&str] = &[
    "med", "phil", "rer", "nat", "pol", "oec", "jur", "iur", "theol", "dent", "vet", "ing", "c", "hc", "habil", "mult",
    "em", "fh",
];
/// Degrees and generations after a name, in lower case and without dots.
const SUFFIXES: &[&str] = &[
    "phd", "dphil", "md", "dds", "dvm", "jd", "esq", "jr", "sr", "jun", "sen", "ii", "iii", "iv", "msc", "mphil", "ma",
    "mba", "meng", "mfa", "bsc", "ba", "beng", "bba", "llm", "llb", "mag", "dipl-ing", "dipl-kfm", "mres", "edd", "rn",
    "cpa", "cfa", "pmp", "pe", "obe", "mbe", "fils", "hijo", "fh", "cissp",
];

impl NameFormat {
    /// Shortens a name. `Lind, Ada` is read as `Ada Lind`. The first name and initials leave out titles and degrees.
    pub fn of(self, name: &str) -> String {
        let in_order = in_order(name);
        if self == Self::Full {
            return in_order;
        }
        // `Dr.Ada` and `Ph. D.` are written in many ways.
        let spaced = in_order.replace("Ph. D", "PhD").replace("M. Sc", "MSc").replace("B. Sc", "BSc");
        let spaced = TITLES.iter().fold(spaced, |name, title| apart(&name, title));
        let words: Vec<&str> = spaced.split([' ', ',', '\u{a0}', '\u{202f}']).filter(|word| !word.is_empty()).collect();
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
    let parts: Vec<&str> = name.split([',', '\u{ff0c}']).map(str::trim).collect();
    // Capitals alone are a certificate: `Ada Lind, CCNA`.
    let is_degree = |word: &str| 1 < word.len() && word.bytes().all(|c| c.is_ascii_uppercase());
    let is_suffix = |part: &str| {
        part.is_empty()
            || part == "Ph. D."
            || part.split_whitespace().all(|word| is_among(SUFFIXES, word) && !is_given(word) || is_degree(word))
    };
    match &parts[..] {
        [family, given, rest @ ..] if !is_suffix(given) && !family.is_empty() => {
            let rest: Vec<&str> = rest.iter().copied().filter(|part| !part.is_empty()).collect();
            [&[format!("{given} {family}").as_str()], &rest[..]].concat().join(", ")
        }
        _ => name.trim().trim_end_matches(',').trim().to_owned(),
    }
}

/// Puts a space after a title that stands before a name without one: `Dr.Ada`.
fn apart(name: &str, title: &str) -> String {
    let end = title.len() + 1;
    match (name.get(..end), name.get(end..)) {
        (Some(before), Some(after))
            if before.to_lowercase() == format!("{title}.") && after.starts_with(char::is_uppercase) =>
        {
            format!("{before} {after}")
        }
        _ => name.to_owned(),
    }
}

/// Whether the word is a given name more often than a suffix, where a comma stands before it.
fn is_given(word: &str) -> bool {
    matches!(word, "Jun" | "Sen" | "Mag" | "Ma" | "Ba")
}

/// The names between titles and degrees.
fn without_titles<'a>(words: &'a [&'a str]) -> &'a [&'a str] {
    let mut first = 0;
    while let Some(word) = words.get(first) {
        let is_dotted = word.ends_with(['.', ')']);
        let next = words.get(first + 1).map(|next| next.to_lowercase());
        // `h. c.` is honorary, `H.` an initial.
        let is_honorary = word.eq_ignore_ascii_case("h.") && next.as_deref().is_some_and(|next| next.starts_with("c."));
        let is_title = is_among(TITLES, word)
            || (is_dotted && is_among(DOTTED_TITLES, word))
            || (word.chars().filter(|c| c.is_uppercase()).count() > 1
                && 2 < word.len()
                && is_among(SUFFIXES, word)
                && first + 1 < words.len())
            || (0 < first
                && is_dotted
                && word.starts_with(|c: char| c.is_lowercase() || c == '(')
                && is_among(MORE_TITLE, word))
            || (0 < first && is_honorary);
        if !is_title {
            break;
        }
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
    let is_title = |part: &str| TITLES.contains(&part) || MORE_TITLE.contains(&part) || DOTTED_TITLES.contains(&part);
    // `Ma` and `Ba` are names, `MA` and `B.A.` are degrees.
    let is_degree = joined.len() != 2
        || ["jr", "sr"].contains(&joined.as_str())
        || word.contains('.')
        || word.chars().all(|c| !c.is_lowercase());
    (list.contains(&joined.as_str()) && (list != SUFFIXES || is_degree))
        || (list == TITLES && 1 < parts().count() && word.contains('.') && parts().all(is_title))
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
            ("Sr. José García", "José"),
            ("M. Jean Dupont", "Jean"),
            ("Don José", "José"),
            ("Docteur Amélie Dupont", "Amélie"),
            ("Doktor Jürgen Weiß", "Jürgen"),
            ("Dipl.-Kffr. Anna Huber", "Anna"),
            ("Dr.Ada Lind", "Ada"),
            ("Dr.\u{a0}Ada Lind", "Ada"),
            ("Ada Lind, CISSP", "Ada"),
            ("Ada Lind, Ph. D.", "Ada"),
            ("Dr. H. Ford", "H."),
            ("Hon Lam", "Hon"),
            ("Ing Wei", "Ing"),
            ("Tanaka, Jun", "Jun"),
            ("MSc Anna Huber", "Anna"),
            ("山田，太郎", "太郎"),
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
