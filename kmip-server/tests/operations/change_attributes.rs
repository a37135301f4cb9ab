//! Add, Modify, Delete, Set and Adjust Attribute.

use kmip::ttlv::{BigInteger, DateTime, Interval, Item, Tag, Value, Version};
use kmip::types::*;

use crate::harness::*;
use AttributeValue as V;

/// What becomes of a value, or why nothing does.
type Outcome = Result<Value, ResultReason>;

/// What 1.x says of the attribute that was changed; nothing in 2.0.
type Changed = Result<Option<Attribute>, Failed>;

impl Server {
    pub(crate) fn add(&self, version: Version, key: &str, instance: impl Into<AttributeInstance>) -> Changed {
        let instance = instance.into();
        let mut request =
            AddAttributeRequest { unique_identifier: Some(id(key)), ..AddAttributeRequest::new() };
        if version < V2_0 {
            request.attribute = Some(instance.to_attribute());
        } else {
            request.new_attribute = Some(NewAttribute::new(instance.to_value()));
        }
        let response = self.send(version, request)?;
        assert_eq!(text_of(&response.unique_identifier), key);
        Ok(response.attribute)
    }

    /// Changes the instance of this index, in 2.0 that with the value `now`.
    pub(crate) fn modify(
        &self,
        version: Version,
        key: &str,
        instance: impl Into<AttributeInstance>,
        now: Option<AttributeInstance>,
    ) -> Changed {
        let instance = instance.into();
        let mut request =
            ModifyAttributeRequest { unique_identifier: Some(id(key)), ..ModifyAttributeRequest::new() };
        if version < V2_0 {
            request.attribute = Some(instance.to_attribute());
        } else {
            request.current_attribute = now.map(|now| CurrentAttribute::new(now.to_value()));
            request.new_attribute = Some(NewAttribute::new(instance.to_value()));
        }
        let response = self.send(version, request)?;
        assert_eq!(text_of(&response.unique_identifier), key);
        Ok(response.attribute)
    }

    /// Deletes the instance of this index, in 2.0 that with this value.
    pub(crate) fn delete(&self, version: Version, key: &str, instance: &AttributeInstance) -> Changed {
        let mut request =
            DeleteAttributeRequest { unique_identifier: Some(id(key)), ..DeleteAttributeRequest::new() };
        if version < V2_0 {
            request.attribute_name = Some(instance.id.to_name());
            request.attribute_index = (instance.index != 0).then_some(instance.index);
        } else {
            request.current_attribute = Some(CurrentAttribute::new(instance.to_value()));
        }
        let response = self.send(version, request)?;
        assert_eq!(text_of(&response.unique_identifier), key);
        Ok(response.attribute)
    }

    fn delete_all(&self, key: &str, attribute: AttributeId) -> Result<(), Failed> {
        let request = DeleteAttributeRequest {
            unique_identifier: Some(id(key)),
            attribute_reference: Some(attribute.to_reference()),
            ..DeleteAttributeRequest::new()
        };
        self.send(V2_0, request).map(|_| ())
    }

    fn set_attribute(&self, key: &str, instance: impl Into<AttributeInstance>) -> Result<(), Failed> {
        let request = SetAttributeRequest {
            unique_identifier: Some(id(key)),
            ..SetAttributeRequest::new(NewAttribute::new(instance.into().to_value()))
        };
        self.send(V2_0, request).map(|_| ())
    }

    fn adjust(
        &self,
        key: &str,
        attribute: &AttributeId,
        kind: AdjustmentType,
        amount: Option<Value>,
    ) -> Result<(), Failed> {
        let request = AdjustAttributeRequest {
            unique_identifier: Some(id(key)),
            adjustment_value: amount.map(|value| Item { tag: Tag::AdjustmentValue, value }),
            ..AdjustAttributeRequest::new(attribute.to_reference(), kind)
        };
        self.send(V2_0, request).map(|_| ())
    }

    fn values(&self, version: Version, key: &str, attribute: &AttributeId) -> Vec<(i32, V)> {
        let attributes = self.attributes(version, key);
        attributes.all(attribute).map(|instance| (instance.index, instance.value.clone())).collect()
    }
}

pub(crate) fn standard(tag: Tag) -> AttributeId {
    AttributeId::Standard(tag)
}

fn at(index: i32, value: impl Into<AttributeInstance>) -> AttributeInstance {
    AttributeInstance { index, ..value.into() }
}

