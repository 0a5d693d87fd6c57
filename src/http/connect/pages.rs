//! What the connect pages look like: HTML with everything in it escaped.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;
use url::Url;

use super::reply::label;
use super::session::FORM_TOKEN;
use super::texts;
use crate::account::connect::{Choice, Connect, Failure, Held, Outcome, Way, Whom};
use crate::http::State;
use crate::mapping::manifest::CredentialField;

/// What lies around every page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The product's name.
    pub product: String,
    /// Whose pages are told.
    pub origins: Vec<String>,
    /// What they are told.
    pub message: Option<Value>,
    /// Where the browser goes if nobody is there to be told.
    pub redirect: Option<String>,
    /// Whether the page is in a frame, or belongs to one that is.
    pub framed: bool,
}

impl Frame {
    /// Nothing but a page.
    pub fn bare() -> Frame {
        Frame { product: String::new(), origins: Vec::new(), message: None, redirect: None, framed: false }
    }

    /// The same page, which tells nobody anything.
    pub fn silent(&self) -> Frame {
        Frame { message: None, redirect: None, ..self.clone() }
    }

    /// The same page, which tells this.
    pub fn telling(&self, message: Value) -> Frame {
        Frame { message: Some(message), ..self.clone() }
    }
}

/// A page that says one thing.
pub struct Notice<'n> {
    pub title: &'n str,
    pub why: &'n str,
    /// Where to try again.
    pub retry: Option<&'n str>,
}

/// How a CRM is connected.
pub struct CrmPage<'p> {
    pub connect: &'p Connect,
    pub held: &'p Held,
    pub choice: &'p Choice,
    /// Whether there is a choice to go back to.
    pub with_back: bool,
    /// What a new window takes the session over with, from a page in a frame.
    pub handover: Option<&'p str>,
    /// What was filled in before.
    pub tried: &'p [(String, String)],
    /// What was wrong with it.
    pub failure: Option<&'p Failure>,
}

/// The choice of a CRM.
pub fn choose(frame: &Frame, choices: &[Choice]) -> String {
    page(
        frame,
        texts::CHOOSE,
        html! {
            h1 { (texts::CHOOSE) }
            p.lead { (texts::choose_why(&frame.product)) }
            ul.choices {
                @for choice in choices {
                    @let manifest = &choice.provider.manifest;
                    li {
                        a.choice href={ "/connect-account/crm/" (manifest.name) } {
                            (tile(&manifest.label))
                            span.name { (manifest.label) }
                            (icon("m9 6 6 6-6 6"))
                        }
                    }
                }
            }
        },
    )
}

/// How a CRM is connected.
pub fn crm(frame: &Frame, page_: &CrmPage<'_>) -> String {
    let manifest = &page_.choice.provider.manifest;
    let label = &manifest.label;
    let again = matches!(page_.held.session.wish.whom, Whom::Again(_));
    let title = texts::connect(label, again);
    let ways = &page_.choice.ways;
    let key_failed = page_.failure.is_some();
    page(
        frame,
        &title,
        html! {
            @if page_.with_back {
                a.back href="/connect-account" { (icon("m15 6-6 6 6 6")) (texts::BACK) }
            }
            div.heading { (tile(label)) h1 { (title) } }
            @if ways.is_empty() {
                p.lead { (texts::not_set_up(&frame.product, label)) }
            }
            @if !manifest.pricing_plans.is_empty() { p.note { (texts::plans(&manifest.pricing_plans)) } }
            @if !manifest.user_roles.is_empty() { p.note { (texts::roles(&manifest.user_roles)) } }
            @if ways.contains(&Way::OAuth) {
                p.lead { (texts::consent_why(&frame.product, label)) }
                (consent(page_))
                @if ways.contains(&Way::Key) {
                    details.other open[key_failed] {
                        summary { (texts::use_key(label)) }
                        (key(frame, page_))
                    }
                }
            } @else if ways.contains(&Way::Key) {
                (key(frame, page_))
            }
        },
    )
}

