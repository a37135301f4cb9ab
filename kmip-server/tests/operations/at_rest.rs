//! What is on the disk: objects that outlive the server, and nothing secret in the clear.

use std::sync::Arc;

use kmip::ttlv::{Secret, Tag};
use kmip::types::*;
use kmip_server::engine::{Engine, Settings};
use kmip_server::seal::{MasterKey, Seal};
use kmip_server::store;

use crate::harness::*;

fn open(path: &std::path::Path, master: &MasterKey) -> Server {
    let store = store::open(path.to_str().unwrap()).unwrap();
    let seal = Arc::new(Seal::open(&*store, master).unwrap());
    Server(Engine::new(store, seal, Settings::default()).with_clock(now))
}

#[test]
fn objects_outlive_the_server_and_are_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("objects.sqlite");
    let master = MasterKey::generate().unwrap();
    let material = *b"0123456789 this is a key 9876543";
    let block = KeyBlock {
        key_value: Some(KeyValue::Plaintext(
            PlaintextKeyValue::new(KeyMaterial::ByteString(Secret::from(&material[..]))).into(),
        )),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(256),
        ..KeyBlock::new(KeyFormatType::Raw)
    };
    let object = ManagedObject::SymmetricKey(SymmetricKey::new(block).into());
    let server = open(&path, &master);
    let given = set([name("kept"), AttributeValue::ContactInformation("someone to call".into())]);
    let registered = server.send(V1_4, register_request(V1_4, object.clone(), given)).unwrap();
    let key = text_of(&registered.unique_identifier);
    let attributes = server.attributes(V1_4, &key);
    let Some(AttributeValue::Digest(digest)) = attributes.get(Tag::Digest) else { panic!() };
    let digest = digest.digest_value.clone().unwrap();
    drop(server);

    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!has(&material[..16]) && !has(&material[16..]), "the key");
        // From the digest of a short secret, the secret can be guessed.
        assert!(!has(&digest), "its digest");
    }
    let server = open(&path, &master);
    assert_eq!(server.locate(V1_4, set([name("kept")])).unwrap(), std::slice::from_ref(&key));
    assert_eq!(
        server.locate(V1_4, set([attributes.get(Tag::Digest).unwrap().clone()])).unwrap(),
        std::slice::from_ref(&key)
    );
    assert_eq!(server.attributes(V1_4, &key), attributes);
    assert_eq!(server.get(V1_4, &key).unwrap().object, object);
    server.destroy(V1_4, &key).unwrap();
    drop(server);
    assert_eq!(open(&path, &master).state(&key), State::Destroyed);
}
