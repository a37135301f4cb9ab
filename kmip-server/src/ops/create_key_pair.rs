use kmip::ttlv::Text;
use kmip::types::{CreateKeyPairRequest, CreateKeyPairResponse, Operation, UniqueIdentifier};

use super::key_pair::{Pair, check_pair_protection, halves, link};
use crate::engine::{Context, Failure, Purpose, Requested};

/// Create Key Pair: the server makes a private key and its public key (KMIP 1.4 §4.2, 2.0 §6.1.9).
pub(super) fn create_key_pair(
    cx: &mut Context<'_>,
    request: CreateKeyPairRequest,
) -> Result<CreateKeyPairResponse, Failure> {
    check_pair_protection(
        request.common_protection_storage_masks.as_ref(),
        request.private_protection_storage_masks.as_ref(),
        request.public_protection_storage_masks.as_ref(),
    )?;
    let common = Requested::new(request.common_template_attribute, request.common_attributes)?;
    let private = Requested::new(request.private_key_template_attribute, request.private_key_attributes)?;
    let public = Requested::new(request.public_key_template_attribute, request.public_key_attributes)?;
    let (private, public) = halves(cx, common, private, public, Purpose::Generate)?;
    let mut pair = Pair::new(private, public)?;
    pair.ensure_masks(Operation::CreateKeyPair, cx.version())?;
    // Made here, outside of any transaction: it may take long.
    let (private_key, public_key) = pair.generate(cx)?;

    let (private_id, public_id) = (cx.new_identifier()?, cx.new_identifier()?);
    link(&mut pair, &private_id, &public_id);
    let new = pair.into_new(cx.version(), (private_id, private_key), (public_id, public_key))?;
    cx.write(|writer| new.insert(writer))?;
    let (private, public) = new.identifiers();
    cx.returns_pair(private, public);
    let name = |text: &Text| UniqueIdentifier::TextString(text.clone());
    Ok(CreateKeyPairResponse::new(name(private), name(public)))
}
