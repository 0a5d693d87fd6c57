//! The history: notes, e-mails and completed tasks, their types, and the feed of activities.

use serde_json::{Value, json};
use time::macros::datetime;

use crate::harness::{ADMINISTRATOR, Crm, Watch, id, ids, keys, named, rows};

async fn person(crm: &Crm) -> Value {
    crm.create(json!({ "type": "person", "firstName": "Ann", "organisation": { "name": "Noted Ltd" } })).await
}

/// A note about a new person, if it says nothing else.
async fn note(crm: &Crm, more: Value) -> Value {
    let mut note = json!({ "type": "note", "content": "Rang *twice*" });
    let more = more.as_object().expect("an object").clone();
    let is_linked = ["party", "opportunity", "kase"].iter().any(|key| more.contains_key(*key));
    note.as_object_mut().expect("an object").extend(more);
    if !is_linked {
        note["party"] = json!({ "id": person(crm).await["id"] });
    }
    crm.make("entries", "entry", note).await
}

async fn amended(crm: &Crm, entry: &Value, change: Value) -> Value {
    crm.amended("entries", "entry", entry, change).await
}

#[tokio::test]
async fn a_new_note_shows_all_its_members() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let made = note(&crm, json!({})).await;
    assert_eq!(
        keys(&made),
        [
            "id",
            "type",
            "attachments",
            "creator",
            "activityType",
            "createdAt",
            "updatedAt",
            "subject",
            "content",
            "entryAt",
            "kase",
            "opportunity",
            "party",
        ]
    );
    assert_eq!(made["type"], "note");
    assert_eq!(id(&made["creator"]), ADMINISTRATOR);
    assert_eq!(made["activityType"], json!({ "id": -1, "name": "Note" }));
    assert_eq!(made["entryAt"], "2026-06-01T09:00:00Z");
    assert_eq!(made["attachments"], json!([]));
    assert_eq!(made["content"], "Rang *twice*");
}

#[tokio::test]
async fn a_call_a_meeting_or_a_type_of_ones_own_is_a_note_of_that_type() {
    let crm = Crm::start().await;
    let types = crm.all("activitytypes", "activityTypes").await;
    for name in ["Call", "Meeting", "Site visit"] {
        let kind = named(&types, name);
        let made = note(&crm, json!({ "activityType": { "id": kind["id"] } })).await;
        assert_eq!(made["type"], "note");
        assert_eq!(made["activityType"], json!({ "id": kind["id"], "name": name }));
    }
    let bare = note(&crm, json!({ "activityType": -3, "entryAt": "2024-03-15T14:30:00+01:00" })).await;
    assert_eq!(bare["entryAt"], "2024-03-15T13:30:00Z");
    for unwritable in [-4, -5, -6, 1] {
        let entry = json!({ "type": "note", "content": "x", "party": 1, "activityType": unwritable });
        let reply = crm.post("/entries", json!({ "entry": entry })).await;
        assert!(reply.text().contains("activityType not found"), "{unwritable}");
    }
}

#[tokio::test]
async fn only_notes_are_made_each_about_exactly_one_record() {
    let crm = Crm::start().await;
    let kase = crm.all("kases", "kases").await[0].clone();
    let refused = async |entry: Value| crm.post("/entries", json!({ "entry": entry })).await;
    let party = kase["party"]["id"].clone();
    let reply = refused(json!({ "content": "x", "party": party })).await;
    reply.assert_invalid("entry", "type", "type is required");
    let reply = refused(json!({ "type": "email", "content": "x", "party": party })).await;
    reply.assert_invalid("entry", "type", "options are: note");
    let message = "entry must be linked to either a party, opportunity or kase";
    for links in [
        json!({}),
        json!({ "party": party, "kase": kase["id"] }),
        json!({ "parties": [{ "id": party }] }),
        json!({ "project": { "id": kase["id"] } }),
    ] {
        let mut entry = json!({ "type": "note", "content": "x" });
        entry.as_object_mut().expect("an object").extend(links.as_object().expect("one").clone());
        refused(entry).await.assert_invalid("entry", "party", message);
    }
    let reply = refused(json!({ "type": "note", "content": " ", "party": party })).await;
    reply.assert_invalid("entry", "content", "content is required");
    let reply = refused(json!({ "type": "note", "content": "x", "party": { "id": 1 } })).await;
    reply.assert_invalid("entry", "party", "party not found");
}

