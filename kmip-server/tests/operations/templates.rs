//! Templates, used by name when objects are made or registered (KMIP 1.0 to 1.4; 1.4 §2.1.8, §2.2.6).

use kmip::ttlv::{Tag, Version};
use kmip::types::*;

use crate::harness::*;
use crate::register::objects;
use AttributeValue as V;

const VERSIONS: &[Version] = &[V1_0, V1_1, V1_2, V1_3, V1_4];

/// Registers a template of this Name.
fn template(server: &Server, version: Version, called: &str, more: Vec<AttributeValue>) -> String {
    let mut inner = set(more);
    inner.add(name(called));
    let object =
        ManagedObject::Template(Template { attribute: inner.to_attribute_list(), ..Template::new() });
    let request = register_request(version, object, AttributeSet::new());
    text_of(&server.send(version, request).unwrap().unique_identifier)
}

fn named(called: &str) -> Name {
    Name::new(called.into(), NameType::UninterpretedTextString)
}

fn uses(mask: CryptographicUsageMask) -> AttributeValue {
    V::CryptographicUsageMask(mask)
}

#[test]
fn registered_objects_take_from_templates() {
    let server = server();
    for version in VERSIONS {
        let one = format!("one {version}");
        let two = format!("two {version}");
        let contact = |text: &str| V::ContactInformation(text.into());
        let group = |text: &str| V::ObjectGroup(text.into());
        template(&server, *version, &one, vec![contact("one"), group("a")]);
        template(
            &server,
            *version,
            &two,
            vec![contact("two"), group("b"), uses(CryptographicUsageMask::all())],
        );
        let key = objects(*version).remove(0);
        let register = |explicit: Vec<AttributeValue>, names: &[&str]| {
            let mut request = register_request(*version, key.clone(), set(explicit));
            request.template_attribute.as_mut().unwrap().name =
                names.iter().map(|name| named(name)).collect();
            server.send(*version, request)
        };
        let attributes = |explicit: Vec<AttributeValue>, names: &[&str]| {
            let key = text_of(&register(explicit, names).unwrap().unique_identifier);
            server.attributes(*version, &key)
        };
        let groups = |set: &AttributeSet| -> Vec<V> {
            set.all(&AttributeId::Standard(Tag::ObjectGroup)).map(|instance| instance.value.clone()).collect()
        };
        let taken = attributes(vec![], &[&one]);
        assert_eq!(taken.get(Tag::ContactInformation), Some(&contact("one")));
        assert!(taken.get(Tag::Name).is_none(), "a template's Name is its own");
        // Of several templates the last counts, and of attributes with several values all do.
        let taken = attributes(vec![], &[&one, &two]);
        assert_eq!(taken.get(Tag::ContactInformation), Some(&contact("two")));
        assert_eq!(taken.get(Tag::CryptographicUsageMask), Some(&uses(CryptographicUsageMask::all())));
        assert_eq!(groups(&taken), [group("b"), group("a")]);
        // What is given explicitly goes before them.
        let taken = attributes(vec![contact("me"), group("a")], &[&one, &two]);
        assert_eq!(taken.get(Tag::ContactInformation), Some(&contact("me")));
        assert_eq!(groups(&taken), [group("a"), group("b")]);
        assert_eq!(register(vec![], &["nothing"]).unwrap_err().reason, ResultReason::ItemNotFound);
        // Others' templates are not there.
        let mut request = register_request(*version, key.clone(), AttributeSet::new());
        request.template_attribute.as_mut().unwrap().name.push(named(&one));
        let failed = server.ask("bob", *version, request).unwrap_err();
        assert_eq!(failed.reason, ResultReason::ItemNotFound);
    }
}

#[test]
fn key_pairs_take_from_templates() {
    let server = server();
    for version in VERSIONS {
        let common = format!("common {version}");
        let own = format!("own {version}");
        template(
            &server,
            *version,
            &common,
            vec![V::CryptographicAlgorithm(CryptographicAlgorithm::RSA), V::CryptographicLength(1024)],
        );
        template(
            &server,
            *version,
            &own,
            vec![uses(CryptographicUsageMask::Sign), V::ObjectGroup("own".into())],
        );
        let request = CreateKeyPairRequest {
            common_template_attribute: Some(TemplateAttribute {
                name: vec![named(&common)],
                ..TemplateAttribute::new()
            }),
            private_key_template_attribute: Some(TemplateAttribute {
                name: vec![named(&own)],
                ..TemplateAttribute::new()
            }),
            public_key_template_attribute: Some(TemplateAttribute {
                attribute: set([uses(CryptographicUsageMask::Verify)]).to_attribute_list(),
                ..TemplateAttribute::new()
            }),
            ..CreateKeyPairRequest::new()
        };
        let pair = server.send(*version, request).unwrap();
        let private = server.attributes(*version, &text_of(&pair.private_key_unique_identifier));
        let public = server.attributes(*version, &text_of(&pair.public_key_unique_identifier));
        for half in [&private, &public] {
            assert_eq!(half.get(Tag::CryptographicLength), Some(&V::CryptographicLength(1024)));
        }
        assert_eq!(private.get(Tag::CryptographicUsageMask), Some(&uses(CryptographicUsageMask::Sign)));
        assert_eq!(private.get(Tag::ObjectGroup), Some(&V::ObjectGroup("own".into())));
        assert!(public.get(Tag::ObjectGroup).is_none());
    }
}

/// 1.4 §2.2.6: a template may be the subject of Add and Modify Attribute; what is said then, is said of what it makes.
#[test]
fn templates_can_be_added_to() {
    let server = server();
    for version in VERSIONS {
        let called = format!("template {version}");
        let contact = |text: &str| V::ContactInformation(text.into());
        let template = template(&server, *version, &called, vec![contact("registered")]);
        let make = || {
            let mut request = create_request(*version, aes(128));
            request.template_attribute.as_mut().unwrap().name.push(named(&called));
            let key = text_of(&server.send(*version, request).unwrap().unique_identifier);
            server.attributes(*version, &key)
        };
        assert_eq!(make().get(Tag::ContactInformation), Some(&contact("registered")));
        server.add(*version, &template, contact("added")).unwrap();
        server.add(*version, &template, V::ObjectGroup("group".into())).unwrap();
        server.add(*version, &template, AttributeInstance::vendor("x", "Own", 7)).unwrap();
        let made = make();
        assert_eq!(made.get(Tag::ContactInformation), Some(&contact("added")));
        assert_eq!(made.get(Tag::ObjectGroup), Some(&V::ObjectGroup("group".into())));
        assert!(made.iter().any(|instance| instance.id.to_string() == "x-Own"));
        assert!(made.get(Tag::Name).is_none());
    }
}
