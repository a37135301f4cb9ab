//! Adjusting a value by an amount (KMIP 2.0 §6.1.3, §11.1).

use kmip::ttlv::{self, BigInteger, DateTime, DateTimeExtended, Interval, Item, ItemType, Mode, Tag, Value};
use kmip::types::tables::NAMES;
use kmip::types::{AdjustmentType, AttributeId, AttributeValue};

use crate::engine::{Failure, Kind, LATEST};

/// By how much, and which way.
#[derive(Clone, Debug)]
pub(crate) struct Adjustment {
    kind: AdjustmentType,
    amount: Option<Value>,
}

impl Adjustment {
    /// What a request asks for.
    ///
    /// # Errors
    ///
    /// When it is nothing that can be done to any value.
    pub(crate) fn new(kind: AdjustmentType, amount: Option<Value>) -> Result<Self, Failure> {
        match kind {
            AdjustmentType::Increment | AdjustmentType::Decrement => Ok(Self { kind, amount }),
            AdjustmentType::Negate if amount.is_none() => Ok(Self { kind, amount }),
            AdjustmentType::Negate => {
                Err(Failure::new(Kind::InvalidField, "Negate knows no Adjustment Value"))
            }
            _ => Err(Failure::new(Kind::InvalidField, format!("{kind} is no Adjustment Type"))),
        }
    }

    /// The value of an attribute after the adjustment of what it has now; where it has none, of nothing: "0 for numeric
    /// types and intervals, or false for Boolean".
    pub(super) fn of(
        &self,
        id: &AttributeId,
        value: Option<&AttributeValue>,
    ) -> Result<AttributeValue, Failure> {
        let tag = match id {
            AttributeId::Standard(tag) => *tag,
            AttributeId::Vendor { .. } => Tag::AttributeValue,
        };
        let now = match value {
            Some(AttributeValue::Other(item)) => item.value.clone(),
            Some(value) => item(value, tag)?,
            None => self.nothing(id)?,
        };
        let then = self.apply(id, now)?;
        if tag == Tag::AttributeValue {
            return Ok(AttributeValue::Other(Item { tag, value: then }));
        }
        let bytes = ttlv::encode(&Item { tag, value: then }, tag, LATEST)?;
        Ok(ttlv::decode(&bytes.into(), tag, LATEST, Mode::Lenient)?)
    }

    /// What an attribute without a value counts as.
    fn nothing(&self, id: &AttributeId) -> Result<Value, Failure> {
        let item_type = match id {
            AttributeId::Standard(tag) => match NAMES.tag(*tag).map(|info| info.item_types) {
                Some([only]) => Some(*only),
                _ => None,
            },
            // A vendor's attribute is of whatever type the amount is.
            AttributeId::Vendor { .. } => self.amount.as_ref().map(Value::item_type),
        };
        match item_type {
            Some(ItemType::Integer) => Ok(Value::Integer(0)),
            Some(ItemType::LongInteger) => Ok(Value::LongInteger(0)),
            Some(ItemType::BigInteger) => Ok(Value::BigInteger(BigInteger::from_signed_bytes(vec![0]))),
            Some(ItemType::Interval) => Ok(Value::Interval(Interval(0))),
            Some(ItemType::Boolean) => Ok(Value::Boolean(false)),
            _ => Err(Failure::new(Kind::DataType, format!("the object has no {id} that could be adjusted"))),
        }
    }

