//! One fault befalls the reads or the writes of all providers: what callers get meanwhile, and what is left afterwards.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use unicrm::sandbox::Sandbox;
use url::Url;

use crate::answers::{self, Answer};
use crate::faults::{Fault, How, LARGEST_ANSWER};
use crate::line::{Befalls, Line};
use crate::support::app::{AccountSetup, Gateway, Setup, TestApp, for_account, shipped};
use crate::support::client::{Client, Reply};
use crate::tls;
use crate::wires::{Call, WIRES, Wire, key, providers, settings, twin};

/// What an answer says of a write that the vendor may have carried out.
pub const IN_DOUBT: &str = "It may have been done all the same";

/// Reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Read,
    Write,
}

impl Side {
    pub fn name(self) -> &'static str {
        match self {
            Side::Read => "read",
            Side::Write => "write",
        }
    }

    /// What is called: of the reads also a write that reads before it writes.
    fn calls(self, wire: &Wire) -> Vec<Call> {
        let before = wire.writes.iter().filter(|call| call.name == "unified update");
        match self {
            Side::Read => wire.reads.iter().chain(before).copied().collect(),
            Side::Write => wire.writes.to_vec(),
        }
    }

    fn befallen(self) -> Befalls {
        match self {
            Side::Read => Befalls::Reads,
            Side::Write => Befalls::Writes,
        }
    }
}

/// A gateway, and for each provider a line to a twin.
pub struct Stage {
    pub app: TestApp,
    vendors: Vec<Vendor>,
}

/// A twin behind a line.
pub struct Vendor {
    pub provider: &'static str,
    pub line: Line,
    pub sandbox: Sandbox,
}

impl Stage {
    pub async fn start() -> Stage {
        let mut setup = Setup::default()
            .account(AccountSetup::None)
            .setting("UNICRM_MAX_ANSWER_BYTES", LARGEST_ANSWER.to_string());
        let mut vendors = Vec::new();
        for provider in providers() {
            let sandbox = twin(provider).await;
            let line = Line::to(&sandbox.origin()).await;
            for (name, value) in settings(provider, &line.origin()) {
                setup = setup.setting(name, value);
            }
            vendors.push(Vendor { provider, line, sandbox });
        }
        // The sandbox that the harness would start for the first provider isn't needed.
        let first = vendors[0].line.origin();
        Stage {
            app: TestApp::with(Setup { provider: vendors[0].provider, ..setup }.at(first)).await,
            vendors,
        }
    }

    pub fn vendor(&self, provider: &str) -> &Vendor {
        self.vendors.iter().find(|vendor| vendor.provider == provider).expect("a vendor of the stage")
    }

    /// Another account, so that what befalls it is its own.
    pub async fn account(&self, provider: &str) -> String {
        let imported = self.app.import(provider, "api_key", key(provider)).await;
        imported.ok()["id"].as_str().expect("an id").to_owned()
    }
}

/// A call of an account's, with what it needs.
struct Cell {
    name: String,
    provider: &'static str,
    call: Call,
    /// By which the vendor knows its write from others, and its key for repeats.
    mark: String,
    id: String,
    account: String,
    /// Reads what is there, to see whether the account works.
    probe: Call,
}

impl Cell {
    async fn prepare(stage: &Stage, wire: &Wire, fault: &Fault, call: Call) -> Cell {
        static COUNT: AtomicUsize = AtomicUsize::new(1);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let account = stage.account(wire.provider).await;
        let mut id = String::new();
        if call.takes_record() {
            let (path, body) = Call::creation();
            let body = body(&format!("Before{count}"));
            let made = stage.app.gateway.post(&for_account(path, &account), &body).await.ok();
            id = made["result"]["id"].as_str().or(made["id"].as_str()).expect("an id").to_owned();
        }
        let name = format!("{}::{}::{}: {}", fault.slug(), wire.provider, wire.name, call.name);
        Cell {
            name,
            provider: wire.provider,
            call,
            mark: format!("Mark{count}X"),
            id,
            account,
            probe: wire.reads[1],
        }
    }

    /// Performs the call. Its answer may break off, and isn't whole then.
    async fn perform(&self, gateway: &Client, patience: Option<u32>) -> (Reply, bool) {
        let path = for_account(&self.call.path(&self.id), &self.account);
        let mut request = gateway.request(self.call.method(), &path);
        if let Some(body) = self.call.body(&self.mark) {
            request = request.header("idempotency-key", &self.mark);
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        if let Some(seconds) = patience {
            request = request.header("x-request-timeout", seconds);
        }
        gateway.send_through(request).await
    }

    /// What is documented for this call.
    fn expected(&self, fault: &Fault, side: Side) -> Answer {
        let row = answers::of(fault.name);
        let answer = match side {
            Side::Read => row.read,
            Side::Write => row.write,
        };
        if (answer.passed_on || answer.breaks_off) && self.call.is_verbatim {
            return Answer { status: 200, says_when: false, in_doubt: false, ..answer };
        }
        Answer { breaks_off: false, ..answer }
    }

    fn assert_documented(&self, (reply, is_whole): &(Reply, bool), expected: Answer) {
        let name = &self.name;
        assert_eq!(*is_whole, !expected.breaks_off, "{name}: whether the answer is whole");
        let label = &shipped().providers[self.provider].manifest.label;
        assert_eq!(reply.status, expected.status, "{name}: {}", reply.text());
        let when = reply.header("retry-after");
        if expected.says_when {
            assert!(when.parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds)), "{name}: {when:?}");
        } else {
            assert!(when.is_empty() || expected.status == 429, "{name}: Retry-After: {when}");
        }
        if expected.status < 400 {
            return;
        }
        let body = reply.remote_error(expected.status);
        let message = body["message"].as_str().expect("a message");
        assert!(message.contains(label.as_str()) && message.len() > label.len() + 10, "{name}: {message}");
        assert_eq!(message.contains(IN_DOUBT), expected.in_doubt, "{name}: {message}");
    }

    /// How often the vendor was given the write, and how often it has received it.
    fn acted(&self, stage: &Stage) -> usize {
        let Vendor { line, sandbox, .. } = stage.vendor(self.provider);
        let asked = line.passed_on();
        let passed_on = asked.iter().filter(|asked| asked.writes() && asked.says(&self.mark)).count();
        let received = sandbox.recorder().requests();
        let received = received
            .iter()
            .filter(|request| request.body.windows(self.mark.len()).any(|part| part == self.mark.as_bytes()));
        assert_eq!(received.count(), passed_on, "{}: by line and by twin", self.name);
        assert_eq!(line.applied(&self.mark) as usize, passed_on, "{}: the twin does it", self.name);
        passed_on
    }
}

