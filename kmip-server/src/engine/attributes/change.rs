//! What clients change about the attributes of objects that are there (KMIP 1.4 §4.14 to §4.16, 2.0 §6.1.2, §6.1.3,
//! §6.1.13, §6.1.33, §6.1.47).

use kmip::ttlv::{DateTime, Tag, Version};
use kmip::types::rules::{AttributeRules, Rule};
use kmip::types::{AttributeId, AttributeInstance, AttributeValue as V, UsageLimits, version};

use super::{adjust::Adjustment, conditions, request::flag, rules};
use crate::engine::{Failure, Kind, Managed, lifecycle};

/// The attributes of an object while a client changes them. [`Self::settle`] ends it.
pub(crate) struct Change<'a> {
    object: &'a mut Managed,
    version: Version,
    now: DateTime,
}

/// Which instance of an attribute is meant.
#[derive(Clone, Debug)]
pub(crate) enum Which {
    /// That with this Attribute Index (1.x).
    Index(i32),
    /// That with this value (2.0: Current Attribute).
    Value(V),
    /// The only one.
    Only,
}

impl<'a> Change<'a> {
    /// Begins a change of the object's attributes under the rules of a version.
    pub(crate) fn new(object: &'a mut Managed, version: Version, now: DateTime) -> Self {
        Self { object, version, now }
    }

    /// Adds an instance; its index.
    pub(crate) fn add(&mut self, instance: AttributeInstance) -> Result<i32, Failure> {
        let id = instance.id.clone();
        let rules = self.rules(&id, Kind::NotOfThisType)?;
        rules::check_value(&instance)?;
        if !rules.initially_set_by_client {
            return Err(conditions::read_only(&id));
        }
        conditions::check(rules.modifiable_by_client, &id, &self.object.attributes, self.now)?;
        if !rules.multiple_instances && self.object.attributes.all(&id).next().is_some() {
            return Err(Failure::new(
                Kind::AttributeExists,
                format!("the object has {id} already, and it has one value at most"),
            ));
        }
        self.check_new_value(&instance)?;
        if self.object.attributes.len() >= MOST_INSTANCES {
            return Err(Failure::new(
                Kind::IndexOutOfBounds,
                format!("an object has {MOST_INSTANCES} attributes at most"),
            ));
        }
        Ok(self.object.attributes.add(without_count(instance)))
    }

    /// Gives an instance another value; its index.
    pub(crate) fn modify(&mut self, instance: AttributeInstance, which: &Which) -> Result<i32, Failure> {
        let id = instance.id.clone();
        let rule = self.rules(&id, Kind::AttributeNotSet)?.modifiable_by_client;
        rules::check_value(&instance)?;
        if rule == Rule::No {
            return Err(conditions::read_only(&id));
        }
        let index = self.find(&id, which, Kind::AttributeNotSet)?;
        conditions::check(rule, &id, &self.object.attributes, self.now)?;
        let same = self.object.attributes.instance(&id, index).is_some_and(|old| old.value == instance.value);
        if !same {
            self.check_new_value(&instance)?;
        }
        let value = without_count(instance).value;
        if let Some(old) = self.object.attributes.instance_mut(&id, index) {
            old.value = match (&old.value, value) {
                (V::UsageLimits(old), V::UsageLimits(new)) => V::UsageLimits(completed(new, old)),
                (_, value) => value,
            };
        }
        Ok(index)
    }

    /// Takes an instance away.
    pub(crate) fn delete(&mut self, id: &AttributeId, which: &Which) -> Result<(), Failure> {
        self.check_deletable(id)?;
        let index = self.find(id, which, Kind::AttributeNotThere)?;
        self.object.attributes.remove_instance(id, index);
        Ok(())
    }

    /// Takes every instance away.
    pub(crate) fn delete_all(&mut self, id: &AttributeId) -> Result<(), Failure> {
        self.check_deletable(id)?;
        if self.object.attributes.remove(id) { Ok(()) } else { Err(not_there(id, Kind::AttributeNotThere)) }
    }

    /// Gives an attribute its only value, whether it has one or not.
    pub(crate) fn set(&mut self, instance: AttributeInstance) -> Result<(), Failure> {
        self.rules(&instance.id, Kind::NotOfThisType)?;
        if self.object.attributes.all(&instance.id).next().is_some() {
            self.modify(instance, &Which::Only)?;
        } else {
            self.add(instance)?;
        }
        Ok(())
    }

    /// Changes the only value of an attribute by an amount.
    pub(crate) fn adjust(&mut self, id: &AttributeId, adjustment: &Adjustment) -> Result<(), Failure> {
        if self.rules(id, Kind::NotOfThisType)?.modifiable_by_client == Rule::No {
            return Err(conditions::read_only(id));
        }
        let value = {
            let mut instances = self.object.attributes.all(id);
            let (first, second) = (instances.next(), instances.next());
            if second.is_some() {
                return Err(several(id));
            }
            adjustment.of(id, first.map(|instance| &instance.value))?
        };
        self.set(AttributeInstance { id: id.clone(), index: 0, value })
    }

