//! The languages of the screen texts. A language is one line here and one file in `assets/languages`.

/// Defines [`Language`]: doc comment, variant, ISO 639-1 code, name in that language, and its words for yes and no. The
/// code names the file.
macro_rules! languages {
    ($($doc:literal $variant:ident $code:literal $name:literal $yes:literal $no:literal;)*) => {
        /// A screen language. Its texts are in `assets/languages`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[cfg_attr(test, derive(serde::Serialize))]
        pub enum Language {
            $(#[doc = $doc] $variant,)*
        }

        impl Language {
            /// All languages. English comes first: it is the fallback.
            pub const ALL: [Self; [$($code),*].len()] = [$(Self::$variant),*];

            /// The ISO 639-1 code, as `kiosk.toml` spells it.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The language's name in that language.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Answers that mean yes, and answers that mean no, in lower case with spaces between them.
            const fn answers(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($yes, $no),)* }
            }

            /// Its texts, in Fluent's format.
            pub const fn texts(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("../assets/languages/", $code, ".ftl")),)*
                }
            }
        }
    };
}

languages! {
    "English." En "en" "English" "y yes" "n no";
    "German." De "de" "Deutsch" "j ja" "n nein";
    "French." Fr "fr" "Français" "o oui" "n non";
    "Spanish." Es "es" "Español" "s si sí" "n no";
}

impl Language {
    /// The language with this ISO 639-1 code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// Parses yes or no in any of the languages. `None` for anything else.
    pub fn yes_or_no(answer: &str) -> Option<bool> {
        let answer = answer.trim().to_lowercase();
        let is_one_of = |words: &str| words.split(' ').any(|word| word == answer);
        if Self::ALL.iter().any(|language| is_one_of(language.answers().0)) {
            Some(true)
        } else {
            Self::ALL.iter().any(|language| is_one_of(language.answers().1)).then_some(false)
        }
    }
}
