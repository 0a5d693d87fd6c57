//! `<provider>/<resource>.yaml`: how a unified resource is served by one vendor, method by method.
//!
//! The keys of a method are those of the published contract (`resource`, `method`, `query`, `query_mapping`,
//! `body`, `request_body_mapping`, `request_header_mapping`, `path_mapping`, `response_mapping`,
//! `response_mapping_method`, `error_mapping`, `before`, `after`), so that an override can be laid over a file key
//! by key. The others are unicrm's own: `filters`, `gateway_filters`, `writes`, `required`, `refusals` and `exists`
//! say what may be asked, so that nothing is ignored; `sources` serves one unified list from several native ones;
//! `records` serves what no call is needed for; `id` and `id_pattern` give records of several kinds one unified id
//! each.

use std::fmt;

use indexmap::IndexMap;
use serde::de::{Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, de};
use serde_json::{Map, Value};

use crate::model::Method;
use crate::model::selection::Comparison;

/// A mapping file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceMapping {
    /// The unified model, such as `crm`.
    pub model: String,
    /// The unified resource, such as `contacts`.
    pub resource: String,
    /// What a unified id looks like, where it isn't the vendor's own: a regular expression that must match all of
    /// it. Another id can't exist.
    #[serde(default)]
    pub id_pattern: Option<String>,
    /// How each method is served.
    #[serde(default)]
    pub methods: IndexMap<Method, MethodMapping>,
    /// Why a method of the contract can't be served, in words for the caller.
    #[serde(default)]
    pub unsupported: IndexMap<Method, String>,
}

/// How one method is served.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodMapping {
    /// The vendor's resource in the manifest.
    #[serde(default)]
    pub resource: Option<Name>,
    /// That resource's method.
    #[serde(default)]
    pub method: Option<Name>,
    /// In place of `resource` and `method`: gives the native records without a call of its own.
    #[serde(default)]
    pub records: Option<Slot>,
    /// Makes the native id of the unified one.
    #[serde(default)]
    pub id: Option<Slot>,
    /// Makes the native path, in place of the manifest's.
    #[serde(default)]
    pub path_mapping: Option<Slot>,
    /// The parameters that the native call takes care of, in the caller's spelling, operators included
    /// (`created_at[gt]`, or `created_at[gt,lt]` for several). A parameter that is neither here nor under
    /// `gateway_filters` is refused.
    #[serde(default)]
    pub filters: Vec<String>,
    /// The list parameters that the gateway applies to the unified records itself, unless the native call takes care
    /// of them.
    #[serde(default)]
    pub gateway_filters: Vec<GatewayFilterMapping>,
    /// Whether many of the native records are none of this resource's: then they are fetched in the largest pages
    /// that the vendor gives.
    #[serde(default)]
    pub sparse: bool,
    /// Static native query parameters.
    #[serde(default)]
    pub query: Map<String, Value>,
    /// Makes the native query.
    #[serde(default)]
    pub query_mapping: Option<Slot>,
    /// The native body under what `request_body_mapping` makes.
    #[serde(default)]
    pub body: Option<Value>,
    /// Makes the native body.
    #[serde(default)]
    pub request_body_mapping: Option<Slot>,
    /// Makes native request headers, beside the manifest's.
    #[serde(default)]
    pub request_header_mapping: Option<Slot>,
    /// Makes a unified record of each native one, or null where it is none of this resource's.
    #[serde(default)]
    pub response_mapping: Option<Slot>,
    /// Whether `response_mapping` sees one record at a time or all of a page.
    #[serde(default)]
    pub response_mapping_method: MappedBy,
    /// Makes `{status, message}` of a vendor's error, each optional.
    #[serde(default)]
    pub error_mapping: Option<Slot>,
    /// Of an update: whether one that the vendor refuses because the record has changed meanwhile (409) is made once
    /// more, on top of what the steps before then find.
    #[serde(default)]
    pub reread_on_conflict: Option<Slot>,
    /// The body fields that this provider can store. Others of the resource are refused.
    #[serde(default)]
    pub writes: Vec<String>,
    /// The parameters and body fields that can't be left out.
    #[serde(default)]
    pub required: Vec<String>,
    /// Gives `[{field, message}]` of what can't be carried out; anything in it refuses the request before the
    /// vendor is asked to change something.
    #[serde(default)]
    pub refusals: Option<Slot>,
    /// Whether what the `before` steps found is a record of this resource; if not, the caller gets a 404.
    #[serde(default)]
    pub exists: Option<Slot>,
    /// List parameters beside the resource's own, as an object schema in the contract's dialect.
    #[serde(default)]
    pub query_schema: Option<Value>,
    /// Body fields beside the resource's own, as an object schema in the contract's dialect.
    #[serde(default)]
    pub request_body_schema: Option<Value>,
    /// Where the vendor documents the call; kept for the documents.
    #[serde(default)]
    pub documentation_link: Option<String>,
    /// Scopes that the call needs; kept for the documents.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What goes first; the results are in scope as `before.<name>`.
    #[serde(default)]
    pub before: Vec<StepMapping>,
    /// What follows the main call; the results are in scope of `response_mapping` as `after.<name>`.
    #[serde(default)]
    pub after: Vec<StepMapping>,
    /// Several ways of serving the method, each laid over the keys above. A list takes all whose `run_if` holds,
    /// one after the other; another method takes the first.
    #[serde(default)]
    pub sources: Vec<SourceMapping>,
}

