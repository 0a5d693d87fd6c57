//! Behaviours that are known not to hold. One that has come to hold fails until it is taken off the list.

/// How many there are. It may only become less.
pub const MOST: usize = 0;

/// A test by its name, and why it can't hold for now.
pub const EXCEPTIONS: &[(&str, &str)] = &[];
