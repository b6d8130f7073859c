//! What can be seen. A screen draws the session's state and sends its events; it starts nothing and reads no clock.

pub mod colors;
pub mod dim;
pub mod doors;
pub mod keys;
pub mod notice;
pub mod press;
pub mod qr;
pub mod sign_in;
pub mod theme;
pub mod words;
