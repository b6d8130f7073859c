//! Screens: contents, legibility, size of touch targets, and snapshots.

mod appearance;
mod layout;
mod legibility;
mod scripts;
mod sentences;
mod widgets;
