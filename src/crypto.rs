//! Encryption at rest, sealed texts that leave the gateway, and tokens.
//!
//! Owns the master keys and everything that is done with them. The first key encrypts, all of them decrypt, so
//! a key is rotated by putting the new one in front and letting old rows be sealed again. A sealed value is
//! bound to what it belongs to (the associated data): moved to another row, it doesn't open.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const NONCE: usize = 24;

/// Why a key or a sealed value was refused. Never says anything of the value itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// A master key isn't 32 bytes of base64.
    #[error("master key {position} is not 32 bytes in base64; `head -c 32 /dev/urandom | base64` makes one")]
    BadKey {
        /// Which of the keys, counted from 1.
        position: usize,
    },
    /// No key was given.
    #[error("no master key: set UNICRM_MASTER_KEYS (`head -c 32 /dev/urandom | base64` makes one)")]
    NoKey,
    /// The value was sealed with a key that isn't among the present ones.
    #[error("sealed with key {0}, which is not in UNICRM_MASTER_KEYS; add that key behind the present one")]
    UnknownKey(String),
    /// The value was changed, cut, or belongs to something else.
    #[error("the sealed value does not open: it was changed or belongs to another record")]
    Refused,
    /// The system gave no random bytes.
    #[error("the system's random source failed: {0}")]
    Random(String),
}

/// A value encrypted at rest, with the id of its key beside it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Which master key opens it.
    pub key_id: String,
    /// Nonce and ciphertext.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({}, {} bytes)", self.key_id, self.bytes.len())
    }
}

struct MasterKey {
    id: String,
    cipher: XChaCha20Poly1305,
    text_cipher: XChaCha20Poly1305,
}

impl MasterKey {
    fn new(key: &[u8; 32]) -> Self {
        MasterKey {
            id: hex(&derive(b"unicrm key id", key))[..12].to_owned(),
            cipher: XChaCha20Poly1305::new(&derive(b"unicrm rows", key)),
            text_cipher: XChaCha20Poly1305::new(&derive(b"unicrm texts", key)),
        }
    }
}

/// A key for one purpose from a master key, so that a cursor can never pass for a stored credential.
fn derive(purpose: &[u8], key: &[u8; 32]) -> chacha20poly1305::Key {
    Sha256::new().chain_update(purpose).chain_update(key).finalize()
}

/// The master keys, newest first.
pub struct KeyRing(Vec<MasterKey>);

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl KeyRing {
    /// Reads base64 keys of 32 bytes, separated by commas.
    pub fn parse(text: &str) -> Result<Self, CryptoError> {
        let mut keys = Vec::new();
        for (index, part) in text.split(',').map(str::trim).filter(|part| !part.is_empty()).enumerate() {
            let bytes = Zeroizing::new(STANDARD.decode(part).unwrap_or_default());
            let key: Zeroizing<[u8; 32]> = Zeroizing::new(
                bytes.as_slice().try_into().map_err(|_| CryptoError::BadKey { position: index + 1 })?,
            );
            keys.push(MasterKey::new(&key));
        }
        if keys.is_empty() { Err(CryptoError::NoKey) } else { Ok(KeyRing(keys)) }
    }

    /// A new key in the form that [`KeyRing::parse`] reads.
    pub fn generate() -> Result<String, CryptoError> {
        let mut key = Zeroizing::new([0u8; 32]);
        random(key.as_mut_slice())?;
        Ok(STANDARD.encode(key.as_slice()))
    }

    /// The id of the key that encrypts: rows with another id are due for sealing again.
    pub fn current(&self) -> &str {
        &self.0[0].id
    }

    /// Encrypts a row's value; `belongs_to` must be given again to open it.
    pub fn seal(&self, plain: &[u8], belongs_to: &[u8]) -> Result<Sealed, CryptoError> {
        let key = &self.0[0];
        Ok(Sealed { key_id: key.id.clone(), bytes: encrypt(&key.cipher, plain, belongs_to)? })
    }

    /// Decrypts a row's value.
    pub fn open(&self, sealed: &Sealed, belongs_to: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let key = self
            .0
            .iter()
            .find(|key| key.id == sealed.key_id)
            .ok_or_else(|| CryptoError::UnknownKey(sealed.key_id.clone()))?;
        decrypt(&key.cipher, &sealed.bytes, belongs_to)
    }

    /// Encrypts a text that leaves the gateway and comes back, such as a cursor, in characters fit for a URL.
    pub fn seal_text(&self, plain: &[u8], belongs_to: &[u8]) -> Result<String, CryptoError> {
        Ok(URL_SAFE_NO_PAD.encode(encrypt(&self.0[0].text_cipher, plain, belongs_to)?))
    }

    /// Decrypts such a text.
    pub fn open_text(&self, text: &str, belongs_to: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CryptoError::Refused)?;
        self.0
            .iter()
            .find_map(|key| decrypt(&key.text_cipher, &bytes, belongs_to).ok())
            .ok_or(CryptoError::Refused)
    }
}

