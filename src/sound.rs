//! Tones, where the site wants them and the machine has something to play them on. The device is opened with the first tone and
//! given back when it has been quiet for a while: at rest nothing runs.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::Duration,
};

use rodio::{
    DeviceSinkBuilder, MixerDeviceSink, Source,
    source::{SineWave, from_iter},
};

use crate::session::cue::Tone;

/// After so long without a tone the device is given back.
const QUIET: Duration = Duration::from_secs(10);

/// Plays tones, if that is possible. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sound(Sender<Tone>);

impl Sound {
    /// Starts a thread that plays. `volume` is from 0 to 1. `None` when there is no such thread.
    pub fn start(volume: f32) -> Option<Self> {
        let (tones, played) = channel();
        let thread = thread::Builder::new().name("sound".to_owned()).spawn(move || play(&played, volume));
        if let Err(error) = &thread {
            tracing::warn!(%error, "there are no tones");
        }
        thread.ok().map(|_| Self(tones))
    }

    /// Plays a tone soon.
    pub fn play(&self, tone: Tone) {
        // Without the thread it is quiet.
        let _ = self.0.send(tone);
    }
}

fn play(tones: &Receiver<Tone>, volume: f32) {
    let mut device: Option<MixerDeviceSink> = None;
    let mut was_said = false;
    loop {
        // Whoever waits for a tone with an open device gives it back after a while.
        let next = match &device {
            Some(_) => tones.recv_timeout(QUIET),
            None => tones.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match next {
            Ok(tone) => {
                if device.is_none() {
                    device = open(&mut was_said);
                }
                if let Some(device) = &device {
                    device.mixer().add(notes(tone).amplify(volume));
                }
            }
            Err(RecvTimeoutError::Timeout) => device = None,
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn open(was_said: &mut bool) -> Option<MixerDeviceSink> {
    match DeviceSinkBuilder::open_default_sink() {
        Ok(mut device) => {
            device.log_on_drop(false);
            Some(device)
        }
        Err(error) => {
            if !std::mem::replace(was_said, true) {
                tracing::warn!(%error, "there is nothing to play tones on");
            }
            None
        }
    }
}

/// Hertz and milliseconds, one after the other. A key is short and the same for every digit; good goes up, bad goes down.
fn notes(tone: Tone) -> impl Source + use<> {
    let notes: &[(f32, u64)] = match tone {
        Tone::Key => &[(1_100.0, 35)],
        Tone::Good => &[(660.0, 90), (880.0, 160)],
        Tone::Bad => &[(330.0, 160), (247.0, 240)],
        Tone::Warning => &[(740.0, 90), (740.0, 90)],
    };
    from_iter(notes.iter().map(|(hertz, milliseconds)| {
        let long = Duration::from_millis(*milliseconds);
        // Without an edge: a tone that begins or ends at once clicks.
        let mut note = SineWave::new(*hertz).take_duration(long);
        note.set_filter_fadeout();
        note.fade_in(long / 8)
    }))
}
