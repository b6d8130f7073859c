//! A value that `Debug` does not show and that is wiped on drop. Encryption is in `store/directory/seal.rs`.

use std::fmt;

use zeroize::Zeroize;

/// A value that is hidden from `Debug`, has no `Display`, no `Clone` and no `Serialize`, and is overwritten when dropped.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps the value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value, for code that needs the bytes. Search for this name in review.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        assert_eq!(format!("{:?}", Secret::new("canary".to_owned())), "Secret(..)");
    }
}
