use super::{Operation, RequestPayload, ResponsePayload};

/// The request payload of an operation, which knows what answers it.
pub trait Request: Into<RequestPayload> {
    /// The payload of the answer.
    type Response: TryFrom<ResponsePayload, Error = ResponsePayload>;

    /// The operation.
    const OPERATION: Operation;
}
