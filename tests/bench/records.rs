//! What the upstream answers: a page of fifty people as Capsule writes them, 1,500 bytes each, or one of them.

use serde_json::{Value, json};

/// Records of the page.
pub const COUNT: usize = 50;

/// Bytes of each record.
pub const SIZE: usize = 1500;

/// The answer's body.
pub fn page() -> String {
    let records: Vec<String> = (0..COUNT).map(record).collect();
    format!(r#"{{"parties":[{}]}}"#, records.join(","))
}

/// The answer's body where one record is asked for.
pub fn single() -> String {
    format!(r#"{{"party":{}}}"#, record(0))
}

fn record(index: usize) -> String {
    let bare = person(index, "").to_string();
    let about = "Met at the trade fair; asked for a call back. ".repeat(SIZE / 40);
    let text = person(index, &about[..SIZE - bare.len()]).to_string();
    assert_eq!(text.len(), SIZE);
    text
}

/// A person with everything that the mapping reads: text beyond ASCII, null members, streets of one and two lines.
fn person(index: usize, about: &str) -> Value {
    let id = 174_000_000 + index * 17;
    let last = ["Ørsted", "Lovelace", "Hopper", "Noether", "Çelik"][index % 5];
    let street = if index.is_multiple_of(2) { "12 High Street\nFloor 3" } else { "12 High Street" };
    let organisation = json!({
        "id": id + 1, "type": "organisation", "name": format!("Analytical Engines {index} Ltd"),
        "pictureURL": "https://capsulecrm.com/theme/default/images/org_avatar_70.png",
    });
    json!({
        "id": id,
        "owner": {"id": 901_234, "username": "grace", "name": "Grace Hopper", "pictureURL": null},
        "team": null,
        "type": "person",
        "about": about,
        "firstName": format!("Zoë{index}"),
        "lastName": last,
        "jobTitle": if index.is_multiple_of(7) { Value::Null } else { json!("Head of Purchasing") },
        "createdAt": format!("2024-03-{:02}T18:25:25Z", index % 28 + 1),
        "updatedAt": "2026-02-11T07:01:59Z",
        "organisation": if index.is_multiple_of(3) { Value::Null } else { organisation },
        "lastContactedAt": if index.is_multiple_of(4) { Value::Null } else { json!("2026-01-31T09:30:00Z") },
        "pictureURL": "https://capsulecrm.com/theme/default/images/person_avatar_70.png",
        "title": "Ms",
        "enrichment": null,
        "phoneNumbers": [
            {"id": id + 2, "type": "Work", "number": "+44 20 7946 0999"},
            {"id": id + 3, "type": null, "number": "+44 7700 900123"},
        ],
        "addresses": [{
            "id": id + 4, "type": "Office", "street": street, "city": "Manchester", "state": null,
            "country": "United Kingdom", "zip": "M1 1AA",
        }],
        "emailAddresses": [
            {"id": id + 5, "type": "Work", "address": format!("zoe{index}@example.com")},
            {"id": id + 6, "type": "Home", "address": format!("zoe{index}@example.org")},
        ],
        "websites": [{
            "id": id + 7, "type": null, "service": "URL", "address": "example.com", "url": "https://example.com",
        }],
        "tags": [
            {"id": 41, "name": "VIP", "dataTag": false},
            {"id": 42, "name": "Newsletter", "dataTag": true},
        ],
        "fields": [
            {"id": id + 8, "definition": {"id": 501, "name": "Region"}, "value": "North West", "tagId": null},
            {"id": id + 9, "definition": {"id": 502, "name": "Seats"}, "value": "25", "tagId": null},
            {"id": id + 10, "definition": {"id": 503, "name": "Renewed"}, "value": true, "tagId": 42},
        ],
    })
}
