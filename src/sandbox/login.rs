//! The pages of a twin that people see: signing in and consenting, and where the API key is found.
//!
//! They look like somebody's CRM and like no vendor's in particular, and say that they are a sandbox. Any password is
//! right.

use axum::response::{Html, IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Deserialize;

/// A twin, as its pages show it.
pub(super) struct House {
    /// The vendor's name.
    pub(super) label: &'static str,
    /// Its pages' colour.
    pub(super) colour: &'static str,
    /// The company whose account it is.
    pub(super) company: &'static str,
    /// Who signs in.
    pub(super) email: &'static str,
}

/// What a person said on the consent page.
#[derive(Deserialize)]
pub(super) struct Decision {
    decision: Option<String>,
    password: Option<String>,
}

impl Decision {
    /// Whether access is allowed.
    pub(super) fn allows(&self) -> bool {
        self.decision.as_deref() == Some("allow")
    }

    /// Whether anything was typed where a password belongs.
    pub(super) fn is_signed(&self) -> bool {
        self.password.as_deref().is_some_and(|password| !password.is_empty())
    }
}

const STYLE: &str = "body{margin:0;min-height:100vh;display:grid;place-items:center;background:#eef1f4;color:#1d2733;\
    font:16px/1.5 system-ui,sans-serif}main{background:#fff;width:min(24rem,calc(100vw - 2rem));padding:2rem;\
    border-radius:.5rem;box-shadow:0 8px 30px #0002;box-sizing:border-box}h1{font-size:1.25rem;margin:.25rem 0 1rem}\
    .mark{color:#fff;font-weight:700;padding:.25rem .6rem;border-radius:.35rem;display:inline-block}\
    label{display:block;font-weight:600;margin:.75rem 0 .25rem}input{width:100%;box-sizing:border-box;font:inherit;\
    padding:.5rem .6rem;border:1px solid #6b7785;border-radius:.35rem}button{font:inherit;font-weight:600;width:100%;\
    padding:.65rem;border-radius:.35rem;border:1px solid #6b7785;background:#fff;margin-top:.75rem;cursor:pointer}\
    button.yes{color:#fff;border-color:transparent}ul{padding-left:1.25rem}small{color:#566273}\
    code{background:#eef1f4;padding:.15rem .4rem;border-radius:.25rem;overflow-wrap:anywhere}";

/// The page that asks for consent; `again` if the password was missing.
pub(super) fn consent(house: &House, scopes: &[&str], again: bool) -> Response {
    page(
        house,
        html! {
            h1 { "Sign in to allow access" }
            p { "An application asks to use the account of " strong { (house.company) } "." }
            ul { @for scope in scopes { li { (scope) } } }
            // The address has what the application asked for; the form goes there.
            form method="post" {
                label for="email" { "E-mail address" }
                input id="email" name="email" type="email" value=(house.email) autocomplete="off";
                label for="password" { "Password" }
                input id="password" name="password" type="password" value="sandbox" autocomplete="off";
                @if again { p role="alert" { "Type any password." } }
                button.yes type="submit" name="decision" value="allow" { "Allow access" }
                button type="submit" name="decision" value="deny" { "Deny" }
            }
        },
    )
}

/// The page where a key is found: what it is called, and what it is.
pub(super) fn keys(house: &House, keys: &[(&str, &str)]) -> Response {
    page(
        house,
        html! {
            h1 { "API access" }
            p { "Signed in as " strong { (house.email) } " at " strong { (house.company) } "." }
            @for (name, key) in keys {
                label { (name) }
                code { (key) }
            }
        },
    )
}

fn page(house: &House, content: Markup) -> Response {
    let whole = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (house.label) " (sandbox)" }
                style { (PreEscaped(STYLE)) ".mark,.yes{background:" (house.colour) "}" }
            }
            body {
                main {
                    span.mark { (house.label) }
                    (content)
                    p { small { "This is a sandbox: nothing here is real." } }
                }
            }
        }
    };
    let mut response = Html(whole.into_string()).into_response();
    // Vendors don't let their consent be framed.
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("frame-ancestors 'none'"));
    response
}
