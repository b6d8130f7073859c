//! Whole visits: without a display, on a real one, by touch, at a reception desk, and by the technician.

mod real_display;
mod door_rules;
mod doors_at_once;
mod layouts;
mod near_a_reader;
mod near_and_at_once;
mod press_surfaces;
mod readings;
mod reception;
mod stories;
mod technician;
mod touches;
mod wired_readers;
