//! Feedback tones, if the site enables them and the machine can play them. A tone is a short WAV file on the standard input of
//! ALSA's `aplay`, so the program needs no sound library, and a machine without one loses the tones only.

use std::{
    env,
    f32::consts::TAU,
    io::{ErrorKind, Write},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

use crate::session::feedback::Tone;

/// Samples per second, one channel, 16 bits.
const RATE: u32 = 44_100;
const PLAYER: &str = "aplay";
/// The longest tone takes 0.4 s. A player that takes two seconds waits for a device that another program holds.
const POLLS: u32 = 200;
const POLL: Duration = Duration::from_millis(10);
/// What the player inherits of the environment, which may contain the admin key.
const INHERITED: [&str; 5] = ["PATH", "HOME", "XDG_RUNTIME_DIR", "ALSA_CARD", "ALSA_CONFIG_PATH"];

/// Sends tones to the sound thread. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sound {
    tones: Sender<(Tone, bool)>,
}

impl Sound {
    /// Starts the sound thread. Both volumes are from 0 to 1. Returns `None` if the thread cannot start.
    pub fn start(volume: f32, at_night: f32) -> Option<Self> {
        let (tones, played) = channel();
        let thread = thread::Builder::new().name("sound".to_owned()).spawn(move || play(&played, volume, at_night));
        if let Err(error) = &thread {
            tracing::warn!(%error, "the sound thread cannot start; tones are off");
        }
        thread.ok().map(|_| Self { tones })
    }

    /// Queues a tone and returns at once.
    pub fn play(&self, tone: Tone, is_night: bool) {
        // If the thread has ended, the tone is dropped.
        let _ = self.tones.send((tone, is_night));
    }
}

fn play(tones: &Receiver<(Tone, bool)>, volume: f32, at_night: f32) {
    let mut was_said = false;
    while let Ok(tone) = tones.recv() {
        // Fast typing does not pile up tones: only the newest one is played.
        let (newest, is_night) = tones.try_iter().last().unwrap_or(tone);
        let volume = if is_night { at_night } else { volume };
        if volume <= 0.0 {
            continue;
        }
        if let Err(why) = play_one(newest, volume)
            && !std::mem::replace(&mut was_said, true)
        {
            tracing::warn!("{why}; tones are not played");
        }
    }
}

/// Plays one tone and waits for its end. Returns why that failed.
fn play_one(tone: Tone, volume: f32) -> Result<(), String> {
    let mut command = Command::new(PLAYER);
    let command = command.args(["--quiet", "--file-type", "wav", "-"]).env_clear();
    let command = command.envs(INHERITED.iter().filter_map(|name| Some((name, env::var_os(name)?))));
    let player = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut player = player.map_err(|error| {
        if error.kind() == ErrorKind::NotFound {
            "`aplay` is not installed (Debian package alsa-utils)".to_owned()
        } else {
            format!("`aplay` cannot be started: {error}")
        }
    })?;
    // A tone fits into the pipe. A player that ends early closes its input; its exit code says so below.
    let _ = player.stdin.take().map(|mut input| input.write_all(&wav(tone, volume)));
    match end_of(&mut player) {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("`aplay` failed ({status}), as it does without an audio device")),
        None => Err("`aplay` hangs: another program may hold the audio device".to_owned()),
    }
}

/// How the player ended. `None` if it had to be killed.
fn end_of(player: &mut Child) -> Option<ExitStatus> {
    for _ in 0..POLLS {
        if let Ok(Some(status)) = player.try_wait() {
            return Some(status);
        }
        thread::sleep(POLL);
    }
    let _ = player.kill();
    let _ = player.wait();
    None
}

/// The notes of a tone as Hz and ms. Every digit has the same short tone. Results have equal length and differ in how the
/// pitch moves: a good one rises, a bad one falls, an unknown one rises and falls back as an open question. The countdown
/// stays on one note.
const fn notes(tone: Tone) -> &'static [(f32, u16)] {
    match tone {
        Tone::Key => &[(1_100.0, 35)],
        Tone::Good => &[(523.0, 110), (659.0, 110), (784.0, 160)],
        Tone::Bad => &[(440.0, 110), (349.0, 110), (262.0, 160)],
        Tone::Unknown => &[(440.0, 110), (659.0, 110), (440.0, 160)],
        Tone::Warning => &[(740.0, 90), (740.0, 90)],
    }
}

