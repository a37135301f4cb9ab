//! OpenSSL's legacy provider, which has the ciphers and digests that nothing new should use.

use std::sync::OnceLock;

use openssl::provider::Provider;

use super::table::Row;
use super::{Algorithm, Hash};

/// Loads the provider, once; whether it is there.
///
/// The usual providers stay. Nothing else changes: an algorithm that a provider has is not thereby used.
pub fn load() -> bool {
    static LEGACY: OnceLock<Option<Provider>> = OnceLock::new();
    LEGACY.get_or_init(|| Provider::try_load(None, "legacy", true).ok()).is_some()
}

/// The algorithms of the tables that OpenSSL as it is installed doesn't have, by name.
pub fn missing() -> Vec<String> {
    load();
    let mut missing: Vec<String> = Vec::new();
    let mut seen: Vec<Algorithm> = Vec::new();
    for row in Row::all() {
        if !seen.contains(&row.algorithm) {
            seen.push(row.algorithm);
            if row.cipher().is_err() {
                missing.push(row.algorithm.to_string());
            }
        }
    }
    missing.extend(Hash::all().filter(|hash| !hash.is_available()).map(|hash| hash.to_string()));
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said() {
        let missing = missing();
        assert!(
            !missing.iter().any(|name| name == "AES" || name == "3DES" || name == "SHA256"),
            "{missing:?}"
        );
        if !load() {
            assert!(missing.iter().any(|name| name == "Blowfish"), "{missing:?}");
        }
    }
}
