//! Hosts that the gateway doesn't call.

use unicrm::error::{Effect, Kind, Retry};
use unicrm::outbound::OutboundSettings;

use crate::Stage;
use crate::vendor::Vendor;

#[tokio::test]
async fn an_address_beside_the_gateway_is_not_called_unless_the_operator_allows_it() {
    let vendor = Vendor::start([]).await;
    let origin = vendor.origin();
    let port = origin.rsplit(':').next().expect("a port");
    // A name is judged by what it resolves to.
    for host in ["127.0.0.1", "localhost", "[::1]", "169.254.169.254"] {
        let stage = Stage::guarded(&format!("http://{host}:{port}"), OutboundSettings::default());
        let error = stage.read().await.unwrap_err();
        assert_eq!((error.kind(), error.effects()), (Kind::Unreachable, Effect::None), "{host}");
        assert_eq!(error.retries(), Retry::Never, "{host}");
        assert!(error.message().contains("no public address"), "{host}: {error}");
    }
    assert_eq!(vendor.seen().len(), 0);
}
