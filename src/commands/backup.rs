//! The `rekey`, `backup` and `restore` commands, and reading and writing of their files.

use std::{
    io::{self as std_io, Read, Write},
    path::Path,
};

use jiff::Timestamp;
use vestibule::{
    backup_encryption, private_files,
    store::audit::{Action, Log, Record},
    store::directory::{self, KeyPlace, Rekeyed, Standing},
    wiring,
};
use zeroize::Zeroizing;

use super::{
    Site, credentials, io,
    report::{say, tell},
    staff::confirm,
};
use crate::Failure;

impl Site {
    /// Replaces the device key and the data key. Refused while the kiosk runs, because it has the old keys in memory.
    pub(crate) fn rekey(&self) -> Result<(), Failure> {
        drop(self.directory_alone()?);
        let _alone = super::lock(&self.folder())?;
        // Reopen it now that no kiosk can change it.
        let directory = self.directory()?;
        let _log = wiring::writable_log(&directory).map_err(Failure::Start)?;
        let Rekeyed { place, is_new, is_clean } =
            directory.rekey(credentials().as_deref()).map_err(Failure::Directory)?;
        let (about, place) = match place {
            KeyPlace::Credential(_) => ("credential", "the systemd credential".to_owned()),
            KeyPlace::File(file) => ("file", file.display().to_string()),
        };
        // Reopen it, so that the log is opened and sealed with the new key.
        let directory = self.directory()?;
        let mut log = wiring::writable_log(&directory).map_err(Failure::Start)?;
        let _ = log.append(&Record::new(Timestamp::now(), Action::Rekey, about)).map_err(Failure::Audit)?;
        directory.forget_unused_keys().map_err(Failure::Directory)?;
        say(&if is_new {
            format!("the device key is now {place}, and there is a new data key")
        } else {
            format!("the device key is {place}: an interrupted rekey had already replaced both keys")
        })?;
        if !is_clean {
            say(
                "another process reads the directory: until it exits, pages that the old device key opens stay on the disk",
            )?;
        }
        let outdated = directory.outdated().map_err(Failure::Directory)?;
        if outdated.is_empty() {
            return say("everything is sealed with the new data key; the old one was deleted");
        }
        say(&super::doctor::outdated_text(outdated))
    }

    /// Succeeds if the device key is the credential that `vestibule-admin` must still rename after a rekey.
    pub(crate) fn is_key_named_next(&self) -> Result<(), Failure> {
        if self.directory()?.waits_for_its_name() { Ok(()) } else { Err(Failure::Incomplete) }
    }

    /// Writes an encrypted backup, then records it: a failed backup leaves no audit record (E26).
    pub(crate) fn backup(&self, to: &str, out: &Path) -> Result<(), Failure> {
        let recipient = backup_encryption::Recipient::parse(to).map_err(Failure::Backup)?;
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
        tell(&format!("backup written to {named}. It cannot restore logins that are renewed or removed later."));
        Ok(())
    }

    /// Creates a directory from a backup, in a data folder that has none.
    pub(crate) fn restore(&self, file: &Path, identity: &Path, yes: bool) -> Result<(), Failure> {
        let folder = self.folder();
        directory::check_empty(&folder).map_err(Failure::Directory)?;
        let identity = Zeroizing::new(read(identity)?);
        let identity =
            std::str::from_utf8(&identity).map_err(|_| Failure::Backup(backup_encryption::Error::Identity))?;
        let backup = backup_encryption::decrypt(&read(file)?, identity).map_err(Failure::Backup)?;
        confirm(
            yes,
            "The directory returns to its state at the time of the backup: people who were suspended or removed since then \
             can sign in again, and people whose login was renewed cannot. Restore it?",
        )?;
        private_files::make_folder(&folder).map_err(io(format!("`{}` cannot be created", folder.display())))?;
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
            "{} people are restored into {}. All guess budgets start empty and refill as configured. `vestibule doctor` \
             checks the logins.",
            people.len(),
            folder.display()
        ))
    }
}

/// Continues the restored audit log with new signing keys, and records the restore.
fn adopt_log(directory: &directory::Directory) -> Result<(), Failure> {
    let mut log = Log::adopt(directory.folder(), directory.audit_key()).map_err(Failure::Audit)?;
    let _ = log.append(&Record::new(Timestamp::now(), Action::Restore, "")).map_err(Failure::Audit)?;
    directory.note_log().and_then(|()| directory.forget_unused_keys()).map_err(Failure::Directory)
}

/// Whether a path is `-`, which stands for standard input or output.
pub(super) fn is_standard(file: &Path) -> bool {
    file == Path::new("-")
}

/// Maximum size of an input, in bytes. Stops reading from endless devices. Our choice.
const LARGEST: u64 = 1 << 30;

/// Reads a file, or standard input for `-` and `/dev/stdin`.
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

/// Writes a new file with mode 0600. Fails if it exists.
pub(super) fn write_new(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written =
        private_files::create_new(file).and_then(|mut out| out.write_all(bytes).and_then(|()| out.sync_all()));
    written.map_err(io(format!("`{}` cannot be written", file.display())))
}
