use kmip::ttlv::{self, Item, Mode, Tag, Text, Value};
use kmip::types::tables::behaviour;
use kmip::types::{
    AttributeInstance, AttributeSet, AttributeValue, CreateRequest, LocateRequest, LocateResponse,
    ObjectGroupMember, StorageStatusMask, TemplateAttribute, UniqueIdentifier,
};

use crate::engine::leniency::PART;
use crate::engine::locate::Filter;
use crate::engine::{Context, Failure, Kind, is_destroyed};
use crate::store::{Located, Query};

/// Locate: the objects that have these attributes, the newest first (KMIP 1.4 §4.9, 2.0 §6.1.27).
pub(super) fn locate(cx: &mut Context<'_>, mut request: LocateRequest) -> Result<LocateResponse, Failure> {
    let (wanted, parts) = wanted(cx, &mut request)?;
    let storage = storage(cx, &request, &wanted);
    let groups = wanted.iter().any(|instance| matches!(instance.value, AttributeValue::ObjectGroup(_)));
    let mut filter = Filter::new(wanted, cx.version(), cx.seal())?;
    for part in parts {
        filter.with_part(part, cx.version(), cx.seal())?;
    }
    match request.object_group_member {
        None => {}
        Some(ObjectGroupMember::GroupMemberFresh) => filter.is_set(AttributeValue::Fresh(true), cx.seal())?,
        Some(ObjectGroupMember::GroupMemberDefault) if groups => {}
        Some(ObjectGroupMember::GroupMemberDefault) => {
            return Err(Failure::new(
                Kind::InvalidField,
                "the default object of no Object Group is asked for",
            ));
        }
        Some(member) => {
            return Err(Failure::new(Kind::InvalidField, format!("{member} is no Object Group Member")));
        }
    }
    // No identifier takes less. One more shows that there are too many.
    let most = cx.settings().response_size / SMALLEST;
    let asked = not_negative("Maximum Items", request.maximum_items)?;
    let query = Query {
        conditions: std::mem::take(&mut filter.conditions),
        storage: Some(storage.bits()),
        offset: not_negative("Offset Items", request.offset_items)?.unwrap_or_default(),
        limit: Some(asked.unwrap_or(u64::MAX).min(u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1))),
        count: LocateResponse::has_located_items(cx.version()),
        ..Query::new(cx.policies().visibility(cx.caller()))
    };
    let is_default = request.object_group_member == Some(ObjectGroupMember::GroupMemberDefault);
    let in_order = behaviour::FRESH_OBJECTS_OLDEST_FIRST.contains(cx.version());
    let oldest_first = is_default || (in_order && request.object_group_member.is_some());
    let located = if oldest_first || filter.is_inexact() {
        // The server's policy: the default object of a group is the one that has been in it for longest.
        let most = if is_default { 1 } else { u64::MAX };
        look_closer(cx, &filter, query, oldest_first, most)?
    } else {
        cx.locate(&query)?
    };

    let found = located.identifiers.len();
    if found > most {
        return Err(Failure::new(
            Kind::ResponseTooLarge,
            format!(
                "more than {most} objects are found, which is what one response can hold: ask for fewer by Maximum Items"
            ),
        ));
    }
    let identifiers: Vec<Text> = located.identifiers.into_iter().map(Text::from).collect();
    for identifier in &identifiers {
        cx.returns(identifier);
    }
    // One that is found is meant from now on, also the first of several if only one was asked for; otherwise nothing is.
    match identifiers.as_slice() {
        [only] if asked == Some(1) || located.total.is_none_or(|total| total == 1) => {
            cx.set_placeholder(only)
        }
        _ => cx.clear_placeholder(),
    }
    cx.reserve(identifiers.len().saturating_mul(56));
    Ok(LocateResponse {
        located_items: located.total.map(|total| i32::try_from(total).unwrap_or(i32::MAX)),
        unique_identifier: identifiers.into_iter().map(UniqueIdentifier::TextString).collect(),
        ..LocateResponse::new()
    })
}