/// The button that leads to the vendor.
fn consent(page: &CrmPage<'_>) -> Markup {
    let manifest = &page.choice.provider.manifest;
    match page.handover {
        Some(handover) => html! {
            form method="post" action="/connect-account/continue" target="_blank" data-wait="" {
                input type="hidden" name="handover" value=(handover);
                input type="hidden" name="integration" value=(manifest.name);
                button.primary type="submit" { (texts::go_to(&manifest.label)) }
                p.note { (texts::in_new_window(&manifest.label)) }
            }
        },
        None => html! {
            form method="post" action={ "/connect-account/crm/" (manifest.name) "/authorize" } {
                (form_token(page.held))
                button.primary type="submit" { (texts::go_to(&manifest.label)) }
            }
        },
    }
}

/// The form for a key.
fn key(frame: &Frame, page: &CrmPage<'_>) -> Markup {
    let manifest = &page.choice.provider.manifest;
    let fields = page.connect.fields(page.held, page.choice);
    let (wrong_field, general) = match page.failure {
        Some(Failure::Field { name, .. }) => (Some(name.as_str()), None),
        other => (None, other),
    };
    html! {
        form method="post" action={ "/connect-account/crm/" (manifest.name) } novalidate data-busy=(texts::CHECKING) {
            (form_token(page.held))
            p.lead { (texts::key_why(&frame.product, &manifest.label)) }
            @if let Some(failure) = general {
                div.problem role="alert" {
                    p { (texts::failure(failure, &manifest.label, &frame.product, None)) }
                    p.small { (texts::NOTHING_SAVED) }
                }
            }
            @for (at, field) in fields.iter().enumerate() {
                @let wrong = wrong_field == Some(field.name.as_str());
                (field_of(frame, page, field, (at == 0 && page.failure.is_none(), wrong)))
            }
            @let primary = !page.choice.ways.contains(&Way::OAuth);
            button.primary[primary].secondary[!primary] type="submit" { (texts::connect(&manifest.label, false)) }
        }
    }
}

fn field_of(
    frame: &Frame,
    page: &CrmPage<'_>,
    field: &CredentialField,
    (first, wrong): (bool, bool),
) -> Markup {
    let label = &page.choice.provider.manifest.label;
    let id = format!("field-{}", field.name);
    let (help, error) = (format!("{id}-help"), format!("{id}-error"));
    let described = if wrong { format!("{error} {help}") } else { help.clone() };
    // What is masked is never sent back into a page.
    let tried = page.tried.iter().find(|(name, _)| *name == field.name && !field.is_masked());
    let alone = page.choice.ways.len() == 1;
    html! {
        div.field {
            label for=(id) { (field.label) }
            div.input {
                input
                    id=(id)
                    name=(field.name)
                    type=(if field.is_masked() { "password" } else { "text" })
                    value=[tried.map(|(_, value)| value)]
                    placeholder=[field.example.as_ref()]
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    required
                    autofocus[wrong || (first && alone)]
                    aria-invalid=[wrong.then_some("true")]
                    aria-describedby=(described);
                @if field.is_masked() {
                    button.reveal type="button" hidden data-reveal=(id) data-show=(texts::SHOW) data-hide=(texts::HIDE)
                        aria-pressed="false" aria-controls=(id) { (texts::SHOW) }
                }
            }
            @if wrong {
                @let failure = page.failure.map(|failure| texts::failure(failure, label, &frame.product, Some(&field.label)));
                p.wrong id=(error) role="alert" { (failure.unwrap_or_default()) }
            }
            p.help id=(help) {
                (field.help)
                @if let Some(url) = page.connect.find_at(page.choice, field) {
                    " "
                    a href=(url) target="_blank" rel="noopener noreferrer" { (texts::find_at(label)) }
                }
            }
        }
    }
}

fn form_token(held: &Held) -> Markup {
    html! { input type="hidden" name=(FORM_TOKEN) value=(held.session.form_token); }
}

/// On the way to a vendor.
pub fn going(frame: &Frame, crm: &str, url: &Url) -> String {
    let refresh = html! { meta http-equiv="refresh" content={ "0;url=" (url) }; };
    let title = texts::going_to(crm);
    whole(
        &Frame { framed: false, ..frame.silent() },
        &title,
        &refresh,
        &html! {
            div.result {
                div.spinner aria-hidden="true" {}
                h1 role="status" { (title) }
                p { a href=(url) rel="noreferrer" { (texts::going_by_hand(crm)) } }
            }
        },
    )
}

