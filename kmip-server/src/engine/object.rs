//! An object on its way between the store and an operation.

use kmip::ttlv::{Bytes, DateTime, Tag, Version};
use kmip::types::{AttributeSet, AttributeValue, ManagedObject, ObjectType, State, StorageStatusMask};

use super::attributes::View;
use super::{Failure, Kind, index, lifecycle, record};
use crate::rights::{self, Subject};
use crate::seal::{Identity, Seal};
use crate::store::{Header, Material, Object, Snapshot, Transaction};

/// A managed object, opened.
///
/// An operation gets one from its [`Context`](super::Context) alone, which has looked at the caller's rights by then.
#[derive(Debug)]
pub struct Managed {
    /// What the store had; none for a new object.
    stored: Option<Object>,
    owner: String,
    /// Its attributes, the server's among them.
    pub attributes: AttributeSet,
    material: Option<Bytes>,
}

impl Managed {
    /// A new object with all its attributes.
    pub(super) fn new(owner: &str, attributes: AttributeSet, material: Bytes) -> Self {
        Self { stored: None, owner: owner.to_owned(), attributes, material: Some(material) }
    }

    /// Another object in the place of this one, which keeps its owner.
    pub(super) fn replaced(self, attributes: AttributeSet, material: Bytes) -> Self {
        Self { attributes, material: Some(material), ..self }
    }

    /// Reads the object that the store has under an identifier, if it has one; `allow` looks at what is known of it in
    /// the clear before anything is opened.
    pub(super) fn load(
        snapshot: &dyn Snapshot,
        seal: &Seal,
        identifier: &str,
        wanted: Wanted,
        now: DateTime,
        allow: impl FnOnce(&Header) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let found = match wanted {
            Wanted::Attributes => snapshot.object(identifier)?.map(|object| (object, None)),
            Wanted::All => snapshot.object_with_material(identifier)?,
        };
        let Some((object, sealed)) = found else { return Err(Failure::not_found()) };
        allow(&object.header)?;
        let identity = Identity::from(&object.header);
        let attributes = seal.open_attributes(&identity, &object.attributes)?;
        let material = match sealed {
            Some(sealed) => Some(seal.open_material(&identity, &object.attributes, &sealed)?.into()),
            None => None,
        };
        let mut attributes = record::decode(&attributes.into())?;
        lifecycle::advance(&mut attributes, now);
        Ok(Self { owner: object.header.owner.clone(), stored: Some(object), attributes, material })
    }

    /// Its attributes as the store had them; none of a new object.
    pub(super) fn before(&self, seal: &Seal) -> Result<Option<AttributeSet>, Failure> {
        let Some(stored) = &self.stored else { return Ok(None) };
        let attributes = seal.open_attributes(&(&stored.header).into(), &stored.attributes)?;
        record::decode(&attributes.into()).map(Some)
    }

    /// Its Unique Identifier.
    pub(super) fn identifier(&self) -> Result<&str, Failure> {
        match self.attributes.get(Tag::UniqueIdentifier) {
            Some(AttributeValue::UniqueIdentifier(kmip::types::UniqueIdentifier::TextString(text))) => {
                Ok(text.as_str())
            }
            _ => Err(Failure::internal(&"an object has no Unique Identifier")),
        }
    }

    /// Writes the object: adds it, or changes it from what it was when it was read.
    pub(super) fn save(&self, transaction: &mut dyn Transaction, seal: &Seal) -> Result<(), Failure> {
        let header = self.header()?;
        let record = record::encode(&self.attributes)?;
        if record.bytes.len() > LARGEST_RECORD {
            return Err(Failure::new(
                Kind::ServerLimit,
                format!("the attributes of an object have {LARGEST_RECORD} bytes at most"),
            ));
        }
        let sealed = seal.seal_object(&Identity::from(&header), &record.bytes, self.material.as_deref())?;
        let rows = index::entries(&self.attributes, &record, seal)?;
        match &self.stored {
            None => {
                transaction.insert(&header, &sealed.attributes, sealed.material.as_deref(), &rows)?;
            }
            Some(stored) => {
                let material = match &sealed.material {
                    Some(material) => Material::Replace(material),
                    None => Material::Wipe,
                };
                transaction.update(stored, &header, &sealed.attributes, material, &rows)?;
            }
        }
        Ok(())
    }

