//! At night the window uses the dark theme and dims the panel: by its backlight, or by a darker palette.

use jiff::civil::Time;

use crate::{
    platform::backlight::{Backlight, Brightness},
    screen::colors::Colors,
};

/// From one time of day until another, which may be on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// The first minute.
    pub from: Time,
    /// The first minute after it.
    pub until: Time,
}

impl Hours {
    /// Whether this time of day is within these hours.
    pub fn contain(&self, time: Time) -> bool {
        if self.from < self.until {
            self.from <= time && time < self.until
        } else {
            self.from <= time || time < self.until
        }
    }
}

/// What changes at night.
#[derive(Debug, Clone)]
pub struct Night {
    hours: Hours,
    /// With a backlight that is low.
    low: Colors,
    /// Without one.
    dark: Colors,
    /// The backlight, and the brightness for the night in percent.
    backlight: Option<(Backlight, u8)>,
    /// While it is night.
    now: Option<Dimmed>,
    /// Whether the time was looked at before.
    was_asked: bool,
}

/// How the panel was dimmed.
#[derive(Debug, Clone, Copy)]
enum Dimmed {
    /// By its backlight, which had this brightness during the day. `None` if that is not known.
    Backlight(Option<Brightness>),
    /// By a darker palette.
    Palette,
}

impl Night {
    /// At these hours: with these colors if the brightness can be set, else with those.
    pub fn new(hours: Hours, (low, dark): (Colors, Colors), backlight: Option<(Backlight, u8)>) -> Self {
        Self { hours, low, dark, backlight, now: None, was_asked: false }
    }

    /// The colors of the night, while it is night.
    pub fn colors(&self) -> Option<Colors> {
        self.now.map(|dimmed| match dimmed {
            Dimmed::Backlight(_) => self.low,
            Dimmed::Palette => self.dark,
        })
    }

    /// Whether it is night.
    pub fn is_now(&self) -> bool {
        self.now.is_some()
    }

    /// Changes to night or day if it is time.
    pub(super) fn tick(&mut self, time: Time) {
        match (self.hours.contain(time), self.now) {
            (true, None) => self.now = Some(self.begin()),
            (false, Some(dimmed)) => {
                self.now = None;
                self.end(dimmed);
            }
            // The program was stopped at night: nobody raised the brightness in the morning.
            (false, None) if !self.was_asked && self.is_low() => self.end(Dimmed::Backlight(None)),
            (true, Some(_)) | (false, None) => {}
        }
        self.was_asked = true;
    }

    /// Whether the backlight has the brightness of the night. After a stop at night it has, so it is not that of a day.
    fn is_low(&self) -> bool {
        self.backlight.as_ref().is_some_and(|(backlight, percent)| {
            backlight.brightness().is_ok_and(|brightness| brightness == backlight.percent(*percent))
        })
    }

    fn begin(&self) -> Dimmed {
        let Some((backlight, percent)) = &self.backlight else { return Dimmed::Palette };
        let day = backlight.brightness().ok().filter(|_| !self.is_low());
        match backlight.set(backlight.percent(*percent)) {
            Ok(()) => {
                tracing::info!(percent, "night: the backlight was lowered");
                Dimmed::Backlight(day)
            }
            Err(error) => {
                tracing::warn!(%error, "night: the backlight cannot be set, so the colors are darker");
                Dimmed::Palette
            }
        }
    }

    /// Restores the brightness of the day. If it is not known, that is the greatest.
    fn end(&self, dimmed: Dimmed) {
        let (Dimmed::Backlight(day), Some((backlight, _))) = (dimmed, &self.backlight) else { return };
        match backlight.set(day.unwrap_or_else(|| backlight.percent(100))) {
            Ok(()) => tracing::info!("day: the backlight was restored"),
            Err(error) => tracing::warn!(%error, "day: the backlight cannot be set"),
        }
    }

