//! Answers to messages that can't be read (KMIP 1.4 §11.1).

use kmip::ttlv::{
    Bytes, DateTime, Error, ErrorKind, HEADER_SIZE, ItemType, Limits, Mode, Node, Tag, Tree, Version,
};
use kmip::types::message::version_of;
use kmip::types::{Operation, version};

use super::response::{Answered, Response};
use super::{Answer, Failure, Kind, LATEST, Settings};
use crate::handler::Disposition;
use crate::ops;
use crate::wipe::Wiped;

/// Why a message can't be read, and what it is about as far as that can be.
pub(super) struct Refused {
    /// The version that the message says, as far as that can be read.
    pub(super) version: Version,
    pub(super) failure: Failure,
    pub(super) answered: Answered,
}

impl Refused {
    /// The answer. The connection can go on, unless what came is no request of KMIP at all: then nobody knows where the
    /// next message begins.
    pub(super) fn answer(self, message: &Bytes, now: DateTime) -> Answer {
        match Response::new(self.version, now, usize::MAX, None) {
            Ok(mut response) => {
                response.failure(self.answered, &self.failure);
                response.finish(if is_framed(message) { Disposition::KeepOpen } else { Disposition::Close })
            }
            Err(_) => Answer { bytes: Wiped::default(), disposition: Disposition::Close },
        }
    }
}

/// What to say of a message that can't be read.
pub(super) fn undecodable(message: &Bytes, error: &Error, settings: &Settings) -> Refused {
    let limits = settings.limits;
    let found = match version_of(message) {
        Ok(version) => Ok(version),
        Err(error) => match *error.kind() {
            ErrorKind::UnknownVersion { major, minor } => Err((major, minor)),
            // Nothing says which version: that which all others have grown out of.
            _ => Ok(version::OLDEST),
        },
    };
    let (version, failure, answered) = match found {
        Err((major, minor)) => {
            let spoken: Vec<String> = version::ALL.iter().map(Version::to_string).collect();
            let message = format!(
                "KMIP {major}.{minor} is an unsupported version: this server speaks {}",
                spoken.join(", ")
            );
            (nearest(major, minor), Failure::new(Kind::UnsupportedVersion, message), Answered::default())
        }
        Ok(version) => {
            let answered = only_item(message, limits);
            let failure = match answered.operation {
                Some(operation) if !ops::served(version, settings).any(|served| served == operation) => {
                    ops::not_served(operation, version)
                }
                _ => Failure::new(Kind::InvalidMessage, told(message, error, limits)),
            };
            (version, failure, answered)
        }
    };
    tracing::debug!(%version, %error, "a message could not be read");
    Refused { version, failure, answered }
}

/// The newest version that is not newer than the client's, or the oldest there is: the best that both may know.
fn nearest(major: i32, minor: i32) -> Version {
    let number = |number: i32| u8::try_from(number.max(0)).unwrap_or(u8::MAX);
    let asked = Version::new(number(major), number(minor));
    let asked = if major < 0 { version::OLDEST } else { asked.min(LATEST) };
    version::ALL.iter().copied().filter(|version| *version <= asked).max().unwrap_or(version::OLDEST)
}

/// What the only batch item of a message says of itself, if that much of it can be read.
fn only_item(message: &Bytes, limits: Limits) -> Answered {
    let Ok(tree) = Tree::parse(message, Mode::Lenient, limits) else { return Answered::default() };
    let mut items = tree.root().children().filter(|item| item.tag() == Tag::BatchItem);
    match (items.next(), items.next()) {
        (Some(item), None) => Answered {
            operation: item.child(Tag::Operation).and_then(|operation| operation.as_u32()).map(Operation),
            id: item
                .child(Tag::UniqueBatchItemID)
                .filter(|id| id.item_type() == ItemType::ByteString)
                .map(|id| Bytes::copy_from_slice(id.raw())),
        },
        _ => Answered::default(),
    }
}

/// The error in words. 1.x calls the value of every attribute Attribute Value: the words say whose it is.
fn told(message: &Bytes, error: &Error, limits: Limits) -> String {
    match Tree::parse(message, Mode::Lenient, limits)
        .ok()
        .and_then(|tree| attribute_at(tree.root(), error.offset()))
    {
        Some(name) => format!("{error} (the attribute {name})"),
        None => error.to_string(),
    }
}

/// The name of the 1.x attribute that a place in a message is inside of.
fn attribute_at(item: Node<'_>, offset: usize) -> Option<String> {
    let is_around =
        |item: &Node<'_>| (item.offset()..item.offset() + HEADER_SIZE + item.raw().len()).contains(&offset);
    let inner = item.children().find(is_around)?;
    if inner.tag() == Tag::Attribute
        && let Some(name) = inner.child(Tag::AttributeName)
        && !is_around(&name)
    {
        return name.as_text().map(str::to_owned);
    }
    attribute_at(inner, offset)
}

/// Whether the message begins as a request does, and is as long as it says.
fn is_framed(message: &[u8]) -> bool {
    let Some([t0, t1, t2, item_type, l0, l1, l2, l3]) = message.first_chunk::<HEADER_SIZE>() else {
        return false;
    };
    let tag = Tag(u32::from_be_bytes([0, *t0, *t1, *t2]));
    let length = usize::try_from(u32::from_be_bytes([*l0, *l1, *l2, *l3])).unwrap_or(usize::MAX);
    tag == Tag::RequestMessage
        && *item_type == ItemType::Structure.code()
        && message.len().checked_sub(HEADER_SIZE) == Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_refusal_is_the_best_that_both_know() {
        for (asked, answered) in [
            ((1, 0), version::V1_0),
            ((1, 5), version::V1_4),
            ((1, 300), version::V1_4),
            ((2, 1), version::V2_0),
            ((3, 0), LATEST),
            ((i32::MAX, i32::MAX), LATEST),
            ((0, 9), version::V1_0),
            ((-1, 4), version::V1_0),
            ((2, -1), version::V2_0),
        ] {
            assert_eq!(nearest(asked.0, asked.1), answered, "{asked:?}");
        }
    }
}
