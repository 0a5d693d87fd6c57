//! What a fresh account tells of sales, projects, tasks and history, and that it hangs together.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::{Crm, id, ids, rows};

const TASKS: &str = "tasks?status=open,completed,pending&perPage=100";

/// The key and the id of the record that a task or an entry is about.
fn subject(row: &Value) -> Option<(&'static str, i64)> {
    let of = |key: &'static str| row[key].is_object().then(|| (key, id(&row[key])));
    of("party").or_else(|| of("opportunity")).or_else(|| of("kase"))
}

/// The records of all three kinds, by key and id.
async fn records(crm: &Crm) -> BTreeMap<(&'static str, i64), Value> {
    let mut records = BTreeMap::new();
    for (key, path) in [("party", "parties"), ("opportunity", "opportunities"), ("kase", "kases")] {
        let rows = crm.all(&format!("{path}?perPage=100&embed=milestone"), path).await;
        records.extend(rows.into_iter().map(|row| ((key, id(&row)), row)));
    }
    records
}

fn is_open(record: &Value) -> bool {
    record["closedOn"].is_null()
}

#[tokio::test]
async fn projects_come_from_won_sales_to_the_same_party() {
    let crm = Crm::start().await;
    let records = records(&crm).await;
    let mut from_sales = 0;
    for ((key, number), record) in &records {
        if *key != "party" {
            assert!(records.contains_key(&("party", id(&record["party"]))), "{key} {number}");
        }
        if *key == "kase" && record["opportunity"].is_object() {
            let sale = &records[&("opportunity", id(&record["opportunity"]))];
            assert_eq!(id(&sale["party"]), id(&record["party"]));
            assert_eq!((is_open(sale), &sale["milestone"]["probability"]), (false, &Value::from(100)));
            assert!(record["createdAt"].as_str() > sale["closedOn"].as_str());
            from_sales += 1;
        }
    }
    assert!(from_sales >= 5);
}

#[tokio::test]
async fn tasks_are_about_records_that_exist_and_rest_when_those_are_closed() {
    let crm = Crm::start().await;
    let records = records(&crm).await;
    let tasks = crm.all(TASKS, "tasks").await;
    let waiting: BTreeSet<i64> = tasks
        .iter()
        .filter(|task| task["status"] != "COMPLETED" && task["nextTask"].is_object())
        .map(|task| id(&task["nextTask"]))
        .collect();
    let mut met = BTreeSet::new();
    for task in &tasks {
        let subject = subject(task);
        let is_live = subject.is_none_or(|subject| is_open(&records[&subject]));
        let rests = task["status"] == "PENDING";
        assert_eq!(rests, task["active"] == false);
        if task["status"] != "COMPLETED" {
            let waits = task["taskDelayRule"] == "LAST_TASK" && waiting.contains(&id(task));
            assert_eq!(rests, waits || !is_live, "{task}");
        }
        assert_eq!(task["status"] == "COMPLETED", task["completedAt"].is_string());
        let status = task["status"].as_str().expect("a status");
        met.insert((status, subject.map_or("nothing", |(key, _)| key)));
    }
    for status in ["OPEN", "COMPLETED"] {
        for key in ["party", "opportunity", "kase", "nothing"] {
            assert!(met.contains(&(status, key)), "{status} {key}");
        }
    }
    assert!(met.contains(&("PENDING", "kase")) || met.contains(&("PENDING", "opportunity")));
    assert!(tasks.iter().any(|task| task["dueTime"].is_string()));
    assert!(tasks.iter().any(|task| task["repeat"].is_object()));
}

#[tokio::test]
async fn what_was_done_about_a_record_is_in_its_history_once() {
    let crm = Crm::start().await;
    let entries = crm.all("entries?perPage=100", "entries").await;
    let done = |row: &Value, at: &str| {
        let words = |key: &str| row[key].as_str().expect("text").to_owned();
        (subject(row), words(at))
    };
    let tasks = crm.all(TASKS, "tasks").await;
    let tasks = tasks.iter().filter(|task| task["status"] == "COMPLETED" && subject(task).is_some());
    let mut tasks: Vec<_> =
        tasks.map(|task| (done(task, "completedAt"), task["description"].clone())).collect();
    let told = entries.iter().filter(|entry| entry["type"] == "task");
    let mut told: Vec<_> = told.map(|entry| (done(entry, "entryAt"), entry["content"].clone())).collect();
    tasks.sort_by_key(|(key, _)| key.clone());
    told.sort_by_key(|(key, _)| key.clone());
    assert!(!told.is_empty());
    assert_eq!(told, tasks);
}

#[tokio::test]
async fn the_last_contact_of_sales_and_projects_follows_from_their_history() {
    let crm = Crm::start().await;
    let types = crm.all("activitytypes", "activityTypes").await;
    let counts: BTreeSet<i64> =
        types.iter().filter(|kind| kind["updateLastContacted"] == true).map(id).collect();
    let mut last: BTreeMap<(&str, i64), String> = BTreeMap::new();
    for entry in crm.all("entries?perPage=100", "entries").await {
        if let Some(subject) = subject(&entry)
            && counts.contains(&id(&entry["activityType"]))
        {
            let at = entry["entryAt"].as_str().expect("a date").to_owned();
            let held = last.entry(subject).or_default();
            *held = at.max(held.clone());
        }
    }
    let mut contacted = 0;
    for (subject, record) in records(&crm).await {
        if subject.0 != "party" {
            assert_eq!(record["lastContactedAt"].as_str(), last.get(&subject).map(String::as_str));
            contacted += usize::from(record["lastContactedAt"].is_string());
        }
    }
    assert!(contacted >= 10);
}

#[tokio::test]
async fn the_history_holds_notes_calls_meetings_mails_and_files() {
    let crm = Crm::start().await;
    let entries = crm.all("entries?perPage=100", "entries").await;
    assert!(entries.len() >= 100);
    let kinds: BTreeSet<i64> = entries.iter().map(|entry| id(&entry["activityType"])).collect();
    assert!((-6..0).all(|built_in| kinds.contains(&built_in)) && kinds.iter().any(|kind| *kind > 0));
    let subjects: BTreeSet<&str> = entries.iter().filter_map(|entry| Some(subject(entry)?.0)).collect();
    assert_eq!(subjects, BTreeSet::from(["kase", "opportunity", "party"]));
    for mail in entries.iter().filter(|entry| entry["type"] == "email") {
        let person = crm.one("parties", "party", &mail["parties"][0]["id"]).await;
        let participants = rows(&mail["participants"]);
        let sent = mail["activityType"]["id"] == -5;
        let theirs = if sent { "TO" } else { "FROM" };
        let addresses = rows(&person["emailAddresses"]);
        let named = participants.iter().any(|row| {
            row["role"] == theirs && addresses.iter().any(|address| address["address"] == row["address"])
        });
        assert!(named, "{mail}");
        assert!(mail["subject"].is_string());
    }
    let users = ids(rows(&crm.get("/users").await.json()["users"]));
    assert!(entries.iter().all(|entry| users.contains(&id(&entry["creator"]))));
    assert!(entries.iter().all(|entry| entry["entryAt"].as_str() < Some("2026-03-01")));
    assert!(entries.iter().any(|entry| entry["entryAt"].as_str() < entry["createdAt"].as_str()));
}
