//! Lists of parties: paging, `since`, search, several ids at once, `embed`.

use serde_json::json;
use time::macros::datetime;

use crate::harness::{Crm, Watch, id, keys, rows};

#[tokio::test]
async fn a_page_holds_50_parties_unless_told_otherwise() {
    let crm = Crm::start().await;
    let reply = crm.get("/parties").await;
    assert_eq!(reply.status, 200);
    assert_eq!(keys(&reply.json()), ["parties"]);
    assert_eq!(rows(&reply.json()["parties"]).len(), 50);
    let reply = crm.get("/parties?perPage=7").await;
    assert_eq!(rows(&reply.json()["parties"]).len(), 7);
}

#[tokio::test]
async fn following_next_links_meets_every_party_once() {
    let crm = Crm::start().await;
    let origin = crm.sandbox.origin();
    let mut path = "/parties?embed=meta&perPage=100".to_owned();
    let mut seen = Vec::new();
    loop {
        let reply = crm.get(&path).await;
        seen.extend(rows(&reply.json()["parties"]).iter().map(id));
        let next = reply.header("link").split(", ").find_map(|link| link.strip_suffix(r#">; rel="next""#));
        let has_more = reply.header("x-pagination-has-more") == "true";
        assert_eq!(next.is_some(), has_more);
        let Some(next) = next else {
            assert_eq!(reply.json()["meta"]["totalCount"], seen.len());
            break;
        };
        let api = format!("<{origin}/api/v2");
        path = next.strip_prefix(&api).expect("a link to the API").to_owned();
    }
    let met = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), met);
}

#[tokio::test]
async fn links_keep_the_other_parameters() {
    let crm = Crm::start().await;
    let reply = crm.get("/parties?page=2&since=2024-01-01T00:00:00Z&perPage=3").await;
    let list = format!("{}/api/v2/parties", crm.sandbox.origin());
    let since = "since=2024-01-01T00%3A00%3A00Z";
    assert_eq!(
        reply.header("link"),
        format!(
            "<{list}?{since}&page=3&perPage=3>; rel=\"next\", \
             <{list}?{since}&page=1&perPage=3>; rel=\"prev\""
        )
    );
}

#[tokio::test]
async fn a_page_past_the_end_is_empty() {
    let crm = Crm::start().await;
    let reply = crm.get("/parties?page=99").await;
    assert_eq!(reply.json(), json!({ "parties": [] }));
    assert_eq!(reply.header("x-pagination-has-more"), "false");
}

#[tokio::test]
async fn paging_outside_its_bounds_is_refused() {
    let crm = Crm::start().await;
    for query in ["perPage=101", "perPage=0", "page=0", "page=x", "page=-1"] {
        let reply = crm.get(&format!("/parties?{query}")).await;
        assert_eq!(reply.status, 422, "{query}");
    }
}

#[tokio::test]
async fn unknown_parameters_and_unknown_embeds_are_ignored() {
    let crm = Crm::start().await;
    let plain = crm.get("/parties").await;
    let decorated = crm.get("/parties?q=nobody&embed=unicorns,&sort=name").await;
    assert_eq!(decorated.status, 200);
    assert_eq!(decorated.json(), plain.json());
}

#[tokio::test]
async fn the_total_comes_only_with_embed_meta() {
    let crm = Crm::start().await;
    let reply = crm.get("/parties?embed=meta&perPage=1").await;
    assert_eq!(keys(&reply.json()), ["parties", "meta"]);
    assert_eq!(reply.json()["meta"], json!({ "totalCount": 256 }));
}

#[tokio::test]
async fn since_finds_only_what_changed_after_it() {
    let watch = Watch::at(datetime!(2026-06-01 09:00 UTC));
    let crm = Crm::start_at(watch.clock()).await;
    let old = crm.create(json!({ "type": "organisation", "name": "Old" })).await;
    watch.advance(10);
    let new = crm.create(json!({ "type": "organisation", "name": "New" })).await;
    assert_eq!(new["createdAt"], "2026-06-01T09:00:10Z");

    let ids = async |since: &str| {
        let reply = crm.get(&format!("/parties?since={since}")).await;
        assert_eq!(reply.status, 200);
        rows(&reply.json()["parties"]).iter().map(id).collect::<Vec<_>>()
    };
    assert_eq!(ids("2026-06-01T09:00:00Z").await, [id(&new)]);
    assert_eq!(ids("2026-06-01T10:59:59%2B02:00").await, [id(&new), id(&old)]);

    watch.advance(10);
    crm.changed(&old, json!({ "about": "Changed" })).await;
    assert_eq!(ids("2026-06-01T09:00:10Z").await, [id(&old)]);
    assert_eq!(crm.get("/parties?since=yesterday").await.status, 422);
}

