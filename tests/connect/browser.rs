//! A browser without scripts: it keeps cookies, follows what it is sent on to, and fills in forms.

use http::Method;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::support::app::TestApp;

/// One browser, with the cookie that the gateway gave it.
#[derive(Clone)]
pub struct Browser {
    http: reqwest::Client,
    origin: String,
    pub cookie: Option<String>,
    /// Its name.
    pub name: String,
    /// Every address that it was at.
    pub visited: Vec<String>,
    /// Everything that it was answered.
    pub seen: String,
}

/// An answer that a browser got.
#[derive(Debug, Clone)]
pub struct Page {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub text: String,
}

impl Browser {
    pub fn new(app: &TestApp) -> Browser {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        let http = http.build().expect("a client");
        let origin = app.gateway.origin().to_owned();
        let (name, visited, seen) = (String::new(), Vec::new(), String::new());
        Browser { http, origin, cookie: None, name, visited, seen }
    }

    /// Makes a link token and opens the pages with it, as far as the first page.
    pub async fn open(app: &TestApp, wish: &Value, query: &str) -> (Browser, Page) {
        let token = app.gateway.post("/link-token", wish).await.ok()["link_token"].clone();
        let token = token.as_str().expect("a token");
        let mut browser = Browser::new(app);
        let page = browser.get(&format!("/connect-account?link_token={token}{query}")).await;
        let page = browser.follow(page).await;
        (browser, page)
    }

    /// The same for a new customer and this CRM.
    pub async fn at(app: &TestApp, crm: &str) -> (Browser, Page) {
        Browser::open(app, &json!({ "tenant_id": "customer-9" }), &format!("&integration={crm}")).await
    }

    pub async fn get(&mut self, address: &str) -> Page {
        self.ask(Method::GET, address, None).await
    }

    /// Sends a form of a page, with these fields in place of or beside those that are hidden in it.
    pub async fn submit(&mut self, page: &Page, action: &str, fields: &[(&str, &str)]) -> Page {
        let mut form = vec![("form_token", page.form_token())];
        form.extend(fields.iter().map(|(name, value)| (*name, (*value).to_owned())));
        self.post(action, &form).await
    }

    pub async fn post(&mut self, address: &str, fields: &[(&str, String)]) -> Page {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.ask(Method::POST, address, Some(form.finish())).await
    }

    /// Goes where it is sent on to, within the gateway.
    pub async fn follow(&mut self, mut page: Page) -> Page {
        while page.status == 303 {
            let next = page.location();
            page = self.get(&next).await;
        }
        page
    }

    /// Goes to the vendor from a CRM's page, allows or denies there, and gives the address that the vendor sends it back
    /// to.
    pub async fn consent(&mut self, page: &Page, crm: &str, decision: &'static str) -> String {
        let going = self.submit(page, &format!("/connect-account/crm/{crm}/authorize"), &[]).await;
        self.decide(&going, decision).await
    }

    /// The second half of that.
    pub async fn decide(&mut self, going: &Page, decision: &'static str) -> String {
        let vendor = going.refresh();
        let consent = self.http.get(&vendor).send().await.expect("an answer");
        assert_eq!(consent.status(), 200, "the vendor's page");
        let form = "application/x-www-form-urlencoded";
        let request = self.http.post(&vendor).header("content-type", form);
        let answer = request.body(format!("decision={decision}&password=x")).send().await.expect("an answer");
        answer.headers()["location"].to_str().expect("text").to_owned()
    }

    async fn ask(&mut self, method: Method, address: &str, form: Option<String>) -> Page {
        let url =
            if address.starts_with('/') { format!("{}{address}", self.origin) } else { address.to_owned() };
        self.visited.push(url.clone());
        let mut request = self.http.request(method, url);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("other=1; {}={cookie}", self.name));
        }
        if let Some(form) = form {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        }
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        if let Some(set) = headers.get("set-cookie") {
            let pair = set.to_str().expect("text").split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a name and a value");
            (self.name, self.cookie) = (name.to_owned(), Some(value.to_owned()));
        }
        let page = Page { status, headers, text: answer.text().await.expect("text") };
        self.seen.push_str(&page.text);
        page
    }
}

impl Page {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    pub fn location(&self) -> String {
        self.header("location").to_owned()
    }

    /// What every form of the page has in it.
    pub fn form_token(&self) -> String {
        self.after("name=\"form_token\" value=\"").unwrap_or_else(|| panic!("no form: {}", self.text))
    }

    /// Where the page sends the browser by itself.
    pub fn refresh(&self) -> String {
        let found = self.after("content=\"0;url=").unwrap_or_else(|| panic!("goes nowhere: {}", self.text));
        unescape(&found)
    }

    /// What whoever opened the pages is told.
    pub fn message(&self) -> Value {
        let found = self.after("name=\"unicrm-message\" content=\"");
        found.map_or(Value::Null, |text| serde_json::from_str(&unescape(&text)).expect("JSON"))
    }

    /// The text of an attribute, up to the quotation mark.
    pub fn after(&self, mark: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(mark)?;
        Some(rest.split_once('"')?.0.to_owned())
    }

    #[track_caller]
    pub fn assert_says(&self, status: u16, words: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        let text = unescape(&self.text);
        assert!(text.contains(words), "{words:?} in {text}");
    }
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// A parameter of an address.
pub fn parameter(address: &str, name: &str) -> Option<String> {
    let url = Url::parse(address).expect("an address");
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
