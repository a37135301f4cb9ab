//! Bringing keys into the format that is asked for (KMIP 1.4 §4.11, §9.1.3.2.3; 2.0 §4.26).

use kmip::ttlv::{Bytes, Secret, Version};
use kmip::types::tables::default_key_format;
use kmip::types::{
    CryptographicAlgorithm, KeyCompressionType, KeyFormatType, KeyMaterial, ObjectType, RecommendedCurve,
};

use super::{AsymmetricKey, transparent};
use crate::crypto::CryptoError;
use crate::crypto::pkey::{Family, PointForm};
use crate::engine::{Failure, Kind};

/// The Key Material of a key in a format.
///
/// # Errors
///
/// When keys of its kind have no such format.
pub(crate) fn format_key(
    key: &AsymmetricKey,
    format: KeyFormatType,
    form: PointForm,
) -> Result<KeyMaterial, Failure> {
    use KeyFormatType as F;
    if is_transparent(format, key.object_type(), key.family()) {
        return transparent::write(key, form);
    }
    let bytes: Bytes = match (key, format) {
        (AsymmetricKey::Private(key), F::PKCS_1) => key.to_pkcs1().map(Bytes::from),
        (AsymmetricKey::Private(key), F::PKCS_8) => key.to_pkcs8().map(Bytes::from),
        (AsymmetricKey::Private(key), F::ECPrivateKey) => key.to_sec1().map(Bytes::from),
        (AsymmetricKey::Private(key), F::Raw) => key.to_raw().map(Bytes::from),
        (AsymmetricKey::Public(key), F::PKCS_1) => key.to_pkcs1().map(Bytes::from),
        (AsymmetricKey::Public(key), F::X_509) => key.to_x509(form).map(Bytes::from),
        (AsymmetricKey::Public(key), F::Raw) => key.to_raw(form).map(Bytes::from),
        _ => {
            return Err(Failure::new(
                Kind::KeyFormatType,
                format!("a {} of {} has no format {format}", key.object_type(), key.family()),
            ));
        }
    }
    .map_err(|error| match error {
        CryptoError::KeyForm { .. } => Failure::new(Kind::KeyFormatType, error.to_string()),
        error => error.into(),
    })?;
    Ok(KeyMaterial::ByteString(Secret::from_shared(bytes)))
}

/// Whether it is the transparent format of keys of a kind.
fn is_transparent(format: KeyFormatType, object_type: ObjectType, family: Family) -> bool {
    use KeyFormatType as F;
    let formats: &[KeyFormatType] = match (family, object_type) {
        (Family::Rsa, ObjectType::PrivateKey) => &[F::TransparentRSAPrivateKey],
        (Family::Rsa, _) => &[F::TransparentRSAPublicKey],
        (Family::Dsa, ObjectType::PrivateKey) => &[F::TransparentDSAPrivateKey],
        (Family::Dsa, _) => &[F::TransparentDSAPublicKey],
        (Family::Dh, ObjectType::PrivateKey) => &[F::TransparentDHPrivateKey],
        (Family::Dh, _) => &[F::TransparentDHPublicKey],
        (Family::Ec(_), ObjectType::PrivateKey) => &[
            F::TransparentECPrivateKey,
            F::TransparentECDSAPrivateKey,
            F::TransparentECDHPrivateKey,
            F::TransparentECMQVPrivateKey,
        ],
        (Family::Ec(_), _) => &[
            F::TransparentECPublicKey,
            F::TransparentECDSAPublicKey,
            F::TransparentECDHPublicKey,
            F::TransparentECMQVPublicKey,
        ],
        _ => &[],
    };
    formats.contains(&format)
}

/// The format of keys for which none is asked.
pub(crate) fn default_format(object_type: ObjectType, family: Family, version: Version) -> KeyFormatType {
    use CryptographicAlgorithm as A;
    // Those of one curve alone have no format of their own.
    let algorithm = match family {
        Family::Rsa => Some(A::RSA),
        Family::Dsa => Some(A::DSA),
        Family::Dh => Some(A::DH),
        Family::Ec(_) => Some(A::EC),
        _ => None,
    };
    default_key_format(object_type, algorithm, version).unwrap_or(KeyFormatType::Raw)
}

/// The format that stands for one that the version doesn't have: the transparent formats of elliptic curves were one
/// for each algorithm until 1.4, and are one for all since 1.3.
pub(crate) fn made_format(format: KeyFormatType, version: Version) -> KeyFormatType {
    use KeyFormatType as F;
    if format.is_in(version) {
        return format;
    }
    match format {
        F::TransparentECPrivateKey => F::TransparentECDSAPrivateKey,
        F::TransparentECPublicKey => F::TransparentECDSAPublicKey,
        F::TransparentECDSAPrivateKey | F::TransparentECDHPrivateKey | F::TransparentECMQVPrivateKey => {
            F::TransparentECPrivateKey
        }
        F::TransparentECDSAPublicKey | F::TransparentECDHPublicKey | F::TransparentECMQVPublicKey => {
            F::TransparentECPublicKey
        }
        format => format,
    }
}

/// How a Key Compression Type (1.4 §9.1.3.2.2) writes the points of a curve.
///
/// # Errors
///
/// When it doesn't, for it is of the other sort of field, or when the key is of no curve.
pub(crate) fn compress(family: Family, compression: KeyCompressionType) -> Result<PointForm, Failure> {
    use KeyCompressionType as C;
    let Family::Ec(curve) = family else {
        return Err(Failure::new(
            Kind::KeyCompressionType,
            "only the public keys of elliptic curves are compressed",
        ));
    };
    Ok(match compression {
        C::ECPublicKeyTypeUncompressed => PointForm::Uncompressed,
        C::ECPublicKeyTypeX9_62CompressedPrime if !is_binary(curve) => PointForm::Compressed,
        C::ECPublicKeyTypeX9_62CompressedChar2 if is_binary(curve) => PointForm::Compressed,
        C::ECPublicKeyTypeX9_62Hybrid => PointForm::Hybrid,
        other => {
            return Err(Failure::new(
                Kind::KeyCompressionType,
                format!("points of the curve {curve} are not written as {other}"),
            ));
        }
    })
}

/// Whether a curve is over a field of characteristic two.
fn is_binary(curve: RecommendedCurve) -> bool {
    crate::crypto::pkey::curves::name(curve)
        .is_some_and(|name| name.starts_with("sect") || name.starts_with("c2"))
}
