use std::borrow::Borrow;

use kmip::ttlv::Bytes;
use kmip::types::{
    AttributeValue, CryptographicUsageMask, Data, EncryptRequest, EncryptResponse, Operation,
    UniqueIdentifier, UsageLimits, UsageLimitsUnit, version,
};

use super::parameters::{Cipher, USAGE_LIMITS, check_key, whole};
use crate::crypto::{self, Parameters};
use crate::engine::{Context, Failure, Kind, Managed, Use, symmetric_key_bytes};

/// Encrypt, in one part (KMIP 1.4 §4.29, 2.0 §6.1.17).
pub(super) fn encrypt(cx: &mut Context<'_>, request: EncryptRequest) -> Result<EncryptResponse, Failure> {
    let data = whole(
        request.data,
        request.correlation_value.is_some(),
        request.init_indicator,
        request.final_indicator,
    )?;
    let identifier = cx.target(request.unique_identifier)?;
    let key = cx.object_with_material(&identifier, Operation::Encrypt)?;
    let (material, _) = key.object()?;
    check_key(cx, &key, Use::Protect, CryptographicUsageMask::Encrypt)?;
    let cipher = Cipher::new(request.cryptographic_parameters.as_ref().map(Borrow::borrow), &key)?;
    let secret = symmetric_key_bytes(&material)?;

    // Where a vector is needed and none is given, the server makes one: Random IV asks for that, and a client that says
    // neither can't do anything with a failure.
    let made = match &request.iv_counter_nonce {
        Some(_) => None,
        None => make_iv(&cipher)?,
    };
    let iv = request.iv_counter_nonce.as_ref().or(made.as_ref()).map(|iv| &iv[..]).unwrap_or_default();
    let additional_data = request.authenticated_encryption_additional_data.unwrap_or_default();
    let with = Parameters {
        padding: cipher.padding,
        additional_data: &additional_data,
        tag_length: cipher.tag_length,
        ..Parameters::new(cipher.algorithm, cipher.mode, secret.expose(), iv)
    };
    let mut encrypted = crypto::encrypt(&with, data.expose())?;
    allocate(cx, &key, &identifier, data.len())?;

    let tag = match encrypted.tag {
        // 1.4 brought the field for it; before, it can only stand behind the data.
        Some(tag) if cx.version() < version::V1_4 => {
            encrypted.data.extend_from_slice(&tag);
            None
        }
        tag => tag,
    };
    cx.reserve(encrypted.data.len());
    cx.returns(&identifier);
    let mut response = EncryptResponse::new(UniqueIdentifier::TextString(identifier));
    // It is no secret, but has the type of what may be one.
    response.data = Some(Data::ByteString(kmip::ttlv::Secret::from_shared(encrypted.data.into())));
    response.iv_counter_nonce = made;
    response.authenticated_encryption_tag = tag.map(Bytes::from);
    Ok(response)
}

/// A random vector, where the mode takes one.
fn make_iv(cipher: &Cipher) -> Result<Option<Bytes>, Failure> {
    let usual = crypto::cipher::iv_length(cipher.algorithm, cipher.mode).unwrap_or_default();
    if usual == 0 {
        return Ok(None);
    }
    let mut iv = vec![0; cipher.iv_length.unwrap_or(usual).min(MAX_IV)];
    crypto::fill(&mut iv)?;
    Ok(Some(iv.into()))
}

/// Takes what is used from the key's Usage Limits, if it has some (1.4 §3.21).
fn allocate(cx: &mut Context<'_>, key: &Managed, identifier: &str, size: usize) -> Result<(), Failure> {
    if key.attributes.get(USAGE_LIMITS).is_none() {
        return Ok(());
    }
    cx.change(identifier, Operation::Encrypt, |key| {
        let Some(AttributeValue::UsageLimits(limits)) = key.attributes.get(USAGE_LIMITS) else {
            return Ok(());
        };
        let used = match limits.usage_limits_unit {
            Some(UsageLimitsUnit::Object) => 1,
            _ => i64::try_from(size).unwrap_or(i64::MAX),
        };
        let Some(count) = limits.usage_limits_count else { return Ok(()) };
        let left = count.checked_sub(used).filter(|left| *left >= 0);
        let Some(left) = left else {
            return Err(Failure::new(Kind::UsageLimits, "the key's Usage Limits are used up"));
        };
        let limits = UsageLimits { usage_limits_count: Some(left), ..limits.clone() };
        key.attributes.set(AttributeValue::UsageLimits(limits));
        Ok(())
    })
}

/// No mode takes a longer vector, in bytes.
const MAX_IV: usize = 128;
