//! Enrollment, and the lifecycle of people and their logins until removal.

mod enrollment;
mod lifecycle;
mod lists;
