//! The device key and backups.

use std::{
    io::{self as std_io, Read, Write},
    path::Path,
};

use jiff::Timestamp;
use vestibule::{
    audit::{Action, Log, Record},
    directory::{self, KeyPlace, Rekeyed, Standing},
    private_files, vault, wiring,
};
use zeroize::Zeroizing;

use super::{
    Site, credentials, io,
    report::{say, tell},
    staff::confirm,
};
use crate::Failure;

impl Site {
    /// Replaces device key and data key. Not under a running kiosk, which has the old ones in its memory.
    pub(crate) fn rekey(&self) -> Result<(), Failure> {
        drop(self.directory_alone()?);
        let _alone = super::lock(&self.folder())?;
        // Read anew once no kiosk changes it either.
        let directory = self.directory()?;
        let _log = wiring::writable_log(&directory).map_err(Failure::Start)?;
        let Rekeyed { place, is_new, is_clean } =
            directory.rekey(credentials().as_deref()).map_err(Failure::Directory)?;
        let (about, place) = match place {
            KeyPlace::Credential(_) => ("credential", "the systemd credential".to_owned()),
            KeyPlace::File(file) => ("file", file.display().to_string()),
        };
        // Opened with the new key, and sealed with it.
        let directory = self.directory()?;
        let mut log = wiring::writable_log(&directory).map_err(Failure::Start)?;
        let _ = log.append(&Record::new(Timestamp::now(), Action::Rekey, about)).map_err(Failure::Audit)?;
        directory.forget_unused_keys().map_err(Failure::Directory)?;
        say(&if is_new {
            format!("the device key is now {place}, and there is a new data key")
        } else {
            format!("the device key is {place}: the rekey before this one had replaced both keys already")
        })?;
        if !is_clean {
            say(
                "another process reads the directory: until it ends, pages that the old device key opens are still on the disk",
            )?;
        }
        let outdated = directory.outdated().map_err(Failure::Directory)?;
        if outdated.is_empty() {
            return say("everything is sealed with it; the old one is forgotten");
        }
        say(&super::doctor::outdated_text(outdated))
    }

    /// Whether a rekey still has to give the new credential its name.
    pub(crate) fn is_key_named_next(&self) -> Result<(), Failure> {
        if self.directory()?.waits_for_its_name() { Ok(()) } else { Err(Failure::Incomplete) }
    }

    /// Writes an encrypted backup. What is recorded is what happened, after it happened.
    pub(crate) fn backup(&self, to: &str, out: &Path) -> Result<(), Failure> {
        let recipient = vault::Recipient::parse(to).map_err(Failure::Backup)?;
        let mut directory = self.directory_alone()?;
        let mut log = wiring::writable_log(&directory).map_err(Failure::Start)?;
        let backup = directory.backup().map_err(Failure::Directory)?;
        let encrypted = recipient.encrypt(&backup).map_err(Failure::Backup)?;
        let named = if is_standard(out) {
            let mut standard = std_io::stdout().lock();
            let written = standard.write_all(&encrypted).and_then(|()| standard.flush());
            written.map_err(io("the backup cannot be written"))?;
            "the output".to_owned()
        } else {
            write_new(out, &encrypted)?;
            out.display().to_string()
        };
        let record = Record::new(Timestamp::now(), Action::Backup, recipient.to_string());
        let _ = log.append(&record).map_err(Failure::Audit)?;
        tell(&format!("written to {named}. Logins that are renewed or removed later do not work from it."));
        Ok(())
    }

    /// Makes a directory of a backup.
    pub(crate) fn restore(&self, file: &Path, identity: &Path, yes: bool) -> Result<(), Failure> {
        let folder = self.folder();
        directory::check_empty(&folder).map_err(Failure::Directory)?;
        let identity = Zeroizing::new(read(identity)?);
        let identity = std::str::from_utf8(&identity).map_err(|_| Failure::Backup(vault::Error::Identity))?;
        let backup = vault::decrypt(&read(file)?, identity).map_err(Failure::Backup)?;
        confirm(
            yes,
            "The directory becomes what it was when the backup was made: people who were suspended or removed since then can sign \
             in again, and those whose login was renewed cannot. Restore it?",
        )?;
        private_files::make_folder(&folder).map_err(io(format!("`{}` cannot be made", folder.display())))?;
        self.lock_logins()?;
        let _alone = super::lock(&folder)?;
        let restored = directory::restore(&backup, &folder, credentials().as_deref()).map_err(Failure::Directory)?;
        adopt_log(&restored.directory)?;
        let directory = restored.finish().map_err(Failure::Directory)?;
        let people = directory.list().map_err(Failure::Directory)?;
        for person in people.iter().filter(|person| person.standing == Standing::Suspended) {
            say(&format!("{} is suspended, as in the backup", person.email))?;
        }
        say(&format!(
            "{} people are restored into {}. No guess is left until each comes back in its time. `vestibule doctor` checks their \
             logins.",
            people.len(),
            folder.display()
        ))
    }
}

/// Goes on with the log of a backup, under new keys.
fn adopt_log(directory: &directory::Directory) -> Result<(), Failure> {
    let mut log = Log::adopt(directory.folder(), directory.audit_key()).map_err(Failure::Audit)?;
    let _ = log.append(&Record::new(Timestamp::now(), Action::Restore, "")).map_err(Failure::Audit)?;
    directory.note_log().and_then(|()| directory.forget_unused_keys()).map_err(Failure::Directory)
}

/// `-` stands for the standard input or output.
pub(super) fn is_standard(file: &Path) -> bool {
    file == Path::new("-")
}

/// No list, key or backup is larger. A device that never ends is read no further.
const LARGEST: u64 = 1 << 30;

/// A file, or the standard input.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if is_standard(file) || file == Path::new("/dev/stdin") {
        std_io::stdin().lock().take(LARGEST).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
    };
    let too_large = || std_io::Error::new(std_io::ErrorKind::FileTooLarge, "it is larger than 1 GiB");
    let read = read.and_then(|_| {
        if u64::try_from(bytes.len()).is_ok_and(|length| length == LARGEST) { Err(too_large()) } else { Ok(()) }
    });
    read.map_err(io(format!("`{}` cannot be read", file.display())))?;
    Ok(bytes)
}

/// Never over a file that is there, and for nobody else to read.
pub(super) fn write_new(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written =
        private_files::create_new(file).and_then(|mut out| out.write_all(bytes).and_then(|()| out.sync_all()));
    written.map_err(io(format!("`{}` cannot be written", file.display())))
}
