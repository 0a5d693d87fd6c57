//! Where an account's web form is sent: an address that is a secret of its own, and goes in place of a credential.
//!
//! It is a customer's to set, so it is held to the vendor's domain when it is set and whenever it is used: an account
//! can't aim the gateway at anything else. An operator's origin stands in place of the vendor's host as everywhere.

use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use url::Url;

use super::source::named;
use super::{Account, Accounts};
use crate::error::{Error, Result};
use crate::mapping::Provider;
use crate::mapping::form::Form;
use crate::outbound::{Credential, CredentialSource};

/// The address of one account's form.
pub struct FormAddress {
    accounts: Accounts,
    account: Arc<Account>,
    form: Form,
}

impl FormAddress {
    /// Where `account` has this form sent.
    pub fn new(accounts: Accounts, account: Arc<Account>, form: Form) -> Self {
        FormAddress { accounts, account, form }
    }

    async fn address(&self) -> Result<Credential> {
        let account = self.accounts.load(self.account.environment, self.account.id).await?;
        let (member, label) = (&self.form.member, &account.provider.manifest.label);
        let told = named(&account.row.context, &account.secrets, member).map_err(|_| {
            Error::invalid(format!(
                "This account has no {member}, which {label}'s form is sent to: give it with the credential (PATCH \
                 /integrated-account/{{id}}/credentials, context.{member}). {}",
                self.form.find
            ))
        })?;
        let url = self.form.address(told.expose_secret()).ok_or_else(|| astray(&self.form))?;
        let settings = self.accounts.0.settings.get(&account.provider.manifest.name);
        let url = match settings.and_then(|settings| settings.origin.as_ref()) {
            None => url,
            Some(origin) => at(origin, &url),
        };
        Credential::address(&url, account.credential_version())
    }
}

impl CredentialSource for FormAddress {
    fn present(&self) -> BoxFuture<'_, Result<Credential>> {
        Box::pin(self.address())
    }

    /// Says nothing of the account's credential, which wasn't sent.
    fn refused(&self, _: Credential) -> BoxFuture<'_, Result<Option<Credential>>> {
        Box::pin(async { Ok(None) })
    }
}

/// Refuses a context with an address that is none of the vendor's.
pub(super) fn check(provider: &Provider, context: &Map<String, Value>) -> Result<()> {
    let methods = provider.manifest.resources.values().flat_map(|resource| resource.methods.values());
    for form in methods.filter_map(|facts| facts.form.as_ref()) {
        let told = context.get(&form.member).filter(|told| !told.is_null());
        if told.is_some_and(|told| told.as_str().and_then(|text| form.address(text)).is_none()) {
            return Err(astray(form));
        }
    }
    Ok(())
}

fn astray(form: &Form) -> Error {
    let problem = format!("must be an https URL within {}. {}", form.within, form.find);
    Error::invalid_field(format!("context.{}", form.member), problem)
}

/// The same place at an operator's origin.
fn at(origin: &Url, url: &Url) -> Url {
    let mut moved = origin.clone();
    moved.set_path(url.path());
    moved.set_query(url.query());
    moved
}
