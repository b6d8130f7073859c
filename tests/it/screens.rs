//! What each screen shows, whether it can be read and hit, and that it looks as it did.

mod appearance;
mod layout;
mod legibility;
mod sentences;
mod widgets;
