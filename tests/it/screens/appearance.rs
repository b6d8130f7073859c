//! Appearance settings: languages, display names, clock format, logo, tones; and the digits and icons of the fonts.

use std::{
    collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::Path, process::Command, thread, time::Duration,
};

use iced::{Element, Size};
use vestibule::{
    app::Start,
    config::Config,
    language::Language,
    screen::logo::BadPicture,
    screen::{
        icon::{Icon, icon},
        label::label,
        sign_in::Labels,
        theme::{BOLD, FONT, Importance},
        words::words,
    },
    wiring::{self, BadLogo},
};

use crate::support::{
    headless::{BADGE, Kiosk, Site, WIDE, english, look},
    installed::{Installed, Program},
    scenes::desk_or_wall,
    touchscreen::Touchscreen,
};

/// A person's language is kept across visits and restarts and can be changed. It does not affect the next person.
#[test]
fn a_persons_language_is_kept_for_them_and_nobody_else() {
    let site = Site::new();
    let (ada, grace) = (site.enrol("ada@example.com", None, true), site.enrol("grace@example.com", Some(BADGE), true));
    let mut kiosk = site.kiosk();
    let leave = |kiosk: &mut Kiosk, language: Language| {
        kiosk.wait(Duration::from_millis(450));
        kiosk.tap(&words(language).say("sign-out"));
        assert!(kiosk.shows(&english().say("prompt")), "the site's language at rest: {:?}", kiosk.texts());
    };
    kiosk.tap(Language::Fr.name());
    kiosk.type_pin(&ada);
    assert!(kiosk.shows("Bonjour Ada"), "{:?}", kiosk.texts());
    leave(&mut kiosk, Language::Fr);
    kiosk.type_pin(&grace);
    assert!(kiosk.shows("Hello Grace"));
    leave(&mut kiosk, Language::En);
    drop(kiosk);
    let mut kiosk = site.kiosk();
    kiosk.type_pin(&ada);
    assert!(kiosk.shows("Bonjour Ada"), "after a restart too");
    leave(&mut kiosk, Language::Fr);
    kiosk.tap(Language::De.name());
    kiosk.type_pin(&ada);
    assert!(kiosk.shows("Hallo Ada"), "another choice");
    leave(&mut kiosk, Language::De);
    kiosk.type_pin(&ada);
    assert!(kiosk.shows("Hallo Ada"), "the new choice is kept");

    // A language that is no longer configured falls back to the site's.
    let mut site = site;
    site.config.kiosk.languages = vec![Language::En, Language::Fr];
    let mut kiosk = site.kiosk();
    kiosk.type_pin(&ada);
    assert!(kiosk.shows("Hello Ada"));
}

#[test]
fn the_greeting_follows_display_names() {
    for (names, hello) in [("first", "Hello Ada"), ("initials", "Hello A. L."), ("full", "Hello Ada Lind")] {
        let site = Site::with(|_| {}, &format!("[display]\nnames = \"{names}\"\n"));
        let pin = site.enrol("ada@example.com", None, true);
        let mut kiosk = site.kiosk();
        kiosk.type_pin(&pin);
        assert!(kiosk.shows(hello), "{names}: {:?}", kiosk.texts());
    }
}

#[test]
fn the_clock_follows_the_language_or_24_hours() {
    let at = |hour, minute| jiff::civil::time(hour, minute, 0, 0);
    for (time, en, de) in [
        (at(0, 5), "12:05 AM", "0:05"),
        (at(9, 41), "9:41 AM", "9:41"),
        (at(12, 0), "12:00 PM", "12:00"),
        (at(21, 41), "9:41 PM", "21:41"),
    ] {
        assert_eq!(words(Language::En).time(time, false), en);
        assert_eq!(words(Language::De).time(time, false), de);
        for language in Language::ALL {
            assert_eq!(words(language).time(time, true), format!("{:02}:{:02}", time.hour(), time.minute()));
        }
    }
}

/// Digits have equal widths, so that a running clock or countdown moves nothing beside it.
#[test]
fn all_digits_are_of_one_width() {
    for font in [FONT, BOLD] {
        let width = |digit: char| {
            let text = label(digit.to_string(), Importance::Optional, [400.0, 400.0]).font(font);
            let bounds = look::<()>(text, Size::new(800.0, 800.0)).labels[0].1;
            format!("{:.1}", bounds.width)
        };
        let widths: BTreeSet<String> = ('0'..='9').map(width).collect();
        assert_eq!(widths.len(), 1, "{widths:?}");
    }
}

