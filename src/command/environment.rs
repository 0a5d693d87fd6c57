//! `unicrm environment create`.

use super::database::with;
use super::{Failure, Outcome};
use crate::config::Settings;

/// Makes an environment and prints its id.
pub async fn create(settings: &Settings, name: &str) -> Outcome {
    let name = name.trim();
    if name.is_empty() {
        return Err(Failure::new("an environment needs a name"));
    }
    with(settings, false, async |database| {
        println!("{}", database.store.create_environment(name).await?.id);
        Ok(())
    })
    .await
}
