use std::fmt;

use super::{ItemType, Tag, header};

/// The tags from a message down to one of its items, each with its number among the siblings of the same tag where
/// there are several.
///
/// Nothing is kept for this while a message is read or written: the path is found again from the bytes when there is
/// an error to report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(Vec<Step>);

/// One step of a [`Path`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The tag.
    pub tag: Tag,
    /// How many siblings of the same tag stand before it.
    pub index: usize,
}

/// In a message that is being written, the length of a structure that isn't complete.
pub(crate) const OPEN: u32 = u32::MAX;

impl Path {
    /// The way to the innermost item that starts at or contains `offset`.
    pub(crate) fn locate(message: &[u8], offset: usize) -> Self {
        let mut steps = Vec::new();
        let (mut position, mut end) = (0, message.len());
        let mut seen: Vec<Tag> = Vec::new();
        while position < end && position <= offset {
            let Some(head) = message.get(position..).and_then(header::split) else { break };
            let tag = Tag(head.tag);
            let start = position + header::SIZE;
            let open = head.length == OPEN;
            let length = usize::try_from(head.length).unwrap_or(usize::MAX);
            let next = if open { end } else { start.saturating_add(header::padded(length)) };
            if offset < next || next > end || open {
                steps.push(Step { tag, index: seen.iter().filter(|other| **other == tag).count() });
                let inside = offset >= start && head.code == ItemType::Structure.code();
                // The limit is that of any error message one would read, not of the message.
                if !inside || steps.len() >= 64 {
                    break;
                }
                seen.clear();
                (position, end) = (start, next.min(end));
            } else {
                seen.push(tag);
                position = next;
            }
        }
        Self(steps)
    }

    /// The way over these tags, each with its number among its siblings.
    pub(crate) fn over(steps: &[(Tag, usize)]) -> Self {
        Self(steps.iter().map(|(tag, index)| Step { tag: *tag, index: *index }).collect())
    }

    pub(super) fn push(&mut self, tag: Tag) {
        self.0.push(Step { tag, index: 0 });
    }

    /// Goes on to an item that is to stand behind these siblings.
    #[cfg(any(feature = "json", feature = "xml"))]
    pub(crate) fn push_behind(&mut self, siblings: &[u8], tag: Tag) {
        let (mut position, mut index) = (0usize, 0);
        while let Some(head) = siblings.get(position..).and_then(header::split) {
            index += usize::from(head.tag == tag.0);
            let length = usize::try_from(head.length).unwrap_or(usize::MAX);
            position = position.saturating_add(header::SIZE).saturating_add(header::padded(length));
        }
        self.0.push(Step { tag, index });
    }

    /// The steps, outermost first.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether there are no steps: the fault is in the message as a whole.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("/")?;
            }
            fmt::Display::fmt(&step.tag, f)?;
            if step.index > 0 {
                write!(f, "[{}]", step.index)?;
            }
        }
        Ok(())
    }
}