/// Every icon has a glyph of its own: two missing glyphs would look alike.
#[test]
fn every_icon_is_a_picture_of_its_own() {
    let pictures: BTreeSet<Vec<u8>> = Icon::ALL
        .into_iter()
        .map(|picture| {
            let element: Element<'_, ()> = icon(picture, 64.0, Some(iced::Color::WHITE));
            crate::support::headless::draw_alone(element, Size::new(64.0, 64.0))
        })
        .collect();
    assert_eq!(pictures.len(), Icon::ALL.len());
}

fn logo_in(folder: &Path, size: (u32, u32)) {
    let mut encoder = png::Encoder::new(fs::File::create(folder.join("logo.png")).unwrap(), size.0, size.1);
    encoder.set_color(png::ColorType::Rgb);
    let orange = [0xff, 0x80, 0x00].repeat(usize::try_from(size.0 * size.1).unwrap());
    encoder.write_header().unwrap().write_image_data(&orange).unwrap();
}

#[test]
fn a_logo_replaces_the_name_and_a_broken_logo_is_named() {
    let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    let file = folder.path().join("kiosk.toml");
    let read = |text: &str| {
        fs::write(&file, text).unwrap();
        let config = Config::load(&file).unwrap();
        wiring::logo(&config)
    };
    logo_in(folder.path(), (60, 20));
    let logo = read("[kiosk]\nlogo = \"logo.png\"\n").unwrap();
    assert!(logo.is_some(), "found beside kiosk.toml");
    let shown = |logo| {
        let mut kiosk = desk_or_wall(WIDE, "");
        let (agent, _) = vestibule::agent::channel();
        let config = Config::load(&file).unwrap();
        let labels = Labels { logo, ..wiring::labels(&config) };
        kiosk.restart(Start::Working { rules: Box::new(wiring::rules(&config)), labels, agent, guesses_left: 10 });
        let orange = kiosk.picture().chunks(4).filter(|pixel| pixel[..3] == [0xff, 0x80, 0x00]).count();
        (orange, kiosk.shows("Lobby"))
    };
    let (orange, has_name) = shown(logo);
    assert!(600 < orange && !has_name, "{orange} pixels");
    assert_eq!(shown(None), (0, true));

    logo_in(folder.path(), (2_001, 1));
    let large = read("[kiosk]\nlogo = \"logo.png\"\n").unwrap_err();
    assert!(
        matches!(large, BadLogo::Picture { picture: BadPicture::Large { width: 2_001, height: 1 }, .. })
            && large.to_string().contains("logo.png")
    );
    fs::write(folder.path().join("logo.png"), "no picture").unwrap();
    let broken = read("[kiosk]\nlogo = \"logo.png\"\n").unwrap_err().to_string();
    assert!(broken.contains("logo.png` is not a PNG file"), "{broken}");
    let missing = read("[kiosk]\nlogo = \"other.png\"\n").unwrap_err().to_string();
    assert!(missing.contains("other.png` cannot be read"), "{missing}");
}

