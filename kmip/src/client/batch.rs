//! Messages: from payloads to the request, and from the response to payloads. There is no input or output here.

use std::marker::PhantomData;

use zeroize::Zeroizing;

use super::{
    error::{Error, Result, Violation},
    options::{Credential, Options},
};
use crate::{
    ttlv::{Bytes, Version},
    types::{
        self, Authentication, BatchErrorContinuationOption, CredentialType, CredentialValue, Operation,
        Request, RequestBatchItem, RequestHeader, RequestMessage, RequestPayload, ResponseBatchItem,
        ResponseMessage, ResponsePayload, ResultStatus, UsernameAndPasswordCredential,
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
#[derive(Clone, Debug, Default)]
pub struct Batch {
    items: Vec<(Operation, RequestPayload)>,
    /// What the server does when an operation fails; if none, it stops there and keeps what was done.
    pub on_error: Option<BatchErrorContinuationOption>,
}

/// Where in the answers of a [`Batch`] that of one operation is found.
#[derive(Debug)]
#[must_use = "it is the way to the operation's answer"]
pub struct Place<R> {
    index: usize,
    response: PhantomData<fn() -> R>,
}

impl Batch {
    /// No operations.
    pub const fn new() -> Self {
        Self { items: Vec::new(), on_error: None }
    }

    /// Adds an operation.
    pub fn add<R: Request>(&mut self, request: R) -> Place<R::Response> {
        self.push(R::OPERATION, request.into());
        Place { index: self.items.len() - 1, response: PhantomData }
    }

    /// Adds an operation of any kind; its answer is found with [`Answers::into_results`].
    pub fn push(&mut self, operation: Operation, payload: RequestPayload) {
        self.items.push((operation, payload));
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
    pub fn take<R: TryFrom<ResponsePayload>>(&mut self, place: Place<R>) -> Result<R> {
        // A place of another, longer batch leads nowhere.
        let Some(answer) = self.0.get_mut(place.index) else { return Err(Violation::BatchItem.into()) };
        let operation = answer.operation;
        let payload = answer.result.take().unwrap_or(Err(Violation::BatchItem.into()))?;
        R::try_from(payload).map_err(|_| Violation::Payload(operation).into())
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
            authentication: options.credential.as_ref().map(authentication),
            batch_error_continuation_option: batch.on_error,
            // Without it, a server need not keep the order that the ID Placeholder relies on (1.0 §6.12, 2.0 §9.6).
            batch_order_option: several.then_some(true),
            ..RequestHeader::new(version.into(), count)
        };
        let mut operations = Vec::with_capacity(batch.items.len());
        let items = batch.items.into_iter().enumerate().map(|(index, (operation, payload))| {
            operations.push(operation);
            RequestBatchItem {
                // Required where there are several (1.0 §6.4, 2.0 §9.21).
                unique_batch_item_id: several.then(|| item_id(index)),
                ..RequestBatchItem::new(operation, payload)
            }
        });
        let message = RequestMessage { batch_item: items.collect(), ..RequestMessage::new(header) };
        let mut bytes = Zeroizing::new(Vec::with_capacity(SMALL));
        message.write(&mut bytes).map_err(Error::Encode)?;
        Ok(Self { message: bytes, operations })
    }

    /// Takes the answer apart.
    pub(super) fn answers(&self, message: &Bytes, options: &Options) -> Result<Answers> {
        let response = ResponseMessage::read(message, options.mode, options.limits).map_err(Error::Decode)?;
        self.sort(response)
    }

    fn sort(&self, response: ResponseMessage) -> Result<Answers> {
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
            answer.result = Some(result(answer.operation, item)?);
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

/// Room that most requests need no more of, so that no part of a key is left behind by growing.
const SMALL: usize = 1 << 13;

fn item_id(index: usize) -> Bytes {
    Bytes::copy_from_slice(&u32::try_from(index).unwrap_or(u32::MAX).to_be_bytes())
}

fn authentication(credential: &Credential) -> Authentication {
    let value = UsernameAndPasswordCredential {
        password: credential.password.clone(),
        ..UsernameAndPasswordCredential::new(credential.username.clone())
    };
    let value = CredentialValue::UsernameAndPasswordCredential(value);
    let credential = types::Credential::new(CredentialType::UsernameAndPassword, value);
    Authentication { credential: vec![credential], ..Authentication::new() }
}

/// Whether a failure is about the message, not an operation: then it says of none.
fn is_for_all(item: &ResponseBatchItem) -> bool {
    item.result_status != ResultStatus::Success
        && item.operation.is_none()
        && item.unique_batch_item_id.is_none()
}

fn result(operation: Operation, item: ResponseBatchItem) -> Result<Result<ResponsePayload>, Violation> {
    if let Some(found) = item.operation.filter(|found| *found != operation) {
        return Err(Violation::Operation { expected: operation, found });
    }
    match item.result_status {
        ResultStatus::Success => item.response_payload.map(Ok).ok_or(Violation::Payload(operation)),
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