/// What came of it.
pub fn outcome(state: &State, frame: &Frame, held: &Held) -> String {
    match &held.session.outcome {
        Some(Outcome::Connected { integration, tenant_name, .. }) => {
            let title = texts::connected(&label(state, integration));
            page(
                frame,
                &title,
                html! {
                    div.result {
                        span.mark.good { (icon("m5 12.5 4.5 4.5L19 7.5")) }
                        h1 role="status" { (title) }
                        p.lead { (texts::connected_to(&frame.product, tenant_name.as_deref())) }
                        (way_out(frame))
                    }
                },
            )
        }
        Some(Outcome::Failed { integration, account, failure }) => {
            let crm = label(state, integration);
            let title = texts::not_connected(&crm);
            page(
                frame,
                &title,
                html! {
                    div.result {
                        span.mark.bad { (icon("M12 7v6M12 16.5v.5")) }
                        h1 role="alert" { (title) }
                        p.lead { (texts::failure(failure, &crm, &frame.product, None)) }
                        // Trying once more with a credential that is refused would be of no use.
                        @if account.is_some() && *failure != Failure::Refused {
                            form method="post" action="/connect-account/retry" {
                                (form_token(held))
                                button.primary type="submit" { (texts::TRY_AGAIN) }
                            }
                        } @else {
                            a.button.primary href={ "/connect-account/crm/" (integration) } { (texts::TRY_AGAIN) }
                        }
                        (way_out(frame))
                    }
                },
            )
        }
        None => notice(frame, &Notice { title: texts::NO_SESSION, why: texts::NO_SESSION_WHY, retry: None }),
    }
}

/// A page that says one thing.
pub fn notice(frame: &Frame, notice: &Notice<'_>) -> String {
    page(
        frame,
        notice.title,
        html! {
            div.result {
                span.mark.bad { (icon("M12 7v6M12 16.5v.5")) }
                h1 { (notice.title) }
                p.lead { (notice.why) }
                @if let Some(retry) = notice.retry {
                    a.button.primary href=(retry) { (texts::TRY_AGAIN) }
                }
            }
        },
    )
}

fn way_out(frame: &Frame) -> Markup {
    html! {
        @match &frame.redirect {
            Some(url) => p { a.button.secondary href=(url) rel="noreferrer" { (texts::GO_ON) } },
            None => p.note { (texts::CLOSE_WINDOW) },
        }
    }
}

fn page(frame: &Frame, title: &str, content: Markup) -> String {
    whole(frame, title, &html! {}, &content)
}

fn whole(frame: &Frame, title: &str, head: &Markup, content: &Markup) -> String {
    let named =
        if frame.product.is_empty() { title.to_owned() } else { format!("{title} · {}", frame.product) };
    let origins = Value::from(frame.origins.clone()).to_string();
    let message = frame.message.as_ref().map(Value::to_string);
    html! {
        (DOCTYPE)
        html lang=(texts::LANGUAGE) {
            head {
                meta charset="utf-8";
                title { (named) }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                link rel="stylesheet" href="/connect-account/assets/page.css";
                link rel="icon" href="data:,";
                meta name="unicrm-origins" content=(origins);
                @if let Some(message) = &message { meta name="unicrm-message" content=(message); }
                @if let Some(redirect) = &frame.redirect { meta name="unicrm-redirect" content=(redirect); }
                @if frame.framed { meta name="unicrm-framed" content="true"; }
                script src="/connect-account/assets/page.js" defer {}
                (head)
            }
            body {
                main.card {
                    @if !frame.product.is_empty() {
                        header.product {
                            span { (frame.product) }
                            @if frame.framed {
                                button.close type="button" data-close="" aria-label=(texts::CLOSE) {
                                    (icon("M6 6l12 12M18 6 6 18"))
                                }
                            }
                        }
                    }
                    (content)
                }
            }
        }
    }
    .into_string()
}

/// A tile with a CRM's initial: the gateway ships no vendor's logo.
fn tile(label: &str) -> Markup {
    let initial: String = label.chars().take(1).collect();
    html! { span.tile aria-hidden="true" { (initial) } }
}

fn icon(path: &'static str) -> Markup {
    html! {
        svg.icon viewBox="0 0 24 24" aria-hidden="true" focusable="false" {
            (PreEscaped("<path d=\""))(path)(PreEscaped("\"/>"))
        }
    }
}
