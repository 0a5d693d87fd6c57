//! From a credential to an account that works: the vendor is asked first, then the account is saved, then it is seen
//! whether it is of use.
//!
//! What fails before the account is saved leaves nothing behind. What fails afterwards leaves an account in
//! `post_install_error` or `validation_error`, with why, that can be tried again without a new credential.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use super::choices::{Choice, Way};
use super::session::{Held, Outcome};
use super::trouble::{Attempted, Failure, Trouble, of_vendor};
use super::{Connect, Whom};
use crate::account::context::{keep_optional, part};
use crate::account::import::{missing, with_public};
use crate::account::lifecycle::Step;
use crate::account::source::present;
use crate::account::vault::{SecretKind, Secrets};
use crate::account::{Account, AccountCredential, Accounts};
use crate::adapter::{Adapter, Call};
use crate::error::{Error, Kind, Result};
use crate::ids::{AccountId, EnvironmentId};
use crate::mapping::Provider;
use crate::mapping::manifest::{Asked, Connect as Facts};
use crate::outbound::{Credential, CredentialSource, Exchange};
use crate::store::accounts::AccountChange;
use crate::store::lifecycle::{NewAccount, NewCredential};

/// How long somebody at a browser waits for one answer of a vendor's.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is to be saved.
struct Fresh {
    way: Way,
    /// What may be read back.
    public: Value,
    secrets: Secrets,
    /// What the vendor calls the tenant.
    tenant: Option<String>,
}

/// What the vendor says of a credential.
#[derive(Default)]
struct Identity {
    tenant: Option<String>,
    tenant_name: Option<String>,
}

/// A credential that belongs to no account yet.
struct Unsaved(Credential);

impl CredentialSource for Unsaved {
    fn present(&self) -> BoxFuture<'_, Result<Credential>> {
        Box::pin(async { Ok(self.0.clone()) })
    }

    fn refused(&self, _: Credential) -> BoxFuture<'_, Result<Option<Credential>>> {
        Box::pin(async { Ok(None) })
    }
}

