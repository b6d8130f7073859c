//! The screens. A screen draws the session's state and emits its events. It starts nothing and reads no clock.

pub mod colors;
pub mod dim;
pub mod doors;
pub mod fonts;
pub mod icon;
pub mod keys;
pub mod label;
pub mod logo;
pub mod motion;
pub mod notice;
pub mod press;
pub mod qr;
pub mod sign_in;
pub mod technician;
pub mod theme;
pub mod words;
