use std::fmt;

use bytes::Bytes;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Text;

/// Bytes that must not be seen: key material, passwords, plaintext.
///
/// `Debug` shows the length alone, equality takes the same time whatever differs, and there is no `Display`. A secret
/// that came with a message is a slice of the receive buffer, which is wiped when its last slice is dropped; one made
/// from a `Vec` is wiped when its last clone is.
///
/// ```
/// use kmip::ttlv::Secret;
/// let secret = Secret::from(vec![1, 2, 3]);
/// assert_eq!(format!("{secret:?}"), "Secret(3 bytes)");
/// assert_eq!(secret.expose(), [1, 2, 3]);
/// ```
#[derive(Clone, Default)]
pub struct Secret(Bytes);

impl Secret {
    /// A secret that is a slice of `bytes`, whose owner sees to the wiping.
    #[inline]
    pub const fn from_shared(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// The bytes themselves.
    #[inline]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes themselves, shared.
    pub fn expose_shared(&self) -> &Bytes {
        &self.0
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Bytes::from_owner(Zeroizing::new(bytes)))
    }
}

impl From<Zeroizing<Vec<u8>>> for Secret {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(Bytes::from_owner(bytes))
    }
}

impl From<&[u8]> for Secret {
    fn from(bytes: &[u8]) -> Self {
        Self::from(bytes.to_vec())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// Text that must not be seen: a password. What [`Secret`] is to bytes.
#[derive(Clone, Default)]
pub struct SecretText(Text);

impl SecretText {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn text(&self) -> &Text {
        &self.0
    }
}

impl From<Text> for SecretText {
    fn from(text: Text) -> Self {
        Self(text)
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        let bytes = Bytes::from_owner(Zeroizing::new(text.as_bytes().to_vec()));
        Self(Text::try_from(bytes).unwrap_or_default())
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for SecretText {}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretText({} bytes)", self.0.len())
    }
}
