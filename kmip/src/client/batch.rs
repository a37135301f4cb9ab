//! Messages: from payloads to the request, and from the response to payloads. There is no input or output here.

use std::fmt;

use zeroize::Zeroizing;

use super::{
    call::{Call, Make, Read},
    error::{Error, Result, Violation},
    options::Options,
};
use crate::{
    ttlv::{Bytes, Version},
    types::{
        AsynchronousIndicator, Authentication, BatchErrorContinuationOption, Operation, Request,
        RequestBatchItem, RequestHeader, RequestMessage, RequestPayload, ResponseBatchItem, ResponseMessage,
        ResponsePayload, ResultStatus, tables::operation_info,
    },
};

/// Operations that go to the server in one message, and are done in order.
///
/// An operation whose Unique Identifier is left out is about the object of the one before it (the ID Placeholder,
/// KMIP 1.0 §4, 2.0 §6.1).
///
/// ```
/// use kmip::{client::Batch, types::{ActivateRequest, GetRequest}};
/// let mut batch = Batch::new();
/// let activated = batch.add(ActivateRequest { unique_identifier: None, ..ActivateRequest::new() });
/// let key = batch.add(GetRequest::new());
/// assert_eq!(batch.len(), 2);
/// // let mut answers = client.batch(batch).await?;
/// // let key = answers.take(key)?.object;
/// # let _ = (activated, key);
/// ```
#[derive(Default)]
pub struct Batch {
    items: Vec<(Operation, Make)>,
    /// What the server does when an operation fails; if none, it stops there and keeps what was done.
    pub on_error: Option<BatchErrorContinuationOption>,
}

/// Where in the answers of a [`Batch`] that of one operation is found.
#[must_use = "it is the way to the operation's answer"]
pub struct Place<T> {
    index: usize,
    read: Read<T>,
}

impl<T> fmt::Debug for Place<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("index", &self.index).finish_non_exhaustive()
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operations: Vec<_> = self.items.iter().map(|(operation, _)| operation).collect();
        f.debug_struct("Batch").field("operations", &operations).field("on_error", &self.on_error).finish()
    }
}

impl Batch {
    /// No operations.
    pub const fn new() -> Self {
        Self { items: Vec::new(), on_error: None }
    }