#[test]
fn instances_keep_their_indexes() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        for (index, text) in ["one", "two", "three"].into_iter().enumerate() {
            let added = server.add(*version, &key, name(text)).unwrap();
            assert_eq!(added.is_some(), *version < V2_0);
            if let Some(attribute) = added {
                assert_eq!(attribute.attribute_index, Some(index as i32));
                assert_eq!(attribute.attribute_value, Some(name(text)));
            }
        }
        wait(60);
        let second = at(1, name("two"));
        let deleted = server.delete(*version, &key, &second).unwrap();
        if *version < V2_0 {
            assert_eq!(deleted.unwrap().attribute_value, Some(name("two")));
        }
        let changed = server.attributes(*version, &key);
        assert_eq!(changed.get(Tag::LastChangeDate), Some(&V::LastChangeDate(now())), "{version}");
        server.modify(*version, &key, at(2, name("drei")), Some(name("three").into())).unwrap();
        // Added behind what was there, not into the gap.
        server.add(*version, &key, name("four")).unwrap();
        let names = server.values(V1_4, &key, &standard(Tag::Name));
        assert_eq!(names, [(0, name("one")), (2, name("drei")), (3, name("four"))], "{version}");
        assert!(server.locate(*version, set([name("two")])).unwrap().is_empty());
        assert_eq!(server.locate(*version, set([name("drei")])).unwrap(), std::slice::from_ref(&key));
        server.destroy(*version, &key).unwrap();
    }
}

/// Custom and vendor attributes of every type: added, changed to another type, deleted; read and found in all versions.
#[test]
fn custom_attributes_of_every_type_change() {
    let server = server();
    let inner = vec![Item::new(Tag(0x0054_0001), 7), Item::new(Tag(0x0054_0002), "text")];
    let values: [Value; 10] = [
        7.into(),
        7_i64.into(),
        BigInteger::from_unsigned_bytes(&[1; 8]).into(),
        Value::Enumeration(3),
        true.into(),
        "text".into(),
        Value::ByteString(vec![1, 2, 3].into()),
        DateTime(9).into(),
        Interval(9).into(),
        inner.into(),
    ];
    for version in ALL {
        let key = server.create(*version, []);
        for (place, value) in values.iter().enumerate() {
            let custom = |value: &Value| AttributeInstance::vendor("x", "Own", value.clone());
            let next = custom(&values[(place + 1) % values.len()]);
            server.add(*version, &key, custom(value)).unwrap();
            for read in ALL {
                let found = server.locate(*read, [custom(value)].into_iter().collect()).unwrap();
                assert_eq!(found, std::slice::from_ref(&key), "{version} {read} {value:?}");
            }
            server.modify(*version, &key, next.clone(), Some(custom(value))).unwrap();
            for read in ALL {
                assert_eq!(server.values(*read, &key, &next.id), [(0, next.value.clone())]);
                assert!(server.locate(*read, [custom(value)].into_iter().collect()).unwrap().is_empty());
            }
            server.delete(*version, &key, &next).unwrap();
            assert!(server.values(V2_0, &key, &next.id).is_empty());
        }
    }
}

#[test]
fn dates_that_are_set_move_the_state() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        server.add(*version, &key, V::ActivationDate(DateTime(now().0 - 10))).unwrap();
        assert_eq!(server.state(&key), State::Active);
        server.add(*version, &key, V::DeactivationDate(DateTime(now().0 + 100))).unwrap();
        server.add(*version, &key, V::ProtectStopDate(DateTime(now().0 + 50))).unwrap();
        let stop = V::ProtectStopDate(DateTime(now().0 + 60));
        server.modify(*version, &key, stop.clone(), None).unwrap();
        wait(61);
        let later = V::ProtectStopDate(DateTime(now().0 + 30));
        let failed = server.modify(*version, &key, later, None).unwrap_err();
        assert_eq!(failed.reason, ResultReason::PermissionDenied, "it has come");
        server.modify(*version, &key, V::DeactivationDate(now()), None).unwrap();
        assert_eq!(server.state(&key), State::Deactivated);
        let failed = server.modify(*version, &key, V::DeactivationDate(DateTime(now().0 + 1)), None);
        assert_eq!(failed.unwrap_err().reason, ResultReason::PermissionDenied);
        assert_eq!(server.values(*version, &key, &standard(Tag::ProtectStopDate)), [(0, stop)]);
    }
}

