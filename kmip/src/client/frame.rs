//! Receiving one message: how long it is, and where its bytes go.

use zeroize::Zeroizing;

use super::error::Violation;
use crate::ttlv::{Bytes, HEADER_SIZE, ItemType, Tag};

/// Bytes that are made room for before any have come, at the most.
const FIRST: usize = 1 << 16;

/// A message that is being received.
///
/// Room is made as bytes arrive, so that a length alone costs the peer's bytes, not our memory; what has arrived is
/// wiped wherever it stood.
pub(super) struct Frame {
    buffer: Zeroizing<Vec<u8>>,
    size: usize,
}

impl Frame {
    /// A message that starts with these bytes.
    pub(super) fn new(head: [u8; HEADER_SIZE], limit: usize) -> Result<Self, Violation> {
        let [t0, t1, t2, code, l0, l1, l2, l3] = head;
        let tag = Tag(u32::from_be_bytes([0, t0, t1, t2]));
        if tag != Tag::ResponseMessage || code != ItemType::Structure.code() {
            return Err(Violation::NotKmip);
        }
        let length = usize::try_from(u32::from_be_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        let size = length.saturating_add(HEADER_SIZE);
        if size > limit {
            return Err(Violation::TooLarge { size, limit });
        }
        let mut buffer = Zeroizing::new(Vec::with_capacity(size.min(FIRST)));
        buffer.extend_from_slice(&head);
        Ok(Self { buffer, size })
    }

    /// How long the message says that it is.
    #[cfg(feature = "https")]
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Whether all has arrived.
    pub(super) fn is_complete(&self) -> bool {
        self.buffer.len() == self.size
    }

    /// Where the next bytes go, and how many there is room for: at least one unless the message is complete.
    pub(super) fn room(&mut self) -> (&mut Vec<u8>, usize) {
        let length = self.buffer.len();
        if length == self.buffer.capacity() && !self.is_complete() {
            // A vector that grows by itself would leave what it held behind.
            let mut larger = Zeroizing::new(Vec::with_capacity(self.size.min(length.saturating_mul(4))));
            larger.extend_from_slice(&self.buffer);
            self.buffer = larger;
        }
        let room = self.buffer.capacity().min(self.size) - length;
        (&mut self.buffer, room)
    }

    /// The message; it is wiped when its last slice is dropped.
    pub(super) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self.buffer)
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test that fails there says where")]
mod tests {
    use super::*;

    fn head(length: u32) -> [u8; 8] {
        let [a, b, c, d] = length.to_be_bytes();
        [0x42, 0x00, 0x7B, 0x01, a, b, c, d]
    }

    #[test]
    fn takes_only_responses_within_the_limit() {
        assert_eq!(Frame::new(*b"HTTP/1.1", 1 << 20).err(), Some(Violation::NotKmip));
        assert_eq!(Frame::new([0x42, 0x00, 0x78, 0x01, 0, 0, 0, 0], 1 << 20).err(), Some(Violation::NotKmip));
        assert_eq!(Frame::new(head(93), 100).err(), Some(Violation::TooLarge { size: 101, limit: 100 }));
        assert!(Frame::new(head(92), 100).is_ok());
        assert!(Frame::new(head(0), 100).is_ok_and(|frame| frame.is_complete()));
    }

    #[test]
    fn makes_room_as_bytes_come() {
        let size = 1_000_000;
        let mut frame = Frame::new(head(size), usize::MAX).expect("a head");
        let mut allocations = 1;
        while !frame.is_complete() {
            let capacity = frame.buffer.capacity();
            let (buffer, room) = frame.room();
            assert!(room > 0);
            buffer.resize(buffer.len() + room.min(1400), 7);
            if frame.buffer.capacity() != capacity {
                allocations += 1;
                assert!(capacity * 4 >= frame.buffer.capacity());
            }
        }
        assert!(allocations <= 4, "{allocations}");
        let bytes = frame.into_bytes();
        assert_eq!(bytes.len(), size as usize + 8);
        assert!(bytes.starts_with(&head(size)));
    }
}
