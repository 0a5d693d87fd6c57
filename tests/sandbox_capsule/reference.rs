//! Users, teams, the site, countries and currencies.

use serde_json::{Value, json};

use crate::harness::{ADMINISTRATOR, Crm, id, keys, rows};

#[tokio::test]
async fn users_show_their_party_by_reference_and_in_full_when_embedded() {
    let crm = Crm::start().await;
    let reply = crm.get("/users").await;
    assert_eq!(reply.header("x-pagination-has-more"), "");
    let users = reply.json()["users"].clone();
    assert_eq!(rows(&users).len(), 6);
    assert_eq!(
        keys(&users[0]),
        [
            "id",
            "deleted",
            "locale",
            "currency",
            "status",
            "party",
            "username",
            "timezone",
            "lastLoginAt",
            "name",
            "taskReminder"
        ]
    );
    assert_eq!(keys(&users[0]["party"]), ["id", "type", "firstName", "lastName", "pictureURL"]);
    let embedded = crm.get("/users?embed=party").await.json()["users"].clone();
    for user in rows(&embedded) {
        let email = &user["party"]["emailAddresses"][0]["address"];
        let expected = format!("{}@fernhill.example", user["username"].as_str().expect("a name"));
        assert_eq!(email, &json!(expected));
    }
}

#[tokio::test]
async fn the_current_user_is_the_tokens_and_a_deleted_user_is_known_by_its_flag() {
    let crm = Crm::start().await;
    let current = crm.get("/users/current").await.json()["user"].clone();
    assert_eq!(id(&current), ADMINISTRATOR);
    assert_eq!(current["name"], "Priya Raman");
    assert_eq!(current["deleted"], false);
    let path = format!("/users/{}?embed=party", ADMINISTRATOR + 5);
    let deleted = crm.get(&path).await.json()["user"].clone();
    assert_eq!(deleted["deleted"], true);
    assert_eq!(deleted["party"]["firstName"], "Gareth");
}

#[tokio::test]
async fn teams_show_their_members_only_when_embedded() {
    let crm = Crm::start().await;
    let teams = crm.get("/teams").await.json()["teams"].clone();
    assert_eq!(keys(&teams[0]), ["id", "name", "description", "createdAt", "updatedAt"]);
    let path = format!("/teams/{}?embed=memberships", teams[0]["id"]);
    let team = crm.get(&path).await.json()["team"].clone();
    let members = rows(&team["memberships"]);
    assert_eq!(members.len(), 3);
    assert_eq!(id(&members[0]["user"]), ADMINISTRATOR);
    assert_eq!(members[0]["user"]["username"], "priya.raman");
    assert_eq!(crm.get("/teams/1").await.status, 404);
}

#[tokio::test]
async fn the_site_names_the_account() {
    let crm = Crm::start().await;
    assert_eq!(
        crm.get("/site").await.json(),
        json!({ "site": {
            "name": "Fernhill Coffee Supply",
            "subdomain": "fernhill-coffee",
            "url": "https://fernhill-coffee.capsulecrm.com/",
        } })
    );
}

#[tokio::test]
async fn there_are_250_countries_and_each_is_taken_in_an_address() {
    let crm = Crm::start().await;
    let countries = crm.get("/countries").await.json()["countries"].clone();
    assert_eq!(rows(&countries).len(), 250);
    assert_eq!(
        countries[0],
        json!({
            "alpha2Code": "AF",
            "alpha3Code": "AFG",
            "numericCode": 4,
            "name": "Afghanistan",
            "dialCode": "+93",
        })
    );
    let addresses: Vec<Value> =
        rows(&countries).iter().map(|country| json!({ "country": country["name"] })).collect();
    let party =
        crm.create(json!({ "type": "organisation", "name": "Everywhere", "addresses": addresses })).await;
    assert_eq!(rows(&party["addresses"]).len(), 250);
}

#[tokio::test]
async fn currencies_have_codes_and_symbols() {
    let crm = Crm::start().await;
    let currencies = crm.get("/currencies").await.json()["currencies"].clone();
    let currency = json!({
        "code": "AUD",
        "symbol": "$",
        "name": "AU Dollar",
        "pluralName": "AU Dollars",
    });
    assert!(rows(&currencies).contains(&currency));
}