    /// Adds an operation.
    pub fn add<R: Request + Send + 'static>(&mut self, request: R) -> Place<R::Response> {
        self.call(Call::from(request))
    }

    /// Adds a call.
    pub fn call<T>(&mut self, call: Call<T>) -> Place<T> {
        let (operation, make, read) = call.into_parts();
        self.items.push((operation, make));
        Place { index: self.items.len() - 1, read }
    }

    /// Adds an operation of any kind; its answer is found with [`Answers::into_results`].
    pub fn push(&mut self, operation: Operation, payload: RequestPayload) {
        self.items.push((operation, Box::new(|_| Ok(payload))));
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// What the operations of a [`Batch`] gave.
#[derive(Debug)]
pub struct Answers(Vec<Answer>);

#[derive(Debug)]
struct Answer {
    operation: Operation,
    result: Option<Result<ResponsePayload>>,
}

impl Answers {
    /// The answer to one operation.
    ///
    /// # Errors
    ///
    /// When the server refused it, or didn't come to it.
    pub fn take<T>(&mut self, place: Place<T>) -> Result<T> {
        // A place of another, longer batch leads nowhere.
        let Some(answer) = self.0.get_mut(place.index) else { return Err(Violation::BatchItem.into()) };
        let payload = answer.result.take().unwrap_or(Err(Violation::BatchItem.into()))?;
        (place.read)(payload)
    }

    /// The answers to all operations, in their order.
    pub fn into_results(self) -> Vec<Result<ResponsePayload>> {
        self.0.into_iter().filter_map(|answer| answer.result).collect()
    }
}

/// A request, and what its answer has to answer.
pub(super) struct Outgoing {
    pub(super) message: Zeroizing<Vec<u8>>,
    operations: Vec<Operation>,
}

impl Outgoing {
    /// The request for these operations.
    pub(super) fn new(batch: Batch, options: &Options, version: Version) -> Result<Self> {
        let several = batch.items.len() > 1;
        let count = i32::try_from(batch.items.len()).unwrap_or(i32::MAX);
        let header = RequestHeader {
            authentication: (!options.credentials.is_empty())
                .then(|| Authentication { credential: options.credentials.clone(), ..Authentication::new() }),
            // A truth value became one of three modes (1.4 §6.7, 2.0 §9.1).
            asynchronous_indicator: (options.asynchronous
                && RequestHeader::has_asynchronous_indicator(version))
            .then_some(true),
            asynchronous_mode: (options.asynchronous && RequestHeader::has_asynchronous_mode(version))
                .then_some(AsynchronousIndicator::Optional),
            batch_error_continuation_option: batch.on_error,
            // Without it, a server need not keep the order that the ID Placeholder relies on (1.0 §6.12, 2.0 §9.6).
            batch_order_option: several.then_some(true),
            ..RequestHeader::new(version.into(), count)
        };
        let mut operations = Vec::with_capacity(batch.items.len());
        let mut items = Vec::with_capacity(batch.items.len());
        for (index, (operation, make)) in batch.items.into_iter().enumerate() {
            // The encoder would tell only of a payload that is not there.
            if operation_info(operation).is_some_and(|info| !info.is_in(version)) {
                return Err(Error::NoSuchOperation { operation, version });
            }
            operations.push(operation);
            items.push(RequestBatchItem {
                // Required where there are several (1.0 §6.4, 2.0 §9.21).
                unique_batch_item_id: several.then(|| item_id(index)),
                ..RequestBatchItem::new(operation, make(version)?)
            });
        }
        let message = RequestMessage { batch_item: items, ..RequestMessage::new(header) };
        let mut bytes = Zeroizing::new(Vec::with_capacity(SMALL));
        message.write(&mut bytes).map_err(Error::Encode)?;
        Ok(Self { message: bytes, operations })
    }

    /// Takes the answer apart.
    pub(super) fn answers(&self, message: &Bytes, options: &Options) -> Result<Answers> {
        let response = ResponseMessage::read(message, options.mode, options.limits).map_err(Error::Decode)?;
        self.sort(response, options.asynchronous)
    }

    fn sort(&self, response: ResponseMessage, may_wait: bool) -> Result<Answers> {
        let (expected, found) = (self.operations.len(), response.batch_item.len());
        let count = Violation::BatchCount { expected, found };
        if usize::try_from(response.response_header.batch_count) != Ok(found) || found > expected {
            return Err(count.into());
        }
        if let [item] = &*response.batch_item
            && expected > 1
            && is_for_all(item)
        {
            return Err(refused(self.operations.first().copied().unwrap_or(Operation(0)), item));
        }
        let mut answers: Vec<Answer> =
            self.operations.iter().map(|operation| Answer { operation: *operation, result: None }).collect();
        for (number, item) in response.batch_item.into_iter().enumerate() {
            // Items need not come in the order of the request unless they have no identifiers.
            let index = match &item.unique_batch_item_id {
                Some(id) if expected > 1 => (0..expected).find(|index| item_id(*index) == *id),
                _ => Some(number),
            };
            let answer =
                index.and_then(|index| answers.get_mut(index)).filter(|answer| answer.result.is_none());
            let answer = answer.ok_or(Violation::BatchItem)?;
            answer.result = Some(result(answer.operation, item, may_wait)?);
        }
        // A server that stops at a failure leaves out the items that it didn't come to (1.0 §6.13, 2.0 §9.5).
        let failed = answers.iter().any(|answer| matches!(answer.result, Some(Err(_))));
        for answer in answers.iter_mut().filter(|answer| answer.result.is_none()) {
            if !failed {
                return Err(count.into());
            }
            answer.result = Some(Err(Error::NotTried(answer.operation)));
        }
        Ok(Answers(answers))
    }
}

/// Room that most requests need no more of.
const SMALL: usize = 1 << 13;

fn item_id(index: usize) -> Bytes {
    Bytes::copy_from_slice(&u32::try_from(index).unwrap_or(u32::MAX).to_be_bytes())
}

/// Whether a failure is about the message, not an operation: then it says of none.
fn is_for_all(item: &ResponseBatchItem) -> bool {
    item.result_status != ResultStatus::Success
        && item.operation.is_none()
        && item.unique_batch_item_id.is_none()
}

fn result(
    operation: Operation,
    item: ResponseBatchItem,
    may_wait: bool,
) -> Result<Result<ResponsePayload>, Violation> {
    // The answer to Poll is that of the operation polled for (1.0 §4.26, 2.0 §6.1.36).
    let polled = operation == Operation::Poll;
    if let Some(found) = item.operation.filter(|found| *found != operation && !polled) {
        return Err(Violation::Operation { expected: operation, found });
    }
    match item.result_status {
        ResultStatus::Success => item.response_payload.map(Ok).ok_or(Violation::Payload(operation)),
        ResultStatus::OperationPending if may_wait || polled => {
            let value = item.asynchronous_correlation_value.ok_or(Violation::Incomplete(operation))?;
            Ok(Err(Error::Pending { operation, correlation_value: value }))
        }
        ResultStatus::OperationPending => Err(Violation::Pending(operation)),
        _ => Ok(Err(refused(operation, &item))),
    }
}

fn refused(operation: Operation, item: &ResponseBatchItem) -> Error {
    Error::Refused {
        operation,
        status: item.result_status,
        reason: item.result_reason,
        message: item.result_message.clone(),
    }
}