fn encrypt(cipher: &XChaCha20Poly1305, plain: &[u8], belongs_to: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let mut nonce = [0u8; NONCE];
    random(&mut nonce)?;
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: belongs_to })
        .map_err(|_| CryptoError::Refused)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn decrypt(
    cipher: &XChaCha20Poly1305,
    bytes: &[u8],
    belongs_to: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or(CryptoError::Refused)?;
    cipher
        .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: belongs_to })
        .map(Zeroizing::new)
        .map_err(|_| CryptoError::Refused)
}

/// The hash under which a token is stored.
#[derive(Debug, Clone, Copy)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// Hashes a token. Tokens are long and random, so a plain hash is enough to make a stolen table useless.
    pub fn of(token: &str) -> Self {
        TokenHash(Sha256::digest(token.as_bytes()).into())
    }

    /// Compares in constant time.
    pub fn matches(&self, other: &[u8]) -> bool {
        self.0.ct_eq(other).into()
    }
}

/// What every token of a single account begins with.
pub const ACCOUNT_TOKEN_PREFIX: &str = "unicrm_account_";

/// A new API token: 256 random bits behind a prefix that secret scanners can look for.
pub fn new_api_token() -> Result<Zeroizing<String>, CryptoError> {
    new_token("unicrm_")
}

/// A new token of a single account, the same way.
pub fn new_account_token() -> Result<Zeroizing<String>, CryptoError> {
    new_token(ACCOUNT_TOKEN_PREFIX)
}

/// A new token of an MCP server, the same way. It stands in a path, and has only characters that can.
pub fn new_mcp_token() -> Result<Zeroizing<String>, CryptoError> {
    new_token("unicrm_mcp_")
}

/// A new token that opens the connect pages once.
pub fn new_link_token() -> Result<Zeroizing<String>, CryptoError> {
    new_token("unicrm_link_")
}

/// A new secret for a browser's cookie or a form.
pub fn new_secret() -> Result<Zeroizing<String>, CryptoError> {
    new_token("")
}

fn new_token(prefix: &str) -> Result<Zeroizing<String>, CryptoError> {
    let mut bytes = Zeroizing::new([0u8; 32]);
    random(bytes.as_mut_slice())?;
    Ok(Zeroizing::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes.as_slice()))))
}

fn random(bytes: &mut [u8]) -> Result<(), CryptoError> {
    getrandom::fill(bytes).map_err(|error| CryptoError::Random(error.to_string()))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String can't fail
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(keys: &[u8]) -> KeyRing {
        let text: Vec<String> = keys.iter().map(|byte| STANDARD.encode([*byte; 32])).collect();
        KeyRing::parse(&text.join(",")).unwrap()
    }

    #[test]
    fn a_sealed_value_opens_only_for_what_it_belongs_to() {
        let keys = ring(&[1]);
        let sealed = keys.seal(b"secret", b"account 1").unwrap();
        assert_eq!(keys.open(&sealed, b"account 1").unwrap().as_slice(), b"secret");
        assert_eq!(keys.open(&sealed, b"account 2").unwrap_err(), CryptoError::Refused);
    }

    #[test]
    fn old_keys_still_open_and_the_first_one_seals() {
        let old = ring(&[1]).seal(b"secret", b"").unwrap();
        let rotated = ring(&[2, 1]);
        assert_eq!(rotated.open(&old, b"").unwrap().as_slice(), b"secret");
        assert_ne!(rotated.current(), old.key_id);
        assert!(matches!(ring(&[2]).open(&old, b""), Err(CryptoError::UnknownKey(_))));
    }

    #[test]
    fn a_changed_text_is_refused() {
        let keys = ring(&[1]);
        let text = keys.seal_text(b"page 2", b"op").unwrap();
        assert_eq!(keys.open_text(&text, b"op").unwrap().as_slice(), b"page 2");
        for position in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(keys.open_text(&changed, b"op").is_err() || changed == text, "position {position}");
        }
        assert!(keys.open_text("", b"op").is_err());
        assert!(keys.open_text("not base64!", b"op").is_err());
    }

    #[test]
    fn a_bad_master_key_is_named_by_its_position_and_not_shown() {
        let good = STANDARD.encode([1u8; 32]);
        let error = KeyRing::parse(&format!("{good},c2hvcnQ=")).unwrap_err();
        assert_eq!(error, CryptoError::BadKey { position: 2 });
        assert!(!error.to_string().contains("c2hvcnQ"));
        assert_eq!(KeyRing::parse(" , ").unwrap_err(), CryptoError::NoKey);
    }
}
