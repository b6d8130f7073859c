//! What is touched of a key is larger than what is drawn: on a real touchscreen every corner of it presses that key, and no
//! other.

use std::{thread, time::Duration};

use iced::{Point, Rectangle, Size};

use crate::support::{
    screenshot::{at_rest, pad},
    touchscreen::Touchscreen,
};

/// From the edges of a key's cell to the touches in its corners, in pixels.
const INSIDE: f32 = 1.5;

fn corners(cell: Rectangle) -> [Point; 4] {
    let (left, top) = (cell.x + INSIDE, cell.y + INSIDE);
    let (right, bottom) = (cell.x + cell.width - INSIDE, cell.y + cell.height - INSIDE);
    [(left, top), (right, top), (left, bottom), (right, bottom)].map(|(x, y)| Point::new(x, y))
}

fn touch(screen: &mut Touchscreen, at: Point) {
    screen.tap(at);
    thread::sleep(Duration::from_millis(40));
}

/// All corners of the cells of the ten digits and of Delete, at three sizes. The cells touch each other: beside each corner
/// is another key's.
#[test]
fn every_corner_of_every_key_presses_that_key_and_no_other() {
    for (width, height) in [(1280, 800), (800, 480), (1080, 1920)] {
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "sizes of screens")]
        let kiosk = at_rest(Size::new(width as f32, height as f32));
        let looked = kiosk.look();
        let cell = |text: &str| {
            let at = kiosk.find(text).unwrap();
            let cells = looked.surfaces.iter().filter(|(surface, cell)| surface.is_target && cell.contains(at));
            let (surface, cell) = cells.min_by(|(_, a), (_, b)| a.area().total_cmp(&b.area())).unwrap();
            (surface.drawn, *cell)
        };
        let (drawn, whole) = cell("5");
        assert!(drawn.width + 4.0 < whole.width, "the disc is smaller than its cell: {drawn:?} in {whole:?}");
        let mut screen = Touchscreen::start(width, height);
        let pad = pad(&screen, 0);
        let digits: Vec<char> = "0123456789".chars().collect();
        let pressed: Vec<(char, Point)> =
            digits.iter().flat_map(|digit| corners(cell(&digit.to_string()).1).map(|at| (*digit, at))).collect();
        // PINs have six digits: the last one is filled with the first corners.
        let fill = (6 - pressed.len() % 6) % 6;
        let pressed: Vec<_> = pressed.iter().copied().chain(pressed.iter().copied().take(fill)).collect();
        for six in pressed.chunks(6) {
            for (_, at) in six {
                touch(&mut screen, *at);
            }
            let expected: String = six.iter().map(|(digit, _)| digit).collect();
            assert_eq!(pad.expect("pin "), format!("pin {expected}"), "{width}x{height}");
            thread::sleep(Duration::from_millis(60));
        }
        let middle = |digit: char| cell(&digit.to_string()).1.center();
        for corner in corners(cell("Delete").1) {
            for digit in "12345".chars() {
                touch(&mut screen, middle(digit));
            }
            touch(&mut screen, corner);
            for digit in "89".chars() {
                touch(&mut screen, middle(digit));
            }
            assert_eq!(pad.expect("pin "), "pin 123489", "{width}x{height}: {corner:?}");
            thread::sleep(Duration::from_millis(60));
        }
    }
}
