//! Objects out of files: what is a file, and how does KMIP say it?

use kmip::{
    client::calls::Split,
    ttlv::Secret,
    types::{
        Certificate, CertificateType, CryptographicAlgorithm, CryptographicUsageMask, KeyBlock,
        KeyFormatType, KeyMaterial, KeyValue, KeyWrappingData, ManagedObject, ObjectType, OpaqueDataType,
        OpaqueObject, PgpKey, PlaintextKeyValue, PrivateKey, PublicKey, SecretData, SecretDataType, SplitKey,
        SymmetricKey,
    },
};
use openssl::{
    base64,
    pkey::{HasPublic, Id, PKey, PKeyRef},
};
use zeroize::Zeroizing;

use super::failure::{Failure, Result};

/// What the user said of an object.
pub(crate) struct Kind {
    pub(crate) object_type: Option<ObjectType>,
    pub(crate) algorithm: Option<CryptographicAlgorithm>,
    pub(crate) length: Option<i32>,
    pub(crate) format: Option<KeyFormatType>,
    pub(crate) secret_type: SecretDataType,
    /// Which part of a split key it is, of how many, and how it was split.
    pub(crate) part: Option<(i32, Split)>,
    /// How a key is wrapped.
    pub(crate) wrapping: Option<KeyWrappingData>,
}

/// The object in a file, and what it may be used for if nothing else is said.
pub(crate) fn object(data: Secret, kind: &Kind) -> Result<(ManagedObject, Option<CryptographicUsageMask>)> {
    let pem = Pem::find(data.expose());
    let object_type = kind.object_type.or(pem.as_ref().and_then(Pem::object_type)).ok_or_else(|| {
        Failure::usage("this is neither a certificate nor a key in PEM")
            .hint("--type says what it is, such as --type SymmetricKey")
    })?;
    let (data, found) = match &pem {
        Some(pem) => (pem.der()?, pem.format()),
        None => (data, None),
    };
    let format = kind.format.or(found);
    Ok(match object_type {
        ObjectType::SymmetricKey => {
            let algorithm = kind.algorithm.unwrap_or(CryptographicAlgorithm::AES);
            let length = kind.length.unwrap_or_else(|| bits(data.len()));
            let block = block(format.unwrap_or(KeyFormatType::Raw), data, Some((algorithm, length)), kind);
            let usage = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
            (ManagedObject::SymmetricKey(SymmetricKey::new(block)), Some(usage))
        }
        ObjectType::SplitKey => {
            let Some((number, split)) = kind.part.clone() else {
                return Err(Failure::usage("a part of a split key is registered with what it is a part of")
                    .hint("say --part, --parts, --threshold and --split-method"));
            };
            let algorithm = kind.algorithm.unwrap_or(CryptographicAlgorithm::AES);
            let length = kind.length.unwrap_or_else(|| bits(data.len()));
            let block = block(format.unwrap_or(KeyFormatType::Raw), data, Some((algorithm, length)), kind);
            let Split { parts, threshold, method, prime_field_size } = split;
            let part = SplitKey::new(parts, number, threshold, method, block);
            (
                ManagedObject::SplitKey(SplitKey { prime_field_size, ..part }),
                Some(CryptographicUsageMask::empty()),
            )
        }
        ObjectType::PGPKey => {
            let block =
                block(format.unwrap_or(KeyFormatType::Raw), data, kind.algorithm.zip(kind.length), kind);
            // RFC 4880 knows versions 3 and 4, and all that is made today is 4.
            (ManagedObject::PgpKey(PgpKey::new(4, block)), Some(CryptographicUsageMask::empty()))
        }
        ObjectType::PrivateKey => {
            let known = PKey::private_key_from_der(data.expose()).ok().and_then(|key| facts(&key));
            let block = block(format.unwrap_or(KeyFormatType::PKCS_8), data, kind.facts(known)?, kind);
            (ManagedObject::PrivateKey(PrivateKey::new(block)), Some(CryptographicUsageMask::Sign))
        }
        ObjectType::PublicKey => {
            let known = public_key(data.expose()).as_deref().and_then(facts);
            let block = block(format.unwrap_or(KeyFormatType::X_509), data, kind.facts(known)?, kind);
            (ManagedObject::PublicKey(PublicKey::new(block)), Some(CryptographicUsageMask::Verify))
        }
        ObjectType::SecretData => {
            let block = block(format.unwrap_or(KeyFormatType::Opaque), data, None, kind);
            let secret = SecretData::new(kind.secret_type, block);
            (ManagedObject::SecretData(secret), Some(CryptographicUsageMask::empty()))
        }
        ObjectType::Certificate => {
            let certificate = Certificate::new(CertificateType::X_509, data.expose_shared().clone());
            (ManagedObject::Certificate(certificate), Some(CryptographicUsageMask::Verify))
        }
        ObjectType::OpaqueObject => {
            // The specification lists no types; those from here on are anybody's.
            (ManagedObject::OpaqueObject(OpaqueObject::new(OpaqueDataType(0x8000_0000), data)), None)
        }
        other => return Err(Failure::usage(format_args!("a {other} can't be registered with this command"))),
    })
}

