//! What routes take from a request: who calls, for which account, and the pieces of path, query and body.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use bytes::Bytes;
use http_body_util::LengthLimitError;
use serde_json::{Map, Value};
use tracing::Span;

use super::State;
use super::tokens::Reach;
use crate::account::Account;
use crate::error::{Error, Kind, Result};
use crate::ids::{AccountId, EnvironmentId};
use crate::model::Query;
use crate::model::schema::nearest;

/// What the request's bearer token reaches.
async fn reach(parts: &Parts, state: &State) -> Result<Reach> {
    let header = parts.headers.get(AUTHORIZATION).ok_or_else(|| {
        Error::new(Kind::Unauthenticated, "Send an API token as `Authorization: Bearer …`.")
    })?;
    let token = header.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    let token = token.filter(|token| !token.is_empty()).ok_or_else(|| {
        Error::new(Kind::Unauthenticated, "The Authorization header must be `Bearer` and an API token.")
    })?;
    let reach = state.0.tokens.reach(token).await?;
    state.0.limits.token(token).await?;
    Span::current().record("environment", tracing::field::display(reach.environment()));
    Ok(reach)
}

/// A caller with a valid API token: the right to everything in an environment. A token of a single account doesn't
/// give it.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The environment that the token reaches.
    pub environment: EnvironmentId,
}

impl FromRequestParts<State> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self> {
        match reach(parts, state).await? {
            Reach::Environment(environment) => Ok(Caller { environment }),
            Reach::Account(..) => Err(Error::new(
                Kind::Forbidden,
                "An integrated account's token reaches /unified, /proxy, /custom and /integrated-account/me of its \
                 account, and nothing else. Send an API token.",
            )),
        }
    }
}

/// A caller with a token of a single account: the right to that account and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    /// The account's environment.
    pub environment: EnvironmentId,
    /// The account.
    pub account: AccountId,
}

impl FromRequestParts<State> for Owner {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self> {
        match reach(parts, state).await? {
            Reach::Account(environment, account) => {
                Span::current().record("account", tracing::field::display(account));
                Ok(Owner { environment, account })
            }
            Reach::Environment(_) => Err(Error::new(
                Kind::Forbidden,
                "Send an integrated account's token, made with POST /integrated-account/token: it says which account \
                 is meant.",
            )),
        }
    }
}

/// A call for one account: the account that `integrated_account_id` names, or whose token the caller has, and the rest
/// of the query.
#[derive(Debug)]
pub struct AccountCall {
    /// The account.
    pub account: Arc<Account>,
    /// The query without `integrated_account_id`.
    pub query: Query,
}

impl FromRequestParts<State> for AccountCall {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self> {
        let addressed = Addressed::from_request_parts(parts, state).await?;
        let query = Query::parse(&addressed.query)?;
        Ok(AccountCall { account: addressed.account(parts, state).await?, query })
    }
}

/// A call for one account whose query is the vendor's own, and not taken apart.
#[derive(Debug)]
pub struct VerbatimCall {
    /// The account.
    pub account: Arc<Account>,
    /// The query without what is the gateway's own (`integrated_account_id`, `truto_…`), percent-encoding untouched.
    pub query: String,
    /// Whether the body is to be left alone, too.
    pub body_passthrough: bool,
}

impl FromRequestParts<State> for VerbatimCall {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self> {
        let addressed = Addressed::from_request_parts(parts, state).await?;
        let (own, query) = part(&addressed.query, |name| name.starts_with("truto_"));
        let mut body_passthrough = false;
        for (name, value) in own {
            match (name.as_str(), value.as_str()) {
                ("truto_body_passthrough", "true" | "1") => body_passthrough = true,
                ("truto_body_passthrough", "false" | "0" | "") => {}
                _ => return Err(Error::invalid_field(name, "has no meaning for a custom call")),
            }
        }
        Ok(VerbatimCall { account: addressed.account(parts, state).await?, query, body_passthrough })
    }
}

/// Which account a call is for, whether it can be called for or not.
#[derive(Debug)]
pub struct Addressed {
    /// The caller's environment.
    pub environment: EnvironmentId,
    /// An account's id; nothing says that there is such an account.
    pub id: AccountId,
    /// The query without `integrated_account_id`, percent-encoding untouched.
    pub query: String,
}

impl Addressed {
    /// The account, if it can be called for, and by this method.
    async fn account(&self, parts: &Parts, state: &State) -> Result<Arc<Account>> {
        let account = state.0.gateway.accounts.usable(self.environment, self.id).await?;
        state.0.limits.account(self.id).await?;
        if !parts.method.is_safe() {
            account.writable()?;
        }
        Ok(account)
    }
}

impl FromRequestParts<State> for Addressed {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self> {
        let reach = reach(parts, state).await?;
        let own = |name: &str| name == "integrated_account_id";
        let (named, query) = part(parts.uri.query().unwrap_or_default(), own);
        let mut named = named.into_iter().map(|(_, id)| id).filter(|id| !id.is_empty());
        let (environment, id) = addressed(reach, named.next().as_deref())?;
        if named.next().is_some() {
            return Err(Error::invalid_field("integrated_account_id", "must be given once"));
        }
        Ok(Addressed { environment, id, query })
    }
}

/// Someone who asks about calls without making one: of an account, if one is named or the token is an account's.
#[derive(Debug)]
pub struct Inquirer {
    /// The caller's environment.
    pub environment: EnvironmentId,
    /// An account's id; nothing says that there is such an account.
    pub account: Option<AccountId>,
    /// The query without `integrated_account_id`.
    pub query: Query,
}

