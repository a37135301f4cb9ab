use std::borrow::Borrow;

use kmip::ttlv::{Bytes, Secret};
use kmip::types::{
    CryptographicParameters, CryptographicUsageMask, Data, DataEnumeration, SignRequest, SignResponse,
    SignatureVerifyRequest, SignatureVerifyResponse, ValidityIndicator,
};

use super::parameters::chosen;
use super::parts::{self, KeyUse, Part};
use super::signing::{scheme, usual_hash};
use crate::crypto::pkey::{Family, PrivateKey, PublicKey};
use crate::crypto::sign::{self, Scheme, Signed};
use crate::crypto::{self, Digest};
use crate::engine::keys::{private_key, public_key};
use crate::engine::{Context, End, Failure, Kind, Use, Work};
use crate::wipe::Wiped;

/// Sign (KMIP 1.4 §4.31, 2.0 §6.1.49).
pub(super) fn sign(cx: &mut Context<'_>, request: SignRequest) -> Result<SignResponse, Failure> {
    let is_digest = request.digested_data.is_some();
    let part = part(
        Part {
            correlation: request.correlation_value,
            init: request.init_indicator,
            last: request.final_indicator,
            data: request.data,
            expected: None,
        },
        request.digested_data,
    )?;
    let parameters = request.cryptographic_parameters.as_ref().map(Borrow::borrow);
    let mut given = parts::with_key(cx, SIGN, request.unique_identifier, part, |cx, key| {
        let (material, _) = key.object()?;
        let private = private_key(&material)?;
        let scheme = scheme(cx, chosen(parameters, key)?, private.family())?;
        let input = Input::new(scheme, private.family(), is_digest)?;
        Ok(Box::new(Signing { key: private, scheme, input }))
    })?;
    let signature = given.take_data();
    if let Some(signature) = &signature {
        cx.yields(DataEnumeration::SignSignatureData, signature);
    }
    let mut response = SignResponse::new(given.key());
    response.signature_data = signature.map(|signature| signature.expose_shared().clone());
    response.correlation_value = given.correlation;
    Ok(response)
}

/// Signature Verify (KMIP 1.4 §4.32, 2.0 §6.1.50). A signature that is not valid is no failure, but a verdict.
pub(super) fn signature_verify(
    cx: &mut Context<'_>,
    request: SignatureVerifyRequest,
) -> Result<SignatureVerifyResponse, Failure> {
    let is_digest = request.digested_data.is_some();
    let part = part(
        Part {
            correlation: request.correlation_value,
            init: request.init_indicator,
            last: request.final_indicator,
            data: request.data,
            expected: request.signature_data,
        },
        request.digested_data,
    )?;
    let parameters: Option<&CryptographicParameters> =
        request.cryptographic_parameters.as_ref().map(Borrow::borrow);
    let mut given = parts::with_key(cx, VERIFY, request.unique_identifier, part, |cx, key| {
        let (material, _) = key.object()?;
        let public = public_key(&material)?;
        let scheme = scheme(cx, chosen(parameters, key)?, public.family())?;
        let input = Input::new(scheme, public.family(), is_digest)?;
        Ok(Box::new(Verifying { key: public, scheme, input, signature: None }))
    })?;
    let mut response = SignatureVerifyResponse::new(given.key());
    response.validity_indicator = match given.end {
        Some(End::Valid(true)) => Some(ValidityIndicator::Valid),
        Some(_) => Some(ValidityIndicator::Invalid),
        None => None,
    };
    response.correlation_value = given.correlation;
    Ok(response)
}

/// The part with its data, or with the digest of it, which is all there is of it.
fn part(part: Part, digest: Option<Bytes>) -> Result<Part, Failure> {
    let Some(digest) = digest else { return Ok(part) };
    if part.data.is_some() {
        return Err(Failure::new(
            Kind::InvalidField,
            "there are both Data and Digested Data; one of them is signed",
        ));
    }
    if part.correlation.is_some() || part.init.unwrap_or_default() != part.last.unwrap_or_default() {
        return Err(Failure::new(Kind::InvalidField, "Digested Data is not given in parts"));
    }
    Ok(Part { data: Some(Data::ByteString(Secret::from_shared(digest))), ..part })
}

/// What was given to be signed so far.
enum Input {
    /// Data, digested as it comes.
    Running(Digest),
    /// Data that is signed as it is.
    Gathered(Wiped),
    /// The digest of the data.
    Given(Wiped),
}

impl Input {
    fn new(scheme: Scheme, family: Family, is_digest: bool) -> Result<Self, Failure> {
        Ok(match (is_digest, scheme, scheme.hash()) {
            (true, ..) => Self::Given(Wiped::default()),
            (false, Scheme::Eddsa, _) => Self::Gathered(Wiped::default()),
            (false, _, Some(hash)) => Self::Running(Digest::new(hash)?),
            (false, Scheme::Ecdsa(None), None) => Self::Running(Digest::new(usual_hash(family))?),
            (false, _, None) => return Err(crypto::CryptoError::HashMissing.into()),
        })
    }

    fn update(&mut self, data: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Running(digest) => Ok(digest.update(data)?),
            Self::Gathered(gathered) | Self::Given(gathered) => {
                let room = gathered.len().saturating_add(data.len());
                gathered.grow(room);
                gathered.extend_from_slice(data);
                Ok(())
            }
        }
    }

    fn finish<T>(
        self,
        then: impl FnOnce(Signed<'_>) -> Result<T, crypto::CryptoError>,
    ) -> Result<T, Failure> {
        Ok(match self {
            Self::Running(digest) => then(Signed::Digest(&digest.finish()?)),
            Self::Gathered(data) => then(Signed::Data(&data)),
            Self::Given(digest) => then(Signed::Digest(&digest)),
        }?)
    }

    fn held(&self) -> usize {
        match self {
            Self::Running(_) => 0,
            Self::Gathered(data) | Self::Given(data) => data.len(),
        }
    }
}

struct Signing {
    key: PrivateKey,
    scheme: Scheme,
    input: Input,
}

impl Work for Signing {
    fn update(&mut self, data: &[u8], _out: &mut Wiped) -> Result<(), Failure> {
        self.input.update(data)
    }

    fn finish(self: Box<Self>, out: &mut Wiped) -> Result<End, Failure> {
        let Self { key, scheme, input } = *self;
        *out = Wiped::from(input.finish(|signed| sign::sign(&key, scheme, signed))?);
        Ok(End::Done)
    }

    fn held(&self) -> usize {
        self.input.held()
    }
}

struct Verifying {
    key: PublicKey,
    scheme: Scheme,
    input: Input,
    signature: Option<Vec<u8>>,
}

impl Work for Verifying {
    fn update(&mut self, data: &[u8], _out: &mut Wiped) -> Result<(), Failure> {
        self.input.update(data)
    }

    fn finish(self: Box<Self>, _out: &mut Wiped) -> Result<End, Failure> {
        let Self { key, scheme, input, signature } = *self;
        let signature = signature.ok_or_else(|| Failure::missing("the Signature Data"))?;
        Ok(End::Valid(input.finish(|signed| sign::verify(&key, scheme, signed, &signature))?))
    }

    fn expect(&mut self, given: &[u8]) -> Result<(), Failure> {
        self.signature = Some(given.to_vec());
        Ok(())
    }

    fn held(&self) -> usize {
        self.input.held()
    }
}

const SIGN: KeyUse = KeyUse { purpose: Use::Protect, bits: CryptographicUsageMask::Sign };

const VERIFY: KeyUse = KeyUse { purpose: Use::Process, bits: CryptographicUsageMask::Verify };
