//! The rules of a visit, one test each.
