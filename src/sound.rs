//! Feedback tones, if the site enables them and the machine has an audio device. The first tone opens the device; after
//! a quiet period it closes, so that nothing runs at rest.

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

/// The audio device closes after this long without a tone. Our choice.
const QUIET: Duration = Duration::from_secs(10);

/// Sends tones to the sound thread. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sound(Sender<Tone>);

impl Sound {
    /// Starts the sound thread. `volume` is from 0 to 1. Returns `None` if the thread cannot start.
    pub fn start(volume: f32) -> Option<Self> {
        let (tones, played) = channel();
        let thread = thread::Builder::new().name("sound".to_owned()).spawn(move || play(&played, volume));
        if let Err(error) = &thread {
            tracing::warn!(%error, "the sound thread cannot start; tones are off");
        }
        thread.ok().map(|_| Self(tones))
    }

    /// Queues a tone and returns at once.
    pub fn play(&self, tone: Tone) {
        // If the thread has ended, the tone is dropped.
        let _ = self.0.send(tone);
    }
}

fn play(tones: &Receiver<Tone>, volume: f32) {
    let mut device: Option<MixerDeviceSink> = None;
    let mut was_said = false;
    loop {
        // With an open device, wait with a timeout, so that the device closes after a quiet period.
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
                tracing::warn!(%error, "no audio device; tones are not played");
            }
            None
        }
    }
}

/// The notes of a tone as Hz and ms. Every digit has the same short tone; a good result rises, a bad one falls.
fn notes(tone: Tone) -> impl Source + use<> {
    let notes: &[(f32, u64)] = match tone {
        Tone::Key => &[(1_100.0, 35)],
        Tone::Good => &[(660.0, 90), (880.0, 160)],
        Tone::Bad => &[(330.0, 160), (247.0, 240)],
        Tone::Warning => &[(740.0, 90), (740.0, 90)],
    };
    from_iter(notes.iter().map(|(hertz, milliseconds)| {
        let long = Duration::from_millis(*milliseconds);
        // Fade in and out: a note with hard edges clicks.
        let mut note = SineWave::new(*hertz).take_duration(long);
        note.set_filter_fadeout();
        note.fade_in(long / 8)
    }))
}
