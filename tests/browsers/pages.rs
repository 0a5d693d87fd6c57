//! Each path through the pages, as a customer takes it.

use unicrm::sandbox::{NIMBLE_KEY, NUTSHELL_KEY, NUTSHELL_USERNAME};

use crate::chromium::Chromium;
use crate::product::World;

#[tokio::test]
async fn somebody_chooses_nutshell_mistypes_the_key_and_gets_it_right() {
    let world = World::start().await;
    let chromium = Chromium::start().await;
    let tab = chromium.open(&world.address("").await).await;
    tab.says("Connect your CRM").await;
    assert_eq!(tab.value("location.search").await, "", "no token stays in the address");
    tab.picture("chooser").await;
    tab.click("a[href$='/crm/nutshell']").await;
    tab.says("Connect Nutshell").await;
    tab.picture("key").await;
    tab.fill("#field-username", NUTSHELL_USERNAME).await;
    tab.fill("#field-api_key", "not-the-key").await;
    assert_eq!(tab.value("document.querySelector('#field-api_key').type").await, "password");
    tab.click("[data-reveal]").await;
    assert_eq!(tab.value("document.querySelector('#field-api_key').type").await, "text");
    tab.click("button[type=submit]").await;
    tab.says("Nutshell doesn't accept this").await;
    tab.picture("key-refused").await;
    tab.fill("#field-api_key", NUTSHELL_KEY).await;
    tab.click("button[type=submit]").await;
    tab.says("Nutshell is connected").await;
    tab.picture("connected").await;
    assert_eq!(world.account().await["integration"]["name"], "nutshell");
    chromium.end().await;
}

#[tokio::test]
async fn somebody_signs_in_at_each_crm_that_asks_for_consent() {
    for (crm, label) in [("capsule", "Capsule"), ("nimble", "Nimble")] {
        let world = World::start().await;
        let chromium = Chromium::start().await;
        let tab = chromium.open(&world.address("").await).await;
        tab.click(&format!("a[href$='/crm/{crm}']")).await;
        tab.says(&format!("Connect {label}")).await;
        tab.picture(&format!("{crm}-way")).await;
        tab.click("button.primary").await;
        tab.says("Sign in to allow access").await;
        tab.picture(&format!("{crm}-consent")).await;
        tab.click("button[value=allow]").await;
        tab.says(&format!("{label} is connected")).await;
        assert_eq!(tab.value("location.pathname + location.search").await, "/connect-account");
        assert_eq!(world.account().await["authentication_method"], "oauth2");
        chromium.end().await;
    }
}

#[tokio::test]
async fn somebody_declines_and_thinks_better_of_it() {
    let world = World::start().await;
    let chromium = Chromium::start().await;
    let tab = chromium.open(&world.address("&integration=capsule").await).await;
    tab.click("button.primary").await;
    tab.click("button[value=deny]").await;
    tab.says("You declined at Capsule").await;
    tab.picture("declined").await;
    tab.click("a.primary").await;
    tab.says("Connect Capsule").await;
    tab.click("button.primary").await;
    tab.click("button[value=allow]").await;
    tab.says("Capsule is connected").await;
    world.account().await;
    chromium.end().await;
}

#[tokio::test]
async fn a_keyboard_is_enough() {
    let world = World::start().await;
    let chromium = Chromium::start().await;
    let tab = chromium.open(&world.address("&integrations=nimble&auth_format=api_key").await).await;
    tab.says("Connect Nimble").await;
    tab.until("document.activeElement.id === 'field-api_key'").await;
    tab.0.find_element("#field-api_key").await.expect("a field").type_str(NIMBLE_KEY).await.expect("keys");
    tab.press("Enter").await;
    tab.says("Nimble is connected").await;
    world.account().await;
    chromium.end().await;
}

#[tokio::test]
async fn somebody_reconnects_and_a_used_link_says_so() {
    let world = World::start().await;
    let chromium = Chromium::start().await;
    let tab = chromium.open(&world.address("&integration=capsule").await).await;
    tab.click("button.primary").await;
    tab.click("button[value=allow]").await;
    tab.says("Capsule is connected").await;
    let id = world.account().await["id"].clone();
    let token = world.link(serde_json::json!({ "integrated_account_id": id })).await;
    let address = format!("{}/connect-account?link_token={token}", world.gateway());
    let tab = chromium.open(&address).await;
    tab.says("Reconnect Capsule").await;
    tab.picture("reconnect").await;
    tab.click("button.primary").await;
    tab.click("button[value=allow]").await;
    tab.says("Capsule is connected").await;
    assert_eq!(world.account().await["id"], id);
    chromium.end().await;

    let other = Chromium::start().await;
    let tab = other.open(&address).await;
    tab.says("This link doesn't work any more").await;
    tab.picture("link-used").await;
    other.end().await;
}
