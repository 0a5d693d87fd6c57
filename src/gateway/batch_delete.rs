//! `batch-delete`: several records of one resource, each deleted as a delete of its own would.
//!
//! No vendor here deletes several records in one step, so this doesn't either: some may be gone when others fail. The
//! outcome says which.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::OnceLock;

use futures::StreamExt;
use futures::stream;

use super::Gateway;
use super::unified::Answer;
use crate::account::Account;
use crate::error::{Error, Kind, Result};
use crate::mapping::catalog::Support;
use crate::model::request::{Received, check_id};
use crate::model::{Method, Query};

/// The most records of one call.
pub const MOST_IDS: usize = 100;

/// Deletions that are on their way at once.
const AT_ONCE: usize = 4;

/// What became of each record, in the order in which they were named.
#[derive(Debug)]
pub struct Deletions(pub Vec<(String, Result<()>)>);

impl Gateway {
    /// Deletes records of a unified resource. Fails as a whole where nothing has been deleted and nothing could be:
    /// the provider doesn't delete records of this resource, or an id can't be one.
    ///
    /// Once the vendor refuses everything that follows (its rate limit is used up, the account has to be connected
    /// again), what is left isn't tried.
    pub async fn batch_delete(
        &self,
        account: &Arc<Account>,
        [model, name]: [&str; 2],
        query: Query,
        ids: Vec<String>,
    ) -> Result<Deletions> {
        let effective = self.effective(account, model, name, Method::Delete).await?;
        if let Support::Unsupported(reason) = &effective.support {
            return Err(account.provider.unsupported(&format!("{model}/{name}"), Method::Delete, reason));
        }
        let mut seen = BTreeSet::new();
        let ids: Vec<String> = ids.into_iter().filter(|id| seen.insert(id.clone())).collect();
        let operation = |id: &String| {
            check_id(id.clone())?;
            let (id, query) = (Some(id.clone()), query.clone());
            let (resource, method) = (&effective.resource, Method::Delete);
            Received { model, name, resource, method, id, query, body: None }.understand()
        };
        let operations = ids.iter().map(operation).collect::<Result<Vec<_>>>()?;
        let hopeless: OnceLock<Error> = OnceLock::new();
        let deletions = ids.into_iter().zip(operations).map(|(id, operation)| {
            let hopeless = &hopeless;
            async move {
                if let Some(error) = hopeless.get() {
                    return (id, Err(untried(error)));
                }
                let outcome = self.unified(account, operation).await;
                if let Some(error) = outcome.as_ref().err().filter(|error| ends_all(error)) {
                    let _ = hopeless.set(error.clone()); // one reason is enough
                }
                (id, outcome.map(|_: Answer| ()))
            }
        });
        Ok(Deletions(stream::iter(deletions).buffered(AT_ONCE).collect().await))
    }
}

fn ends_all(error: &Error) -> bool {
    matches!(
        error.kind(),
        Kind::RateLimited | Kind::Reauthenticate | Kind::Resting | Kind::Unavailable | Kind::MethodNotAllowed
    )
}

fn untried(error: &Error) -> Error {
    Error::new(error.kind(), format!("Not tried: {}", error.message())).retry(error.retries())
}
