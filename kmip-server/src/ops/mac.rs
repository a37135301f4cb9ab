use std::borrow::Borrow;

use kmip::ttlv::Secret;
use kmip::types::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicParameters, CryptographicUsageMask,
    DataEnumeration, MacRequest, MacResponse, MacVerifyRequest, MacVerifyResponse, ManagedObject,
    ValidityIndicator,
};

use super::parameters::{chosen, cipher_algorithm, hash, hmac, missing, permit_cipher, permit_hash};
use super::parts::{self, KeyUse, Part};
use crate::crypto;
use crate::crypto::mac::{Mac, MacAlgorithm};
use crate::engine::{
    Context, End, Failure, Kind, Managed, Use, Work, algorithm, secret_bytes, symmetric_key_bytes,
};
use crate::wipe::Wiped;

/// MAC (KMIP 1.4 §4.33, 2.0 §6.1.31).
pub(super) fn mac(cx: &mut Context<'_>, request: MacRequest) -> Result<MacResponse, Failure> {
    let part = Part {
        correlation: request.correlation_value,
        init: request.init_indicator,
        last: request.final_indicator,
        data: request.data,
        expected: None,
    };
    let parameters = request.cryptographic_parameters.as_ref().map(Borrow::borrow);
    let mut given = parts::with_key(cx, GENERATE, request.unique_identifier, part, |cx, key| {
        Ok(Box::new(Making(start(cx, parameters, key)?)))
    })?;
    let code = given.take_data();
    if let Some(code) = &code {
        cx.yields(DataEnumeration::MACMACData, code);
    }
    let mut response = MacResponse::new(given.key());
    response.mac_data = code.map(|code| code.expose_shared().clone());
    response.correlation_value = given.correlation;
    Ok(response)
}

/// MAC Verify (KMIP 1.4 §4.34, 2.0 §6.1.32). A code that is wrong is no failure, but a verdict.
pub(super) fn mac_verify(
    cx: &mut Context<'_>,
    request: MacVerifyRequest,
) -> Result<MacVerifyResponse, Failure> {
    let part = Part {
        correlation: request.correlation_value,
        init: request.init_indicator,
        last: request.final_indicator,
        data: request.data,
        expected: request.mac_data,
    };
    let parameters = request.cryptographic_parameters.as_ref().map(Borrow::borrow);
    let mut given = parts::with_key(cx, VERIFY, request.unique_identifier, part, |cx, key| {
        Ok(Box::new(Checking { mac: start(cx, parameters, key)?, expected: None }))
    })?;
    let mut response = MacVerifyResponse::new(given.key());
    response.validity_indicator = match given.end {
        Some(End::Valid(true)) => Some(ValidityIndicator::Valid),
        Some(_) => Some(ValidityIndicator::Invalid),
        None => None,
    };
    response.correlation_value = given.correlation;
    Ok(response)
}

/// Starts the code that the parameters, or else the key, ask for.
pub(super) fn start(
    cx: &Context<'_>,
    parameters: Option<&CryptographicParameters>,
    key: &Managed,
) -> Result<Mac, Failure> {
    let (material, _) = key.object()?;
    let secret = key_bytes(&material)?.clone();
    let algorithm = mac_algorithm(cx, chosen(parameters, key)?, key)?;
    Ok(Mac::new(algorithm, secret.expose())?)
}

/// What keys a code: a symmetric key or, for HMAC, any secret.
fn key_bytes(object: &ManagedObject) -> Result<&Secret, Failure> {
    match object {
        ManagedObject::SecretData(_) => secret_bytes(object),
        _ => symmetric_key_bytes(object),
    }
}

/// HMAC if a digest is named, by itself or in the algorithm's name; CMAC if the algorithm is a cipher.
///
/// HMAC takes any key (RFC 2104 §3), one for a cipher too. CMAC takes one of its cipher.
fn mac_algorithm(
    cx: &Context<'_>,
    parameters: Option<&CryptographicParameters>,
    key: &Managed,
) -> Result<MacAlgorithm, Failure> {
    let of_key = algorithm(&key.attributes);
    let of_request = parameters.and_then(|parameters| parameters.cryptographic_algorithm);
    let digest = parameters.and_then(|parameters| parameters.hashing_algorithm);
    let mode = parameters.and_then(|parameters| parameters.block_cipher_mode);
    let named = of_request.or(of_key);
    if let Some(of_name) = named.and_then(hmac) {
        let digest = digest.map(|digest| hash(cx, digest)).transpose()?;
        if digest.is_some_and(|digest| digest != of_name) {
            return Err(Failure::new(Kind::BadParameters, "the algorithm is one with another digest"));
        }
        return permit_hash(cx, of_name).map(MacAlgorithm::Hmac);
    }
    match (named, digest, mode) {
        (_, Some(digest), None) => Ok(MacAlgorithm::Hmac(hash(cx, digest)?)),
        (Some(named), None, None | Some(BlockCipherMode::CMAC)) => cmac(cx, named, of_key),
        (Some(_), _, Some(mode)) => Err(Failure::new(
            Kind::UnsupportedParameters,
            format!("{mode} is no mode of a message authentication code that is supported"),
        )),
        (None, ..) => Err(missing("the Cryptographic Algorithm")),
    }
}

fn cmac(
    cx: &Context<'_>,
    named: CryptographicAlgorithm,
    of_key: Option<CryptographicAlgorithm>,
) -> Result<MacAlgorithm, Failure> {
    if let Some(of_key) = of_key.filter(|of_key| *of_key != named) {
        return Err(Failure::new(
            Kind::BadParameters,
            format!("the key is one for {of_key}, not for {named}"),
        ));
    }
    let cipher = cipher_algorithm(named)?;
    if crypto::cipher::block_length(cipher).is_none() {
        return Err(crypto::CryptoError::NoBlocks(cipher).into());
    }
    permit_cipher(cx, cipher).map(MacAlgorithm::Cmac)
}

struct Making(Mac);

impl Work for Making {
    fn update(&mut self, data: &[u8], _out: &mut Wiped) -> Result<(), Failure> {
        Ok(self.0.update(data)?)
    }

    fn finish(self: Box<Self>, out: &mut Wiped) -> Result<End, Failure> {
        *out = Wiped::from(self.0.finish()?);
        Ok(End::Done)
    }
}

struct Checking {
    mac: Mac,
    expected: Option<Vec<u8>>,
}

impl Work for Checking {
    fn update(&mut self, data: &[u8], _out: &mut Wiped) -> Result<(), Failure> {
        Ok(self.mac.update(data)?)
    }

    fn finish(self: Box<Self>, _out: &mut Wiped) -> Result<End, Failure> {
        let expected = self.expected.ok_or_else(|| Failure::missing("the MAC Data"))?;
        Ok(End::Valid(crypto::equal(&self.mac.finish()?, &expected)))
    }

    fn expect(&mut self, given: &[u8]) -> Result<(), Failure> {
        self.expected = Some(given.to_vec());
        Ok(())
    }
}

const GENERATE: KeyUse = KeyUse { purpose: Use::Protect, bits: CryptographicUsageMask::MACGenerate };

const VERIFY: KeyUse = KeyUse { purpose: Use::Process, bits: CryptographicUsageMask::MACVerify };
