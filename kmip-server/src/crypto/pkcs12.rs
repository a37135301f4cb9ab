//! PKCS #12 (RFC 7292): a private key and its certificates under a password.

use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::stack::Stack;
use openssl::x509::X509;

use super::CryptoError;
use super::pkey::PrivateKey;
use crate::wipe::Wiped;

/// Puts a key and its certificates, the key's own first, under a password.
///
/// # Errors
///
/// When a certificate is none, the first is not of this key, or the password or the name has a zero byte in it.
pub fn seal(
    key: &PrivateKey,
    certificates: &[&[u8]],
    name: &str,
    password: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let password = password_text(password)?;
    if name.contains('\0') {
        return Err(CryptoError::Container);
    }
    let mut builder = Pkcs12::builder();
    builder
        .name(name)
        .pkey(&key.key)
        .key_algorithm(Nid::AES_256_CBC)
        .cert_algorithm(Nid::AES_256_CBC)
        .key_iter(ITERATIONS)
        .mac_iter(ITERATIONS)
        .mac_md(MessageDigest::sha256());
    let mut others = Stack::new()?;
    for (place, der) in certificates.iter().enumerate() {
        let certificate = X509::from_der(der).map_err(|_| CryptoError::MalformedKey("X.509 certificate"))?;
        if place == 0 {
            builder.cert(&certificate);
        } else {
            others.push(certificate)?;
        }
    }
    builder.ca(others);
    // What OpenSSL refuses here is a certificate of another key.
    Ok(builder.build2(password).map_err(|_| CryptoError::Container)?.to_der()?)
}

/// What is in a container.
#[derive(Debug)]
pub struct Opened {
    /// The private key.
    pub key: PrivateKey,
    /// The name beside its certificate.
    pub name: Option<String>,
}

/// Opens a container with its password.
///
/// # Errors
///
/// When it is none, the password is another, or there is no private key in it.
pub fn open(der: &[u8], password: &[u8]) -> Result<Opened, CryptoError> {
    let container = Pkcs12::from_der(der).map_err(|_| CryptoError::MalformedKey("PKCS#12 container"))?;
    let parsed = container.parse2(password_text(password)?).map_err(|_| CryptoError::Container)?;
    let key = parsed.pkey.ok_or(CryptoError::Container)?;
    let pkcs8 = Wiped::from(key.private_key_to_pkcs8()?);
    let name = parsed.cert.as_ref().and_then(|certificate| certificate.alias());
    Ok(Opened {
        key: PrivateKey::from_pkcs8(&pkcs8)?,
        name: name.map(|name| String::from_utf8_lossy(name).into_owned()),
    })
}

/// OpenSSL's passwords are text that ends with a zero.
fn password_text(password: &[u8]) -> Result<&str, CryptoError> {
    std::str::from_utf8(password).ok().filter(|text| !text.contains('\0')).ok_or(CryptoError::Container)
}

/// How often the password is hashed.
const ITERATIONS: u32 = 100_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::pkey::Family;

    #[test]
    fn the_password_opens_it() {
        let key = PrivateKey::generate(Family::Rsa, 1024).unwrap();
        let sealed = seal(&key, &[], "alias", b"password").unwrap();
        let opened = open(&sealed, b"password").unwrap();
        assert_eq!(opened.key.to_pkcs8().unwrap(), key.to_pkcs8().unwrap());
        for wrong in [&b"Password"[..], b"", b"pass\0word", b"\xFF"] {
            assert_eq!(open(&sealed, wrong).unwrap_err(), CryptoError::Container);
        }
        assert!(open(b"nothing", b"password").is_err());
        assert!(seal(&key, &[], "a\0b", b"password").is_err() && seal(&key, &[], "a", b"\0").is_err());
        assert!(seal(&key, &[b"no certificate"], "a", b"password").is_err());
    }
}