#[tokio::test]
async fn a_note_counts_as_contact_with_all_that_it_is_about() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let person = person(&crm).await;
    let milestone = crm.all("milestones", "milestones").await[0]["id"].clone();
    let sale = json!({ "name": "S", "party": person["id"], "milestone": milestone });
    let sale = crm.make("opportunities", "opportunity", sale).await;
    note(&crm, json!({ "opportunity": { "id": sale["id"] } })).await;
    let at = "2026-06-01T09:00:00Z";
    let contacted =
        async |path: &str, key: &str, id: &Value| crm.one(path, key, id).await["lastContactedAt"].clone();
    assert_eq!(contacted("opportunities", "opportunity", &sale["id"]).await, at);
    assert_eq!(contacted("parties", "party", &person["id"]).await, at);
    assert_eq!(contacted("parties", "party", &person["organisation"]["id"]).await, at);

    let earlier = json!({ "party": { "id": person["id"] }, "entryAt": "2020-01-01T00:00:00Z" });
    note(&crm, earlier).await;
    assert_eq!(contacted("parties", "party", &person["id"]).await, at);
}

#[tokio::test]
async fn notes_change_in_content_and_date_and_nothing_else() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let made = note(&crm, json!({})).await;
    watch.advance(60);
    let same = json!({ "subject": "Ignored", "type": "email", "activityType": -3, "kase": null });
    assert_eq!(amended(&crm, &made, same).await, made);

    let changed = json!({ "content": "Rang once", "entryAt": "2026-05-31T10:00:00Z" });
    let changed = amended(&crm, &made, changed).await;
    assert_eq!(changed["content"], "Rang once");
    assert_eq!(changed["entryAt"], "2026-05-31T10:00:00Z");
    assert_eq!(changed["updatedAt"], "2026-06-01T09:01:00Z");
    let reply = crm.amend("entries", "entry", &made, json!({ "content": null })).await;
    reply.assert_invalid("entry", "content", "content is required");
    assert_eq!(crm.delete(&format!("/entries/{}", made["id"])).await.status, 204);
    assert_eq!(crm.get(&format!("/entries/{}", made["id"])).await.status, 404);
}

#[tokio::test]
async fn emails_show_their_parties_and_participants_and_can_be_edited() {
    let crm = Crm::start().await;
    let entries = crm.all("entries?perPage=100", "entries").await;
    let emails: Vec<&Value> = entries.iter().filter(|entry| entry["type"] == "email").collect();
    for (kind, role) in [(-5, "TO"), (-6, "FROM")] {
        let email = emails.iter().find(|email| email["activityType"]["id"] == kind).expect("one of it");
        assert_eq!(email["party"], Value::Null);
        let participants = rows(&email["participants"]);
        assert_eq!(keys(&participants[0]), ["id", "name", "address", "role"]);
        let theirs = participants.iter().find(|row| row["role"] == role).expect("one in it");
        let party = crm.one("parties", "party", &email["parties"][0]["id"]).await;
        assert_eq!(party["emailAddresses"][0]["address"], theirs["address"]);
        assert!(party["lastContactedAt"].as_str() >= email["entryAt"].as_str());
    }
    let copied =
        emails.iter().any(|email| rows(&email["participants"]).iter().any(|row| row["role"] == "CC"));
    assert!(copied);
    let changed = amended(&crm, emails[0], json!({ "subject": "New subject" })).await;
    assert_eq!(changed["subject"], "New subject");
    assert_eq!(changed["content"], emails[0]["content"]);
}

#[tokio::test]
async fn a_completed_task_enters_the_history_and_leaves_it_when_reopened() {
    let crm = Crm::start().await;
    let person = person(&crm).await;
    let task = json!({ "description": "Send samples", "dueOn": "2026-06-15", "party": person["id"] });
    let task = crm.make("tasks", "task", task).await;
    let history = format!("parties/{}/entries", person["id"]);
    assert!(crm.all(&history, "entries").await.is_empty());

    let done = crm.amended("tasks", "task", &task, json!({ "status": "COMPLETED" })).await;
    let entry = crm.all(&history, "entries").await[0].clone();
    assert_eq!(entry["type"], "task");
    assert_eq!(entry["activityType"], json!({ "id": -4, "name": "Task completed" }));
    assert_eq!(entry["content"], "Send samples");
    assert_eq!(entry["entryAt"], done["completedAt"]);
    let reply = crm.amend("entries", "entry", &entry, json!({ "content": "Other" })).await;
    reply.assert_invalid("entry", "type", "entry cannot be updated");
    assert_eq!(crm.one("parties", "party", &person["id"]).await["lastContactedAt"], Value::Null);

    crm.amended("tasks", "task", &task, json!({ "status": "OPEN" })).await;
    assert!(crm.all(&history, "entries").await.is_empty());
}

