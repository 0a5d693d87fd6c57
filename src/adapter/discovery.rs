//! Where an account's API is, for vendors who tell: the question, and what an answer is worth.
//!
//! The answer decides where a credential goes, so it is believed no further than the vendor's own domain: a host, and
//! nothing but a host. An operator's origin stands in place of every host of the vendor's, whatever is answered.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method};
use serde_json::{Map, Value};
use url::Url;

use super::rest::moved;
use super::{envelope, jsonrpc};
use crate::error::{Error, Kind, Result, Retry};
use crate::mapping::discovery::Discovery;
use crate::mapping::manifest::{Manifest, Rpc};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The most that is shown of a host that isn't called.
const SHOWN: usize = 80;

/// Why an answer leads nowhere.
#[derive(Debug, Clone)]
pub enum NoPlace {
    /// Nothing was told: not now, not of this account, or not any more.
    Untold(String),
    /// What was told is no place of the vendor's.
    Foreign(Error),
}

/// The question where the API is of the account that has this value.
pub fn question(facts: &Discovery, origin: Option<&Url>, value: &str) -> Result<http::Request<Bytes>> {
    let rpc = Rpc { name: facts.rpc.clone(), id: None };
    let parameters = Map::from_iter([(facts.parameter.clone(), Value::from(value))]);
    let mut request = http::Request::new(jsonrpc::request(&rpc, &parameters, None, None)?);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = moved(&facts.url, origin)?.as_str().parse().map_err(Error::internal)?;
    request.headers_mut().insert(CONTENT_TYPE, JSON);
    request.headers_mut().insert(ACCEPT, JSON);
    Ok(request)
}

/// The base URL that an answer makes of the manifest's.
pub fn place(
    manifest: &Manifest,
    facts: &Discovery,
    origin: Option<&Url>,
    answer: &http::Response<Bytes>,
) -> std::result::Result<Url, NoPlace> {
    let untold = |why: &str| NoPlace::Untold(format!("it answered {} and {why}", answer.status()));
    if !answer.status().is_success() {
        return Err(untold("says nothing of it"));
    }
    let found = envelope::at(answer.body(), &facts.host).map_err(|_| untold("what came is not JSON"))?;
    let found = found.and_then(|found| serde_json::from_str::<String>(found.get()).ok());
    let host = found.ok_or_else(|| untold("names no host"))?;
    let base = moved(&manifest.base_url, origin).map_err(NoPlace::Foreign)?;
    if is_host(&host) && facts.has(&host.to_ascii_lowercase()) {
        return at(base, origin, &host).map_err(NoPlace::Foreign);
    }
    // Who answers in the vendor's place may well name itself.
    if origin.is_some_and(|origin| names(origin, &host)) {
        return Ok(base);
    }
    Err(NoPlace::Foreign(foreign(&manifest.label, &facts.within, &host)))
}

fn at(mut base: Url, origin: Option<&Url>, host: &str) -> Result<Url> {
    if origin.is_none() {
        base.set_host(Some(host)).map_err(Error::internal)?;
    }
    Ok(base)
}

/// Whether a text is the name of a host and nothing more: no scheme, no port, no user, no path.
fn is_host(text: &str) -> bool {
    let may_be = |label: &str| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(known)
    };
    text.len() <= 253 && text.split('.').all(may_be)
}

/// Whether a text is an origin's host, or its host and port.
fn names(origin: &Url, text: &str) -> bool {
    let Some(host) = origin.host_str() else { return false };
    let port = origin.port_or_known_default();
    text == host || port.is_some_and(|port| text == format!("{host}:{port}"))
}

