//! Encryption with key pairs: RSA (KMIP 1.4 §4.29, §4.30; 2.0 §6.1.11, §6.1.17).

use std::borrow::Borrow;

use kmip::ttlv::Bytes;
use kmip::types::{
    CryptographicAlgorithm, CryptographicParameters, HashingAlgorithm, ManagedObject, PaddingMethod,
};

use super::parameters::{chosen, hash, missing};
use super::signing::mask;
use crate::crypto::Hash;
use crate::crypto::pkey::Family;
use crate::crypto::rsa::{self, RsaPadding};
use crate::engine::keys::{private_key, public_key};
use crate::engine::{Context, End, Failure, Gather, Kind, Managed, Work};
use crate::wipe::Wiped;

/// Whether the object is such that encryption with it is asymmetric.
pub(super) fn is_asymmetric(object: &ManagedObject) -> bool {
    matches!(
        object,
        ManagedObject::PublicKey(_) | ManagedObject::PrivateKey(_) | ManagedObject::Certificate(_)
    )
}

/// Sets up an encryption for the owner of a key pair.
///
/// # Errors
///
/// When the object is no public key that encrypts.
pub(super) fn encryption<P: Borrow<CryptographicParameters>>(
    cx: &Context<'_>,
    key: &Managed,
    object: &ManagedObject,
    parameters: Option<&P>,
) -> Result<Box<dyn Work>, Failure> {
    let public = public_key(object)?;
    let padding = padding(cx, chosen(parameters.map(Borrow::borrow), key)?, public.family())?;
    Ok(Gather::boxed(move |data, out| {
        *out = Wiped::from(rsa::encrypt(&public, padding.borrow(), data)?);
        Ok(End::Done)
    }))
}

/// Sets up a decryption with a private key.
///
/// # Errors
///
/// When the object is none that decrypts.
pub(super) fn decryption<P: Borrow<CryptographicParameters>>(
    cx: &Context<'_>,
    key: &Managed,
    object: &ManagedObject,
    parameters: Option<&P>,
) -> Result<Box<dyn Work>, Failure> {
    let private = private_key(object)?;
    let padding = padding(cx, chosen(parameters.map(Borrow::borrow), key)?, private.family())?;
    Ok(Gather::boxed(move |data, out| {
        *out = rsa::decrypt(&private, padding.borrow(), data)?;
        Ok(End::Done)
    }))
}

/// A padding that outlives the request.
enum Padding {
    Oaep { hash: Hash, mask: Hash, label: Bytes },
    Pkcs1,
    None,
}

impl Padding {
    fn borrow(&self) -> RsaPadding<'_> {
        match self {
            Self::Oaep { hash, mask, label } => RsaPadding::Oaep { hash: *hash, mask: *mask, label },
            Self::Pkcs1 => RsaPadding::Pkcs1,
            Self::None => RsaPadding::None,
        }
    }
}

fn padding(
    cx: &Context<'_>,
    parameters: Option<&CryptographicParameters>,
    family: Family,
) -> Result<Padding, Failure> {
    let parameters = parameters.ok_or_else(|| missing("Cryptographic Parameters"))?;
    if let Some(other) =
        parameters.cryptographic_algorithm.filter(|algorithm| *algorithm != CryptographicAlgorithm::RSA)
    {
        return Err(Failure::new(
            Kind::BadParameters,
            format!("the key is one of {family}, not for {other}"),
        ));
    }
    match parameters.padding_method {
        Some(PaddingMethod::OAEP) => {
            // SHA-1, if none is named: RFC 8017 §A.2.1.
            let algorithm = parameters.hashing_algorithm.unwrap_or(HashingAlgorithm::SHA_1);
            let hash = hash(cx, algorithm)?;
            Ok(Padding::Oaep {
                hash,
                mask: mask(cx, parameters, hash)?,
                label: parameters.p_source.clone().unwrap_or_default(),
            })
        }
        Some(PaddingMethod::PKCS1V1_5) => Ok(Padding::Pkcs1),
        Some(PaddingMethod::None) => Ok(Padding::None),
        Some(other) => Err(Failure::new(
            Kind::UnsupportedParameters,
            format!("RSA has no padding {other} for encryption"),
        )),
        // None is a choice that nobody makes by saying nothing.
        None => Err(missing("the Padding Method")),
    }
}
