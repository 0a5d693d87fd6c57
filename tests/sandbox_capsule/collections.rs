//! Lists inside a party: rows are added, edited and deleted one by one; tags attach and detach; countries are looked up.

use serde_json::{Value, json};
use time::macros::datetime;

use crate::harness::{Crm, Watch, id, keys, rows};

async fn person(crm: &Crm) -> Value {
    crm.create(json!({
        "type": "person",
        "firstName": "Ann",
        "emailAddresses": [
            { "type": "Work", "address": "ann@work.example" },
            { "address": "ann@home.example" },
        ],
        "phoneNumbers": [{ "type": "Mobile", "number": "+44 7700 900123" }],
        "addresses": [{ "type": "Home", "street": "1 High St\nTopside", "city": "Hove", "country": "United Kingdom" }],
        "websites": [{ "service": "TWITTER", "address": "annlee" }],
    }))
    .await
}

#[tokio::test]
async fn rows_carry_ids_and_all_their_members() {
    let crm = Crm::start().await;
    let party = person(&crm).await;
    let email = &party["emailAddresses"][1];
    assert_eq!(keys(email), ["id", "type", "address"]);
    assert_eq!(email["type"], Value::Null);
    assert_eq!(keys(&party["phoneNumbers"][0]), ["id", "type", "number"]);
    let address = &party["addresses"][0];
    assert_eq!(keys(address), ["id", "type", "city", "country", "street", "state", "zip"]);
    assert_eq!(address["street"], "1 High St\nTopside");
    assert_eq!(address["zip"], Value::Null);
    let website = &party["websites"][0];
    assert_eq!(keys(website), ["id", "type", "address", "service", "url"]);
    assert_eq!(website["url"], "https://twitter.com/annlee");
}

#[tokio::test]
async fn an_item_without_id_adds_with_id_edits_and_with_delete_removes() {
    let crm = Crm::start().await;
    let party = person(&crm).await;
    let emails = &party["emailAddresses"];
    let changed = crm
        .changed(
            &party,
            json!({ "emailAddresses": [
                { "id": emails[0]["id"], "_delete": true },
                { "id": emails[1]["id"], "type": "Home" },
                { "type": "Work", "address": "ann@new.example" },
            ] }),
        )
        .await;
    let after = rows(&changed["emailAddresses"]);
    assert_eq!(after.len(), 2);
    assert_eq!(after[0]["id"], emails[1]["id"]);
    assert_eq!(after[0]["type"], "Home");
    assert_eq!(after[0]["address"], "ann@home.example");
    assert_eq!(after[1]["address"], "ann@new.example");
    assert!(id(&after[1]) > id(&emails[1]));
    for other in ["phoneNumbers", "addresses", "websites"] {
        assert_eq!(changed[other], party[other]);
    }
}

#[tokio::test]
async fn sending_a_list_never_replaces_it_and_an_empty_one_does_nothing() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let party = person(&crm).await;
    watch.advance(60);
    let nothing = json!({ "emailAddresses": [], "tags": [], "fields": [] });
    assert_eq!(crm.changed(&party, nothing).await, party);

    let more = json!({ "phoneNumbers": [{ "number": "020 7946 0111" }] });
    let changed = crm.changed(&party, more).await;
    assert_eq!(rows(&changed["phoneNumbers"]).len(), 2);
    assert_eq!(changed["updatedAt"], "2026-06-01T09:01:00Z");
}

#[tokio::test]
async fn destroy_is_silently_ignored() {
    let crm = Crm::start().await;
    let party = person(&crm).await;
    let row = json!({ "id": party["addresses"][0]["id"], "_destroy": true });
    let changed = crm.changed(&party, json!({ "addresses": [row] })).await;
    assert_eq!(changed["addresses"], party["addresses"]);
}

#[tokio::test]
async fn rows_that_the_party_does_not_have_are_refused() {
    let crm = Crm::start().await;
    let party = person(&crm).await;
    let other = person(&crm).await;
    let theirs = &other["websites"][0]["id"];
    let reply = crm.change(&party, json!({ "websites": [{ "id": theirs, "type": "Home" }] })).await;
    reply.assert_invalid("website", "id", "website not found");
    let reply = crm.change(&party, json!({ "websites": [{ "id": theirs, "_delete": true }] })).await;
    reply.assert_invalid("website", "id", "website not found to delete");
}

