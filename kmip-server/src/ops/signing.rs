//! What Cryptographic Parameters mean to a signature (KMIP 1.4 §3.6, §4.31; 2.0 §4.16, §6.1.49).

use kmip::types::{
    CryptographicAlgorithm, CryptographicParameters, DigitalSignatureAlgorithm, HashingAlgorithm,
    MaskGenerator, PaddingMethod,
};

use super::parameters::{hash, missing};
use crate::crypto::Hash;
use crate::crypto::pkey::{Family, curves};
use crate::crypto::sign::Scheme;
use crate::engine::keys::is_for;
use crate::engine::{Context, Failure, Kind};

/// How a key signs by these parameters.
///
/// # Errors
///
/// When it doesn't, or they don't say enough.
pub(super) fn scheme(
    cx: &Context<'_>,
    parameters: Option<&CryptographicParameters>,
    family: Family,
) -> Result<Scheme, Failure> {
    let Some(parameters) = parameters else { return without_parameters(family) };
    if let Some(algorithm) = parameters.cryptographic_algorithm
        && !is_for(family, algorithm)
        // The official case CS-AC-M-3-ECC of 1.3 says RSA and PSS of a key of a curve, and means its hash alone.
        && !(matches!(family, Family::Ec(_)) && algorithm == CryptographicAlgorithm::RSA)
    {
        return Err(wrong_key(family, algorithm));
    }
    let named = parameters.digital_signature_algorithm.map(|algorithm| named(cx, algorithm)).transpose()?;
    if let Some(named) = &named
        && !is_for(family, named.algorithm)
    {
        return Err(wrong_key(family, named.algorithm));
    }
    let said = parameters.hashing_algorithm.map(|algorithm| hash(cx, algorithm)).transpose()?;
    let hash = match (said, named.as_ref().and_then(|named| named.hash)) {
        (Some(one), Some(other)) if one != other => {
            return Err(Failure::new(
                Kind::BadParameters,
                "the Hashing Algorithm is not that of the Digital Signature Algorithm",
            ));
        }
        (one, other) => one.or(other),
    };
    // Collisions are found for it (SHAttered), which matters to signatures alone.
    if hash == Some(Hash::Sha1) {
        cx.permit_weak("SHA-1 in signatures")?;
    }
    Ok(match family {
        Family::Rsa => {
            let padding = match (&named, parameters.padding_method) {
                (Some(named), None) => named.padding,
                (Some(named), Some(padding)) if padding != named.padding => {
                    return Err(Failure::new(
                        Kind::BadParameters,
                        "the Padding Method is not that of the Digital Signature Algorithm",
                    ));
                }
                (_, Some(padding)) => padding,
                (None, None) => PaddingMethod::PKCS1V1_5,
            };
            rsa(cx, padding, hash, parameters)?
        }
        Family::Dsa => Scheme::Dsa(hash),
        Family::Ec(_) => Scheme::Ecdsa(hash),
        Family::Ed25519 | Family::Ed448 => Scheme::Eddsa,
        family => return Err(cannot_sign(family)),
    })
}

/// The hash of ECDSA where none is named, as in the official case CS-AC-M-3-ECC: of the strength of the curve (FIPS 186-4
/// §6.4).
pub(super) fn usual_hash(family: Family) -> Hash {
    let bits = match family {
        Family::Ec(curve) => curves::bits(curve).unwrap_or_default(),
        _ => 0,
    };
    match bits {
        ..=256 => Hash::Sha256,
        257..=384 => Hash::Sha384,
        _ => Hash::Sha512,
    }
}

/// Of these algorithms, the keys alone say how they sign.
fn without_parameters(family: Family) -> Result<Scheme, Failure> {
    match family {
        Family::Ed25519 | Family::Ed448 => Ok(Scheme::Eddsa),
        Family::Rsa | Family::Dsa | Family::Ec(_) => Err(missing("Cryptographic Parameters")),
        family => Err(cannot_sign(family)),
    }
}

fn rsa(
    cx: &Context<'_>,
    padding: PaddingMethod,
    hash: Option<Hash>,
    parameters: &CryptographicParameters,
) -> Result<Scheme, Failure> {
    match padding {
        // Nothing is said of padding where signatures have one way to be padded.
        PaddingMethod::PKCS1V1_5 | PaddingMethod::None => Ok(Scheme::Pkcs1(hash)),
        PaddingMethod::PSS => {
            let hash = hash.ok_or_else(|| missing("the Hashing Algorithm"))?;
            // RFC 8017 §A.2.3: 1 is the standard trailer, 0xBC, and there is no other.
            if parameters.trailer_field.is_some_and(|trailer| trailer != 1) {
                return Err(Failure::new(Kind::UnsupportedParameters, "the Trailer Field must be 1"));
            }
            let salt = parameters
                .salt_length
                .map(u16::try_from)
                .transpose()
                .map_err(|_| Failure::new(Kind::BadParameters, "the Salt Length is out of range"))?;
            Ok(Scheme::Pss { hash, mask: mask(cx, parameters, hash)?, salt })
        }
        other => {
            Err(Failure::new(Kind::UnsupportedParameters, format!("signatures are not padded by {other}")))
        }
    }
}