/// Tones are played on an ALSA device that records into a file. Without a device the kiosk logs that and works. At night
/// there are none if the site says so.
#[test]
fn tones_are_played_if_there_is_a_sound_device() {
    let installed = Installed::new();
    let _ = installed.import("badges.csv", &[]);
    let file = installed.path("kiosk.toml");
    fs::write(&file, fs::read_to_string(&file).unwrap() + "[sound]\ntones = true\nvolume = 80\n").unwrap();
    let played = installed.path("played.raw");
    let with_device = format!(
        "pcm.!default {{ type file slave {{ pcm {{ type null }} }} file \"{}\" format \"raw\" }}\nctl.!default {{ type hw card 0 }}\n",
        played.display()
    );
    let mut screen = Touchscreen::start(1280, 800);
    let nothing = "pcm.!default { type nothing }\n";
    for (asound, is_heard) in [(with_device.as_str(), true), (nothing, false), (with_device.as_str(), false)] {
        let is_silent_night = !is_heard && asound != nothing;
        if is_silent_night {
            let text = fs::read_to_string(&file).unwrap().replace("tones = true\n", "tones = true\nnight_volume = 0\n");
            // Twelve hours around now, on any clock.
            let now = jiff::tz::TimeZone::system().to_datetime(jiff::Timestamp::now()).time();
            let hours = jiff::SignedDuration::from_hours(6);
            let (from, until) = (now.wrapping_sub(hours).strftime("%H:%M"), now.wrapping_add(hours).strftime("%H:%M"));
            fs::write(&file, format!("{text}[display]\nnight = \"{from}-{until}\"\n")).unwrap();
        }
        let _ = fs::remove_file(&played);
        let conf = installed.path("asound.conf");
        fs::write(&conf, asound).unwrap();
        let mut command: Command = installed.command(&[]);
        let command = command.env("ALSA_CONFIG_PATH", &conf).env("DISPLAY", screen.display());
        let kiosk = Program::start(command.env_remove("WAYLAND_DISPLAY"));
        let _ = kiosk.expect("the window is open");
        let _ = screen.settled();
        let key = installed.twin().find("5").unwrap();
        for _ in 0..3 {
            screen.tap(key);
            thread::sleep(Duration::from_millis(400));
        }
        if asound == nothing {
            let _ = kiosk
                .expect("`aplay` failed (exit status: 1), as it does without an audio device; tones are not played");
        }
        screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
        let _ = kiosk.expect("signed in");
        thread::sleep(Duration::from_millis(700));
        let sound = fs::read(&played).unwrap_or_default();
        let heard = sound.iter().filter(|byte| **byte != 0).count();
        println!("{} bytes played, {heard} of them not silent", sound.len());
        assert_eq!(10_000 < heard, is_heard, "{heard}: {:#?}", kiosk.lines.try_iter().collect::<Vec<_>>());
    }
}

/// A player that hangs, as on a device that another program holds, is ended and logged once. It inherits neither the
/// admin key nor anything else that it does not need.
#[test]
fn a_player_that_hangs_is_ended_and_inherits_no_secret() {
    const CANARY: &str = "canary-admin-key";
    let installed = Installed::new();
    let _ = installed.import("badges.csv", &[]);
    let file = installed.path("kiosk.toml");
    fs::write(&file, fs::read_to_string(&file).unwrap() + "[sound]\ntones = true\n").unwrap();
    let (player, inherited) = (installed.path("bin/aplay"), installed.path("inherited"));
    fs::create_dir(installed.path("bin")).unwrap();
    fs::write(&player, format!("#!/bin/sh\nenv > {}\necho $$ >> {0}.ids\nexec sleep 1000\n", inherited.display()))
        .unwrap();
    fs::set_permissions(&player, fs::Permissions::from_mode(0o755)).unwrap();
    let mut screen = Touchscreen::start(1280, 800);
    let mut command: Command = installed.command(&[]);
    let path = format!("{}:{}", installed.path("bin").display(), std::env::var("PATH").unwrap());
    let command = command.env("PATH", path).env("VESTIBULE_ADMIN_KEY", CANARY).env("DISPLAY", screen.display());
    let kiosk = Program::start(command.env_remove("WAYLAND_DISPLAY"));
    let _ = kiosk.expect("the window is open");
    let _ = screen.settled();
    let key = installed.twin().find("5").unwrap();
    screen.tap(key);
    let _ = kiosk.expect("`aplay` hangs: another program may hold the audio device; tones are not played");
    screen.tap(key);
    thread::sleep(Duration::from_millis(2_500));
    let environment = fs::read_to_string(&inherited).unwrap();
    assert!(environment.contains("PATH=") && !environment.contains(CANARY), "{environment}");
    assert!(!environment.contains("DISPLAY"), "{environment}");
    let ids = fs::read_to_string(format!("{}.ids", inherited.display())).unwrap();
    assert_eq!(ids.lines().count(), 2, "each tone starts one player");
    for id in ids.lines() {
        assert!(!Path::new("/proc").join(id).exists(), "{id} still runs");
    }
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = kiosk.expect("signed in");
    let lines: Vec<String> = kiosk.lines.try_iter().collect();
    assert!(!lines.iter().any(|line| line.contains("aplay")), "{lines:#?}");
}
