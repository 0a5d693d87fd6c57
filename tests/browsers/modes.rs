//! The three ways in which a product's site shows the pages, by our script and by the one that is published.

use serde_json::json;
use unicrm::sandbox::{NUTSHELL_KEY, NUTSHELL_USERNAME};

use crate::chromium::{Chromium, Tab};
use crate::product::{Site, World};

fn script(world: &World, token: &str, options: &str) -> String {
    format!(
        "import {{ connect }} from '{}/connect.js';\
         document.getElementById('go').onclick = () => connect('{token}', {options}).then(\
         (told) => {{ window.told = told; }}, (error) => {{ window.told = {{ failed: error.error_type }}; }});\
         document.body.dataset.ready = 'yes';",
        world.gateway()
    )
}

async fn product(world: &World, chromium: &Chromium, script: &str) -> Tab {
    world.site.connecting("/", script);
    let tab = chromium.open(&format!("{}/", world.site.origin)).await;
    tab.until("document.body && document.body.dataset.ready === 'yes'").await;
    tab
}

async fn fill_in(tab: &Tab) {
    tab.fill("#field-username", NUTSHELL_USERNAME).await;
    tab.fill("#field-api_key", NUTSHELL_KEY).await;
    tab.click("button[type=submit]").await;
}

#[tokio::test]
async fn a_popup_tells_its_opener_and_is_closed() {
    let world = World::start().await;
    let chromium = Chromium::start().await;
    let token = world.token().await;
    let tab = product(&world, &chromium, &script(&world, &token, "{ integration: 'nutshell' }")).await;
    tab.click("#go").await;
    let popup = chromium.window_at(world.gateway(), &tab).await;
    fill_in(&popup).await;
    tab.until("!!window.told").await;
    let told = tab.value("window.told").await;
    assert_eq!((&told["result"], &told["integration"]), (&json!("success"), &json!("nutshell")));
    assert_eq!(told["integrated_account_id"], world.account().await["id"]);
    chromium.end().await;
}

#[tokio::test]
async fn a_popup_goes_through_consent_and_back_and_a_denial_is_told_too() {
    let world = World::start().await;
    let chromium = Chromium::start().await;
    for (decision, expression) in [
        ("deny", "window.told?.failed === 'connection_error'"),
        ("allow", "window.told?.result === 'success'"),
    ] {
        let token = world.token().await;
        let tab = product(&world, &chromium, &script(&world, &token, "{ integration: 'capsule' }")).await;
        tab.click("#go").await;
        let popup = chromium.window_at(world.gateway(), &tab).await;
        popup.click("button.primary").await;
        popup.click(&format!("button[value={decision}]")).await;
        tab.until(expression).await;
    }
    world.account().await;
    chromium.end().await;
}

#[tokio::test]
async fn a_frame_of_another_site_goes_through_consent_in_a_window_of_its_own() {
    let world = World::start().await;
    let chromium = Chromium::start().await;
    let token = world.token().await;
    let options = "{ integration: 'capsule', mode: 'iframe' }";
    let tab = product(&world, &chromium, &script(&world, &token, options)).await;
    tab.click("#go").await;
    tab.click_in_frame(world.gateway(), "button.primary").await;
    let window = chromium.window_at(&world.capsule.origin(), &tab).await;
    window.click("button[value=allow]").await;
    tab.until("window.told?.result === 'success'").await;
    assert_eq!(tab.value("!!document.querySelector('iframe')").await, false, "the frame is gone");
    world.account().await;
    chromium.end().await;
}

#[tokio::test]
async fn a_frame_can_be_closed_and_a_site_that_is_not_allowed_sees_nothing_of_it() {
    let world = World::start().await;
    let chromium = Chromium::start().await;
    let token = world.token().await;
    let tab = product(&world, &chromium, &script(&world, &token, "{ mode: 'iframe' }")).await;
    tab.click("#go").await;
    tab.click_in_frame(world.gateway(), "[data-close]").await;
    tab.until("window.told?.failed === 'closed'").await;

    // Another site: neither framed nor told.
    let stranger = Site::start().await;
    let token = world.token().await;
    stranger.connecting("/", &script(&world, &token, "{ mode: 'iframe' }"));
    let tab = chromium.open(&format!("{}/", stranger.origin)).await;
    tab.click("#go").await;
    tab.until("!!document.querySelector('iframe')").await;
    tab.until("(() => { try { return !document.querySelector('iframe').contentDocument; } catch { return true; } })()").await;
    let seen = tab.value_in_frame(world.gateway(), "document.body.innerText").await;
    assert_eq!(seen, serde_json::Value::Null, "the browser shows none of it");
    chromium.end().await;
}

#[tokio::test]
async fn the_same_window_comes_back_with_the_outcome() {
    let world = World::start().await;
    let chromium = Chromium::start().await;
    let back = format!("{}/done", world.site.origin);
    world.site.page(
        "/done",
        "text/html",
        "<!doctype html><title>Done</title><p>Back at the product".to_owned(),
    );
    let token = world.link(json!({ "tenant_id": "t", "redirect_uri": back })).await;
    let options = "{ integration: 'nutshell', mode: 'same-window' }";
    let tab = product(&world, &chromium, &script(&world, &token, options)).await;
    tab.click("#go").await;
    tab.says("Connect Nutshell").await;
    fill_in(&tab).await;
    tab.says("Back at the product").await;
    let id = world.account().await["id"].as_str().expect("an id").to_owned();
    let expected = format!("?result=success&integration=nutshell&integrated_account_id={id}");
    assert_eq!(tab.value("location.search").await, expected);
    chromium.end().await;
}

/// `@truto/truto-link-sdk`, unmodified, if `UNICRM_TEST_LINK_SDK` names its folder.
#[tokio::test]
async fn the_published_script_works_in_a_popup_and_in_the_same_window() {
    let Some(folder) = std::env::var_os("UNICRM_TEST_LINK_SDK") else {
        println!("UNICRM_TEST_LINK_SDK names no folder of @truto/truto-link-sdk: not checked");
        return;
    };
    let path = std::path::Path::new(&folder).join("dist/main.js");
    let text = std::fs::read_to_string(&path).expect("the published script");
    let world = World::start().await;
    let chromium = Chromium::start().await;
    world.site.page("/sdk.js", "text/javascript", text);
    let back = format!("{}/done", world.site.origin);
    world.site.page(
        "/done",
        "text/html",
        "<!doctype html><title>Done</title><p>Back at the product".to_owned(),
    );
    for options in ["iframe: false", "sameWindow: true"] {
        let token = world.link(json!({ "tenant_id": "t", "redirect_uri": back })).await;
        let script = format!(
            "import authenticate from '/sdk.js';\
             document.getElementById('go').onclick = () => authenticate('{token}', {{ baseUrl: '{}', \
             integration: 'nutshell', {options} }})?.then((told) => {{ window.told = told; }}, \
             (error) => {{ window.told = {{ failed: String(error) }}; }});\
             document.body.dataset.ready = 'yes';",
            world.gateway()
        );
        let tab = product(&world, &chromium, &script).await;
        tab.click("#go").await;
        if options == "iframe: false" {
            let popup = chromium.window_at(world.gateway(), &tab).await;
            fill_in(&popup).await;
            tab.until("window.told?.result === 'success'").await;
        } else {
            tab.says("Connect Nutshell").await;
            fill_in(&tab).await;
            tab.says("Back at the product").await;
        }
    }
    assert_eq!(world.app.gateway.get("/integrated-account").await.result().len(), 2);
    chromium.end().await;
}
