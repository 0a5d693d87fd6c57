//! The calls that every fault befalls: reads and writes, unified and proxy, on every wire of every provider.

use http::Method;
use serde_json::{Value, json};
use unicrm::sandbox::{
    CAPSULE_TOKEN, CLIENT_ID, CLIENT_SECRET, NIMBLE_KEY, NUTSHELL_KEY, NUTSHELL_USERNAME, Sandbox,
};

/// One wire of one provider.
pub struct Wire {
    pub provider: &'static str,
    pub name: &'static str,
    pub reads: &'static [Call],
    pub writes: &'static [Call],
    /// Writes that this wire doesn't have, and why.
    pub lacks: &'static [(&'static str, &'static str)],
}

/// One call of a caller's.
#[derive(Clone, Copy)]
pub struct Call {
    pub name: &'static str,
    verb: &'static str,
    /// `{id}` stands for the record.
    path: &'static str,
    /// Of a write, by what marks it in the vendor's eyes.
    body: Option<fn(mark: &str) -> Value>,
    /// Whether the gateway passes the vendor's answer on without reading it: a proxy call other than a list, on REST.
    pub is_verbatim: bool,
}

/// What every wire is called for.
pub const READS: &[&str] = &["unified list", "proxy list", "proxy get"];
pub const WRITES: &[&str] = &["unified create", "unified update", "proxy create", "proxy update"];

pub const WIRES: &[Wire] = &[
    Wire {
        provider: "capsule",
        name: "REST",
        reads: &[
            read("unified list", "/unified/crm/contacts?limit=3"),
            read("proxy list", "/proxy/parties?limit=3"),
            read("proxy get", "/proxy/parties/{id}").verbatim(),
        ],
        writes: &[
            write("unified create", "POST", "/unified/crm/contacts", contact),
            write("unified update", "PATCH", "/unified/crm/contacts/{id}", contact),
            write(
                "proxy create",
                "POST",
                "/proxy/parties",
                |mark| json!({ "party": { "type": "person", "firstName": "Faulty", "lastName": mark } }),
            )
            .verbatim(),
            write(
                "proxy update",
                "PATCH",
                "/proxy/parties/{id}",
                |mark| json!({ "party": { "lastName": mark } }),
            )
            .verbatim(),
        ],
        lacks: &[],
    },
    Wire {
        provider: "nimble",
        name: "REST",
        reads: &[
            read("unified list", "/unified/crm/contacts?limit=3"),
            read("proxy list", "/proxy/contacts?limit=3"),
            read("proxy get", "/proxy/contacts/{id}").verbatim(),
        ],
        writes: &[
            write("unified create", "POST", "/unified/crm/contacts", contact),
            write("unified update", "PATCH", "/unified/crm/contacts/{id}", contact),
            write(
                "proxy create",
                "POST",
                "/proxy/contacts",
                |mark| json!({ "record_type": "person", "fields": nimble_name(mark) }),
            )
            .verbatim(),
            write(
                "proxy update",
                "PATCH",
                "/proxy/contacts/{id}",
                |mark| json!({ "fields": nimble_name(mark) }),
            )
            .verbatim(),
        ],
        lacks: &[],
    },
    Wire {
        provider: "nutshell",
        name: "JSON-RPC",
        reads: &[
            read("unified list", "/unified/crm/contacts?limit=3"),
            read("proxy list", "/proxy/contacts?limit=3"),
            read("proxy get", "/proxy/contacts/{id}"),
        ],
        writes: &[
            write("unified create", "POST", "/unified/crm/contacts", contact),
            write("unified update", "PATCH", "/unified/crm/contacts/{id}", contact),
            write(
                "proxy create",
                "POST",
                "/proxy/contacts",
                |mark| json!({ "contact": nutshell_name(mark) }),
            ),
            write(
                "proxy update",
                "PATCH",
                "/proxy/contacts/{id}",
                |mark| json!({ "rev": "REV_IGNORE", "contact": nutshell_name(mark) }),
            ),
        ],
        lacks: &[],
    },
    Wire {
        provider: "nutshell",
        name: "REST",
        reads: &[
            read("unified list", "/unified/crm/notes?limit=3"),
            read("proxy list", "/proxy/rest_contacts?limit=3"),
            read("proxy get", "/proxy/rest_contacts/{id}").verbatim(),
        ],
        writes: &[
            write(
                "unified create",
                "POST",
                "/unified/crm/fields",
                |mark| json!({ "label": mark, "type": "text", "entity_type": "contact" }),
            ),
            write(
                "proxy create",
                "POST",
                "/proxy/contact_fields",
                |mark| json!({ "name": mark, "type": "text" }),
            )
            .verbatim(),
        ],
        lacks: &[
            ("unified update", "every update of Nutshell's is a method of JSON-RPC"),
            ("proxy update", "every update of Nutshell's is a method of JSON-RPC"),
        ],
    },
];

