//! `vestibule reader`: lists readers, shows what they send, and pairs OSDP readers.

use std::{fs, io::Write as _, path::Path, time::Duration};

use serde_json::json;
use vestibule::{
    config::{self, Config},
    hex, private_files,
    readers::{self, Attached, Device, Ends, Pairing, Readers},
    staff::{Badge, BadgeFormat, BadgeProfile, Read, Scan, UidForm},
    wiring,
};
use zeroize::Zeroizing;

use super::{
    Output, Site,
    failure::{CommandError, Failure},
    io,
    report::{printable, say, tell},
    runtime::wait,
};

/// A reader that ends with nothing is over after this.
const SILENCE: Duration = Duration::from_millis(300);

#[derive(Debug, thiserror::Error)]
enum ReaderError {
    #[error("no card was read within {} s. Readers that could not be opened: {failed}", waited.as_secs())]
    NoCard { waited: Duration, failed: String },
    #[error("no OSDP reader with address {0} is in the configuration: add a [[reader]] of kind \"osdp\" first")]
    NotConfigured(u8),
    #[error("{0}")]
    Line(String),
    #[error(
        "the reader did not answer, or did not take the key: put it into install mode, and check address, baud and wiring"
    )]
    NoAnswer,
}

impl CommandError for ReaderError {}

impl Site {
    /// Prints what is attached.
    #[expect(clippy::unused_self, reason = "a command")]
    pub(crate) fn reader_list(&self, output: Output) -> Result<(), Failure> {
        let (found, failed) = readers::attached();
        for Attached { kind, place, about, .. } in &found {
            say(&match output {
                Output::Json => json!({"kind": kind, "place": place, "about": about}).to_string(),
                Output::Text => format!("{kind:<9} {place}  {about}").trim_end().to_owned(),
            })?;
        }
        for why in &failed {
            tell(why);
        }
        if found.is_empty() {
            tell("nothing is attached that could be a badge reader");
        }
        Ok(())
    }

    /// Waits for a card at any reader, and prints what it reads as.
    pub(crate) fn reader_capture(&self, limit: Duration, output: Output) -> Result<(), Failure> {
        let config = self.config()?;
        let readers = Readers::new(candidates(&config, wiring::devices(&config, &self.folder())));
        readers.start();
        tell("present a card to the reader");
        let scan = wait(async { tokio::time::timeout(limit, readers.next()).await })?;
        let Ok(scan) = scan else {
            let failed: Vec<String> = readers.states().iter().filter_map(readers::ReaderState::trouble).collect();
            return Err(ReaderError::NoCard { waited: limit, failed: failed.join("; ") }.into());
        };
        print(&scan, &config.badge.profile, output)
    }

    /// Gives an OSDP reader a new key. The key is stored before the reader gets it, so that it is never lost.
    pub(crate) fn reader_pair(&self, address: u8, output: Output) -> Result<(), Failure> {
        let config = self.config()?;
        let line = config.readers.iter().find_map(|reader| match reader {
            config::Reader::Osdp { device, address: known, baud, .. } if *known == address => Some((device, *baud)),
            config::Reader::Osdp { .. }
            | config::Reader::Keyboard { .. }
            | config::Reader::Pcsc { .. }
            | config::Reader::Serial { .. } => None,
        });
        let (device, baud) = line.ok_or(ReaderError::NotConfigured(address))?;
        drop(self.directory()?);
        let place = self.folder().join(format!("osdp-{address}.key"));
        let next = place.with_extension("key.next");
        let cannot = || io(format!("`{}` cannot be written", next.display()));
        let key = next_key(&next).map_err(cannot())?;
        match readers::pair(device, address, baud, &key).map_err(ReaderError::Line)? {
            Pairing::NoAnswer => Err(ReaderError::NoAnswer.into()),
            Pairing::Done => {
                fs::rename(&next, &place).map_err(cannot())?;
                let paired = format!(
                    "paired: the key is in `{}`. To seal it, make it the systemd credential `vestibule.osdp-{address}` \
                     and delete the file",
                    place.display()
                );
                output.result(&json!({"address": address, "result": "paired", "key_file": place}), &paired)
            }
        }
    }
}

/// The key that is to be given: one that an earlier pairing left, which its reader may have taken, else a new one.
fn next_key(file: &Path) -> std::io::Result<Zeroizing<[u8; 16]>> {
    if let Some(key) = fs::read(file).map(Zeroizing::new).ok().and_then(|text| hex::decode(text.trim_ascii())) {
        return Ok(key);
    }
    let mut key = Zeroizing::new([0; 16]);
    getrandom::fill(&mut *key).map_err(std::io::Error::other)?;
    let mut opened = private_files::open(file)?;
    opened.set_len(0)?;
    opened.write_all(hex::encode(&*key).as_bytes())?;
    opened.sync_all()?;
    Ok(key)
}

