//! Digests and signatures.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jsonata_core::value::JValue;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{HostFunction, HostResult, Refusal, arg, coerce};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::plain(
        "digest",
        "text, algorithm?, output?",
        "The digest of the text's UTF-8 bytes. Algorithm: SHA-1, SHA-256 (the default), SHA-384, SHA-512. Output: hex (the \
         default), base64, base64-urlSafe. Nothing for nothing.",
        digest,
    ),
    HostFunction::plain(
        "sign",
        "text, algorithm, secret, output?",
        "The HMAC of the text with the secret, both as UTF-8 bytes. Algorithms and outputs are those of $digest.",
        sign,
    ),
];

#[derive(Clone, Copy)]
enum Algorithm {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

fn algorithm(function: &str, value: &JValue) -> Result<Algorithm, Refusal> {
    let name = match value {
        nothing if coerce::is_nothing(nothing) => return Ok(Algorithm::Sha256),
        JValue::String(name) => name.to_ascii_uppercase(),
        _ => return Err(Refusal::argument(format!("${function}: the algorithm is a text"))),
    };
    match name.as_str() {
        "SHA-1" => Ok(Algorithm::Sha1),
        "SHA-256" => Ok(Algorithm::Sha256),
        "SHA-384" => Ok(Algorithm::Sha384),
        "SHA-512" => Ok(Algorithm::Sha512),
        _ => Err(Refusal::argument(format!(
            "${function}: {name:?} is none of SHA-1, SHA-256, SHA-384 and SHA-512"
        ))),
    }
}

fn digest(args: &[JValue]) -> HostResult {
    if coerce::is_nothing(arg(args, 0)) {
        return Ok(JValue::Undefined);
    }
    let text = coerce::joined_text(arg(args, 0));
    let bytes = match algorithm("digest", arg(args, 1))? {
        Algorithm::Sha1 => Sha1::digest(text).to_vec(),
        Algorithm::Sha256 => Sha256::digest(text).to_vec(),
        Algorithm::Sha384 => Sha384::digest(text).to_vec(),
        Algorithm::Sha512 => Sha512::digest(text).to_vec(),
    };
    written("digest", &bytes, arg(args, 2))
}

fn sign(args: &[JValue]) -> HostResult {
    if coerce::is_nothing(arg(args, 0)) {
        return Ok(JValue::Undefined);
    }
    let text = coerce::joined_text(arg(args, 0));
    let JValue::String(secret) = arg(args, 2) else {
        return Err(Refusal::argument("$sign: the secret is a text"));
    };
    let bytes = match algorithm("sign", arg(args, 1))? {
        Algorithm::Sha1 => mac::<Hmac<Sha1>>(secret, &text),
        Algorithm::Sha256 => mac::<Hmac<Sha256>>(secret, &text),
        Algorithm::Sha384 => mac::<Hmac<Sha384>>(secret, &text),
        Algorithm::Sha512 => mac::<Hmac<Sha512>>(secret, &text),
    }?;
    written("sign", &bytes, arg(args, 3))
}

fn mac<M: Mac + KeyInit>(secret: &str, text: &str) -> Result<Vec<u8>, Refusal> {
    let mut mac = <M as KeyInit>::new_from_slice(secret.as_bytes())
        .map_err(|_| Refusal::argument("$sign: the secret does not fit the algorithm"))?;
    mac.update(text.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

fn written(function: &str, bytes: &[u8], output: &JValue) -> HostResult {
    let text = match output {
        nothing if coerce::is_nothing(nothing) => hex(bytes),
        JValue::String(output) if &**output == "hex" => hex(bytes),
        JValue::String(output) if &**output == "base64" => STANDARD.encode(bytes),
        JValue::String(output) if &**output == "base64-urlSafe" => URL_SAFE_NO_PAD.encode(bytes),
        _ => {
            return Err(Refusal::argument(format!(
                "${function}: the output is hex, base64 or base64-urlSafe"
            )));
        }
    };
    Ok(JValue::string(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{call, try_call};

    fn texts(name: &str, args: &[&str]) -> Option<Value> {
        call(name, &args.iter().map(|arg| Some(json!(arg))).collect::<Vec<_>>())
    }

    #[test]
    fn digests_are_of_sha_256_in_hex_unless_said_otherwise() {
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(texts("digest", &["abc"]), Some(json!(sha256)));
        assert_eq!(
            texts("digest", &["abc", "SHA-1"]),
            Some(json!("a9993e364706816aba3e25717850c26c9cd0d89d"))
        );
        assert_eq!(texts("digest", &["abc", "sha-1", "base64"]), Some(json!("qZk+NkcGgWq6PiVxeFDCbJzQ2J0=")));
        assert_eq!(
            texts("digest", &["abc", "SHA-1", "base64-urlSafe"]),
            Some(json!("qZk-NkcGgWq6PiVxeFDCbJzQ2J0"))
        );
        let long = texts("digest", &["", "SHA-512"]).expect("a digest");
        assert!(long.as_str().is_some_and(|text| text.starts_with("cf83e1357eefb8bd") && text.len() == 128));
        assert_eq!(call("digest", &[None]), None);
    }

    /// RFC 4231, test case 2.
    #[test]
    fn signatures_are_hmacs() {
        let args = ["what do ya want for nothing?", "SHA-256", "Jefe"];
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(texts("sign", &args), Some(json!(expected)));
        let args = ["what do ya want for nothing?", "SHA-384", "Jefe", "hex"];
        let signed = texts("sign", &args).expect("a signature");
        assert!(signed.as_str().is_some_and(|text| text.starts_with("af45d2e376484031617f78d2b58a6b1b")));
    }

    #[test]
    fn unknown_algorithms_and_outputs_are_refused() {
        for args in [vec!["a", "MD5"], vec!["a", "SHA-256", "binary"]] {
            let args: Vec<_> = args.into_iter().map(|arg| Some(json!(arg))).collect();
            assert!(try_call("digest", &args).is_err());
        }
        assert!(try_call("sign", &[Some(json!("a")), None, None]).is_err());
    }
}
