//! `unicrm token create`.

use super::database::with;
use super::{Failure, Outcome};
use crate::config::Settings;
use crate::crypto::{TokenHash, new_api_token};
use crate::ids::EnvironmentId;

/// Makes a token and prints it: the only time that it can be read.
pub async fn create(settings: &Settings, environment: &str, name: &str) -> Outcome {
    with(settings, false, async |database| {
        let found = database.store.environment_named(environment).await?;
        let found = found.ok_or_else(|| {
            Failure::new(format!(
                "there is no environment named {environment:?}; `unicrm environment create {environment}` makes it"
            ))
        })?;
        let token = new_api_token().map_err(|error| Failure::new(error.to_string()))?;
        database.store.add_token(EnvironmentId(found.id), name, TokenHash::of(&token)).await?;
        println!("{}", token.as_str());
        Ok(())
    })
    .await
}