const fn read(name: &'static str, path: &'static str) -> Call {
    Call { name, verb: "GET", path, body: None, is_verbatim: false }
}

const fn write(name: &'static str, verb: &'static str, path: &'static str, body: fn(&str) -> Value) -> Call {
    Call { name, verb, path, body: Some(body), is_verbatim: false }
}

fn contact(mark: &str) -> Value {
    json!({ "first_name": "Faulty", "last_name": mark })
}

fn nimble_name(mark: &str) -> Value {
    json!({
        "first name": [{ "value": "Faulty", "modifier": "" }],
        "last name": [{ "value": mark, "modifier": "" }],
    })
}

fn nutshell_name(mark: &str) -> Value {
    json!({ "name": format!("Faulty {mark}") })
}

impl Call {
    const fn verbatim(self) -> Call {
        Call { is_verbatim: true, ..self }
    }

    /// Whether it is about a record that is there before.
    pub fn takes_record(&self) -> bool {
        self.path.contains("{id}")
    }

    pub fn method(&self) -> Method {
        self.verb.parse().expect("a method")
    }

    pub fn path(&self, id: &str) -> String {
        self.path.replace("{id}", id)
    }

    pub fn body(&self, mark: &str) -> Option<Value> {
        self.body.map(|body| body(mark))
    }

    /// The same call with other words, as a caller in fair weather makes it to have a record.
    pub fn creation() -> (&'static str, fn(&str) -> Value) {
        ("/unified/crm/contacts", contact)
    }
}

/// The providers, each once.
pub fn providers() -> Vec<&'static str> {
    let mut providers: Vec<&str> = WIRES.iter().map(|wire| wire.provider).collect();
    providers.dedup();
    providers
}

/// The settings of a provider that is at this origin.
pub fn settings(provider: &str, origin: &str) -> Vec<(&'static str, String)> {
    let origin = origin.to_owned();
    match provider {
        "capsule" => vec![
            ("UNICRM_PROVIDER_CAPSULE_ORIGIN", origin),
            ("UNICRM_PROVIDER_CAPSULE_CLIENT_ID", CLIENT_ID.to_owned()),
            ("UNICRM_PROVIDER_CAPSULE_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ],
        "nimble" => vec![
            ("UNICRM_PROVIDER_NIMBLE_ORIGIN", origin),
            ("UNICRM_PROVIDER_NIMBLE_CLIENT_ID", CLIENT_ID.to_owned()),
            ("UNICRM_PROVIDER_NIMBLE_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
            ("UNICRM_PROVIDER_NIMBLE_REDIRECT_URI", "https://gateway.example/callback".to_owned()),
        ],
        "nutshell" => vec![("UNICRM_PROVIDER_NUTSHELL_ORIGIN", origin)],
        other => panic!("{other} has no settings here"),
    }
}

/// A twin of a provider.
pub async fn twin(provider: &str) -> Sandbox {
    let listen = ([127, 0, 0, 1], 0).into();
    let started = match provider {
        "capsule" => Sandbox::capsule(listen).await,
        "nimble" => Sandbox::nimble(listen).await,
        "nutshell" => Sandbox::nutshell(listen).await,
        other => panic!("there is no twin of {other}: describe it here, or the matrix has a hole"),
    };
    started.expect("a twin")
}

/// What an account of a provider is connected with.
pub fn key(provider: &str) -> Value {
    match provider {
        "capsule" => json!({ "api_key": CAPSULE_TOKEN }),
        "nimble" => json!({ "api_key": NIMBLE_KEY }),
        "nutshell" => json!({ "username": NUTSHELL_USERNAME, "api_key": NUTSHELL_KEY }),
        other => panic!("there is no key for {other}"),
    }
}
