use std::borrow::Borrow;

use kmip::types::{CryptographicUsageMask, Data, DataEnumeration, DecryptRequest, DecryptResponse};

use super::asymmetric;
use super::one_time_pad;
use super::parts::{self, KeyUse, Part};
use super::symmetric::{self, Wish};
use crate::engine::{Context, Failure, Kind, Use};

/// Decrypt (KMIP 1.4 §4.30, 2.0 §6.1.11).
pub(super) fn decrypt(cx: &mut Context<'_>, request: DecryptRequest) -> Result<DecryptResponse, Failure> {
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
    let tag = request.authenticated_encryption_tag;
    if part.correlation.is_some() && tag.is_some() {
        return Err(Failure::new(Kind::InvalidMessage, "the tag comes with the first part, or not at all"));
    }
    let mut given = parts::with_key(cx, KEY_USE, request.unique_identifier, part, |cx, key| {
        let (material, _) = key.object()?;
        if asymmetric::is_asymmetric(&material) {
            return asymmetric::decryption(cx, key, &material, wish.parameters);
        }
        if let Some(work) = one_time_pad::work(cx, key, &material, wish.parameters.map(Borrow::borrow))? {
            return Ok(work);
        }
        symmetric::decryption(cx, key, &material, wish, tag)
    })?;
    let data = given.take_data();
    if let Some(data) = &data {
        cx.yields(DataEnumeration::Decrypt, data);
    }
    let mut response = DecryptResponse::new(given.key());
    response.data = data.map(Data::ByteString);
    response.correlation_value = given.correlation;
    Ok(response)
}

const KEY_USE: KeyUse = KeyUse { purpose: Use::Process, bits: CryptographicUsageMask::Decrypt };
