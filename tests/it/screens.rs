//! Screens: contents, legibility, size of touch targets, and snapshots.

mod appearance;
mod changing_lists;
mod gallery;
mod layout;
mod look_here;
mod mockups;
mod motion;
mod legibility;
mod pictures;
mod scripts;
mod sentences;
mod widgets;
