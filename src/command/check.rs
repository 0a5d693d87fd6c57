//! `unicrm check`.

use std::path::Path;

use super::Outcome;
use super::serve::catalog;
use crate::config::Settings;

/// Names every problem of a mappings folder, or says what it holds.
pub fn run(folder: Option<&Path>, settings: &Settings) -> Outcome {
    let folder = folder.or(settings.mappings_dir.as_deref());
    let catalog = catalog(folder, settings)?;
    let place =
        folder.map_or("the mappings in this binary".to_owned(), |folder| folder.display().to_string());
    let resources: usize = catalog.models.values().map(|model| model.resources.len()).sum();
    let (mut served, mut unsupported, mut operations) = (0, 0, 0);
    for provider in catalog.providers.values() {
        operations +=
            provider.manifest.resources.values().map(|resource| resource.methods.len()).sum::<usize>();
        for support in provider.cells.values() {
            match support {
                crate::mapping::catalog::Support::Served(_) => served += 1,
                crate::mapping::catalog::Support::Unsupported(_) => unsupported += 1,
            }
        }
    }
    println!(
        "{place}: no problems. {resources} unified resources; {} providers with {operations} native operations, \
         {served} unified methods served and {unsupported} declared unsupported.",
        catalog.providers.len()
    );
    Ok(())
}
