//! Screens: contents, legibility, size of touch targets, and snapshots.

mod appearance;
mod layout;
mod legibility;
mod sentences;
mod widgets;
