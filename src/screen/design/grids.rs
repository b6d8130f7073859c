//! The sizes of each arrangement.

use super::{Grid, OutcomeGrid, PadGrid, TileGrid, font};

pub(super) const TEN: Grid = Grid {
    margin: 8.0,
    gap: 3.0,
    head: (2.5, 3.5),
    pill: (15.0, 6.85),
    hello: font(10.25, 11.6),
    clock: font(15.0, 15.0),
    prompt: font(12.0, 14.5),
    message: font(10.25, 12.5),
    pad: PadGrid {
        cell: (28.5, 26.0),
        disc: 23.5,
        digit: 13.0,
        icon: 8.5,
        word: font(4.8, 5.6),
        gap: 1.2,
        dot: (4.4, 5.2),
    },
    columns: 2,
    tile: TileGrid {
        padding: (4.85, 1.0),
        gap: 4.0,
        number: (11.0, 6.5),
        name: font(10.25, 10.8),
        state: (font(4.8, 5.8), 1.0),
        icon: 5.6,
        radius: 5.0,
    },
    tall: TileGrid {
        padding: (7.35, 6.85),
        gap: 2.0,
        number: (13.0, 7.4),
        name: font(10.25, 10.8),
        state: (font(4.8, 5.8), 1.0),
        icon: 5.6,
        radius: 6.0,
    },
    most_tile: 66.0,
    outcome: OutcomeGrid {
        emblem: 52.0,
        gap: 12.0,
        door: font(10.25, 12.5),
        verdict: (font(17.0, 20.0), 3.0),
        advice: font(10.25, 12.5),
        below: 0.0,
        width: 170.0,
    },
    countdown: (20.0, font(10.25, 10.6), font(4.8, 5.6)),
};

pub(super) const SEVEN: Grid = Grid {
    margin: 4.0,
    gap: 2.0,
    head: (3.5, 0.0),
    pill: (13.0, 5.35),
    hello: font(8.0, 9.0),
    clock: font(9.0, 9.0),
    prompt: font(10.25, 12.0),
    message: font(7.6, 9.0),
    pad: PadGrid {
        cell: (22.0, 21.4),
        disc: 20.0,
        digit: 11.0,
        icon: 7.0,
        word: font(4.8, 5.2),
        gap: 0.6,
        dot: (4.4, 3.4),
    },
    tile: TileGrid {
        padding: (2.95, 0.5),
        gap: 3.0,
        number: (9.0, 5.4),
        name: font(7.4, 8.4),
        state: (font(4.8, 5.8), 0.4),
        icon: 5.6,
        radius: 3.6,
    },
    outcome: OutcomeGrid {
        emblem: 34.0,
        gap: 7.0,
        door: font(7.6, 9.4),
        verdict: (font(13.0, 15.0), 1.6),
        advice: font(8.2, 10.0),
        below: 0.0,
        width: 130.0,
    },
    countdown: (16.4, font(8.0, 8.6), font(4.8, 5.6)),
    ..TEN
};

pub(super) const UPRIGHT: Grid = Grid {
    margin: 10.0,
    gap: 4.0,
    head: (2.5, 8.0),
    pad: PadGrid {
        cell: (40.0, 35.0),
        disc: 31.0,
        digit: 16.0,
        icon: 10.0,
        word: font(5.4, 6.4),
        gap: 1.2,
        dot: (5.4, 7.0),
    },
    columns: 1,
    tile: TileGrid {
        padding: (7.35, 1.0),
        gap: 6.0,
        number: (15.0, 8.5),
        name: font(12.0, 13.6),
        state: (font(5.4, 7.0), 1.0),
        icon: 6.2,
        radius: 6.0,
    },
    most_tile: 40.0,
    outcome: OutcomeGrid {
        emblem: 80.0,
        gap: 16.0,
        door: font(11.5, 14.0),
        verdict: (font(22.0, 26.0), 6.0),
        advice: font(11.5, 14.0),
        below: 20.0,
        width: 155.0,
    },
    ..TEN
};

pub(super) const SLIM: Grid = Grid {
    margin: 5.0,
    head: (2.5, 3.5),
    pad: PadGrid { cell: (40.0, 26.0), disc: 23.5, ..TEN.pad },
    columns: 1,
    most_tile: 40.0,
    outcome: OutcomeGrid {
        emblem: 52.0,
        gap: 8.0,
        door: font(10.25, 12.5),
        verdict: (font(17.0, 20.0), 3.0),
        advice: font(10.25, 12.5),
        below: 0.0,
        width: 125.0,
    },
    ..TEN
};

pub(super) const LARGE: Grid = Grid {
    margin: 12.0,
    gap: 4.0,
    head: (2.5, 0.0),
    clock: font(18.0, 15.0),
    prompt: font(13.0, 16.0),
    pad: PadGrid { cell: (32.0, 30.0), disc: 27.0, digit: 15.0, ..TEN.pad },
    columns: 3,
    tile: TileGrid { name: font(12.0, 13.6), state: (font(5.4, 7.0), 1.0), icon: 6.2, radius: 6.0, ..TEN.tile },
    tall: TileGrid { name: font(12.0, 13.6), state: (font(5.4, 7.0), 1.0), icon: 6.2, ..TEN.tall },
    outcome: OutcomeGrid {
        emblem: 72.0,
        gap: 20.0,
        door: font(11.5, 14.0),
        verdict: (font(22.0, 25.0), 3.0),
        advice: font(11.5, 14.0),
        below: 14.0,
        width: 170.0,
    },
    ..TEN
};

pub(super) const DESK: Grid = Grid {
    gap: 2.0,
    head: (2.5, 0.0),
    tile: TileGrid {
        padding: (3.35, 0.5),
        gap: 3.0,
        number: (9.4, 4.8),
        name: font(6.5, 7.2),
        state: (font(4.8, 5.6), 0.2),
        icon: 5.0,
        radius: 3.2,
    },
    ..TEN
};
