use std::borrow::Borrow;

use kmip::ttlv::Secret;
use kmip::types::{
    CryptographicUsageMask, Data, DecryptRequest, DecryptResponse, Operation, UniqueIdentifier, version,
};

use super::parameters::{Cipher, check_key, whole};
use crate::crypto::{self, Parameters};
use crate::engine::{Context, Failure, Kind, Use, symmetric_key_bytes};

/// Decrypt, in one part (KMIP 1.4 §4.30, 2.0 §6.1.11).
pub(super) fn decrypt(cx: &mut Context<'_>, request: DecryptRequest) -> Result<DecryptResponse, Failure> {
    let data = whole(
        request.data,
        request.correlation_value.is_some(),
        request.init_indicator,
        request.final_indicator,
    )?;
    let identifier = cx.target(request.unique_identifier)?;
    let key = cx.object_with_material(&identifier, Operation::Decrypt)?;
    let (material, _) = key.object()?;
    check_key(cx, &key, Use::Process, CryptographicUsageMask::Decrypt)?;
    let cipher = Cipher::new(request.cryptographic_parameters.as_ref().map(Borrow::borrow), &key)?;
    let secret = symmetric_key_bytes(&material)?;

    let needs_iv = crypto::cipher::iv_length(cipher.algorithm, cipher.mode).is_some_and(|length| length > 0);
    if needs_iv && request.iv_counter_nonce.is_none() {
        // The official cases (CS-BC-M-12 and -13, of every version) have Invalid Message here.
        return Err(Failure::new(Kind::InvalidMessage, "the IV/Counter/Nonce is missing"));
    }
    let additional_data = request.authenticated_encryption_additional_data.unwrap_or_default();
    let with = Parameters {
        padding: cipher.padding,
        additional_data: &additional_data,
        tag_length: cipher.tag_length,
        ..Parameters::new(
            cipher.algorithm,
            cipher.mode,
            secret.expose(),
            request.iv_counter_nonce.as_deref().unwrap_or_default(),
        )
    };
    let (data, tag) = match request.authenticated_encryption_tag.as_deref() {
        // 1.4 brought the field for it; before, it stands behind the data, as Encrypt put it.
        None if cipher.mode.is_authenticated() && cx.version() < version::V1_4 => {
            let data = data.expose();
            let Some((data, tag)) =
                data.len().checked_sub(cipher.tag_length).and_then(|length| data.split_at_checked(length))
            else {
                return Err(Failure::new(
                    Kind::Cryptographic,
                    "the data is too short to end in an authentication tag",
                ));
            };
            (data, Some(tag))
        }
        tag => (data.expose(), tag),
    };
    let plaintext = crypto::decrypt(&with, tag, data)?;
    cx.reserve(plaintext.len());
    cx.returns(&identifier);
    let mut response = DecryptResponse::new(UniqueIdentifier::TextString(identifier));
    response.data = Some(Data::ByteString(Secret::from_shared(plaintext.into())));
    Ok(response)
}