/// The attributes to look for, and the parts of attributes. What can't be understood is an error: a filter that is left out
/// finds the wrong keys.
fn wanted(
    cx: &Context<'_>,
    request: &mut LocateRequest,
) -> Result<(Vec<AttributeInstance>, Vec<Item>), Failure> {
    let (mut wanted, mut parts) = (Vec::new(), Vec::new());
    for attribute in request.attribute.drain(..) {
        let Some(instance) = AttributeInstance::from_attribute(attribute) else {
            return Err(Failure::new(
                Kind::InvalidField,
                "an attribute without a name, or without a value to look for",
            ));
        };
        wanted.push(instance);
    }
    wanted.extend(request.attributes.take().map(AttributeSet::from_attributes).unwrap_or_default());
    for instance in &mut wanted {
        cx.resolve(&mut instance.value)?;
    }
    for item in std::mem::take(&mut request.unknown).iter() {
        match (item.tag, &item.value) {
            // FortiGate puts the attributes where Create has them.
            (Tag::TemplateAttribute, _) if CreateRequest::has_template_attribute(cx.version()) => {
                wanted.extend(template(cx, item)?);
            }
            (PART, Value::Structure(part)) => parts.extend(part.iter().cloned()),
            // PyKMIP's client sends these in every version.
            (Tag::OffsetItems, Value::Integer(offset)) => request.offset_items = Some(*offset),
            (Tag::ObjectGroupMember, Value::Enumeration(member)) => {
                request.object_group_member = Some(ObjectGroupMember(*member));
            }
            _ => {
                return Err(Failure::new(
                    Kind::InvalidField,
                    format!("{} says nothing to Locate in KMIP {}", item.tag, cx.version()),
                ));
            }
        }
    }
    Ok((wanted, parts))
}

/// The attributes in a Template-Attribute that stands among the fields.
fn template(cx: &Context<'_>, item: &Item) -> Result<AttributeSet, Failure> {
    let bytes = ttlv::encode(item, item.tag, cx.version())?;
    let template: TemplateAttribute = ttlv::decode(&bytes.into(), item.tag, cx.version(), Mode::Lenient)
        .map_err(|error| Failure::new(Kind::InvalidMessage, error.to_string()))?;
    if !template.name.is_empty() {
        return Err(Failure::new(Kind::InvalidField, "Locate knows no templates"));
    }
    Ok(AttributeSet::from_template_attribute(template))
}

/// Where to look: on-line if nothing else is said.
fn storage(cx: &Context<'_>, request: &LocateRequest, wanted: &[AttributeInstance]) -> StorageStatusMask {
    let mut storage = request.storage_status_mask.unwrap_or(StorageStatusMask::OnLineStorage);
    let asks = |instance: &AttributeInstance| matches!(instance.value, AttributeValue::State(state) if is_destroyed(state));
    if behaviour::DESTROYED_OBJECTS_BY_STATE.contains(cx.version()) && wanted.iter().any(asks) {
        storage |= StorageStatusMask::DestroyedStorage;
    }
    storage
}

/// Looks at each object that the store finds, since it can't tell all that is asked; `most` of them count.
fn look_closer(
    cx: &mut Context<'_>,
    filter: &Filter,
    query: Query,
    oldest_first: bool,
    most: u64,
) -> Result<Located, Failure> {
    let (offset, limit, count) = (query.offset, query.limit, query.count);
    let mut found = cx.locate(&Query { offset: 0, limit: None, count: false, ..query })?;
    if oldest_first {
        found.identifiers.reverse();
    }
    let mut located = Located::default();
    let mut total = 0;
    for identifier in found.identifiers {
        if total >= most {
            break;
        }
        if filter.is_inexact() {
            let object = cx.located(&identifier)?;
            if !filter.matches(&object.attributes)? {
                continue;
            }
        }
        let taken = u64::try_from(located.identifiers.len()).unwrap_or(u64::MAX);
        if total >= offset && limit.is_none_or(|limit| taken < limit) {
            located.identifiers.push(identifier);
        }
        total += 1;
    }
    located.total = count.then_some(total);
    Ok(located)
}

/// Bytes of a Unique Identifier in a response, at the least: its head and some text.
const SMALLEST: usize = 16;

fn not_negative(name: &str, value: Option<i32>) -> Result<Option<u64>, Failure> {
    value
        .map(|value| {
            u64::try_from(value)
                .map_err(|_| Failure::new(Kind::InvalidField, format!("{name} is below zero")))
        })
        .transpose()
}
