//! The mappings folder: its documentation, what ships in it, and how its mistakes are named.

mod documentation;
mod problems;
mod shipped;