/// The configured readers, and everything that is attached besides.
fn candidates(config: &Config, configured: Vec<Device>) -> Vec<Device> {
    let is_new = |kind: &str, place: &str| {
        !config.readers.iter().any(|reader| match reader {
            config::Reader::Keyboard { device }
            | config::Reader::Serial { device, .. }
            | config::Reader::Osdp { device, .. } => {
                fs::canonicalize(device).ok() == fs::canonicalize(place).ok() && device.exists()
            }
            config::Reader::Pcsc { name, .. } => kind == "pcsc" && place.contains(name),
        })
    };
    let more = readers::attached().0.into_iter().filter(|attached| is_new(attached.kind, &attached.place));
    let more = more.map(|Attached { kind, place, .. }| match kind {
        "keyboard" => Device::Keyboard { device: place.into(), end: ANY_END },
        "pcsc" => Device::Pcsc { name: place, uid: UidForm::HEX },
        _ => Device::Serial { device: place.into(), baud: 9_600, end: ANY_END },
    });
    configured.into_iter().chain(more).collect()
}

const ANY_END: Ends = Ends { with_enter: true, with_tab: true, with_silence: Some(SILENCE) };

fn print(scan: &Scan, profile: &BadgeProfile, output: Output) -> Result<(), Failure> {
    let sent = match &scan.read {
        Read::Text(text) | Read::Number(text) => text.clone(),
        Read::Wiegand(facility, number) => format!("{facility},{number}"),
        Read::Garbled => String::new(),
    };
    let badge = scan.badge(profile);
    let number = badge.as_ref().map(Badge::expose);
    let bytes = hex::encode(sent.as_bytes());
    let advice = advice(&scan.read, &sent, number, profile);
    if output == Output::Json {
        return say(&json!({"reader": scan.reader, "sent": sent, "bytes": *bytes, "badge": number, "advice": advice})
            .to_string());
    }
    say(&format!("reader    {}", scan.reader))?;
    say(&format!("sent      {}", printable(&sent)))?;
    say(&format!("bytes     {}", *bytes))?;
    say(&format!("badge     {}", number.unwrap_or("none under today's [badge]")))?;
    advice.iter().try_for_each(|line| say(&format!("advice    {line}")))
}

/// What to change so that a card is read, or is the number that Kisi lists.
fn advice(read: &Read, sent: &str, number: Option<&str>, profile: &BadgeProfile) -> Vec<String> {
    if *read == Read::Garbled {
        return vec!["it sent keys or bytes that no badge number contains, or was cut short: set the reader to a US \
                     keyboard or to plain text, without function keys; with badge.end = \"enter\" or \"tab\" it must send that"
            .to_owned()];
    }
    let body = sent.trim();
    let mut lines = Vec::new();
    if number.is_none() {
        let alone = |format| BadgeProfile { format, separators: ":-".to_owned(), ..BadgeProfile::plain() };
        let fits = |format| Badge::normal(body, &alone(format)).is_some();
        let length = body.chars().filter(|c| *c != ' ' && !profile.separators.contains(*c)).count();
        if body.len() < profile.prefix.len() + profile.suffix.len()
            || !body.starts_with(&profile.prefix)
            || !body.ends_with(&profile.suffix)
        {
            lines.push("it lacks badge.prefix or badge.suffix".to_owned());
        }
        if length < profile.min_length || profile.max_length < length {
            lines
                .push(format!("it has {length} characters: set badge.min_length and badge.max_length to include that"));
        }
        for (name, format) in
            [("wiegand", BadgeFormat::Wiegand), ("decimal", BadgeFormat::Decimal), ("hex", BadgeFormat::Hex)]
        {
            if fits(format) && format != profile.format {
                lines.push(format!("it would be read with badge.format = \"{name}\""));
            }
        }
        let core: String =
            body.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_hexdigit).collect();
        if !core.is_empty() && core != body && 4 <= core.len() {
            let (before, after) = body.split_once(&core).unwrap_or_default();
            lines.push(format!("if `{core}` is the number: badge.prefix = \"{before}\", badge.suffix = \"{after}\""));
        }
        if profile.format == BadgeFormat::Wiegand && body.bytes().all(|c| c.is_ascii_digit()) {
            lines.push("facility code and number run together: let the reader put a comma between them".to_owned());
        }
    }
    let by_hand = matches!(read, Read::Text(_));
    for (name, form) in UidForm::ALL {
        let sends = BadgeProfile { sends: Some(form), format: BadgeFormat::Hex, ..BadgeProfile::plain() };
        if let Some(uid) = Badge::scan(body, &sends).filter(|_| by_hand) {
            let uid = uid.expose();
            lines.push(format!("if Kisi lists the card as {uid}: badge.format = \"hex\", badge.sends = \"{name}\""));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_names_the_keys_that_would_read_the_card() {
        let said = |sent: &str, profile: &BadgeProfile| {
            let read = Read::Text(sent.to_owned());
            let scan = Scan { reader: "keyboard".to_owned(), read: read.clone() };
            advice(&read, sent, scan.badge(profile).as_ref().map(Badge::expose), profile).join("\n")
        };
        let decimal = BadgeProfile { format: BadgeFormat::Decimal, ..BadgeProfile::plain() };
        assert!(said("04AB12FF", &decimal).contains("badge.format = \"hex\""));
        assert!(said("%B0012345678?", &decimal).contains("badge.prefix = \"%B\", badge.suffix = \"?\""));
        assert!(said("123", &decimal).contains("badge.min_length"));
        assert!(
            said("4279413508", &decimal)
                .contains("as 04AB12FF: badge.format = \"hex\", badge.sends = \"decimal-reversed\"")
        );
        let wiegand = BadgeProfile { format: BadgeFormat::Wiegand, ..BadgeProfile::plain() };
        assert!(said("01024910", &wiegand).contains("comma"));
    }
}
