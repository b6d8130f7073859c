//! The `rekey`, `backup` and `restore` commands.

use std::path::Path;

use jiff::Timestamp;
use serde_json::json;
use vestibule::{
    backup_encryption, private_files,
    store::audit::{Action, Log, Record},
    store::directory::{self, KeyPlace, Rekeyed, Standing},
    wiring,
};
use zeroize::Zeroizing;

use super::{
    Confirmation, Output, Site,
    ask::confirm,
    credentials,
    failure::{CommandError, Failure},
    files::{is_standard, read, write},
    io, kiosk,
    report::{check_outputs, count, outdated_text, say, tell},
};

/// A backup cannot be encrypted or decrypted.
#[derive(Debug, thiserror::Error)]
#[error("the backup cannot be encrypted or decrypted")]
pub(super) struct BackupError(#[source] pub(super) backup_encryption::Error);

impl CommandError for BackupError {
    fn exit_code(&self) -> u8 {
        match self.0 {
            backup_encryption::Error::Recipient
            | backup_encryption::Error::PrivateKey
            | backup_encryption::Error::Identity => 2,
            backup_encryption::Error::Encrypt(_)
            | backup_encryption::Error::Decrypt(_)
            | backup_encryption::Error::Copy(_) => 1,
        }
    }
}

/// Both files of `restore` are standard input.
#[derive(Debug, thiserror::Error)]
#[error("the backup and its identity cannot both be read from standard input: give a file name for one of them")]
struct OneInput;

impl CommandError for OneInput {
    fn exit_code(&self) -> u8 {
        2
    }
}

impl Site {
    /// Replaces the device key and the data key. Refused while the kiosk runs, because it has the old keys in memory.
    pub(crate) fn rekey(&self, confirmation: Confirmation, output: Output) -> Result<(), Failure> {
        drop(self.directory_alone()?);
        let _alone = kiosk::lock(&self.folder())?;
        confirm(
            confirmation,
            "The device key and the data key are replaced: backups of the old key file stop being of use. Continue?",
        )?;
        // Reopen it now that no kiosk can change it.
        let directory = self.directory()?;
        let _log = wiring::writable_log(&directory)?;
        let Rekeyed { place, is_new, is_clean } = directory.rekey(credentials().as_deref())?;
        let (about, place) = match place {
            KeyPlace::Credential(_) => ("credential", "the systemd credential".to_owned()),
            KeyPlace::File(file) => ("file", file.display().to_string()),
        };
        // Reopen it, so that the log is opened and sealed with the new key.
        let directory = self.directory()?;
        let mut log = wiring::writable_log(&directory)?;
        let _ = log.append(&Record::new(Timestamp::now(), Action::Rekey, about))?;
        directory.forget_unused_keys()?;
        let outdated = directory.outdated()?;
        if output == Output::Json {
            let (pins, badges, technician) = (outdated.pins, outdated.badges, outdated.technician);
            let outdated = json!({"pins": pins, "badges": badges, "technician": technician});
            return output.json(&json!({"key": place, "new": is_new, "clean": is_clean, "outdated": outdated}));
        }
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
        if outdated.is_empty() {
            return say("everything is sealed with the new data key; the old one was deleted");
        }
        say(&outdated_text(outdated))
    }

    /// Succeeds if the device key is the credential that `vestibule-admin` must still rename after a rekey.
    pub(crate) fn is_key_named_next(&self) -> Result<(), Failure> {
        if self.directory()?.waits_for_its_name() { Ok(()) } else { Err(Failure::not_waiting()) }
    }

    /// Writes an encrypted backup, then records it: a failed backup leaves no audit record (E26).
    pub(crate) fn backup(&self, to: &str, out: &Path, output: Output) -> Result<(), Failure> {
        check_outputs(output, out)?;
        let recipient = backup_encryption::Recipient::parse(to).map_err(BackupError)?;
        let mut directory = self.directory_alone()?;
        let mut log = wiring::writable_log(&directory)?;
        let backup = directory.backup()?;
        let encrypted = recipient.encrypt(&backup).map_err(BackupError)?;
        write(out, &encrypted, "the backup")?;
        let named = if is_standard(out) { "the output".to_owned() } else { out.display().to_string() };
        let record = Record::new(Timestamp::now(), Action::Backup, recipient.to_string());
        let _ = log.append(&record)?;
        tell(&format!("backup written to {named}. It cannot restore logins that are renewed or removed later."));
        output.json(&json!({"result": "backup written", "file": out, "recipient": recipient.to_string()}))
    }

    /// Creates a directory from a backup, in a data folder that has none.
    pub(crate) fn restore(
        &self,
        file: &Path,
        identity: &Path,
        confirmation: Confirmation,
        output: Output,
    ) -> Result<(), Failure> {
        if is_standard(file) && is_standard(identity) {
            return Err(OneInput.into());
        }
        let folder = self.folder();
        directory::check_empty(&folder)?;
        let identity = Zeroizing::new(read(identity)?);
        let identity = std::str::from_utf8(&identity).map_err(|_| BackupError(backup_encryption::Error::Identity))?;
        let backup = backup_encryption::decrypt(&read(file)?, identity).map_err(BackupError)?;
        confirm(
            confirmation,
            "The directory returns to its state at the time of the backup: people who were suspended or removed since then \
             can sign in again, and people whose login was renewed cannot. Restore it?",
        )?;
        private_files::make_folder(&folder).map_err(io(format!("`{}` cannot be created", folder.display())))?;
        self.lock_logins()?;
        let _alone = kiosk::lock(&folder)?;
        let restored = directory::restore(&backup, &folder, credentials().as_deref())?;
        adopt_log(&restored.directory)?;
        let directory = restored.finish()?;
        let people = directory.list()?;
        let is_suspended = |person: &&directory::Person| person.standing == Standing::Suspended;
        let suspended: Vec<&str> = people.iter().filter(is_suspended).map(|person| person.email.as_str()).collect();
        if output == Output::Json {
            return output.json(&json!({"restored": people.len(), "folder": folder, "suspended": suspended}));
        }
        for email in suspended {
            say(&format!("{email} is suspended, as in the backup"))?;
        }
        say(&format!(
            "restored {} into {}. All guess budgets start empty and refill as configured. `vestibule doctor` checks the \
             logins.",
            count(people.len(), "person", "people"),
            folder.display()
        ))
    }
}

/// Continues the restored audit log with new signing keys, and records the restore.
fn adopt_log(directory: &directory::Directory) -> Result<(), Failure> {
    let mut log = Log::adopt(directory.folder(), directory.audit_key())?;
    let _ = log.append(&Record::new(Timestamp::now(), Action::Restore, ""))?;
    directory.note_log().and_then(|()| directory.forget_unused_keys()).map_err(Failure::from)
}
