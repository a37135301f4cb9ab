//! Changing attributes: `kmip add-attribute`, `modify-attribute`, `set-attribute`, `delete-attribute`, `adjust-attribute`.

use std::process::ExitCode;

use clap::Args;
use kmip::{
    client::calls::Which,
    ttlv::Value,
    types::{AdjustmentType, AttributeId, attribute_set::AttributeInstance},
};

use super::{assignment, connect::Connection, failure::Result, lifecycle::done, output::Output, values};

/// Adds an attribute, or another instance of it, to an object.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip add-attribute ID Name=backup-2026
  kmip add-attribute ID x-Owner=me
  kmip add-attribute ID x-Count:Integer=5")]
pub(crate) struct AddAttribute {
    /// The object's identifier.
    id: String,

    /// The attribute.
    #[arg(value_name = "NAME=VALUE", value_parser = assignment::assignment)]
    attribute: AttributeInstance,
}

/// Changes an attribute that an object has.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip modify-attribute ID 'Contact Information=me@example.org'
  kmip --kmip 1.4 modify-attribute ID Name=new --index 1            the second name
  kmip --kmip 2.0 modify-attribute ID Name=new --current Name=old   that name")]
pub(crate) struct ModifyAttribute {
    /// The object's identifier.
    id: String,

    /// The attribute as it is to be.
    #[arg(value_name = "NAME=VALUE", value_parser = assignment::assignment)]
    attribute: AttributeInstance,

    /// Which instance of it, from 0; before KMIP 2.0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    index: i32,

    /// The attribute as it is now; from KMIP 2.0 on, where it may have several values.
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment::assignment)]
    current: Option<AttributeInstance>,
}

/// Gives an attribute a value, whether the object has it or not. Since KMIP 2.0.
#[derive(Args, Debug)]
pub(crate) struct SetAttribute {
    /// The object's identifier.
    id: String,

    /// The attribute.
    #[arg(value_name = "NAME=VALUE", value_parser = assignment::assignment)]
    attribute: AttributeInstance,
}

/// Takes an attribute away from an object.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip delete-attribute ID 'Contact Information'
  kmip --kmip 1.4 delete-attribute ID Name --index 1      the second name
  kmip --kmip 2.0 delete-attribute ID Name=old            that name")]
pub(crate) struct DeleteAttribute {
    /// The object's identifier.
    id: String,

    /// The attribute's name; from KMIP 2.0 on, with the value of the instance that is to go.
    #[arg(value_name = "NAME[=VALUE]", value_parser = which)]
    attribute: Which,

    /// Which instance of it, from 0; before KMIP 2.0.
    #[arg(long, value_name = "N")]
    index: Option<i32>,
}

/// Changes a number by an amount, or negates a truth value. Since KMIP 2.0.
#[derive(Args, Debug)]
pub(crate) struct AdjustAttribute {
    /// The object's identifier.
    id: String,

    /// The attribute's name.
    #[arg(value_name = "NAME", value_parser = assignment::id)]
    attribute: AttributeId,

    /// How: Increment, Decrement or Negate.
    #[arg(value_parser = values::adjustment())]
    adjustment: AdjustmentType,

    /// By how much, as the attribute's type has it [default: 1].
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    by: Option<i32>,
}

fn which(text: &str) -> Result<Which, String> {
    if text.contains('=') {
        assignment::assignment(text).map(Into::into)
    } else {
        assignment::id(text).map(Into::into)
    }
}

impl AddAttribute {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        connection.open()?.add_attribute(&self.id, self.attribute)?;
        done(&self.id, "changed", output)
    }
}

impl ModifyAttribute {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let new = AttributeInstance { index: self.index, ..self.attribute };
        connection.open()?.modify_attribute(&self.id, new, self.current)?;
        done(&self.id, "changed", output)
    }
}

impl SetAttribute {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        connection.open()?.set_attribute(&self.id, self.attribute)?;
        done(&self.id, "changed", output)
    }
}

impl DeleteAttribute {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let which = match (self.attribute, self.index) {
            (Which::Id(id), Some(index)) => Which::Index(id, index),
            (Which::Instance(instance), Some(index)) => {
                Which::Instance(AttributeInstance { index, ..instance })
            }
            (which, _) => which,
        };
        connection.open()?.delete_attribute(&self.id, which)?;
        done(&self.id, "changed", output)
    }
}

impl AdjustAttribute {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let amount = self.by.map(Value::Integer);
        connection.open()?.adjust_attribute(&self.id, self.attribute, self.adjustment, amount)?;
        done(&self.id, "changed", output)
    }
}
