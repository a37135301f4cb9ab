use quick_xml::{
    NsReader, XmlVersion,
    events::{BytesDecl, BytesStart, Event, attributes::Attribute},
    name::{Namespace, ResolveResult},
};

use super::{LANGUAGE, NAMESPACE, is_allowed};
use crate::{
    transcode::{
        Builder, Cursor, Error, ErrorKind, Position, Result, Scalar, item_type_named, quoted, tag_named,
    },
    ttlv::{Bytes, ItemType, Limits, Path, Tag},
};

/// Reads the one message that a text is.
///
/// # Errors
///
/// When the text isn't one message, or it is beyond the limits.
pub fn read(text: &str, limits: Limits) -> Result<Bytes> {
    let mut messages = Messages::new(text, limits);
    let fail = |reason: &str, at| Error::new(ErrorKind::form(reason), at, Path::default());
    let Some(message) = messages.next() else {
        return Err(fail("there is no message", Position::in_text(text, text.len())));
    };
    let message = message?;
    match messages.next() {
        None => Ok(message),
        Some(Err(error)) => Err(error),
        Some(Ok(_)) => Err(fail("a second message begins here", messages.position())),
    }
}

/// The messages of a text, one behind the other, whether or not they stand in an element `KMIP`, as the test cases of the
/// specification do.
///
/// ```
/// use kmip::{ttlv::Limits, xml};
/// let text = r#"<KMIP><!-- two --><BatchCount type="Integer" value="1"/><BatchCount type="Integer" value="2"/></KMIP>"#;
/// let messages: Vec<_> = xml::Messages::new(text, Limits::DEFAULT).collect::<Result<_, _>>()?;
/// assert_eq!(messages.len(), 2);
/// # Ok::<(), kmip::transcode::Error>(())
/// ```
pub struct Messages<'a> {
    text: &'a str,
    reader: NsReader<&'a [u8]>,
    limits: Limits,
    /// Where the message that was read last begins.
    start: Cursor,
    wrapped: bool,
    ended: bool,
    /// What stands beside the messages of a test case; none where texts are messages alone.
    #[cfg(feature = "conformance")]
    beside: Option<Beside>,
}

/// What a test case has beside the items of a message (KMIP Profiles 2.0 §4, "Permitted Test Case Variations").
#[cfg(feature = "conformance")]
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// The items whose value is a variable, by their places in the binary message, in whose stead something stands there.
    pub(crate) variables: Vec<(usize, String)>,
    /// The comments before the message.
    pub(crate) comments: Vec<String>,
}

impl<'a> Messages<'a> {
    /// The messages of a text; the limits are those of each.
    pub fn new(text: &'a str, limits: Limits) -> Self {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let mut reader = NsReader::from_str(text);
        reader.config_mut().check_comments = true;
        Self {
            text,
            reader,
            limits,
            start: Cursor::default(),
            wrapped: false,
            ended: false,
            #[cfg(feature = "conformance")]
            beside: None,
        }
    }

    /// The messages of a test case, in which variables such as `$UNIQUE_IDENTIFIER_0` may stand for values.
    #[cfg(feature = "conformance")]
    pub(crate) fn of_case(text: &'a str, limits: Limits) -> Self {
        Self { beside: Some(Beside::default()), ..Self::new(text, limits) }
    }

