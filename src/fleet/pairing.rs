//! How a kiosk joins: it leaves a public key and the verifier of a password, and shows a code of both. An admin types the code.

use std::{fmt, path::PathBuf, str::FromStr};

use postgres_protocol::password;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Account, Connection, Error, Welcome};
use crate::{hex, secret::Secret};

/// The role at which a kiosk asks to join. It is closed but for some minutes, and its password is no secret.
pub const JOIN_ROLE: &str = "vestibule_join";

/// Letters and digits that nobody takes for each other: no I, L, O, U.
const ALPHABET: [u8; 32] = *b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters of a code, 5 bits each.
const LETTERS: usize = 12;

/// 60 bits of the hash of a public key and a verifier, which people compare: `7F3K-92QD-XM4T`. With 40 bits somebody with the
/// database could find another key with the same code in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code([u8; LETTERS]);

impl Code {
    /// Of what a kiosk left.
    pub fn of(recipient: &str, verifier: &str) -> Self {
        let hash = hash(recipient, verifier);
        let bits = hash.iter().flat_map(|byte| (0..8).rev().map(move |bit| (byte >> bit) & 1));
        let bits: Vec<u8> = bits.take(LETTERS * 5).collect();
        let mut letters = [0; LETTERS];
        for (letter, five) in letters.iter_mut().zip(bits.chunks(5)) {
            let index = five.iter().fold(0, |index, bit| (index << 1) | usize::from(*bit));
            *letter = ALPHABET.get(index).copied().unwrap_or(b'0');
        }
        Self(letters)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, letter) in self.0.iter().enumerate() {
            if 0 < index && index % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*letter))?;
        }
        Ok(())
    }
}

impl FromStr for Code {
    type Err = ();

    /// Also in small letters, without dashes, and with letters that look like others.
    fn from_str(text: &str) -> Result<Self, ()> {
        let typed = text.chars().filter(|c| !c.is_whitespace() && !"-\u{2010}\u{2011}\u{2013}".contains(*c));
        let meant = typed.map(|c| match c.to_ascii_uppercase() {
            'I' | 'L' => '1',
            'O' => '0',
            c => c,
        });
        let letters: Vec<u8> = meant.map(|c| u8::try_from(c).map_err(|_| ())).collect::<Result<_, _>>()?;
        let letters: [u8; LETTERS] = letters.try_into().map_err(|_| ())?;
        if letters.iter().all(|letter| ALPHABET.contains(letter)) { Ok(Self(letters)) } else { Err(()) }
    }
}

/// What a kiosk leaves, and keeps.
#[derive(Debug)]
pub struct JoinRequest {
    /// The kiosk's public key: an age recipient.
    pub recipient: String,
    /// What the database can check the password with.
    pub verifier: String,
    /// The password. It never leaves the kiosk.
    pub password: Secret<String>,
}

impl JoinRequest {
    /// With a new password.
    ///
    /// # Errors
    ///
    /// [`Error::Random`]
    pub fn new(recipient: String) -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).map_err(|_| Error::Random)?;
        let password = Secret::new(hex::encode(&*bytes).to_string());
        let verifier = password::scram_sha_256(password.expose().as_bytes());
        Ok(Self { recipient, verifier, password })
    }

    /// The code that people compare.
    pub fn code(&self) -> Code {
        Code::of(&self.recipient, &self.verifier)
    }

    /// The role that the kiosk has as soon as it is admitted.
    pub fn role(&self) -> String {
        let hash = hash(&self.recipient, &self.verifier);
        format!("kiosk_{}", *hex::encode(&hash[..8]))
    }

    /// Leaves the request. `connection` is [`JOIN_ROLE`]'s.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when too many wait.
    pub async fn leave(&self, connection: &Connection) -> Result<(), Error> {
        let sql = "SELECT vestibule_api.request_join($1, $2)";
        let row = connection.client().query_one(sql, &[&self.recipient, &self.verifier]).await?;
        // A database that makes another name would let the kiosk log in as another one.
        if row.try_get::<_, String>(0)? == self.role() { Ok(()) } else { Err(Error::Answer("another role's name")) }
    }
}

/// What a kiosk keeps of its fleet, sealed by its device key.
#[derive(Debug)]
pub struct Membership {
    /// The address of the database, without a role.
    pub url: String,
    /// What it asked to join with.
    pub request: JoinRequest,
    /// The private half of the request's recipient: an age identity.
    pub identity: Secret<String>,
    /// A file of certificates to trust instead of the operating system's.
    pub ca: Option<PathBuf>,
    /// Number of the newest audit record from before the kiosk was in the fleet. Unlocks up to it are no intents of the fleet.
    pub own_records: u64,
    /// Set once the kiosk is admitted.
    pub keys: Option<WrappedKeys>,
}

/// The fleet's data keys, as only the kiosk's identity opens them, and what goes with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedKeys {
    /// By generation, the oldest first.
    pub keys: Vec<(i64, Vec<u8>)>,
    /// Salt of every PIN's hash, 16 bytes.
    pub salt: Vec<u8>,
    /// Argon2's memory in KiB, passes and lanes.
    pub cost: [u32; 3],
}