impl Kind {
    /// Algorithm and length, as said or as found.
    fn facts(&self, found: Option<Facts>) -> Result<Option<Facts>> {
        let algorithm = self.algorithm.or(found.map(|(algorithm, _)| algorithm));
        let length = self.length.or(found.map(|(_, length)| length));
        algorithm.zip(length).map(Some).ok_or_else(|| {
            Failure::usage("this is no key that OpenSSL can read")
                .hint("--algorithm and --length say what it is nevertheless")
        })
    }
}

type Facts = (CryptographicAlgorithm, i32);

fn facts<T: HasPublic>(key: &PKeyRef<T>) -> Option<Facts> {
    let algorithm = match key.id() {
        Id::RSA | Id::RSA_PSS => CryptographicAlgorithm::RSA,
        Id::DSA => CryptographicAlgorithm::DSA,
        Id::DH => CryptographicAlgorithm::DH,
        Id::EC => CryptographicAlgorithm::EC,
        Id::ED25519 => CryptographicAlgorithm::Ed25519,
        Id::ED448 => CryptographicAlgorithm::Ed448,
        _ => return None,
    };
    Some((algorithm, i32::try_from(key.bits()).ok()?))
}

fn public_key(der: &[u8]) -> Option<PKey<openssl::pkey::Public>> {
    PKey::public_key_from_der(der).ok().or_else(|| {
        let key = openssl::rsa::Rsa::public_key_from_der_pkcs1(der).ok()?;
        PKey::from_rsa(key).ok()
    })
}

fn block(format: KeyFormatType, data: Secret, facts: Option<Facts>, kind: &Kind) -> KeyBlock {
    let value = match &kind.wrapping {
        Some(_) => KeyValue::Wrapped(data),
        None => KeyValue::Plaintext(PlaintextKeyValue::new(KeyMaterial::ByteString(data))),
    };
    KeyBlock {
        key_value: Some(value),
        key_wrapping_data: kind.wrapping.clone().map(Box::new),
        cryptographic_algorithm: facts.map(|(algorithm, _)| algorithm),
        cryptographic_length: facts.map(|(_, length)| length),
        ..KeyBlock::new(format)
    }
}

fn bits(bytes: usize) -> i32 {
    i32::try_from(bytes.saturating_mul(8)).unwrap_or(i32::MAX)
}

/// The first part of a PEM file.
struct Pem<'a> {
    label: &'a str,
    body: &'a str,
}

impl<'a> Pem<'a> {
    fn find(data: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(data).ok()?;
        // The parameters that OpenSSL writes before a key on a curve say nothing that the key doesn't.
        let parts = text.split("-----BEGIN ").skip(1);
        let mut parts = parts.filter_map(|part| {
            let (label, rest) = part.split_once("-----")?;
            let (body, _) = rest.split_once("-----END ")?;
            Some(Self { label, body })
        });
        parts.find(|part| part.label != "EC PARAMETERS")
    }