#[tokio::test]
async fn search_looks_in_names_mail_addresses_postcodes_and_phone_numbers() {
    let crm = Crm::start().await;
    let found = crm
        .create(json!({
            "type": "person",
            "firstName": "Quirina",
            "lastName": "Zweig",
            "emailAddresses": [{ "address": "qz@zweig.example" }],
            "phoneNumbers": [{ "number": "+49 (30) 23125 999" }],
            "addresses": [{ "zip": "ZZ9 4QZ" }],
        }))
        .await;
    for text in ["quirina", "Zweig%20quirina", "qz@zweig", "ZZ9", "23125999"] {
        let reply = crm.get(&format!("/parties/search?q={text}")).await;
        let ids: Vec<i64> = rows(&reply.json()["parties"]).iter().map(id).collect();
        assert!(ids.contains(&id(&found)), "{text}");
    }
    for text in ["quirina%20hartley", "", "no-such-thing"] {
        let reply = crm.get(&format!("/parties/search?q={text}")).await;
        assert_eq!(reply.json(), json!({ "parties": [] }), "{text}");
    }
}

#[tokio::test]
async fn up_to_ten_parties_come_at_once_in_the_order_asked_for() {
    let crm = Crm::start().await;
    let first = 247_318_406;
    let reply = crm.get(&format!("/parties/{},{},1", first + 3, first)).await;
    let parties = reply.json()["parties"].clone();
    let ids: Vec<i64> = rows(&parties).iter().map(id).collect();
    assert_eq!(ids, [first + 3, first]);

    let one = crm.get(&format!("/parties/{first}")).await;
    assert_eq!(id(&one.json()["party"]), first);

    let eleven: Vec<String> = (0..11).map(|n| (first + n).to_string()).collect();
    let reply = crm.get(&format!("/parties/{}", eleven.join(","))).await;
    reply.assert_invalid("party", "id", "too many ids");
}

#[tokio::test]
async fn people_are_listed_under_their_organisation_and_nobody_under_a_person() {
    let crm = Crm::start().await;
    let organisation = crm.create(json!({ "type": "organisation", "name": "Staffed" })).await;
    let employ = async |name: &str| {
        let employer = json!({ "id": organisation["id"] });
        crm.create(json!({ "type": "person", "firstName": name, "organisation": employer })).await
    };
    let (ann, bob) = (employ("Ann").await, employ("Bob").await);

    let path = format!("/parties/{}/people", organisation["id"]);
    let people = crm.get(&path).await.json()["parties"].clone();
    let ids: Vec<i64> = rows(&people).iter().map(id).collect();
    assert_eq!(ids, [id(&bob), id(&ann)]);
    let page = crm.get(&format!("{path}?perPage=1")).await;
    assert_eq!(page.header("x-pagination-has-more"), "true");

    let nobody = crm.get(&format!("/parties/{}/people", ann["id"])).await;
    assert_eq!(nobody.json(), json!({ "parties": [] }));
}

#[tokio::test]
async fn tags_fields_and_the_rest_of_the_organisation_come_only_when_embedded() {
    let crm = Crm::start().await;
    let party = crm
        .create(json!({ "type": "person", "firstName": "Ann", "organisation": { "name": "Embedded Ltd" } }))
        .await;
    let show = async |embed: &str| {
        let path = format!("/parties/{}?embed={embed}", party["id"]);
        crm.get(&path).await.json()["party"].clone()
    };
    let plain = show("").await;
    for key in ["tags", "fields", "missingImportantFields"] {
        assert!(!keys(&plain).contains(&key));
        assert!(keys(&show(key).await).contains(&key));
    }
    assert_eq!(keys(&plain["organisation"]), ["id", "type", "name", "pictureURL"]);
    let organisation = show("organisation,tags").await["organisation"].clone();
    assert_eq!(organisation["name"], "Embedded Ltd");
    assert!(keys(&organisation).contains(&"emailAddresses"));
}
