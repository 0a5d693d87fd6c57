//! Identifiers, one type for each thing that has one, so that an account's id can't stand where an
//! environment's belongs. All are UUIDs on the wire and in the database; new ones sort by time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identifier that sorts after those made before it.
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    };
}

id!(
    /// A tenant boundary: every query names one first.
    EnvironmentId
);
id!(
    /// A provider as an entry of the gateway's catalogue.
    IntegrationId
);
id!(
    /// A provider switched on in one environment.
    EnvironmentIntegrationId
);
id!(
    /// One customer's connected login: `integrated_account` on the wire.
    AccountId
);
id!(
    /// A token that a backend calls the gateway with.
    ApiTokenId
);
id!(
    /// An address at which AI agents reach the tools of one account.
    McpServerId
);
id!(
    /// Something that happened, as the log has it.
    EventId
);
id!(
    /// One request through the gateway, as in `x-request-id` and the log.
    RequestId
);
