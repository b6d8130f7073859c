//! `[[reader]]`: badge readers with a wire of their own. There may be none, or several of a kind.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{Error, edit::line_of, fields};
use crate::staff::{BadgeFormat, UidForm};

/// A `[[reader]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reader {
    /// An input device that is grabbed exclusively.
    Keyboard {
        /// Absolute path.
        device: PathBuf,
    },
    /// A PC/SC reader.
    Pcsc {
        /// Part of the reader's name. Empty: any.
        name: String,
        /// How the UID of a card becomes a number.
        uid: UidForm,
    },
    /// A serial reader.
    Serial {
        /// Absolute path.
        device: PathBuf,
        /// 300 to 921600 bits per second.
        baud: u32,
    },
    /// An OSDP reader.
    Osdp {
        /// Absolute path.
        device: PathBuf,
        /// 0 to 126.
        address: u8,
        /// 9600 to 230400 bits per second.
        baud: u32,
        /// How the UID of a card becomes a number.
        uid: UidForm,
    },
}

const KINDS: &str = "\"keyboard\", \"pcsc\", \"serial\" or \"osdp\"";
const UIDS: &str = "\"hex\", \"hex-reversed\", \"decimal\" or \"decimal-reversed\"";

/// Takes `[[reader]]` out of the site's file.
pub(super) fn take(given: &mut Table, text: &str, file: &Path) -> Result<Vec<Reader>, Error> {
    let Some(value) = given.remove("reader") else { return Ok(Vec::new()) };
    let Value::Array(sections) = value else {
        let (file, line) = (file.to_owned(), line_of(text, &["reader"]));
        return Err(Error::Value {
            file,
            line,
            key: "reader".to_owned(),
            value: value.type_str().to_owned(),
            allowed: "sections that begin with [[reader]], with two brackets",
        });
    };
    let read = |(index, section): (usize, Value)| Keys { index, section, text, file }.reader();
    let readers: Vec<Reader> = sections.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
    for (index, reader) in readers.iter().enumerate() {
        if let Some(key) = readers.iter().take(index).find_map(|before| reader.shares(before)) {
            let keys = Keys { index, section: Value::Boolean(true), text, file };
            return Err(keys.wrong(key, &reader.place(), "one that no other [[reader]] has"));
        }
    }
    Ok(readers)
}

impl Reader {
    /// The key by which it would be the same reader as another one.
    fn shares(&self, other: &Self) -> Option<&'static str> {
        match (self, other) {
            (Self::Pcsc { name, .. }, Self::Pcsc { name: other, .. }) => {
                (name.contains(other.as_str()) || other.contains(name.as_str())).then_some("name")
            }
            // The key of an OSDP reader is named by its address.
            (Self::Osdp { address, .. }, Self::Osdp { address: other, .. }) if address == other => Some("address"),
            _ => (self.device().is_some() && self.device() == other.device()).then_some("device"),
        }
    }

    fn device(&self) -> Option<&Path> {
        match self {
            Self::Keyboard { device } | Self::Serial { device, .. } | Self::Osdp { device, .. } => Some(device),
            Self::Pcsc { .. } => None,
        }
    }

    fn place(&self) -> String {
        match self {
            Self::Pcsc { name, .. } => name.clone(),
            Self::Osdp { address, .. } => address.to_string(),
            Self::Keyboard { device } | Self::Serial { device, .. } => device.display().to_string(),
        }
    }

    /// Whether the UIDs of this reader can be numbers of this format. A UID in decimal digits would be another number in
    /// hexadecimal ones.
    pub(super) fn fits(&self, format: BadgeFormat) -> bool {
        let (Self::Pcsc { uid, .. } | Self::Osdp { uid, .. }) = self else { return true };
        match format {
            BadgeFormat::AsRead => true,
            BadgeFormat::Decimal => uid.is_decimal,
            BadgeFormat::Hex => !uid.is_decimal,
            // Cards of 26 bits are no UIDs.
            BadgeFormat::Wiegand => matches!(self, Self::Osdp { .. }),
        }
    }
}

