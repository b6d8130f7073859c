//! The languages of the screen texts. A language is one line here and one file in `assets/languages`.

/// Defines [`Language`]: doc comment, variant, ISO 639-1 code, and name in that language. The code names the file.
macro_rules! languages {
    ($($doc:literal $variant:ident $code:literal $name:literal;)*) => {
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
    "English." En "en" "English";
    "German." De "de" "Deutsch";
    "French." Fr "fr" "Français";
    "Spanish." Es "es" "Español";
}

impl Language {
    /// The language with this ISO 639-1 code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }
}
