//! The sandbox Capsule over HTTP: each test starts one of its own and holds it to what Capsule's documentation and live
//! answers show.

mod access;
mod attachments;
mod collections;
mod custom_fields;
mod deletion;
mod entries;
mod faults;
mod filters;
mod harness;
mod hooks;
mod jobs;
mod kases;
mod lists;
mod oauth;
mod opportunities;
mod opportunity_filters;
mod parties;
mod pipelines;
mod recorder;
mod reference;
mod restricted;
mod seed;
mod tasks;
mod tracks;
mod users;
