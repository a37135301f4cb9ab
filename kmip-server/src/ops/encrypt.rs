use std::borrow::Borrow;

use kmip::ttlv::Bytes;
use kmip::types::{CryptographicUsageMask, Data, DataEnumeration, EncryptRequest, EncryptResponse};

use super::asymmetric;
use super::one_time_pad;
use super::parts::{self, KeyUse, Part};
use super::symmetric::{self, Wish};
use crate::engine::{Context, End, Failure, Use};

/// Encrypt (KMIP 1.4 §4.29, 2.0 §6.1.17).
pub(super) fn encrypt(cx: &mut Context<'_>, request: EncryptRequest) -> Result<EncryptResponse, Failure> {
    let part = Part {
        correlation: request.correlation_value,
        init: request.init_indicator,
        last: request.final_indicator,
        data: request.data,
        expected: None,
    };
    let wish = Wish {
        parameters: request.cryptographic_parameters.as_ref(),
        iv: request.iv_counter_nonce,
        additional_data: request.authenticated_encryption_additional_data,
    };
    wish.check(&part)?;
    let mut made = None;
    let mut given = parts::with_key(cx, KEY_USE, request.unique_identifier, part, |cx, key| {
        let (material, _) = key.object()?;
        if asymmetric::is_asymmetric(&material) {
            return asymmetric::encryption(cx, key, &material, wish.parameters);
        }
        if let Some(work) = one_time_pad::work(cx, key, &material, wish.parameters.map(Borrow::borrow))? {
            return Ok(work);
        }
        let (work, iv) = symmetric::encryption(cx, key, &material, wish)?;
        made = iv;
        Ok(work)
    })?;
    let data = given.take_data();
    if let Some(data) = &data {
        cx.yields(DataEnumeration::Encrypt, data);
    }
    let mut response = EncryptResponse::new(given.key());
    // It is no secret, but has the type of what may be one.
    response.data = data.map(Data::ByteString);
    response.iv_counter_nonce = made;
    response.correlation_value = given.correlation;
    if let Some(End::Tag(tag)) = given.end {
        response.authenticated_encryption_tag = Some(Bytes::from(tag));
    }
    Ok(response)
}

const KEY_USE: KeyUse = KeyUse { purpose: Use::Protect, bits: CryptographicUsageMask::Encrypt };