impl FromRequestParts<State> for Inquirer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self> {
        let reach = reach(parts, state).await?;
        let mut query = Query::parse(parts.uri.query().unwrap_or_default())?;
        let (environment, account) = match (reach, query.take_text("integrated_account_id")?) {
            (Reach::Environment(environment), None) => (environment, None),
            (reach, named) => {
                let (environment, id) = addressed(reach, named.as_deref())?;
                (environment, Some(id))
            }
        };
        Ok(Inquirer { environment, account, query })
    }
}

/// Parts a query: the parameters that `own` names, decoded, and the rest as it stands.
fn part(query: &str, own: impl Fn(&str) -> bool) -> (Vec<(String, String)>, String) {
    let mut taken = Vec::new();
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match url::form_urlencoded::parse(pair.as_bytes()).next() {
            Some((name, value)) if own(&name) => taken.push((name.into_owned(), value.into_owned())),
            _ => rest.push(pair),
        }
    }
    (taken, rest.join("&"))
}

/// The account that a caller means, who may name one.
fn addressed(reach: Reach, named: Option<&str>) -> Result<(EnvironmentId, AccountId)> {
    let named: Option<AccountId> = named
        .map(str::parse)
        .transpose()
        .map_err(|_| Error::invalid_field("integrated_account_id", "must be a UUID"))?;
    let id = match (reach, named) {
        (Reach::Environment(_), Some(named)) => named,
        (Reach::Environment(_), None) => {
            return Err(Error::invalid_field(
                "integrated_account_id",
                "is needed in the query: GET /integrated-account lists accounts",
            ));
        }
        (Reach::Account(_, own), None) => own,
        (Reach::Account(_, own), Some(named)) if named == own => own,
        (Reach::Account(..), Some(_)) => {
            return Err(Error::new(
                Kind::Forbidden,
                "This token reaches one integrated account, and integrated_account_id names another.",
            ));
        }
    };
    Span::current().record("account", tracing::field::display(id));
    Ok((reach.environment(), id))
}

/// The path's parameters in order, decoded.
#[derive(Debug)]
pub struct Segments(Vec<String>);

impl Segments {
    /// The parameters, if there are as many as asked for.
    pub fn take<const N: usize>(self) -> Result<[String; N]> {
        self.0.try_into().map_err(|_| Error::internal("a route has other parameters than its handler"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Segments {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Error::invalid("The path is not valid UTF-8 after percent-decoding."))?;
        Ok(Segments(params.iter().map(|(_, value)| value.to_owned()).collect()))
    }
}

/// The query of an administrative route.
#[derive(Debug)]
pub struct AdminQuery(pub Query);

impl AdminQuery {
    /// Refuses what is left once a route has taken its parameters.
    pub fn finish(self, known: &[&str]) -> Result<()> {
        match self.0.0.keys().next() {
            None => Ok(()),
            Some(name) => {
                let hint = nearest(name, known.iter().copied()).map_or_else(
                    || format!("; there are: {}", known.join(", ")),
                    |near| format!("; did you mean {near}?"),
                );
                Err(Error::invalid_field(name, format!("is not a parameter of this list{hint}")))
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AdminQuery {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        Query::parse(parts.uri.query().unwrap_or_default()).map(AdminQuery)
    }
}

/// A request's body, whole.
#[derive(Debug)]
pub struct RawBody(pub Bytes);

impl FromRequest<State> for RawBody {
    type Rejection = Error;

    async fn from_request(request: Request, state: &State) -> Result<Self> {
        read(request.into_body(), state.0.max_request_bytes).await.map(RawBody)
    }
}

/// A JSON body, whatever it is labelled: clients send JSON as `text/plain`.
#[derive(Debug)]
pub struct JsonBody(pub Value);

impl FromRequest<State> for JsonBody {
    type Rejection = Error;

    async fn from_request(request: Request, state: &State) -> Result<Self> {
        let bytes = read(request.into_body(), state.0.max_request_bytes).await?;
        JsonBody::read(&bytes)
    }
}

impl JsonBody {
    /// Reads a body that is there already.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Err(Error::invalid("A JSON body is needed."));
        }
        serde_json::from_slice(bytes).map(JsonBody).map_err(|error| {
            Error::invalid(format!(
                "The body is not JSON: {}, at line {} column {}.",
                cause(&error),
                error.line(),
                error.column()
            ))
        })
    }
}

impl JsonBody {
    /// The body's members, of which only `known` ones may be there.
    pub fn object(self, known: &[&str]) -> Result<Map<String, Value>> {
        let Value::Object(body) = self.0 else {
            return Err(Error::invalid("The body must be a JSON object."));
        };
        match body.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(body),
            Some(name) => {
                let hint = nearest(name, known.iter().copied()).map_or_else(
                    || format!("; there are: {}", known.join(", ")),
                    |near| format!("; did you mean {near}?"),
                );
                Err(Error::invalid_field(name, format!("is not a field of this body{hint}")))
            }
        }
    }
}

/// What is wrong, without the text that is wrong.
fn cause(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Syntax => "it has a syntax error",
        serde_json::error::Category::Data | serde_json::error::Category::Io => "it can't be read",
    }
}

/// Reads a body of at most `most` bytes.
pub async fn read(body: Body, most: usize) -> Result<Bytes> {
    axum::body::to_bytes(body, most).await.map_err(|error| {
        let too_large =
            std::error::Error::source(&error).is_some_and(|source| source.is::<LengthLimitError>());
        if too_large {
            Error::new(Kind::TooLarge, format!("The body is larger than {most} bytes."))
        } else {
            Error::invalid("The body did not arrive whole.")
        }
    })
}
