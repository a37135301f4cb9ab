//! Credentials, by kind.

use super::{
    AttestationCredential, Credential, CredentialType, CredentialValue, DeviceCredential, Ticket,
    TicketCredential, UsernameAndPasswordCredential,
};
use crate::ttlv::{SecretText, Text};

impl Credential {
    /// A user's name and password.
    pub fn user(username: impl Into<Text>, password: Option<SecretText>) -> Self {
        let user = UsernameAndPasswordCredential::new(username.into());
        let user = UsernameAndPasswordCredential { password, ..user };
        Self::new(CredentialType::UsernameAndPassword, CredentialValue::UsernameAndPasswordCredential(user))
    }

    /// A device. Since KMIP 1.1.
    pub fn device(device: DeviceCredential) -> Self {
        Self::new(CredentialType::Device, CredentialValue::DeviceCredential(Box::new(device)))
    }

    /// What a device says of its state. Since KMIP 1.2.
    pub fn attestation(attestation: AttestationCredential) -> Self {
        let value = CredentialValue::AttestationCredential(Box::new(attestation));
        Self::new(CredentialType::Attestation, value)
    }

    /// What Login gave. Since KMIP 2.0.
    pub fn ticket(ticket: Ticket) -> Self {
        Self::new(CredentialType::Ticket, CredentialValue::TicketCredential(TicketCredential::new(ticket)))
    }
}