    /// What stands beside the message that was read last; asked for once.
    #[cfg(feature = "conformance")]
    pub(crate) fn beside(&mut self) -> Beside {
        self.beside.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Where the message that was read last begins.
    pub fn position(&self) -> Position {
        self.start.position()
    }

    fn message(&mut self) -> Result<Option<Bytes>> {
        let mut reading = Reading {
            text: self.text,
            builder: Builder::new(self.limits),
            leaf: None,
            #[cfg(feature = "conformance")]
            variables: self.beside.is_some().then(Vec::new),
        };
        loop {
            match self.event(&mut reading) {
                Ok(true) if reading.is_outside() && !reading.builder.is_empty() => {
                    #[cfg(feature = "conformance")]
                    if let (Some(beside), Some(variables)) = (&mut self.beside, reading.variables) {
                        beside.variables = variables;
                    }
                    return Ok(Some(reading.builder.finish()));
                }
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(Fault { kind, offset, tag }) => {
                    return Err(reading.builder.fail(kind, Position::in_text(self.text, offset), tag));
                }
            }
        }
    }

    /// Reads on; whether it is not at the end.
    fn event(&mut self, reading: &mut Reading<'_>) -> Result<bool, Fault> {
        let here = offset(self.reader.buffer_position());
        let (namespace, event) = match self.reader.read_resolved_event() {
            Ok((namespace, event)) => (foreign(&namespace), event),
            Err(error) => return Err(Fault::syntax(&error, offset(self.reader.error_position()))),
        };
        let fault = |reason: &str| Err(Fault::form(reason, here));
        let is_empty = matches!(event, Event::Empty(_));
        match event {
            Event::Start(element) | Event::Empty(element) => {
                if let Some(namespace) = namespace {
                    return Err(Fault::form(
                        format!("the namespace is {namespace}, and has to be {NAMESPACE} or none"),
                        here,
                    ));
                }
                if reading.is_outside() {
                    if !self.wrapped && element.local_name().as_ref() == WRAPPER {
                        self.wrapped = !is_empty;
                        return Ok(true);
                    }
                    self.start.advance(self.text, here);
                }
                reading.start(&element, here)?;
                if is_empty {
                    reading.end(here)?;
                }
            }
            Event::End(_) if reading.is_outside() => self.wrapped = false,
            Event::End(_) => reading.end(here)?,
            Event::Eof if reading.is_outside() && !self.wrapped => return Ok(false),
            Event::Eof => return fault("the text ends before its last element does"),
            Event::Text(text) if text.trim_ascii().is_empty() => {}
            // Some test cases have headings between their messages.
            Event::Text(_) if reading.is_outside() && self.wrapped => {}
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                return fault("there is text between the elements: values stand in the attribute `value`");
            }
            Event::DocType(_) => return fault("a document type declaration has no place in a message"),
            Event::Decl(declaration) => check_encoding(&declaration, here)?,
            #[cfg(feature = "conformance")]
            Event::Comment(comment) if reading.is_outside() => {
                if let Some(beside) = &mut self.beside {
                    beside.comments.push(comment.to_string());
                }
            }
            Event::Comment(_) | Event::PI(_) => {}
        }
        Ok(true)
    }
}

impl Iterator for Messages<'_> {
    type Item = Result<Bytes>;

    fn next(&mut self) -> Option<Result<Bytes>> {
        if self.ended {
            return None;
        }
        let message = self.message().transpose();
        // What follows something that couldn't be read isn't to be relied on.
        self.ended = !matches!(message, Some(Ok(_)));
        message
    }
}

/// The element around several messages.
const WRAPPER: &str = "KMIP";

/// A message that is being read.
struct Reading<'a> {
    text: &'a str,
    builder: Builder,
    /// The item whose element is open and that is no structure.
    leaf: Option<Tag>,
    #[cfg(feature = "conformance")]
    variables: Option<Vec<(usize, String)>>,
}

