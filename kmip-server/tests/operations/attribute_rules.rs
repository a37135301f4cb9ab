//! The rules of every attribute of the tables, for every object type, at every version: who may set it with a new object,
//! add, modify and delete it (KMIP 1.4 §3, 2.0 §4).

use kmip::ttlv::{DateTime, Interval, Tag, Version};
use kmip::types::rules::{AttributeRules, Rule};
use kmip::types::tables::ATTRIBUTES;
use kmip::types::*;

use crate::harness::*;
use crate::register::objects;
use AttributeValue as V;

/// Two values of each attribute that a client may set.
fn samples(tag: Tag) -> Option<[AttributeValue; 2]> {
    let future = |seconds| DateTime(now().0 + seconds);
    let limits = |total| {
        V::UsageLimits(UsageLimits {
            usage_limits_total: Some(total),
            usage_limits_count: Some(total),
            usage_limits_unit: Some(UsageLimitsUnit::Byte),
            ..UsageLimits::new()
        })
    };
    let parameters = |mode| {
        let parameters =
            CryptographicParameters { block_cipher_mode: Some(mode), ..CryptographicParameters::new() };
        V::CryptographicParameters(parameters.into())
    };
    let information = |data: &str| {
        V::ApplicationSpecificInformation(ApplicationSpecificInformation {
            application_data: Some(data.into()),
            ..ApplicationSpecificInformation::new("ssl".into())
        })
    };
    let domain = |qlength| {
        V::CryptographicDomainParameters(CryptographicDomainParameters {
            qlength: Some(qlength),
            ..CryptographicDomainParameters::new()
        })
    };
    let location =
        |at: &str| V::KeyValueLocation(KeyValueLocation::new(at.into(), KeyValueLocationType::URI));
    let alternative =
        |text: &str| V::AlternativeName(AlternativeName::new(text.into(), AlternativeNameType::URI));
    let link = |to| V::Link(Link::new(LinkType::DerivationBaseObjectLink, id(to)));
    Some(match tag {
        Tag::Name => [name("first"), name("second")],
        Tag::CryptographicParameters => [parameters(BlockCipherMode::CBC), parameters(BlockCipherMode::GCM)],
        Tag::CryptographicDomainParameters => [domain(160), domain(256)],
        Tag::OperationPolicyName => {
            [V::OperationPolicyName("default".into()), V::OperationPolicyName("public".into())]
        }
        Tag::UsageLimits => [limits(100), limits(200)],
        Tag::ActivationDate => [V::ActivationDate(future(100)), V::ActivationDate(future(110))],
        Tag::ProcessStartDate => [V::ProcessStartDate(future(200)), V::ProcessStartDate(future(210))],
        Tag::ProtectStopDate => [V::ProtectStopDate(future(300)), V::ProtectStopDate(future(310))],
        Tag::DeactivationDate => [V::DeactivationDate(future(400)), V::DeactivationDate(future(410))],
        Tag::ObjectGroup => [V::ObjectGroup("one".into()), V::ObjectGroup("two".into())],
        Tag::Link => [link("a"), link("b")],
        Tag::ApplicationSpecificInformation => [information("www"), information("ftp")],
        Tag::ContactInformation => [V::ContactInformation("me".into()), V::ContactInformation("you".into())],
        Tag::AlternativeName => [alternative("urn:a"), alternative("urn:b")],
        Tag::KeyValueLocation => [location("urn:a"), location("urn:b")],
        Tag::PKCS_12FriendlyName => [V::Pkcs12FriendlyName("a".into()), V::Pkcs12FriendlyName("b".into())],
        Tag::Description => [V::Description("a".into()), V::Description("b".into())],
        Tag::Comment => [V::Comment("a".into()), V::Comment("b".into())],
        Tag::Sensitive => [V::Sensitive(false), V::Sensitive(true)],
        Tag::Extractable => [V::Extractable(true), V::Extractable(false)],
        Tag::NISTKeyType => [
            V::NistKeyType(NistKeyType::SymmetricDataEncryptionKey),
            V::NistKeyType(NistKeyType::PrivateSignatureKey),
        ],
        Tag::ProtectionLevel => {
            [V::ProtectionLevel(ProtectionLevel::High), V::ProtectionLevel(ProtectionLevel::Low)]
        }
        Tag::ProtectionPeriod => [V::ProtectionPeriod(Interval(1)), V::ProtectionPeriod(Interval(2))],
        Tag::QuantumSafe => [V::QuantumSafe(false), V::QuantumSafe(true)],
        Tag::OriginalCreationDate => {
            [V::OriginalCreationDate(DateTime(1)), V::OriginalCreationDate(DateTime(2))]
        }
        _ => return None,
    })
}

/// The rules of the attributes that are tried, in a version.
fn tried(version: Version) -> impl Iterator<Item = (Tag, &'static AttributeRules)> {
    ATTRIBUTES.iter().filter_map(move |info| {
        samples(info.tag)?;
        Some((info.tag, info.rules_in(version)?))
    })
}

#[test]
fn every_attribute_that_clients_may_set_is_tried() {
    // These say something of the object itself, and are looked at elsewhere; a Fresh that isn't is nobody's wish.
    let special = [
        Tag::CustomAttribute,
        Tag::Attribute,
        Tag::CryptographicUsageMask,
        Tag::RandomNumberGenerator,
        Tag::Fresh,
    ];
    for version in ALL {
        for info in ATTRIBUTES {
            let Some(rules) = info.rules_in(*version) else { continue };
            if rules.initially_set_by_client && !special.contains(&info.tag) {
                assert!(samples(info.tag).is_some(), "{}", info.name);
            }
        }
    }
}

