//! The life of a key.

use kmip::client::blocking::Client;
use kmip::client::calls::{KeyPairAttributes, Usage};
use kmip::client::objects::SymmetricKey;
use kmip::ttlv::{Interval, Tag, Text};
use kmip::types::{
    AttributeId, AttributeSet, AttributeValue, CryptographicAlgorithm, CryptographicUsageMask as Mask,
    RevocationReason, RevocationReasonCode, State,
};

use crate::{Outcome, remove, same};

/// A 256-bit AES key for encryption and decryption, which the server makes.
pub(crate) fn create(client: &mut Client) -> Outcome {
    let attributes = AttributeSet::new()
        .with_name("Test_256_AES_Symmetric_Key")
        .with_policy("default")
        .with_usage(Mask::Encrypt | Mask::Decrypt);
    let id = client.create(CryptographicAlgorithm::AES, 256, attributes)?;
    same(client.get(&id)?.length(), Some(256))?;
    remove(client, &[&id])
}

/// A 2048-bit RSA key pair for signing and verifying.
pub(crate) fn create_key_pair(client: &mut Client) -> Outcome {
    let pair = client.create_key_pair(
        CryptographicAlgorithm::RSA,
        2048,
        KeyPairAttributes {
            common: AttributeSet::new().with_policy("default"),
            public: AttributeSet::new().with_name("Test_2048_RSA_Public_Key").with_usage(Mask::Verify),
            private: AttributeSet::new().with_name("Test_2048_RSA_Private_Key").with_usage(Mask::Sign),
        },
    )?;
    same(client.get(&pair.public)?.length(), Some(2048))?;
    remove(client, &[&pair.public, &pair.private])
}

/// A key can be used from its activation on.
pub(crate) fn activate(client: &mut Client) -> Outcome {
    let id = register_key(client, Mask::Encrypt)?;
    same(state(client, &id)?, Some(State::PreActive))?;
    client.activate(&id)?;
    same(state(client, &id)?, Some(State::Active))?;
    remove(client, &[&id])
}

/// A key that is revoked protects nothing more.
pub(crate) fn revoke(client: &mut Client) -> Outcome {
    let id = register_key(client, Mask::Encrypt)?;
    client.activate(&id)?;
    client.revoke(&id, RevocationReason::new(RevocationReasonCode::CessationOfOperation), None)?;
    same(state(client, &id)?, Some(State::Deactivated))?;
    remove(client, &[&id])
}

/// A key that is destroyed is gone.
pub(crate) fn destroy(client: &mut Client) -> Outcome {
    let id = register_key(client, Mask::Encrypt)?;
    client.destroy(&id)?;
    match client.get(&id) {
        Ok(_) => Err("a destroyed key was given out".into()),
        // The failure has the server's status, reason and message.
        Err(error) => same(error.reason().is_some(), true),
    }
}

/// Whether a key may be used in some way.
pub(crate) fn check(client: &mut Client) -> Outcome {
    let id = register_key(client, Mask::Encrypt)?;
    client.check(&id, Usage { mask: Some(Mask::Encrypt), ..Usage::default() })?;
    remove(client, &[&id])
}

/// A new key in the place of another, active a minute after it was made.
pub(crate) fn rekey(client: &mut Client) -> Outcome {
    let id = register_key(client, Mask::Encrypt)?;
    client.activate(&id)?;
    let new = client.rekey(&id, Interval(60), AttributeSet::new())?;
    same(state(client, &new)?, Some(State::PreActive))?;
    remove(client, &[&id, &new])
}

/// A 128-bit AES key of the client's own.
pub(crate) fn register_key(client: &mut Client, usage: Mask) -> Outcome<Text> {
    let key: Vec<u8> = (0x00..=0x0F).collect();
    Ok(client.register(SymmetricKey::new(CryptographicAlgorithm::AES, key).named("example").usage(usage))?)
}

/// The state of an object, if it has one.
pub(crate) fn state(client: &mut Client, id: &Text) -> Outcome<Option<State>> {
    let attributes = client.get_attributes(id, &[AttributeId::Standard(Tag::State)])?;
    Ok(match attributes.get(Tag::State) {
        Some(AttributeValue::State(state)) => Some(*state),
        _ => None,
    })
}