impl Reading<'_> {
    /// Whether no element of the message is open.
    fn is_outside(&self) -> bool {
        !self.builder.is_open() && self.leaf.is_none()
    }

    fn start(&mut self, element: &BytesStart<'_>, here: usize) -> Result<(), Fault> {
        if let Some(tag) = self.leaf {
            return Err(Fault::form(format!("{tag} is no Structure: there are no items in it"), here));
        }
        let Element { tag, item_type, value } = self.element(element, here)?;
        let at = |offset| move |kind| Fault { kind, offset, tag: Some(tag) };
        match (item_type, value) {
            (ItemType::Structure, None) => self.builder.begin(tag).map_err(at(here)),
            (ItemType::Structure, Some(value)) => {
                let reason = "a Structure has items and no value; is the attribute `type` missing?";
                Err(at(self.place(&value.value, here))(ErrorKind::form(reason)))
            }
            (_, None) => Err(at(here)(ErrorKind::form("the attribute `value` is missing"))),
            (_, Some(attribute)) => {
                let at = at(self.place(&attribute.value, here));
                let value = attribute
                    .normalized_value(XmlVersion::Implicit1_0)
                    .map_err(|error| at(ErrorKind::syntax(LANGUAGE, error)))?;
                if let Some(c) = value.chars().find(|c| !is_allowed(*c)) {
                    return Err(at(ErrorKind::Character(c)));
                }
                #[cfg(feature = "conformance")]
                let value = self.of_case(tag, item_type, value).map_err(at)?;
                let scalar = Scalar::read(item_type, self.builder.subject(tag), &value).map_err(at)?;
                self.leaf = Some(tag);
                self.builder.put(tag, &scalar).map_err(at)
            }
        }
    }

    /// A value as it is to be read, where test cases have more than messages: what stands in a variable's stead.
    #[cfg(feature = "conformance")]
    fn of_case<'v>(
        &mut self,
        tag: Tag,
        item_type: ItemType,
        value: std::borrow::Cow<'v, str>,
    ) -> Result<std::borrow::Cow<'v, str>, ErrorKind> {
        let Some(variables) = &mut self.variables else { return Ok(value) };
        if !value.starts_with('$') {
            // White space in names of attributes is a matter of how the cases are laid out.
            let spaced = tag == Tag::AttributeName && value.contains("  ");
            return Ok(if spaced {
                value.split_whitespace().collect::<Vec<_>>().join(" ").into()
            } else {
                value
            });
        }
        let stand_in = match item_type {
            ItemType::TextString => value.clone().into_owned(),
            ItemType::ByteString => value.bytes().map(|byte| format!("{byte:02x}")).collect(),
            ItemType::DateTime | ItemType::DateTimeExtended => "0x0".to_owned(),
            other => {
                return Err(ErrorKind::form(format!(
                    "no variable can stand for a value of the type {other}"
                )));
            }
        };
        variables.push((self.builder.length(), value.into_owned()));
        Ok(stand_in.into())
    }

    fn end(&mut self, here: usize) -> Result<(), Fault> {
        if self.leaf.take().is_some() {
            return Ok(());
        }
        self.builder.end(None).map_err(|kind| Fault { kind, offset: here, tag: None })
    }

    /// What an element says of its item: in general `TTLV` with the tag beside it, or its tag's name alone (§6.1.6).
    fn element<'e>(&self, element: &'e BytesStart<'_>, here: usize) -> Result<Element<'e>, Fault> {
        let (mut tag, mut item_type, mut value) = (None, None, None);
        let general = element.local_name().as_ref() == GENERAL;
        for attribute in element.attributes() {
            let attribute = attribute.map_err(|error| Fault::syntax(&error.into(), here))?;
            let offset = self.place(&attribute.value, here);
            match attribute.key.as_ref() {
                "tag" if general => tag = Some((attribute.value, offset)),
                "type" => item_type = Some((attribute.value, offset)),
                "value" => value = Some(attribute),
                // What the tag's name is for people, and what belongs to XML itself or to another namespace.
                "name" if general => {}
                other if other == "xmlns" || other.contains(':') => {}
                other => {
                    let reason = format!("there is no attribute {}: only `type` and `value`", quoted(other));
                    return Err(Fault::form(reason, offset));
                }
            }
        }
        let name = element.local_name();
        let (name, offset) = match &tag {
            Some((text, offset)) => (text.as_ref(), *offset),
            None if general => return Err(Fault::form("the attribute `tag` is missing", here)),
            // The specification writes <x540001> once (§6.1.6.5).
            None => (name.as_ref(), here),
        };
        let tag = tag_of(name, general).map_err(|kind| Fault { kind, offset, tag: None })?;
        let item_type = match item_type {
            None => ItemType::Structure,
            Some((name, offset)) => {
                item_type_named(name.trim_ascii()).map_err(|kind| Fault { kind, offset, tag: Some(tag) })?
            }
        };
        Ok(Element { tag, item_type, value })
    }

    /// Where in the text a part of it is.
    fn place(&self, part: &str, otherwise: usize) -> usize {
        let place = part.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr());
        if place < self.text.len() { place } else { otherwise }
    }
}

/// The element that any item can be written as.
const GENERAL: &str = "TTLV";

/// What an element says of an item.
struct Element<'e> {
    tag: Tag,
    item_type: ItemType,
    value: Option<Attribute<'e>>,
}

fn tag_of(name: &str, general: bool) -> Result<Tag, ErrorKind> {
    match name.strip_prefix('x') {
        Some(digits) if !general && digits.len() == 6 && digits.bytes().all(|c| c.is_ascii_hexdigit()) => {
            tag_named(&format!("0x{digits}"))
        }
        _ => tag_named(name),
    }
}

/// What is wrong, where in the text, and in which item if it has been said.
struct Fault {
    kind: ErrorKind,
    offset: usize,
    tag: Option<Tag>,
}

impl Fault {
    fn form(reason: impl Into<String>, offset: usize) -> Self {
        Self { kind: ErrorKind::form(reason), offset, tag: None }
    }

    fn syntax(error: &quick_xml::Error, offset: usize) -> Self {
        Self { kind: ErrorKind::syntax(LANGUAGE, error), offset, tag: None }
    }
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// The namespace of an element, if it is another than that of KMIP.
fn foreign(namespace: &ResolveResult<'_>) -> Option<String> {
    match namespace {
        ResolveResult::Unbound => None,
        ResolveResult::Bound(Namespace(name)) if *name == NAMESPACE => None,
        ResolveResult::Bound(Namespace(name)) => Some(quoted(name)),
        ResolveResult::Unknown(prefix) => Some(format!("unknown, that of the prefix {}", quoted(prefix))),
    }
}

fn check_encoding(declaration: &BytesDecl<'_>, here: usize) -> Result<(), Fault> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name)) if ["utf-8", "us-ascii"].iter().any(|known| name.eq_ignore_ascii_case(known)) => {
            Ok(())
        }
        Some(Ok(name)) => {
            Err(Fault::form(format!("the encoding is {}, and has to be UTF-8", quoted(&name)), here))
        }
        Some(Err(error)) => Err(Fault::syntax(&error.into(), here)),
    }
}
