//! Enrolling people, and everything that happens to them until they are removed.

mod enrollment;
mod lifecycle;