    fn apply(&self, id: &AttributeId, value: Value) -> Result<Value, Failure> {
        let range = || Failure::new(Kind::NumericRange, format!("{id} would be out of range"));
        let wrong =
            || Failure::new(Kind::DataType, format!("{} is nothing that can be done to {id}", self.kind));
        if self.kind == AdjustmentType::Negate {
            return match value {
                Value::Boolean(value) => Ok(Value::Boolean(!value)),
                Value::Integer(value) => value.checked_neg().map(Value::Integer).ok_or_else(range),
                Value::LongInteger(value) => value.checked_neg().map(Value::LongInteger).ok_or_else(range),
                Value::BigInteger(value) => {
                    let zero = BigInteger::from_signed_bytes(vec![0]);
                    Ok(Value::BigInteger(sum(&zero, &value, true)))
                }
                _ => Err(wrong()),
            };
        }
        let down = self.kind == AdjustmentType::Decrement;
        if let Value::BigInteger(value) = &value {
            let amount = match &self.amount {
                None => BigInteger::from_signed_bytes(vec![1]),
                Some(Value::BigInteger(amount)) => amount.clone(),
                Some(amount) => {
                    let amount = number(amount).ok_or_else(wrong)?;
                    BigInteger::from_signed_bytes(amount.to_be_bytes().to_vec())
                }
            };
            return Ok(Value::BigInteger(sum(value, &amount, down)));
        }
        let amount = match &self.amount {
            None => 1,
            Some(amount) => number(amount).ok_or_else(wrong)?,
        };
        let moved = |value: i64| {
            if down { value.checked_sub(amount) } else { value.checked_add(amount) }.ok_or_else(range)
        };
        Ok(match value {
            Value::Integer(value) => Value::Integer(moved(value.into())?.try_into().map_err(|_| range())?),
            Value::LongInteger(value) => Value::LongInteger(moved(value)?),
            Value::Interval(value) => {
                Value::Interval(Interval(moved(value.0.into())?.try_into().map_err(|_| range())?))
            }
            Value::DateTime(value) => Value::DateTime(DateTime(moved(value.0)?)),
            Value::DateTimeExtended(value) => Value::DateTimeExtended(DateTimeExtended(moved(value.0)?)),
            _ => return Err(wrong()),
        })
    }
}

/// The amount, if it is a number: of seconds for dates and intervals, of microseconds for extended dates.
fn number(amount: &Value) -> Option<i64> {
    match amount {
        Value::Integer(amount) => Some((*amount).into()),
        Value::LongInteger(amount) => Some(*amount),
        Value::Interval(amount) => Some(amount.0.into()),
        Value::DateTime(amount) => Some(amount.0),
        Value::DateTimeExtended(amount) => Some(amount.0),
        _ => None,
    }
}

/// The sum or the difference of two numbers in two's complement, in as many bytes as it needs at the most.
fn sum(first: &BigInteger, second: &BigInteger, subtract: bool) -> BigInteger {
    let length = first.as_signed_bytes().len().max(second.as_signed_bytes().len()) + 1;
    // Both from the least byte up, continued with their signs.
    let extended = |number: &BigInteger| {
        let sign = if number.is_negative() { 0xFF } else { 0 };
        let bytes: Vec<u8> = number.as_signed_bytes().iter().rev().copied().collect();
        bytes.into_iter().chain(std::iter::repeat(sign)).take(length)
    };
    // To subtract is to add the complement and one.
    let mut carry = u16::from(subtract);
    let mut bytes: Vec<u8> = extended(first)
        .zip(extended(second))
        .map(|(first, second)| {
            let second = if subtract { !second } else { second };
            let [high, low] = (u16::from(first) + u16::from(second) + carry).to_be_bytes();
            carry = high.into();
            low
        })
        .collect();
    bytes.reverse();
    // Bytes that only repeat the sign say nothing.
    let repeats = |pair: &[u8]| {
        matches!(pair, [0, next] if *next < 0x80) || matches!(pair, [0xFF, next] if *next >= 0x80)
    };
    let spare = bytes.windows(2).take_while(|pair| repeats(pair)).count();
    BigInteger::from_signed_bytes(bytes.split_off(spare))
}

/// The value as the item that it is.
fn item(value: &AttributeValue, tag: Tag) -> Result<Value, Failure> {
    let bytes = ttlv::encode(value, tag, LATEST)?;
    Ok(ttlv::decode::<Item>(&bytes.into(), tag, LATEST, Mode::Lenient)?.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn big_numbers_are_summed_as_small_ones_are() {
        let big = |number: i64| BigInteger::from_signed_bytes(number.to_be_bytes().to_vec());
        for first in [0_i64, 1, -1, 127, 128, -128, -129, 255, 256, 65_535, 1 << 40, -(1 << 40)] {
            for second in [0_i64, 1, -1, 127, 128, -128, 300, 1 << 33] {
                for subtract in [false, true] {
                    let expected = if subtract { first - second } else { first + second };
                    let sum = sum(&big(first), &big(second), subtract);
                    let mut bytes = sum.as_signed_bytes().to_vec();
                    while bytes.len() < 8 {
                        bytes.insert(0, if sum.is_negative() { 0xFF } else { 0 });
                    }
                    assert_eq!(bytes, expected.to_be_bytes(), "{first} {second} {subtract}");
                }
            }
        }
        // Beyond what any machine word holds.
        let large = BigInteger::from_unsigned_bytes(&[0xFF; 32]);
        let mut more = vec![1];
        more.extend([0; 32]);
        assert_eq!(sum(&large, &big(1), false), BigInteger::from_signed_bytes(more));
    }
}
