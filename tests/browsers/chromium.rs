//! One headless Chromium, and what tests do with its pages.

use std::path::{Path, PathBuf};

use chromiumoxide::browser::{Browser, BrowserConfig};
use chromiumoxide::cdp::browser_protocol::emulation::{
    ClearDeviceMetricsOverrideParams, SetDeviceMetricsOverrideParams,
};
use chromiumoxide::cdp::js_protocol::runtime::EvaluateParams;
use chromiumoxide::layout::Point;
use chromiumoxide::page::ScreenshotParams;
use chromiumoxide::{Element, Page};
use futures::StreamExt;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::support::app::eventually;

/// A running browser with a profile of its own. Dropping it ends it.
pub struct Chromium {
    browser: Browser,
    handling: JoinHandle<()>,
    profile: PathBuf,
}

impl Chromium {
    pub async fn start() -> Chromium {
        let profile = std::env::temp_dir().join(format!("unicrm-chromium-{}", std::process::id()));
        let places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
        let program = places.into_iter().find(|place| Path::new(place).exists());
        let program = program.expect("these tests need a Chromium: apt-get install chromium");
        let config = BrowserConfig::builder()
            .chrome_executable(program)
            .user_data_dir(&profile)
            // The tests' machine may run them as root, where Chromium's own sandbox doesn't work.
            .no_sandbox()
            .arg("disable-dev-shm-usage")
            .arg("disable-gpu")
            // A frame of another site in the same process can be looked into from its page.
            .arg("disable-site-isolation-trials")
            .arg("disable-features=IsolateOrigins,site-per-process")
            .launch_timeout(std::time::Duration::from_secs(60))
            .viewport(None)
            .window_size(1100, 800);
        let (browser, mut handler) =
            Browser::launch(config.build().expect("a configuration")).await.expect("a browser that starts");
        let handling = tokio::spawn(async move { while handler.next().await.is_some() {} });
        Chromium { browser, handling, profile }
    }

    pub async fn open(&self, url: &str) -> Tab {
        Tab(self.browser.new_page(url).await.expect("a page"))
    }

    /// A window that a page has opened, once it shows something of this origin.
    pub async fn window_at(&self, origin: &str, besides: &Tab) -> Tab {
        let mut found = None;
        eventually("a window is opened", async || {
            for page in self.browser.pages().await.unwrap_or_default() {
                let there = page.url().await.ok().flatten().is_some_and(|url| url.starts_with(origin));
                if page.target_id() != besides.0.target_id() && there {
                    found = Some(Tab(page));
                    return true;
                }
            }
            false
        })
        .await;
        found.expect("a window")
    }

    /// Ends it in order.
    pub async fn end(mut self) {
        let _ = self.browser.close().await;
        let _ = self.browser.wait().await;
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        self.handling.abort();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

/// A page in the browser.
#[derive(Clone)]
pub struct Tab(pub Page);

impl Tab {
    /// What an expression of the page comes to; null while the page is being replaced by another.
    pub async fn value(&self, expression: &str) -> Value {
        let found = self.0.evaluate_expression(expression).await;
        found.ok().and_then(|found| found.value().cloned()).unwrap_or_default()
    }

    /// Waits until an expression holds.
    pub async fn until(&self, expression: &str) {
        let mut seen = String::new();
        let waited = tokio::time::timeout(std::time::Duration::from_secs(30), async {
            while self.value(expression).await != true {
                seen = self.text().await;
                tokio::task::yield_now().await;
            }
        });
        if waited.await.is_err() {
            panic!(
                "within 30 seconds: {expression}; the page is at {:?} and says {seen:?}",
                self.0.url().await
            );
        }
    }

    /// Waits until the page says something.
    pub async fn says(&self, words: &str) {
        self.until(&format!("!!document.body && document.body.innerText.includes({})", Value::from(words)))
            .await;
    }

    /// The same in the page's frame of this origin.
    pub async fn value_in_frame(&self, origin: &str, expression: &str) -> Value {
        for frame in self.0.frames().await.unwrap_or_default() {
            let url = self.0.frame_url(frame.clone()).await.ok().flatten().unwrap_or_default();
            let context = self.0.frame_execution_context(frame).await.ok().flatten();
            if let Some(context) = context.filter(|_| url.starts_with(origin)) {
                let asked = EvaluateParams::builder().expression(expression).context_id(context).build();
                let found = self.0.evaluate_expression(asked.expect("an expression")).await;
                return found.ok().and_then(|found| found.value().cloned()).unwrap_or_default();
            }
        }
        Value::Null
    }

    /// Clicks on something in the page's frame of this origin, which covers the page.
    pub async fn click_in_frame(&self, origin: &str, selector: &str) {
        let centre = format!(
            "(() => {{ const at = document.querySelector({})?.getBoundingClientRect(); \
             return at?.width && document.readyState === 'complete' ? [at.x + at.width / 2, at.y + at.height / 2] : null; }})()",
            Value::from(selector)
        );
        let mut found = Value::Null;
        eventually("something to click on in the frame", async || {
            found = self.value_in_frame(origin, &centre).await;
            found.is_array()
        })
        .await;
        let at = |index: usize| found[index].as_f64().expect("a number");
        self.0.click(Point::new(at(0), at(1))).await.expect("a click");
    }

    pub async fn text(&self) -> String {
        let text = self.value("document.body ? document.body.innerText : ''").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    async fn element(&self, selector: &str) -> Element {
        self.until(&format!("!!document.querySelector({})", Value::from(selector))).await;
        self.0.find_element(selector).await.unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    pub async fn click(&self, selector: &str) {
        self.element(selector).await.click().await.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    pub async fn fill(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        element.click().await.expect("a click");
        element.type_str(text).await.expect("keys");
    }

    /// Presses a key in whatever has the focus.
    pub async fn press(&self, key: &str) {
        self.element(":focus").await.press_key(key).await.expect("a key");
    }

    /// Keeps pictures of the page, if somebody wants to look at them.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("UNICRM_TEST_SHOTS") else { return };
        for (place, width, height) in [("desk", 1100, 760), ("phone", 390, 760)] {
            let metrics = SetDeviceMetricsOverrideParams::new(width, height, 1.0, width < 600);
            self.0.execute(metrics).await.expect("a size");
            let path = PathBuf::from(&folder).join(format!("{name}-{place}.png"));
            self.0.save_screenshot(ScreenshotParams::builder().build(), path).await.expect("a picture");
        }
        self.0.execute(ClearDeviceMetricsOverrideParams::default()).await.expect("the size again");
    }
}
