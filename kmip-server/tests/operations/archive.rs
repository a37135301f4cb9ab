//! Archive and Recover, and what can't be done in between.

use kmip::ttlv::{Tag, Version};
use kmip::types::*;

use crate::harness::*;

impl Server {
    pub(crate) fn archive(&self, version: Version, key: &str) -> Result<(), Failed> {
        let request = ArchiveRequest { unique_identifier: Some(id(key)), ..ArchiveRequest::new() };
        self.send(version, request).map(|_| ())
    }

    pub(crate) fn recover(&self, version: Version, key: &str) -> Result<(), Failed> {
        let request = RecoverRequest { unique_identifier: Some(id(key)), ..RecoverRequest::new() };
        self.send(version, request).map(|_| ())
    }
}

#[test]
fn an_archived_object_waits_for_its_recovery() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, [name(&format!("archived {version}"))]);
        let material = server.get(*version, &key).unwrap().object;
        let usual = locate_request(*version, set([name(&format!("archived {version}"))]));
        let within = |mask| LocateRequest { storage_status_mask: Some(mask), ..usual.clone() };
        wait(10);
        server.archive(*version, &key).unwrap();
        let attributes = server.attributes(*version, &key);
        assert_eq!(attributes.get(Tag::ArchiveDate), Some(&AttributeValue::ArchiveDate(now())));
        assert_eq!(attributes.get(Tag::LastChangeDate), Some(&AttributeValue::LastChangeDate(now())));

        use StorageStatusMask as S;
        assert!(found(&server.send(*version, usual.clone()).unwrap()).is_empty());
        for mask in [S::ArchivalStorage, S::ArchivalStorage | S::OnLineStorage] {
            let located = server.send(*version, within(mask)).unwrap();
            assert_eq!(found(&located), std::slice::from_ref(&key));
        }
        assert!(found(&server.send(*version, within(S::OnLineStorage)).unwrap()).is_empty());

        let archived = |result: Result<(), Failed>| {
            assert_eq!(result.unwrap_err().reason, ResultReason::ObjectArchived, "{version}");
        };
        archived(server.archive(*version, &key));
        archived(server.get(*version, &key).map(|_| ()));
        archived(server.activate(*version, &key).map(|_| ()));
        archived(server.revoke(*version, &key, RevocationReasonCode::KeyCompromise).map(|_| ()));
        archived(server.destroy(*version, &key).map(|_| ()));
        archived(server.lease(*version, &key).map(|_| ()));
        archived(server.allocate(*version, &key, 1));
        archived(server.add(*version, &key, name("another")).map(|_| ()));
        let check = CheckRequest { unique_identifier: Some(id(&key)), ..CheckRequest::new() };
        archived(server.send(*version, check).map(|_| ()));
        if *version >= V1_2 {
            let request = EncryptRequest {
                unique_identifier: Some(id(&key)),
                data: Some(Data::ByteString(vec![1; 16].into())),
                ..EncryptRequest::new()
            };
            archived(server.send(*version, request).map(|_| ()));
        }
        assert_eq!(server.attributes(*version, &key), attributes, "nothing of that has changed it");

        // For someone who may not see it, there is no such object, archived or not.
        let missing = reason(*version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound);
        assert_eq!(server.ask("bob", *version, get_request(&key)).unwrap_err().reason, missing);

        wait(10);
        server.recover(*version, &key).unwrap();
        assert_eq!(server.get(*version, &key).unwrap().object, material);
        let attributes = server.attributes(*version, &key);
        assert!(attributes.get(Tag::ArchiveDate).is_none());
        assert_eq!(attributes.get(Tag::LastChangeDate), Some(&AttributeValue::LastChangeDate(now())));
        assert_eq!(found(&server.send(*version, usual).unwrap()), std::slice::from_ref(&key));
        // It is as it should be; nothing has changed.
        wait(10);
        server.recover(*version, &key).unwrap();
        assert_eq!(server.attributes(*version, &key), attributes);

        server.destroy(*version, &key).unwrap();
        assert!(server.archive(*version, &key).is_err());
        assert_eq!(server.recover(*version, "nowhere").unwrap_err().reason, missing);
        assert_eq!(server.archive(*version, "nowhere").unwrap_err().reason, missing);
    }
}