/// The hash of the mask generator. 1.4 §3.6 says that SHA-1 is meant where none is given; the official cases, of 1.4
/// and 2.0 too, mean that of the data (CS-AC-M-2).
pub(super) fn mask(
    cx: &Context<'_>,
    parameters: &CryptographicParameters,
    usual: Hash,
) -> Result<Hash, Failure> {
    if let Some(other) = parameters.mask_generator.filter(|generator| *generator != MaskGenerator::MGF1) {
        return Err(Failure::new(
            Kind::UnsupportedParameters,
            format!("the Mask Generator {other} is not supported"),
        ));
    }
    parameters.mask_generator_hashing_algorithm.map_or(Ok(usual), |algorithm| hash(cx, algorithm))
}

/// What a Digital Signature Algorithm stands for.
struct Named {
    algorithm: CryptographicAlgorithm,
    padding: PaddingMethod,
    hash: Option<Hash>,
}

fn named(cx: &Context<'_>, algorithm: DigitalSignatureAlgorithm) -> Result<Named, Failure> {
    let row = NAMED.iter().find(|(known, ..)| *known == algorithm);
    let Some((_, algorithm, padding, digest)) = row else {
        return Err(Failure::new(
            Kind::UnsupportedParameters,
            format!("{algorithm} is not supported as a Digital Signature Algorithm"),
        ));
    };
    Ok(Named {
        algorithm: *algorithm,
        padding: *padding,
        hash: digest.map(|digest| hash(cx, digest)).transpose()?,
    })
}

#[cold]
fn wrong_key(family: Family, algorithm: CryptographicAlgorithm) -> Failure {
    Failure::new(Kind::BadParameters, format!("the key is one of {family}, not for {algorithm}"))
}

#[cold]
fn cannot_sign(family: Family) -> Failure {
    Failure::new(Kind::BadParameters, format!("keys of {family} sign nothing"))
}

/// The Digital Signature Algorithms (1.4 §9.1.3.2.7, 2.0 §11.16), but MD2.
static NAMED: [(DigitalSignatureAlgorithm, CryptographicAlgorithm, PaddingMethod, Option<HashingAlgorithm>);
    18] = {
    use CryptographicAlgorithm as A;
    use DigitalSignatureAlgorithm as D;
    use HashingAlgorithm as H;
    use PaddingMethod as P;
    [
        (D::MD5WithRSAEncryption, A::RSA, P::PKCS1V1_5, Some(H::MD5)),
        (D::SHA_1WithRSAEncryption, A::RSA, P::PKCS1V1_5, Some(H::SHA_1)),
        (D::SHA_224WithRSAEncryption, A::RSA, P::PKCS1V1_5, Some(H::SHA_224)),
        (D::SHA_256WithRSAEncryption, A::RSA, P::PKCS1V1_5, Some(H::SHA_256)),
        (D::SHA_384WithRSAEncryption, A::RSA, P::PKCS1V1_5, Some(H::SHA_384)),
        (D::SHA_512WithRSAEncryption, A::RSA, P::PKCS1V1_5, Some(H::SHA_512)),
        (D::SHA3_256WithRSAEncryption, A::RSA, P::PKCS1V1_5, Some(H::SHA3_256)),
        (D::SHA3_384WithRSAEncryption, A::RSA, P::PKCS1V1_5, Some(H::SHA3_384)),
        (D::SHA3_512WithRSAEncryption, A::RSA, P::PKCS1V1_5, Some(H::SHA3_512)),
        (D::RSASSA_PSS, A::RSA, P::PSS, None),
        (D::DSAWithSHA_1, A::DSA, P::None, Some(H::SHA_1)),
        (D::DSAWithSHA224, A::DSA, P::None, Some(H::SHA_224)),
        (D::DSAWithSHA256, A::DSA, P::None, Some(H::SHA_256)),
        (D::ECDSAWithSHA_1, A::ECDSA, P::None, Some(H::SHA_1)),
        (D::ECDSAWithSHA224, A::ECDSA, P::None, Some(H::SHA_224)),
        (D::ECDSAWithSHA256, A::ECDSA, P::None, Some(H::SHA_256)),
        (D::ECDSAWithSHA384, A::ECDSA, P::None, Some(H::SHA_384)),
        (D::ECDSAWithSHA512, A::ECDSA, P::None, Some(H::SHA_512)),
    ]
};
