//! A server that speaks TLS with a certificate of its own making.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

/// For 127.0.0.1, good until 2126, and signed by nobody. The key is no secret: it opens nothing.
const CERTIFICATE: &[u8] = include_bytes!("untrusted.pem");
const KEY: &[u8] = include_bytes!("untrusted.key");

/// Listens for as long as the process runs.
pub struct Untrusted(SocketAddr);

impl Untrusted {
    pub fn start() -> Untrusted {
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE).expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(KEY).expect("its key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a certificate with its key");
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut tls = ServerConnection::new(config.clone()).expect("a connection of TLS");
                while tls.is_handshaking() && tls.complete_io(&mut stream).is_ok() {}
            }
        });
        Untrusted(address)
    }

    pub fn origin(&self) -> String {
        format!("https://{}", self.0)
    }
}