#[test]
fn with_a_new_object() {
    let server = server();
    for version in ALL {
        for object in objects(*version) {
            let object_type = register_request(*version, object.clone(), AttributeSet::new()).object_type;
            for (tag, rules) in tried(*version) {
                let [value, _] = samples(tag).unwrap();
                let request = register_request(*version, object.clone(), set([value.clone()]));
                let answer = server.send(*version, request);
                let what = format!("{tag} with {object_type} in {version}");
                if rules.applies_to.contains(&object_type) {
                    let key = text_of(&answer.expect(&what).unique_identifier);
                    assert_eq!(server.attributes(*version, &key).get(tag), Some(&value), "{what}");
                } else if ![Tag::ProcessStartDate, Tag::ProtectStopDate].contains(&tag) {
                    let invalid =
                        reason(*version, ResultReason::InvalidField, ResultReason::InvalidAttribute);
                    assert_eq!(answer.expect_err(&what).reason, invalid, "{what}");
                }
            }
        }
    }
}

/// What the tables let a client do with an attribute is done; what they don't is refused, and changes nothing.
#[test]
fn with_an_object_that_is_there() {
    let server = server();
    for version in ALL {
        for object in objects(*version) {
            let object_type = register_request(*version, object.clone(), AttributeSet::new()).object_type;
            for (tag, rules) in tried(*version) {
                if !rules.applies_to.contains(&object_type) {
                    continue;
                }
                let request = register_request(*version, object.clone(), AttributeSet::new());
                let key = text_of(&server.send(*version, request).unwrap().unique_identifier);
                let what = format!("{tag} of {object_type} in {version}");
                let may = |rule| rule != Rule::No;
                let [first, second] = samples(tag).unwrap();
                let id = AttributeId::Standard(tag);
                let values = || -> Vec<V> {
                    let attributes = server.attributes(V2_0, &key);
                    let shown = if attributes.get(tag).is_some() {
                        attributes
                    } else {
                        server.attributes(*version, &key)
                    };
                    shown.all(&id).map(|instance| instance.value.clone()).collect()
                };

                let before = values();
                let may_add = rules.initially_set_by_client
                    && may(rules.modifiable_by_client)
                    && (rules.multiple_instances || before.is_empty());
                assert_eq!(server.add(*version, &key, first.clone()).is_ok(), may_add, "adding {what}");
                let has: Vec<V> = before.iter().cloned().chain(may_add.then(|| first.clone())).collect();
                assert_eq!(values(), has, "adding {what}");

                let Some(last) = has.last().cloned() else { continue };
                let index = has.len() as i32 - 1;
                let instance = AttributeInstance { index, ..second.clone().into() };
                let modified = server.modify(*version, &key, instance, Some(last.clone().into()));
                assert_eq!(modified.is_ok(), may(rules.modifiable_by_client), "modifying {what}");
                let last = if modified.is_ok() { second } else { last };
                assert_eq!(values().last(), Some(&last), "modifying {what}");

                let instance = AttributeInstance { index, ..last.into() };
                let deleted = server.delete(*version, &key, &instance);
                assert_eq!(deleted.is_ok(), may(rules.deletable_by_client), "deleting {what}");
                assert_eq!(values().len(), has.len() - usize::from(deleted.is_ok()), "deleting {what}");
            }
        }
    }
}

/// An object is found by every attribute that it shows, in its version and the last of both kinds, and by all at once.
#[test]
fn objects_are_found_by_every_attribute() {
    let server = server();
    let others = server.create(V1_4, []);
    for version in ALL {
        for (place, object) in objects(*version).into_iter().enumerate() {
            let object_type = register_request(*version, object.clone(), AttributeSet::new()).object_type;
            let mut given: AttributeSet = tried(*version)
                .filter(|(_, rules)| rules.applies_to.contains(&object_type))
                .flat_map(|(tag, rules)| {
                    let [first, second] = samples(tag).unwrap();
                    [Some(first), rules.multiple_instances.then_some(second)].into_iter().flatten()
                })
                .filter(|value| !matches!(value, V::Name(_)))
                .collect();
            given.add(name(&format!("{place} {version}")));
            given.add(AttributeInstance::vendor("x", "Own", 7));
            let request = register_request(*version, object, given);
            let key = text_of(&server.send(*version, request).unwrap().unique_identifier);
            for read in &[*version, V1_4, V2_0] {
                let shown = server.attributes(*read, &key);
                for instance in &shown {
                    let what = format!("{} of {object_type} of {version} in {read}", instance.id);
                    let found = server.locate(*read, [instance.clone()].into_iter().collect()).expect(&what);
                    assert!(found.contains(&key), "{what}");
                    // The Name inside a template is that of the others too.
                    let is_inner = instance.value == name("template");
                    let telling = !is_inner
                        && matches!(
                            instance.value,
                            V::UniqueIdentifier(_) | V::Name(_) | V::ShortUniqueIdentifier(_)
                        );
                    assert!(!telling || found == std::slice::from_ref(&key), "{what}");
                    let own = matches!(instance.id, AttributeId::Vendor { .. });
                    assert!(!own || !found.contains(&others), "{what}");
                }
                assert_eq!(server.locate(*read, shown).unwrap(), std::slice::from_ref(&key));
            }
        }
    }
}
