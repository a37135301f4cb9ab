//! The engine as what answers on connections.

use kmip::ttlv::{Bytes, HEADER_SIZE, Tag};
use kmip::types::{AsynchronousIndicator, BatchErrorContinuationOption, Operation, version};

use super::response::{Answered, Response};
use super::{Engine, Failure, Kind};
use crate::handler::{Disposition, Handler, Peer, Refusal};
use crate::ops;

impl Handler for Engine {
    fn handle(&self, peer: &Peer, request: Bytes, response: &mut Vec<u8>) -> Disposition {
        let answer = self.answer(peer, &request);
        response.reserve_exact(answer.bytes.len());
        response.extend_from_slice(&answer.bytes);
        answer.disposition
    }

    fn refuse(&self, refusal: &Refusal, response: &mut Vec<u8>) {
        let kind = match refusal {
            Refusal::TooManyConnections { .. }
            | Refusal::TooManyOfOne { .. }
            | Refusal::Unwritable { .. } => Kind::ServerLimit,
            _ => Kind::InvalidMessage,
        };
        let version = match refusal {
            Refusal::Unreadable { version, .. } | Refusal::Unwritable { version, .. } => *version,
            _ => None,
        };
        // Where nothing of the message is there to say which version: that which all others have grown out of.
        let version = version.unwrap_or(version::OLDEST);
        let Ok(mut answer) = Response::new(version, (self.clock)(), usize::MAX, None) else { return };
        answer.failure(Answered::default(), &Failure::new(kind, refusal.to_string()));
        response.extend_from_slice(&answer.finish(Disposition::Close).bytes);
    }

    /// What commits, works on much data, or has its client looked up elsewhere. A single Get or Encrypt commits too, but only the first time.
    fn may_block(&self, request: &Bytes) -> bool {
        // Where an answer waits for its record, each of them does.
        self.audit.as_ref().is_some_and(|audit| audit.is_strict())
            || request.len() > LARGE
            || operations(request).enumerate().any(|(place, (operation, item))| {
                place >= MANY
                    || ops::writes(operation)
                    || (operation == Operation::Locate && !is_by_name(item))
            })
            || keeps(request)
            || self.authenticator.may_block(has_credentials(request))
    }
}

/// Whether a Locate asks for a Name, as far as that can be found without reading it: it finds one object or a few. Any
/// other may look through many.
fn is_by_name(item: &[u8]) -> bool {
    item.windows(AS_TEXT.len()).any(|bytes| bytes == AS_TEXT)
        || item.windows(AS_ITEM.len()).any(|bytes| bytes == AS_ITEM)
}

/// The Attribute Name of 1.x: tag, type, length, text, padding.
const AS_TEXT: [u8; 16] = *b"\x42\x00\x0A\x07\x00\x00\x00\x04Name\x00\x00\x00\x00";

/// The Name of 2.0, a structure.
const AS_ITEM: [u8; 4] = [0x42, 0x00, 0x53, 0x01];

/// Whether a request's header has an Authentication, as far as that can be found without reading it.
fn has_credentials(request: &[u8]) -> bool {
    header(request).any(|(tag, _)| tag == Tag::Authentication)
}

/// Whether a request's header has something kept, whatever its operations do: one that is done later is written down until
/// then, and those that may be undone are one transaction.
fn keeps(request: &[u8]) -> bool {
    header(request).any(|(tag, value)| match tag {
        // A Boolean in 1.x.
        Tag::AsynchronousIndicator => {
            value.iter().any(|byte| *byte != 0) && !says(value, AsynchronousIndicator::Prohibited.0)
        }
        Tag::BatchErrorContinuationOption => says(value, BatchErrorContinuationOption::Undo.0),
        _ => false,
    })
}

fn says(value: &[u8], enumeration: u32) -> bool {
    value == enumeration.to_be_bytes()
}

/// The items of a request's header, as far as they can be found without reading it.
fn header(request: &[u8]) -> impl Iterator<Item = (Tag, &[u8])> {
    let body = request.get(HEADER_SIZE..).unwrap_or_default();
    let header = items(body).find(|(tag, _)| *tag == Tag::RequestHeader);
    header.into_iter().flat_map(|(_, header)| items(header))
}

/// The operations of a request's items, as far as they can be found without reading it, with the items.
fn operations(request: &[u8]) -> impl Iterator<Item = (Operation, &[u8])> {
    let body = request.get(HEADER_SIZE..).unwrap_or_default();
    items(body).filter(|(tag, _)| *tag == Tag::BatchItem).filter_map(|(_, item)| {
        let (_, value) = items(item).find(|(tag, _)| *tag == Tag::Operation)?;
        value.first_chunk().map(|value| (Operation(u32::from_be_bytes(*value)), item))
    })
}