    /// Restores the brightness when the window is closed or gets another configuration. A program that is stopped by a signal cannot:
    /// its next start by day does.
    pub(super) fn leave(&mut self) {
        if let Some(dimmed) = self.now.take() {
            self.end(dimmed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use jiff::civil::time;

    use super::*;

    const HOURS: Hours = Hours { from: time(22, 0, 0, 0), until: time(6, 0, 0, 0) };

    fn at(night: &mut Night, hour: i8, minute: i8) -> Option<Colors> {
        night.tick(time(hour, minute, 0, 0));
        night.colors()
    }

    fn panel(folder: &Path) -> Backlight {
        fs::create_dir(folder.join("panel")).unwrap();
        fs::write(folder.join("panel/max_brightness"), "200").unwrap();
        fs::write(folder.join("panel/brightness"), "120").unwrap();
        Backlight::find(folder).unwrap()
    }

    #[test]
    fn hours_may_end_on_the_next_day() {
        for (hour, minute, is_night) in [(21, 59, false), (22, 0, true), (0, 0, true), (5, 59, true), (6, 0, false)] {
            assert_eq!(HOURS.contain(time(hour, minute, 0, 0)), is_night, "{hour}:{minute}");
        }
        let noon = Hours { from: time(12, 0, 0, 0), until: time(13, 0, 0, 0) };
        assert!(
            noon.contain(time(12, 30, 0, 0)) && !noon.contain(time(13, 0, 0, 0)) && !noon.contain(time(3, 0, 0, 0))
        );
    }

    /// The backlight is lowered for the night and has its brightness again in the morning.
    #[test]
    fn the_backlight_is_low_at_night_and_restored() {
        let folder = tempfile::tempdir().unwrap();
        let backlight = panel(folder.path());
        let brightness = || fs::read_to_string(folder.path().join("panel/brightness")).unwrap();
        let colors = (Colors::DARK, Colors::NIGHT);
        let mut night = Night::new(HOURS, colors, Some((backlight.clone(), 30)));
        assert_eq!((at(&mut night, 21, 59), brightness().as_str()), (None, "120"));
        assert_eq!((at(&mut night, 22, 0), brightness().as_str()), (Some(Colors::DARK), "60"));
        assert_eq!((at(&mut night, 6, 0), brightness().as_str()), (None, "120"));
        // Ended at night: the panel does not stay dark.
        assert_eq!(at(&mut night, 23, 0), Some(Colors::DARK));
        night.leave();
        assert_eq!((night.colors(), brightness().as_str()), (None, "120"));
        let started = || Night::new(HOURS, colors, Some((backlight.clone(), 30)));
        // Started at night, or with another configuration: what the panel had is the brightness of the day.
        let mut night = started();
        assert_eq!((at(&mut night, 3, 0), brightness().as_str()), (Some(Colors::DARK), "60"));
        assert_eq!((at(&mut night, 6, 30), brightness().as_str()), (None, "120"));
        // Stopped at night by a signal and started at night: the brightness of the day is not known.
        assert_eq!(at(&mut night, 23, 0), Some(Colors::DARK));
        let mut night = started();
        assert_eq!((at(&mut night, 3, 0), brightness().as_str()), (Some(Colors::DARK), "60"));
        assert_eq!((at(&mut night, 6, 30), brightness().as_str()), (None, "200"));
        // The same, but started by day.
        assert_eq!((at(&mut night, 23, 0), brightness().as_str()), (Some(Colors::DARK), "60"));
        assert_eq!((at(&mut started(), 9, 0), brightness().as_str()), (None, "200"));
    }

    #[test]
    fn without_a_backlight_the_colors_are_darker() {
        let folder = tempfile::tempdir().unwrap();
        let backlight = panel(folder.path());
        let file = folder.path().join("panel/brightness");
        fs::remove_file(&file).unwrap();
        // Nothing can be written to a folder.
        fs::create_dir(file).unwrap();
        for backlight in [None, Some((backlight, 30))] {
            let mut night = Night::new(HOURS, (Colors::DARK, Colors::NIGHT), backlight);
            assert_eq!(at(&mut night, 23, 0), Some(Colors::NIGHT));
            assert_eq!(at(&mut night, 12, 0), None);
        }
    }
}
