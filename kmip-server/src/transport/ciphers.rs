//! Cipher suites, by the names that IANA and OpenSSL have for them.

/// Whether there is a suite of this name, IANA's or OpenSSL's.
pub(crate) fn is_known(name: &str) -> bool {
    openssl(name).is_some()
}

/// Suites by their versions, as OpenSSL takes them: TLS 1.2 and 1.3. None where none is named.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lists {
    pub(super) v1_2: Option<String>,
    pub(super) v1_3: Option<String>,
}

/// Sorts names into the lists that OpenSSL takes, or returns the one that is not known.
pub(super) fn lists(names: &[String]) -> Result<Lists, String> {
    let (mut v1_2, mut v1_3) = (Vec::new(), Vec::new());
    let parts = names.iter().flat_map(|name| name.split([':', ',', ' ', '\n', '\t']));
    for name in parts.filter(|name| !name.is_empty()) {
        let (iana, openssl) = openssl(name).ok_or_else(|| name.to_owned())?;
        // Of TLS 1.3 both names are the same.
        if iana == openssl { v1_3.push(openssl) } else { v1_2.push(openssl) }
    }
    let list = |names: Vec<&str>| (!names.is_empty()).then(|| names.join(":"));
    Ok(Lists { v1_2: list(v1_2), v1_3: list(v1_3) })
}

/// Both names of a suite.
fn openssl(name: &str) -> Option<(&'static str, &'static str)> {
    let suites = SUITES.lines().filter_map(|line| line.split_once(' '));
    suites.into_iter().find(|(iana, openssl)| *iana == name || *openssl == name)
}

/// One a line: IANA's name and OpenSSL's. Those of TLS 1.2 and 1.3 with authentication and encryption, the best first.
const SUITES: &str = include_str!("suites.txt");

#[cfg(test)]
mod tests {
    use openssl::ssl::{SslContext, SslMethod};

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn both_kinds_of_names() {
        let given = ["TLS_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES256-GCM-SHA384:TLS_AES_256_GCM_SHA384"];
        assert_eq!(
            lists(&names(&given)).unwrap(),
            Lists {
                v1_2: Some("AES128-SHA256:ECDHE-RSA-AES256-GCM-SHA384".into()),
                v1_3: Some("TLS_AES_256_GCM_SHA384".into())
            }
        );
        assert_eq!(lists(&names(&["NULL-SHA256"])), Err("NULL-SHA256".into()));
        assert_eq!(lists(&[]), Ok(Lists { v1_2: None, v1_3: None }));
    }

    /// OpenSSL may be built without some, but what the profiles require is there.
    #[test]
    fn openssl_takes_these_names() {
        let mut builder = SslContext::builder(SslMethod::tls()).unwrap();
        for name in [
            "TLS_RSA_WITH_AES_256_CBC_SHA256",
            "TLS_RSA_WITH_AES_128_CBC_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
        ] {
            builder.set_cipher_list(&lists(&names(&[name])).unwrap().v1_2.unwrap()).unwrap();
        }
        for name in ["TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"] {
            builder.set_ciphersuites(&lists(&names(&[name])).unwrap().v1_3.unwrap()).unwrap();
        }
    }
}