    /// Checks what the attributes say together, and draws the conclusions from them (1.4 §3.22, §3.49, §3.51).
    pub(crate) fn settle(self) -> Result<(), Failure> {
        let set = &mut self.object.attributes;
        // True as long as it was never otherwise.
        for (tag, now_so) in [
            (Tag::AlwaysSensitive, flag(set, Tag::Sensitive)),
            (Tag::NeverExtractable, flag(set, Tag::Extractable).map(|may| !may)),
        ] {
            if now_so == Some(false) && flag(set, tag) == Some(true) {
                set.set(if tag == Tag::AlwaysSensitive {
                    V::AlwaysSensitive(false)
                } else {
                    V::NeverExtractable(false)
                });
            }
        }
        lifecycle::check_dates(set)?;
        lifecycle::advance(set, self.now);
        Ok(())
    }

    /// The rules of the attribute, if the version has it, and objects of this type have it there.
    ///
    /// `kind` is what 1.x fails with otherwise: to it, an attribute that can't be there is one that isn't.
    fn rules(&self, id: &AttributeId, kind: Kind) -> Result<&'static AttributeRules, Failure> {
        let rules = rules::rules_for(id, self.version).map_err(|failure| match failure.kind() {
            Kind::UnsupportedAttribute if self.version < version::V2_0 => {
                Failure::new(kind, failure.message().to_owned())
            }
            Kind::ReadOnlyAttribute => conditions::read_only(id),
            _ => failure,
        })?;
        let object_type = self.object.object_type();
        match id {
            AttributeId::Standard(tag) if !rules::applies(*tag, rules, object_type) => {
                Err(Failure::new(kind, format!("an object of type {object_type} has no {tag}")))
            }
            _ => Ok(rules),
        }
    }

    fn check_deletable(&self, id: &AttributeId) -> Result<(), Failure> {
        let rule = self.rules(id, Kind::AttributeNotThere)?.deletable_by_client;
        conditions::check(rule, id, &self.object.attributes, self.now)
    }

    /// The index of the instance that is meant.
    fn find(&self, id: &AttributeId, which: &Which, absent: Kind) -> Result<i32, Failure> {
        let mut instances = self.object.attributes.all(id);
        let Some(first) = instances.next() else { return Err(not_there(id, absent)) };
        let found = match which {
            Which::Index(index) => self.object.attributes.instance(id, *index),
            // As the client of this version sees the values.
            Which::Value(value) => {
                let view = self.object.view(self.version);
                let index =
                    view.of(id).find(|instance| instance.value == *value).map(|instance| instance.index);
                index.and_then(|index| self.object.attributes.instance(id, index))
            }
            Which::Only if instances.next().is_some() => return Err(several(id)),
            Which::Only => Some(first),
        };
        found.map(|instance| instance.index).ok_or_else(|| {
            Failure::new(
                Kind::InstanceNotFound,
                format!("no instance of {id} is the one that the request means"),
            )
        })
    }

    /// Checks that a value is new to the object, where two of the same make no sense.
    fn check_new_value(&self, instance: &AttributeInstance) -> Result<(), Failure> {
        let is_name = matches!(instance.value, V::Name(_));
        if is_name && self.object.attributes.all(&instance.id).any(|other| other.value == instance.value) {
            return Err(Failure::new(Kind::NameTaken, "the object has this Name already"));
        }
        Ok(())
    }
}

/// 1.4 §3.21: the Count is the server's, and begins at the Total.
fn without_count(instance: AttributeInstance) -> AttributeInstance {
    match instance.value {
        V::UsageLimits(limits) => {
            let limits = UsageLimits { usage_limits_count: limits.usage_limits_total, ..limits };
            AttributeInstance { value: V::UsageLimits(limits), ..instance }
        }
        _ => instance,
    }
}

/// New Usage Limits, with what they don't say taken from the old.
fn completed(new: UsageLimits, old: &UsageLimits) -> UsageLimits {
    UsageLimits {
        usage_limits_total: new.usage_limits_total.or(old.usage_limits_total),
        usage_limits_count: new.usage_limits_total.or(old.usage_limits_count),
        usage_limits_unit: new.usage_limits_unit.or(old.usage_limits_unit),
        ..new
    }
}

fn not_there(id: &AttributeId, kind: Kind) -> Failure {
    Failure::new(kind, format!("the object has no {id}"))
}

fn several(id: &AttributeId) -> Failure {
    Failure::new(
        Kind::MultiValued,
        format!("the object has several values of {id}, and the request means one"),
    )
}

/// How many attribute instances an object may have: its record is read and written as a whole.
pub(crate) const MOST_INSTANCES: usize = 1024;