/// One of several ways of serving a method. A key that is absent is the method's own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceMapping {
    /// When it is used; absent: always.
    #[serde(default)]
    pub run_if: Option<Slot>,
    /// As of a method.
    #[serde(default)]
    pub resource: Option<Name>,
    /// As of a method.
    #[serde(default)]
    pub method: Option<Name>,
    /// As of a method.
    #[serde(default)]
    pub records: Option<Slot>,
    /// As of a method.
    #[serde(default)]
    pub id: Option<Slot>,
    /// As of a method.
    #[serde(default)]
    pub path_mapping: Option<Slot>,
    /// As of a method.
    #[serde(default)]
    pub filters: Option<Vec<String>>,
    /// As of a method.
    #[serde(default)]
    pub gateway_filters: Option<Vec<GatewayFilterMapping>>,
    /// As of a method.
    #[serde(default)]
    pub sparse: Option<bool>,
    /// As of a method.
    #[serde(default)]
    pub query: Option<Map<String, Value>>,
    /// As of a method.
    #[serde(default)]
    pub query_mapping: Option<Slot>,
    /// As of a method.
    #[serde(default)]
    pub body: Option<Value>,
    /// As of a method.
    #[serde(default)]
    pub request_body_mapping: Option<Slot>,
    /// As of a method.
    #[serde(default)]
    pub request_header_mapping: Option<Slot>,
    /// As of a method.
    #[serde(default)]
    pub response_mapping: Option<Slot>,
    /// As of a method.
    #[serde(default)]
    pub response_mapping_method: Option<MappedBy>,
    /// As of a method.
    #[serde(default)]
    pub after: Option<Vec<StepMapping>>,
}

/// What `response_mapping` sees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MappedBy {
    /// One native record.
    #[default]
    Item,
    /// All native records of a page; it gives a list.
    Array,
}

/// A name from the manifest, or an expression that picks one of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// Always this one.
    Fixed(String),
    /// One of `names`.
    Computed {
        /// Gives the name.
        expression: Slot,
        /// What it may give. Written `resources` or `methods`.
        names: Vec<String>,
    },
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name, or {expression, resources} or {expression, methods}")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Name, E> {
        Ok(Name::Fixed(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Name, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Computed {
            expression: Slot,
            #[serde(alias = "resources", alias = "methods")]
            names: Vec<String>,
        }
        let Computed { expression, names } = Computed::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Name::Computed { expression, names })
    }
}

/// A list parameter that the gateway applies itself: its spelling, or that and how values compare.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum GatewayFilterMapping {
    /// Values must be equal, or fit the operator in the spelling.
    Plain(String),
    /// Values compare in a way of their own.
    Comparing {
        /// The parameter.
        filter: String,
        /// How.
        compare: Comparison,
    },
}

impl GatewayFilterMapping {
    /// The parameter in the caller's spelling.
    pub fn spelling(&self) -> &str {
        match self {
            GatewayFilterMapping::Plain(filter) | GatewayFilterMapping::Comparing { filter, .. } => filter,
        }
    }

    /// How values compare.
    pub fn comparison(&self) -> Comparison {
        match self {
            GatewayFilterMapping::Plain(_) => Comparison::Equal,
            GatewayFilterMapping::Comparing { compare, .. } => *compare,
        }
    }
}

/// Something that goes before or after the main call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepMapping {
    /// Its place in scope.
    pub name: String,
    /// What kind of step.
    #[serde(rename = "type")]
    pub kind: StepKind,
    /// Whether it runs; absent: always. A step that doesn't run leaves nothing in scope.
    #[serde(default)]
    pub run_if: Option<Slot>,
    /// Of a step that goes after: a regular expression that the JSON text of `data`, as the vendor sent it, must match
    /// for the step to run. A page is searched much faster than it is read for a `run_if`.
    #[serde(default)]
    pub run_if_text: Option<String>,
    /// Gives a list: the step runs once for each of its items, which is in scope as `item`, and leaves a list.
    #[serde(default)]
    pub loop_on: Option<Slot>,
    /// Whether the answer is kept for the account for a minute, for reference data that seldom changes.
    #[serde(default)]
    pub cache: bool,
    /// Whether a record that the vendor doesn't have is null in scope and no error.
    #[serde(default)]
    pub optional: bool,
    /// Whether an answer only adds to what is there already, so that the request goes on without it where the vendor
    /// has none, doesn't show it, or answers with something else. A vendor that can't be reached, or that asks to wait,
    /// is an error all the same.
    #[serde(default)]
    pub dispensable: bool,
    /// Of a step that follows: whether what it gives stands in place of what the main call answered, for vendors whose
    /// answer to a write tells less than reading the record does.
    #[serde(default)]
    pub answers: bool,
    /// What it does.
    pub config: StepConfig,
}

/// Kinds of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A native call. A list leaves the records of all its pages, anything else the record.
    Request,
    /// The value of an expression.
    Transform,
}

/// What a step does. In `query` and `body`, an object whose only key is `expression` stands for that expression's
/// value.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepConfig {
    /// A request's resource in the manifest.
    #[serde(default)]
    pub resource: Option<Name>,
    /// That resource's method.
    #[serde(default)]
    pub method: Option<Name>,
    /// Makes the native id; absent: the operation's.
    #[serde(default)]
    pub id: Option<Slot>,
    /// Native query parameters.
    #[serde(default)]
    pub query: Map<String, Value>,
    /// The native body.
    #[serde(default)]
    pub body: Option<Value>,
    /// A transform's expression.
    #[serde(default)]
    pub expression: Option<Slot>,
}

/// A JSONata expression: the name of a `.jsonata` file in the provider's folder, or the expression itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Slot(pub String);

impl Slot {
    /// The file, if the slot names one.
    pub fn file(&self) -> Option<&str> {
        let plain = !self.0.contains(char::is_whitespace);
        (plain && self.0.ends_with(".jsonata")).then_some(self.0.as_str())
    }
}
