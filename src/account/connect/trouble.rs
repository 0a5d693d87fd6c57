//! What goes wrong while an account is connected, for whoever words it.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind};

/// What comes of a step of connecting an account.
pub type Attempted<T> = Result<T, Trouble>;

/// Why an account isn't connected, or not yet.
#[derive(Debug)]
pub enum Trouble {
    /// Something that the customer can act on.
    Theirs(Failure),
    /// Something that is the gateway's.
    Ours(Error),
}

/// What the customer can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// A field of the form, and whether it is there at all.
    Field {
        /// Its name.
        name: String,
        /// Whether nothing was filled in.
        empty: bool,
    },
    /// The vendor doesn't take the credential.
    Refused,
    /// The credential is good, and may not do what is needed.
    NotAllowed(String),
    /// The vendor can't be reached for the moment.
    Away,
    /// The customer declined at the vendor.
    Declined,
    /// The vendor said this.
    Said(String),
    /// The account is of another tenant of the vendor's.
    OtherTenant,
    /// There is no OAuth app, so the operator has to act.
    NotSetUp,
    /// The vendor sent the browser back for something that this browser hasn't begun, or has finished.
    NotBegun,
    /// It was saved, and the vendor failed at something afterwards.
    NotInstalled(String),
    /// It was saved, and turned out to be of no use.
    NotValid(String),
}

impl Failure {
    /// What the contract calls this kind of error.
    pub fn error_type(&self) -> &'static str {
        match self {
            Failure::NotInstalled(_) => "post_install_error",
            Failure::NotValid(_) => "validation_error",
            Failure::NotSetUp => "invalid_integration",
            _ => "connection_error",
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Ours(error)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Trouble::Theirs(failure)
    }
}

/// What a vendor's refusal of a call means for whoever connects an account.
pub(super) fn of_vendor(error: Error) -> Trouble {
    match error.kind() {
        Kind::Reauthenticate => Failure::Refused.into(),
        Kind::Forbidden => Failure::NotAllowed(brief(error.message())).into(),
        Kind::RateLimited | Kind::Unreachable | Kind::TimedOut | Kind::Garbled | Kind::AnswerLost => {
            Failure::Away.into()
        }
        Kind::Rejected | Kind::NotFound | Kind::Invalid | Kind::Conflict => match error.fault() {
            Some(fault) if fault.status.as_u16() == 403 => Failure::NotAllowed(brief(error.message())).into(),
            Some(_) => Failure::Said(brief(error.message())).into(),
            None => Trouble::Ours(error),
        },
        _ => Trouble::Ours(error),
    }
}

/// As much of what a vendor said as fits on a page.
pub(super) fn brief(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(300).collect()
}
