//! A gateway that runs as a process of its own, with a vendor that is the test, and calls for it.

use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::process::{DataDir, Running, unicrm};
use crate::vendor::Vendor;

pub const TOKEN: &str = "a-token-for-the-tests-of-commands";

/// A gateway whose Capsule is the test.
pub struct Gateway {
    pub process: Running,
    pub url: String,
}

impl Gateway {
    pub fn start(dir: &DataDir, vendor: &Vendor, settings: &[(&str, &str)]) -> Gateway {
        let mut command = unicrm(dir);
        command.arg("serve").env("UNICRM_BOOTSTRAP_TOKEN", TOKEN).envs(settings.iter().copied());
        command
            .env("UNICRM_PROVIDER_CAPSULE_ORIGIN", &vendor.origin)
            .env("UNICRM_PROVIDER_CAPSULE_CLIENT_ID", "an app")
            .env("UNICRM_PROVIDER_CAPSULE_CLIENT_SECRET", "its secret");
        let mut process = Running::start(&mut command);
        let line = process.until("unicrm listens on");
        let url = line.split_whitespace().find(|word| word.starts_with("http")).expect("a URL").to_owned();
        Gateway { process, url }
    }

    pub fn curl(&self, path: &str) -> Command {
        let mut command = Command::new("curl");
        let bearer = format!("Authorization: Bearer {TOKEN}");
        command.args(["-sS", "-m", "30", "-w", "\n%{http_code}", "-H", &bearer]);
        command.arg(format!("{}{path}", self.url)).stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }

    pub fn get(&self, path: &str) -> Answer {
        answered(self.curl(path).stderr(Stdio::null()).spawn().expect("curl"))
    }

    /// Connects an account, and gives its id.
    pub fn import(&self, context: &Value, method: &str) -> String {
        let found = self.get("/environment-integration?integration.name=capsule");
        let body = json!({
            "tenant_id": "customer-1", "authentication_method": method, "context": context,
            "environment_integration_id": found.body["result"][0]["id"],
        });
        let sent = self.curl("/integrated-account").args(["-d", &body.to_string()]).spawn().expect("curl");
        answered(sent).body["id"].as_str().expect("an account").to_owned()
    }
}

/// What curl was answered.
pub struct Answer {
    pub status: String,
    pub body: Value,
}

/// Waits for the answer.
pub fn answered(curl: Child) -> Answer {
    let output = curl.wait_with_output().expect("curl's end");
    let text = String::from_utf8(output.stdout).expect("text");
    let (body, status) = text.rsplit_once('\n').expect("a status");
    Answer { status: status.to_owned(), body: serde_json::from_str(body).unwrap_or_default() }
}
