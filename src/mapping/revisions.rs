//! How a vendor tells that a record is still as it was: facts of `provider.yaml`.

use serde::Deserialize;

/// How records of a vendor's are asked for by the revision that is known of them. The vendor then answers in a word where
/// the record still has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revisions {
    /// The query parameter that takes the known revision.
    pub parameter: String,
    /// The member of an answer with the record's revision, such as `result.rev`.
    pub told: String,
    /// The member of an answer that is true where there is nothing new.
    pub unchanged: String,
}
