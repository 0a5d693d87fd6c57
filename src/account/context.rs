//! An account's context: which members of it are secrets, and which may be read back.

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::vault::{SecretKind, Tokens};
use super::{Account, address};
use crate::error::{Error, Result};
use crate::mapping::Provider;

/// Members that the contract never returns, whatever the provider.
const NEVER_RETURNED: &[&str] = &[
    "api_key",
    "api_token",
    "token",
    "password",
    "secret",
    "client_secret",
    "access_token",
    "refresh_token",
];

/// The members of `oauth.token` that are secrets.
const TOKEN_SECRETS: &[&str] = &["access_token", "refresh_token", "access_token_secret", "id_token"];

/// The member that says for all lists of an account what `truto_partial` says for one.
pub const PARTIAL: &str = "truto_partial";

/// Refuses members that mean something to the gateway itself and can't be understood.
pub fn check_options(context: &Map<String, Value>) -> Result<()> {
    match context.get(PARTIAL) {
        None | Some(Value::Null | Value::Bool(_)) => Ok(()),
        Some(_) => Err(Error::invalid_field(format!("context.{PARTIAL}"), "must be true or false")),
    }
}

/// A context taken apart.
pub struct Parted {
    /// What may be read back.
    pub public: Map<String, Value>,
    /// What goes into the vault.
    pub secrets: SecretKind,
}

/// Takes a context apart, and refuses one that the provider can't be called with.
pub fn part(
    provider: &Provider,
    method: &str,
    mut context: Map<String, Value>,
    now_millis: i64,
) -> Result<Parted> {
    check_options(&context)?;
    address::check(provider, &context)?;
    let auth = &provider.manifest.auth;
    let secrets = match method {
        "oauth2" if auth.oauth2.is_some() => SecretKind::OAuth(tokens(&mut context, now_millis)?),
        "api_key" => match &auth.api_key {
            Some(key) => {
                let is_there = |name: &str| context.get(name).is_some_and(|value| !value.is_null());
                let mut fields = key.fields.iter().filter(|field| !field.optional || is_there(&field.name));
                for field in fields.clone().filter(|field| !field.secret) {
                    text(&context, &field.name)?;
                }
                let secret = fields.by_ref().filter(|field| field.secret);
                let secrets = secret
                    .map(|field| Ok((field.name.clone(), SecretString::from(text(&context, &field.name)?))));
                SecretKind::Fields(secrets.collect::<Result<_>>()?)
            }
            None => return Err(unknown_method(provider, method)),
        },
        _ => return Err(unknown_method(provider, method)),
    };
    hide(provider, &mut context);
    Ok(Parted { public: context, secrets })
}

/// Adds to another credential what an account may have beside it and keeps: the optional secrets that nobody spoke of.
pub fn keep_optional(account: &Account, spoken_of: &[String], secrets: &mut SecretKind) {
    let (SecretKind::Fields(new), SecretKind::Fields(old)) = (secrets, &account.secrets.kind) else { return };
    let fields = account.provider.manifest.auth.api_key.iter().flat_map(|key| &key.fields);
    let kept = fields.filter(|field| field.optional && field.secret && !spoken_of.contains(&field.name));
    for field in kept {
        let is_given = new.iter().any(|(name, _)| *name == field.name);
        if let Some(secret) = old.iter().find(|(name, _)| *name == field.name).filter(|_| !is_given) {
            new.push(secret.clone());
        }
    }
}

fn unknown_method(provider: &Provider, method: &str) -> Error {
    let auth = &provider.manifest.auth;
    let offered = [("oauth2", auth.oauth2.is_some()), ("api_key", auth.api_key.is_some())];
    let offered: Vec<&str> = offered.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect();
    let label = &provider.manifest.label;
    Error::invalid_field(
        "authentication_method",
        format!("{label} is connected by {}, not by {method:?}", offered.join(" or ")),
    )
}

/// Takes out every secret member, so that the rest may be stored in the clear and read back.
pub fn hide(provider: &Provider, context: &mut Map<String, Value>) {
    for name in NEVER_RETURNED.iter().copied().chain(provider.manifest.secret_fields()) {
        context.shift_remove(name);
    }
    if let Some(token) =
        context.get_mut("oauth").and_then(|oauth| oauth.get_mut("token")).and_then(Value::as_object_mut)
    {
        token.retain(|name, _| !TOKEN_SECRETS.contains(&name.as_str()));
    }
}

/// Takes large members out of the wrapping that clients put around them (`{"truto_obj_store": true, "data": …}`):
/// here they are kept like any other, and read back as what is in it.
pub fn unwrap(context: &mut Map<String, Value>) {
    for value in context.values_mut() {
        if value.get("truto_obj_store") == Some(&Value::Bool(true)) {
            *value = value.get_mut("data").map_or(Value::Null, Value::take);
        }
    }
}

fn tokens(context: &mut Map<String, Value>, now_millis: i64) -> Result<Tokens> {
    let token = context.get("oauth").and_then(|oauth| oauth.get("token")).and_then(Value::as_object);
    let Some(token) = token else {
        return Err(Error::invalid_field("context.oauth.token", "is needed, with access_token in it"));
    };
    let member = |name: &str| match token.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if presentable(text) => Ok(Some(SecretString::from(text.clone()))),
        Some(_) => Err(Error::invalid_field(
            format!("context.oauth.token.{name}"),
            "must be a token: visible ASCII text",
        )),
    };
    let access_token = member("access_token")?
        .ok_or_else(|| Error::invalid_field("context.oauth.token.access_token", "is needed"))?;
    let seconds = match token.get("expires_in") {
        None | Some(Value::Null) => None,
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    if seconds.is_none() && token.get("expires_in").is_some_and(|value| !value.is_null()) {
        return Err(Error::invalid_field(
            "context.oauth.token.expires_in",
            "must be a whole number of seconds",
        ));
    }
    Ok(Tokens {
        access_token,
        refresh_token: member("refresh_token")?,
        expires_at: seconds.map(|seconds| now_millis.saturating_add(seconds.saturating_mul(1000))),
        renewed_at: None,
    })
}

fn text(context: &Map<String, Value>, name: &str) -> Result<String> {
    let field = format!("context.{name}");
    match context.get(name) {
        Some(Value::String(text)) if presentable(text.trim()) => Ok(text.trim().to_owned()),
        Some(Value::String(_)) => {
            Err(Error::invalid_field(field, "must be visible ASCII text, and not empty"))
        }
        Some(_) => Err(Error::invalid_field(field, "must be a string")),
        None => Err(Error::invalid_field(field, "is needed")),
    }
}

/// Whether a text can stand in a header.
fn presentable(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}
