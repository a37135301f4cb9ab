//! Names that belong to one object (KMIP 1.4 §3.2), where the server is set to keep that.

use kmip::types::*;
use kmip_server::engine::Settings;
use kmip_server::rights::Policies;

use crate::errors_attributes::{Op, refused};
use crate::harness::*;
use AttributeValue as V;
use ResultReason as R;

#[test]
fn names_of_other_objects() {
    let server = server_set(Policies::built_in(), Settings { unique_names: true, ..Settings::default() });
    for version in ALL {
        let text = format!("name {version}");
        let first = server.create(*version, [name(&text)]);
        let mut again = aes(128);
        again.add(name(&text));
        let taken = reason(*version, R::InvalidField, R::NonUniqueNameAttribute);
        let create = || server.send(*version, create_request(*version, again.clone()));
        assert_eq!(create().unwrap_err().reason, taken);
        let second = server.create(*version, [name(&format!("other {version}"))]);
        let taken = reason(*version, R::IllegalOperation, R::NonUniqueNameAttribute);
        refused(&server, *version, Op::Add, &second, name(&text), taken);
        refused(&server, *version, Op::Modify, &second, name(&text), taken);
        // What a client can't see is not in its way.
        server.ask("bob", *version, create_request(*version, again.clone())).unwrap();
        // Its own Names an object may keep; those of destroyed ones are free.
        server.add(*version, &first, V::ContactInformation("me".into())).unwrap();
        server.destroy(*version, &first).unwrap();
        create().unwrap();
    }
    // By default, PyKMIP's clients go before the rule.
    let server = crate::harness::server();
    server.create(V1_4, [name("one")]);
    server.create(V1_4, [name("one")]);
}

/// Of many who ask for the same Name at once, one gets it.
#[test]
fn names_are_given_once() {
    let server = server_set(Policies::built_in(), Settings { unique_names: true, ..Settings::default() });
    let keys: Vec<String> = (0..8).map(|_| server.create(V1_4, [])).collect();
    let given = std::thread::scope(|scope| {
        let asking: Vec<_> = keys
            .iter()
            .map(|key| {
                scope.spawn(|| {
                    let created = server.send(
                        V1_4,
                        create_request(V1_4, {
                            let mut set = aes(128);
                            set.add(name("wanted"));
                            set
                        }),
                    );
                    let added = server.add(V1_4, key, name("wanted"));
                    usize::from(created.is_ok()) + usize::from(added.is_ok())
                })
            })
            .collect();
        asking.into_iter().map(|asking| asking.join().unwrap()).sum::<usize>()
    });
    assert_eq!(given, 1);
    assert_eq!(server.locate(V1_4, set([name("wanted")])).unwrap().len(), 1);
}
