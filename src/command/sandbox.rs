//! `unicrm sandbox`: the sandbox CRMs without a gateway, for whoever tests against them.

use std::net::SocketAddr;

use super::shutdown::Shutdown;
use super::{Failure, Outcome};
use crate::sandbox::{CAPSULE_TOKEN, Sandbox};

/// Runs the sandbox CRMs until the process is asked to stop.
pub async fn run(capsule: SocketAddr) -> Outcome {
    let sandbox = Sandbox::capsule(capsule)
        .await
        .map_err(|error| Failure::new(format!("the sandbox Capsule can't listen on {capsule}: {error}")))?;
    let shutdown = Shutdown::listen()?;
    println!("sandbox Capsule   {}/api/v2", sandbox.origin());
    println!("token             {CAPSULE_TOKEN}");
    println!(
        "try               curl -H 'Authorization: Bearer {CAPSULE_TOKEN}' {}/api/v2/parties?perPage=2",
        sandbox.origin()
    );
    println!("use from serve    UNICRM_PROVIDER_CAPSULE_ORIGIN={} unicrm serve", sandbox.origin());
    shutdown.requested().await;
    sandbox.stop().await;
    Ok(())
}