fn foreign(label: &str, within: &str, host: &str) -> Error {
    let shown: String = host.chars().filter(|letter| !letter.is_control()).take(SHOWN).collect();
    let message = format!(
        "{label} is not called: where it says that this account's API is, {shown:?}, is no host within {within}."
    );
    Error::new(Kind::Garbled, message).retry(Retry::Never)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let value = serde_json::json!({
            "name": "vendor", "label": "Vendor", "category": "crm", "documentation": "https://vendor.example",
            "base_url": "https://app.vendor.example/base", "adapter": "rest", "auth": {},
            "discovery": {
                "url": "https://api.vendor.example/where?x=1", "rpc": "where", "parameter": "name",
                "member": "login", "host": "result.api", "within": "vendor.example", "minutes": 30,
            },
        });
        serde_json::from_value(value).unwrap()
    }

    fn found(origin: Option<&str>, status: u16, body: &'static str) -> std::result::Result<Url, NoPlace> {
        let (manifest, origin) = (manifest(), origin.map(|origin| Url::parse(origin).unwrap()));
        let mut answer = http::Response::new(Bytes::from_static(body.as_bytes()));
        *answer.status_mut() = http::StatusCode::from_u16(status).unwrap();
        place(&manifest, manifest.discovery.as_ref().unwrap(), origin.as_ref(), &answer)
    }

    #[test]
    fn an_answer_gives_the_base_another_host_of_the_vendors() {
        let place = |origin, body| found(origin, 200, body).unwrap().to_string();
        let told = r#"{"result":{"api":"app07.Vendor.example"},"error":null}"#;
        assert_eq!(place(None, told), "https://app07.vendor.example/base");
        assert_eq!(place(Some("http://127.0.0.1:9"), told), "http://127.0.0.1:9/base");
        let own = r#"{"result":{"api":"127.0.0.1:9"}}"#;
        assert_eq!(place(Some("http://127.0.0.1:9"), own), "http://127.0.0.1:9/base");
    }

    #[test]
    fn what_tells_nothing_is_told_apart_from_what_leads_astray() {
        for body in ["", "<html>", "{}", r#"{"result":null,"error":{"code":404}}"#, r#"{"result":{"api":7}}"#]
        {
            assert!(matches!(found(None, 200, body), Err(NoPlace::Untold(_))), "{body}");
        }
        assert!(matches!(
            found(None, 500, r#"{"result":{"api":"x.vendor.example"}}"#),
            Err(NoPlace::Untold(_))
        ));
        for body in [
            r#"{"result":{"api":"evil.test"}}"#,
            r#"{"result":{"api":""}}"#,
            r#"{"result":{"api":"http://app.vendor.example"}}"#,
            r#"{"result":{"api":"you@app.vendor.example"}}"#,
            r#"{"result":{"api":"127.0.0.1:9"}}"#,
        ] {
            assert!(matches!(found(None, 200, body), Err(NoPlace::Foreign(_))), "{body}");
        }
        let other_port = r#"{"result":{"api":"127.0.0.1:10"}}"#;
        assert!(matches!(found(Some("http://127.0.0.1:9"), 200, other_port), Err(NoPlace::Foreign(_))));
    }

    #[test]
    fn the_question_goes_to_the_operators_origin_and_has_no_credential() {
        let manifest = manifest();
        let origin = Url::parse("http://127.0.0.1:9").unwrap();
        let facts = manifest.discovery.as_ref().unwrap();
        let request = question(facts, Some(&origin), "ann@vendor.example").unwrap();
        assert_eq!(request.uri(), "http://127.0.0.1:9/where");
        assert!(!request.headers().contains_key(http::header::AUTHORIZATION));
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(
            (&body["method"], &body["params"]["name"]),
            (&"where".into(), &"ann@vendor.example".into())
        );
    }

    #[test]
    fn only_a_bare_host_is_one() {
        for (text, host) in [
            ("app.nutshell.com", true),
            ("App01.Nutshell.com", true),
            ("", false),
            (".nutshell.com", false),
            ("app.nutshell.com.", false),
            ("app.nutshell.com:8443", false),
            ("http://app.nutshell.com", false),
            ("evil.test/.nutshell.com", false),
            ("evil.test#.nutshell.com", false),
            ("evil.test?.nutshell.com", false),
            ("user@app.nutshell.com", false),
            ("evil.test\\.nutshell.com", false),
            ("app.nutshell.com\n", false),
            ("аpp.nutshell.com", false),
            ("xn--pp-7kc.nutshell.com", true),
        ] {
            assert_eq!(is_host(text), host, "{text:?}");
        }
    }
}
