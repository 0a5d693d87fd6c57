//! `provider.yaml`: the facts of one vendor's API that a table can say.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::discovery::Discovery;
use super::form::Form;
use super::method::Slot;
use super::revisions::Revisions;

/// A vendor, as its `provider.yaml` describes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// As in settings, mapping folders and the wire (`capsule`).
    pub name: String,
    /// As people write it (`Capsule`).
    pub label: String,
    /// As `GET /category` groups it.
    pub category: String,
    /// Where the vendor documents its API.
    pub documentation: String,
    /// The vendor's plans that include its API, in words for whoever connects an account; empty where all do.
    #[serde(default)]
    pub pricing_plans: Vec<String>,
    /// The roles that whoever connects an account must have at the vendor, in words; empty where any does.
    #[serde(default)]
    pub user_roles: Vec<String>,
    /// What every path is appended to.
    pub base_url: String,
    /// Which of the vendors' peculiarities to mind.
    pub adapter: AdapterName,
    /// Where methods of JSON-RPC are called, appended to the base URL; for vendors that have such.
    #[serde(default)]
    pub rpc_path: Option<String>,
    /// How the vendor tells where an account's API is, in place of the base URL's host; for vendors that do.
    #[serde(default)]
    pub discovery: Option<Discovery>,
    /// What a record's id looks like, as a regular expression that must match all of it. Another id can't exist.
    #[serde(default)]
    pub id_pattern: Option<String>,
    /// How accounts authenticate.
    pub auth: Auth,
    /// Headers of every call.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Response headers that tell of the vendor's quota.
    #[serde(default)]
    pub rate_limit: Option<RateLimit>,
    /// Ways of paging, by name.
    #[serde(default)]
    pub paging: BTreeMap<String, Paging>,
    /// Where error messages stand in the vendor's error bodies, as JSON pointers, the first that is text wins.
    #[serde(default)]
    pub error_messages: Vec<String>,
    /// How records are asked for by the revision that is known of them, where the vendor has such.
    #[serde(default)]
    pub revisions: Option<Revisions>,
    /// What the vendor sends of its own accord when records change, if it does.
    #[serde(default)]
    pub webhooks: Option<Webhooks>,
    /// Words of a 403's message that mean that the credential lacks a scope.
    #[serde(default)]
    pub scope_refusal: Option<String>,
    /// Schemas that several operations share: wherever a schema says `shape: NAME`, that one stands.
    #[serde(default)]
    pub shapes: Map<String, Value>,
    /// The vendor's operations: `resources.parties.list`.
    #[serde(default)]
    pub resources: IndexMap<String, NativeResource>,
}

/// What a vendor sends when records change.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Makes the events of a delivery, of `body`, `headers` and `query`: a list of `{event, resource, id, data}`, where
    /// `event` is `created`, `updated` or `deleted`, `resource` a unified one such as `crm/contacts`, and `data` what the
    /// vendor sent of the record.
    pub events: Slot,
    /// How whoever runs the account has the vendor send them, in words.
    pub setup: String,
}

/// The wires and peculiarities that there is code for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdapterName {
    /// REST with nothing peculiar.
    Rest,
    /// REST as Capsule speaks it.
    Capsule,
    /// REST as Nimble speaks it.
    Nimble,
    /// JSON-RPC beside REST, as Nutshell speaks both.
    Nutshell,
}

impl AdapterName {
    /// Whether there is code for methods of JSON-RPC.
    pub fn speaks_rpc(self) -> bool {
        self == AdapterName::Nutshell
    }
}

/// How accounts authenticate; an account picks one of those that are given.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// OAuth 2.0 authorization code.
    #[serde(default)]
    pub oauth2: Option<OAuth2>,
    /// A key that the account's owner copies from the vendor.
    #[serde(default)]
    pub api_key: Option<ApiKey>,
    /// What is asked of the vendor while an account is connected.
    #[serde(default)]
    pub connect: Option<Connect>,
}