#[test]
fn usage_limits_can_be_corrected_until_they_are_used() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        let limits = |total, count, unit| {
            V::UsageLimits(UsageLimits {
                usage_limits_total: total,
                usage_limits_count: count,
                usage_limits_unit: unit,
                ..UsageLimits::new()
            })
        };
        let unit = Some(UsageLimitsUnit::Byte);
        server.add(*version, &key, limits(Some(1000), Some(7), unit)).unwrap();
        let has = || server.values(*version, &key, &standard(Tag::UsageLimits)).remove(0).1;
        assert_eq!(has(), limits(Some(1000), Some(1000), unit), "the Count is the server's");
        server.modify(*version, &key, limits(Some(500), None, None), None).unwrap();
        assert_eq!(has(), limits(Some(500), Some(500), unit));
        server.activate(*version, &key).unwrap();
        let request = GetUsageAllocationRequest {
            unique_identifier: Some(id(&key)),
            ..GetUsageAllocationRequest::new(100)
        };
        server.send(*version, request).unwrap();
        let failed = server.modify(*version, &key, limits(Some(900), None, None), None).unwrap_err();
        assert_eq!(failed.reason, ResultReason::PermissionDenied);
        let failed = server.delete(*version, &key, &has().into()).unwrap_err();
        assert_eq!(failed.reason, ResultReason::PermissionDenied);
        assert_eq!(has(), limits(Some(500), Some(400), unit));
        let other = server.create(*version, [limits(Some(5), None, unit)]);
        server.delete(*version, &other, &limits(Some(5), Some(5), unit).into()).unwrap();
        assert!(server.attributes(*version, &other).get(Tag::UsageLimits).is_none());
    }
}

#[test]
fn what_was_once_otherwise_stays_known() {
    let server = server();
    for version in [V1_4, V2_0] {
        let key = server.create(version, [V::Sensitive(true), V::Extractable(false)]);
        let flags = || {
            let set = server.attributes(version, &key);
            [Tag::Sensitive, Tag::AlwaysSensitive, Tag::Extractable, Tag::NeverExtractable].map(|tag| {
                match set.get(tag) {
                    Some(
                        V::Sensitive(is)
                        | V::AlwaysSensitive(is)
                        | V::Extractable(is)
                        | V::NeverExtractable(is),
                    ) => *is,
                    other => panic!("{other:?}"),
                }
            })
        };
        assert_eq!(flags(), [true, true, false, true]);
        server.modify(version, &key, V::Sensitive(false), None).unwrap();
        server.modify(version, &key, V::Extractable(true), None).unwrap();
        assert_eq!(flags(), [false, false, true, false]);
        server.modify(version, &key, V::Sensitive(true), None).unwrap();
        server.modify(version, &key, V::Extractable(false), None).unwrap();
        assert_eq!(flags(), [true, false, false, false]);
    }
}

#[test]
fn set_adds_or_modifies() {
    let server = server();
    let key = server.create(V2_0, []);
    let names = || server.values(V2_0, &key, &standard(Tag::Name));
    server.set_attribute(&key, name("one")).unwrap();
    server.set_attribute(&key, name("two")).unwrap();
    assert_eq!(names(), [(0, name("two"))]);
    server.add(V2_0, &key, name("three")).unwrap();
    assert_eq!(server.set_attribute(&key, name("x")).unwrap_err().reason, ResultReason::MultiValuedAttribute);
    server.set_attribute(&key, V::Sensitive(true)).unwrap();
    server.set_attribute(&key, AttributeInstance::vendor("acme", "Rack", 7)).unwrap();
    server.set_attribute(&key, AttributeInstance::vendor("acme", "Rack", "now a text")).unwrap();
    let rack = AttributeId::Vendor { vendor: "acme".into(), name: "Rack".into() };
    assert_eq!(server.values(V1_2, &key, &rack).len(), 1);
    server.delete_all(&key, standard(Tag::Name)).unwrap();
    assert!(names().is_empty());
    let failed = server.delete_all(&key, standard(Tag::Name)).unwrap_err();
    assert_eq!(failed.reason, ResultReason::AttributeNotFound);
}

