//! Key codes that people press, for [`super::touchscreen::Touchscreen::chord`].
//!
//! # Source
//!
//! `input-event-codes.h` of the Linux kernel.

pub(crate) const ESCAPE: i32 = 1;
pub(crate) const THREE: i32 = 4;
pub(crate) const TAB: i32 = 15;
pub(crate) const Q: i32 = 16;
pub(crate) const T: i32 = 20;
pub(crate) const ENTER: i32 = 28;
pub(crate) const A: i32 = 30;
pub(crate) const L: i32 = 38;
pub(crate) const UP: i32 = 103;
pub(crate) const LEFT: i32 = 105;
pub(crate) const RIGHT: i32 = 106;
pub(crate) const DOWN: i32 = 108;