/// The items that stand behind one another, without what is in them being looked at.
fn items(mut bytes: &[u8]) -> impl Iterator<Item = (Tag, &[u8])> {
    std::iter::from_fn(move || {
        let ([t0, t1, t2, _, l0, l1, l2, l3], rest) = bytes.split_first_chunk::<HEADER_SIZE>()?;
        let tag = Tag(u32::from_be_bytes([0, *t0, *t1, *t2]));
        let length = usize::try_from(u32::from_be_bytes([*l0, *l1, *l2, *l3])).ok()?;
        let (value, _) = rest.split_at_checked(length)?;
        bytes = rest.get(length.checked_next_multiple_of(8)?..).unwrap_or_default();
        Some((tag, value))
    })
}

/// Requests of more bytes than this take longer than a thread that serves connections should be kept.
const LARGE: usize = 64 << 10;

/// More items than these do, too.
const MANY: usize = 16;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kmip::ttlv::{Limits, Mode};
    use kmip::types::{ResponseMessage, ResultReason};

    use super::*;
    use crate::engine::Settings;
    use crate::seal::{MasterKey, Seal};
    use crate::store;

    fn engine() -> Engine {
        let store = store::open("memory:").unwrap();
        let seal = Arc::new(Seal::open(&*store, &MasterKey::generate().unwrap()).unwrap());
        Engine::new(store, seal, Settings::default())
    }

    /// An item of KMIP, with its padding.
    fn item(tag: Tag, item_type: u8, value: &[u8]) -> Vec<u8> {
        let [_, a, b, c] = tag.0.to_be_bytes();
        let mut bytes = vec![a, b, c, item_type];
        bytes.extend((value.len() as u32).to_be_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    #[test]
    fn what_commits_may_block() {
        let request = |operations: &[Operation]| -> Bytes {
            let mut body = item(Tag::RequestHeader, 1, &[]);
            for operation in operations {
                let operation = item(Tag::Operation, 5, &operation.0.to_be_bytes());
                body.extend(item(Tag::BatchItem, 1, &operation));
            }
            item(Tag::RequestMessage, 1, &body).into()
        };
        let engine = engine();
        for (operations, blocks) in [
            (&[Operation::Get][..], false),
            (&[Operation::Query, Operation::Locate], true),
            (&[Operation::Query; 16], false),
            (&[Operation::Query; 17], true),
            (&[Operation::Locate, Operation::Destroy], true),
            (&[Operation::Create], true),
            (&[], false),
        ] {
            assert_eq!(engine.may_block(&request(operations)), blocks, "{operations:?}");
        }
        assert!(engine.may_block(&vec![0; LARGE + 1].into()));
        for length in 0..64 {
            engine.may_block(&vec![0xFF; length].into());
        }
    }

    #[test]
    fn what_is_kept_may_block() {
        let request = |tag: Tag, item_type: u8, value: &[u8]| -> Bytes {
            let mut body = item(Tag::RequestHeader, 1, &item(tag, item_type, value));
            let operation = item(Tag::Operation, 5, &Operation::Get.0.to_be_bytes());
            body.extend(item(Tag::BatchItem, 1, &operation));
            item(Tag::RequestMessage, 1, &body).into()
        };
        let engine = engine();
        let asynchronous = |item_type, value: &[u8]| request(Tag::AsynchronousIndicator, item_type, value);
        let option = |option: BatchErrorContinuationOption| {
            request(Tag::BatchErrorContinuationOption, 5, &option.0.to_be_bytes())
        };
        for (request, blocks) in [
            (asynchronous(6, &1_u64.to_be_bytes()), true),
            (asynchronous(6, &0_u64.to_be_bytes()), false),
            (asynchronous(5, &AsynchronousIndicator::Mandatory.0.to_be_bytes()), true),
            (asynchronous(5, &AsynchronousIndicator::Optional.0.to_be_bytes()), true),
            (asynchronous(5, &AsynchronousIndicator::Prohibited.0.to_be_bytes()), false),
            (option(BatchErrorContinuationOption::Undo), true),
            (option(BatchErrorContinuationOption::Continue), false),
        ] {
            assert_eq!(engine.may_block(&request), blocks, "{request:?}");
        }
    }

    #[test]
    fn input_that_is_no_request_is_answered() {
        let engine = engine();
        for refusal in [
            Refusal::TooLarge { size: 9, limit: 8 },
            Refusal::Truncated { size: 9, received: 8 },
            Refusal::TooManyConnections { limit: 7 },
        ] {
            let mut response = b"before".to_vec();
            engine.refuse(&refusal, &mut response);
            let message = Bytes::copy_from_slice(&response[6..]);
            let message = ResponseMessage::read(&message, Mode::Strict, Limits::DEFAULT).unwrap();
            let reason = message.batch_item[0].result_reason.unwrap();
            assert!([ResultReason::InvalidMessage, ResultReason::GeneralFailure].contains(&reason));
            assert_eq!(message.batch_item[0].result_message.as_deref(), Some(&*refusal.to_string()));
        }
    }
}
