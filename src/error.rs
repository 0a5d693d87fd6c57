//! The one error type that every layer speaks.
//!
//! An [`Error`] says what kind of thing went wrong, who must act, whether trying again can help, whether the
//! vendor could already have acted, what the caller may read, what only the log may read, and what the vendor
//! itself answered. Nothing ever parses a message to find out: a layer that needs to decide asks [`Kind`],
//! [`Retry`] or [`Effect`]. HTTP statuses are given in one place, [`Error::status`].

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// The result of anything that can fail towards a caller.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request can't be understood or breaks the contract: 400.
    Invalid,
    /// This provider can't serve what was asked, and says why: 400.
    Unsupported,
    /// No valid token of ours was sent: 401.
    Unauthenticated,
    /// A valid token that may not do this: 403.
    Forbidden,
    /// No such route, account or record: 404.
    NotFound,
    /// The route exists for other methods, or a sandbox account was asked to write: 405.
    MethodNotAllowed,
    /// The stored version is newer than the caller's: 409.
    Conflict,
    /// The body is larger than the gateway takes: 413.
    TooLarge,
    /// An idempotency key came again with another request: 422.
    KeyReused,
    /// An earlier request with the same idempotency key was carried out, or may have been, and its answer is not
    /// there to be given again: 500, which clients don't try again by themselves.
    AnswerLost,
    /// The account's credential is refused by the vendor until its owner connects again: 401.
    Reauthenticate,
    /// The vendor understood and refused: the vendor's own 4xx.
    Rejected,
    /// The vendor's quota is used up: 429.
    RateLimited,
    /// The caller asks more of the gateway than its operator allows: 429.
    Throttled,
    /// The vendor can't be reached, or answers that it is out of order: 502.
    Unreachable,
    /// The vendor has been out of order for the account again and again, and isn't asked for a while: 503.
    Resting,
    /// The vendor answered something that isn't its API: 502.
    Garbled,
    /// The vendor didn't answer in time: 504.
    TimedOut,
    /// A mapping failed on a record or a request: 500.
    Mapping,
    /// The gateway can't serve for the moment, such as without its database: 503.
    Unavailable,
    /// A defect of the gateway: 500.
    Internal,
}

/// Who has to do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The program that called the gateway.
    Caller,
    /// The customer who connected the account.
    Account,
    /// The vendor.
    Provider,
    /// Whoever wrote the mapping.
    Mapping,
    /// Whoever runs the gateway.
    Gateway,
}

/// Whether the same request can succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It fails again until something is changed.
    Never,
    /// It may succeed; after at least this long where a time is known.
    Later(Option<Duration>),
}

/// Whether the vendor could have acted on the request before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The request never reached the vendor, or the vendor answered that it did nothing.
    None,
    /// The request was sent and no answer tells what became of it.
    Possible,
}

/// A vendor's error answer as it was received.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The provider's name, such as `capsule`.
    pub provider: String,
    /// The HTTP status that the vendor answered with.
    pub status: StatusCode,
    /// The vendor's response headers.
    pub headers: HeaderMap,
    /// The vendor's response body, unchanged.
    pub body: Bytes,
    /// Scopes that the vendor says are missing; empty where it doesn't say.
    pub missing_scopes: Vec<String>,
}

/// One field of a request that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Failure {
    /// The parameter or body field, in the caller's spelling (`email_addresses[0].email`).
    pub field: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}

/// What a request lacks that can't be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// Query parameters.
    pub parameters: Vec<String>,
    /// Body fields.
    pub fields: Vec<String>,
}

/// An error on its way to whoever must act.
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    retry: Retry,
    effect: Effect,
    message: String,
    detail: Option<String>,
    failures: Vec<Failure>,
    fault: Option<Fault>,
    status: Option<StatusCode>,
    missing: Missing,
    verbatim: bool,
}