/// A tone as a WAV file.
///
/// # Source
///
/// Microsoft, "Multiple Channel Audio Data and WAVE Files": RIFF header, format 1 (PCM), little-endian.
fn wav(tone: Tone, volume: f32) -> Vec<u8> {
    let samples: Vec<u8> = notes(tone).iter().flat_map(|note| note_samples(*note, volume)).collect();
    let length = u32::try_from(samples.len()).unwrap_or_default();
    let (channels, bytes) = (1_u16, 2_u16);
    let mut file = Vec::with_capacity(44 + samples.len());
    for part in [
        &b"RIFF"[..],
        &(36 + length).to_le_bytes(),
        b"WAVEfmt ",
        &16_u32.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &channels.to_le_bytes(),
        &RATE.to_le_bytes(),
        &(RATE * u32::from(bytes)).to_le_bytes(),
        &bytes.to_le_bytes(),
        &(8 * bytes).to_le_bytes(),
        b"data",
        &length.to_le_bytes(),
        &samples,
    ] {
        file.extend_from_slice(part);
    }
    file
}

/// A sine wave that fades in and out: a note with hard edges clicks.
fn note_samples((hertz, milliseconds): (f32, u16), volume: f32) -> impl Iterator<Item = u8> {
    let count = u32::from(milliseconds) * RATE / 1_000;
    let fade = (count / 8).max(1);
    (0..count).flat_map(move |at| {
        let seconds = as_f32(at) / as_f32(RATE);
        let edge = as_f32(at.min(count - at).min(fade)) / as_f32(fade);
        let level = (TAU * hertz * seconds).sin() * edge * volume.clamp(0.0, 1.0);
        to_i16(level).to_le_bytes()
    })
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "samples of a tone: far below 2^24")]
fn as_f32(number: u32) -> f32 {
    number as f32
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "at most one: the product fits")]
fn to_i16(level: f32) -> i16 {
    (level * f32::from(i16::MAX)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pitch of each part of a tone, in Hz: half its changes of sign in a second.
    fn pitches(tone: Tone) -> Vec<f32> {
        let samples = wav(tone, 1.0).split_off(44);
        let samples: Vec<i16> = samples.chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
        let mut begin = 0;
        let mut pitches = Vec::new();
        for (_, milliseconds) in notes(tone) {
            let count = usize::try_from(u32::from(*milliseconds) * RATE / 1_000).unwrap();
            let part = &samples[begin..begin + count];
            let changes = part.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
            pitches.push(as_f32(u32::try_from(changes).unwrap()) * 500.0 / f32::from(*milliseconds));
            begin += count;
        }
        assert_eq!(begin, samples.len());
        pitches
    }

    /// Heard in the samples, not in the table: accepted rises, refused falls, no answer does both.
    #[test]
    fn results_are_told_apart_by_how_the_pitch_moves() {
        let is_up = |pitches: &[f32]| pitches.windows(2).map(|pair| 1.15 * pair[0] < pair[1]).collect::<Vec<_>>();
        let is_down = |pitches: &[f32]| pitches.windows(2).map(|pair| 1.15 * pair[1] < pair[0]).collect::<Vec<_>>();
        let (good, bad, unknown) = (pitches(Tone::Good), pitches(Tone::Bad), pitches(Tone::Unknown));
        assert_eq!(is_up(&good), [true, true], "{good:?}");
        assert_eq!(is_down(&bad), [true, true], "{bad:?}");
        assert_eq!((is_up(&unknown), is_down(&unknown)), (vec![true, false], vec![false, true]), "{unknown:?}");
        let lengths = [Tone::Good, Tone::Bad, Tone::Unknown].map(|tone| wav(tone, 1.0).len());
        assert_eq!(lengths, [lengths[0]; 3], "length tells nothing");
    }
}