    fn object_type(&self) -> Option<ObjectType> {
        Some(match self.label {
            "CERTIFICATE" => ObjectType::Certificate,
            "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => ObjectType::PrivateKey,
            "PUBLIC KEY" | "RSA PUBLIC KEY" => ObjectType::PublicKey,
            _ => return None,
        })
    }

    fn format(&self) -> Option<KeyFormatType> {
        Some(match self.label {
            "PRIVATE KEY" => KeyFormatType::PKCS_8,
            "PUBLIC KEY" => KeyFormatType::X_509,
            "RSA PRIVATE KEY" | "RSA PUBLIC KEY" => KeyFormatType::PKCS_1,
            "EC PRIVATE KEY" => KeyFormatType::ECPrivateKey,
            _ => return None,
        })
    }

    fn der(&self) -> Result<Secret> {
        if self.label.contains("ENCRYPTED") || self.body.contains("ENCRYPTED") {
            return Err(
                Failure::usage("the key is encrypted").hint("`openssl pkey -in FILE -out CLEAR` decrypts it")
            );
        }
        let base64: Zeroizing<String> = Zeroizing::new(self.body.split_whitespace().collect());
        let der = base64::decode_block(&base64)
            .map_err(|_| Failure::usage("what stands in the PEM is no base64"))?;
        Ok(Secret::from(der))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::{ec::EcKey, nid::Nid, rsa::Rsa};

    const NOTHING: Kind = Kind {
        object_type: None,
        algorithm: None,
        length: None,
        format: None,
        secret_type: SecretDataType::Password,
        part: None,
        wrapping: None,
    };

    fn key_block(object: &ManagedObject) -> &KeyBlock {
        match object {
            ManagedObject::PrivateKey(key) => &key.key_block,
            ManagedObject::PublicKey(key) => &key.key_block,
            ManagedObject::SymmetricKey(key) => &key.key_block,
            ManagedObject::SecretData(secret) => &secret.key_block,
            _ => panic!("no key"),
        }
    }

    #[test]
    fn keys_in_pem_are_recognized() {
        let rsa = Rsa::generate(1024).expect("a key");
        let group = openssl::ec::EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("a curve");
        let ec = EcKey::generate(&group).expect("a key");
        let pkcs_8 = PKey::from_rsa(rsa.clone()).expect("a key").private_key_to_pem_pkcs8().expect("PEM");
        let algorithm = CryptographicAlgorithm::RSA;
        for (pem, format, algorithm, length) in [
            (rsa.private_key_to_pem().expect("PEM"), KeyFormatType::PKCS_1, algorithm, 1024),
            (rsa.public_key_to_pem_pkcs1().expect("PEM"), KeyFormatType::PKCS_1, algorithm, 1024),
            (rsa.public_key_to_pem().expect("PEM"), KeyFormatType::X_509, algorithm, 1024),
            (pkcs_8, KeyFormatType::PKCS_8, algorithm, 1024),
            (
                ec.private_key_to_pem().expect("PEM"),
                KeyFormatType::ECPrivateKey,
                CryptographicAlgorithm::EC,
                256,
            ),
        ] {
            let (object, _) = object(Secret::from(pem), &NOTHING).expect("an object");
            let block = key_block(&object);
            assert_eq!(block.key_format_type, format);
            assert_eq!(block.cryptographic_algorithm, Some(algorithm));
            assert_eq!(block.cryptographic_length, Some(length));
        }
    }

    #[test]
    fn other_data_has_to_be_named() {
        assert!(object(Secret::from(vec![1; 16]), &NOTHING).is_err());
        let kind = Kind { object_type: Some(ObjectType::SymmetricKey), ..NOTHING };
        let (found, _) = object(Secret::from(vec![1; 16]), &kind).expect("an object");
        assert_eq!(key_block(&found).cryptographic_length, Some(128));
        let kind = Kind { object_type: Some(ObjectType::PrivateKey), ..NOTHING };
        assert!(object(Secret::from(vec![1; 16]), &kind).is_err());
        let kind = Kind { object_type: Some(ObjectType::SecretData), ..NOTHING };
        let (found, _) = object(Secret::from(&b"secret"[..]), &kind).expect("an object");
        assert_eq!(key_block(&found).cryptographic_algorithm, None);
    }
}
