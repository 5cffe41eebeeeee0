//! Who may ask: `Authorization: Basic base64("api:KEY")`, as the official SDK sends it, or `Bearer KEY`.

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use secrecy::ExposeSecret;
use serde_json::json;
use sha2::Sha256;

use crate::Access;

/// Compares keys by their digests under a secret, so that the time taken tells nothing of how much of a key was right.
#[derive(Clone)]
pub(crate) enum Gate {
    Open,
    Key { hasher: Hmac<Sha256>, digest: Vec<u8> },
}

impl Gate {
    pub(crate) fn new(access: &Access) -> Self {
        match access {
            Access::Open => Self::Open,
            Access::Key(key) => {
                let secret: [u8; 32] = rand::random();
                let hasher = Hmac::new_from_slice(&secret).expect("HMAC takes keys of any length");
                let digest = hasher.clone().chain_update(key.expose_secret()).finalize().into_bytes().to_vec();
                Self::Key { hasher, digest }
            }
        }
    }

    /// Whether a request with these headers may be answered.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        match self {
            Self::Open => true,
            Self::Key { hasher, digest } => {
                key_of(headers).is_some_and(|key| hasher.clone().chain_update(key).verify_slice(digest).is_ok())
            }
        }
    }
}

fn key_of(headers: &HeaderMap) -> Option<Vec<u8>> {
    let (scheme, credentials) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("basic") {
        let pair = BASE64_STANDARD.decode(credentials.trim()).ok()?;
        let colon = pair.iter().position(|byte| *byte == b':')?;
        Some(pair[colon + 1..].to_vec())
    } else if scheme.eq_ignore_ascii_case("bearer") {
        Some(credentials.trim().as_bytes().to_vec())
    } else {
        None
    }
}

/// The answer to a request without the right key. `errors` is what wandb-core reads aloud; `error` is the service's own form.
pub(crate) fn unauthorized() -> Response {
    let message = "user is not logged in";
    let advice = format!("{message}: the API key is missing or is not the one that this server was started with");
    let body = json!({"error": message, "errors": [{"message": advice}]});
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"runlake\"")], Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(authorization: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, authorization.parse().unwrap())])
    }

    #[test]
    fn the_right_key_in_either_form() {
        let gate = Gate::new(&Access::Key("secret-key".into()));
        let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
        assert!(gate.admits(&headers(&basic("api:secret-key"))));
        assert!(gate.admits(&headers("Bearer secret-key")));
        for wrong in [basic("api:secret-kez"), basic("api:"), basic("secret-key"), "Bearer secret".to_owned(), "Basic %".to_owned()] {
            assert!(!gate.admits(&headers(&wrong)), "{wrong}");
        }
        assert!(!gate.admits(&HeaderMap::new()));
        assert!(Gate::new(&Access::Open).admits(&HeaderMap::new()));
    }
}
