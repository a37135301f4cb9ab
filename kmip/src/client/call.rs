//! What is asked of a server, before it is known in which version it is asked.

use std::fmt;

use super::error::{Error, Result, Violation};
use crate::{
    ttlv::{Text, Version},
    types::{Operation, Request, RequestPayload, ResponsePayload, UniqueIdentifier},
};

pub(super) type Make = Box<dyn FnOnce(Version) -> Result<RequestPayload> + Send>;
pub(super) type Read<T> = Box<dyn FnOnce(ResponsePayload) -> Result<T> + Send>;

/// An operation with what it takes, and what is made of its answer.
///
/// [`calls`](super::calls) makes them. [`Client::call`](super::Client::call) sends one,
/// [`Batch::call`](super::Batch::call) puts it into a batch. The payload is written when the version is known.
#[must_use = "nothing is asked until it is sent"]
pub struct Call<T> {
    operation: Operation,
    make: Make,
    read: Read<T>,
}

impl<T> Call<T> {
    /// A call of the operation whose payload `make` gives for a version; `read` takes what it is for out of the answer.
    pub fn new<R: Request>(
        make: impl FnOnce(Version) -> Result<R> + Send + 'static,
        read: impl FnOnce(R::Response) -> Result<T> + Send + 'static,
    ) -> Self {
        Self {
            operation: R::OPERATION,
            make: Box::new(|version| make(version).map(Into::into)),
            read: Box::new(|payload| match R::Response::try_from(payload) {
                Ok(response) => read(response),
                Err(_) => Err(Violation::Payload(R::OPERATION).into()),
            }),
        }
    }

    /// A call whose answer may be of any operation: that of Poll is of the one that is polled for.
    pub(super) fn of_any_payload(
        operation: Operation,
        payload: RequestPayload,
        read: impl FnOnce(ResponsePayload) -> Result<T> + Send + 'static,
    ) -> Self {
        Self { operation, make: Box::new(|_| Ok(payload)), read: Box::new(read) }
    }

    /// The operation.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The payload of the request, in a version.
    ///
    /// # Errors
    ///
    /// When the version lacks something that the call needs.
    pub fn payload(self, version: Version) -> Result<RequestPayload> {
        (self.make)(version)
    }

    /// The same call, with something made of its result.
    pub fn map<U: 'static>(self, then: impl FnOnce(T) -> U + Send + 'static) -> Call<U>
    where
        T: 'static,
    {
        let read = self.read;
        Call {
            operation: self.operation,
            make: self.make,
            read: Box::new(move |payload| read(payload).map(then)),
        }
    }

    pub(super) fn into_parts(self) -> (Operation, Make, Read<T>) {
        (self.operation, self.make, self.read)
    }
}

impl<R: Request + Send + 'static> From<R> for Call<R::Response> {
    fn from(request: R) -> Self {
        Self::new(move |_| Ok(request), Ok)
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("operation", &self.operation).finish_non_exhaustive()
    }
}

/// Which object: the one with this identifier; or, in a batch, the one of the operation before.
///
/// ```
/// use kmip::client::Id;
/// let id: Id = "fe2a".into();
/// assert_ne!(id, Id::PLACEHOLDER);
/// assert_eq!(Id::from(None::<&str>), Id::PLACEHOLDER);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Id(Option<UniqueIdentifier>);

impl Id {
    /// The object that the server keeps in mind within a message: its ID Placeholder (KMIP 1.0 §4, 2.0 §6.1).
    pub const PLACEHOLDER: Self = Self(None);

    pub(super) fn optional(self) -> Option<UniqueIdentifier> {
        self.0
    }

    /// The identifier, where an operation can't do without.
    pub(super) fn required(self, operation: Operation) -> Result<UniqueIdentifier> {
        self.0.ok_or(Error::NoIdentifier(operation))
    }
}

impl From<UniqueIdentifier> for Id {
    fn from(id: UniqueIdentifier) -> Self {
        Self(Some(id))
    }
}

impl From<Text> for Id {
    fn from(id: Text) -> Self {
        Self(Some(UniqueIdentifier::TextString(id)))
    }
}

macro_rules! from_text {
    ($($text:ty),*) => {
        $(impl From<$text> for Id {
            fn from(id: $text) -> Self {
                Self::from(Text::from(&**id))
            }
        })*
    };
}

from_text!(&Text, &String);

impl From<&str> for Id {
    fn from(id: &str) -> Self {
        Self::from(Text::from(id))
    }
}

impl<T: Into<Id>> From<Option<T>> for Id {
    fn from(id: Option<T>) -> Self {
        id.map_or(Self::PLACEHOLDER, Into::into)
    }
}
