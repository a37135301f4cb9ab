//! Bytes that are overwritten before their memory is given back.

use std::fmt;
use std::ops::{Deref, DerefMut};

use zeroize::zeroize_bytes;

/// A byte vector whose contents are wiped when it is dropped, and never printed.
///
/// Unlike `Zeroizing<Vec<u8>>` it wipes in bulk, a memory fill instead of a volatile write a byte: every
/// request of a server passes through one of these.
///
/// A vector that grows leaves its old allocation behind unwiped. Reserve what is needed first, or use
/// [`Wiped::grow`].
///
/// ```
/// use kmip_server::wipe::Wiped;
///
/// let secret = Wiped::from(vec![1, 2, 3]);
/// assert_eq!(&secret[..], [1, 2, 3]);
/// assert_eq!(format!("{secret:?}"), "Wiped(3 bytes)");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Wiped(Vec<u8>);

impl Wiped {
    /// An empty vector.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// An empty vector with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Makes the capacity exactly `capacity` (if that is more than it is), wiping the allocation it leaves.
    pub fn grow(&mut self, capacity: usize) {
        if capacity > self.0.capacity() {
            let mut larger = Vec::with_capacity(capacity);
            larger.extend_from_slice(&self.0);
            zeroize_bytes(&mut self.0);
            self.0 = larger;
        }
    }

    /// Wipes the contents and empties the vector, keeping its allocation.
    pub fn wipe(&mut self) {
        zeroize_bytes(&mut self.0);
        self.0.clear();
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        zeroize_bytes(&mut self.0);
    }
}

impl From<Vec<u8>> for Wiped {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Wiped {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl Deref for Wiped {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Wiped {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Wiped> for bytes::Bytes {
    /// Shares the bytes without copying them; they are wiped when the last slice is dropped.
    fn from(bytes: Wiped) -> Self {
        bytes::Bytes::from_owner(bytes)
    }
}

impl fmt::Debug for Wiped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wiped({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_keeps_the_contents_and_is_exact() {
        let mut bytes = Wiped::with_capacity(4);
        bytes.extend_from_slice(b"abcd");
        bytes.grow(1000);
        assert_eq!(&bytes[..], b"abcd");
        assert_eq!(bytes.capacity(), 1000);
        bytes.grow(10);
        assert_eq!(bytes.capacity(), 1000);
    }

    #[test]
    fn wiping_keeps_the_allocation() {
        let mut bytes = Wiped::from(vec![7; 64]);
        bytes.wipe();
        assert!(bytes.is_empty());
        assert!(bytes.capacity() >= 64);
    }
}
