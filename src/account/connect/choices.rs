//! Which providers a session offers, and in which ways each can be connected.

use std::sync::Arc;

use super::session::Held;
use super::{Connect, Whom};
use crate::adapter::moved;
use crate::error::Result;
use crate::ids::EnvironmentIntegrationId;
use crate::mapping::Provider;
use crate::mapping::catalog::Support;
use crate::mapping::manifest::CredentialField;
use crate::store::environments::EnvironmentIntegrationRow;

/// A provider that can be connected.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The provider.
    pub provider: Arc<Provider>,
    /// As it is switched on in the environment.
    pub row: EnvironmentIntegrationRow,
    /// How it can be connected, the best way first; empty where the operator has yet to set it up.
    pub ways: Vec<Way>,
}

/// A way to connect an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The vendor is asked for consent.
    OAuth,
    /// The customer copies a key.
    Key,
}

impl Way {
    /// As the contract names it.
    pub fn name(self) -> &'static str {
        match self {
            Way::OAuth => "oauth2",
            Way::Key => "api_key",
        }
    }
}

impl Choice {
    /// How the environment has it switched on.
    pub fn integration(&self) -> EnvironmentIntegrationId {
        EnvironmentIntegrationId(self.row.id)
    }
}

impl Connect {
    /// What a session offers, by label.
    pub async fn choices(&self, held: &Held) -> Result<Vec<Choice>> {
        let accounts = &self.0.accounts;
        let (view, wish) = (&held.session.view, &held.session.wish);
        let again = match &wish.whom {
            Whom::New(_) => None,
            Whom::Again(id) => Some(accounts.load(held.environment, *id).await?),
        };
        let mut choices = Vec::new();
        for row in accounts.0.store.environment_integrations(held.environment).await? {
            let name = &row.integration_name;
            let wanted = match &again {
                Some(account) => account.row.environment_integration_id == row.id,
                None => {
                    (row.show_in_catalog || view.integration.as_ref() == Some(name))
                        && view.integration.as_ref().is_none_or(|only| only == name)
                        && (view.integrations.is_empty() || view.integrations.contains(name))
                }
            };
            let provider = accounts.0.catalog.provider(name)?.clone();
            if wanted && row.is_enabled && serves(&provider, &wish.models) {
                let ways = self.ways(&provider, &row, view.auth_format.as_deref());
                choices.push(Choice { provider, row, ways });
            }
        }
        choices.sort_by_key(|choice| choice.provider.manifest.label.to_lowercase());
        Ok(choices)
    }

    fn ways(&self, provider: &Provider, row: &EnvironmentIntegrationRow, only: Option<&str>) -> Vec<Way> {
        let auth = &provider.manifest.auth;
        let has_app = self.0.accounts.has_app(&provider.manifest.name, &row.overrides);
        let mut ways = Vec::new();
        if auth.oauth2.is_some() && has_app {
            ways.push(Way::OAuth);
        }
        if auth.api_key.is_some() {
            ways.push(Way::Key);
        }
        ways.retain(|way| only.is_none_or(|only| only == way.name()));
        ways
    }

    /// The fields that a customer fills in: those that the backend hasn't.
    pub fn fields<'c>(&self, held: &Held, choice: &'c Choice) -> Vec<&'c CredentialField> {
        let key = choice.provider.manifest.auth.api_key.as_ref();
        let given = &held.session.wish.context;
        let fields = key.iter().flat_map(|key| &key.fields).filter(|field| !field.optional);
        fields.filter(|field| !given.contains_key(&field.name)).collect()
    }

    /// The page of the vendor's where a field's value is found, at the origin that the operator has set.
    pub fn find_at(&self, choice: &Choice, field: &CredentialField) -> Option<String> {
        let settings = self.0.accounts.0.settings.get(&choice.provider.manifest.name);
        let origin = settings.and_then(|settings| settings.origin.as_ref());
        let url = field.find_at.as_deref()?;
        match origin {
            None => Some(url.to_owned()),
            Some(origin) => moved(url, Some(origin)).ok().map(String::from),
        }
    }
}

/// Whether a provider serves one of these models; models that aren't shipped are served by whoever the environment says.
fn serves(provider: &Provider, models: &[String]) -> bool {
    models.is_empty()
        || models.iter().any(|model| {
            provider.cells.iter().any(|((resource, _), support)| {
                resource.split('/').next() == Some(model) && matches!(support, Support::Served(_))
            })
        })
}
