//! Recognizes the columns of a list by their headers, in four languages and as common programs export them.

use unicode_normalization::UnicodeNormalization;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Email,
    /// A sign-in name, which is an e-mail address in many directories.
    SignInName,
    FullName,
    FirstName,
    LastName,
    Badge,
}

/// Headers of each kind of column. The file names its sources.
const HEADERS: &str = include_str!("../../../assets/list-headers.txt");

/// Full-name headers that mean one half of the name beside a column with the other half.
///
/// # Source
///
/// Outlook: French `Nom` beside `Prénom` is the last name, Spanish `Nombre` beside `Apellidos` the first; `MyQ`: `Name`
/// beside `Surname` is the first name.
const HALVES: [&str; 3] = ["name", "nom", "nombre"];

/// The columns of a list, each by its index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Columns {
    pub(super) email: usize,
    /// Takes the place of an empty e-mail cell.
    pub(super) sign_in_name: Option<usize>,
    pub(super) full_name: Option<usize>,
    pub(super) first_name: Option<usize>,
    pub(super) last_name: Option<usize>,
    pub(super) badge: Option<usize>,
}

impl Columns {
    /// Recognizes a header row. `None` if no column holds an e-mail address.
    ///
    /// # Errors
    ///
    /// The headers of two columns that both hold the same thing.
    pub(super) fn recognize(headers: &[&str]) -> Option<Result<Self, [String; 2]>> {
        let known: Vec<(usize, Role, String)> = headers
            .iter()
            .enumerate()
            .filter_map(|(at, header)| Some((at, role(header)?, normalized(header))))
            .collect();
        let is_any = |role| known.iter().any(|(_, known, _)| *known == role);
        let email = if is_any(Role::Email) { Role::Email } else { Role::SignInName };
        if !is_any(email) {
            return None;
        }
        let only = |role| match known.iter().filter(|(_, known, _)| *known == role).collect::<Vec<_>>()[..] {
            [] => Ok(None),
            [(at, ..)] => Ok(Some(*at)),
            [(first, ..), (second, ..), ..] => {
                Err([*first, *second].map(|at| headers.get(at).copied().unwrap_or_default().to_owned()))
            }
        };
        // Legal and preferred names stand beside each other in some exports.
        let first = |role| known.iter().find(|(_, known, _)| *known == role).map(|(at, ..)| *at);
        let columns = || {
            let mut columns = Self {
                email: only(email)?.unwrap_or_default(),
                full_name: first(Role::FullName),
                sign_in_name: first(Role::SignInName).filter(|_| email == Role::Email),
                first_name: first(Role::FirstName),
                last_name: first(Role::LastName),
                badge: only(Role::Badge)?,
            };
            let half = known.iter().find(|(_, role, name)| *role == Role::FullName && HALVES.contains(&&**name));
            match (half, columns.first_name, columns.last_name) {
                (Some((at, ..)), Some(_), None) => (columns.last_name, columns.full_name) = (Some(*at), None),
                (Some((at, ..)), None, Some(_)) => (columns.first_name, columns.full_name) = (Some(*at), None),
                _ => {}
            }
            Ok(columns)
        };
        Some(columns())
    }

    /// The recognized columns, as `what: header`.
    pub(super) fn described(&self, headers: &[&str]) -> Vec<String> {
        let all = [
            ("e-mail", Some(self.email)),
            ("name", self.full_name),
            ("first name", self.first_name),
            ("last name", self.last_name),
            ("badge", self.badge),
        ];
        let header = |at: usize| headers.get(at).copied().unwrap_or_default();
        all.iter().filter_map(|(what, at)| Some(format!("{what}: `{}`", header((*at)?)))).collect()
    }

    /// The headers of the other columns.
    pub(super) fn others(&self, headers: &[&str]) -> Vec<String> {
        let used = [Some(self.email), self.full_name, self.first_name, self.last_name, self.badge];
        let others = headers.iter().enumerate().filter(|(at, header)| !header.is_empty() && !used.contains(&Some(*at)));
        others.map(|(_, header)| (*header).to_owned()).collect()
    }
}

/// Whether the column holds the facility code of a card.
pub(super) fn is_facility(header: &str) -> bool {
    matches!(normalized(header).as_str(), "facilitycode" | "sitecode" | "facility")
}

