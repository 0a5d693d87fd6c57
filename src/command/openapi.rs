//! `unicrm openapi`.

use std::path::Path;

use super::serve::catalog;
use super::{Failure, Outcome};
use crate::config::Settings;
use crate::http::openapi;

/// Prints the OpenAPI document of a mappings folder.
pub fn run(folder: Option<&Path>, settings: &Settings) -> Outcome {
    let folder = folder.or(settings.mappings_dir.as_deref());
    let document = openapi::document(&catalog(folder, settings)?)?;
    let text = serde_json::to_string_pretty(&document).map_err(|error| Failure::new(error.to_string()))?;
    println!("{text}");
    Ok(())
}
