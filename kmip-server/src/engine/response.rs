//! Writing a response, item by item, into one buffer.

use kmip::ttlv::{self, DateTime, Encode, Encoder, HEADER_SIZE, Tag, Text, Version};
use kmip::types::{Operation, ResponseBatchItem, ResponseHeader, ResponsePayload, ResultStatus, TimeStamp};

use super::{Answer, Failure, Kind};
use crate::handler::Disposition;
use crate::wipe::Wiped;

/// A response that is being written.
pub(super) struct Response {
    bytes: Wiped,
    version: Version,
    /// Where the first batch item begins.
    items: usize,
    count: i32,
    /// How large it may be: the Maximum Response Size, if the client has one, or the server's limit.
    limit: usize,
}

/// What an item says of the request item that it answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Answered {
    pub(super) operation: Option<Operation>,
    pub(super) id: Option<kmip::ttlv::Bytes>,
}

/// A place in a response to go back to.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    length: usize,
    count: i32,
}

impl Response {
    /// A response without items as yet. Its header has what the version has, and no more than the client asked for:
    /// some clients can't read the rest.
    pub(super) fn new(
        version: Version,
        now: DateTime,
        limit: usize,
        correlation: Option<Text>,
    ) -> Result<Self, Failure> {
        let server_correlation = correlation.is_some().then(|| uuid::Uuid::new_v4().to_string().into());
        let header = ResponseHeader {
            client_correlation_value: correlation,
            server_correlation_value: server_correlation,
            ..ResponseHeader::new(version.into(), TimeStamp::DateTime(now), 0)
        };
        let mut bytes = Wiped::with_capacity(ROOM);
        let mut encoder = Encoder::new(&mut bytes, version);
        // The length is filled in at the end.
        let _open = encoder.begin(Tag::ResponseMessage);
        header.encode(Tag::ResponseHeader, &mut encoder)?;
        let items = bytes.len();
        Ok(Self { bytes, version, items, count: 0, limit })
    }

    /// The version it is written in.
    pub(super) fn version(&self) -> Version {
        self.version
    }

    /// Whether it is near its limit, so that what changes something might not be answered any more.
    pub(super) fn is_nearly_full(&self) -> bool {
        self.bytes.len() > self.limit / 2
    }

    /// Where it ends now.
    pub(super) fn mark(&self) -> Mark {
        Mark { length: self.bytes.len(), count: self.count }
    }

    /// Takes back what was written since.
    pub(super) fn back_to(&mut self, mark: Mark) {
        // What is overwritten later needs no wiping now; what isn't is wiped with the buffer's capacity below.
        if let Some(rest) = self.bytes.get_mut(mark.length..) {
            rest.fill(0);
        }
        self.bytes.truncate(mark.length);
        self.count = mark.count;
    }

    /// Adds the answer of an operation that succeeded; on an error nothing is added. `room` is about how long it is.
    pub(super) fn success(
        &mut self,
        answered: Answered,
        payload: ResponsePayload,
        room: usize,
    ) -> Result<(), Failure> {
        let mark = self.mark();
        let item = ResponseBatchItem {
            operation: answered.operation,
            unique_batch_item_id: answered.id,
            response_payload: Some(payload),
            ..ResponseBatchItem::new(ResultStatus::Success)
        };
        self.item(&item, room).map_err(|error| {
            use kmip::ttlv::ErrorKind as E;
            match error.kind() {
                E::Version { .. } | E::Missing(_) | E::Duplicate(_) => Failure::new(
                    Kind::FeatureNotSupported,
                    format!("this cannot be said in KMIP {}: {}", self.version, error.kind()),
                ),
                _ => Failure::internal(&error),
            }
        })?;
        let (size, limit) = (self.bytes.len(), self.limit);
        if size > limit {
            self.back_to(mark);
            return Err(Failure::new(
                Kind::ResponseTooLarge,
                format!("the response would have {size} bytes, more than the {limit} that it may have"),
            ));
        }
        Ok(())
    }

    /// Adds the answer of an operation that failed: reason and message always, a payload never.
    pub(super) fn failure(&mut self, answered: Answered, failure: &Failure) {
        let item = ResponseBatchItem {
            unique_batch_item_id: answered.id,
            result_reason: Some(failure.kind().reason(answered.operation, self.version)),
            result_message: Some(shortened(failure.message()).into()),
            operation: answered.operation,
            ..ResponseBatchItem::new(ResultStatus::OperationFailed)
        };
        self.plain(&item);
    }

    /// Adds that an operation is done later, and what to ask for it with.
    pub(super) fn pending(&mut self, answered: Answered, correlation: kmip::ttlv::Bytes) {
        let item = ResponseBatchItem {
            operation: answered.operation,
            unique_batch_item_id: answered.id,
            asynchronous_correlation_value: Some(correlation),
            ..ResponseBatchItem::new(ResultStatus::OperationPending)
        };
        self.plain(&item);
    }

    /// Adds what an operation has come to that was done later: the answer that it would have had at once.
    pub(super) fn polled(
        &mut self,
        answered: Answered,
        item: ResponseBatchItem,
        room: usize,
    ) -> Result<(), Failure> {
        match item {
            ResponseBatchItem { response_payload: Some(payload), operation, .. } => {
                self.success(Answered { operation, ..answered }, payload, room)
            }
            item => {
                self.plain(&ResponseBatchItem { unique_batch_item_id: answered.id, ..item });
                Ok(())
            }
        }
    }

    /// Adds the answer of an operation that was done and undone again.
    pub(super) fn undone(&mut self, answered: Answered) {
        let item = ResponseBatchItem {
            operation: answered.operation,
            unique_batch_item_id: answered.id,
            ..ResponseBatchItem::new(ResultStatus::OperationUndone)
        };
        self.plain(&item);
    }

    fn plain(&mut self, item: &ResponseBatchItem) {
        if let Err(error) = self.item(item, 0) {
            // An item of these few fields can be said in every version.
            tracing::error!(%error, "a failure could not be written");
        }
    }

    fn item(&mut self, item: &ResponseBatchItem, room: usize) -> ttlv::Result<()> {
        let needed = self.bytes.len().saturating_add(room).saturating_add(ROOM / 2);
        if needed > self.bytes.capacity() {
            self.bytes.grow(needed.max(self.bytes.capacity().saturating_mul(2)));
        }
        ttlv::encode_into(item, Tag::BatchItem, self.version, &mut self.bytes)?;
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// The whole message.
    pub(super) fn finish(mut self, disposition: Disposition) -> Answer {
        let length = u32::try_from(self.bytes.len().saturating_sub(HEADER_SIZE)).unwrap_or_default();
        let [.., l0, l1, l2, l3] = length.to_be_bytes();
        let count = self.count.to_be_bytes();
        // The length stands in the head; the Batch Count is the last field of the header: four bytes and four of padding.
        let places = [(HEADER_SIZE - 4, [l0, l1, l2, l3]), (self.items.saturating_sub(8), count)];
        for (place, value) in places {
            if let Some(bytes) = self.bytes.get_mut(place..place + 4) {
                bytes.copy_from_slice(&value);
            }
        }
        Answer { bytes: self.bytes, disposition }
    }
}

/// A message that names what a client sent is no longer than anyone reads.
fn shortened(message: &str) -> &str {
    match message.char_indices().nth(MESSAGE) {
        Some((end, _)) => message.get(..end).unwrap_or_default(),
        None => message,
    }
}

/// The longest Result Message, in characters.
const MESSAGE: usize = 500;

/// Enough for most responses, so that they are not moved while they are written.
const ROOM: usize = 4096;