/// Has a fault befall the reads or the writes of all providers.
pub async fn befall(fault: &'static Fault, side: Side) {
    let stage = Stage::start().await;
    let mut cells = Vec::new();
    for wire in WIRES {
        for call in side.calls(wire) {
            cells.push(Cell::prepare(&stage, wire, fault, call).await);
        }
    }
    let elsewhere = under(&stage, fault).await;
    let gateway = elsewhere.as_ref().map_or(&stage.app.gateway, |(gateway, _)| &gateway.client);
    for vendor in &stage.vendors {
        vendor.line.befall(fault, side.befallen());
    }
    let replies = join_all(cells.iter().map(|cell| cell.perform(gateway, fault.patience))).await;
    for vendor in &stage.vendors {
        vendor.line.mend().await;
        assert_eq!(vendor.line.strays(), 0, "nobody follows a redirect");
    }
    for (cell, heard) in cells.iter().zip(&replies) {
        let expected = cell.expected(fault, side);
        println!("{}", cell.name);
        cell.assert_documented(heard, expected);
        let (reply, _) = heard;
        if side == Side::Read {
            let writes = cell.call.body("").is_some() && reply.status == 200;
            assert_eq!(cell.acted(&stage), usize::from(writes), "{}: the vendor was asked", cell.name);
        } else {
            let acted = cell.acted(&stage);
            assert_eq!(acted, usize::from(fault.acts(1)), "{}: the vendor was asked", cell.name);
            assert!(acted == 0 || reply.status == 200 || expected.in_doubt, "{}: it acted", cell.name);
        }
    }
    gateway.get("/health").await.ok();
    // The gateway that was there before works as well as ever, with every account.
    let after = join_all(cells.iter().map(|cell| recover(&stage, cell, fault, side)));
    after.await;
}

/// Holds that the account works again, and that the same write sent again under its key is carried out if it certainly
/// wasn't, and else isn't.
async fn recover(stage: &Stage, cell: &Cell, fault: &Fault, side: Side) {
    let (name, gateway) = (&cell.name, &stage.app.gateway);
    let account = gateway.get(&format!("/integrated-account/{}", cell.account)).await.ok();
    assert_eq!(account["status"], "active", "{name}: {account}");
    let expected = cell.expected(fault, side);
    let (again, is_whole) = cell.perform(gateway, None).await;
    assert!(is_whole, "{name}, again");
    if again.status == 429 && expected.status == 429 && !again.header("retry-after").is_empty() {
        // The vendor didn't say when, and is left alone for half a minute.
        return;
    }
    if side == Side::Read {
        again.ok();
        assert_eq!(cell.acted(stage), usize::from(cell.call.body("").is_some()), "{name}, again");
        return;
    }
    let status = if expected.in_doubt { expected.status } else { 200 };
    assert_eq!(again.status, status, "{name}, again: {}", again.text());
    let may_be_done = expected.in_doubt || expected.passed_on;
    let done = usize::from(!may_be_done || fault.acts(1));
    assert_eq!(cell.acted(stage), done, "{name}, again");
    gateway.get(&for_account(&cell.probe.path(""), &cell.account)).await.ok();
}

/// A gateway for which the vendor is where the fault says, if it says so, and what listens there.
async fn under(stage: &Stage, fault: &Fault) -> Option<(Gateway, Option<tls::Untrusted>)> {
    let untrusted = matches!(fault.how, How::Untrusted).then(tls::Untrusted::start);
    let mut settings = stage.app.settings.clone();
    for vendor in &stage.vendors {
        let origin = match (&fault.how, &untrusted) {
            (How::Nameless, _) => "http://nowhere.invalid".to_owned(),
            (How::Plain, _) => vendor.line.origin().replace("http:", "https:"),
            (How::Untrusted, Some(untrusted)) => untrusted.origin(),
            _ => return None,
        };
        let provider = settings.providers.get_mut(vendor.provider).expect("the provider's settings");
        provider.origin = Some(Url::parse(&origin).expect("an origin"));
    }
    Some((stage.app.another_gateway_with(&settings).await, untrusted))
}
