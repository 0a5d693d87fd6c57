//! How a contact is shown: what it holds, and what Nimble derives from it and from others.

use serde_json::{Map, Value, json};

use super::account::{Account, COMPANY, items};

/// Members of a stored contact that are shown as they are stored.
const PLAIN: &[&str] = &[
    "avatar_url",
    "created",
    "creator_id",
    "id",
    "is_important",
    "owner_id",
    "privacy",
    "record_type",
    "updated",
];

impl Account {
    /// A contact as every answer shows it, with the contexts that were asked for.
    pub(super) fn show(&self, contact: &Value, contexts: &[String]) -> Value {
        let mut shown: Map<String, Value> =
            PLAIN.iter().map(|name| ((*name).to_owned(), contact[*name].clone())).collect();
        let tags = items(&contact["tags"]);
        let touched = &contact["last_contacted"];
        let out = if touched.is_null() { Value::Null } else { touch(touched) };
        let derived = json!({
            "object_type": "contact",
            "fields": contact["fields"],
            "children": self.children(contact),
            "employers_info": self.employers(contact).iter().map(|(name, company)| {
                json!({ "company_name": name, "contact_id": company["id"] })
            }).collect::<Vec<_>>(),
            "creator": self.user(&contact["creator_id"])["name"],
            "updater": self.user(&contact["updater_id"])["name"],
            "tags": tags.iter().map(|tag| {
                json!({ "id": format!("{COMPANY}/{}", tag.as_str().unwrap_or_default()), "tag": tag })
            }).collect::<Vec<_>>(),
            "tags2": tags,
            "last_contacted": touch(touched),
            "company_last_contacted": { "in": null, "out": out },
            "last_contacted_user": null, "lc": null, "notice": null, "reminder": null, "reminders": null,
            "is_editable": true, "stages_info": self.stages_info(contact), "files": null,
            "contexts": contexts.iter().filter_map(|name| self.context(contact, name)).collect::<Vec<_>>(),
        });
        if let Value::Object(derived) = derived {
            shown.extend(derived);
        }
        Value::Object(shown)
    }

    /// A contact as notes, deals and tasks show one.
    pub(super) fn short(&self, id: &str) -> Value {
        let Some(contact) = self.contacts.get(id) else {
            return json!({ "id": id, "is_viewable": false, "name": "", "email": [], "phones": [] });
        };
        let values = |name: &str| -> Vec<Value> {
            items(&contact["fields"][name]).iter().map(|entry| entry["value"].clone()).collect()
        };
        let phones = items(&contact["fields"]["phone"]).iter();
        let job = chosen_job(contact);
        json!({
            "avatar_url": contact["avatar_url"], "contact_type": contact["record_type"], "email": values("email"),
            "id": id, "is_viewable": true, "name": name_of(contact),
            "employment": job.map(|job| json!({ "company_name": job["company_name"], "title": job["title"] })),
            "phones": phones.map(|it| json!({ "label": it["modifier"], "value": it["value"] })).collect::<Vec<_>>(),
        })
    }

    /// The companies that a person works or worked for, as far as they are contacts too.
    pub(super) fn employers(&self, contact: &Value) -> Vec<(String, &Value)> {
        let jobs = jobs(contact);
        let names = jobs.iter().filter_map(|job| job["company_name"].as_str());
        names.filter_map(|name| Some((name.to_owned(), self.company_named(name)?))).collect()
    }

    fn company_named(&self, name: &str) -> Option<&Value> {
        let fits = |it: &&Value| it["record_type"] == "company" && name_of(it).eq_ignore_ascii_case(name);
        self.contacts.iter().find(fits)
    }

    fn children(&self, contact: &Value) -> Vec<Value> {
        if contact["record_type"] != "company" {
            return Vec::new();
        }
        let works_here =
            |it: &&Value| self.employers(it).iter().any(|(_, company)| company["id"] == contact["id"]);
        self.contacts.iter().filter(works_here).map(|it| it["id"].clone()).collect()
    }

    fn stages_info(&self, contact: &Value) -> Value {
        match self.leads_data(contact) {
            leads if leads.is_empty() => json!({}),
            leads => Value::Array(leads),
        }
    }

    fn leads_data(&self, contact: &Value) -> Vec<Value> {
        let runs = items(&contact["leads"]).iter().filter(|run| run["stage_id"].is_string());
        let shown = runs.filter_map(|run| {
            let pipeline = self.lead_pipelines.iter().find(|it| it["pipeline_id"] == run["pipeline_id"])?;
            let stage = items(&pipeline["stages"]).iter().find(|it| it["stage_id"] == run["stage_id"])?;
            Some(json!({
                "pipeline_id": pipeline["pipeline_id"], "pipeline_name": pipeline["name"],
                "stage_name": stage["name"], "entered_data": run["entered"],
                "is_final": stage["role"]["is_final"], "days_limit": stage["days_limit"],
            }))
        });
        shown.collect()
    }

    fn context(&self, contact: &Value, name: &str) -> Option<Value> {
        let context = match name {
            "employers_data" => self
                .employers(contact)
                .iter()
                .map(|(name, company)| {
                    let picture = &company["avatar_url"];
                    json!({ "contact_id": company["id"], "company_name": name, "avatar_url": picture })
                })
                .collect(),
            "leads_data" => Value::Array(self.leads_data(contact)),
            "last_contacted_data" => {
                let touched = &contact["last_contacted"];
                let last = if touched.is_null() { Value::Null } else { touch(touched) };
                let both = json!({ "in": null, "out": last, "last": last });
                let user = self.user(&touched["user_id"]);
                json!({ "company_lc": both, "user_lc": both, "last_user": user })
            }
            "sequences_data" | "contact_files" => json!([]),
            _ => return None,
        };
        Some(json!({ "context_key": name, "context": context }))
    }
}

fn touch(touched: &Value) -> Value {
    let read = |name: &str| touched.get(name).cloned().unwrap_or(Value::Null);
    json!({
        "tstamp": read("tstamp"), "type": read("type"), "object_id": read("object_id"),
        "user_id": read("user_id"), "deletion_tstamp": null,
    })
}

/// The first value of a field.
pub(super) fn value<'c>(contact: &'c Value, field: &str) -> &'c str {
    items(&contact["fields"][field]).first().and_then(|entry| entry["value"].as_str()).unwrap_or_default()
}

/// What a contact is called.
pub(super) fn name_of(contact: &Value) -> String {
    if contact["record_type"] == "company" {
        return value(contact, "company name").to_owned();
    }
    let parts = ["first name", "middle name", "last name"].map(|field| value(contact, field));
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Where a person works or worked. Each value of the field is JSON text.
pub(super) fn jobs(contact: &Value) -> Vec<Value> {
    let entries = items(&contact["fields"]["contact employment"]).iter();
    entries.filter_map(|entry| serde_json::from_str(entry["value"].as_str()?).ok()).collect()
}

fn chosen_job(contact: &Value) -> Option<Value> {
    let jobs = jobs(contact);
    let present = jobs.iter().find(|job| job["is_present"] == true).or(jobs.first());
    present.cloned()
}
