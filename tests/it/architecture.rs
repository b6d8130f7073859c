//! Checks of the source text: layers, file length, circles, and what is cited.

mod citations;
mod layers;
mod messages;
mod sources;