#[test]
fn adjustments() {
    use AdjustmentType as A;
    let server = server();
    let key = server.create(V2_0, []);
    let own = AttributeId::Vendor { vendor: "acme".into(), name: "Own".into() };
    let value_of = |own: &AttributeId| match server.values(V2_0, &key, own).remove(0).1 {
        V::Other(item) => item.value,
        other => panic!("{other:?}"),
    };
    let cases: [(Value, A, Option<Value>, Outcome); 20] = [
        (7.into(), A::Increment, None, Ok(8.into())),
        (7.into(), A::Decrement, Some(10.into()), Ok((-3).into())),
        (7.into(), A::Increment, Some(Value::LongInteger(3)), Ok(10.into())),
        (7.into(), A::Negate, None, Ok((-7).into())),
        (i32::MAX.into(), A::Increment, None, Err(ResultReason::NumericRange)),
        (i32::MIN.into(), A::Negate, None, Err(ResultReason::NumericRange)),
        (i64::MAX.into(), A::Increment, None, Err(ResultReason::NumericRange)),
        (i64::MIN.into(), A::Increment, Some(1_i64.into()), Ok((i64::MIN + 1).into())),
        (true.into(), A::Negate, None, Ok(false.into())),
        (true.into(), A::Increment, None, Err(ResultReason::InvalidDataType)),
        (Interval(5).into(), A::Decrement, Some(Interval(5).into()), Ok(Interval(0).into())),
        (Interval(5).into(), A::Decrement, Some(Interval(6).into()), Err(ResultReason::NumericRange)),
        (Interval(5).into(), A::Negate, None, Err(ResultReason::InvalidDataType)),
        (DateTime(5).into(), A::Decrement, None, Ok(DateTime(4).into())),
        (DateTime(5).into(), A::Increment, Some(Interval(60).into()), Ok(DateTime(65).into())),
        (DateTime(5).into(), A::Negate, None, Err(ResultReason::InvalidDataType)),
        ("text".into(), A::Increment, None, Err(ResultReason::InvalidDataType)),
        (7.into(), A::Increment, Some("text".into()), Err(ResultReason::InvalidDataType)),
        (7.into(), A::Negate, Some(1.into()), Err(ResultReason::InvalidField)),
        (7.into(), AdjustmentType(9), None, Err(ResultReason::InvalidField)),
    ];
    for (value, kind, amount, expected) in cases {
        server.set_attribute(&key, AttributeInstance::vendor("acme", "Own", value.clone())).unwrap();
        let before = server.attributes(V2_0, &key);
        let done = server.adjust(&key, &own, kind, amount);
        match expected {
            Ok(expected) => assert_eq!((done, value_of(&own)), (Ok(()), expected)),
            Err(reason) => {
                assert_eq!(done.unwrap_err().reason, reason, "{value:?} {kind}");
                assert_eq!(server.attributes(V2_0, &key), before);
            }
        }
    }
    let big = |bytes: &[u8]| Value::BigInteger(BigInteger::from_unsigned_bytes(bytes));
    server.set_attribute(&key, AttributeInstance::vendor("acme", "Own", big(&[0xFF; 15]))).unwrap();
    server.adjust(&key, &own, A::Increment, None).unwrap();
    let Value::BigInteger(value) = value_of(&own) else { panic!() };
    let mut expected = vec![1];
    expected.extend([0; 15]);
    assert_eq!(value.as_unsigned_bytes().unwrap(), expected);
    // What isn't there counts as nothing, where it can be told what nothing is.
    let other = AttributeId::Vendor { vendor: "acme".into(), name: "Other".into() };
    server.adjust(&key, &other, A::Decrement, Some(2.into())).unwrap();
    assert_eq!(value_of(&other), Value::Integer(-2));
    server.adjust(&key, &standard(Tag::ProtectionPeriod), A::Increment, Some(Interval(60).into())).unwrap();
    server.adjust(&key, &standard(Tag::QuantumSafe), A::Negate, None).unwrap();
    server.adjust(&key, &standard(Tag::Sensitive), A::Negate, None).unwrap();
    let set = server.attributes(V2_0, &key);
    assert_eq!(set.get(Tag::ProtectionPeriod), Some(&V::ProtectionPeriod(Interval(60))));
    assert_eq!(set.get(Tag::QuantumSafe), Some(&V::QuantumSafe(true)));
    assert_eq!(set.get(Tag::Sensitive), Some(&V::Sensitive(true)));
    let failed = server.adjust(&key, &standard(Tag::ActivationDate), A::Increment, None).unwrap_err();
    assert_eq!(failed.reason, ResultReason::InvalidDataType);
    // The clock of the object goes on from where it is set.
    server.set_attribute(&key, V::ActivationDate(DateTime(now().0 + 60))).unwrap();
    let hour = Some(Interval(60).into());
    server.adjust(&key, &standard(Tag::ActivationDate), A::Decrement, hour).unwrap();
    assert_eq!(server.state(&key), State::Active);
}
