//! The backlight of the panel, if the system has one whose brightness can be set.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Where Linux lists backlights.
///
/// # Source
///
/// Linux, `Documentation/ABI/stable/sysfs-class-backlight`: `brightness` is a number from 0 to `max_brightness`.
const FOLDER: &str = "/sys/class/backlight";

/// A backlight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlight {
    brightness: PathBuf,
    most: u32,
}

/// Why the brightness cannot be set.
#[derive(Debug, thiserror::Error)]
pub enum BacklightError {
    /// The system lists no backlight.
    #[error("the system has no backlight in `/sys/class/backlight`")]
    None,
    /// A file cannot be read or written.
    #[error("`{}` cannot be used: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// From the operating system.
        source: io::Error,
    },
}

impl Backlight {
    /// The first backlight of this system, by name.
    ///
    /// # Errors
    ///
    /// When there is none, or its files cannot be read.
    pub fn of_system() -> Result<Self, BacklightError> {
        Self::find(Path::new(FOLDER))
    }

    /// The first backlight in a folder that is laid out as the system's.
    ///
    /// # Errors
    ///
    /// As [`Self::of_system`].
    pub fn find(folder: &Path) -> Result<Self, BacklightError> {
        let entries = fs::read_dir(folder).map_err(|_| BacklightError::None)?;
        let first = entries.filter_map(Result::ok).map(|entry| entry.path()).min().ok_or(BacklightError::None)?;
        let most = number(&first.join("max_brightness"))?;
        Ok(Self { brightness: first.join("brightness"), most })
    }

    /// The brightness now, as a part of the greatest.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn brightness(&self) -> Result<Brightness, BacklightError> {
        number(&self.brightness).map(Brightness)
    }

    /// This part of the greatest brightness, in percent. Never 0, which turns some panels off.
    pub fn percent(&self, percent: u8) -> Brightness {
        let part = u64::from(self.most) * u64::from(percent) / 100;
        Brightness(u32::try_from(part).unwrap_or(self.most).clamp(1, self.most.max(1)))
    }

    /// Sets the brightness.
    ///
    /// # Errors
    ///
    /// When the kiosk may not write the file.
    pub fn set(&self, Brightness(brightness): Brightness) -> Result<(), BacklightError> {
        let file = &self.brightness;
        fs::write(file, brightness.to_string()).map_err(|source| BacklightError::File { file: file.clone(), source })
    }

    /// Whether this account may set the brightness. Changes nothing.
    ///
    /// # Errors
    ///
    /// When it may not.
    pub fn check(&self) -> Result<(), BacklightError> {
        let file = &self.brightness;
        let opened = fs::OpenOptions::new().write(true).open(file);
        opened.map(drop).map_err(|source| BacklightError::File { file: file.clone(), source })
    }
}

/// A brightness in the unit of its backlight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brightness(u32);

fn number(file: &Path) -> Result<u32, BacklightError> {
    let failed = |source| BacklightError::File { file: file.to_owned(), source };
    let text = fs::read_to_string(file).map_err(failed)?;
    text.trim().parse().map_err(|error| failed(io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backlight_is_set_within_its_range() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Backlight::find(folder.path()), Err(BacklightError::None)));
        let panel = folder.path().join("panel");
        fs::create_dir(&panel).unwrap();
        let missing = Backlight::find(folder.path()).unwrap_err().to_string();
        assert!(missing.contains("max_brightness` cannot be used"), "{missing}");
        fs::write(panel.join("max_brightness"), "937\n").unwrap();
        fs::write(panel.join("brightness"), "500\n").unwrap();
        let backlight = Backlight::find(folder.path()).unwrap();
        let before = backlight.brightness().unwrap();
        let written = || fs::read_to_string(panel.join("brightness")).unwrap();
        backlight.check().unwrap();
        assert_eq!(written(), "500\n", "a check changes nothing");
        for (percent, brightness) in [(30, "281"), (100, "937"), (1, "9"), (0, "1")] {
            backlight.set(backlight.percent(percent)).unwrap();
            assert_eq!(written(), brightness);
        }
        backlight.set(before).unwrap();
        assert_eq!(written(), "500");
        fs::write(panel.join("brightness"), "much").unwrap();
        assert!(backlight.brightness().is_err());
    }
}