impl Connect {
    /// Connects an account with what a customer filled in.
    pub async fn take_key(
        &self,
        held: &mut Held,
        choice: &Choice,
        filled: &[(String, String)],
    ) -> Attempted<Outcome> {
        if !choice.ways.contains(&Way::Key) {
            return Err(Failure::NotSetUp.into());
        }
        let mut context = Map::new();
        for field in self.fields(held, choice) {
            let value = filled.iter().find(|(name, _)| *name == field.name);
            let value = value.map_or("", |(_, value)| value.trim());
            let wrong = |empty| Trouble::Theirs(Failure::Field { name: field.name.clone(), empty });
            if value.is_empty() {
                return Err(wrong(true));
            }
            let fits = match &field.pattern {
                None => true,
                Some(pattern) => {
                    let pattern = regex::Regex::new(&format!("^(?:{pattern})$")).map_err(Error::internal)?;
                    pattern.is_match(value)
                }
            };
            // A header carries nothing else.
            if !fits || value.len() > 4096 || !value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
                return Err(wrong(false));
            }
            context.insert(field.name.clone(), value.into());
        }
        self.save(held, choice, Way::Key, context).await
    }

    /// Asks the vendor, saves the account, and sees whether it is of use.
    pub(super) async fn save(
        &self,
        held: &mut Held,
        choice: &Choice,
        way: Way,
        mut context: Map<String, Value>,
    ) -> Attempted<Outcome> {
        let accounts = &self.0.accounts;
        let wish = held.session.wish.clone();
        context.extend(wish.context.clone());
        let now = accounts.0.clock.unix_millis();
        let mut parted = part(&choice.provider, way.name(), context, now)?;
        if let SecretKind::OAuth(tokens) = &mut parted.secrets {
            tokens.renewed_at = Some(now);
        }
        let secrets = Secrets { version: 0, kind: parted.secrets };
        let public = Value::Object(parted.public);
        let identity = accounts.identify(&choice.provider, &public, &secrets).await?;
        let fresh = Fresh { way, public, secrets, tenant: identity.tenant };
        let id = match (&wish.whom, self.saved(held, choice).await?) {
            (Whom::Again(id), _) => {
                self.replace(held, *id, fresh, wish.allow_other_tenant).await?;
                *id
            }
            // It was saved and found to be of no use; this is another try at the same account.
            (Whom::New(_), Some(id)) => {
                self.replace(held, id, fresh, true).await?;
                id
            }
            (Whom::New(tenant_id), None) => self.add(held, choice, tenant_id, fresh).await?,
        };
        held.session.account = Some(id);
        let outcome = self.finish(held, choice, id, identity.tenant_name).await?;
        Ok(outcome)
    }

    /// The account that this session has saved at this provider before.
    async fn saved(&self, held: &Held, choice: &Choice) -> Result<Option<AccountId>> {
        let Some(id) = held.session.account else { return Ok(None) };
        match self.0.accounts.load(held.environment, id).await {
            Ok(account) if account.row.environment_integration_id == choice.row.id => Ok(Some(id)),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn add(&self, held: &Held, choice: &Choice, tenant_id: &str, fresh: Fresh) -> Result<AccountId> {
        let inner = &self.0.accounts.0;
        let id = AccountId::new();
        let account = NewAccount {
            id,
            environment_integration_id: choice.row.id,
            tenant_id: tenant_id.to_owned(),
            status: "connecting",
            authentication_method: fresh.way.name().to_owned(),
            region: held.session.wish.region.clone().unwrap_or_else(|| "wnam".to_owned()),
            context: fresh.public,
            vendor_tenant: fresh.tenant,
            credential: inner.vault.seal(held.environment, id, &fresh.secrets.kind)?,
            renew_at: fresh.secrets.kind.renew_at(),
        };
        let tell = self.0.accounts.tell(held.environment, &[Step::Created]);
        inner.store.add_account(held.environment, account, &tell).await?;
        Ok(id)
    }

    async fn replace(&self, held: &Held, id: AccountId, mut fresh: Fresh, any_tenant: bool) -> Attempted<()> {
        let accounts = &self.0.accounts;
        let account = accounts.load(held.environment, id).await?;
        if !any_tenant
            && let (Some(is), Some(was)) = (&fresh.tenant, accounts.vendor_tenant(&account).await)
            && *is != was
        {
            return Err(Failure::OtherTenant.into());
        }
        if !any_tenant {
            keep_optional(&account, &[], &mut fresh.secrets.kind);
        }
        let context = match (held.session.wish.persist_previous_context, fresh.public) {
            (true, Value::Object(public)) => Value::Object(with_public(&account, public)),
            (_, public) => public,
        };
        let new = NewCredential {
            status: "connecting",
            authentication_method: Some(fresh.way.name().to_owned()),
            context,
            vendor_tenant: fresh.tenant,
            credential: accounts.0.vault.seal(held.environment, id, &fresh.secrets.kind)?,
            renew_at: fresh.secrets.kind.renew_at(),
        };
        let tell = accounts.tell(held.environment, &[Step::Updated, Step::Reactivated]);
        let found = accounts.0.store.replace_credential(held.environment, id, new, &tell).await?;
        accounts.forget_account(held.environment, id).await;
        if found { Ok(()) } else { Err(missing().into()) }
    }

    /// Tries once more what comes after saving.
    pub async fn again(&self, held: &mut Held, choice: &Choice) -> Attempted<Outcome> {
        let Some(id) = held.session.account else { return Err(Failure::NotBegun.into()) };
        self.finish(held, choice, id, None).await
    }

    async fn finish(
        &self,
        held: &mut Held,
        choice: &Choice,
        id: AccountId,
        tenant_name: Option<String>,
    ) -> Attempted<Outcome> {
        let integration = choice.provider.manifest.name.clone();
        let failed = self.0.accounts.complete(held.environment, id).await?;
        let outcome = match failed {
            None => Outcome::Connected { integration, account: id, tenant_name },
            Some(failure) => Outcome::Failed { integration, account: Some(id), failure },
        };
        held.session.outcome = Some(outcome.clone());
        self.keep(held).await?;
        Ok(outcome)
    }
}

impl Accounts {
    /// Does what comes after saving an account: asks for what belongs in its context, and whether it is of use. It is
    /// active then, or in the status that says why it isn't.
    pub async fn complete(&self, environment: EnvironmentId, id: AccountId) -> Result<Option<Failure>> {
        let account = self.load(environment, id).await?;
        let Some(facts) = account.provider.manifest.auth.connect.clone() else {
            self.settle(environment, id, "active", None, &[Step::Active]).await?;
            return Ok(None);
        };
        let label = account.provider.manifest.label.clone();
        // A credential that is refused by now has made the account one that has to be connected again.
        let is_refused = |error: &Error| error.kind() == Kind::Reauthenticate;
        if let Err(error) = self.install(&account, &facts).await {
            if is_refused(&error) {
                return Ok(Some(Failure::Refused));
            }
            let why = format!("{label} did not answer what is needed to set the connection up: {error}");
            self.settle(environment, id, "post_install_error", Some(&why), &[Step::NotInstalled]).await?;
            return Ok(Some(Failure::NotInstalled(error.message().to_owned())));
        }
        for asked in &facts.validate {
            if let Err(error) = self.ask(&account, asked).await {
                if is_refused(&error) {
                    return Ok(Some(Failure::Refused));
                }
                let why = format!("This login can't be used: {error}");
                self.settle(environment, id, "validation_error", Some(&why), &[Step::Invalid]).await?;
                return Ok(Some(Failure::NotValid(error.message().to_owned())));
            }
        }
        self.settle(environment, id, "active", None, &[Step::Active]).await?;
        Ok(None)
    }

    async fn install(&self, account: &Arc<Account>, facts: &Facts) -> Result<()> {
        let mut kept = Map::new();
        for install in &facts.install {
            let answer = self.ask(account, &install.call).await?;
            for (name, pointer) in &install.keep {
                if let Some(value) = answer.pointer(pointer) {
                    kept.insert(name.clone(), value.clone());
                }
            }
        }
        if kept.is_empty() {
            return Ok(());
        }
        let change = AccountChange {
            context: Some(Value::Object(with_public(account, kept))),
            ..AccountChange::default()
        };
        let tell = self.tell(account.environment, &[]);
        self.0.store.change_account(account.environment, account.id, change, &tell).await?;
        self.forget_account(account.environment, account.id).await;
        Ok(())
    }

    async fn settle(
        &self,
        environment: EnvironmentId,
        id: AccountId,
        status: &'static str,
        why: Option<&str>,
        steps: &'static [Step],
    ) -> Result<()> {
        let tell = self.tell(environment, steps);
        let found = self.0.store.set_status(environment, id, status, why, &tell).await?;
        self.forget_account(environment, id).await;
        if found { Ok(()) } else { Err(Error::not_found("The account was deleted meanwhile.")) }
    }

    /// Asks the vendor whether a credential is good, and whose it is.
    async fn identify(
        &self,
        provider: &Arc<Provider>,
        context: &Value,
        secrets: &Secrets,
    ) -> Attempted<Identity> {
        let Some(facts) = &provider.manifest.auth.connect else { return Ok(Identity::default()) };
        let adapter = self.0.adapters.get(&provider.manifest.name).cloned();
        let adapter = adapter.ok_or_else(|| Error::internal("a provider has no adapter"))?;
        let place = self.place_of(provider, context, secrets).await.map_err(of_vendor)?;
        let credentials = Arc::new(Unsaved(present(provider, context, secrets)?));
        // Nobody else calls with this credential yet, so nobody's pace is shared.
        let lane = Uuid::new_v4();
        let answer = self.send((provider, adapter, place), lane, &facts.probe, credentials).await;
        let answer = answer.map_err(of_vendor)?;
        Ok(identity(facts, &answer))
    }

    /// What the vendor calls the tenant of an account: as it is known, or as the account's present credential still
    /// tells. An account whose credential is dead and that was imported tells nothing.
    async fn vendor_tenant(&self, account: &Arc<Account>) -> Option<String> {
        if account.row.vendor_tenant.is_some() || account.row.status == "needs_reauth" {
            return account.row.vendor_tenant.clone();
        }
        let facts = account.provider.manifest.auth.connect.as_ref()?;
        let answer = self.ask(account, &facts.probe).await.ok()?;
        identity(facts, &answer).tenant
    }

    async fn ask(&self, account: &Arc<Account>, asked: &Asked) -> Result<Value> {
        let credentials = Arc::new(AccountCredential::new(self.clone(), account.clone()));
        let place = self.place(account).await?;
        let at = (account.provider.as_ref(), account.adapter.clone(), place);
        self.send(at, account.id.0, asked, credentials).await
    }

    async fn send(
        &self,
        (provider, adapter, place): (&Provider, Arc<dyn Adapter>, Option<Arc<Url>>),
        lane: Uuid,
        asked: &Asked,
        credentials: Arc<dyn CredentialSource>,
    ) -> Result<Value> {
        let native = provider.native(&asked.resource, &asked.method);
        let native = native.ok_or_else(|| Error::internal("a manifest asks for what it doesn't have"))?;
        let mut call = Call::new(native);
        call.query = asked.query.clone();
        call.base = place;
        let exchange = Exchange::new(lane, adapter, call, credentials, Instant::now() + PATIENCE);
        let reply = self.0.outbound.call(exchange).await?;
        let label = &provider.manifest.label;
        serde_json::from_slice(&reply.body)
            .map_err(|_| Error::new(Kind::Garbled, format!("{label} answered something that is not JSON.")))
    }
}

fn identity(facts: &Facts, answer: &Value) -> Identity {
    let text = |pointer: &Option<String>| match answer.pointer(pointer.as_deref()?)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Identity { tenant: text(&facts.tenant), tenant_name: text(&facts.tenant_name) }
}
