//! Sizes of single parts, in u, unless they say otherwise.

/// The screens with a keypad.
pub mod rest {
    /// Between the left column and the keys: on ten inches, and on seven.
    pub const BETWEEN: (f32, f32) = (8.0, 5.0);
    /// Width of the sentence on a large panel.
    pub const SAY: f32 = 142.0;
    /// Height kept for the sentence on an upright panel, with and without languages.
    pub const UPRIGHT_SAY: (f32, f32) = (50.0, 78.0);
    /// Usual space around the keys on an upright panel, and the part of it that stays where there is no room.
    pub const UPRIGHT_SPACE: (f32, f32) = (12.0, 0.3);
    /// Height of the dots, and the space below them on a large panel.
    pub const DOTS: (f32, f32) = (6.0, 10.0);
    /// More height on both sides of the dots, for digits.
    pub const DIGITS: f32 = 3.0;
    /// On seven inches: from the lower edge of the screen up to the underline of the spoken language, and to the middle of the
    /// dots; half the height of the place for digits; how much higher than the middle the keys stand.
    pub const SEVEN: (f32, f32, f32, f32) = (3.2, 20.5, 5.0, 0.35);
    /// From the underline of the spoken language down to the end of what is touched.
    pub const BELOW_LANGUAGES: f32 = 5.6;
    /// From the words of a language to the left end of what is touched.
    pub const BESIDE_LANGUAGE: f32 = 4.0;
    /// How much of the languages' place is drawn.
    pub const LANGUAGES: f32 = 16.0;
    /// Above the words of a language, and between them and their underline.
    pub const AROUND_LANGUAGE: (f32, f32) = (1.4, 1.0);
    /// Height of the rule between clock and name.
    pub const RULE: f32 = 14.0;
    /// Line of the name on seven inches, where clock, name and phone number share 20 u.
    pub const TIGHT_LINE: f32 = 5.6;
    /// Height of a logo, as a part of the name's font size.
    pub const LOGO: f32 = 1.9;
    /// Between a sign and its sentence.
    pub const BELOW_SIGN: f32 = 4.0;
    /// Between the words and the time until the keypad works again.
    pub const WAIT: f32 = 3.5;
}

/// Pills.
pub mod pill {
    /// Between the icon and the words.
    pub const GAP: f32 = 2.4;
    /// Beside the words of a pill that is wider than these.
    pub const BESIDE: f32 = 2.0;
    /// On the pill of the countdown: between ring and words, and after the words.
    pub const COUNTDOWN: (f32, f32) = (4.0, 5.0);
    /// Digits in the ring of the countdown, as a part of its side.
    pub const SECONDS: f32 = 0.6;
}

/// The tile of somebody's only door.
pub mod only {
    /// Radius of the corners.
    pub const RADIUS: f32 = 7.0;
    /// Around the content.
    pub const PADDING: f32 = 9.0;
    /// Side of the number's disc, and font size of the number.
    pub const NUMBER: (f32, f32) = (14.0, 8.0);
    /// Side of the disc that leads on, and the part of it that is icon.
    pub const LEAD: (f32, f32) = (30.0, 0.53);
}

/// A reception desk.
pub mod desk {
    /// Least width of the search field; with less, a button opens the search.
    pub const FIELD: f32 = 60.0;
    /// The part of the header that the search field takes.
    pub const FIELD_PART: f32 = 1.15 / 3.15;
    /// Beside the content of the search field.
    pub const BESIDE: f32 = 6.0;
    /// Width of the button that locks the desk. In some languages its words become smaller.
    pub const LOCK: f32 = 45.0;
    /// How much of the lower margin may go to the tiles.
    pub const SPARE: f32 = 0.8;
}

/// Outcomes.
pub mod outcome {
    /// The part of the width for the time left; the rest is for the number of the record.
    pub const LEFT: f32 = 0.7;
    /// Most of an upright screen's width and height that the silhouette takes.
    pub const UPRIGHT: (f32, f32) = (0.6, 0.36);
    /// Lines of the reason on the screen of a kiosk that cannot work: on seven inches, and on others.
    pub const WHY: (f32, f32) = (2.5, 4.0);
}

/// The technician's screen.
pub mod technician {
    /// Above and below the report.
    pub const AROUND: (f32, f32) = (3.0, 4.0);
    /// Space in a line of the report: on seven inches, and on others.
    pub const FACT: (f32, f32) = (0.5, 2.5);
    /// Space in a line of the last taps.
    pub const LAST: f32 = 0.7;
    /// Most of the width that the code takes.
    pub const CODE: f32 = 0.4;
}

/// Silhouettes, as parts of their side.
pub mod shape {
    /// The corners of an octagon, and the stroke that rounds them.
    pub const OCTAGON: ([(f32, f32); 8], f32) = (
        [
            (0.32, 0.04),
            (0.68, 0.04),
            (0.96, 0.32),
            (0.96, 0.68),
            (0.68, 0.96),
            (0.32, 0.96),
            (0.04, 0.68),
            (0.04, 0.32),
        ],
        0.07,
    );
    /// The corners of a diamond, and the stroke that rounds them.
    pub const DIAMOND: ([(f32, f32); 4], f32) = ([(0.5, 0.06), (0.94, 0.5), (0.5, 0.94), (0.06, 0.5)], 0.1);
    /// The part of a ring that the arc takes.
    pub const ARC: f32 = 0.25;
    /// The part of its size at which a silhouette appears.
    pub const SMALL: f32 = 0.82;
}