impl Error {
    /// An error of `kind` whose `message` the caller may read.
    ///
    /// `retry` and `effect` start from what the kind implies and can be set apart from it.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner {
            kind,
            retry: kind.retry(),
            effect: Effect::None,
            message: message.into(),
            detail: None,
            failures: Vec::new(),
            fault: None,
            status: None,
            missing: Missing::default(),
            verbatim: false,
        }))
    }

    /// The request breaks the contract.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    /// One field of the request is wrong; the message names it.
    pub fn invalid_field(field: impl Into<String>, problem: impl Into<String>) -> Self {
        let (field, problem) = (field.into(), problem.into());
        Self::invalid(format!("{field}: {problem}")).failure(field, problem)
    }

    /// There is no such thing, or none that this caller may see.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// A defect of the gateway: the caller learns only that, the log learns `detail`.
    pub fn internal(detail: impl fmt::Display) -> Self {
        Self::new(
            Kind::Internal,
            "The gateway failed on this request. Its log has the reason under this request's id.",
        )
        .detail(detail)
    }

    /// Adds what only the log may read.
    pub fn detail(mut self, detail: impl fmt::Display) -> Self {
        self.0.detail = Some(detail.to_string());
        self
    }

    /// Adds a refused field.
    pub fn failure(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.failures.push(Failure { field: field.into(), message: message.into() });
        self
    }

    /// Adds refused fields.
    pub fn with_failures(mut self, failures: Vec<Failure>) -> Self {
        self.0.failures.extend(failures);
        self
    }

    /// Adds the vendor's own answer.
    pub fn with_fault(mut self, fault: Fault) -> Self {
        self.0.fault = Some(fault);
        self
    }

    /// Sets when trying again may help.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// Sets whether the vendor could have acted.
    pub fn effect(mut self, effect: Effect) -> Self {
        self.0.effect = effect;
        self
    }

    /// Names what the request lacks.
    pub fn missing(mut self, parameters: Vec<String>, fields: Vec<String>) -> Self {
        self.0.missing = Missing { parameters, fields };
        self
    }

    /// What the request lacks, where that is what is wrong.
    pub fn lacks(&self) -> &Missing {
        &self.0.missing
    }

    /// The same in a mapping's words and with a mapping's status, where it gives them.
    pub fn reworded(mut self, message: Option<&str>, status: Option<StatusCode>) -> Self {
        if let Some(message) = message {
            self.0.message = message.to_owned();
        }
        self.0.status = status.or(self.0.status);
        self
    }

    /// Marks an answer to a caller who speaks the vendor's own API: the vendor's words go without ours around them.
    pub fn verbatim(mut self) -> Self {
        self.0.verbatim = true;
        self
    }

    /// Whether the caller speaks the vendor's own API.
    pub fn is_verbatim(&self) -> bool {
        self.0.verbatim
    }

    /// Puts a sentence before what the caller reads.
    pub fn preceded_by(mut self, sentence: &str) -> Self {
        self.0.message = format!("{sentence} {}", self.0.message);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Whether the same request can succeed later.
    pub fn retries(&self) -> Retry {
        self.0.retry
    }

    /// Whether the vendor could have acted.
    pub fn effects(&self) -> Effect {
        self.0.effect
    }

    /// What the caller may read.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What only the log may read.
    pub fn details(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// The refused fields.
    pub fn failures(&self) -> &[Failure] {
        &self.0.failures
    }

    /// The vendor's own answer, where it answered.
    pub fn fault(&self) -> Option<&Fault> {
        self.0.fault.as_ref()
    }

    /// Who must act.
    pub fn actor(&self) -> Actor {
        self.0.kind.actor()
    }

    /// The status that the caller sees. A vendor's refusal keeps the vendor's own 4xx.
    pub fn status(&self) -> StatusCode {
        if let Some(status) = self.0.status {
            return status;
        }
        match self.0.kind {
            Kind::Invalid | Kind::Unsupported => StatusCode::BAD_REQUEST,
            Kind::Unauthenticated | Kind::Reauthenticate => StatusCode::UNAUTHORIZED,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::RateLimited | Kind::Throttled => StatusCode::TOO_MANY_REQUESTS,
            Kind::Unreachable | Kind::Garbled => StatusCode::BAD_GATEWAY,
            Kind::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Kind::Resting | Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::AnswerLost | Kind::Mapping | Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Kind::Rejected => match &self.0.fault {
                Some(fault) if fault.status.is_client_error() => fault.status,
                _ => StatusCode::BAD_GATEWAY,
            },
        }
    }
}

impl Kind {
    /// Who must act on an error of this kind.
    pub fn actor(self) -> Actor {
        match self {
            Kind::Invalid
            | Kind::Unsupported
            | Kind::Unauthenticated
            | Kind::Forbidden
            | Kind::NotFound
            | Kind::MethodNotAllowed
            | Kind::Conflict
            | Kind::TooLarge
            | Kind::KeyReused
            | Kind::AnswerLost
            | Kind::Throttled
            | Kind::Rejected => Actor::Caller,
            Kind::Reauthenticate => Actor::Account,
            Kind::RateLimited | Kind::Unreachable | Kind::Resting | Kind::Garbled | Kind::TimedOut => {
                Actor::Provider
            }
            Kind::Mapping => Actor::Mapping,
            Kind::Unavailable | Kind::Internal => Actor::Gateway,
        }
    }

    fn retry(self) -> Retry {
        match self {
            Kind::RateLimited
            | Kind::Throttled
            | Kind::Unreachable
            | Kind::Resting
            | Kind::TimedOut
            | Kind::Unavailable => Retry::Later(None),
            Kind::Invalid
            | Kind::Unsupported
            | Kind::Unauthenticated
            | Kind::Forbidden
            | Kind::NotFound
            | Kind::MethodNotAllowed
            | Kind::Conflict
            | Kind::TooLarge
            | Kind::KeyReused
            | Kind::AnswerLost
            | Kind::Reauthenticate
            | Kind::Rejected
            | Kind::Garbled
            | Kind::Mapping
            | Kind::Internal => Retry::Never,
        }
    }
}

impl Clone for Error {
    fn clone(&self) -> Self {
        Error(self.0.clone())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

/// Leaves out the vendor's headers and body: they are the caller's, and no log line may carry them.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("detail", &self.0.detail)
            .field("vendor_status", &self.0.fault.as_ref().map(|fault| fault.status))
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {}
