//! The connect pages in a real browser: a headless Chromium, driven over its DevTools protocol.
//!
//! Chromium has to be on the machine. With `UNICRM_TEST_SHOTS` naming a folder, each page is kept there as a picture, at
//! the width of a desk and of a phone.

#[path = "../support/mod.rs"]
mod support;

mod access;
mod chromium;
mod modes;
mod pages;
mod product;
