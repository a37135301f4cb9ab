use std::{fmt, ops::RangeInclusive};

use super::{Decoder, Encoder, ErrorKind, Item, Result, header::Header};

/// The items of a structure that it has no fields for: vendors' own, or those of a later version.
///
/// Each remembers the field that it stood behind, so that it is written where it was read.
#[derive(Clone, Default, PartialEq)]
#[allow(
    clippy::box_collection,
    reason = "every structure has one, and hardly any has something in it: eight bytes are enough"
)]
pub struct Unknown(Option<Box<Vec<(Place, Item)>>>);

/// Behind which field an item stands, and behind how many of its values if it is repeated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// The number of the field, from 1; 0 before the first.
    pub slot: u16,
    /// How many values of that field stand before the item.
    pub count: usize,
}

impl Drop for Unknown {
    /// Hardly ever is there something to drop: that alone is looked at where the structure is dropped.
    #[inline(always)]
    fn drop(&mut self) {
        #[cold]
        #[inline(never)]
        #[allow(clippy::box_collection, reason = "as above")]
        fn drop_items(items: Box<Vec<(Place, Item)>>) {
            drop(items);
        }
        if let Some(items) = self.0.take() {
            drop_items(items);
        }
    }
}

impl Unknown {
    /// No items.
    pub const NONE: Self = Self(None);

    /// Adds an item at the end of the structure.
    pub fn add(&mut self, item: Item) {
        self.push(Place { slot: u16::MAX, count: 0 }, item);
    }

    /// The items, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Item> {
        self.0.iter().flat_map(|items| items.iter()).map(|(_, item)| item)
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn push(&mut self, place: Place, item: Item) {
        self.0.get_or_insert_default().push((place, item));
    }

    /// Writes the items that stand behind so many values of the field `slot`.
    ///
    /// # Errors
    ///
    /// As [`Encoder::item`].
    #[cold]
    pub fn encode_slot(&self, slot: u16, counts: RangeInclusive<usize>, to: &mut Encoder<'_>) -> Result<()> {
        for (place, item) in self.0.iter().flat_map(|items| items.iter()) {
            if place.slot == slot && counts.contains(&place.count) {
                to.item(item)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// What becomes of the items that a structure has no field for.
pub trait KeepUnknown {
    /// Keeps an item that stands in this place; whether it could be kept.
    fn keep(&mut self, place: Place, item: Header, from: &mut Decoder<'_>) -> Result<bool>;

    /// Takes an item that the structure has no field for.
    ///
    /// # Errors
    ///
    /// In strict mode, unless the structure is open; where the structure can't keep it; and when it is malformed.
    #[cold]
    fn unknown(&mut self, item: Header, place: Place, open: bool, from: &mut Decoder<'_>) -> Result<()> {
        let refusal = from.fail(item, ErrorKind::Unknown(item.tag()));
        if (from.is_strict() && !open) || !self.keep(place, item, from)? { Err(refusal) } else { Ok(()) }
    }

    /// Takes an item for which the structure has a field, but not in this version.
    ///
    /// # Errors
    ///
    /// As [`Self::unknown`].
    #[cold]
    fn out_of_version(
        &mut self,
        item: Header,
        place: Place,
        open: bool,
        from: &mut Decoder<'_>,
    ) -> Result<()> {
        let refusal = from.not_in_version(item);
        if (from.is_strict() && !open) || !self.keep(place, item, from)? { Err(refusal) } else { Ok(()) }
    }
}

impl KeepUnknown for Unknown {
    fn keep(&mut self, place: Place, item: Header, from: &mut Decoder<'_>) -> Result<bool> {
        let item = from.item(item)?;
        self.push(place, item);
        Ok(true)
    }
}

/// The slot of the last field that was seen, of those whose bits are set.
#[doc(hidden)]
#[inline]
pub fn last_slot(seen: u64) -> u16 {
    seen.checked_ilog2().and_then(|slot| u16::try_from(slot).ok()).unwrap_or(0)
}

/// Stands in for [`Unknown`] where a structure has no field to keep unknown items in.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoUnknown;

impl KeepUnknown for NoUnknown {
    fn keep(&mut self, _place: Place, _item: Header, _from: &mut Decoder<'_>) -> Result<bool> {
        Ok(false)
    }
}
