//! `unicrm sandbox`: the sandbox CRMs without a gateway, for whoever tests against them.

use std::net::SocketAddr;

use super::shutdown::Shutdown;
use super::{Failure, Outcome};
use crate::sandbox::{CAPSULE_TOKEN, NIMBLE_KEY, NUTSHELL_KEY, NUTSHELL_USERNAME, Sandbox};

/// Runs the sandbox CRMs until the process is asked to stop.
pub async fn run(capsule: SocketAddr, nimble: SocketAddr, nutshell: SocketAddr) -> Outcome {
    let sandboxes = [
        listening("Capsule", capsule, Sandbox::capsule(capsule).await)?,
        listening("Nimble", nimble, Sandbox::nimble(nimble).await)?,
        listening("Nutshell", nutshell, Sandbox::nutshell(nutshell).await)?,
    ];
    let shutdown = Shutdown::listen()?;
    let [capsule, nimble, nutshell] = &sandboxes;
    introduce("Capsule", capsule, CAPSULE_TOKEN, "/api/v2", "/parties?perPage=2");
    introduce("Nimble", nimble, NIMBLE_KEY, "/api/v1", "/contacts?per_page=2");
    let (origin, login) = (nutshell.origin(), format!("{NUTSHELL_USERNAME}:{NUTSHELL_KEY}"));
    println!("sandbox Nutshell  {origin}/api/v1/json and {origin}/rest");
    println!("user and key      {login}");
    println!("try               curl -u {login} {origin}/api/v1/json -d '{{\"method\":\"getUser\"}}'");
    println!("use from serve    UNICRM_PROVIDER_NUTSHELL_ORIGIN={origin} unicrm serve");
    shutdown.requested().await;
    for sandbox in sandboxes {
        sandbox.stop().await;
    }
    Ok(())
}

fn listening(label: &str, at: SocketAddr, started: std::io::Result<Sandbox>) -> Result<Sandbox, Failure> {
    started.map_err(|error| Failure::new(format!("the sandbox {label} can't listen on {at}: {error}")))
}

fn introduce(label: &str, sandbox: &Sandbox, token: &str, base: &str, list: &str) {
    let origin = sandbox.origin();
    let setting = format!("UNICRM_PROVIDER_{}_ORIGIN", label.to_uppercase());
    println!("{:<18}{origin}{base}", format!("sandbox {label}"));
    println!("token             {token}");
    println!("try               curl -H 'Authorization: Bearer {token}' '{origin}{base}{list}'");
    println!("use from serve    {setting}={origin} unicrm serve\n");
}
