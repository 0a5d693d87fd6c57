//! How the account is set up: pipelines, kinds of things, custom fields.

use serde_json::Value;

use super::{ADMINISTRATOR, fields, later, named};
use crate::sandbox::nutshell::account::Account;
use crate::sandbox::nutshell::definitions::Definition;
use crate::sandbox::nutshell::record::Kind;

const PIPELINES: [(&str, &[&str]); 3] = [
    ("Instrument sales", &["Enquiry", "Needs analysis", "Demonstration", "Quotation", "Negotiation"]),
    ("Service contracts", &["Due for renewal", "Proposal sent", "Verbal agreement"]),
    ("Distributors", &["Introduced", "Trial order"]),
];

const OUTCOMES: [(&str, i64); 5] = [
    ("Won", 10),
    ("Lost on price", 11),
    ("Chose a competitor", 11),
    ("Budget withdrawn", 12),
    ("Duplicate", 12),
];

const DEFINITIONS: [(Kind, &str, &str, &[&str]); 10] = [
    (Kind::Contacts, "Job Title", "text", &[]),
    (Kind::Contacts, "Newsletter", "boolean", &[]),
    (Kind::Contacts, "Preferred channel", "choice", &["Phone", "E-mail", "Visit"]),
    (Kind::Accounts, "Customer number", "text", &[]),
    (Kind::Accounts, "Laboratories", "number", &[]),
    (Kind::Accounts, "Credit limit", "currency", &[]),
    (Kind::Leads, "Reference ID", "text", &[]),
    (Kind::Leads, "Budget", "currency", &[]),
    (Kind::Leads, "Installation", "date", &[]),
    (Kind::Leads, "Method", "choice", &["HPLC", "GC-MS", "Spectroscopy"]),
];

pub(super) fn add(account: &mut Account) {
    for (index, (name, stages)) in PIPELINES.iter().enumerate() {
        let set = account.add(
            Kind::Stagesets,
            ADMINISTRATOR,
            fields([
                ("name", Value::from(*name)),
                ("default", Value::from(i64::from(index == 0))),
                ("position", Value::from(index + 1)),
            ]),
        );
        account.date(Kind::Stagesets, set, later(0, 1), later(index + 2, 11));
        for (position, stage) in stages.iter().enumerate() {
            let stage = fields([
                ("name", Value::from(*stage)),
                ("position", Value::from(position + 1)),
                ("stagesetId", Value::from(set)),
            ]);
            account.add(Kind::Milestones, ADMINISTRATOR, stage);
        }
    }
    for (name, of) in OUTCOMES {
        account.add(Kind::Outcomes, ADMINISTRATOR, fields([("name", name.into()), ("type", of.into())]));
    }
    named(account, Kind::ActivityTypes, &["Phone call", "Meeting", "E-mail", "Site visit", "Demonstration"]);
    named(
        account,
        Kind::Industries,
        &["Pharmaceuticals", "Food & drink", "Universities", "Water", "Chemicals"],
    );
    named(account, Kind::AccountTypes, &["Customer", "Prospect", "Distributor"]);
    named(account, Kind::Sources, &["Trade fair", "Website", "Recommendation", "Cold call"]);
    named(account, Kind::Markets, &["Europe", "North America"]);
    account.definitions = (41..)
        .zip(DEFINITIONS)
        .map(|(id, (of, title, kind, choices))| Definition {
            id,
            of,
            title: title.to_owned(),
            kind: kind.to_owned(),
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        })
        .collect();
    account.filters =
        vec![(9, "Customers in Europe"), (12, "Quotations out"), (15, "Not contacted for a month")];
}