#[tokio::test]
async fn rows_that_lack_what_they_need_are_refused() {
    let crm = Crm::start().await;
    let party = person(&crm).await;
    for (list, row, resource, field, message) in [
        ("emailAddresses", json!({ "type": "Work" }), "emailAddress", "address", "address is required"),
        ("phoneNumbers", json!({ "number": "" }), "phoneNumber", "number", "number is required"),
        ("phoneNumbers", json!({ "number": 5 }), "phoneNumber", "number", "invalid value for number"),
        (
            "phoneNumbers",
            json!({ "number": "1", "type": "Pager" }),
            "phoneNumber",
            "type",
            "options are: Home, Work, Mobile, Fax, Direct",
        ),
        ("websites", json!({ "service": "URL" }), "website", "address", "address is required"),
        (
            "websites",
            json!({ "url": "a.example", "address": "a.example" }),
            "website",
            "service",
            "service is required",
        ),
        ("addresses", json!("1 High St"), "party", "addresses", "invalid value for addresses"),
    ] {
        let reply = crm.change(&party, json!({ list: [row] })).await;
        reply.assert_invalid(resource, field, message);
    }
    let reply =
        crm.change(&party, json!({ "websites": [{ "service": "PIGEON_POST", "address": "x" }] })).await;
    assert_eq!(reply.status, 422);
    let message = reply.json()["errors"][0]["message"].clone();
    let message = message.as_str().expect("a message");
    assert!(message.starts_with("options are: URL, SKYPE, TWITTER, LINKED_IN"));
}

#[tokio::test]
async fn a_websites_link_follows_its_service() {
    let crm = Crm::start().await;
    let party = crm
        .create(json!({
            "type": "organisation",
            "name": "Linked Ltd",
            "websites": [
                { "service": "URL", "address": "linked.example" },
                { "service": "URL", "address": "https://linked.example/a" },
                { "service": "INSTAGRAM", "address": "@linked" },
                { "service": "LINKED_IN", "address": "https://www.linkedin.com/company/linked" },
            ],
        }))
        .await;
    let links: Vec<&str> =
        rows(&party["websites"]).iter().map(|website| website["url"].as_str().expect("a link")).collect();
    assert_eq!(
        links,
        [
            "http://linked.example",
            "https://linked.example/a",
            "https://www.instagram.com/linked",
            "https://www.linkedin.com/company/linked",
        ]
    );
}

#[tokio::test]
async fn a_country_is_taken_by_its_exact_name_only() {
    let crm = Crm::start().await;
    let party = person(&crm).await;
    let address = &party["addresses"][0]["id"];
    let locate = async |country: Value| {
        let row = json!({ "id": address, "country": country });
        crm.change(&party, json!({ "addresses": [row] })).await
    };
    for (written, kept) in [
        (json!("Czechia"), json!("Czechia")),
        (json!("USA"), json!("United States")),
        (json!(""), Value::Null),
        (json!("Côte d'Ivoire"), json!("Côte d'Ivoire")),
        (Value::Null, Value::Null),
    ] {
        let reply = locate(written).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json()["party"]["addresses"][0]["country"], kept);
    }
    for unknown in
        ["UK", "Britain", "United States of America", "Czech Republic", "Deutschland", "germany", "Atlantis"]
    {
        let reply = locate(json!(unknown)).await;
        reply.assert_invalid("address", "country", "unknown country");
    }
}

#[tokio::test]
async fn tags_attach_by_name_or_id_and_a_new_name_makes_a_tag() {
    let crm = Crm::start().await;
    let party = person(&crm).await;
    let tagged = crm.changed(&party, json!({ "tags": [{ "name": "vip" }, { "name": "Brand new" }] })).await;
    let tags = rows(&tagged["tags"]);
    assert_eq!(keys(&tags[0]), ["id", "name", "description", "dataTag"]);
    assert_eq!(tags[0]["name"], "VIP");
    assert_eq!(tags[1]["name"], "Brand new");
    assert_eq!(tags[1]["dataTag"], false);

    let again = json!({ "tags": [{ "id": tags[0]["id"] }, { "name": "Brand new" }] });
    assert_eq!(crm.changed(&party, again).await["tags"], tagged["tags"]);

    let other =
        crm.create(json!({ "type": "organisation", "name": "O", "tags": [{ "name": "Brand new" }] })).await;
    assert_eq!(other["tags"], json!([tags[1]]));
    let reply = crm.change(&party, json!({ "tags": [{ "id": 1 }] })).await;
    reply.assert_invalid("tag", "id", "tag not found");
}

#[tokio::test]
async fn a_tag_detaches_by_id_from_one_party_and_only_if_it_is_attached() {
    let crm = Crm::start().await;
    let tags = json!([{ "name": "Shared" }]);
    let party = crm.create(json!({ "type": "person", "firstName": "A", "tags": tags })).await;
    let other = crm.create(json!({ "type": "person", "firstName": "B", "tags": tags })).await;
    let detach = json!({ "tags": [{ "id": party["tags"][0]["id"], "_delete": true }] });
    assert_eq!(crm.changed(&party, detach.clone()).await["tags"], json!([]));
    let reply = crm.change(&party, detach).await;
    reply.assert_invalid("tag", "id", "tag not found to delete");
    let kept = crm.changed(&other, json!({})).await;
    assert_eq!(kept["tags"][0]["name"], "Shared");
}