/// The keys of one section.
struct Keys<'a> {
    index: usize,
    section: Value,
    text: &'a str,
    file: &'a Path,
}

impl Keys<'_> {
    fn reader(&self) -> Result<Reader, Error> {
        let (known, reader): (&[&str], _) = match self.text_of("kind")? {
            Some("keyboard") => (&["device"], Reader::Keyboard { device: self.device()? }),
            Some("pcsc") => {
                let name = self.text_of("name")?.unwrap_or_default().to_owned();
                (&["name", "uid"], Reader::Pcsc { name, uid: self.uid()? })
            }
            Some("serial") => {
                let (device, baud) = (self.device()?, self.number("baud", 9_600, (300, 921_600), "300 to 921600")?);
                (&["device", "baud"], Reader::Serial { device, baud })
            }
            Some("osdp") => {
                let address = self.number("address", 0, (0, 126), "0 to 126")?;
                let baud = self.number("baud", 9_600, (9_600, 230_400), "9600 to 230400")?;
                let (device, address, uid) = (self.device()?, u8::try_from(address).unwrap_or_default(), self.uid()?);
                (&["device", "address", "baud", "uid"], Reader::Osdp { device, address, baud, uid })
            }
            _ if !self.section.is_table() => {
                let mut error = self.wrong("kind", &self.section.to_string(), "a section that begins with [[reader]]");
                if let Error::Value { key, .. } = &mut error {
                    "reader".clone_into(key);
                }
                return Err(error);
            }
            found => return Err(self.wrong("kind", found.unwrap_or_default(), KINDS)),
        };
        let given = self.section.as_table().into_iter().flat_map(Table::keys);
        match given.into_iter().find(|key| *key != "kind" && !known.contains(&key.as_str())) {
            None => Ok(reader),
            Some(key) => Err(Error::Unknown {
                file: self.file.to_owned(),
                line: self.line(key),
                key: format!("reader.{key}"),
                known: known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "),
            }),
        }
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.section.as_table()?.get(key)
    }

    fn text_of(&self, key: &str) -> Result<Option<&str>, Error> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(key, &other.to_string(), "a text in quotes")),
        }
    }

    fn device(&self) -> Result<PathBuf, Error> {
        let device = self.text_of("device")?.unwrap_or_default();
        let is_allowed = Path::new(device).is_absolute();
        if is_allowed { Ok(device.into()) } else { Err(self.wrong("device", device, "the path of a device, from /")) }
    }

    fn uid(&self) -> Result<UidForm, Error> {
        let form = self.text_of("uid")?.unwrap_or("hex");
        fields::uid_form(form).ok_or_else(|| self.wrong("uid", form, UIDS))
    }

    fn number(&self, key: &str, missing: u32, (least, most): (u32, u32), allowed: &'static str) -> Result<u32, Error> {
        let Some(value) = self.value(key) else { return Ok(missing) };
        let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| self.wrong(key, &value.to_string(), allowed))
    }

    fn wrong(&self, key: &str, value: &str, allowed: &'static str) -> Error {
        let (file, line) = (self.file.to_owned(), self.line(key));
        Error::Value { file, line, key: format!("reader.{key}"), value: value.to_owned(), allowed }
    }

    /// The line of a key of this section, else of its head.
    fn line(&self, key: &str) -> usize {
        let heads = self.text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("[[reader]]"));
        let Some((head, _)) = heads.into_iter().nth(self.index) else { return line_of(self.text, &["reader"]) };
        let keys =
            self.text.lines().enumerate().skip(head + 1).take_while(|(_, line)| !line.trim_start().starts_with('['));
        let is_key =
            |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
        keys.into_iter().find(|(_, line)| is_key(line)).map_or(head, |(at, _)| at) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(text: &str) -> Result<Vec<Reader>, String> {
        Config::parse(text, "kiosk.toml".as_ref()).map(|config| config.readers).map_err(|error| error.to_string())
    }

    #[test]
    fn readers_are_read_with_their_defaults() {
        let uid = UidForm { is_decimal: false, is_reversed: false };
        let text = "[[reader]]\nkind = \"pcsc\"\n\n[kiosk]\nname = \"Lobby\"\n\n[[reader]]\nkind = \"osdp\"\ndevice = \"/dev/ttyS1\"\naddress = 3\nuid = \"decimal-reversed\"\n";
        let reversed = UidForm { is_decimal: true, is_reversed: true };
        let osdp = Reader::Osdp { device: "/dev/ttyS1".into(), address: 3, baud: 9_600, uid: reversed };
        assert_eq!(read(text), Ok(vec![Reader::Pcsc { name: String::new(), uid }, osdp]));
        assert_eq!(read(""), Ok(Vec::new()));
    }

    #[test]
    fn a_wrong_reader_is_named_with_its_line_key_and_the_allowed_values() {
        let section = |keys: &str| format!("[[reader]]\nkind = \"pcsc\"\n[[reader]]\n{keys}");
        for (keys, line, said) in [
            ("kind = \"usb\"", 4, "`reader.kind`"),
            ("device = \"/dev/x\"", 3, "`reader.kind`"),
            ("kind = \"serial\"", 3, "`reader.device`"),
            ("kind = \"serial\"\ndevice = \"ttyACM0\"", 5, "the path of a device, from /"),
            ("kind = \"serial\"\ndevice = \"/dev/x\"\nbaud = 1", 6, "300 to 921600"),
            ("kind = \"osdp\"\ndevice = \"/dev/x\"\naddress = 127", 6, "0 to 126"),
            ("kind = \"osdp\"\ndevice = \"/dev/x\"\naddress = \"1\"", 6, "0 to 126"),
            ("kind = \"keyboard\"\ndevice = \"/dev/x\"\nbaud = 9600", 6, "`reader.baud`"),
            ("kind = \"pcsc\"\nuid = \"HEX\"", 5, "\"hex-reversed\""),
            ("kind = 7", 4, "a text in quotes"),
        ] {
            let error = read(&section(keys)).unwrap_err();
            assert!(error.contains(said) && error.contains(&format!("line {line}")), "{keys}: {error}");
        }
        for (second, key) in [
            ("kind = \"serial\"\ndevice = \"/dev/x\"", "device"),
            ("kind = \"osdp\"\ndevice = \"/dev/y\"", "address"),
            ("kind = \"keyboard\"\ndevice = \"/dev/y\"", "device"),
            ("kind = \"pcsc\"\nname = \"ACS\"", "name"),
        ] {
            let first = "[[reader]]\nkind = \"serial\"\ndevice = \"/dev/x\"\n[[reader]]\nkind = \"osdp\"\ndevice = \"/dev/y\"\naddress = 0\n[[reader]]\nkind = \"pcsc\"\n";
            let error = read(&format!("{first}[[reader]]\n{second}")).unwrap_err();
            assert!(error.contains(&format!("`reader.{key}`")) && error.contains("no other"), "{second}: {error}");
        }
        for (format, uid, is_read) in [
            ("wiegand", "hex", false),
            ("decimal", "hex", false),
            ("decimal", "decimal-reversed", true),
            ("hex", "decimal", false),
            ("hex", "hex-reversed", true),
            ("as-read", "decimal", true),
        ] {
            let text = format!("[badge]\nformat = \"{format}\"\n[[reader]]\nkind = \"pcsc\"\nuid = \"{uid}\"");
            assert_eq!(read(&text).is_ok(), is_read, "{text}: {:?}", read(&text));
        }
        assert!(read("reader = [\"pcsc\"]").unwrap_err().contains("[[reader]]"));
        assert!(read("[reader]\nkind = \"pcsc\"").unwrap_err().contains("two brackets"));
    }
}