/// The role of a column by its header: `Email`, or `User name [userPrincipalName] Required`.
fn role(header: &str) -> Option<Role> {
    // `Employee #` is a number, and not the employee's name.
    if header.contains('#') {
        return None;
    }
    let (outside, rest) = header.split_once('[').unwrap_or((header, ""));
    let inside = rest.split(']').next().unwrap_or_default();
    [outside, inside].into_iter().map(normalized).find_map(|name| {
        let (kind, _) = HEADERS
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(_, headers)| headers.split(' ').any(|header| header == name))?;
        Some(match kind {
            "email" => Role::Email,
            "sign-in name" => Role::SignInName,
            "name" => Role::FullName,
            "first name" => Role::FirstName,
            "last name" => Role::LastName,
            "badge" => Role::Badge,
            _ => return None,
        })
    })
}

/// Lower case, without accents, umlauts written out, spaces or punctuation.
fn normalized(header: &str) -> String {
    let lower = header.to_lowercase().replace('ß', "ss");
    let plain: String = lower.nfkd().filter(char::is_ascii_alphanumeric).collect();
    plain.replace("schluessel", "schlussel").replace("geschaeft", "geschaft").replace("vollstaendig", "vollstandig")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &str, expected: &str) {
        let headers: Vec<&str> = headers.split('|').collect();
        let said = match Columns::recognize(&headers) {
            None => "none".to_owned(),
            Some(Err([one, two])) => format!("{one} and {two}"),
            Some(Ok(columns)) => columns.described(&headers).join(", "),
        };
        assert_eq!(said, expected, "{headers:?}");
    }

    /// The header rows of real exports.
    #[test]
    fn exports_of_common_programs_are_recognized() {
        check("email|name|badge", "e-mail: `email`, name: `name`, badge: `badge`");
        check(
            "email|name|image|password_flow|role_id|group_ids|credential_token|backup_credential_token",
            "e-mail: `email`, name: `name`, badge: `credential_token`",
        );
        check(
            "userPrincipalName|displayName|surname|mail|givenName|alternateEmailAddress",
            "e-mail: `mail`, name: `displayName`, first name: `givenName`, last name: `surname`",
        );
        check(
            "Name [displayName] Required|User name [userPrincipalName] Required|Initial password [passwordProfile] Required",
            "e-mail: `User name [userPrincipalName] Required`, name: `Name [displayName] Required`",
        );
        check(
            "First Name [Required]|Last Name [Required]|Email Address [Required]|Recovery Email|Employee ID|Manager Email",
            "e-mail: `Email Address [Required]`, first name: `First Name [Required]`, last name: `Last Name [Required]`",
        );
        check(
            "Prénom|Nom|Adresse de messagerie|Adresse de messagerie 2|Titre",
            "e-mail: `Adresse de messagerie`, first name: `Prénom`, last name: `Nom`",
        );
        check(
            "Nombre|Apellidos|E-mail Address|Nº tarjeta",
            "e-mail: `E-mail Address`, first name: `Nombre`, last name: `Apellidos`, badge: `Nº tarjeta`",
        );
        check(
            "Vorname|Nachname|E-Mail-Adresse|E-Mail 2: Adresse|Schlüsselkarte",
            "e-mail: `E-Mail-Adresse`, first name: `Vorname`, last name: `Nachname`, badge: `Schlüsselkarte`",
        );
        check(
            "Surname|First name|Middle name|Card Number|PIN|Email|User ID",
            "e-mail: `Email`, first name: `First name`, last name: `Surname`, badge: `Card Number`",
        );
        check("Name|Surname|Email|Cards", "e-mail: `Email`, first name: `Name`, last name: `Surname`, badge: `Cards`");
        check(
            "Employee #|First Name|Last Name|Work Email|Home Email",
            "e-mail: `Work Email`, first name: `First Name`, last name: `Last Name`",
        );
        check(
            "login|firstName|lastName|email|secondEmail|employeeNumber",
            "e-mail: `email`, first name: `firstName`, last name: `lastName`",
        );
        check(
            "DistinguishedName|GivenName|Name|SamAccountName|Surname|UserPrincipalName",
            "e-mail: `UserPrincipalName`, name: `Name`, first name: `GivenName`, last name: `Surname`",
        );
        check("Courriel|Nom complet|N° badge", "e-mail: `Courriel`, name: `Nom complet`, badge: `N° badge`");
    }

    #[test]
    fn columns_that_may_mean_something_else_are_not_taken() {
        check("id|user|number", "none");
        check("recovery email|manager email|name", "none");
        check("email|Personalnummer|Titel|Firma", "e-mail: `email`");
        check("email|mail|name", "email and mail");
        check("email|Badge ID|Card", "Badge ID and Card");
    }
}
