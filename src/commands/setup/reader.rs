//! The badge reader of a new kiosk: its `[[reader]]`, and the udev rule that gives its device to the kiosk alone.

use std::{fs, process::Command};

use vestibule::{
    config::Config,
    readers::{Attached, attached},
};

use super::{
    super::{Failure, io, report::say},
    questions::ask_until,
};

/// The udev rule of the reader. Its number is below 73, after which rules cannot change who may use a device.
const RULE: &str = "/etc/udev/rules.d/70-vestibule-reader.rules";
/// What the rule calls the reader.
const LINK: &str = "/dev/input/badge-reader";

/// Asks which of the attached devices is the badge reader, and returns the configuration with it. For a reader that types
/// like a keyboard, writes the udev rule.
pub(super) fn choose(text: String, known: &Config) -> Result<String, Failure> {
    let (found, failed) = attached();
    if !known.readers.is_empty() || found.is_empty() {
        return Ok(text);
    }
    for why in failed {
        say(&why)?;
    }
    for (index, Attached { kind, place, about, .. }) in found.iter().enumerate() {
        say(&format!("  {}: {kind} {place} {about}", index + 1))?;
    }
    say("A badge reader that is named here cannot be confused with a keyboard. Do not choose your own keyboard.")?;
    let chosen = ask_until("Number of the badge reader, or nothing if badges come from any keyboard", "", |answer| {
        if answer.is_empty() {
            return Ok(None);
        }
        let index = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let chosen = index.and_then(|index| found.get(index));
        chosen.map(Some).ok_or_else(|| format!("`{answer}` is not one of the numbers"))
    })?;
    let Some(chosen) = chosen else { return Ok(text) };
    if let Some(rule) = rule(chosen) {
        fs::write(RULE, rule).map_err(io(format!("`{RULE}` cannot be written")))?;
        say(&format!("written to {RULE}"))?;
        for arguments in [&["control", "--reload"][..], &["trigger", "--subsystem-match=input"]] {
            // Without udev, the rule works from the next boot on.
            let _ = Command::new("udevadm").args(arguments).status();
        }
    }
    Ok(format!("{}\n\n{}", text.trim_end(), section(chosen)))
}

/// The `[[reader]]` of a device.
fn section(Attached { kind, place, ids, .. }: &Attached) -> String {
    let (key, place) = match *kind {
        "pcsc" => ("name", place.as_str()),
        "keyboard" if ids.is_some() => ("device", LINK),
        _ => ("device", place.as_str()),
    };
    format!("[[reader]]\nkind = \"{kind}\"\n{key} = {}\n", toml_edit::Value::from(place))
}

/// The udev rule for a reader that types like a keyboard: it belongs to the kiosk, and the compositor does not hear it.
fn rule(Attached { kind, ids, about, .. }: &Attached) -> Option<String> {
    let (vendor, product) = ids.filter(|_| *kind == "keyboard")?;
    let about: String = about.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
    let matched = format!(
        "SUBSYSTEM==\"input\", KERNEL==\"event*\", ATTRS{{idVendor}}==\"{vendor:04x}\", ATTRS{{idProduct}}==\"{product:04x}\""
    );
    let given =
        "GROUP=\"vestibule\", MODE=\"0660\", ENV{LIBINPUT_IGNORE_DEVICE}=\"1\", SYMLINK+=\"input/badge-reader\"";
    Some(format!("# {about}\n{matched}, ENV{{ID_INPUT_KEYBOARD}}==\"1\", {given}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_reader_is_a_section_that_the_kiosk_reads_and_a_rule_for_udev() {
        let device =
            |kind, place: &str, ids| Attached { kind, place: place.to_owned(), about: "Scan\n\"er".into(), ids };
        let keyboard = device("keyboard", "/dev/input/event3", Some((0x1da8, 0x1301)));
        let said = rule(&keyboard).unwrap();
        assert!(said.starts_with("# Scan\"er\nSUBSYSTEM==\"input\""), "{said}");
        assert!(said.contains("ATTRS{idVendor}==\"1da8\", ATTRS{idProduct}==\"1301\"") && said.lines().count() == 2);
        assert!(section(&keyboard).contains(LINK));
        let pcsc = device("pcsc", "ACS \"ACR122U\" 00", None);
        let serial = device("serial", "/dev/serial/by-id/usb-1", None);
        assert_eq!((rule(&pcsc), rule(&serial)), (None, None));
        for reader in [&keyboard, &pcsc, &serial] {
            let config = Config::parse(&section(reader), "kiosk.toml".as_ref()).unwrap();
            assert_eq!(config.readers.len(), 1, "{}", section(reader));
        }
    }
}