impl From<&Welcome> for WrappedKeys {
    fn from(welcome: &Welcome) -> Self {
        Self { keys: welcome.keys.clone(), salt: welcome.salt.clone(), cost: welcome.cost }
    }
}

/// [`Membership`] as it is kept.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Kept {
    url: String,
    recipient: String,
    verifier: String,
    password: String,
    identity: String,
    #[zeroize(skip)]
    ca: Option<PathBuf>,
    #[serde(default)]
    own_records: u64,
    #[zeroize(skip)]
    keys: Option<WrappedKeys>,
}

impl Membership {
    /// As bytes, to be sealed.
    ///
    /// # Errors
    ///
    /// Never: text can always be written.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let JoinRequest { recipient, verifier, password } = &self.request;
        let kept = Kept {
            url: self.url.clone(),
            recipient: recipient.clone(),
            verifier: verifier.clone(),
            password: password.expose().clone(),
            identity: self.identity.expose().clone(),
            ca: self.ca.clone(),
            own_records: self.own_records,
            keys: self.keys.clone(),
        };
        serde_json::to_vec(&kept).map(Zeroizing::new).map_err(|_| Error::Answer("a membership that cannot be written"))
    }

    /// From what [`Self::to_bytes`] made. `None` when it is something else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut kept: Kept = serde_json::from_slice(bytes).ok()?;
        let mut take = |field: fn(&mut Kept) -> &mut String| std::mem::take(field(&mut kept));
        let password = Secret::new(take(|kept| &mut kept.password));
        let identity = Secret::new(take(|kept| &mut kept.identity));
        let request = JoinRequest {
            recipient: take(|kept| &mut kept.recipient),
            verifier: take(|kept| &mut kept.verifier),
            password,
        };
        let (ca, own_records, keys) = (kept.ca.take(), kept.own_records, kept.keys.take());
        Some(Self { url: std::mem::take(&mut kept.url), request, identity, ca, own_records, keys })
    }

    /// Who the kiosk is at the database once it is admitted.
    pub fn account(&self) -> Account {
        let password = Some(Secret::new(self.request.password.expose().clone()));
        Account { role: self.request.role(), password }
    }
}

fn hash(recipient: &str, verifier: &str) -> [u8; 32] {
    Sha256::new().chain_update(recipient).chain_update(verifier).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = Code::of("age1abc", "SCRAM");
        let text = code.to_string();
        assert_eq!(text.len(), 14);
        let typed = text.replace('1', "l").replace('0', "o");
        for typed in [text.to_lowercase(), text.replace('-', ""), text.replace('-', " "), typed, format!(" {text}\n")] {
            assert_eq!(typed.parse(), Ok(code), "{typed}");
        }
        for wrong in ["", "7F3K-92QD", "7F3K-92QD-XM4T-1", "7F3K-92QD-XM4U", "7F3K-92QD-XM4é"] {
            assert_eq!(wrong.parse::<Code>(), Err(()), "{wrong}");
        }
    }

    /// Whoever changes one byte of either gets another code.
    #[test]
    fn a_code_depends_on_key_and_verifier() {
        let request = JoinRequest::new("age1abc".to_owned()).unwrap();
        let codes = [request.code(), Code::of("age1abd", &request.verifier), Code::of("age1abc", "SCRAM")];
        assert!(codes[0] != codes[1] && codes[0] != codes[2] && codes[1] != codes[2]);
        let other = JoinRequest::new("age1abc".to_owned()).unwrap();
        assert!(other.verifier != request.verifier && other.role() != request.role());
        assert!(request.role().starts_with("kiosk_") && request.role().len() == 22);
        assert!(!format!("{request:?}").contains(request.password.expose().as_str()));
    }

    #[test]
    fn a_membership_is_read_as_it_was_kept() {
        let request = JoinRequest::new("age1abc".to_owned()).unwrap();
        let identity = Secret::new("AGE-SECRET-KEY-1X".to_owned());
        let keys = Some(WrappedKeys { keys: vec![(1, vec![7; 3])], salt: vec![1; 16], cost: [65_536, 3, 4] });
        let url = "postgres://db.example/vestibule".to_owned();
        let kept = Membership { url, request, identity, ca: None, own_records: 7, keys };
        let read = Membership::from_bytes(&kept.to_bytes().unwrap()).unwrap();
        assert_eq!((read.url.as_str(), read.request.code()), (kept.url.as_str(), kept.request.code()));
        assert_eq!(read.request.password.expose(), kept.request.password.expose());
        assert_eq!((read.identity.expose(), &read.keys), (kept.identity.expose(), &kept.keys));
        assert_eq!(read.own_records, 7);
        assert!(Membership::from_bytes(b"{}").is_none());
        assert!(!format!("{read:?}").contains("SECRET-KEY"));
    }
}