/// What is asked of a vendor while an account is connected. All of it reads.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// A cheap operation that tells whether a credential is good, before anything is saved.
    pub probe: Asked,
    /// What the vendor calls the tenant that the credential is for, as a JSON pointer into the probe's answer: an account
    /// that is connected again must be of the same one.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The tenant's name for people, likewise.
    #[serde(default)]
    pub tenant_name: Option<String>,
    /// Asked once the account is saved; what is kept of the answers stands in its context.
    #[serde(default)]
    pub install: Vec<Install>,
    /// Operations that the account must be allowed, or it is of no use.
    #[serde(default)]
    pub validate: Vec<Asked>,
}

/// One of the vendor's operations, as it is called while an account is connected.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The vendor's resource.
    pub resource: String,
    /// The method of it.
    pub method: String,
    /// The query, or the named parameters.
    #[serde(default)]
    pub query: Map<String, Value>,
}

/// An operation of which something is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Install {
    /// What is called.
    pub call: Asked,
    /// Members of the account's context, with JSON pointers into the answer.
    pub keep: BTreeMap<String, String>,
}

/// An OAuth 2.0 provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth2 {
    /// Where the owner consents.
    pub authorize_url: String,
    /// Where codes and refresh tokens are exchanged.
    pub token_url: String,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Between scopes.
    #[serde(default = "space")]
    pub scope_separator: String,
    /// Members of the token answer that belong in the account's context, such as `subdomain`.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Whether a refresh must repeat the redirect URI.
    #[serde(default)]
    pub refresh_with_redirect_uri: bool,
    /// Whether the vendor takes a PKCE challenge (RFC 7636).
    #[serde(default)]
    pub pkce: bool,
    /// Whether the vendor may leave `state` out when it sends the browser back, and lets each attempt have a path of its
    /// own below the registered redirect URI: then that path is what tells the attempt.
    #[serde(default)]
    pub state_in_path: bool,
    /// Where tokens are revoked (RFC 7009), if the vendor offers that.
    #[serde(default)]
    pub revoke_url: Option<String>,
}

fn space() -> String {
    " ".to_owned()
}

/// A key-based credential.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// What the owner fills in; each is a member of the account's context.
    pub fields: Vec<CredentialField>,
    /// How the key is presented.
    pub present: Presentation,
}

/// One field of a credential form.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialField {
    /// The member of the account's context.
    pub name: String,
    /// What the form calls it.
    pub label: String,
    /// Whether it is a secret: kept in the vault, never shown.
    #[serde(default)]
    pub secret: bool,
    /// Whether a secret may be seen where it is typed: the name of a login, as opposed to its key.
    #[serde(default)]
    pub legible: bool,
    /// Whether an account does without it: then nobody is asked for it on a page.
    #[serde(default)]
    pub optional: bool,
    /// Where the owner finds it.
    pub help: String,
    /// The page of the vendor's where the owner finds it.
    #[serde(default)]
    pub find_at: Option<String>,
    /// What all of it looks like, as a regular expression: what can't be right is refused before the vendor is asked.
    #[serde(default)]
    pub pattern: Option<String>,
    /// An example, for a field that isn't secret.
    #[serde(default)]
    pub example: Option<String>,
}

impl CredentialField {
    /// Whether nobody who looks over its owner's shoulder is to read it.
    pub fn is_masked(&self) -> bool {
        self.secret && !self.legible
    }
}

/// How a credential is put on a request.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Presentation {
    /// `Authorization: Bearer`, with this member of the context.
    Bearer(String),
    /// `Authorization: Basic`, with these members of the context.
    Basic {
        /// The member that holds the user name.
        username: String,
        /// The member that holds the password.
        password: String,
    },
}

/// Response headers that tell of a quota. The reset is an instant in seconds since 1970.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many calls a window has.
    pub limit: String,
    /// How many are left.
    pub remaining: String,
    /// When the window ends.
    pub reset: String,
}

