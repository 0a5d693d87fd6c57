//! An account's credentials, as a test wants them.

use std::sync::Mutex;

use futures::future::BoxFuture;
use unicrm::error::{Error, Result};
use unicrm::outbound::{Credential, CredentialSource};

/// The start of every token that the source gives.
pub const SECRET: &str = "hunter2";

/// Gives the token `hunter2-<version>`, starting with version 1, and writes down what it is asked.
#[derive(Debug)]
pub struct Source {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    version: i64,
    renewals_left: u32,
    presented: u32,
    refusals: Vec<(i64, bool)>,
    failure: Option<Error>,
}

impl Source {
    /// One that can renew so many times.
    pub fn new(renewals_left: u32) -> Self {
        let state = State { version: 1, renewals_left, presented: 0, refusals: Vec::new(), failure: None };
        Source { state: Mutex::new(state) }
    }

    /// One that has no credential, for this reason.
    pub fn failing(failure: Error) -> Self {
        let source = Source::new(0);
        source.state.lock().unwrap().failure = Some(failure);
        source
    }

    /// How often a credential was asked for.
    pub fn presented(&self) -> u32 {
        self.state.lock().unwrap().presented
    }

    /// The refusals that it was told of: version, and whether it was a replacement.
    pub fn refusals(&self) -> Vec<(i64, bool)> {
        self.state.lock().unwrap().refusals.clone()
    }
}

impl CredentialSource for Source {
    fn present(&self) -> BoxFuture<'_, Result<Credential>> {
        Box::pin(async {
            let mut state = self.state.lock().unwrap();
            state.presented += 1;
            match &state.failure {
                Some(failure) => Err(failure.clone()),
                None => Credential::bearer(&format!("{SECRET}-{}", state.version), state.version),
            }
        })
    }

    fn refused(&self, used: Credential) -> BoxFuture<'_, Result<Option<Credential>>> {
        Box::pin(async move {
            let mut state = self.state.lock().unwrap();
            state.refusals.push((used.version(), used.is_replacement()));
            if used.is_replacement() || state.renewals_left == 0 {
                return Ok(None);
            }
            state.renewals_left -= 1;
            state.version += 1;
            Credential::bearer(&format!("{SECRET}-{}", state.version), state.version).map(Some)
        })
    }
}