#[tokio::test]
async fn the_account_wide_feed_is_newest_first_and_pages_by_a_hundred() {
    let crm = Crm::start().await;
    let entries = crm.all("entries?perPage=100", "entries").await;
    assert_eq!(entries.len(), 150);
    let key = |entry: &Value| (entry["entryAt"].as_str().map(str::to_owned), id(entry));
    assert!(entries.is_sorted_by(|newer, older| key(newer) > key(older)));
    assert_eq!(crm.get("/entries?perPage=101").await.status, 422);
    let first = crm.get("/entries?embed=meta").await;
    assert_eq!(rows(&first.json()["entries"]).len(), 50);
    assert_eq!(first.json()["meta"]["totalCount"], 150);
    let backdated = note(&crm, json!({ "entryAt": "2001-01-01T00:00:00Z" })).await;
    let last = crm.all("entries?perPage=100", "entries").await;
    assert_eq!(last.last(), Some(&crm.one("entries", "entry", &backdated["id"]).await));
}

#[tokio::test]
async fn a_records_history_is_its_own_and_pages_by_fifty() {
    let crm = Crm::start().await;
    let person = person(&crm).await;
    let made = note(&crm, json!({ "party": { "id": person["id"] } })).await;
    let of_person = format!("parties/{}/entries", person["id"]);
    assert_eq!(ids(&crm.all(&of_person, "entries").await), [id(&made)]);
    let of_organisation = format!("parties/{}/entries", person["organisation"]["id"]);
    assert!(crm.all(&of_organisation, "entries").await.is_empty());
    assert_eq!(crm.get(&format!("/{of_person}?perPage=51")).await.status, 422);

    let kase = crm.make("kases", "kase", json!({ "name": "K", "party": person["id"] })).await;
    let about = note(&crm, json!({ "kase": { "id": kase["id"] } })).await;
    let of_kase = format!("kases/{}/entries", kase["id"]);
    assert_eq!(ids(&crm.all(&of_kase, "entries").await), [id(&about)]);
    for path in ["/parties/1/entries", "/opportunities/1/entries", "/kases/1/entries"] {
        assert_eq!(crm.get(path).await.status, 404);
    }
}