/// A way of paging.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "style", rename_all = "snake_case", deny_unknown_fields)]
pub enum Paging {
    /// Numbered pages.
    Pages {
        /// The query parameter with the page's number.
        page: String,
        /// The number of the first page.
        #[serde(default = "one")]
        first: u32,
        /// The query parameter with the page's size.
        size: String,
        /// The size where the caller names none.
        default_size: u32,
        /// The largest size that the vendor takes.
        largest_size: u32,
        /// A response header that is `true` where another page follows. A `Link` header with `rel="next"` says
        /// the same; where neither is sent, a full page is taken to have a next one.
        #[serde(default)]
        more_header: Option<String>,
        /// The member of the answer that says how many pages there are, such as `meta.pages`.
        #[serde(default)]
        pages: Option<String>,
        /// The member of the answer that repeats the page's number, for a vendor that may not mind the parameter: the
        /// same page over and over is then an error.
        #[serde(default)]
        echo: Option<String>,
    },
    /// Each answer has an object whose members are added to the query for what follows; null or nothing at the end.
    Following {
        /// The query parameter with the page's size.
        size: String,
        /// The size where the caller names none.
        default_size: u32,
        /// The largest size that the vendor takes.
        largest_size: u32,
        /// The member of the answer with that object, such as `next_page`.
        next: String,
    },
    /// The answer has groups of records, each with a link to more of its own. `response_path` leads through the groups.
    Links {
        /// The query parameter with the number of records of each group.
        size: String,
        /// The size where the caller names none.
        default_size: u32,
        /// The largest size that the vendor takes.
        largest_size: u32,
        /// The member of each group with the link, from the top: `stages.meta.next_page_url`.
        next: String,
    },
    /// The whole list in one answer.
    Whole,
}

fn one() -> u32 {
    1
}

/// One of the vendor's own resources.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NativeResource {
    /// What it is.
    pub description: String,
    /// What it is for, in a word or two that several resources share: whoever wants few tools chooses them by it.
    #[serde(default)]
    pub tags: Vec<String>,
    /// By method name: list, get, create, update, delete, or a name of the vendor's.
    pub methods: IndexMap<String, Arc<NativeMethod>>,
}

/// One of the vendor's operations.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NativeMethod {
    /// What it does, for those who choose among operations.
    pub description: String,
    /// The HTTP verb.
    #[serde(default = "post")]
    pub method: Verb,
    /// Appended to the base URL; `{{id}}` stands for the record's id, `{{query.NAME}}` for a query parameter, which
    /// is then none of the query.
    #[serde(default)]
    pub path: String,
    /// In place of a verb and a path: the method of JSON-RPC that it is. Then query and body are its named parameters.
    #[serde(default)]
    pub rpc: Option<Rpc>,
    /// Static query parameters; the caller's win. `{{id}}` as a value stands for the record's id.
    #[serde(default)]
    pub query: Map<String, Value>,
    /// What is added to the query of a list to have its records in short, where that costs the vendor less.
    #[serde(default)]
    pub partial: Map<String, Value>,
    /// Query parameters of which one at least must be given, and not as its default in the schema: without any of them
    /// the call would concern everything there is. Empty where that is no danger.
    #[serde(default)]
    pub needs_one_of: Vec<String>,
    /// The member of the answer that holds the records of a list, or the record: dotted, and through lists of groups to
    /// the records of all of them (`stages.deals`).
    #[serde(default)]
    pub response_path: Option<String>,
    /// The member that a record has without fail: an answer without it is no record. For vendors that answer with the
    /// bare record.
    #[serde(default)]
    pub known_by: Option<String>,
    /// One of the manifest's ways of paging. Only lists have one.
    #[serde(default)]
    pub paging: Option<String>,
    /// Whether it changes nothing although its verb suggests so: then it may be repeated.
    #[serde(default)]
    pub reads: bool,
    /// Whether it reads one record, and may be asked for only what is new: by an entity tag, or by a revision.
    #[serde(default)]
    pub conditional: bool,
    /// Says that it is a web form at an address of the account's own, whose fields are the body.
    #[serde(default)]
    pub form: Option<Form>,
    /// What the body is that it takes, where that isn't JSON.
    #[serde(default)]
    pub content_type: Option<String>,
    /// Says that it carries a file, which goes through piece by piece and is never held whole.
    #[serde(default)]
    pub file: Option<FileTransfer>,
    /// Where the vendor documents this operation.
    #[serde(default)]
    pub documentation: Option<String>,
    /// The scopes that a credential needs for it, as the vendor names them.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The query parameters that it takes, as JSON Schema.
    #[serde(default)]
    pub query_schema: Option<Value>,
    /// The body that it takes, as JSON Schema.
    #[serde(default)]
    pub body_schema: Option<Value>,
    /// What it answers, as JSON Schema.
    #[serde(default)]
    pub response_schema: Option<Value>,
}

