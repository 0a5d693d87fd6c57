//! `unicrm sandbox`: the sandbox CRMs without a gateway, for whoever tests against them.

use std::net::SocketAddr;

use super::shutdown::Shutdown;
use super::{Failure, Outcome};
use crate::sandbox::{CAPSULE_TOKEN, NUTSHELL_KEY, NUTSHELL_USERNAME, Sandbox};

/// Runs the sandbox CRMs until the process is asked to stop.
pub async fn run(capsule: SocketAddr, nutshell: SocketAddr) -> Outcome {
    let unable = |name: &str, address: SocketAddr, error: std::io::Error| {
        Failure::new(format!("the sandbox {name} can't listen on {address}: {error}"))
    };
    let capsule = Sandbox::capsule(capsule).await.map_err(|error| unable("Capsule", capsule, error))?;
    let nutshell = Sandbox::nutshell(nutshell).await.map_err(|error| unable("Nutshell", nutshell, error))?;
    let shutdown = Shutdown::listen()?;
    println!("sandbox Capsule   {}/api/v2", capsule.origin());
    println!("token             {CAPSULE_TOKEN}");
    println!(
        "try               curl -H 'Authorization: Bearer {CAPSULE_TOKEN}' {}/api/v2/parties?perPage=2",
        capsule.origin()
    );
    println!("use from serve    UNICRM_PROVIDER_CAPSULE_ORIGIN={} unicrm serve", capsule.origin());
    println!();
    println!("sandbox Nutshell  {0}/api/v1/json and {0}/rest", nutshell.origin());
    println!("user and key      {NUTSHELL_USERNAME}:{NUTSHELL_KEY}");
    println!(
        "try               curl -u {NUTSHELL_USERNAME}:{NUTSHELL_KEY} {}/api/v1/json -d '{{\"method\":\"getUser\"}}'",
        nutshell.origin()
    );
    println!("use from serve    UNICRM_PROVIDER_NUTSHELL_ORIGIN={} unicrm serve", nutshell.origin());
    shutdown.requested().await;
    capsule.stop().await;
    nutshell.stop().await;
    Ok(())
}