#[tokio::test]
async fn entries_come_one_at_a_time_and_are_not_searched_or_filtered() {
    let crm = Crm::start().await;
    let (first, second) = (note(&crm, json!({})).await, note(&crm, json!({})).await);
    for path in [
        format!("/entries/{},{}", first["id"], second["id"]),
        "/entries/search?q=a".to_owned(),
        "/entries/deleted?since=2026-01-01".to_owned(),
    ] {
        assert_eq!(crm.get(&path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn what_an_entry_refers_to_comes_in_full_when_embedded() {
    let crm = Crm::start().await;
    let embed = "embed=party,kase,opportunity,creator,activityType";
    let entries = crm.all(&format!("entries?perPage=100&{embed}"), "entries").await;
    assert!(keys(&entries[0]["creator"]).contains(&"timezone"));
    assert!(keys(&entries[0]["activityType"]).contains(&"updateLastContacted"));
    for (key, member) in [("party", "phoneNumbers"), ("opportunity", "milestone"), ("kase", "stage")] {
        let about = entries.iter().find(|entry| entry[key].is_object()).expect("one about it");
        assert!(keys(&about[key]).contains(&member), "{key}");
    }
}

#[tokio::test]
async fn the_history_goes_with_what_it_is_about() {
    let crm = Crm::start().await;
    let person = person(&crm).await;
    let made = note(&crm, json!({ "party": { "id": person["id"] } })).await;
    let kase = crm.make("kases", "kase", json!({ "name": "K", "party": person["id"] })).await;
    let about = note(&crm, json!({ "kase": { "id": kase["id"] } })).await;
    assert_eq!(crm.delete(&format!("/parties/{}", person["id"])).await.status, 204);
    for gone in [&made, &about] {
        assert_eq!(crm.get(&format!("/entries/{}", gone["id"])).await.status, 404);
    }
}

#[tokio::test]
async fn built_in_activity_types_have_negative_ids_and_stay_as_they_are() {
    let crm = Crm::start().await;
    let types = crm.all("activitytypes", "activityTypes").await;
    assert_eq!(ids(&types)[..3], [-1, -2, -3]);
    assert_eq!(types.len(), 5);
    assert_eq!(keys(&types[0]), ["id", "name", "icon", "updateLastContacted"]);
    assert_eq!(keys(&types[0]["icon"]), ["order", "id", "displayName", "iconName", "isSystem"]);
    let received = crm.one("activitytypes", "activityType", &json!(-6)).await;
    assert_eq!(received["name"], "Email received");
    let reply = crm.amend("activitytypes", "activityType", &types[0], json!({ "name": "Jotting" })).await;
    reply.assert_invalid("activityType", "id", "built in activity types cannot be changed");
    let reply = crm.delete("/activitytypes/-1").await;
    reply.assert_invalid("activityType", "id", "built in activity types cannot be deleted");
}

#[tokio::test]
async fn an_account_makes_activity_types_of_its_own() {
    let crm = Crm::start().await;
    let icons = crm.get("/activitytypes/icons").await.json()["activityTypeIcons"].clone();
    assert!(rows(&icons).iter().all(|icon| icon["isSystem"] == false));
    let kind = json!({ "name": "Video call", "icon": { "id": "CAMERA" }, "updateLastContacted": false });
    let kind = crm.make("activitytypes", "activityType", kind).await;
    assert!(id(&kind) > 0);
    assert_eq!(kind["icon"]["iconName"], "camera");

    let person = person(&crm).await;
    let about = json!({ "party": { "id": person["id"] }, "activityType": { "id": kind["id"] } });
    let made = note(&crm, about).await;
    assert_eq!(crm.one("parties", "party", &person["id"]).await["lastContactedAt"], Value::Null);
    let reply = crm.amend("activitytypes", "activityType", &kind, json!({ "icon": "NOTE" })).await;
    reply.assert_invalid("activityType", "icon", "icon not found");
    assert_eq!(crm.delete(&format!("/activitytypes/{}", kind["id"])).await.status, 204);
    assert_eq!(crm.one("entries", "entry", &made["id"]).await["activityType"]["id"], -1);
}

#[tokio::test]
async fn activities_tell_what_happened_since_a_date() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let made = note(&crm, json!({ "entryAt": "2020-01-01T00:00:00Z" })).await;
    let since = crm.all("activities?since=2026-06-01T09:00:00Z", "activities").await;
    assert_eq!(since.len(), 1);
    assert_eq!(since[0]["entry"]["id"], made["id"]);
    assert_eq!(since[0]["activityType"], made["activityType"]);
    assert_eq!(since[0]["user"], made["creator"]);
    assert_eq!(since[0]["party"], made["party"]);
    assert_ne!(since[0]["id"], made["id"]);
    assert_eq!(crm.all("activities?perPage=100", "activities").await.len(), 151);
    assert_eq!(crm.get("/activities?since=never").await.status, 422);
}

#[tokio::test]
async fn activities_are_filtered_by_user_type_task_category_and_day() {
    let crm = Crm::start().await;
    let count = async |field: &str, operator: &str, value: Value| {
        let condition = json!({ "field": field, "operator": operator, "value": value });
        let body = json!({ "filter": { "conditions": [condition] } });
        let reply = crm.post("/activities/filters/results?embed=meta", body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["meta"]["totalCount"].as_u64().expect("a number")
    };
    for (field, value) in [
        ("user", json!(ADMINISTRATOR)),
        ("activityType", json!(-3)),
        ("activityType", json!("Email sent")),
        ("taskCategory", json!("Call")),
    ] {
        let some = count(field, "is", value.clone()).await;
        assert!(some > 0 && some < 150, "{field} {value}");
        assert_eq!(count(field, "is not", value).await, 150 - some);
    }
    assert!(count("addedOn", "is before", json!("2025-06-01")).await > 10);
}