/// How an operation carries a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "direction", rename_all = "snake_case", deny_unknown_fields)]
pub enum FileTransfer {
    /// The file goes up. Callers send its name as the query parameter `filename`.
    Upload {
        /// The most bytes that the vendor takes.
        largest: u64,
        /// The request header with the file's name, percent-encoded, where the request's body is the file.
        #[serde(default)]
        name_header: Option<String>,
        /// The field that holds the file, where the request's body is a form (`multipart/form-data`).
        #[serde(default)]
        form_field: Option<String>,
    },
    /// The answer is the file.
    Download {
        /// The most bytes that are passed on.
        largest: u64,
    },
}

/// A method of JSON-RPC.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rpc {
    /// As the vendor names it.
    pub name: String,
    /// The parameter that names the record, where it is about one.
    #[serde(default)]
    pub id: Option<String>,
}

fn post() -> Verb {
    Verb::Post
}

/// HTTP verbs that vendors use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    /// Reads.
    Get,
    /// Reads all but the body.
    Head,
    /// Creates, or reads with a body.
    Post,
    /// Replaces or edits.
    Put,
    /// Edits.
    Patch,
    /// Removes.
    Delete,
}

impl Verb {
    /// As the `http` crate names it.
    pub fn http(self) -> http::Method {
        match self {
            Verb::Get => http::Method::GET,
            Verb::Head => http::Method::HEAD,
            Verb::Post => http::Method::POST,
            Verb::Put => http::Method::PUT,
            Verb::Patch => http::Method::PATCH,
            Verb::Delete => http::Method::DELETE,
        }
    }
}

impl NativeMethod {
    /// An operation that no manifest names: a verb and a path, which must hold no placeholder.
    pub fn ad_hoc(method: Verb, path: String) -> Self {
        NativeMethod {
            description: String::new(),
            method,
            path,
            rpc: None,
            query: Map::new(),
            partial: Map::new(),
            needs_one_of: Vec::new(),
            response_path: None,
            known_by: None,
            paging: None,
            reads: false,
            conditional: false,
            form: None,
            content_type: None,
            file: None,
            scopes: Vec::new(),
            documentation: None,
            query_schema: None,
            body_schema: None,
            response_schema: None,
        }
    }

    /// Whether it can be repeated without changing anything.
    pub fn is_read(&self) -> bool {
        self.reads || matches!(self.method, Verb::Get | Verb::Head)
    }

    /// Whether it is about a record that the caller names by its id.
    pub fn takes_id(&self) -> bool {
        match &self.rpc {
            Some(rpc) => rpc.id.is_some(),
            None => self.path.contains("{{id}}"),
        }
    }
}

impl Manifest {
    /// One of the vendor's operations.
    pub fn native(&self, resource: &str, method: &str) -> Option<&Arc<NativeMethod>> {
        self.resources.get(resource)?.methods.get(method)
    }

    /// Puts the methods of JSON-RPC where they are called.
    pub(super) fn place_rpc(&mut self) {
        let Some(path) = &self.rpc_path else { return };
        let methods = self.resources.values_mut().flat_map(|resource| resource.methods.values_mut());
        for facts in methods.filter(|facts| facts.rpc.is_some() && facts.path.is_empty()) {
            Arc::make_mut(facts).path.clone_from(path);
        }
    }

    /// The members of an account's context that are secrets, for any way of authenticating.
    pub fn secret_fields(&self) -> impl Iterator<Item = &str> {
        let fields = self.auth.api_key.iter().flat_map(|key| &key.fields);
        fields.filter(|field| field.secret).map(|field| field.name.as_str())
    }
}