    /// What the store is to know in the clear.
    fn header(&self) -> Result<Header, Failure> {
        let identifier = self.identifier()?;
        let policy = match self.attributes.get(Tag::OperationPolicyName) {
            Some(AttributeValue::OperationPolicyName(name)) => name.as_str(),
            _ => rights::DEFAULT,
        };
        let storage = if self.attributes.get(Tag::DestroyDate).is_some() {
            StorageStatusMask::DestroyedStorage
        } else if self.attributes.get(Tag::ArchiveDate).is_some() {
            StorageStatusMask::ArchivalStorage
        } else {
            StorageStatusMask::OnLineStorage
        };
        Ok(Header {
            identifier: identifier.to_owned(),
            owner: self.owner.clone(),
            policy: policy.to_owned(),
            object_type: self.object_type().0,
            state: self.state().map(|state| state.0),
            storage: storage.bits(),
            due: lifecycle::due(&self.attributes).map(|date| date.0),
        })
    }

    /// Whether this is its identifier.
    pub(super) fn is_called(&self, identifier: &str) -> bool {
        matches!(
            self.attributes.get(Tag::UniqueIdentifier),
            Some(AttributeValue::UniqueIdentifier(kmip::types::UniqueIdentifier::TextString(text)))
                if text.as_str() == identifier
        )
    }

    /// Its type.
    pub fn object_type(&self) -> ObjectType {
        match self.attributes.get(Tag::ObjectType) {
            Some(AttributeValue::ObjectType(object_type)) => *object_type,
            // Every record has it; without, nothing would be allowed.
            _ => ObjectType(0),
        }
    }

    /// Whose it is.
    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }

    /// Its state, if it has one.
    pub fn state(&self) -> Option<State> {
        lifecycle::state(&self.attributes)
    }

    /// What a version shows of its attributes.
    pub fn view(&self, version: Version) -> View<'_> {
        View::new(&self.attributes, self.object_type(), version)
    }

    /// The object itself, and the version that it was written in.
    ///
    /// # Errors
    ///
    /// When it is destroyed or archived.
    pub fn object(&self) -> Result<(ManagedObject, Version), Failure> {
        self.check_available()?;
        match &self.material {
            Some(material) => record::decode_object(material),
            None => Err(Failure::internal(&"the material of an object was not read")),
        }
    }

    /// Checks that the server has more of the object than its attributes.
    ///
    /// # Errors
    ///
    /// When it is destroyed or archived.
    pub fn check_available(&self) -> Result<(), Failure> {
        if self.attributes.get(Tag::DestroyDate).is_some() {
            return Err(Failure::new(Kind::Destroyed, "the object is destroyed"));
        }
        if self.attributes.get(Tag::ArchiveDate).is_some() {
            return Err(Failure::new(Kind::Archived, "the object is archived"));
        }
        Ok(())
    }

    /// How long its material is, at most: for what is written in one piece.
    pub fn material_size(&self) -> usize {
        self.material.as_ref().map_or(0, Bytes::len)
    }

    /// Takes the material away for good.
    pub(crate) fn wipe(&mut self) {
        self.material = None;
    }
}

/// How large an object's attributes may be together: a change of one writes them all, and clients take no endless answers.
const LARGEST_RECORD: usize = 1 << 20;

/// How much of an object is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Attributes,
    All,
}

/// What an object's rights depend on.
pub(super) fn subject(header: &Header) -> Subject<'_> {
    Subject { owner: &header.owner, policy: &header.policy, object_type: ObjectType(header.object_type) }
}
