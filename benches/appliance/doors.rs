//! From a badge or a PIN to the doors on the screen, with Kisi at several distances: with the doors of the last visit, and
//! as before without them, in turns.

use std::{
    thread,
    time::{Duration, Instant},
};

use iced::Point;
use iced_test::Simulator;
use vestibule::{
    config::Config,
    language::Language,
    screen::{
        self, Moment, Shown,
        colors::Colors,
        theme::{self, Metrics, Panel},
        words::words,
    },
    session::Session,
    wiring,
};

use super::{DOOR, SIZE, Shown as Running, Site, line, median, ms, sign_in, started, touchscreen::Touchscreen};

/// Delays of Kisi, in ms.
const DELAYS: [u64; 3] = [0, 20, 200];
/// Sign-ins of each kind, at each distance and in each turn.
const TIMES: usize = 15;
const TURNS: usize = 2;

/// Prints the table.
pub(super) fn doors() {
    let sites = [false, true].map(|remembers| {
        let site = Site::with_cost(0, wiring::measured_cost);
        site.configure("follow = false", &format!("follow = false\nremember = {remembers}"));
        site
    });
    let keys = keys();
    // By remembering, delay, and badge or PIN.
    let mut taken: [[[Vec<f64>; 2]; DELAYS.len()]; 2] = Default::default();
    let mut screen = Touchscreen::start(SIZE.0, SIZE.1);
    for turn in 0..2 * TURNS {
        let (site, taken) = (&sites[turn % 2], &mut taken[turn % 2]);
        let (shown, _) = started(&screen, &mut site.command());
        thread::sleep(Duration::from_secs(2));
        // Everybody was here before.
        let mut index = 0;
        for _ in 0..4 {
            let _ = by_badge(&mut screen, &mut index);
        }
        for (delay, taken) in DELAYS.into_iter().zip(taken) {
            site.slow(delay);
            for _ in 0..TIMES {
                taken[0].push(by_badge(&mut screen, &mut index));
                taken[1].push(by_pin(&mut screen, &site.pins[index % 2], &keys));
            }
        }
        site.slow(0);
        let _: Running = shown;
        println!("turn {} of {}", turn + 1, 2 * TURNS);
    }
    println!(
        "\n| to doors on screen: median, longest | without | with the doors of the last visit | ratio | |\n| --- | --- | --- | --- | --- |"
    );
    for (kind, what) in ["badge", "PIN, with its hash"].into_iter().enumerate() {
        for (at, delay) in DELAYS.into_iter().enumerate() {
            let [(before, _, longest), (now, _, at_most)] =
                [0, 1].map(|remembers| median(taken[remembers][at][kind].clone()));
            line(
                &format!("{what}, Kisi at {delay} ms"),
                &format!("{before:.1}, {longest:.1} ms"),
                &format!("{now:.1}, {at_most:.1} ms"),
                &format!("{:.2}", now / before),
                if kind == 0 { "25 ms" } else { "" },
            );
        }
    }
}

/// Back to rest from whatever is on the screen.
fn rest(screen: &mut Touchscreen) {
    // The live list must have arrived, so that the next visit is not its end.
    thread::sleep(Duration::from_millis(500));
    screen.chord(&[1]);
    thread::sleep(Duration::from_millis(300));
}

fn by_badge(screen: &mut Touchscreen, index: &mut usize) -> f64 {
    rest(screen);
    *index += 1;
    sign_in(screen, *index)
}

/// Time from the last digit of a PIN to the first door.
fn by_pin(screen: &mut Touchscreen, pin: &str, keys: &[Point]) -> f64 {
    rest(screen);
    let key = |digit: char| keys[digit.to_digit(10).unwrap() as usize];
    let (last, first) = (pin.chars().last().unwrap(), &pin[..pin.len() - 1]);
    for digit in first.chars() {
        screen.tap(key(digit));
        thread::sleep(Duration::from_millis(80));
    }
    let eye = screen.eye();
    let before = eye.pixel(DOOR);
    let begin = Instant::now();
    screen.press(0, key(last));
    while eye.pixel(DOOR).iter().zip(&before).all(|(now, before)| now.abs_diff(*before) <= 4) {
        assert!(begin.elapsed() < Duration::from_secs(5), "no door is drawn");
    }
    let time = ms(begin);
    screen.lift(0, key(last));
    time
}

/// Where the digits of the pad are.
fn keys() -> Vec<Point> {
    screen::fonts::load();
    let config = Config::parse("", "kiosk.toml".as_ref()).unwrap();
    let (session, labels) = (Session::new(wiring::rules(&config)), wiring::labels(&config));
    let panel = Panel { width_mm: None, width: None, is_desk: false, motion: false, clock_24h: true, outlines: false };
    let size = iced::Size::new(SIZE.0 as f32, SIZE.1 as f32);
    let shown = Shown {
        session: &session,
        labels: &labels,
        outage: None,
        is_reader_missing: false,
        diagnostics: None,
        moment: Moment { now: Instant::now(), today: jiff::civil::date(2026, 11, 25) },
        time: jiff::civil::time(9, 41, 0, 0),
        minutes: 7,
    };
    let settings = iced_test::core::Settings {
        fonts: theme::FONT_FILES.map(std::borrow::Cow::Borrowed).to_vec(),
        default_font: theme::FONT,
        ..iced_test::core::Settings::default()
    };
    let view = screen::view(shown, Metrics::new(size, panel, Colors::DARK, words(Language::En)));
    let mut simulator = Simulator::with_size(settings, size, view);
    let at = |digit: u32| simulator.find(digit.to_string()).ok()?.visible_bounds().map(|bounds| bounds.center());
    (0..10).map(at).collect::<Option<Vec<_>>>().expect("every digit has a key")
}
