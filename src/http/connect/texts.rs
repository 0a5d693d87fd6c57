//! Every word of the connect pages, in English. Another language is another file with these functions.

use crate::account::connect::Failure;

pub const LANGUAGE: &str = "en";

pub const CHOOSE: &str = "Connect your CRM";
pub const BACK: &str = "All CRMs";
pub const CLOSE: &str = "Close";
pub const SHOW: &str = "Show";
pub const HIDE: &str = "Hide";
pub const TRY_AGAIN: &str = "Try again";
pub const GO_ON: &str = "Continue";
pub const CLOSE_WINDOW: &str = "You can close this window.";
pub const NOTHING_SAVED: &str = "Nothing was saved.";
pub const CHECKING: &str = "Checking…";

pub const LINK_DEAD: &str = "This link doesn't work any more";
pub const LINK_DEAD_WHY: &str =
    "It has been used already, or it is too old. Go back to where you came from and start again.";
pub const NO_SESSION: &str = "This page has been open for too long";
pub const NO_SESSION_WHY: &str = "For your safety it works for one hour, and only in the browser that it was opened in. Go back to where you came from \
     and start again.";
pub const NOTHING_OFFERED: &str = "This CRM can't be connected";
pub const NOTHING_OFFERED_WHY: &str = "Please tell the people who sent you here: it is not switched on.";
pub const TOO_MANY: &str = "Too many attempts";
pub const TOO_MANY_WHY: &str = "Wait a minute and open the link again.";
pub const WENT_WRONG: &str = "Something went wrong";
pub const WENT_WRONG_WHY: &str = "It is not your fault. Wait a minute and try again.";
pub const OTHER_TAB: &str = "This was opened again in another tab";
pub const OTHER_TAB_WHY: &str = "Go on there, or go back to where you came from and start again.";

pub fn choose_why(product: &str) -> String {
    format!("Choose the one that you use, so that {product} can work with it.")
}

pub fn connect(crm: &str, again: bool) -> String {
    if again { format!("Reconnect {crm}") } else { format!("Connect {crm}") }
}

pub fn consent_why(product: &str, crm: &str) -> String {
    format!(
        "You sign in at {crm} and allow {product} to use your account. {product} never sees your password."
    )
}

pub fn go_to(crm: &str) -> String {
    format!("Continue to {crm}")
}

pub fn going_to(crm: &str) -> String {
    format!("Taking you to {crm}…")
}

pub fn going_by_hand(crm: &str) -> String {
    format!("Go to {crm} now")
}

pub fn in_new_window(crm: &str) -> String {
    format!("{crm} opens in a new window. This page goes on when you are done there.")
}

pub fn use_key(crm: &str) -> String {
    format!("Use a key from {crm} instead")
}

pub fn key_why(product: &str, crm: &str) -> String {
    format!("Copy the following from {crm}, so that {product} can use your account.")
}

pub fn find_at(crm: &str) -> String {
    format!("Open {crm}")
}

pub fn plans(plans: &[String]) -> String {
    format!("Needs the plan {}.", plans.join(" or "))
}

pub fn roles(roles: &[String]) -> String {
    format!("You need to be {}.", roles.join(" or "))
}

pub fn connected(crm: &str) -> String {
    format!("{crm} is connected")
}

pub fn connected_to(product: &str, tenant: Option<&str>) -> String {
    match tenant {
        Some(tenant) => format!("{product} now works with {tenant}."),
        None => format!("{product} now works with your account."),
    }
}

pub fn not_connected(crm: &str) -> String {
    format!("{crm} isn't connected")
}

pub fn not_set_up(product: &str, crm: &str) -> String {
    format!("{crm} is not set up at {product} yet. Please tell the people who sent you here.")
}

/// What went wrong, for somebody who knows their CRM and nothing of APIs. `field` is what the form calls the field that it
/// is about.
pub fn failure(failure: &Failure, crm: &str, product: &str, field: Option<&str>) -> String {
    let field = field.unwrap_or("This");
    match failure {
        Failure::Field { empty: true, .. } => format!("{field} is missing."),
        Failure::Field { empty: false, .. } => {
            format!("{field} doesn't look right. Copy it whole, without anything around it.")
        }
        Failure::Refused => {
            format!(
                "{crm} doesn't accept this. Make sure that you copied all of it, and that it is still valid in {crm}."
            )
        }
        Failure::NotAllowed(said) => {
            format!("{crm} accepts this, but it may not do what is needed. {crm} says: {said}")
        }
        Failure::Away => format!("{crm} isn't answering at the moment. Wait a minute and try again."),
        Failure::Declined => format!("You declined at {crm}, so nothing was connected."),
        Failure::Said(said) => format!("{crm} says: {said}"),
        Failure::OtherTenant => {
            format!(
                "This is another {crm} account than the one that was connected before. Sign in to that one."
            )
        }
        Failure::NotSetUp => not_set_up(product, crm),
        Failure::NotBegun => format!(
            "{crm} sent you back for something that this browser hasn't begun, or has finished already. Start again."
        ),
        Failure::NotInstalled(said) => {
            format!("{crm} accepted you, but setting up the connection failed. {said}")
        }
        Failure::NotValid(said) => {
            format!("{crm} accepted you, but this login can't be used. {said}")
        }
    }
}
