//! Whether everybody can use the pages: axe-core looks for what gets in somebody's way.

use serde_json::Value;

use crate::chromium::{Chromium, Tab};
use crate::product::World;

/// What axe-core finds on a page that is serious or worse.
async fn serious(tab: &Tab, axe: &str) -> Vec<String> {
    // By the protocol and not as a tag in the page: the page's policy lets no other script in.
    tab.0.evaluate_expression(axe).await.expect("axe-core");
    tab.0
        .evaluate_expression(
            "window.found = null; axe.run().then((found) => { window.found = found.violations; })",
        )
        .await
        .expect("a run");
    tab.until("!!window.found").await;
    let found = tab.value("window.found").await;
    let found = found.as_array().expect("a list").iter();
    let serious = found.filter(|it| matches!(it["impact"].as_str(), Some("serious" | "critical")));
    serious.map(|it| format!("{}: {} {}", it["id"], it["help"], nodes(it))).collect()
}

fn nodes(violation: &Value) -> String {
    let nodes = violation["nodes"].as_array().cloned().unwrap_or_default();
    nodes.iter().filter_map(|node| node["html"].as_str()).collect::<Vec<_>>().join(" | ")
}

/// If `UNICRM_TEST_AXE` names axe-core's script.
#[tokio::test]
async fn axe_finds_nothing_serious_on_any_page_in_light_and_dark() {
    let Some(path) = std::env::var_os("UNICRM_TEST_AXE") else {
        println!("UNICRM_TEST_AXE names no script of axe-core: not checked");
        return;
    };
    let axe = std::fs::read_to_string(path).expect("axe-core");
    let world = World::start().await;
    let chromium = Chromium::start().await;
    for scheme in ["light", "dark"] {
        let tab = chromium.open("about:blank").await;
        let media = chromium_media(scheme);
        tab.0.emulate_media_features(media).await.expect("a scheme");
        tab.0.goto(world.address("").await).await.expect("a page");
        tab.says("Connect your CRM").await;
        let mut found = serious(&tab, &axe).await;
        for crm in ["nutshell", "capsule"] {
            tab.0.goto(format!("{}/connect-account/crm/{crm}", world.gateway())).await.expect("a page");
            tab.says("Connect").await;
            found.extend(serious(&tab, &axe).await);
        }
        tab.value("document.querySelector('details').open = true").await;
        found.extend(serious(&tab, &axe).await);
        tab.picture(&format!("capsule-key-{scheme}")).await;
        tab.fill("#field-api_key", "wrong").await;
        tab.click(".other button[type=submit]").await;
        tab.says("Capsule doesn't accept this").await;
        found.extend(serious(&tab, &axe).await);
        tab.picture(&format!("capsule-refused-{scheme}")).await;
        tab.click("button.primary").await;
        tab.click("button[value=deny]").await;
        tab.says("You declined").await;
        found.extend(serious(&tab, &axe).await);
        tab.click("a.primary").await;
        tab.click("button.primary").await;
        tab.click("button[value=allow]").await;
        tab.says("Capsule is connected").await;
        found.extend(serious(&tab, &axe).await);
        tab.picture(&format!("connected-{scheme}")).await;
        assert!(found.is_empty(), "{scheme}:\n{}", found.join("\n"));
    }
    chromium.end().await;
}

fn chromium_media(scheme: &str) -> Vec<chromiumoxide::cdp::browser_protocol::emulation::MediaFeature> {
    vec![chromiumoxide::cdp::browser_protocol::emulation::MediaFeature::new("prefers-color-scheme", scheme)]
}
